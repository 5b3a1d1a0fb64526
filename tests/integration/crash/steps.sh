#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A start that fails, or is killed, at each of its steps in turn: nothing is left behind, and the next one works.
# hooks
. "${0%/*}/../../lib/lib.sh"
. "$LIB/steps.sh"
begin
tree_busybox "$WORK/tree"
mkdir "$WORK/shared" "$WORK/lower" "$WORK/upper"

# without a service manager nobody is asked for a scope where the child does not wait anyway
each_step plain --keep-unit
each_step mapped --private-users=pick --private-users-ownership=map --private-network --bind="$WORK/shared:/mnt" \
        --overlay="$WORK/lower:$WORK/upper:/srv" --tmpfs=/var/tmp --set-credential=a:b

done_testing
