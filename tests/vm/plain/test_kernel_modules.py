"""What needs a module of the kernel that containers seldom have: VRF, ipvlan, MPLS, ILA."""

import pytest

from harness.configuration import block, configuration, instance
from harness.namespaces import mac_of
from harness.wait import eventually

VIP = "10.77.0.100"
VMAC = "00:00:5e:00:01:33"


def test_a_vmac_belongs_to_the_vrf_of_its_parent(lab):
    node = lab.node(1)
    node.batch("link add red type vrf table 10", "link set red up", "link set eth0 master red")
    only = lab.holdfast(1, configuration(instance(extra=("use_vmac",))))
    only.wait_state("active")
    assert "master red" in node.run("ip", "link", "show", "vrrp.51").stdout
    assert mac_of(lab.client, VIP) == VMAC
    node.batch("link set eth0 nomaster")
    eventually("it leaves it as well", lambda: "master" not in
               node.run("ip", "link", "show", "vrrp.51").stdout)
    eventually("it answers", lambda: mac_of(lab.client, VIP) == VMAC)


@pytest.mark.parametrize("kind", ["", "private ", "vepa "])
def test_an_ipvlan_carries_the_address_and_the_advertisements(lab, kind):
    strong = lab.holdfast(1, configuration(instance(
        priority=150, extra=(f"use_ipvlan {kind}ipv51 10.77.0.11/24",))))
    weak = lab.holdfast(2, configuration(instance(
        priority=100, extra=(f"use_ipvlan {kind}ipv51 10.77.0.12/24",))))
    strong.wait_state("active")
    weak.wait_state("backup")
    shown = lab.node(1).run("ip", "-d", "link", "show", "ipv51").stdout
    assert f"ipvlan  mode l2 {kind.strip() or 'bridge'}" in shown, shown
    assert lab.node(1).has_address(VIP, "ipv51")
    eventually("it answers", lambda: mac_of(lab.client, VIP) is not None)
    eventually("heard from the ipvlan's own address",
               lambda: any(each["address"] == "10.77.0.11" for each in weak.vrrp()["heard"]))
    strong.stop()
    weak.wait_state("active")
    assert lab.node(2).has_address(VIP, "ipv51")
    assert "ipv51" not in lab.node(1).run("ip", "link").stdout


# ILA takes routes to locally unique identifiers only (type 1, in the upper bits).
ROUTES = ("10.20.30.0/24 via 10.77.0.250 dev eth0 encap mpls 100/200",
          "2001:db8:30:0:2000::1/128 via fd77:0::250 dev eth0 encap ila 1:2:3:4")


def test_labels_and_locators_reach_the_kernel_as_keepalived_writes_them(lab):
    for module in ("mpls_router", "mpls_iptunnel", "ila"):
        lab.node(1).run("modprobe", module)
    text = configuration(instance(priority=150, addresses=(f"{VIP}/24",), extra=(
        block("virtual_routes", *ROUTES),)))
    ours = lab.holdfast(1, text)
    ours.wait_state("active")

    def shown(node):
        return [line for family in ("-4", "-6")
                for line in node.run("ip", "-d", family, "route").stdout.splitlines() if "encap" in line]

    eventually("both routes", lambda: len(shown(lab.node(1))) == 2)
    theirs = lab.keepalived(2, text)
    ours.stop()
    theirs.wait_state("active")
    expected = eventually("keepalived's routes", lambda: len(shown(lab.node(2))) == 2 and shown(lab.node(2)))
    theirs.stop()
    ours.start()
    ours.wait_state("active")
    assert eventually("ours again", lambda: len(shown(lab.node(1))) == 2 and shown(lab.node(1))) == expected
