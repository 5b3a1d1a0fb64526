# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# lib.sh: what every integration test stands on: a host of its own, TAP, and the check that nothing is left behind.
#
#     #!/bin/sh
#     . "${0%/*}/../../lib/lib.sh"
#     begin
#     tree_busybox "$WORK/web"
#     run "$REDD" run -q -D "$WORK/web" /bin/true
#     is "$status" 0 'a command that succeeds gives 0'
#     done_testing
#
# README.md beside this file explains each word. The shell is a plain one (dash, busybox).
set -u

LIB=$(cd "${0%/*}/../../lib" && pwd)
TOP=$(cd "$LIB/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
REDD=${REDD:-$BUILD/redd}
PATH=$PATH:/usr/sbin:/sbin
export BUILD REDD PATH LC_ALL=C.UTF-8

. "$LIB/tap.sh"
. "$LIB/host.sh"
. "$LIB/tree.sh"
. "$LIB/machine.sh"
