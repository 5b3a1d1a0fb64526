# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machines that do not get ready, end badly, or cannot be entered.

fault 'no image' R2000 "No image for machine 'wbe'" "did you mean 'web'" \
        ':' "$REDD start wbe" "instead $REDD start web"
fault 'an init that fails' R4040 'ended with status 3' 'redd logs' \
        'echo "exit 3" >$T/on-start; printf "[Exec]\nNotifyReady=yes\n" >/etc/systemd/nspawn/web.nspawn' "$REDD start web" 'rm $T/on-start'
fault 'an init that is never ready' R4031 'is not ready within' 'redd stop' \
        'echo "helper hold" >$T/on-start; printf "[Exec]\nNotifyReady=yes\n" >/etc/systemd/nspawn/web.nspawn' "$REDD start --timeout=1 web" \
        '$REDD terminate web; rm $T/on-start'
fault 'a system call filter that kills' R4041 'ended by signal SYS' 'system call' \
        'printf "[Exec]\nNotifyReady=yes\n" >/etc/systemd/nspawn/web.nspawn; echo "exec helper break-rule" >$T/on-start' \
        "$REDD start web" 'rm $T/on-start'
fault 'memory that does not suffice' R4041 'ended by signal KILL' 'MemoryMax' \
        'printf "[Exec]\nNotifyReady=yes\n[Resources]\nMemoryMax=3M\n" >/etc/systemd/nspawn/web.nspawn
        echo "head -c 50000000 /dev/zero | tail -c 50000000 >/dev/null; [ \$? = 0 ] || kill -9 1; exec tail -c 50000000 /dev/zero" >$T/on-start' "$REDD start web" \
        'rm $T/on-start; printf "[Resources]\nMemoryMax=100M\n" >/etc/systemd/nspawn/web.nspawn'
fault 'machines that wait for each other' R4050 'wait for each other: db → web → db' 'After=' \
        'cp -a $WORK/base /var/lib/machines/db; printf "[Machine]\nAfter=db\n" >/etc/systemd/nspawn/web.nspawn
        printf "[Machine]\nRequires=web\nAfter=web\n" >/etc/systemd/nspawn/db.nspawn' "$REDD start db" 'rm /etc/systemd/nspawn/web.nspawn'
fault 'one that is required and broken' R2402 "machine 'db' is required" 'install one' \
        'cp -a $WORK/base /var/lib/machines/db; rm /var/lib/machines/db/usr/sbin/init /var/lib/machines/db/usr/bin/init
        printf "[Machine]\nRequires=db\n" >/etc/systemd/nspawn/web.nspawn' "$REDD start web" \
        'cp -a $WORK/base/usr/sbin/init /var/lib/machines/db/usr/sbin'
fault 'a machine that does not run' R4043 "No machine 'web' known" 'redd start web' \
        ':' "$REDD exec web true" said
fault 'no pseudo terminals in a machine' R4206 'no pseudo terminals' 'devpts' \
        '$REDD start web; $REDD exec web umount -l /dev/pts' "$REDD -q shell web /bin/true" 'instead $REDD exec web true'
fault 'no way to log in' R4208 'no login program' 'redd shell' \
        '$REDD start web; rm -f $T/sbin/getty $T/bin/getty $T/bin/login' "$REDD -q login web" 'instead $REDD -q shell web /bin/true'
fault 'a folder in a machine that is not there' R4204 'no folder /srv/app' 'chdir' \
        '$REDD start web' "$REDD exec --chdir=/srv/app web true" 'mkdir -p $T/srv/app'
fault 'a bind onto what is not there' R4220 'cannot open /srv/app' 'mkdir' \
        '$REDD start web' "$REDD bind web $WORK/d /srv/app" 'instead $REDD bind --mkdir web $WORK/d /srv/app'
fault 'an image marked read-only' R4230 'marked read-only' 'redd read-only web no' \
        '$REDD read-only web yes; echo x >$WORK/d/f' "$REDD copy-to web $WORK/d/f /f" said
fault 'a file that is there already' R4231 'Failed to copy' 'force' \
        'echo x >$WORK/d/f; echo y >$T/f' "$REDD copy-to web $WORK/d/f /f" 'instead $REDD copy-to --force web $WORK/d/f /f'
fault 'an image of that name' R3014 'File exists' 'another name|remove' \
        'cp -a $WORK/base /var/lib/machines/db' "$REDD clone web db" '$REDD remove db'
fault 'an image in use' R3012 'busy' 'redd stop' \
        '$REDD start web' "$REDD rename web db" '$REDD stop web'
fault 'a snapshot that is not there' R3030 'has no snapshot' 'redd snapshots' \
        '$REDD snapshot web good' "$REDD restore web goof" 'instead $REDD restore web good'
fault 'a copy that lost its layers' R3004 'copy of a machine that redd keeps in layers' 'redd repair' \
        '$REDD clone web db; rm -rf $T; cp -a /var/lib/machines/db $T' "$R true" said
fault 'a layer that was removed' R3005 'cannot open the layer' 'redd verify' \
        '$REDD clone web db; mv /var/lib/machines/.redd.v/layers/*/tree $WORK/d/lost' "$R true" 'for layer in /var/lib/machines/.redd.v/layers/*; do mv $WORK/d/lost $layer/tree; done'
fault 'an unknown limit' R4072 "unknown limit 'MemMax='" 'did you mean' \
        ':' "$REDD set web MemMax=1G" 'instead $REDD set web MemoryMax=1G'
fault 'a value that is none' R4074 'is no value for' 'it is' \
        ':' "$REDD set web MemoryMax=lots" 'instead $REDD set web MemoryMax=1G'
fault 'a limit for a run that is not' R4075 'does not run' 'runtime' \
        ':' "$REDD set --runtime web MemoryMax=1G" 'instead $REDD set web MemoryMax=1G'
fault 'a supervisor that hangs' R4001 'does not answer' 'ps|state' \
        '$REDD start web; kill -STOP $(sed -n "s/^SUPERVISOR=//p" /run/redd/machines/web/state)' "timeout 50 $REDD port web add 8080:80" \
        'kill -CONT $(sed -n "s/^SUPERVISOR=//p" /run/redd/machines/web/state); $REDD port web remove 8080:80'
