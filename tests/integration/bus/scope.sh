#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd-bus against a service manager and a machine manager that are stand-ins on a bus of this test's own.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/bus.sh"
needs dbus-daemon /usr/bin/python3
/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all 'the Python modules dbus and gi are not installed'
[ -x "$BUILD/redd-bus" ] || skip_all "there is no $BUILD/redd-bus: it needs libsystemd to be built"
begin

bus=$BUILD/redd-bus
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=/run/bus"

run "$bus" scope web --leader=$$
is "$status" 1 'without a bus it fails'
like "$err" '^redd-bus: cannot reach the system bus: ' 'and says so'
like "$err" '^hint: .*--keep-unit' 'and what to do without'

bus_start

run "$bus" scope web --leader=$$
is "$status" 1 'without a manager on the bus it fails'
like "$err" '^redd-bus: cannot listen to the service manager: .*org.freedesktop.systemd1' 'and says whom it missed'

# fake OPTION...: the stand-ins anew
fake() {
        [ -z "${fake_pid:-}" ] || end_process "$fake_pid"
        : >calls
        "$LIB/fake_systemd1.py" --cgroup="$CGROUP/units" --log="$WORK/calls" "$@" 2>fake.log &
        fake_pid=$!
        defer "end_process $fake_pid"
        await_line calls '^ready$' 20
}

# sleeper: a process to be put into scopes; $sleeper
sleeper() {
        sleep 1000 &
        sleeper=$!
        sleepers="$sleepers $sleeper"
        defer "end_process $sleeper"
}
sleepers=''

# calls FILTER: what was asked, through a filter of Python, where "call" is the line
calls() {
        grep '^{' calls | /usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    call = json.loads(line)
    '"$1"
}

fake
sleeper
run "$bus" scope web --leader="$sleeper" --property=MemoryMax=1G --property='DeviceAllow=/dev/kvm rw' \
        --property='Description=my web' --property=CPUQuota=150% --property=AllowedCPUs=0,9 \
        --property='IPAddressAllow=10.0.0.0/8' --property='IOReadBandwidthMax=/dev/sda 5M'
is "$status/$err" 0/ 'a scope is made'
like "$out" '/units/machine.slice/web\.scope$' 'and its control group is the answer'
is "$(cat "$CGROUP/units/machine.slice/web.scope/cgroup.procs")" "$sleeper" 'the process is in it'
is "$(calls 'print(call["name"], call["mode"])')" 'web.scope fail' 'it was asked for by its name'
is "$(calls '
    p = call["properties"]
    for name in sorted(p):
        if name != "PIDs":
            print(name, json.dumps(p[name], separators=(",", ":")))')" \
'AllowedCPUs [[1,2]]
CPUQuotaPerSecUSec [1500000]
CollectMode ["inactive-or-failed"]
Delegate [true]
Description ["Container web","my web"]
DeviceAllow [[["/dev/net/tun","rwm"]],[["char-pts","rw"]],[["/dev/fuse","rwm"]],[["/dev/kvm","rw"]]]
DevicePolicy ["closed"]
IOReadBandwidthMax [[["/dev/sda",5000000]]]
IPAddressAllow [[[2,[10,0,0,0],8]]]
MemoryMax [1073741824]
OOMPolicy ["continue"]
Slice ["machine.slice"]' 'with what scopes of ours have, and what was asked for behind it'

sleeper
run "$bus" scope web --leader="$sleeper"
is "$status" 1 'a scope that is in use is not taken'
like "$err" '^redd-bus: Failed to allocate scope: Unit web.scope was already loaded or has a fragment file\.$' 'the refusal says so'
like "$err" "^hint: 'systemctl status web.scope'" 'and how to look'

: >calls
run "$bus" scope web --leader="$sleeper" --property=MemoryMaks=1G
is "$status" 1 'a property that is unknown is refused'
like "$err" '^redd-bus: Unknown assignment: MemoryMaks=1G' 'by name'
like "$err" '^hint: did you mean MemoryMax=' 'and the nearest one is shown'
is "$(calls 'print(call)')" '' 'before anybody is asked'

sleeper
run "$bus" scope early-bird --leader="$sleeper" --boot --slice=my.slice
like "$status $out" '^0 .*/my.slice/early-bird.scope$' 'a job that ends before its start is known is not missed; the slice is the one asked for'
is "$(calls 'print(call["properties"]["CoredumpReceive"])')" '[True]' 'an init may be handed core dumps'

sleeper
run "$bus" scope bad-luck --leader="$sleeper"
is "$status" 1 'a job that fails is a failure'
like "$err" "the job of bad-luck.scope ended as 'failed'" 'and is named'

# The name of a machine that was ended a moment ago.
fake --notice-ms=700
sleeper
run "$bus" scope again --leader="$sleeper"
is "$status" 0 'a scope is made'
end_process "$sleeper"
sleeper
run "$bus" scope again --leader="$sleeper"
is "$status/$err" 0/ 'one that has just lost its last process is waited for'
is "$(cat "$CGROUP/units/machine.slice/again.scope/cgroup.procs")" "$sleeper" 'and made anew'

fake --refuse=OOMPolicy --refuse=CoredumpReceive --failed=sick.scope
sleeper
run "$bus" scope old --boot --leader="$sleeper"
is "$status/$err" 0/ 'a manager that is too old for some properties gets the others'
is "$(calls 'print("OOMPolicy" in call["properties"], call["properties"]["Delegate"])')" 'False [True]' 'without those'
run "$bus" scope old2 --leader="$sleeper" --property=OOMPolicy=kill
is "$status" 1 'but not when the user asks for one'
like "$err" 'Cannot set property OOMPolicy' 'which is named'
run "$bus" scope sick --leader="$sleeper"
is "$status/$err" 0/ 'a unit that failed is reset and made anew'
is "$(calls 'print(call["call"])' | grep -c '^ResetFailedUnit')" 1 'once'

: >calls
run "$bus" register web --leader="$sleeper" --uuid=01234567-89ab-cdef-0123-456789abcdef --root='/srv/my web' --netif=2 --netif=5
is "$status/$out$err" 0/ 'a machine is registered'
is "$(calls 'print(call)')" \
        "{'call': 'RegisterMachineWithNetwork', 'id': '0123456789abcdef0123456789abcdef', 'kind': 'container', 'leader': $sleeper, 'links': [2, 5], 'name': 'web', 'root': '/srv/my web', 'service': 'systemd-nspawn'}" \
        'with all that is known of it'
run "$bus" register web --leader="$sleeper"
like "$status $err" "^1 redd-bus: Failed to register machine: Machine 'web' already exists" 'the manager is quoted'
run "$bus" unregister web
is "$status" 0 'and forgotten again'
run "$bus" unregister web
is "$status" 0 'twice without harm'

# a whole start on a host of systemd: a device that is bound needs no rule of its own
tree_busybox "$WORK/tree"
: >calls
mkdir -p /run/systemd/system
run "$REDD" run -q --pipe -D "$WORK/tree" -M bound --register=no --bind=/dev/zero --bind=/dev/full true
rmdir /run/systemd/system
is "$status/$err" 0/ 'a container starts in a scope'
like "$(calls 'print(call.get("properties", {}).get("DeviceAllow"))')" '/dev/zero.*/dev/full' \
        'whose policy lets the devices through that are bound'

run "$bus" dance web
like "$status $err" "^1 redd-bus: unknown command 'dance'" 'a wrong word is named'
run "$bus" scope web
like "$status $err" '^1 redd-bus: a scope needs --leader=' 'a missing one, too'

for pid in $sleepers $fake_pid $bus_pid; do
        end_process "$pid"
done
rm -f /run/bus
find "$CGROUP/units" -depth -type d -exec rmdir {} \;
done_testing
