#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd attach and redd detach: several at one console, which is none of theirs.
. "${0%/*}/../../lib/lib.sh"
needs python3
begin
tree_busybox "$WORK/web"
cat >"$WORK/web/etc/rc" <<'END'
#!/bin/sh
(while read line; do echo "heard $line"; case $line in size) stty size ;; esac; done </dev/console >/dev/console 2>&1) &
END
chmod 755 "$WORK/web/etc/rc"
boot web --console=passive

run python3 "$LIB/at_terminal.py" 'Attached|heard' 'hello\n|\x1d\x1d\x1d' "$REDD" attach web
like "$out" '^Attached to the console of machine web\. Press' 'attach says where it leads'
like "$out" '^heard hello$' 'what is typed is heard'
like "$out" '^Left the console of machine web\.$' '^] three times leaves'
like "$out" '^status 0 restored$' 'with the terminal as it was'
run python3 "$LIB/at_terminal.py" 'Attached|101' '\nsize\n|\x1d\x1d\x1d' "$REDD" attach web
like "$out" '^33 101$' 'the console has the size of who came last'
is "$(cat "/proc/$leader/comm")" init 'the machine runs on'

mkfifo first second
exec 8<>first 9<>second
"$REDD" -q attach web <first >one 2>&1 &
one=$!
"$REDD" -q attach web <second >two 2>&1 &
two=$!
# a line end first: what leaves typed two ^] before the third one counted
printf '\ntogether\n' >&8
ok 'one sees what is typed' await_line one 'heard together'
ok 'the other one, too' await_line two 'heard together'
echo of-two >&9
ok 'and both may type' await_line one 'heard of-two'
run "$REDD" detach web
is "$status" 0 'detach sends them away'
"$HELPER" wait "$one" 20
"$HELPER" wait "$two" 20
status=0
wait "$one" || status=$?
is "$status" 0 'and they end well'
wait "$two"
"$REDD" -q attach web </dev/null >three 2>&1 &
three=$!
echo gone | "$REDD" -q attach web >four 2>&1 &
four=$!
await_line three 'heard gone'
stop
"$HELPER" wait "$three" 20
"$HELPER" wait "$four" 20
status=0
wait "$three" || status=$?
is "$status" 0 'the end of the machine is the end of it'
wait "$four"
run "$REDD" attach web
is "$status" 1 'there is no console of what does not run'
start pipes "$REDD" run -q -D "$WORK/web" -M pipes --pipe sh -c 'helper notify READY=1; exec sleep 100000'
run "$REDD" attach pipes
like "$err" 'the machine has no console: its payload speaks over pipes' 'nor of a payload with pipes'
stop KILL "$leader"
done_testing
