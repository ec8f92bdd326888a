"""What a reader of the tutorials does with LVS, with the files that they print and through real IPVS.

VS1 and VS2 are the directors n1 and n2, RS1 and RS2 the web servers n3 and n4.
"""

import contextlib
import re

from harness.cluster import WebServer, get, wait_answers_of
from harness.tutorials import Host, printed
from harness.wait import eventually

RS1, RS2 = "<h1>RS1:172.18.200.100</h1>", "<h1>RS2:172.18.249.57</h1>"
SORRY1, SORRY2 = "Director1", "Director2 sorry server2"
FIRST, SECOND = "172.18.50.50", "172.18.51.51"
BOTH_SERVERS = ["-> 172.18.200.100:80 Route 1", "-> 172.18.249.57:80 Route 1"]
SORRY = ["-> 127.0.0.1:80 Route 1"]


def table_of(host):
    """`ipvsadm -ln` below its heading, without the counts of connections."""
    heading, rest = host.node.run("ipvsadm", "-ln").stdout.split("ActiveConn InActConn\n")
    assert heading.split() == ("IP Virtual Server version 1.2.1 (size=4096) Prot LocalAddress:Port "
                               "Scheduler Flags -> RemoteAddress:Port Forward Weight").split()
    lines = [line.split() for line in rest.splitlines()]
    return [" ".join(words[:-2] if words[0] == "->" else words) for words in lines]


def wait_table(host, *lines):
    with contextlib.suppress(AssertionError):
        eventually(f"ipvsadm -ln of {host.node.name}", lambda: table_of(host) == list(lines),
                   pause=0.3)
    assert table_of(host) == list(lines)


def wait_alternating(client, address, *pages):
    """One server after the other, as eight curls of the tutorial show it."""
    def alternate():
        answers = [get(client, address) for _ in range(8)]
        return set(answers) == set(pages) and all(
            answers[number] != answers[number + 1] for number in range(7))
    eventually(f"{address} answers in turn", alternate)


def real_server(lab, number, interface, address, page, *virtual_addresses):
    """After `setparam.sh start` and `service httpd start`."""
    host = Host(lab, number, interface, address)
    host.node.sysctl(net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__lo__arp_ignore=1,
                     net__ipv4__conf__all__arp_announce=2, net__ipv4__conf__lo__arp_announce=2)
    for alias, virtual in enumerate(virtual_addresses):
        host.node.batch(f"address add {virtual}/32 brd {virtual} dev lo label lo:{alias}")
    return WebServer(host.node, name=page)


class Cluster:
    """The four machines of the tutorial and a client."""

    def __init__(self, make_lab):
        self.lab = make_lab(nodes=4)
        self.client = self.lab.client
        self.client.batch("address add 172.18.0.99/16 brd + dev eth0")
        self.rs1 = real_server(self.lab, 3, "eth0", "172.18.200.100/16", RS1, FIRST, SECOND)
        self.rs2 = real_server(self.lab, 4, "eth0", "172.18.249.57/16", RS2, FIRST, SECOND)
        self.vs1 = Host(self.lab, 1, "eth1", "172.18.10.11/16")
        self.vs2 = Host(self.lab, 2, "eth1", "172.18.10.10/16")
        for host, page in ((self.vs1, SORRY1), (self.vs2, SORRY2)):
            WebServer(host.node, name=page)
            host.install_notify_script()


def one_service(instance, services):
    """The instance of one virtual address and the first virtual_server."""
    text = printed(services)
    start = text.index("virtual_server ")
    return printed(instance) + text[start:text.index("virtual_server ", start + 1)]


def impatient(text):
    """The printed file with shorter waits, which the first walk-through does not need."""
    return re.sub(r"(delay_loop|nb_get_retry|delay_before_retry) \d", r"\1 1", text)


def test_one_service_of_two_directors(make_lab):
    cluster = Cluster(make_lab)
    service = f"TCP {FIRST}:80 wrr"
    second = cluster.vs2.start(one_service("myroute_backup", "director_two"))
    wait_table(cluster.vs2, service, *BOTH_SERVERS)
    wait_alternating(cluster.client, FIRST, RS1, RS2)
    cluster.rs1.stop()
    wait_table(cluster.vs2, service, BOTH_SERVERS[1])
    wait_answers_of(cluster.client, FIRST, {RS2})
    cluster.rs1.start()
    wait_table(cluster.vs2, service, *BOTH_SERVERS)
    cluster.vs1.start(one_service("myroute_active", "director_one"))
    wait_table(cluster.vs1, service, *BOTH_SERVERS)
    second.stop()
    wait_table(cluster.vs2)
    wait_alternating(cluster.client, FIRST, RS1, RS2)


def test_two_masters_for_two_services(make_lab):
    cluster = Cluster(make_lab)
    both = [f"TCP {FIRST}:80 wrr", *BOTH_SERVERS, f"TCP {SECOND}:80 wrr", *BOTH_SERVERS]
    own = "inet 172.18.10.{0}/16 brd 172.18.255.255 scope global eth1"
    virtual = "inet {0}/16 scope global secondary eth1"
    # The second instance has priority 98 on both: whoever has the address keeps it.
    cluster.vs2.start(impatient(printed("director_two")))
    cluster.vs2.wait_shown(own.format(10), virtual.format(FIRST), virtual.format(SECOND))
    first = cluster.vs1.start(impatient(printed("director_one")))
    for director in (cluster.vs1, cluster.vs2):
        wait_table(director, *both)
    cluster.vs1.wait_shown(own.format(11), virtual.format(FIRST))
    cluster.vs2.wait_shown(own.format(10), virtual.format(SECOND))
    for address in (FIRST, SECOND):
        wait_alternating(cluster.client, address, RS1, RS2)
    cluster.rs1.stop()
    cluster.rs2.stop()
    nobody = [f"TCP {FIRST}:80 wrr", *SORRY, f"TCP {SECOND}:80 wrr", *SORRY]
    for director in (cluster.vs1, cluster.vs2):
        wait_table(director, *nobody)
    wait_answers_of(cluster.client, FIRST, {SORRY1})
    wait_answers_of(cluster.client, SECOND, {SORRY2})
    cluster.rs1.start()
    cluster.rs2.start()
    for director in (cluster.vs1, cluster.vs2):
        wait_table(director, *both)
    first.stop()
    cluster.vs2.wait_shown(own.format(10), virtual.format(SECOND), virtual.format(FIRST))
    for address in (FIRST, SECOND):
        wait_alternating(cluster.client, address, RS1, RS2)
    wait_table(cluster.vs2, *both)
    first.start()
    cluster.vs1.wait_shown(own.format(11), virtual.format(FIRST))
    cluster.vs2.wait_shown(own.format(10), virtual.format(SECOND))
    for address in (FIRST, SECOND):
        wait_alternating(cluster.client, address, RS1, RS2)


def test_a_web_service_with_a_sorry_server(make_lab):
    """`nat_mask` is no keyword any more; the rest is carried out all the same."""
    lab = make_lab(nodes=4)
    lab.client.batch("address add 172.16.0.99/16 brd + dev eth0")
    servers = [real_server(lab, number, "eth0", f"172.16.100.{last}/16", page, "172.16.100.71")
               for number, last, page in ((3, 8, RS1), (4, 9, RS2))]
    director = Host(lab, 1, "eno16777736", "172.16.100.1/16")
    WebServer(director.node, name=SORRY1)
    director.start(impatient(printed("web_service_with_sorry_server")))
    service = "TCP 172.16.100.71:80 rr"
    both = ["-> 172.16.100.8:80 Route 1", "-> 172.16.100.9:80 Route 1"]
    wait_table(director, service, *both)
    director.wait_shown("inet 172.16.100.1/16 brd 172.16.255.255 scope global eno16777736",
                        "inet 172.16.100.71/32 brd 172.16.100.71 scope global eno16777736:0")
    wait_alternating(lab.client, "172.16.100.71", RS1, RS2)
    for server in servers:
        server.stop()
    wait_table(director, service, *SORRY)
    wait_answers_of(lab.client, "172.16.100.71", {SORRY1})
    servers[1].start()
    wait_table(director, service, both[1])
    wait_answers_of(lab.client, "172.16.100.71", {RS2})
