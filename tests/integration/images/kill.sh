#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Verbs that are killed as they enter their n-th system call, for each n (or each KILL_STEP-th): an image is then what it
# was or what it was to be, verify finds nothing wrong, and the verb can be done once more.
# timeout: 600
. "${0%/*}/../../lib/lib.sh"
. "$LIB/stores.sh"
begin
. "$LIB/killed.sh"
step=${KILL_STEP:-9}

# killed DESCRIPTION PREPARE CHECK VERB...: CHECK is a command that fails when something is lost
killed() {
        killed_name=$1 killed_prepare=$2 killed_check=$3
        shift 3
        killed_at=1 killed_failed='' killed_points=0
        while :; do
                empty
                "$killed_prepare" || exit 1
                "$HELPER" kill-at "$killed_at" "$REDD" "$@" >/dev/null 2>&1
                killed_status=$?
                killed_said=$("$REDD" verify 2>&1) || killed_failed="verify says: $killed_said"
                [ -n "$killed_failed" ] || "$killed_check" || killed_failed="lost: $(value web) $(value twin) $(value new)"
                [ -z "$(ls "$STORE/.redd.v/tmp" 2>/dev/null)" ] || killed_failed='work is left'
                [ -n "$killed_failed" ] && break
                [ "$killed_status" = 137 ] || break
                killed_points=$((killed_points + 1))
                # once more, with all that the dead one left
                "$REDD" "$@" >/dev/null 2>&1
                "$REDD" verify -q >/dev/null 2>&1 || { killed_failed='verify, after the second try'; break; }
                killed_at=$((killed_at + step))
        done
        is "$killed_failed$killed_status" 0 "$killed_name: killed at $killed_points points"
        [ -z "$killed_failed" ] || note "at system call $killed_at: $killed_failed"
}

on_each() {
        store "$1" || return 0
        killed "$1: clone of a plain tree" plain parent_is_whole clone web new
        killed "$1: clone of a machine in layers" layered both_are_whole clone web new
        killed "$1: snapshot" plain snapshot_is_whole snapshot web
        killed "$1: restore" snapshotted now_or_then restore web before
        killed "$1: remove" layered gone_or_not remove web
        killed "$1: flatten" layered flat_or_not flatten web
        killed "$1: rename" with_settings renamed_or_not rename web new
        empty
        is "$(find "$STORE" -mindepth 1 ! -name '.#*.lck')" '' "$1: nothing is left"
        store_end
}
on_each tmpfs
# the calls are the same, and the disk takes its time
[ "$step" != 1 ] || on_each ext4

done_testing
