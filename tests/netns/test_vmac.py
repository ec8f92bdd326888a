"""Virtual MAC addresses: who answers with which, who is silent, what is put back."""

import re
import signal
import socket
import struct
import time

import pytest

from harness.configuration import configuration, instance
from harness.wait import eventually, holds_for
from harness.namespaces import mac_of
from pairs import MAC, VIP, VIP6, start_pair, wait_settled

VMAC = "00:00:5e:00:01:33"
VMAC6 = "00:00:5e:00:02:33"
USE = {"extra": ("use_vmac",)}
IPV6 = {"version": 3, "advert_int": 0.5, "addresses": ("fe80::77:100/64", f"{VIP6}/64")}


def links(node):
    return node.run("ip", "-o", "-d", "link").stdout


def setting(node, name):
    return node.run("sysctl", "-n", "net.ipv4.conf." + name).stdout.strip()


def test_every_address_is_answered_with_its_own_mac_though_the_host_filters_strictly(lab):
    for number in (1, 2):
        lab.node(number).sysctl(net__ipv4__conf__all__rp_filter=1)
    frames = lab.capture()
    strong, weak = start_pair(lab, **USE)
    frames.wait_advertisement(mac=VMAC, source="10.77.0.1", vrid=51, ttl=255)
    assert mac_of(lab.client, VIP) == VMAC
    assert mac_of(lab.client, "10.77.0.1") == MAC[1]
    assert lab.node(1).addresses("vrrp.51") == {VIP} and VIP not in lab.node(1).addresses("eth0")
    assert setting(lab.node(1), "all.rp_filter") == "1", "nothing host-wide has changed"
    frames.wait_arp(mac=VMAC, sender=VIP, target=VIP)
    strong.stop()
    weak.wait_state("active")
    frames.wait_advertisement(mac=VMAC, source="10.77.0.2", vrid=51)
    assert mac_of(lab.client, VIP) == VMAC
    assert mac_of(lab.client, "10.77.0.2") == MAC[2]
    wrong = [one for one in frames.seen(lambda one: getattr(one, "sender", None) == VIP)
             if one.sender_mac != VMAC]
    assert not wrong, "nobody names the virtual address with another MAC address"


def test_ipv6_addresses_too(lab):
    frames = lab.capture()
    strong, weak = start_pair(lab, **IPV6, **USE)
    sent = frames.wait_advertisement(mac=VMAC6, vrid=51, ttl=255)
    assert sent.source.startswith("fe80::") and sent.source != "fe80::77:100" and sent.checksum_ok
    frames.wait_neighbor_advertisement(mac=VMAC6, target=VIP6.replace("fd77:0::", "fd77::"))
    assert mac_of(lab.client, VIP6) == VMAC6
    assert mac_of(lab.client, "fd77:0::1") == MAC[1]
    strong.stop()
    weak.wait_state("active")
    assert mac_of(lab.client, VIP6) == VMAC6


def test_whatever_is_set_for_all_interfaces(lab):
    start_pair(lab, **USE)
    node = lab.node(1)
    for rp_filter in (0, 1, 2):
        for arp_ignore in (0, 1, 2):
            node.sysctl(net__ipv4__conf__all__rp_filter=rp_filter,
                        net__ipv4__conf__all__arp_ignore=arp_ignore)
            found = (mac_of(lab.client, VIP), mac_of(lab.client, "10.77.0.1"))
            assert found == (VMAC, MAC[1]), f"rp_filter {rp_filter}, arp_ignore {arp_ignore}"


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_a_backup_is_silent(lab, family):
    """Around its start, changes of role, and link flaps; also where it forwards, which makes it
    join more groups."""
    node = lab.node(2)
    node.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    mac = VMAC if family == "ipv4" else VMAC6
    settings = {**(IPV6 if family == "ipv6" else {}), **USE}
    sent = lab.frames_of(2)

    def words():
        return [one for one in sent.seen() if one.mac == mac]

    strong, weak = start_pair(lab, **settings)
    # What multicast listeners repeat comes within two seconds.
    holds_for("the Backup is silent", lambda: not words(), 2.5)
    lab.topology.plug(node, False)
    lab.topology.plug(node, True)
    node.batch("link set eth0 down", "link set eth0 up")
    weak.wait_state("backup")
    node.batch("link set vrrp.51 down")
    eventually("it is up again", lambda: ",UP" in node.run("ip", "link", "show", "vrrp.51").stdout)
    holds_for("the Backup is silent", lambda: not words(), 2.5)
    lab.client.run("ping", "-c2", "-W1", VIP if family == "ipv4" else VIP6, check=False)
    assert not words()
    strong.stop()
    weak.wait_state("active")
    eventually("the Active one speaks", words)
    strong.start()
    wait_settled(strong, weak)
    given_up = time.monotonic()
    holds_for("the Backup is silent", lambda: not [one for one in words() if one.at > given_up + 0.1],
              2.5)


def test_a_backup_forwards_nothing_that_came_to_the_virtual_mac(lab):
    """A switch that has forgotten the address floods; only the Active one may forward."""
    node = lab.node(2)
    node.sysctl(net__ipv4__ip_forward=1)
    start_pair(lab, **USE)
    sent = lab.frames_of(2)
    packet = bytes.fromhex("4500001c000000004011") + b"\0\0" + socket.inet_aton("10.77.0.250") \
        + socket.inet_aton("10.77.0.1") + struct.pack("!HHHH", 9, 9, 8, 0)
    total = sum(struct.unpack("!10H", packet[:20]))
    packet = packet[:10] + struct.pack("!H", 0xFFFF - (total % 0xFFFF)) + packet[12:]
    out = lab.switch.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    before = time.monotonic()
    with out:
        for _ in range(5):
            out.sendto(bytes.fromhex("00005e000133" "0200007700fa" "0800") + packet, ("p0-n2", 0x800))
    holds_for("nothing comes back", lambda: not [one for one in sent.seen() if one.at > before and
                                                 one.ethertype == 0x800 and one.protocol == 17], 0.5)


def test_what_somebody_else_does_to_it_is_undone_and_the_role_is_kept(lab):
    strong, weak = start_pair(lab, **USE)
    node = lab.node(1)
    for deed in ("link del vrrp.51", "link set vrrp.51 down", "address flush dev vrrp.51"):
        node.batch(deed)
        eventually(f"undone: {deed}", lambda: ",UP" in
                   node.run("ip", "link", "show", "vrrp.51", check=False).stdout and
                   node.has_address(VIP, "vrrp.51"), limit=2)
        eventually("it is reachable", lambda: mac_of(lab.client, VIP) == VMAC)
    frames = lab.capture()
    frames.wait_advertisement(mac=VMAC, vrid=51)
    assert strong.state_changes()[-1][2] == "active"
    assert weak.state_changes("VI_1") == [("VI_1", "init", "backup")]
    assert "INTERFACE_RESTORED" in strong.log()


def test_it_follows_its_interface(lab):
    only = lab.holdfast(1, configuration(instance(**USE)))
    only.wait_state("active")
    node = lab.node(1)
    node.batch("link set eth0 mtu 1400")
    eventually("the MTU follows", lambda: "mtu 1400" in
               node.run("ip", "link", "show", "vrrp.51").stdout)
    node.batch("link set eth0 mtu 1500")
    eventually("upwards too", lambda: "mtu 1500" in
               node.run("ip", "link", "show", "vrrp.51").stdout)
    node.batch("link del eth0")
    only.wait_state("fault")
    lab.switch.batch(f"link add p0-n1 type veth peer name eth0 netns {node.full_name}",
                     "link set p0-n1 master lan0 up")
    node.batch("link set eth0 up", "address add 10.77.0.1/24 dev eth0")
    only.wait_state("active")
    assert mac_of(lab.client, VIP) == VMAC


def test_nothing_is_left_at_the_end_and_settings_are_as_before(lab):
    node = lab.node(1)
    node.sysctl(net__ipv4__conf__eth0__arp_announce=1)
    only = lab.holdfast(1, configuration(instance(**USE), nftables="mine", nftables_priority="-7"))
    only.wait_state("active")
    assert "table inet mine" in node.run("nft", "list", "tables").stdout
    assert (setting(node, "eth0.arp_ignore"), setting(node, "eth0.arp_announce")) == ("1", "2")
    assert "net.ipv4.conf.eth0.arp_announce, which was 1" in only.log()
    only.stop()
    assert "macvlan" not in links(node)
    assert node.run("nft", "list", "ruleset").stdout == ""
    assert (setting(node, "eth0.arp_ignore"), setting(node, "eth0.arp_announce")) == ("0", "1")


def test_what_a_killed_one_left_goes_at_the_next_start(lab):
    node = lab.node(1)
    first = lab.holdfast(1, configuration(instance(extra=("use_vmac", "no_accept"))))
    first.wait_state("active")
    first.kill_everything()
    eventually("all of it has ended", lambda: not node.pids())
    assert "macvlan" in links(node) and "table inet" in node.run("nft", "list", "tables").stdout
    first.write(configuration(instance()))
    first.start()
    first.wait_state("active")
    assert "macvlan" not in links(node)
    assert node.run("nft", "list", "ruleset").stdout == ""
    assert setting(node, "eth0.arp_ignore") == "0"
    assert node.has_address(VIP, "eth0")


def test_traffic_goes_on_while_ipvsd_is_killed(lab):
    strong, weak = start_pair(lab, **USE)
    probe = lab.probe(VIP)
    probe.wait_answers()
    index = lab.node(1).index_of("vrrp.51")
    began = time.monotonic()
    for _ in range(3):
        old = strong.kill_role("ipvsd")
        strong.wait_successor("ipvsd", old)
        probe.wait_answers(20)
    assert probe.longest_outage(began) < 0.5
    assert lab.node(1).index_of("vrrp.51") == index
    assert weak.state_changes("VI_1") == [("VI_1", "init", "backup")]


def test_a_reload_makes_and_removes_it(lab):
    only = lab.holdfast(1, configuration(instance()))
    only.wait_state("active")
    node = lab.node(1)
    only.write(configuration(instance(**USE)))
    only.process.send_signal(signal.SIGHUP)
    eventually("it is on the virtual interface",
               lambda: "vrrp.51" in links(node) and node.has_address(VIP, "vrrp.51"))
    assert not node.has_address(VIP, "eth0")
    frames = lab.capture()
    frames.wait_advertisement(mac=VMAC)
    only.write(configuration(instance()))
    only.process.send_signal(signal.SIGHUP)
    eventually("it is gone again", lambda: "vrrp.51" not in links(node))
    assert node.has_address(VIP, "eth0")
    frames.wait_advertisement(since=time.monotonic(), mac=MAC[1])
    assert only.state() == "active"


def test_an_interface_with_the_same_parent_and_mac_is_used(lab):
    node = lab.node(1)
    node.batch(f"link add mine link eth0 address {VMAC} type macvlan mode private",
               "link set mine up")
    frames = lab.capture()
    only = lab.holdfast(1, configuration(instance(**USE)))
    only.wait_state("active")
    assert node.has_address(VIP, "mine") and "vrrp.51" not in links(node)
    frames.wait_advertisement(mac=VMAC)
    assert mac_of(lab.client, VIP) == VMAC
    only.stop()
    assert "mine" in links(node) and not node.has_address(VIP, "mine")


def causes(router):
    return [one["cause"] for one in router.vrrp()["causes"]]


def test_something_else_under_its_name_is_a_fault_with_that_cause(lab):
    node = lab.node(1)
    node.batch("link add vrrp.51 type bridge")
    only = lab.holdfast(1, configuration(instance(**USE)))
    only.wait_state("fault")
    why = (f"vrrp.51: there is an interface vrrp.51 that is no macvlan of eth0 with address {VMAC}")
    assert causes(only) == [f"virtual interface {why}"]
    only.wait_log("INTERFACE_FAILED " + re.escape(why))
    node.batch("link del vrrp.51")
    only.wait_state("active")
    assert mac_of(lab.client, VIP) == VMAC


def test_a_parent_without_room_is_a_fault_that_ends_with_it(lab):
    node = lab.node(1)
    node.batch("link add br0 type bridge", "link set eth0 master br0")
    only = lab.holdfast(1, configuration(instance(**USE)))
    only.wait_state("fault")
    assert causes(only)[0].startswith("virtual interface vrrp.51: eth0 is ")
    node.batch("link set eth0 nomaster")
    only.wait_state("active")


def test_an_active_router_whose_interface_somebody_replaces_gives_its_role_away(lab):
    strong, weak = start_pair(lab, **USE)
    node = lab.node(1)

    def replaced():
        """We make ours anew at once, and may be quicker."""
        node.run("ip", "link", "del", "vrrp.51", check=False)
        return node.run("ip", "link", "add", "vrrp.51", "type", "bridge", check=False).returncode == 0

    eventually("somebody was quicker", replaced)
    strong.wait_state("fault")
    weak.wait_state("active")
    assert not node.has_address(VIP, "vrrp.51")
    node.batch("link del vrrp.51")
    wait_settled(strong, weak)
    assert mac_of(lab.client, VIP) == VMAC


def test_a_new_name_in_the_configuration_moves_the_addresses(lab):
    only = lab.holdfast(1, configuration(instance(**USE)))
    only.wait_state("active")
    only.write(configuration(instance(extra=("use_vmac front",))))
    only.ctl("reload", "--wait")
    node = lab.node(1)
    eventually("it is on the new one", lambda: "front" in links(node) and
               node.has_address(VIP, "front"))
    assert "vrrp.51" not in links(node)
    assert mac_of(lab.client, VIP) == VMAC
    frames = lab.capture()
    frames.wait_advertisement(mac=VMAC, source="10.77.0.1")
    assert only.state() == "active"


def test_the_adverts_leave_from_the_interface_underneath_where_that_is_asked(lab):
    frames = lab.capture()
    start_pair(lab, extra=("use_vmac", "vmac_xmit_base"))
    frames.wait_advertisement(mac=MAC[1], source="10.77.0.1")
    assert not frames.advertisements(mac=VMAC)
    assert mac_of(lab.client, VIP) == VMAC


def test_a_read_only_proc_sys_stops_nothing(lab):
    node = lab.node(1)
    only = lab.holdfast(1, configuration(instance(**USE)))
    plain = only.command
    only.command = lambda: ["unshare", "-m", "sh", "-c",
                            "mount --bind -o ro /proc/sys /proc/sys && exec \"$@\"", "sh", *plain()]
    only.stop()
    only.start()
    only.wait_state("active")
    assert mac_of(lab.client, VIP) == VMAC
    assert setting(node, "eth0.arp_ignore") == "1"


@pytest.mark.parametrize("settings", [{}, IPV6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("stronger", ["holdfast", "keepalived"])
def test_with_keepalived(lab, stronger, settings):
    frames = lab.capture()
    weaker = {"holdfast": "keepalived", "keepalived": "holdfast"}[stronger]
    strong = getattr(lab, stronger)(1, configuration(instance(priority=150, **settings, **USE)))
    weak = getattr(lab, weaker)(2, configuration(instance(priority=100, **settings, **USE)))
    wait_settled(strong, weak)
    mac, address = (VMAC6, VIP6) if settings else (VMAC, VIP)
    # keepalived 2.2.7 asks for its neighbours in the name of the virtual address with its own MAC.
    wanted = {"holdfast": [mac], "keepalived": [mac, MAC[1], MAC[2]]}
    assert mac_of(lab.client, address) in wanted[stronger]
    strong.stop()
    weak.wait_state("active")
    eventually("the new one answers", lambda: mac_of(lab.client, address) in wanted[weaker])
    strong.start()
    wait_settled(strong, weak)
    assert {one.mac for one in frames.advertisements()} == {mac}


# ---- no_accept --------------------------------------------------------------------------------

REFUSE = {"extra": ("no_accept",)}


def test_packets_to_the_addresses_are_dropped_and_that_is_said(lab):
    only = lab.holdfast(1, configuration(instance(**{**IPV6, **REFUSE})))
    only.wait_state("active")
    assert lab.client.run("ping", "-c1", "-W1", VIP6, check=False).returncode != 0
    assert "02:00:00:77:00:01" in lab.client.run("ip", "neigh", "show", VIP6).stdout, \
        "Neighbor Discovery is answered all the same"
    assert lab.client.run("ping", "-c1", "-W2", "fd77:0::1").returncode == 0
    assert only.log().count("VI_1: its addresses will not answer: no_accept") == 1


def test_the_table_is_back_when_somebody_flushes_it(lab):
    only = lab.holdfast(1, configuration(instance(**REFUSE)))
    only.wait_state("active")
    node = lab.node(1)
    for deed in ("flush ruleset", "flush chain inet holdfast delivered",
                 "delete element inet holdfast no_accept_ipv4 { 10.77.0.100 }"):
        whole = node.run("nft", "list", "ruleset").stdout
        node.run("nft", deed)
        eventually(f"back after {deed}", lambda: node.run("nft", "list", "ruleset").stdout == whole,
                   limit=1)
    assert lab.client.run("ping", "-c1", "-W1", VIP, check=False).returncode != 0
    assert only.log().count("FIREWALL_RESTORED") == 3
