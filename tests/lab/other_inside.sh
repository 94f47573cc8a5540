#!/bin/bash
# other_inside.sh FOLDER NAME PASSWORD: sets up a server of other.sh, in mount
# and PID namespaces of its own, and becomes it.
set -eu
PATH=$PATH:/usr/sbin:/sbin
umask 022
dir=$1 name=$2 password=$3
own=$dir/own all=$dir/own/all up=$dir/own/up

# ---- the system with the server's packages; what is written goes to memory

src=$(dirname "$(realpath "$0")")
mount --make-rprivate /
mount -t tmpfs -o mode=755 lab "$own"
mkdir -p "$up" "$own/work" "$all"
for deb in "$src/../../build/debs/$name"/*.deb; do
	dpkg -x "$deb" "$up"
done
# A package may have a folder where this system has a link.
for d in bin sbin lib lib64; do
	if [ ! -h /$d ] || [ ! -d "$up/$d" ]; then
		continue
	fi
	mkdir -p "$up/usr/$d"
	cp -a "$up/$d/." "$up/usr/$d"
	rm -r "${up:?}/$d"
done
chmod 755 "$up"
mount -t overlay -o "lowerdir=/,upperdir=$up,workdir=$own/work" lab "$all"
mount -t proc proc "$all/proc"
mount --rbind /dev "$all/dev"
mount -t tmpfs -o mode=755 lab "$all/run"
mkdir -p "$all/var/mail" "$all/srv"
mount --bind "$dir/mail" "$all/var/mail"
mount --bind "$src" "$all/srv"

inside() { chroot "$all" "$@"; }

# ---- users

user() {	# NAME UID GROUP HOME [PASSWORD]
	local hash='*'
	[ -z "${5-}" ] || hash=$(openssl passwd -6 "$5")
	sed -i "/^$1:/d" "$all/etc/passwd" "$all/etc/shadow"
	echo "$1:x:$2:$(id -g "$3"):$1:$4:/bin/sh" >> "$all/etc/passwd"
	echo "$1:$hash:19000::::::" >> "$all/etc/shadow"
	mkdir -p "$all$4"
	inside chown "$1:$(id -g "$3")" "$4"
}
user billy 61000 nobody /home/billy "$password"
touch "$dir/mail/billy"
inside chown billy:mail /var/mail/billy
inside chown root:mail /var/mail
chmod 2775 "$dir/mail"

# ---- servers

port() {
	local var=LAB_${name^^}_$1_PORT
	echo "${!var}"
}

# As from inetd, which is how Debian installs these two.
start_popa3d() {
	user popa3d 61001 nobody /var/lib/popa3d
	inside chown root: /var/lib/popa3d
	exec chroot "$all" python3 /srv/inetd.py "$(port POP3)" /usr/sbin/popa3d
}

start_solid() {
	user spop3d 61001 mail /var/lib/solid-pop3d
	exec chroot "$all" python3 /srv/inetd.py "$(port POP3)" \
		/usr/sbin/solid-pop3d
}

start_cyrus() {
	local d
	user cyrus 61001 mail /var/spool/cyrus
	for d in /var/lib/cyrus /var/spool/cyrus/mail /var/spool/sieve \
	    /run/cyrus/socket /run/cyrus/proc /run/cyrus/lock; do
		inside install -d -o cyrus -g mail -m 750 "$d"
	done
	inside chown cyrus:mail /run/cyrus
	sed -i 's/^popminpoll:.*/popminpoll: 0/' "$all/etc/imapd.conf"
	printf '%s\n' 'servername: localhost' 'autocreate_post: yes' \
		>> "$all/etc/imapd.conf"
	inside saslpasswd2 -p -c -u localhost billy <<<"$password"
	inside chown cyrus: /etc/sasldb2
	cat > "$all/etc/cyrus.conf" <<-END
	START {
	  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
	}
	SERVICES {
	  imap cmd="imapd -U 30" listen="127.0.0.1:$(port IMAP)" prefork=0
	  pop3 cmd="pop3d -U 30" listen="127.0.0.1:$(port POP3)" prefork=0
	  lmtpunix cmd="lmtpd" listen="/run/cyrus/socket/lmtp" prefork=0
	}
	EVENTS {
	  checkpoint cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
	}
	END
	exec chroot "$all" /usr/lib/cyrus/bin/master
}

start_courier() {
	local lib=/usr/lib/courier
	user courier 61001 mail /var/lib/courier
	inside setpriv --reuid=billy --regid=nogroup --clear-groups \
		maildirmake.courier /home/billy/Maildir
	inside install -d -o courier -g mail /run/courier/authdaemon
	inside $lib/courier-authlib/authdaemond &
	courier_listen pop3d "$(port POP3)" $lib/courier/courierpop3login \
		$lib/courier/courierpop3d &
	courier_listen imapd "$(port IMAP)" $lib/courier/imaplogin \
		/usr/bin/imapd
}

courier_listen() {	# CONFIGURATION PORT LOGIN SERVER
	set -a
	# shellcheck disable=SC1090
	. "$all/etc/courier/$1"
	set +a
	# shellcheck disable=SC2086
	exec chroot "$all" couriertcpd -address=127.0.0.1 \
		"-maxprocs=$MAXDAEMONS" -maxperip=40 $TCPDOPTS "$2" "$3" "$4" \
		Maildir
}

# Its two users have groups of their own, which it asks for by name.
start_opensmtpd() {
	local empty=/var/lib/opensmtpd/empty
	printf '%s\n' 'opensmtpd:x:61001:' 'opensmtpq:x:61002:' \
		>> "$all/etc/group"
	user opensmtpd 61001 nobody $empty
	user opensmtpq 61002 nobody $empty
	inside chown root: $empty
	chmod 755 "$all$empty"
	inside install -d -m 711 /var/spool/smtpd
	inside install -d -o billy /var/mail/in
	cat > "$all/etc/smtpd.conf" <<-END
	listen on lo port $(port SMTP)
	action "in" maildir "/var/mail/in" user billy
	match from any for domain "johndoe.com" action "in"
	END
	exec chroot "$all" /usr/sbin/smtpd -d
}

"start_$name"
