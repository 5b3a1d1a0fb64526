#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The doctor finds what is wrong with a host, says what helps, and leaves nothing behind.
. "${0%/*}/../../lib/lib.sh"
begin
run "$REDD" doctor
is "$status" 0 'this host can run machines'
like "$out" '^ok +kernel +Linux ' 'the kernel'
like "$out" '^(ok|warn) +cgroups +(unified|hybrid|version 1)' 'the control groups'
like "$out" '^ok +network links' 'links'
mkdir "$WORK/bin"
cp "$REDD" "$WORK/bin/redd"
printf '#!/bin/sh\n' >"$WORK/bin/redd-transfer"
chmod +x "$WORK/bin/redd-transfer"
like "$("$WORK/bin/redd" doctor)" '^ok +transfer +images can be pulled' 'a program of redd that lies beside it'
rm "$WORK/bin/redd-transfer"
echo 'big:x:600000:600000::/:/bin/false' >>/etc/passwd
chmod 755 /var/lib/machines
run "$REDD" doctor -q
like "$out" "^warn +user ids +user 'big' of the host" 'a user where machines have theirs'
like "$out" '^warn +images +others than root may look into /var/lib/machines' 'a folder that is open'
like "$out" 'hint: chmod 700 /var/lib/machines' 'with a remedy'
unlike "$out" '^ok ' 'with -q only what is wrong'
chmod 700 /var/lib/machines
run "$REDD" doctor -q
unlike "$out" ' images ' 'the remedy helps'
run unshare --mount --propagation private sh -c 'umount -R /sys/fs/cgroup; exec "$1" doctor' sh "$REDD"
is "$status" 1 'a host without control groups cannot run machines'
like "$out" '^bad +cgroups' 'which is said'
like "$("$REDD" doctor -o json)" '"check":"kernel","status":"ok"' 'for programs'
sed -i '/^big:/d' /etc/passwd
done_testing
