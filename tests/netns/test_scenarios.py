"""What users of VRRP suffer from: paused hosts, one-way loss, reloads at full speed, stickiness."""

import contextlib
import itertools
import os
import re
import signal
import threading
import time

import pytest

from harness.configuration import block, configuration, instance
from harness.programs import children_of
from harness.wait import eventually, holds_for
from pairs import MAC, VIP, start_pair, wait_settled

DUAL_BEGINS = r"VRRP_DUAL VI_1 begins: {peer} \(priority {priority}\) is Active as well"
DUAL_ENDS = r"VRRP_DUAL VI_1 ends after ([0-9.]+) s: "


def family_of(router):
    return [router.pid, *children_of(router.pid)]


@contextlib.contextmanager
def frozen(router):
    """The whole program stands still, as in a paused virtual machine."""
    pids = family_of(router)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGCONT)


def client_believes(lab, number):
    """The client's neighbour entry of the virtual address is this node's."""
    entries = lab.client.run("ip", "neigh", "show", VIP).stdout
    return MAC[number] in entries


def hook(lab, number):
    """A notify script that writes down what it was called for."""
    folder = lab.node(number).folder
    script, called = folder / "hook.sh", folder / "hook.calls"
    script.write_text(f'#!/bin/sh\necho "$1" >> {called}\n')
    script.chmod(0o755)

    def calls():
        return called.read_text().split() if called.exists() else []
    return [f'notify_master "{script} master"', f'notify_backup "{script} backup"'], calls


@pytest.mark.parametrize("sticky", [False, True], ids=["preempt", "nopreempt"])
def test_a_paused_active_router_listens_before_it_speaks(lab, sticky):
    extra = ["nopreempt"] if sticky else []
    strong, weak = start_pair(lab, extra=extra)
    eventually("n2 hears n1", lambda: weak.vrrp()["active_address"] == "10.77.0.1")
    capture, addresses = lab.capture(), lab.address_monitor(1)
    probe = lab.probe(VIP)
    probe.wait_answers()
    with frozen(strong):
        weak.wait_state("active")
        taken = capture.wait_advertisement(mac=MAC[2], priority=100)
        capture.wait_advertisement(since=taken.at + 1e-6, mac=MAC[2], priority=100)
        probe.wait_answers()
        resumed = time.monotonic()
    if sticky:
        strong.wait_state("backup")
        addresses.wait_removed(VIP, since=resumed)
        assert weak.state() == "active"
        # Not one word: whoever speaks takes the role back.
        assert capture.advertisements(since=resumed, mac=MAC[1]) == []
        strong.wait_log("was stopped for .* and does not preempt")
        strong.wait_log(DUAL_BEGINS.format(peer="10.77.0.2", priority=100))
        strong.wait_log(DUAL_ENDS + "gave way while 10.77.0.2 was Active")
    else:
        weak.wait_state("backup")
        assert strong.state() == "active" and strong.state_changes()[-1] == ("VI_1", "backup", "active")
        strong.wait_log("longer than the .* s after which others take over")
        strong.wait_log(DUAL_BEGINS.format(peer="10.77.0.2", priority=100))
        strong.wait_log(DUAL_ENDS)
        weak.wait_log(DUAL_BEGINS.format(peer="10.77.0.1", priority=150))
        assert float(weak.wait_log(DUAL_ENDS + "gave way to 10.77.0.1")[1]) > 0
    owner = 2 if sticky else 1
    probe.wait_answers()
    eventually("the client's neighbour entry", lambda: client_believes(lab, owner))
    other = lab.node(1 if sticky else 2)
    assert lab.node(owner).has_address(VIP) and not other.has_address(VIP)


@contextlib.contextmanager
def deaf_to(node, mac):
    """The node drops VRRP of one host as it arrives."""
    rules = ("add table netdev deaf\n"
             "add chain netdev deaf in { type filter hook ingress device eth0 priority 0; }\n"
             f"add rule netdev deaf in ether saddr {mac} ip protocol 112 drop\n")
    node.run("nft", "-f", "-", input=rules)
    try:
        yield
    finally:
        node.run("nft", "delete", "table", "netdev", "deaf")


@contextlib.contextmanager
def output_refused(node):
    """The node's own firewall refuses to let VRRP out."""
    rules = ("add table ip refuse\n"
             "add chain ip refuse out { type filter hook output priority 0; }\n"
             "add rule ip refuse out ip protocol 112 drop\n")
    node.run("nft", "-f", "-", input=rules)
    try:
        yield
    finally:
        node.run("nft", "delete", "table", "ip", "refuse")


@pytest.mark.parametrize("how", ["lost on the way", "refused by the own firewall"])
def test_advertisements_that_go_one_way_are_named_and_healed(lab, how):
    lines, calls = hook(lab, 1)
    strong, weak = start_pair(lab, advert_int=0.2, version=3, strong={"extra": lines})
    eventually("the first call of the hook", lambda: "master" in calls())
    eventually("n2 hears n1", lambda: weak.vrrp()["active_address"] == "10.77.0.1")
    capture = lab.capture()
    before = len(calls())
    trouble = deaf_to(lab.node(2), MAC[1]) if how == "lost on the way" else output_refused(lab.node(1))
    with trouble:
        weak.wait_state("active")
        strong.wait_log(DUAL_BEGINS.format(peer="10.77.0.2", priority=100))
        # What ends within an interval may only have crossed on its way.
        eventually("n2 has spoken for a while",
                   lambda: weak.vrrp()["counters"]["advertisements_sent"] >= 4)
        row = strong.vrrp()
        assert row["state"] == "active" and row["episodes"][0]["current"]
        assert ("peer with lower priority is Active: our advertisements do not reach it"
                in row["warnings"])
        assert row["heard"][0]["address"] == "10.77.0.2"
        if how == "refused by the own firewall":
            assert "local firewall refuses advertisements" in row["warnings"]
            assert row["send_errors"][0]["errno"] == 1 and row["send_errors"][0]["count"] > 0
            strong.wait_log("VRRP_SEND VI_1 local firewall refuses advertisements")
        healed = time.monotonic()
    wait_settled(strong, weak)
    strong.wait_log(DUAL_ENDS)
    weak.wait_log(DUAL_ENDS + "gave way to 10.77.0.1")
    eventually("the hook runs again", lambda: len(calls()) > before)
    ended = eventually("the end of the episode", lambda: strong.vrrp()["episodes"][0]["end"])
    assert "10.77.0.2" in ended and strong.vrrp()["warnings"] == []
    capture.wait_arp(since=healed, sender=VIP, gratuitous=True, mac=MAC[1])
    # Once, and only once: more episodes do not come.
    holds_for("one call of the hook", lambda: calls()[before:] == ["master"], 1.5)
    about_it = [line for line in strong.log().splitlines()
                if re.search("VRRP_(DUAL|RIVAL|SEND)", line)]
    assert len(about_it) <= 4, about_it
    if how == "refused by the own firewall":
        strong.wait_log("VRRP_SEND VI_1 advertisements go out again")


def many_instances(priority, extra_address=(), extra_member=False, extra_route=()):
    """50 instances in 5 groups, 50 ms."""
    count = 51 if extra_member else 50
    blocks = []
    for number in range(count):
        addresses = [f"10.77.0.{100 + number}/24"]
        if number == 0:
            addresses += extra_address
        blocks.append(instance(f"VI_{number}", vrid=number + 1, priority=priority, version=3,
                               advert_int=0.05, addresses=addresses,
                               extra=[block("virtual_routes", *extra_route)]
                               if extra_route and number == 0 else []))
    for group in range(5):
        members = [f"VI_{number}" for number in range(count) if number % 5 == group]
        blocks.append(block(f"vrrp_sync_group G{group}", block("group", *members)))
    return configuration(*blocks)


def routes_of(node):
    return set(node.run("ip", "route").stdout.splitlines())


class Ticker:
    """What this machine does to a bare loop that wakes every `interval` seconds."""

    def __init__(self, interval):
        self._interval = interval
        self._times = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        due = time.monotonic()
        while not self._end.is_set():
            due = max(due + self._interval, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            self._times.append(time.monotonic())

    def longest_gap(self):
        self._end.set()
        self._thread.join()
        return longest_gap(self._times)


def longest_gap(times):
    return max((later - earlier for earlier, later in itertools.pairwise(times)), default=0.0)


@pytest.mark.alone
def test_two_hundred_reloads_under_fast_advertisements_move_nothing(lab, report_line):
    interval = 0.05
    strong = lab.holdfast(1, many_instances(150))
    weak = lab.holdfast(2, many_instances(100))
    for router, state in ((strong, "active"), (weak, "backup")):
        eventually(f"{router.name}: all {state}",
                   lambda r=router, s=state: len(r.show("vrrp")) == 50
                   and {row["state"] for row in r.show("vrrp")} == {s})
    pids = {name: row["pid"] for name, row in strong.processes().items()}
    changes = strong.state_changes(), weak.state_changes()
    capture, addresses, ticker = lab.capture(), lab.address_monitor(1), Ticker(interval)
    begin = time.monotonic()
    for _ in range(200):
        strong.ctl("reload", "--wait")
    end = time.monotonic()
    bare = ticker.longest_gap()
    gaps = [longest_gap([one.at for one in capture.advertisements(since=begin, vrid=vrid)
                         if one.at <= end]) for vrid in range(1, 51)]
    worst = max(gaps)
    report_line("reload.txt", f"200 reloads in {end - begin:.1f} s, 50 routers at 50 ms: longest gap "
                f"{worst * 1000:.0f} ms, median of the routers' longest {sorted(gaps)[25] * 1000:.0f} "
                f"ms; a bare ticker {bare * 1000:.0f} ms")
    assert (strong.state_changes(), weak.state_changes()) == changes, "a reload moved a role"
    assert addresses.seen() == [], "a reload touched an address"
    # Below two intervals where the machine lets a bare loop keep its time.
    assert worst < 2 * interval + 2 * max(0.0, bare - interval), (worst, bare)
    routes = routes_of(lab.node(1))
    strong.write(many_instances(150, ["10.77.0.200/24"], extra_member=True,
                                extra_route=["198.51.100.0/24 via 10.77.0.250 dev eth0 "
                                             "src 10.77.0.200"]))
    strong.ctl("reload", "--wait")
    strong.wait_state("active", "VI_50")
    eventually("the additions", lambda: len(addresses.seen()) >= 2)
    added = eventually("the route", lambda: routes_of(lab.node(1)) - routes)
    assert routes_of(lab.node(1)) >= routes and len(added) == 1, added
    assert next(iter(added)).startswith("198.51.100.0/24 via 10.77.0.250 dev eth0")
    assert {(one.added, one.address) for one in addresses.seen()} == {
        (True, "10.77.0.200"), (True, "10.77.0.150")}
    assert strong.state_changes()[:len(changes[0])] == changes[0]
    assert {name for name, *_ in strong.state_changes()[len(changes[0]):]} == {"VI_50"}
    assert pids == {name: row["pid"] for name, row in strong.processes().items()}


@pytest.mark.parametrize("priorities", [(150, 100), (100, 100), (100, 150)],
                         ids=["stronger", "equal", "weaker"])
@pytest.mark.parametrize("fault", ["stop", "kill"])
def test_a_sticky_role_moves_only_when_its_holder_is_gone(lab, priorities, fault):
    """n1 holds the role, goes, and comes back; its port forwards late."""
    settings = {"advert_int": 0.2, "version": 3, "extra": ["nopreempt"]}
    first = lab.holdfast(1, configuration(instance(priority=priorities[0], **settings)))
    first.wait_state("active")
    second = lab.holdfast(2, configuration(instance(priority=priorities[1], **settings)))
    second.wait_state("backup")
    if fault == "stop":
        first.stop()
    else:
        first.kill_everything()
    second.wait_state("active")
    capture = lab.capture()
    capture.wait_advertisement(mac=MAC[2])
    returned = time.monotonic()
    first.start()
    first.wait_state("backup")
    for _ in range(10):
        capture.wait_advertisement(since=time.monotonic(), mac=MAC[2])
    assert first.state() == "backup" and second.state() == "active"
    assert capture.advertisements(since=returned, mac=MAC[1]) == [], "spoke before it listened"
    second.stop()
    first.wait_state("active")


def test_a_sticky_role_leaves_a_holder_with_a_failed_check_and_does_not_return(lab):
    node = lab.node(1)
    flag = node.folder / "healthy"
    flag.touch()
    script = block("vrrp_script chk", f'script "/usr/bin/test -e {flag}"', "interval 1", "rise 1",
                   "fall 1")
    settings = {"advert_int": 0.2, "version": 3}
    first = lab.holdfast(1, configuration(script, instance(
        priority=150, **settings, extra=["nopreempt", block("track_script", "chk")])))
    first.wait_state("active")
    second = lab.holdfast(2, configuration(instance(priority=100, **settings, extra=["nopreempt"])))
    second.wait_state("backup")
    flag.unlink()
    first.wait_state("fault")
    second.wait_state("active")
    assert first.vrrp()["votes"][-1] == "script chk is down: fault"
    flag.touch()
    first.wait_state("backup")
    holds_for("the role stays", lambda: second.state() == "active" and first.state() == "backup", 2)
