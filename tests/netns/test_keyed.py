"""auth_hmac between real programs: modes, change of keys, restarts."""

import time

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually
from pairs import MAC, VIP, start_pair, wait_settled

OLD, NEW = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"


def keys(active=1, *more, known=((1, OLD),)):
    return block("auth_hmac", *(f"key {number} {text}" for number, text in known),
                 f"active_key {active}", *more)


@pytest.mark.parametrize("settings", [
    {"version": 2}, {"version": 3, "advert_int": 0.5},
    {"version": 3, "advert_int": 0.5, "addresses": ("fe80::77:100/64", "fd77:0::100/64")},
], ids=["v2", "v3", "v3-ipv6"])
def test_routers_with_one_key_elect_and_fail_over(lab, settings):
    strong, weak = start_pair(lab, **settings, extra=[keys()])
    strong.stop()
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)
    assert strong.vrrp()["refused"] == weak.vrrp()["refused"] == []


def test_keys_are_brought_in_and_changed_without_a_second_active_router(lab):
    """receive-only everywhere, then permissive, then enforce, then another key, by reloads."""
    strong, weak = start_pair(lab, version=3, advert_int=0.5)
    settled = strong.state_changes(), weak.state_changes()
    both = ((1, OLD), (2, NEW))
    for step in (keys(1, "mode receive-only"), keys(1, "mode permissive"), keys(1),
                 keys(1, known=both), keys(2, known=both), keys(2, known=((2, NEW),))):
        for router, priority in ((weak, 100), (strong, 150)):
            loaded = router.log().count("RELOAD_OK")
            router.write(configuration(instance(priority=priority, version=3, advert_int=0.5,
                                                extra=[step])))
            router.ctl("reload")
            eventually("it is loaded", lambda: router.log().count("RELOAD_OK") > loaded)
        received = weak.vrrp()["counters"]["advertisements_received"]
        eventually("the weak one hears the strong one", lambda: weak.vrrp()["counters"][
            "advertisements_received"] >= received + 3)
    assert (strong.state_changes(), weak.state_changes()) == settled
    assert strong.vrrp()["refused"] == weak.vrrp()["refused"] == []


@pytest.mark.parametrize("proof", [
    keys(), keys(1, "anti_replay monotonic"),
    block("authentication", "auth_type AH", "auth_pass s3cret")],
    ids=["hmac-time", "hmac-monotonic", "header"])
def test_a_restart_of_vrrpd_goes_on_where_it_was(lab, proof):
    """What its successor says is newer than what was said before, so nobody takes over."""
    version = 2 if "AH" in proof else 3
    strong, weak = start_pair(lab, version=version, extra=[proof])
    settled = weak.state_changes()
    strong.wait_successor("vrrpd", strong.kill_role("vrrpd"))
    received = weak.vrrp()["counters"]["advertisements_received"]
    eventually("the weak one goes on hearing it", lambda: weak.vrrp()["counters"][
        "advertisements_received"] >= received + 4)
    assert weak.state_changes() == settled
    assert weak.vrrp()["refused"] == []


def test_without_the_key_nobody_is_heard(lab):
    strong = lab.holdfast(1, configuration(instance(priority=150, version=3, extra=[keys()])))
    strong.wait_state("active")
    capture = lab.capture()
    stranger = lab.keepalived(2, configuration(instance(priority=200, version=3)))
    stranger.wait_state("active")
    capture.wait_advertisement(mac=MAC[2], priority=200)
    strong.wait_log("no keyed trailer, but one is demanded; configure auth_hmac there")
    assert strong.state() == "active" and lab.node(1).has_address(VIP)
    assert capture.wait_advertisement(since=time.monotonic(), mac=MAC[1]).priority == 150
