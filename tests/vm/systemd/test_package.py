"""The package under systemd: installed, started, reloaded, restarted, removed."""

import glob
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from harness.configuration import configuration, instance
from harness.observers import AddressMonitor
from harness.programs import ROOT
from harness.wait import eventually

CONFIGURATION = pathlib.Path("/etc/keepalived/keepalived.conf")
VIP = "10.77.0.100"


def run(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done


class Host:
    """The machine itself in the place of a namespace."""

    @staticmethod
    def socket(*arguments):
        import socket
        return socket.socket(*arguments)


def show(topic):
    done = run("holdfastctl", "show", topic, "--json", check=False)
    return json.loads(done.stdout)["items"] if done.returncode == 0 else []


def state():
    return next((row["state"] for row in show("vrrp")), None)


def pids():
    return {row["name"]: row["pid"] for row in show("processes")}


def has_vip():
    return f"inet {VIP}/" in run("ip", "address", "show", "dev", "hf0").stdout


def journal(*matches):
    lines = run("journalctl", "-b", "-o", "json", "-u", "holdfast", *matches).stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module", autouse=True)
def installed():
    run("ip", "link", "add", "hf0", "type", "veth", "peer", "name", "hf1")
    for interface in ("hf0", "hf1"):
        run("ip", "link", "set", interface, "up")
    run("ip", "address", "add", "10.77.0.1/24", "dev", "hf0")
    CONFIGURATION.parent.mkdir(exist_ok=True)
    write(150)
    (package,) = glob.glob(str(ROOT / "build/package/holdfast_*.deb"))
    # keepalived of the host may run here too; it has no business in this test.
    run("systemctl", "mask", "--now", "keepalived.service", check=False)
    # Images of containers forbid packages to start and stop services; here this is a real machine.
    pathlib.Path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)
    run("dpkg", "-i", package)
    run("systemctl", "start", "holdfast")
    eventually("active", lambda: state() == "active")
    yield
    run("dpkg", "--purge", "holdfast")
    assert not has_vip()
    assert run("systemctl", "is-active", "holdfast", check=False).stdout.strip() != "active"


def write(priority, **settings):
    CONFIGURATION.write_text(configuration(instance(interface="hf0", priority=priority, **settings)))


@pytest.fixture
def addresses():
    monitor = AddressMonitor(Host)
    yield monitor
    monitor.close()


def test_it_runs_with_users_of_its_own():
    assert has_vip() and run("systemctl", "is-active", "holdfast").stdout.strip() == "active"
    for role, user in (("vrrpd", "_holdfast-vrrp"), ("ipvsd", "_holdfast-ipvs")):
        uid = int(run("id", "-u", user).stdout)
        assert os.stat(f"/proc/{pids()[role]}").st_uid in (uid, 0)
        status = pathlib.Path(f"/proc/{pids()[role]}/status").read_text()
        assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status


def test_no_protection_is_missing():
    sandboxes = {row["name"]: row["sandbox"] for row in show("processes")}
    assert [missing for role in ("vrrpd", "ipvsd")
            for missing in sandboxes[role].get("missing", [])] == []


def test_the_journal_has_structured_lines():
    entries = journal("EVENT=VRRP_STATE")
    assert entries, "no VRRP_STATE in the journal"
    last = entries[-1]
    assert last["VRRP_INSTANCE"] == "VI_1" and "backup->active" in last["MESSAGE"]
    assert last["SYSLOG_IDENTIFIER"] == "holdfast-vrrpd" and last["PRIORITY"] == "5"
    assert len(last["MESSAGE_ID"]) == 32
    assert last["_UID"] == run("id", "-u", "_holdfast-vrrp").stdout.strip()


def test_reload_takes_a_good_configuration_and_refuses_a_bad_one(addresses):
    before = pids()
    write(160)
    run("systemctl", "reload", "holdfast")
    eventually("the new priority", lambda: show("vrrp")[0]["effective_priority"] == 160)
    write(160, vrid=300)
    assert run("systemctl", "reload", "holdfast", check=False).returncode != 0
    assert run("systemctl", "is-active", "holdfast").stdout.strip() == "active"
    write(150)
    run("systemctl", "reload", "holdfast")
    assert pids() == before and addresses.removals(VIP) == []


def test_restart_of_one_daemon_moves_nothing(addresses):
    before = pids()
    run("holdfastctl", "restart", "vrrpd")
    eventually("a new vrrpd", lambda: pids().get("vrrpd") not in (None, before["vrrpd"]))
    eventually("active", lambda: state() == "active")
    assert addresses.removals(VIP) == []
    changes = [entry["MESSAGE"] for entry in journal("EVENT=VRRP_STATE")]
    assert "active->backup" not in " ".join(changes)


def test_the_supervisor_is_killed_and_systemd_starts_it_again(addresses):
    # A state older than the down interval is a cold start: here that interval must be long, since
    # in an emulated machine a start may take seconds.
    write(150, advert_int=20)
    run("systemctl", "reload", "holdfast")
    before = pids()
    os.kill(before["holdfast"], signal.SIGKILL)
    eventually("a new supervisor", lambda: pids().get("holdfast") not in (None, before["holdfast"]))
    eventually("active", lambda: state() == "active")
    assert addresses.removals(VIP) == []
    write(150)
    run("systemctl", "reload", "holdfast")


def test_restart_of_the_unit_is_a_stop_and_a_start(addresses):
    before = time.monotonic()
    run("systemctl", "restart", "holdfast")
    addresses.wait_removed(VIP, since=before)
    addresses.wait_added(VIP, since=before)
    eventually("active", lambda: state() == "active")


def test_stop_leaves_nothing_behind():
    run("systemctl", "stop", "holdfast")
    assert not has_vip()
    assert not pathlib.Path("/run/holdfast/state/vrrpd").exists()
    assert glob.glob("/run/holdfast/*.sock") == []
    run("systemctl", "start", "holdfast")
    eventually("active", lambda: state() == "active")


def test_the_unit_is_well_formed():
    verified = run("systemd-analyze", "verify", "holdfast.service", check=False)
    assert "holdfast" not in verified.stderr, verified.stderr
