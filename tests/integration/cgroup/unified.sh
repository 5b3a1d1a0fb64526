#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Control groups, on a host that has the unified hierarchy alone.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/cgroups.sh"
begin unified
tree_busybox "$WORK/web"
cgroups_work
status=0
in_cgroup unit "$REDD" run -q --pipe -D "$WORK/web" -M web --keep-unit sh -c 'exit 4' </dev/null || status=$?
is "$status" 4 'in a unit of its own'
done_testing
