#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tests' own words: an assertion that does not hold is a failure, and a skip counts as one when it must.
. "${0%/*}/../../lib/lib.sh"
begin

# fails DESCRIPTION WORDS...: the assertion reports "not ok" and a failed file
fails() {
        fails_description=$1
        shift
        like "$( (TESTS_RUN=0 TESTS_FAILED=0; "$@") )" '^not ok 1 - x' "$fails_description"
}

fails 'ok notices a command that fails' ok x false
fails 'not_ok notices a command that succeeds' not_ok x true
fails 'is notices a difference' is a b x
fails 'isnt notices that there is none' isnt a a x
fails 'like notices a missing text' like abc '^b' x
fails 'unlike notices a text' unlike abc '^a' x
fails 'refuses notices a success' refuses x . true
fails 'refuses notices another message' refuses x 'no such' sh -c 'echo other >&2; exit 1'
fails 'refuses notices another status' refuses x other sh -c 'echo other >&2; exit 2'
refuses 'refuses takes the message it waits for' 'no such' sh -c 'echo "no such thing" >&2; exit 1'

is "$(MUST_RUN='' TESTS_RUN=0; skip x 'no reason')" 'ok 1 - x # SKIP no reason' 'a skip says why'
MUST_RUN=1 fails 'a skip fails where it must run' skip x 'no reason'
is "$(MUST_RUN=1 TESTS_RUN=0; cannot x 'no kernel')" 'ok 1 - x # SKIP no kernel' 'what no machine like this can does not fail'

run sh -c 'echo out; echo err >&2; exit 7'
is "$status/$out/$err" 7/out/err 'run keeps status and both streams'
RUN_LIMIT=1 run sleep 100
is "$status" 124 'run ends what takes too long'

: >"$WORK/log"
(exec "$HELPER" line "$WORK/log" '^here' 20) &
echo 'it is not here' >>"$WORK/log"
echo 'here it is' >>"$WORK/log"
wait $!
is $? 0 'a line in a growing file is awaited'
not_ok 'and not for ever' await_line "$WORK/log" 'never' 0

start web sh -c '"$HELPER" notify "READY=1"; exec sleep 1000'
stop TERM
is "$status" 143 'a started process is stopped'

done_testing
