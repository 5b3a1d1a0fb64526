#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tiny system boots, reboots in place, and goes down in each way; what was made for it goes with it.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"
printf '%s\n' '#!/bin/sh' 'echo "rc: $((n = $(cat /boots 2>/dev/null || echo 0) + 1))"; echo $n >/boots' >"$WORK/web/etc/rc"
chmod 755 "$WORK/web/etc/rc"

boot web
ok 'the registry knows it' test -s /run/redd/machines/web/state
kill -s 39 "$leader"
ok 'a reboot brings it up again, in place' await_line web.log '^rc: 2'
ok 'the supervisor is the same' kill -0 "$supervisor"
ok 'and it is up' await_line web.log '^init: rebooting'
while new=$(sed -n 's/^LEADER=//p' /run/redd/machines/web/state) && [ "$new" = "$leader" ]; do "$HELPER" pause 1000; done
leader=$new
ok 'the registry has its new leader' kill -0 "$leader"
is "$(inside hostname)" web 'which can be entered'
stop
is "$status" 0 'and goes down at SIGTERM'
host_is_as_before 'nothing is left of either boot'

boot web --private-users=pick --private-users-ownership=map --private-network --tmpfs=/mnt --bind="$WORK:/opt"
kill -s 38 "$leader"
await_end "$supervisor"
is "$status" 0 'a power-off from inside'
like "$(cat web.log)" 'init: powering off' 'in its own time'
host_is_as_before 'nothing is left'
boot web --ephemeral
stop INT
is "$status" 0 'an ephemeral one'
is "$(cat "$WORK/web/boots")" 3 'whose boots do not count'

done_testing
