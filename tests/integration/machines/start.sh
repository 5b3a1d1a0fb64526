#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machines in the background on a host without a service manager: started by name, with what the template unit gives; a
# start that fails says why, at once and later; what is killed leaves nothing.
. "${0%/*}/../../lib/lib.sh"
begin
ctl=$BUILD/compat/machinectl
tree_busybox /var/lib/machines/web
mkdir -p /etc/systemd/nspawn

# state NAME KEY
state() {
        sed -n "s/^$2=//p" "/run/redd/machines/$1/state"
}
# after NAME: waits for its end
after() {
        "$REDD" wait "$1" --for stopped --timeout=30
}

run "$ctl" start web
is "$status" 0 'a machine starts by its name'
is "$out$err" '' 'without a word'
like "$("$ctl" list)" '^web +container systemd-nspawn tiny' 'it is listed'
leader=$(state web LEADER)
isnt "$(ps -o sid= -p "$(state web SUPERVISOR)" | tr -d ' ')" "$(ps -o sid= -p $$ | tr -d ' ')" 'its supervisor has a session of its own'
isnt "$(awk '{print $2; exit}' "/proc/$leader/uid_map")" 0 'it has users of its own'
ok 'a virtual cable' test -e /sys/class/net/ve-web
ok 'its console is in a log' await_line /var/lib/redd/log/web/console '^init: up'
like "$(state web CGROUP)" '/machine.slice/redd-web.scope/payload$' 'it is in the slice for machines'
like "$(cat "/proc/$(state web SUPERVISOR)/cgroup")" '/machine.slice/redd-web.scope/supervisor$' 'so is its supervisor'
unlike "$(tr '\0' '\n' <"/proc/$(state web SUPERVISOR)/environ")" '^HOME=' 'which has nothing of the session that started it'
run "$ctl" start web
is "$status" 0 'to start what runs is a success'
run "$ctl" poweroff web
is "$status" 0 'it is powered off'
like "$(cat /var/lib/redd/log/web/console)" 'init: powering off' 'as it wants to'
like "$(cat /var/lib/redd/log/web/last)" '^RESULT=(exited|powered-off)' 'and that is written down'
rm -rf /var/lib/redd/log '/var/lib/machines/.#web.lck'
mv /var/lib/machines/web .
host_is_as_before 'nothing is left but its image'
mv web /var/lib/machines/web

# --- several, and several times ---
cp -a /var/lib/machines/web /var/lib/machines/db
run "$REDD" start web db
is "$status" 0 'two at once'
run "$REDD" stop web db
is "$status" 0 'and their end'

# --- failures ---
refuses 'a name that is none' '^machinectl: Invalid machine name a_b\.$' "$ctl" start a_b
like "$err" "^hint: '_' is not allowed.*nearest valid name is 'a-b'" 'is told why, and which would do'
refuses 'an image that is not there' "^machinectl: Machine image 'nosuch' does not exist\.$" "$ctl" start nosuch
refuses 'our own words for it' "^redd start: No image for machine 'nosuch'" "$REDD" start nosuch

refuses 'a start by nobody in particular' '^redd start: starting a container needs root$' \
        setpriv --reuid 1000 --regid 1000 --clear-groups "$REDD" start web
like "$err" '^hint: use sudo$' 'is told what helps'

mv /var/lib/machines/db/usr/sbin/init /var/lib/machines/db/usr/sbin/init.off
refuses 'a tree without an init' 'R[0-9]{4}' "$ctl" start db
first=$err
like "$first" '^hint: ' 'with a remedy'
like "$(cat /var/lib/redd/log/db/last)" '^RESULT=not-started' 'which is written down'
run "$REDD" why db
like "$out" "$(printf '%s' "$first" | sed -n '1s/^machinectl: [^:]*: //p' | cut -c1-20 | sed 's/[][().*]/./g')" 'and can be asked for later'
mv /var/lib/machines/db/usr/sbin/init.off /var/lib/machines/db/usr/sbin/init
printf '[Exec]\nCapability=CAP_NONSENSE\n' >/etc/systemd/nspawn/db.nspawn
run "$REDD" start db
"$REDD" terminate db 2>/dev/null
printf '[Files]\nBind=/nowhere/at/all\n' >/etc/systemd/nspawn/db.nspawn
refuses 'a bind of what is not there' '/nowhere/at/all' "$REDD" start db
like "$("$REDD" why db)" '/nowhere/at/all' 'the last one counts'
rm -f /etc/systemd/nspawn/db.nspawn
run "$REDD" start db
is "$status" 0 'with that mended it starts'
run "$REDD" why db
like "$out" 'runs' 'and runs'
"$REDD" terminate db

printf '[Exec]\nNotifyReady=yes\n' >/etc/systemd/nspawn/db.nspawn
cp /var/lib/machines/db/usr/sbin/init init.saved
sed -i 's/^helper notify READY=1/sleep 1000/' /var/lib/machines/db/usr/sbin/init
refuses 'one that is never ready' 'R4031' "$REDD" start db --timeout=1
like "$("$REDD" list)" '^db ' 'goes on starting'
"$REDD" terminate db
printf '#!/bin/sh\necho "cannot find my config"\nexit 3\n' >/var/lib/machines/db/usr/sbin/init
refuses 'one whose init fails before it is ready' 'status 3' "$REDD" start db
like "$("$REDD" why db)" 'cannot find my config' 'why shows the last it said'
printf '#!/bin/sh\nkill -SEGV $$\nexec 3<>/proc/self/mem; exit 139\n' >/var/lib/machines/db/usr/sbin/init
cp init.saved /var/lib/machines/db/usr/sbin/init
rm /etc/systemd/nspawn/db.nspawn

# --- logs ---
printf '#!/bin/sh\necho first; printf "\\033[31msecond\\033[0m\\n"; (sleep 1; echo third >/dev/console) &\n' \
        >/var/lib/machines/db/etc/rc
chmod 755 /var/lib/machines/db/etc/rc
rm -rf /var/lib/redd/log/db
refuses 'a machine without a log' 'there is no log' "$REDD" logs db
timeout 60 "$REDD" logs -f db >followed &
follower=$!
defer "end_process $follower"
run "$REDD" start db
ok 'a log that is followed goes on' await_line followed '^third'
is "$(grep -c '^first' followed)" 1 'each line once'
like "$("$REDD" logs db)" '^second$' 'colours are taken out'
is "$("$REDD" logs db -n 1)" third 'as many lines as wanted'
like "$("$REDD" logs db -o json)" '^\{"machine":"db","line":"second"\}$' 'for programs'
kill "$follower"
wait "$follower"
is $? 0 'who follows ends at a signal'
"$REDD" stop db
rm /var/lib/machines/db/etc/rc

# --- crashes ---
run "$REDD" start db
supervisor=$(state db SUPERVISOR) leader=$(state db LEADER)
kill -KILL "$supervisor"
"$HELPER" wait "$supervisor" 20
is "$("$REDD" list --no-legend)" '' 'a machine whose supervisor was killed is gone'
ok 'with all that was in it' "$HELPER" wait "$leader" 20
run "$REDD" start db
is "$status" 0 'and starts again'
"$REDD" stop db

# --- a log that grows ---
cat >/var/lib/machines/db/etc/rc <<'END'
#!/bin/sh
(i=0; while [ $i -lt 12 ]; do head -c 1000000 /dev/zero | tr '\0' x; echo; i=$((i + 1)); done; echo "rc: done"; sleep 1000) >/dev/console &
END
chmod 755 /var/lib/machines/db/etc/rc
run "$REDD" start db
is "$status" 0 'one that talks a lot'
timeout 40 sh -c 'until tail -c 200 /var/lib/redd/log/db/console 2>/dev/null | grep -q "^rc: done"; do "$HELPER" pause 20000; done'
ok 'its log has the end' grep -aq '^rc: done' /var/lib/redd/log/db/console
ok 'and is not all it said' test "$(du -bc /var/lib/redd/log/db | tail -n 1 | cut -f1)" -lt 11000000
"$REDD" terminate db

run "$REDD" start db --wait --timeout=20 &
waiter=$!
timeout 20 "$REDD" wait db --for ready
ok 'with --wait it is waited for' kill -0 "$waiter"
"$REDD" stop db
wait "$waiter"
is $? 0 'to the end'

rm -rf /var/lib/machines/web /var/lib/machines/db /var/lib/machines/.#*.lck /var/lib/redd/log
rm -rf /etc/systemd/nspawn
done_testing
