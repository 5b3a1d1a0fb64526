#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every machine ends by one call, whatever its init understands; a reboot stays the same machine; signals reach whom they
# are for; whoever waits is told.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
ctl=$BUILD/compat/machinectl

# gone NAME STATUS DESCRIPTION: the last command was a success, the machine is not there any more, and ended so
gone() {
        is "$status" 0 "$3"
        not_ok 'its folder is gone' test -e "/run/redd/machines/$1"
        await_end "$supervisor"
        is "$status" "$2" 'its supervisor ended as it should'
}

# ends_within SECONDS COMMAND...: as run, which took no longer than that
ends_within() {
        ends_limit=$1
        shift
        ends_begin=$(date +%s)
        run "$@"
        ends_took=$(($(date +%s) - ends_begin))
        ok "it takes at most $ends_limit s" test "$ends_took" -le "$ends_limit"
}

# --- inits of different kinds ---
tree_busybox "$WORK/script"
boot script
ends_within 10 "$ctl" poweroff script
gone script 0 'a script that catches SIGRTMIN+4'
like "$(cat script.log)" 'init: powering off' 'powers off in its own time'

tree_inittab "$WORK/box"
boot box
ends_within 10 "$REDD" stop box
gone box 0 "busybox's init"

tree_static "$WORK/static"
boot static
ends_within 10 "$REDD" stop static
gone static 0 'an init that is one static program'

# one that is init by SysV's rules: a FIFO, and no signal for power-off
tree_busybox "$WORK/sysv"
cat >"$WORK/sysv/etc/rc" <<'END'
#!/bin/sh
trap : PWR INT
mkfifo /run/initctl
# both ends, so that it does not wait for a writer, and has a reader before anybody may write
exec 3<>/run/initctl
helper notify READY=1
# command 1 (go to runlevel) and its runlevel are the second and third number
set -- $(dd bs=384 count=1 <&3 2>/dev/null | od -An -t d4 -N 12)
echo "sysv: magic $1 command $2 runlevel $3"
poweroff -f
END
chmod 755 "$WORK/sysv/etc/rc"
# a shell under the name of init
rm "$WORK/sysv/usr/sbin/init"
cp "$WORK/sysv/usr/bin/busybox" "$WORK/sysv/usr/sbin/init"
start sysv "$REDD" run -q -D "$WORK/sysv" -M sysv --notify-ready=yes -- /bin/helper as sh /sbin/init /etc/rc
ends_within 10 "$REDD" stop sysv
gone sysv 0 'an init that listens to a FIFO'
like "$(cat sysv.log)" '^sysv: magic 50927977 command 1 runlevel 48' 'is told as telinit(8) tells it'

# --- those that do not listen ---
start sleepy "$REDD" run -q -D "$WORK/script" -M sleepy --notify-ready=no -- sleep 100000
ends_within 5 "$REDD" stop sleepy
gone sleepy 1 'a command that listens to nothing is not waited for'

tree_busybox "$WORK/deaf"
sed -i 's/^trap .*powering off.*/trap "echo init: no" 37 38 TERM PWR INT USR1 USR2/; s/^trap .*rebooting.*//' "$WORK/deaf/usr/sbin/init"
boot deaf
ends_within 10 "$ctl" stop deaf --timeout=2
gone deaf 1 'an init that ignores all it hears is killed'
like "$(cat deaf.log)" 'init: no' 'after it was asked'
boot deaf
ends_within 5 "$ctl" terminate deaf
gone deaf 1 'terminate does not ask'

# one that would rather reboot
tree_busybox "$WORK/stubborn"
sed -i 's/^trap .*powering off.*/trap "reboot -f" 37 38/' "$WORK/stubborn/usr/sbin/init"
boot stubborn
ends_within 10 "$REDD" stop stubborn
gone stubborn 0 'an init that reboots instead is off all the same'

# processes that are born faster than they are counted
tree_busybox "$WORK/bomb"
printf '%s\n' '#!/bin/sh' 'sh -c "while :; do (sleep 3 &) ; done" &' >"$WORK/bomb/etc/rc"
chmod 755 "$WORK/bomb/etc/rc"
boot bomb
ends_within 15 "$ctl" terminate bomb
gone bomb 1 'a machine that forks all the time'

# a supervisor that hangs
boot script
kill -STOP "$supervisor"
ends_within 30 "$REDD" stop script --timeout=1
is "$status" 0 'a machine whose supervisor is stopped'
not_ok 'is gone' test -e /run/redd/machines/script
await_end "$supervisor"

# --- reboots ---
boot script
old=$leader
run "$ctl" reboot script
is "$status" 0 'a reboot from outside'
while new=$(sed -n 's/^LEADER=//p' /run/redd/machines/script/state) && [ "$new" = "$old" ]; do "$HELPER" pause 1000; done
ok 'keeps the machine' kill -0 "$supervisor"
ok 'which is ready again' timeout 20 "$REDD" wait script --for ready
ends_within 10 "$REDD" stop script
gone script 0 'and ends like any other'
start sleepy "$REDD" run -q -D "$WORK/script" -M sleepy --notify-ready=no -- sleep 100000
old=$leader
run "$REDD" restart sleepy
is "$status" 0 'where nobody hears, it is started anew'
while new=$(sed -n 's/^LEADER=//p' /run/redd/machines/sleepy/state) && [ "$new" = "$old" ]; do "$HELPER" pause 1000; done
ok 'by the same supervisor' kill -0 "$supervisor"

# --- signals and waiting ---
timeout 20 "$REDD" wait sleepy --for stopped &
waiter=$!
defer "end_process $waiter"
is "$("$ctl" -s list | sed -n '1p;16p')" "SIGNAL NAME
15     SIGTERM" 'signals are listed'
run "$ctl" kill sleepy --kill-whom=leader -s KILL
is "$status" 0 'a signal to the leader'
await_end "$supervisor"
wait "$waiter"
is $? 0 'who waits for the end is told'
refuses 'waiting for what never comes ends' 'does not start within the time' "$REDD" wait nobody --timeout=0.2
ok 'who is not there has stopped' "$REDD" wait nobody --for stopped
refuses 'only two things can be waited for' 'cannot wait for .nonsense.' "$REDD" wait nobody --for nonsense
timeout 30 "$REDD" wait script --for ready &
waiter=$!
boot script
wait "$waiter"
is $? 0 'a machine that is not there yet is waited for'
cp "$HELPER" "$WORK/script/usr/bin/marker"
nsenter --target "$leader" --all -- sh -c 'trap "echo got usr1 >/dev/console" USR1; echo up >/dev/console; while :; do sleep 1; done' &
await_line script.log '^up'
run "$ctl" kill script -s USR1 --kill-whom=all
is "$status" 0 'a signal to all'
stop
refuses 'a machine nobody knows' "Could not kill machine: No machine 'nosuch' known" "$ctl" kill nosuch
refuses 'is named by each verb' "Failed to look up machine 'nosuch': io.systemd.Machine.NoSuchMachine" "$ctl" poweroff nosuch
refuses 'under our name too' "No machine 'nosuch' known" "$REDD" stop nosuch
refuses 'a name is needed' 'Too few arguments' "$ctl" stop
done_testing
