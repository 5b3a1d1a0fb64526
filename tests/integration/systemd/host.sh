#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd on a host whose PID 1 is systemd: its units, what systemd's own tools do with our machines, and the other way round.
# timeout: 300
# packaged
. "${0%/*}/../../lib/lib.sh"
. "$LIB/systemd_host.sh"
systemd_host_tree
begin unified
tree_busybox "$WORK/tiny"
# One that no policy allows by itself, and that anybody may open who has it.
for device in /dev/vsock /dev/hwrng /dev/rfkill /dev/cpu_dma_latency; do
        [ ! -c "$device" ] || break
done
systemd_host_boot --bind="$device:/dev/special"
tar -C "$WORK/tiny" -cf "$WORK/host/root/tiny.tar" .
unit=systemd-nspawn@c1.service
theirs=/opt/theirs/machinectl
# property NAME [UNIT]: of a unit
property() {
        "$REDD" exec host -- systemctl show --value -p "$1" "${2:-$unit}"
}

# --- by name ---
run_on_host machinectl --version
like "$out" '^systemd [0-9]+ \(redd ' 'machinectl is ours'
run_on_host systemd-nspawn --version
like "$out" '^systemd [0-9]+ \(redd ' 'so is systemd-nspawn'
ok 'an archive is imported' on_host machinectl import-tar /root/tiny.tar c1
ok 'a machine starts' on_host machinectl start c1
is "$(property ActiveState)" active 'as the unit of the template'
like "$(property ExecStart)" '/redd run .*--machine=c1' 'which is ours'
is "$(property Slice)" machine.slice 'in the slice of machines'
run_on_host machinectl list --no-legend
like "$out" '^c1 +container +systemd-nspawn +tiny' 'it is listed'
run_on_host machinectl show c1 -p State -p Unit
is "$(printf '%s\n' "$out" | sort)" "$(printf 'State=running\nUnit=%s' "$unit")" 'and shown, with its unit'
run_on_host machinectl status c1
like "$out" "Unit: $unit" 'its status names the unit'
like "$out" '/sbin/init' 'and the processes'
like "$out" "Started $unit" 'and what the journal has of it'
run_on_host systemctl status --no-pager "$unit"
like "$out" 'Active: active \(running\)' 'systemctl shows it as well'
like "$out" 'payload' 'with the group of the payload'
run_on_host machinectl shell c1 /bin/sh -c 'exit 7'
is "$status" 7 'the status of a command comes back from a shell'
run_on_host redd exec c1 -- hostname
is "$out" c1 'the machine has its name'

# --- with the host ---
ok 'a machine is enabled' on_host machinectl enable c1
run_on_host systemctl is-enabled "$unit"
is "$out" enabled 'systemctl says so, too'
run_on_host systemctl is-enabled machines.target
is "$out" enabled 'it is wanted by what starts with the host'
ok 'it is disabled' on_host machinectl disable c1
run_on_host systemctl is-enabled "$unit"
is "$out" disabled 'for systemctl as well'
ok 'systemctl enables it' on_host systemctl enable "$unit"
ok 'which machinectl takes back' on_host machinectl disable c1
run_on_host systemctl is-enabled "$unit"
is "$out" disabled 'without a rest'

# --- limits and drop-ins ---
ok 'systemctl limits it' on_host systemctl set-property "$unit" TasksMax=123
is "$(property TasksMax)" 123 'at once'
ok 'redd limits it' on_host redd set c1 TasksMax=222 MemoryMax=1G MemoryHigh=900M CPUQuota=150% IOWeight=50 AllowedCPUs=0
run_on_host systemctl show -p TasksMax -p MemoryMax -p MemoryHigh -p CPUQuotaPerSecUSec -p IOWeight -p AllowedCPUs "$unit"
is "$(printf '%s\n' "$out" | sort | tr '\n' ' ')" \
        'AllowedCPUs=0 CPUQuotaPerSecUSec=1.500000s IOWeight=50 MemoryHigh=943718400 MemoryMax=1073741824 TasksMax=222 ' \
        'the values are those of the unit'
ok 'for the run alone' on_host redd set --runtime c1 TasksMax=333
is "$(property TasksMax)" 333 'as well'
not_ok 'what is no limit is refused' on_host redd set c1 TasksMax=many
is "$(property TasksMax)" 333 'and changes nothing'
mkdir -p "$WORK/host/etc/systemd/system/systemd-nspawn@.service.d" "$WORK/host/etc/systemd/system/$unit.d"
printf '[Service]\nTimeoutStopSec=44\n' >"$WORK/host/etc/systemd/system/systemd-nspawn@.service.d/all.conf"
printf '[Service]\nEnvironment=SYSTEMD_NSPAWN_TMPFS_TMP=0\n' >"$WORK/host/etc/systemd/system/$unit.d/one.conf"
ok 'units are read again' on_host systemctl daemon-reload
ok 'a machine stops' on_host machinectl stop c1
is "$(property ActiveState)" inactive 'and its unit is inactive'
is "$(property Result)" success 'in a good way'
ok 'it starts again' on_host machinectl start c1
is "$(property TimeoutStopUSec)" 44s 'a drop-in for all machines holds'
run_on_host redd exec c1 -- grep ' /tmp ' /proc/self/mounts
is "$out" '' 'one for this machine, too'
is "$(property MemoryMax)" 1073741824 'limits are kept'
is "$(property TasksMax)" 222 'but for those of one run'

# --- a device that the unit's policy does not know ---
ok 'a machine is stopped for it' on_host machinectl stop c1
mkdir -p "$WORK/host/etc/systemd/nspawn"
printf '[Exec]\nPrivateUsers=no\n[Files]\nBind=/dev/special\n' >"$WORK/host/etc/systemd/nspawn/c1.nspawn"
ok 'a device is bound by the settings' on_host machinectl start c1
is "$(property DevicePolicy)" closed 'the policy of the unit is closed'
like "$(property DeviceAllow)" '/dev/special rwm' 'and lets it through'
ok 'it can be opened' on_host redd exec c1 -- sh -c ': </dev/special'
rm "$WORK/host/etc/systemd/nspawn/c1.nspawn"

# --- tools of systemd ---
run_on_host systemd-cgls --no-pager /machine.slice
like "$out" "$unit" 'systemd-cgls shows the machine'
run_on_host systemd-cgls --no-pager -M c1
like "$out" '/sbin/init' 'and what runs in it'
run_on_host systemd-cgtop -b -n 1
like "$out" "machine.slice/$unit/payload +[0-9]" 'systemd-cgtop counts its tasks'
run_on_host $theirs list --no-legend --no-pager
like "$out" '^c1 +container +systemd-nspawn' "systemd's machinectl starts redd-apid by the bus, and lists the machine"
run_on_host $theirs show c1 -p State -p Unit
is "$(printf '%s\n' "$out" | sort)" "$(printf 'State=running\nUnit=%s' "$unit")" 'it shows it'
run_on_host $theirs status --no-pager c1
like "$out" '/sbin/init' 'with its processes'
ok 'it copies into it' on_host $theirs copy-to c1 /etc/hostname /root/copied
run_on_host redd exec c1 -- cat /root/copied
is "$out" nested 'what was meant'
ok 'it copies out of it' on_host $theirs copy-from c1 /usr/lib/os-release /root/copied-out
like "$(cat "$WORK/host/root/copied-out")" 'ID=tiny' 'as well'
ok 'it binds a folder' on_host $theirs bind --mkdir c1 /etc/systemd /mnt/etc
ok 'which is there' on_host redd exec c1 -- test -d /mnt/etc/system
run_on_host busctl call org.freedesktop.machine1 /org/freedesktop/machine1/machine/c1 org.freedesktop.DBus.Properties GetAll s ''
like "$out" "\"Unit\" s \"$unit\"" 'all properties are told without the name of an interface'
ok 'machinectl of systemd powers it off' on_host $theirs poweroff c1
await_on_host '^inactive' systemctl show --value -p ActiveState "$unit"
is "$out" inactive 'as a unit, too'
ok 'it starts it' on_host $theirs start c1
is "$(property ActiveState)" active 'by the unit'
ok 'and terminates it' on_host $theirs terminate c1

# --- as others call us, once the unit that was ended has cleaned up ---
await_on_host '^(inactive|failed)$' systemctl is-active systemd-nspawn@c1.service
ok 'a unit of somebody else runs a machine' on_host systemd-run -q --collect --unit=jail --property=Delegate=yes \
        --property=RestartForceExitStatus=133 --property=SuccessExitStatus=133 --property=TasksMax=infinity \
        --property=Type=notify --property=KillMode=mixed --setenv=SYSTEMD_NSPAWN_LOCK=0 -- systemd-nspawn --boot --quiet \
        --keep-unit --bind-ro=/sys/bus --inaccessible=/sys/block --machine=c1 --directory=/var/lib/machines/c1
run_on_host machinectl show c1 -p Unit --value
is "$out" jail.service 'which is the unit of the machine'
# shellcheck disable=SC2016
run_on_host sh -c 'cat /sys/fs/cgroup/system.slice/jail.service/payload/cgroup.procs'
like "$out" "^$("$REDD" exec host -- machinectl show c1 -p Leader --value)\$" 'with a group for the payload'
# shellcheck disable=SC2016
run_on_host sh -c 'nsenter -t "$(machinectl show c1 -p Leader --value)" -a hostname'
is "$out" c1 'the leader is the way in'
ok 'a reboot' on_host redd exec c1 -- kill -39 1
await_on_host '^1$' systemctl show --value -p NRestarts jail.service
is "$out" 1 'starts the unit anew'
await_on_host running machinectl show c1 -p State --value
ok 'its end' on_host machinectl poweroff c1
await_on_host inactive systemctl is-active jail.service
is "$out" inactive 'is that of the unit'
run_on_host systemd-nspawn -q -M 0123456789abcdef0123456789abcdef -D /var/lib/machines/c1 -a -u root \
        --capability=cap_ipc_lock --console=pipe --property=MemoryAccounting=on --bind=/dev/fuse --bind=/dev/loop-control \
        sh -c 'echo built; exit 8'
is "$status $out" '8 built' 'a command is run in a build root'
run_on_host machinectl -q shell .host /bin/sh -c 'echo here; exit 4'
is "$status $(printf '%s' "$out" | tr -d '\r')" '4 here' 'a shell of the host has the status of its command'

# --- a guest with systemd ---
cp -a "$SYSTEMD_HOST_TREE" "$WORK/images/deb"
echo guest >"$WORK/images/deb/etc/hostname"
mkdir -p "$WORK/images/deb/var/log/journal"
printf '[Exec]\nNotifyReady=yes\n' >"$WORK/host/etc/systemd/nspawn/deb.nspawn"
unit=systemd-nspawn@deb.service
ok 'a guest with systemd starts' on_host machinectl start deb
run_on_host systemctl -M deb is-system-running --wait
is "$out" running 'systemctl -M reaches its manager: all of its units have come up'
run_on_host systemd-run -M deb --wait --pipe -q /bin/sh -c 'cat /etc/hostname; exit 5'
is "$status $out" '5 guest' 'systemd-run -M runs a command in it'
run_on_host busctl -M deb list --no-pager --no-legend
like "$out" 'org.freedesktop.systemd1' 'busctl -M finds its bus'
run_on_host journalctl -M deb --no-pager
like "$out" 'Startup finished' 'journalctl -M reads its journal'
run_on_host loginctl -M deb list-users --no-pager
is "$status" 0 'loginctl -M reaches its logins'
run_on_host systemctl list-machines --no-pager --no-legend
like "$out" 'deb +(running|degraded)' 'systemctl knows the state of all machines'
run_on_host systemd-cgls --no-pager -M deb
like "$out" 'dbus.service' 'systemd-cgls -M shows its units'
run_on_host redd logs deb
like "$out" 'Startup finished|Reached target' 'redd has its log'

# --- the ways down and up ---
leader=$("$REDD" exec host -- machinectl show deb -p Leader --value)
ok 'it is rebooted from inside' on_host redd exec deb -- systemctl reboot
await_on_host '^1$' systemctl show --value -p NRestarts "$unit"
is "$out" 1 'which is the unit being started anew'
await_on_host running machinectl show deb -p State --value
isnt "$("$REDD" exec host -- machinectl show deb -p Leader --value)" "$leader" 'under the same name there is another system'
await_on_host running systemctl -M deb is-system-running
ok 'machinectl reboots it' on_host machinectl reboot deb
await_on_host '^2$' systemctl show --value -p NRestarts "$unit"
is "$out" 2 'in the same way'
await_on_host running systemctl -M deb is-system-running
is "$out" running 'it comes up'
ok 'machinectl powers it off' on_host machinectl poweroff deb
is "$(property ActiveState) $(property Result)" 'inactive success' 'and the unit is inactive'
printf '[Exec]\nNotifyReady=no\n' >"$WORK/host/etc/systemd/nspawn/deb.nspawn"
RUN_LIMIT=20
ok 'it starts, and is not waited for' on_host systemctl start "$unit"
ok 'right behind that it is stopped' on_host systemctl stop "$unit"
is "$(property Result)" success 'in a good way: it was asked again, once it listened'
ok 'once more' on_host machinectl start deb
ok 'redd stops it as early' on_host redd stop deb
is "$(property ActiveState) $(property Result)" 'inactive success' 'as well'
run_on_host redd why deb
like "$out" 'powered off' 'which was no kill'
RUN_LIMIT=60
ok 'a machine is started' on_host machinectl start deb
ok 'its supervisor is killed' on_host sh -c "kill -9 \$(systemctl show --value -p MainPID $unit)"
await_on_host '^failed' systemctl show --value -p ActiveState "$unit"
is "$out" failed 'the unit has failed'
run_on_host sh -c 'ls /run/redd/machines /run/systemd/machines; ls /sys/class/net; ls -d /sys/fs/cgroup/machine.slice/*deb* 2>&1'
unlike "$out" '^(deb|unit:.*deb.*|ve-deb)$|machine.slice/.*deb.service$' 'nothing is left of it'
run_on_host redd why deb
like "$out" "the supervisor of machine 'deb' was ended by signal KILL \[R4500\]" 'and redd knows why it ended'
ok 'the next start is a normal one' on_host machinectl start deb
ok 'and so is its end' on_host machinectl terminate deb

# --- a start that fails ---
mkdir -p "$WORK/images/bad/etc"
run_on_host machinectl start bad
is "$status" 1 'a folder that is no system does not start'
like "$err" "doesn't look like it has an OS tree" 'which machinectl says at once'
run_on_host machinectl status bad
like "$err" "doesn't look like it has an OS tree" 'and later'
run_on_host systemctl status --no-pager systemd-nspawn@bad.service
like "$out" 'debootstrap' 'systemctl shows what helps'

# --- without a unit of the template ---
cp -a "$WORK/images/c1" "$WORK/images/s1"
"$REDD" exec host -- redd run -q -D /var/lib/machines/s1 -M s1 -b --notify-ready=yes --private-users=no --network-veth \
        >"$WORK/s1.log" 2>&1 </dev/null &
shell=$!
ok 'a machine is started in a shell' on_host redd wait s1 --timeout=20
is "$(property ControlGroup s1.scope)" /machine.slice/s1.scope 'it has a scope in the slice of machines'
run_on_host machinectl show s1 -p Unit
is "$out" Unit=s1.scope 'which is its unit'
ok 'a limit of such a machine' on_host redd set --runtime s1 TasksMax=66
is "$(property TasksMax s1.scope)" 66 'is one of the scope'
ok 'the scope is stopped' on_host systemctl stop s1.scope
ok 'and the machine ends' "$HELPER" wait "$shell" 20
wait "$shell"
is $? 0 'well'
like "$(cat s1.log)" 'init: powering off' 'since its init was asked'
run_on_host redd run -q -D /var/lib/machines/s1 -M s1 --register=no sh -c 'exit 9'
is "$status" 9 'a command gives its status'
run_on_host sh -c 'for i in 1 2 3 4 5; do redd run -q -D /var/lib/machines/s1 -M s1 true || exit 1; done'
[ "$status" -eq 0 ] || note "$out $err"
is "$status" 0 'one may follow the other at once, though systemd may not have forgotten the scope yet'
run_on_host /opt/theirs/systemd-nspawn -q --register=no -U --private-network -M theirs -D /var/lib/machines/s1 sh -c 'exit 6'
[ "$status" -eq 6 ] || note "$out $err"
is "$status" 6 "this host can do what others can: systemd's own nspawn makes users of its own"

# --- where networkd looks after the links ---
ok 'networkd is started on the host' on_host systemctl start systemd-networkd
ln -s /lib/systemd/system/systemd-networkd.service "$WORK/images/deb/etc/systemd/system/multi-user.target.wants/"
ok 'and in the guest' on_host machinectl start deb
await_on_host 've-deb .*configured' networkctl --no-pager --no-legend list
like "$out" 've-deb .*configured' 'networkd sets up the cable'
await_on_host 'host0.* inet (192\.168|172|10)\..* dynamic' redd exec deb -- ip -4 -o addr show host0
like "$out" 'dynamic' 'the guest has its address from networkd'
run_on_host ip -o addr show ve-deb
unlike "$out" 'inet 10\.|inet6 fd' 'redd gives none'
run_on_host redd exec deb -- ip route
like "$out" 'default via .* proto dhcp' 'nor a route'
own4=$("$REDD" exec host -- redd exec deb -- ip -4 -o addr show host0 |
        sed 's/.* inet \([^ /]*\).*/\1/')
await_on_host "ve-deb.* $own4" nft list set inet redd own4
like "$out" "\"ve-deb\" \. $own4" 'but the packet filter knows the lease'
await_on_host 'inet6 fd.*dynamic' redd exec deb -- ip -6 -o addr show host0
like "$out" 'inet6 fd' 'and the guest has IPv6, which networkd has not for it'
run_on_host ip -6 route show dev ve-deb
like "$out" '^fd.*::/64 proto kernel' 'as a route that networkd leaves where it is'
cp -a "$WORK/images/c1" "$WORK/images/plain"
run_on_host redd run -q -D /var/lib/machines/plain -M plain -n sh -c '
        for i in $(seq 40); do
                ip -4 route show default | grep -q "metric 4096" && break
                usleep 50000
        done
        ip -4 -o addr show host0; ip -4 route; ip -6 -o addr show host0; ip -6 route; sleep 3; ip -4 -o addr show host0'
like "$out" 'inet (192\.168|172|10)\.' 'a guest without a client has an address within two seconds'
like "$out" 'default via .* metric 4096' 'and a route'
like "$out" 'inet6 fd' 'of IPv6, too'
run_on_host machinectl list --no-legend
like "$out" '^deb .*(192\.168|172|10)\.' 'but shows the one there is'

# --- when the host reboots ---
"$REDD" exec host -- sh -c 'mkdir -p /etc/systemd/nspawn; printf "[Machine]\nRequires=plain\n" >>/etc/systemd/nspawn/c1.nspawn'
ok 'a machine that requires another is enabled' on_host machinectl enable c1
like "$(property After systemd-nspawn@c1.service)" 'systemd-nspawn@plain.service' 'systemd knows of the order'
like "$(property Requires systemd-nspawn@c1.service)" 'systemd-nspawn@plain.service' 'and of the need'
booted=$("$REDD" exec host -- systemctl show --value -p UserspaceTimestampMonotonic)
ok 'the host reboots' on_host systemctl reboot
await_on_host '^[1-9]' sh -c "systemctl show --value -p UserspaceTimestampMonotonic | grep -vx $booted"
await_on_host '^(running|degraded)' systemctl is-system-running
is "$out" running 'and is up again'
run_on_host machinectl list --no-legend
like "$out" '^c1 ' 'with the machine that is enabled'
like "$out" '^plain ' 'and the one that it requires'
ok 'which came first' test "$(property ActiveEnterTimestampMonotonic systemd-nspawn@plain.service)" -le \
        "$(property ActiveEnterTimestampMonotonic systemd-nspawn@c1.service)"
unlike "$out" '^deb ' 'and not the other'
ok 'the machine is disabled' on_host machinectl disable c1
unlike "$(property Requires systemd-nspawn@c1.service)" 'systemd-nspawn@plain.service' 'which leaves nothing of the need'
run_on_host redd why deb
like "$out" 'powered off' 'which was powered off, in its own way'
run_on_host journalctl --no-pager -b -1 -u systemd-nspawn@deb.service
unlike "$(printf '%s' "$out" | grep 'systemd\[1\]')" 'timed out' 'and in time'

systemd_host_end
done_testing
