#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# import-tar, import-raw, import-fs, export-tar, export-raw: words, names, forms, and what they say; and `redd import`.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs zstd qemu-img
begin
small_tree "$WORK/tree"
tar -C "$WORK/tree" -cf "$WORK/small.tar" .
machinectl=$BUILD/compat/machinectl importctl=$BUILD/compat/importctl

same() {
        diff -r --no-dereference "$WORK/tree" "/var/lib/machines/$1"
}

# the words of the tools we stand in for
run "$machinectl" import-tar "$WORK/small.tar"
is "$status" 0 'machinectl import-tar'
like "$err" "^The 'machinectl import-tar' command has been replaced by 'importctl -m import-tar'\\. Redirecting invocation\\.$" \
        'says what replaced it'
like "$err" "^Enqueued transfer job 1\\. Press C-c to continue" 'has a number'
like "$err" "^Importing '$WORK/small.tar', saving as 'small'\\.$" 'says from where and to where'
like "$err" "^Operating on image directory '/var/lib/machines'\\.$" 'in which folder'
like "$err" '^Imported 100%\.$' 'how far it is'
like "$err" '^Exiting\.$' 'and when it is over'
is "$(same small)" '' 'and the tree is there'
run "$importctl" -m import-tar "$WORK/small.tar"
is "$status" 1 'an image that is there stays'
like "$err" "^importctl: Image 'small' already exists\\. \\[R5032\\]" 'which is said'
run "$importctl" import-tar "$WORK/small.tar"
like "$err" 'No image class specified, retry with --class= set to one of: machine \(downloads to /var/lib/machines/\), portable' \
        'importctl wants the class'
run "$importctl" -q -P import-tar "$WORK/small.tar"
ok 'each class has its folder' test -d /var/lib/portables/small
rm -rf /var/lib/portables
run "$REDD" import-tar -q --force "$WORK/small.tar"
is "$status" 0 '--force replaces it'
is "$out$err" '' '-q says nothing'
run "$REDD" import-tar --json=short --force "$WORK/small.tar"
like "$out" '^\{"type":"result","result":"done"\}$' 'programs are told in JSON'
run "$REDD" export-tar --json=short small "$WORK/out.tar"
like "$out" '^\{"type":"result","result":"done"\}$' 'of an export to a file, too'
rm -f "$WORK/out.tar"

# names
for file in a.tar b.tar.gz c.tgz d.raw.tar.zst; do
        cp "$WORK/small.tar" "$WORK/$file"
        run "$REDD" import-tar -q "$WORK/$file"
        ok "'$file' is called '${file%%.*}'" test -d "/var/lib/machines/${file%%.*}"
        forget "${file%%.*}"
done
cp "$WORK/small.tar" "$WORK/Rocky_9-1.x86_64.tar"
run "$REDD" import-tar -q "$WORK/Rocky_9-1.x86_64.tar"
ok 'what a name cannot hold is replaced' test -d /var/lib/machines/Rocky-9-1.x86-64
forget Rocky-9-1.x86-64
for name in a_b .hidden -x a/b ..; do
        run "$REDD" import-tar -q "$WORK/small.tar" -- "$name"
        is "$status" 1 "'$name' is no name"
        like "$err" "Local name .* is not a suitable image name\\. \\[R5031\\]" 'which is said'
done
run "$REDD" import-tar - <"$WORK/small.tar"
like "$err" 'Need either path or local name\. \[R5070\]' 'standard input has no name'
"$REDD" import-tar -q - piped <"$WORK/small.tar"
is "$(same piped)" '' 'and is taken with one'
zstd -qc "$WORK/small.tar" | "$REDD" import-tar -q - squeezed
is "$(same squeezed)" '' 'through a pipe, compressed'
forget piped squeezed
run "$REDD" import-tar "$WORK/nosuch.tar"
like "$err" "cannot open '$WORK/nosuch.tar': No such file or directory \\[R5071\\]" 'a missing file is named'
run "$REDD" import-tar "$WORK"
like "$err" 'is a directory \[R5072\]' 'a folder is none'
run "$REDD" import-tar
like "$err" 'Too few arguments' 'too few words are refused'

# read-only
mount -t tmpfs tmpfs /var/lib/machines
mount -t tmpfs tmpfs /var/lib/machines
umount /var/lib/machines
run "$REDD" import-tar -q --read-only "$WORK/small.tar" frozen
is "$status" 0 '--read-only'
not_ok 'makes a tree that cannot be changed' touch /var/lib/machines/frozen/new
run "$REDD" import-tar -q --force "$WORK/small.tar" frozen
is "$status" 0 'but replaced'
ok 'by one that can' touch /var/lib/machines/frozen/new
umount /var/lib/machines

# damage
for compression in gzip xz zstd bzip2; do
        run "$REDD" export-tar -q --format=$compression small "$WORK/out"
        head -c $(($(stat -c %s "$WORK/out") * 2 / 3)) "$WORK/out" >"$WORK/cut"
        run "$REDD" import-tar -q "$WORK/cut" cut
        is "$status" 1 "half of a file in $compression is refused"
        like "$err" '\[R501[01]\]' 'as damaged'
        ok 'and nothing is there' test ! -e /var/lib/machines/cut
done
gzip -c "$WORK/small.tar" >"$WORK/bad.gz"
printf '\377\377' | dd of="$WORK/bad.gz" bs=1 seek=$(($(stat -c %s "$WORK/bad.gz") - 7)) conv=notrunc status=none
run "$REDD" import-tar -q "$WORK/bad.gz" bad
like "$err" 'the gzip data is damaged: its checksum is wrong \[R5010\]|cannot be decoded|CRC' 'a wrong checksum is noticed'
{ gzip -c "$WORK/small.tar"; head -c 512 /dev/zero; } >"$WORK/padded.gz"
run "$REDD" import-tar -q "$WORK/padded.gz" padded
is "$status" 0 'padding behind is not minded'
forget padded

# out
run "$REDD" export-tar nosuch "$WORK/out"
like "$err" 'Image nosuch not found\. \[R5085\]' 'an image that is not there is named'
run "$REDD" export-raw small "$WORK/out"
like "$err" 'Failed to export image: Is a directory \[R5089\]' 'a tree is no disk'
rm -f "$WORK/out"
run "$REDD" export-tar small "$WORK/out.tar.gz"
like "$err" "^Exporting 'small', saving to '$WORK/out.tar.gz' with compression 'gzip'\\.$" 'the file name says how to compress'
ok 'and it is so' gzip -t "$WORK/out.tar.gz"
like "$(tar -tvzf "$WORK/out.tar.gz" --numeric-owner)" ' 1000/5 .* \./usr/bin/program$' 'owners are numbers, names begin with ./'
run "$REDD" export-tar --format=nonsense small
like "$err" 'Unknown format: nonsense' 'a format that is none is refused'
is "$(find "$WORK" -maxdepth 1 -name '.#*')" '' 'no half files are left'

# disks
truncate -s 8M "$WORK/disk.raw"
printf 'start' | dd of="$WORK/disk.raw" conv=notrunc status=none
head -c 300000 /dev/urandom | dd of="$WORK/disk.raw" bs=1M seek=5 conv=notrunc status=none
run "$REDD" import-raw -q "$WORK/disk.raw"
ok 'a disk comes in' cmp "$WORK/disk.raw" /var/lib/machines/disk.raw
ok 'with its holes' test "$(stat -c %b /var/lib/machines/disk.raw)" -lt 2000
for options in '' '-o compat=0.10' '-c' '-c -o compression_type=zstd' '-o cluster_size=512' '-o cluster_size=2M'; do
        # shellcheck disable=SC2086
        qemu-img convert -O qcow2 $options "$WORK/disk.raw" "$WORK/disk.qcow2" || continue
        run "$REDD" import-raw -q "$WORK/disk.qcow2" cow
        ok "from qcow2 ($options)" cmp "$WORK/disk.raw" /var/lib/machines/cow.raw
        forget cow
done
gzip -c "$WORK/disk.qcow2" | "$REDD" import-raw -q - cow
ok 'from qcow2 through a pipe, compressed' cmp "$WORK/disk.raw" /var/lib/machines/cow.raw
forget cow
qemu-img create -q -f qcow2 -F raw -b "$WORK/disk.raw" "$WORK/over.qcow2"
run "$REDD" import-raw -q "$WORK/over.qcow2"
like "$err" 'has another image below it \[R5061\]' 'one with another below it is refused'
head -c 100000 "$WORK/disk.qcow2" >"$WORK/cut.qcow2"
run "$REDD" import-raw -q "$WORK/cut.qcow2"
like "$err" 'the qcow2 image is damaged: .* \[R5060\]' 'so is half of one'
run "$REDD" export-raw -q disk "$WORK/back.raw"
ok 'a disk goes out' cmp "$WORK/disk.raw" "$WORK/back.raw"
ok 'with its holes' test "$(stat -c %b "$WORK/back.raw")" -lt 2000
"$REDD" export-raw -q --format=zstd disk | zstd -dc | cmp - "$WORK/disk.raw"
is $? 0 'and through a pipe, compressed'
run "$REDD" export-tar disk "$WORK/out"
like "$err" 'Failed to export image: Not a directory \[R5088\]' 'a disk is no tree'
forget disk

# whatever it is
mkdir -p "$WORK/x/root.x86_64" "$WORK/x/backup/container" "$WORK/x/rootfs" "$WORK/pve/etc/vzdump"
cp -a "$WORK/tree/." "$WORK/x/root.x86_64"
echo list >"$WORK/x/pkglist.x86_64.txt"
tar -C "$WORK/x" --zstd -cf "$WORK/bootstrap.tar.zst" root.x86_64 pkglist.x86_64.txt
run "$REDD" import -q "$WORK/bootstrap.tar.zst"
is "$(same bootstrap)" '' 'a tree in one folder, with a file beside it'
cp -a "$WORK/tree" "$WORK/x/backup/container/rootfs"
printf 'name: from-incus\nbackend: dir\n' >"$WORK/x/backup/index.yaml"
printf 'container:\n  config:\n    security.nesting: "true"\n    limits.memory: 2GiB\n  name: from-incus\n' \
        >"$WORK/x/backup/container/backup.yaml"
tar -C "$WORK/x" -czf "$WORK/export.tar.gz" backup/index.yaml backup/container/backup.yaml backup/container/rootfs
run "$REDD" import "$WORK/export.tar.gz"
like "$err" "^Importing '$WORK/export.tar.gz' \\(Incus\\), saving as 'from-incus'" 'an export of Incus, with its name'
is "$(same from-incus)" '' 'its tree'
like "$(cat /var/lib/machines/from-incus.nspawn)" '^PrivateUsers=pick' 'and what can be said of its settings'
cp -a "$WORK/tree/." "$WORK/pve"
printf 'arch: amd64\nhostname: from-pve\nmemory: 512\nnet0: name=eth0,bridge=vmbr0\nunprivileged: 1\n' \
        >"$WORK/pve/etc/vzdump/pct.conf"
tar -C "$WORK/pve" --zstd -cf "$WORK/vzdump-lxc-100.tar.zst" ./etc/vzdump ./etc/os-release ./usr ./bin
run "$REDD" import "$WORK/vzdump-lxc-100.tar.zst"
like "$err" "\\(Proxmox\\), saving as 'from-pve'" 'a backup of Proxmox'
like "$(cat /var/lib/machines/from-pve.nspawn)" '^Hostname=from-pve' 'with its host name'
like "$(cat /var/lib/machines/from-pve.nspawn)" '^# it had memory: 512' 'and a remark of what has no place there'
run "$REDD" import -q "$WORK/disk.qcow2" whatever
ok 'a disk' cmp "$WORK/disk.raw" /var/lib/machines/whatever.raw
run "$REDD" import -q "$WORK/tree" folder
is "$(same folder)" '' 'a folder'
head -c 100000 /dev/urandom >"$WORK/noise"
run "$REDD" import "$WORK/noise"
like "$err" 'neither an archive of a system nor a disk \[R5150\]' 'and nothing else'
ok 'all settings are valid' "$REDD" config from-pve
forget small bootstrap from-incus from-pve whatever folder
done_testing
