#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Options in combinations that are rare, and that people depend on all the same.
. "${0%/*}/../../lib/lib.sh"
begin unified
tree_busybox "$WORK/tree"
mkdir -p "$WORK/lower" "$WORK/middle"
echo lower >"$WORK/lower/file"

redd() {
        run "$REDD" run -q --settings=no --pipe -D "$WORK/tree" -M tiny "$@"
}

file() {
        mkdir -p /run/systemd/nspawn
        printf "$1" >/run/systemd/nspawn/tiny.nspawn
        shift
        run "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
}

# views of the tree
redd -x --read-only sh -c 'touch /etc/x 2>/dev/null || echo refused; touch /tmp/x && echo taken'
is "$out" 'refused
taken' 'a throw-away view can be read-only, too'
redd --overlay-ro="$WORK/lower:$WORK/middle:/mnt" sh -c 'cat /mnt/file; grep " /mnt " /proc/self/mountinfo | cut -d" " -f6 | cut -d, -f1'
is "$out" 'lower
ro' 'a read-only overlay is a read-only mount'
redd --overlay-ro="$WORK/lower::/mnt" cat /mnt/file
is "$status/$out" 0/lower 'the uppermost of its layers may be empty'
for option in --bind=/etc:/ --tmpfs=/ --inaccessible=/ --overlay=+/::/; do
        refuses "$option is refused: it would cover nothing" 'nothing can be mounted over the root' \
                "$REDD" run -q --settings=no -D "$WORK/tree" $option true
done
rm -rf "$WORK/tree/var/log"
redd --link-journal=no ls -d /var/log/journal
is "$status" 1 'without a link no folder is made for a journal'
redd ls -d /var/log/journal
is "$out" /var/log/journal 'else there is one, and journals are kept'

# private users
redd --private-users=65536 --private-users-ownership=map sh -c \
        'grep CapBnd /proc/self/status; stat -c "%u %n" /run/host/container-uuid /run/host/notify; exit 0'
is "$out" 'CapBnd:	00000000fdecabff
65534 /run/host/container-uuid
0 /run/host/notify' 'ports of the host'\''s network are no power of theirs; what the host says is the host'\''s'
redd --private-users=65536 --private-users-ownership=map --private-network grep CapBnd /proc/self/status
is "$out" 'CapBnd:	00000000fdecbfff' 'those of their own are'
redd --private-users-ownership=map sh -c 'read inside outside size </proc/self/uid_map; echo $inside $size'
is "$out" '0 65536' 'who says how owners meet a range gets one'
run env SYSTEMD_NSPAWN_USE_CGNS=0 "$REDD" run -q --settings=no --pipe -D "$WORK/tree" -M tiny --private-users=65536 \
        --private-users-ownership=map sh -c 'own=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); mkdir $own/new && echo made
                mkdir /sys/fs/cgroup/new 2>/dev/null || echo refused; rmdir $own/new'
is "$out" 'made
refused' 'the whole cgroup tree can be shown to them, and their own part be written'

# a network namespace that is there
ip netns add given
for users in no 65536; do
        redd --network-namespace-path=/run/netns/given --private-users=$users --private-users-ownership=off sh -c \
                'cat /sys/class/net/lo/operstate; ls /sys/class/net; readlink /proc/self/ns/net'
        is "$out" "down
lo
$(ip netns exec given readlink /proc/self/ns/net)" "it is joined as it is, with --private-users=$users"
done
umount -R /run/netns
rm -rf /run/netns
redd --network-interface= ls /sys/class/net
is "$out" lo 'no interface is asked for: that is what is had'

# terminals
run "$REDD" run -q --settings=no --console=read-only -D "$WORK/tree" -M tiny --uid=alice sh -c \
        'echo $TERM; echo opened >/dev/console; stat -c %U /dev/pts/0'
is "$(printf '%s' "$out" | tr -d '\r')" 'dumb
opened
alice' 'a user owns the console'
run env TERM=vt220 "$REDD" run -q --settings=no --console=interactive -D "$WORK/tree" -M tiny sh -c 'echo $TERM' </dev/null
is "$(printf '%s' "$out" | tr -d '\r')" dumb 'a terminal that is not the caller'\''s is a plain one'
run "$REDD" run -q --settings=no --console=passive -D "$WORK/tree" -M tiny sh -c 'echo farewell'
is "$(printf '%s' "$out" | tr -d '\r')" farewell 'of a passive one the last words are told'

# files
file '[Exec]\nEnvironment=A=C:\\path "B=two words"\n' sh -c 'echo "$A $B"'
is "$out" 'C:\path two words' 'a backslash in Environment= is one'
file '[Exec]\nRestrictAddressFamilies=AF_NONSENSE\n' sh -c 'nc -lU /tmp/socket 2>/dev/null & sleep 0.3; [ -e /tmp/socket ]'
is "$status" 1 'a family that is unknown lifts no restriction'
like "$err" 'AF_NONSENSE' 'and is warned about'
file '[Network]\nNamespacePath=given\n' true
is "$status" 0 'a path that is not absolute is passed over'
like "$err" 'not an absolute path' 'with a warning'
rm -f /run/systemd/nspawn/tiny.nspawn

# what makes no sense
refuses 'a folder to start in has no ..' 'not normalized' "$REDD" run -D "$WORK/tree" --chdir=/usr/../etc true
refuses 'groups of nobody' 'without --bind-user=' "$REDD" run -D "$WORK/tree" --bind-user-group=wheel true
refuses 'the shell of nobody' 'without --bind-user=' "$REDD" run -D "$WORK/tree" --bind-user-shell=/bin/sh true

# --- folders of versions ---
mkdir -p "$WORK/site.v" "$WORK/disk.raw.v"
for version in 1.9 1.10; do
        cp -a "$WORK/tree" "$WORK/site.v/site_$version"
        echo "$version" >"$WORK/site.v/site_$version/etc/value"
done
for path in site.v site.v/ site.v/site___; do
        run "$REDD" run -q --pipe -D "$WORK/$path" sh -c 'cat /etc/value; hostname'
        is "$(echo "$out" | tr '\n' ' ')" '1.10 site1.10 ' "-D $path is the newest version, and named after it"
done
printf '[Exec]\nHostname=by-file\n' >"$WORK/site.v/site1.10.nspawn"
run "$REDD" run -q --pipe -D "$WORK/site.v" hostname
is "$out" by-file '… as is its settings file'
run "$REDD" run -q --pipe -x -D "$WORK/site.v" -M mine sh -c 'cat /etc/value; hostname'
is "$(echo "$out" | tr '\n' ' ')" '1.10 mine ' '… unless it is named'
run "$REDD" run -q --pipe -D "$WORK/of-newest" --template="$WORK/site.v" sh -c 'cat /etc/value; hostname'
is "$(echo "$out" | tr '\n' ' ')" '1.10 of-newest ' 'a template is picked, too'
if command -v mksquashfs >/dev/null && [ -e /dev/loop-control ]; then
        for version in 1.9 1.10; do
                mksquashfs "$WORK/site.v/site_$version" "$WORK/disk.raw.v/disk_$version.raw" -quiet -no-progress >/dev/null
        done
        run "$REDD" run -q --pipe -i "$WORK/disk.raw.v" sh -c 'cat /etc/value; hostname'
        is "$(echo "$out" | tr '\n' ' ')" '1.10 disk1.10 ' '… and a disk image'
else
        cannot '… and a disk image' 'mksquashfs or loop devices are missing'
fi
done_testing
