#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images as others pack them: container images by podman, skopeo and umoci in all their forms, trees and disks in the
# wrappings of distributions and of other managers of containers.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs xz bzip2 lz4 zstd python3
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"
begin
small_tree "$WORK/tree"
export HOME="$WORK" XDG_RUNTIME_DIR="$WORK"

# comes FILE DESCRIPTION: `redd import` makes the small tree of it
comes() {
        run "$REDD" import -q "$1" got
        is "$status" 0 "$2"
        [ "$status" -eq 0 ] || note "$err"
        is "$(diff -r --no-dereference "$WORK/tree" /var/lib/machines/got 2>&1)" '' 'is the tree it was made of'
        is "$(stat -c %u:%g /var/lib/machines/got/usr/bin/program 2>&1)" "${3:-1000:5}" 'with its owners'
        forget got
}

# -- trees, in each wrapping --
tar -C "$WORK/tree" -cf "$WORK/tree.tar" .
for wrap in 'gzip -c' 'bzip2 -c' 'xz -c' 'xz -T2 --block-size=4096 -c' 'xz --format=lzma -c' 'zstd -qc' \
        'zstd -q -19 --long=27 -c' 'lz4 -qc' 'lzip -c' 'compress -c' 'pigz -c'; do
        command -v "${wrap%% *}" >/dev/null || { note "not here: ${wrap%% *}"; continue; }
        $wrap "$WORK/tree.tar" >"$WORK/wrapped"
        comes "$WORK/wrapped" "by $wrap"
done
head -c 5000 "$WORK/tree.tar" | gzip -c >"$WORK/wrapped"
tail -c +5001 "$WORK/tree.tar" | gzip -c >>"$WORK/wrapped"
comes "$WORK/wrapped" 'in two members of gzip'
head -c 5000 "$WORK/tree.tar" | xz -c >"$WORK/wrapped"
tail -c +5001 "$WORK/tree.tar" | xz -c >>"$WORK/wrapped"
comes "$WORK/wrapped" 'in two streams of xz'
head -c 5000 "$WORK/tree.tar" | zstd -qc >"$WORK/wrapped"
tail -c +5001 "$WORK/tree.tar" | zstd -qc >>"$WORK/wrapped"
comes "$WORK/wrapped" 'in two frames of zstd'
for format in v7 oldgnu gnu ustar posix; do
        tar --format=$format -C "$WORK/tree" -cf "$WORK/wrapped" .
        comes "$WORK/wrapped" "in the format $format"
done
cp "$WORK/tree.tar" "$WORK/distribution.wsl"
comes "$WORK/distribution.wsl" 'a distribution for WSL'
(cd "$WORK/tree" && tar -cf "$WORK/wrapped" -- *)
comes "$WORK/wrapped" 'names without ./'
mkdir "$WORK/top"
cp -a "$WORK/tree" "$WORK/top/distribution-rootfs"
tar -C "$WORK/top" -cJf "$WORK/wrapped" distribution-rootfs
comes "$WORK/wrapped" 'in a folder of its own'
mkdir -p "$WORK/lxd/templates"
cp -a "$WORK/tree" "$WORK/lxd/rootfs"
printf 'architecture: x86_64\ncreation_date: 1\n' >"$WORK/lxd/metadata.yaml"
tar -C "$WORK/lxd" -cJf "$WORK/wrapped" metadata.yaml templates rootfs
comes "$WORK/wrapped" 'an image of LXD or Incus'
tar -C "$WORK/lxd" -cJf "$WORK/wrapped" ./rootfs
comes "$WORK/wrapped" 'a rootfs folder alone'

# -- disks --
head -c 3000000 /dev/urandom >"$WORK/noise"
# disk FILE COMMAND...: a file system made of the small tree, in each wrapping
disk_comes() {
        run "$REDD" import -q "$1" disk
        is "$status" 0 "$2"
        ok 'is the disk' cmp "$WORK/disk" /var/lib/machines/disk.raw
        forget disk
}
for kind in squashfs erofs ext4; do
        rm -f "$WORK/disk"
        case $kind in
        squashfs) command -v mksquashfs >/dev/null || continue
                  mksquashfs "$WORK/tree" "$WORK/disk" -quiet -no-progress >/dev/null ;;
        erofs)    command -v mkfs.erofs >/dev/null || continue
                  mkfs.erofs "$WORK/disk" "$WORK/tree" >/dev/null 2>&1 ;;
        ext4)     command -v mkfs.ext4 >/dev/null || continue
                  mkfs.ext4 -q -d "$WORK/tree" "$WORK/disk" 8M ;;
        esac
        disk_comes "$WORK/disk" "$kind"
        xz -c "$WORK/disk" >"$WORK/wrapped"
        disk_comes "$WORK/wrapped" "$kind, by xz"
        rm -rf "$WORK/top"
        mkdir "$WORK/top"
        cp "$WORK/disk" "$WORK/top/disk.raw"
        tar -C "$WORK/top" -czf "$WORK/wrapped" disk.raw
        disk_comes "$WORK/wrapped" "$kind, in an archive, as clouds have it"
done
if command -v qemu-img >/dev/null && [ -e "$WORK/disk" ]; then
        qemu-img convert -O qcow2 "$WORK/disk" "$WORK/wrapped"
        run "$REDD" import -q "$WORK/wrapped" disk
        ok 'qcow2' cmp -n "$(stat -c %s "$WORK/disk")" "$WORK/disk" /var/lib/machines/disk.raw
        forget disk
fi

# -- container images --
if command -v umoci >/dev/null && command -v skopeo >/dev/null; then
        umoci init --layout "$WORK/layout" >/dev/null
        umoci new --image "$WORK/layout:1" >/dev/null
        umoci unpack --image "$WORK/layout:1" "$WORK/bundle" >/dev/null
        cp -a "$WORK/tree/." "$WORK/bundle/rootfs/"
        umoci repack --refresh-bundle --image "$WORK/layout:1" "$WORK/bundle" >/dev/null
        comes "$WORK/layout" 'a layout by umoci'
        for to in "oci:$WORK/sk-oci:1" "oci-archive:$WORK/sk-oci.tar:1" "docker-archive:$WORK/sk-docker.tar:small:1"; do
                skopeo copy -q --insecure-policy "oci:$WORK/layout:1" "$to"
                file=${to#*:}
                comes "${file%%:*}" "by skopeo, ${to%%:*}"
        done
        skopeo copy -q --insecure-policy --dest-compress-format zstd "oci:$WORK/layout:1" "oci-archive:$WORK/sk-zstd.tar:1"
        comes "$WORK/sk-zstd.tar" 'by skopeo, layers in zstd'
        gzip -c "$WORK/sk-oci.tar" >"$WORK/wrapped"
        comes "$WORK/wrapped" 'an archive of one, compressed'
else
        skip 'container images by umoci and skopeo' 'they are not installed'
fi
if command -v podman >/dev/null; then
        pod() {
                timeout 60 podman --root "$WORK/pod" --runroot "$WORK/podrun" --tmpdir "$WORK/podtmp" --storage-driver vfs \
                        --cgroup-manager cgroupfs --events-backend none "$@"
        }
        ok 'podman takes the tree' pod import -q --change CMD=/usr/bin/program "$WORK/tree.tar" localhost/small:1
        for format in oci-archive docker-archive oci-dir docker-dir; do
                pod save -q --format $format -o "$WORK/pod-$format" localhost/small:1 2>/dev/null
                [ $format = docker-dir ] && continue
                comes "$WORK/pod-$format" "by podman, $format"
        done
        refuses "podman's docker-dir is no image we know" 'R51|cannot' "$REDD" import -q "$WORK/pod-docker-dir/manifest.json" no
        "$REDD" import -q "$WORK/pod-oci-archive" settings
        like "$(cat /var/lib/machines/settings.nspawn)" '^Parameters=.*"/usr/bin/program"$' 'with its command'
        forget settings
        umount "$WORK/pod" "$WORK/podrun" 2>/dev/null
        rm -rf "$WORK/pod" "$WORK/podrun" "$WORK/podtmp" "$WORK/containers" "$WORK/libpod"
else
        note 'not here: podman'
fi
rm -rf /var/lib/machines/* /var/lib/machines/.[!.]*
done_testing
