"""Waiting for conditions."""

import os
import time

# Seconds; limits for failures, no expectation about speed. The machine of tests/vm is emulated.
GENEROUS = 120.0 if "IN_HOLDFAST_VM" in os.environ else 40.0
# Seconds between two looks; asking must not take the processor from what is waited for.
PAUSE = 0.2 if "IN_HOLDFAST_VM" in os.environ else 0.03


class NotSoon(AssertionError):
    """The condition did not come true within its limit."""


def eventually(what, condition, limit=GENEROUS, pause=PAUSE):
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
