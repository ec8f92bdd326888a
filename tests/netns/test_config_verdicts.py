"""keepalived -t and ours, side by side, on every recorded configuration.

tests/recorded/config/verdicts.tsv holds what each is expected to say, and the reason where the two
differ. The unit test of the same table needs no keepalived; this one shows that the table is true.
"""

import pathlib
import subprocess

import pytest

from harness.namespaces import Namespace
from harness.programs import BIN, ROOT

RECORDED = ROOT / "tests/recorded/config"
INTERFACES = ("eth0", "eth1", "eth2", "eno16777736")


def rows():
    for line in (RECORDED / "verdicts.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            file, keepalived, ours = line.split("\t")[:3]
            yield pytest.param(file, int(keepalived), int(ours), id=pathlib.Path(file).stem)


def reasons():
    for line in (RECORDED / "verdicts.tsv").read_text().splitlines():
        columns = line.split("\t")
        if not line.startswith("#") and len(columns) >= 3 and columns[1] != columns[2]:
            yield columns


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A namespace with the interfaces that the configurations name."""
    namespace = Namespace("verdicts", tmp_path_factory.mktemp("verdicts"))
    namespace.batch(*(f"link add {name} type veth peer name peer{number}"
                      for number, name in enumerate(INTERFACES)),
                    *(f"link set {name} up" for name in INTERFACES))
    yield namespace
    namespace.close()


def status_of(host, *command):
    """The exit status; a signal is told as a shell tells it."""
    done = host.run(*command, check=False, errors="replace")
    return done.returncode if done.returncode >= 0 else 128 - done.returncode, done


def user_exists(name):
    return subprocess.run(["getent", "passwd", name], capture_output=True).returncode == 0


@pytest.mark.parametrize("file, keepalived, ours", rows())
def test_verdict(host, file, keepalived, ours):
    if user_exists("keepalived_script"):
        pytest.skip("the table is made for a host without the user keepalived_script")
    path = RECORDED / file
    theirs, _ = status_of(host, "keepalived", "-t", "-i", "node1", "-f", path)
    assert theirs == keepalived
    status, said = status_of(host, BIN / "holdfast", "-t", "-i", "node1", "-f", path)
    assert status == ours, said.stderr


def test_every_difference_has_its_reason():
    for columns in reasons():
        assert len(columns) == 4 and columns[3], columns[0]
