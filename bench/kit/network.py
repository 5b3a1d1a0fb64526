# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a network costs a start, and what is left of a link's speed on the ways that redd makes.

All of it is in network namespaces of the kit's own. For the speeds there are two small worlds of the same shape, a
computer beside a host and something behind it: in one the host is ours, with a machine of redd's; in the other it
routes, and has no packet filter at all.
"""
import pathlib
import shutil
import subprocess
import time

from kit import contestants as who
from kit import runs
from kit.place import Unable

READY = ["/usr/bin/payload", "ready", "/proc/self/fd/1"]
PORT = 9000
SOCAT_PORT = 9001
SEND_MS = 700
LIMIT_S = 10
PAUSE_S = 0.12


def ours(bench):
    one = next(c for c in bench.contestants if c.name == "redd")
    if one.absent:
        raise Unable(one.absent)
    return one


def cable(bench):
    """Until the payload runs, with a cable that has nothing but its ends, and with all that makes it a network."""
    one = ours(bench)
    uplink_make()
    rows = []
    for name, options in (("redd, private network", ["--private-network"]),
                          ("redd, bare cable", ["--network-veth-extra=out{}:host0"]),
                          ("redd, network and forward", ["--network-veth", f"--port={PORT}:80"])):

        def once(options):
            number = bench.next_number()
            words = [*one.program, "-q", "--register=no", "--keep-unit", "-D", str(bench.place.tree),
                     f"--machine=n{number}", "--console=pipe", *[o.format(number) for o in options], "--", *READY]
            cgroup = bench.place.make_cgroup()
            try:
                ready, wall, cpu, status = runs.tool(bench.place, "ready", [], words, cgroup, one.environment)
            finally:
                bench.place.remove_cgroup(cgroup)
            if status != 0:
                raise Unable(f"exit status {status:.0f}")
            return {"ready": ready, "wall": wall, "cpu": cpu}

        # What another cable leaves behind holds the kernel's lock on the network for some 50 ms, and who makes the next
        # one waits; so there is a pause here, and then a start without a network, for the processor to be awake.
        def timed(once=once, options=options):
            time.sleep(PAUSE_S)
            once([])
            return once(options)

        rows.append(runs.Row(name, timed))
    runs.interleave(rows, bench.rounds_or(40, 10), bench.progress)
    uplink_remove()
    return "Until the payload runs, and until the end: what a network costs", "ready", rows


# -- a host with something beside it --

def ip(*words):
    subprocess.run(["ip", *[str(w) for w in words]], check=True, capture_output=True)


def uplink_make():
    """A network of the host's, so that there is something to forward to."""
    if not shutil.which("ip"):
        raise Unable("'ip' is not installed")
    ip("link", "add", "up0", "type", "veth", "peer", "name", "up1")
    ip("addr", "add", "203.0.113.1/24", "dev", "up0")
    ip("-6", "addr", "add", "2001:db8:113::1/64", "dev", "up0", "nodad")
    for name in ("up0", "up1"):
        ip("link", "set", name, "up")
    ip("route", "add", "default", "via", "203.0.113.2")


def uplink_remove():
    ip("link", "del", "up0")


class Net:
    """A network namespace, held by a process."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "ip link set lo up; echo; exec sleep infinity"],
                                       stdout=subprocess.PIPE)
        self.holder.stdout.readline()

    def command(self, *words):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *[str(w) for w in words]]

    def ip(self, *words):
        subprocess.run(self.command("ip", *words), check=True, capture_output=True)

    def end(self):
        self.holder.kill()
        self.holder.wait()


def join(one, one_address, other, other_address):
    """A cable between two namespaces; None is the kit's own. Its ends are called after their networks."""
    name = "c" + one_address.split(".")[2]
    if one:
        one.ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", other.holder.pid)
    else:
        ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", other.holder.pid)
    for net, address in ((one, one_address), (other, other_address)):
        for words in (("addr", "add", address, "dev", name), ("link", "set", name, "up")):
            (net.ip if net else ip)(*words)


def until(what, action):
    end = time.monotonic() + LIMIT_S
    while not (found := action()):
        if time.monotonic() > end:
            raise Unable(f"{what} did not come")
        time.sleep(0.01)
    return found


class World:
    """Both hosts, both computers beside them, and what is behind."""

    def __init__(self, bench):
        for tool in ("ip", "nsenter", "unshare"):
            if not shutil.which(tool):
                raise Unable(f"'{tool}' is not installed")
        self.bench, self.processes, self.nets = bench, [], []
        self.stream = str(bench.place.bin / "stream")
        try:
            self._plain()
            self._ours()
        except BaseException:
            self.end()
            raise

    def _net(self):
        self.nets.append(Net())
        return self.nets[-1]

    def _start(self, words, **options):
        self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL, **options))

    def _plain(self):
        self.plain_lan, host, behind = self._net(), self._net(), self._net()
        join(host, "192.0.2.1/24", self.plain_lan, "192.0.2.2/24")
        join(host, "198.51.100.1/24", behind, "198.51.100.2/24")
        self.plain_lan.ip("route", "add", "default", "via", "192.0.2.1")
        behind.ip("route", "add", "default", "via", "198.51.100.1")
        subprocess.run(host.command("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"), check=True)
        self._start(behind.command(self.stream, "sink", PORT))

    def _ours(self):
        place, one = self.bench.place, ours(self.bench)
        self.lan = self._net()
        join(None, "203.0.113.1/24", self.lan, "203.0.113.2/24")
        ip("route", "add", "default", "via", "203.0.113.2")
        shutil.copy(self.stream, place.tree / "usr/bin/stream")
        name = f"n{self.bench.next_number()}"
        self._start([*one.program, "-q", "--register=no", "--keep-unit", "-D", str(place.tree), f"--machine={name}",
                     "--console=pipe", "--network-veth", f"--port={PORT}", "--", "/usr/bin/stream", "sink", str(PORT)])
        known = pathlib.Path("/run/redd/names") / name
        lines = until("the machine's name", lambda: known.exists() and known.read_text().split("\n"))
        self.machine = next(line for line in lines if line.count(".") == 3)
        self.lan.ip("route", "add", f"{self.machine}/32", "via", "203.0.113.1")
        if shutil.which("socat"):
            self._start(["socat", f"TCP6-LISTEN:{SOCAT_PORT},fork,reuseaddr,bind=[::1]", f"TCP4:{self.machine}:{PORT}"])

    def send(self, net, address, port=PORT):
        words = [self.stream, "send", address, str(port), str(SEND_MS)]
        done = subprocess.run(net.command(*words) if net else words, text=True, capture_output=True, check=False,
                              timeout=runs.RUN_LIMIT_S)
        if done.returncode != 0:
            raise Unable(done.stderr.strip())
        return {"speed": float(done.stdout) * 8 / 1e9}

    def end(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait()
        for net in self.nets:
            net.end()
        (self.bench.place.tree / "usr/bin/stream").unlink(missing_ok=True)


def speed(bench):
    world = World(bench)
    try:
        until("the machine", lambda: runs.attempt(runs.Row("", None), lambda: world.send(world.lan, world.machine)))
        rows = [runs.Row("routed, no packet filter", lambda: world.send(world.plain_lan, "198.51.100.2")),
                runs.Row("redd, routed", lambda: world.send(world.lan, world.machine)),
                runs.Row("redd, forward", lambda: world.send(world.lan, "203.0.113.1")),
                runs.Row("redd, forward from ::1", lambda: world.send(None, "::1"))]
        if shutil.which("socat"):
            rows.append(runs.Row("socat from ::1", lambda: world.send(None, "::1", SOCAT_PORT)))
        runs.interleave(rows, bench.rounds_or(8, 3), bench.progress)
    finally:
        world.end()
    return "One stream of TCP, from a computer beside the host or from the host itself", "network", rows
