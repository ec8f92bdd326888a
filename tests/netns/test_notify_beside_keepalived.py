"""The same events with Holdfast and with keepalived: scripts get the same words and the same
environment, pipes the same lines, mail servers the same octets.

What differs, and why:
* between objects, and between the two scripts of one event, keepalived promises no order, so each
  object's calls are compared for themselves;
* one connection carries several mails, so conversations are compared mail by mail;
* a sender "Name <address>" is only its address in MAIL FROM; keepalived sends both, which servers
  refuse. Its mails about a stop are lost, since it does not wait for them;
* an Active Router whose rival was there for a while and has fallen silent runs its hooks and writes
  its line again."""

import os
import signal
import threading

import pytest

from harness.configuration import block, configuration, instance
from harness.mail_server import MailServer
from harness.packets import Forger, advertisement, ipv4
from harness.wait import eventually

STATES = ("master", "backup", "fault", "stop")
SCRIPT = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
env -0 | sort -z > "$(dirname "$0")/environment"
"""


class Pipe:
    """Reads a notification pipe for as long as the test runs."""

    def __init__(self, path):
        os.mkfifo(path, 0o600)
        self._descriptor = os.open(path, os.O_RDWR)
        self._text = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while octets := os.read(self._descriptor, 65536):
            self._text += octets

    def lines(self):
        return self._text.decode().splitlines()


def by_object(lines, position):
    """Lines by the word that names their object, each in its order."""
    sorted_by = {}
    for line in lines:
        words = line.split()
        sorted_by.setdefault(words[position], []).append(line)
    return sorted_by


def run(make_lab, kind):
    """One life of a group of two instances with this program."""
    lab = make_lab(nodes=1, lans=2)
    node = lab.node(1)
    script = node.folder / "notify.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    pipe = Pipe(node.folder / "pipe")
    mails = MailServer(node)
    lab.topology.on_close(mails.close)

    def hooks(name):
        return [*(f'notify_{state} "{script} specific {name} {state}"' for state in STATES),
                f'notify "{script} generic"', "smtp_alert on"]

    router = getattr(lab, kind)(1, configuration(
        block("vrrp_sync_group G", block("group", "outside", "inside"), *hooks("G")),
        instance("outside", priority=150, extra=hooks("outside")),
        instance("inside", interface="eth1", vrid=52, priority=150,
                 addresses=("10.77.1.100/24",), extra=hooks("inside")),
        notify_fifo=node.folder / "pipe", router_id="node1", smtp_server="127.0.0.1",
        smtp_helo_name="me.test", notification_email_from="lb@z.test",
        notification_email="{\na@x.test\nb@y.test\n}"))
    def mailed(number):
        eventually(f"{number} mails", lambda: len(mails.messages) >= number)

    def settled(state, times):
        """Hooks and mails that still wait when the next event comes are left out by ours."""
        calls = (node.folder / "calls").read_text().splitlines()
        lines = pipe.lines()
        return lines.count(f'GROUP "G" {state} 0') == times and all(
            sum(call.startswith(f"generic {name} {state}") for call in calls) == times and
            calls.count(f"specific {name.split()[1]} {state.lower()}") == times
            for name in ("GROUP G", "INSTANCE outside", "INSTANCE inside"))

    eventually("a file of calls", (node.folder / "calls").exists)
    eventually("active", lambda: settled("MASTER", 1))
    mailed(6)
    lab.topology.plug(node, False)
    eventually("fault", lambda: settled("FAULT", 1))
    mailed(9)
    lab.topology.plug(node, True)
    eventually("active again", lambda: settled("MASTER", 2))
    mailed(15)
    router.stop()
    eventually("the stop", lambda: settled("STOP", 1))
    calls = (node.folder / "calls").read_text().splitlines()
    return {
        "generic": by_object([call for call in calls if call.startswith("generic")], 2),
        "specific": by_object([call for call in calls if call.startswith("specific")], 1),
        "pipe": by_object(pipe.lines(), 1),
        "mails": texts(mails),
        "envelopes": {line for words in mails.conversations for line in words
                      if line.startswith((b"HELO", b"MAIL", b"RCPT"))},
        "environment": (node.folder / "environment").read_text().split("\0"),
    }


def texts(mails):
    """The messages by their object ("Instance inside"), without the date and without those of a
    stop, which are ours alone."""
    sorted_by = {}
    for message in mails.messages:
        text = message.split(b"\r\n", 1)[1].decode()
        subject = next(line for line in text.split("\r\n") if line.startswith("Subject: "))
        if "Stopping" not in subject:
            sorted_by.setdefault(" ".join(subject.split()[3:5]), []).append(text)
    return sorted_by


@pytest.fixture
def both(make_lab):
    return run(make_lab, "holdfast"), run(make_lab, "keepalived")


def test_scripts_pipes_and_mails_are_keepalived_s(both):
    ours, theirs = both
    for what in ("generic", "specific", "pipe", "mails", "envelopes"):
        assert ours[what] == theirs[what], what
    assert [line for line in ours["environment"] if not line.startswith("_=")] == \
        [line for line in theirs["environment"] if not line.startswith(("_=", "HOLDFAST_"))]


def life_of_one(make_lab, kind):
    """One instance that hears a rival of lower priority, changes its priority, and is removed."""
    lab = make_lab(nodes=1)
    node = lab.node(1)
    script = node.folder / "notify.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    number = node.folder / "number"
    number.write_text("0")
    pipe = Pipe(node.folder / "pipe")
    words = (*STATES, "deleted", "master_rx_lower_pri")
    hooks = [*(f'notify_{word} "{script} specific {word}"' for word in words),
             f'notify "{script} generic"', "notify_priority_changes on",
             block("track_file", "number weight 1")]
    other = instance("other", vrid=52, addresses=("10.77.0.101/24",))
    shared = (block("track_file number", f"file {number}", "weight 1"),)
    settings = {"notify_fifo": node.folder / "pipe"}
    router = getattr(lab, kind)(
        1, configuration(*shared, instance(priority=150, extra=hooks), other, **settings))

    def said(line, times=1):
        eventually(f"{line}, not {pipe.lines()}", lambda: pipe.lines().count(line) == times)

    said('INSTANCE "VI_1" MASTER 150')
    said('INSTANCE "other" MASTER 100')
    capture = lab.capture()
    last = capture.wait_advertisement(priority=150)
    for _ in range(2):  # a rival in the first interval is no episode
        last = capture.wait_advertisement(since=last.at + 1e-6, priority=150)
    forger = Forger(lab.client)
    lab.topology.on_close(forger.close)
    forger.send(ipv4(advertisement(version=2, priority=50)))
    said('INSTANCE "VI_1" MASTER_RX_LOWER_PRI 150')
    if kind == "holdfast":
        said('INSTANCE "VI_1" MASTER 150', 2)
    number.write_text("-3\n")
    said('INSTANCE "VI_1" MASTER_PRIORITY 147')
    number.write_text("0\n")
    said('INSTANCE "VI_1" MASTER_PRIORITY 150')
    router.write(configuration(*shared, other, **settings))
    os.kill(router.pid, signal.SIGHUP)
    said('INSTANCE "VI_1" DELETED 150')
    calls = node.folder / "calls"
    eventually("the last hooks", lambda: {"specific deleted", "generic INSTANCE VI_1 DELETED 150"}
               <= set(calls.read_text().splitlines()))
    return {"pipe": by_object(pipe.lines(), 1)['"VI_1"'],
            "calls": by_object(calls.read_text().splitlines(), 0)}


def test_rivals_priorities_and_removals_are_told_as_by_keepalived(make_lab):
    ours, theirs = life_of_one(make_lab, "holdfast"), life_of_one(make_lab, "keepalived")
    lines = [f'INSTANCE "VI_1" {words}' for words in (
        "BACKUP 150", "MASTER 150", "MASTER_RX_LOWER_PRI 150", "MASTER_PRIORITY 147",
        "MASTER_PRIORITY 150", "DELETED 150")]
    assert theirs["pipe"] == lines
    assert ours["pipe"] == [*lines[:3], 'INSTANCE "VI_1" MASTER 150', *lines[3:]]
    calls = ["specific backup", "specific master", "specific master_rx_lower_pri",
             "specific deleted"]
    assert theirs["calls"]["specific"] == calls
    assert ours["calls"]["specific"] == [*calls[:3], "specific master", *calls[3:]]
    generic = [f"generic INSTANCE VI_1 {state} 150" for state in ("BACKUP", "MASTER", "DELETED")]
    assert theirs["calls"]["generic"] == generic
    assert ours["calls"]["generic"] == [*generic[:2], generic[1], *generic[2:]]
