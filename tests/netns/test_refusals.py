"""Packets that must not be believed: each kind is named in the log, counted, and changes nothing."""

import time

import pytest

from harness.configuration import block, configuration, instance
from harness.packets import Forger, advertisement, in_header, ipv4, ipv6, with_trailer
from harness.wait import eventually
from pairs import MAC

SECRET = b"0123456789abcdef0123456789abcdef"


def trailed(seconds=None, key=None, key_id=3, **how):
    return ipv4(with_trailer(advertisement(), key or SECRET, key_id,
                             time.time() if seconds is None else seconds, **how))


KEYS = block("auth_hmac", f"key 3 {SECRET.decode()}", "active_key 3")
PASS = {"version": 2, "password": "s3cret"}
AH = {"version": 2, "extra": (block("authentication", "auth_type AH", "auth_pass s3cret"),)}
V3 = {"version": 3}
V6 = {"version": 3, "addresses": ("fe80::77:100/64",)}
UNICAST = {"version": 3, "extra": ("unicast_src_ip 10.77.0.1", block(
    "unicast_peer", "10.77.0.2", "10.77.0.250 min_ttl 254"), "check_unicast_src")}


def v2(**how):
    return ipv4(advertisement(version=2, **{"auth_type": 1, "auth_data": b"s3cret", **how}))


def to_us(ttl=255, source="10.77.0.250"):
    return ipv4(advertisement(source=source, destination="10.77.0.1"), source, "10.77.0.1", ttl)


# name: settings of the instance, packet, reason in `show vrrp --json` and in the log
CASES = {
    "ttl": (V3, lambda: ipv4(advertisement(), ttl=254), "TTL or hop limit is not 255"),
    "ttl-ipv6": (V6, lambda: ipv6(advertisement(source="fe80::250", addresses=("fe80::77:100",)),
                                  hop_limit=64), "TTL or hop limit is not 255"),
    "incomplete": (V3, lambda: ipv4(advertisement(count=9)), "shorter than its address count says"),
    "version": (V3, lambda: ipv4(advertisement(version=2)), "another VRRP version"),
    "trailer": (V3, trailed, "keyed trailer, but no keys are configured"),
    "no-trailer": ({**V3, "extra": (KEYS,)}, lambda: ipv4(advertisement()),
                   "no keyed trailer, but one is demanded"),
    "trailer-malformed": ({**V3, "extra": (KEYS,)}, lambda: trailed(scheme=2),
                          "keyed trailer of an unknown scheme"),
    "trailer-stale": ({**V3, "extra": (KEYS,)}, lambda: trailed(time.time() - 60),
                      "keyed trailer of another time"),
    "trailer-key": ({**V3, "extra": (KEYS,)}, lambda: trailed(key_id=4),
                    "keyed trailer under a key that is not configured"),
    "trailer-forged": ({**V3, "extra": (KEYS,)}, lambda: trailed(key=b"x" * 32),
                       "wrong HMAC in its keyed trailer"),
    "authentication-type": (PASS, lambda: v2(auth_type=0), "another authentication type"),
    "password": (PASS, lambda: v2(auth_data=b"wrong"), "wrong password"),
    "ah-forged": (AH, lambda: in_header(advertisement(version=2, auth_type=2), b"wrong", 9),
                  "wrong sum in its authentication header"),
    "ah-malformed": (AH, lambda: in_header(advertisement(version=2, auth_type=2), b"s3cret", 9,
                                           spi="1.2.3.4"), "authentication header of another form"),
    "interval": (PASS, lambda: v2(interval=2), "advertisement interval differs"),
    "type": (V3, lambda: ipv4(advertisement(kind=2)), "not an advertisement"),
    "length": (V3, lambda: ipv4(advertisement() + bytes(8)), "octets behind the message"),
    "checksum": (V3, lambda: ipv4(advertisement(checksum=1)), "wrong checksum"),
    "checksum-ipv6": (V6, lambda: ipv6(advertisement(source="fe80::250", checksum=1,
                                                     addresses=("fe80::77:100",))),
                      "wrong checksum"),
    "destination": (V3, to_us, "its destination does not fit the configuration"),
    "no-peer": (UNICAST, lambda: to_us(source="10.77.0.9"), "its sender is no peer"),
    "peer-ttl": (UNICAST, lambda: to_us(ttl=253), "TTL or hop limit is out of the peer's range"),
}


def refused(router):
    return {row["reason"]: row["count"] for row in router.vrrp().get("refused", [])}


@pytest.mark.parametrize("case", CASES)
def test_a_refused_packet_is_named_and_counted_and_changes_nothing(make_lab, case):
    lab = make_lab(nodes=1)
    settings, packet, reason = CASES[case]
    router = lab.holdfast(1, configuration(instance(priority=100, **settings)))
    router.wait_state("active")
    forger = Forger(lab.client)
    before = router.state_changes()
    forger.send(packet(), MAC[1] if settings is UNICAST or case == "destination" else None)
    eventually(f"{reason} is counted", lambda: refused(router).get(reason) == 1)
    source = "10.77.0.9" if case == "no-peer" else "fe80::250" if settings is V6 else "10.77.0.250"
    router.wait_log(rf"VRRP_PACKET VI_1 refused from {source}: {reason}; \w+")
    assert refused(router) == {reason: 1}
    assert router.state_changes() == before and router.state() == "active"


def test_what_was_believed_once_is_a_replay(make_lab):
    lab = make_lab(nodes=1)
    router = lab.holdfast(1, configuration(
        instance("VI_1", priority=250, version=3, extra=(KEYS,)),
        instance("VI_2", vrid=52, priority=250, addresses=("10.77.0.101/24",), **AH)))
    router.wait_state("active", "VI_1")
    router.wait_state("active", "VI_2")
    forger = Forger(lab.client)
    keyed = trailed()
    wrapped = in_header(advertisement(version=2, vrid=52, auth_type=2,
                                      addresses=("10.77.0.101",)), b"s3cret", 1000)
    for packet in (keyed, keyed, wrapped, wrapped):
        forger.send(packet)
    eventually("the replay is counted",
               lambda: refused(router) == {"keyed trailer was used before": 1})
    eventually("the other one as well", lambda: {
        row["reason"]: row["count"] for row in router.vrrp("VI_2").get("refused", [])
    } == {"authentication header was used before": 1})
    counters = router.vrrp()["counters"]
    assert counters["advertisements_received"] == 1, counters


def test_a_packet_of_the_other_protocol_is_named(make_lab):
    """An authentication header where none is wanted: seen where another router uses one."""
    lab = make_lab(nodes=1)
    router = lab.holdfast(1, configuration(
        instance("VI_1", priority=250, version=2),
        instance("VI_2", vrid=52, priority=250, addresses=("10.77.0.101/24",), **AH)))
    router.wait_state("active", "VI_1")
    Forger(lab.client).send(in_header(advertisement(version=2, auth_type=2), b"s3cret", 9))
    eventually("counted", lambda: refused(router) == {
        "authentication header does not fit the configuration": 1})


def test_an_unknown_router_id_is_named_once(make_lab):
    lab = make_lab(nodes=1)
    router = lab.holdfast(1, configuration(instance(priority=100, version=3),
                                           log_unknown_vrids=""))
    router.wait_state("active")
    forger = Forger(lab.client)
    for _ in range(5):
        forger.send(ipv4(advertisement(vrid=77)))
    router.wait_log(r"VRRP_UNKNOWN 10.77.0.250 on eth0 uses virtual router id 77, which is not")
    assert router.log().count("VRRP_UNKNOWN") == 1
    assert refused(router) == {}
