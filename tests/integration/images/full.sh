#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk that is used up to the last block: what makes something refuses and leaves nothing, what removes works.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/stores.sh"
begin

image() {
        mkdir -p "$STORE/$1/etc" "$STORE/$1/usr/bin"
        echo "$1" >"$STORE/$1/etc/value"
        cp "$(command -v busybox)" "$STORE/$1/usr/bin/"
}
fill() {
        n=0
        for size in 1M 64k 4k 1k 4k 1k; do
                n=$((n + 1))
                dd if=/dev/zero of="$STORE/.fill.$n" bs=$size status=none 2>/dev/null
                dd if=/dev/zero of="$STORE/.fill.$n.more" bs=$size status=none 2>/dev/null
        done
        while [ "$n" -lt 300 ] && mkdir "$STORE/.fill.$n.d" 2>/dev/null; do n=$((n + 1)); done
        sync -f "$STORE"
        dd if=/dev/zero of="$STORE/.fill.last" bs=1k status=none 2>/dev/null
        sync -f "$STORE"
}
# refused VERB...: as the last block is gone, it may have worked all the same where room is kept for such things
refused() {
        run "$REDD" "$@"
        [ "$status" = 0 ] || case $err in
        *'No space left on device'* | *'uota exceeded'*) ;;
        *) wrong="$wrong $*: $err" ;;
        esac
        "$REDD" verify >"$WORK/verify" 2>&1 || wrong="$wrong, after $*: $(cat "$WORK/verify")"
}
left() {
        find "$STORE" -mindepth 1 -maxdepth 1 ! -name '.fill.*' ! -name '.#*.lck' ! -name lost+found -printf '%f\n' |
                sort | tr '\n' ' '
}
full() {
        image plain
        truncate -s 1M "$STORE/disk.raw"
        echo "$WORK" >"$STORE/disk.nspawn"
        fill
        wrong=''
        refused clone plain new
        refused snapshot plain
        is "$wrong" '' "$1: what makes something says that there is no room, and leaves nothing"
        run "$REDD" remove plain
        is "$status" 0 "$1: an image is removed"
        run "$REDD" remove disk
        is "$status$(left)" 0 "$1: a disk image too, with what belongs to it, and nothing of it is left"
        rm -rf "$STORE"/.fill.*

        image web
        "$REDD" clone -q web child
        "$REDD" mount -q child "$WORK/at" && echo two >"$WORK/at/etc/value"
        "$REDD" unmount "$WORK/at"
        "$REDD" snapshot -q child then
        "$REDD" snapshot -q web then
        fill
        wrong=''
        refused clone web new
        refused snapshot child now
        refused flatten child
        refused restore child then
        "$REDD" mount -q --read-only child "$WORK/at" && value=$(cat "$WORK/at/etc/value")
        "$REDD" unmount "$WORK/at"
        is "$wrong $value" ' two' "$1: in layers, too, and nothing is lost"
        rm -f "$STORE"/.fill.last
        fill
        run "$REDD" remove-snapshot web then
        is "$status" 0 "$1: a snapshot is removed"
        fill
        run "$REDD" remove child
        is "$status" 0 "$1: a machine is removed with its snapshots"
        run "$REDD" remove web
        is "$status$(left)" 0 "$1: the last one too, and nothing is left"
        run "$REDD" verify
        is "$status" 0 "$1: verify finds nothing"
}
mkdir "$WORK/at"

mount -t tmpfs -o size=8M,mode=0700 store "$STORE"
full tmpfs
store_end
mount -t tmpfs -o size=64M,nr_inodes=200,mode=0700 store "$STORE"
full 'tmpfs without inodes'
# what was being removed when somebody was killed
mkdir -p "$STORE/web" "$STORE/.redd.v/gone-0/etc"
"$REDD" clone -q web child
not_ok 'what was on its way out is removed by the next verb' test -e "$STORE/.redd.v/gone-0"
store_end
# --- killed meanwhile ---
killed=0 wrong=''
for n in $(seq 60 13 320); do
        mount -t tmpfs -o size=2M,mode=0700 store "$STORE"
        mkdir -p "$STORE/web/etc"
        seq 2000 >"$STORE/web/etc/value"
        "$REDD" clone -q web child
        "$REDD" snapshot -q child then
        dd if=/dev/zero of="$STORE/.fill" bs=1k status=none 2>/dev/null
        "$HELPER" kill-at "$n" "$REDD" remove child >/dev/null 2>&1
        [ $? != 137 ] || killed=$((killed + 1))
        "$REDD" verify >"$WORK/verify" 2>&1 || wrong="$wrong $n: $(cat "$WORK/verify")"
        [ ! -d "$STORE/child" ] || "$REDD" remove child >/dev/null 2>&1 || wrong="$wrong $n: not removed"
        "$REDD" remove web >/dev/null 2>&1
        rm -f "$STORE/.fill"
        "$REDD" verify >/dev/null 2>&1
        [ -z "$(left)" ] || wrong="$wrong $n: $(left)"
        store_end
done
is "$wrong" '' "a removal from a full disk that is killed leaves nothing wrong ($killed times)"
ok '… and was killed' test "$killed" -gt 10

STORE_SIZE=16M
store ext4 && { full ext4; store_end; }
STORE_SIZE=310M
store xfs && { full XFS; store_end; }
STORE_SIZE=128M
store btrfs && { full btrfs; store_end; }

# --- a quota, which is asked even when something is removed ---
store btrfs && {
        "$REDD" set-limit 32M
        image web
        "$REDD" clone -q web child
        "$REDD" clone -q web small
        "$REDD" snapshot -q child then
        image child
        fill
        wrong=''
        refused clone web new
        refused remove-snapshot child then
        refused remove small
        is "$wrong" '' 'what cannot be done for a quota leaves everything whole'
        run "$REDD" remove child web
        is "$status" 0 'an image that has something of its own, and a plain one, are removed'
        "$REDD" remove -q small 2>/dev/null
        rm -rf "$STORE"/.fill.*
        is "$("$REDD" list-images --no-legend)$(left)" '' '… and nothing is left'
        store_end
}
done_testing
