# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# tree.sh: tiny roots, made in milliseconds. Sourced by lib.sh.

# A busybox that needs no library; the file is skipped where there is none.
tree_find_busybox() {
        BUSYBOX=$(command -v busybox) || skip_all "'busybox' is not installed"
        ! grep -q '/lib[^ ]*/ld-' "$BUSYBOX" || skip_all "'busybox' is not static"
}

# tree_skeleton DIRECTORY: folders and files that every system has, and no program
tree_skeleton() {
        mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/etc" "$1/proc" "$1/sys" "$1/dev" "$1/run" "$1/tmp" "$1/root" \
                "$1/var/tmp" "$1/home" "$1/mnt"
        chmod 1777 "$1/tmp" "$1/var/tmp"
        chmod 700 "$1/root"
        ln -sfn usr/bin "$1/bin"
        ln -sfn usr/sbin "$1/sbin"
        ln -sfn usr/lib "$1/lib"
        printf 'ID=tiny\nNAME="Tiny"\nPRETTY_NAME="Tiny test system"\nVERSION_ID=1\n' >"$1/usr/lib/os-release"
        ln -sfn ../usr/lib/os-release "$1/etc/os-release"
        printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'daemon:x:1:1:daemon:/:/bin/false' \
                'alice:x:1000:1000:Alice:/home/alice:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$1/etc/passwd"
        printf '%s\n' 'root:x:0:' 'daemon:x:1:' 'tty:x:5:' 'audio:x:29:alice' 'alice:x:1000:' 'nogroup:x:65534:' >"$1/etc/group"
        mkdir -p -m 700 "$1/home/alice"
        chown 1000:1000 "$1/home/alice"
        cp "$HELPER" "$1/usr/bin/helper"
}

# tree_busybox DIRECTORY: a system of busybox, whose init is a script that runs /etc/rc, if there is one, and says READY=1
tree_busybox() {
        tree_find_busybox
        tree_skeleton "$1"
        cp "$BUSYBOX" "$1/usr/bin/busybox"
        "$1/usr/bin/busybox" --install -s "$1/usr/bin"
        # the links name the program as it was started: inside, it is elsewhere
        for tree_link in "$1"/usr/bin/*; do
                [ -L "$tree_link" ] && echo "$tree_link"
        done | xargs -n 100 sh -c 'ln -sfn busybox "$1"; for link; do ln -sfn busybox "$link"; done' sh
        cat >"$1/usr/sbin/init" <<'END'
#!/bin/sh
# 37 and 38 are SIGRTMIN+3 and +4 (power off), 39 is SIGRTMIN+5 (reboot).
trap 'echo "init: powering off"; exit 0' 37 38
trap 'echo "init: rebooting"; reboot -f' 39 INT
echo "init: up"
[ ! -x /etc/rc ] || /etc/rc
helper notify READY=1
while :; do
        sleep 1000000 &
        wait $!
done
END
        chmod 755 "$1/usr/sbin/init"
}

# tree_inittab DIRECTORY: the same with busybox's own init, which knows other signals: USR1 halt, USR2 power off, TERM reboot
tree_inittab() {
        tree_busybox "$1"
        ln -sfn ../bin/busybox "$1/usr/sbin/init"
        printf '%s\n' '::sysinit:/bin/helper notify READY=1' '::shutdown:/bin/true' >"$1/etc/inittab"
}

# tree_static DIRECTORY: one static program and nothing else to run: /usr/bin/helper, which is the init, too
tree_static() {
        tree_skeleton "$1"
        ln -sfn ../bin/helper "$1/usr/sbin/init"
}
