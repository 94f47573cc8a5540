#!/usr/bin/env bash
# mailfetch --import: other programs' files, and that ours is one.
set -u
. "$(dirname "$0")/../lib.sh"

# shows NAME < WANTED: what is printed, and that no password is
shows() {
	status 0 "$1" mailfetch --import "$T/$1"
	tail -n +2 "$T/out" > "$T/got"
	ok "as it should" diff "$T/got" -
	unlike "$OUT" 'hunter' "without a password"
	# It must be a file that we can read; nobody listens at port 1.
	sed 's#://[^ ]*#://127.0.0.1:1#' "$T/out" > "$T/config"
	while read -r kind name; do
		[ "$kind" = account ] || continue
		status 75 "$name can be used" mailfetch --config "$T/config" \
		    "$name" -u x --password-command 'echo x' \
		    --state "$T/state" --check
		like "$ERR" 'refused' "as far as the connection"
	done < "$T/config"
}

cat > "$T/mpoprc" <<'E'
# mine
defaults
tls on
tls_starttls off
tls_trust_file /etc/ssl/certs
keep on
timeout 60

account work
host pop.work.example
user jo
password hunter2
delivery maildir ~/Mail/work

account second : work
user "jo two"
passwordeval "gpg -d ~/.pw 'x y'"
keep off
delivery mda "/usr/bin/procmail -d jo"

account third
host pop.third.example
port 1110
tls_starttls on
user x
delivery mbox ~/third
E
shows mpoprc <<'E'
account work
  pop3 pop3s://pop.work.example
  user jo
  # password: not copied; use password-command or password-file
  ca /etc/ssl/certs
fetch work
  deliver maildir:~/Mail/work
  delete never
  # not taken over: timeout (line 7)
account second
  pop3 pop3s://pop.work.example
  user jo two
  password-command gpg -d ~/.pw 'x y'
  ca /etc/ssl/certs
fetch second
  deliver exec:/usr/bin/procmail -d jo
  delete now
account third
  pop3 pop3://pop.third.example:1110
  user x
  ca /etc/ssl/certs
fetch third
  deliver mbox:~/third
  delete never
E

# What mpop does where nothing is said: no TLS, and it deletes.
cat > "$T/mpoprc2" <<'E'
account a
host pop.work.example
user jo
delivery maildir ~/Mail/work
E
shows mpoprc2 <<'E'
account a
  pop3 pop3://pop.work.example
  # without TLS there; here it must begin with STARTTLS, unless you add "tls off"
  user jo
fetch a
  deliver maildir:~/Mail/work
  delete now
E

cat > "$T/fetchmailrc" <<'E'
set daemon 300
set postmaster "jo"
defaults proto imap ssl keep
poll imap.one.example port 1993 user "jo" with password "hunter2" is jo here folder INBOX,Lists mda "/usr/bin/procmail -d %T"
poll pop.two.example protocol pop3 no ssl:
  user 'a' there with pass 'hunter3' options sslproto TLS1.2+ nokeep
  user 'b' there has password hunter4 fetchall
skip three.example proto POP3 user c pass hunter5
E
shows fetchmailrc <<'E'
# not taken over: set daemon (line 1)
# not taken over: set postmaster (line 2)
account jo@imap.one.example
  imap imaps://imap.one.example:1993
  user jo
  # password: not copied; use password-command or password-file
fetch jo@imap.one.example
  deliver exec:/usr/bin/procmail -d jo
  delete never
  folder INBOX
  folder Lists
account a@pop.two.example
  pop3 pop3://pop.two.example
  user a
  # password: not copied; use password-command or password-file
fetch a@pop.two.example
  # there it went to the mail server here, by SMTP; use deliver maildir:DIR or the like
  delete now
account b@pop.two.example
  pop3 pop3://pop.two.example
  user b
  # with TLS if it could be had there; here it must
  # password: not copied; use password-command or password-file
fetch b@pop.two.example
  # there it went to the mail server here, by SMTP; use deliver maildir:DIR or the like
  delete never
account c@three.example
  pop3 pop3s://three.example
  user c
  # password: not copied; use password-command or password-file
E

cat > "$T/getmailrc" <<'E'
[retriever]
type = SimpleIMAPSSLRetriever
server = imap.example.org
port = 993
username = jo
password = hunter2
mailboxes = ("INBOX", 'Lists/a b',)
[destination]
type = Maildir
path = ~/Mail/in/
[options]
delete_after = 30
read_all = false
E
shows getmailrc <<'E'
account jo@imap.example.org
  imap imaps://imap.example.org:993
  user jo
  # password: not copied; use password-command or password-file
fetch jo@imap.example.org
  deliver maildir:~/Mail/in/
  delete after:30
  folder INBOX
  folder Lists/a b
E

printf 'account a\nhost x\nuser \x1b[2J\nunknown \x1b]0;owned\x07\n' > "$T/odd"
status 0 "control bytes" mailfetch --import "$T/odd"
unlike "$OUT" $'\x1b' "do not come through"
: > "$T/empty"
status 65 "an empty file is nobody's" mailfetch --import "$T/empty"
like "$ERR" 'no .fetchmailrc' "that is said"
status 66 "a file that is not there" mailfetch --import "$T/none"

# imapsync's own
printf '%s\r\n' 'IMAPStore far' 'Host h' '' 'MaildirStore near' 'Path ~/M/' \
    '' 'Channel c' 'Far :far:' 'Near :near:' 'Patterns * !Spam' \
    > "$T/mbsyncrc"
status 0 "an .mbsyncrc with CRLF" imapsync --import "$T/mbsyncrc"
like "$OUT" '  patterns \* !Spam'$'\n' "without the CR"
unlike "$OUT" $'\r' "none at all"
printf 'IMAPStore far\nHost h\nUser \x1b[2J\n' > "$T/mbsyncrc"
status 65 "a control byte" imapsync --import "$T/mbsyncrc"
like "$ERR" 'line 3: a control byte' "is named"
printf 'IMAPStore far\nHost h\n\0User x\n' > "$T/mbsyncrc"
status 65 "a NUL, behind which nothing was read" imapsync --import "$T/mbsyncrc"
done_testing
