#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container sees: its mounts, /dev, /run/host, and what is hidden from it or cannot be written.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"

redd() {
        run "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
}

# Target, options of the mount, type. What of /proc is there to be masked depends on the kernel.
mounts() {
        redd "$@" cat /proc/self/mountinfo
        out=$(printf '%s\n' "$out" | sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) \([^ ]*\).* - \([^ ]*\) .*/\1 \2 \3/p' |
                grep -v '^/proc/.' | sort)
}

mounts
is "$(printf '%s\n' "$out" | grep -v -e '^/ ' -e os-release -e unix-export)" '/dev rw,nosuid tmpfs
/dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue
/dev/pts rw,nosuid,noexec,relatime devpts
/dev/shm rw,nosuid,nodev tmpfs
/proc rw,nosuid,nodev,noexec,relatime proc
/run rw,nosuid,nodev tmpfs
/run/host ro,nosuid,nodev,noexec tmpfs
/run/host/incoming ro,nosuid,nodev,relatime tmpfs
/sys ro,nosuid,nodev,noexec,relatime sysfs
/sys/fs/cgroup rw,nosuid,nodev,noexec,relatime cgroup2
/tmp rw,nosuid,nodev tmpfs' 'these are the mounts of a container'
like "$out" '^/ rw,' 'its root is writable'
like "$out" '^/run/host/os-release ro,nosuid,nodev,noexec' 'the host tells which system it is'
like "$out" '^/run/host/unix-export rw,.*noexec' 'and has a door for sockets'
mounts --private-users=pick --private-users-ownership=map --private-network
like "$out" '^/sys ro,' 'with users of its own it has a /sys'
like "$out" '^/sys/fs/cgroup rw,' 'and a cgroup tree'
mounts --read-only
like "$out" '^/ ro,' '--read-only is the root'
like "$out" '^/run rw,' 'and not /run'
for name in container-manager container-uuid inaccessible incoming notify os-release unix-export; do
        redd test -e /run/host/$name
        is "$status" 0 "/run/host/$name is there"
done
redd sh -c 'cd /run/host/inaccessible; stat -c "%n %a %F" *'
is "$out" 'blk 0 block special file
chr 0 character special file
dir 0 directory
fifo 0 fifo
reg 0 regular empty file
sock 0 socket' 'places to hide things behind'
redd sh -c 'cd /dev; for i in *; do if [ -L $i ]; then echo "$i -> $(readlink $i)"; else stat -c "%n %A %t:%T" $i; fi; done'
is "$(printf '%s\n' "$out" | grep -v -e '^net ' -e '^fuse ' -e '^char ' -e '^core ')" 'fd -> /proc/self/fd
full crw-rw-rw- 1:7
mqueue drwxrwxrwt 0:0
null crw-rw-rw- 1:3
ptmx -> pts/ptmx
pts drwxr-xr-x 0:0
random crw-rw-rw- 1:8
shm drwxrwxrwt 0:0
stderr -> /proc/self/fd/2
stdin -> /proc/self/fd/0
stdout -> /proc/self/fd/1
tty crw-rw-rw- 5:0
urandom crw-rw-rw- 1:9
zero crw-rw-rw- 1:5' '/dev is the usual one, without the host'\''s devices'

# what must not be written, or not be read
for file in /proc/sys/kernel/core_pattern /proc/sysrq-trigger /proc/irq/default_smp_affinity /sys/kernel/mm/ksm/run \
        /run/host/os-release /run/host/container-manager; do
        redd sh -c "[ -e $file ] || exit 3; echo x >>$file"
        if [ "$status" -eq 3 ]; then
                cannot "$file cannot be written" 'this kernel has no such file'
        else
                is "$status" 1 "$file cannot be written"
        fi
done
for file in /proc/kallsyms /proc/keys /proc/timer_list /proc/kcore /proc/kmsg; do
        redd sh -c "timeout 1 head -c 64 $file 2>/dev/null | wc -c"
        is "$out" 0 "$file tells nothing"
done
redd sh -c 'cat /proc/sys/kernel/random/boot_id; cat /proc/sys/kernel/random/boot_id'
isnt "$(printf '%s\n' "$out" | head -n 1)" "$(cat /proc/sys/kernel/random/boot_id)" 'the boot id is one of its own'
is "$(printf '%s\n' "$out" | sort -u | wc -l)" 1 'that stays'
host_name=$(hostname)
redd sh -c 'mount -o remount,rw,bind /proc/sys 2>/dev/null; hostname changed; hostname'
is "$out" changed 'the host name can be changed'
is "$(hostname)" "$host_name" 'without the host noticing'
redd sh -c 'mount -t tmpfs x /mnt && touch /mnt/x && umount /mnt && echo fine'
is "$out" fine 'mounts can be made'
host_is_as_before 'and stay inside'

# The environment's switch hands over the network's settings, as with a network of one's own, and no others.
run env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network "$REDD" run -q --settings=no --pipe -M tiny -D "$WORK/tree" sh -c \
        'for f in net kernel; do grep " /proc/sys/$f " /proc/mounts | tail -n 1 | cut -d" " -f4 | cut -c1-2; done; ls -d /sys/power 2>/dev/null'
is "$(printf '%s\n' "$out" | head -n 1)" rw 'SYSTEMD_NSPAWN_API_VFS_WRITABLE=network makes /proc/sys/net writable'
unlike "$out" power 'and shows less of /sys'

redd --inaccessible=/etc/passwd --inaccessible=/home --inaccessible=-/nowhere sh -c 'cat /etc/passwd; ls /home/alice'
is "$status/$out" 1/ '--inaccessible= hides files and folders'
is "$(printf '%s\n' "$err" | grep -c .)" 2 'each with an error' || note "$err"
redd --tmpfs=/var:mode=700,size=1M sh -c 'stat -c %a /var; dd if=/dev/zero of=/var/x bs=1M count=2 2>/dev/null; stat -c %s /var/x'
is "$out" '700
1048576' '--tmpfs= takes options'
redd --tmp-size=2M sh -c 'dd if=/dev/zero of=/tmp/x bs=1M count=4 2>/dev/null; stat -c %s /tmp/x'
is "$out" 2097152 '--tmp-size= limits /tmp'

done_testing
