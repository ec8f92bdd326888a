"""Mails about changes: delivered by a process of its own, whatever the mail server does."""

import itertools
import pathlib
import time

import pytest

from harness.configuration import configuration, instance
from harness.mail_server import MailServer
from harness.programs import children_of
from harness.wait import eventually, holds_for

BACKUP = "[n1] VRRP Instance VI_1 - Entering BACKUP state"
MASTER = "[n1] VRRP Instance VI_1 - Entering MASTER state"
FAULT = "[n1] VRRP Instance VI_1 - Entering FAULT state"
STOPPING = "[n1] VRRP Instance VI_1 - Stopping"


def mailing(*extra, server="127.0.0.1", **settings):
    return configuration(instance(priority=150, extra=["smtp_alert on", *extra]), router_id="n1",
                         smtp_server=server, smtp_connect_timeout=1,
                         notification_email="{\na@x.test\n}", **settings)


@pytest.fixture
def mail_server(lab):
    server = MailServer(lab.node(1))
    lab.topology.on_close(server.close)
    return server


def hang(connection):
    connection.recv(1)
    return False


def drip(connection):
    while True:
        connection.sendall(b"2")
        time.sleep(0.05)


def long_line(connection):
    connection.sendall(b"220 " + b"x" * 1_000_000)
    return hang(connection)


def endless(connection):
    while True:
        connection.sendall(b"220-wait\r\n" * 100)


def test_each_change_is_a_mail_and_the_stop_too(lab, mail_server):
    router = lab.holdfast(1, mailing())
    mail_server.wait_subjects(BACKUP, MASTER)
    lab.topology.plug(lab.node(1), False)
    mail_server.wait_subjects(BACKUP, MASTER, FAULT)
    router.stop()
    mail_server.wait_subjects(BACKUP, MASTER, FAULT, STOPPING)


def test_the_names_of_this_host_are_used_where_none_are_said(lab, mail_server):
    lab.holdfast(1, mailing(server="localhost"))
    eventually("two mails", lambda: len(mail_server.messages) == 2)
    words = mail_server.conversations[0]
    assert words[0].startswith(b"HELO ") and len(words[0]) > len(b"HELO \r\n")
    assert words[1].startswith(b"MAIL FROM:<root@")


@pytest.mark.parametrize("behaviour", [hang, drip, long_line, endless])
def test_a_hostile_server_holds_nothing_up(lab, mail_server, behaviour):
    mail_server.replies["GREETING"] = behaviour
    script = lab.node(1).folder / "notify.sh"
    script.write_text('#!/bin/sh\necho "$3" >> "$(dirname "$0")/calls"\n')
    script.chmod(0o755)
    router = lab.holdfast(1, mailing(f"notify {script}"))
    router.wait_state("active")
    calls = lab.node(1).folder / "calls"
    eventually("both scripts", lambda: calls.exists() and
               calls.read_text().split() == ["BACKUP", "MASTER"])
    router.wait_log("MAIL_FAILED")
    del mail_server.replies["GREETING"]
    eventually("the newest mail in the end", lambda: mail_server.subjects()[-1:] == [MASTER])


def test_a_silent_server_does_not_delay_the_stop(lab, mail_server):
    mail_server.replies["GREETING"] = hang
    router = lab.holdfast(1, mailing())
    router.wait_state("active")
    assert router.stop() == 0
    assert "MAIL_LOST" in router.log()


def test_what_is_refused_is_told_once_and_not_tried_again(lab, mail_server):
    mail_server.replies["RCPT"] = b"550 no such user\r\n"
    router = lab.holdfast(1, mailing())
    router.wait_log(r"MAIL_LOST.*MASTER.*550 no such user")
    before = mail_server.connections
    holds_for("no further connection", lambda: mail_server.connections == before, 2)


def test_without_a_server_there_is_no_mailer(lab):
    router = lab.holdfast(1, configuration(instance(extra=["smtp_alert on"]), router_id="n1",
                                           notification_email="{\na@x.test\n}"))
    router.wait_state("active")
    assert "MAIL" not in router.log()


def test_the_mailer_has_no_rights_and_ends_with_its_batch(lab, mail_server):
    mail_server.replies["GREETING"] = hang
    router = lab.holdfast(1, mailing())

    def mailer():
        for pid in children_of(router.pid):
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            if "Name:\tholdfast-mailer" in status and "Seccomp:\t2" in status:
                return dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        return None

    status = eventually("the mailer in its sandbox", mailer)
    assert set(status["CapPrm"]) == {"0"} and status["NoNewPrivs"] == "1"
    assert "0" not in status["Uid"].split()
    del mail_server.replies["GREETING"]
    eventually("it is delivered", lambda: MASTER in mail_server.subjects())
    eventually("the mailer has ended", lambda: mailer() is None)


def test_an_unknown_server_is_a_warning(lab):
    router = lab.holdfast(1, mailing(server="no-such-host.invalid"))
    router.wait_state("active")
    router.wait_log(r"smtp_server: no address of no-such-host.invalid")


def test_a_recipient_that_is_refused_is_named(lab, mail_server):
    answers = itertools.cycle([b"250 OK\r\n", b"550 no such user\r\n"])
    mail_server.replies["RCPT"] = lambda connection: connection.sendall(next(answers))
    router = lab.holdfast(1, configuration(
        instance(priority=150, extra=["smtp_alert on"]), router_id="n1", smtp_server="127.0.0.1",
        notification_email="{\na@x.test\nb@x.test\n}"))
    mail_server.wait_subjects(BACKUP, MASTER)
    router.wait_log(r"MAIL_SENT.*MASTER.*not to everybody: 550 no such user")
