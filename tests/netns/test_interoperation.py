"""Holdfast and keepalived side by side, each in both roles."""

import pytest

from harness.configuration import configuration, instance
from pairs import VIP, wait_settled

FLAVOURS = {
    "v2": {"version": 2},
    "v2-password": {"version": 2, "password": "s3cret"},
    "v3": {"version": 3, "advert_int": 0.5},
    "v3-ipv6": {"version": 3, "advert_int": 0.5, "addresses": ("fe80::77:100/64", "fd77:0::100/64")},
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("stronger", ["holdfast", "keepalived"])
def test_election_failover_and_preemption_with_keepalived(lab, flavour, stronger):
    settings = FLAVOURS[flavour]
    weaker = {"holdfast": "keepalived", "keepalived": "holdfast"}[stronger]
    strong = getattr(lab, stronger)(1, configuration(instance(priority=150, **settings)))
    weak = getattr(lab, weaker)(2, configuration(instance(priority=100, **settings)))
    wait_settled(strong, weak)
    strong.stop()
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)
    address = "fd77::100" if "ipv6" in flavour else VIP
    assert lab.node(1).has_address(address) and not lab.node(2).has_address(address)


def test_a_wrong_password_is_not_heard(lab):
    """Both stay Active, as keepalived behaves; the log of ours says why."""
    ours = lab.holdfast(1, configuration(instance(priority=150, password="right")))
    theirs = lab.keepalived(2, configuration(instance(priority=100, password="wrong")))
    ours.wait_state("active")
    theirs.wait_state("active")
    ours.wait_log(r"(?i)(password|authentication)")
    assert ours.state() == "active"
