# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
# A bus of a test's own at /run/bus, with nobody on it. To be sourced behind lib.sh, in a test that has begun.

# bus_start: brings it up; $bus_pid
bus_start() {
        cat >bus.conf <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=/run/bus</listen>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
END
        mkfifo address
        dbus-daemon --config-file="$WORK/bus.conf" --nofork --nopidfile --print-address 3>&1 >address 2>bus.log &
        bus_pid=$!
        defer "end_process $bus_pid"
        ok 'a bus comes up' timeout 10 head -n 1 address
}
