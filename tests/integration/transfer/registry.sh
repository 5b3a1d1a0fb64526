#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Registries that want to know who asks, and mirrors of registries.
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs umoci
begin
serve
small_tree "$WORK/tree"
layout=$WORK/srv/registry/team/app
export XDG_RUNTIME_DIR="$WORK" HOME="$WORK/home"
unset REGISTRY_AUTH_FILE DOCKER_CONFIG XDG_CONFIG_HOME CONTAINERS_REGISTRIES_CONF
mkdir -p "$HOME/.docker" /run/containers/0 "$WORK/containers"

umoci init --layout "$layout" >/dev/null
umoci new --image "$layout:latest" >/dev/null
umoci unpack --image "$layout:latest" "$WORK/b" >/dev/null
cp -a "$WORK/tree/." "$WORK/b/rootfs/"
umoci repack --refresh-bundle --image "$layout:latest" "$WORK/b" >/dev/null
host=${server#http://}
auth=$(printf 'user:secret' | base64)

# comes REFERENCE DESCRIPTION
comes() {
        run "$REDD" pull-oci "$1" got
        is "$status" 0 "$2"
        is "$(diff -r --no-dereference "$WORK/tree" /var/lib/machines/got 2>&1)" '' 'and is what it should be'
        forget got
}

# -- logins --
refuses 'without a login there is no private image' \
        "does not give 'private/team/app' to everybody \\[R5136\\]|^hint: .*'podman login', 'skopeo login' or 'docker login'" \
        "$REDD" pull-oci -q "$host/private/team/app" no
like "$err" '^hint: .*podman login' 'which is said, with what helps'

printf '{"auths": {"%s": {"auth": "%s"}}}' "$host" "$auth" >"$HOME/.docker/config.json"
: >"$WORK/requests"
comes "$host/private/team/app" 'with that of docker it comes'
like "$(cat "$WORK/requests")" '/status/403/token\?service=other' 'the first server of tokens refuses'
like "$(cat "$WORK/requests")" '/token\?of=user&service=test&scope=repository:private/team/app:pull' 'the next one is asked'
unlike "$(cat "$WORK/requests")" "authorization v2/.* Basic" 'the password goes to the server of tokens alone'
comes "$host/basic/team/app" 'and from a registry without tokens'
rm "$HOME/.docker/config.json"

printf '{"auths": {"%s/private/team": {"auth": "%s"}, "%s": {"auth": "bm9ib2R5Ong="}}}' "$host" "$auth" "$host" \
        >/run/containers/0/auth.json
comes "$host/private/team/app" "with root's of podman, of a part of the registry"
refuses 'for another part there is another login' "does not give 'basic/team/app' to the user of the login \\[R5136\\]" \
        "$REDD" pull-oci -q "$host/basic/team/app" no
mv /run/containers/0/auth.json "$WORK/elsewhere"
REGISTRY_AUTH_FILE=$WORK/elsewhere
export REGISTRY_AUTH_FILE
comes "$host/private/team/app" 'with a file that is named'
REGISTRY_AUTH_FILE=$WORK/nowhere
refuses 'one that is named must be there' "cannot read $WORK/nowhere: No such file.*R5190" \
        "$REDD" pull-oci -q "$host/private/team/app" no
echo '{"auths": ' >"$WORK/nowhere"
refuses 'and be one' "cannot read $WORK/nowhere: .*, line [0-9]+ \\[R5190\\]" "$REDD" pull-oci -q "$host/private/team/app" no
printf '{"auths": {"https://%s/v2/": {}}, "credsStore": "desktop"}' "$host" >"$WORK/nowhere"
refuses 'what a helper keeps is not ours' "kept by another program, docker-credential-desktop \\[R5191\\]" \
        "$REDD" pull-oci -q "$host/private/team/app" no
printf '{"auths": {"%s": {"identitytoken": "x"}}}' "$host" >"$WORK/nowhere"
refuses 'nor a token of another kind' "a token of Docker's .identitytoken. \\[R5191\\]" \
        "$REDD" pull-oci -q "$host/private/team/app" no
printf '{"auths": {"other.example.org": {"auth": "eDp4"}}, "credHelpers": {"other.example.org": "x"}}' >"$WORK/nowhere"
comes "$host/team/app" "others' logins are in nobody's way"
unset REGISTRY_AUTH_FILE

# -- mirrors --
mkdir -p /etc/containers/registries.conf.d
# conf: standard input is the configuration
conf() {
        cat >/etc/containers/registries.conf
}
conf <<END
unqualified-search-registries = ["docker.io",
        "quay.io"]
# a mirror for a registry that cannot be reached
[[registry]]
prefix = "registry.invalid"
location = 'registry.invalid'   # itself

[[registry.mirror]]
location = "$host"
pull-from-mirror = "all"
END
comes registry.invalid/team/app 'from the mirror of a registry that is not there'
conf <<END
[[registry]]
location = "$host"
[[registry.mirror]]
location = "127.0.0.1:1/dead"
[[registry.mirror]]
location = "$host/gone"
insecure = true
END
comes "$host/team/app" 'from the registry when its mirrors have failed'
run "$REDD" pull-oci "$host/team/app" got
like "$err" "^cannot fetch 'http://127.0.0.1:1/v2/dead/team/app/manifests/latest': .*: asking http://$host\\.$" \
        'which is said'
like "$(cat "$WORK/requests")" '/v2/gone/team/app/manifests/latest' 'in their order'
forget got
cat >/etc/containers/registries.conf.d/mirror.conf <<END
[[registry]]
prefix = "$host/team"
location = "$host/team"
[[registry.mirror]]
location = "$host/bad/team"
END
refuses 'other bytes of a mirror are refused' 'is not what it should be: sha256:[0-9a-f]* \[R5134\]|larger than it may be' \
        "$REDD" pull-oci -q "$host/team/app" no
conf <<END
[[registry]]
prefix = "docker.io"
[[registry.mirror]]
location = "$host"
[[registry]]
prefix = "*.example.org"
blocked = true
END
rm /etc/containers/registries.conf.d/mirror.conf
mkdir -p "$WORK/srv/registry/library"
cp -r "$layout" "$WORK/srv/registry/library/app"
comes docker.io/app "of Docker's registry"
comes app 'and by its short name'
refuses 'what is blocked is not asked for' "images of 'a.example.org' are blocked here \\[R5193\\]" \
        "$REDD" pull-oci -q a.example.org/team/app no
conf <<END
[[registry]]
location = maybe
END
refuses 'a line that is none is named' 'cannot read /etc/containers/registries.conf: line 2 is neither .*R5192' \
        "$REDD" pull-oci -q "$host/team/app" no
rm -r /etc/containers
ok 'nothing of all that was refused is there' test ! -e /var/lib/machines/no

stop_serving
rm -rf /var/lib/machines/* /var/lib/machines/.tar-* /var/lib/machines/.[!.]* /run/containers /var/lib/redd/pulled.lock
done_testing
