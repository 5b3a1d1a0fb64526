#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Exports of what is new since an earlier one, and imports that put them together again.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs python3 zstd qemu-img
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"
begin
machines=/var/lib/machines

odd() {
        python3 "$LIB/odd_tree.py" "$@"
}

# chain NUMBER: NUMBER exports of the image "web", each since the one before; change() is called in between
small_tree $machines/web
mkdir $machines/web/usr/share
head -c 20000000 /dev/urandom >$machines/web/usr/share/noise
cp $machines/web/usr/share/noise $machines/web/usr/share/again
run "$REDD" export -q web "$WORK/web.tar.zst"
is "$status" 0 'a whole goes out'
cp -a $machines/web "$WORK/web-0"

echo changed >$machines/web/etc/hostname
run "$REDD" export -q --incremental-since="$WORK/web.tar.zst" web "$WORK/web-1.increment"
is "$status" 0 'and what is new since'
size=$(stat -c %s "$WORK/web-1.increment")
ok "which is little of 40 MB: $size bytes" test "$size" -lt 250000
cp -a $machines/web "$WORK/web-1"

# in the middle of a file: what lies behind it has moved
{ head -c 5000000 "$WORK/web-1/usr/share/noise"; echo inserted; tail -c +5000001 "$WORK/web-1/usr/share/noise"; } \
        >$machines/web/usr/share/noise
run "$REDD" export --incremental-since="$WORK/web-1.increment" web "$WORK/web-2.increment"
is "$status" 0 'and what is new since that'
like "$err" "^Exporting what is new in 'web' since '.*/web-1.increment', saving to '.*/web-2.increment'\\.$" 'which is said'
size=$(stat -c %s "$WORK/web-2.increment")
ok "a byte inserted moves little: $size bytes" test "$size" -lt 600000
cp -a $machines/web "$WORK/web-2"
rm -r $machines/web/usr/share
"$REDD" export -q --incremental-since="$WORK/web-2.increment" web >"$WORK/web-3.increment"
is $? 0 'into a pipe, too, and what is gone takes nothing'
cp -a $machines/web "$WORK/web-3"

for state in 0 1 2 3; do
        file=web-$state.increment
        [ $state -gt 0 ] || file=web.tar.zst
        run "$REDD" import -q "$WORK/$file" "back-$state"
        is "$status" 0 "state $state comes back"
        is "$(odd compare "$WORK/web-$state" "$machines/back-$state")" '' 'as it was'
done
is "$(find $machines -name '.#transfer*')" '' 'and nothing else is left'
run "$REDD" import "$WORK/web-3.increment"
like "$err" "Importing '.*' \\(what is new since an earlier export\\), saving as 'web-3'" 'the name comes from the file'
ok 'and is right' test -d $machines/web-3

# since what lies elsewhere
mkdir "$WORK/far"
mv "$WORK/web.tar.zst" "$WORK/web-1.increment" "$WORK/far"
refuses 'what it is since must be there' "web-2.increment' is what is new since '.*/web-1.increment', which cannot be opened: No such file.*R5186" \
        "$REDD" import -q "$WORK/web-2.increment" no
run "$REDD" import -q --incremental-since="$WORK/far/web-1.increment" "$WORK/web-2.increment" far
is "$status" 0 'it can be named'
is "$(odd compare "$WORK/web-2" $machines/far)" '' 'and is taken'
refuses 'another one is refused' "'.*/web.tar.zst' is not what '.*/web-2.increment' is since \\[R5183\\]" \
        "$REDD" import -q --incremental-since="$WORK/far/web.tar.zst" "$WORK/web-2.increment" no
refuses 'a whole is since nothing' 'is since nothing \[R5188\]' \
        "$REDD" import -q --incremental-since="$WORK/far/web-1.increment" "$WORK/far/web.tar.zst" no
refuses 'an export since itself' 'cannot be both .*R5181' \
        "$REDD" export -q --incremental-since="$WORK/web-2.increment" web "$WORK/web-2.increment"
refuses 'an export since nothing' "cannot open '/nowhere': No such file.*R5181" \
        "$REDD" export -q --incremental-since=/nowhere web "$WORK/no.increment"
ok 'refusals leave nothing' test ! -e $machines/no -a ! -e "$WORK/no.increment" -a ! -e "$WORK/.#no.increment.part"

# any tar archive will do as the first, compressed with anything
zstd -qdc "$WORK/far/web.tar.zst" | gzip -1 >"$WORK/other.tgz"
run "$REDD" export -q --incremental-since="$WORK/other.tgz" back-2 "$WORK/other.increment"
run "$REDD" import -q "$WORK/other.increment" other
is "$(odd compare "$WORK/web-2" $machines/other)" '' 'an archive in another compression is as good'

# trees with everything in them, each the next state of the one before
seed=3
odd make 3 $machines/odd
"$REDD" export -q odd "$WORK/odd-3.tar"
while [ $seed -lt 9 ]; do
        last="$WORK/odd-$seed.increment"
        [ $seed -gt 3 ] || last="$WORK/odd-3.tar"
        seed=$((seed + 1))
        rm -rf $machines/odd $machines/odd-back
        odd make $seed $machines/odd
        run "$REDD" export -q --incremental-since="$last" odd "$WORK/odd-$seed.increment"
        run "$REDD" import -q "$WORK/odd-$seed.increment" odd-back
        is "$status" 0 "odd tree $seed comes in"
        is "$(odd compare $machines/odd $machines/odd-back)" '' "and is what it was"
done

# disks
qemu-img create -q "$WORK/disk.raw" 64M
dd if="$WORK/web-1/usr/share/noise" of="$WORK/disk.raw" bs=1M seek=8 conv=notrunc status=none
"$REDD" import-raw -q "$WORK/disk.raw" disk
"$REDD" export -q disk "$WORK/disk.raw.zst"
echo new | dd of=$machines/disk.raw bs=1 seek=9000001 conv=notrunc status=none
cp $machines/disk.raw "$WORK/disk-1.raw"
run "$REDD" export -q --incremental-since="$WORK/disk.raw.zst" disk "$WORK/disk-1.increment"
is "$status" 0 'a disk goes out, too'
size=$(stat -c %s "$WORK/disk-1.increment")
ok "and little of it: $size bytes" test "$size" -lt 250000
run "$REDD" import -q "$WORK/disk-1.increment" disk-back
is "$status" 0 'it comes in'
ok 'as it was' cmp "$WORK/disk-1.raw" $machines/disk-back.raw
ok 'with its holes' test "$(stat -c %b $machines/disk-back.raw)" -lt 50000
refuses 'a tree is not since a disk' 'is of a disk, and this is a tree \[R5182\]' \
        "$REDD" export -q --incremental-since="$WORK/disk-1.increment" web "$WORK/no.increment"

# tampering: a byte of each part, and each way to cut it
rm -f "$WORK"/far/*
cp -a "$WORK/web-0" $machines/small
rm -r $machines/small/usr/share
"$REDD" export -q small "$WORK/far/small.tar"
seq 200000 >$machines/small/etc/new
"$REDD" export -q --incremental-since="$WORK/far/small.tar" small "$WORK/far/small.increment"
# spoil OFFSET [FILE]: the byte there is another one
spoil() {
        cp "$WORK/far/small.increment" "$WORK/far/bad.increment"
        python3 - "$WORK/far/bad.increment" "$1" <<'END'
import sys
name, at = sys.argv[1], int(sys.argv[2])
data = bytearray(open(name, "rb").read())
data[at] ^= 0x10
open(name, "wb").write(data)
END
}
size=$(stat -c %s "$WORK/far/small.increment")
index=$(python3 -c "
import struct, sys
data = open('$WORK/far/small.increment', 'rb').read()
print(struct.unpack('<Q', data[-72:-64])[0])")
for place in "60 (a chunk cannot be unpacked|the checksum of a chunk is wrong)" \
        "$((index - 1)) (a chunk cannot be unpacked|the checksum of a chunk is wrong)" \
        "$index the checksum of its index is wrong" "$((size - 73)) the checksum of its index is wrong" \
        "$((size - 72)) its index is not where it should be" "$((size - 60)) its index is not where it should be" \
        "$((size - 56)) (its index cannot be unpacked|its index is longer)" "$((size - 40)) the checksum of its index is wrong" \
        "$((size - 1)) it is cut off"; do
        spoil "${place%% *}"
        refuses "byte ${place%% *} spoilt" "the increment is damaged: ${place#* } \\[R5180\\]" \
                "$REDD" import -q "$WORK/far/bad.increment" no
done
spoil 3
refuses 'its first bytes spoilt: it is nothing' 'R5150' "$REDD" import -q "$WORK/far/bad.increment" no
for length in 16 87 100 $((size / 2)) $((size - 1)); do
        head -c "$length" "$WORK/far/small.increment" >"$WORK/far/bad.increment"
        refuses "cut off after $length bytes" 'the increment is damaged: (it is cut off|its index) .*R5180|it is cut off \[R5180\]' \
                "$REDD" import -q "$WORK/far/bad.increment" no
done
cp "$WORK/far/small.tar" "$WORK/far/kept.tar"
python3 -c "
data = bytearray(open('$WORK/far/small.tar', 'rb').read())
data[700] ^= 1
open('$WORK/far/small.tar', 'wb').write(data)"
refuses 'what it is since, spoilt' 'is not what .* is since \[R5183\]' "$REDD" import -q "$WORK/far/small.increment" no
cp "$WORK/far/kept.tar" "$WORK/far/small.tar"
# one that is since itself, and names that lead elsewhere
"$REDD" export -q --incremental-since="$WORK/far/small.increment" small "$WORK/far/loop"
mv "$WORK/far/loop" "$WORK/far/small.increment"
refuses 'a loop has an end' 'is since more than 1000 other increments \[R5187\]' \
        "$REDD" import -q "$WORK/far/small.increment" no
ok 'nothing of all that is there' test ! -e $machines/no
is "$(find $machines -name '.#transfer*')" '' 'nor anywhere beside it'

# kill -9 of each of its processes at some moment: nothing appears, or the whole does
"$REDD" export -q small "$WORK/far/small.tar"
head -c 30000000 /dev/urandom >$machines/small/etc/another
"$REDD" export -q --incremental-since="$WORK/far/small.tar" small "$WORK/far/kill.increment"
# kill_one NUMBER: the process of a transfer that is the NUMBER-th, once there are so many
kill_one() {
        while kill -0 $client 2>/dev/null; do
                kill_pid=$(pgrep -x redd-transfer | sed -n "$1p")
                [ -z "$kill_pid" ] || kill -9 "$kill_pid" 2>/dev/null || continue
                [ -z "$kill_pid" ] || return
        done
}
killed=0
for victim in 1 2 3 2 3 2 3; do
        rm -rf $machines/killed
        "$REDD" import -q "$WORK/far/kill.increment" killed 2>/dev/null &
        client=$!
        kill_one $victim
        wait $client || killed=$((killed + 1))
        timeout 20 sh -c 'while pgrep -x redd-transfer >/dev/null; do :; done'
        [ ! -e $machines/killed ] || is "$(odd compare $machines/small $machines/killed)" '' \
                "process $victim killed: what is there is whole"
done
ok "$killed of 7 were killed in time" test $killed -gt 3
rm -rf $machines/killed
run "$REDD" import -q "$WORK/far/kill.increment" killed
is "$status" 0 'afterwards it comes in'
is "$(find $machines -name '.#transfer*')" '' 'and what the killed ones left is gone'
cp "$WORK/far/kill.increment" "$WORK/far/out.increment"
at=40
while [ $at -lt 2000 ]; do
        "$HELPER" kill-at $at "$BUILD/redd-transfer" -q --class=machine --incremental-since="$WORK/far/small.tar" export \
                small "$WORK/far/out.increment" 2>/dev/null
        timeout 20 sh -c 'while pgrep -x redd-transfer >/dev/null; do :; done'
        cmp -s "$WORK/far/kill.increment" "$WORK/far/out.increment" || { ok "export killed at $at: the old one or the new one" false; break; }
        at=$((at + 397))
done
ok 'a killed export leaves the old file or the new one' cmp "$WORK/far/kill.increment" "$WORK/far/out.increment"

rm -rf $machines/* $machines/.redd.v
done_testing
