#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What can follow on a command line: as the program says, and as bash, zsh and fish bring it under the cursor.
. "${0%/*}/../../lib/lib.sh"
begin
needs bash
tree_static "$WORK/web"
mkdir -p "$WORK/bin" /var/lib/machines/image-a/usr /var/lib/machines/image-b/usr
ln -s "$REDD" "$WORK/bin/redd"
PATH=$WORK/bin:$PATH
export HOME="$WORK" TERM=dumb
boot web

# follows WORD... : the words offered, without what they mean
follows() {
        redd complete "$@" | cut -f1 | tr '\n' ' '
}
is "$(follows redd sta)" 'status start stats ' 'verbs by their beginning'
like "$(redd complete redd stat | head -n 1)" "$(printf '^status\tshow what machines are')" 'with what they mean'
is "$(follows machinectl complete)" '' 'what only completion asks for is no verb to offer'
is "$(follows redd status '')" 'web ' 'names of machines that run'
is "$(follows redd status web '')" 'web ' 'again where there may be several'
is "$(follows redd attach web '')" '' 'and not where there may be one'
is "$(follows redd remove im)" 'image-a image-b ' 'names of images'
is "$(follows redd why '')" 'web image-a image-b ' 'of both'
is "$(follows redd -q shell root@)" 'root@web ' 'a user may stand before the name'
is "$(follows redd exec web -)" '' 'what follows a name there is the machine'"'"'s own'
is "$(follows redd logs -n '')" '' 'the argument of an option is no name'
is "$(follows redd autostart st)" 'start stop ' 'fixed words of a verb'
is "$(follows redd list --max)" '--max-addresses= ' 'options of a verb'
is "$(follows redd status --max)" '' 'and of no other'
is "$(follows machinectl --max)" '--max-addresses= ' 'machinectl takes all with all'
is "$(follows importctl pull-t)" 'pull-tar ' 'importctl has its own verbs'
is "$(follows redd run --private-users-own)" '--private-users-ownership= ' 'options of a run'
like "$(follows systemd-nspawn --private-users-ownership=)" '=map ' 'and their values'
is "$(follows redd config ima)" 'image-a image-b ' 'images for redd config'
run redd complete
is "$status" 1 'without words it has nothing to say'

# line TEXT: what bash makes of it at its end
line() {
        bash --norc --noprofile -c 'compopt() { :; }
                . "$1"; COMP_LINE=$2 COMP_POINT=${#2}
                _redd redd; printf "%s " "${COMPREPLY[@]}"' bash "$TOP/data/completions/redd.bash" "$1"
}
is "$(line 'redd sta')" 'status start stats ' 'bash: a verb'
is "$(line 'redd status ')" 'web ' 'bash: a name'
is "$(line 'redd run --private-users-ownership=m')" 'map ' 'bash: a value, without what stands before it'
is "$(line 'redd shell root@w')" 'web ' 'bash: a name behind that of a user, which bash takes for a word of its own'

if command -v fish >/dev/null 2>&1; then
        fished=$(fish --no-config -c 'source $argv[1]; complete -C "redd sta"; complete -C "redd status "' \
                "$TOP/data/completions/redd.fish" 2>&1)
        is "$(printf '%s\n' "$fished" | cut -f1 | sort | tr '\n' ' ')" 'start stats status web ' 'fish: verbs, and a name'
else
        skip 'fish' 'fish is not installed'
fi

if command -v zsh >/dev/null 2>&1; then
        cat >"$WORK/drive.zsh" <<'END'
zmodload zsh/zpty
# complete LINE: what a widget of completion makes of it
complete_line() {
    local out
    zpty shell 'TERM=dumb zsh -f -i'
    zpty -w shell "PS1=''; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -d $2/dump; show() { print -r -- \"<<\$BUFFER>>\"; BUFFER= }; zle -N show; bindkey '^I' complete-word '^X' show; print RE''ADY"
    zpty -r -m shell out '*READY*'
    zpty -n -w shell "$3"$'\t\C-x'
    zpty -r -m shell out '*<<*>>*'
    zpty -d shell
    print -r -- "${${out##*<<}%%>>*}"
}
complete_line "$@"
END
        typed() {
                timeout 60 zsh -f "$WORK/drive.zsh" "$TOP/data/completions" "$WORK" "$1" 2>&1 | tr -d '\r'
        }
        is "$(typed 'redd terminat')" 'redd terminate ' 'zsh: a verb'
        is "$(typed 'redd stop w')" 'redd stop web ' 'zsh: a name'
        is "$(typed 'redd list --max')" 'redd list --max-addresses=' 'zsh: an option that wants a value'
else
        skip 'zsh' 'zsh is not installed'
fi
stop
rm -rf /var/lib/machines/image-a /var/lib/machines/image-b
done_testing
