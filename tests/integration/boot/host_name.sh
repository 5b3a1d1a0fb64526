#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tree that is called as its host, since the host made it: systemd hears the machine's name.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"
mkdir -p "$WORK/tree/usr/lib/systemd"
printf '#!/bin/sh\necho "init:$*"\n' >"$WORK/tree/usr/lib/systemd/systemd"
chmod +x "$WORK/tree/usr/lib/systemd/systemd"
echo here >/etc/hostname
booted() {
        run "$REDD" run -q --pipe -b -D "$WORK/tree" -M web "$@"
}

echo here >"$WORK/tree/etc/hostname"
booted
is "$out" 'init:systemd.hostname=web' 'a copy of the name of the host does not count'
booted --hostname=www quiet
is "$out" 'init:quiet systemd.hostname=www' 'the name asked for does, behind other words'
booted systemd.hostname=mine
is "$out" 'init:systemd.hostname=mine' 'what the caller tells systemd is left alone'
echo there >"$WORK/tree/etc/hostname"
booted
is "$out" 'init:' 'a name of its own is the wish of the tree'
echo here >"$WORK/tree/etc/hostname"
booted --hostname=here
is "$out" 'init:' 'nothing is said where both are the same'
rm "$WORK/tree/usr/lib/systemd/systemd"
mv "$WORK/tree/usr/sbin/init" "$WORK/tree/usr/sbin/init.old"
printf '#!/bin/sh\necho "init:$*"\n' >"$WORK/tree/usr/sbin/init"
chmod +x "$WORK/tree/usr/sbin/init"
booted
is "$out" 'init:' 'another init is not told what it would not understand'
rm /etc/hostname
done_testing
