#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# import(export(x)) = x: trees with every odd thing a tar archive can hold go out and come in again.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
needs python3 tar
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"
begin

odd() {
        python3 "$LIB/odd_tree.py" "$@"
}

seed=1
while [ $seed -le 12 ]; do
        odd make $seed "/var/lib/machines/odd$seed"
        run "$REDD" export-tar -q "odd$seed" "$WORK/odd.tar"
        is "$status" 0 "tree $seed goes out"
        run "$REDD" import-tar -q "$WORK/odd.tar" "back$seed"
        is "$status" 0 "tree $seed comes in"
        is "$(odd compare "/var/lib/machines/odd$seed" "/var/lib/machines/back$seed")" '' "tree $seed is what it was"
        rm -rf "/var/lib/machines/odd$seed" "/var/lib/machines/back$seed"
        seed=$((seed + 1))
done

# what others make, and what others make of ours
odd make 100 /var/lib/machines/theirs
for format in gnu posix; do
        tar --format=$format --sparse --numeric-owner --acls --xattrs --xattrs-include='*' -C /var/lib/machines/theirs -cf \
                "$WORK/$format.tar" . 2>/dev/null
        run "$REDD" import-tar -q "$WORK/$format.tar" "from-$format"
        is "$status" 0 "an archive of GNU tar comes in ($format)"
done
is "$(odd compare /var/lib/machines/theirs /var/lib/machines/from-posix | grep -v -e "mtime is" -e "attributes is")" '' \
        'as it was'
# (the old format has whole seconds and no attributes)
is "$(odd compare /var/lib/machines/theirs /var/lib/machines/from-gnu |
        grep -v -e "mtime is" -e "attributes is" -e "mode is")" '' 'so does its old format, as far as that goes'
run "$REDD" export-tar -q theirs "$WORK/ours.tar"
mkdir "$WORK/ours"
ok 'GNU tar reads ours' tar --numeric-owner --acls --xattrs --xattrs-include='*' -C "$WORK/ours" -xpf "$WORK/ours.tar"
is "$(odd compare /var/lib/machines/theirs "$WORK/ours" | grep -v "attributes is")" '' 'and finds what was there'

for compression in gz xz zst bz2 lz4; do
        run "$REDD" export-tar -q theirs "$WORK/ours.tar.$compression"
        is "$status" 0 "out with $compression"
        run "$REDD" import-tar -q "$WORK/ours.tar.$compression" "back-$compression"
        is "$(odd compare /var/lib/machines/theirs "/var/lib/machines/back-$compression")" '' "and in"
done
"$REDD" export-tar -q --format=zstd theirs | "$REDD" import-tar -q - piped
is "$(odd compare /var/lib/machines/theirs /var/lib/machines/piped)" '' 'through a pipe as well'

run "$REDD" import-fs -q /var/lib/machines/theirs copied
is "$(odd compare /var/lib/machines/theirs /var/lib/machines/copied)" '' 'and as a copy'

rm -rf /var/lib/machines/*
done_testing
