"""The cluster of the demo: a client, two directors and two web servers on one LAN.

    client 172.18.0.99       web1 172.18.200.100   web2 172.18.249.57
         |                        |                     |
    -----+------------------------+---------------------+------ lan0, 172.18.0.0/16
         |                        |
    director1 172.18.10.11   director2 172.18.10.10

Two virtual addresses: director1 is meant to have the first, director2 the second, and each takes over
from the other. IPVS forwards by direct routing: the web servers carry both addresses on `lo` and
answer the client themselves.
"""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

from harness.namespaces import Namespace, ip
from harness.programs import Holdfast

HERE = pathlib.Path(__file__).resolve().parent
ADDRESSES = ("172.18.50.50", "172.18.51.51")
HOSTS = {"client": "172.18.0.99", "director1": "172.18.10.11", "director2": "172.18.10.10",
         "web1": "172.18.200.100", "web2": "172.18.249.57"}


class Cluster:
    """Everything runs from the constructor on; `close` removes all of it."""

    def __init__(self):
        self._cleanup = contextlib.ExitStack()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hf-demo-", dir="/run"))
        self.folder.chmod(0o755)
        self._cleanup.callback(shutil.rmtree, self.folder, ignore_errors=True)
        try:
            self.switch = self._namespace("sw")
            self.switch.batch("link add lan0 type bridge mcast_snooping 0 stp_state 0",
                              "link set lan0 up")
            self.hosts = {name: self._host(name, address) for name, address in HOSTS.items()}
            self._web = {}
            for name in ("web1", "web2"):
                self._carry_virtual_addresses(self.hosts[name])
                self.start_web(name)
            self.directors = {name: self._director(name) for name in ("director1", "director2")}
        except BaseException:
            self.close()
            raise

    def _namespace(self, name):
        namespace = Namespace(name, self.folder)
        self._cleanup.callback(namespace.close)
        return namespace

    def _host(self, name, address):
        host = self._namespace(name)
        host.sysctl(net__ipv6__conf__default__disable_ipv6=1)
        ip("link", "add", "name", "eth1", "netns", host.full_name, "type", "veth",
           "peer", "name", f"p-{name}", "netns", self.switch.full_name)
        self.switch.batch(f"link set p-{name} master lan0", f"link set p-{name} up")
        host.batch(f"address add {address}/16 dev eth1", "link set eth1 up")
        return host

    @staticmethod
    def _carry_virtual_addresses(host):
        """What a real server of direct routing needs: the addresses, and silence about them in ARP."""
        host.sysctl(net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__all__arp_announce=2)
        host.batch(*(f"address add {address}/32 dev lo" for address in ADDRESSES))

    def _director(self, name):
        text = (HERE / f"{name}.conf").read_text().replace("@FOLDER@", str(self.folder))
        (self.folder / "notify.sh").write_text(
            f"#!/bin/sh\necho \"$1 $2\" >> {self.folder}/notify.log\n")
        (self.folder / "notify.sh").chmod(0o755)
        director = Holdfast(self.hosts[name], text, options=["--restart-grace", "3"])
        self._cleanup.callback(director.kill_everything)
        return director.start()

    def start_web(self, name):
        self._web[name] = self.hosts[name].popen(
            sys.executable, HERE / "web_server.py", name, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def kill_web(self, name):
        self._web[name].kill()
        self._web[name].wait()

    def cut_power(self, name):
        """The director dies: no frame leaves it any more, all its processes are gone."""
        self.switch.batch(f"link set p-{name} nomaster")
        self.directors[name].kill_everything()

    def restore_power(self, name):
        self.switch.batch(f"link set p-{name} master lan0")
        self.directors[name].start()

    def close(self):
        self._cleanup.close()
