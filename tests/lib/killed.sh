# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# killed.sh: images in known states, and what must hold of them after a verb was killed. Sourced behind stores.sh and
# begin.

mkdir -p "$WORK/tree/usr" "$WORK/tree/etc" "$WORK/at"
echo one >"$WORK/tree/etc/value"
ln "$WORK/tree/etc/value" "$WORK/tree/etc/link"

# value NAME: what the image's file says, "-" when there is no such image
value() {
        "$REDD" show-image -q "$1" >/dev/null 2>&1 || { echo -; return; }
        "$REDD" mount -q --read-only "$1" "$WORK/at" && cat "$WORK/at/etc/value"
        "$REDD" unmount "$WORK/at"
}
# change NAME TEXT
change() {
        "$REDD" mount -q "$1" "$WORK/at" && echo "$2" >"$WORK/at/etc/value"
        "$REDD" unmount "$WORK/at"
}
empty() {
        "$REDD" verify -q >/dev/null
        find "$STORE" -mindepth 1 -maxdepth 1 -name '.redd.v' -prune -o -mindepth 1 -maxdepth 1 ! -name '.*' -print |
                sed 's|.*/||' | while read -r name; do "$REDD" remove -q "$name"; done
        rm -f /etc/systemd/nspawn/*
}
plain() { cp -a "$WORK/tree" "$STORE/web"; }
layered() { plain && "$REDD" clone web twin && change web two; }
snapshotted() { plain && "$REDD" snapshot -q web before && change web two; }

is_one_of() { case " $2 " in *" $1 "*) ;; *) return 1 ;; esac; }
parent_is_whole() { [ "$(value web)" = one ] && is_one_of "$(value new)" 'one -'; }
both_are_whole() { [ "$(value web)" = two ] && [ "$(value twin)" = one ] && is_one_of "$(value new)" 'two -'; }
snapshot_is_whole() { [ "$(value web)" = one ]; }
now_or_then() { is_one_of "$(value web)" 'two one' && [ "$("$REDD" snapshots --no-legend web | wc -l)" = 1 ]; }
gone_or_not() { is_one_of "$(value web)" 'two -' && [ "$(value twin)" = one ]; }
flat_or_not() { [ "$(value web)" = two ] && [ "$(value twin)" = one ]; }
renamed_or_not() { is_one_of "$(value web)$(value new)" 'two- -two'; }
with_settings() {
        plain && echo '[Exec]' >/etc/systemd/nspawn/web.nspawn && "$REDD" snapshot -q web before && change web two
}
mkdir -p /etc/systemd/nspawn
