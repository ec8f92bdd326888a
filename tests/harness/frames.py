"""Decoders of what the tests watch on the wire. They share nothing with the product's own."""

import dataclasses
import ipaddress
import struct


@dataclasses.dataclass(frozen=True)
class Advertisement:
    at: float            # seconds of the monotonic clock, stamped by the kernel
    mac: str             # of the sender
    source: str
    destination: str
    ttl: int
    version: int
    vrid: int
    priority: int
    interval: float      # seconds
    addresses: tuple
    auth_type: int       # version 2
    auth_data: bytes
    checksum_ok: bool


@dataclasses.dataclass(frozen=True)
class Arp:
    at: float
    mac: str
    destination_mac: str
    operation: int       # 1 request, 2 reply
    sender_mac: str
    sender: str
    target: str

    @property
    def gratuitous(self):
        return self.sender == self.target


@dataclasses.dataclass(frozen=True)
class NeighborAdvertisement:
    at: float
    mac: str
    hop_limit: int
    target: str
    override: bool
    solicited: bool


def mac_text(octets):
    return octets.hex(":")


def ones_complement_sum(data):
    """The Internet checksum of data; 0 when a checksum inside it is right (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


def decode(at, frame):
    """The observation in an Ethernet frame, or None when it is of no interest or broken."""
    try:
        return _decode(at, frame)
    except (struct.error, IndexError, ValueError):
        return None


def _decode(at, frame):
    mac, ethertype = mac_text(frame[6:12]), struct.unpack("!H", frame[12:14])[0]
    if ethertype == 0x0806:
        return _arp(at, mac, frame)
    if ethertype == 0x0800:
        return _ipv4(at, mac, frame[14:])
    if ethertype == 0x86DD:
        return _ipv6(at, mac, frame[14:])
    return None


def _arp(at, mac, frame):
    operation, sender_mac, sender, _, target = struct.unpack("!H6s4s6s4s", frame[20:42])
    return Arp(at, mac, mac_text(frame[0:6]), operation, mac_text(sender_mac),
               str(ipaddress.IPv4Address(sender)), str(ipaddress.IPv4Address(target)))


def _ipv4(at, mac, packet):
    length, protocol = (packet[0] & 15) * 4, packet[9]
    if protocol == 51 and packet[length] == 112:  # an authentication header
        length += (packet[length + 1] + 2) * 4
    elif protocol != 112:
        return None
    total = struct.unpack("!H", packet[2:4])[0]
    source, destination = packet[12:16], packet[16:20]
    return _vrrp(at, mac, packet[length:total], ipaddress.IPv4Address(source),
                 ipaddress.IPv4Address(destination), packet[8])


def _ipv6(at, mac, packet):
    length, protocol, hop_limit = struct.unpack("!HBB", packet[4:8])
    source, destination = ipaddress.IPv6Address(packet[8:24]), ipaddress.IPv6Address(packet[24:40])
    payload = packet[40:40 + length]
    if protocol == 112:
        return _vrrp(at, mac, payload, source, destination, hop_limit)
    if protocol == 58 and payload[0] == 136:
        return NeighborAdvertisement(at, mac, hop_limit, str(ipaddress.IPv6Address(payload[8:24])),
                                     bool(payload[4] & 0x20), bool(payload[4] & 0x40))
    return None


def _vrrp(at, mac, payload, source, destination, ttl):
    kind, vrid, priority, count, upper, lower = struct.unpack("!BBBBBB", payload[:6])
    version = kind >> 4
    width = source.max_prefixlen // 8
    end = 8 + count * width
    addresses = tuple(str(type(source)(payload[start:start + width]))
                      for start in range(8, end, width))
    if version == 2:
        interval, auth_type, auth_data = float(lower), upper, payload[end:end + 8]
        covered = payload[:end] + (auth_data if auth_type else b"")
    else:
        interval, auth_type, auth_data = ((upper & 15) << 8 | lower) / 100, 0, b""
        length = struct.pack("!BBH", 0, 112, end) if width == 4 else \
            struct.pack("!IHBB", end, 0, 0, 112)
        covered = source.packed + destination.packed + length + payload[:end]
    return Advertisement(at, mac, str(source), str(destination), ttl, version, vrid, priority,
                         interval, addresses, auth_type, auth_data,
                         ones_complement_sum(covered) == 0)
