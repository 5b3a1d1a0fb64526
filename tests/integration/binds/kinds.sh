#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# alone
# What is mounted into a container on request: files, folders, overlays, in memory; with whose owners, and in which order.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"
mkdir -p "$WORK/shared/sub" "$WORK/lower" "$WORK/upper" "$WORK/with blank" "$WORK/with:colon"
echo file >"$WORK/shared/file"
echo low >"$WORK/lower/low"
echo up >"$WORK/upper/up"
echo blank >"$WORK/with blank/file"
echo colon >"$WORK/with:colon/file"
chown 1000:1000 "$WORK/shared/file"
mapped='--private-users=1000000:65536 --private-users-ownership=map'

redd() {
        run "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
}

redd --bind="$WORK/shared" cat "$WORK/shared/file"
is "$out" file 'a source alone is the target, too'
redd --bind="$WORK/shared/file:/etc/issue" cat /etc/issue
is "$out" file 'a file can be bound'
redd --bind="$WORK/with blank:/a b" cat '/a b/file'
is "$out" blank 'blanks in paths'
redd --bind="$WORK/with\\:colon:/c\\:d" cat /c:d/file
is "$out" colon 'and colons'
refuses 'a source has to be there' '/nowhere' "$REDD" run -q -D "$WORK/tree" --bind=/nowhere:/mnt true
redd --bind=+/etc:/mnt cat /mnt/passwd
is "$out" "$(cat "$WORK/tree/etc/passwd")" 'a source of the tree'
redd --bind="$WORK/shared:/mnt" --bind-ro="$WORK/lower:/mnt/sub" sh -c 'cat /mnt/file /mnt/sub/low; touch /mnt/new; touch /mnt/sub/new'
is "$status/$out" '1/file
low' 'one within the other, whichever is named first'
redd --bind-ro="$WORK/lower:/mnt/sub" --bind="$WORK/shared:/mnt" cat /mnt/sub/low
is "$out" low 'or last'
ok 'what may be written was' test -f "$WORK/shared/new"
ok 'what may not was not' test ! -e "$WORK/lower/new"
redd --bind=:/mnt sh -c 'touch /mnt/x && stat -c %a /mnt'
is "$status" 0 'without a source it is a folder that goes away'

mount -t tmpfs below "$WORK/shared/sub"
echo deep >"$WORK/shared/sub/deep"
redd --bind="$WORK/shared:/mnt" cat /mnt/sub/deep
is "$out" deep 'mounts below a source come along'
redd --bind="$WORK/shared:/mnt:norbind" ls /mnt/sub
is "$out" '' 'or not, with norbind'
redd --bind-ro="$WORK/shared:/mnt" touch /mnt/sub/x
is "$status" 1 'they are read-only, too, where the bind is'
umount "$WORK/shared/sub"
host_is_as_before 'and all is as it was'

# owners
# shellcheck disable=SC2086
{
        redd $mapped --bind="$WORK/shared:/mnt" stat -c '%u %g' /mnt/file
        is "$out" '65534 65534' 'with users of its own, the owners of a bind are nobody'
        redd $mapped --bind="$WORK/shared:/mnt:idmap" sh -c 'stat -c "%u %g" /mnt/file; touch /mnt/by-root'
        is "$out" '1000 1000' 'with idmap they are those of the host'
        is "$(stat -c '%u' "$WORK/shared/by-root")" 0 'and what is made there, too'
        redd $mapped --bind="$WORK/shared/file:/mnt/file:rootidmap" stat -c '%u %g' /mnt/file
        is "$out" '0 0' 'with rootidmap the owner is root inside'
        mkdir -p "$WORK/tree/owned"
        chown 1000:1000 "$WORK/tree/owned"
        redd $mapped --bind="$WORK/shared/file:/owned/file:rootidmap" stat -c '%u' /owned/file
        is "$out" 0 'wherever it goes'
        redd $mapped --tmpfs=/srv --overlay="$WORK/lower::/opt" sh -c 'stat -c %u /srv /opt; touch /srv/x /opt/x && echo written'
        is "$out" '0
0
written' 'what is made for it belongs to its root'
}
refuses 'an option nobody knows' "Invalid bind mount option: bogus" "$REDD" run -q -D "$WORK/tree" --bind="$WORK:/mnt:bogus" true
like "$err" '^hint: the options are rbind' 'is told the others'

# devices
devices=/dev/redd-test-$$
defer 'rm -rf "$devices"'
mkdir -p "$devices/below"
for minor in $(seq 200); do echo "mknod -m 600 $devices/n$minor c 240 $minor"; done | sh
mknod -m 640 "$devices/below/log" c 10 237
chgrp 44 "$devices/below/log"
ln -s below/log "$devices/link"
run "$REDD" run -q --pipe -D "$WORK/tree" -M tiny --bind="$devices" sh -c "
        : <$devices/link && echo opened; mknod /dev/x b 7 0 && echo made"
is "$out" opened 'of a folder with hundreds of nodes each can be used, and no other'
is "$err" 'mknod: /dev/x: Operation not permitted' 'without a word of redd'
# shellcheck disable=SC2086
{
        redd $mapped --bind="$devices" sh -c "
                stat -c '%u %g %a %t:%T' $devices/below/log; : <$devices/link && echo opened"
        is "$out" '0 44 640 a:ed
opened' 'with users of its own, the container has nodes of its own, of the same owners by number'
        redd $mapped --bind="$devices/below/log:/dev/kernel/log" stat -c '%u %g %a %t:%T' /dev/kernel/log
        is "$out" '0 44 640 a:ed' 'of a single device, too'
        redd $mapped --bind="$devices/below/log:/dev/log" chmod 666 /dev/log
        is "$status/$(stat -c %a "$devices/below/log")" 0/640 'which the host does not share'
        redd $mapped --bind=/dev/shm:/dev/other sh -c 'touch /dev/other/x 2>/dev/null; stat -f -c %T /dev/other'
        is "$out" tmpfs 'what is mounted in /dev is bound as ever'
}

# overlays
redd --overlay="$WORK/lower:$WORK/upper:/opt" sh -c 'cat /opt/low /opt/up; echo new >/opt/new; rm /opt/low'
is "$out" 'low
up' 'an overlay shows all layers'
is "$(cat "$WORK/upper/new")" new 'and writes to the uppermost'
is "$(cat "$WORK/lower/low")" low 'only'
rm -rf "$WORK/upper"
mkdir "$WORK/upper"
redd --overlay-ro="$WORK/lower:$WORK/upper:/opt" sh -c 'cat /opt/low; touch /opt/x'
is "$status/$out" 1/low '--overlay-ro= is not written to'
redd --overlay=+/etc::/etc sh -c 'echo x >/etc/new; cat /etc/new /etc/passwd | wc -l'
is "$out" 5 'the tree can be a layer, with changes that go away'
ok 'they are gone' test ! -e "$WORK/tree/etc/new"
refuses 'one path makes no overlay' 'needs at least two' "$REDD" run -q -D "$WORK/tree" --overlay=/opt true
refuses 'a layer that is not there' "/nowhere" "$REDD" run -q -D "$WORK/tree" --overlay=/nowhere::/opt true
refuses 'nor one to write to' 'cannot open nowhere, the writable layer' "$REDD" run -q -D "$WORK/tree" \
        --overlay="$WORK/lower:$WORK/nowhere:/opt" true

# the X server
mkdir -p "$WORK/x11"
: >"$WORK/x11/X0"
printf '#!/bin/sh\nrm /tmp/.X11-unix/X0\n' >"$WORK/tree/x-init"
chmod +x "$WORK/tree/x-init"
redd --bind="$WORK/x11:/tmp/.X11-unix" -b --bind="$WORK/tree/x-init:/usr/sbin/init"
like "$err$out" 'Read-only file system' 'a system that boots cannot empty the folder of the X server'
ok 'whose socket is there still' test -e "$WORK/x11/X0"
redd --bind="$WORK/x11:/tmp/.X11-unix" touch /tmp/.X11-unix/X1
is "$status" 0 'a command, which has no tmpfiles, can use it as it likes'

# a door that is open while the container runs
mount --make-shared /run                        # as systemd has it
start tiny "$REDD" run -q -D "$WORK/tree" -M tiny --notify-ready=yes sh -c 'helper notify READY=1; exec helper hold'
mkdir -p /run/systemd/nspawn/propagate/tiny/incoming-1
ok 'what is mounted where it propagates' mount --bind "$WORK/lower" /run/systemd/nspawn/propagate/tiny/incoming-1
ok 'is seen inside' inside /bin/cat /run/host/incoming/incoming-1/low
umount /run/systemd/nspawn/propagate/tiny/incoming-1
rmdir /run/systemd/nspawn/propagate/tiny/incoming-1
stop

done_testing
