#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What goes wrong on hosts and in trees, made on purpose, one row each (rows/*.sh): the refusal has the row's code, names the
# cause, and gives a remedy; the remedy is applied, and the same start succeeds.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
begin
export REDD HELPER WORK BUILD LIB

T=/var/lib/machines/web # the tree that each row finds fresh, and may spoil
R="$REDD run -q -D $T"
export T R
tree_busybox "$WORK/base"
printf '%s\n' '#!/bin/sh' '[ ! -e /on-start ] || . /on-start' >"$WORK/base/etc/rc"
chmod 755 "$WORK/base/etc/rc"
sed -i 's|^\[ ! -x /etc/rc \].*|. /etc/rc|' "$WORK/base/usr/sbin/init"
host_store=/etc/systemd/nspawn
mkdir -p $host_store
faults=0 remedied=0

fresh() {
        [ ! -e "$WORK/d/pid" ] || kill "$(cat "$WORK/d/pid")" 2>/dev/null
        for fresh_name in $("$REDD" list --no-legend -q 2>/dev/null | awk '{print $1}'); do
                "$REDD" terminate "$fresh_name" >/dev/null 2>&1
        done
        sed -n "s,^[^ ]* \($WORK/m/[^ ]*\|/var/lib/machines/[^ ]*\) .*,\1,p" /proc/mounts | sort -r | xargs -r umount -l
        chattr -R -f -i -a /var/lib/machines "$WORK/d" 2>/dev/null
        rm -rf /var/lib/machines/* /var/lib/machines/.[!.]* "$host_store"/* "$WORK/d" /var/lib/redd/log /etc/redd
        mkdir -p "$WORK/d" "$WORK/m"
        cp -a "$WORK/base" "$T"
}

# hold COMMAND...: in the background until $WORK/d/pid is killed; it has done what it should when it printed its first line
hold() {
        mkfifo "$WORK/d/up" "$WORK/d/never"
        (exec 3<>"$WORK/d/never" && exec "$@" >"$WORK/d/up" <&3 2>/dev/null) &
        echo $! >"$WORK/d/pid"
        read -r hold_up <"$WORK/d/up"
}

# fault NAME CODE CAUSE REMEDY MAKE START MEND: shell texts; CAUSE and REMEDY match the sentence and the hint. MEND is what the
# hint tells to do; "said": the first command the hint has in quotes, as it stands there. A MEND that begins with "instead "
# is another way to start. $O is what the last start printed.
fault() {
        fault_name=$1
        fault_start=$6 fault_mend=$7
        fresh
        faults=$((faults + 1))
        (eval "$5") >"$WORK/.made" 2>&1 || { report 1 "$fault_name: the fault is made"; note "$(cat "$WORK/.made")"; return; }
        run sh -c "$fault_start"
        if [ "$status" -eq 0 ] || ! printf '%s\n' "$err" | grep -Eq "\[$2\]" ||
                        ! printf '%s\n' "$err" | grep -Eq -e "$3" || ! printf '%s\n' "$err" | grep -E '^hint: ' | grep -Eq -e "$4"; then
                report 1 "$fault_name"
                note "status $status, it said: $err"
                note "expected: $3 [$2], hint: $4"
        else
                report 0 "$fault_name: $2"
        fi
        said=$(printf '%s\n' "$err" | sed -n "/^hint: /{s/^hint: //;s/^[^']*\('[^' ]*'[^']*\)*'\([^' ]* [^']*\)'.*/\2/p;}" | sed "s|^redd |$REDD |")
        case $fault_mend in
        instead\ *) fault_start=${fault_mend#instead } ;;
        said) sh -c "$said" >"$WORK/.mended" 2>&1 || note "the remedy '$said' gives $?: $(cat "$WORK/.mended")" ;;
        *) (eval "$fault_mend") >"$WORK/.mended" 2>&1 || note "the remedy gives $?: $(cat "$WORK/.mended")" ;;
        esac
        run sh -c "$fault_start"
        if [ "$status" -eq 0 ]; then
                remedied=$((remedied + 1))
                return
        fi
        report 1 "$fault_name: the remedy helps"
        note "afterwards: status $status, $err"
}

for rows in "$TOP"/tests/integration/faults/rows/${FAULTS:-*}.sh; do
        . "$rows"
done
note "$faults faults, $remedied remedied"
if [ -z "${FAULTS:-}" ]; then
        ok 'there are sixty faults at least' test "$faults" -ge 60
        ok 'and fifty at least are remedied' test "$remedied" -ge 50
fi
fresh
rm -rf /var/lib/machines/* /var/lib/machines/.[!.]* /var/lib/redd/* /etc/redd $host_store
done_testing
