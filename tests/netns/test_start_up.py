"""The start: delays, interfaces that are not ready, several hosts at once."""

import time

from harness.configuration import configuration, instance
from harness.wait import eventually, holds_for
from pairs import MAC, VIP, wait_settled

DOWN_INTERVAL = 3.4  # of priority 150 and one second, rounded down


def delayed(priority, delay=None, **how):
    settings = {"vrrp_startup_delay": delay} if delay else {}
    return configuration(instance(priority=priority, **how), **settings)


def mac_of(number):
    return MAC.get(number, f"02:00:00:77:00:{number:02x}")


def test_hosts_that_start_together_with_reloads_inside_the_delay_agree_on_one(make_lab):
    """Simultaneous boot with a reload inside the start hold-off."""
    lab = make_lab(nodes=3)
    capture = lab.capture()
    started = time.monotonic()
    routers = [lab.holdfast(number, delayed(priority, 5))
               for number, priority in ((1, 150), (2, 120), (3, 100))]
    for router in routers:
        router.wait_state("backup")
    routers[1].ctl("reload", "--wait")
    holds_for("nobody speaks", lambda: not capture.advertisements(), seconds=max(
        0.0, started + 4.5 - time.monotonic()))
    routers[2].write(delayed(100))
    routers[2].ctl("reload", "--wait")
    without_delay = time.monotonic()
    routers[0].wait_state("active")
    for router in routers[1:]:
        router.wait_state("backup")
    # In the delay and for a whole silence after it nobody spoke but the one without a delay, who
    # listened for a whole silence as well.
    assert all(one.at > without_delay + DOWN_INTERVAL or one.priority == 0
               for one in capture.advertisements(mac=mac_of(3)))
    assert all(one.at > started + 5 + DOWN_INTERVAL
               for number in (1, 2) for one in capture.advertisements(mac=mac_of(number)))
    # Nobody was Active after it had heard a better one.
    best = capture.wait_advertisement(mac=mac_of(1))
    time_to_hear = 0.5
    assert not [one for one in capture.advertisements(since=best.at + time_to_hear)
                if one.priority < 150]
    assert lab.node(1).has_address(VIP)
    assert not lab.node(2).has_address(VIP) and not lab.node(3).has_address(VIP)


def test_a_better_router_listens_before_it_takes_over(lab):
    weak = lab.holdfast(1, delayed(100))
    weak.wait_state("active")
    capture = lab.capture()
    started = time.monotonic()
    strong = lab.holdfast(2, delayed(150, 3))
    wait_settled(strong, weak)
    first = capture.wait_advertisement(mac=mac_of(2))
    assert first.at > started + 3 + DOWN_INTERVAL


def test_an_owner_waits_for_the_delay(lab):
    capture = lab.capture()
    started = time.monotonic()
    lab.holdfast(1, delayed(255, 3, state="MASTER")).wait_state("active")
    assert capture.wait_advertisement().at > started + 3


def test_the_delay_after_boot_that_is_over_delays_nothing(lab):
    lab.node(1).boot(ago=100)
    lab.holdfast(1, configuration(instance(priority=255, state="MASTER"),
                                  vrrp_delay_after_boot=99)).wait_state("active")


def test_the_delay_after_boot_is_waited_for(lab):
    lab.node(1).boot(ago=100)
    capture = lab.capture()
    booted = time.monotonic() - 100
    lab.holdfast(1, configuration(instance(priority=255, state="MASTER"),
                                  vrrp_delay_after_boot=106)).wait_state("active")
    assert capture.wait_advertisement().at > booted + 105


def test_the_delay_begins_with_the_link(lab):
    """A switch port that is down for a while after the host has booted."""
    weak = lab.holdfast(1, delayed(100))
    weak.wait_state("active")
    capture = lab.capture()
    lab.topology.plug(lab.node(2), False)
    strong = lab.holdfast(2, delayed(150, 3))
    strong.wait_state("fault")
    holds_for("the delay would be over by now", lambda: strong.state() == "fault", seconds=3.5)
    plugged = time.monotonic()
    lab.topology.plug(lab.node(2), True)
    wait_settled(strong, weak)
    assert capture.wait_advertisement(mac=mac_of(2)).at > plugged + 3 + DOWN_INTERVAL


def test_a_port_that_forwards_late_makes_no_second_active_router(lab):
    """The link is up, and the switch forwards nothing for a while."""
    strong = lab.holdfast(1, delayed(150))
    strong.wait_state("active")
    capture = lab.capture()
    lab.topology.isolate(lab.node(2))
    weak = lab.holdfast(2, delayed(100, 8))
    weak.wait_state("backup")
    holds_for("it waits", lambda: weak.state() == "backup", seconds=6)
    lab.topology.isolate(lab.node(2), False)
    eventually("it hears the other one", lambda: weak.vrrp().get("active_priority") == 150)
    holds_for("it stays Backup", lambda: weak.state() == "backup", seconds=6)
    assert not capture.advertisements(mac=mac_of(2))
    assert weak.state_changes() == [("VI_1", "init", "backup")]
