"""A reload is a transaction: all of it or nothing."""

import re
import signal

import pytest

from harness.configuration import configuration, instance
from harness.wait import eventually
from pairs import VIP, start_pair, wait_settled

GOOD = instance(priority=150)


def numbered(text, marker):
    """The number of the last line that contains the marker."""
    return max(number for number, line in enumerate(text.splitlines(), 1) if marker in line)


def broken(marker, *blocks):
    text = configuration(*blocks)
    return text, numbered(text, marker)


# Each is (text, line that the message must name). keepalived complains about all of them.
BROKEN = {
    "a missing closing brace": (configuration(GOOD).rstrip()[:-1] + "\n", None),
    "a misspelt keyword": broken("virtual_router_di", GOOD.replace("virtual_router_id",
                                                                    "virtual_router_di")),
    "a misspelt global keyword": broken("stmp_connect_timeout", "global_defs {\n"
                                        "stmp_connect_timeout 30\n}", GOOD),
    "a VRID out of range": broken("virtual_router_id 300", GOOD.replace("id 51", "id 300")),
    "an address that is none": broken("10.77.0.999", GOOD.replace("10.77.0.100", "10.77.0.999")),
    "a priority that is no number": broken("priority high", GOOD.replace("priority 150",
                                                                         "priority high")),
    "an unknown state": broken("state SALVE", GOOD.replace("state BACKUP", "state SALVE")),
    "a VRID used twice": broken("virtual_router_id 51", GOOD,
                                instance("VI_2", addresses=("10.77.0.102/24",))),
    "an advertisement interval of nothing": broken("advert_int 0", GOOD.replace("advert_int 1",
                                                                                "advert_int 0")),
    "a value that is missing": broken("priority", GOOD.replace("priority 150", "priority")),
}


@pytest.fixture(scope="module")
def pair(request):
    """One running pair for all of them: nothing may happen to it, whatever is sent."""
    from conftest import Lab
    lab = Lab()
    request.addfinalizer(lab.topology.close)
    strong, weak = start_pair(lab)
    return lab, strong, weak


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_configuration_is_refused_with_its_place_and_nothing_else_happens(pair, what):
    lab, strong, weak = pair
    text, line = BROKEN[what]
    capture, addresses = lab.capture(), lab.address_monitor(1)
    pids = {name: row["pid"] for name, row in strong.processes().items()}
    changes = strong.state_changes(), weak.state_changes()
    since = strong.vrrp()["since_timestamp_seconds"]
    strong.write(text)
    refused = strong.ctl("reload", "--wait", check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode != 0, said
    places = re.findall(r"keepalived\.conf:(\d+):\d+: (?:fatal|error): .+", said)
    assert places and (line is None or str(line) in places), said
    last = capture.wait_advertisement(priority=150)
    capture.wait_advertisement(since=last.at + 1e-6, priority=150)
    assert pids == {name: row["pid"] for name, row in strong.processes().items()}
    assert changes == (strong.state_changes(), weak.state_changes())
    assert since == strong.vrrp()["since_timestamp_seconds"]
    assert addresses.seen() == [] and lab.node(1).has_address(VIP)


def test_a_reload_adds_and_removes_instances_and_leaves_the_others_alone(lab):
    strong, _ = start_pair(lab)
    addresses, capture = lab.address_monitor(1), lab.capture()
    pids = {name: row["pid"] for name, row in strong.processes().items()}
    second = instance("VI_2", vrid=52, priority=150, addresses=("10.77.0.102/24",))
    strong.write(configuration(GOOD, second))
    strong.ctl("reload", "--wait")
    strong.wait_state("active", "VI_2")
    addresses.wait_added("10.77.0.102")
    strong.write(configuration(GOOD))
    strong.ctl("reload", "--wait")
    capture.wait_advertisement(vrid=52, priority=0)
    addresses.wait_removed("10.77.0.102")
    assert addresses.removals(VIP) == []
    assert capture.advertisements(vrid=51, priority=0) == []
    assert pids == {name: row["pid"] for name, row in strong.processes().items()}


def test_a_signal_reloads_and_a_new_priority_moves_the_address(lab):
    strong, weak = start_pair(lab)
    strong.write(configuration(instance(priority=50)))
    strong.process.send_signal(signal.SIGHUP)
    weak.wait_state("active")
    strong.wait_state("backup")
    eventually("the new priority", lambda: strong.vrrp()["effective_priority"] == 50)


def test_an_address_added_by_reload_appears_and_the_others_stay(lab):
    strong, _ = start_pair(lab)
    addresses = lab.address_monitor(1)
    strong.write(configuration(instance(priority=150,
                                        addresses=(f"{VIP}/24", "10.77.0.103/24"))))
    strong.ctl("reload", "--wait")
    addresses.wait_added("10.77.0.103")
    assert addresses.removals(VIP) == []


def test_another_virtual_router_id_is_taken_by_the_running_daemons(lab):
    strong, weak = start_pair(lab, advert_int=0.1, version=3)
    capture = lab.capture()
    pids = {name: row["pid"] for name, row in strong.processes().items()}
    for router, priority in ((strong, 150), (weak, 100)):
        router.write(configuration(instance(vrid=52, priority=priority, advert_int=0.1, version=3)))
        router.ctl("reload", "--wait")
    capture.wait_advertisement(vrid=51, priority=0)
    capture.wait_advertisement(vrid=52, priority=150)
    wait_settled(strong, weak)
    eventually("the address", lambda: lab.node(1).has_address(VIP))
    assert pids == {name: row["pid"] for name, row in strong.processes().items()}


def test_a_hundred_reloads_change_nothing(lab):
    strong, weak = start_pair(lab)
    addresses = lab.address_monitor(1)
    row = strong.vrrp()
    for _ in range(100):
        strong.ctl("reload", "--wait")
    assert strong.vrrp()["since_timestamp_seconds"] == row["since_timestamp_seconds"]
    assert addresses.seen() == [] and weak.state() == "backup"
    assert strong.processes()["vrrpd"]["restarts"] == 0
