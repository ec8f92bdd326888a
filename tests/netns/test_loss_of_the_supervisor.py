"""kill -9 of the supervisor: what its orphans do, and what the next one does with them."""

import os
import signal
import subprocess
import time

from harness.configuration import configuration, instance
from harness.programs import BIN, children_of, is_running, process_status
from harness.wait import eventually
from pairs import MAC, VIP, start_pair, wait_settled


def kill_supervisor(router):
    """The pids of its orphans."""
    orphans = [router.pid_of(role) for role in ("vrrpd", "ipvsd")]
    os.kill(router.pid, signal.SIGKILL)
    router.process.wait()
    return orphans


def test_without_grace_the_orphans_hand_over_and_end(lab):
    strong, weak = start_pair(lab, options=["--restart-grace", "0"])
    capture, addresses = lab.capture(), lab.address_monitor(1)
    before = time.monotonic()
    orphans = kill_supervisor(strong)
    farewell = capture.wait_advertisement(since=before, mac=MAC[1], priority=0)
    addresses.wait_removed(VIP, since=before)
    takeover = capture.wait_advertisement(since=before, mac=MAC[2])
    assert takeover.at - farewell.at < 3.0, "that was the down interval, not skew time"
    eventually("no orphan is left", lambda: not any(map(is_running, orphans)))
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)


def test_without_grace_a_new_supervisor_at_once_never_makes_two_sets(lab):
    strong, weak = start_pair(lab, options=["--restart-grace", "0"])
    orphans = kill_supervisor(strong)
    strong.start()
    wait_settled(strong, weak)
    assert not any(map(is_running, orphans))


def test_with_grace_a_new_supervisor_goes_on_and_nobody_notices(lab, report_line):
    strong, weak = start_pair(lab, options=["--restart-grace", "3"])
    capture, addresses = lab.capture(), lab.address_monitor(1)
    changes = weak.state_changes()
    before = time.monotonic()
    orphans = kill_supervisor(strong)
    strong.start()
    strong.wait_state("active")
    last = capture.wait_advertisement(since=time.monotonic(), mac=MAC[1], priority=150)
    capture.wait_advertisement(since=last.at + 1e-6, mac=MAC[1], priority=150)
    times = [one.at for one in capture.advertisements(mac=MAC[1])]
    report_line("restart.txt", "kill -9 of the supervisor and a new one at once, --restart-grace 3: "
                f"longest pause between advertisements {max(b - a for a, b in zip(times, times[1:])):.3f} s")
    assert addresses.removals() == []
    assert capture.advertisements(since=before, priority=0) == []
    assert weak.state_changes() == changes
    assert not any(map(is_running, orphans))


def test_with_grace_but_no_new_supervisor_they_go_on_and_then_hand_over(lab):
    strong, weak = start_pair(lab, options=["--restart-grace", "3"])
    capture, addresses = lab.capture(), lab.address_monitor(1)
    before = time.monotonic()
    orphans = kill_supervisor(strong)
    capture.wait_advertisement(since=before, mac=MAC[1], priority=150)
    farewell = capture.wait_advertisement(since=before, mac=MAC[1], priority=0)
    assert farewell.at - before > 2.0, "they did not wait for a new supervisor"
    addresses.wait_removed(VIP, since=before)
    eventually("no orphan is left", lambda: not any(map(is_running, orphans)))
    weak.wait_state("active")
    strong.start()
    wait_settled(strong, weak)


def test_a_configuration_changed_in_between_is_taken_by_the_new_supervisor(lab):
    strong, weak = start_pair(lab, options=["--restart-grace", "3"])
    addresses = lab.address_monitor(1)
    kill_supervisor(strong)
    strong.write(configuration(instance(priority=150, addresses=("10.77.0.105/24",))))
    strong.start()
    addresses.wait_added("10.77.0.105")
    addresses.wait_removed(VIP)
    strong.wait_state("active")


def confined_child(pid):
    """The child that has entered its sandbox, if there is one."""
    return next((child for child in children_of(pid) if process_status(child).get("Seccomp") == "2"), None)


def test_a_test_that_is_killed_leaves_no_parser(tmp_path):
    """Stopped, the parser can neither finish nor see that its channel is closed."""
    conf = tmp_path / "large.conf"
    conf.write_text("vrrp_script s {\nscript /usr/bin/true\n}\n" * 200_000, encoding="ascii")
    with subprocess.Popen([BIN / "holdfast", "-t", "-f", conf], stderr=subprocess.DEVNULL) as supervisor:
        parser = eventually("the parser reads", lambda: confined_child(supervisor.pid), pause=0.001)
        os.kill(parser, signal.SIGSTOP)
        supervisor.kill()
    eventually("the parser is gone", lambda: not is_running(parser))
