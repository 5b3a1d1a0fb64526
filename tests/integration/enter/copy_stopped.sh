#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copies with images that do not run, copies that are interrupted, and trees that want to lead a copy astray.
. "${0%/*}/../../lib/lib.sh"
needs python3 mke2fs
begin
tree_busybox "$WORK/web"
python3 "$LIB/make_tree.py" make "$WORK/tree"
python3 "$LIB/make_tree.py" tell "$WORK/tree" >expected

# there_and_back NAME DESCRIPTION
there_and_back() {
        run "$REDD" copy-to "$1" "$WORK/tree" /srv
        is "$status $err" "0 " "$2: a tree is copied in"
        rm -rf back
        run "$REDD" copy-from "$1" /srv "$WORK/back"
        is "$status" 0 "$2: and out"
        python3 "$LIB/make_tree.py" tell "$WORK/back" >got
        ok "$2: the same as at first" diff expected got
}

cp -a "$WORK/web" /var/lib/machines/plain
there_and_back plain 'a folder'
rm -rf /var/lib/machines/plain/srv
run "$REDD" clone plain layered
there_and_back layered 'a clone'
"$REDD" clone layered third
"$REDD" copy-from third /srv/owner1 "$WORK/owner1"
is "$(cat owner1)" 'of user 1' 'a clone of a clone has it, too'

truncate -s 64M /var/lib/machines/disk.raw
mke2fs -q -F -t ext4 -d "$WORK/web" /var/lib/machines/disk.raw
there_and_back disk 'a disk image'
is "$(find /run/redd/mounts -mindepth 1 2>/dev/null)" '' 'nothing stays mounted'

cp -a "$WORK/web" /var/lib/machines/shifted
chown -R 655360:655360 /var/lib/machines/shifted
there_and_back shifted 'a tree of a range of ids'
is "$(stat -c %u:%g /var/lib/machines/shifted/srv/owner3)" 656363:657363 'it has its own numbers on disk'

"$REDD" read-only plain yes
run "$REDD" copy-to --force plain "$WORK/tree" /srv
is "$status" 1 'an image that is read-only is not written to'
like "$err" "the image 'plain' is marked read-only" 'and says so'
run "$REDD" copy-from plain /etc/passwd "$WORK/passwd"
is "$status" 0 'but read'
"$REDD" read-only plain no
run "$REDD" copy-to nothing "$WORK/tree" /srv
like "$err" "Failed to copy: No machine 'nothing' known" 'what there is not is named'

# nothing half done is left
mkdir "$WORK/many"
for i in $(seq 300); do head -c 200000 /dev/urandom >"$WORK/many/$i"; done
boot web
for signal in KILL TERM INT; do
        "$REDD" copy-to web "$WORK/many" "/var/tmp/many" &
        client=$!
        while [ -z "$(find "$WORK/web/var/tmp" -name '.#redd-copy-*' 2>/dev/null)" ]; do
                kill -0 "$client" 2>/dev/null || break
        done
        kill -s "$signal" "$client" 2>/dev/null
        wait "$client" 2>/dev/null
        ok "SIG$signal leaves nothing behind" timeout 20 sh -c \
                'while [ -n "$(find "$1" -name ".#redd-copy-*")" ]; do :; done; [ ! -e "$1/many" ] || [ "$(ls "$1/many" | wc -l)" = 300 ]' \
                sh "$WORK/web/var/tmp"
        rm -rf "$WORK/web/var/tmp/many"
done
run "$REDD" copy-to web "$WORK/web" /var/tmp/self
is "$status" 0 'a tree that holds its own target is copied once'
rm -rf "$WORK/web/var/tmp/self"

# a machine that works against it
"$REDD" exec web sh -c 'ln -s /etc /leads; ln -s ../../../../../../etc /up; ln -s /proc/1/root /magic; mkdir /srv; mkfifo /srv/f'
echo inside >"$WORK/inside"
"$REDD" copy-to web "$WORK/inside" /leads/inside
"$REDD" copy-to web "$WORK/inside" /up/inside2
is "$("$REDD" exec web cat /etc/inside /etc/inside2 | tr '\n' ' ')" 'inside inside ' 'links lead to places in the machine'
not_ok 'and never out of it' test -e /etc/inside
run "$REDD" copy-to web "$WORK/inside" /magic/etc/inside
is "$status" 1 'those of procfs lead nowhere'
"$REDD" exec web sh -c 'ln -s /etc/shadow-of-host /srv/secret'
echo secret >/etc/shadow-of-host
run "$REDD" copy-from web /srv/secret "$WORK/secret"
is "$(readlink "$WORK/secret")" /etc/shadow-of-host 'a link that is copied out is a link'
run "$REDD" copy-from web /leads/shadow-of-host "$WORK/secret2"
is "$status" 1 'and what it leads to outside is not copied'
"$REDD" exec web sh -c 'while :; do mkdir -p /srv/a; mv /srv/a /srv/b 2>/dev/null; ln -sfn /etc /srv/a 2>/dev/null; rm -rf /srv/a
        ln -s /etc /srv/b/x 2>/dev/null; rm -rf /srv/b; done' >/dev/null 2>&1 &
swapping=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        "$REDD" copy-from web /srv "$WORK/swapped" 2>/dev/null
        [ ! -e "$WORK/swapped" ] || [ -z "$(find "$WORK/swapped" -name shadow-of-host)" ] || echo "$i" >>found
        rm -rf "$WORK/swapped"
        "$REDD" copy-to --force web "$WORK/tree" /srv/a 2>/dev/null
        "$REDD" copy-to --force web "$WORK/inside" /srv/b/x 2>/dev/null
done
kill -KILL "$swapping"
wait "$swapping" 2>/dev/null
not_ok 'swapping folders for links brings nothing out' test -e found
is "$(find /etc -newer expected -type f | grep -v shadow-of-host)" '' 'and nothing in'
stop
rm -rf /var/lib/machines/* /var/lib/machines/.redd*
done_testing
