"""Floods of packets that must not be believed, at routers in both roles."""

import random
import threading
import time

import pytest

from harness.configuration import configuration, instance
from harness.frames import ones_complement_sum
from harness.packets import Forger, advertisement, ipv4
from harness.programs import process_status
from pairs import MAC, VIP, start_pair, wait_settled

PASSWORD = {"version": 2, "password": "s3cret"}


def good(vrid, **how):
    return advertisement(version=2, vrid=vrid, **{"auth_type": 1, "auth_data": b"s3cret", **how})


# Of each kind one packet, as it could come from a broken or evil neighbour a hundred times a second.
KINDS = {
    "checksum": lambda vrid: ipv4(good(vrid, checksum=1)),
    "ttl": lambda vrid: ipv4(good(vrid), ttl=64),
    "length": lambda vrid: ipv4(good(vrid, count=3)),
    "type": lambda vrid: ipv4(good(vrid, kind=3)),
    "password": lambda vrid: ipv4(good(vrid, auth_data=b"wrong")),
}


class Stream:
    """Sends packets at an even rate until it is left."""

    def __init__(self, node, packets, rate):
        self._forger, self._packets, self._rate = Forger(node), packets, rate
        self._ending = threading.Event()
        self.sent = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        start = time.monotonic()
        while not self._ending.is_set():
            due = int((time.monotonic() - start) * self._rate)
            while self.sent < due:
                self._forger.send(self._packets[self.sent % len(self._packets)])
                self.sent += 1
            self._ending.wait(0.5 / self._rate)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        self._forger.close()


@pytest.mark.alone
@pytest.mark.parametrize("kind", KINDS)
def test_invalid_packets_never_silence_an_active_router(lab, report_line, kind):
    """Each of them sets keepalived's timer anew: it falls silent for as long as they come."""
    capture = lab.capture()
    ours = lab.holdfast(1, configuration(instance(vrid=51, priority=150, **PASSWORD)))
    theirs = lab.keepalived(2, configuration(instance(vrid=52, priority=150, **PASSWORD,
                                                      addresses=("10.77.0.101/24",))))
    ours.wait_state("active")
    theirs.wait_state("active")
    begin = capture.wait_advertisement(since=time.monotonic(), vrid=51, priority=150).at
    with Stream(lab.client, [KINDS[kind](51), KINDS[kind](52)], rate=200) as stream:
        said = [begin]
        while len(said) < 9:
            said.append(capture.wait_advertisement(since=said[-1] + 0.01, vrid=51, priority=150).at)
    gaps = [later - earlier for earlier, later in zip(said, said[1:])]
    # The forged ones say 200.
    of_keepalived = [one for one in capture.advertisements(since=begin, vrid=52, priority=150)
                     if one.at <= said[-1]]
    report_line("silence.txt", f"{stream.sent // 2} packets with wrong {kind} for each router in "
                f"{said[-1] - begin:.1f} s: holdfast sent {len(said) - 1} advertisements, at most "
                f"{max(gaps):.3f} s apart; keepalived 2.2.7 sent {len(of_keepalived)}")
    assert max(gaps) < 2, "two intervals"
    assert ours.state() == "active"
    assert sum(row["count"] for row in ours.vrrp()["refused"]) > 0


def is_valid(message):
    """Whether a receiver of version 2 with the password could believe it."""
    if len(message) < 8 or message[0] != 0x21 or message[1] != 51 or message[4:6] != b"\x01\x01":
        return False
    length = 8 + 4 * message[3] + 8
    return length <= len(message) <= length + 3 and message[length - 8:length] == b"s3cret\0\0" \
        and ones_complement_sum(message[:length]) == 0


def mutated(count):
    """Packets with flipped bits, cut short, drawn out or put together anew."""
    chance = random.Random(9568)
    original = good(51, priority=255, addresses=("10.77.0.100", "10.77.0.101"))
    packets = []
    while len(packets) < count:
        message = bytearray(original)
        for _ in range(chance.randrange(5)):
            message[chance.randrange(len(message))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            message = message[:chance.randrange(len(message))]
        if chance.random() < 0.3:
            message += chance.randbytes(chance.randrange(64))
        if chance.random() < 0.5 and len(message) >= 8:
            message[6:8] = b"\0\0"
            message[6:8] = ones_complement_sum(bytes(message)).to_bytes(2, "big")
        if not is_valid(bytes(message)):
            packets.append(ipv4(bytes(message), ttl=chance.choice([255, 255, 255, 64, 1])))
    return packets


@pytest.mark.alone
def test_20000_mutated_packets_in_10_seconds_change_nothing_and_cost_no_memory(lab, report_line):
    strong, weak = start_pair(lab, **PASSWORD)
    packets = mutated(20000)

    def memory(router):
        return int(process_status(router.pid_of("vrrpd"))["VmRSS"].split()[0])

    with Stream(lab.client, packets[:2000], rate=2000) as warm:
        while warm.sent < 2000:
            time.sleep(0.05)
    before = {router: (memory(router), router.state_changes()) for router in (strong, weak)}
    capture = lab.capture()
    begin = time.monotonic()
    with Stream(lab.client, packets, rate=2000) as stream:
        while stream.sent < 20000:
            time.sleep(0.05)
    took = time.monotonic() - begin
    for router, (resident, changes) in before.items():
        row = router.vrrp()
        report_line("mutated.txt", f"{stream.sent} mutated packets in {took:.1f} s at the "
                    f"{row['state']} router: {sum(r['count'] for r in row['refused'])} refused by "
                    f"name, resident memory of vrrpd {resident} -> {memory(router)} kB")
        assert router.state_changes() == changes
        assert memory(router) - resident < 200, "kB"
        assert row["refused"]
    wait_settled(strong, weak)
    assert lab.node(1).has_address(VIP) and not lab.node(2).has_address(VIP)
    said = [one.at for one in capture.advertisements(since=begin, mac=MAC[1])]
    gaps = [later - earlier for earlier, later in zip(said, said[1:])]
    assert len(said) > took - 2 and max(gaps) < 2, "it advertised all the time"
