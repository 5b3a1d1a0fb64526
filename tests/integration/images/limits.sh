#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits of images on btrfs: of one subvolume, and of all images together, those that are made later too.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/stores.sh"
begin
store btrfs || { done_testing; exit; }
tree_busybox "$WORK/tree"
btrfs -q subvolume create "$STORE/web"
cp -a "$WORK/tree/." "$STORE/web/"
cp -a "$WORK/tree" "$STORE/plain"

# fill NAME MEBIBYTES: writes that much more into an image; fails when that is more than it may have
fill() {
        dd if=/dev/zero bs=1M count="$2" status=none >>"$STORE/$1/filler" 2>/dev/null && sync -f "$STORE/$1/filler"
}
property() { "$REDD" show-image --value -p "$2" "$1"; }

run "$REDD" set-limit web -
is "$status" 0 'where nothing is counted there is no limit to take away'
is "$(property web Limit)" infinity '… and none is told'
run "$REDD" set-limit web 40M
is "$status $(property web Limit)" '0 41943040' 'a subvolume gets a limit'
like "$("$REDD" image-status web)" '^	   Limit: 40M$' '… which its status shows'
not_ok '… and takes no more than that' fill web 60
ok '… all of it' test "$(property web Usage)" -gt 30000000
run "$REDD" run -q --pipe -M web sh -c 'cat /filler >/more || echo refused'
is "$out" refused '… nor what runs in it'
rm -f "$STORE/web/filler" "$STORE/web/more"
run "$REDD" clone web other
is "$(property other Limit)" 41943040 'a clone has the same limit'
not_ok '… for itself' fill other 60
run "$REDD" set-limit web -
is "$status $(property web Limit)" '0 infinity' 'a limit is taken away'
ok '… and is gone' fill web 60
"$REDD" remove other web

refuses 'a directory has none' "hint: $STORE/plain is a plain directory on btrfs; 'redd clone' and then 'redd flatten'" \
        "$REDD" set-limit plain 20M
"$REDD" clone plain child && "$REDD" flatten child
run "$REDD" set-limit child 30M
is "$status $(property child Type)" '0 subvolume' '… what is told to do instead makes one that has'

"$REDD" set-limit child -

run "$REDD" set-limit 100M
is "$status" 0 'all images together get a limit'
is "$("$REDD" show-image --value -p PoolLimit)" 104857600 '… which is told'
run "$REDD" clone child young
ok 'one that is made later is counted' fill young 60
ok '… with the others' test "$("$REDD" show-image --value -p PoolUsage)" -gt 60000000
not_ok '… up to the limit' fill young 60
not_ok '… which holds for the others as well' fill child 15
# used up to the last block, only who has CAP_SYS_RESOURCE may change it: then the hint helps
run "$REDD" set-limit -
if [ "$status" != 0 ]; then
        like "$err" 'hint: it is used up to the last block, and the change takes one: remove a file in it first' 'a full one says so'
        rm "$STORE/young/filler"
        sync -f "$STORE"
        run "$REDD" set-limit -
fi
is "$status$("$REDD" show-image -p PoolLimit | grep -c '=1048')" 00 'that is taken away, too'
ok '… and is gone' fill young 60
# one for itself and what is nested in it, as other programs make them
id=$(btrfs subvolume show "$STORE/young" | sed -n 's/.*Subvolume ID:[[:space:]]*//p')
ok 'a subvolume has a group of several, too' btrfs qgroup create "1/$id" "$STORE"
btrfs -q qgroup assign "0/$id" "1/$id" "$STORE" >/dev/null 2>&1
"$REDD" remove young child plain
# what is left of the subvolumes is freed after the next commit, and with it their groups
mount -o remount,commit=1 "$STORE"
btrfs subvolume sync "$STORE" >/dev/null 2>&1
is "$(btrfs qgroup show --raw "$STORE" 2>/dev/null | sed -n 's,^\([01]/[0-9]*\) .*,\1,p' | grep -v -x -e 0/5 -e 1/5)" '' \
        'no quota group outlives its subvolume'
store_end
done_testing
