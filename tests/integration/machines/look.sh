#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# status and show have machinectl's layout, order and words; for programs there is JSON.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
ctl=$BUILD/compat/machinectl
tree_busybox /var/lib/machines/web
printf '%s\n' '#!/bin/sh' 'sleep 4711 &' 'echo "rc: one"; echo "rc: two"' >/var/lib/machines/web/etc/rc
chmod 755 /var/lib/machines/web/etc/rc

"$REDD" start web
await_line /var/lib/redd/log/web/console '^rc: two'
leader=$(sed -n 's/^LEADER=//p' /run/redd/machines/web/state)
supervisor=$(sed -n 's/^SUPERVISOR=//p' /run/redd/machines/web/state)
id=$(sed -n 's/^ID=//p' /run/redd/machines/web/state)

# --- status ---
status_text=$("$ctl" status web)
note "$status_text"
tab=$(printf '\t')
like "$status_text" "^web\($id\)$" 'the name and the id come first'
like "$status_text" "^$tab   Since: [A-Z][a-z]{2} [0-9-]{10} [0-9:]{8} [A-Z+0-9]+; .* ago$" 'since when'
like "$status_text" "^$tab  Leader: $leader \(init\)$" 'its first process'
like "$status_text" "^$tab Superv\.: $supervisor \(redd\)$" 'its supervisor'
like "$status_text" "^$tab Service: systemd-nspawn; class container$" 'what it is'
like "$status_text" "^$tab    Root: /var/lib/machines/web$" 'its tree'
like "$status_text" "^$tab   Iface: ve-web$" 'its interface'
like "$status_text" "^$tab      OS: Tiny test system$" 'its system'
like "$status_text" "^${tab}ID Shift: [0-9]+$" 'its ids'
like "$status_text" "^$tab    Unit: redd-web\.scope$" 'its unit'
like "$status_text" "^${tab}Subgroup: payload$" 'its part of the unit'
like "$status_text" "^$tab$tab  ├─ *$leader /bin/sh /sbin/init" 'its processes'
like "$status_text" "^$tab$tab  [├└]─ *[0-9]+ sleep 4711" 'all of them'
is "$(printf '%s\n' "$status_text" | tail -n 2)" 'rc: one
rc: two' 'and what it said last'
labels=$(printf '%s\n' "$status_text" | sed -n 's/^\t *\([A-Z][A-Za-z. ]*\): .*/\1/p' | tr '\n' ' ')
is "$labels" 'Since Leader Superv. Service Root Iface Address OS ID Shift Unit Subgroup ' 'in this order'
is "$("$ctl" status web -n 1 | tail -n 1)" 'rc: two' 'as many lines as wanted'
like "$("$REDD" status web)" "^$tab   Ready: yes$" 'redd tells more'
like "$("$ctl" status .host)" "^$tab   Class: host$" 'the host has a status'
refuses 'one that does not run' "^machinectl: Could not get path to machine: No machine 'nosuch' known" "$ctl" status nosuch
is "$("$REDD" status web -o json | python3 -c 'import json, sys
s = json.load(sys.stdin)[0]
print(s["machine"], s["leader"], s["os"], any("sleep 4711" == p["command"] for p in s["tree"]["processes"]))')" \
        "web $leader tiny True" 'status for programs'

# --- show ---
properties=$("$ctl" show web)
note "$properties"
is "$(printf '%s\n' "$properties" | cut -d= -f1 | tr '\n' ' ')" \
        'Name Id Timestamp TimestampMonotonic Service Unit Subgroup Leader LeaderPIDFDId Supervisor SupervisorPIDFDId Class RootDirectory VSockCID State UID ' \
        'the properties, in order'
is "$("$ctl" show web -p Leader --value)" "$leader" 'one value'
is "$("$ctl" show -P Leader web)" "$leader" 'in short'
is "$("$ctl" show --property=State --value web)" running 'the state is one of the known words'
is "$("$ctl" show -pRootDirectory web)" 'RootDirectory=/var/lib/machines/web' 'with its name'
is "$("$ctl" show --property=Unit,Class web)" 'Unit=redd-web.scope
Class=container' 'several'
like "$("$ctl" show -a web)" '^SSHAddress=$' 'all shows empty ones'
like "$("$ctl" show -a web)" '^NetworkInterfaces=\[unprintable\]$' 'and what cannot be shown'
like "$properties" '^Timestamp=[A-Z][a-z]{2} [0-9-]{10}' 'a moment as a date'
like "$properties" '^VSockCID=4294967295$' 'no vsock'
is "$("$ctl" show)" 'PoolPath=/var/lib/machines
PoolUsage=18446744073709551615
PoolLimit=18446744073709551615' 'without a name, the pool'
is "$("$ctl" show web web | grep -c '^$')" 1 'machines are parted by an empty line'
refuses 'one that is not there' "^machinectl: Could not get path to machine: No machine 'nosuch' known" "$ctl" show nosuch
is "$("$REDD" show web -o json | python3 -c 'import json, sys
s = json.load(sys.stdin)[0]
print(s["Name"], s["Leader"], len(s["NetworkInterfaces"]))')" "web $leader 1" 'show for programs'

# --- nsenter by the leader, as notes all over the world have it ---
is "$(nsenter -t "$("$ctl" show web -p Leader --value)" -a hostname)" web 'the leader can be entered'

"$REDD" stop web
mkdir -p /etc/systemd/nspawn
printf '[Files]\nBind=/nowhere\n' >/etc/systemd/nspawn/web.nspawn
"$ctl" start web 2>/dev/null
refuses 'the status of one that did not start' 'its last run: .*/nowhere' "$ctl" status web
rm -rf /var/lib/machines/web /var/lib/machines/.#*.lck /var/lib/redd/log /etc/systemd/nspawn
done_testing
