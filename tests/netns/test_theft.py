"""Somebody else removes what an Active router owns: addresses, routes, rules."""

import os
import signal
import threading
import time

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually
from pairs import MAC, VIP, wait_settled

ROUTE = "10.20.0.0/24"
PATHS = [block("virtual_routes", f"{ROUTE} via 10.77.0.250 dev eth0 src {VIP}"),
         block("virtual_rules", f"from {VIP} table 100 preference 77")]


def router(priority, **more):
    return configuration(instance(priority=priority, advert_int=1,
                                  addresses=[VIP + "/24", "10.77.0.101/24", "fd77:0::101/64"][:2],
                                  extra=PATHS, **more))


def has_route(node):
    return ROUTE in node.run("ip", "route").stdout


def has_rule(node):
    return f"from {VIP} lookup 100" in node.run("ip", "rule").stdout


def all_there(node):
    return node.has_address(VIP) and node.has_address("10.77.0.101") and has_route(node) and has_rule(node)


@pytest.fixture
def pair(lab):
    strong = lab.holdfast(1, router(150))
    weak = lab.holdfast(2, router(100))
    wait_settled(strong, weak)
    eventually("all is there", lambda: all_there(lab.node(1)))
    return strong, weak


def test_one_by_one_and_all_at_once_without_giving_up_the_role(lab, pair, report_line):
    strong, weak = pair
    node = lab.node(1)
    changes = strong.state_changes(), weak.state_changes()
    capture = lab.capture()
    monitor = lab.address_monitor(1)
    thefts = {"address": ["ip address del 10.77.0.100/24 dev eth0"],
              "route": [f"ip route del {ROUTE}"],
              "rule": ["ip rule del pref 77"],
              "all": ["ip address flush dev eth0 to 10.77.0.100/31", "ip rule del pref 77"]}
    for what, commands in thefts.items():
        before = time.monotonic()
        for command in commands:
            node.run(*command.split(), check=False)
        eventually(f"{what} is back", lambda: all_there(node))
        if what in ("address", "all"):
            gone = monitor.wait_removed(VIP, since=before)
            back = monitor.wait_added(VIP, since=gone.at)
            assert back.at - gone.at < 0.2
            capture.wait_arp(since=before, sender=VIP, gratuitous=True, mac=MAC[1])
            report_line("theft.txt", f"{what}: the address was away for {1000 * (back.at - gone.at):.0f} ms")
    assert (strong.state_changes(), weak.state_changes()) == changes
    for event in ("ADDRESS_RESTORED", "ROUTE_RESTORED", "RULE_RESTORED"):
        assert event in strong.log()


def test_the_link_set_down_and_up_as_network_managers_do(lab, pair):
    strong, weak = pair
    node = lab.node(1)
    node.batch("link set eth0 down", "address flush dev eth0 to 10.77.0.100/31", "link set eth0 up")
    strong.wait_state("active")
    weak.wait_state("backup")
    eventually("all is there again", lambda: all_there(node))


def test_a_loop_ends_in_fault_with_its_cause_and_the_peer_takes_over(lab, pair):
    strong, weak = pair
    node = lab.node(1)
    quiet = threading.Event()

    def steal():
        while not quiet.wait(0.1):
            node.run("ip", "address", "del", VIP + "/24", "dev", "eth0", check=False)

    thief = threading.Thread(target=steal)
    thief.start()
    try:
        strong.wait_state("fault")
        weak.wait_state("active")
        assert "CONTESTED" in strong.log()
        causes = str(strong.vrrp())
        assert "contested" in causes or "removed by another" in causes
        eventually("the peer has the address", lambda: lab.node(2).has_address(VIP))
    finally:
        quiet.set()
        thief.join()
    strong.wait_state("active")
    weak.wait_state("backup")
    eventually("all is there again", lambda: all_there(node))


@pytest.mark.parametrize("daemon", ["ipvsd", "vrrpd"])
def test_kill_of_a_daemon_leaves_routes_and_rules_alone(lab, pair, daemon):
    strong, weak = pair
    node = lab.node(1)
    watch = node.popen("ip", "monitor", "route", "rule", stdout=(lab.node(1).folder / "monitor").open("w"))
    pid = strong.pid_of(daemon)
    os.kill(pid, signal.SIGKILL)
    strong.wait_successor(daemon, pid)
    strong.wait_state("active")
    assert all_there(node)
    watch.kill()
    watch.wait()
    seen = (node.folder / "monitor").read_text()
    assert ROUTE not in seen and "lookup 100" not in seen, seen


def test_what_is_static_needs_no_router_and_is_put_back(lab):
    node = lab.node(1)
    holdfast = lab.holdfast(1, configuration(
        block("static_ipaddress", "10.88.0.1/24 dev eth0"),
        block("static_routes", "10.89.0.0/24 via 10.88.0.2 dev eth0"),
        block("static_rules", "from 10.88.0.1 table 100 preference 55")))

    def there():
        return (node.has_address("10.88.0.1") and "10.89.0.0/24" in node.run("ip", "route").stdout
                and "from 10.88.0.1 lookup 100" in node.run("ip", "rule").stdout)
    eventually("the statics are there", there)
    node.run("ip", "address", "del", "10.88.0.1/24", "dev", "eth0")
    node.run("ip", "rule", "del", "pref", "55")
    eventually("they are back", there)
    node.run("ip", "link", "set", "eth0", "down")
    eventually("the route went with the link",
               lambda: "10.89.0.0/24" not in node.run("ip", "route").stdout)
    node.run("ip", "link", "set", "eth0", "up")
    eventually("they are back with the link", there)
    assert holdfast.stop() == 0
    assert not node.has_address("10.88.0.1")
    assert "10.88.0.1" not in node.run("ip", "rule").stdout


def test_two_thousand_addresses_and_five_hundred_routes_in_one_router(lab, report_line):
    node = lab.node(1)
    many = [f"10.{100 + i // 250}.{i % 250}.1/32" for i in range(2000)]
    routes = [f"10.200.{i // 250}.{i % 250}/32 via 10.77.0.250 dev eth0" for i in range(500)]
    extra = [block("virtual_ipaddress_excluded", *(f"{a} dev eth0" for a in many)),
             block("virtual_routes", *routes)]
    strong = lab.holdfast(1, configuration(instance(priority=200, extra=extra)))
    strong.wait_state("active")
    eventually("all addresses and routes", lambda: (
        len(node.addresses()) >= 2001
        and node.run("ip", "route", "show", "proto", "keepalived").stdout.count("10.200.") == 500))
    node.run("ip", "route", "flush", "proto", "keepalived")
    eventually("all routes are back", lambda: node.run(
        "ip", "route", "show", "proto", "keepalived").stdout.count("10.200.") == 500)
    assert strong.state("VI_1") == "active"
    assert strong.stop() == 0
    assert len(node.addresses()) < 10
    assert "10.200." not in node.run("ip", "route").stdout
