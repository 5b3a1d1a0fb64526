#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each way publishers have of proving what they publish: the real one passes, and each forgery is refused by its name.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
. "${0%/*}/../../lib/transfer.sh"
needs gpg gpgv minisign openssl base64
begin
serve
small_tree "$WORK/tree"

export GNUPGHOME="$WORK/gpg"
mkdir -m 700 "$GNUPGHOME"
defer 'gpgconf --kill all'
for who in publisher stranger; do
        gpg --batch --quiet --passphrase '' --quick-gen-key "$who@example.org" ed25519 sign never 2>/dev/null
        printf '\n\n' | minisign -G -f -p "$WORK/$who.pub" -s "$WORK/$who.key" >/dev/null 2>&1 ||
                minisign -G -W -f -p "$WORK/$who.pub" -s "$WORK/$who.key" >/dev/null
        openssl genpkey -algorithm ed25519 -out "$WORK/$who.pem" 2>/dev/null
        printf 'untrusted comment: signify public key\n%s\n' \
                "$({ printf 'Ed%.8s' "$who"; openssl pkey -in "$WORK/$who.pem" -pubout -outform der | tail -c 32; } | base64 -w0)" \
                >"$WORK/$who-signify.pub"
done
mkdir -p /etc/redd/keys
gpg --export publisher@example.org >/etc/redd/keys/publisher.gpg
cp "$WORK/publisher.pub" "$WORK/publisher-signify.pub" /etc/redd/keys/
chmod -R a+rX /etc/redd

# sign FILE HOW WHO
sign() {
        case $2 in
        asc|sign) gpg --batch --quiet --yes -u "$3@example.org" --armor --detach-sign -o "$1.$2" "$1" ;;
        gpg|sig)  gpg --batch --quiet --yes -u "$3@example.org" --detach-sign -o "$1.$2" "$1" ;;
        clear)    gpg --batch --quiet --yes -u "$3@example.org" --clearsign -o "$1.clear" "$1" && mv "$1.clear" "$1" ;;
        minisig)  printf '\n' | minisign -S -s "$WORK/$3.key" -m "$1" >/dev/null 2>&1 ;;
        signify)  # what OpenBSD's program writes: who made the key, and the signature, behind a comment
                  openssl pkeyutl -sign -rawin -inkey "$WORK/$3.pem" -in "$1" -out "$WORK/raw"
                  printf 'untrusted comment: verify with %s.pub\n%s\n' "$3" \
                          "$({ printf 'Ed%.8s' "$3"; cat "$WORK/raw"; } | base64 -w0)" >"$1.sig" ;;
        esac
}

# publish LIST HOW WHO: image.tar in $WORK/srv/p, with the list LIST ("-": none) signed in this way
publish() {
        rm -rf "$WORK/srv/p"
        mkdir "$WORK/srv/p"
        tar -C "$WORK/tree" -cf "$WORK/srv/p/image.tar" .
        cd "$WORK/srv/p" || exit 1
        echo other >other.tar
        case $1 in
        image.tar.sha256) sha256sum image.tar >"$1" ;;
        image.tar.sha512) sha512sum image.tar | cut -d' ' -f1 >"$1" ;;
        SHA256SUMS)       sha256sum -b other.tar image.tar >"$1" ;;
        SHA512SUMS)       sha512sum ./other.tar ./image.tar >"$1" ;;
        CHECKSUM)         { echo '# a title'; sha256sum --tag other.tar image.tar; } >"$1" ;;
        esac
        cd "$WORK" || exit 1
        signed=$1
        [ "$1" != - ] || signed=image.tar
        sign "$WORK/srv/p/$signed" "$2" "$3"
}

pull() {
        run "$REDD" pull-tar --keep-download=no "$@" "$server/p/image.tar" image
}

# refused CODE DESCRIPTION
refused() {
        pull
        is "$status" 1 "$2: refused"
        like "$err" "\\[$1\\]" 'by the right name'
        ok 'and nothing is there' test ! -e /var/lib/machines/image
        forget image
}

count=0
while read -r list how; do
        file=$list wrong=R5117 suffix=$how
        [ "$how" != signify ] || suffix=sig
        [ "$list" != - ] || { file=image.tar; wrong=R5110; }

        publish "$list" "$how" publisher
        pull
        is "$status" 0 "$list, $how: the real one passes"
        case $how in
        minisig|signify) like "$err" 'signed by minisign:[0-9A-F]{16}\.$' 'and its key is named' ;;
        *)       like "$err" 'signed by pgp:[0-9A-F]{40}\.$' 'and its key is named' ;;
        esac
        forget image

        publish "$list" "$how" publisher
        printf x | dd of="$WORK/srv/p/image.tar" bs=1 seek=700 conv=notrunc status=none
        refused "$wrong" "$list, $how: another file"

        publish "$list" "$how" stranger
        refused R5111 "$list, $how: a stranger's key"
        count=$((count + 2))

        if [ "$how" = clear ]; then
                publish "$list" "$how" publisher
                sed -i '/image.tar/s/[0-9a-f]\{8\}/00000000/' "$WORK/srv/p/$file"
                refused R5110 "$list, $how: a changed list"
                publish "$list" "$how" publisher
                sed -i '/^-----BEGIN PGP SIGNATURE/,$d' "$WORK/srv/p/$file"
                refused R5112 "$list, $how: a cut signature"
        else
                publish "$list" "$how" publisher
                echo "noise" >"$WORK/srv/p/$file.$suffix"
                refused R5112 "$list, $how: noise for a signature"
                publish "$list" "$how" publisher
                rm "$WORK/srv/p/$file.$suffix"
                [ "$list" = - ] && code=R5115 || code=R5118
                refused "$code" "$list, $how: no signature"
                if [ "$list" != - ]; then
                        publish "$list" "$how" publisher
                        sed -i 's/[0-9a-f]\{8\}/00000000/' "$WORK/srv/p/$file"
                        refused R5110 "$list, $how: a changed list"
                        count=$((count + 1))
                fi
        fi
        count=$((count + 2))
done <<'END'
image.tar.sha256 asc
image.tar.sha256 minisig
image.tar.sha512 gpg
SHA256SUMS gpg
SHA256SUMS asc
SHA256SUMS clear
SHA256SUMS minisig
SHA256SUMS signify
SHA512SUMS sign
CHECKSUM clear
- sig
- asc
- minisig
- signify
END
ok "there were thirty forgeries (of $count)" test "$count" -ge 30

# a key that is handed in is trusted from then on, when it proved something
for how in asc minisig; do
        publish SHA256SUMS $how stranger
        [ $how = asc ] && key=$WORK/stranger.asc || key=$WORK/stranger.pub
        gpg --batch --armor --export stranger@example.org >"$WORK/stranger.asc"
        printf x >>"$WORK/srv/p/image.tar"
        pull "--key=$key"
        is "$status" 1 "$how, --key=: another file is refused still"
        is "$(ls /etc/redd/keys | tr '\n' ' ')" 'publisher-signify.pub publisher.gpg publisher.pub ' 'and the key is not kept'
        publish SHA256SUMS $how stranger
        pull "--key=$key"
        is "$status" 0 'the real one passes'
        like "$err" '^The key is trusted from now on: /etc/redd/keys/' 'and the key is kept'
        forget image
        pull
        is "$status" 0 'so that it is needed once only'
        forget image
        find /etc/redd/keys -type f ! -name 'publisher*' -delete
done
pull "--key=/etc/passwd"
like "$err" "'/etc/passwd' is no public key \\[R5170\\]" 'what is no key is refused'

# without signatures
publish SHA256SUMS gpg stranger
pull --verify=checksum
is "$status" 0 '--verify=checksum asks nobody'
forget image
sed -i /image.tar/d "$WORK/srv/p/SHA256SUMS"
run "$REDD" pull-tar --verify=checksum "$server/p/image.tar" image
is "$status" 1 'a list without the file is refused'
like "$err" "'SHA256SUMS' has no checksum for 'image.tar' \\[R5116\\]" 'by its name'
run "$REDD" pull-tar --verify=no "$server/p/image.tar" image
is "$status" 0 '--verify=no looks at nothing'
forget image
sum=$(sha256sum "$WORK/srv/p/image.tar" | cut -d' ' -f1)
run "$REDD" pull-tar -q "--verify=$sum" "$server/p/image.tar" image
is "$status" 0 'a sum known from elsewhere is taken'
forget image
run "$REDD" pull-tar -q "--verify=$(echo "$sum" | tr 0-9a-f 1-9a-f0)" "$server/p/image.tar" image
is "$status" 1 'and another one is not'
like "$err" 'the sha256 checksum of .image.tar. is wrong \[R5117\]' 'which it says'

# gpgv has nothing of root's, and ends with the transfer
mkdir -m 777 /tmp/bin
printf '#!/bin/sh\nid -G >/tmp/bin/groups\nexec sleep 200\n' >/tmp/bin/gpgv
chmod 755 /tmp/bin/gpgv
publish SHA256SUMS asc publisher
PATH="/tmp/bin:$PATH" "$REDD" pull-tar -q "$server/p/image.tar" image 2>"$WORK/stopped.log" &
client=$!
timeout 20 sh -c 'until [ -s /tmp/bin/groups ]; do :; done'
is "$(cat /tmp/bin/groups)" 65534 'gpgv is in no group of root'
run "$REDD" cancel-transfer 1
wait "$client"
is $? 1 'a check that takes long can be cancelled'
like "$(cat "$WORK/stopped.log")" 'the transfer was cancelled' 'with that word'
rm -r /tmp/bin

# what was kept without a look at its signature does not do for who wants one
publish SHA256SUMS gpg stranger
run "$REDD" pull-tar -q --verify=no "$server/p/image.tar" image
forget_kept=$(find /var/lib/machines -maxdepth 1 -name '.tar-*' | wc -l)
is "$forget_kept" 1 'what was downloaded is kept'
run "$REDD" pull-tar -q "$server/p/image.tar" again
is "$status" 1 'it is no way around the signature'
forget image again
rm -rf /var/lib/redd/pulled.lock /etc/redd/keys
rmdir /etc/redd 2>/dev/null
gpgconf --kill all
timeout 10 sh -c 'while pgrep -x gpg-agent >/dev/null; do :; done'
stop_serving
done_testing
