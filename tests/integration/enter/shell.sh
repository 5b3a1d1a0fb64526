#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# redd shell, redd login and redd exec -t: a person at a terminal, in machines and on the host.
. "${0%/*}/../../lib/lib.sh"
needs python3
begin
tree_busybox "$WORK/web"
sed -i 's/:x:/::/' "$WORK/web/etc/passwd"
boot web

# at_terminal KEYS COMMAND...: runs it at a terminal of 33 x 101, types KEYS once "ready" is seen; $out is what was seen, its
# last line the status and whether the terminal's settings are what they were
at_terminal() {
        at_keys=$1
        shift
        run python3 "$LIB/at_terminal.py" ready "$at_keys" "$@"
}

at_terminal '' "$REDD" shell web /bin/sh -c 'stty size; tty; echo $TERM; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; exit 6'
like "$out" '^Connected to machine web\. Press \^\] three times within 1s to exit session\.$' 'shell says where it leads'
like "$out" '^33 101$' 'the window has the size of the terminal'
like "$out" '^/dev/pts/[0-9]+$' 'the terminal is one of the machine'
like "$out" '^vt220$' 'of the type of the caller'\''s'
like "$out" '^all$' 'for all three streams'
like "$out" '^Connection to machine web terminated\.$' 'shell says when it is over'
like "$out" '^status 6 restored$' 'the status arrives, and the terminal is as it was'

at_terminal 'exit 7\n' "$REDD" shell web /bin/sh -c 'echo ready; exec sh'
like "$out" '^status 7 restored$' 'a person can type'
at_terminal '' "$REDD" -q shell alice@web /bin/sh -c 'stat -c %u:%a $(tty); id -u; pwd; echo $HOME $SHELL'
like "$out" '^1000:600$' 'the terminal is its user'\''s own'
like "$out" '^/home/alice$' 'a session starts at home'
like "$out" '^/home/alice /bin/sh$' 'in a fresh environment'
unlike "$out" 'Connect' '-q keeps it quiet'
at_terminal 'echo $0; exit 3\n' "$REDD" -q shell -E PS1=ready web
like "$out" '^-sh' 'without a path it is a login shell'
like "$out" '^status 3 restored$' 'whose status arrives as well'
at_terminal '\x1d\x1d\x1d' "$REDD" shell web /bin/sh -c 'echo ready; sleep 1000'
like "$out" '^status 0 restored$' '^] three times leaves'
at_terminal '\x03' "$REDD" shell web /bin/sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.1; done'
like "$out" '^status 9 restored$' '^C is for the program'
at_terminal '' "$REDD" shell web nothing
like "$out" "Path 'nothing' is not an absolute path" 'a path that is none is refused'
at_terminal '' "$REDD" shell nobody-there
like "$out" "Failed to get shell PTY: No machine 'nobody-there' known" 'an unknown machine is named as machinectl does'
at_terminal '' "$REDD" exec -t web sh -c 'tty; stty size; exit 4'
like "$out" '^/dev/pts/' 'exec -t has a terminal'
unlike "$out" 'Connected' 'and says nothing itself'
like "$out" '^status 4 restored$' 'and hands on the status'

# what is a terminal does not go in with exec
at_terminal 'typed\n' "$REDD" exec web sh -c 'tty; echo ready; read line; echo "got $line"; echo err >&2; exit 5'
like "$out" '^not a tty$' 'exec keeps the caller'\''s terminal out'
like "$out" '^got typed$' 'what is typed arrives all the same'
like "$out" '^err$' 'and what is said comes out'
like "$out" '^status 5 restored$' 'up to the end'
at_terminal '\x04' "$REDD" exec web sh -c 'echo ready; cat; exit 8'
like "$out" '^status 8 restored$' 'the end of input, too'
at_terminal '\x03' "$REDD" exec web sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.1; done'
like "$out" '^status 9 restored$' 'and ^C'

# the host
at_terminal '' "$REDD" shell .host /bin/sh -c 'hostname; id -u; exit 2'
like "$out" '^Connected to the local host\. Press' 'the host is a machine as well'
like "$out" '^localhost$' 'the real one'
like "$out" '^status 2 restored$' 'with a status'
at_terminal '' "$REDD" -q shell nobody@ /bin/sh -c 'id -un; pwd'
like "$out" '^nobody$' 'an empty name is the host, too'

# login
at_login() {
        run python3 "$LIB/at_terminal.py" "$@"
}
at_login 'login:' 'alice\nid -u; exit\n' "$REDD" login web
like "$out" '^1000$' 'login asks for a name'
like "$out" '^Connection to machine web terminated\.$' 'and says when it is over'
rm "$WORK/web/usr/bin/getty" "$WORK/web/usr/sbin/getty" 2>/dev/null
at_login 'login:' 'root\nid -u; exit\n' "$REDD" login web
like "$out" '^0$' 'also where there is no getty'
rm "$WORK/web/usr/bin/login"
at_login 'login:' '' "$REDD" login web
like "$out" "there is no login program in machine 'web'" 'and without login it says so'

stop
done_testing
