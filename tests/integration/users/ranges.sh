#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Users of one's own: which range, whose files, on which file systems, and what is left of a change that was killed.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"

redd() {
        run "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
}

# base OPTION...: the first host id of such a container
base() {
        redd "$@" sed 's/^ *0 *\([0-9]*\) .*/\1/' /proc/self/uid_map
        printf '%s\n' "$out"
}

map=--private-users-ownership=map
is "$(base --private-users=65536000 $map)" 65536000 'a range that was asked for'
redd --private-users=65536000:1000 $map cat /proc/self/uid_map
like "$out" '^ *0 +65536000 +1000$' 'of another length'
redd --private-users=identity cat /proc/self/uid_map
like "$out" '^ *0 +0 +65536$' 'the same ids'
first=$(base --private-users=pick $map)
ok 'a picked range begins at a multiple of 65536' test $((first % 65536)) -eq 0
is "$(base --private-users=pick $map)" "$first" 'it is the same each time'
isnt "$(run "$REDD" run -q --pipe -D "$WORK/tree" -M other --private-users=pick $map cat /proc/self/uid_map; echo "$out")" \
        "$(redd --private-users=pick $map cat /proc/self/uid_map; echo "$out")" 'and another for each name'
start one "$REDD" run -q -D "$WORK/tree" -M tiny --read-only --private-users=pick $map --notify-ready=yes sh -c 'helper notify READY=1; exec helper hold'
is "$(sed 's/^ *0 *\([0-9]*\) .*/\1/' "/proc/$leader/uid_map")" "$first" 'while it is in use'
ok 'its lock is held' test -e "/run/systemd/nspawn-uid/$first"
cp -a "$WORK/tree" "$WORK/second"
mkdir -p /run/systemd/nspawn-uid
chown "$first:$first" "$WORK/second"
run "$REDD" run -q --pipe -D "$WORK/second" -M second --private-users=pick --private-users-ownership=off sed 's/^ *0 *\([0-9]*\) .*/\1/' /proc/self/uid_map
isnt "$out" "$first" 'nobody else gets it, though the tree were its'
stop
rm -rf "$WORK/second"
redd --private-users=no cat /proc/self/uid_map
like "$out" '^ *0 +0 +4294967295$' 'without private users there are all'
for bad in 0:0 4294967295 65536:4294967295 x; do
        run "$REDD" run -q -D "$WORK/tree" --private-users=$bad true
        is "$status" 1 "--private-users=$bad is refused"
        like "$err" '^hint: ' 'with a hint'
done

# owners by map, on disk and in memory; nothing is changed
redd --private-users=65536000 $map sh -c 'stat -c "%u %g" /etc/passwd /home/alice; touch /home/alice/new; stat -c %u /home/alice/new'
is "$out" '0 0
1000 1000
0' 'mapped, the owners are those of the tree'
is "$(stat -c '%u' "$WORK/tree/home/alice/new")" 0 'and what is made is, too'
rm "$WORK/tree/home/alice/new"
mkdir "$WORK/memory"
mount -t tmpfs memory "$WORK/memory"
cp -a "$WORK/tree/." "$WORK/memory"
run "$REDD" run -q --pipe -D "$WORK/memory" -M tiny --private-users=65536000 $map stat -c %u /home/alice
if [ "$status" -eq 0 ]; then
        is "$out" 1000 'on tmpfs as well'
else
        like "$err" 'cannot map the owners of a file system of type tmpfs' 'on tmpfs, where the kernel cannot, it is said'
fi
umount "$WORK/memory"
mkdir "$WORK/upper" "$WORK/work" "$WORK/merged"
mount -t overlay -o "lowerdir=$WORK/tree,upperdir=$WORK/upper,workdir=$WORK/work" overlay "$WORK/merged"
run "$REDD" run -q --pipe -D "$WORK/merged" -M tiny --private-users=65536000 $map sh -c 'stat -c "%u %g" /etc/passwd /home/alice; touch /etc/made'
is "$status/$out" '0/0 0
1000 1000' 'a tree that is an overlay is mapped by its layers' || note "$err"
ok 'what is written goes to its upper one' test -e "$WORK/upper/etc/made"
umount "$WORK/merged"
rm -rf "$WORK/upper" "$WORK/work" "$WORK/merged"
host_is_as_before 'nothing is left'

# combinations
for options in --ephemeral --volatile=overlay --volatile=yes --volatile=state --read-only; do
        redd -U $options --private-users-ownership=map sh -c 'stat -c "%u" / /usr/bin/busybox; cat /proc/self/uid_map | tr -s " "'
        is "$status" 0 "-U $options starts" || note "$err"
        unlike "$out" 65534 'and nothing belongs to nobody'
done
redd -U --private-network ip link
like "$out" 'lo:' '-U with a network of its own'
redd -U sh -c 'ls /sys/class/net | wc -l; touch /sys/x 2>&1'
is "$status" 1 'with the network of the host it has a /sys that is read only'

# owners on disk
chmod 4755 "$WORK/tree/usr/bin/busybox"
owners() {
        (cd "$WORK/tree" && find . -printf '%p %U %G %m\n' | sort)
}
before=$(owners)
redd --private-users=65536000 --private-users-ownership=chown stat -c '%u' /home/alice /etc/passwd
is "$status/$out" '0/1000
0' 'chown changes the owners on disk'
is "$(stat -c '%u %g' "$WORK/tree/home/alice")" '65537000 65537000' 'for good'
is "$(stat -c '%a' "$WORK/tree/usr/bin/busybox")" 4755 'without losing bits'
is "$(base --private-users=yes --private-users-ownership=off)" 65536000 'the range is then known by the tree'
redd sh -c 'stat -c %u /home/alice /etc/passwd; echo x >/etc/plain; chmod 4755 /etc/plain; stat -c %u /etc/plain; cat /proc/self/uid_map'
like "$out" '^1000
0
0
 +0 +0 4294967295' 'without private users the owners are seen as they were'
is "$(stat -c '%u %g %a' "$WORK/tree/etc/plain")" '65536000 65536000 4755' 'and what is made is of the range, too'
run "$REDD" run --pipe -D "$WORK/tree" -M tiny true
like "$err" "tree's files, of the range from 65536000, are seen as of the range from 0" 'which is said'
redd --ephemeral sh -c 'stat -c %u /etc/passwd; echo y >/etc/plain && stat -c %u /etc/plain'
is "$out" '0
0' 'with --ephemeral as well'
redd --volatile=overlay stat -c %u / /etc/passwd
is "$out" '0
0' 'and --volatile='
for again in 1 2 3; do
        redd --private-users=65536000 --private-users-ownership=auto sh -c "stat -c %u /etc/plain; touch /etc/a$again"
        redd sh -c "stat -c %u /etc/a$again; touch /etc/b$again"
done
is "$out" 0 'one way and the other can alternate'
is "$(find "$WORK/tree/etc" ! -uid 65536000)" '' 'and no file belongs to anybody else'
rm -f "$WORK/tree"/etc/plain "$WORK/tree"/etc/[ab][123]
redd --private-users=131072000 --private-users-ownership=chown stat -c %u /home/alice
is "$status/$out" 0/1000 'it can be changed to another one'
redd --private-users=0 --private-users-ownership=chown true
is "$status" 0 'and back'
is "$(owners | grep -v -e localtime -e resolv.conf -e /var/log)" "$(printf '%s\n' "$before" | grep -v -e localtime -e resolv.conf -e /var/log)" 'to what it was'
mkdir "$WORK/tree/many"
(cd "$WORK/tree/many" && seq 1 3000 | xargs touch)
for pause in 500 2000 4000 8000; do
        "$REDD" run -q -D "$WORK/tree" -M tiny --private-users=65536000 --private-users-ownership=chown true >/dev/null 2>&1 </dev/null &
        killed=$!
        "$HELPER" pause $pause
        kill -KILL "$killed" 2>/dev/null
        wait "$killed" 2>/dev/null
done
redd --private-users=65536000 --private-users-ownership=chown sh -c 'find /usr /home /many -user 65534 | wc -l'
is "$status/$out" 0/0 'one that was killed on the way is gone on with'
is "$(find "$WORK/tree" ! -uid 65536000 ! -uid 65537000 | wc -l)" 0 'to the last file'
refuses 'a tree that is only read is not changed' 'may not be combined|used read-only' "$REDD" run -q -D "$WORK/tree" --read-only --private-users=131072000 --private-users-ownership=chown true
refuses 'a range that does not begin where it should' 'starting at multiples of 2\^16' "$REDD" run -q -D "$WORK/tree" --private-users=1000 --private-users-ownership=chown true

done_testing
