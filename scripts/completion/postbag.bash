# shellcheck shell=bash
# Completion for bash: the tools say themselves, by --options, what there is.
# Sourced from ~/.bashrc, or put into /usr/share/bash-completion/completions
# under the name of each tool.

# What may follow OPTION of TOOL: its argument's name, or nothing.
_postbag_argument() {
	"$1" --options 2>/dev/null | awk -F '\t' -v o="$2" \
		'o == "--" $2 || ($1 != "-" && o == "-" $1) { print $3 }'
}

_postbag() {
	local now=${COMP_WORDS[COMP_CWORD]} words= arg
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	COMPREPLY=()
	arg=$(_postbag_argument "$1" "$before")
	case $arg in
	MODE)	words='implicit starttls off'
		[ "${1##*/}" != portprobe ] || words="auto $words"
		[ "${1##*/}" != mailsend ] || words="may $words" ;;
	KIND)	words='mboxrd ndjson files' ;;
	VERSION) words='1.0 1.1 1.2 1.3' ;;
	[a-z]*\|*) words=${arg//|/ } ;;
	STEP)	words='connect ehlo auth rcpt' ;;
	NAME)	case $before in
		-A|--account)
			words=$(awk '$1 == "account" { print $2 }' \
			    "${XDG_CONFIG_HOME:-$HOME/.config}/postbag/config" \
			    2>/dev/null) ;;
		esac ;;
	'')	[[ $now = -* ]] || return
		words=$("$1" --options 2>/dev/null |
		    awk -F '\t' '{ print "--" $2 }') ;;
	esac
	[ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$now")
}
complete -o default -F _postbag mailsend mailfetch mxlookup portprobe imapsync
