#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Disk images: a bare file system, partition tables as other programs make them, owners, throw-away views, and images that
# are damaged or meant to harm.
. "${0%/*}/../../lib/lib.sh"
begin
needs sfdisk mkfs.ext4 mkfs.btrfs mkfs.xfs mksquashfs mkfs.erofs losetup
[ -e /dev/loop-control ] || cannot_all 'this kernel has no loop devices'
tree_busybox "$WORK/tree"
mkdir -p "$WORK/tree/home" "$WORK/tree/efi"
echo in-tree >"$WORK/tree/etc/mark"

# ext4 NAME: the tree as a bare file system
ext4() {
        rm -f "$WORK/$1"
        truncate -s 24M "$WORK/$1"
        mkfs.ext4 -q -F -O ^has_journal -d "$WORK/tree" "$WORK/$1"
}
# partitioned NAME TABLE FILE...: a table after the script TABLE; the FILEs go into its partitions, "-" leaves one empty
partitioned() {
        part_image=$WORK/$1
        rm -f "$part_image"
        truncate -s 80M "$part_image"
        printf '%b' "$2" | sfdisk -q "$part_image" || exit 1
        shift 2
        sfdisk -d "$part_image" | sed -n 's/.*start= *\([0-9]*\),.*/\1/p' >"$WORK/starts"
        while read -r part_start; do
                [ "$1" = - ] || dd if="$WORK/$1" of="$part_image" bs=512 seek="$part_start" conv=notrunc status=none
                shift
        done <"$WORK/starts"
}
ROOT=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 HOME_TYPE=933AC7E1-2EB4-4F13-B844-0E14E2AEF915
USR=8484680C-9521-48C6-9C11-B0720656F69E ESP=C12A7328-F81F-11D2-BA4B-00A0C93EC93B DATA=0FC63DAF-8483-4772-8E79-3D69D8477DE4
[ "$(uname -m)" = x86_64 ] || cannot_all 'the partition types here are those of x86-64'

ext4 bare.raw
run "$REDD" run -q --pipe -i "$WORK/bare.raw" sh -c 'cat /etc/mark; echo kept >/new; hostname'
is "$out" "$(printf 'in-tree\nbare')" 'a bare file system runs, and is named after its file'
run "$REDD" run -q --pipe -i "$WORK/bare.raw" cat /new
is "$out" kept 'what a run writes is kept'
run "$REDD" run -q --pipe -i "$WORK/bare.raw" --read-only sh -c 'touch /other || echo refused'
is "$out" refused '--read-only is obeyed'
chmod a-w "$WORK/bare.raw"
run "$REDD" run -q --pipe -i "$WORK/bare.raw" sh -c 'touch /other || echo refused'
is "$out" refused 'an image nobody may write stays as it is'
chmod u+w "$WORK/bare.raw"
sum=$(sha256sum <"$WORK/bare.raw")
for how in -x --volatile=overlay --volatile=state --volatile=yes '-x -U' '--volatile=overlay -U'; do
        # shellcheck disable=SC2086
        run "$REDD" run -q --pipe -i "$WORK/bare.raw" $how sh -c 'touch /var/x && echo written'
        is "$out" written "$how: can be written"
        is "$(sha256sum <"$WORK/bare.raw")" "$sum" "$how: and changes nothing"
done
run "$REDD" run -q --pipe -i "$WORK/bare.raw" --private-users=1000000 --private-users-ownership=map sh -c 'stat -c %u:%g /usr/bin; touch /mine'
is "$out" 0:0 'owners are mapped for private users'
run "$REDD" run -q --pipe -i "$WORK/bare.raw" stat -c %u /mine
is "$out" 0 'and never change on disk'
cp "$WORK/bare.raw" /var/lib/machines/named.raw
run "$REDD" run -q --pipe -M named hostname
is "$out" named 'an image in a machine folder is found by its name'
rm -f /var/lib/machines/named.raw /var/lib/machines/.#named.raw.lck

for kind in squashfs erofs; do
        rm -f "$WORK/$kind.img"
        case $kind in
        squashfs) mksquashfs "$WORK/tree" "$WORK/$kind.img" -quiet -no-progress >/dev/null 2>&1 ;;
        erofs) mkfs.erofs "$WORK/$kind.img" "$WORK/tree" >/dev/null 2>&1 ;;
        esac
        run "$REDD" run -q --pipe -i "$WORK/$kind.img" sh -c 'cat /etc/mark; touch /x 2>/dev/null || echo read-only'
        is "$out" "$(printf 'in-tree\nread-only')" "$kind runs read-only"
        run "$REDD" run -q --pipe -i "$WORK/$kind.img" -x -U sh -c 'touch /x && echo written'
        is "$out" written "$kind with -x and private users can be written"
done

# partition tables
mkdir -p "$WORK/homes/alice"
truncate -s 8M "$WORK/home.ext4"
mkfs.ext4 -q -F -O ^has_journal -d "$WORK/homes" "$WORK/home.ext4"
partitioned gpt.raw "label: gpt\nsize=1M,type=$ESP\nsize=30M,type=$ROOT\nsize=10M,type=$HOME_TYPE\n" - bare.raw home.ext4
run "$REDD" run -q --pipe -i "$WORK/gpt.raw" sh -c 'cat /etc/mark; ls /home; touch /home/new'
is "$out" "$(printf 'in-tree\nalice\nlost+found')" 'GPT: the parts are mounted where they belong'
run "$REDD" run -q --pipe -i "$WORK/gpt.raw" -x sh -c 'touch /home/thrown-away && ls /home'
like "$out" '^new$' 'GPT: -x sees what a run before wrote to a part'
run "$REDD" run -q --pipe -i "$WORK/gpt.raw" --read-only ls /home
unlike "$out" thrown-away 'GPT: and throws its own away'
run "$REDD" run -q --pipe -i "$WORK/gpt.raw" --image-policy=root=unprotected:=ignore sh -c 'test -e /home/new || echo not-there'
is "$out" not-there 'GPT: a part that the policy leaves out is not mounted'
refuses 'GPT: a part that the policy forbids is named' "does not allow the partition 'home'.*\[R3205\]" \
        "$REDD" run -q --pipe -i "$WORK/gpt.raw" --image-policy=root=unprotected:home=absent true
partitioned single.raw "label: gpt\nsize=30M,type=$DATA\n" bare.raw
run "$REDD" run -q --pipe -i "$WORK/single.raw" cat /etc/mark
is "$out" in-tree 'GPT: a single Linux data partition is the root'
partitioned mbr.raw 'label: dos\nsize=30M,type=83,bootable\nsize=10M,type=83\n' bare.raw home.ext4
run "$REDD" run -q --pipe -i "$WORK/mbr.raw" cat /etc/mark
is "$out" in-tree 'MBR: the bootable partition is the root'
mkdir -p "$WORK/usr"
cp -a "$WORK/tree/usr/." "$WORK/usr"
mksquashfs "$WORK/usr" "$WORK/usr.img" -quiet -no-progress >/dev/null 2>&1
partitioned usr.raw "label: gpt\nsize=30M,type=$USR\n" usr.img
run "$REDD" run -q --pipe -i "$WORK/usr.raw" sh -c 'touch /x && ls -d /usr/bin /x'
is "$out" "$(printf '/usr/bin\n/x')" 'GPT: with nothing but /usr the rest is made anew'
device=$(losetup -f --show "$WORK/gpt.raw")
defer "losetup -d $device 2>/dev/null"
run "$REDD" run -q --pipe -i "$device" cat /etc/mark
is "$out" in-tree 'a block device with a table runs'
losetup -d "$device"

# --- limits of disk images: their size ---
mount -t tmpfs -o mode=0700 machines /var/lib/machines
for kind in ext4 xfs btrfs; do
        grep -qw "$kind" /proc/filesystems || { cannot "$kind: grows" "this kernel has no $kind"; continue; }
        image=/var/lib/machines/web.raw
        rm -f "$image"
        truncate -s 320M "$image"
        case $kind in
        ext4) mkfs.ext4 -q -F -d "$WORK/tree" "$image" ;;
        btrfs) mkfs.btrfs -q --rootdir "$WORK/tree" "$image" >/dev/null ;;
        xfs)
                mkfs.xfs -q "$image"
                mkdir -p "$WORK/filled"
                mount -o loop "$image" "$WORK/filled"
                cp -a "$WORK/tree/." "$WORK/filled/"
                umount "$WORK/filled" ;;
        esac
        run "$REDD" set-limit web 1G
        case $kind$err in
        ext4*'Operation not permitted'*)
                cannot "$kind: grows" 'without CAP_SYS_RESOURCE the kernel does not let it'
                like "$err" "hint: .*'resize2fs' of the image do it" "$kind: … and it is said what does"
                continue ;;
        esac
        is "$status$err" 0 "$kind: a disk image is given more room"
        size=$("$REDD" run -q --pipe -M web sh -c 'df -m / | tail -n 1 | tr -s " " | cut -d " " -f 2')
        ok "$kind: … and df inside tells it ($size MiB)" test "${size:-0}" -gt 800
        ok "$kind: … which takes nothing" test "$(du -m "$image" | cut -f 1)" -lt 300
done
refuses 'a disk image does not become smaller' 'can be made larger .*\[R3028\]' "$REDD" set-limit web 100M
refuses '… nor is it without a size' '\[R3028\]' "$REDD" set-limit web -
run "$REDD" set-limit web 1G
is "$status" 0 '… and may be told twice'
cp "$WORK/gpt.raw" /var/lib/machines/parts.raw
like "$("$REDD" set-limit parts 4G 2>&1)" 'hint: of one with partitions' 'of one with partitions it is said what moves them'
is "$(stat -c %s /var/lib/machines/parts.raw)" "$(stat -c %s "$WORK/gpt.raw")" '… and it stays as it is'
start web "$REDD" run -q -M web --as-pid2 sh -c 'helper notify READY=1; exec sleep 1000'
refuses '… nor one that runs' 'Device or resource busy' "$REDD" set-limit web 2G
stop
umount /var/lib/machines

# a partition that is larger than its file system, and says that this is to change
grows() {
        rm -f "$WORK/grow.raw"
        truncate -s 700M "$WORK/grow.raw"
        printf 'label: gpt\nsize=600M,type=%s,attrs="GUID:59"\n' "$ROOT" | sfdisk -q "$WORK/grow.raw" || exit 1
        dd if="$1" of="$WORK/grow.raw" bs=1M seek=1 conv=notrunc,sparse status=none
        run "$REDD" run -q --pipe -i "$WORK/grow.raw" sh -c 'df -m / | tail -n 1 | tr -s " " | cut -d " " -f 2'
}
if grep -qw btrfs /proc/filesystems; then
        truncate -s 200M "$WORK/small.btrfs"
        mkfs.btrfs -q --rootdir "$WORK/tree" "$WORK/small.btrfs" >/dev/null
        grows "$WORK/small.btrfs"
        is "$out" 600 'btrfs grows to its partition'
else
        cannot 'btrfs grows to its partition' 'this kernel has no btrfs'
fi
if grep -qw xfs /proc/filesystems; then
        truncate -s 310M "$WORK/small.xfs"
        mkfs.xfs -q "$WORK/small.xfs"
        mkdir -p "$WORK/mounted"
        mount -o loop "$WORK/small.xfs" "$WORK/mounted" && cp -a "$WORK/tree/." "$WORK/mounted" && umount "$WORK/mounted"
        grows "$WORK/small.xfs"
        ok 'xfs grows to its partition' test "${out:-0}" -gt 500
else
        cannot 'xfs grows to its partition' 'this kernel has no xfs'
fi

# images that cannot be
: >"$WORK/empty"
head -c 100000 /dev/urandom >"$WORK/noise"
refuses 'an empty file is refused' 'no file system and no partition table.*\[R3204\]' "$REDD" run -i "$WORK/empty" true
refuses 'noise is refused' 'no file system and no partition table' "$REDD" run -i "$WORK/noise" true
refuses 'a missing image is named' 'cannot open the disk image .*nowhere.*No such file' "$REDD" run -i "$WORK/nowhere" true
refuses 'a folder is refused, with the option for it' 'hint: .*--directory=' "$REDD" run -i "$WORK/tree" true
refuses 'an image of nothing but data is refused' 'none of which is the root' \
        "$REDD" run -i "$(partitioned data.raw "label: gpt\nsize=1M,type=$ESP\nsize=9M,type=$HOME_TYPE\n" - - && echo "$WORK/data.raw")" true
cp "$WORK/gpt.raw" "$WORK/cut.raw"
truncate -s 20M "$WORK/cut.raw"
refuses 'an image cut short is refused' 'ends beyond the end of the image' "$REDD" run -i "$WORK/cut.raw" true
cp "$WORK/gpt.raw" "$WORK/flipped.raw"
printf '\377' | dd of="$WORK/flipped.raw" bs=1 seek=1100 conv=notrunc status=none
refuses 'a changed table is noticed' 'checksum of its list is wrong.*\[R3201\]' "$REDD" run -i "$WORK/flipped.raw" true
cp "$WORK/bare.raw" "$WORK/two.raw"
printf 'XFSB' | dd of="$WORK/two.raw" conv=notrunc status=none
refuses 'an image that could be two things is refused' 'it could be ext4 or xfs.*\[R3202\]' "$REDD" run -i "$WORK/two.raw" true
cp "$WORK/bare.raw" "$WORK/broken.raw"
dd if=/dev/zero of="$WORK/broken.raw" bs=1 seek=1024 count=56 conv=notrunc status=none
refuses 'a damaged file system is refused' "cannot mount the partition 'root'.*\[R3209\]" "$REDD" run -i "$WORK/broken.raw" true

# one user at a time
"$REDD" run -q -M one -i "$WORK/bare.raw" helper hold >"$WORK/hold.log" 2>&1 &
holder=$!
await_line "$WORK/hold.log" "^up"
refuses 'an image in use is refused by name' 'Disk image .*bare.raw is currently busy.*' \
        "$REDD" run -q -M two -i "$WORK/bare.raw" true
kill -9 "$holder"
"$HELPER" wait "$holder" 5
run "$REDD" run -q --pipe -M one -i "$WORK/bare.raw" true
is "$status" 0 'after kill -9 it starts again'
is "$(losetup -a | grep "$WORK")" '' 'no loop device is left'
done_testing
