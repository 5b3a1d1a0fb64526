#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# For programs each verb that says something says it in JSON, under names that stay.
. "${0%/*}/../../lib/lib.sh"
begin
needs python3
mkdir -p /var/lib/machines/web /var/lib/machines/other
tree_busybox /var/lib/machines/web
tree_skeleton /var/lib/machines/other
ok 'a snapshot is there' "$REDD" snapshot -q other first
ok 'a machine runs' "$REDD" start web
ok 'with something bound' "$REDD" bind --mkdir web /tmp /mnt/tmp
defer '"$REDD" terminate web 2>/dev/null || :'

# names WORD... : the names in what a verb says: of the object, or of the first element
names() {
        timeout 60 "$REDD" "$@" | python3 -c 'import json, sys
said = json.load(sys.stdin)
first = said[0] if isinstance(said, list) and said else said
print(*(first if isinstance(first, dict) else [type(said).__name__]))'
}
is "$(names list -o json)" 'machine class service os version addresses' 'list'
is "$(names status web -o json)" 'machine id class service since leader supervisor root os version os_name unit cgroup id_shift addresses tree' 'status'
like "$(names show web -o json)" '^Name Id ' 'show'
is "$(names ports -o json)" list 'ports'
is "$(names binds web -o json)" "$(names binds web --json=short)" 'binds'
is "$(names list-transfers -o json)" list 'list-transfers'
is "$(names stats -o json)" \
        'machine cpu_ns memory_bytes memory_peak_bytes tasks io_read_bytes io_written_bytes net_received_bytes net_sent_bytes moment_us' \
        'stats'
is "$(names top -o json)" \
        'machine cpu_permille memory_bytes tasks io_bytes_per_second net_bytes_per_second' 'top, once'
is "$(names why web -o json)" 'machine running result' 'why'
is "$(names list-images -o json)" 'name type ro usage created modified' 'list-images'
is "$(names image-status other -o json)" \
        'name type path hostname machine_id os version os_name read_only created modified usage usage_exclusive limit limit_exclusive' \
        'image-status'
is "$(names image-status -o json)" 'path usage limit' 'image-status of the folder'
like "$(names show-image other -o json)" '^Name Path Type ReadOnly ' 'show-image'
is "$(names du -o json)" 'name type own shared snapshots snapshot_count layers' 'du'
is "$(names snapshots other -o json)" 'image tag type taken age' 'snapshots'
is "$(names snapshot other -o json)" 'image tag' 'snapshot'
is "$(names diff other first -o json)" list 'diff'
is "$(names verify -o json)" 'images layers snapshots problems' 'verify'
is "$(names repair other -o json)" 'image unlinked ranges wrong moved' 'repair'
is "$(names doctor -o json)" 'check status finding remedy' 'doctor'
is "$(names config web -o json)" 'setting value origin' 'config'
is "$(names config --json=pretty web)" 'setting value origin' 'config, pretty'
refuses 'a style that is none' 'Unknown JSON output mode' "$REDD" config --json=x web
mkdir -p /etc/systemd/system
ok 'it is to start with the host' "$REDD" enable -q other
is "$(names autostart list -o json)" 'machine' 'autostart list'
is "$(names version -o json)" 'version compatible_with features' 'version'
ok 'each line of a log is an object' sh -c '"$1" logs web -o json | python3 -c "import json, sys
for line in sys.stdin: json.loads(line)[\"line\"]"' sh "$REDD"
ok 'the machine goes' "$REDD" terminate web
rm -rf /etc/systemd/system /var/lib/redd/log
for image in web other; do "$REDD" remove -q "$image" || :; done
done_testing
