#!/usr/bin/env bash
# Completion in bash, zsh and fish: options, values, and the names of accounts,
# sections and folders; installed as make install does it.
set -u
. "$(dirname "$0")/../lib.sh"
export HOME=$T XDG_CONFIG_HOME=$T/config
make -s -C "$ROOT" install DESTDIR="$T/root" PREFIX=/usr > "$T/log" 2>&1 ||
	diag "$(tail -n 5 "$T/log")"
export POSTBAG_COMPLETE=$T/root/usr/share/postbag/complete
PATH=$T/root/usr/bin:$PATH
mkdir -p "$T/config/postbag" "$T/Mail/INBOX/cur" "$T/Mail/Lists/dev/cur" "$T/Mail/.Old.2020/cur"
cat > "$T/config/postbag/config" <<'C'
account work
  smtp smtps://x.example
account wide : work
  from x@x.example
fetch inbox : work
  deliver maildir:x
sync all : work
  near ~/Mail
C
printf 'account else\n' > "$T/other"
: > "$T/a file"

# ---- what there is, as all three have it

may() {		# WORDS|... of "complete NOW TOOL WORD..."
	"$POSTBAG_COMPLETE" "$@" | cut -f 1 | xargs -d '\n' | tr ' ' '|'
}
is "$(may '' mailsend --quit-after)" 'connect|ehlo|auth|rcpt' 'the values of a choice, from the table'
is "$(may '' portprobe --dane)" 'auto|off|require' 'of another one'
is "$(may '' mailsend -A)" 'wide|work' 'accounts'
is "$(may '' mailsend --save)" 'maildir:|off|imap:wide|imap:work' 'where a copy is kept: accounts, too'
is "$(may '' mailfetch)" 'inbox|wide|work' 'mailfetch: sections and accounts'
is "$(may '' imapsync)" 'all|wide|work|list|body|state' 'imapsync: sections, accounts and verbs'
is "$(may '' imapsync state)" 'all|wide|work|dump|check|rebuild' 'and what follows a verb'
like "$(may '' mailfetch work -f)" '^INBOX.Lists/dev.Old/2020.*Junk' 'folders'
like "$(may mx, mxlookup -C)" '(^|[|])mx,spf[|].*mx,caa' 'a list goes on behind its comma'
is "$(may success,failure, mailsend --dsn)" \
	'success,failure,never|success,failure,success|success,failure,failure|success,failure,delay' \
	'and behind the second one'
like "$(may -- mailsend)" '--subject' 'options'
is "$(may '' imapsync --config "$T/other" -A)" 'else' 'accounts of another file'
is "$(may '' mail-setup -k)" 'keyring|pass|file|systemd-creds|token|ask' "mail-setup's ways"
is "$(may '' mail-alert -k)" '' 'which are no ways of another script'
is "$(may '' mail-ping)" 'wide|work' "mail-ping: accounts"
is "$(may '' mail-alert)" '' 'but a command has none'
is "$(may '' portprobe)" 'mx:|srv:' 'portprobe: what leads to hosts'
is "$(may '' mailsend --delete)$(may '' mailfetch --delete)" 'never|now|after:' 'of an option that a tool has'
is "$(may x mailsend --subject)$(may x mailsend)" '' 'nothing where anything may stand'
like "$(may - mail-ping)" '(^|[|])-N([|]|$)' "a script's letters"
for tool in mailsend mailfetch mxlookup portprobe imapsync; do
	is "$("$POSTBAG_COMPLETE" -- $tool | cut -f 1)" \
		"$($tool --options | cut -f 2 | sed 's/^/--/')" "$tool: all its options"
done

# ---- bash

in_bash() {	# WORD...: the last one is typed
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
		compopt() { :; }
		_postbag "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$T/root/usr/share/bash-completion/completions/$1" "$@" | xargs
}
is "$(in_bash mailsend --quit-after a)" auth 'bash: a value'
is "$(in_bash mailfetch -A wo)" work 'bash: an account'
is "$(in_bash imapsync a)" all 'bash: a section'
is "$(in_bash mailsend --quit)" --quit-after 'bash: an option'
is "$(in_bash mailfetch -f Li)" Lists/dev 'bash: a folder'

# ---- fish

if command -v fish > /dev/null; then
	in_fish() { fish --no-config -c "source $T/root/usr/share/fish/vendor_completions.d/mailsend.fish; complete -C '$1'" 2> "$T/err" | cut -f 1 | xargs; }
	is "$(in_fish 'mailsend --quit-after a')" auth 'fish: a value'
	is "$(in_fish 'mailfetch -A wo')" work 'fish: an account'
	is "$(in_fish 'imapsync al')" all 'fish: a section'
	like "$(in_fish 'mailsend --quit')" '--quit-after' 'fish: an option'
	is "$(in_fish 'mailfetch -f Li')" Lists/dev 'fish: a folder'
	cd "$T" || exit
	like "$(in_fish 'mailsend --html a')" 'a file' 'fish: a file'
else
	skip 'fish' 'fish is not installed'
fi

# ---- zsh: by a terminal, for its completion is part of the line editor

if command -v zsh > /dev/null; then
	# A key shows the line that there is then, and runs nothing.
	cat > "$T/zsh.py" <<'P'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.execvp("zsh", ["zsh", "-f", "-i"])
said = b""
def until(what, seconds=60):
    end = time.time() + seconds
    global said
    while what not in said and time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            said += os.read(fd, 65536)
def put(text):
    os.write(fd, text.encode())
put("PS1=; fpath=(%s $fpath); autoload -U compinit; compinit -u -D; "
    "show() { print; print -r -- \"[$BUFFER]\"; BUFFER=; zle .redisplay }; "
    "zle -N show; bindkey '^G' show; print READ''Y\n" % sys.argv[1])
until(b"READY")
for line in sys.argv[2:]:
    said = b""
    put(line + "\t\x07")
    until(b"]")
    text = said.decode("utf-8", "replace")
    print(text[text.rindex("[") + 1:text.rindex("]")].strip())
put("exit\n")
P
	python3 "$T/zsh.py" "$T/root/usr/share/zsh/site-functions" \
		'mailsend --quit-after a' 'mailfetch -A wo' 'imapsync al' \
		'mailsend --quit' 'mailfetch -f Li' > "$T/zsh"
	is "$(cat "$T/zsh")" 'mailsend --quit-after auth
mailfetch -A work
imapsync all
mailsend --quit-after
mailfetch -f Lists/dev' 'zsh: a value, an account, a section, an option, a folder'
else
	skip 'zsh' 'zsh is not installed'
fi
done_testing
