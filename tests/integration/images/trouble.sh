#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Verbs that cannot do what they are told, or are told several things at once: nothing is lost, and nothing stays.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/stores.sh"
begin
tree_busybox "$WORK/tree"
echo one >"$WORK/tree/etc/value"
mkdir -p "$WORK/at" /etc/systemd/nspawn

value() {
        "$REDD" mount -q --read-only "$1" "$WORK/at" && cat "$WORK/at/etc/value"
        "$REDD" unmount "$WORK/at"
}
sound() {
        run "$REDD" verify
        is "$status" 0 "$1: verify finds nothing"
        [ "$status" = 0 ] || note "$out$err"
}
fresh() {
        store "$1" || return 1
        cp -a "$WORK/tree" "$STORE/web"
}

# --- machines that run ---
fresh tmpfs
start web "$REDD" run -q -D "$STORE/web" -M web --as-pid2 sh -c 'helper notify READY=1; exec sleep 1000'
for verb in 'clone web new' 'snapshot web' 'rename web new' 'remove web' 'flatten web'; do
        # shellcheck disable=SC2086
        refuses "$verb, while it runs" 'Device or resource busy' "$REDD" $verb
        # shellcheck disable=SC2086
        like "$("$REDD" $verb 2>&1)" "hint: (machine 'web' .*uses it|its machine would have to wait.* 'redd stop web')" \
                '… and the remedy is told'
done
stop
run "$REDD" clone web twin
is "$status" 0 'once it has stopped, it is cloned'
start twin "$REDD" run -q -M twin --as-pid2 sh -c 'echo two >/etc/value; helper notify READY=1; exec sleep 1000'
for verb in 'rename twin new' 'remove twin' 'flatten twin' 'mount twin'; do
        # shellcheck disable=SC2086
        refuses "$verb in layers, while it runs" 'Device or resource busy' "$REDD" $verb
done
refuses 'a second machine of one tree' 'currently busy' "$REDD" run -q -D "$STORE/twin" -M another true
run "$REDD" run -q --pipe -M web cat /etc/value
is "$out" one 'its parent is not concerned'
run "$REDD" clone twin live
is "$status $("$REDD" run -q --pipe -M live cat /etc/value)" '0 two' 'a machine in layers is cloned while it runs'
run "$REDD" snapshot twin live
is "$status $out" '0 live' '… and a snapshot taken'
is "$(inside echo awake)" awake '… and it goes on'
inside sh -c 'echo three >/etc/value'
refuses 'it is not set back under its feet' "machine 'twin' runs" "$REDD" restore twin live
like "$("$REDD" restore twin live 2>&1)" '^hint: --now stops it' '… unless that is asked for'
run "$REDD" clone web other
run "$REDD" remove web live
is "$status $(inside cat /etc/value)" '0 three' '… and can be removed under it'
stop
run "$REDD" restore twin live
is "$status $(value twin)" '0 two' 'once stopped, it is set back'
sound 'machines that run'
run "$REDD" start twin
is "$status" 0 'it is started in the background'
run "$REDD" exec twin sh -c 'echo four >/etc/value'
run "$REDD" restore --now twin live
is "$status" 0 'restored while it ran'
run "$REDD" exec twin cat /etc/value
is "$out" two '… it runs as it was'
run "$REDD" stop twin
if [ -x /usr/bin/journalctl ]; then
        now_id=0123456789abcdef0123456789abcdef twin_id=abcdef0123456789abcdef0123456789
        # in the place of the one that reads journals, one that says where it would
        printf '#!/bin/sh\nwhile [ $# -gt 1 ]; do case $1 in -D) ls "$2" ;; esac; shift; done\n' >"$WORK/journalctl"
        chmod +x "$WORK/journalctl"
        mount --bind "$WORK/journalctl" /usr/bin/journalctl
        "$REDD" mount -q twin "$WORK/at" && mkdir -p "$WORK/at/var/log/journal/$twin_id"
        "$REDD" unmount "$WORK/at"
        is "$("$REDD" logs twin | tail -n 1)" "$twin_id" 'the journal of a machine in layers is found'
        "$REDD" start twin
        "$REDD" exec twin mkdir "/var/log/journal/$now_id"
        is "$("$REDD" logs twin | tail -n 2 | tr '\n' ' ')" "$now_id $twin_id " '… as it is while the machine runs'
        "$REDD" stop twin
        umount /usr/bin/journalctl
else
        skip 'the journal of a machine in layers' 'journalctl is not installed'
fi
(cd "$STORE/twin" && sed -n '/^ *L=/,$p' README-redd | sed "s| /mnt\$| $WORK/at|" | sh)
is "$(cat "$WORK/at/etc/value")" two 'what README-redd says shows the whole tree without redd'
umount "$WORK/at"
rm -r /tmp/layers
run "$REDD" run -q --pipe -D "$WORK/fresh" --template="$STORE/twin" cat /etc/value
is "$status $out $(cat "$WORK/fresh/etc/value")" '0 two two' 'as a template a machine in layers gives a whole tree'
n=0
while [ "$n" -lt 104 ]; do
        n=$((n + 1))
        "$REDD" mount -q twin "$WORK/at" && echo "$n" >"$WORK/at/etc/many"
        "$REDD" unmount "$WORK/at"
        "$REDD" snapshot -q twin "many-$n"
done
run "$REDD" run -q --pipe -M twin cat /etc/value /etc/many
is "$status $out" "0 two
104" 'a machine starts after any number of snapshots'
ok '… since its layers are made one when they are too many' test "$(grep -c ^layer= "$STORE/twin/redd-lineage")" -lt 50
like "$("$REDD" diff twin many-103)" '^C /etc/many$' '… and the snapshots are what they were'
sound 'many snapshots'
for n in $(seq 1 104); do "$REDD" remove-snapshot -q twin "many-$n"; done
echo '[Exec]' >"$STORE/twin.nspawn"
run "$REDD" run -q --pipe -D "$STORE/made" --template="$STORE/twin" cat /etc/value
is "$status $out" '0 two' 'beside it, too'
ok '… as one that shares its layers' test -e "$STORE/made/redd-lineage"
not_ok '… without its settings' test -e "$STORE/made.nspawn"
run "$REDD" run -q --pipe -D "$STORE/made" --template="$STORE/twin" sh -c 'echo three >/etc/value'
is "$(value twin)$(value made)" twothree '… and is independent of it'
"$REDD" remove -q made
rm -f "$STORE/twin.nspawn"
run "$REDD" mount twin
is "$status $out" '0 /run/redd/mounts/twin' 'a machine is mounted below /run'
is "$(cat /run/redd/mounts/twin/etc/value)" two '… with what it wrote'
refuses 'it does not start meanwhile' 'busy' "$REDD" run -q -M twin true
refuses '… nor is it cloned' 'busy' "$REDD" clone twin new
like "$("$REDD" remove twin 2>&1)" "^hint: its tree is mounted; 'redd unmount' ends that" '… nor removed, and it is said why'
refuses 'two mounts in one place' 'something is mounted on' "$REDD" mount other /run/redd/mounts/twin
run "$REDD" unmount twin
is "$status" 0 'and unmounted'
refuses 'what is not mounted' 'cannot unmount' "$REDD" unmount twin
start x "$REDD" run -q -x -M twin --as-pid2 sh -c 'helper notify READY=1; exec sleep 1000'
run "$REDD" clone twin new
is "$status" 0 'one that runs in a throw-away view is cloned'
stop
run "$REDD" read-only twin
run "$REDD" run -q --pipe -M twin sh -c 'cat /etc/value; touch /x 2>/dev/null || echo refused'
is "$out" "$(printf 'two\nrefused')" 'a read-only machine in layers stays as it is'
run "$REDD" clone twin third
run "$REDD" run -q --pipe -M third sh -c 'touch /x && echo written'
is "$out" written '… and its clone can be written'
run "$REDD" remove twin third new other
is "$status$(ls "$STORE")" 0 'all are removed, read-only ones too'
store_end

# --- what is in the tree is not obeyed ---
fresh ext4 && {
        "$REDD" clone web twin
        cp -a "$STORE/twin" "$WORK/copied"
        mkdir "$STORE/forged"
        cp -a "$WORK/tree/." "$STORE/forged/"
        cp "$STORE/twin/redd-lineage" "$STORE/forged/"
        mkdir "$STORE/forged/redd-layers" "$STORE/forged/upper" "$STORE/forged/work"
        cp "$STORE/twin/redd-layers/"* "$STORE/forged/redd-layers/"
        echo forged >"$STORE/forged/etc/value"
        run "$REDD" run -q --pipe -M forged cat /etc/value
        is "$out" forged 'a tree that looks like a machine in layers is a tree'
        run "$REDD" clone forged child
        run "$REDD" run -q --pipe -M child cat /etc/value
        is "$status $out" '0 forged' '… and is cloned as one'
        sound 'a forged tree'
        mv "$WORK/copied" "$STORE/copied"
        refuses 'a copy that another program made is refused' 'is a copy of a machine that redd keeps in layers' \
                "$REDD" run -q -M copied true
        run "$REDD" verify
        like "$out" "'copied': .* is a copy" 'verify finds it'
        run "$REDD" remove web twin
        run "$REDD" repair copied
        run "$REDD" run -q --pipe -M copied cat /etc/value
        is "$out" one 'repaired, it works: its layers were kept'
        mv "$STORE/copied" "$STORE/moved"
        run "$REDD" run -q --pipe -M moved cat /etc/value
        is "$out" one 'a machine that another program renamed works'
        rm -r "$STORE/moved"
        run "$REDD" remove forged child
        is "$(find "$STORE" -mindepth 1 ! -name '.#*.lck')" '' 'what another program removed frees its layers'
        : >"$STORE/plain"
        rm "$STORE/plain"
        mkdir -m 0777 "$STORE/.redd.v"
        cp -a "$WORK/tree" "$STORE/web"
        refuses 'a pool that others can write is not obeyed' 'can be written by others' "$REDD" clone web new
        rmdir "$STORE/.redd.v"
        store_end
}

# --- two at once ---
fresh tmpfs
for i in 1 2 3 4 5 6 7 8; do
        "$REDD" clone -q web "c$i" >"$WORK/log.$i" 2>&1 &
        "$REDD" snapshot -q web "s$i" >>"$WORK/log.s$i" 2>&1 &
done
wait
is "$("$REDD" list-images --no-legend | wc -l) $("$REDD" snapshots web --no-legend | wc -l) $(cat "$WORK"/log.*)" '9 8 ' \
        'clones and snapshots of one image at once are all made'
for i in 1 2 3 4; do
        "$REDD" remove -q "c$i" >/dev/null 2>&1 &
        "$REDD" remove -q "c$i" >/dev/null 2>&1 &
        "$REDD" rename "c$((i + 4))" "d$i" >/dev/null 2>&1 &
        "$REDD" remove-snapshot web "s$i" >/dev/null 2>&1 &
done
wait
is "$("$REDD" list-images --no-legend | sed 's/ .*//' | tr '\n' ' ')" 'd1 d2 d3 d4 web ' 'removals and renamings at once'
is "$("$REDD" snapshots web --no-legend | wc -l)" 4 '… of snapshots, too'
is "$(value web) $(value d1)" 'one one' '… and nothing is lost'
sound 'two at once'
for i in 1 2 3 4 5 6; do
        "$REDD" clone -q web same >>"$WORK/same" 2>&1 &
done
wait
is "$(grep -c 'File exists' "$WORK/same") $(value same)" '5 one' 'of six that want one name, one gets it'
store_end

# --- a full disk ---
for kind in tmpfs ext4; do
        STORE_SIZE=12M
        if [ "$kind" = tmpfs ]; then mount -t tmpfs -o size=5M,mode=0700 store "$STORE"; else store "$kind" || continue; fi
        cp -a "$WORK/tree" "$STORE/web"
        "$REDD" snapshot -q web then
        "$REDD" run -q --pipe -M web sh -c 'echo two >/etc/value'
        full=0 lost=''
        # the room that is left grows until every verb succeeds
        for room in 0 4 8 12 16 20 24 32 48 64 96 128 256; do
                rm -f "$STORE/filler.raw"
                dd if=/dev/zero of="$STORE/filler.raw" bs=1k status=none 2>/dev/null
                size=$(stat -c %s "$STORE/filler.raw")
                truncate -s $((size - room * 1024)) "$STORE/filler.raw"
                sync "$STORE/filler.raw"
                "$REDD" clone web new >"$WORK/full" 2>&1 || full=$((full + 1))
                ! grep -qvE 'No space|hint:|full' "$WORK/full" || lost="$lost, room $room: $(cat "$WORK/full")"
                "$REDD" snapshot -q web now >/dev/null 2>&1 || full=$((full + 1))
                "$REDD" flatten web >/dev/null 2>&1 || full=$((full + 1))
                [ "$(value web)" = two ] || lost="$lost, room $room: web"
                "$REDD" restore web then >/dev/null 2>&1 || full=$((full + 1))
                rm -f "$STORE/filler.raw"
                [ "$(value web)" = one ] || [ "$(value web)" = two ] || lost="$lost, room $room: web after restore"
                "$REDD" verify >"$WORK/verify" 2>&1 || lost="$lost, room $room: $(cat "$WORK/verify")"
                "$REDD" remove -q new >/dev/null 2>&1
                "$REDD" remove-snapshot web now >/dev/null 2>&1
                "$REDD" run -q --pipe -M web sh -c 'echo two >/etc/value' || lost="$lost, room $room: web does not run"
        done
        is "$lost" '' "$kind: a full disk loses nothing"
        ok "$kind: … and was met" test "$full" -gt 4
        store_end
done

# --- owners of several ranges ---
fresh ext4 && {
        chown -R 655360:655360 "$STORE/web/etc"
        chown 720896 "$STORE/web/etc/value"
        run "$REDD" repair --dry-run web
        like "$out" '^web: [0-9]+ files would be moved to the range from 0$' 'a tree of mixed ranges is found'
        is "$(stat -c %u "$STORE/web/etc/value")" 720896 '… and nothing is changed for the asking'
        "$REDD" clone web twin
        timeout -s KILL 5 "$HELPER" kill-at 400 "$REDD" repair web >/dev/null 2>&1
        run "$REDD" repair web
        is "$status" 0 '… mended, after a first try was killed'
        run "$REDD" run -q --pipe -M web stat -c %u /etc/value /etc /home/alice
        is "$(echo "$out" | tr '\n' ' ')" '0 0 1000 ' '… to what the owners were'
        run "$REDD" repair web
        like "$out" '^web: nothing is wrong$' '… once'
        run "$REDD" repair --dry-run twin
        like "$out" 'files would be moved' 'its clone is another tree'
        store_end
}
rm -rf /var/lib/redd/log
done_testing
