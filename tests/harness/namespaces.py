"""Network namespaces, and a small network of them.

    Topology(nodes=2)          client   n1   n2        each has eth0 (and eth1 with lans=2)
                                  |      |    |
                                 lan0 in namespace sw: a bridge, where Capture listens

Names carry the process id, so copies run side by side; everything goes away in `close`.
"""

import contextlib
import ctypes
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from harness.wait import eventually

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_COUNTER = itertools.count(1)


def ip(*arguments, lines=None):
    """Runs ip(8), or a batch of its lines."""
    if lines is None:
        command, text = ["ip", *arguments], None
    else:
        command, text = ["ip", *arguments, "-batch", "-"], "\n".join(lines) + "\n"
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{command} {lines or ''}: {done.stderr}"
    return done.stdout


class Namespace:
    """One network namespace with a private folder below /run."""

    def __init__(self, name, folder):
        self.name = name
        self.full_name = f"hf{os.getpid()}-{next(_COUNTER)}-{name}"
        self.folder = pathlib.Path(folder, name)
        self.folder.mkdir(mode=0o755)
        self._clock = []
        ip("netns", "add", self.full_name)
        self.batch("link set lo up")

    def batch(self, *lines):
        ip("-n", self.full_name, lines=lines)

    def command(self, *words):
        return ["nsenter", f"--net=/run/netns/{self.full_name}", *self._clock, "--",
                *map(str, words)]

    def boot(self, ago):
        """From now on programs find a host here that was started `ago` seconds before this call."""
        offsets = [f"--{name}={int(ago - time.clock_gettime(clock))}" for name, clock in
                   (("monotonic", time.CLOCK_MONOTONIC), ("boottime", time.CLOCK_BOOTTIME))]
        holder = self.popen("unshare", "--time", *offsets, "sleep", "infinity")
        comm = pathlib.Path(f"/proc/{holder.pid}/comm")
        eventually("the time namespace", lambda: comm.read_text() == "sleep\n")
        self._clock = [f"--time=/proc/{holder.pid}/ns/time_for_children"]

    def run(self, *words, check=True, **options):
        """Runs a program to its end; its output comes back as text."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, **options)
        assert not check or done.returncode == 0, f"{words}: {done.returncode} {done.stdout}{done.stderr}"
        return done

    def popen(self, *words, **options):
        return subprocess.Popen(self.command(*words), **options)

    def inside(self, function, *arguments):
        """What function(*arguments) returns when a thread of this namespace calls it."""
        outcome = {}

        def work():
            try:
                with open(f"/run/netns/{self.full_name}", "rb") as handle:
                    if _LIBC.setns(handle.fileno(), _CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                outcome["value"] = function(*arguments)
            except OSError as error:
                outcome["error"] = error

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    def sysctl(self, **settings):
        """net__ipv4__ip_forward=1: two underscores stand for a slash, below /proc/sys."""
        for name, value in settings.items():
            path = pathlib.Path("/proc/sys", name.replace("__", "/"))
            self.inside(path.write_text, str(value))

    def socket(self, *arguments):
        """A socket of this namespace, for anybody's use."""
        return self.inside(socket.socket, *arguments)

    def index_of(self, interface):
        return int(ip("-n", self.full_name, "-o", "link", "show", interface).split(":")[0])

    def addresses(self, interface="eth0"):
        """All addresses of an interface as text without prefix length."""
        shown = ip("-n", self.full_name, "-o", "address", "show", "dev", interface)
        return {line.split()[3].split("/")[0] for line in shown.splitlines()}

    def has_address(self, address, interface="eth0"):
        return address in self.addresses(interface)

    def pids(self):
        shown = subprocess.run(["ip", "netns", "pids", self.full_name], capture_output=True,
                               text=True).stdout
        return [int(word) for word in shown.split()]

    def close(self):
        """Ends what still runs here, then removes the namespace."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        subprocess.run(["ip", "netns", "del", self.full_name], capture_output=True)


def mac_of(client, address):
    """The MAC address that a client learns; None when nobody answers."""
    client.run("ip", "neigh", "flush", "all", check=False)
    reached = client.run("ping", "-c1", "-W2", address, check=False).returncode == 0
    shown = client.run("ip", "neigh", "show", address).stdout
    found = re.search(r"lladdr (\S+)", shown)
    return found[1] if found and reached else None


class Topology:
    """A client and nodes n1, n2 ... on one or more bridges."""

    def __init__(self, nodes=2, lans=1):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"hf-{os.getpid()}-", dir="/run"))
        self.folder.chmod(0o755)
        self._cleanup = contextlib.ExitStack()
        self._cleanup.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.switch = self._namespace("sw")
            for lan in range(lans):
                self.switch.batch(f"link add lan{lan} type bridge mcast_snooping 0 stp_state 0",
                                  f"link set lan{lan} up")
            self.nodes = [self._namespace(f"n{number + 1}") for number in range(nodes)]
            self.client = self._namespace("client")
            self._connect({node: number + 1 for number, node in enumerate(self.nodes)}
                          | {self.client: 250}, lans)
        except BaseException:
            self.close()
            raise

    def _namespace(self, name):
        namespace = Namespace(name, self.folder)
        self._cleanup.callback(namespace.close)
        return namespace

    def _connect(self, numbers, lans):
        """numbers: the last part of each host's addresses. In few batches: in an emulated machine
        each program costs."""
        ports = [(node, number, lan) for node, number in numbers.items() for lan in range(lans)]
        for node in numbers:
            node.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__all__accept_dad=0)
        ip(lines=[f"link add name eth{lan} netns {node.full_name} "
                  f"address 02:00:00:77:{lan:02x}:{number:02x} type veth "
                  f"peer name p{lan}-{node.name} netns {self.switch.full_name}"
                  for node, number, lan in ports])
        self.switch.batch(*(f"link set p{lan}-{node.name} master lan{lan} up"
                            for node, _, lan in ports))
        for node, number in numbers.items():
            node.batch(*(line for lan in range(lans) for line in (
                f"address add 10.77.{lan}.{number}/24 dev eth{lan}",
                f"address add fd77:{lan}::{number:x}/64 dev eth{lan} nodad",
                f"link set eth{lan} up")))

    def node(self, number):
        """n1 is node(1)."""
        return self.nodes[number - 1]

    def plug(self, node, connected, lan=0):
        """Pulls the cable of a node, or puts it back."""
        self.switch.batch(f"link set p{lan}-{node.name} {'up' if connected else 'down'}")

    def isolate(self, node, isolated=True, lan=0):
        """The switch drops the node's frames while its link stays up, as when a host hangs."""
        self.switch.run("bridge", "link", "set", "dev", f"p{lan}-{node.name}", "state",
                        "0" if isolated else "3")

    def on_close(self, function, *arguments):
        """Called before the namespaces go, the last one first."""
        self._cleanup.callback(function, *arguments)

    def close(self):
        self._cleanup.close()
