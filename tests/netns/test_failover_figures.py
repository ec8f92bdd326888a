"""How long a lost Active Router is missed, beside what RFC 9568 allows. No judgement."""

import time

import pytest

from harness.configuration import configuration, instance
from pairs import MAC, wait_settled


def bound(version, advert_int, priority):
    """Active_Down_Interval (RFC 9568 6.1; version 2: RFC 3768 6.1)."""
    return 3 * advert_int + (256 - priority) / 256 * (1 if version == 2 else advert_int)


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["holdfast", "keepalived"])
@pytest.mark.parametrize("version,advert_int", [(2, 1), (3, 1), (3, 0.1), (3, 0.01)],
                         ids=["v2-1s", "v3-1s", "v3-100ms", "v3-10ms"])
def test_figures_of_a_killed_active_router(lab, report_line, kind, version, advert_int):
    start = getattr(lab, kind)
    settings = {"version": version, "advert_int": advert_int}
    strong = start(1, configuration(instance(priority=150, **settings)))
    weak = start(2, configuration(instance(priority=100, **settings)))
    wait_settled(strong, weak)
    capture = lab.capture()
    capture.wait_advertisement(mac=MAC[1])
    before = time.monotonic()
    strong.kill_everything()
    takeover = capture.wait_advertisement(since=before, mac=MAC[2]).at
    last = capture.advertisements(mac=MAC[1])[-1].at
    allowed = bound(version, advert_int, 100)
    report_line("failover.txt", f"killed, {kind}, version {version}, advert_int {advert_int} s: taken "
                f"over {takeover - last:.4f} s after the last advertisement, RFC 9568: {allowed:.4f} s "
                f"({(takeover - last - allowed) * 1000:+.1f} ms)")
    weak.wait_state("active")
