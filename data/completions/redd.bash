# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of redd and of the names it answers to, for bash. What can follow, 'redd complete' says.

_redd()
{
    local program=${1##*/} line=${COMP_LINE:0:COMP_POINT} candidate head cut
    local -a words
    COMPREPLY=()
    # not COMP_WORDS: bash parts words at = and : as well
    read -r -a words <<<"$line"
    case $line in
        *[[:blank:]]) words+=('') ;;
    esac
    cut=${words[${#words[@]}-1]}
    while IFS=$'\t' read -r candidate _; do
        COMPREPLY+=("$candidate")
    done < <(redd complete "$program" "${words[@]:1}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -gt 0 ]] || return 0
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
    # what bash takes for a word of its own is not repeated
    head=${cut%"${cut##*[=:@]}"}
    case $COMP_WORDBREAKS in
        *[=:@]*) [[ -z $head || $head != *["$COMP_WORDBREAKS"] ]] || COMPREPLY=("${COMPREPLY[@]#"$head"}") ;;
    esac
}
complete -o default -F _redd redd
