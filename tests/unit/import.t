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
# not taken over: timeout 60
account work
  pop3 pop3s://pop.work.example
  user jo
  ca /etc/ssl/certs
  # password: not copied; use password-command or password-file
fetch work
  deliver maildir:~/Mail/work
  delete never
account second
  pop3 pop3s://pop.work.example
  user jo two
  ca /etc/ssl/certs
  password-command gpg -d ~/.pw 'x y'
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
  # without TLS there; add "tls off" if it must be
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
# not taken over: set daemon 300
# not taken over: set postmaster "jo"
account account1
  imap imaps://imap.one.example:1993
  user jo
  # password: not copied; use password-command or password-file
fetch account1
  deliver exec:/usr/bin/procmail -d %T
  # %T and its like are not filled in here
  delete never
  folder INBOX
  folder Lists
account account2
  pop3 pop3://pop.two.example
  user a
  # password: not copied; use password-command or password-file
fetch account2
  # deliver maildir:DIR
  delete now
account account3
  pop3 pop3s://pop.two.example
  user b
  # password: not copied; use password-command or password-file
fetch account3
  # deliver maildir:DIR
  delete never
account account4
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
# not taken over: read_all = false
account account1
  imap imaps://imap.example.org:993
  user jo
  # password: not copied; use password-command or password-file
fetch account1
  deliver maildir:~/Mail/in/
  delete after:30
  folder INBOX
  folder Lists/a b
E

printf 'account a\nhost x\nuser \x1b[2J\nunknown \x1b]0;owned\x07\n' > "$T/odd"
status 0 "control bytes" mailfetch --import "$T/odd"
unlike "$OUT" $'\x1b' "do not come through"
: > "$T/empty"
status 0 "an empty file" mailfetch --import "$T/empty"
is "$ERR" '' "is no undefined behaviour"
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
