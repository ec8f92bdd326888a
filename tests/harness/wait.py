"""Waiting for conditions."""

import time

GENEROUS = 40.0  # seconds; a limit for failures, no expectation about speed


class NotSoon(AssertionError):
    """The condition did not come true within its limit."""


def eventually(what, condition, limit=GENEROUS, pause=0.03):
    """The first true value of condition(), asked again and again; `what` names it in the failure."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotSoon(f"not within {limit:g} s: {what}; last value {value!r}")
        time.sleep(pause)


def holds_for(what, condition, seconds, pause=0.05):
    """Fails as soon as condition() is false within `seconds`: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not hold: {what}"
        time.sleep(pause)
