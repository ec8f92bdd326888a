"""Trackers and sync groups."""

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually
from pairs import VIP, start_pair, wait_settled


def down_file_configuration(folder, priority):
    """The tutorials' script: a file called `down` lowers the priority by 5."""
    down = folder / "down"
    return configuration(
        block("vrrp_script chk_down",
              f'script "/bin/sh -c \'[ ! -f {down} ]\'"', "interval 1", "weight -5"),
        instance(priority=priority, extra=[block("track_script", "chk_down")]))


def test_the_down_file_of_the_tutorials_moves_the_address_and_back(lab):
    folder = lab.node(1).folder
    strong = lab.holdfast(1, down_file_configuration(folder, 100))
    weak = lab.holdfast(2, configuration(instance(priority=98)))
    wait_settled(strong, weak)
    (folder / "down").touch()
    wait_settled(weak, strong)
    assert strong.vrrp()["effective_priority"] == 95
    assert lab.node(2).has_address(VIP) and not lab.node(1).has_address(VIP)
    (folder / "down").unlink()
    wait_settled(strong, weak)
    assert strong.vrrp()["effective_priority"] == 100


def test_a_script_without_weight_is_a_fault(lab):
    folder = lab.node(1).folder
    script = folder / "check"
    script.write_text("#!/bin/sh\n[ ! -e \"$(dirname \"$0\")/down\" ]\n")
    script.chmod(0o755)
    strong = lab.holdfast(1, configuration(
        block("vrrp_script check", f"script {script}", "interval 1", "fall 2", "rise 2"),
        instance(priority=150, extra=[block("track_script", "check")])))
    weak = lab.holdfast(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    (folder / "down").touch()
    strong.wait_state("fault")
    assert any("check" in str(cause) for cause in strong.vrrp()["causes"])
    weak.wait_state("active")
    (folder / "down").unlink()
    wait_settled(strong, weak)


def test_a_tracked_interface_with_weight_lowers_the_priority(make_lab):
    lab = make_lab(lans=2)
    strong, weak = start_pair(lab, strong={
        "priority": 120, "extra": [block("track_interface", "eth1 weight -30")]})
    lab.topology.plug(lab.node(1), False, lan=1)
    wait_settled(weak, strong)
    assert strong.vrrp()["effective_priority"] == 90
    lab.topology.plug(lab.node(1), True, lan=1)
    wait_settled(strong, weak)


def test_a_tracked_interface_without_weight_is_a_fault(make_lab):
    lab = make_lab(lans=2)
    strong, weak = start_pair(lab, strong={"extra": [block("track_interface", "eth1")]})
    lab.node(1).batch("link set eth1 down")
    strong.wait_state("fault")
    weak.wait_state("active")
    lab.node(1).batch("link set eth1 up")
    wait_settled(strong, weak)


def group_configuration(priority):
    return configuration(
        block("vrrp_sync_group G", block("group", "inside", "outside")),
        instance("outside", interface="eth0", vrid=51, priority=priority),
        instance("inside", interface="eth1", vrid=52, priority=priority,
                 addresses=("10.77.1.100/24",)))


@pytest.mark.parametrize("broken_lan", [0, 1], ids=["outside", "inside"])
def test_a_sync_group_moves_as_one(make_lab, broken_lan):
    lab = make_lab(lans=2)
    strong = lab.holdfast(1, group_configuration(150))
    weak = lab.holdfast(2, group_configuration(100))

    def settled(active, backup):
        for name in ("outside", "inside"):
            active.wait_state("active", name)
        for name in ("outside", "inside"):
            eventually(f"{backup.name} {name}", lambda: backup.state(name) in ("backup", "fault"))

    settled(strong, weak)
    lab.topology.plug(lab.node(1), False, lan=broken_lan)
    settled(weak, strong)
    assert not lab.node(1).has_address(VIP)
    assert not lab.node(1).has_address("10.77.1.100", "eth1")
    lab.topology.plug(lab.node(1), True, lan=broken_lan)
    settled(strong, weak)


def test_a_group_with_one_dead_side_never_is_active(make_lab):
    lab = make_lab(lans=2)
    lab.topology.plug(lab.node(1), False, lan=1)
    capture = lab.capture()
    router = lab.holdfast(1, group_configuration(150))
    router.wait_state("fault", "inside")
    router.wait_state("fault", "outside")
    assert capture.advertisements(priority=150) == []
