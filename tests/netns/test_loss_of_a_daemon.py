"""kill -9 of a daemon moves nothing."""

import os
import random
import signal
import statistics
import time

import pytest

from harness.configuration import configuration, instance
from harness.wait import eventually
from pairs import MAC, VIP, start_pair, wait_settled

MOMENTS = 50


def copies_on_one_node(lab, advert_int, version):
    """MOMENTS copies of Holdfast on n1, each Active for a router of its own, and one Backup for all
    of them on n2: each copy loses its vrrpd once, so no back-off blurs the figures."""
    def router(number, priority):
        return instance(f"VI_{number}", vrid=number, priority=priority, advert_int=advert_int,
                        version=version, addresses=(f"10.77.0.{100 + number}/24",))
    numbers = range(1, MOMENTS + 1)
    copies = {number: lab.holdfast(1, configuration(router(number, 150)), name=f"copy{number}")
              for number in numbers}
    for number in numbers:
        copies[number].wait_state("active", f"VI_{number}")
    peer = lab.holdfast(2, configuration(*(router(number, 100) for number in numbers)))
    for number in numbers:
        peer.wait_state("backup", f"VI_{number}")
    return copies, peer


@pytest.mark.alone
@pytest.mark.parametrize("advert_int,version", [(1, 2), (0.1, 3)], ids=["1s", "100ms"])
def test_vrrpd_is_lost_at_fifty_random_moments(lab, report_line, advert_int, version):
    copies, peer = copies_on_one_node(lab, advert_int, version)
    capture, addresses = lab.capture(), lab.address_monitor(1)
    changes_of_the_peer = peer.state_changes()
    changes = {number: copy.state_changes() for number, copy in copies.items()}
    randomness = random.Random(2024)
    pids = {number: copy.pid_of("vrrpd") for number, copy in copies.items()}
    lateness = []
    for number in copies:
        capture.wait_advertisement(since=time.monotonic(), vrid=number)
        time.sleep(randomness.random() * advert_int)  # the random moment itself
        killed = time.monotonic()
        os.kill(pids[number], signal.SIGKILL)
        successor = capture.wait_advertisement(since=killed + 0.001, vrid=number)
        predecessor = [one for one in capture.advertisements(vrid=number) if one.at < successor.at][-1]
        assert successor.priority == 150
        lateness.append(successor.at - (predecessor.at + advert_int))
    down_interval = 3 * advert_int
    report_line("restart.txt",
                f"kill -9 of vrrpd at {MOMENTS} random moments, advert_int {advert_int} s: the next "
                f"advertisement came {1000 * statistics.median(lateness):+.1f} ms (median), "
                f"{1000 * max(lateness):+.1f} ms (worst) from its predecessor's deadline; "
                f"{len(addresses.removals())} addresses removed")
    for number, copy in copies.items():
        copy.wait_successor("vrrpd", pids[number])
        assert copy.state(f"VI_{number}") == "active"
        assert copy.state_changes() == changes[number], "the successor never changes state"
    assert max(lateness) < down_interval - advert_int, "later than the peer's down interval"
    assert statistics.median(lateness) < advert_int / 5
    assert addresses.removals() == []
    assert peer.state_changes() == changes_of_the_peer
    assert capture.advertisements(mac=MAC[2]) == []


@pytest.mark.alone
def test_keepalived_loses_its_vrrp_process_for_comparison(lab, report_line):
    strong = lab.keepalived(1, configuration(instance(priority=150)))
    weak = lab.keepalived(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    capture, addresses, probe = lab.capture(), lab.address_monitor(1), lab.probe(VIP)
    probe.wait_answers(50)
    before = time.monotonic()
    os.kill(strong.vrrp_pid(), signal.SIGKILL)
    addresses.wait_removed(VIP, since=before)
    addresses.wait_added(VIP, since=before)
    capture.wait_advertisement(since=before, mac=MAC[1])
    probe.wait_answers(50)
    outage = probe.longest_outage(since=before - 1)
    report_line("restart.txt", f"keepalived, kill -9 of its VRRP process, advert_int 1 s: its address "
                f"was removed {len(addresses.removals(VIP, before))} time(s), a client waited "
                f"{outage:.2f} s")


@pytest.mark.alone
def test_a_client_does_not_notice_the_loss_of_vrrpd(lab, report_line):
    strong, weak = start_pair(lab)
    addresses, probe = lab.address_monitor(1), lab.probe(VIP)
    probe.wait_answers(50)
    before = time.monotonic()
    strong.wait_successor("vrrpd", strong.kill_role("vrrpd"))
    probe.wait_answers(50)
    outage = probe.longest_outage(since=before)
    report_line("restart.txt", f"holdfast, kill -9 of vrrpd, advert_int 1 s: its address was removed "
                f"{len(addresses.removals(VIP))} time(s), a client waited {outage:.2f} s")
    assert addresses.removals() == [] and weak.state() == "backup"
    assert strong.processes()["vrrpd"]["restarts"] == 1


def test_the_loss_of_ipvsd_removes_no_address_and_its_successor_knows_them(lab):
    strong, weak = start_pair(lab)
    addresses, capture = lab.address_monitor(1), lab.capture()
    changes = strong.state_changes(), weak.state_changes()
    strong.wait_successor("ipvsd", strong.kill_role("ipvsd"))
    eventually("the successor counts the address",
               lambda: strong.vrrp().get("addresses_installed") == 1)
    last = capture.wait_advertisement(since=time.monotonic(), priority=150)
    capture.wait_advertisement(since=last.at + 1e-6, priority=150)
    assert addresses.seen() == []
    assert changes == (strong.state_changes(), weak.state_changes())
    strong.stop()
    addresses.wait_removed(VIP)
    weak.wait_state("active")


def test_the_loss_of_both_daemons_at_once_moves_nothing(lab):
    strong, weak = start_pair(lab)
    addresses = lab.address_monitor(1)
    changes = strong.state_changes(), weak.state_changes()
    pids = {role: strong.pid_of(role) for role in ("vrrpd", "ipvsd")}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for role, pid in pids.items():
        strong.wait_successor(role, pid)
    capture = lab.capture()
    last = capture.wait_advertisement(priority=150)
    capture.wait_advertisement(since=last.at + 1e-6, priority=150)
    assert addresses.removals() == []
    assert changes == (strong.state_changes(), weak.state_changes())


def test_an_address_deleted_while_ipvsd_was_away_comes_back(lab):
    strong, _ = start_pair(lab)
    addresses = lab.address_monitor(1)
    before = time.monotonic()
    pid = strong.kill_role("ipvsd")
    lab.node(1).run("ip", "address", "del", f"{VIP}/24", "dev", "eth0", check=False)
    strong.wait_successor("ipvsd", pid)
    addresses.wait_added(VIP, since=before)
    assert strong.state() == "active"


@pytest.mark.parametrize("role", ["vrrpd", "ipvsd"])
def test_a_planned_restart_moves_nothing(lab, role):
    strong, weak = start_pair(lab)
    addresses = lab.address_monitor(1)
    changes = strong.state_changes(), weak.state_changes()
    pid = strong.pid_of(role)
    strong.ctl("restart", role)
    strong.wait_successor(role, pid)
    capture = lab.capture()
    last = capture.wait_advertisement(priority=150)
    capture.wait_advertisement(since=last.at + 1e-6, priority=150)
    assert addresses.removals() == []
    assert changes == (strong.state_changes(), weak.state_changes())
    assert capture.advertisements(priority=0) == []


def test_a_backup_whose_vrrpd_is_lost_stays_backup(lab):
    strong, weak = start_pair(lab)
    changes = weak.state_changes()
    weak.wait_successor("vrrpd", weak.kill_role("vrrpd"))
    capture = lab.capture()
    for _ in range(4):
        capture.wait_advertisement(since=time.monotonic(), mac=MAC[1])
    assert weak.state() == "backup" and strong.state() == "active"
    assert [change for change in weak.state_changes()[len(changes):] if "active" in change] == []


def test_a_daemon_that_hangs_is_replaced(lab):
    strong, weak = start_pair(lab)
    pid = strong.pid_of("vrrpd")
    os.kill(pid, signal.SIGSTOP)
    strong.wait_successor("vrrpd", pid)
    wait_settled(strong, weak)


@pytest.mark.parametrize("sticky", [False, True], ids=["preempt", "nopreempt"])
def test_who_was_stopped_reads_what_it_missed_before_it_acts(lab, sticky):
    settings = {"advert_int": 0.1, "version": 3, "extra": ("nopreempt",) if sticky else ()}
    strong = lab.holdfast(1, configuration(instance(priority=150, **settings)))
    strong.wait_state("active")
    weak = lab.holdfast(2, configuration(instance(priority=100, **settings)))
    wait_settled(strong, weak)
    capture, vrrpd = lab.capture(), strong.pid_of("vrrpd")
    os.kill(vrrpd, signal.SIGSTOP)
    weak.wait_state("active")
    continued = time.monotonic()
    os.kill(vrrpd, signal.SIGCONT)
    if sticky:
        wait_settled(weak, strong)
        eventually("n1 gives its address up", lambda: not lab.node(1).has_address(VIP))
        assert capture.advertisements(since=continued, mac=MAC[1]) == []
        assert weak.state_changes()[-1] == ("VI_1", "backup", "active")
    else:
        wait_settled(strong, weak)
        capture.wait_arp(since=continued, mac=MAC[1], sender=VIP)
