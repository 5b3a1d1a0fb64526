# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# transfer.sh: what tests of images in and out share. Sourced behind lib.sh, before begin.

needs python3 tar
[ -x "$BUILD/redd-transfer" ] || skip_all "there is no $BUILD/redd-transfer: it needs libarchive and others to be built"

# serve: starts image_server.py on $WORK/srv; sets $server to its address, requests are in $WORK/requests
serve() {
        mkdir -p "$WORK/srv"
        : >"$WORK/requests"
        mkfifo "$WORK/port"
        python3 "$LIB/image_server.py" "$WORK/srv" "$WORK/requests" >"$WORK/port" 2>"$WORK/server.log" &
        server_pid=$!
        defer "end_process $server_pid"
        read -r server_port <"$WORK/port"
        server=http://127.0.0.1:$server_port
}

# stop_serving: before done_testing
stop_serving() {
        end_process "$server_pid"
        wait "$server_pid" 2>/dev/null
}

# small_tree DIR: a system of a few files
small_tree() {
        mkdir -p "$1/etc" "$1/usr/bin" "$1/usr/lib"
        echo ID=small >"$1/etc/os-release"
        echo program >"$1/usr/bin/program"
        ln -s usr/bin "$1/bin"
        chown 1000:5 "$1/usr/bin/program"
}

# forget NAME...: images and what was kept of them
forget() {
        chattr -i /var/lib/machines/.tar-* /var/lib/machines/.raw-* 2>/dev/null
        for forget_name; do
                rm -rf "/var/lib/machines/$forget_name" "/var/lib/machines/$forget_name."* "/var/lib/machines/.#$forget_name.lck"
        done
        rm -rf /var/lib/machines/.tar-* /var/lib/machines/.raw-*
}
