#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Trees that were made to harm the host: each start works or is refused, soon, and nothing outside the tree is touched.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/good"
find "$WORK/good/usr/bin" -type l ! -name sh -delete    # it is copied many times
mkdir -p "$WORK/canary/usr" "$WORK/bound"
echo alive >"$WORK/canary/file"
echo bound >"$WORK/bound/file"
rm -f /etc/resolv.conf
echo 'nameserver 192.0.2.1' >/etc/resolv.conf

canary_state() {
        (cd "$WORK/canary" && find . -printf '%p %y %m %u %g %s %T@ %C@ %l\n' | sort; cat file)
        grep -c "$WORK/canary" /proc/self/mountinfo
}
canary_before=$(canary_state)

# hostile NAME COMMAND OPTION...: with COMMAND, run in its root, the good tree becomes a hostile one
hostile() {
        hostile_name=$1 hostile_command=$2
        shift 2
        rm -rf "$WORK/tree"
        cp -a "$WORK/good" "$WORK/tree"
        (cd "$WORK/tree" && eval "$hostile_command") || exit 1
        run timeout -k 1 5 "$REDD" run -q --pipe -D "$WORK/tree" -M hostile "$@" sh -c 'echo started; exit 0'
        case " $* " in *' -b '*) hostile_says= ;; *) hostile_says=started ;; esac
        case $status in
        0)
                is "$out" "$hostile_says" "$hostile_name${*:+ ($*)}: starts" ;;
        1)
                like "$err" "^redd run: cannot start machine 'hostile': " "$hostile_name${*:+ ($*)}: is refused" ;;
        *)
                report 1 "$hostile_name${*:+ ($*)}: starts or is refused within 5 s"
                note "status $status: $err" ;;
        esac
        is "$(canary_state)" "$canary_before" "$hostile_name${*:+ ($*)}: nothing outside is touched"
}

escape=../../../../../../../../..$WORK/canary
mapped='--private-users=1000000 --private-users-ownership=map'
for target in "$WORK/canary" "$escape" "/proc/1/root$WORK/canary" /proc/self/fd/1 loop; do
        for place in dev run proc tmp etc sys var; do
                hostile "/$place -> ${target##*/var/tmp}" "rm -rf $place; ln -s $target $place"
        done
        hostile "/run/host, /dev/pts -> ${target##*/var/tmp}" "ln -s $target run/host; ln -s $target dev/pts"
        hostile "/etc/resolv.conf -> ${target##*/var/tmp}" "ln -s $target/file etc/resolv.conf"
        hostile "/etc/localtime -> ${target##*/var/tmp}" "ln -s $target/file etc/localtime"
        hostile "/etc/machine-id -> ${target##*/var/tmp}" "ln -s $target/file etc/machine-id"
        hostile "/etc/passwd -> ${target##*/var/tmp}" "ln -sf $target/file etc/passwd" --uid=alice
        hostile "bind target -> ${target##*/var/tmp}" "ln -s $target aim" --bind="$WORK/bound:/aim"
        hostile "bind target below -> ${target##*/var/tmp}" "ln -s $target aim" --bind="$WORK/bound:/aim/deeper"
        hostile "bound file -> ${target##*/var/tmp}" "ln -s $target aim" --bind-ro="$WORK/bound/file:/aim/file"
        hostile "tmpfs target -> ${target##*/var/tmp}" "ln -s $target aim" --tmpfs=/aim
        hostile "hidden target -> ${target##*/var/tmp}" "ln -s $target aim" --inaccessible=/aim
        hostile "overlay target -> ${target##*/var/tmp}" "ln -s $target aim" --overlay-ro="$WORK/bound:$WORK/bound:/aim"
        hostile "chdir -> ${target##*/var/tmp}" "ln -s $target aim" --chdir=/aim
        hostile "pivot root -> ${target##*/var/tmp}" "ln -s $target aim" --pivot-root=/aim
        hostile "/var -> ${target##*/var/tmp}" "rm -rf var; ln -s $target var" --volatile=state
        hostile "/usr -> ${target##*/var/tmp}" "mv usr usr2; ln -s $target usr" --volatile=yes
        # shellcheck disable=SC2086
        hostile "/etc -> ${target##*/var/tmp}" "rm -rf etc; ln -s $target etc" $mapped
done

for file in etc/resolv.conf etc/machine-id etc/localtime etc/os-release usr/lib/os-release etc/passwd etc/group; do
        hostile "/$file is a fifo" "rm -f $file; mkfifo $file" --uid=alice --resolv-conf=copy-host
        hostile "/$file is a folder" "rm -f $file; mkdir $file" --uid=alice
        hostile "/$file is a descriptor" "ln -sf /proc/self/fd/0 $file" --uid=alice
        hostile "/$file is huge" "rm -f $file; truncate -s 1T $file" --uid=alice
        hostile "/$file is a device" "rm -f $file; mknod $file c 5 0" --uid=alice
        hostile "/$file is a socket" "rm -f $file; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"$file\")'" --uid=alice
done
# an init that ends at once
printf '#!/bin/sh\n' >"$WORK/good/usr/sbin/init"
hostile 'os-release is a fifo' 'rm -f usr/lib/os-release etc/os-release; mkfifo etc/os-release' -b
hostile 'os-release leads out' "rm -f etc/os-release; ln -s $escape/file etc/os-release" -b
hostile 'no os-release' 'rm -f usr/lib/os-release etc/os-release' -b
hostile 'all of the base folders are files' 'rm -rf dev proc sys run tmp; touch dev proc sys run tmp'
hostile 'the base folders are missing' 'rm -rf dev proc sys run tmp var etc'
hostile 'the init leads out' "rm -f usr/sbin/init; ln -s $escape/file usr/sbin/init" -b
hostile 'the root belongs to nobody' 'chown 65534:65534 .; chmod 0 .'
hostile '/dev, /run and /proc are full' 'touch dev/null dev/console run/host proc/self'
hostile 'the journal leads out' "mkdir -p var/log; ln -s $WORK/canary var/log/journal" --link-journal=try-guest

done_testing
