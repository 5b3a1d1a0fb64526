#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Transfers that are killed, cancelled, left alone, or run out of room; and the list of those that run.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs setsid
begin
small_tree "$WORK/tree"
head -c 4000000 /dev/urandom >"$WORK/tree/usr/lib/noise"
tar -C "$WORK/tree" -cf "$WORK/small.tar" .
"$REDD" import-tar -q "$WORK/small.tar" source

# begin_import NAME: an import that waits for the rest of its archive; sets $client
begin_import() {
        rm -f "$WORK/pipe"
        mkfifo "$WORK/pipe"
        "$REDD" import-tar - "$1" <"$WORK/pipe" >"$WORK/$1.log" 2>&1 &
        client=$!
        exec 7>"$WORK/pipe"
        head -c 3000000 "$WORK/small.tar" >&7
        # it has unpacked what came
        timeout 20 sh -c 'until [ -e /var/lib/machines/.#transfer.'"$1"'.*/usr ] && [ -e /run/redd/transfers/*/state ]; do :; done'
}

# all in the folder of images but the locks of images
images() {
        find /var/lib/machines -mindepth 1 -maxdepth 1 ! -name '*.lck' -printf '%f\n' | sort | tr '\n' ' '
}

# the workers, jobs and programs of transfers
transfers() {
        pgrep -x redd-transfer
}

await_none() {
        timeout 20 sh -c 'while pgrep -x redd-transfer >/dev/null; do :; done'
}

# kill -9, each process in turn: nothing half appears, and the next one cleans up
for victim in 1 2 3; do
        begin_import half
        pid=$(transfers | sed -n "${victim}p")
        kill -9 "$pid"
        exec 7>&-
        wait "$client"
        [ $victim -eq 1 ] || isnt $? 0 "process $victim killed: the import fails"
        await_none
        [ $victim -eq 1 ] || ok 'and there is no image' test ! -e /var/lib/machines/half
        rm -rf /var/lib/machines/half
        run "$REDD" import-tar -q --force "$WORK/small.tar" whole
        is "$status" 0 'the next one works'
        is "$(images)" 'source whole ' 'and has removed what was left'
done

# all at once
begin_import half
for pid in $(transfers); do
        kill -9 "$pid" 2>/dev/null
done
exec 7>&-
wait "$client"
await_none
run "$REDD" list-transfers
is "$out" 'No transfers.' 'a dead transfer is not listed'
run "$REDD" import-tar -q --force "$WORK/small.tar" whole
is "$(images)" 'source whole ' 'what all of them left is removed'

# the list, and its end
begin_import listed
run "$REDD" list-transfers
like "$out" '^ID PERCENT TYPE +CLASS +LOCAL +REMOTE' 'transfers are listed'
like "$out" '^1 +- +import-tar machine listed' 'with what they do'
run "$BUILD/compat/importctl" --json=short
like "$out" '^\[\{"id":1,"percent":(null|[0-9]+),"type":"import-tar","class":"machine","local":"listed","remote":' 'for programs too'
run "$REDD" cancel-transfer 1
is "$status" 0 'and can be cancelled'
wait "$client"
is $? 1 'which ends them'
exec 7>&-
like "$(cat "$WORK/listed.log")" 'the transfer was cancelled' 'with that word'
ok 'and without a trace' test ! -e /var/lib/machines/listed
run "$BUILD/compat/importctl" cancel-transfer 1
like "$err" 'Could not cancel transfer: No transfer by id 1 \[R5051\]' 'what has ended cannot be cancelled'
run "$REDD" cancel-transfer x
like "$err" 'R5054' 'nor what is no number'

# Ctrl-C leaves; the transfer goes on
begin_import alone
pid=$(transfers | head -n 1)
kill -INT "$pid"
wait "$client"
is $? 0 'Ctrl-C lets go of it'
like "$(cat "$WORK/alone.log")" 'goes on in the background' 'which is said'
tail -c +3000001 "$WORK/small.tar" >&7
exec 7>&-
await_none
is "$(diff -r --no-dereference "$WORK/tree" /var/lib/machines/alone)" '' 'and it ends well by itself'
rm -rf /var/lib/machines/alone

# two at a time have different numbers, and one name is one image
begin_import first
run "$REDD" import-tar "$WORK/small.tar" second
like "$err" '^Enqueued transfer job 2\.' 'two at a time have two numbers'
run "$REDD" import-tar -q "$WORK/small.tar" first
is "$status" 0 'who is first with a name has it'
tail -c +3000001 "$WORK/small.tar" >&7
exec 7>&-
wait "$client"
is $? 1 'the other one is refused at the end'
like "$(cat "$WORK/first.log")" "Image 'first' already exists" 'with that reason'
await_none

# no room
mkdir "$WORK/little"
mount -t tmpfs -o size=2M tmpfs "$WORK/little"
run "$REDD" export-tar -q source "$WORK/little/out.tar"
is "$status" 1 'an export to a full disk fails'
like "$err" 'No space left on device \[R5080\]' 'with the reason'
is "$(ls -A "$WORK/little")" '' 'and leaves nothing'
umount "$WORK/little"
mount -t tmpfs -o size=2M,mode=700 tmpfs /var/lib/machines
run "$REDD" import-tar -q "$WORK/small.tar" full
is "$status" 1 'so does an import'
like "$err" 'No space left on device \[R5015\]' 'with the reason'
is "$(ls -A /var/lib/machines)" '' 'and leaves nothing'
run "$REDD" import-raw -q "$WORK/small.tar" full
is "$(ls -A /var/lib/machines)" '' 'of disks neither'
umount /var/lib/machines

# an export that is killed
truncate -s 3G /var/lib/machines/source/large
"$REDD" export-tar -q --format=xz source "$WORK/killed.tar" 2>/dev/null &
client=$!
timeout 20 sh -c 'until [ -e "$0" ]; do :; done' "$WORK/.#killed.tar.part"
for pid in $(transfers); do
        kill -9 "$pid"
done
wait "$client"
await_none
ok 'an export that is killed leaves no file of its name' test ! -e "$WORK/killed.tar"
rm -f /var/lib/machines/source/large
run "$REDD" export-tar -q source "$WORK/killed.tar"
is "$status" 0 'and the next one works'
is "$(ls -A "$WORK" | grep '^\.#')" '' 'and takes its place'
forget source whole first second
run "$REDD" list-transfers
done_testing
