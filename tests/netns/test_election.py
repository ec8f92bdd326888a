"""Who becomes Active, when, and how the others hear of it."""

import time

import pytest

from harness.configuration import configuration, instance
from harness.wait import eventually
from pairs import MAC, VIP, start_pair, wait_settled


def test_the_higher_priority_becomes_active_and_only_it_has_the_address(lab):
    capture = lab.capture()
    strong, weak = start_pair(lab)
    assert lab.node(1).has_address(VIP) and not lab.node(2).has_address(VIP)
    row = strong.vrrp()
    assert (row["vrid"], row["interface"], row["effective_priority"]) == (51, "eth0", 150)
    assert row["addresses_installed"] == len(row["addresses"]) == 1
    capture.wait_arp(sender=VIP, gratuitous=True, mac=MAC[1])
    lab.probe(VIP).wait_answers()
    assert weak.vrrp()["addresses_installed"] == 0


def test_equal_priorities_are_decided_by_the_higher_address(lab):
    first = lab.holdfast(1, configuration(instance(priority=100)))
    first.wait_state("active")
    lab.topology.isolate(lab.node(2))
    second = lab.holdfast(2, configuration(instance(priority=100)))
    second.wait_state("active")
    lab.topology.isolate(lab.node(2), False)
    wait_settled(second, first)


def test_a_graceful_stop_hands_over_within_skew_time(lab):
    capture = lab.capture()
    strong, weak = start_pair(lab)
    addresses = lab.address_monitor(1)
    before = time.monotonic()
    assert strong.stop() == 0
    farewell = capture.wait_advertisement(since=before, mac=MAC[1], priority=0)
    takeover = capture.wait_advertisement(since=before, mac=MAC[2], priority=100)
    assert takeover.at - farewell.at < 3.0, "that was the down interval, not skew time"
    addresses.wait_removed(VIP, since=before)
    weak.wait_state("active")
    assert not lab.node(1).has_address(VIP) and lab.node(2).has_address(VIP)


def test_a_host_that_falls_silent_is_replaced_and_takes_over_again(lab):
    capture = lab.capture()
    strong, weak = start_pair(lab)
    probe = lab.probe(VIP)
    probe.wait_answers()
    before = time.monotonic()
    lab.topology.isolate(lab.node(1))
    weak.wait_state("active")
    capture.wait_arp(since=before, sender=VIP, gratuitous=True, mac=MAC[2])
    probe.wait_answers()
    healed = time.monotonic()
    lab.topology.isolate(lab.node(1), False)
    weak.wait_state("backup")
    assert strong.state() == "active"
    eventually("one owner of the address", lambda: not lab.node(2).has_address(VIP))
    probe.wait_answers()
    capture.wait_advertisement(since=healed, mac=MAC[1], priority=150)


def test_link_down_is_a_fault_with_its_cause_and_the_peer_takes_over(lab):
    strong, weak = start_pair(lab)
    lab.topology.plug(lab.node(1), False)
    strong.wait_state("fault")
    assert any("eth0" in str(cause) for cause in strong.vrrp()["causes"])
    assert not lab.node(1).has_address(VIP)
    weak.wait_state("active")
    lab.topology.plug(lab.node(1), True)
    wait_settled(strong, weak)


def test_the_stronger_one_preempts_when_it_returns(lab):
    strong, weak = start_pair(lab)
    strong.stop()
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)


def test_with_nopreempt_the_stronger_one_stays_backup(lab):
    strong, weak = start_pair(lab, extra=["nopreempt"])
    strong.stop()
    weak.wait_state("active")
    capture = lab.capture()
    strong.start()
    strong.wait_state("backup")
    # Longer than the down interval of either: three further advertisements of the weak one pass.
    for _ in range(5):
        capture.wait_advertisement(since=time.monotonic(), mac=MAC[2])
    assert strong.state() == "backup" and weak.state() == "active"


@pytest.mark.parametrize("address,settings", [
    ("10.77.0.100/24", {"version": 3, "advert_int": 0.1}),
    ("fd77:0::100/64", {"version": 3, "advert_int": 0.1}),
    ("fd77:0::100/64", {"version": 3}),
], ids=["ipv4-100ms", "ipv6-100ms", "ipv6-1s"])
def test_version_3_elects_and_fails_over(lab, address, settings):
    addresses = ("fe80::77:100/64", address) if ":" in address else (address,)
    strong, weak = start_pair(lab, addresses=addresses, **settings)
    strong.stop()
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)


def test_gratuitous_neighbor_advertisements_move_an_ipv6_address(lab):
    capture = lab.capture()
    start_pair(lab, addresses=("fe80::77:100/64", "fd77:0::100/64"), version=3)
    announcement = capture.wait_neighbor_advertisement(target="fd77::100", mac=MAC[1])
    assert announcement.hop_limit == 255 and announcement.override and not announcement.solicited


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["holdfast", "keepalived"])
@pytest.mark.parametrize("advert_int,version", [(1, 2), (0.1, 3)], ids=["v2-1s", "v3-100ms"])
def test_figures_of_a_lost_host(lab, report_line, kind, advert_int, version):
    """No judgement: how long a client waits when the Active host falls silent."""
    start = getattr(lab, kind)
    settings = {"advert_int": advert_int, "version": version}
    strong = start(1, configuration(instance(priority=150, **settings)))
    weak = start(2, configuration(instance(priority=100, **settings)))
    wait_settled(strong, weak)
    probe = lab.probe(VIP)
    probe.wait_answers(50)
    before = time.monotonic()
    lab.topology.isolate(lab.node(1))
    weak.wait_state("active")
    probe.wait_answers(50)
    report_line("failover.txt", f"host lost, {kind}, version {version}, advert_int {advert_int} s: "
                f"a client waited {probe.longest_outage(since=before - 1):.3f} s")
