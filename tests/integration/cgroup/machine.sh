#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Control groups, with the hierarchies that this machine has.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/cgroups.sh"
begin
tree_busybox "$WORK/web"
cgroups_work
status=0
in_cgroup unit "$REDD" run -q --pipe -D "$WORK/web" -M web --keep-unit sh -c 'exit 4' </dev/null || status=$?
is "$status" 4 'in a unit of its own'
# Where a group was ever told to kill, the kernel (6.14 and later) kills children that its processes have born elsewhere.
boot web
mkdir "$CGROUP/told"
echo 1 >"$CGROUP/told/cgroup.kill"
in_told='echo 0 >"$1/cgroup.procs" && shift && exec "$@"'
run sh -c "$in_told" sh "$CGROUP/told" "$REDD" exec web -- sh -c 'exit 5'
is "$status" 5 'who enters from a group that was told to kill'
stop
run sh -c "$in_told" sh "$CGROUP/told" "$REDD" run -q --pipe -D "$WORK/web" -M web --keep-unit sh -c 'exit 6'
is "$status $out$err" '6 ' 'and who starts in one'
run sh -c "$in_told" sh "$CGROUP/told" "$REDD" run -q --pipe -D "$WORK/web" -M web --keep-unit --private-network -U sh -c 'exit 7'
is "$status $out$err" '7 ' 'also where the start waits for the supervisor'
rmdir "$CGROUP/told"
# Many at once in one unit: none takes the group of another, nor ends who is in it.
mkdir "$CGROUP/many"
cat >"$WORK/many" <<'END'
echo 0 >"$1/cgroup.procs" && shift
for round in 1 2 3 4 5 6 7 8; do
        starts=
        for number in 1 2 3 4 5 6 7 8; do
                "$1" run -q --pipe --keep-unit -D "$2" --read-only -M "many-$number" true </dev/null 2>&1 &
                starts="$starts $!"
        done
        for start in $starts; do wait "$start" || echo "failed: $?"; done
done
END
run sh "$WORK/many" "$CGROUP/many" "$REDD" "$WORK/web"
is "$out$err" '' 'machines that start at once in one unit all end well'
is "$(ls -d "$CGROUP/many"/*/ 2>/dev/null)" '' 'and leave no group'
rmdir "$CGROUP/many"
done_testing
