#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Images of containers: from a registry, from folders and archives, made by other programs than ours.
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs umoci skopeo
begin
serve
small_tree "$WORK/tree"
layout=$WORK/srv/registry/team/app
export XDG_RUNTIME_DIR="$WORK"

umoci init --layout "$layout" >/dev/null
umoci new --image "$layout:latest" >/dev/null
umoci unpack --image "$layout:latest" "$WORK/b" >/dev/null
cp -a "$WORK/tree/." "$WORK/b/rootfs/"
umoci repack --refresh-bundle --image "$layout:latest" "$WORK/b" >/dev/null
rm -r "$WORK/b/rootfs/usr/lib" && mkdir "$WORK/b/rootfs/usr/lib"
echo new >"$WORK/b/rootfs/usr/lib/new"
rm "$WORK/b/rootfs/etc/os-release"
umoci repack --refresh-bundle --image "$layout:latest" "$WORK/b" >/dev/null
umoci config --image "$layout:latest" --config.entrypoint /usr/bin/program --config.cmd 'one two' --config.env 'A=b "c"' \
        --config.workingdir /etc --config.user alice --config.stopsignal SIGINT >/dev/null

same() {
        diff -r --no-dereference "$WORK/b/rootfs" "/var/lib/machines/$1"
}
host=${server#http://}

run "$REDD" pull-oci "$host/team/app"
is "$status" 0 'an image is pulled from a registry that wants a token'
is "$(same app)" '' 'layer over layer'
is "$(stat -c %u:%g /var/lib/machines/app/usr/bin/program)" 1000:5 'with its owners'
is "$(grep -v '^#' /var/lib/machines/app.nspawn | tr '\n' ' ')" \
        '[Exec] Boot=no Parameters="/usr/bin/program" "one two" ProcessTwo=yes Environment="A=b \"c\"" WorkingDirectory=/etc User=alice KillSignal=SIGINT ' \
        'its configuration is the settings'
ok 'which are valid' "$REDD" config app
like "$(cat "$WORK/requests")" '/token\?service=test&scope=repository:team/app:pull' 'the token was asked for'
run "$REDD" pull -q "$host/team/app" by-host
is "$status" 0 'pull knows a registry by its host, too'
is "$(same by-host)" '' 'and gets the same'
forget by-host
like "$(cat /var/lib/redd/pulled.lock)" "^app	pull-oci	$host/team/app	sha256:[0-9a-f]{64}	" 'and the digest is written down'
forget app
run "$REDD" pull -q --locked app
is "$status" 0 'by which it is pulled once more'
is "$(same app)" '' 'as it was'
forget app

run "$REDD" pull -q "oci:$host/open/nosuch"
is "$status" 1 'an image that is not there is an error'
run "$REDD" pull-oci "$host/team/app:nosuch"
like "$err" 'status 404 \[R5137\]' 'a tag that is not there is named'
run "$REDD" pull-oci 'Not/Valid'
like "$err" "Image reference 'Not/Valid' is not valid\\. \\[R5132\\]" 'a name that is none is refused'
run "$REDD" pull-oci --platform=plan9/sparc "$host/team/app"
status_platform=$status
forget app
# (a manifest without an index is for whom it is for)
ok 'a platform can be asked for' test "$status_platform" -le 1

# the administrator's rules
mkdir -p /etc/systemd/oci-registry
printf '{"defaultRegistry": "%s", "shortImagePrefix": "team/"}' "$host" >/etc/systemd/oci-registry/default.oci-registry
run "$REDD" pull-oci -q app
is "$status" 0 'a short name means what the administrator says'
is "$(same app)" '' 'and nothing else'
forget app
rm -r /etc/systemd/oci-registry

# offline
run "$REDD" import -q "$layout" one
is "$(same one)" '' 'from a folder'
tar -C "$layout" -cf "$WORK/app.oci.tar" .
run "$REDD" import -q "$WORK/app.oci.tar" two
is "$(same two)" '' 'from an archive of one'
skopeo copy -q --insecure-policy "oci:$layout:latest" "docker-archive:$WORK/app.docker.tar:team/app:1"
run "$REDD" import -q "$WORK/app.docker.tar" three
is "$(same three)" '' 'from what docker save makes'
skopeo copy -q --insecure-policy "oci:$layout:latest" "dir:$WORK/app.dir" 2>/dev/null
skopeo copy -q --insecure-policy --dest-compress-format zstd "oci:$layout:latest" "oci:$WORK/zstd:latest"
run "$REDD" pull -q "oci:$WORK/zstd" four
is "$(same four)" '' 'with layers in zstd'
cp -a "$layout" "$WORK/several"
umoci new --image "$WORK/several:bare" >/dev/null
run "$REDD" pull -q "oci:$WORK/several:latest"
is "$status" 0 'of several images in a folder the one that is named'
is "$(same several)" '' 'comes'
tar -C "$WORK/several" -cf "$WORK/several.tar" .
run "$REDD" pull -q "oci-archive:$WORK/several.tar:latest" five
is "$(same five)" '' 'out of an archive, too'
run "$REDD" pull -q "oci:$WORK/several:nosuch" six
like "$err" "under the tag 'nosuch'" 'and one that is not there is named'
forget one two three four five several
run "$REDD" pull -q "--verify=$(printf %064d 0)" "oci:$WORK/zstd" four
like "$err" 'a sum in --verify= is for what comes from a URL \[R5164\]' 'a sum that would be looked at by nobody is refused'
run "$REDD" pull -q --key=/etc/passwd "oci://$host/team/app" four
like "$err" '\[R5164\]' 'so is a key'

# forgeries
blob=$(find "$layout/blobs" -type f -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
cp "$blob" "$WORK/blob"
printf 'x' | dd of="$blob" bs=1 seek=100 conv=notrunc status=none
run "$REDD" pull-oci -q "$host/team/app"
is "$status" 1 'a changed layer is refused'
like "$err" 'a part of the image is not what it should be: sha256:.* \[R5134\]' 'by its name'
cp "$WORK/blob" "$blob"
echo >>"$blob"
run "$REDD" import -q "$layout" app
like "$err" '\[R5134\]' 'so is one that is too long'
cp "$WORK/blob" "$blob"
echo '{"schemaVersion": 1}' >"$layout/index.json"
run "$REDD" import -q "$layout" app
like "$err" '\[R5131\]' 'the old form is refused by its name'
echo '{' >"$layout/index.json"
run "$REDD" import -q "$layout" app
like "$err" '\[R5130\]' 'and what is none'
is "$(ls -A /var/lib/machines)" '' 'nothing of all that is left'
rm -f /var/lib/redd/pulled.lock
stop_serving
done_testing
