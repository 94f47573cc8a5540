# Completion for fish: in vendor_completions.d, under the name of each tool.  See
# the file complete.
function __postbag_complete
    set -l helper @SHAREDIR@/complete
    set -q POSTBAG_COMPLETE; and set helper $POSTBAG_COMPLETE
    set -l now (commandline -ct)
    set -l list ($helper "$now" (commandline -opc) 2>/dev/null)
    if test (count $list) -gt 0
        printf '%s\n' $list
    else
        __fish_complete_path "$now"
    end
end
for command in @COMMANDS@
    complete -c $command -f -a '(__postbag_complete)'
end
