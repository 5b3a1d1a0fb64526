# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgroups.sh: what holds for control groups on hosts of each layout. Sourced behind lib.sh.

# cgroups_work: with the tree $WORK/web
cgroups_work() {
        # from inside: who enters from outside is in a group that users of the container have no right to leave
        printf '%s\n' '#!/bin/sh' 'mkdir /sys/fs/cgroup/rc && echo $$ >/sys/fs/cgroup/rc/cgroup.procs && grep -qx $$ /sys/fs/cgroup/rc/cgroup.procs &&' \
                'echo "rc: moved"' >"$WORK/web/etc/rc"
        chmod 755 "$WORK/web/etc/rc"

        boot web
        like "$(inside cat /proc/self/cgroup)" '^0::/' 'inside, there is a group to be seen'
        like "$(inside cat /proc/self/mountinfo)" ' /sys/fs/cgroup rw,.* - cgroup2 ' 'in a tree of the unified hierarchy'
        like "$(cat "/proc/$leader/cgroup")" '^0::.*/redd-web\.scope/payload(/|$)' 'outside, it has a scope of its own'
        ok 'the leader is in the root of what is seen inside' inside grep -qx 1 /sys/fs/cgroup/cgroup.procs
        ok 'groups can be made inside' inside mkdir /sys/fs/cgroup/own
        like "$(cat web.log)" '^rc: moved' 'and filled'
        stop
        is "$status" 0 'it powers off with its groups'
        host_is_as_before 'which are removed'

        boot web --private-users=pick --private-users-ownership=map --private-network
        is "$(inside stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/cgroup.subtree_control | sort -u)" 0 \
                'with users of its own, the group is handed to its root'
        ok 'who may make groups' inside mkdir /sys/fs/cgroup/own
        like "$(cat web.log)" '^rc: moved' 'and fill them'
        stop KILL
        ok 'when its supervisor is killed it ends' "$HELPER" wait "$leader" 10
        run "$REDD" run --cleanup -M web
        is "$status" 0 'and is cleaned up behind'
        host_is_as_before 'with all its groups'

        boot web --keep-unit
        like "$(cat "/proc/$leader/cgroup")" '^0::.*/payload(/|$)' 'with --keep-unit it is in a part of its caller'\''s group'
        unlike "$(cat "/proc/$leader/cgroup")" '^0::.*scope' 'and has no scope'
        stop
        is "$status" 0 'that is left as it was'
}
