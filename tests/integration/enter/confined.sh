#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What enters a machine is as confined as what was there before: capabilities, filter, privileges, ids, namespaces, limits.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/web"
cat >"$WORK/web/usr/bin/what-i-am" <<'END'
#!/bin/sh
grep -E '^(Cap|NoNewPrivs|Seccomp|Seccomp_filters|Uid|Gid|Groups|SigIgn|SigBlk)' /proc/self/status | sort
for space in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$space; done
cat /proc/self/limits | sed 's/  *$//'
cat /proc/self/uid_map /proc/self/personality
ulimit -a
umask
END
cat >"$WORK/web/etc/rc" <<'END'
#!/bin/sh
what-i-am >/run/inside
END
chmod 755 "$WORK/web/usr/bin/what-i-am" "$WORK/web/etc/rc"

# as_confined DESCRIPTION OPTION...: boots with OPTIONs, compares
as_confined() {
        as_confined=$1
        shift
        boot web "$@"
        inside cat /run/inside >expected
        "$REDD" exec web what-i-am >got 2>&1
        ok "a process that enters is like one inside: $as_confined" diff expected got
        (ulimit -c unlimited; ulimit -S -n 512; trap '' QUIT USR1 PIPE; exec 9</dev/null; nice "$REDD" exec web what-i-am) >got 2>&1
        ok 'whatever its caller has' diff expected got
        run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell web /bin/what-i-am
        printf '%s\n' "$out" | sed '/^$/d; /^status 0 restored$/d' >got
        ok 'at a terminal, too' diff expected got
        stop
}

as_confined 'by default'
as_confined 'with private users' --private-users=1000000:65536 --private-users-ownership=map
as_confined 'with a private network' --private-network
as_confined 'with both' -U --private-network
as_confined 'with no new privileges' --no-new-privileges=yes
as_confined 'with fewer capabilities' --drop-capability=CAP_SYS_ADMIN,CAP_SYS_PTRACE,CAP_CHOWN
as_confined 'with all capabilities' --capability=all
as_confined 'with another filter' --system-call-filter='~chroot @mount' --restrict-address-families='AF_UNIX AF_INET'
as_confined 'with limits' --rlimit=NOFILE=256:512 --rlimit=CORE=infinity --rlimit=NPROC=100:200
as_confined 'with 32 bits' --personality=x86
SYSTEMD_SECCOMP=0 as_confined 'without a filter'

# a filter that refuses is one that is there
boot web --system-call-filter='~chroot'
run "$REDD" exec web chroot / true
isnt "$status" 0 'what the filter refuses is refused'
ok 'a user of the machine has no capability' sh -c '[ "$("$1" exec alice@web grep CapEff /proc/self/status)" = "CapEff:	0000000000000000" ]' sh "$REDD"
stop

# in a user namespace nobody inside can look into a process on its way in
boot web --private-users=1000000:65536 --private-users-ownership=map
: >seen
"$REDD" exec web sh -c 'echo spying; while :; do for p in /proc/[0-9]*; do
        exe=$(readlink $p/exe 2>/dev/null) || continue
        case $exe in */redd) echo "seen: $exe";; esac
done; done' >seen 2>&1 &
spy=$!
await_line seen spying
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "$REDD" exec web true; done
kill -KILL "$spy"
unlike "$(cat seen)" 'seen:' 'the program that enters is never seen in there'
stop
done_testing
