#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The environment of a payload, to the letter and in order.
# sanitized too
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"
id=0123456789abcdef0123456789abcdef
uuid=01234567-89ab-cdef-0123-456789abcdef
printf 'ID=foo\nVERSION_ID="4 2"\nBUILD_ID=b1\nVARIANT_ID=v\nNAME=Foo\n' >"$WORK/os-release"
rm -f /etc/os-release
cp "$WORK/os-release" /etc/os-release
printf '#!/bin/sh\ntr "\\0" "\\n" </proc/self/environ\n' >"$WORK/tree/show"
printf '#!/bin/sh\ntr "\\0" "\\n" </proc/self/environ; echo "args $*"; exit 0\n' >"$WORK/tree/usr/sbin/init"
chmod 755 "$WORK/tree/show" "$WORK/tree/usr/sbin/init"

redd() {
        run env -i PATH="$PATH" "$REDD" run -q --pipe -D "$WORK/tree" -M tiny --uuid=$id "$@"
}

path=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
host='container_host_id=foo
container_host_version_id=4 2
container_host_build_id=b1
container_host_variant_id=v'
redd /show
is "$out" "$path
container=systemd-nspawn
TERM=dumb
HOME=/root
USER=root
LOGNAME=root
container_uuid=$uuid
NOTIFY_SOCKET=/run/host/notify
LANG=C.UTF-8
$host" 'a command gets this, and nothing else'
redd -b one 'two three'
is "$out" "$path
container=systemd-nspawn
TERM=dumb
HOME=/root
USER=root
LOGNAME=root
container_uuid=$uuid
NOTIFY_SOCKET=/run/host/notify
$host
args one two three" 'an init has no language, and gets its arguments'
redd --user=alice --set-credential=a:b -E A=1 -E HOME=/nowhere -E 'B=two words' -E A=3 -E EMPTY= /show
is "$out" "$path
container=systemd-nspawn
TERM=dumb
HOME=/nowhere
USER=alice
LOGNAME=alice
container_uuid=$uuid
CREDENTIALS_DIRECTORY=/run/host/credentials
NOTIFY_SOCKET=/run/host/notify
LANG=C.UTF-8
$host
A=3
B=two words
EMPTY=" 'what is set by option wins, the last one of a name, in its place'
run env -i PATH="$PATH" FROM_CALLER=x TERM=vt220 SYSTEMD_NSPAWN_CONTAINER_SERVICE=mine \
        "$REDD" run -q --pipe -D "$WORK/tree" -M tiny -E FROM_CALLER -E NOT_THERE /show
like "$out" '^FROM_CALLER=x$' 'a name alone hands on the caller'\''s'
like "$out" '^NOT_THERE=$' 'which may be empty'
like "$out" '^TERM=dumb$' 'no terminal, no terminal type'
like "$out" '^container=mine$' 'the manager can be called otherwise'
refuses 'a bad name is refused' "Cannot assign environment variable 1A=b" "$REDD" run -D "$WORK/tree" -E 1A=b true
like "$err" '^hint: a variable' 'with a hint'

# the machine id: that of the tree before the one asked for
echo ffeeddccbbaa99887766554433221100 >"$WORK/tree/etc/machine-id"
redd /show
like "$out" '^container_uuid=ffeeddcc-bbaa-9988-7766-554433221100$' 'the id of the tree comes first'
rm "$WORK/tree/etc/machine-id"
redd cat /run/host/container-uuid
is "$out" "$uuid" 'the id is a file, too'
redd cat /run/host/container-manager
is "$out" systemd-nspawn 'as is the manager'

done_testing
