# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# vm.sh: a virtual machine with Debian's kernel, for what the running kernel has not. Sourced behind lib.sh.
#
#     vm_kernel           before begin: fetches the kernel once, with the machine's network, and keeps it
#     begin
#     vm_run SCRIPT FILE...   runs the shell script SCRIPT as the machine's only program, with busybox, redd and the FILEs
#                         in /given; what it prints is in $WORK/vm.out
#
# All of it is in memory: there is no disk. The processor is an emulated one, ten to thirty times slower than a real one.

VM_KERNEL=${TEST_CACHE:-/var/cache/redd-test}/vm-kernel
VM_MODULES='loop dm-verity squashfs overlay'

# Several tests may ask for it at once; one fetches it.
vm_kernel() {
        [ -z "${TEST_INSIDE:-}" ] && [ ! -e "$VM_KERNEL" ] || return 0
        [ "$(id -u)" -eq 0 ] || skip_all 'needs root'
        needs qemu-system-x86_64 apt-get dpkg-deb flock
        [ "$(uname -m)" = x86_64 ] || cannot_all 'the virtual machine here is one for x86-64'
        mkdir -p "${VM_KERNEL%/*}" || exit 1
        (
                flock 9
                [ ! -e "$VM_KERNEL" ] || exit 0
                rm -rf "$VM_KERNEL.new"
                mkdir "$VM_KERNEL.new" && cd "$VM_KERNEL.new" || exit 1
                vm_package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
                apt-get -qq download "$vm_package" >&2 && dpkg-deb -x ./*.deb . && rm ./*.deb && mv boot/vmlinuz-* kernel &&
                        rm -rf usr boot && busybox depmod -b . "$(ls lib/modules)" &&
                        mv "$VM_KERNEL.new" "$VM_KERNEL"
        ) 9>"$VM_KERNEL.lock" || skip_all 'the kernel for the virtual machine cannot be fetched'
}

# The modules wanted and those they need, and the order in which they go in: each line of the list has a module and what
# it needs, the last of which is needed by the others.
vm_modules() {
        mkdir "$WORK/vm/lib/modules"
        for vm_module in $VM_MODULES; do
                grep -E "/$vm_module\.ko[^:]*:" "$VM_KERNEL"/lib/modules/*/modules.dep | tr -d : | tr ' ' '\n' | sed -n '/./p' | tac
        done | awk '!seen[$0]++' >"$WORK/vm.order"
        while read -r vm_module; do
                cp "$VM_KERNEL"/lib/modules/*/"$vm_module" "$WORK/vm/lib/modules/"
                echo "${vm_module##*/}"
        done <"$WORK/vm.order" >"$WORK/vm/lib/modules/order"
}

# vm_initrd SCRIPT FILE...: busybox, redd, the modules, and an init that runs the script
vm_initrd() {
        rm -rf "$WORK/vm"
        mkdir -p "$WORK/vm/bin" "$WORK/vm/given" "$WORK/vm/proc" "$WORK/vm/sys" "$WORK/vm/dev" "$WORK/vm/lib"
        cp "$(command -v busybox)" "$WORK/vm/bin/busybox"
        cp "$REDD" "$WORK/vm/bin/redd"
        strip "$WORK/vm/bin/redd" 2>/dev/null
        vm_modules
        cp "$1" "$WORK/vm/given/script"
        shift
        for vm_file; do
                cp -a "$vm_file" "$WORK/vm/given/"
        done
        cat >"$WORK/vm/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
while read -r module; do insmod "/lib/modules/$module"; done </lib/modules/order
# a system's root is a mount; what the kernel unpacks this into is none
mkdir /system
mount -t tmpfs tmpfs /system
mkdir /system/run /system/tmp /system/var /system/var/tmp /system/root /system/etc /system/usr
mv /bin /given /system/
for folder in proc sys dev; do
        /system/bin/busybox mkdir "/system/$folder"
        /system/bin/busybox mount --move "/$folder" "/system/$folder"
done
exec /system/bin/busybox switch_root /system /bin/sh -c 'cd /given; sh ./script >/dev/ttyS1 2>&1; poweroff -f'
INIT
        chmod +x "$WORK/vm/init"
        (cd "$WORK/vm" && find . | busybox cpio -o -H newc 2>/dev/null) >"$WORK/vm.initrd"
}

vm_run() {
        vm_initrd "$@"
        : >"$WORK/vm.out"
        timeout "${VM_LIMIT:-240}" qemu-system-x86_64 -machine q35 -accel tcg,thread=multi -cpu max,la57=off,cx16=off -smp 2 \
                -m 1024 -nodefaults -no-reboot -display none -serial "file:$WORK/vm.log" -serial "file:$WORK/vm.out" \
                -kernel "$VM_KERNEL/kernel" -initrd "$WORK/vm.initrd" -append 'console=ttyS0 quiet panic=-1'
}
