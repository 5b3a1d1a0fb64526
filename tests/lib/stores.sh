# SPDX-License-Identifier: LGPL-2.1-or-later
# File systems of several kinds as /var/lib/machines; sourced behind lib.sh.

STORE=/var/lib/machines

# store KIND: mounts a fresh one. 1: it cannot be had here, and the test says so
store() {
        case $1 in
        tmpfs)
                mount -t tmpfs -o mode=0700 store "$STORE" ;;
        *)
                command -v "mkfs.$1" >/dev/null || { skip "images on $1" "mkfs.$1 is not installed"; return 1; }
                [ -e /dev/loop-control ] || { cannot "images on $1" 'this kernel has no loop devices'; return 1; }
                rm -f "$WORK/store.img"
                truncate -s "${STORE_SIZE:-512M}" "$WORK/store.img"
                "mkfs.$1" -q "$WORK/store.img" >/dev/null 2>&1 || exit 1
                mount -o loop "$WORK/store.img" "$STORE" || exit 1
                rm -rf "$STORE/lost+found"
                chmod 0700 "$STORE" ;;
        esac
}

store_end() {
        umount "$STORE"
        rm -f "$WORK/store.img"
}

# Nothing but plain images is left of what verbs on them make.
store_is_plain() {
        [ -z "$(find "$STORE" -mindepth 1 -maxdepth 1 -name '.*' ! -name '.#*.lck')" ]
}
