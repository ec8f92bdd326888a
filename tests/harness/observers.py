"""Observers: what passes the switch, which addresses come and go, what a client gets."""

import dataclasses
import ipaddress
import select
import socket
import struct
import threading
import time

from harness import frames
from harness.wait import GENEROUS, NotSoon, eventually

_ETH_P_ALL = 0x0003
_SO_TIMESTAMPNS = 35
_RTMGRP_IPV4_IFADDR = 0x10
_RTMGRP_IPV6_IFADDR = 0x100
_RTM_NEWADDR, _RTM_DELADDR = 20, 21
_SO_RCVBUFFORCE = 33


class _Observer:
    """A thread that reads one socket into a list; waiting for what will be in the list."""

    def __init__(self, receiving):
        self._socket = receiving
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 8 << 20)
        self._stop_read, self._stop_write = socket.socketpair()
        self._changed = threading.Condition()
        self._seen = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        poller.register(self._stop_read, select.POLLIN)
        while self._stop_read.fileno() not in (ready := [fd for fd, _ in poller.poll()]):
            if ready:
                found = self._receive()
                with self._changed:
                    self._seen += found
                    self._changed.notify_all()

    def _receive(self):
        raise NotImplementedError

    def seen(self, condition=lambda _: True, since=0.0):
        """Everything of interest so far, in order."""
        with self._changed:
            return [one for one in self._seen if one.at >= since and condition(one)]

    def wait(self, what, condition, since=0.0, limit=GENEROUS):
        """The first observation after `since` for which condition is true."""
        deadline = time.monotonic() + limit
        start = 0
        with self._changed:
            while True:
                for one in self._seen[start:]:
                    if one.at >= since and condition(one):
                        return one
                start = len(self._seen)
                if not self._changed.wait(max(0.0, deadline - time.monotonic())) \
                        and time.monotonic() >= deadline:
                    raise NotSoon(f"not seen within {limit:g} s: {what}")

    def close(self):
        self._stop_write.send(b"x")
        self._thread.join()
        for one in (self._socket, self._stop_read, self._stop_write):
            one.close()


class Capture(_Observer):
    """VRRP advertisements, ARP and Neighbor Advertisements that reach the switch's bridge."""

    def __init__(self, namespace, interface="lan0"):
        receiving = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        receiving.bind((interface, _ETH_P_ALL))
        receiving.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._wall_ahead = time.time() - time.monotonic()
        self._frames = []
        super().__init__(receiving)

    def _receive(self):
        frame, ancillary, _, _ = self._socket.recvmsg(65536, 256)
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
        wall = seconds + nanoseconds / 1e9
        observation = frames.decode(wall - self._wall_ahead, frame)
        if observation is None:
            return []
        self._frames.append((seconds, nanoseconds, frame))
        return [observation]

    def advertisements(self, since=0.0, **fields):
        """Those whose fields have the given values, e.g. vrid=51, mac=..."""
        return self.seen(_matches(frames.Advertisement, fields), since)

    def wait_advertisement(self, since=0.0, limit=GENEROUS, **fields):
        return self.wait(f"advertisement {fields}", _matches(frames.Advertisement, fields), since,
                         limit)

    def wait_arp(self, since=0.0, limit=GENEROUS, **fields):
        return self.wait(f"ARP {fields}", _matches(frames.Arp, fields), since, limit)

    def wait_neighbor_advertisement(self, since=0.0, limit=GENEROUS, **fields):
        return self.wait(f"neighbor advertisement {fields}",
                         _matches(frames.NeighborAdvertisement, fields), since, limit)

    def write_pcap(self, path):
        """For tshark."""
        with open(path, "wb") as out:
            out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
            for seconds, nanoseconds, frame in list(self._frames):
                out.write(struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)


def _matches(kind, fields):
    def matches(one):
        return isinstance(one, kind) and all(getattr(one, name) == value
                                             for name, value in fields.items())
    return matches


@dataclasses.dataclass(frozen=True)
class AddressChange:
    at: float
    added: bool
    address: str
    interface_index: int


class AddressMonitor(_Observer):
    """Every address that the kernel of a namespace adds or removes."""

    def __init__(self, namespace):
        receiving = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        receiving.bind((0, _RTMGRP_IPV4_IFADDR | _RTMGRP_IPV6_IFADDR))
        super().__init__(receiving)

    def _receive(self):
        data, at, changes = self._socket.recv(65536), time.monotonic(), []
        while len(data) >= 16:
            length, kind = struct.unpack("=IH", data[:6])
            if kind in (_RTM_NEWADDR, _RTM_DELADDR):
                changes.append(self._change(at, kind, data[16:length]))
            data = data[(length + 3) & ~3:]
        return changes

    @staticmethod
    def _change(at, kind, message):
        """message: struct ifaddrmsg, then attributes; IFA_LOCAL (2) goes before IFA_ADDRESS (1)."""
        index = struct.unpack("=I", message[4:8])[0]
        attributes, rest = {}, message[8:]
        while len(rest) >= 4:
            length, name = struct.unpack("=HH", rest[:4])
            attributes[name] = rest[4:length]
            rest = rest[(length + 3) & ~3:]
        address = ipaddress.ip_address(attributes.get(2) or attributes[1])
        return AddressChange(at, kind == _RTM_NEWADDR, str(address), index)

    def removals(self, address=None, since=0.0):
        return self.seen(lambda one: not one.added and address in (None, one.address), since)

    def wait_added(self, address, since=0.0, limit=GENEROUS):
        return self.wait(f"{address} added", lambda one: one.added and one.address == address,
                         since, limit)

    def wait_removed(self, address, since=0.0, limit=GENEROUS):
        return self.wait(f"{address} removed",
                         lambda one: not one.added and one.address == address, since, limit)


class Probe:
    """A client that sends an echo request every `interval` seconds and notes what comes back."""

    def __init__(self, namespace, address, interval=0.01):
        self._address = address
        self._interval = interval
        self._socket = namespace.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self._socket.setblocking(False)
        self._identifier = id(self) & 0xFFFF
        self._lock = threading.Lock()
        self._sent = []        # time of each request
        self._answered = set()  # numbers of requests
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        due = time.monotonic()
        while not self._ending.is_set():
            self._send()
            due = max(due + self._interval, time.monotonic())
            while (left := due - time.monotonic()) > 0:
                if select.select([self._socket], [], [], left)[0]:
                    self._read()

    def _send(self):
        with self._lock:
            number = len(self._sent)
            self._sent.append(time.monotonic())
        body = struct.pack("!HHI", self._identifier, number & 0xFFFF, number)
        checksum = frames.ones_complement_sum(b"\x08\0\0\0" + body)
        try:
            self._socket.sendto(struct.pack("!BBH", 8, 0, checksum) + body, (self._address, 0))
        except OSError:
            pass  # nobody has the address now: an unanswered request

    def _read(self):
        try:
            packet = self._socket.recv(2048)
        except OSError:
            return
        answer = packet[(packet[0] & 15) * 4:]
        if len(answer) >= 12 and answer[0] == 0:
            identifier, _, number = struct.unpack("!HHI", answer[4:12])
            if identifier == self._identifier:
                with self._lock:
                    self._answered.add(number)

    def answered(self):
        with self._lock:
            return len(self._answered)

    def wait_answers(self, more=5, limit=GENEROUS):
        """Until `more` answers came from now on."""
        goal = self.answered() + more
        eventually(f"{more} answers of {self._address}", lambda: self.answered() >= goal, limit)

    def longest_outage(self, since=0.0):
        """Seconds between an answered request and the next answered one, at the worst. What is
        still on its way counts as lost only once a later one was answered."""
        with self._lock:
            times = [at for number, at in enumerate(self._sent)
                     if number in self._answered and at >= since]
        gaps = [later - earlier for earlier, later in zip(times, times[1:])]
        return max(gaps, default=float("inf"))

    def close(self):
        self._ending.set()
        self._thread.join()
        self._socket.close()


@dataclasses.dataclass(frozen=True)
class Frame:
    at: float
    mac: str             # of the sender
    destination: str
    ethertype: int
    protocol: int        # of an IPv4 packet, or the next header of an IPv6 one


class Frames(_Observer):
    """Every frame that a host sends into its port of the switch."""

    _OUTGOING = 4  # what the switch sends to the host

    def __init__(self, namespace, port):
        receiving = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        receiving.bind((port, _ETH_P_ALL))
        super().__init__(receiving)

    def _receive(self):
        try:
            frame, (_, _, kind, _, _) = self._socket.recvfrom(65536)
        except OSError:
            return []  # the port is down: said once
        if kind == self._OUTGOING or len(frame) < 24:
            return []
        ethertype = struct.unpack("!H", frame[12:14])[0]
        protocol = {0x0800: frame[23], 0x86DD: frame[20]}.get(ethertype, 0)
        return [Frame(time.monotonic(), frames.mac_text(frame[6:12]), frames.mac_text(frame[0:6]),
                      ethertype, protocol)]
