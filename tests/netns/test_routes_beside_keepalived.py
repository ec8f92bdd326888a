"""Every keyword of routes, rules and addresses: what we put into the kernel beside keepalived 2.2.7."""

import re

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually

VIP = "10.77.0.100"

ROUTES = """
src 10.77.0.100 to 10.20.0.0/24 via 10.77.0.250 dev eth0
10.20.1.0/24 dev eth0
10.20.2.0/24 via 10.77.0.250
blackhole 10.20.3.0/24
unreachable 10.20.4.0/24 metric 5
prohibit 10.20.5.0/24 table 100
throw 10.20.6.0/24 table 5000
10.20.7.0/24 via 10.77.0.250 dev eth0 tos 4 metric 7
10.20.8.0/24 via 10.77.0.250 dev eth0 protocol static no_track
10.20.9.0/24 dev eth0 scope link
10.20.10.0/24 via 172.31.1.1 dev eth0 onlink
10.20.11.0/24 via 10.77.0.250 dev eth0 mtu 1400 advmss 1300 reordering 5 window 1000 cwnd lock 10 ssthresh 20 hoplimit 33
10.20.12.0/24 via 10.77.0.250 dev eth0 rtt 300ms rttvar 200ms rto_min lock 250ms initcwnd 11 initrwnd 12
10.20.13.0/24 via 10.77.0.250 dev eth0 quickack 1 features ecn congctl cubic fastopen_no_cookie 1 ttl-propagate enabled
10.20.14.0/24 via 10.77.0.250 dev eth0 realms 3/4
10.20.15.0/24 via 10.77.0.250 dev eth0 encap ip id 7 dst 1.2.3.4 src 4.3.2.1 tos 8 ttl 9
10.20.16.0/24 via 10.77.0.250 dev eth0 encap ip6 id 7 dst 2001:db8::9 src 2001:db8::8 tc 8 hoplimit 9
10.20.17.0/24 nexthop via 10.77.0.250 dev eth0 weight 2 nexthop via 10.77.0.251 dev eth0 weight 3 onlink realms 5/6
10.20.18.0/24 via 10.77.0.250 dev eth0 mtu lock 1350
local 10.20.19.0/24 dev eth0 scope host
multicast 225.1.2.3 dev eth0
10.20.20.0/24 via 10.77.0.250 dev eth0
10.20.20.0/24 via 10.77.0.251 dev eth0
append 10.20.21.0/24 via 10.77.0.250 dev eth0
append 10.20.21.0/24 via 10.77.0.251 dev eth0
add 10.20.22.0/24 via 10.77.0.251 dev eth0
default via 10.77.0.250 dev eth0 metric 50
fd00:20::/64 via fd77:0::250 dev eth0
fd00:21::/64 dev eth0 metric 5 pref high
blackhole fd00:23::/64
unreachable fd00:24::/64 table 100
fd00:25::/64 nexthop via fd77:0::250 dev eth0 weight 2 nexthop via fd77:0::251 dev eth0 weight 3
fd00:27::/64 via fd77:0::250 dev eth0 mtu 1400 hoplimit 5
fd00:28::/64 via fe80::77 dev eth0 onlink protocol 99 no_track
10.20.25.0/24 via 10.99.99.1 dev eth0
""".strip().splitlines()

RULES = """
from 10.0.0.0/24 table 100 preference 100
to 10.5.0.0/24 table 5000 preference 101 protocol 55 no_track
from 10.0.0.0/24 to 10.5.0.0/24 iif eth0 table 100 preference 102
oif lo table 100 preference 103
fwmark 0x10 table 100 preference 104
fwmark 0x10/0xf0 table 100 preference 105
tos 0x10 table 100 preference 106
from 10.0.0.0/24 goto 500 preference 107
from 10.0.0.0/24 blackhole preference 108
from 10.0.0.0/24 unreachable preference 109
from 10.0.0.0/24 prohibit preference 110
from 10.0.0.0/24 nop preference 111
l3mdev preference 112
from 10.0.0.0/24 table 100 suppress_prefixlength 5 suppress_ifgroup 7 preference 113
uidrange 100-200 table 100 preference 114
ipproto tcp sport 100-200 table 100 preference 115
tunnel-id 99 table 100 preference 116
from 10.0.0.0/24 realms 3/4 table 100 preference 117
not from 10.0.0.0/24 table 100 preference 118
from fd00:9::/64 table 100 preference 119
from fd00:9::/64 prohibit preference 120
to fd00:9::/64 iif eth0 fwmark 5 goto 700 preference 121
table 100 preference 500
""".strip().splitlines()

ADDRESSES = """
10.77.0.100/24
10.77.0.101/24 label eth0:x
10.77.0.103/24 brd +
10.77.0.104/24 brd 10.77.0.77
10.79.0.1/24 scope link
10.79.1.1/24 noprefixroute
10.79.2.1/24 preferred_lft 0
10.79.3.1 peer 10.79.3.2
fd77:0::101/64 -nodad
fd77:0::102
fd77:0::103 preferred_lft 1000
fd77:0::104/64 preferred_lft 0
fd77:0::105/64 home
fd77:0::106/64 mngtmpaddr
fd77:0::107/64 noprefixroute
""".strip().splitlines()


def settings():
    return configuration(instance(priority=200, addresses=[VIP + "/24"], extra=[
        block("virtual_ipaddress_excluded", *ADDRESSES[1:]),
        block("virtual_routes", *ROUTES), block("virtual_rules", *RULES)]))


def paths(node):
    """What `ip` shows of routes and rules that somebody like us has made."""
    shown = []
    for words in (["-4", "route"], ["-6", "route"]):
        text = node.run("ip", "-d", *words, "show", "table", "all").stdout.replace("\n\t", " ")
        shown += [line for line in text.splitlines()
                  if re.search(r"\b(10\.20|225\.1|fd00:2|default)", line)]
    for family in ("-4", "-6"):
        text = node.run("ip", "-d", family, "rule").stdout
        shown += [line for line in text.splitlines() if not re.search(r"proto kernel", line)]
    return sorted(re.sub(r"expires \S+", "expires", " ".join(line.split())) for line in shown)


def addresses(node):
    """`ip -d addr` of eth0 without what differs from host to host or from moment to moment."""
    text = node.run("ip", "-o", "address", "show", "dev", "eth0").stdout
    shown = []
    for line in text.splitlines():
        line = " ".join(line.split("eth0", 1)[1].replace("\\", "").split())
        line = re.sub(r"proto \S+ |\btentative |\bdynamic ", "", line)
        line = re.sub(r"preferred_lft [1-9]\d*sec", "preferred_lft some", line)
        if re.search(r"10\.77\.0\.10\d|10\.79\.|fd77::10", line):
            shown.append(line)
    return sorted(shown)


def wait_calm(node, router, look):
    """What the kernel shows once it is Active and all is there."""
    eventually("the address is there", lambda: node.has_address(VIP))
    if hasattr(router, "wait_state"):
        router.wait_state("active")
    last = None

    def same():
        nonlocal last
        before, last = last, look(node)
        return before == last and last
    return eventually("the kernel is calm", same)


def test_the_kernel_has_what_keepalived_would_put_there(lab):
    ours, theirs = lab.node(1), lab.node(2)
    lab.topology.isolate(theirs)
    before = {node: paths(node) for node in (ours, theirs)}
    holdfast = lab.holdfast(1, settings())
    keepalived = lab.keepalived(2, settings())
    for look in (paths, addresses):
        wanted = wait_calm(theirs, keepalived, look)
        found = wait_calm(ours, holdfast, look)
        assert found == wanted, "\n".join(
            ["missing:", *sorted(set(wanted) - set(found)), "more:", *sorted(set(found) - set(wanted))])
    assert "ROUTE_FAILED" in holdfast.log(), "a gateway that cannot be reached is named"
    assert holdfast.state("VI_1") == "active"
    holdfast.stop()
    assert paths(ours) == before[ours]
