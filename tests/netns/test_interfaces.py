"""Interfaces that come, go, and change."""

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually, holds_for
from pairs import VIP, start_pair, wait_settled

VIP_INSIDE = "10.77.1.100"


def connect(lab, number, lan=0, name=None):
    """Plugs a new cable into a node, whose old one is gone."""
    node = lab.node(number)
    name = name or f"eth{lan}"
    lab.switch.batch(f"link add p{lan}-{node.name} type veth peer name {name} netns {node.full_name}",
                     f"link set p{lan}-{node.name} master lan{lan} up")
    node.batch(f"address add 10.77.{lan}.{number}/24 dev {name}", f"link set {name} up")


def group_configuration(priority):
    return configuration(
        block("vrrp_sync_group G", block("group", "inside", "outside")),
        instance("outside", interface="eth0", vrid=51, priority=priority),
        instance("inside", interface="eth1", vrid=52, priority=priority,
                 addresses=(f"{VIP_INSIDE}/24",)))


@pytest.fixture(name="group")
def _group(make_lab):
    """Two nodes with a group on two networks."""
    lab = make_lab(lans=2)
    strong = lab.holdfast(1, group_configuration(150))
    weak = lab.holdfast(2, group_configuration(100))
    for name in ("outside", "inside"):
        wait_settled(strong, weak, name)
    return lab, strong, weak


def causes_of(router, name):
    return " ".join(str(cause) for cause in router.vrrp(name).get("causes", []))


def wait_group(router, state):
    for name in ("outside", "inside"):
        router.wait_state(state, name)


def moves(router):
    """Transitions of the group's first member."""
    return [change[2] for change in router.state_changes("outside")]


def test_a_group_survives_an_interface_that_vanishes_and_returns_with_another_index(group):
    lab, strong, weak = group
    index = lab.node(1).index_of("eth1")
    lab.node(1).batch("link del eth1")
    wait_group(strong, "fault")
    assert "eth1" in causes_of(strong, "inside")
    wait_group(weak, "active")
    connect(lab, 1, lan=1)
    assert lab.node(1).index_of("eth1") != index
    wait_group(strong, "active")
    wait_group(weak, "backup")
    assert moves(strong) == ["backup", "active", "fault", "backup", "active"]
    assert moves(weak) == ["backup", "active", "backup"]
    assert lab.node(1).has_address(VIP_INSIDE, "eth1")


def test_a_group_survives_an_interface_that_is_renamed_away_and_back(group):
    lab, strong, weak = group
    lab.node(1).batch("link set eth1 down", "link set eth1 name away", "link set away up")
    wait_group(strong, "fault")
    assert "eth1" in causes_of(strong, "inside")
    wait_group(weak, "active")
    lab.node(1).batch("link set away down", "link set away name eth1", "link set eth1 up")
    wait_group(strong, "active")
    wait_group(weak, "backup")
    assert moves(strong) == ["backup", "active", "fault", "backup", "active"]


def test_a_group_starts_before_its_interface_is_there(make_lab):
    lab = make_lab(lans=2)
    lab.node(1).batch("link del eth1")
    router = lab.holdfast(1, group_configuration(150))
    wait_group(router, "fault")
    assert "eth1 does not exist" in causes_of(router, "inside")
    connect(lab, 1, lan=1)
    wait_group(router, "active")


def test_the_source_follows_a_changed_address_of_the_interface(lab):
    strong, weak = start_pair(lab)
    capture = lab.capture()
    # The virtual address becomes the primary one.
    lab.node(1).sysctl(net__ipv4__conf__eth0__promote_secondaries=1)
    lab.node(1).batch("address add 10.77.0.201/24 dev eth0", "address del 10.77.0.1/24 dev eth0")
    capture.wait_advertisement(source="10.77.0.201", priority=150)
    changes = weak.state_changes()
    assert changes == [("VI_1", "init", "backup")]
    lab.node(1).batch("address flush dev eth0 scope global")
    strong.wait_state("fault")
    assert "eth0" in causes_of(strong, "VI_1")
    weak.wait_state("active")
    lab.node(1).batch("address add 10.77.0.1/24 dev eth0")
    wait_settled(strong, weak)


def test_a_virtual_address_is_never_the_source(lab):
    """All addresses of the interface go while the virtual one is there."""
    strong, weak = start_pair(lab)
    capture = lab.capture()
    lab.node(1).batch("address del 10.77.0.1/24 dev eth0")
    strong.wait_state("fault")
    weak.wait_state("active")
    assert not capture.advertisements(source=VIP)


def test_a_changed_mtu_moves_nothing(lab):
    strong, weak = start_pair(lab)
    lab.node(1).batch("link set eth0 mtu 1400")
    holds_for("nothing moves", lambda: (strong.state(), weak.state()) == ("active", "backup"),
              seconds=2)
    assert len(strong.state_changes()) == 2


def test_interfaces_that_swap_their_names(make_lab):
    lab = make_lab(lans=2)
    router = lab.holdfast(1, configuration(instance(priority=150)))
    router.wait_state("active")
    outside, inside = lab.capture(lan=0), lab.capture(lan=1)
    outside.wait_advertisement(priority=150)
    lab.node(1).batch("link set eth0 down", "link set eth1 down", "link set eth0 name swap",
                      "link set eth1 name eth0", "link set swap name eth1",
                      "link set eth0 up", "link set eth1 up")
    inside.wait_advertisement(priority=150, source="10.77.1.1")
    router.wait_state("active")
    last = inside.wait_advertisement(priority=150).at
    holds_for("only the network of that name hears us", lambda: not [
        one for one in outside.advertisements(since=last) if one.priority], seconds=2.5)


def test_a_short_loss_of_the_link_is_not_believed(make_lab):
    lab = make_lab(lans=2)
    delays = block("interface_up_down_delays", "eth1 3 2")
    router = lab.holdfast(1, configuration(
        delays, instance(priority=150, extra=[block("track_interface", "eth1")])))
    router.wait_state("active")
    lab.topology.plug(lab.node(1), False, lan=1)
    holds_for("the role is kept", lambda: router.state() == "active", seconds=1)
    lab.topology.plug(lab.node(1), True, lan=1)
    holds_for("the role is kept", lambda: router.state() == "active", seconds=3)
    lab.topology.plug(lab.node(1), False, lan=1)
    router.wait_state("fault")
    assert len(router.state_changes()) == 3
    lab.topology.plug(lab.node(1), True, lan=1)
    holds_for("it is not believed yet", lambda: router.state() == "fault", seconds=1)
    router.wait_state("active")


def ipv6_instance(priority):
    return configuration(instance(priority=priority, addresses=("fe80::100/64", "fd77:0::100/64"),
                                  version=3))


def test_a_tentative_link_local_address_is_waited_for(lab):
    node = lab.node(1)
    node.batch("link set eth0 addrgenmode none", "address flush dev eth0 scope link")
    router = lab.holdfast(1, ipv6_instance(150))
    router.wait_state("fault")
    assert "no usable address" in causes_of(router, "VI_1")
    node.sysctl(net__ipv6__conf__eth0__accept_dad=1, net__ipv6__conf__eth0__dad_transmits=3)
    node.batch("address add fe80::1/64 dev eth0")
    router.wait_log("is still being checked|init->backup|fault->backup")
    router.wait_state("active")
    source = lab.capture().wait_advertisement().source
    assert source == "fe80::1"


def test_a_duplicate_link_local_address_is_named_and_recovers(lab):
    node = lab.node(1)
    lab.node(2).batch("address add fe80::77/64 dev eth0 nodad")
    node.batch("link set eth0 addrgenmode none", "address flush dev eth0 scope link")
    node.sysctl(net__ipv6__conf__eth0__accept_dad=1)
    node.batch("address add fe80::77/64 dev eth0")
    eventually("the kernel finds the duplicate", lambda: "dadfailed" in node.run(
        "ip", "-6", "address", "show", "dev", "eth0").stdout)
    router = lab.holdfast(1, ipv6_instance(150))
    router.wait_state("fault")
    assert "another host has the address" in causes_of(router, "VI_1")
    node.batch("address del fe80::77/64 dev eth0", "address add fe80::78/64 dev eth0")
    router.wait_state("active")
