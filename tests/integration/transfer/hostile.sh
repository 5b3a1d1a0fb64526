#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Archives made with bad intent change nothing outside of the tree, whatever they are unpacked by.
# timeout: 300
. "${0%/*}/../../lib/lib.sh"
needs python3
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"
begin

mkdir "$WORK/victim" "$WORK/tars"
echo kept >"$WORK/victim/kept"
python3 "$LIB/hostile_tars.py" "$WORK/tars" "$WORK/victim" >"$WORK/list"

# state of all that is outside: names, modes, times and content
outside() {
        (cd "$WORK/victim" && find . -printf '%p %y %m %U %G %s %T@ %n\n' && cat kept)
        ls -A /var/lib/machines /var/lib/redd
}

before=$(outside)
count=0
while read -r name word; do
        count=$((count + 1))
        run "$REDD" import-tar -q "$WORK/tars/$name.tar" evil
        case $word in
        refused) is "$status" 1 "'$name' is refused"
                 like "$err" '\[R5[0-9]*\]' 'with a reason' ;;
        fits)    is "$status" 0 "'$name' is unpacked" ;;
        *)       ok "'$name' ends" test "$status" -lt 2 ;;
        esac
        [ ! -d /var/lib/machines/evil ] || unlike "$(find /var/lib/machines/evil -newer /proc/1 -samefile "$WORK/victim/kept")" . \
                'and links to nothing outside'
        rm -rf /var/lib/machines/evil
        is "$(outside)" "$before" 'and nothing outside has changed'
done <"$WORK/list"
ok 'there are forty of them' test "$count" -ge 40

# the same as a layer of a container image, with marks that remove things
python3 - "$WORK" <<'END'
import hashlib, io, json, os, sys, tarfile
work = sys.argv[1]

def layer(*names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in names:
            member = tarfile.TarInfo(name.rstrip("/"))
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            member.mode = 0o755
            tar.addfile(member)
    return out.getvalue()

def layout(name, *layers):
    top = f"{work}/{name}"
    os.makedirs(f"{top}/blobs/sha256")
    def blob(data):
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{top}/blobs/sha256/{digest}", "wb") as file:
            file.write(data)
        return {"digest": "sha256:" + digest, "size": len(data)}
    manifest = {"schemaVersion": 2, "config": blob(b"{}"), "layers": [blob(data) for data in layers]}
    with open(f"{top}/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": [blob(json.dumps(manifest).encode())]}, file)

layout("mark-up", layer("etc/", "etc/f"), layer("etc/.wh..."))
layout("mark-dot", layer("etc/", "etc/f"), layer("etc/.wh.."))
layout("mark-none", layer("etc/", "etc/f"), layer("etc/.wh."))
layout("marks", layer("a/", "a/f", "b/", "b/f", "b/d/", "b/d/f", "c"),
       layer("a/.wh.f", "b/new", "b/.wh..wh..opq", ".wh.c", ".wh.gone", ".wh..wh.plnk"))
END
for name in mark-up mark-dot mark-none; do
        run "$REDD" import -q "$WORK/$name" evil
        is "$status" 1 "the mark of '$name' is refused"
        like "$err" 'which is no name \[R5016\]' 'with the reason'
        is "$(outside)" "$before" 'and nothing has changed'
done
run "$REDD" import -q "$WORK/marks" marks
is "$status" 0 'marks of layers are obeyed'
is "$(cd /var/lib/machines/marks && find . | sort | tr '\n' ' ')" '. ./a ./b ./b/new ' \
        'what they name is gone, what the layer itself brings is not'
rm -rf /var/lib/machines/marks*

# many entries: the memory stays the same
python3 - <<'END' | "$REDD" import-tar -q - many &
import sys
def header(i):
    block = bytearray(512)
    block[0:24] = b"d%08d" % (i % 5000) + b"/" + b"f%013d" % (i // 5000)
    block[100:108], block[108:116], block[116:124] = b"0000755\0", b"0000000\0", b"0000000\0"
    block[124:136], block[136:148], block[156:157], block[257:265] = b"00000000000\0", b"00000000000\0", b"5", b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
for i in range(60000):
    sys.stdout.buffer.write(header(i))
sys.stdout.buffer.write(bytes(1024))
END
peak=0
while kill -0 $! 2>/dev/null; do
        for pid in $(pgrep -x redd-transfer); do
                now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null)
                [ "${now:-0}" -le "$peak" ] || peak=$now
        done
done
wait $!
is $? 0 'sixty thousand directories come in'
note "the largest process had $peak KiB"
case $REDD in
*san*) ;;
*) ok 'in less than 24 MiB' test "$peak" -lt 24576 ;;
esac
rm -rf /var/lib/machines/many
done_testing
