"""The observers see what keepalived, whose behaviour is known, does: else no other test means much."""

import signal
import time

from harness.configuration import configuration, instance

VIP = "10.77.0.100"


def test_two_keepalived_fail_over_and_every_observer_sees_it(lab):
    capture = lab.capture()
    strong = lab.keepalived(1, configuration(instance(priority=150)))
    weak = lab.keepalived(2, configuration(instance(priority=100)))
    addresses = lab.address_monitor(2)
    strong.wait_state("active")
    weak.wait_state("backup")
    first = capture.wait_advertisement(vrid=51, priority=150)
    assert first.checksum_ok and first.ttl == 255 and first.addresses == (VIP,)
    probe = lab.probe(VIP)
    probe.wait_answers()
    before = time.monotonic()
    strong.process.send_signal(signal.SIGTERM)
    capture.wait_advertisement(since=before, priority=0)
    capture.wait_advertisement(since=before, priority=100)
    addresses.wait_added(VIP, since=before)
    capture.wait_arp(since=before, sender=VIP, gratuitous=True, mac="02:00:00:77:00:02")
    probe.wait_answers()
    assert probe.longest_outage(since=before) < 5
