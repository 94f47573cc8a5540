#compdef @COMMANDS@
# Completion for zsh: as _postbag in a folder of $fpath.  See the file complete.
_postbag() {
	local line word
	local -a shown names
	while IFS= read -r line; do
		word=${line%%$'\t'*}
		names+=("$word")
		shown+=("${word}${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
	done < <("${POSTBAG_COMPLETE:-@SHAREDIR@/complete}" "${(Q)words[CURRENT]}" "${(@Q)words[1,CURRENT-1]}" 2> /dev/null)
	if (( $#names )); then
		compadd -l -d shown -a names
	else
		_files
	fi
}
_postbag "$@"
