#!/usr/bin/env python3
"""What VRRP costs, beside keepalived's and a bare loop of the same system calls: vrrp_test.py BUILD_FOLDER [FIGURE]

Prints figures and judges nothing. Needs root: everything happens in network namespaces of its own.

takeover  from the Active_Down_Timer's due time to the first gratuitous ARP, one address
announce  2,000 addresses: from the first gratuitous ARP to the last one of the first block, beside a
          bare loop that adds them and sends the same frames; and the longest silence between two
          advertisements meanwhile, at an interval of 100 ms
packets   processor time for each advertisement sent and received, 1,000 routers at 1 s
start     4,000 routers: from the start of the program to the last one being a Backup
"""
import contextlib
import os
import pathlib
import re
import shutil
import socket
import statistics
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.namespaces import Topology  # noqa: E402
from harness.programs import Holdfast, Keepalived  # noqa: E402

SECONDS_OF_PACKETS = 20
TAKEOVERS = 15
ROUTERS_ON_AN_INTERFACE = 250
DOWN_ADVERTS = 3
PRIORITY = 100
INTERVAL = 0.1
VRID = 51
SO_TIMESTAMPNS = 35
HEADER = "global_defs {\n    vrrp_version 3\n    enable_script_security\n}\n"


def instance(name, interface, vrid, addresses, priority=PRIORITY, interval=1.0, more=""):
    lines = "\n        ".join(addresses[:1])
    excluded = ""
    if addresses[1:]:
        excluded = ("    virtual_ipaddress_excluded {\n        " + "\n        ".join(addresses[1:]) + "\n    }\n")
    return (f"vrrp_instance {name} {{\n    interface {interface}\n    virtual_router_id {vrid}\n"
            f"    priority {priority}\n    advert_int {interval}\n    virtual_ipaddress {{\n        {lines}\n    }}\n"
            f"{excluded}{more}}}\n")


def nth_address(number):
    return f"10.{200 + (number >> 16)}.{number >> 8 & 255}.{number & 255}/32"


class Wire:
    """Frames at one end of a wire, stamped by the kernel: (time, octets)."""

    def __init__(self, node, interface="eth0"):
        self._socket = node.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, 33, 256 << 20)  # SO_RCVBUFFORCE
        self._socket.bind((interface, 3))
        self._socket.settimeout(0.1)
        self.frames = []
        self._open = True
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        while self._open:
            try:
                octets, control, _, _ = self._socket.recvmsg(128, 64)
            except TimeoutError:
                continue
            seconds, nanoseconds = struct.unpack("qq", control[0][2][:16])
            self.frames.append((seconds + nanoseconds / 1e9, octets))

    def clear(self):
        self.frames = []

    def close(self):
        self._open = False
        self._thread.join()
        self._socket.close()

    def advertisements(self, vrid=VRID):
        """(time, priority) of what is no priority 0 of ours."""
        return [(at, octets[36]) for at, octets in list(self.frames)
                if octets[12:14] == b"\x08\x00" and octets[23] == 112 and octets[35] == vrid]

    def announcements(self):
        return [at for at, octets in list(self.frames)
                if octets[12:14] == b"\x08\x06" and octets[28:32] == octets[38:42]]


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Rival:
    """A router of priority 200 that speaks every 100 ms while it is told to."""

    def __init__(self, node):
        self._socket = node.socket(socket.AF_INET, socket.SOCK_RAW, 112)
        index = node.index_of("eth0")
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        source = socket.inet_aton("10.77.0.2")
        body = struct.pack("!BBBBHH4s", 0x31, VRID, 200, 1, 10, 0, socket.inet_aton("10.200.0.1"))
        pseudo = source + socket.inet_aton("224.0.0.18") + struct.pack("!HH", 112, len(body))
        self._packet = body[:6] + struct.pack("!H", checksum(pseudo + body)) + body[8:]

    def speak(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._socket.sendto(self._packet, ("224.0.0.18", 0))
            time.sleep(INTERVAL)

    def close(self):
        self._socket.close()


def quiet(kind):
    """Without keepalived's option for more log lines, which cost it more than its work."""
    return type(kind.__name__, (kind,), {"command": lambda self: [word for word in kind.command(self) if word != "-D"]})


def programs(build):
    """(name, class) of what can be run here."""
    os.environ["HOLDFAST_SANDBOX"] = "errno"
    Holdfast.program = pathlib.Path(build).resolve() / "bin/holdfast"
    found = [("holdfast", quiet(Holdfast))]
    if shutil.which("keepalived"):
        found.append(("keepalived", quiet(Keepalived)))
    return found


@contextlib.contextmanager
def running(kind, node, configuration, name=None):
    program = kind(node, configuration, name)
    program.start()
    try:
        yield program
    finally:
        with contextlib.suppress(Exception):
            program.stop()
        program.kill_everything()


def wait_for(what, condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            sys.exit(f"waited {seconds} s for {what}")
        time.sleep(0.01)
    return value


# ---- takeover ---------------------------------------------------------------------------------

def takeovers(kind):
    """Milliseconds from the due time to the first gratuitous ARP, of each takeover."""
    found = []
    with contextlib.ExitStack() as stack:
        topology = Topology()
        stack.callback(topology.close)
        wire = Wire(topology.node(2))
        stack.callback(wire.close)
        rival = Rival(topology.node(2))
        stack.callback(rival.close)
        text = HEADER + instance("VI_1", "eth0", VRID, ["10.200.0.1/32"], interval=INTERVAL)
        program = stack.enter_context(running(kind, topology.node(1), text))
        rival.speak(1.5)
        down = DOWN_ADVERTS * INTERVAL + (256 - PRIORITY) * INTERVAL / 256
        for _ in range(TAKEOVERS):
            wire.clear()
            rival.speak(0.5)
            wait_for(f"an announcement of {program.name}", wire.announcements, 10)
            heard = max(at for at, priority in wire.advertisements() if priority == 200)
            first = min(at for at in wire.announcements() if at > heard)
            found.append((first - heard - down) * 1e3)
            rival.speak(0.3)  # and down it goes again
    return found


def show_takeover(build):
    print(f"takeover: due time to first gratuitous ARP, {TAKEOVERS} times, interval {INTERVAL} s")
    for name, kind in programs(build):
        found = sorted(takeovers(kind))
        print(f"  {name:12} median {statistics.median(found):7.3f} ms  best {found[0]:7.3f}  worst {found[-1]:7.3f}")


# ---- announce ---------------------------------------------------------------------------------

ADDRESSES = 2000
ROUNDS = 5


def announcing(kind):
    """(milliseconds for the first block, longest gap of advertisements in ms during it)."""
    with contextlib.ExitStack() as stack:
        topology = Topology()
        stack.callback(topology.close)
        wire = Wire(topology.node(2))
        stack.callback(wire.close)
        addresses = [nth_address(number + 1) for number in range(ADDRESSES)]
        text = HEADER + instance("VI_1", "eth0", VRID, addresses, interval=INTERVAL)
        stack.enter_context(running(kind, topology.node(1), text))
        wait_for("the first block", lambda: len(wire.announcements()) >= ADDRESSES * ROUNDS)
        advertised = [at for at, priority in wire.advertisements() if priority]
        announced = wire.announcements()
        last = announced[ADDRESSES * ROUNDS - 1]
        time.sleep(5 * INTERVAL)
        advertised = [at for at, priority in wire.advertisements() if priority]
        gaps = [after - before for before, after in zip(advertised, advertised[1:]) if before <= last + INTERVAL]
        return (last - advertised[0]) * 1e3, max(gaps) * 1e3


def bare_announcing(build):
    topology = Topology()
    try:
        wire = Wire(topology.node(2))
        done = topology.node(1).run(pathlib.Path(build).resolve() / "tests/bench/vrrp_bare_loops", "announce", "eth0",
                                    ADDRESSES, ROUNDS)
        wire.close()
        return float(done.stdout) / 1e3
    finally:
        topology.close()


def show_announce(build, rounds=3):
    print(f"announce: {ADDRESSES} addresses, first block of {ROUNDS} rounds, best of {rounds}")
    bare = min(bare_announcing(build) for _ in range(rounds))
    print(f"  {'bare loop':12} {bare:8.1f} ms")
    for name, kind in programs(build):
        found = [announcing(kind) for _ in range(rounds)]
        best = min(found)
        print(f"  {name:12} {best[0]:8.1f} ms  {best[0] / bare:5.2f} x the bare loop,"
              f" longest gap of advertisements {min(gap for _, gap in found):6.1f} ms (interval {INTERVAL * 1e3:.0f} ms)")


# ---- packets ----------------------------------------------------------------------------------

def many_instances(count, priority, interval=1.0):
    return HEADER + "".join(
        instance(f"VI_{number}", f"eth{number // ROUTERS_ON_AN_INTERFACE}", number % ROUTERS_ON_AN_INTERFACE + 1,
                 [nth_address(number + 1)], priority, interval,
                 "    garp_master_delay 0\n    garp_master_repeat 1\n")
        for number in range(count))


def vrrp_process(program):
    """The process that speaks VRRP."""
    if isinstance(program, Holdfast):
        return program.pid_of("vrrpd")
    return program.vrrp_pid()


def processor_seconds(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def processor_per_packet(kind, routers=1000):
    """(sent, received): microseconds of the processor for each advertisement."""
    lans = (routers + ROUTERS_ON_AN_INTERFACE - 1) // ROUTERS_ON_AN_INTERFACE
    with contextlib.ExitStack() as stack:
        topology = Topology(lans=lans)
        stack.callback(topology.close)
        active = stack.enter_context(running(kind, topology.node(1), many_instances(routers, 200)))
        backup = stack.enter_context(running(kind, topology.node(2), many_instances(routers, 100)))
        wait_for("all to be Active",
                 lambda: len(re.findall(r"backup->active|Entering MASTER STATE", active.log())) >= routers)
        time.sleep(10)  # announcements are over
        pids = [vrrp_process(active), vrrp_process(backup)]
        before = [processor_seconds(pid) for pid in pids]
        time.sleep(SECONDS_OF_PACKETS)
        used = [processor_seconds(pid) - earlier for pid, earlier in zip(pids, before)]
        return [seconds / (routers * SECONDS_OF_PACKETS) * 1e6 for seconds in used]


def bare_packets(build):
    topology = Topology()
    bare = pathlib.Path(build).resolve() / "tests/bench/vrrp_bare_loops"
    try:
        listener = topology.node(2).popen(bare, "receive", "eth0", "4", stdout=-1, text=True)
        sent = float(topology.node(1).run(bare, "send", "eth0", "10000").stdout)
        return sent, float(listener.communicate()[0])
    finally:
        topology.close()


def show_packets(build):
    print(f"packets: processor time for each advertisement, 1000 routers at 1 s, {SECONDS_OF_PACKETS} s")
    bare = bare_packets(build)
    print(f"  {'bare loop':12} {bare[0]:6.1f} us sent  {bare[1]:6.1f} us received")
    for name, kind in programs(build):
        sent, received = processor_per_packet(kind)
        print(f"  {name:12} {sent:6.1f} us sent  {received:6.1f} us received"
              f"  ({sent / bare[0]:.1f} and {received / bare[1]:.1f} times the bare loop)")


# ---- start ------------------------------------------------------------------------------------

def starting(kind, routers=4000):
    """Seconds until the last router is a Backup."""
    lans = (routers + ROUTERS_ON_AN_INTERFACE - 1) // ROUTERS_ON_AN_INTERFACE
    topology = Topology(lans=lans)
    try:
        program = kind(topology.node(1), many_instances(routers, 100, 30))
        began = time.monotonic()
        program.start()
        wait_for("all to be Backup", lambda: program.log_file.exists() and
                 program.log_file.read_bytes().count(b"init->backup") +
                 program.log_file.read_bytes().count(b"Entering BACKUP STATE (init)") >= routers)
        took = time.monotonic() - began
        program.kill_everything()
        return took
    finally:
        topology.close()


def show_start(build, rounds=3):
    print(f"start: 4000 routers, until the last one is a Backup, best of {rounds}")
    for name, kind in programs(build):
        print(f"  {name:12} {min(starting(kind) for _ in range(rounds)):6.2f} s")


FIGURES = {"takeover": show_takeover, "announce": show_announce, "packets": show_packets, "start": show_start}


def main(build, figure=None):
    for name, show in FIGURES.items():
        if figure in (None, name):
            show(build)


if __name__ == "__main__":
    main(*sys.argv[1:])
