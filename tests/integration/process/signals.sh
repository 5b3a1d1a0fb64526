#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Signals to the supervisor, and what they mean to what runs in the container.
# sanitized too
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"
cat >"$WORK/web/deaf" <<'END'
#!/bin/sh
for signal in 1 2 3 10 12 15 37 38 39; do
        trap "echo heard $signal" $signal
done
helper notify READY=1
while :; do
        sleep 1000 &
        wait $!
done
END
chmod 755 "$WORK/web/deaf"

# up OPTION...: /deaf in the container
up() {
        start web "$REDD" run -q -D "$WORK/web" -M web --notify-ready=yes "$@" /deaf
}

up
stop
is "$status" 1 'a command is not asked: SIGTERM to the supervisor ends it'
up --kill-signal=SIGUSR1
kill -TERM "$supervisor"
ok 'with --kill-signal= it is' await_line web.log '^heard 10'
like "$(cat web.log)" 'Trying to halt container' 'which is said'
kill -TERM "$supervisor"
await_end "$supervisor"
is "$status" 1 'the second time it is killed'
unlike "$(cat web.log)" '^heard 15' 'without being told'
up --kill-signal=RTMIN+3
kill -HUP "$supervisor"
ok 'SIGHUP to the supervisor asks as well' await_line web.log '^heard 37'
stop KILL
ok 'when the supervisor is killed, the container goes with it' "$HELPER" wait "$leader" 10
run "$REDD" run -q --cleanup -M web
is "$status" 0 'and --cleanup takes back what it had'
host_is_as_before 'all of it'

boot web
kill -TERM "$supervisor"
await_end "$supervisor"
is "$status" 0 'an init is asked to power off'
like "$(cat web.log)" 'init: powering off' 'in its own language'

up --kill-signal=SIGUSR1 --private-users=pick --private-users-ownership=map
kill -TERM "$supervisor"
ok 'one with users of its own hears it, too' await_line web.log '^heard 10'
stop
kill -0 "$leader" 2>/dev/null && dead=no || dead=yes
is "$dead" yes 'and is gone in the end'

done_testing
