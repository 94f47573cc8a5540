# shellcheck shell=bash
# Completion for bash: put into /usr/share/bash-completion/completions under the
# name of each tool, or sourced from ~/.bashrc.  See the file complete.
_postbag() {
	local now=$2 list
	# bash takes a colon and an equals sign for the end of a word
	if declare -F _get_comp_words_by_ref > /dev/null; then
		local cur words cword
		_get_comp_words_by_ref -n := cur words cword
		now=$cur
		set -- "${words[@]:0:cword}"
	else
		set -- "${COMP_WORDS[@]:0:COMP_CWORD}"
	fi
	mapfile -t list < <("${POSTBAG_COMPLETE:-@SHAREDIR@/complete}" "$now" "$@" 2> /dev/null |
	    cut -f 1)
	COMPREPLY=()
	local word
	for word in "${list[@]}"; do
		[[ $word != "$now"* ]] || COMPREPLY+=("$(printf %q "$word")")
	done
	[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[:/,] ]] || compopt -o nospace
	if declare -F __ltrim_colon_completions > /dev/null; then
		__ltrim_colon_completions "$now"
	fi
}
complete -o default -F _postbag @COMMANDS@
