#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Refusals: the sentence, the hint, the exit status; and that nothing has changed.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"
mkdir -p "$WORK/empty" "$WORK/no-os/usr" "$WORK/bundle/rootfs/usr"
echo x >"$WORK/file"
(cd "$WORK" && find tree -printf '%p %y %m %U %s\n' | sort >tree-before)

# no DESCRIPTION SENTENCE HINT OPTION...: for the tree $WORK/tree unless there is a -D in OPTION
no() {
        no_what=$1 no_sentence=$2 no_hint=$3
        shift 3
        case " $* " in
        *' -D '* | *' -M '* | *' --image='* | *' --mstack='* | *' --oci-bundle='*) ;;
        *) set -- -D "$WORK/tree" "$@" ;;
        esac
        run "$REDD" run -q "$@"
        no_said=$(printf '%s' "$err" | tr '\n' '|')
        if [ "$status" -eq 1 ] && printf '%s\n' "$err" | grep -Eq "^redd run: .*$no_sentence" &&
                printf '%s\n' "$err" | grep -Eq "^hint: .*$no_hint" && [ -z "$out" ]; then
                report 0 "$no_what"
        else
                report 1 "$no_what"
                note "status $status, it said: $no_said"
                note "expected: $no_sentence ... hint: $no_hint"
        fi
}

no 'an unknown option' "unrecognized option '--netwrk-veth' \[R1001\]" 'did you mean --network-veth' --netwrk-veth
no 'an ambiguous one' "option '--network' is ambiguous" 'write it out' --network=x
no 'a value missing' "option '--bind' requires an argument" '--bind=' --bind
no 'a value too many' "option '--as-pid2' doesn't allow an argument" 'leave' --as-pid2=yes
no 'no boolean' "Failed to parse boolean argument" 'neither yes nor no' --no-new-privileges=perhaps
no 'a bad name' 'Invalid machine name: my_web' 'my-?web' -M my_web
no 'a bad host name' 'Invalid hostname: -x' '.' --hostname=-x
no 'a bad id' 'Invalid UUID: x' '32 hex digits' --uuid=x
no 'no id' 'may not be all zeroes' 'leave' --uuid=00000000000000000000000000000000
no 'a bad signal' 'Cannot parse signal: SIGFOO' 'kill-signal=help' --kill-signal=SIGFOO
no 'a bad limit' 'Unknown resource limit: FOO' 'rlimit=help' --rlimit=FOO=1
no 'a bad capability' 'Failed to parse capability CAP_SYS_ADMN' 'did you mean (CAP_SYS_ADMIN|cap_sys_admin)' --capability=CAP_SYS_ADMN
no 'a bad variable' 'Cannot assign environment variable' 'letters, digits' -E 1x=y
no 'a relative folder' 'is not an absolute path' 'path in the container' --chdir=tmp
no 'a relative target' 'Failed to parse --bind' 'not an absolute path' --bind=/srv:data
no 'boot and pid 2' '--boot and --as-pid2 may not be combined' 'wants to be PID 1' -b -a
no 'two roots' 'may not be combined' 'names the root' -D "$WORK/tree" --image=/x.raw
no 'a copy of a copy' '--ephemeral and --template= may not be combined' 'throw-away copy' -x --template=/
no 'chown of what is read only' 'may not be combined' 'ownership=map' --read-only --private-users=65536 --private-users-ownership=chown
no 'ports of the host' 'Cannot use --port= without private networking' 'nothing needs forwarding' --port=80
no 'a namespace and more' 'cannot be combined with other network options' 'before the start' --network-namespace-path=/x -n true

no 'a tree that is not there' "Failed to resolve path /nowhere.*\[R2031\]" '-D names a directory' -D /nowhere
no 'a file' 'is not a directory' '--image=' -D "$WORK/file"
no 'an empty folder' "doesn't look like it has an OS tree" 'fill it' -D "$WORK/empty" true
no 'a bundle' "doesn't look like it has an OS tree" "try -D $WORK/bundle/rootfs" -D "$WORK/bundle" true
no 'no system to boot' 'os-release file is missing' 'without --boot' -D "$WORK/no-os" -b
no 'the host itself' 'Spawning container on root directory is not supported' 'copy|host' -D /
no 'an image nobody has' "No image for machine 'nobody'" 'looked for' -M nobody
refuses 'a namespace that is not there' 'cannot open file /run/netns/nope: No such file' "$REDD" run -q -D "$WORK/tree" --network-namespace-path=/run/netns/nope true
no 'a user without a name' 'Failed to resolve user \.' 'empty' --uid= true
no 'a user nobody knows' 'Failed to resolve user zoe' '.' --uid=zoe true
no 'a program that is not there' "execv\(/no/such\) failed" 'there is no /no/such' /no/such
no 'one that is nowhere in the path' 'execv\(nosuch\) failed' "no folder of the container's PATH" nosuch
no 'a file that is no program' 'execv' 'executable|chmod' /etc/passwd
for option in --mstack=/x --oci-bundle=/x --forward-journal=/x.journal; do
        no "what is not built is refused by name ($option)" 'not supported by this version' '.' $option
done

# What has no effect here is said, and the container runs.
remark() {
        remark_what=$1 remark_text=$2
        shift 2
        run "$@"
        is "$status" 0 "with $remark_what it runs"
        like "$err" "$remark_text" 'and says that it has no effect'
}
remark 'a property' '--property=OOMPolicy= has no effect: .*service manager' "$REDD" run -q -D "$WORK/tree" --property=OOMPolicy=kill true
run "$REDD" run -q -D "$WORK/tree" --property=MemoryAccounting=on true
is "$err" '' 'what is counted anyway is no remark'
remark 'a root hash' 'about disk images' "$REDD" run -q -D "$WORK/tree" --root-hash=00112233445566778899aabbccddeeff true
remark 'a wish for cgroup v1' 'cgroup v2 on every host' \
        env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=0 "$REDD" run -q -D "$WORK/tree" true
remark 'a call nobody knows' "'opne' is neither a system call nor a group" \
        "$REDD" run -q -D "$WORK/tree" --system-call-filter=opne true
run "$REDD" run -q -D "$WORK/tree" --system-call-filter='@mount mkdir' --system-call-filter=~@swap true
is "$err" '' 'known calls and groups need no remark'

# as somebody else
run setpriv --reuid 1000 --regid 1000 --clear-groups "$REDD" run -q --settings=no -D "$WORK/tree" true
isnt "$status" 0 'without privileges it is refused'
like "$err" 'needs root|[Mm]anaged user namespace' 'and says what it lacks'
run "$REDD" run -q -D "$WORK/tree" --cleanup -M never-was
is "$status/$out$err" 0/ 'cleaning up after nobody is no error'

(cd "$WORK" && find tree -printf '%p %y %m %U %s\n' | sort | grep -v -e /resolv.conf -e /localtime -e ' d ' >tree-now
grep -v ' d ' tree-before >tree-files)
ok 'the tree is as it was' diff tree-files tree-now
done_testing
