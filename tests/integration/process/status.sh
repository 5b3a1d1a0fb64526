#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# How a container ends, as an exit status; and reboots, which are no end.
# sanitized too
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"

redd() {
        run "$REDD" run -D "$WORK/tree" -M tiny "$@"
}

for wanted in 0 1 7 77 133 254 255; do
        redd -q sh -c "exit $wanted"
        is "$status/$err" "$wanted/" "the status $wanted is passed on, quietly"
        redd -q --as-pid2 sh -c "exit $wanted"
        is "$status/$err" "$wanted/" 'by the stub init as well'
done
redd sh -c 'exit 7'
like "$err" '^Spawning container tiny on .*/tree\.$' 'not quiet, it says what it starts'
like "$err" '^Container tiny failed with error code 7\.$' 'and how that ended'
redd true
like "$err" '^Container tiny exited successfully\.$' 'a success is one'
redd --pipe false
is "$status/$err" 1/ 'over a pipe the payload alone is heard'
redd --as-pid2 sh -c 'kill -SEGV $$'
is "$status" 255 'a command that dies of a signal gives 255 below the stub init'

# poweroff, halt and reboot of busybox are reboot(2), and with that the end of the namespace
redd poweroff -f
is "$status" 0 'a power-off gives 0'
like "$err" '^Container tiny has been shut down\.$' 'and is called so'
redd halt -f
is "$status" 0 'a halt is one, too'
redd --keep-unit reboot -f
is "$status" 133 'with --keep-unit a reboot is the end'
redd --as-pid2 --keep-unit sh -c 'kill -INT 1; sleep 1000'
is "$status" 133 'that the stub init makes of SIGINT as well'
redd --as-pid2 sh -c 'kill -s 38 1; sleep 1000'
is "$status" 0 'SIGRTMIN+4 is its power-off'

# a counter in the tree: up twice, then off
cat >"$WORK/tree/count" <<'END'
#!/bin/sh
n=$(($(cat /counter 2>/dev/null || echo 0) + 1))
echo $n >/counter
echo "boot $n $(ls /run/host | wc -l) $(hostname)"
grep -c . /proc/self/mountinfo >>/mounts
env | sort >>/environment.$n
# exec: reboot(2) ends its caller before it ends the namespace, and a shell would go on to its next line
[ $n -lt 3 ] || exec poweroff -f
exec reboot -f
END
chmod 755 "$WORK/tree/count"
options='--private-network --private-users=pick --private-users-ownership=map --tmpfs=/mnt'
# shellcheck disable=SC2086
for set in '' "$options" --as-pid2; do
        rm -f "$WORK/tree/counter" "$WORK/tree/mounts" "$WORK/tree"/environment.*
        redd $set /count
        is "$status" 0 "without --keep-unit it is started anew, until it powers off${set:+ ($set)}"
        is "$(cat "$WORK/tree/counter")" 3 'as often as it asks for'
        is "$(sort -u "$WORK/tree/mounts" | wc -l)" 1 'with the same number of mounts'
        ok 'and the same environment' cmp "$WORK/tree/environment.1" "$WORK/tree/environment.3"
        like "$err" '^Container tiny is being rebooted\.$' 'it is said'
        host_is_as_before 'and nothing is left'
done
rm -f "$WORK/tree/counter"
redd -q --ephemeral --keep-unit /count
is "$status" 133 'an ephemeral one that reboots'
ok 'leaves its tree alone' test ! -e "$WORK/tree/counter"

mkdir "$WORK/empty" "$WORK/empty/usr"
refuses 'a tree without a program' "execv\(/bin/bash, /bin/sh\) failed" "$REDD" run -q -D "$WORK/empty"
refuses 'and without an init' "os-release|no init" "$REDD" run -q -D "$WORK/empty" -b

done_testing
