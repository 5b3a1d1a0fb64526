#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images with a root hash (dm-verity): run checked where the kernel can, in a virtual machine where this one cannot, and
# never unchecked without being told to.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "$LIB/vm.sh"
vm_kernel
begin
needs veritysetup sfdisk mkfs.ext4 openssl python3
[ -e /dev/loop-control ] || cannot_all 'this kernel has no loop devices'
tree_busybox "$WORK/tree"
echo in-tree >"$WORK/tree/etc/mark"
truncate -s 16M "$WORK/bare.raw"
mkfs.ext4 -q -F -b 4096 -O ^has_journal -d "$WORK/tree" "$WORK/bare.raw"

# hash_of FILE HASHES: makes the hashes, prints the root hash
hash_of() {
        veritysetup format "$1" "$2" | sed -n 's/^Root hash:[[:space:]]*//p'
}
uuid_of() {
        echo "$1" | sed 's/\(........\)\(....\)\(....\)\(....\)\(............\)/\1-\2-\3-\4-\5/'
}
hash=$(hash_of bare.raw bare.verity)
like "$hash" '^[0-9a-f]{64}$' 'the fixture has a root hash'
echo "$hash" >bare.roothash
cp bare.raw plain.raw

# The same in a GPT, signed by a key that no kernel trusts.
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=redd -days 30 2>/dev/null
printf %s "$hash" >hash.txt
openssl smime -sign -nocerts -noattr -binary -in hash.txt -inkey key.pem -signer cert.pem -outform der -out hash.p7s
printf '{"rootHash":"%s","signature":"%s"}' "$hash" "$(base64 -w 0 hash.p7s)" >signature.json
root=$(uuid_of "$(echo "$hash" | cut -c 1-32)") hashes=$(uuid_of "$(echo "$hash" | cut -c 33-64)")
# gpt NAME LINES: a table whose first partition is the tree, the second the hashes, the third the signature
gpt() {
        truncate -s 24M "$1"
        printf 'label: gpt\n%s\n' "$2" | sfdisk -q "$1" || exit 1
        sfdisk -d "$1" | sed -n 's/.*start= *\([0-9]*\),.*/\1/p' >starts
        for gpt_file in bare.raw bare.verity signature.json; do
                read -r gpt_start || break
                dd if="$gpt_file" of="$1" bs=512 seek="$gpt_start" conv=notrunc status=none
        done <starts
}
parts="size=16M,type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709,uuid=$root
size=2M,type=2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5,uuid=$hashes"
gpt gpt.raw "$parts"
gpt signed.raw "$parts
size=1M,type=41092B05-9FC8-4523-994F-2DEF0408B176"
# the signature of one hash under another
openssl req -x509 -newkey rsa:2048 -nodes -keyout other-key.pem -out other.pem -subj /CN=other -days 30 2>/dev/null
echo changed >"$WORK/tree/etc/mark"
truncate -s 16M changed.raw
mkfs.ext4 -q -F -b 4096 -O ^has_journal -d "$WORK/tree" changed.raw
changed=$(hash_of changed.raw changed.verity)
cp hash.p7s changed.roothash.p7s
echo "$changed" >changed.roothash
openssl smime -sign -nocerts -binary -in hash.txt -inkey key.pem -signer cert.pem -outform der -out attributes.p7s
# a byte in the first block is changed, and where the text of a file is, another one will be
cp gpt.raw spoilt.raw
first=$(sfdisk -d gpt.raw | sed -n 's/.*start= *\([0-9]*\),.*/\1/p' | head -n 1)
printf x | dd of=spoilt.raw bs=1 seek=$((first * 512 + 1024 + 120)) conv=notrunc status=none
offset=$(python3 -c "import sys; print(open('bare.raw','rb').read().rfind(b'in-tree'))")
other=$(echo "$hash" | tr 0123456789abcdef 123456789abcdef0)

# one that was mounted writable once has another hash
chmod a-w ./*.raw

# --- what needs no driver ---
run "$REDD" run -q --pipe -i plain.raw cat /etc/mark
is "$out" in-tree 'an image without a hash runs'
run "$REDD" run -q --pipe -i gpt.raw cat /etc/mark
is "$out" in-tree 'hashes that nobody has the root hash of change nothing'
run "$REDD" run -q --pipe -i bare.raw --image-policy=root=unprotected cat /etc/mark
is "$out" in-tree 'a policy can have an image run unchecked'
refuses 'but not against what was asked for' "does not allow the partition 'root' to be used with verity.*\[R3205\]" \
        "$REDD" run -q -i bare.raw --image-policy=root=unprotected --root-hash="$hash" true
refuses 'an image without a signature is refused where one is demanded' 'used without a signature' \
        "$REDD" run -q -i bare.raw --image-policy=root=signed true
refuses 'an image without a hash is refused where one is demanded' 'used unprotected' \
        "$REDD" run -q -i plain.raw --image-policy=root=verity+signed true
refuses 'a hash of another image is refused' 'no partition .root. belongs to the root hash.*\[R3218\]' \
        "$REDD" run -q -i gpt.raw --root-hash="$other" true
refuses 'hashes that are missing are missed' 'no hashes \(verity\).*\[R3217\]' "$REDD" run -q -i plain.raw --root-hash="$hash" true
refuses 'a signature without a hash is refused' 'without a root hash.*\[R3214\]' \
        "$REDD" run -q -i plain.raw --root-hash-sig=hash.p7s true
echo nonsense >broken.roothash
cp plain.raw broken.raw
refuses 'a file that has no hash is refused' 'broken.roothash has is no root hash.*\[R3214\]' "$REDD" run -q -i broken.raw true
cp plain.raw marked.raw
if setfattr -n user.verity.roothash -v "$hash" marked.raw 2>/dev/null; then
        refuses 'the hash is read from the attribute, too' '\[R3217\]' "$REDD" run -q -i marked.raw true
else
        cannot 'the hash is read from the attribute, too' 'this file system has no extended attributes for users'
fi

# --- on this kernel ---
if [ ! -e /dev/mapper/control ]; then
        for image in 'bare.raw' "gpt.raw --root-hash=$hash" signed.raw; do
                # shellcheck disable=SC2086
                refuses "${image%% *}: not run unchecked without a driver" 'this kernel has no device mapper.*\[R3210\]' \
                        "$REDD" run -q -i $image true
        done
fi

# --- in the virtual machine ---
cat >script <<SCRIPT
hash=$hash
other=$other
offset=$offset
SCRIPT
cat >>script <<'SCRIPT'
say() { echo "$1: $(echo "$2" | tr '\n' ' ')"; }
# the last user of a device is gone a moment after the one who waited for it
settle() {
        n=0
        while [ "$n" -lt 50 ] && ls /dev | grep -q '^dm-'; do /given/helper pause 100000; n=$((n + 1)); done
}
try() { name=$1; shift; say "$name" "$(timeout 60 redd run -q --pipe "$@" 2>&1)"; }
try beside -i bare.raw cat /etc/mark
try read-only -i bare.raw sh -c 'touch /x || echo refused'
try throw-away -i bare.raw -x sh -c 'touch /x && echo written'
try mapped -i bare.raw -U sh -c 'stat -c %u /etc/mark'
try named -i /given/gpt.raw --root-hash=$hash cat /etc/mark
try elsewhere -i /given/plain.raw --root-hash=$hash --verity-data=bare.verity cat /etc/mark
try wrong -i /given/plain.raw --root-hash=$other --verity-data=bare.verity cat /etc/mark
try spoilt -i /given/spoilt.raw --root-hash=$hash cat /etc/mark
try unsigned -i /given/signed.raw cat /etc/mark
try unsigned-by-file -i bare.raw --root-hash-sig=/given/hash.p7s cat /etc/mark
mkdir /etc/verity.d
cp other.pem /etc/verity.d/other.crt
try signed-by-other -i /given/signed.raw cat /etc/mark
cp cert.pem /etc/verity.d/ours.crt
try signed -i /given/signed.raw cat /etc/mark
try signed-by-policy -i /given/signed.raw --image-policy=root=signed cat /etc/mark
try signed-by-file -i bare.raw --root-hash-sig=/given/hash.p7s cat /etc/mark
try signed-changed -i /given/changed.raw cat /etc/mark
try signed-attributes -i bare.raw --root-hash-sig=/given/attributes.p7s cat /etc/mark
export SYSTEMD_ALLOW_USERSPACE_VERITY=0
try signed-off -i /given/signed.raw cat /etc/mark
unset SYSTEMD_ALLOW_USERSPACE_VERITY
rm -r /etc/verity.d
try policy-verity -i /given/signed.raw --image-policy=root=verity cat /etc/mark
mkdir -p /var/lib/machines
mkdir m && mount -o loop,ro bare.raw m && cp -a m /var/lib/machines/a && umount m
redd clone a b
try clone -M b sh -c 'touch /x && echo written'
for n in $(seq 1 16); do
        redd mount -q b /tmp/at && echo $n >/tmp/at/etc/value
        redd unmount /tmp/at
        redd snapshot -q b
done
try chain -M b cat /etc/value
try damaged-hashes -i /given/plain.raw --root-hash=$hash --verity-data=/given/plain.raw true
settle
say devices "$(ls /dev | grep -c '^dm-')"
say keys "$(grep -c redd: /proc/keys)"
# what is changed later is noticed when it is read
cp bare.raw late.raw; cp bare.roothash late.roothash; cp bare.verity late.verity
printf spoilt | dd of=late.raw bs=1 seek=$offset conv=notrunc 2>/dev/null
try late -i late.raw sh -c 'echo up; cat /etc/mark || echo refused'
# killed at every system call of its start, nothing of it is left
left=0 tries=0
for n in $(seq 60 6 300); do
        /given/helper kill-at $n /bin/redd run -q --pipe -i bare.raw true >/dev/null 2>&1
        tries=$((tries + 1))
        # the last of its processes may need a moment to end
        again() { redd run -q --pipe -i bare.raw true >/tmp/why 2>&1; }
        again || { /given/helper pause 500000; again; } || { left=$((left + 1)); say why "$n $(cat /tmp/why)"; }
done
cp plain.raw /var/lib/machines/grow.raw
chmod u+w /var/lib/machines/grow.raw; redd set-limit grow 64M
try grown -M grow sh -c 'df -m / | tail -n 1 | tr -s " " | cut -d " " -f 2'
# so is it with one that has no folder of its own where it could write down what to undo
cp bare.raw /var/lib/machines/kept.raw; cp bare.roothash /var/lib/machines/kept.roothash; cp bare.verity /var/lib/machines/kept.verity
taken=0
for n in $(seq 70 3 140); do
        /given/helper kill-at $n /bin/redd copy-from kept /etc/mark /tmp/mark.$n >/dev/null 2>&1
        [ -e /tmp/mark.$n ] || taken=$((taken + 1))
done
redd copy-from kept /etc/mark /tmp/mark
settle
say copied "$(cat /tmp/mark) $((taken > 5)) $(ls /dev | grep -c '^dm-') $(losetup -a | wc -l)"
say killed "$tries $left $(ls /dev | grep -c '^dm-') $(losetup -a | wc -l)"
echo done
SCRIPT
vm_run script bare.raw bare.verity bare.roothash plain.raw gpt.raw signed.raw spoilt.raw hash.p7s \
        cert.pem other.pem attributes.p7s changed.raw changed.verity changed.roothash changed.roothash.p7s "$HELPER"
vm_says() {
        sed -n "s/^$1: //p" "$WORK/vm.out" | tr -d '\r' | sed 's/ *$//'
}
note "$(tail -n 20 "$WORK/vm.out")"
is "$(tail -n 1 "$WORK/vm.out" | tr -d '\r')" done 'the virtual machine came to its end'
is "$(vm_says beside)" in-tree 'an image with files beside it runs, checked'
is "$(vm_says read-only | sed 's/.*\(refused\)/\1/')" refused 'read-only'
is "$(vm_says throw-away)" written 'with a throw-away view of it'
is "$(vm_says mapped)" 0 'and with private users'
is "$(vm_says named)" in-tree 'partitions are found by the root hash'
is "$(vm_says elsewhere)" in-tree 'hashes may be elsewhere'
like "$(vm_says wrong)" 'the data has not the root hash .*\[R3216\]' 'a wrong hash is refused'
like "$(vm_says spoilt)" 'the data has not the root hash .*\[R3216\]' 'a changed image is refused'
like "$(vm_says unsigned)" 'the signature of the root hash is not accepted.*\[R3215\]' 'a signature by nobody is refused'
like "$(vm_says unsigned-by-file)" '\[R3215\]' 'from a file, too'
like "$(vm_says unsigned)" 'there is no certificate in them' '… and it is said that there are no certificates'
like "$(vm_says signed-by-other)" 'of their certificates \(1\) none belongs to it.*\[R3215\]' 'one by somebody else, too'
is "$(vm_says signed)" in-tree 'a signature whose certificate is in /etc/verity.d is accepted'
is "$(vm_says signed-by-policy)" in-tree '… where the policy demands one'
is "$(vm_says signed-by-file)" in-tree '… and from a file'
like "$(vm_says signed-changed)" 'none belongs to it, or the hash was changed.*\[R3215\]' 'the signature of another hash is refused'
like "$(vm_says signed-attributes)" 'it has attributes, which .-noattr. leaves out.*\[R3215\]' 'one of another kind is named'
like "$(vm_says signed-off)" 'switched off by SYSTEMD_ALLOW_USERSPACE_VERITY' 'certificates can be switched off'
is "$(vm_says policy-verity)" in-tree 'a policy without "signed" does without the signature'
is "$(vm_says clone)" written 'a clone in layers runs there, too'
is "$(vm_says chain)" 16 'and after more snapshots than the kernel can name layers'
like "$(vm_says damaged-hashes)" '\[R3212\]' 'hashes that are none are refused'
like "$(vm_says late)" '^up .*refused$' 'a block that was changed cannot be read'
is "$(vm_says devices)" 0 'no device is left'
is "$(vm_says keys)" 0 'no key is left'
ok 'an ext4 image can be made larger while the system runs' test "$(vm_says grown)" -gt 50
is "$(vm_says copied)" 'in-tree 1 0 0' 'what a killed copy leaves goes with the next one'
is "$(vm_says killed)" '41 0 0 0' 'nor anything of a start that was killed'
done_testing
