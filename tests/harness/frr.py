"""FRR's vrrpd as a peer: its own zebra, and the macvlan devices that it wants to be made for it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess

from harness.wait import eventually

_FOLDER = "/usr/lib/frr"


class Frr:
    """A virtual router of FRR on eth0 of a node. It holds the address on a macvlan that has the
    virtual MAC, and tells about itself through vtysh."""

    def __init__(self, node, *, vrid=51, version=3, priority=100, interval=1.0,
                 address="10.77.0.100"):
        self.node, self.vrid, self.ipv6 = node, vrid, ":" in address
        self.folder = node.folder / "frr"
        self.folder.mkdir(exist_ok=True)
        shutil.chown(self.folder, "frr", "frr")  # it changes its user
        self.log_file = self.folder / "log"
        self._processes = []
        device = f"vrrp{6 if self.ipv6 else 4}-{vrid}"
        mac = f"00:00:5e:00:0{2 if self.ipv6 else 1}:{vrid:02x}"
        node.batch(f"link add {device} link eth0 address {mac} type macvlan mode bridge",
                   f"address add {address}/{64 if self.ipv6 else 24} dev {device}",
                   f"link set {device} up")
        kind = "ipv6" if self.ipv6 else "ip"
        (self.folder / "frr.conf").write_text("\n".join([
            "interface eth0", f" vrrp {vrid} version {version}", f" vrrp {vrid} priority {priority}",
            f" vrrp {vrid} advertisement-interval {round(interval * 1000)}",
            f" vrrp {vrid} {kind} {address}", "exit", ""]))

    def start(self):
        common = ["--vty_socket", self.folder, "-z", self.folder / "zserv.api",
                  "--log", f"file:{self.log_file}"]
        empty = self.folder / "empty.conf"
        empty.touch()
        for daemon, configuration in (("zebra", empty), ("vrrpd", self.folder / "frr.conf")):
            self._processes.append(self.node.popen(
                f"{_FOLDER}/{daemon}", *common, "-i", self.folder / f"{daemon}.pid",
                "-f", configuration, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))
            eventually(f"{daemon} of FRR listens", (self.folder / f"{daemon}.vty").exists)
        return self

    def show(self):
        done = self.node.run("vtysh", "--vty_socket", self.folder, "-c", "show vrrp json",
                             check=False)
        with contextlib.suppress(json.JSONDecodeError):
            return next((row for row in json.loads(done.stdout) if row["vrid"] == self.vrid), {})
        return {}

    def state(self):
        """initialize, backup or master becomes init, backup or active."""
        status = self.show().get("v6" if self.ipv6 else "v4", {}).get("status", "")
        return {"Initialize": "init", "Backup": "backup", "Master": "active"}.get(status, status)

    def wait_state(self, state, **how):
        eventually(f"FRR is {state}", lambda: self.state() == state, **how)

    def stop(self):
        for process in self._processes[::-1]:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=40)
        self._processes = []

    def kill_everything(self):
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []
