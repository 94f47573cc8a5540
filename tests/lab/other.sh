# shellcheck shell=bash
# Servers that Debian does not let stand beside Dovecot.
#
#	. "$ROOT/tests/lab/lab.sh"
#	. "$ROOT/tests/lab/other.sh"
#	lab_other cyrus || skip_all "$LAB_WHY"
#
# lab_other NAME...: popa3d, solid, cyrus, courier, opensmtpd.  Their packages are not
# installed, but unpacked over a copy-on-write view of this system that their
# processes alone see, and set up as Debian does it, except for ports and
# users.  The packages are fetched once, into build/debs.  It fails, and LAB_WHY
# says why, where that is not allowed or a package cannot be had.
#
# The user is billy with LAB_PASS_billy, in plaintext, on loopback.
#   LAB_POPA3D_POP3_PORT LAB_SOLID_POP3_PORT
#   LAB_CYRUS_POP3_PORT LAB_CYRUS_IMAP_PORT
#   LAB_COURIER_POP3_PORT LAB_COURIER_IMAP_PORT
#   LAB_OPENSMTPD_SMTP_PORT: what comes to billy@johndoe.com goes into the
#     Maildir $LAB/opensmtpd/mail/in
#
# dovecot, which is installed, is another name, for tests that go through all:
# LAB_DOVECOT_POP3_PORT and so on.
#
#   lab_other_run NAME CMD...		as root in the server's view
#   lab_other_mail NAME FILE...		messages that come to billy there

declare -A LAB_OTHER_DEBS=(
	[popa3d]=popa3d
	[solid]=solid-pop3d
	[cyrus]='cyrus-imapd cyrus-pop3d sasl2-bin'
	[courier]='courier-imap courier-pop'
	[opensmtpd]=opensmtpd
	[nullmailer]=nullmailer		# a bench unpacks it
)
declare -A LAB_OTHER_PROTOCOLS=(
	[popa3d]=POP3 [solid]=POP3 [cyrus]='POP3 IMAP' [courier]='POP3 IMAP'
	[opensmtpd]=SMTP
)

lab_other() {
	local name p
	if [ "$*" = dovecot ]; then
		lab_other_dovecot
		return
	fi
	if [ "$(id -u)" != 0 ] || ! unshare -mp --fork true 2>/dev/null; then
		LAB_WHY='not allowed to unshare'
		return 1
	fi
	[ -n "${LAB-}" ] || lab_up || return
	for name; do
		lab_other_get "$name" || return
		for p in ${LAB_OTHER_PROTOCOLS[$name]}; do
			export "LAB_${name^^}_${p}_PORT=$(free_port)"
		done
		lab_other_start "$name" || return
	done
}

lab_other_dovecot() {
	lab_up dovecot || return
	export LAB_DOVECOT_POP3_PORT=$LAB_POP3_PORT
	export LAB_DOVECOT_IMAP_PORT=$LAB_IMAP_PORT
}

# ---- packages

lab_other_get() {	# NAME
	local dir=$LAB_SRC/../../build/debs/$1
	[ ! -d "$dir" ] || return 0
	# shellcheck disable=SC2086
	lab_other_download "$dir" ${LAB_OTHER_DEBS[$1]} && return
	# shellcheck disable=SC2034 # for the tests
	LAB_WHY="the packages of $1 cannot be had"
	return 1
}

# With all that they need and that is not installed: apt would remove Dovecot
# for it, and is only asked.
lab_other_download() (	# FOLDER PACKAGE...
	to=$1 tmp=$1.$$
	shift
	mkdir -p "$tmp" && cd "$tmp" || exit
	names=$(apt-get -qq --simulate --no-install-recommends install "$@" |
		awk '$1 == "Inst" { print $2 }')
	# shellcheck disable=SC2086
	if [ -n "$names" ] && apt-get -qq download $names; then
		mv -T "$tmp" "$to"
	else
		rm -r "$tmp"
		false
	fi
) > /dev/null 2>&1

# ---- their view of the system

# $LAB/NAME/mail is /var/mail there.
lab_other_start() {	# NAME
	local dir=$LAB/$1 p port
	mkdir -p "$dir/own" "$dir/mail"
	# shellcheck disable=SC2154 # lab.sh has it
	lab_start "$1" unshare -mp --fork --kill-child bash \
		"$LAB_SRC/other_inside.sh" "$dir" "$1" "$LAB_PASS_billy"
	declare -g "lab_other_pid_$1=$LAB_PID"
	for p in ${LAB_OTHER_PROTOCOLS[$1]}; do
		port=LAB_${1^^}_${p}_PORT
		(lab_until 60 lab_greets 127.0.0.1 "${!port}") && continue
		# shellcheck disable=SC2034 # for the tests
		LAB_WHY="$1 does not greet"
		lab_logs
		return 1
	done
}

lab_other_run() {	# NAME CMD...
	local pid=lab_other_pid_$1 child
	read -r child < "/proc/${!pid}/task/${!pid}/children"
	nsenter -t "$child" -m -p chroot "$LAB/$1/own/all" "${@:2}"
}

# ---- mail

lab_other_mail() {	# NAME FILE...
	"lab_${1}_mail" "${@:2}"
}

lab_popa3d_mail() { lab_mbox_mail popa3d "$@"; }
lab_solid_mail() { lab_mbox_mail solid "$@"; }

lab_mbox_mail() {	# NAME FILE...
	local f mbox=$LAB/$1/mail/billy
	for f in "${@:2}"; do
		echo 'From jo@example.org Mon Jan  1 10:00:00 2024'
		# shellcheck disable=SC1003 # sed's: a last line end
		LC_ALL=C sed -e 's/^>*From />&/' -e '$a\' "$f"
		echo
	done >> "$mbox"
}

lab_dovecot_mail() {
	local f to
	# shellcheck disable=SC2154 # lab.sh exports it
	for f; do
		to=$LAB_MAILDIR_billy/new/170000$((1000 + lab_dovecot_n++)).M1.lab
		cp "$f" "$LAB_MAILDIR_billy/tmp/new"
		lab_own "$LAB_MAILDIR_billy/tmp/new"
		mv "$LAB_MAILDIR_billy/tmp/new" "$to"
	done
}

# Its Maildir is in the view; so that names say the order, they are numbered.
lab_courier_mail() {
	# shellcheck disable=SC2016
	tar -c --transform 's,.*/,,' -- "$@" 2>/dev/null |
		lab_other_run courier bash -c '
			cd /home/billy/Maildir/tmp || exit
			for f in $(tar -xvf - --no-same-owner); do
				chown billy "$f"
				n=$(cat ../n 2>/dev/null || echo 1000)
				echo $((n + 1)) > ../n
				mv "$f" "../new/170000$n.M1.lab"
			done'
}

lab_cyrus_mail() {
	python3 - "$LAB_CYRUS_IMAP_PORT" "$LAB_PASS_billy" "$@" <<-'END'
	import imaplib, re, sys
	m = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
	m.login("billy", sys.argv[2])
	for name in sys.argv[3:]:
	    with open(name, "rb") as f:
	        data = re.sub(b"\r?\n", b"\r\n", f.read())
	    typ, said = m.append("INBOX", None, None, data)
	    assert typ == "OK", said
	m.logout()
	END
}
