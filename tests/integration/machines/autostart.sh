#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machines that start with the host where systemd is not its first process; those that need others; when one is ready;
# what is started anew when it ends.
. "${0%/*}/../../lib/lib.sh"
begin
ctl=$BUILD/compat/machinectl
wants=/etc/systemd/system/machines.target.wants
mkdir -p /etc/systemd/nspawn
tree_busybox "$WORK/tree"
cat >"$WORK/tree/etc/rc" <<'END'
#!/bin/sh
[ ! -e /on-start ] || . /on-start
END
chmod 755 "$WORK/tree/etc/rc"
# machine NAME [SETTINGS]: an image, and its settings
machine() {
        cp -a "$WORK/tree" "/var/lib/machines/$1"
        printf '%b' "[Network]\nVirtualEthernet=no\n${2:-}" >"/etc/systemd/nspawn/$1.nspawn"
}
names() {
        "$REDD" list --no-legend | awk '{print $1}' | tr '\n' ' '
}

# --- the list ---
machine web
run "$ctl" enable web
is "$status" 0 'a machine is enabled'
like "$out" "^Created symlink '$wants/systemd-nspawn@web.service' → '/.*/systemd-nspawn@.service'\.$" 'as machinectl says it'
ok 'with the link that systemctl makes' test -L "$wants/systemd-nspawn@web.service"
run "$ctl" enable web
is "$status$out" 0 'twice is no change'
is "$("$REDD" autostart list)" web 'it is in the list'
refuses 'a machine without an image is not enabled' "Machine image 'nosuch' does not exist" "$ctl" enable nosuch
run "$ctl" disable web
like "$out" "^Removed '$wants/systemd-nspawn@web.service'\.$" 'it is disabled'
run "$ctl" disable web
is "$status$out" 0 'twice is no change'
run "$ctl" -q enable --now web
is "$status$out" 0 'enabled and started'
is "$(names)" 'web ' 'it runs'
run "$ctl" disable --now web
is "$status" 0 'disabled and stopped'
is "$(names)" '' 'it is off'

# --- order ---
machine store
machine db '[Machine]\nRequires=store\n'
machine app '[Machine]\nRequires=db\nAfter=web\n'
# each writes when it starts, before it is ready
for name in web store db app; do
        mkdir -p "$WORK/log"
        printf '[Machine]\nReadyWhen=notify\n[Files]\nBind=%s:/log:rootidmap\n' "$WORK/log" >>"/etc/systemd/nspawn/$name.nspawn"
        echo "echo \"\$(hostname)\" >>/log/order" >"/var/lib/machines/$name/on-start"
done
chmod 777 "$WORK/log"
"$ctl" -q enable web app
run "$REDD" autostart
note "$err"
is "$status" 0 'the enabled machines start'
is "$(names)" 'app db store web ' 'and those they require'
is "$(grep -vx web "$WORK/log/order" | tr '\n' ' ')" 'store db app ' 'what is required comes first'
run "$REDD" autostart
is "$status" 0 'once more is no harm'
: >"$WORK/log/order"
run "$REDD" autostart stop
is "$status" 0 'all are stopped'
is "$(names)" '' 'all of them'

run "$REDD" start app
is "$status" 0 'started by hand, too'
is "$(names)" 'app db store ' 'what it requires comes along'
"$REDD" autostart stop
mv /var/lib/machines/store/usr/sbin/init init.off
refuses 'a required one that does not start' "machine 'store' is required" "$REDD" start app
run "$REDD" autostart
is "$status" 1 'is a failure of the whole'
like "$err" "'db' is not started, since it requires 'store'" 'which says what is not started'
like "$err" "'app' is not started, since it requires 'db'" 'and why'
is "$(names)" 'web ' 'but the others are'
mv init.off /var/lib/machines/store/usr/sbin/init
"$REDD" autostart stop
printf '[Machine]\nAfter=app\n' >>/etc/systemd/nspawn/store.nspawn
refuses 'machines that wait for each other' 'wait for each other: app → db → store → app.*R4050' "$REDD" start app
refuses 'at the start of the host, too' 'R4050' "$REDD" autostart
"$ctl" -q disable web app

# --- ready ---
machine late '[Machine]\nReadyWhen=port:4242\n'
printf '%s\n' '(sleep 1; nc -l -p 4242 >/dev/null; sleep 100) &' >/var/lib/machines/late/on-start
sed -i 's/VirtualEthernet=no/Private=yes/' /etc/systemd/nspawn/late.nspawn
begin=$(date +%s%N)
run "$REDD" start late
is "$status" 0 'a machine that is ready when its port is open'
ok 'is waited for' test $((($(date +%s%N) - begin) / 1000000)) -ge 900
"$REDD" terminate late
printf '[Machine]\nReadyWhen=port:99999\n' >/etc/systemd/nspawn/late.nspawn
run "$REDD" start late
"$REDD" terminate late
like "$(cat /var/lib/redd/log/late/console)" 'ReadyWhen=port:99999, ignoring' 'a port that is none is named'
printf '[Machine]\nReadyWhen=notify\n' >/etc/systemd/nspawn/late.nspawn
printf '%s\n' 'sleep 1' >/var/lib/machines/late/on-start
begin=$(date +%s%N)
run "$REDD" start late
ok 'one that says so is waited for' test $((($(date +%s%N) - begin) / 1000000)) -ge 900
"$REDD" terminate late

# --- restart ---
machine phoenix '[Machine]\nRestart=on-failure\nRestartSec=100ms\n'
printf '%s\n' 'n=$(($(cat /count 2>/dev/null || echo 0) + 1)); echo $n >/count; echo "run $n"' '[ $n -ge 3 ] || exit 7' \
        >/var/lib/machines/phoenix/on-start
sed -i 's|^\[ ! -x /etc/rc \].*|. /etc/rc|' /var/lib/machines/phoenix/usr/sbin/init
run "$REDD" start phoenix
is "$status" 0 'a machine that fails at first'
ok 'is started anew until it does not' await_line /var/lib/redd/log/phoenix/console '^run 3'
is "$(names)" 'phoenix ' 'and runs'
run "$REDD" stop phoenix
is "$status" 0 'what is stopped'
is "$(names)" '' 'stays stopped'
printf '%s\n' 'exit 7' >/var/lib/machines/phoenix/on-start
run "$REDD" start phoenix
timeout 30 "$REDD" wait phoenix --for stopped
is "$?" 0 'one that fails again and again'
like "$(cat /var/lib/redd/log/phoenix/console)" 'ended 5 times within seconds of its start, giving up' 'is given up'
like "$("$REDD" why phoenix)" 'status 7' 'and why says how it ended'
printf '[Machine]\nRestart=always\nRestartSec=30s\n' >/etc/systemd/nspawn/phoenix.nspawn
run "$REDD" start phoenix
timeout 20 sh -c 'until grep -q "^RESULT" /var/lib/redd/log/phoenix/last; do :; done'
begin=$(date +%s)
run "$REDD" stop phoenix
is "$status" 0 'one that waits for its restart can be stopped'
ok 'at once' test $(($(date +%s) - begin)) -le 5
is "$(names)" '' 'and is gone'

# --- many ---
i=0
while [ $i -lt 24 ]; do
        machine "m$i"
        "$ctl" -q enable "m$i"
        i=$((i + 1))
done
run "$REDD" autostart
is "$status" 0 'two dozen at once'
is "$("$REDD" list --no-legend | wc -l)" 24 'all are there'
run "$REDD" autostart stop
is "$status" 0 'and down'
is "$(names)" '' 'none is left'

rm -rf /var/lib/machines/* /var/lib/machines/.#*.lck /var/lib/redd/log /etc/systemd/nspawn "$wants"
done_testing
