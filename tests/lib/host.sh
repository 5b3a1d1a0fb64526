# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# host.sh: a host of its own for one test, and what is on it. Sourced by lib.sh.
#
# begin() starts the test anew in its own mount, network, PID and IPC namespace, in its own cgroup, with empty /run, /tmp,
# /var/lib/machines, /var/lib/redd, and with changes below /etc and /var/lib that nobody else sees. So tests do not meet
# each other or the machine, whatever is killed when, and a thing left behind is seen.

# Where the kernel's unified hierarchy is; "" where there is none.
cgroup_root() {
        for cgroup_root in /sys/fs/cgroup /sys/fs/cgroup/unified; do
                [ ! -e "$cgroup_root/cgroup.procs" ] || { printf '%s\n' "$cgroup_root"; return; }
        done
}

# begin [unified]: with the machine's own cgroup layout, or as on a host with the unified hierarchy alone
begin() {
        if [ -z "${TEST_INSIDE:-}" ]; then
                host_make "$@"
                host_run "$@"
                exit
        fi
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        trap host_leave EXIT
        host_enter "$@"
        HOST_BEFORE=$(host_state)
}

# --- outside: made and removed by the process that was started ---

host_make() {
        [ "$(id -u)" -eq 0 ] || skip_all 'needs root'
        for host_command in unshare timeout cc; do
                command -v "$host_command" >/dev/null 2>&1 || skip_all "'$host_command' is not installed"
        done
        [ -x "$REDD" ] || skip_all "there is no $REDD"
        host_root=$(cgroup_root)
        [ -n "$host_root" ] || cannot_all 'this kernel has no unified cgroup hierarchy'
        WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/redd-test-XXXXXX") || exit 1
        chmod 755 "$WORK"
        host_cgroup=$host_root/${WORK##*/}
        trap host_remove EXIT
        trap 'exit 129' HUP
        trap 'exit 130' INT
        trap 'exit 143' TERM
        mkdir "$host_cgroup" || exit 1
        host_build_helper || exit 1
}

host_build_helper() {
        HELPER=$BUILD/test-lib/helper
        [ ! "$HELPER" -nt "$LIB/helper.c" ] || return 0
        mkdir -p "$BUILD/test-lib"
        cc -std=gnu17 -D_GNU_SOURCE -O1 -static -o "$HELPER.$$" "$LIB/helper.c" && mv "$HELPER.$$" "$HELPER" &&
                chown --reference="$BUILD" "$BUILD/test-lib" "$HELPER"
}

# Waited for in the background: a shell obeys a signal only between commands, or in wait.
host_run() {
        export TEST_INSIDE=1 WORK HELPER
        host_test=$0
        case $host_test in
        */*) ;;
        *) host_test=./$host_test ;;
        esac
        sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' sh "$host_cgroup" \
                unshare --mount --net --ipc --pid --fork --kill-child --propagation private --mount-proc \
                "$host_test" "$@" &
        host_child=$!
        wait "$host_child"
}

host_remove() {
        host_status=$?
        trap '' HUP INT TERM
        trap - EXIT
        if [ -n "${host_child:-}" ] && kill -0 "$host_child" 2>/dev/null; then
                kill -TERM "$host_child" 2>/dev/null    # --kill-child: all of the test's processes go with it
                wait "$host_child"
        fi
        [ ! -e "$host_cgroup/cgroup.kill" ] || echo 1 >"$host_cgroup/cgroup.kill"
        timeout 20 sh -c 'while grep -q "populated 1" "$1/cgroup.events"; do :; done' sh "$host_cgroup"
        find "$host_cgroup" -depth -type d -exec rmdir {} \;
        chattr -R -f -i -a "$WORK" 2>/dev/null
        rm -rf --one-file-system "$WORK"
        exit "$host_status"
}

# --- inside ---

# Keeps DIRECTORY visible under the tmpfs that comes over /tmp.
host_keep() {
        case $1/ in
        /tmp/*)
                host_kept=$((${host_kept:-0} + 1))
                mkdir -p "$WORK/.keep/$host_kept"
                mount --rbind "$1" "$WORK/.keep/$host_kept"
                printf '%s %s\n' "$host_kept" "$1" >>"$WORK/.keep/list" ;;
        esac
}

host_enter() {
        hostname localhost
        ip link set lo up
        host_keep "$TOP"
        host_keep "$BUILD"
        host_keep "${REDD%/*}"
        case $WORK/ in
        /tmp/*) ;;
        *) host_mount_tmp ;;
        esac
        mount -t tmpfs -o mode=755,nosuid,nodev run /run
        mkdir -p -m 1777 /run/lock
        host_mount_sys "$@"
        host_cover /etc
        host_cover /var/lib
        for host_name in machines redd; do
                mkdir -p -m 700 "$WORK/var-lib-$host_name" "/var/lib/$host_name"
                mount --bind "$WORK/var-lib-$host_name" "/var/lib/$host_name"
        done
        cd "$WORK" || exit 1
}

host_mount_tmp() {
        mount -t tmpfs -o mode=1777,nosuid,nodev tmp /tmp
        HOST_TMP=/tmp
        [ -e "$WORK/.keep/list" ] || return 0
        while read -r host_name host_target; do
                mkdir -p "$host_target"
                mount --move "$WORK/.keep/$host_name" "$host_target"
        done <"$WORK/.keep/list"
}

# A sysfs that shows the test's own network, with the cgroups of the machine, or the unified ones alone.
host_mount_sys() {
        mkdir -p "$WORK/.keep/cgroup"
        mount --rbind /sys/fs/cgroup "$WORK/.keep/cgroup"
        mount -t sysfs sysfs /sys
        if [ "${1:-}" = unified ]; then
                umount -R "$WORK/.keep/cgroup"
                mount -t cgroup2 cgroup2 /sys/fs/cgroup
        else
                mount --move "$WORK/.keep/cgroup" /sys/fs/cgroup
        fi
        CGROUP=$(cgroup_root)/${WORK##*/}
}

# What is written below DIRECTORY from here on is seen by the test alone.
host_cover() {
        host_layer=/run/.redd-test$1
        mkdir -p "$host_layer/upper" "$host_layer/work"
        mount -t overlay -o "lowerdir=$1,upperdir=$host_layer/upper,workdir=$host_layer/work" test "$1"
}

# defer COMMAND: something to be done at the end, whatever happens; the last one comes first
DEFERRED=''
defer() {
        DEFERRED="$1
$DEFERRED"
}

host_leave() {
        host_status=$?
        trap '' HUP INT TERM
        trap - EXIT
        eval "$DEFERRED"
        exit "$host_status"
}

# done_testing: that nothing is left behind is the last test of every file
done_testing() {
        host_is_as_before 'nothing is left behind on the host'
        printf '1..%d\n' "$TESTS_RUN"
        [ "$TESTS_FAILED" -eq 0 ]
        exit
}

# --- what is on the host ---

# host_state: one line for each thing a container could leave behind
host_state() {
        read -r host_self _ </proc/self/stat
        host_mounts
        for host_name in /sys/class/net/*; do
                echo "link ${host_name##*/}"
        done
        find "$CGROUP" -mindepth 1 -type d | sed "s|^$CGROUP/|cgroup |"
        host_files
        host_processes
        for host_name in /sys/block/loop*/loop/backing_file; do
                ! grep -sq "^$WORK/" "$host_name" || echo "loop device on $(cat "$host_name")"
        done
        ! command -v nft >/dev/null 2>&1 || nft list ruleset 2>/dev/null | sed 's/^/nft /'
        if command -v ip >/dev/null 2>&1; then
                ip -o addr | awk '$2 != "lo" { print "address", $2, $4 }'
                ip -4 route | sed 's/^/route /; s/ linkdown//'
        fi
        grep -s . /proc/sys/net/ipv4/conf/*/forwarding /proc/sys/net/ipv6/conf/*/forwarding \
                /proc/sys/net/ipv6/conf/*/force_forwarding /proc/sys/net/ipv6/conf/*/accept_ra | sed 's|^/proc/sys/net/|switch |'
}

host_mounts() {
        while read -r _ _ _ host_root host_target _; do
                echo "mount $host_target from $host_root"
        done </proc/self/mountinfo | sort
}

# Folders that are the home of many things, not one machine's, do not count; the things in them do. Of folders that
# others use as well, only what bears our names counts. A lock file that nobody holds means nothing (image/lock.h): a kill
# between making one and writing that down may leave it, empty, for the next run of the tree.
host_files() {
        {
                find /run -xdev -path /run/.redd-test -prune -o -mindepth 1 -print
                # the addresses of a zone are meant to be remembered
                find /var/lib/machines /var/lib/redd -mindepth 1 -maxdepth 1 ! -path /var/lib/redd/zones
                find /etc/systemd/nspawn /etc/redd -mindepth 1 -maxdepth 1
                find "$HOST_TMP" -mindepth 1 -maxdepth 1
                find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -name 'redd-test-*' ! -name 'redd-bench-*' \
                        \( -name '*redd*' -o -name '*nspawn*' -o -name '.#*' \)
        } 2>/dev/null | grep -Evx "$HOST_HOMES" | sort -u | sed 's/^/file /'
}
HOST_HOMES='/run/(redd|redd/machines|redd/names|redd/netns|systemd|systemd/machines|systemd/nspawn|systemd/nspawn/propagate|systemd/nspawn/locks|systemd/nspawn/locks/inode-[0-9]+:[0-9]+|systemd/nspawn-uid|systemd/nspawn-uid/[0-9]+)'
HOST_TMP=/nonexistent

# All but the test's own shell and what it started for this look.
host_processes() {
        for host_name in /proc/[0-9]*; do
                host_pid=${host_name#/proc/}
                [ "$host_pid" != 1 ] && [ "$host_pid" != "$host_self" ] || continue
                { read -r host_stat <"$host_name/stat"; } 2>/dev/null || continue
                host_comm=${host_stat#*\(}
                host_comm=${host_comm%\)*}
                # shellcheck disable=SC2086
                set -- ${host_stat##*\) }
                [ "$1" != Z ] && [ "$2" != "$host_self" ] || continue
                echo "process $host_comm"
        done | sort
}

# host_orphans: the pids of redds that nobody waits for
host_orphans() {
        for host_name in /proc/[0-9]*; do
                { read -r host_stat <"$host_name/stat"; } 2>/dev/null || continue
                # shellcheck disable=SC2086
                set -- ${host_stat##*\) }
                case $host_stat in
                *'(redd) '*) [ "$2" != 1 ] || [ "$1" = Z ] || echo "${host_name#/proc/}" ;;
                esac
        done
}

# host_settle: sets $host_now to what is on the host, once those are gone that only wait for the kernel
host_settle() {
        host_now=$(host_state)
        # the kernel keeps who asks it to delete a link waiting for some milliseconds more (src/net/link.h)
        if [ "$host_now" != "$HOST_BEFORE" ]; then
                for host_name in $(host_orphans); do
                        "$HELPER" wait "$host_name" 1 2>/dev/null
                done
                host_now=$(host_state)
        fi
}

# host_is_as_before DESCRIPTION: compares with the moment of begin
host_is_as_before() {
        host_settle
        [ "$host_now" = "$HOST_BEFORE" ] && { report 0 "$1"; return; }
        report 1 "$1"
        printf '%s\n' "$HOST_BEFORE" >"$WORK/.before"
        printf '%s\n' "$host_now" >"$WORK/.after"
        note "$(diff "$WORK/.before" "$WORK/.after" | grep '^[<>]' | sed 's/^>/left behind:/; s/^</gone:/')"
        return 1
}
