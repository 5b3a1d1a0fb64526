# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# machine.sh: machines that run while a test looks at them. Sourced by lib.sh.

BOOT_LIMIT=60
STOP_LIMIT=60

# start NAME COMMAND...: COMMAND in the background, as a test of its own: it is up when it says READY=1. Afterwards
# $supervisor is its process, $leader the container's PID 1, and $WORK/NAME.log what it printed.
start() {
        start_name=$1
        shift
        rm -f "$WORK/.report"
        mkfifo "$WORK/.report"
        "$HELPER" await "$WORK/.report" "$BOOT_LIMIT" "$@" >"$WORK/$start_name.log" 2>&1 </dev/null &
        supervisor=$!
        defer "end_process $supervisor"
        start_report=$(cat "$WORK/.report")
        leader=$(printf '%s\n' "$start_report" | sed -n 's/^X_NSPAWN_LEADER_PID=//p' | tail -n 1)
        case $start_report in
        *READY=1*)
                report 0 "$start_name comes up" ;;
        *)
                report 1 "$start_name comes up"
                note "$start_report"
                note "$(tail -n 20 "$WORK/$start_name.log")" ;;
        esac
}

# boot NAME OPTION...: boots the tree $WORK/NAME
boot() {
        boot_name=$1
        shift
        start "$boot_name" "$REDD" run -q -D "$WORK/$boot_name" -M "$boot_name" -b --notify-ready=yes "$@"
}

# stop [SIGNAL [PID]]: sends SIGNAL (TERM) to the supervisor, awaits its end; $status is its exit status
stop() {
        stop_pid=${2:-$supervisor}
        kill -s "${1:-TERM}" "$stop_pid"
        await_end "$stop_pid"
}

# await_end PID: until a process this test started has ended; $status is its exit status
await_end() {
        if ! "$HELPER" wait "$1" "$STOP_LIMIT"; then
                note "process $1 does not end within $STOP_LIMIT s: $(tr '\0' ' ' <"/proc/$1/cmdline")"
                kill -KILL "$1"
        fi
        status=0
        wait "$1" || status=$?
}

# For defer: whatever happened before.
end_process() {
        kill -s KILL "$1" 2>/dev/null || return 0
        "$HELPER" wait "$1" 10
}

# inside COMMAND...: runs it in the container whose PID 1 is $leader
inside() {
        nsenter --target "$leader" --all -- "$@"
}

# in_cgroup NAME COMMAND...: in a cgroup of its own below the test's, as a service manager would start it
in_cgroup() {
        in_cgroup_path=$CGROUP/$1
        shift
        mkdir "$in_cgroup_path"
        in_cgroup_status=0
        sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' sh "$in_cgroup_path" "$@" || in_cgroup_status=$?
        rmdir "$in_cgroup_path"
        return "$in_cgroup_status"
}

# await_line FILE PATTERN [SECONDS]: until a line of a growing file matches
await_line() {
        "$HELPER" line "$1" "$2" "${3:-30}"
}
