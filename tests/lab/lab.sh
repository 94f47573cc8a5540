# shellcheck shell=bash
# The laboratory: real mail and name servers on free loopback ports, in one
# temporary folder, ended with the script that sources this.
#
#	. "$ROOT/tests/lab/lab.sh"
#	lab_up postfix			# and what it needs
#	... "localhost:$LAB_SMTPS_PORT" ...
#
# lab_up NAME...: dovecot, postfix (brings dovecot), postfix2 (a second MTA
# that delivers, while the first relays to it; in one call with postfix), nsd,
# unbound (brings nsd). It may be called again to add servers. It returns when
# all of them answer, or fails with their logs on stderr. lab_down runs at EXIT,
# INT and TERM; a script's own EXIT trap set before lab_up is kept, one set after
# it must call lab_down itself. If the script is killed outright, a guard
# process cleans up within a second or two.
#
# Everywhere:
#   LAB			the folder
#   LAB_IPV6		1 if the servers listen on ::1 too, else empty
#   LAB_CADIR		certificates, see tests/lab/ca
#   LAB_CA LAB_CAPATH	the root to trust, as a file and as a hashed folder
#   LAB_USER		who the unprivileged servers run as
# Users (domain johndoe.com, mail host mail.johndoe.com; also "localhost"):
#   LAB_PASS_billy LAB_PASS_jane	passwords of {billy,jane}@johndoe.com
#   LAB_TOKEN_billy			his bearer token (Dovecot only)
#   LAB_MAILDIR_billy LAB_MAILDIR_jane	their Maildirs
# dovecot:
#   LAB_IMAP_PORT LAB_IMAPS_PORT LAB_POP3_PORT LAB_POP3S_PORT
#   LAB_LMTP_PORT LAB_LMTP_SOCKET	LMTP by TCP and by path
#   LAB_SIEVE_PORT		ManageSieve, empty if that is not installed
#   LAB_LOG_DOVECOT
# postfix (and postfix2, the same with _2 at the end):
#   LAB_SMTP_PORT		like 25: STARTTLS offered, no AUTH
#   LAB_SUBMISSION_PORT		like 587: STARTTLS and AUTH required
#   LAB_SMTPS_PORT		like 465: TLS from the start, AUTH required
#   LAB_LOG_POSTFIX
#   Mail to johndoe.com is delivered by LMTP, except <billy+direct>,
#   <jane+direct> and <jané>, which Postfix writes into the Maildir itself:
#   Dovecot's LMTP has no SMTPUTF8. Mail to anyone@bulk.johndoe.com is taken
#   on all ports and discarded; after AUTH so is mail to any other domain.
# nsd, unbound:
#   LAB_NSD LAB_DNS		HOST:PORT, authoritative and validating
#
# To be set before lab_up, all optional; no other variable LAB or LAB_* of the
# environment counts:
#   LAB_CERT=NAME		certificate of the servers instead of good
#   LAB_DOVECOT_CONF=TEXT	more dovecot.conf
#   LAB_AS_INSTALLED=1		for a bench: see lab_dovecot_quick
#   LAB_POSTFIX_CONF=TEXT	more main.cf
#
# Functions:
#   free_port			prints a free port
#   wait_port HOST PORT [SECS]	until it accepts
#   lab_cert NAME...		make these certificates: $LAB_CADIR/NAME.pem
#   lab_mail_wait USER N [SECS]	until N messages are in the Maildir's new/
#   lab_mail_last USER		path of the newest message
#   lab_mail_clear USER		remove all messages
#   lab_postfix_set NAME=VALUE...	change main.cf and reload
#   lab_postfix_listen VAR NAME=VALUE...
#	one more port (its number goes to VAR) like submission with these
#	settings, e.g. smtpd_tls_wrappermode=yes
#	smtpd_discard_ehlo_keywords=chunking
#	smtpd_tls_chain_files=$LAB_CADIR/expired.pem
#   lab_dovecot_conf TEXT	append to dovecot.conf and restart
#   lab_doveadm ARG...		doveadm on the lab's server
#   lab_openssl_server CERT VAR [OPTION...]	a mute TLS server
#   lab_odd VAR=MODE...		servers of tests/lab/oddmail.py, all in one process;
#				what they heard is in $LAB/odd.N.log, LAB_ODD_LOG
#   lab_relay VAR OPTION...	tests/lab/relay before a server; without -s
#				its statistics go to $LAB/relay.VAR
#   lab_spawn NAME CMD...	a server of the test's own, ended with the lab;
#				output in $LAB/NAME.out, its pid in LAB_PID
#   lab_stop PID		end one of these earlier
#   lab_logs			all logs, as TAP comments on stderr

# A laboratory is its script's own: what the environment says of another one
# does not count, or servers would be missing and files land there.
lab_forget() {
	local v
	for v in "${!LAB@}"; do
		case $v in
		LAB_CERT|LAB_*_CONF|LAB_AS_INSTALLED) ;;
		LAB|LAB_*) unset "$v";;
		esac
	done
}
lab_forget

LAB_SRC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin		# where Debian keeps the servers
export LAB_PASS_billy=secret
export LAB_PASS_jane='geheim ünïcode "quoted"'

# ---- ports and processes

# Below the range of outgoing connections, so that none takes it meanwhile.
free_port() {
	local p hex used
	used=$(cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp 2>/dev/null || :)
	while :; do
		p=$((20000 + RANDOM % 12000))
		printf -v hex ':%04X ' $p
		[[ $used != *"$hex"* ]] || continue
		[ -z "${LAB-}" ] || ! grep -qx $p "$LAB/ports" || continue
		[ -z "${LAB-}" ] || echo $p >> "$LAB/ports"
		echo $p
		return
	done
}

# lab_until SECS CMD...: try until it succeeds
lab_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

lab_connects() {
	(exec 3<> "/dev/tcp/$1/$2") 2>/dev/null
}

lab_greets() {
	{ exec 3<> "/dev/tcp/$1/$2" && read -r -t 2 -u 3 _; } 2>/dev/null
}

wait_port() {
	lab_until "${3-60}" lab_connects "$1" "$2" && return
	echo "lab: nothing answers at $1:$2" >&2
	return 1
}

# Whether a process of this group still runs. Zombies do not count: in a
# container nobody may be there to reap them.
lab_running() {
	local f s
	[ -r /proc/self/stat ] || { kill -0 -- "-$1" 2>/dev/null; return; }
	for f in /proc/[0-9]*/stat; do
		{ read -r s < "$f"; } 2>/dev/null || continue
		s=${s##*) }			# state ppid pgrp ...
		# shellcheck disable=SC2086
		set -- "$1" $s
		[ "$4" != "$1" ] || [ "$2" = Z ] || return 0
	done
	return 1
}

# lab_start NAME CMD...: in the background, in a session of its own, its
# input a pipe that never ends
lab_start() {
	local name=$1
	shift
	[ -p "$LAB/never" ] || (umask 0; mkfifo "$LAB/never")
	LAB_PID=$(
		set +m
		ulimit -Sn 4096 2>/dev/null || :
		setsid "$@" <> "$LAB/never" > "$LAB/$name.out" 2>&1 &
		echo $!
	)
	echo "$LAB_PID" >> "$LAB/pids"
}

lab_spawn() { lab_start "$@"; }

lab_stopped() { ! lab_running "$1"; }

# lab_signal SIGNAL PID: the shell's own kill, there may be no other
lab_signal() {
	kill "$1" -- "$2" 2>/dev/null && return
	# shellcheck disable=SC2016
	[ -z "${LAB_SUDO-}" ] ||
		sudo -n bash -c 'kill "$1" -- "$2"' kill "$1" "$2" 2>/dev/null
}

lab_kill() {
	lab_signal -KILL "-$1" || return 0
	lab_until 2 lab_stopped "$1" || :
}

lab_stop() {
	lab_signal -TERM "$1" || :
	lab_until 4 lab_stopped "$1" || lab_kill "$1"
	[ ! -f "$LAB/pids" ] || sed -i "/^$1\$/d" "$LAB/pids"
}

# ---- privileges: Postfix needs root, the others are better without

lab_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -n "${LAB_SUDO-}" ]; then
		sudo -n "$@"
	else
		"$@"
	fi
}

lab_user() {	# CMD...: as LAB_USER
	"${LAB_AS[@]}" "$@"
}

lab_privileges() {
	LAB_USER=$(id -un)
	LAB_AS=(env)
	if [ "$(id -u)" = 0 ]; then
		LAB_USER=nobody
		LAB_AS=(setpriv "--reuid=$(id -u nobody)"
			"--regid=$(id -g nobody)" --clear-groups)
	fi
	LAB_GROUP=$(id -gn "$LAB_USER")
}

lab_own() {	# FILE...: they belong to LAB_USER
	chown -R "$LAB_USER:$LAB_GROUP" "$@"
}

# ---- the folder

lab_open() {
	local u
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/lab.XXXXXX")
	export LAB
	chmod 755 "$LAB"
	: > "$LAB/pids"
	: > "$LAB/ports"
	lab_trap
	lab_guard
	lab_privileges
	export LAB_USER LAB_CADIR=$LAB/ca
	export LAB_CA=$LAB_CADIR/ca.pem LAB_CAPATH=$LAB_CADIR/capath
	export LAB_IPV6=
	! grep -qs '^0*1 .* lo$' /proc/net/if_inet6 || LAB_IPV6=1
	LAB_CERT=${LAB_CERT-good}
	lab_cert "$LAB_CERT"
	mkdir "$LAB/mail"
	for u in billy jane; do
		mkdir -p "$LAB/mail/$u/Maildir/"{cur,new,tmp}
		export "LAB_MAILDIR_$u=$LAB/mail/$u/Maildir"
	done
	lab_own "$LAB/mail"
}

lab_cert() {
	set -- "${@/#good/}"		# it is made with the authority
	# shellcheck disable=SC2068
	"$LAB_SRC/ca" "$LAB_CADIR" $@
}

lab_trap() {
	local old
	local -a words=()
	old=$(trap -p EXIT)
	eval "words=(${old#trap --})"
	# shellcheck disable=SC2064
	trap "${words[0]:+${words[0]}; }lab_down" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# A script that is killed with -9 runs no trap.
lab_guard() {
	local pid=$$
	mkfifo "$LAB/guard"
	# shellcheck disable=SC2016
	lab_start guarding bash -c '
		. "$1/lab.sh"
		LAB=$3
		lab_privileges
		exec 3<> "$LAB/guard"
		while kill -0 "$2" && [ -d "$LAB" ]; do
			read -r -t 1 -u 3 _ || :
		done 2>/dev/null
		LAB_SUDO=$(cat "$LAB/sudo" 2>/dev/null)
		lab_down' lab "$LAB_SRC" $pid "$LAB"
	# not in the list: it watches over lab_down as well
	LAB_GUARD=$LAB_PID
	: > "$LAB/pids"
}

lab_down() {
	local pid i=0
	local -a pids=()
	[ -n "${LAB-}" ] && [ -d "$LAB" ] || return 0
	while read -r pid; do pids=("$pid" "${pids[@]}"); done < "$LAB/pids"
	for pid in "${pids[@]}"; do
		lab_signal -TERM "$pid" || :
	done
	# Dovecot would take a second; there is nothing here worth saving
	for pid in "${pids[@]}"; do
		while [ $((i++)) -lt 10 ] && lab_running "$pid"; do
			sleep 0.02
		done
		lab_kill "$pid"
	done
	# a server's last log line may come between the listing and the rmdir
	for i in 1 2 3; do
		lab_root rm -rf "$LAB" 2>/dev/null && break
		sleep 0.1
	done
	[ -z "${LAB_GUARD-}" ] || lab_kill "$LAB_GUARD"
	for i in "${!LAB_@}"; do
		case $i in *_PORT|*_PORT_2|LAB_NSD|LAB_DNS|LAB_HOPS|LAB_GUARD) unset "$i";; esac
	done
	unset LAB
}

lab_logs() {
	local f
	for f in "$LAB"/*.out "$LAB"/*/log "$LAB"/*/*/log; do
		[ -s "$f" ] || continue
		echo "# --- ${f#"$LAB"/}"
		lab_root tail -n 30 "$f" | sed 's/^/# /'
	done >&2
}

lab_up() {
	local s rc=0
	[ -n "${LAB-}" ] || lab_open || return
	[[ " $* " != *' postfix2 '* ]] || LAB_HOPS=2
	for s; do
		case $s in
		dovecot)	lab_dovecot;;
		postfix)
			lab_dovecot && { [ -z "${LAB_HOPS-}" ] || lab_postfix 2; } &&
				lab_postfix 1;;
		postfix2)	lab_dovecot && lab_postfix 2 && lab_postfix 1;;
		nsd)		lab_nsd;;
		unbound)	lab_nsd && lab_unbound;;
		*)		echo "lab: no server called $s" >&2; false;;
		esac || rc=1
	done
	[ $rc = 0 ] || lab_logs
	return $rc
}

# ---- Dovecot, without privileges

lab_dovecot() {
	local p
	[ -z "${LAB_IMAP_PORT-}" ] || return 0
	for p in IMAP IMAPS POP3 POP3S LMTP SIEVE; do
		export "LAB_${p}_PORT=$(free_port)"
	done
	lab_has_sieve || LAB_SIEVE_PORT=
	export LAB_LMTP_SOCKET=$LAB/dovecot/lmtp
	export LAB_LOG_DOVECOT=$LAB/dovecot/log
	mkdir -p "$LAB/dovecot/run" "$LAB/dovecot/state"
	: > "$LAB_LOG_DOVECOT"
	for p in billy jane; do
		local pass=LAB_PASS_$p
		echo "$p@johndoe.com:{PLAIN}${!pass}::::::"
	done > "$LAB/dovecot/passwd"
	lab_token
	lab_dovecot_write > "$LAB/dovecot/dovecot.conf"
	lab_own "$LAB/dovecot"
	lab_dovecot_run
}

lab_has_sieve() {
	local dir
	for dir in /usr/lib/dovecot /usr/libexec/dovecot; do
		[ ! -x $dir/managesieve-login ] || return 0
	done
	return 1
}

lab_dovecot_run() {
	lab_start dovecot "${LAB_AS[@]}" env -u LANG "HOME=$LAB" \
		dovecot -F -c "$LAB/dovecot/dovecot.conf"
	LAB_DOVECOT_PID=$LAB_PID
	wait_port 127.0.0.1 "$LAB_IMAP_PORT" || return
	# the greeting comes when the password database is ready
	(lab_until 60 lab_greets 127.0.0.1 "$LAB_IMAP_PORT") && return
	echo 'lab: Dovecot does not greet' >&2
	return 1
}

lab_dovecot_conf() {
	printf '%s\n' "$1" >> "$LAB/dovecot/dovecot.conf"
	lab_stop "$LAB_DOVECOT_PID"
	lab_dovecot_run
}

lab_doveadm() {
	lab_user env "HOME=$LAB" doveadm -c "$LAB/dovecot/dovecot.conf" "$@"
}

# A bearer token that Dovecot can check by itself: a JWT with a shared key.
lab_token() {
	local keys=$LAB/dovecot/keys/default/HS256 key=postbag-lab head body
	local now
	now=$(date +%s)
	mkdir -p "$keys"
	printf %s "$key" | openssl base64 -A > "$keys/default"
	head=$(printf '{"alg":"HS256","typ":"JWT"}' | lab_b64url)
	body=$(printf '{"sub":"%s","email":"%s","iat":%d,"nbf":%d,"exp":%d}' \
		billy@johndoe.com billy@johndoe.com \
		$((now - 60)) $((now - 60)) $((now + 86400)) | lab_b64url)
	LAB_TOKEN_billy=$head.$body.$(printf %s "$head.$body" |
		openssl dgst -sha256 -hmac "$key" -binary | lab_b64url)
	export LAB_TOKEN_billy
	cat > "$LAB/dovecot/oauth2" <<-END
	introspection_mode = local
	local_validation_key_dict = fs:posix:prefix=$LAB/dovecot/keys/
	END
}

lab_b64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# The names of the settings changed with 2.4.
lab_dovecot_write() {
	local pass='plain login scram-sha-1 scram-sha-256 cram-md5'
	case $(dovecot --version) in
	2.3.*)
		lab_dovecot_23 "$pass"
		lab_dovecot_both 'service_count = 0' 'service_count = 1000';;
	*)
		lab_dovecot_24 "$pass"
		lab_dovecot_both 'restart_request_count = unlimited' \
		    'restart_request_count = 1000';;
	esac
	printf '%s\n' "${LAB_DOVECOT_CONF-}"
}

lab_dovecot_23() {	# MECHANISMS with a password
	cat <<-END
	ssl_cert = <$LAB_CADIR/$LAB_CERT.pem
	ssl_key = <$LAB_CADIR/$LAB_CERT.pem
	auth_default_realm = johndoe.com
	auth_mechanisms = $1 oauthbearer xoauth2
	mail_location = maildir:~/Maildir
	passdb {
	  driver = passwd-file
	  args = username_format=%u $LAB/dovecot/passwd
	  mechanisms = $1 none
	}
	passdb {
	  driver = oauth2
	  args = $LAB/dovecot/oauth2
	  mechanisms = oauthbearer xoauth2
	}
	userdb {
	  driver = static
	  args = uid=$LAB_USER gid=$LAB_GROUP home=$LAB/mail/%n
	}
	END
}

# As in 2.3, nothing is compressed unless a test says so: what travels is seen.
lab_dovecot_24() {	# MECHANISMS with a password
	cat <<-END
	dovecot_config_version = 2.4.0
	imap_capability {
	  "COMPRESS=DEFLATE" = no
	}
	dovecot_storage_version = 2.4.0
	ssl_server_cert_file = $LAB_CADIR/$LAB_CERT.pem
	ssl_server_key_file = $LAB_CADIR/$LAB_CERT.pem
	auth_default_domain = johndoe.com
	auth_mechanisms = $1 oauthbearer xoauth2
	mail_driver = maildir
	mail_path = ~/Maildir
	passdb passwd-file {
	  passwd_file_path = $LAB/dovecot/passwd
	  mechanisms_filter = $1 lookup
	}
	oauth2 {
	  introspection_mode = local
	  oauth2_local_validation {
	    dict fs {
	      fs posix {
	        prefix = $LAB/dovecot/keys/
	      }
	    }
	  }
	}
	passdb oauth2 {
	  mechanisms_filter = oauthbearer xoauth2
	}
	userdb static {
	  fields {
	    uid = $LAB_USER
	    gid = $LAB_GROUP
	    home = $LAB/mail/%{user|username}
	  }
	}
	END
}

# The services need no chroot, no other user and no limits worth the name.
# shellcheck disable=SC2153 # the ports were assigned indirectly
lab_dovecot_both() {	# how to say: one login process for many clients
	cat <<-END
	base_dir = $LAB/dovecot/run
	state_dir = $LAB/dovecot/state
	log_path = $LAB_LOG_DOVECOT
	protocols = imap pop3 lmtp${LAB_SIEVE_PORT:+ sieve}
	listen = 127.0.0.1${LAB_IPV6:+, ::1}
	default_internal_user = $LAB_USER
	default_internal_group = $LAB_GROUP
	default_login_user = $LAB_USER
	default_process_limit = 200
	default_client_limit = 2000
	mail_max_userip_connections = 100
	first_valid_uid = 1
	ssl = required
	ssl_min_protocol = TLSv1.2
	auth_failure_delay = 0
	mailbox_list_index = yes
	recipient_delimiter = +
	postmaster_address = postmaster@johndoe.com
	hostname = mail.johndoe.com
	namespace inbox {
	  inbox = yes
	  separator = /
	  mailbox Drafts {
	    special_use = \Drafts
	    auto = subscribe
	  }
	  mailbox Junk {
	    special_use = \Junk
	    auto = subscribe
	  }
	  mailbox Sent {
	    special_use = \Sent
	    auto = subscribe
	  }
	  mailbox Trash {
	    special_use = \Trash
	    auto = subscribe
	  }
	}
	service imap-login {
	  chroot =
	  $1
	  inet_listener imap {
	    port = $LAB_IMAP_PORT
	  }
	  inet_listener imaps {
	    port = $LAB_IMAPS_PORT
	    ssl = yes
	  }
	}
	service pop3-login {
	  chroot =
	  $1
	  inet_listener pop3 {
	    port = $LAB_POP3_PORT
	  }
	  inet_listener pop3s {
	    port = $LAB_POP3S_PORT
	    ssl = yes
	  }
	}
	$(lab_dovecot_sieve "$1")
	service lmtp {
	  user = $LAB_USER
	  inet_listener lmtp {
	    port = $LAB_LMTP_PORT
	  }
	  unix_listener $LAB_LMTP_SOCKET {
	    mode = 0666
	  }
	}
	$(lab_dovecot_quick "$2")
	service auth {
	  unix_listener $LAB/dovecot/auth {
	    mode = 0666
	  }
	}
	# without this socket a wrong password costs no waiting
	service anvil {
	  chroot =
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
	service stats {
	  chroot =
	}
	END
}

# Not as installed, and quicker: a process serves many sessions, one after the
# other, and does not wait for the disk.
lab_dovecot_quick() {
	[ -n "${LAB_AS_INSTALLED-}" ] || cat <<-END
	mail_fsync = never
	service imap {
	  $1
	}
	service pop3 {
	  $1
	}
	END
}

lab_dovecot_sieve() {
	[ -z "$LAB_SIEVE_PORT" ] || cat <<-END
	service managesieve-login {
	  chroot =
	  $1
	  inet_listener sieve {
	    port = $LAB_SIEVE_PORT
	  }
	}
	END
}

# ---- Postfix, as root

lab_need_root() {
	[ "$(id -u)" != 0 ] || return 0
	if sudo -n true 2>/dev/null; then
		LAB_SUDO=1
		return
	fi
	echo 'lab: postfix needs root (or sudo without a password)' >&2
	return 1
}

# lab_var BASE N: the variable of the Nth instance
lab_var() {
	if [ "$2" = 1 ]; then echo "$1"; else echo "$1_$2"; fi
}

lab_postfix() {	# N
	local n=$1 dir=$LAB/postfix/$1 p
	p=$(lab_var LAB_SMTP_PORT "$n")
	[ -z "${!p-}" ] || return 0
	lab_need_root || return
	echo "${LAB_SUDO-}" > "$LAB/sudo"	# the guard may need it
	for p in SMTP SUBMISSION SMTPS; do
		export "$(lab_var LAB_${p}_PORT "$n")=$(free_port)"
	done
	export "$(lab_var LAB_LOG_POSTFIX "$n")=$dir/log"
	mkdir -p "$dir"
	lab_postfix_main "$n" > "$dir/main.cf"
	lab_postfix_master "$n" > "$dir/master.cf"
	lab_postfix_maps "$dir"
	# shellcheck disable=SC2016
	lab_root bash -c '. "$1"; lab_postfix_queue "$2"' - "$LAB_SRC/lab.sh" "$dir"
	# a bad setting is told to syslog only, and there may be none
	lab_root postconf -c "$dir" -n > /dev/null || return
	# shellcheck disable=SC2046
	lab_start "postfix$n" $(lab_sudo) \
		"$(postconf -dh daemon_directory)/master" -c "$dir"
	p=$(lab_var LAB_SMTP_PORT "$n")
	wait_port 127.0.0.1 "${!p}" || return
	# sudo may have given it a session of its own
	[ -z "${LAB_SUDO-}" ] ||
		lab_root sed 's/ //g' "$dir/queue/pid/master.pid" >> "$LAB/pids"
}

lab_sudo() { [ -z "${LAB_SUDO-}" ] || echo sudo -n; }

# What "postfix check" would do in a second.
lab_postfix_queue() {
	local dir=$1 q=$1/queue
	mkdir -p "$q"/{active,bounce,corrupt,defer,deferred,flush,hold,incoming}
	mkdir -p "$q"/{private,saved,trace,maildrop,public,pid} "$dir/data"
	chown -R root:root "$dir"
	lab_postfix_age "$dir"
	chown postfix "$q"/{active,bounce,corrupt,defer,deferred,flush,hold}
	chown postfix "$q"/{incoming,private,saved,trace} "$dir/data"
	chown postfix:postdrop "$q"/{maildrop,public}
	chmod 700 "$q"/{active,bounce,corrupt,defer,deferred,flush,hold}
	chmod 700 "$q"/{incoming,private,saved,trace} "$dir/data"
	chmod 1730 "$q/maildrop"
	chmod 2710 "$q/public"
}

# Every process of Postfix waits until its configuration was not changed for
# two seconds.
lab_postfix_age() {
	lab_root touch -d '1 minute ago' "$1"/*.cf "$1/mailboxes" "$1/transport"
}

lab_postfix_maps() {	# DIR
	cat > "$1/mailboxes" <<-END
	billy@johndoe.com	billy/Maildir/
	jane@johndoe.com	jane/Maildir/
	jané@johndoe.com	jane/Maildir/
	END
	cat > "$1/transport" <<-END
	billy+direct@johndoe.com	virtual:
	jane+direct@johndoe.com	virtual:
	jané@johndoe.com	virtual:
	END
}

lab_postfix_main() {	# N
	local n=$1 host=mail.johndoe.com
	[ "$n" = 1 ] || host=mail$n.johndoe.com
	cat <<-END
	compatibility_level = 3.6
	queue_directory = $LAB/postfix/$n/queue
	data_directory = $LAB/postfix/$n/data
	maillog_file = $LAB/postfix/$n/log
	maillog_file_prefixes = ${LAB%/*}
	myhostname = $host
	mydomain = johndoe.com
	mydestination =
	mynetworks =
	inet_interfaces = 127.0.0.1${LAB_IPV6:+, [::1]}
	inet_protocols = ipv4${LAB_IPV6:+, ipv6}
	alias_maps =
	alias_database =
	address_verify_map =
	biff = no
	recipient_delimiter = +
	message_size_limit = 2000000000
	mailbox_size_limit = 0
	virtual_mailbox_limit = 0
	queue_minfree = 0
	smtputf8_enable = yes
	# the network outside does not exist
	smtp_dns_support_level = disabled
	smtp_host_lookup = native
	smtpd_peername_lookup = no
	default_transport = discard
	relay_transport = discard
	# no pauses for clients that try bad things
	smtpd_error_sleep_time = 0
	smtpd_client_event_limit_exceptions = 127.0.0.0/8, [::1]
	smtpd_client_connection_count_limit = 0
	in_flow_delay = 0
	smtpd_relay_restrictions = permit_sasl_authenticated
	  reject_unauth_destination
	smtpd_tls_security_level = may
	smtpd_tls_chain_files = $LAB_CADIR/$LAB_CERT.pem
	smtpd_tls_auth_only = yes
	smtpd_sasl_type = dovecot
	smtpd_sasl_path = $LAB/dovecot/auth
	smtp_tls_security_level = may
	END
	if [ "$n" -lt "${LAB_HOPS-1}" ]; then
		p=$(lab_var LAB_SMTP_PORT $((n + 1)))
		cat <<-END
		relay_domains = bulk.johndoe.com, johndoe.com
		transport_maps = inline:{
		  {johndoe.com = smtp:[127.0.0.1]:${!p}}}
		END
	else
		cat <<-END
		relay_domains = bulk.johndoe.com
		transport_maps = texthash:$LAB/postfix/$n/transport
		virtual_mailbox_domains = johndoe.com
		virtual_mailbox_base = $LAB/mail
		virtual_mailbox_maps = texthash:$LAB/postfix/$n/mailboxes
		virtual_transport = lmtp:unix:$LAB_LMTP_SOCKET
		virtual_minimum_uid = 1
		virtual_uid_maps = static:$(id -u "$LAB_USER")
		virtual_gid_maps = static:$(id -g "$LAB_USER")
		END
	fi
	printf '%s\n' "${LAB_POSTFIX_CONF-}"
}

lab_postfix_master() {	# N
	local port
	port=$(lab_var LAB_SMTP_PORT "$1")
	echo "${!port} inet n - n - - smtpd"
	port=$(lab_var LAB_SUBMISSION_PORT "$1")
	lab_postfix_service "${!port}"
	port=$(lab_var LAB_SMTPS_PORT "$1")
	lab_postfix_service "${!port}" smtpd_tls_wrappermode=yes
	cat <<-END
	pickup unix n - n 60 1 pickup
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	verify unix - - n - 1 verify
	flush unix n - n 1000? 0 flush
	proxymap unix - - n - - proxymap
	proxywrite unix - - n - 1 proxymap
	smtp unix - - n - - smtp
	relay unix - - n - - smtp
	showq unix n - n - - showq
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	virtual unix - n n - - virtual
	lmtp unix - - n - - lmtp
	anvil unix - - n - 1 anvil
	scache unix - - n - 1 scache
	postlog unix-dgram n - n - 1 postlogd
	END
}

# lab_postfix_service PORT NAME=VALUE...: a submission service
lab_postfix_service() {
	echo "$1 inet n - n - - smtpd"
	shift
	printf '\t-o {%s}\n' smtpd_tls_security_level=encrypt \
		smtpd_sasl_auth_enable=yes \
		smtpd_relay_restrictions=permit_sasl_authenticated,reject "$@"
}

lab_postfix_set() {
	lab_root postconf -c "$LAB/postfix/1" -e "$@"
	lab_postfix_reload
}

lab_postfix_listen() {
	local port
	port=$(free_port)
	lab_postfix_service "$port" "${@:2}" |
		lab_root tee -a "$LAB/postfix/1/master.cf" > /dev/null
	lab_postfix_reload
	wait_port 127.0.0.1 "$port"
	declare -gx "$1=$port"
}

# Processes with the old settings answer no new connection after this: the
# master forgets them at once.
lab_postfix_reload() {
	lab_postfix_age "$LAB/postfix/1"
	lab_root postfix -c "$LAB/postfix/1" reload 2>/dev/null
}

# ---- DNS: zones/NAME.zone is signed and served, zones/NAME.plain as it is

lab_nsd() {
	local f zone
	[ -z "${LAB_NSD-}" ] || return 0
	export LAB_NSD
	LAB_NSD=127.0.0.1:$(free_port)
	mkdir -p "$LAB/nsd"
	for f in "$LAB_SRC"/zones/*.zone "$LAB_SRC"/zones/*.plain; do
		[ -f "$f" ] || continue
		zone=${f##*/}
		lab_zone "$f" "${zone%.*}" > "$LAB/nsd/${zone%.*}"
		[[ $f = *.plain ]] || lab_sign "${zone%.*}" || return
	done
	lab_nsd_write > "$LAB/nsd/nsd.conf"
	lab_own "$LAB/nsd"
	lab_start nsd "${LAB_AS[@]}" nsd -d -c "$LAB/nsd/nsd.conf"
	wait_port 127.0.0.1 "${LAB_NSD##*:}"
}

lab_zone() {	# FILE: with the lab's certificate in its TLSA records
	local spki
	spki=$(openssl x509 -in "$LAB_CADIR/$LAB_CERT.pem" -noout -pubkey |
		openssl pkey -pubin -outform DER | openssl dgst -sha256 -r)
	sed "s/@SPKI@/${spki%% *}/" "$1"
}

lab_sign() (	# ZONE
	cd "$LAB/nsd" || exit
	ksk=$(ldns-keygen -a ECDSAP256SHA256 -k "$1") &&
		zsk=$(ldns-keygen -a ECDSAP256SHA256 "$1") &&
		ldns-signzone -o "$1" -f "$1.signed" "$1" "$zsk" "$ksk" &&
		mv "$1.signed" "$1"
)

lab_nsd_write() {
	local f
	cat <<-END
	server:
	  username: ""
	  zonesdir: "$LAB/nsd"
	  database: ""
	  zonelistfile: "$LAB/nsd/zone.list"
	  xfrdfile: ""
	  xfrdir: "$LAB/nsd"
	  pidfile: "$LAB/nsd/pid"
	  logfile: "$LAB/nsd/log"
	  ip-address: 127.0.0.1
	  port: ${LAB_NSD##*:}
	  server-count: 1
	remote-control:
	  control-enable: no
	END
	for f in "$LAB_SRC"/zones/*.zone "$LAB_SRC"/zones/*.plain; do
		[ -f "$f" ] || continue
		f=${f##*/}
		printf 'zone:\n  name: "%s"\n  zonefile: "%s"\n' \
			"${f%.*}" "${f%.*}"
	done
}

lab_unbound() {
	[ -z "${LAB_DNS-}" ] || return 0
	export LAB_DNS
	LAB_DNS=127.0.0.1:$(free_port)
	mkdir -p "$LAB/unbound"
	lab_unbound_write > "$LAB/unbound/unbound.conf"
	lab_own "$LAB/unbound"
	lab_start unbound "${LAB_AS[@]}" unbound -d \
		-c "$LAB/unbound/unbound.conf"
	wait_port 127.0.0.1 "${LAB_DNS##*:}"
}

# Names outside the lab do not exist: nothing may leave this machine.
lab_unbound_write() {
	local f zone
	cat <<-END
	server:
	  username: ""
	  chroot: ""
	  directory: "$LAB/unbound"
	  pidfile: "$LAB/unbound/pid"
	  logfile: "$LAB/unbound/log"
	  use-syslog: no
	  interface: 127.0.0.1
	  port: ${LAB_DNS##*:}
	  do-ip6: no
	  num-threads: 1
	  do-not-query-localhost: no
	  module-config: "validator iterator"
	  harden-below-nxdomain: no
	  local-zone: "." static
	END
	for f in "$LAB/nsd"/K*.ds; do
		[ ! -f "$f" ] || ! grep -q . "$f" || lab_anchor "$f"
	done
	for f in "$LAB_SRC"/zones/*.zone "$LAB_SRC"/zones/*.plain; do
		[ -f "$f" ] || continue
		zone=${f##*/}
		printf '  local-zone: "%s" transparent\n' "${zone%.*}"
	done
	echo 'remote-control:'
	echo '  control-enable: no'
	for f in "$LAB_SRC"/zones/*.zone "$LAB_SRC"/zones/*.plain; do
		[ -f "$f" ] || continue
		zone=${f##*/}
		printf 'stub-zone:\n  name: "%s"\n  stub-addr: %s\n' \
			"${zone%.*}" "${LAB_NSD/:/@}"
	done
}

lab_anchor() {
	printf '  trust-anchor: "%s"\n' "$(tr '\t' ' ' < "$1")"
}

# ---- small servers of the tests

lab_openssl_server() {
	local cert=$LAB_CADIR/$1.pem port var=$2
	local -a chain=()
	lab_cert "$1"
	port=$(free_port)
	awk '/BEGIN CERT/ { n++ } n > 1' "$cert" > "$LAB/chain.$port"
	[ ! -s "$LAB/chain.$port" ] || chain=(-cert_chain "$LAB/chain.$port")
	lab_start "s_server.$port" openssl s_server -4 -accept "$port" -quiet \
		-key "$cert" -cert "$cert" "${chain[@]}" \
		-cipher DEFAULT@SECLEVEL=0 "${@:3}"
	wait_port 127.0.0.1 "$port"
	declare -gx "$var=$port"
}

lab_odd() {
	local file n port mode v
	n=$(free_port)			# a number that nobody else has
	file=$LAB/odd.$n
	LAB_ODD_LOG=$file.log
	lab_start "odd.$n" python3 "$LAB_SRC/oddmail.py" "$file" "$LAB_CADIR" \
		"${@#*=}"
	lab_until 60 test -s "$file" || return
	for v; do
		read -r port mode
		[ "$mode" = "${v#*=}" ] && declare -gx "${v%%=*}=$port"
	done < "$file"
}

lab_relay() {
	local var=$1 port
	local bin=${POSTBAG_BUILD:-$LAB_SRC/../../build}/lab/relay
	shift
	if [ ! "$bin" -nt "$LAB_SRC/relay.c" ]; then
		bin=$LAB/relay
		[ -x "$bin" ] || ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O2 \
			-o "$bin" "$LAB_SRC/relay.c" || return
	fi
	[[ " $* " = *' -s '* ]] || set -- -s "$LAB/relay.$var" "$@"
	[[ " $* " = *' -l '* ]] || set -- -l 0 "$@"
	lab_start "relay.$var" "$bin" "$@"
	lab_until 60 grep -q . "$LAB/relay.$var.out" || return
	read -r port < "$LAB/relay.$var.out"
	declare -gx "$var=$port"
}

# ---- mail

lab_mail_has() {
	local dir=LAB_MAILDIR_$1
	# shellcheck disable=SC2012
	[ "$(ls "${!dir}/new" | wc -l)" -ge "$2" ]
}

lab_mail_wait() {
	lab_until "${3-60}" lab_mail_has "$1" "$2" && return
	echo "lab: $1 has fewer than $2 new messages" >&2
	return 1
}

lab_mail_last() {
	local dir=LAB_MAILDIR_$1
	find "${!dir}/new" "${!dir}/cur" -type f -printf '%T@ %p\n' |
		sort -n | tail -n 1 | cut -d' ' -f2-
}

lab_mail_clear() {
	local dir=LAB_MAILDIR_$1
	find "${!dir}/new" "${!dir}/cur" -type f -delete
}
