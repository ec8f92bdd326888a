"""Forged VRRP packets, octet by octet. They share nothing with the product's own encoder."""

import hashlib
import hmac
import ipaddress
import socket
import struct

from harness.frames import ones_complement_sum

MULTICAST = {4: "224.0.0.18", 6: "ff02::12"}


def advertisement(*, version=3, vrid=51, priority=200, interval=1.0, addresses=("10.77.0.100",),
                  source="10.77.0.250", destination=None, kind=1, auth_type=0, auth_data=b"",
                  count=None, checksum=None):
    """The message behind the IP header. `count` and `checksum` may lie."""
    ends = [ipaddress.ip_address(source)]
    ends.append(ipaddress.ip_address(destination or MULTICAST[ends[0].version]))
    octets = b"".join(ipaddress.ip_address(each).packed for each in addresses)
    count = len(addresses) if count is None else count
    if version == 2:
        middle = struct.pack("!BB", auth_type, int(interval))
        octets += auth_data.ljust(8, b"\0")
    else:
        middle = struct.pack("!H", round(interval * 100))
    head = struct.pack("!BBBB", version << 4 | kind, vrid, priority, count) + middle
    whole = head + b"\0\0" + octets
    if checksum is None:
        checksum = ones_complement_sum((b"" if version == 2 else _pseudo(ends, len(whole))) + whole)
    return head + struct.pack("!H", checksum) + octets


def _pseudo(ends, length):
    tail = struct.pack("!BBH", 0, 112, length) if ends[0].version == 4 else \
        struct.pack("!IHBB", length, 0, 0, 112)
    return ends[0].packed + ends[1].packed + tail


def with_trailer(message, key, key_id, seconds, counter=0, source="10.77.0.250", scheme=1, zero=0):
    """keepalived 2.4's auth_hmac."""
    address = ipaddress.ip_address(source)
    pseudo = bytes([address.version, message[0] >> 4, message[1], 0]) + address.packed.ljust(16, b"\0")
    head = struct.pack("!BBHIHH", scheme, key_id, zero, int(seconds),
                       int(seconds % 1 * 65536), counter)
    covered = pseudo + message[:6] + b"\0\0" + message[8:] + head + bytes(16)
    return message + head + hmac.new(key, covered, hashlib.sha256).digest()[:16]


def ipv4(payload, source="10.77.0.250", destination=None, ttl=255, protocol=112, identification=1):
    destination = destination or MULTICAST[4]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(payload), identification, 0, ttl,
                       protocol, 0, ipaddress.ip_address(source).packed,
                       ipaddress.ip_address(destination).packed)
    return head[:10] + struct.pack("!H", ones_complement_sum(head)) + head[12:] + payload


def ipv6(payload, source="fe80::250", destination=None, hop_limit=255):
    destination = destination or MULTICAST[6]
    return struct.pack("!IHBB16s16s", 6 << 28, len(payload), 112, hop_limit,
                       ipaddress.ip_address(source).packed,
                       ipaddress.ip_address(destination).packed) + payload


def in_header(message, password, sequence, source="10.77.0.250", destination=None, spi=None):
    """An IPv4 packet with keepalived's authentication header."""
    spi = ipaddress.ip_address(spi or source).packed
    header = struct.pack("!BBH4sI12s", 112, 4, 0, spi, sequence, bytes(12))
    packet = bytearray(ipv4(header + message, source, destination, protocol=51))
    covered = bytearray(packet)
    covered[1] = 0
    covered[10:12] = b"\0\0"
    packet[32:44] = hmac.new(password, covered, "md5").digest()[:12]
    return bytes(packet)


class Forger:
    """Sends frames from a host of the network, with whatever addresses."""

    def __init__(self, node, interface="eth0"):
        self._socket = node.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((interface, 0))
        self.mac = self._socket.getsockname()[4]

    def send(self, packet, mac=None):
        """An IP packet, to the multicast MAC of its destination or to `mac`."""
        v4 = packet[0] >> 4 == 4
        group = b"\x01\x00\x5e" + bytes([packet[17] & 0x7F]) + packet[18:20] if v4 else \
            b"\x33\x33" + packet[36:40]
        destination = bytes.fromhex(mac.replace(":", "")) if mac else group
        self._socket.send(destination + self.mac + (b"\x08\x00" if v4 else b"\x86\xdd") + packet)

    def close(self):
        self._socket.close()
