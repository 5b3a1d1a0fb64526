# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# guests.sh: Debian with the init systems that Debian has. Sourced behind lib.sh; guest_trees comes before begin, begin
# with "unified".
#
#     guest_trees KIND...     makes the trees once, with the machine's network, and keeps them
#     guest_boot KIND OPTION...   boots a throwaway copy as the machine KIND, $WORK/KIND; it is up when its init says so,
#                             or when it has a getty
#
#     guest_end KIND          ends it
#
# The kinds: systemd (with a bus and logind), nodbus, sysvinit, openrc, runit.

GUEST_CACHE=${TEST_CACHE:-/var/cache/redd-test}

guest_packages() {
        case $1 in
        systemd) echo systemd,systemd-sysv,dbus,libpam-systemd,login,passwd,procps ;;
        nodbus) echo systemd,systemd-sysv,login,passwd,procps ;;
        sysvinit) echo sysvinit-core,sysv-rc,initscripts,login,passwd,procps ;;
        openrc) echo sysvinit-core,openrc,initscripts,login,passwd,procps ;;
        runit) echo runit-init,runit,getty-run,initscripts,login,passwd,procps ;;
        esac
}

# Several tests may ask for them at once; one makes them.
guest_trees() {
        [ -z "${TEST_INSIDE:-}" ] || return 0
        [ "$(id -u)" -eq 0 ] || skip_all 'needs root'
        mkdir -p "$GUEST_CACHE" || exit 1
        for guest_kind; do
                guest_tree=$GUEST_CACHE/guest-$guest_kind-bookworm
                [ ! -e "$guest_tree" ] || continue
                needs mmdebstrap flock
                (
                        flock 9
                        [ ! -e "$guest_tree" ] || exit 0
                        rm -rf "$guest_tree.new"
                        mmdebstrap --quiet --variant=essential --dpkgopt='path-exclude=/usr/share/man/*' \
                                --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
                                --include="$(guest_packages "$guest_kind")" bookworm "$guest_tree.new" >&2 &&
                                mv "$guest_tree.new" "$guest_tree"
                ) 9>"$guest_tree.lock" || skip_all 'mmdebstrap cannot make a Debian tree here'
        done
}

# guest_tree KIND: the tree below an overlay, so that it is never changed; root's password is "secret", alice has none
guest_tree() {
        mkdir -p "$WORK/$1" "$WORK/.guest-$1/upper" "$WORK/.guest-$1/work"
        mount -t overlay -o "lowerdir=$GUEST_CACHE/guest-$1-bookworm,upperdir=$WORK/.guest-$1/upper,workdir=$WORK/.guest-$1/work" \
                guest "$WORK/$1"
        defer "umount -l '$WORK/$1' 2>/dev/null"
        : >"$WORK/$1/etc/machine-id"
        chroot "$WORK/$1" sh -c 'useradd -m -s /bin/bash -u 1000 alice && usermod -p "$1" root' sh \
                "$(python3 -c 'import crypt; print(crypt.crypt("secret", "$6$redd"))' 2>/dev/null || openssl passwd -6 -salt redd secret)"
}

guest_boot() {
        guest_kind=$1
        shift
        guest_tree "$guest_kind"
        case $guest_kind in
        systemd | nodbus) boot "$guest_kind" --register=no --link-journal=no "$@" ;;
        *)      # these inits say nothing; their getty does
                "$REDD" run -q -D "$WORK/$guest_kind" -M "$guest_kind" -b --console=read-only --kill-signal=SIGPWR "$@" \
                        >"$WORK/$guest_kind.log" 2>&1 </dev/null &
                supervisor=$!
                defer "end_process $supervisor"
                ok "$guest_kind comes up" timeout 60 sh -c 'until "$1" exec "$2" sh -c "$3" >/dev/null 2>&1; do "$HELPER" pause 100000; done' \
                        sh "$REDD" "$guest_kind" 'pgrep -x "agetty|getty|runsvdir"'
                leader=$(sed -n 's/^LEADER=//p' "/run/redd/machines/$guest_kind/state") ;;
        esac
}

guest_end() {
        case $1 in
        systemd | nodbus) stop ;;
        *)
                "$REDD" terminate "$1"
                await_end "$supervisor" ;;
        esac
        umount -l "$WORK/$1"
}
