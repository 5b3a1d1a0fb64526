#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Pulling over networks and from servers as they are.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
begin
serve
small_tree "$WORK/tree"
head -c 3000000 /dev/urandom >"$WORK/tree/usr/lib/noise"
tar -C "$WORK/tree" -czf "$WORK/srv/web.tar.gz" .
printf '[Exec]\nBoot=no\n' >"$WORK/srv/web.nspawn"

pull() {
        run "$REDD" pull-tar --verify=no "$@"
}

same() {
        diff -r --no-dereference "$WORK/tree" "/var/lib/machines/$1"
}

pull "$server/web.tar.gz"
is "$status" 0 'a tar archive is pulled'
is "$(same web)" '' 'its tree is what was packed'
is "$(stat -c %u:%g /var/lib/machines/web/usr/bin/program)" 1000:5 'with its owners'
like "$err" "^Pulling '$server/web.tar.gz', saving as 'web'" 'it says what it does'
like "$err" '^Operation completed successfully' 'and that it is done'
is "$(cat /var/lib/machines/web.nspawn)" "$(cat "$WORK/srv/web.nspawn")" 'the settings beside it come along'
like "$(cat /var/lib/redd/pulled.lock)" "^web	pull-tar	$server/web.tar.gz	sha256:[0-9a-f]{64}	-	20" \
        'a line says what was pulled'

pull "$server/web.tar.gz"
is "$status" 1 'an image that is there is not replaced'
like "$err" "^redd pull-tar: Image 'web' already exists\\. \\[R5032\\]" 'which it says'

: >"$WORK/requests"
pull "$server/web.tar.gz" two
is "$status" 0 'another copy'
like "$err" 'nothing is downloaded' 'needs no download'
is "$(grep -c 'web.tar.gz range=- match="' "$WORK/requests")" 1 'after one question'
is "$(same two)" '' 'and is the same'
forget web two

pull "$server/web.tar.gz" -
is "$status" 0 'with - for a name only the kept image is made'
is "$(ls /var/lib/machines)" '' 'nothing that shows'
ok 'but it is there' sh -c 'ls -d /var/lib/machines/.tar-http*'
forget

pull --keep-download=no "$server/web.tar.gz" web
is "$(ls -A /var/lib/machines | tr '\n' ' ')" 'web web.nspawn ' 'without keeping, nothing hidden stays'
forget web

# networks
: >"$WORK/requests"
pull "$server/drop/700000/web.tar.gz" web
is "$status" 0 'a connection that breaks again and again is taken up'
is "$(same web)" '' 'without a byte lost'
like "$(cat "$WORK/requests")" 'range=bytes=700000- ' 'where it broke'
forget web
pull "$server/moved/moved/web.tar.gz" web
is "$status" 0 'redirects are followed'
forget web
pull "$server/loop/web.tar.gz" web
is "$status" 1 'not without end'
like "$err" 'edirect.* \[R5101\]' 'which it says'
pull "$server/away/x.tar" web
is "$status" 1 'and not to files of the host'
for code in 404 403 500; do
        pull "$server/status/$code/web.tar.gz" web
        is "$status" 1 "status $code is an error"
        like "$err" "status $code \\[R5102\\]" 'and named'
done
pull "http://127.0.0.1:1/web.tar.gz" web
is "$status" 1 'a server that is not there is an error'
like "$err" '^hint: is the host on the network' 'with a hint'
export REDD_TRANSFER_TIMEOUT=1
pull "$server/stall/1000/web.tar.gz" web
is "$status" 1 'a server that falls silent is given up'
like "$err" '\[R5101\]' 'with a reason'
unset REDD_TRANSFER_TIMEOUT
is "$(ls /var/lib/machines)" "" "none of them left an image"

# a transfer that was killed is taken up by the next one
rm -f /var/lib/machines/.#partial.*
"$REDD" pull-tar -q --verify=no --keep-download=no "$server/stall/900000/web.tar.gz" web 2>/dev/null &
client=$!
timeout 20 sh -c 'until [ "$(stat -c %s /var/lib/machines/.#partial.* 2>/dev/null)" = 900000 ]; do :; done'
for pid in $(pgrep -x redd-transfer); do
        kill -9 "$pid" 2>/dev/null
done
wait "$client"
ok 'what was downloaded before a kill is still there' sh -c 'test -s /var/lib/machines/.#partial.*'
: >"$WORK/requests"
run env REDD_TRANSFER_TIMEOUT=1 "$REDD" pull-tar -q --verify=no --keep-download=no "$server/stall/900000/web.tar.gz" web
like "$(cat "$WORK/requests")" 'GET /stall/900000/web.tar.gz range=bytes=900000- ' 'and the next transfer goes on from there'
rm -f /var/lib/machines/.#partial.*
forget web

# how it goes, on a terminal and elsewhere
out=$(python3 "$LIB/at_terminal.py" '' '' "$REDD" pull-tar --verify=no --keep-download=no "$server/slow/200000/web.tar.gz" web)
like "$out" '\[#+\.+\] [0-9.]+[KM], [0-9.]+[KM]/s, [0-9]+s left' 'a terminal shows a bar, the speed and the time that is left'
forget web
run "$REDD" pull-tar --verify=no --keep-download=no "$server/slow/200000/web.tar.gz" web
like "$err" '^Downloaded [1-9]0%\.$|^[A-Z][a-z]+ [1-9][0-9]%\.$' 'elsewhere there are lines'
unlike "$err" '[KM]/s,|\[#' 'without a bar'
forget web
run "$REDD" pull-tar --json=short --verify=no --keep-download=no "$server/slow/200000/web.tar.gz" web
like "$out" '^\{"type":"progress","done":[0-9]+,"total":[0-9]+\}$' 'programs are told by numbers'
forget web

run env http_proxy="$server" "$REDD" pull-tar -q --verify=no http://elsewhere.invalid/web.tar.gz web
is "$status" 0 'a proxy is asked where one is named'
like "$(cat "$WORK/requests")" 'GET http://elsewhere.invalid/web.tar.gz' 'for the whole address'
forget web

# local ones, and what is no address
run "$REDD" pull-tar -q --verify=no "file://$WORK/srv/web.tar.gz"
is "$status" 0 'file:// works'
is "$(same web)" '' 'as well'
forget web
for url in ftp://host/x.tar web.tar http:// 'http://host/a b' file://host; do
        pull "$url" web
        is "$status" 1 "'$url' is refused"
        like "$err" "URL '.*' is not valid\\. \\[R5100\\]" 'as no address'
done
pull "file://$WORK/srv/nosuch.tar"
like "$err" 'cannot fetch .*No such file or directory \[R5105\]' 'a missing file is named'

# disks
truncate -s 3M "$WORK/disk.raw"
printf 'start' | dd of="$WORK/disk.raw" conv=notrunc status=none
printf 'end' | dd of="$WORK/disk.raw" bs=1 seek=3000000 conv=notrunc status=none
xz -k "$WORK/disk.raw" && mv "$WORK/disk.raw.xz" "$WORK/srv/"
printf '[Exec]\n' >"$WORK/srv/disk.nspawn"
echo 0123 >"$WORK/srv/disk.roothash"
run "$REDD" pull-raw -q --verify=no --read-only "$server/disk.raw.xz"
is "$status" 0 'a disk is pulled'
ok 'and is what it was' cmp "$WORK/disk.raw" /var/lib/machines/disk.raw
is "$(stat -c %a /var/lib/machines/disk.raw)" 444 'read-only, when that is asked for'
is "$(cat /var/lib/machines/disk.roothash)" 0123 'with the files beside it'
forget disk
tar -C "$WORK" -cJf "$WORK/srv/cloud.tar.xz" disk.raw
run "$REDD" pull -q --verify=no "$server/cloud.tar.xz"
ok 'a disk in an archive is found' cmp "$WORK/disk.raw" /var/lib/machines/cloud.raw
forget cloud

# by name
mkdir -p "$WORK/srv/streams/v1"
sum=$(sha256sum "$WORK/srv/web.tar.gz" | cut -d' ' -f1)
arch=$(dpkg --print-architecture 2>/dev/null || echo amd64)
cat >"$WORK/srv/streams/v1/index.json" <<END
{"index": {"images": {"datatype": "image-downloads", "path": "streams/v1/images.json"}}, "format": "index:1.0"}
END
cat >"$WORK/srv/streams/v1/images.json" <<END
{"products": {
 "small:1:$arch:default": {"aliases": "small/1,small/one", "arch": "$arch", "versions": {
  "20240101": {"items": {"root.tar.xz": {"ftype": "root.tar.xz", "path": "old.tar", "sha256": "$sum", "size": 1}}},
  "20250101": {"items": {"root.tar.xz": {"ftype": "root.tar.xz", "path": "web.tar.gz", "sha256": "$sum", "size": 1}}}}},
 "small:2:$arch:default": {"aliases": "small/2", "arch": "$arch", "versions": {
  "20250101": {"items": {"root.tar.xz": {"ftype": "root.tar.xz", "path": "web.tar.gz", "sha256": "$(echo "$sum" | tr 0-9 1-90)",
  "size": 1}}}}},
 "other": {"aliases": "small/3", "arch": "z80", "versions": {}}}}
END
export REDD_IMAGE_SERVER="$server"
run "$REDD" search small
is "$(printf '%s\n' "$out" | grep -c ^small)" 2 'a server of images is searched'
run "$REDD" search --json=short one
like "$out" '^\[\{"aliases":"small/1,small/one"' 'for programs too'
run "$REDD" pull -q small/one
is "$status" 0 'an image is pulled by name'
is "$(same small-one)" '' 'the newest build of it'
run "$REDD" pull -q small/2
is "$status" 1 'one with another sum than the server says is refused'
like "$err" 'checksum .* is wrong \[R5117\]' 'by its name'
run "$REDD" pull -q "--verify=$sum" small/2
is "$status" 0 'a sum that is given counts for more than the server says'
forget small-2
run "$REDD" pull -q "--verify=$(echo "$sum" | tr 0-9 1-90)" small/one else
like "$err" 'checksum .* is wrong \[R5117\]' 'in both directions'
run "$REDD" pull -q small/9
like "$err" "no image 'small/9' .*\\[R5162\\]" 'one that is not there is named'
forget small-one
cp "$WORK/srv/web.tar.gz" "$WORK/web.tar.gz"
run "$REDD" pull -q --locked small-one
is "$status" 0 'what was pulled can be pulled once more'
is "$(same small-one)" '' 'as it was'
forget small-one
echo changed >>"$WORK/srv/web.tar.gz"
run "$REDD" pull -q --locked small-one
is "$status" 1 'and not when it changed'
run "$REDD" pull --locked small-one other
like "$err" 'Too many arguments' 'a name besides is refused'
run "$REDD" pull --locked nosuch
like "$err" "has no line for 'nosuch' \\[R5120\\]" 'what was never pulled is named'
forget
rm -f /var/lib/redd/pulled.lock /var/lib/machines/.#partial.*
# mirrors
tar -C "$WORK/tree" -cf "$WORK/srv/mirrored.tar" .
(cd "$WORK/srv" && sha256sum mirrored.tar >mirrored.tar.sha256)
mkdir "$WORK/srv/elsewhere"
mv "$WORK/srv/mirrored.tar" "$WORK/srv/mirrored.tar.sha256" "$WORK/srv/elsewhere"
run "$REDD" pull-tar --verify=checksum --mirror=http://127.0.0.1:1/dead.tar --mirror="$server/elsewhere/" \
        "$server/mirrored.tar" mirrored
is "$status" 0 'what the server has not comes from a mirror'
like "$err" "^the server answers '$server/mirrored.tar' with status 404: trying 'http://127.0.0.1:1/dead.tar'\\.$" 'which is said'
like "$err" "^cannot fetch 'http://127.0.0.1:1/dead.tar': .*: trying '$server/elsewhere/mirrored.tar'\\.$" 'one after the other'
like "$(cat /var/lib/redd/pulled.lock)" "^mirrored	pull-tar	$server/elsewhere/mirrored.tar	sha256:" 'and is written down'
forget mirrored
echo damaged >>"$WORK/srv/elsewhere/mirrored.tar"
run "$REDD" pull-tar -q --verify=checksum --mirror="$server/elsewhere/" "$server/mirrored.tar" mirrored
like "$err" 'the sha256 checksum of .* is wrong .*R5117' 'what it gives is verified, too'
refuses 'a mirror is an address' "URL 'elsewhere' is not valid" "$REDD" pull-tar -q --mirror=elsewhere "$server/mirrored.tar" no
ok 'nothing of it is there' test ! -e /var/lib/machines/mirrored -a ! -e /var/lib/machines/no
rm -f /var/lib/redd/pulled.lock

stop_serving
done_testing
