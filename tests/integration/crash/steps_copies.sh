#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# As steps.sh, where the tree is not written to: what was to be thrown away does not stay.
# hooks
. "${0%/*}/../../lib/lib.sh"
. "$LIB/steps.sh"
begin
tree_busybox "$WORK/tree"

each_step ephemeral --keep-unit --ephemeral
each_step volatile --keep-unit --volatile=overlay
each_step as-pid2 --keep-unit --as-pid2 --volatile=yes

done_testing
