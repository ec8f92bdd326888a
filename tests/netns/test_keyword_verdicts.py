"""keepalived -t and ours on every sample of every keyword.

The samples are those of tests/unit/config/keyword_samples.hpp: derived from keywords.tsv, or written
in tests/recorded/keywords. A sample that gets another exit status says so, with the reason.
"""

import os

import pytest

from harness.namespaces import Namespace
from harness.programs import ROOT

INTERFACES = ("eth0", "eth1", "eth2")
PROGRAM = ROOT / "build/tests/unit/config/keyword_samples"
# Each file's status lands beside it. keepalived 2.2.7 goes in circles over some.
ASK = 'for file; do timeout 20 keepalived -t -i node1 -f "$file" > "$file.said" 2>&1; echo $? > "$file.status"; done'


def status_of(file):
    """keepalived's status; empty when it was not asked."""
    status = file.with_name(file.name + ".status")
    return status.read_text().strip() if status.exists() else ""


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Rows of index.tsv with keepalived's status behind them."""
    folder = tmp_path_factory.mktemp("keywords")
    namespace = Namespace("keywords", tmp_path_factory.mktemp("namespace"))
    namespace.batch(*(f"link add {name} type veth peer name peer{number}"
                      for number, name in enumerate(INTERFACES)),
                    *(f"link set {name} up" for name in INTERFACES))
    try:
        namespace.run(PROGRAM, folder)
        namespace.run("sh", "-c", 'cd "$0" && grep -v "\t? " index.tsv | cut -f 1 | '
                      'xargs -n 50 -P "$1" sh -c "$2" ask', folder, 2 * (os.cpu_count() or 1), ASK)
        index = [line.split("\t") for line in (folder / "index.tsv").read_text().splitlines()]
        assert len(index) > 1000
        yield [(title, int(ours), known, status_of(folder / file), folder / file)
               for file, title, ours, known in index]
    finally:
        namespace.close()


def difference(title, ours, known, theirs, file):
    """What is wrong with this sample; None if nothing."""
    expected, _, reason = known.partition(" ")
    if expected == "?":
        return None if reason else f"{title}: no reason"
    if expected == "-":
        expected = str(ours)
    elif not reason or int(expected) == ours:
        return f"{title}: difference without reason, or none"
    if theirs == expected:
        return None
    said = file.with_name(file.name + ".said").read_text(errors="replace")
    return f"{title}: keepalived {theirs}, ours {ours}, recorded {known}\n{file.read_text()}{said}"


def test_the_same_verdict_or_a_reason(samples):
    wrong = [text for text in (difference(*sample) for sample in samples) if text]
    assert not wrong, f"{len(wrong)} of {len(samples)}:\n" + "\n".join(wrong)
