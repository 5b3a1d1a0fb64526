#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# .nspawn files: where they are looked for, what they may say there, and who wins.
. "${0%/*}/../../lib/lib.sh"
begin
mkdir -p /var/lib/machines /etc/systemd/nspawn "$WORK/shared"
tree_busybox /var/lib/machines/web
echo shared >"$WORK/shared/file"

redd() {
        run "$REDD" run --pipe -M web "$@"
}

settings() {
        rm -f /etc/systemd/nspawn/web.nspawn /run/systemd/nspawn/web.nspawn /var/lib/machines/web.nspawn
        mkdir -p "${1%/*}"
        cat >"$1"
}

etc=/etc/systemd/nspawn/web.nspawn
beside=/var/lib/machines/web.nspawn
settings $etc <<END
[Exec]
Boot=no
Parameters=sh -c "echo from-file; id -un; pwd; cat /mnt/file"
User=alice
WorkingDirectory=/tmp
Environment=COLOUR=blue
Capability=CAP_SYS_MODULE
[Files]
Bind=$WORK/shared:/mnt
[Network]
Private=yes
END
redd -q
is "$status/$out" '0/from-file
alice
/tmp
shared' 'a file in /etc says what is run, as whom, where, with which mounts' || note "$err"
redd -q sh -c 'id -u; echo $COLOUR; ls /sys/class/net'
is "$out" '1000
blue
lo' 'a command of the command line is run under the same settings'
redd -q --uid=root -E COLOUR=red sh -c 'id -u; echo $COLOUR'
is "$out" '0
red' 'the command line wins'
redd -q --settings=override -E COLOUR=red sh -c 'echo $COLOUR'
is "$out" 'from-file
alice
/tmp
shared' 'or the file, with --settings=override'
redd -q --settings=no sh -c 'id -u; echo $COLOUR.'
is "$out" '0
.' 'or it is not read'

settings $beside <<END
[Exec]
Environment=COLOUR=blue
Capability=CAP_SYS_MODULE
[Files]
Bind=$WORK/shared:/mnt
END
redd sh -c 'echo $COLOUR; ls /mnt | wc -l; grep CapBnd /proc/self/status'
like "$out" '^blue$' 'a file beside the tree is read'
like "$out" '^0$' 'but may not bind'
like "$err" 'Bind' 'which is said'
like "$err" 'Capability' 'nor give capabilities'
without=$(printf '%s\n' "$out" | grep CapBnd)
redd --settings=trusted sh -c 'echo $COLOUR; ls /mnt | wc -l; grep CapBnd /proc/self/status'
like "$out" '^1$' 'with --settings=trusted it may bind'
if grep -q '^CapBnd.*[13579bdf]....$' /proc/self/status; then
        isnt "$(printf '%s\n' "$out" | grep CapBnd)" "$without" 'and give capabilities'
else
        cannot 'and give capabilities' 'this machine has no CAP_SYS_MODULE to give'
fi

settings $etc <<END
[Exec]
Enviroment=A=b
Boot=perhaps
Environment=COLOUR=green
[Nonsense]
Foo=bar
END
redd sh -c 'echo $COLOUR'
is "$status/$out" 0/green 'lines that make no sense do not count, the others do'
like "$err" 'web.nspawn:2.*Enviroment' 'they are named with file and line'
like "$err" 'Environment' 'and the nearest key'
like "$err" 'web.nspawn:3' 'a bad value, too'
like "$err" 'Nonsense' 'and a section'
settings $etc <<END
[Exec
Environment=COLOUR=green
END
refuses 'a file that is none is refused' 'web.nspawn:1' "$REDD" run -q -M web true
settings $etc </dev/null
redd -q true
is "$status" 0 'an empty one is fine'
settings /run/systemd/nspawn/web.nspawn <<END
[Exec]
Environment=COLOUR=run
END
redd -q sh -c 'echo $COLOUR'
is "$out" run 'one in /run is read as well'
rm -f /run/systemd/nspawn/web.nspawn
mkfifo $beside
run timeout 5 "$REDD" run -q --pipe -M web true
isnt "$status" 124 'a pipe in place of a file is not waited for'
rm -rf $beside /var/lib/machines/web /var/lib/machines/.#web.lck

done_testing
