"""An address is added to a pair, one node after the other: nobody gives up the role meanwhile."""

import time

from harness.configuration import configuration, instance
from harness.wait import eventually
from pairs import MAC, VIP, wait_settled

SECOND = "10.77.0.101"


def router(priority, *addresses):
    return configuration(instance(priority=priority, advert_int=1, version=3,
                                  addresses=[f"{each}/24" for each in addresses]))


def test_a_new_address_reaches_both_nodes_without_a_change_of_roles(lab):
    strong = lab.holdfast(1, router(150, VIP))
    weak = lab.holdfast(2, router(100, VIP))
    wait_settled(strong, weak)
    capture = lab.capture()
    monitor = lab.address_monitor(1)
    changes = strong.state_changes(), weak.state_changes()

    before = time.monotonic()
    strong.write(router(150, VIP, SECOND))
    strong.ctl("reload", "--wait")
    eventually("the Active one has it", lambda: lab.node(1).has_address(SECOND))
    capture.wait_arp(since=before, sender=SECOND, gratuitous=True, mac=MAC[1])
    weak.wait_log(rf"VRRP_DIFFERS.*10\.77\.0\.1 advertises other addresses.*also {SECOND}")
    assert not lab.node(2).has_address(SECOND)

    weak.write(router(100, VIP, SECOND))
    weak.ctl("reload", "--wait")
    eventually("the other one knows it", lambda: len(weak.vrrp()["addresses"]) == 2)
    assert (strong.state_changes(), weak.state_changes()) == changes
    assert monitor.removals() == []
    strong.stop()
    weak.wait_state("active")
    assert lab.node(2).has_address(VIP) and lab.node(2).has_address(SECOND)
