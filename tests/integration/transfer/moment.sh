#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is exported of a machine that runs is the state of one moment: on each file system, in layers, of a disk image.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/stores.sh"
needs python3 tar
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"
begin unified

# It goes through a hundred files, again and again, and writes one number more into each: at any moment they hold one
# number up to some file, and the one before from there on; the file being written may be empty. Between them lie
# others, so that reading them all takes a while.
writer='i=1
for f in /d/*/count; do echo 0 >$f; done
helper notify READY=1
while :; do
        for f in /d/*/count; do echo $i >$f; done
        i=$((i + 1))
done'

# writing_tree DIR
writing_tree() {
        tree_busybox "$1"
        mkdir "$1/d"
        for n in $(seq -w 100); do
                mkdir "$1/d/$n"
                head -c 300000 /dev/urandom >"$1/d/$n/between"
                echo 0 >"$1/d/$n/count"
        done
}

# is_one_moment DIR: whether the numbers there can be those of one moment
is_one_moment() {
        python3 - "$1" <<'END'
import pathlib
import sys

texts = [path.read_text() for path in sorted(pathlib.Path(sys.argv[1], "d").glob("*/count"))]
numbers = [int(text) for text in texts if text.strip()]
changes = [(a, b) for a, b in zip(numbers, numbers[1:]) if a != b]
# one round is behind the other; in the first one since the start, which writes 0, by as much as was there before
ok = len(texts) == 100 and len(numbers) >= 99 and len(changes) <= 1 and all(a == 0 or b == a - 1 for a, b in changes)
if not ok:
    print(texts)
sys.exit(0 if ok else 1)
END
}

# goes_out NAME WAY: exports the machine that runs, three times, and looks at what came out
goes_out() {
        for goes_out_n in 1 2 3; do
                rm -rf "$WORK/out" "$WORK/out.tar"
                run "$REDD" export "$1" "$WORK/out.tar"
                is "$status" 0 "$2: it goes out"
                mkdir "$WORK/out"
                tar -C "$WORK/out" -xf "$WORK/out.tar"
                ok "$2: it is one moment's" is_one_moment "$WORK/out"
        done
        case $2 in
        *snapshot*) ;;
        *) like "$err" '^The machine was held still for [0-9]+ ms\.$' "$2: which is said"
           note "$(printf '%s\n' "$err" | grep held)" ;;
        esac
        is "$(find "$STORE" -maxdepth 1 -name '.#transfer*'; ls -d "$STORE"/.redd.v/tmp/* 2>/dev/null)" '' \
                "$2: nothing is left beside it"
        is "$(sed -n 's/^frozen //p' "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$leader/cgroup")/cgroup.events")" 0 \
                "$2: it goes on"
}

# start_writer NAME
start_writer() {
        start "$1" "$REDD" run -q -M "$1" --as-pid2 sh -c "$writer"
}

for kind in tmpfs ext4 xfs btrfs; do
        store $kind || continue
        case $kind in
        btrfs) btrfs subvolume create "$STORE/web" >/dev/null 2>&1 || mkdir "$STORE/web"
               way='btrfs (snapshot)' ;;
        *) mkdir "$STORE/web"
           way="$kind, a plain tree" ;;
        esac
        writing_tree "$STORE/web"
        start_writer web
        goes_out web "$way"
        if [ $kind = ext4 ]; then
                # increments are of one moment, too
                run "$REDD" export -q --incremental-since="$WORK/out.tar" web "$WORK/out.increment"
                is "$status" 0 'an increment of it goes out'
                run "$REDD" import -q "$WORK/out.increment" back
                is "$status $err" '0 ' 'and comes in'
                ok 'and is one moment, too' is_one_moment "$STORE/back"
                rm -rf "$STORE/back"
                # somebody kills the export while the machine is held: it goes on all the same
                "$REDD" export -q web "$WORK/killed.tar" 2>/dev/null &
                client=$!
                events="/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$leader/cgroup")/cgroup.events"
                timeout 20 sh -c 'until grep -q "frozen 1" "$1" || ! kill -0 "$2" 2>/dev/null; do :; done' sh "$events" "$client"
                # all of that name; the process that lets the machine go on has another
                kill -KILL $(pgrep -x redd-transfer -P "$client") "$client" 2>/dev/null || true
                wait $client
                ok 'killed, it does not stay frozen' timeout 20 sh -c 'until grep -q "frozen 0" "$1"; do :; done' sh "$events"
                run "$REDD" export -q web "$WORK/out.tar"
                is "$(find "$STORE" -maxdepth 1 -name '.#transfer*')" '' 'and the next one clears away what was left'
        fi
        stop
        rm -rf "$WORK/out" "$WORK/out.tar"
        if [ $kind != btrfs ]; then
                "$REDD" clone web twin
                start_writer twin
                goes_out twin "$kind, in layers"
                stop
        fi
        rm -rf "$STORE"/* "$STORE/.redd.v"
        store_end
done

# a disk image: what its file system holds is written to it, then it is copied
if command -v mkfs.ext4 >/dev/null && [ -e /dev/loop-control ]; then
        writing_tree "$WORK/tree"
        mkfs.ext4 -q -d "$WORK/tree" "$STORE/disk.raw" 200M
        start disk "$REDD" run -q -i "$STORE/disk.raw" -M disk --as-pid2 sh -c "$writer"
        for n in 1 2 3; do
                rm -f "$WORK/disk.raw"
                run "$REDD" export disk "$WORK/disk.raw"
                is "$status" 0 'a disk goes out'
                like "$err" '^The machine was held still for [0-9]+ ms\.$' 'while its machine waits'
                mkdir -p "$WORK/mnt"
                mount -o loop "$WORK/disk.raw" "$WORK/mnt"
                ok 'and is one moment' is_one_moment "$WORK/mnt"
                umount "$WORK/mnt"
        done
        stop
        is "$(find "$STORE" -maxdepth 1 -name '.#transfer*')" '' 'nothing is left beside it'
        rm -f "$STORE/disk.raw" "$STORE/.#disk.raw.lck"
fi

done_testing
