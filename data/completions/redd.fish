# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of redd for fish. What can follow, 'redd complete' says.

function __redd_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (redd complete (string replace -r '.*/' '' -- $words[1]) $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c redd -f -a '(__redd_complete)'
