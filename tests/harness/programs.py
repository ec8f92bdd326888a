"""The programs under test: Holdfast and keepalived, each at work in a namespace."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

from harness.wait import eventually

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build/bin"


def process_status(pid):
    """The fields of /proc/PID/status as a dictionary, or {} when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def is_running(pid):
    return not process_status(pid).get("State", "Z").startswith(("Z", "X"))


def children_of(pid):
    """Pids of the direct children."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return [int(word) for word in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


class Router:
    """What Holdfast and keepalived have in common: a program with keepalived's options."""

    program = ""
    own_options = ()

    def __init__(self, node, configuration, name=None, options=()):
        self.node = node
        self.name = name or node.name
        self.folder = node.folder / self.name
        self.folder.mkdir(exist_ok=True)
        self.configuration_file = self.folder / "keepalived.conf"
        self.options = list(options)
        self.process = None
        self.log_file = self.folder / "log"
        self.write(configuration)

    def write(self, configuration):
        self.configuration_file.write_text(configuration)

    def command(self):
        folder = self.folder
        return [self.program, "-n", "-l", "-D", "-f", self.configuration_file,
                "-p", folder / "ka.pid", "-r", folder / "vrrp.pid", "-c", folder / "chk.pid",
                *self.own_options, *self.options]

    def environment(self):
        return dict(os.environ)

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = self.node.popen(*self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, env=self.environment())
        return self

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def wait_log(self, pattern, **how):
        return eventually(f"{pattern!r} in the log of {self.name}",
                          lambda: re.search(pattern, self.log()), **how)

    def stop(self):
        """A graceful stop; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def kill_everything(self):
        """For the end of a test, whatever state the program is in."""
        if self.process is None:
            return
        family = [self.process.pid, *children_of(self.process.pid)]
        # Stopped first: a daemon that sees another one die would clean up after it.
        for how in (signal.SIGSTOP, signal.SIGKILL):
            for pid in family:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, how)
        self.process.wait()


class Holdfast(Router):
    """One copy of Holdfast from the build tree."""

    program = BIN / "holdfast"

    def __init__(self, node, configuration, name=None, options=()):
        super().__init__(node, configuration, name, options)
        self.run_dir = self.folder / "run"
        self.own_options = ("--run-dir", self.run_dir)

    def environment(self):
        # A system call outside the role's list ends the role, and thereby the test.
        return {**os.environ, "HOLDFAST_SANDBOX": os.environ.get("HOLDFAST_SANDBOX", "kill")}

    def ctl(self, *words, check=True):
        return self.node.run(BIN / "holdfastctl", "--run-dir", self.run_dir, *words, check=check)

    def show(self, topic):
        """The items of `holdfastctl show TOPIC --json`; [] while nobody answers."""
        done = self.ctl("show", topic, "--json", check=False)
        if done.returncode != 0:
            return []
        answer = json.loads(done.stdout)
        assert answer["api"] == "holdfast/1" and answer["kind"] == topic, answer
        return answer["items"]

    def vrrp(self, instance="VI_1"):
        """The instance's row of `show vrrp`, or {}."""
        return next((row for row in self.show("vrrp") if row["name"] == instance), {})

    def state(self, instance="VI_1"):
        return self.vrrp(instance).get("state")

    def wait_state(self, state, instance="VI_1", **how):
        eventually(f"{self.name}: {instance} is {state}",
                   lambda: self.state(instance) == state or self._gone(), **how)
        assert self.process.poll() is None, f"{self.name} ended:\n{self.log()[-3000:]}"

    def _gone(self):
        return self.process.poll() is not None

    def processes(self):
        return {row["name"]: row for row in self.show("processes")}

    def pid_of(self, role):
        """The running process of a role; waits for it."""
        row = eventually(f"{self.name}: {role} runs", lambda: self._running(role))
        return row["pid"]

    def _running(self, role):
        row = self.processes().get(role, {})
        return row if row.get("state") == "running" else None

    def kill_role(self, role):
        """kill -9; the pid it had."""
        pid = self.pid_of(role)
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_successor(self, role, old_pid, **how):
        return eventually(f"{self.name}: a new {role}", lambda: self._successor(role, old_pid), **how)

    def _successor(self, role, old_pid):
        row = self._running(role)
        return row["pid"] if row and row["pid"] != old_pid else None

    def state_changes(self, instance=None):
        """(instance, old, new) of every VRRP_STATE line, in order."""
        found = re.findall(r"VRRP_STATE (\S+) (\w+)->(\w+)", self.log())
        return [change for change in found if instance in (None, change[0])]


class Keepalived(Router):
    """Debian's keepalived."""

    program = "keepalived"

    def state(self, instance="VI_1"):
        """init, backup, active or fault, from its last log line about the instance."""
        words = re.findall(rf"\({re.escape(instance)}\) Entering (\w+) STATE", self.log())
        return {"MASTER": "active", "BACKUP": "backup", "FAULT": "fault"}.get(
            words[-1] if words else "", "init")

    def wait_state(self, state, instance="VI_1", **how):
        eventually(f"{self.name}: {instance} is {state}",
                   lambda: self.state(instance) == state, **how)

    def vrrp_pid(self):
        return int(eventually("keepalived's vrrp.pid", self._vrrp_pid_text))

    def _vrrp_pid_text(self):
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "vrrp.pid").read_text().strip()
        return None
