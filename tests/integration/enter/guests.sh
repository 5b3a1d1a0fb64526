#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian with each of its inits, and trees of other kinds: a program, a shell, files both ways, and a login where there is
# a getty. The tiny kinds (busybox, a single program, private users, …) are in kinds.sh.
# timeout: 400
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/guests.sh"
guest_trees systemd nodbus sysvinit openrc runit
begin unified

# enter NAME: all ways into a machine
enter() {
        kind=$1
        run "$REDD" exec "$kind" sh -c 'echo in; echo err >&2; exit 7'
        is "$status $out $err" '7 in err' "$kind: exec"
        is "$("$REDD" exec "alice@$kind" id -un)" alice "$kind: exec for a user"
        run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell "$kind" /bin/sh -c 'tty; echo "as $(id -un)"; exit 9'
        like "$out" '^/dev/pts/[0-9]+$' "$kind: shell, at a terminal of the machine's"
        like "$out" '^as root$' "$kind: as root"
        like "$out" '^status 9 restored$' "$kind: with its status"
        run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell "alice@$kind" /bin/bash -c 'echo "at $HOME $PWD $((6 * 7)) $$"; kill -TERM $$'
        like "$out" '^at /home/alice /home/alice 42 [0-9]+$' "$kind: shell for a user, whose words arrive as they are"
        like "$out" '^status 143 restored$' "$kind: and the signal that ends it"
        run python3 "$LIB/at_terminal.py" '$ ' 'echo "still $((40 + 2))"; exit 5\n' "$REDD" -q shell "alice@$kind"
        like "$out" 'still 42$' "$kind: a login shell"
        like "$out" '^status 5 restored$' "$kind: ends with what its user says"
        head -c 100000 /dev/urandom >data
        run "$REDD" copy-to "$kind" "$WORK/data" /root/data
        is "$("$REDD" exec "$kind" cksum /root/data | cut -d' ' -f1,2)" "$(cksum <data | cut -d' ' -f1,2)" "$kind: a file in"
        rm -f back
        run "$REDD" copy-from "$kind" /root/data "$WORK/back"
        ok "$kind: and out" cmp data back
}

# login_works NAME: as root, with a password
login_works() {
        run python3 "$LIB/at_terminal.py" 'login: |Password: |# ' 'root\n|secret\n|tty; echo "who $(id -un)"; exit\n' "$REDD" -q login "$1"
        like "$out" '^who root' "$1: root logs in at $2"
}

for kind in systemd nodbus sysvinit openrc runit; do
        guest_boot "$kind"
        enter "$kind"
        login_works "$kind" 'the terminal'
        echo console >"$WORK/$kind/etc/securetty"
        sed -i '1i auth requisite pam_securetty.so' "$WORK/$kind/etc/pam.d/login"
        login_works "$kind" 'a terminal that securetty does not name'
        case $kind in
        systemd)
                run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell alice@systemd /bin/sh -c \
                        'echo "runtime $XDG_RUNTIME_DIR"; test -d "$XDG_RUNTIME_DIR" && echo there; loginctl --no-pager --no-legend list-sessions; who; cat /proc/self/cgroup'
                like "$out" '^runtime /run/user/1000' 'a session of a machine with logind has a folder of its own'
                like "$out" '^there' 'which is there'
                like "$out" ' 1000 alice .*pts/[0-9]+' 'logind lists it, with its terminal'
                like "$out" '^alice +pts/' 'so does utmp'
                like "$out" '^0::/user.slice/user-1000.slice/session-' 'it has a control group of its own'
                run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell --setenv=COLOUR=red --chdir=/etc systemd /bin/sh -c 'echo "$COLOUR $PWD"'
                like "$out" '^red /etc' 'variables and a folder go along'
                sed -i '1i account requisite pam_deny.so' "$WORK/systemd/etc/pam.d/login"
                run python3 "$LIB/at_terminal.py" none '' "$REDD" shell systemd /bin/true
                like "$out" "PAM may have refused the session; 'redd exec --tty'" 'where PAM refuses a session, redd says what does without'
                run python3 "$LIB/at_terminal.py" none '' "$REDD" exec --tty systemd sh -c 'grep ^0: /proc/self/cgroup; exit 3'
                like "$out" '^0::/redd-exec' 'which enters by itself'
                like "$out" '^status 3 restored$' 'with its status'
                rm -f "$WORK/systemd/usr/bin/systemd-run"
                run python3 "$LIB/at_terminal.py" none '' "$REDD" -q shell systemd /bin/sh -c 'grep ^0: /proc/self/cgroup; exit 4'
                like "$out" '^0::/redd-exec' 'so does shell where the machine has nothing to ask'
                like "$out" '^status 4 restored$' 'with its status' ;;
        esac
        guest_end "$kind"
done
done_testing
