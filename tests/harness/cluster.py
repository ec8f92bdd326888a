"""Web servers behind IPVS, and what a client gets."""

import pathlib
import re
import subprocess
import sys

from harness.wait import eventually

_PROGRAM = pathlib.Path(__file__).with_name("web_server.py")


class WebServer:
    """A web server on a node, whose page is its name."""

    def __init__(self, node, port=80, name=None):
        self.node = node
        self.name = name or node.name
        self._port = port
        self._broken = node.folder / "broken"
        self.start()

    def start(self):
        self._process = self.node.popen(sys.executable, _PROGRAM, self._port, self.name, self._broken,
                                        stdin=subprocess.DEVNULL)
        eventually(f"the web server of {self.node.name} answers", self._answers)

    def _answers(self):
        return self.node.run("curl", "-s", "--max-time", "5", f"http://127.0.0.1:{self._port}/",
                             check=False).stdout

    def stop(self):
        self._process.kill()
        self._process.wait()

    def answer_errors(self, broken=True):
        """503 to everything from now on, or 200 again."""
        if broken:
            self._broken.touch()
        else:
            self._broken.unlink()


def get(client, address, port=80):
    """The body that a client gets, or None."""
    host = f"[{address}]" if ":" in address else address
    done = client.run("curl", "-s", "--max-time", "3", f"http://{host}:{port}/", check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def who_answers(client, address, requests=6, port=80):
    """The set of names that answer."""
    return {get(client, address, port) for _ in range(requests)}


def wait_answers_of(client, address, names, port=80):
    """Until exactly these servers answer a client."""
    names = set(names)
    eventually(f"{address} is answered by {names}",
               lambda: who_answers(client, address, 2 * len(names) + 2, port) == names)


def ipvs_table(node):
    """ipvsadm -Ln as {"TCP 10.77.0.100:80 rr": {"10.77.0.3:80 Route 1", ...}}."""
    table = {}
    for line in node.run("ipvsadm", "-Ln", check=False).stdout.splitlines():
        if match := re.match(r"(TCP|UDP|FWM)\s+(\S+ .+?)\s*$", line):
            current = table.setdefault(f"{match[1]} {' '.join(match[2].split())}", set())
        elif match := re.match(r"\s+->\s+(\S+)\s+(\S+)\s+(\d+)\s", line):
            current.add(" ".join(match.groups()))
    return table


def wait_table(node, expected):
    eventually(f"ipvsadm shows {expected}, not {ipvs_table(node)}",
               lambda: ipvs_table(node) == expected)
