#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# One command in a container: its status, its streams, what it sees.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"

redd() {
        run "$REDD" run -q -D "$WORK/tree" -M tiny "$@"
}

redd sh -c 'echo to-out; echo to-err >&2; exit 7'
is "$status" 7 'the exit status is the command'\''s'
like "$out" '^to-out' 'its output arrives'
redd --pipe sh -c 'echo to-out; echo to-err >&2; exit 0'
is "$out/$err" to-out/to-err 'with --pipe the streams stay apart'
is "$(printf 'a\nb\n' | "$REDD" run -q --pipe -D "$WORK/tree" wc -l)" 2 'with --pipe the input is passed on'
redd --as-pid2 sh -c 'kill -KILL $$'
is "$status" 255 'a command killed by a signal gives 255 below the stub init'
redd /no/such/program
is "$status" 1 'a command that cannot be started gives 1'
like "$err" "there is no /no/such/program in the tree" 'and is said to be missing'

redd --pipe sh -c 'echo $$; cat /proc/1/comm; hostname; id -u; pwd'
is "$out" '1
sh
tiny
0
/' 'it is PID 1, root, named after the machine'
redd --pipe --as-pid2 sh -c 'echo $$; tr -d "\0" </proc/1/cmdline'
is "$out" '2
(sd-stubinit)' 'with --as-pid2 it is PID 2 of a stub'
redd --pipe --user=alice --chdir=/tmp sh -c 'id -un; id -gn; id -Gn; pwd; echo $HOME'
is "$out" 'alice
alice
alice audio
/tmp
/home/alice' '--user= and --chdir= are obeyed, with all groups'
redd --pipe -E COLOUR=blue sh -c 'echo $COLOUR $container'
is "$out" 'blue systemd-nspawn' '-E sets a variable; container= names the manager'

redd --pipe --private-network ls /sys/class/net
is "$out" lo '--private-network leaves the loopback alone'
redd --pipe --private-users=1000000:65536 --private-users-ownership=map sh -c 'cat /proc/self/uid_map; stat -c %u /etc/passwd'
like "$out" '^ *0 +1000000 +65536$' 'private users are mapped as asked'
like "$out" '^0$' 'and own their files'
is "$(stat -c %u "$WORK/tree/etc/passwd")" 0 'while nothing changes on disk'

redd --read-only touch /etc/new
isnt "$status" 0 'a read-only root refuses writing'
redd --volatile=yes touch /etc/new
is "$status" 0 'a volatile one takes it'
redd --ephemeral sh -c 'rm -r /etc /home'
is "$status" 0 'an ephemeral one takes anything'
ok 'and the tree is as it was' test -f "$WORK/tree/etc/passwd" -a ! -e "$WORK/tree/etc/new"

mkdir "$WORK/shared"
echo here >"$WORK/shared/file"
redd --pipe --bind="$WORK/shared:/mnt" sh -c 'cat /mnt/file; echo more >/mnt/other'
is "$out" here 'a bound folder is seen'
is "$(cat "$WORK/shared/other")" more 'and written to'
redd --bind-ro="$WORK/shared:/mnt" touch /mnt/third
isnt "$status" 0 'not so when it is bound read-only'

for reserved in /proc/sysrq-trigger /proc/sys/kernel/hostname /proc/sys/vm/drop_caches /sys/kernel/uevent_helper; do
        if [ ! -e "$reserved" ]; then
                cannot "$reserved cannot be written" 'this kernel has no such file'
                continue
        fi
        redd sh -c "echo 0 >$reserved"
        isnt "$status" 0 "$reserved cannot be written"
done
redd mknod /dev/disk b 8 0
isnt "$status" 0 'a block device cannot be made'
redd mount -t tmpfs x /mnt
is "$status" 0 'a tmpfs can be mounted inside'
redd date -s 2001-01-01
like "$out$err" "can't set date" 'the clock cannot be set'

done_testing
