"""Tracked files and processes."""

import os
import shutil
import subprocess

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually, holds_for
from pairs import VIP, wait_settled


def file_configuration(path, *lines, priority=150, tracked="load"):
    return configuration(block("track_file load", f'file "{path}"', *lines),
                         instance(priority=priority, extra=[block("track_file", tracked)]))


def wait_priority(router, priority):
    eventually(f"{router.name} has priority {priority}",
               lambda: router.vrrp().get("effective_priority") == priority)


def test_the_number_in_a_file_moves_the_address(lab):
    path = lab.node(1).folder / "load"
    strong = lab.holdfast(1, file_configuration(path))
    weak = lab.holdfast(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    path.write_text("-60\n")
    wait_settled(weak, strong)
    assert strong.vrrp()["effective_priority"] == 90
    assert lab.node(2).has_address(VIP) and not lab.node(1).has_address(VIP)
    new = path.with_name("new")
    new.write_text("0x10")
    new.rename(path)
    wait_settled(strong, weak)
    assert strong.vrrp()["effective_priority"] == 166
    path.unlink()
    wait_priority(strong, 150)


def test_a_file_that_says_minus_254_is_a_fault_and_names_itself(lab):
    path = lab.node(1).folder / "load"
    path.write_text("-254\n")
    router = lab.holdfast(1, file_configuration(path))
    router.wait_state("fault")
    assert any("load" in str(cause) for cause in router.vrrp()["causes"])
    path.write_text("-253\n")
    router.wait_state("active")
    assert router.vrrp()["effective_priority"] == 1


def test_a_file_without_weight_is_a_fault_with_any_number_but_zero(lab):
    path = lab.node(1).folder / "load"
    router = lab.holdfast(1, file_configuration(path, "weight 0"))
    router.wait_state("active")
    path.write_text("1\n")
    router.wait_state("fault")
    path.write_text("0\n")
    router.wait_state("active")


def test_the_folder_of_a_file_may_vanish_and_come_back(lab):
    folder = lab.node(1).folder / "state"
    folder.mkdir()
    (folder / "load").write_text("20\n")
    router = lab.holdfast(1, file_configuration(folder / "load", "weight 2"))
    wait_priority(router, 190)
    shutil.rmtree(folder)
    wait_priority(router, 150)
    folder.mkdir()
    (folder / "load").write_text("-5\n")
    wait_priority(router, 140)


def test_the_initial_number_is_written_and_a_restarted_vrrpd_knows_it(lab):
    path = lab.node(1).folder / "load"
    router = lab.holdfast(1, file_configuration(path, "init_file 30"))
    router.wait_state("active")
    assert path.read_text() == "30\n"
    wait_priority(router, 180)
    path.write_text("31\n")
    wait_priority(router, 181)
    pid = router.kill_role("vrrpd")
    router.wait_successor("vrrpd", pid)
    wait_priority(router, 181)
    assert router.state_changes()[-1][2] == "active"


def test_a_reload_changes_what_is_tracked(lab):
    path = lab.node(1).folder / "load"
    path.write_text("7\n")
    router = lab.holdfast(1, configuration(instance(priority=150)))
    router.wait_state("active")
    changes = router.state_changes()
    router.write(file_configuration(path))
    router.ctl("reload", "--wait")
    wait_priority(router, 157)
    router.write(file_configuration(path, tracked="load weight -3"))
    router.ctl("reload", "--wait")
    wait_priority(router, 129)
    router.write(configuration(instance(priority=150)))
    router.ctl("reload", "--wait")
    wait_priority(router, 150)
    path.write_text("8\n")  # nobody cares any more
    assert router.state_changes() == changes


@pytest.fixture(name="daemon")
def _daemon(lab):
    """Starts and ends programs of one name, in the node's namespace."""
    path = lab.node(1).folder / f"hfd{os.getpid()}"
    shutil.copy("/bin/sleep", path)
    running = []

    class Daemon:
        name = path.name

        @staticmethod
        def start(seconds=1000):
            running.append(subprocess.Popen([path, str(seconds)], stdin=subprocess.DEVNULL))

        @staticmethod
        def end():
            one = running.pop()
            one.kill()
            one.wait()

    yield Daemon
    while running:
        Daemon.end()


def process_configuration(name, *lines, priority=150):
    return configuration(block("vrrp_track_process daemon", f"process {name}", *lines),
                         instance(priority=priority, extra=[block("track_process", "daemon")]))


def test_a_process_that_ends_moves_the_address(lab, daemon):
    daemon.start()
    strong = lab.holdfast(1, process_configuration(daemon.name))
    weak = lab.holdfast(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    daemon.end()
    strong.wait_state("fault")
    assert any("daemon" in str(cause) for cause in strong.vrrp()["causes"])
    weak.wait_state("active")
    daemon.start()
    wait_settled(strong, weak)


def test_the_number_of_processes_counts_with_its_weight(lab, daemon):
    router = lab.holdfast(1, process_configuration(daemon.name, "weight -20", "quorum 2",
                                                   "quorum_max 3"))
    router.wait_state("active")
    wait_priority(router, 130)
    daemon.start()
    daemon.start()
    wait_priority(router, 150)
    daemon.start()
    daemon.start()
    wait_priority(router, 130)
    daemon.end()
    wait_priority(router, 150)


def test_a_process_may_be_restarted_within_its_delay(lab, daemon):
    daemon.start()
    router = lab.holdfast(1, process_configuration(daemon.name, "terminate_delay 5"))
    router.wait_state("active")
    daemon.end()
    holds_for("the role is kept", lambda: router.state() == "active", seconds=2)
    daemon.start()
    holds_for("the role is kept", lambda: router.state() == "active", seconds=6)


def test_parameters_tell_processes_apart(lab, daemon):
    path = lab.node(1).folder / daemon.name
    daemon.start(1001)
    router = lab.holdfast(1, configuration(
        block("vrrp_track_process daemon", f"process {path} 1002", "weight 10"),
        instance(priority=100, extra=[block("track_process", "daemon")])))
    router.wait_state("active")
    wait_priority(router, 100)
    daemon.start(1002)
    wait_priority(router, 110)
