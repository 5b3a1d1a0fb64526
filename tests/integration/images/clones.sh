#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clones and snapshots on each kind of file system: parents and children are independent, whatever is done to either;
# what nobody needs goes; a machine in layers is one like any other.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/stores.sh"
begin
tree_busybox "$WORK/tree"
echo one >"$WORK/tree/etc/value"
echo many >"$WORK/tree/etc/a"
ln "$WORK/tree/etc/a" "$WORK/tree/etc/b"
mkdir -p "$WORK/tree/srv/dir/below" "$WORK/large"
echo x >"$WORK/tree/srv/dir/below/file"
# more files than are copied where blocks can be shared
i=0
while [ $i -lt 1100 ]; do
        : >"$WORK/large/$i"
        i=$((i + 1))
done

# in_tree NAME COMMAND: as root of the tree of an image that does not run
in_tree() {
        "$REDD" mount -q "$1" "$WORK/at" && (cd "$WORK/at" && eval "$2")
        in_tree_status=$?
        "$REDD" unmount "$WORK/at"
        return $in_tree_status
}
sound() {
        run "$REDD" verify
        is "$status" 0 "$1: verify finds nothing"
        [ "$status" = 0 ] || note "$out$err"
}

images_on() {
        kind=$1 size=$2
        store "$kind" || return 0
        case $kind in btrfs) btrfs -q subvolume create "$STORE/web" ;; *) mkdir "$STORE/web" ;; esac
        cp -a "$WORK/tree/." "$STORE/web/"
        [ "$size" = small ] || cp -a "$WORK/large" "$STORE/web/srv/"
        on="$kind, $size"

        run "$REDD" clone web child
        is "$status" 0 "$on: a clone"
        run "$REDD" clone child grandchild
        is "$status" 0 "$on: a clone of it"
        case $kind in btrfs) type=subvolume ;; *) type=directory ;; esac
        is "$("$REDD" show-image --value -p Type child web grandchild | sort -u | tr -d '\n')" "$type" "$on: they are what they were"

        run "$REDD" run -q --pipe -M web sh -c 'echo two >/etc/value; mv /srv/dir /srv/moved; rm -rf /srv/moved/below; \
                mkdir /srv/moved/below; echo changed >>/etc/a; ls /srv/moved/below | wc -l'
        is "$out" 0 "$on: the parent is changed"
        run "$REDD" run -q --pipe -M child sh -c 'cat /etc/value /srv/dir/below/file /etc/b; test ! -e /srv/moved && echo no'
        is "$out" "$(printf 'one\nx\nmany\nno')" "$on: the child has what was"
        is "$(in_tree web 'cat etc/value etc/b; ls srv' | grep -v large | tr '\n' ' ')" 'two many changed moved ' \
                "$on: names of one file stay together"
        run "$REDD" run -q --pipe -M child -U sh -c 'id -u; echo three >/etc/value; chown 1000:1000 /srv/dir; ln -s /etc/value /l'
        is "$out$err" 0 "$on: the child runs with ids of its own"
        is "$(in_tree child 'stat -c %u:%g srv/dir etc/value' | tr '\n' ' ')" '1000:1000 0:0 ' "$on: … and owners on disk are those inside"
        run "$REDD" run -q --pipe -M child -x sh -c 'echo temporary >/etc/value; cat /etc/value'
        is "$out $("$REDD" run -q --pipe -M child cat /etc/value)" 'temporary three' "$on: a view of it that is thrown away"

        run "$REDD" snapshot child before
        is "$status $out" '0 before' "$on: a snapshot"
        run "$REDD" run -q --pipe -M child sh -c 'rm /etc/value /l; mkdir /opt; echo >/opt/new; chmod 700 /srv; echo 1 >>/etc/a'
        run "$REDD" diff child
        is "$(echo "$out" | grep -vE '/etc(/localtime|/resolv.conf)?$' | tr '\n' ' ')" \
                'C /etc/a C /etc/b D /etc/value D /l A /opt C /srv ' "$on: what has changed since is told"
        run "$REDD" restore child before
        is "$status" 0 "$on: restored"
        is "$(in_tree child 'cat etc/value etc/b; readlink l; ls -d opt 2>/dev/null; stat -c %a srv' | tr '\n' ' ')" \
                'three many /etc/value 755 ' "$on: … to what it was"
        run "$REDD" diff child before
        is "$out" '' "$on: … exactly"
        run "$REDD" rename child kid
        is "$("$REDD" snapshots kid --no-legend | wc -l)" 1 "$on: snapshots are renamed with it"
        sound "$on"

        run "$REDD" remove web
        is "$(in_tree grandchild 'cat etc/value srv/dir/below/file' | tr '\n' ' ')" 'one x ' "$on: a child outlives its parent"
        run "$REDD" remove kid
        is "$status$("$REDD" snapshots --no-legend)" 0 "$on: snapshots go with it"
        run "$REDD" flatten grandchild
        is "$status $(cat "$STORE/grandchild/etc/value")" '0 one' "$on: flattened, it is a plain tree"
        ok "$on: … and nothing else is left" store_is_plain
        "$REDD" mount -q grandchild "$WORK/at"
        refuses "$on: what is mounted is not removed" "mounted on $WORK/at as well" "$REDD" remove grandchild
        "$REDD" unmount "$WORK/at"
        run "$REDD" remove grandchild
        is "$(find "$STORE" -mindepth 1 ! -name '.#*.lck')" '' "$on: at last nothing is left"
        store_end
}
mkdir "$WORK/at"

images_on tmpfs small
images_on ext4 small
images_on xfs small
images_on xfs large
images_on btrfs small

done_testing
