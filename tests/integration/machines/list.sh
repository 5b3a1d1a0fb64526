#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What runs is listed as machinectl lists it: name, system, addresses; what died is not, and is cleaned up by who looks.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
tree_busybox "$WORK/web"
tree_static "$WORK/db"
ctl=$BUILD/compat/machinectl

run "$ctl" --no-pager
is "$out" 'No machines.' 'nothing runs'
run "$REDD" list --no-legend
is "$out" '' 'without a legend nothing is said of it'
is "$("$REDD" list -o json)" '[]' 'for programs it is an empty list'

boot web --private-network --network-veth
web=$supervisor web_leader=$leader
nsenter --target "$leader" --net sh -c 'ip link set lo up; ip addr add 10.11.12.2/24 dev host0; ip link set host0 up
        ip addr add fe80::1:2/64 dev host0 nodad'
boot db
db=$supervisor
run "$ctl" list --no-legend --no-pager
is "$(printf '%s\n' "$out" | awk '{print $1}')" "$(printf 'db\nweb')" 'the names, in order'
like "$out" '^web +container systemd-nspawn tiny 1 +10[0-9.]+…$' 'a line as machinectl writes it'
like "$out" '^db +container systemd-nspawn tiny 1 +-$' 'the network of the host is nobody'"'"'s address'
like "$("$ctl" list --max-addresses=all)" '^ +fe80:' 'all addresses stand below each other'
unlike "$("$ctl" list --max-addresses=0)" ADDRESSES 'none are a column less'
like "$("$ctl" list)" '^2 machines listed.$' 'the count'
like "$("$ctl" list -a)" '^\.host +host +- ' 'with --all the host is among them'
refuses 'a number that is none is named' 'Invalid number of addresses: foo' "$ctl" list --max-addresses=foo
json=$("$REDD" list -o json)
is "$(printf '%s' "$json" | python3 -c 'import json, sys
web = json.load(sys.stdin)[1]
print(web["machine"], web["os"], web["version"], " ".join(web["addresses"]))' | cut -d' ' -f1-4)" 'web tiny 1 10.11.12.2' \
        'for programs, with stable names'

kill -KILL "$web"
await_end "$web"
ok 'its folder is there' test -d /run/redd/machines/web
unlike "$("$ctl" list)" '^web' 'one whose supervisor was killed does not run'
not_ok 'who looked has cleaned up' test -e /run/redd/machines/web
not_ok 'and it is dead' kill -0 "$web_leader"
stop TERM "$db"

# a thousand at once, as other programs may have registered
mkfifo many
python3 - "$WORK/db" >many <<'END' &
import fcntl, os, sys, time
keep = []
pidfd = os.fstat(os.pidfd_open(os.getpid())).st_ino
os.makedirs("/run/redd/names", exist_ok=True)
for i in range(1000):
    folder = f"/run/redd/machines/m{i:04}"
    os.mkdir(folder, 0o700)
    lock = open(folder + "/lock", "w+")
    fcntl.lockf(lock, fcntl.LOCK_EX, 1, 0)
    keep.append(lock)
    with open(folder + "/state", "w") as state:
        state.write(f"REDD_STATE=1\nNAME=m{i:04}\nUID=0\nROOT={sys.argv[1]}\nLEADER={os.getpid()}\nLEADER_PIDFDID={pidfd}\nNETIF=\" 1\"\nCLASS=container\n")
    with open(f"/run/redd/names/m{i:04}", "w") as name:
        name.write(f"leader {os.getpid()} {pidfd}\n10.0.{i // 250}.{i % 250 + 1}\nfd00::{i:x}\n")
print("ready", flush=True)
time.sleep(600)
END
many=$!
defer "end_process $many"
read -r _ <many
like "$("$REDD" list)" '^1000 machines listed' 'a thousand are listed'
like "$("$REDD" list)" '^m0251 .* 10\.0\.1\.2…$' 'with the addresses that their supervisors wrote down'
sed -i 's/^leader [0-9]*/leader 1/' /run/redd/names/m0251
like "$("$REDD" list)" '^m0251 .* -$' 'unless those are of an earlier run'
best=999999
for _ in 1 2 3 4 5 6; do
        took=$(python3 -c 'import subprocess, sys, time
begin = time.monotonic()
subprocess.run([sys.argv[1], "list"], stdout=subprocess.DEVNULL, check=True)
print(int((time.monotonic() - begin) * 1e6))' "$REDD")
        [ "$took" -ge "$best" ] || best=$took
done
note "a list of 1000 takes $best us"
ok 'within a blink (a loaded machine is given some time)' test "$best" -lt 80000
kill -KILL "$many"
"$HELPER" wait "$many" 10
rm -rf /run/redd/names
run "$REDD" list
is "$out" 'No machines.' 'and none when their holder is dead'
done_testing
