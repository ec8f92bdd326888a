"""Fixtures of the netns and vm tests."""

import os
import pathlib
import re
import shutil

import pytest

from harness.namespaces import Topology
from harness.observers import AddressMonitor, Capture, Frames, Probe
from harness.programs import BIN, ROOT, Holdfast, Keepalived

# In the machine of tests/vm only $OUT outlives the tests.
REPORTS = pathlib.Path(os.environ.get("OUT", ROOT / "build/reports"))


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs root for network namespaces"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    setattr(item, f"report_{report.when}", report)


class Lab:
    """A topology with programs and observers that end with the test."""

    def __init__(self, nodes=2, lans=1):
        assert (BIN / "holdfast").exists(), "first: ./dev build"
        self.topology = Topology(nodes, lans)
        self.routers = []

    @property
    def switch(self):
        return self.topology.switch

    @property
    def client(self):
        return self.topology.client

    def node(self, number):
        return self.topology.node(number)

    def holdfast(self, number, configuration, **how):
        return self._router(Holdfast, number, configuration, how)

    def keepalived(self, number, configuration, **how):
        return self._router(Keepalived, number, configuration, how)

    def _router(self, kind, number, configuration, how):
        router = kind(self.node(number), configuration, **how)
        self.routers.append(router)
        self.topology.on_close(router.kill_everything)
        return router.start()

    def _observer(self, observer):
        self.topology.on_close(observer.close)
        return observer

    def capture(self, lan=0, node=None):
        """What passes the switch, which hears no unicast; or what reaches a node."""
        if node:
            return self._observer(Capture(node, f"eth{lan}"))
        return self._observer(Capture(self.switch, f"lan{lan}"))

    def address_monitor(self, number):
        return self._observer(AddressMonitor(self.node(number)))

    def frames_of(self, number, lan=0):
        """What a node sends."""
        return self._observer(Frames(self.switch, f"p{lan}-{self.node(number).name}"))

    def probe(self, address):
        return self._observer(Probe(self.client, address))

    def keep_logs(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for router in self.routers:
            if router.log_file.exists():
                shutil.copy(router.log_file, folder / f"{router.node.name}-{router.name}.log")
                shutil.copy(router.configuration_file, folder / f"{router.node.name}-{router.name}.conf")


@pytest.fixture
def make_lab(request):
    """make_lab(nodes=2, lans=1); the logs of a failed test stay in build/reports/logs."""
    labs = []

    def make(nodes=2, lans=1):
        labs.append(Lab(nodes, lans))
        return labs[-1]

    yield make
    report = getattr(request.node, "report_call", None)
    for lab in labs:
        if report is None or report.failed:
            lab.keep_logs(REPORTS / "logs" / re.sub(r"\W+", "-", request.node.name))
        lab.topology.close()


@pytest.fixture
def lab(make_lab):
    """Two nodes, one client, one LAN."""
    return make_lab()


@pytest.fixture
def report_line():
    """report_line(FILE, TEXT): a line of a report for people, below build/reports."""
    def write(name, text):
        REPORTS.mkdir(parents=True, exist_ok=True)
        with open(REPORTS / name, "a") as out:
            out.write(text + "\n")
        print(text)
    return write


@pytest.fixture
def root():
    return pathlib.Path(ROOT)
