#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whole systems: up, looked at, down, in each of the ways there are.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"
tree_inittab "$WORK/old"
tree_static "$WORK/bare"

boot web
like "$(cat "/proc/$leader/comm")" '^(init|sh|busybox)$' 'the leader is the init'
is "$(inside hostname)" web 'the host name is the name of the machine'
is "$(cat /run/redd/machines/web/state >/dev/null && echo there)" there 'the machine is in the registry'
ok 'a second start of the same name is refused' \
        sh -c '! "$REDD" run -q -D "$1" -M web true 2>"$1.err" && grep -q web "$1.err"' sh "$WORK/web"
stop TERM
is "$status" 0 'SIGTERM to the supervisor powers off'
like "$(cat "$WORK/web.log")" 'init: powering off' 'the init was asked to'
host_is_as_before 'and nothing is left'

boot web
stop INT
is "$status" 0 'SIGINT ends it as well'

boot web
inside sh -c 'kill -s 38 1'
await_end "$supervisor"
is "$status" 0 'a power-off from inside gives 0'

boot web --keep-unit
inside sh -c 'kill -s 39 1'
await_end "$supervisor"
is "$status" 133 'with --keep-unit a reboot gives 133, for the service manager to start it anew'

boot web
kill -s KILL "$leader"
await_end "$supervisor"
isnt "$status" 0 'an init that is killed is no success'

boot web --private-users=pick --private-users-ownership=map --private-network
like "$(cat "/proc/$leader/uid_map")" '^ *0 +[1-9][0-9]* +65536$' 'it boots with private users'
stop
is "$status" 0 'and powers off'

boot old --kill-signal=SIGUSR2
is "$(cat "/proc/$leader/comm")" init 'busybox'\''s own init boots'
stop
is "$status" 0 '--kill-signal= speaks its language'

boot bare
is "$(inside /usr/bin/helper exit 5; echo $?)" 5 'a system of one static program boots, and is entered'
stop
is "$status" 0 'and powers off'

done_testing
