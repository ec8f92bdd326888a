"""What each process may do, read from /proc while it works."""

import os
import pathlib

from harness.configuration import configuration, instance
from harness.programs import process_status
from pairs import VIP, start_pair

CAP_NET_ADMIN = 1 << 12


def capabilities(pid):
    status = process_status(pid)
    return {name: int(status[name], 16)
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def test_vrrpd_has_no_right_at_all(lab):
    strong, _ = start_pair(lab)
    pid = strong.pid_of("vrrpd")
    status = process_status(pid)
    assert set(capabilities(pid).values()) == {0}
    assert "0" not in status["Uid"].split() and "0" not in status["Gid"].split()
    assert status["Groups"].strip() == ""
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def test_ipvsd_has_only_the_right_to_change_the_network(lab):
    strong, _ = start_pair(lab)
    pid = strong.pid_of("ipvsd")
    held = capabilities(pid)
    assert held["CapEff"] == held["CapPrm"] == CAP_NET_ADMIN
    assert held["CapBnd"] == held["CapAmb"] == 0
    status = process_status(pid)
    assert "0" not in status["Uid"].split() and status["Groups"].strip() == ""
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"


def test_the_roles_live_in_an_empty_root_and_have_users_of_their_own(lab):
    strong, _ = start_pair(lab)
    pids = {role: strong.pid_of(role) for role in ("vrrpd", "ipvsd")}
    for pid in pids.values():
        assert os.listdir(f"/proc/{pid}/root") == []
    assert len({process_status(pid)["Uid"] for pid in pids.values()}) == 2


def test_children_carry_the_arguments_of_the_supervisor(lab):
    """Tools that orchestrate keepalived look for the configuration's path there."""
    strong, _ = start_pair(lab)
    words = pathlib.Path(f"/proc/{strong.pid_of('vrrpd')}/cmdline").read_bytes().split(b"\0")
    assert b"--" in words and str(strong.configuration_file).encode() in words


def test_only_those_daemons_run_that_the_configuration_needs(lab):
    strong, _ = start_pair(lab)
    assert set(strong.processes()) == {"holdfast", "vrrpd", "ipvsd"}


def test_pid_files_come_with_the_daemons_and_go_with_them(lab):
    strong, _ = start_pair(lab)
    main, vrrp = strong.folder / "ka.pid", strong.folder / "vrrp.pid"
    assert int(main.read_text()) == strong.pid and int(vrrp.read_text()) == strong.pid_of("vrrpd")
    strong.stop()
    assert not main.exists() and not vrrp.exists()


def test_two_copies_run_side_by_side_in_one_namespace(lab):
    first = lab.holdfast(1, configuration(instance(vrid=51)), name="first")
    second = lab.holdfast(1, configuration(instance("VI_2", vrid=52, addresses=("10.77.0.102/24",))),
                          name="second")
    first.wait_state("active")
    second.wait_state("active", "VI_2")
    assert first.stop() == 0
    assert not lab.node(1).has_address(VIP) and lab.node(1).has_address("10.77.0.102")
    assert second.state("VI_2") == "active"


def test_a_second_copy_with_the_same_folder_is_refused(lab):
    first, _ = start_pair(lab)
    words = first.command()
    refused = first.node.run(*words, check=False, timeout=60)
    assert "already running" in refused.stdout + refused.stderr
    assert first.state() == "active"
