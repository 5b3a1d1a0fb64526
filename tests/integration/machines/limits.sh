#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits by the names of systemd: from the settings, and live; on this host's layout of control groups.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox /var/lib/machines/web
mkdir -p /etc/systemd/nspawn
printf '[Network]\nVirtualEthernet=no\n[Resources]\nTasksMax=40\n' >/etc/systemd/nspawn/web.nspawn

# limit_file CONTROLLER V2-FILE V1-FILE: prints what is set for the machine
payload() {
        sed -n 's/^CGROUP=//p' /run/redd/machines/web/state
}
limit_file() {
        scope=$(dirname "$(payload)")
        if [ -e "$scope/$2" ]; then
                cat "$scope/$2"
        else
                below=${scope#/sys/fs/cgroup/unified/}
                cat "/sys/fs/cgroup/$1/$(printf '%s' "$below" | tr / :)/$3"
        fi
}
has_controller() {
        [ -d "/sys/fs/cgroup/$1" ] || grep -qw "${2:-$1}" /sys/fs/cgroup/cgroup.controllers 2>/dev/null
}
has_controller pids || cannot_all 'this kernel has no controllers'

run "$REDD" start web
is "$status$err" 0 'a machine with limits in its settings'
is "$(limit_file pids pids.max pids.max)" 40 'has them'
# the hierarchies of version 1, where the host has them: one line for each
"$REDD" exec web helper hold >up &
holder=$!
timeout 10 sh -c 'until [ -s up ]; do "$HELPER" pause 10000; done'
entered=$(pgrep -P "$holder" -f 'helper hold' || pgrep -nf '^helper hold$')
is "$(grep -v ^0: "/proc/$entered/cgroup")" "$(grep -v ^0: "/proc/$(sed -n 's/^LEADER=//p' /run/redd/machines/web/state)/cgroup")" \
        'whoever enters is in the same groups of version 1'
kill "$entered"
wait "$holder"
leader=$(sed -n 's/^LEADER=//p' /run/redd/machines/web/state)
"$REDD" exec web -- sh -c 'i=0; while [ $i -lt 80 ]; do sleep 100 & i=$((i + 1)); done' >/dev/null 2>forks
like "$(cat forks)" 'fork|Resource' 'which hold'
"$REDD" terminate web

run "$REDD" start web
leader=$(sed -n 's/^LEADER=//p' /run/redd/machines/web/state)
nsenter --target "$leader" --all sleep 1000 &
sleeper=$!
defer "end_process $sleeper"
run "$REDD" set web MemoryMax=64M CPUQuota=50% TasksMax=77 --runtime
is "$status$err" 0 'limits are set while it runs'
is "$(limit_file memory memory.max memory.limit_in_bytes)" 67108864 'memory'
like "$(limit_file cpu cpu.max cpu.cfs_quota_us)" '^50000( 100000)?$' 'processor time'
is "$(limit_file pids pids.max pids.max)" 77 'tasks, once more'
not_ok 'with --runtime nothing is kept' test -e /etc/redd/limits/web
like "$("$REDD" exec web -- sh -c 'head -c 200000000 /dev/zero | tail -c 150000000 | wc -c; echo "status $?"' 2>&1)" 'Killed|^0$' \
        'a process that takes more is killed'
ok 'the machine goes on' kill -0 "$leader"
run "$REDD" set web MemoryMax=infinity AllowedCPUs=0
is "$status$err" 0 'limits are taken away, and others kept'
like "$(limit_file memory memory.max memory.limit_in_bytes)" '^(max|9[0-9]{18})$' 'no limit of memory'
is "$(limit_file cpuset cpuset.cpus cpuset.cpus)" 0 'one processor'
is "$(cat /etc/redd/limits/web | grep -v '^#')" 'MemoryMax=infinity
AllowedCPUs=0' 'what is kept is a file'
kill -s 39 "$leader"
while new=$(sed -n 's/^LEADER=//p' /run/redd/machines/web/state) && [ "$new" = "$leader" ]; do "$HELPER" pause 1000; done
leader=$new
timeout 20 "$REDD" wait web --for ready
is "$(limit_file cpuset cpuset.cpus cpuset.cpus)" 0 'a reboot keeps it'
is "$(limit_file pids pids.max pids.max)" 77 'and what was set for the run'
"$REDD" stop web
run "$REDD" start web
is "$(limit_file pids pids.max pids.max)" 40 'the next run has what is in the settings'
is "$(limit_file cpuset cpuset.cpus cpuset.cpus)" 0 'and what is kept'
run "$REDD" set web AllowedCPUs= MemoryMax=
is "$status$err" 0 'taken away'
not_ok 'nothing is kept any more' test -e /etc/redd/limits/web

refuses 'an unknown limit' "unknown limit 'MemoryMx='" "$REDD" set web MemoryMx=1
like "$err" 'did you mean MemoryMax=' 'has a neighbour'
refuses 'a value that is none' "'lots' is no value for MemoryMax=" "$REDD" set web MemoryMax=lots
"$REDD" stop web
refuses 'for a run that is not there' 'does not run' "$REDD" set web TasksMax=5 --runtime
run "$REDD" set web TasksMax=33
is "$status" 0 'but for the next one'
like "$("$REDD" config web)" "^Resources.TasksMax= +33 +kept by 'redd set'$" 'which is among its settings'
like "$("$REDD" config web)" '^Resources.TasksMax= +40 .*web.nspawn:4, overridden$' 'in place of the one in the file'
run "$REDD" start web
is "$(limit_file pids pids.max pids.max)" 33 'which has it'
supervisor=$(sed -n 's/^SUPERVISOR=//p' /run/redd/machines/web/state)
kill -KILL "$supervisor"
"$HELPER" wait "$supervisor" 20
"$REDD" list >/dev/null
is "$(find /sys/fs/cgroup/*/ -maxdepth 1 -name "*${WORK##*/}:*redd-web*" 2>/dev/null)" '' 'a killed one leaves no group behind'

run "$REDD" run -q -D /var/lib/machines/web -M once --property=TasksMax=25 -- sh -c 'i=0; while [ $i -lt 50 ]; do sleep 5 & i=$((i + 1)); done'
like "$out$err" 'fork|Resource' 'limits by --property= hold without a service manager'
unlike "$err" 'has no effect' 'and are no remark'
is "$(find /sys/fs/cgroup/*/ -maxdepth 1 -name "*${WORK##*/}:*" 2>/dev/null)" '' 'nothing is left'

rm -rf /etc/redd /etc/systemd/nspawn /var/lib/machines/web /var/lib/machines/.#*.lck /var/lib/redd/log
done_testing
