#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Verbs on images, in the words of machinectl: what they print, what they do to settings files, what they refuse.
. "${0%/*}/../../lib/lib.sh"
. "$LIB/stores.sh"
begin
M="$BUILD/compat/machinectl"
mkdir -p /etc/systemd/nspawn /run/systemd/nspawn

mkdir -p "$STORE/p1/usr" "$STORE/p1/etc" "$STORE/p2/etc" "$STORE/.hidden" "$STORE/empty.v" "$STORE/many.v/many_1" \
        "$STORE/many.v/many_2" "$STORE/.#temporary" "$STORE/lost+found" /etc/machines/p2 /run/machines/other
printf 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n' >"$STORE/p1/etc/os-release"
echo foo >"$STORE/p1/etc/hostname"
echo ab64da9177084d929c8a28c8609c97e5 >"$STORE/p1/etc/machine-id"
truncate -s 10M "$STORE/r1.raw"
touch -d 2026-11-22T21:14:12Z "$STORE/r1.raw"
ln -s p1 "$STORE/link"
touch "$STORE/file"

run "$REDD" list-images --no-legend
is "$(echo "$out" | sed 's/ .*//' | tr '\n' ' ')" 'link many other p1 p2 r1 ' \
        'trees, links, versions and disk images are listed by name'
run "$REDD" list-images --no-legend -a
like "$out" '^\.hidden +directory yes ' '-a shows hidden ones, which are read-only'
like "$out" '^\.host +directory yes ' '… and the host'
run "$M" list-images
like "$out" '^NAME  TYPE      RO USAGE CREATED                     MODIFIED *$' 'the columns are machinectl'"'"'s'
like "$out" '^r1    raw       no    0B .* UTC Sun 2026-11-22 21:14:12 UTC$' 'a disk image has a size and a time of change'
like "$out" '^6 images listed\.$' 'the count comes last'
run "$M" show-image r1 -p Name -p Type -p Usage -p Limit
is "$out" "$(printf 'Name=r1\nType=raw\nUsage=0\nLimit=10485760')" 'properties can be chosen'
run "$M" show-image p2 --value -p Path
is "$out" /etc/machines/p2 'the first folder that has a name counts'
run "$M" show-image many --value -p Path
is "$out" "$STORE/many.v/many_2" 'of several versions the newest counts'
run "$M" show-image p1 link -P Type
is "$out" "$(printf 'directory\n\ndirectory')" 'several images are parted by an empty line'
run "$M" show-image
is "$out" "$(printf 'PoolPath=%s\nPoolUsage=18446744073709551615\nPoolLimit=18446744073709551615' "$STORE")" \
        'without a name it is the folder of images'
run "$M" image-status p1
like "$out" '^	    Type: directory$' 'the status has its labels in one column'
like "$out" '^      Machine ID: ab64da9177084d929c8a28c8609c97e5$' '… also long ones'
like "$out" '^	      OS: Debian GNU/Linux 13 \(trixie\)$' '… and says which system it is'
like "$out" '^	      RO: writable$' '… and whether it can be written'
mkdir -p "$WORK/state/machines/own/usr"
like "$(XDG_STATE_HOME="$WORK/state" "$REDD" --user image-status own)" '^	   Usage: [0-9.]+K$' 'the size of a tree is counted, of a user'"'"'s too'
run "$REDD" list-images -o json
like "$out" '"name":"p1","type":"directory","ro":false,"usage":null,"created":[0-9]+,"modified":0' 'JSON is for programs'
refuses 'an image that is not there' "^machinectl: .*No image 'nosuch' known|^Could not get path to image: No image 'nosuch' known" \
        "$M" show-image nosuch
run "$REDD" show-image nany
like "$err" "did you mean 'many'" 'the nearest name is told'
for name in a/b '' .. '.#x' "$(printf 'a\001')" "$(printf 'a\377')" lost+found .redd.v; do
        refuses "no image can be called '$name'" "Image name '.*' is invalid\\." "$REDD" clone p1 "$name"
done
run "$REDD" clone p1 my/web
like "$err" "it contains '/'; 'my-web' would do" 'what is wrong with a name is said, and what would be right'
run "$REDD" clone p1 my_web
is "$status" 0 'a name that no machine can have is an image'"'"'s'
like "$err" "'my_web' cannot be the name of a machine.* 'my-web'" '… and it is said that it is none'
run "$REDD" remove my_web

# settings files
echo '[Exec]' >/etc/systemd/nspawn/p1.nspawn
echo '[Files]' >/run/systemd/nspawn/p1.nspawn
echo '[Network]' >"$STORE/p1.nspawn"
run "$M" cat p1
is "$out" "$(printf '# /etc/systemd/nspawn/p1.nspawn\n[Exec]')" 'cat prints the file that counts, and which it is'
run "$M" cat p1.nspawn /run/systemd/nspawn/p1.nspawn
is "$(echo "$out" | grep -c '^# ')" 2 'a file can be named as well'
refuses 'a machine without settings' "No settings file found for machine 'p2'\\." "$M" cat p2
refuses 'an editor needs a terminal' 'Cannot edit machine settings if not on a tty\.' "$M" edit p1

run "$M" clone p1 c1
is "$status" 0 'a tree is cloned'
is "$(cat /etc/systemd/nspawn/c1.nspawn /run/systemd/nspawn/c1.nspawn "$STORE/c1.nspawn" | tr '\n' ' ')" \
        '[Exec] [Files] [Network] ' '… with its settings'
refuses 'a name that is taken' 'Could not clone image: File exists' "$M" clone p1 c1
refuses 'a name that a disk image has' 'Could not clone image: File exists' "$M" clone p1 r1
refuses 'a clone of nothing' "Could not clone image: No image 'nosuch' known" "$M" clone nosuch c2
run "$M" rename c1 c2
is "$status" 0 'an image is renamed'
is "$(ls /etc/systemd/nspawn /run/systemd/nspawn "$STORE" | grep -c '^c2.nspawn$')" 3 '… with its settings'
not_ok '… and nothing keeps the old name' test -e "$STORE/c1" -o -e "$STORE/c1.nspawn" -o -e /etc/systemd/nspawn/c1.nspawn
refuses 'no image takes the place of another' 'Could not rename image: File exists' "$M" rename c2 p1
run "$REDD" remove c2
is "$status" 0 'an image is removed'
like "$err" '^Kept /etc/systemd/nspawn/c2.nspawn, which is the administrator' '… but not the file of the administrator, as is said'
is "$(ls /etc/systemd/nspawn /run/systemd/nspawn "$STORE" | grep -c '^c2')" 1 '… of which the others go'
run "$REDD" clone p1 c2
run "$REDD" remove --purge c2
not_ok '--purge removes that as well' test -e /etc/systemd/nspawn/c2.nspawn
refuses 'the first failure ends the verb' "Could not remove image: No image 'nosuch' known" "$M" remove nosuch p1
refuses 'the host is not removed' 'Could not remove image: Read-only file system' "$M" remove .host
run "$REDD" remove link
ok 'of a link the link alone is removed' test -d "$STORE/p1" -a ! -e "$STORE/link"

# read-only
run "$M" read-only r1
is "$("$M" show-image r1 --value -p ReadOnly)" yes 'a disk image is marked by its mode'
run "$M" clone r1 r2
is "$("$M" show-image r2 --value -p ReadOnly)" no 'a clone of it can be written'
run "$M" read-only r1 no
is "$("$M" show-image r1 --value -p ReadOnly)" no '… and so can it, once the mark is off'
refuses 'the mark is a boolean' 'Failed to parse boolean argument: maybe' "$M" read-only r1 maybe

# snapshots that are let go
tags() { "$REDD" snapshots --no-legend "$@" | awk '{ print $1 "/" $2 }' | tr '\n' ' '; }
"$REDD" clone p1 c3
for tag in a b c; do "$REDD" snapshot -q c3 "$tag"; done
run "$REDD" snapshot --keep=2 c3 d
is "$status $(tags c3)" '0 c3/c c3/d ' '--keep leaves the newest'
run "$REDD" snapshots --keep=30d c3
is "$status $(tags c3)" '0 c3/c c3/d ' '… and those that are younger than it says'
"$REDD" snapshot -q p1 e
"$REDD" snapshot -q p1 f
is "$(tags --keep=1 2>/dev/null)" 'c3/d p1/f ' '… of all images when none is named'
refuses 'what is to be kept is a number or a time' 'Failed to parse --keep= value: some' "$REDD" snapshots --keep=some
"$REDD" remove-snapshot p1 f
"$REDD" remove c3 && "$REDD" flatten p1

# limits
refuses 'a limit needs quotas' 'Could not set limit: Operation not supported' "$M" set-limit p1 5G
like "$("$REDD" set-limit p1 5G 2>&1)" "hint: $STORE/p1 lies on " '… and what is missing is said'
refuses 'a limit for all needs btrfs' 'Could not set limit: Quota is only supported on btrfs\.' "$M" set-limit 5G
refuses 'a limit is a size' 'Failed to parse size: foo' "$M" set-limit p1 foo

# importctl's list is of all classes
I="$BUILD/compat/importctl"
mkdir -p /var/lib/portables/tool /var/lib/extensions
truncate -s 1M /var/lib/extensions/more.raw
run "$I" list-images
like "$out" '^CLASS +NAME +TYPE +PATH +RO CRTIME +MTIME +USAGE +LIMIT *$' 'its columns are importctl'"'"'s'
like "$out" '^machine +\.host +directory / +ro ' 'the host is an image'
like "$out" "^machine +p1 +directory $STORE/p1 +rw " 'machines are'
like "$out" '^portable +tool +directory /var/lib/portables/tool +rw ' 'portable services are'
like "$out" '^sysext +more +raw +/var/lib/extensions/more\.raw +rw .* 1M *$' 'and extensions'
run "$I" -S --json=short list-images
like "$out" '^\[\{"class":"sysext","name":"more","type":"raw","path":"/var/lib/extensions/more.raw","ro":false,"crtime":[0-9]+,"mtime":[0-9]+,"usage":[0-9]+,"limit":1048576\}\]$' \
        'one class, for programs'
run "$I" -C list-images
is "$out" 'No images.' 'there may be none'
rm -r /var/lib/portables /var/lib/extensions
run "$M" --signal=list
like "$out" '^9      SIGKILL$' 'signals are listed as machinectl does'
run "$M" --verify=help
is "$out" 'no
checksum
signature' 'words are listed'
refuses 'pausing is for virtual machines' "Failed to look up machine 'p1'" "$M" pause p1

# clean
run "$M" clean
is "$out" "$(printf "Removed image '.hidden'\nRemoved 1 images in total.")" 'clean removes hidden images'
run "$M" clean
like "$out" '^Removed 0 images in total\.' '… once'
refuses 'there are verbs with too few words' 'Too few arguments\.' "$M" clone p1
refuses '… and with too many' 'Too many arguments\.' "$M" list-images extra

rm -rf /etc/machines /run/machines /etc/systemd/nspawn/* /run/systemd/nspawn/*
find "$STORE" -mindepth 1 -delete
done_testing
