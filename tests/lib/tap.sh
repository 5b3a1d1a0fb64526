# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# tap.sh: assertions that speak TAP (the Test Anything Protocol). Sourced by lib.sh.

TESTS_RUN=0
TESTS_FAILED=0

# report STATUS DESCRIPTION
report() {
        TESTS_RUN=$((TESTS_RUN + 1))
        if [ "$1" -eq 0 ]; then
                printf 'ok %d - %s\n' "$TESTS_RUN" "$2"
        else
                TESTS_FAILED=$((TESTS_FAILED + 1))
                printf 'not ok %d - %s\n' "$TESTS_RUN" "$2"
                return 1
        fi
}

# note TEXT: remarks for whoever reads the log
note() {
        printf '%s\n' "$*" | sed 's/^/# /'
}

# ok DESCRIPTION COMMAND...: the command succeeds
ok() {
        ok_description=$1
        shift
        ok_output=$("$@" 2>&1) && { report 0 "$ok_description"; return; }
        report 1 "$ok_description"
        note "this failed: $*"
        note "$ok_output"
        return 1
}

# not_ok DESCRIPTION COMMAND...: the command fails
not_ok() {
        ok_description=$1
        shift
        ok_output=$("$@" 2>&1) || { report 0 "$ok_description"; return; }
        report 1 "$ok_description"
        note "this succeeded: $*"
        note "$ok_output"
        return 1
}

# is GOT WANTED DESCRIPTION
is() {
        [ "$1" = "$2" ] && { report 0 "$3"; return; }
        report 1 "$3"
        note "     got: $1"
        note "expected: $2"
        return 1
}

# isnt GOT UNWANTED DESCRIPTION
isnt() {
        [ "$1" != "$2" ] && { report 0 "$3"; return; }
        report 1 "$3"
        note "got: $1"
        return 1
}

# like TEXT PATTERN DESCRIPTION: a line of the text matches (extended regular expression)
like() {
        printf '%s\n' "$1" | grep -Eq -e "$2" && { report 0 "$3"; return; }
        report 1 "$3"
        note "     got: $1"
        note "expected: $2"
        return 1
}

# unlike TEXT PATTERN DESCRIPTION: no line matches
unlike() {
        printf '%s\n' "$1" | grep -Eq -e "$2" || { report 0 "$3"; return; }
        report 1 "$3"
        note "       got: $1"
        note "unexpected: $2"
        return 1
}

# run COMMAND...: sets $status, $out, $err; fails a test only by what is asserted of them. Bounded by $RUN_LIMIT seconds.
RUN_LIMIT=60
run() {
        status=0
        timeout --foreground -k 10 "$RUN_LIMIT" "$@" >"$WORK/.out" 2>"$WORK/.err" </dev/null || status=$?
        out=$(cat "$WORK/.out")
        err=$(cat "$WORK/.err")
}

# refuses DESCRIPTION PATTERN COMMAND...: the command ends with 1 and its error message matches
refuses() {
        refuses_description=$1 refuses_pattern=$2
        shift 2
        run "$@"
        [ "$status" -eq 1 ] && printf '%s\n' "$err" | grep -Eq -e "$refuses_pattern" && { report 0 "$refuses_description"; return; }
        report 1 "$refuses_description"
        note "status: $status; it said: $err"
        note "expected: 1, $refuses_pattern"
        return 1
}

# skip DESCRIPTION REASON: not tried for want of something that can be had (a tool, a privilege). With MUST_RUN=1 a failure.
skip() {
        if [ "${MUST_RUN:-}" = 1 ]; then
                report 1 "$1"
                note "skipped although MUST_RUN=1: $2"
                return 1
        fi
        cannot "$1" "$2"
}

# cannot DESCRIPTION REASON: not tried since this kernel or hardware has no such thing. Never a failure.
cannot() {
        TESTS_RUN=$((TESTS_RUN + 1))
        printf 'ok %d - %s # SKIP %s\n' "$TESTS_RUN" "$1" "$2"
}

# skip_all REASON, cannot_all REASON: the same for the whole file; before begin, or right behind it
skip_all() {
        printf '1..0 # SKIP %s\n' "$1"
        [ "${MUST_RUN:-}" != 1 ]
        exit
}

cannot_all() {
        printf '1..0 # SKIP %s\n' "$1"
        exit 0
}

# needs COMMAND...: skips the file where one of them is not installed
needs() {
        for needs_command; do
                command -v "$needs_command" >/dev/null 2>&1 || skip_all "'$needs_command' is not installed"
        done
}
