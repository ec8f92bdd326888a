"""Unicast and multicast destinations, and what happens where a peer list is odd."""

import time

import pytest

from harness.configuration import block, configuration, instance
from harness.packets import Forger, advertisement, ipv4
from harness.wait import eventually, holds_for
from pairs import MAC, VIP, wait_settled


def unicast(*peers, own=None):
    source = (f"unicast_src_ip {own}",) if own else ()
    return (*source, block("unicast_peer", *peers))


def test_unicast_ttl_is_on_the_wire_and_within_the_peers_limits(lab):
    capture = lab.capture(node=lab.node(2))
    strong = lab.holdfast(1, configuration(instance(
        priority=150, version=3, advert_int=0.5,
        extra=(*unicast("10.77.0.2"), "unicast_ttl 77"))))
    weak = lab.holdfast(2, configuration(instance(
        priority=100, version=3, advert_int=0.5, extra=unicast("10.77.0.1 min_ttl 77 max_ttl 77"))))
    wait_settled(strong, weak)
    packet = capture.wait_advertisement(mac=MAC[1], priority=150)
    assert (packet.ttl, packet.source, packet.destination) == (77, "10.77.0.1", "10.77.0.2")
    assert packet.checksum_ok and weak.vrrp()["refused"] == []


def test_a_list_with_every_router_in_it_is_the_same_on_all_of_them(lab):
    everybody = unicast("10.77.0.1", "10.77.0.2", "10.77.0.3")
    strong, weak = (lab.holdfast(number, configuration(instance(
        priority=priority, version=3, advert_int=0.5, extra=everybody)))
        for number, priority in ((1, 150), (2, 100)))
    wait_settled(strong, weak)
    assert strong.vrrp()["send_errors"] == []
    strong.stop()
    weak.wait_state("active")


@pytest.mark.parametrize("peers", [(), ("10.77.0.1",)], ids=["empty", "only-ourselves"])
def test_without_a_peer_it_may_wait_in_fault(make_lab, peers):
    lab = make_lab(nodes=1)
    router = lab.holdfast(1, configuration(instance(
        priority=150, version=3, extra=(*unicast(*peers), "unicast_fault_no_peer"))))
    router.wait_state("fault")
    assert [cause["cause"] for cause in router.vrrp()["causes"]] == [
        "no unicast peer is left to speak to"]
    assert not lab.node(1).has_address(VIP)


def test_a_tracked_source_address_that_goes_is_a_fault(make_lab):
    lab = make_lab(nodes=1)
    lab.node(1).batch("address add 10.77.0.61/24 dev eth0")
    router = lab.holdfast(1, configuration(instance(
        priority=150, version=3, advert_int=0.5,
        extra=("mcast_src_ip 10.77.0.61", "track_src_ip"))))
    router.wait_state("active")
    lab.node(1).batch("address del 10.77.0.61/24 dev eth0")
    router.wait_state("fault")
    assert "10.77.0.61" in router.vrrp()["causes"][0]["cause"]
    lab.node(1).batch("address add 10.77.0.61/24 dev eth0")
    router.wait_state("active")


def test_a_unicast_router_of_a_routing_domain(lab):
    """No interface, but a VRF: n1's eth0 belongs to it. A kernel without VRFs lends us a bridge, to
    which a socket is bound in the same way."""
    vrf = lab.node(1).run("ip", "link", "add", "blue", "type", "vrf", "table", "77", check=False)
    if vrf.returncode == 0:
        lab.node(1).batch("link set blue up", "link set eth0 master blue")
    else:
        lab.node(1).batch("link add blue type bridge", "link set eth0 master blue",
                          "address flush dev eth0", "link set blue up",
                          "address add 10.77.0.1/24 dev blue")
    text = block("vrrp_instance VI_1", "vrf blue", "version 3", "virtual_router_id 51",
                 "priority 150", "advert_int 0.5", *unicast("10.77.0.2", own="10.77.0.1"),
                 block("virtual_ipaddress", "10.77.0.100/24 dev eth0"))
    strong = lab.holdfast(1, configuration(text))
    weak = lab.holdfast(2, configuration(instance(
        priority=100, version=3, advert_int=0.5, extra=unicast("10.77.0.1", own="10.77.0.2"))))
    wait_settled(strong, weak)
    strong.stop()
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)


def test_two_routers_of_one_id_in_different_groups_do_not_meet(lab):
    """Two clusters with one VRID on one network: each node has a router of either."""
    def both(first, second):
        return configuration(
            instance("A", priority=first, version=3, advert_int=0.5),
            instance("B", priority=second, version=3, advert_int=0.5, addresses=("10.77.0.101/24",),
                     extra=("mcast_dst_ip 224.0.0.55",)))
    one = lab.holdfast(1, both(150, 100))
    two = lab.holdfast(2, both(100, 150))
    wait_settled(one, two, "A")
    wait_settled(two, one, "B")
    assert one.vrrp("A")["refused"] == one.vrrp("B")["refused"] == []


def test_an_old_checksum_of_a_peer_is_answered_in_kind(make_lab):
    """As keepalived before 1.3.7 made it: with a pseudo header to the multicast group."""
    lab = make_lab(nodes=1)
    capture = lab.capture(node=lab.client)
    router = lab.holdfast(1, configuration(instance(
        priority=150, version=3, advert_int=0.5, extra=unicast("10.77.0.250", own="10.77.0.1"))))
    router.wait_state("active")
    assert capture.wait_advertisement(mac=MAC[1]).checksum_ok
    message = advertisement(priority=1, interval=0.5)  # summed up towards 224.0.0.18
    Forger(lab.client).send(ipv4(message, destination="10.77.0.1"), MAC[1])
    router.wait_log(r"VRRP_CHECKSUM VI_1 10.77.0.250 makes checksums of keepalived before 1.3.7")
    ours = capture.wait_advertisement(since=time.monotonic(), mac=MAC[1], checksum_ok=False)
    assert ours.destination == "10.77.0.250" and router.vrrp()["refused"] == []


@pytest.mark.parametrize("version,address,count,most", [
    (2, "10.77.{}.{}/16", 300, 255), (3, "fd77:0::{}:{}/64", 100, 89)], ids=["ipv4", "ipv6"])
def test_addresses_beyond_one_packet_are_held_and_not_advertised(make_lab, version, address, count,
                                                                  most):
    lab = make_lab(nodes=1)
    addresses = [address.format(8 + number // 100, 1 + number % 100) for number in range(count)]
    if version == 3:
        addresses[0] = "fe80::77:100/64"
    capture = lab.capture()
    router = lab.holdfast(1, configuration(instance(priority=150, version=version,
                                                    addresses=addresses)))
    router.wait_state("active")
    assert len(capture.wait_advertisement(priority=150).addresses) == most
    router.wait_log(rf"an advertisement holds {most} addresses")
    eventually("all are there", lambda: router.vrrp()["addresses_installed"] == count)
    holds_for("it stays Active", lambda: router.state() == "active", 1.5)
