"""Holdfast beside keepalived and FRR, each in both roles."""

import pytest

from harness.configuration import block, configuration, instance
from harness.frr import Frr
from harness.wait import eventually
from pairs import VIP, wait_settled

VIPS6 = ("fe80::77:100/64", "fd77:0::100/64")


def unicast(own, peer):
    return (f"unicast_src_ip {own}", block("unicast_peer", peer))


# name: settings of both routers, then of n1's and of n2's
FLAVOURS = {
    "v2": ({"version": 2}, {}, {}),
    "v2-password": ({"version": 2, "password": "s3cret"}, {}, {}),
    "v2-header": ({"version": 2, "extra": (block("authentication", "auth_type AH",
                                                 "auth_pass s3cret"),)}, {}, {}),
    "v3": ({"version": 3, "advert_int": 0.5}, {}, {}),
    "v3-ipv6": ({"version": 3, "advert_int": 0.5, "addresses": VIPS6}, {}, {}),
    "v2-unicast": ({"version": 2}, {"extra": unicast("10.77.0.1", "10.77.0.2")},
                   {"extra": unicast("10.77.0.2", "10.77.0.1")}),
    "v3-unicast": ({"version": 3, "advert_int": 0.5}, {"extra": unicast("10.77.0.1", "10.77.0.2")},
                   {"extra": unicast("10.77.0.2", "10.77.0.1")}),
    "v3-unicast-ipv6": ({"version": 3, "advert_int": 0.5, "addresses": VIPS6},
                        {"extra": unicast("fd77:0::1", "fd77:0::2")},
                        {"extra": unicast("fd77:0::2", "fd77:0::1")}),
    "v3-intervals": ({"version": 3}, {"advert_int": 0.3}, {"advert_int": 1}),
    "v2-40-addresses": ({"version": 2, "addresses": [f"10.77.0.{host}/24" for host in range(100, 140)]},
                        {}, {}),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("stronger", ["holdfast", "keepalived"])
def test_election_failover_and_preemption_with_keepalived(lab, flavour, stronger):
    both, first, second = FLAVOURS[flavour]
    weaker = {"holdfast": "keepalived", "keepalived": "holdfast"}[stronger]
    strong = getattr(lab, stronger)(1, configuration(instance(priority=150, **both, **first)))
    weak = getattr(lab, weaker)(2, configuration(instance(priority=100, **both, **second)))
    wait_settled(strong, weak)
    strong.stop()
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)
    address = "fd77::100" if "ipv6" in flavour else VIP
    assert lab.node(1).has_address(address) and not lab.node(2).has_address(address)
    ours = strong if stronger == "holdfast" else weak
    assert ours.vrrp()["refused"] == [], "nothing of the other one was refused"


def test_a_backup_learns_the_interval_of_keepalived(lab):
    """The weaker one expects one second, the stronger one speaks every two."""
    strong = lab.keepalived(1, configuration(instance(priority=150, version=3, advert_int=2)))
    weak = lab.holdfast(2, configuration(instance(priority=100, version=3, advert_int=0.5)))
    wait_settled(strong, weak)
    before = weak.state_changes()
    capture = lab.capture()
    for _ in range(3):
        capture.wait_advertisement(since=capture.wait_advertisement(priority=150).at + 0.1)
    assert weak.state_changes() == before, "it did not take over between two advertisements"
    weak.wait_log(r"VRRP_DIFFERS .* advertises every 2 ?s")


def test_a_wrong_password_is_not_heard(lab):
    """Both stay Active, as keepalived behaves; the log of ours says why."""
    ours = lab.holdfast(1, configuration(instance(priority=150, password="right")))
    theirs = lab.keepalived(2, configuration(instance(priority=100, password="wrong")))
    ours.wait_state("active")
    theirs.wait_state("active")
    ours.wait_log(r"(?i)(password|authentication)")
    assert ours.state() == "active"


def test_equal_priorities_are_decided_by_the_address_on_both_sides(lab):
    """n2 has the higher address."""
    ours = lab.holdfast(1, configuration(instance(priority=100, version=3, advert_int=0.5)))
    ours.wait_state("active")
    lab.topology.isolate(lab.node(2))
    theirs = lab.keepalived(2, configuration(instance(priority=100, version=3, advert_int=0.5)))
    theirs.wait_state("active")
    lab.topology.isolate(lab.node(2), False)
    wait_settled(theirs, ours)


def advertisements(router):
    """Sent and received."""
    counters = router.vrrp()["counters"]
    return counters["advertisements_sent"] + counters["advertisements_received"]


def test_of_two_owners_one_stays(lab):
    """Which one depends on who hears the other first: keepalived lowers itself then, whatever the addresses."""
    owner = {"priority": 255, "version": 3, "advert_int": 0.5}
    ours = lab.holdfast(1, configuration(instance(**owner)))
    ours.wait_state("active")
    theirs = lab.keepalived(2, configuration(instance(**owner, state="MASTER")))
    theirs.wait_log("Entering MASTER STATE|Entering BACKUP STATE")
    eventually("one gives way", lambda: {ours.state(), theirs.state()} == {"active", "backup"})
    stays = ours if ours.state() == "active" else theirs
    loser = theirs if stays is ours else ours
    before = advertisements(ours)
    eventually("six advertisements", lambda: advertisements(ours) >= before + 6)
    assert (stays.state(), loser.state()) == ("active", "backup")


FRR = {
    "v2": {"version": 2},
    "v3": {"version": 3, "interval": 0.5},
    "v3-ipv6": {"version": 3, "interval": 0.5, "address": "fe80::77:100"},
}


@pytest.mark.parametrize("flavour", FRR)
@pytest.mark.parametrize("stronger", ["holdfast", "frr"])
def test_election_failover_and_preemption_with_frr(lab, flavour, stronger):
    settings = FRR[flavour]
    address = settings.get("address", VIP)
    strength = {"holdfast": 150 if stronger == "holdfast" else 100}
    strength["frr"] = 250 - strength["holdfast"]
    ours = lab.holdfast(1, configuration(instance(
        priority=strength["holdfast"], version=settings["version"],
        advert_int=settings.get("interval", 1),
        addresses=(f"{address}/{64 if ':' in address else 24}",))))
    theirs = Frr(lab.node(2), priority=strength["frr"], **settings)
    lab.topology.on_close(theirs.kill_everything)
    theirs.start()
    strong, weak = (ours, theirs) if stronger == "holdfast" else (theirs, ours)
    strong.wait_state("active")
    weak.wait_state("backup")
    strong.stop()
    weak.wait_state("active")
    strong.start()
    strong.wait_state("active")
    weak.wait_state("backup")
    assert lab.node(1).has_address(address) == (stronger == "holdfast")
    heard = eventually("ours heard theirs", lambda: ours.vrrp()["heard"])
    assert [row["address"].startswith("fe80::" if ":" in address else "10.77.0.2")
            for row in heard] == [True]
    assert ours.vrrp()["refused"] == []
