"""Pairs of routers as most tests want them."""

from harness.configuration import configuration, instance

VIP = "10.77.0.100"
VIP6 = "fd77:0::100"
MAC = {1: "02:00:00:77:00:01", 2: "02:00:00:77:00:02"}


def start_pair(lab, strong=None, weak=None, options=(), **settings):
    """Two Holdfast nodes with priorities 150 and 100, once n1 is Active and n2 is Backup. `strong`
    and `weak` are further settings of n1's and n2's instance, `settings` of both."""
    first = lab.holdfast(1, configuration(instance(**{"priority": 150, **settings, **(strong or {})})),
                         options=options)
    second = lab.holdfast(2, configuration(instance(**{"priority": 100, **settings, **(weak or {})})),
                          options=options)
    wait_settled(first, second)
    return first, second


def wait_settled(active, backup, instance_name="VI_1"):
    active.wait_state("active", instance_name)
    backup.wait_state("backup", instance_name)
