#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same as host.sh on a newer systemd, which knows more settings of the template unit (DelegateSubgroup= for one).
# timeout: 300
# packaged
TEST_SUITE=trixie
export TEST_SUITE
. "${0%/*}/host.sh"
