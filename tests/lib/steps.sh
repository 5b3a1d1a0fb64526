# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# steps.sh: starts that fail, or are killed, at each of their steps. Sourced behind lib.sh, before begin.

# A build of its own, in which $FAIL_STEP and $KILL_STEP mean something.
REDD=${REDD_HOOKS:-$TOP/build-hooks/redd}
[ -x "$REDD" ] || skip_all "there is no $REDD: 'meson setup build-hooks -Dtest_hooks=true' makes it"

steps_redd() {
        run "$REDD" run -q --pipe -D "$WORK/tree" -M crash "$@"
}

# nothing_left WHEN: no test of its own where all is well; $trouble collects what is not
nothing_left() {
        host_settle
        [ "$host_now" != "$HOST_BEFORE" ] || return 0
        printf '%s\n' "$HOST_BEFORE" >"$WORK/.before"
        printf '%s\n' "$host_now" >"$WORK/.after"
        trouble="$trouble
$1: $(diff "$WORK/.before" "$WORK/.after" | grep '^[<>]')"
}

# expect_status WANTED WHEN
expect_status() {
        [ "$status" -eq "$1" ] || trouble="$trouble
$2: status $status, not $1: $err"
}

fail_at() {
        export FAIL_STEP=$1
        shift
        steps_redd "$@" true
        unset FAIL_STEP
        expect_status 1 'when it failed'
        case $err in
        *"cannot $name, as asked for"*) ;;
        *)
                trouble="$trouble
the message does not name the step: $err" ;;
        esac
        nothing_left 'when it failed'
}

kill_at() {
        export KILL_STEP=$1
        shift
        steps_redd "$@" true
        unset KILL_STEP
        expect_status 137 'when it was killed'
}

# each_step NAME OPTION...: for each step of such a start a test of its own, in the tree $WORK/tree
each_step() {
        set_name=$1
        shift
        step=0
        "$REDD" run --explain -D "$WORK/tree" -M crash "$@" true | sed -n 's/^    //p' >"$WORK/steps"
        while read -r name; do
                step=$((step + 1))
                trouble=''
                fail_at "$step" "$@"
                kill_at "$step" "$@"
                run "$REDD" run --cleanup -M crash
                expect_status 0 'cleaning up'
                nothing_left 'after --cleanup'
                kill_at "$step" "$@"
                steps_redd "$@" true
                expect_status 0 'the next start'
                nothing_left 'after the next start'
                is "$trouble" '' "$set_name: unable to $name"
        done <"$WORK/steps"
        ok "$set_name: all steps were tried" test "$step" -gt 30
}
