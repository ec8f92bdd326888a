"""Killed, one daemon or everything at once, then started again: as process 1 of a container, with
both families, virtual MAC addresses, routes, rules and our own table."""

import os
import pathlib
import re
import signal

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually
from pairs import VIP, wait_settled

GONE = "10.77.0.101"
VIP6 = "fd77:0::100"
FOREIGN = "10.77.0.222"
ROUTE, GONE_ROUTE = "198.51.100.0/24", "203.0.113.0/24"


def both_families(priority, addresses=(VIP, GONE), routes=(ROUTE, GONE_ROUTE), ipv6=True):
    ipv4 = instance(
        "VI_1", priority=priority, version=3, advert_int=0.5,
        addresses=[f"{one}/24" for one in addresses],
        extra=("use_vmac", "no_accept",
               block("virtual_routes", *(f"{one} via 10.77.0.250 dev eth0" for one in routes)),
               block("virtual_rules", *(f"from {one} table 100 preference 77" for one in addresses))))
    other = instance("VI_6", priority=priority, version=3, advert_int=0.5, vrid=61,
                     addresses=("fe80::77:100/64", f"{VIP6}/64"), extra=("use_vmac",))
    return configuration(ipv4, *([other] if ipv6 else []))


def picture(node):
    """Everything in the kernel that may be ours, with the indices of interfaces."""
    links = re.sub(r" (state|mode|qlen) \S+", "", node.run("ip", "-o", "link").stdout)
    return (links, *(node.run(*words.split()).stdout for words in (
        "ip -o address", "ip route show table all type unicast", "ip rule", "nft list ruleset")))


def host_pid(node, role):
    """A daemon's pid as this test sees it; the daemons see those of their container."""
    for pid in node.pids():
        try:
            program = pathlib.Path(f"/proc/{pid}/exe").resolve(strict=True).name
        except OSError:
            continue
        if program == role and pathlib.Path(f"/proc/{pid}/comm").read_text().strip() != "unshare":
            return pid
    return None


def contain(router):
    """From now on it is process 1 of a namespace of processes."""
    plain = router.command
    router.command = lambda: ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *plain()]


def start_contained(lab, number, text):
    router = lab.holdfast(number, text)
    router.stop()
    contain(router)
    return router.start()


def start_pair(lab):
    strong = start_contained(lab, 1, both_families(150))
    weak = lab.holdfast(2, both_families(100))
    for name in ("VI_1", "VI_6"):
        wait_settled(strong, weak, name)
    return strong, weak


def test_a_daemon_that_is_killed_leaves_no_trace(lab):
    strong, weak = start_pair(lab)
    node, addresses = lab.node(1), lab.address_monitor(1)
    before, changes = picture(node), weak.state_changes()
    for role in ("vrrpd", "ipvsd"):
        old = host_pid(node, role)
        os.kill(old, signal.SIGKILL)
        eventually(f"a new {role}", lambda: host_pid(node, role) not in (old, None))
        for name in ("VI_1", "VI_6"):
            strong.wait_state("active", name)
        # What its successor still has to say, it says at once.
        eventually(f"ready after the loss of {role}",
                   lambda: strong.processes()[role]["state"] == "running")
        assert picture(node) == before, role
    assert addresses.seen() == []
    assert weak.state_changes() == changes


@pytest.mark.parametrize("whom", ["supervisor", "everything"])
def test_what_was_ours_and_is_wished_no_longer_goes_before_the_first_word(lab, whom):
    strong, weak = start_pair(lab)
    node = lab.node(1)
    node.batch(f"address add {FOREIGN}/24 dev eth0",
               "link add theirs link eth0 address 02:00:00:00:00:99 type macvlan mode bridge",
               "address add 192.0.2.1/24 dev theirs", "link set theirs up",
               "route add 192.0.2.128/25 via 10.77.0.250", "rule add from 192.0.2.1 preference 78")
    node.run("nft", "add table inet theirs")
    if whom == "supervisor":
        os.kill(host_pid(node, "holdfast"), signal.SIGKILL)
    else:
        strong.kill_everything()
    strong.process.wait()
    eventually("all of it has ended", lambda: not node.pids())
    for name in ("VI_1", "VI_6"):
        weak.wait_state("active", name)
    links, addresses, routes, rules, tables = picture(node)
    for left, there in ((VIP, addresses), (GONE_ROUTE, routes), (GONE, rules),
                        ("table inet holdfast", tables), ("vrrp.61", links)):
        # Orphans of the supervisor may have begun to clean up before they were ended as well.
        assert left in there or whom == "supervisor", f"nobody could remove {left}"
    strong.write(both_families(50, addresses=(VIP,), routes=(ROUTE,), ipv6=False))
    words, monitor = lab.frames_of(1), lab.address_monitor(1)
    strong.start()
    strong.wait_state("backup")
    if whom == "everything":
        for address in (VIP, GONE):
            monitor.wait_removed(address)
    links, addresses, routes, rules, tables = picture(node)
    for left, there in ((VIP, addresses), (GONE, addresses), ("fd77::100", addresses),
                        ("fe80::77:100", addresses), ("vrrp.61", links), (ROUTE, routes),
                        (GONE_ROUTE, routes), (VIP, rules), (GONE, rules), ("vrrp.61", tables),
                        (GONE, tables)):
        assert left not in there, f"{left} is there"
    assert "vrrp.51" in links and "vrrp.51" in tables, "what the Backup needs"
    for foreign, there in ((FOREIGN, addresses), ("192.0.2.1", addresses), ("theirs", links),
                           ("192.0.2.128/25", routes), ("192.0.2.1", rules),
                           ("table inet theirs", tables)):
        assert foreign in there, f"{foreign} is gone"
    assert not [one for one in words.seen() if one.mac.startswith("00:00:5e")], "a Backup is silent"
    # Its first word comes after that, and takes back only what the file has now.
    weak.stop()
    strong.wait_state("active")
    eventually("its address is back", lambda: node.has_address(VIP, "vrrp.51"))
    assert not node.has_address(GONE, "vrrp.51")
