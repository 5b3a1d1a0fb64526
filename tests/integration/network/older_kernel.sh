#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A kernel before 6.17, which has one switch of IPv6 forwarding for all interfaces, and takes their faith in router
# advertisements with it: machines have IPv6, the host keeps its own, and everything is as it was when they have gone.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/network.sh"
begin
beyond_make
# what cannot be read as a number is no switch; links made later have their own, as the kernel that runs has
if [ -e /proc/sys/net/ipv6/conf/all/force_forwarding ]; then
        echo absent >"$WORK/absent"
        mount --bind "$WORK/absent" /proc/sys/net/ipv6/conf/all/force_forwarding
        HOST_BEFORE=$(host_state)
fi
switch() {
        cat "/proc/sys/net/ipv6/conf/$1"
}
echo 1 >/proc/sys/net/ipv6/conf/uplink/accept_ra
is "$(switch all/forwarding)$(switch uplink/accept_ra)" 01 'the host forwards nothing, and believes its routers'
before=$(network_state)

tree_busybox "$WORK/one"
tree_busybox "$WORK/two"
boot one -n
one_supervisor=$supervisor
is "$(switch all/forwarding)" 1 'the switch for all is on'
is "$(switch uplink/accept_ra)" 2 'and the host believes its routers all the same'
[ ! -e /proc/sys/net/ipv6/conf/uplink/force_forwarding ] ||
        is "$(switch uplink/force_forwarding)" 0 'the other one is not there to be used'
ok 'a machine reaches what is beyond by IPv6' inside ping -c 1 -W 5 -q 2001:db8:51::7
boot two --network-zone=lan
ok 'a second one does, too' inside ping -c 1 -W 5 -q 2001:db8:51::7
stop TERM "$one_supervisor"
is "$(switch all/forwarding)$(switch uplink/accept_ra)" 12 'it holds as long as somebody needs it'
ok 'who does, reaches it still' inside ping -c 1 -W 5 -q 2001:db8:51::7
stop
network_is_as "$before" 'then all is as it was'

boot one -n
is "$(switch all/forwarding)$(switch uplink/accept_ra)" 12 'it is changed again for the next one'
kill -KILL "$supervisor"
await_end "$supervisor"
"$HELPER" wait "$leader" 10
"$REDD" list >/dev/null 2>&1
run "$REDD" run -q -D "$WORK/one" -M one true
is "$(switch all/forwarding)$(switch uplink/accept_ra)" 01 'also when its supervisor was killed'
umount /proc/sys/net/ipv6/conf/all/force_forwarding 2>/dev/null
HOST_BEFORE=$(host_state)
done_testing
