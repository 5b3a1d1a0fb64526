#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd-apid on a bus of this test's own: what other programs find there, and the machinectl of systemd as one of them.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/bus.sh"
needs dbus-daemon busctl /usr/bin/python3
/usr/bin/python3 -c 'import dbus' 2>/dev/null || skip_all 'the Python module dbus is not installed'
[ -x "$BUILD/redd-apid" ] || skip_all "there is no $BUILD/redd-apid: it needs libsystemd to be built"
theirs=/usr/bin/machinectl
begin

export DBUS_SYSTEM_BUS_ADDRESS="unix:path=/run/bus" SYSTEMD_COLORS=0
run "$BUILD/redd-apid"
is "$status" 1 'without a bus it fails'
like "$err" '^redd-apid: cannot reach the system bus: .*\[R4603\]' 'and says so'

bus_start

"$BUILD/redd-apid" 2>apid.log &
apid_pid=$!
defer "end_process $apid_pid"
M="org.freedesktop.machine1 /org/freedesktop/machine1"
MI=org.freedesktop.machine1.Manager
# call METHOD ARGUMENT...: of the manager; answers are waited for, so is the daemon
call() {
        call_method=$1
        shift
        # shellcheck disable=SC2086
        run busctl --timeout=60 call -- $M $MI "$call_method" "$@"
}
waited=0
while ! busctl status org.freedesktop.machine1 >/dev/null 2>&1 && [ $waited -lt 100 ] && kill -0 "$apid_pid"; do
        waited=$((waited + 1))
        "$HELPER" wait $$ 0.1
done
ok 'it takes its names' busctl status org.freedesktop.import1

tree_busybox "$WORK/web"
mkdir -p /var/lib/machines
mv "$WORK/web" /var/lib/machines/web
start web "$REDD" run -bM web --register=yes --private-users=no --private-network --notify-ready=yes
call ListMachines
like "$out" '".host" "host" ""' 'the host is in the list'
like "$out" '"web" "container" "systemd-nspawn" "/org/freedesktop/machine1/machine/web"' 'a machine is, too'
call GetMachine s web
is "$out" 'o "/org/freedesktop/machine1/machine/web"' 'a machine has an object'
call GetMachine s nobody
like "$err" "No machine 'nobody' known" 'one that does not run has none'
call GetMachineByPID u "$leader"
is "$out" 'o "/org/freedesktop/machine1/machine/web"' 'a machine is found by a process of its own'
run busctl get-property org.freedesktop.machine1 /org/freedesktop/machine1/machine/web org.freedesktop.machine1.Machine \
        Leader State Class RootDirectory Service
is "$out" "$(printf 'u %s\ns "running"\ns "container"\ns "/var/lib/machines/web"\ns "systemd-nspawn"' "$leader")" \
        'an object has the properties of the machine'
run busctl call org.freedesktop.machine1 /org/freedesktop/machine1/machine/web org.freedesktop.DBus.Properties GetAll s ''
like "$out" '"Leader" u [0-9]' 'all properties can be asked for without an interface'
call GetMachineOSRelease s web
like "$out" '"ID" "' 'the system in it is told'
call GetMachineUIDShift s web
is "$out" 'u 0' 'without private users there is no shift'
# the terminal is kept as long as somebody reads it
cat >shell.py <<'END'
import dbus, os, sys
bus = dbus.bus.BusConnection(os.environ["DBUS_SYSTEM_BUS_ADDRESS"])
manager = dbus.Interface(bus.get_object("org.freedesktop.machine1", "/org/freedesktop/machine1"),
                         "org.freedesktop.machine1.Manager")
words = dbus.Array(["sh", "-c", "echo over-the-bus; echo $WORD; id -u; tty"], signature="s")
fd, path = manager.OpenMachineShell("web", "alice", "/bin/sh", words, dbus.Array(["WORD=given"], signature="s"))
master, text = fd.take(), b""
try:
    while piece := os.read(master, 4096):
        text += piece
except OSError:
    pass
said = text.decode().split()
print("path-is-right" if said.pop() == path else path, *said)
END
run timeout 60 /usr/bin/python3 shell.py
is "$out" 'path-is-right over-the-bus given 1000' 'a shell is opened, and does what it was told'
call OpenMachineShell sssasas web '' sh 0 0
like "$err" "not absolute" 'a program without a path is refused'
call OpenMachinePTY s web
like "$out" '^hs [0-9]+ "/dev/pts/' 'a terminal is opened'
call KillMachine ssi web bogus 15
like "$err" "Invalid kill parameter 'bogus'" 'nonsense is refused'
call KillMachine ssi web leader 999
like "$err" 'Invalid signal 999' 'so is a signal that there is not'

# people: no polkit runs here that could grant them anything
as_alice() {
        run setpriv --reuid 1000 --regid 1000 --clear-groups busctl --timeout=60 call -- "$@"
}
import1="org.freedesktop.import1 /org/freedesktop/import1 org.freedesktop.import1.Manager"
# shellcheck disable=SC2086
as_alice $M $MI ListMachines
like "$out" '"web"' 'a user may look'
# shellcheck disable=SC2086
as_alice $M $MI TerminateMachine s web
like "$err" 'Access denied' 'and ends nothing'
# shellcheck disable=SC2086
as_alice $M $MI RemoveImage s web
like "$err" 'Access denied' 'removes nothing'
# shellcheck disable=SC2086
as_alice $import1 PullTar sssb http://127.0.0.1/x.tar x no false
like "$err" 'Access denied' 'fetches nothing'
# shellcheck disable=SC2086
as_alice $import1 CancelTransfer u 1
like "$err" 'Access denied' 'and stops no transfer'
is "$("$REDD" show web -p State --value)" running 'the machine runs on'

# binds and copies
mkdir -p "$WORK/given"
echo given >"$WORK/given/file"
call BindMountMachine sssbb web "$WORK/given" /mnt true true
is "$status/$err" 0/ 'a folder is bound'
is "$(inside cat /mnt/file)" given 'and is there'
call CopyToMachine sss web "$WORK/given/file" /copied
is "$(cat /var/lib/machines/web/copied)" given 'a file is copied in'
call CopyToMachine sss web "$WORK/given/file" /copied
like "$err" 'exist' 'not over another one'
call CopyFromMachine sss web /copied "$WORK/back"
is "$(cat "$WORK/back")" given 'and out'
call CopyFromMachine sss web relative "$WORK/back2"
like "$err" 'must be absolute and normalized' 'a relative path is refused'

# images
cp -a /var/lib/machines/web /var/lib/machines/base
tar -C /var/lib/machines/base -cf "$WORK/web.tar" .
call ListImages
like "$out" '"web" "directory" false' 'images are listed'
call CloneImage ssb base copy false
is "$status" 0 'an image is cloned'
call CloneImage ssb base copy false
like "$err" 'exist' 'but not over another one'
call MarkImageReadOnly sb copy true
run busctl get-property org.freedesktop.machine1 /org/freedesktop/machine1/image/copy org.freedesktop.machine1.Image ReadOnly
is "$out" 'b true' 'an image is marked read-only'
call RenameImage ss copy other
is "$status" 0 'an image is renamed'
call GetImageOSRelease s other
like "$out" '"ID" "' 'the system in an image is told'
call RemoveImage s other
is "$status" 0 'an image is removed'
call RemoveImage s other
like "$err" "No image 'other' known" 'once'

# machines of others
# shellcheck disable=SC2086
run busctl call -- $import1 PullTarEx sssst http://127.0.0.1/x.tar x machine no 8
like "$err" 'Unknown flags' 'flags that there are not are refused'
# shellcheck disable=SC2086
run busctl call -- $import1 CancelTransfer u 99
like "$err" 'No transfer by id 99' 'a transfer that does not run cannot be cancelled'
sleep 1000 &
foreign=$!
defer "end_process $foreign"
call RegisterMachine sayssus theirs 0 libvirt-qemu vm "$foreign" ''
is "$out" 'o "/org/freedesktop/machine1/machine/theirs"' 'another program registers a machine'
call ListMachines
like "$out" '"theirs" "vm" "libvirt-qemu"' 'which is listed'
run "$REDD" list --no-legend
like "$out" '^theirs +vm +libvirt-qemu +- +- +-$' 'by redd as well, which does not take the system of the host for that of the machine'
call RegisterMachine sayssus theirs 0 libvirt-qemu vm "$foreign" ''
like "$err" "Machine 'theirs' already exists" 'not twice'
end_process "$apid_pid"
"$BUILD/redd-apid" 2>apid.log &
apid_pid=$!
defer "end_process $apid_pid"
await_name() {
        while ! busctl status org.freedesktop.machine1 >/dev/null 2>&1 && kill -0 "$apid_pid"; do "$HELPER" wait $$ 0.1; done
}
await_name
call ListMachines
like "$out" '"theirs" "vm" "libvirt-qemu"' 'a daemon started anew still knows it'
call CreateMachine 'sayssusa(sv)' made 0 lxc container "$foreign" '' 1 Weird d 1.5
like "$err" 'Property Weird of type d is not understood' 'a property that cannot be handed on is named'
call UnregisterMachine s theirs
is "$status" 0 'it is unregistered'
call UnregisterMachine s web
like "$err" 'redd runs it' 'a machine of redd cannot be'
kill -0 "$foreign"
is $? 0 'and its process goes on'

# transfers, and the client that most people have
mkdir -p /run/systemd/system    # it works on hosts of systemd only, or what it takes for one
if [ -x "$theirs" ]; then
        run "$theirs" list --no-legend
        like "$out" '^web +container systemd-nspawn' "systemd's machinectl lists the machine"
        run "$theirs" show web -p State -p Class
        is "$out" "$(printf 'Class=container\nState=running')" "systemd's machinectl shows it"
        run "$theirs" list-images --no-legend
        like "$out" '^web +directory' "systemd's machinectl lists images"
        run timeout 60 "$theirs" import-tar "$WORK/web.tar" imported
        is "$status" 0 "systemd's machinectl imports a tar archive"
        like "$out$err" 'Imported|Operation completed' 'and sees what happens'
        ok 'the tree is there' test -x /var/lib/machines/imported/usr/bin/sh
        run timeout 60 "$theirs" export-tar imported "$WORK/out.tar"
        is "$status" 0 "systemd's machinectl exports it"
        ok 'the archive is whole' tar -tf "$WORK/out.tar" ./usr/bin/sh
        run "$theirs" remove imported
        is "$status" 0 "systemd's machinectl removes it"
        run "$theirs" poweroff web
        is "$status" 0 "systemd's machinectl powers the machine off"
        await_end "$supervisor"
else
        skip "systemd's machinectl works" 'it is not installed (systemd-container)'
        stop
fi
rmdir /run/systemd/system
call ListMachines
unlike "$out" '"web"' 'a machine that ended is not in the list'
for pid in $foreign $apid_pid $bus_pid; do end_process "$pid"; done
rm -rf /var/lib/machines/web /var/lib/machines/base /var/lib/machines/.redd* /var/lib/machines/.#* /run/bus /run/redd/apid \
        /run/redd/transfers
done_testing
