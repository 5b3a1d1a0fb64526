#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for systemd and machined on a bus: as much of org.freedesktop.systemd1 as starting a scope takes, and of
org.freedesktop.machine1 as registering takes.

Units are real control groups below --cgroup. A scope is unloaded some time after its last process is gone, as by the real
one. Each call is a line of JSON in --log. "ready" in that file means that the names are owned.
"""
import argparse
import json
import os
import signal
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

MANAGER = "org.freedesktop.systemd1.Manager"
MACHINES = "org.freedesktop.machine1.Manager"
HIERARCHIES = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")


def plain(value):
    """A D-Bus value as JSON can hold it."""
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, (dbus.Array, list, tuple, dbus.Struct)):
        return [plain(v) for v in value]
    if isinstance(value, int):
        return int(value)
    return str(value)


def escaped(name):
    return "".join(c if c.isalnum() else "_%02x" % ord(c) for c in name)


class Refusal(dbus.DBusException):
    def __init__(self, name, text):
        super().__init__(text)
        self._dbus_error_name = name


class Unit(dbus.service.Object):
    def __init__(self, bus, name, folder, control_group, state="active"):
        self.name, self.folder, self.control_group, self.state = name, folder, control_group, state
        super().__init__(bus, "/org/freedesktop/systemd1/unit/" + escaped(name))

    @dbus.service.method("org.freedesktop.DBus.Properties", in_signature="ss", out_signature="v")
    def Get(self, _interface, name):
        return {"ControlGroup": self.control_group, "ActiveState": self.state}[str(name)]

    def is_empty(self):
        try:
            with open(self.folder + "/cgroup.events", encoding="ascii") as events:
                return "populated 0" in events.read()
        except FileNotFoundError:
            return True


class Manager(dbus.service.Object):
    def __init__(self, bus, options, log):
        self.bus, self.options, self.log, self.units, self.jobs = bus, options, log, {}, 0
        super().__init__(bus, "/org/freedesktop/systemd1")
        for name in options.failed:
            self.units[name] = Unit(bus, name, "/nonexistent", "", "failed")
        GLib.timeout_add(options.notice_ms, self.unload_empty)

    def unload_empty(self):
        for unit in list(self.units.values()):
            if unit.state == "active" and unit.is_empty():
                self.unload(unit)
        return True

    def unload(self, unit):
        try:
            for folder, _, _ in os.walk(unit.folder, topdown=False):
                os.rmdir(folder)
        except FileNotFoundError:
            pass
        del self.units[unit.name]
        unit.remove_from_connection()
        self.UnitRemoved(unit.name, "/org/freedesktop/systemd1/unit/" + escaped(unit.name))

    @dbus.service.signal(MANAGER, signature="uoss")
    def JobRemoved(self, _number, _job, _unit, _result):
        pass

    @dbus.service.signal(MANAGER, signature="so")
    def UnitRemoved(self, _name, _path):
        pass

    @dbus.service.method(MANAGER)
    def Subscribe(self):
        pass

    @dbus.service.method(MANAGER, in_signature="ssa(sv)a(sa(sv))", out_signature="o")
    def StartTransientUnit(self, name, mode, properties, _aux):
        name, values = str(name), {}
        for key, value in properties:
            if key in self.options.refuse:
                raise Refusal("org.freedesktop.DBus.Error.PropertyReadOnly",
                              f"Cannot set property {key}, or unknown property.")
            values.setdefault(str(key), []).append(plain(value))
        self.log("StartTransientUnit", name=name, mode=str(mode), properties=values)
        if name in self.units:
            raise Refusal("org.freedesktop.systemd1.UnitExists",
                          f"Unit {name} was already loaded or has a fragment file.")
        self.make_unit(name, values)
        return self.make_job(name)

    def make_unit(self, name, values):
        control_group = self.options.cgroup + "/" + values["Slice"][0] + "/" + name
        for hierarchy in HIERARCHIES:
            if control_group.startswith(hierarchy + "/"):
                control_group = control_group[len(hierarchy):]
                break
        folder = hierarchy + control_group
        os.makedirs(folder, exist_ok=True)
        for pid in values["PIDs"][0]:
            with open(folder + "/cgroup.procs", "w", encoding="ascii") as procs:
                procs.write(str(pid))
        self.units[name] = Unit(self.bus, name, folder, control_group)

    def make_job(self, name):
        """The word of its end comes before that of its start for units called early-*, as a busy bus may have it."""
        self.jobs += 1
        number, job = self.jobs, dbus.ObjectPath("/org/freedesktop/systemd1/job/%d" % self.jobs)
        result = "failed" if name.startswith("bad-") else "done"
        if name.startswith("early-"):
            self.JobRemoved(number, job, name, result)
        elif not name.startswith("mute-"):
            GLib.timeout_add(1, lambda: (self.JobRemoved(number, job, name, result), False)[1])
        return job

    @dbus.service.method(MANAGER, in_signature="s", out_signature="o")
    def GetUnit(self, name):
        if str(name) not in self.units:
            raise Refusal("org.freedesktop.systemd1.NoSuchUnit", f"Unit {name} not loaded.")
        return dbus.ObjectPath("/org/freedesktop/systemd1/unit/" + escaped(str(name)))

    @dbus.service.method(MANAGER, in_signature="s")
    def ResetFailedUnit(self, name):
        self.log("ResetFailedUnit", name=str(name))
        self.unload(self.units[str(name)])


class Machines(dbus.service.Object):
    def __init__(self, bus, log):
        self.log, self.names = log, set()
        super().__init__(bus, "/org/freedesktop/machine1")

    @dbus.service.method(MACHINES, in_signature="sayssusai", out_signature="o")
    def RegisterMachineWithNetwork(self, name, number, service, kind, leader, root, links):
        self.log("RegisterMachineWithNetwork", name=str(name), id="".join("%02x" % byte for byte in number),
                 service=str(service), kind=str(kind), leader=int(leader), root=str(root), links=plain(links))
        if str(name) in self.names:
            raise Refusal("org.freedesktop.machine1.MachineExists", f"Machine '{name}' already exists")
        self.names.add(str(name))
        return dbus.ObjectPath("/org/freedesktop/machine1/machine/" + escaped(str(name)))

    @dbus.service.method(MACHINES, in_signature="s")
    def UnregisterMachine(self, name):
        self.log("UnregisterMachine", name=str(name))
        if str(name) not in self.names:
            raise Refusal("org.freedesktop.machine1.NoSuchMachine", f"No machine '{name}' known")
        self.names.discard(str(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cgroup", required=True, help="folder of a hierarchy that units are made in")
    parser.add_argument("--log", required=True, help="file for the calls")
    parser.add_argument("--refuse", action="append", default=[], help="a property that this manager is too old for")
    parser.add_argument("--failed", action="append", default=[], help="a unit that failed before")
    parser.add_argument("--notice-ms", type=int, default=20, help="how late it notices that a scope is empty")
    options = parser.parse_args()

    log_file = open(options.log, "a", buffering=1, encoding="utf-8")  # kept open to the end

    def log(call, **arguments):
        print(json.dumps({"call": call, **arguments}, sort_keys=True), file=log_file)

    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus, loop = dbus.SystemBus(), GLib.MainLoop()
    names = [dbus.service.BusName(name, bus) for name in ("org.freedesktop.systemd1", "org.freedesktop.machine1")]
    objects = [Manager(bus, options, log), Machines(bus, log)]
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, loop.quit)
    print("ready", file=log_file)
    loop.run()
    del names, objects
    return 0


sys.exit(main())
