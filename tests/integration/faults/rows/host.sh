# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the host lacks, denies, or has used up.

fault 'a name that is taken' R2040 'is already running' "--machine=" \
        '$REDD start web; cp -a $WORK/base /var/lib/machines/db' "$REDD run -q -D /var/lib/machines/db -M web true" \
        'instead $REDD run -q -D /var/lib/machines/db --machine=db true'
fault 'a tree that is in use' R2101 'currently busy' 'redd clone' \
        '$REDD start web' "$R -M other true" 'instead $REDD stop web; $REDD -q clone web other; $REDD start web; $REDD run -q -M other true'
fault 'not root' R4027 'cannot look at machine' 'sudo' \
        '$REDD start web' "setpriv --reuid=1000 --clear-groups $REDD exec web true" "instead $REDD exec web true"
fault 'no inotify instance left' R4026 'cannot watch the list of machines' 'max_user_instances' \
        '$REDD start web; echo 0 >$WORK/d/max' \
        "unshare -Ur sh -c 'cat $WORK/d/max >/proc/sys/user/max_inotify_instances; $REDD wait web'" 'echo 8 >$WORK/d/max'
fault 'no loop devices' R3203 'cannot get a loop device' 'loop' \
        'truncate -s 8M $WORK/d/x.raw; mkfs.ext4 -q -d $WORK/base $WORK/d/x.raw 64M; mount --bind /dev/null /dev/loop-control' \
        "$REDD run -q --image=$WORK/d/x.raw true" 'umount /dev/loop-control'
fault 'a damaged partition table' R3201 'partition table is damaged' 'sfdisk' \
        'truncate -s 80M $WORK/d/x.raw; printf "label: gpt\nstart=2048,type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n" | sfdisk -q $WORK/d/x.raw
        mkfs.ext4 -q -E offset=1048576 -d $WORK/base $WORK/d/x.raw 70M; cp $WORK/d/x.raw $WORK/d/good; dd if=/dev/zero of=$WORK/d/x.raw bs=1 seek=1040 count=8 conv=notrunc; dd if=/dev/urandom of=$WORK/d/x.raw bs=512 seek=2 count=1 conv=notrunc' \
        "$REDD run -q --image=$WORK/d/x.raw true" 'cp $WORK/d/good $WORK/d/x.raw'
fault 'the marks of two file systems' R3202 'it could be' 'wipefs' \
        'mkfs.ext4 -q -d $WORK/base $WORK/d/x.raw 64M; printf "hsqs" | dd of=$WORK/d/x.raw conv=notrunc' \
        "$REDD run -q --image=$WORK/d/x.raw true" 'wipefs -o 0 -f $WORK/d/x.raw'
fault 'no root partition' R3204 'none of which is the root' 'sfdisk --part-type' \
        'truncate -s 80M $WORK/d/x.raw; printf "label: gpt\nstart=2048,size=140000,type=933AC7E1-2EB4-4F13-B844-0E14E2AEF915\n" | sfdisk -q $WORK/d/x.raw
        mkfs.ext4 -q -E offset=1048576 -d $WORK/base $WORK/d/x.raw 64M' \
        "$REDD run -q --image=$WORK/d/x.raw true" 'sfdisk -q --part-type $WORK/d/x.raw 1 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709'
fault 'what the policy forbids' R3205 'image policy does not allow' 'image-policy=' \
        'mkfs.ext4 -q -d $WORK/base $WORK/d/x.raw 64M' "$REDD run -q --image=$WORK/d/x.raw --image-policy=root=absent true" \
        "instead $REDD run -q --image=$WORK/d/x.raw --image-policy='*' true"
fault 'an image that is not there' R3208 'cannot open the disk image' 'redd list-images' \
        'mkfs.ext4 -q -d $WORK/base $WORK/d/y.raw 64M' "$REDD run -q --image=$WORK/d/x.raw true" 'mv $WORK/d/y.raw $WORK/d/x.raw'
fault 'a damaged file system' R3209 'cannot mount the partition' 'fsck' \
        'mkfs.ext4 -q -d $WORK/base $WORK/d/x.raw 64M; dd if=/dev/zero of=$WORK/d/x.raw bs=1 seek=1120 count=24 conv=notrunc' \
        "$REDD run -q --image=$WORK/d/x.raw true" 'fsck.ext4 -fy $WORK/d/x.raw; [ $? -lt 4 ]'
fault 'an encrypted partition' R3206 'cannot be mounted' 'cryptsetup' \
        'truncate -s 16M $WORK/d/x.raw; printf "LUKS\272\276\0\002" | dd of=$WORK/d/x.raw conv=notrunc' \
        "$REDD run -q --image=$WORK/d/x.raw true" 'mkfs.ext4 -F -q -d $WORK/base $WORK/d/x.raw 64M'
fault 'a full /run' R2042 'No space left' '/run' \
        'mount -t tmpfs -o size=64k none /run; dd if=/dev/zero of=/run/filler bs=4k || :' "$R true" 'rm /run/filler'
umount /run
fault 'a read-only /run' R2041 'Read-only file system' '/run' \
        'mount -t tmpfs -o ro none /run' "$R true" 'mount -o remount,rw /run'
umount /run
fault 'no ssh' R1016 'cannot start ssh' 'openssh' \
        ':' "PATH=/nowhere $REDD -H nobody list" 'instead mkdir -p $WORK/d/bin; printf "#!/bin/sh\n" >$WORK/d/bin/ssh; chmod +x $WORK/d/bin/ssh; PATH=$WORK/d/bin:$PATH $REDD -H nobody list'
fault 'no bus' R4603 'system bus' 'start a D-Bus daemon' \
        'printf "%s\n" "<busconfig><listen>unix:path=/run/dbus/system_bus_socket</listen><policy context=\"default\"><allow own=\"*\"/><allow send_destination=\"*\"/></policy></busconfig>" >$WORK/d/bus.conf' \
        "timeout 2 $BUILD/redd-apid; [ \$? -eq 124 ]" \
        'mkdir -p /run/dbus; dbus-daemon --config-file=$WORK/d/bus.conf --fork --print-pid >$WORK/d/pid'
kill "$(cat "$WORK/d/pid")" 2>/dev/null
rm -rf /run/dbus
