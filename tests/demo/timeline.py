"""What the demo shows while it runs: a line for each thing that changes, with the time."""

import collections
import contextlib
import threading
import time

from cluster import ADDRESSES


class Timeline:
    """Prints lines with the seconds since the start."""

    def __init__(self):
        self._start = time.monotonic()
        self._lock = threading.Lock()

    def tell(self, who, what):
        with self._lock:
            print(f"{time.monotonic() - self._start:7.1f} s  {who:<10} {what}", flush=True)

    def headline(self, text):
        with self._lock:
            print(f"\n{time.monotonic() - self._start:7.1f} s  === {text}", flush=True)


class _Worker:
    """Calls `step` again and again in a thread of its own until `close`."""

    def __init__(self, interval):
        self._interval = interval
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ending.wait(self._interval):
            self.step()

    def step(self):
        raise NotImplementedError

    def close(self):
        self._ending.set()
        self._thread.join()


class DirectorWatch(_Worker):
    """Tells what changes at a director: roles, where addresses are, which servers take traffic."""

    def __init__(self, timeline, name, director):
        self._timeline = timeline
        self._name = name
        self._director = director
        self._known = {}
        super().__init__(0.2)

    def step(self):
        with contextlib.suppress(AssertionError, OSError, ValueError):
            for key, text in self._observations():
                if self._known.get(key) != text:
                    self._known[key] = text
                    self._timeline.tell(self._name, text)

    def _observations(self):
        running = self._director.process.poll() is None
        if not running:
            self._known = {key: text for key, text in self._known.items() if key == "power"}
            yield "power", "is off"
            return
        yield "power", "is on"
        for row in self._director.show("vrrp"):
            why = "; ".join(cause["cause"] for cause in row["causes"])
            yield (("role", row["name"]),
                   f"{row['name']} is {row['state'].upper()}"
                   f"{' (' + why + ')' if why else ''}, {row['addresses'][0]} "
                   f"{'here' if row['addresses_installed'] else 'not here'}")
        for service in self._director.show("services"):
            alive = [f"{server['address']}" for server in service["servers"]
                     if server["alive"] and not server["sorry"]]
            yield (("service", service["address"]),
                   f"{service['address']}:{service['port']} "
                   f"{'programmed' if service['programmed'] else 'not programmed'}, servers alive: "
                   f"{', '.join(alive) or 'none'}")


class Client(_Worker):
    """Asks both virtual addresses for a page every 50 ms and tells each second who answered."""

    def __init__(self, timeline, host, address):
        self._timeline = timeline
        self._host = host
        self._address = address
        self._since = time.monotonic()
        self._counts = collections.Counter()
        self._told = None
        self.answers = []  # times of answered requests
        super().__init__(0.05)

    def step(self):
        answer = self._ask()
        now = time.monotonic()
        if answer:
            self.answers.append(now)
        self._counts[answer or "NO ANSWER"] += 1
        if now - self._since >= 1:
            self._tell(now)

    def _ask(self):
        with contextlib.suppress(OSError):
            connection = self._host.socket()
            with connection:
                connection.settimeout(0.5)
                connection.connect((self._address, 80))
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                answer = b""
                while part := connection.recv(4096):
                    answer += part
                return answer.rpartition(b"\r\n\r\n")[2].decode().strip() or None
        return None

    def _tell(self, now):
        kinds = tuple(sorted(self._counts))
        if kinds != self._told:
            counted = ", ".join(f"{who} {self._counts[who]}x" for who in kinds)
            self._timeline.tell("client", f"{self._address} answered by: {counted}")
        self._told = kinds
        self._since = now
        self._counts.clear()

    def longest_gap(self, since, until):
        """Seconds without an answer, at the worst, between two times."""
        times = [since] + [at for at in self.answers if since <= at <= until] + [until]
        return max(later - earlier for earlier, later in zip(times, times[1:]))


def watch_clients(timeline, host):
    return {address: Client(timeline, host, address) for address in ADDRESSES}
