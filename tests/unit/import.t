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
poll imap.one.example port 1993 user "jo" with password "hunter2" is jo here folder INBOX,Lists%x mda "/usr/bin/procmail -d %T"
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
  folder Lists%x
  # folder: * and % stand for any name here
account a@pop.two.example
  pop3 pop3://pop.two.example
  user a
  # password: not copied; use password-command or password-file
fetch a@pop.two.example
  deliver smtp://127.0.0.1
  deliver-tls off
  rcpt a@localhost
  delete now
account b@pop.two.example
  pop3 pop3://pop.two.example
  user b
  # with TLS if it could be had there; here it must
  # password: not copied; use password-command or password-file
fetch b@pop.two.example
  deliver smtp://127.0.0.1
  deliver-tls off
  rcpt b@localhost
  delete never
account c@three.example
  pop3 pop3s://three.example
  user c
  # password: not copied; use password-command or password-file
  # not taken over: skip, nor what it leaves out (folder, keep, limit, where to)
E

cat > "$T/getmailrc" <<'E'
[retriever]
type = SimpleIMAPSSLRetriever
server = imap.example.org
port = 993
username = jo
password = hunter2
mailboxes = ("INBOX", 'Lists/a b', "Entw\xfcrfe", "\101\u00e9\.", r'\'',)
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
  folder Entwürfe
  folder Aé\.
  folder \'
E

# fetchmail's words, one by one.
cat > "$T/fetchmailrc2" <<'E'
set logfile poll
defaults proto imap ssl pass hunter2 folder Work to jo
poll a.test user two to jo anna
poll b.test user star to *
poll c.test user one folder INBOX
  mda "/usr/bin/deliver %T"
  user other to "jo hn" mda "/usr/bin/deliver -d %T" limit 0
skip d.test user skipped
poll e.test proto etrn user e
poll f.test auth gssapi user f no sslcertck
poll g.test auth password sslproto tls1.3+ user g keep proto pop3
poll h.test auth cram sslproto tls1.1 user h smtphost mx.h.test
poll i.test auth any \
  plugin "nc %h %p" user i fetchlimit 7 bsmtp -
poll j.test user "x\x41\X42\065\101\
'y" lmtp smtphost l.test/24 smtpname jo@l.test
poll k.test user keep keep is port smtpaddress k.test smtphost "::1/smtp"
poll z.test user u here user v keep
defaults to * here
poll l.test user l keep
E
shows fetchmailrc2 <<'E'
# not taken over: set logfile (line 1)
account two@a.test
  imap imaps://a.test
  user two
  # password: not copied; use password-command or password-file
fetch two@a.test
  # not taken over: one mailbox for several people; use deliver maildir:DIR or the like
  delete now
  folder Work
account star@b.test
  imap imaps://b.test
  user star
  # password: not copied; use password-command or password-file
fetch star@b.test
  # not taken over: one mailbox for several people; use deliver maildir:DIR or the like
  delete now
  folder Work
account one@c.test
  imap imaps://c.test
  user one
  # password: not copied; use password-command or password-file
fetch one@c.test
  deliver exec:/usr/bin/deliver jo
  delete now
  folder INBOX
account other@c.test
  imap imaps://c.test
  user other
  # password: not copied; use password-command or password-file
fetch other@c.test
  deliver exec:/usr/bin/deliver -d 'jo hn'
  delete now
  folder Work
account skipped@d.test
  imap imaps://d.test
  user skipped
  # password: not copied; use password-command or password-file
  # not taken over: skip, nor what it leaves out (folder, keep, limit, where to)
# account e@e.test: not taken over: it has no server that can be used here
account f@f.test
  imap imaps://f.test
  user f
  # not taken over: a way to log in that is not here
  # password: not copied; use password-command or password-file
fetch f@f.test
  deliver smtp://127.0.0.1
  deliver-tls off
  rcpt jo@localhost
  delete now
  folder Work
  # not taken over: no sslcertck (line 10)
account g@g.test
  pop3 pop3s://g.test
  user g
  auth plain,login
  # password: not copied; use password-command or password-file
  tls-min 1.3
fetch g@g.test
  deliver smtp://127.0.0.1
  deliver-tls off
  rcpt jo@localhost
  delete never
  # not taken over: folder, of which POP3 knows nothing
account h@h.test
  imap imaps://h.test
  user h
  auth cram-md5
  # password: not copied; use password-command or password-file
  # sslproto: here it is TLS 1.2 or newer; see tls-min
fetch h@h.test
  # there it went to mx.h.test, by SMTP, which here is for this machine's own server; use deliver maildir:DIR or the like
  delete now
  folder Work
account i@i.test
  imap imaps://i.test
  user i
  # password: not copied; use password-command or password-file
  # not taken over: plugin; use connect-command
fetch i@i.test
  # not taken over: bsmtp; use deliver mbox:FILE or the like
  delete now
  folder Work
  limit 7
account xAB5e'y@j.test
  imap imaps://j.test
  user xAB5e'y
  # password: not copied; use password-command or password-file
fetch xAB5e'y@j.test
  deliver lmtp:l.test:24
  rcpt jo@l.test
  delete now
  folder Work
account keep@k.test
  imap imaps://k.test
  user keep
  # password: not copied; use password-command or password-file
fetch keep@k.test
  deliver smtp://[::1]
  deliver-tls off
  rcpt port@k.test
  delete never
  folder Work
account z.test
  imap imaps://z.test
  # password: not copied; use password-command or password-file
fetch z.test
  deliver smtp://127.0.0.1
  deliver-tls off
  rcpt u@localhost
  delete now
  folder Work
account v@z.test
  imap imaps://z.test
  user v
  # password: not copied; use password-command or password-file
fetch v@z.test
  deliver smtp://127.0.0.1
  deliver-tls off
  rcpt jo@localhost
  delete never
  folder Work
account l@l.test
  imap imap://l.test
  user l
  # with TLS if it could be had there; here it must
fetch l@l.test
  # not taken over: one mailbox for several people; use deliver maildir:DIR or the like
  delete never
E

# A quote with a backslash, what nobody knows, and a comment without an end.
cat > "$T/fetchmailrc3" <<'E'
poll a.test user b keep pass hunter2 mda "e \"z\""

 what ever
E
shows fetchmailrc3 <<'E'
account b@a.test
  imap imap://a.test
  user b
  # with TLS if it could be had there; here it must
  # password: not copied; use password-command or password-file
fetch b@a.test
  deliver exec:e "z"
  delete never
# \" is no quote within quotes to fetchmail: read as it was meant
# 2 words that fetchmail does not know either, the first one in line 3: check all of this
E

# Tuples, destinations in destinations, and a filter of another meaning.
cat > "$T/getmailrc2" <<'E'
[retriever]
type = SimpleIMAPSSLRetriever
server = imap.example.org
username = jo
password_command = ("pass", r"a\n" "\"b" 'c', 'it\'s',)
imap_search = (UNSEEN KEYWORD $Work)
mailboxes = ("INBOX" "x", "open)
[options]
use_netrc = false
netrc_file = ~/.netrc
[destination]
type = MultiDestination
destinations = ("[again]", "|cat >> x", "~/mbox", "nothing")
[again]
type = MultiDestination
destinations = ("[none]", "~/M/", "[again]")
[filter-1]
type = Filter_external
path = /usr/bin/spamc
exitcodes_keep = (0, 1)
E
shows getmailrc2 <<'E'
account jo@imap.example.org
  imap imaps://imap.example.org
  user jo
  password-command pass 'a\n"bc' 'it'\''s'
fetch jo@imap.example.org
  # not taken over: the destination [none]
  deliver maildir:~/M/
  # not taken over: the destination [none]
  deliver maildir:~/M/
  # not taken over: the destination [none]
  deliver maildir:~/M/
  # not taken over: the destination [none]
  deliver maildir:~/M/
  # not taken over: the destination [again]
  deliver exec:/bin/sh -c 'cat >> x'
  deliver mbox:~/mbox
  # not taken over: one of the destinations
  delete never
  # not taken over: mailboxes
  search UNSEEN KEYWORD $Work
  # a filter, [filter-1]:
  # not taken over: path (line 19)
  # not taken over: exitcodes_keep (line 20)
E

# By POP3.
cat > "$T/getmailrc3" <<'E'
[retriever]
type = MultidropPOP3SSLRetriever
server = pop.example.org
username = all@example.org
mailboxes = ("INBOX", "a")
imap_search = UNSEEN
password_command = ("pass" 7)
[options]
use_netrc = true
netrc_file = ~/.netrc
[destination]
type = MDA_lmtp
host = 127.0.0.1
[filter-1]
type = Filter_external
path = /usr/bin/a
exitcodes_drop = (1,)
E
shows getmailrc3 <<'E'
account all@example.org
  pop3 pop3s://pop.example.org
  user all@example.org
  # MultidropPOP3SSLRetriever: here all of it goes to one place
  # not taken over: password_command
  netrc ~/.netrc
fetch all@example.org
  deliver lmtp:127.0.0.1
  # rcpt ADDRESS: whom it is for
  delete never
  # a filter, [filter-1]:
  # not taken over: path (line 16)
  # not taken over: exitcodes_drop (line 17)
E

# Of two filters none.
cat > "$T/getmailrc4" <<'E'
[retriever]
type = SimpleIMAPSSLRetriever
server = imap.example.org
username = jo
imap_search = ALL
[destination]
type = Mboxrd
path = ~/mbox
[filter-1]
type = Filter_external
path = /usr/bin/a
[filter-2]
type = Filter_external
path = /usr/bin/b
E
shows getmailrc4 <<'E'
account jo@imap.example.org
  imap imaps://imap.example.org
  user jo
fetch jo@imap.example.org
  deliver mbox:~/mbox
  delete never
  # a filter, [filter-1]:
  # not taken over: type (line 10)
  # not taken over: path (line 11)
  # a filter, [filter-2]:
  # not taken over: type (line 13)
  # not taken over: path (line 14)
E

printf 'account a\nhost x\nuser \x1b[2J\nunknown \x1b]0;owned\x07\n' > "$T/odd"
status 0 "control bytes" mailfetch --import "$T/odd"
unlike "$OUT" $'\x1b' "do not come through"
: > "$T/empty"
printf 'account a\nhost h.example\ntls on\nfrom x@y.example\ndsn_notify sometimes\n' > "$T/msmtprc"
status 65 'what would be refused here' mailsend --import "$T/msmtprc"
like "$ERR" 'what it would be here is refused: .*--dsn is never' 'is, and why'
is "$OUT" '' 'and nothing of it is printed'
status 65 "an empty file is nobody's" mailfetch --import "$T/empty"
like "$ERR" 'no .fetchmailrc' "that is said"
status 66 "a file that is not there" mailfetch --import "$T/none"

# ---- secrets, where a lexer sees them and a splitter does not
secret() {	# NAME: what it makes of standard input has no password
	status 0 "$1" mailfetch --import -
	unlike "$OUT" 'hunter|tail3' "no password"
}
secret 'a quote in a quoted password' <<'E'
poll a.test proto imap user u pass "x\"hunter2 tail3" ssl
E
secret 'a password over two lines, and one for SMTP' <<'E'
poll a.test proto imap esmtppassword hunter2 user u pass "x\
hunter2" ssl
E
secret 'getmail: "password: x"' <<'E'
[retriever]
type: SimplePOP3SSLRetriever
server: a.test
username: u
password: hunter2
E
secret 'getmail: a password that goes on' <<'E'
[retriever]
type = SimplePOP3SSLRetriever
server = a.test
username = u
password = x
  tail3
E
secret 'words that nobody knows' <<'E'
poll a.test proto imap user u pass x hunter2 ssl
E
like "$OUT" '1 words that fetchmail does not know' "are counted"
unlike "$OUT" 'no quote within' "and are no fault of quotes"
like "$OUT" 'imaps://a.test' "and the rest is taken over"

# ---- what is kept there is kept here
keeps() {
	status 0 "$1" mailfetch --import -
	like "$OUT" 'delete never' "kept there, so kept here"
	unlike "$OUT" 'delete (now|after)' "and not deleted"
}
keeps 'nokeep in a comment' <<'E'
poll a.test proto imap user u pass x ssl keep  # was: nokeep
E
keeps 'delete_after = 0' <<'E'
[retriever]
type = SimpleIMAPSSLRetriever
server = a.test
username = u
[options]
delete = false
delete_after = 0
E
keeps 'a \Seen instead of a deletion' <<'E'
[retriever]
type = SimpleIMAPSSLRetriever
server = a.test
username = u
imap_on_delete = \Seen
[options]
delete = true
E

for when in 'delete = false' 'delete_after = 7'; do
	status 0 "move_on_delete, $when" mailfetch --import - <<E
[retriever]
type = SimpleIMAPSSLRetriever
server = a.test
username = u
move_on_delete = Done
[options]
$when
E
	unlike "$OUT" 'move-to' "$when: nothing is moved at once"
done

# ---- who logs in where
status 0 "; ends a word, # a comment" mailfetch --import - <<'E'
poll h.test proto imap user u pass p ssl;poll i.test proto pop3 user v pass q # comment with poll z
poll j.test proto imap user "w#x" pass "a#b" ssl
E
like "$OUT" 'imaps://h.test'$'\n''  user u' "u at h"
like "$OUT" 'pop3://i.test'$'\n''  user v' "v at i"
like "$OUT" 'user w#x' "w#x"
unlike "$OUT" '://z' "a comment makes no account"
status 0 "a filter's path" mailfetch --import - <<'E'
[retriever]
type = SimplePOP3SSLRetriever
server = a.test
username = u
[filter-1]
type = Filter_external
path = /usr/bin/spamc
arguments = ("-x", "a b")
[destination]
type = MDA_external
path = /usr/bin/maildrop
arguments = ("-d", "jo")
E
like "$OUT" 'deliver exec:/usr/bin/maildrop -d jo' "is not the destination's"
like "$OUT" "filter /usr/bin/spamc -x 'a b'" "but the filter's"
status 0 "a user with a colon" mailfetch --import - <<'E'
account a
host a.test
user jo:x
delivery maildir ~/M
E
like "$OUT" 'pop3://jo%3Ax@a.test' "stands in the URL"

# ---- another program's file
refused() {	# TOOL NAME FILE
	status 65 "$1 does not take $2" "$1" --import "$3"
	like "$ERR" "it looks like $2" "and says what it is"
}
cat > "$T/msmtprc" <<'E'
defaults
tls on
auth on
set_from_header on
logfile ~/.msmtp.log

account b
host b.example
from b@b.example
tls_starttls off

account c
user jo
passwordeval "pass show 'a b' | head -1"

account d : b, c
port 587
tls_starttls on
dsn_notify failure,delay
dsn_return headers
domain me.example
logfile -

account e : b,c
from %U@example.org
dsn_return full

account plain
tls off
auth off
user nobody
host p.example
logfile off

account l
protocol lmtp
tls off
auth off
host localhost
port 24
from jo@b.example

account n
host -

account default : d
account m : n
E
status 0 'an .msmtprc' mailsend --import "$T/msmtprc"
tail -n +2 "$T/out" > "$T/got"
ok 'as it should' diff "$T/got" - <<'E'
account b
  smtp smtps://b.example
  from b@b.example
  log ~/.msmtp.log
  # not taken over: set_from_header (line 4)
# account c: not taken over: it has no server that can be used here
account d
  smtp smtp://b.example:587
  user jo
  password-command pass show 'a b' | head -1
  from b@b.example
  ehlo me.example
  dsn failure,delay
  dsn-ret hdrs
  # not taken over: logfile, which is standard output
account e
  smtp smtps://b.example
  user jo
  password-command pass show 'a b' | head -1
  # not taken over: from, which is a pattern
  dsn-ret full
  log ~/.msmtp.log
account plain
  smtp smtp://p.example:25
  # without TLS there; here it must begin with STARTTLS, unless you add "tls off"
  # auth is off there: no user, no login
account l
  lmtp lmtp://localhost:24
  # without TLS there; here it must begin with STARTTLS, unless you add "tls off"
  from jo@b.example
  log ~/.msmtp.log
# account n: not taken over: it has no server that can be used here
account default : d
# account m: not taken over: it has no server that can be used here
E
cat > "$T/msmtprc" <<'E'
account q
host q.example
user jo
account r
host r.example
tls on
auth on
user jo
account s
protocol lmtp
host localhost
E
status 0 'and what it does not say' mailsend --import "$T/msmtprc"
tail -n +2 "$T/out" > "$T/got"
ok 'is as it is there' diff "$T/got" - <<'E'
account q
  smtp smtp://q.example:25
  # without TLS there; here it must begin with STARTTLS, unless you add "tls off"
  # auth is off there: no user, no login
account r
  smtp smtp://r.example:25
  user jo
account s
  lmtp lmtp://localhost
  # without TLS there; here it must begin with STARTTLS, unless you add "tls off"
E
printf 'account a\nhost h\nfrom a@b\nlogfile x\n' > "$T/msmtprc"
printf 'IMAPStore far\nHost h\n\nChannel c\nFar :far:\n' > "$T/other"
printf '[general]\naccounts = a\n[Account a]\n' > "$T/offline"
printf 'account a\n  imap imaps://h\nfetch a\n  deliver maildir:x\n' > "$T/ours"
refused mailfetch 'an .msmtprc' "$T/msmtprc"
refused mailfetch 'an .mbsyncrc' "$T/other"
refused mailfetch 'an .offlineimaprc' "$T/offline"
refused mailfetch 'a configuration of ours' "$T/ours"
refused imapsync 'a .fetchmailrc' "$T/fetchmailrc"
refused imapsync 'a getmailrc' "$T/getmailrc"
refused mailsend 'an .mpoprc' "$T/mpoprc"
refused mailsend 'an .mbsyncrc' "$T/other"

# ---- mbsync's forms
mbsync() {
	cat > "$T/mbsync" - <(printf '%s\n' '' 'IMAPStore f' 'Host h.test' \
	    'User jo' '' 'MaildirStore n' 'Path ~/M/' 'Inbox ~/M/INBOX' \
	    'SubFolders Verbatim' '')
	status 0 "$1" imapsync --import "$T/mbsync"
}
mbsync "a group with Channel lines" <<'E'
Group g
Channel c
Channels d

Channel c
Far :f:
Near :n:
Patterns "Sent Items" *

Channel d
Far :f:"[Gmail]/Sent Mail"
Near :n:"[Gmail]/Sent Mail"
E
like "$OUT" 'Group g: imapsync c d' "is said as a command"
like "$OUT" 'patterns !\* "Sent Items" \*' "a quoted pattern is one"
like "$OUT" 'patterns !\* "\[Gmail\]/Sent Mail"' "so is a mailbox"
mbsync "old words" <<'E'
Channel c
Master :f:
Slave :n:
Sync Pull Push
Create Slave
Expunge Slave
E
unlike "$OUT" '(pull|push) on' "both ways"
like "$OUT" 'create near'$'\n''  delete-far mark' "Slave is near"
unlike "$OUT" 'delete-near' "what is gone there goes to the attic"
mbsync "a tool of theirs with a token" <<'E'
IMAPAccount x
Host x.test
AuthMechs XOAUTH2 PLAIN
PassCmd +"pass show x | head -1"
Timeout 20

Channel c
Far :f:
Near :n:
E
like "$OUT" 'auth xoauth2,plain'$'\n''  token-command pass show x \| head -1' \
    "as one of ours"
unlike "$OUT" '  timeout' "a timeout of another kind is not taken over"
mbsync "places" <<'E'
InfoDelimiter ;
SyncState ~/.cache/mbsync/

MaildirStore flat
Path ~/F/
Inbox ~/In/
Flatten .

MaildirStore old
Path ~/O/
Inbox ~/O/INBOX/
SubFolders Legacy
InfoDelimiter !

MaildirStore odd
Path ~/x-
Flatten ab

Channel c
Far :f:
Near :flat:

Channel d
Far :f:
Near :old:
SyncState *

Channel e
Far :f:a
Near :odd:a
E
like "$OUT" 'near ~/F/'$'\n''  inbox ~/In/'$'\n''  flatten \.'$'\n' \
    "an inbox elsewhere, and Flatten"
like "$OUT" 'info-delimiter ;'$'\n' "a global delimiter"
like "$OUT" 'former-state ~/.cache/mbsync'$'\n' "SyncState"
like "$OUT" 'near ~/O/'$'\n''  layout legacy'$'\n''  info-delimiter !' \
    "SubFolders Legacy, a delimiter of its own"
like "$OUT" '# not taken over: Flatten' "what is no separator is said"
like "$OUT" '# Path: there it is put before' "so is a Path that is no folder"
mbsync "servers, and what stands at the top" <<'E'
Sync Pull
Expunge Both

IMAPAccount a
Host a.test
RequireSSL no

IMAPAccount b
Host b.test
Port 993
TLSVersions -1.2

IMAPAccount c
Host c.test
RequireSSL yes

IMAPStore a
Account a

IMAPStore b
Account b

IMAPStore c
Account c

Channel c
Far :a:
# a comment ends no section
Near :n:
Sync Push

Channel d
Far :b:
Near :n:

Channel e
Far :c:
Near :n:
E
like "$OUT" 'imap imap://a.test'$'\n''  # without TLS there' \
    "RequireSSL no: without TLS"
like "$OUT" 'imap imaps://b.test:993'$'\n' "port 993: TLS from the first byte"
like "$OUT" 'tls-min 1.3' "no TLS 1.2"
like "$OUT" 'imap imap://c.test'$'\n''(account|sync) ' "RequireSSL yes: STARTTLS"
like "$OUT" 'create none'$'\n''  push on'$'\n''sync d' "its own Sync counts"
like "$OUT" 'pull on'$'\n''sync e' "else that at the top"
mbsync "a trash" <<'E'
IMAPStore t
Host t.test
User jo
Trash "[Gmail]/Trash"

Channel c
Far :t:
Near :n:
Patterns *
Expunge Both

Channel d
Far :t:
Near :n:
Sync Pull
E
is "$(grep -c '^  trash \[Gmail\]/Trash$' <<<"$OUT")" 1 \
    "is named where deletions go to the server"
mbsync "SubscribedOnly" <<'E'
IMAPStore s
Host s.test
User jo
SubscribedOnly yes

Channel c
Far :s:
Near :n:
E
like "$OUT" '  subscribed on'$'\n' "is said"
unlike "$OUT" 'not taken over: SubscribedOnly' "and not that it is not"

# words WANTED SYNC ...: what each side gets by that Sync
words() {
	mbsync "Sync ${*:2}" < <(printf '%s\n' 'Channel c' 'Far :f:' \
	    'Near :n:' 'Expunge Both' "Sync ${*:2}")
	is "$(sed -En 's/^  (near-gets|far-gets|pull|push)/\1/p' <<<"$OUT" |
	    tr '\n' ',')" "$1" "${*:2}"
}
words '' All
words '' Full
words '' Pull Push
words 'pull on,' Pull
words 'push on,' Push
words 'far-gets new,near-gets new,' New
words 'far-gets new,near-gets new flags,' PullFlags New
words 'near-gets gone,' Push PullGone
words 'far-gets new flags,near-gets new flags,' Pull Push New Flags
words 'pull on,near-gets gone,' Pull Gone
words 'pull on,near-gets gone,' PullDelete
words 'far-gets flags,' Pull PushFlags
words 'far-gets flags gone,near-gets new,' PullNew PushFlags PushGone
words 'far-gets flags,near-gets new flags,' PullNew Flags
words 'far-gets new,near-gets new,' New ReNew
like "$OUT" '# not taken over: Sync Old, ReNew, Upgrade' "ReNew is named"
words 'far-gets new,near-gets new flags,' PullNew PullFlags PullUpgrade PushNew
like "$OUT" '# not taken over: Sync Old, ReNew, Upgrade' "so is PullUpgrade"
unlike "$OUT" 'here it is both ways' "and nothing else"
mbsync "Sync None" <<'E'
Channel c
Far :f:
Near :n:
Sync None
E
like "$OUT" 'Channel c: not taken over: Sync None' "is said"
unlike "$OUT" '^sync|'$'\n''sync' "and is no section"

# What is Python code is named, with the way out; a key without a word is not.
cat > "$T/offlineimap" <<'E'
[general]
accounts = a
[Account a]
localrepository = l
remoterepository = r
[Repository l]
type = Maildir
localfolders = ~/Mail
sync_deletes = no
[Repository r]
type = IMAP
remotehost = h.test
remoteuser = jo
remotepasseval = get_pass("hunter2")
oauth2_access_token_eval = token()
subscribedonly = yes
E
status 0 "an .offlineimaprc" imapsync --import "$T/offlineimap"
like "$OUT" '# not taken over: remotepasseval: .*password-command' \
    "a password by Python code"
like "$OUT" '# not taken over: oauth2_access_token_eval: .*token-command' \
    "a token, too"
unlike "$OUT" 'hunter|get_pass' "and not the code"
like "$OUT" '  subscribed on'$'\n' "subscribed folders alone"
like "$OUT"$'\n' '  far-gets new flags'$'\n' "deletions here stay here"

# nametrans with groups is a rule with an expression, where it goes both ways
names() {	# re.sub's arguments, the line that is written
	{
		printf '%s\n' '[general]' 'accounts = a' '[Account a]' \
		    'localrepository = l' 'remoterepository = r' \
		    '[Repository l]' 'type = Maildir' 'localfolders = ~/M' \
		    '[Repository r]' 'type = IMAP' 'remotehost = h.test' \
		    'remoteuser = jo'
		printf 'nametrans = lambda f: re.sub(%s, f)\n' "$1"
	} > "$T/offlineimap"
	status 0 "nametrans: $1" imapsync --import "$T/offlineimap"
	is "$(grep -E '^  (map |# not taken over: nametrans)' <<<"$OUT")" \
	    "  $2" "is $2"
}
none='# not taken over: nametrans: say it with map'
names "r'^\[Gmail\]/(.*)\$', r'g/\1'" 'map g/\1 -> ~\[Gmail\]/(.*)'
names "r'^\[Gmail\]/Sent Mail\$', 'sent'" 'map sent -> ~\[Gmail\]/Sent Mail'
names "'^INBOX\.(.*)\$', r'\1'" 'map \1 -> ~INBOX/(.*)'
names "'^INBOX\.', ''" 'map * -> INBOX.*'
names "'^INBOX\.(\d+)', '\\\\1'" 'map \1\2 -> ~INBOX/([0-9]+)(.*)'
names "'^([^/]*)/(20..)\$', r'\g<2>-\1'" 'map \2-\1 -> ~([^/]*)/(20..)'
names "'a(.*)', r'\1'" "$none"			# in any place
names "'^(.*)/(.*)\$', r'\2'" "$none"		# one way
names "'^(.*)\.old\$', r'\1'" "$none"		# a dot, or the separator
names "'^(a+?)/b', r'\1'" "$none"		# POSIX has no such thing
names "'^(?i)x/(.*)', r'\1'" "$none"
names "'^x/(.*)\$', '\1'" "$none"		# Python has chr(1) there

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
# refuses TEXT WHY: what cannot be a configuration of mbsync
refuses() {
	printf '%b' "$1" > "$T/mbsyncrc"
	status 65 "$2" imapsync --import "$T/mbsyncrc"
	like "$ERR" "$2" "is said"
}
refuses 'IMAPStore far\nHost h\n\nIMAPStore far\nHost g\n' \
    'line 4: a section that is there already'
refuses 'IMAPStore far\nHost h\n\nChannel\n' 'line 4: a section without a name'
refuses 'IMAPStore far\nHost h\n\nChannel c\nFar :far:\nNear :none:\n' \
    'line 4: a Channel without a Far or a Near'

# The keys that an account of mbsync's becomes, "#" for a note; and its lines.
account() {
	printf '%s\n' 'IMAPAccount a' "${@:2}" '' 'IMAPStore f' 'Account a' \
	    '' 'MaildirStore n' 'Path ~/M/' '' 'Channel c' 'Far :f:' \
	    'Near :n:' > "$T/mbsyncrc"
	status 0 "${*:2}" imapsync --import "$T/mbsyncrc"
	is "$(sed -n '/^sync/q;s/^  //p' <<<"$OUT" | sed 's/^#.*/#/' |
	    paste -sd ,)" "$1" "is $1"
}
H='Host h.test' U='User jo'
account 'imap imap://h.test,user jo' "$H" "$U"
account 'imap imaps://h.test,user jo' "$H" "$U" 'TLSType IMAPS' 'SSLType None'
account 'imap imaps://h.test,user jo' "$H" "$U" 'SSLType IMAPS'
account 'imap imap://h.test,#,user jo' "$H" "$U" 'TLSType None'
account 'imap imaps://h.test,user jo' "$H" "$U" 'UseIMAPS yes'
account 'imap imap://h.test,user jo' "$H" "$U" 'UseIMAPS no'
account 'imap imap://h.test,#,user jo' "$H" "$U" 'RequireSSL no'
account 'imap imap://h.test,user jo' "$H" "$U" 'RequireSSL yes'
account 'imap imaps://h.test:993,user jo' "$H" "$U" 'Port 993'
account 'imap imap://h.test:993,user jo' "$H" "$U" 'Port 993' 'UseIMAPS no'
account 'imap imaps://h.test,user jo' 'Host imaps:h.test' "$U"
account 'imap imap://h.test,user jo' 'Host imap:h.test' "$U"
account 'imap imap://localhost,#,user jo,connect-command ssh h.test imapd,tls off' \
    "$U" 'Tunnel "ssh h.test imapd"'
account 'imap imap://h.test:993,#,user jo,connect-command ssh h.test imapd,tls off' \
    "$H" "$U" 'Tunnel "ssh h.test imapd"' 'Port 993'
account 'imap imap://h.test,user jo,connect-command socat - h:143' \
    "$H" "$U" 'Tunnel "socat - h:143"' 'TLSType STARTTLS'
account 'imap imap://h.test,user jo' "$H" "$U" 'AuthMechs *'
account 'imap imap://h.test,user jo,auth scram-sha-1,plain' \
    "$H" "$U" 'AuthMechs * SCRAM-SHA-1 PLAIN'
account 'imap imap://h.test,user jo,auth login' "$H" "$U" 'AuthMech LOGIN'
account 'imap imap://h.test,user jo,auth xoauth2,token-command token jo' \
    "$H" "$U" 'AuthMechs XOAUTH2' 'PassCmd "+token jo"'
account 'imap imap://h.test,user jo,password-command pass jo' \
    "$H" "$U" 'PassCmd "+pass jo"' 'Pass x'
account 'imap imap://h.test,user jo,#' "$H" "$U" 'Pass hunter2'
account 'imap imap://h.test,user jo,ca /ca,cert /c,key /k' \
    "$H" "$U" 'CertificateFile /ca' 'ClientCertificate /c' 'ClientKey /k'
account 'imap imap://h.test,user jo,tls-min 1.3' \
    "$H" "$U" 'SSLVersions TLSv1.3'
account 'imap imap://h.test,user jo' "$H" "$U" 'SSLVersions TLSv1.2 TLSv1.3'
account 'imap imap://h.test,user jo,tls-min 1.3' "$H" "$U" 'TLSVersions -1.2'
account 'imap imap://h.test,user jo' "$H" "$U" 'TLSVersions +1.3'

# Those of a channel: a line is of the top (t:), a store (f:, n:), or its own.
channel() {
	local want=$1 t=() f=() n=() c=() path='Path ~/M/' line
	local far='Far :f:' near='Near :n:'
	shift
	for line in "$@"; do
		case $line in
		t:*) t+=("${line#?:}") ;;
		f:*) f+=("${line#?:}") ;;
		n:Path*) path=${line#?:} ;;
		n:*) n+=("${line#?:}") ;;
		Far* | Master*) far=$line ;;
		Near* | Slave*) near=$line ;;
		*) c+=("${line#?:}") ;;
		esac
	done
	printf '%s\n' "${t[@]}" '' 'IMAPStore f' 'Host h.test' 'User jo' \
	    "${f[@]}" '' 'MaildirStore n' "$path" "${n[@]}" '' 'Channel c' \
	    "$far" "$near" "${c[@]}" > "$T/mbsyncrc"
	status 0 "$*" imapsync --import "$T/mbsyncrc"
	is "$(sed -n '/^sync/,/^$/s/^  //p' <<<"$OUT" | sed 's/^#.*/#/' |
	    paste -sd ,)" "$want" "is $want"
}
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,delete-far mark,delete-near mark'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none' 'Expunge Both'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,delete-far mark' \
    'Expunge Near'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,delete-near mark' \
    'Expunge Master'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,delete-far mark,delete-near mark' \
    't:Expunge Both' 'Expunge None'
channel 'near ~/M/,inbox ~/Maildir,patterns *,create none' \
    'Expunge Both' 'Patterns *'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX Mail/* !INBOX,map * -> Mail/*,create none' \
    'Expunge Both' 'Patterns * !INBOX' 'f:Path Mail/'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX INBOX Mail/% !Mail/x,map * -> Mail/*,create none' \
    'Expunge Both' 'Patterns INBOX % !x' 'f:Path Mail/'
channel 'near ~/M/,patterns Listsa Listsb,map * -> Lists*,create none' \
    'Expunge Both' 'Far :f:Lists' 'Patterns a b'
channel 'near ~/M/,patterns Sent,map sent -> Sent,#,create none' \
    'Expunge Both' 'Far :f:Sent' 'Near :n:sent'
channel 'near ~/M/,patterns Mail/Sent,create none' \
    'Expunge Both' 'Far :f:Sent' 'f:Path Mail/' 'Near :n:Mail/Sent'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,map in -> INBOX,#,create none' \
    'Expunge Both' 'Near :n:in'
channel 'near ~/M/,patterns Sent,map INBOX -> Sent,#,create none' \
    'Expunge Both' 'Far :f:Sent' 'Near :n:'
channel 'near ~/M/,inbox ~/In,patterns INBOX,create none' \
    'Expunge Both' 'n:Inbox ~/In'
channel 'near ~/M/,inbox ~/M//INBOX/,patterns INBOX,create none' \
    'Expunge Both' 'n:Inbox ~/M//INBOX/'
channel 'near ~/M/,patterns INBOX,create none' \
    'Expunge Both' 'n:Inbox ~/M/INBOX/'
channel 'near ~/M/,patterns Sent,create none' \
    'Expunge Both' 'Far :f:Sent' 'Near :n:Sent' 'n:Inbox ~/In'
channel 'near ~/Maildir,layout maildir++,patterns INBOX,create none' \
    'Expunge Both' 'n:SubFolders Maildir++'
channel 'near ~/In,layout maildir++,patterns INBOX,create none' \
    'Expunge Both' 'n:SubFolders Maildir++' 'n:Inbox ~/In'
channel 'near ~/Maildir,layout maildir++,patterns Sent,create none' \
    'Expunge Both' 'n:SubFolders Maildir++' 'Far :f:Sent' 'Near :n:Sent'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none' \
    'Expunge Both' 'Far :f:INBOX' 'f:Path Mail/'
channel 'near ~/M/,inbox ~/Maildir,layout legacy,patterns INBOX,create none' \
    'Expunge Both' 'n:SubFolders Legacy'
channel 'near ~/M/,inbox ~/Maildir,flatten .,#,patterns INBOX,create none' \
    'Expunge Both' 'n:Flatten .'
channel 'near ~/M/,inbox ~/Maildir,info-delimiter ;,patterns INBOX,create none' \
    'Expunge Both' 't:InfoDelimiter ;'
channel 'near ~/M/,inbox ~/Maildir,info-delimiter !,patterns INBOX,create none' \
    'Expunge Both' 't:InfoDelimiter ;' 'n:InfoDelimiter !'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,former-state ~/s,create none' \
    'Expunge Both' 'SyncState ~/s/'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,former-state ~/own,create none' \
    'Expunge Both' 't:SyncState ~/s/x-' 'SyncState ~/own/'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,former-state ~/s,create none' \
    'Expunge Both' 't:SyncState ~/s/x-'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none' \
    'Expunge Both' 'SyncState *'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none' \
    'Expunge Both' 'SyncState /x'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,trash Mail/Trash' \
    'Expunge Both' 'f:Trash Trash' 'f:Path Mail/'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,delete-far mark,#' \
    'Expunge Near' 'f:Trash Trash'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,pull on,#' \
    'Expunge Both' 'Sync Pull' 'f:Trash Trash'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create near' \
    'Expunge Both' 'Create Near'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create far' \
    'Expunge Both' 't:Create Both' 'Create Far'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,folders delete' \
    'Expunge Both' 'Remove Both'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none,#' \
    'Expunge Both' 'Remove Near'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create none' \
    'Expunge Both' 'Remove None'
channel 'subscribed on,near ~/M/,inbox ~/Maildir,patterns INBOX,create none' \
    'Expunge Both' 'f:SubscribedOnly yes'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create far,push on' \
    'Far :n:' 'Near :f:' 'Sync Pull' 'Create Near' 'Expunge Near'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create near,delete-far mark' \
    'Far :n:' 'Near :f:' 'Create Far' 'Expunge Far'
channel 'near ~/M/,inbox ~/Maildir,patterns INBOX,create near,delete-far mark' \
    'Master :f:' 'Slave :n:' 'Create Slave' 'Expunge Slave'
# The keys that an .offlineimaprc becomes: a line is of [general] (g:), of
# [DEFAULT] (d:), of the local (l:) or of the remote repository.
offline() {
	local want=$1 g=() d=() l=() r=() host='remotehost = h.test' line
	local type='type = IMAP' rc=0
	[ -n "$want" ] || rc=65		# nothing to do with it
	shift
	for line in "$@"; do
		case $line in
		g:*) g+=("${line#?:}") ;;
		d:*) d+=("${line#?:}") ;;
		l:*) l+=("${line#?:}") ;;
		type*) type=$line host= ;;
		*tunnel*) r+=("$line") host= ;;
		*) r+=("$line") ;;
		esac
	done
	printf '%s\n' '[DEFAULT]' "${d[@]}" '[general]' "${g[@]:-accounts = a}" \
	    '[Account a]' 'localrepository = l' 'remoterepository = r' \
	    '[Repository l]' 'type = Maildir' 'localfolders = ~/M' "${l[@]}" \
	    '[Repository r]' "$type" "$host" 'remoteuser = jo' "${r[@]}" \
	    > "$T/offlineimap"
	status "$rc" "offlineimap: $*" imapsync --import "$T/offlineimap"
	is "$(sed -n '2,${s/^ *#.*/#/;s/^  //p;s/^#/&/p;}' <<<"$OUT" |
	    paste -sd ,)" "$want" "is $want"
}
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both'
offline 'imap imaps://h.test,user jo,#,near ~/M,flatten .,create both' \
    'remotepass = hunter2'
offline 'imap imaps://h.test,user jo,password-file ~/pw,near ~/M,flatten .,create both' \
    'remotepass = hunter2' 'remotepassfile = ~/pw'
offline 'imap imaps://h.test,user jo,password-file /d/p%w,near ~/M,flatten .,create both' \
    'remotepassfile = %(dir)s/p%%w' 'd:dir = /d'
offline 'imap imaps://h.test,user jo,password-file /own/pw,near ~/M,flatten .,create both' \
    'remotepassfile = %(dir)s/pw' 'd:dir = /d' 'dir = /own'
offline 'imap imaps://imap.gmail.com,user jo,near ~/M,flatten .,create both' \
    'type = Gmail'
offline 'imap imap://h.test,user jo,near ~/M,flatten .,create both' 'ssl = no'
offline 'imap imap://h.test,#,user jo,near ~/M,flatten .,create both' \
    'ssl = no' 'starttls = no'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,#' \
    'ssl = yes' 'starttls = no'
offline 'imap imap://localhost,#,user jo,connect-command ssh h imapd,tls off,near ~/M,flatten .,create both' \
    'preauthtunnel = ssh h imapd'
offline 'imap imap://localhost,#,user jo,connect-command socat - h:143,tls off,near ~/M,flatten .,create both' \
    'transporttunnel = socat - h:143'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,push on' \
    'l:readonly = yes'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,pull on' \
    'readonly = yes'
offline '' 'readonly = yes' 'l:readonly = yes'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,near-gets new flags' \
    'sync_deletes = no'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,far-gets new flags' \
    'l:sync_deletes = no'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,delete-far mark' \
    'expunge = no'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create near' \
    'createfolders = no'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create far' \
    'l:createfolders = no'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create none' \
    'createfolders = no' 'l:createfolders = no'
offline 'imap imaps://h.test,user jo,near ~/M,create both' 'l:sep = /'
offline 'imap imaps://h.test,user jo,near ~/M,flatten _,create both' \
    'l:sep = _'
offline '' 'g:accounts = b'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both' \
    'g:accounts = b, a'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,#' \
    'l:nametrans = lambda x: x + "a"'
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,map near -> far' \
    "nametrans = lambda x: {'far': 'near'}.get(x, x)"
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,#' \
    "nametrans = lambda x: {'far': 'near'}.get(x, x).lower()"
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,#' \
    "nametrans = lambda x: re.sub('^A', 'B', x).lower()"
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both,#' \
    "nametrans = lambda x: re.sub('A', 'B', x)"
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,patterns a b c,create both' \
    "folderfilter = lambda f: f in ['a', 'b']" "folderincludes = ['c']"
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,create both' \
    "folderincludes = ['c']"
offline 'imap imaps://h.test,user jo,near ~/M,flatten .,patterns !a,create both' \
    "folderfilter = lambda f: f not in ['a']"
done_testing
