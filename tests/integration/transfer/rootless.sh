#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images of a plain user: made in a folder of his own, with the owners of a range of ids that is his.
. "${0%/*}/../../lib/lib.sh"
needs newuidmap newgidmap setpriv python3 tar
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"
begin
setpriv --reuid=4711 --regid=4711 --clear-groups unshare -U true 2>/dev/null ||
        cannot_all 'this kernel does not let users make user namespaces'
[ -u "$(command -v newuidmap)" ] || [ -n "$(getfattr -n security.capability --absolute-names "$(command -v newuidmap)" 2>/dev/null)" ] ||
        skip_all 'newuidmap may not write maps'

echo 'carol:x:4711:4711::/home/carol:/bin/sh' >>/etc/passwd
echo 'carol:x:4711:' >>/etc/group
mkdir -p "$WORK/home"
chown 4711:4711 "$WORK/home"
chmod 755 "$WORK" "$WORK/home"
store=$WORK/home/.local/state/machines
carol() {
        run setpriv --reuid=4711 --regid=4711 --clear-groups env -u XDG_STATE_HOME -u XDG_RUNTIME_DIR HOME="$WORK/home" \
                REDD="$REDD" "$@"
}

tree_busybox "$WORK/tree"
chown 33:44 "$WORK/tree/etc/passwd"
ln "$WORK/tree/etc/passwd" "$WORK/tree/etc/twice"
setcap cap_net_raw+ep "$WORK/tree/usr/bin/helper" 2>/dev/null
setfacl -m u:55:r "$WORK/tree/etc/group" 2>/dev/null
tar --xattrs --xattrs-include='*' --acls --numeric-owner -C "$WORK/tree" -cf "$WORK/tree.tar" .
chmod 644 "$WORK/tree.tar"

# without a range
sed -i /carol/d /etc/subuid /etc/subgid 2>/dev/null
carol "$REDD" import-tar -q "$WORK/tree.tar" web
is "$status" 1 'without a range of ids there is no tree'
like "$err" 'cannot make a tree with its owners here: there is no range of ids .*R5195' 'which is said'
like "$err" '^hint: .*usermod --add-subuids' 'with what helps'
ok 'and nothing is there' test ! -e "$store/web"

# with one
echo 'carol:700000:65536' >>/etc/subuid
echo 'carol:700000:65536' >>/etc/subgid
carol "$REDD" import-tar -q "$WORK/tree.tar" web
is "$status" 0 'with one the tree is made'
[ "$status" -eq 0 ] || note "$err"
is "$(stat -c %u:%g "$store/web")" 700000:700000 "what is root's is the first id's"
is "$(stat -c %u:%g:%h "$store/web/etc/passwd")" 700033:700044:2 'and so on, by the range'
like "$(getfattr -n security.capability -e hex --absolute-names "$store/web/usr/bin/helper" 2>/dev/null)" '=0x0100000' \
        'capabilities of files are those of its root'
like "$(getfacl -n --absolute-names "$store/web/etc/group" 2>/dev/null)" '^user:700055:r--' 'names in ACLs, too'
is "$(find "$store" -name '.#transfer*')" '' 'nothing else is left'
carol "$REDD" import -q "$WORK/tree.tar" any
is "$status" 0 'import looks inside and does the same'
carol "$REDD" list-images --no-legend --user
like "$out" '^web ' 'it is in the list of his images'

# out again, and since
carol "$REDD" export-tar -q web "$WORK/home/web.tar"
is "$status" 0 'it goes out'
is "$(tar --numeric-owner -tvf "$WORK/home/web.tar" ./etc/passwd | awk '{print $2}')" 33/44 'with the owners it came with'
carol "$REDD" export -q --incremental-since="$WORK/home/web.tar" any "$WORK/home/any.increment"
is "$status" 0 'an increment, too'
carol "$REDD" import -q --force "$WORK/home/any.increment" any
is "$status" 0 'and in, in the place of the old one'
[ "$status" -eq 0 ] || note "$err"
is "$(stat -c %u:%g "$store/any/etc/passwd")" 700033:700044 'with its owners'

# the host's root runs it as it is
run "$REDD" run -q -D "$store/web" --private-users=700000:65536 --private-users-ownership=off stat -c %u:%g / /etc/passwd
is "$(printf '%s' "$out" | tr -d '\r')" '0:0
33:44' "the host's root runs it in its range"

# so does -U, though the range starts at no multiple of 65536, and root without private users sees the owners as well
for how in -U --private-users=yes --private-users=no; do
        run "$REDD" run -q -D "$store/web" $how stat -c %u:%g / /etc/passwd
        is "$(printf '%s' "$out" | tr -d '\r')" '0:0
33:44' "and with $how"
        [ "$status" -eq 0 ] || note "$err"
done
run "$REDD" run -q -D "$store/web" -U sh -c 'echo mine >/etc/new && stat -c %u:%g /etc/new'
is "$(printf '%s' "$out" | tr -d '\r')" 0:0 'what is made inside is of its root'
is "$(stat -c %u:%g "$store/web/etc/new")" 700000:700000 "which is the range's first id outside"
mkfifo -m 666 "$WORK/up" "$WORK/go"
"$REDD" run -q -D "$store/web" -U --bind="$WORK/up" --bind="$WORK/go" sh -c "echo up >$WORK/up; read x <$WORK/go" </dev/null >/dev/null 2>&1 &
first=$!
read -r line <"$WORK/up"
is "$line" up 'while one runs'
run "$REDD" run -q -D "$store/any" -U stat -c %u:%g /etc/passwd
is "$(printf '%s' "$out" | tr -d '\r')" 33:44 "another tree of the user's runs beside it"
carol "$REDD" remove --user web
is "$status" 1 'the user cannot remove what runs'
like "$err" 'resource busy .*R3012' 'and is told so'
echo go >"$WORK/go"
wait "$first"
run "$REDD" run -q -D "$store/any" --private-users=pick --private-users-ownership=chown true
is "$status" 0 'there is nothing to change about the owners of a tree in its range'
run "$REDD" run -q -D "$store/any" --private-users=1048576 --private-users-ownership=chown true
is "$status" 1 'and another range would take it from its user'
like "$err" "belongs to a plain user's range of ids, from 700000 .*R2213" 'which is said'

# what users do with images, he does with his
carol "$REDD" clone --user web twin
is "$status" 0 'he makes a copy'
[ "$status" -eq 0 ] || note "$err"
is "$(stat -c %u:%g:%h "$store/twin/etc/passwd")" 700033:700044:2 'with its owners and links'
like "$(getfattr -n security.capability -e hex --absolute-names "$store/twin/usr/bin/helper" 2>/dev/null)" '=0x0100000' \
        'and capabilities'
carol "$REDD" rename --user twin second
is "$status" 0 'gives it another name'
carol "$REDD" list-images --user --no-legend
like "$out" '^second directory no ' 'sees that it can be written'
carol "$REDD" snapshot --user second before
is "$status" 0 'remembers it as it is'
carol "$REDD" restore --user second before
is "$status" 0 'and goes back to that'
[ "$status" -eq 0 ] || note "$err"
for name in web any second; do
        carol "$REDD" remove --user "$name"
        is "$status" 0 "and removes '$name'"
        [ "$status" -eq 0 ] || note "$err"
done
is "$(ls "$store")" '' 'all of it'
rm -rf "$WORK/home" /run/redd
done_testing
