#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container gets of its host: resolver, time zone, journal, credentials, users; and who it runs as.
. "${0%/*}/../../lib/lib.sh"
begin
tree_busybox "$WORK/tree"
tree=$WORK/tree
id=11111111111111111111111111111111
mapped='--private-users=1000000:65536 --private-users-ownership=map'

redd() {
        run "$REDD" run -q --pipe -D "$tree" -M tiny "$@"
}

# --- resolver

rm -f /etc/resolv.conf
echo 'nameserver 192.0.2.1' >/etc/resolv.conf
echo own >"$tree/etc/resolv.conf"
redd cat /etc/resolv.conf
is "$out" 'nameserver 192.0.2.1' 'with the network of the host it has the resolver of the host'
echo own >"$tree/etc/resolv.conf"
redd --private-network cat /etc/resolv.conf
is "$out" own 'with one of its own it keeps its own'
redd --read-only cat /etc/resolv.conf
is "$out" 'nameserver 192.0.2.1' 'a read-only tree has it bound'
is "$(cat "$tree/etc/resolv.conf")" own 'and is not changed'

ln -sf ../run/systemd/resolve/stub-resolv.conf "$tree/etc/resolv.conf"
# shellcheck disable=SC2086
for options in '' "$mapped"; do
        redd $options cat /etc/resolv.conf
        is "$out" 'nameserver 192.0.2.1' "where its file is a link to a stub that does not run, too${options:+, with private users}"
        redd $options --resolv-conf=bind-host sh -c 'cat /etc/resolv.conf; echo x >/etc/resolv.conf'
        is "$status/$out" '1/nameserver 192.0.2.1' "a bound file cannot be written to${options:+, with private users}"
done
ok 'the link itself stays' test -h "$tree/etc/resolv.conf"
ln -sf /proc/self/fd/1 "$tree/etc/resolv.conf"
redd echo fine
is "$status/$out" 0/fine 'a hostile link does no harm'
rm "$tree/etc/resolv.conf"
refuses 'a file of a resolver that does not run is missed with a remark' 'stub-resolv.conf: No such file' \
        "$REDD" run -q --pipe -D "$tree" --resolv-conf=copy-stub sh -c 'exit 1'
redd --resolv-conf=copy-stub true
is "$status" 0 'which is no failure'

# --- time zone

mkdir -p "$tree/usr/share/zoneinfo/Etc"
ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime
if [ -e /etc/localtime ]; then
        redd readlink /etc/localtime
        is "$status" 1 'a zone that the container has no file of is copied'
        ok 'with the same contents' cmp /etc/localtime "$tree/etc/localtime"
        echo zone >"$tree/usr/share/zoneinfo/Etc/UTC"
        redd readlink /etc/localtime
        is "$out" ../usr/share/zoneinfo/Etc/UTC 'one that it has is linked'
else
        skip 'the time zone is taken over' 'the host has no /usr/share/zoneinfo'
fi

# --- journal

ok 'the test has a journal folder of its own' mount -t tmpfs -o mode=755 tmpfs /var/log
refuses 'a journal is not linked where the host keeps none' 'no folder /var/log/journal' \
        "$REDD" run -q --pipe -D "$tree" --uuid=$id --link-journal=host true
mkdir /var/log/journal
redd --uuid=$id --link-journal=try-guest sh -c "touch /var/log/journal/$id/inside"
is "$(readlink /var/log/journal/$id)" "$tree/var/log/journal/$id" 'with try-guest the host has a link'
ok 'that leads to the journal' test -f "/var/log/journal/$id/inside"
# shellcheck disable=SC2086
for options in '' "$mapped"; do
        redd --uuid=$id --link-journal=host $options sh -c "touch /var/log/journal/$id/x; stat -c %u /var/log/journal/$id/x"
        is "$out" 0 "with host the folder of the host is written to${options:+, with private users}"
        is "$(stat -c %u /var/log/journal/$id/x)" 0 'and owned by root outside'
        rm -f "/var/log/journal/$id/x"
done
umount /var/log

# --- credentials

printf 'from a file' >"$WORK/secret"
# shellcheck disable=SC2086
for options in '' "$mapped"; do
        redd $options --set-credential='a:b c' --load-credential=file:"$WORK/secret" sh -c \
                'cd $CREDENTIALS_DIRECTORY; stat -c "%n %a %u" . *; cat *; touch x 2>/dev/null || echo refused'
        is "$out" '. 500 0
a 400 0
file 400 0
b cfrom a filerefused' "credentials are root's and cannot be changed${options:+, with private users}"
done
redd --set-credential=a:b --user=alice --no-new-privileges=yes sh -c 'cat $CREDENTIALS_DIRECTORY/a'
is "$out" b 'a user that stays itself may read them'
redd --set-credential=a:b --user=alice sh -c 'cat $CREDENTIALS_DIRECTORY/a'
is "$status" 1 'another may not'
refuses 'a missing one ends the start' "Failed to read credential '/nowhere'" \
        "$REDD" run -q --pipe -D "$tree" --load-credential=a:/nowhere true

# --- users of the host

mkdir -p -m 700 "$WORK/bob"
echo hello >"$WORK/bob/file"
chown -R 4321:4322 "$WORK/bob"
printf 'bob:x:4321:4322:Bob "the" Builder:%s:/bin/sh\n' "$WORK/bob" >>/etc/passwd
# shellcheck disable=SC2086
for options in '' "$mapped"; do
        rm -f "$WORK/bob/made"
        redd $options --bind-user=bob --bind-user-group=audio --user=bob sh -c \
                'id -u; id -G; cd; pwd; cat file; echo new >made; stat -c "%u %g" made'
        is "$out" '60514
60514 29
/run/host/home/bob
hello
60514 60514' "a bound user is at home${options:+, with private users}"
        is "$(stat -c '%u %g' "$WORK/bob/made")" '4321 4322' 'what is made there is the user'\''s outside'
        redd $options --bind-user=bob sh -c 'cd /run/host/userdb; ls -l | cut -c1-10; cat 60514.user'
        like "$out" '"userName":"bob","uid":60514,"gid":60514,"realName":"Bob \\"the\\" Builder"' 'the record is there'
        like "$out" '^-rw-------' 'and the hash is for root only'
done
refuses 'one who is a user of the container is refused' "the user 'alice' already exists in the machine" sh -c \
        "echo 'alice:x:4323:4323::/:/bin/sh' >>/etc/passwd; exec '$REDD' run -q --pipe -D '$tree' --bind-user=alice true"
refuses 'nobody knows this one' "Failed to resolve user 'carol': Unknown user" \
        "$REDD" run -q --pipe -D "$tree" --bind-user=carol true

# --- whom the container knows otherwise

redd --user=1000 sh -c 'id -un; id -G'
is "$out" 'alice
1000 29' 'a number is as good as a name'
cat >"$tree/usr/bin/getent" <<'X'
#!/bin/sh
(trap '' HUP; sleep 1000) &
why=$(grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\n\t' ' ' | tr -d :)
if [ "$1" = initgroups ]; then echo "$2 29 30"; elif [ "$2" = dora ]; then echo "dora:x:5000:5000::/home/$why:/bin/sh"; else exit 2; fi
X
chmod 755 "$tree/usr/bin/getent"
# shellcheck disable=SC2086
for options in '' "$mapped"; do
        redd $options --user=dora sh -c 'id -u; id -G; echo $HOME; pgrep sleep | wc -l'
        is "$out" '5000
5000 29 30
/home/Uid 65534 65534 65534 65534 CapEff 0000000000000000 CapBnd 0000000000000000 NoNewPrivs 1 Seccomp 2
0' "a getent of the container is asked, confined, and leaves nothing behind${options:+, with private users}"
done
refuses 'what it does not know is unknown' 'Failed to resolve user erik.' "$REDD" run -q --pipe -D "$tree" --user=erik true

done_testing
