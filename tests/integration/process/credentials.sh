#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who a payload is and what it may: ids, groups, folder, capabilities, limits, personality.
# sanitized too
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"

redd() {
        run "$REDD" run -q --pipe -D "$WORK/tree" -M tiny "$@"
}

# shown FIELD: of /proc/self/status in $out
shown() {
        printf '%s\n' "$out" | sed -n "s/^$1:[[:space:]]*//p" | tr '\t' ' ' | sed 's/ *$//'
}

status_of() {
        redd "$@" cat /proc/self/status
}

# those of MASK that this machine has to give
host_bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
caps() {
        printf '%016x\n' $((0x$1 & 0x$host_bounding))
}
none=0000000000000000
usual=$(caps fdecafff)

status_of
is "$(shown Uid)/$(shown Gid)/$(shown Groups)" '0 0 0 0/0 0 0 0/' 'root without supplementary groups'
is "$(shown NoNewPrivs)/$(shown Seccomp)" 0/2 'a filter, and privileges can be gained'
is "$(shown CapBnd)" "$usual" 'the capabilities that can be had'
is "$(shown CapInh)/$(shown CapPrm)/$(shown CapEff)/$(shown CapAmb)" \
        "$usual/$usual/$usual/$none" 'and are had'
# what the tests' caller had is no matter
status=0
out=$(setpriv --groups 5,6 "$REDD" run -q --pipe -D "$WORK/tree" -M tiny cat /proc/self/status 2>&1 </dev/null) || status=$?
is "$status/$(shown Groups)" 0/ 'the groups of the caller stay outside'

status_of --user=alice
is "$(shown Uid)/$(shown Gid)/$(shown Groups)" '1000 1000 1000 1000/1000 1000 1000 1000/29' 'a user with all groups'
is "$(shown CapPrm)/$(shown CapEff)/$(shown CapInh)/$(shown CapAmb)" \
        "$none/$none/$none/$none" 'has no capabilities'
is "$(shown CapBnd)" "$usual" 'but may gain them'
status_of --user=alice --ambient-capability=CAP_NET_BIND_SERVICE
is "$(shown CapEff)/$(shown CapAmb)" 0000000000000400/0000000000000400 'an ambient one is had at once'
status_of --user=alice --no-new-privileges=yes
is "$(shown NoNewPrivs)" 1 '--no-new-privileges= is obeyed'
status_of --capability=CAP_NET_ADMIN,CAP_SYS_MODULE
is "$(shown CapBnd)" "$(caps fdedbfff)" 'capabilities are added'
status_of --drop-capability=CAP_SYS_ADMIN,CAP_CHOWN
is "$(shown CapBnd)" "$(caps fdccaffe)" 'and taken'
status_of --capability=all
is "$(shown CapBnd)" "$host_bounding" 'all of them'
status_of --drop-capability=all
is "$(shown CapBnd)/$(shown CapEff)" 0000000000000000/0000000000000000 'or none'
status_of --private-network
is "$(shown CapBnd)" "$(caps fdecbfff)" 'with a network of its own it may administer that'

redd --chdir=/home/alice pwd
is "$out" /home/alice '--chdir= is where it starts'
redd pwd
is "$out" / 'else that is the root'
refuses 'a folder that is not there is refused' 'no folder /nowhere in the container' \
        "$REDD" run -q -D "$WORK/tree" --chdir=/nowhere true
like "$err" '^hint: --chdir= names a folder inside' 'with a hint'
refuses 'and so is an unknown user' 'Failed to resolve user zoe' "$REDD" run -q -D "$WORK/tree" --user=zoe true

redd --rlimit=NOFILE=100:200 --rlimit=CORE=0 --rlimit=NPROC=4321 sh -c 'ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Hc; ulimit -u'
is "$out" '100
200
0
0
4321' 'resource limits are set, soft and hard'
redd --oom-score-adjust=321 cat /proc/self/oom_score_adj
is "$out" 321 '--oom-score-adjust= is, too'
redd --cpu-affinity=0 grep Cpus_allowed_list /proc/self/status
like "$out" '[[:space:]]0$' 'and the CPUs'
redd sh -c 'umask; cat /proc/self/personality 2>/dev/null || true'
like "$out" '^0022$' 'the mask for new files is 022'
case $(uname -m) in
x86_64)
        redd --personality=x86 uname -m
        like "$out" '^i[36]86$' '--personality= says what uname(2) reports' ;;
*)
        cannot '--personality= says what uname(2) reports' 'the machine has no second one' ;;
esac
redd --hostname=other --machine=tiny hostname
is "$out" other '--hostname= is the name inside'
redd sh -c 'ps -o pid,comm | tail -n +2 | wc -l; ls /proc | grep -c "^[0-9]"'
like "$out" '^[1-5]$' 'no process of the host is seen'

# set-user-ID programs: busybox's su would be one
redd --user=alice --no-new-privileges=no sh -c 'cat /proc/self/loginuid /dev/null 2>/dev/null; id -u'
like "$out" '1000$' 'the user stays who it is'

done_testing
