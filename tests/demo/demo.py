"""./dev demo: two directors, two web servers and a client, live.

Without IPVS in this kernel it runs itself in a small virtual machine that has it.
"""

import os
import pathlib
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent),
                str(pathlib.Path(__file__).resolve().parents[1])]

from cluster import ADDRESSES, Cluster  # noqa: E402
from harness.programs import ROOT  # noqa: E402
from harness.wait import eventually  # noqa: E402
from timeline import DirectorWatch, Timeline, watch_clients  # noqa: E402

INSIDE = "--inside"
LIMIT = 120.0  # seconds for each thing that should happen


def kernel_has_ipvs():
    if not pathlib.Path("/proc/net/ip_vs").exists():
        subprocess.run(["modprobe", "ip_vs"], capture_output=True)
    return pathlib.Path("/proc/net/ip_vs").exists()


def run_in_machine():
    print("This kernel has no IPVS: the demo runs in a small virtual machine with Debian's kernel.\n"
          "It boots now; software emulation makes everything some five times slower.\n", flush=True)
    return subprocess.call([ROOT / "tests/vm/run-in-vm", "--", sys.executable, "-u", __file__, INSIDE])


class Demo:
    def __init__(self):
        self.timeline = Timeline()
        self.summary = []
        self.timeline.headline("a client, two directors and two web servers start")
        self.cluster = Cluster()
        self.watches = [DirectorWatch(self.timeline, name, director)
                        for name, director in self.cluster.directors.items()]
        self.clients = {}

    def run(self):
        self.wait_roles(("director1", "myroute1"), ("director2", "myroute2"))
        self.wait_alive("director1", 2)
        self.wait_alive("director2", 2)
        self.clients = watch_clients(self.timeline, self.cluster.hosts["client"])
        self.wait_answers()
        self.show_table("director1")
        self.act("web1 is killed", lambda: self.cluster.kill_web("web1"),
                 lambda: self.wait_alive("director1", 1, "director2"))
        self.show_table("director1")
        self.act("web1 is started again", lambda: self.cluster.start_web("web1"),
                 lambda: self.wait_alive("director1", 2, "director2"))
        self.act("director1 loses power", lambda: self.cluster.cut_power("director1"),
                 lambda: self.wait_roles(("director2", "myroute1"), ("director2", "myroute2")))
        self.act("director1 is switched on again",
                 lambda: self.cluster.restore_power("director1"),
                 lambda: self.wait_roles(("director1", "myroute1"), ("director2", "myroute2")))
        self.act("vrrpd of director1 is killed with -9",
                 lambda: self.cluster.directors["director1"].kill_role("vrrpd"),
                 lambda: self.wait_roles(("director1", "myroute1")))
        self.tell_summary()

    def act(self, what, do, wait_until_done):
        """One thing happens; how long was each address without an answer because of it?"""
        self.timeline.headline(what)
        begin = time.monotonic()
        do()
        wait_until_done()
        self.wait_answers()
        end = time.monotonic()
        self.summary.append((what, [self.clients[address].longest_gap(begin, end)
                                    for address in ADDRESSES]))

    def wait_roles(self, *wanted):
        for director, router in wanted:
            eventually(f"{router} active on {director}",
                       lambda d=director, r=router: self.cluster.directors[d].state(r) == "active",
                       LIMIT)

    def wait_alive(self, director, number, *others):
        for name in (director, *others):
            eventually(f"{number} servers alive at {name}",
                       lambda n=name: self.alive_everywhere(n) == [number] * len(ADDRESSES), LIMIT)

    def alive_everywhere(self, director):
        return [sum(server["alive"] and not server["sorry"] for server in service["servers"])
                for service in self.cluster.directors[director].show("services")]

    def wait_answers(self):
        for client in self.clients.values():
            goal = len(client.answers) + 20
            eventually("answers for the client", lambda c=client, g=goal: len(c.answers) >= g, LIMIT)

    def show_table(self, director):
        self.timeline.headline(f"ipvsadm -Ln on {director}")
        print(self.cluster.hosts[director].run("ipvsadm", "-Ln").stdout, flush=True)

    def tell_summary(self):
        self.timeline.headline("summary: the longest time without an answer for the client")
        print(f"\n  {'what happened':<40}" + "".join(f"{address:>16}" for address in ADDRESSES))
        for what, gaps in self.summary:
            print(f"  {what:<40}" + "".join(f"{gap:>14.2f} s" for gap in gaps))
        print("\nAn advertisement is sent each second: a lost director is missed after 3.6 s.")

    def close(self):
        for worker in [*self.watches, *self.clients.values()]:
            worker.close()
        self.cluster.close()


def main():
    if os.geteuid() != 0:
        sys.exit("the demo makes network namespaces: run it as root")
    if not kernel_has_ipvs():
        if INSIDE in sys.argv:
            sys.exit("no IPVS in the virtual machine's kernel either")
        sys.exit(run_in_machine())
    demo = Demo()
    try:
        demo.run()
    finally:
        demo.close()


if __name__ == "__main__":
    main()
