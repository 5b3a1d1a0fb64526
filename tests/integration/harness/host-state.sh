#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone
# The tests' own ground: each kind of thing a container could leave behind is seen, and a test's host is its own.
. "${0%/*}/../../lib/lib.sh"
begin
needs ip mount losetup

# sees DESCRIPTION COMMAND-THAT-LEAVES COMMAND-THAT-REMOVES
sees() {
        eval "$2"
        sees_now=$(host_state)
        isnt "$sees_now" "$HOST_BEFORE" "$1 is seen"
        eval "$3"
        is "$(host_state)" "$HOST_BEFORE" "and no longer when it is gone"
}

mkdir "$WORK/place"
sees 'a mount' 'mount -t tmpfs x "$WORK/place"' 'umount "$WORK/place"'
sees 'a link' 'ip link add ve-x type veth peer name ve-y' 'ip link del ve-x'
sees 'a cgroup' 'mkdir -p "$CGROUP/a/b"' 'rmdir "$CGROUP/a/b" "$CGROUP/a"'
sees 'a state file' 'mkdir -p /run/redd/machines/x' 'rmdir /run/redd/machines/x'
sees 'a machine' 'mkdir /var/lib/machines/x' 'rmdir /var/lib/machines/x'
sees 'a temporary tree' 'mkdir /tmp/nspawn-root-x' 'rmdir /tmp/nspawn-root-x'
sees 'a temporary file beside trees' ': >/var/tmp/.#redd-harness' 'rm /var/tmp/.#redd-harness'
sees 'a process' 'sleep 1000 & child=$!' 'kill $child; wait $child'
sees 'forwarding' 'echo 1 >/proc/sys/net/ipv4/ip_forward' 'echo 0 >/proc/sys/net/ipv4/ip_forward'
truncate -s 1M "$WORK/disk"
sees 'a loop device' 'device=$(losetup -f --show "$WORK/disk")' 'losetup -d "$device"'
if command -v nft >/dev/null 2>&1; then
        sees 'a packet filter' 'nft add table inet redd-x' 'nft delete table inet redd-x'
else
        cannot 'a packet filter is seen' "'nft' is not installed"
fi

is "$(ls /sys/class/net)" lo 'there is no network device but the loopback'
is "$(cat /proc/1/comm)" host-state.sh 'the first process is the test'
is "$(cat /proc/self/cgroup | sed -n 's/^0:://p')" "/${CGROUP##*/}" 'it is in a cgroup of its own'
echo nspawn >/etc/redd-harness
not_ok 'what is written to /etc is not seen by others' nsenter --target "$PPID" --mount test -e /etc/redd-harness

done_testing
