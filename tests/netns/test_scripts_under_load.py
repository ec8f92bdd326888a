"""Check scripts on a starved host."""

import os
import pathlib
import time

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually, holds_for
from pairs import wait_settled

CPU = pathlib.Path("/sys/fs/cgroup/cpu")
STARVED_SECONDS = 12
SCRIPTS = 16

# Notes an overlap of two runs; one that was killed may take a moment to be gone. With `hang` some
# wait for a child that does not listen to SIGTERM.
SCRIPT = """#!/bin/sh
exec 9>{folder}/{name}.lock
flock -w 0.5 9 || touch {folder}/{name}.overlap
if [ {number} -lt 4 ] && [ -e {folder}/hang ]; then
    sh -c 'trap "" TERM; sleep 1000; :' {folder}/{name}
fi
/bin/true; /bin/true; /bin/true
touch {folder}/{name}.ran
exit 0
"""


@pytest.fixture(name="starve")
def _starve():
    """starve(PID, True) gives a process and what it starts 2 % of a processor."""
    folder = CPU / f"hf{os.getpid()}"
    try:
        folder.mkdir()
        (folder / "cpu.cfs_quota_us").write_text("-1")
    except OSError:
        pytest.skip("no processor control group")

    def starve(pid, starved):
        (folder / "cpu.cfs_quota_us").write_text("2000" if starved else "-1")
        if starved:
            (folder / "cgroup.procs").write_text(str(pid))

    yield starve
    for task in (folder / "cgroup.procs").read_text().split():
        (CPU / "cgroup.procs").write_text(task)
    eventually("the group is empty", lambda: not (folder / "cgroup.procs").read_text(), pause=0.1)
    folder.rmdir()


def write_script(folder, number):
    path = folder / f"check{number}"
    path.write_text(SCRIPT.format(folder=folder, name=path.name, number=number))
    path.chmod(0o755)
    return path


def script_configuration(folder, priority):
    scripts = [block(f"vrrp_script check{number}", f'script "{write_script(folder, number)}"',
                     "interval 1", "fall 2", "rise 1", "weight 0") for number in range(SCRIPTS)]
    tracked = block("track_script", *(f"check{number}" for number in range(SCRIPTS)))
    return configuration(*scripts, instance(priority=priority, extra=[tracked]))


def left_over(node, folder):
    """Processes of our scripts."""
    found = []
    for pid in node.pids():
        try:
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"{folder}/check" in line:
            found.append(line)
    return found


def test_a_starved_host_keeps_its_role_and_a_hung_script_takes_it(lab, starve):
    folder = lab.node(1).folder / "scripts"
    folder.mkdir()
    strong = lab.holdfast(1, script_configuration(folder, 150))
    weak = lab.holdfast(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    changes = strong.state_changes()

    starve(strong.pid, True)
    holds_for("the role is kept", lambda: weak.state() == "backup", seconds=STARVED_SECONDS,
              pause=0.5)
    starve(strong.pid, False)
    released = time.time()
    eventually("every script runs again", lambda: all(
        (folder / f"check{number}.ran").stat().st_mtime > released for number in range(SCRIPTS)))
    holds_for("the role is kept", lambda: weak.state() == "backup", seconds=4, pause=0.2)
    assert strong.state_changes() == changes, strong.log()[-3000:]

    (folder / "hang").touch()
    strong.wait_state("fault")
    assert "check0" in str(strong.vrrp()["causes"])
    weak.wait_state("active")
    (folder / "hang").unlink()
    wait_settled(strong, weak)
    assert not list(folder.glob("*.overlap"))
    strong.stop()
    eventually("nothing is left of the scripts", lambda: not left_over(lab.node(1), folder))
