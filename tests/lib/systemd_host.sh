# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemd_host.sh: a host whose PID 1 is systemd, in a container, with redd installed in it. Sourced behind lib.sh.
#
#     systemd_host_tree   before begin: makes the Debian tree once, with the machine's network, and keeps it
#     begin unified
#     systemd_host_boot   boots a throwaway copy of it with redd in it
#     on_host COMMAND...  runs a command there; run_on_host sets $status, $out, $err as run does
#     systemd_host_end    powers it off

SYSTEMD_HOST_SUITE=${TEST_SUITE:-bookworm}
SYSTEMD_HOST_BUILD=${REDD_PACKAGED:-$TOP/build-packaged}
SYSTEMD_HOST_TREE=${TEST_CACHE:-/var/cache/redd-test}/systemd-host-$SYSTEMD_HOST_SUITE
SYSTEMD_HOST_PACKAGES=systemd,systemd-sysv,systemd-container,dbus,udev,libpam-systemd,polkitd,iproute2,nftables,procps,kmod
# what redd-apid, redd-bus and redd-transfer are linked with; some were renamed for 64 bit times
case $SYSTEMD_HOST_SUITE in
bookworm) SYSTEMD_HOST_PACKAGES=$SYSTEMD_HOST_PACKAGES,libarchive13,libcurl4,libssl3 ;;
*) SYSTEMD_HOST_PACKAGES=$SYSTEMD_HOST_PACKAGES,libarchive13t64,libcurl4t64,libssl3t64 ;;
esac
SYSTEMD_HOST_PACKAGES=$SYSTEMD_HOST_PACKAGES,libisal2,libjansson4,libseccomp2

# Several tests may ask for it at once; one makes it.
systemd_host_tree() {
        [ -z "${TEST_INSIDE:-}" ] && [ ! -e "$SYSTEMD_HOST_TREE" ] || return 0
        [ "$(id -u)" -eq 0 ] || skip_all 'needs root'
        needs mmdebstrap flock
        mkdir -p "${SYSTEMD_HOST_TREE%/*}" || exit 1
        (
                flock 9
                [ ! -e "$SYSTEMD_HOST_TREE" ] || exit 0
                rm -rf "$SYSTEMD_HOST_TREE.new"
                mmdebstrap --quiet --variant=essential --dpkgopt='path-exclude=/usr/share/man/*' \
                        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
                        --include="$SYSTEMD_HOST_PACKAGES" "$SYSTEMD_HOST_SUITE" "$SYSTEMD_HOST_TREE.new" >&2 &&
                        mv "$SYSTEMD_HOST_TREE.new" "$SYSTEMD_HOST_TREE"
        ) 9>"$SYSTEMD_HOST_TREE.lock" || skip_all 'mmdebstrap cannot make a Debian tree here'
}

# The tree below an overlay, so that it is never changed; folders of images on the disk's own file system.
systemd_host_make() {
        [ -d "$SYSTEMD_HOST_TREE" ] || skip_all "there is no $SYSTEMD_HOST_TREE"
        [ -e "$SYSTEMD_HOST_BUILD/build.ninja" ] || skip_all "there is no $SYSTEMD_HOST_BUILD: tools/run-tests makes it"
        mkdir -p "$WORK/host" "$WORK/.host/upper" "$WORK/.host/work" "$WORK/images"
        mount -t overlay -o "lowerdir=$SYSTEMD_HOST_TREE,upperdir=$WORK/.host/upper,workdir=$WORK/.host/work" host \
                "$WORK/host"
        defer 'umount -l "$WORK/host" 2>/dev/null'
        systemd_host_install
        : >"$WORK/host/etc/machine-id"
        rm -f "$WORK/host/etc/resolv.conf"
        echo nested >"$WORK/host/etc/hostname"
}

# From the build whose options put everything where a distribution's package would. The distribution's machinectl and
# systemd-nspawn stay under another path, and none of the programs whose names redd takes.
systemd_host_install() {
        mkdir -p "$WORK/host/opt/theirs"
        cp "$WORK/host/usr/bin/machinectl" "$WORK/host/usr/bin/systemd-nspawn" "$WORK/host/opt/theirs/"
        (
                cd "$WORK/host/usr" || exit 1
                rm -f bin/systemd-nspawn bin/machinectl bin/importctl lib/systemd/systemd-machined lib/systemd/systemd-importd \
                        lib/systemd/system/*machined.* lib/systemd/system/*importd.* lib/systemd/system/*.wants/*machined.* \
                        lib/systemd/system/*.wants/*importd.* lib/systemd/system/dbus-org.freedesktop.machine1.service \
                        lib/systemd/system/dbus-org.freedesktop.import1.service lib/systemd/system/machines.target \
                        lib/systemd/system/machine.slice lib/systemd/system/systemd-nspawn@.service \
                        share/dbus-1/system-services/org.freedesktop.machine1.service \
                        share/dbus-1/system-services/org.freedesktop.import1.service
        )
        DESTDIR=$WORK/host meson install -C "$SYSTEMD_HOST_BUILD" --no-rebuild --quiet >&2 || exit 1
        for host_name in bus apid transfer; do
                chroot "$WORK/host" /usr/libexec/redd/redd-$host_name --help >"$WORK/.out" 2>&1
                ! grep -q 'error while loading shared libraries' "$WORK/.out" ||
                        skip_all "redd-$host_name is not linked with what Debian $SYSTEMD_HOST_SUITE has: $(cat "$WORK/.out")"
        done
}

# Enough privileges for a host that runs containers itself, and a network of its own.
systemd_host_boot() {
        systemd_host_make
        start host env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 \
                "$REDD" run -q -D "$WORK/host" -M host -b --notify-ready=yes --register=no --link-journal=no \
                --private-users=no --private-network --capability=all \
                --system-call-filter='@raw-io @keyring @privileged bpf add_key keyctl request_key perf_event_open' \
                --bind=/dev/fuse --bind=/dev/loop-control --bind=/dev/net/tun \
                --bind="$WORK/images:/var/lib/machines" "$@"
        run_on_host systemctl is-system-running --wait
        is "$out" running 'every unit of the host has come up'
        host_supervisor=$supervisor
}

# systemd_host_end: asks it to power off
systemd_host_end() {
        stop TERM "$host_supervisor"
        is "$status" 0 'the host goes down'
        umount "$WORK/host"
}

# on_host COMMAND...: for ok, not_ok, refuses; at most $RUN_LIMIT seconds
on_host() {
        timeout --foreground -k 10 "$RUN_LIMIT" "$REDD" exec host -- "$@"
}

# run_on_host COMMAND...: run, there
run_on_host() {
        run "$REDD" exec host -- "$@"
}

# await_on_host PATTERN COMMAND...: until what COMMAND prints there matches; $out is that
await_on_host() {
        await_pattern=$1
        shift
        for await_try in $(seq 200); do
                run_on_host "$@"
                ! printf '%s\n' "$out" | grep -Eq -e "$await_pattern" || return 0
                "$HELPER" pause 100000
        done
        return 1
}
