#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Control groups on a host that has mounted none: the unified hierarchy is mounted for ourselves, and stays for the next.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/cgroups.sh"
begin
tree_busybox "$WORK/web"
cgroup=${CGROUP#"$(cgroup_root)"}
umount -R /sys/fs/cgroup
mkdir "$WORK/no-cgroup"
CGROUP=$WORK/no-cgroup
bare=$(host_state)
run "$REDD" run -q -D "$WORK/web" -M web sh -c 'exit 4'
is "$status" 4 'a command runs' || note "$err"
ok 'the hierarchy is mounted for us' mountpoint -q /run/redd/unified
CGROUP=/run/redd/unified$cgroup
HOST_BEFORE=$(host_state)
cgroups_work
host_is_as_before 'nothing is left but that mount'
umount /run/redd/unified
rmdir /run/redd/unified
CGROUP=$WORK/no-cgroup
HOST_BEFORE=$bare
done_testing
