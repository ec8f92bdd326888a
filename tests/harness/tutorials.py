"""The walk-throughs of the tutorials: their hosts, their files as they print them."""

import pathlib
import re
import shutil
import subprocess

from harness.programs import ROOT
from harness.wait import eventually

PRINTED = ROOT / "tests/recorded/config/tutorials"

# The notify.sh of the tutorials; only `mail` is ours and puts the mail into a file.
NOTIFY = """#!/bin/bash
#
contact='root@localhost'
mail() { read -r body; echo "$2" >> "$(dirname "$0")/mailbox"; }

notify() {
        mailsubject="vrrp: $(hostname) to be $1"
        mailbody="$(hostname) to be $1,vrrp transition, $(date)."
        echo "$mailbody" | mail -s "$mailsubject" $contact

}

case $1 in
master)
        notify master ;;
backup)
        notify backup ;;
fault)
        notify fault ;;
*)
        echo "Usage: $(basename $0 ) master|backup|fault"
        exit 1
        ;;
esac
"""


class Host:
    """A node under the interface name and the address that a tutorial gives it; /etc/keepalived is a
    folder of its own."""

    def __init__(self, lab, number, interface, address):
        self.lab, self.number, self.interface = lab, number, interface
        self.node = lab.node(number)
        self.folder = self.node.folder / "etc"
        self.folder.mkdir()
        self.node.batch("link set eth0 down", "address flush dev eth0",
                        *([f"link set eth0 name {interface}"] if interface != "eth0" else []),
                        f"link set {interface} up", f"address add {address} brd + dev {interface}")

    def start(self, text):
        """Starts a router with a printed file."""
        return self.lab.holdfast(self.number, text.replace("/etc/keepalived", str(self.folder)))

    def shown_by_ip(self, interface=None):
        """The `inet` lines of `ip a`."""
        shown = self.node.run("ip", "address", "show", "dev", interface or self.interface).stdout
        return re.findall(r"^ +(inet .*?) *$", shown, re.MULTILINE)

    def wait_shown(self, *lines, interface=None):
        """Exactly these, in whatever order they were added."""
        eventually(f"ip a of {self.node.name} shows {lines}",
                   lambda: sorted(self.shown_by_ip(interface)) == sorted(lines),
                   pause=0.1)

    def install_notify_script(self):
        script = self.folder / "notify.sh"
        script.write_text(NOTIFY)
        script.chmod(0o755)

    def mails(self):
        """The state in the subject of each mail, in order."""
        mailbox = self.folder / "mailbox"
        lines = mailbox.read_text().splitlines() if mailbox.exists() else []
        return [re.fullmatch(r"vrrp: \S+ to be (\w+)", line)[1] for line in lines]

    def wait_mails(self, *states):
        eventually(f"mails of {self.node.name}: {states}", lambda: self.mails() == list(states))

    def start_program(self, name):
        """A program that does nothing and is called `name`, for `killall -0 name`."""
        program = self.folder / name
        if not program.exists():
            shutil.copy("/usr/bin/sleep", program)
        process = self.node.popen(program, "100000", stdin=subprocess.DEVNULL)
        eventually(f"{name} runs", lambda: pathlib.Path(f"/proc/{process.pid}/comm").read_text()
                   .strip() == name[:15])
        return process


def printed(*names):
    """The files of these names, one after the other."""
    return "\n".join((PRINTED / f"{name}.conf").read_text() for name in names)


class Dump:
    """`tcpdump -i INTERFACE -nn host GROUP` as the tutorials call it."""

    def __init__(self, host, group):
        self._process = host.node.popen(
            "tcpdump", "-l", "-nn", "-i", host.interface, "host", group, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        host.lab.topology.on_close(self.close)
        self.read_until(lambda line: line.startswith("listening on"))

    def read_until(self, wanted):
        """The lines up to the first wanted one, without the time of day."""
        lines = []
        for line in self._process.stdout:
            lines.append(re.sub(r"^\d\d:\d\d:\d\d\.\d{6} ", "", line.strip()))
            if wanted(lines[-1]):
                return lines
        raise AssertionError(f"tcpdump ended: {lines}")

    def next(self, count):
        wanted = iter(range(count - 1, -1, -1))
        return self.read_until(lambda _: next(wanted) == 0)

    def close(self):
        self._process.kill()
        self._process.wait()
