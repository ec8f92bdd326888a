"""Real HTTP through real IPVS."""

import pytest

from directors import (HTTP_CHECK, TCP_CHECK, VIP, direct_routing, nat, prepare_direct_routing,
                       prepare_nat, virtual_server)
from harness.cluster import WebServer, ipvs_table, wait_answers_of, wait_table
from harness.configuration import configuration, instance

BOTH = {"n3", "n4"}


def rows(*servers, address="10.77.0.", forward="Route", weight=1):
    return {f"{address}{server}:80 {forward} {weight}" for server in servers}


@pytest.mark.parametrize("check", [HTTP_CHECK, TCP_CHECK], ids=["HTTP_GET", "TCP_CHECK"])
def test_direct_routing_follows_a_server_that_dies_and_returns(make_lab, check):
    lab = make_lab(nodes=4)
    first, _ = prepare_direct_routing(lab)
    director = lab.holdfast(1, direct_routing(150, check=check))
    director.wait_state("active")
    wait_answers_of(lab.client, VIP, BOTH)
    wait_table(lab.node(1), {f"TCP {VIP}:80 rr": rows(3, 4)})
    first.stop()
    wait_table(lab.node(1), {f"TCP {VIP}:80 rr": rows(4)})
    wait_answers_of(lab.client, VIP, {"n4"})
    down = {row["address"]: row for row in director.show("services")[0]["servers"]}
    assert not down["10.77.0.3"]["alive"] and down["10.77.0.3"]["last_error"]
    first.start()
    wait_table(lab.node(1), {f"TCP {VIP}:80 rr": rows(3, 4)})
    wait_answers_of(lab.client, VIP, BOTH)


def test_an_error_page_takes_a_server_out(make_lab):
    lab = make_lab(nodes=4)
    first, _ = prepare_direct_routing(lab)
    lab.holdfast(1, direct_routing(150)).wait_state("active")
    wait_answers_of(lab.client, VIP, BOTH)
    first.answer_errors()
    wait_answers_of(lab.client, VIP, {"n4"})
    first.answer_errors(False)
    wait_answers_of(lab.client, VIP, BOTH)


def test_nat_and_its_sync_group_fail_over_together(make_lab):
    lab = make_lab(nodes=4, lans=2)
    first, _ = prepare_nat(lab)
    strong, weak = lab.holdfast(1, nat(150)), lab.holdfast(2, nat(100))
    strong.wait_state("active", "outside")
    weak.wait_state("backup", "outside")
    wait_answers_of(lab.client, VIP, BOTH)
    table = {f"TCP {VIP}:80 rr": rows(3, 4, address="10.77.1.", forward="Masq")}
    wait_table(lab.node(1), table)
    first.stop()
    wait_answers_of(lab.client, VIP, {"n4"})
    first.start()
    wait_answers_of(lab.client, VIP, BOTH)
    lab.topology.plug(lab.node(1), False, lan=1)
    weak.wait_state("active", "inside")
    wait_answers_of(lab.client, VIP, BOTH)
    assert not lab.node(1).has_address(VIP)


def test_a_director_that_falls_silent_is_replaced(make_lab):
    lab = make_lab(nodes=4)
    prepare_direct_routing(lab)
    strong, weak = lab.holdfast(1, direct_routing(150)), lab.holdfast(2, direct_routing(100))
    strong.wait_state("active")
    weak.wait_state("backup")
    wait_answers_of(lab.client, VIP, BOTH)
    lab.topology.isolate(lab.node(1))
    weak.wait_state("active")
    wait_answers_of(lab.client, VIP, BOTH)
    lab.topology.isolate(lab.node(1), False)
    weak.wait_state("backup")
    wait_answers_of(lab.client, VIP, BOTH)


def test_the_sorry_server_answers_when_nobody_else_does(make_lab):
    lab = make_lab(nodes=4)
    servers = prepare_direct_routing(lab)
    sorry = WebServer(lab.node(1), port=80)
    lab.holdfast(1, direct_routing(150, extra=["sorry_server 127.0.0.1 80"])).wait_state("active")
    wait_answers_of(lab.client, VIP, BOTH)
    for server in servers:
        server.stop()
    wait_answers_of(lab.client, VIP, {sorry.name})
    servers[0].start()
    wait_answers_of(lab.client, VIP, {"n3"})


SCHEDULERS = ("rr", "wrr", "lc", "wlc", "sh", "dh")
FORWARDING = {"NAT": "Masq", "DR": "Route", "TUN": "Tunnel"}


def test_ipvsadm_shows_every_scheduler_and_forwarding_method(lab):
    """Addresses that nobody answers: an unchecked server counts as up."""
    wanted, blocks = {}, [instance(priority=150)]
    for number, scheduler in enumerate(SCHEDULERS):
        for kind, shown in FORWARDING.items():
            port = 8000 + 10 * number + len(wanted) % 10
            while f"TCP {VIP}:{port} {scheduler}" in wanted:
                port += 1
            blocks.append(virtual_server(VIP, port, {"10.77.0.3": 1, "10.77.0.4": 5},
                                         scheduler=scheduler, kind=kind, check=""))
            wanted[f"TCP {VIP}:{port} {scheduler}"] = {f"10.77.0.3:{port} {shown} 1",
                                                       f"10.77.0.4:{port} {shown} 5"}
    lab.holdfast(1, configuration(*blocks)).wait_state("active")
    wait_table(lab.node(1), wanted)


def test_persistence_udp_and_firewall_marks(lab):
    blocks = (virtual_server(VIP, 80, {"10.77.0.3": 1}, check="", extra=["persistence_timeout 50"]),
              virtual_server(VIP, 53, {"10.77.0.3": 1}, check="", protocol="UDP"),
              virtual_server(VIP, 80, {"10.77.0.4": 1}, check="").replace(
                  f"virtual_server {VIP} 80", "virtual_server fwmark 7"))
    lab.holdfast(1, configuration(*blocks))
    wait_table(lab.node(1), {f"TCP {VIP}:80 rr persistent 50": {"10.77.0.3:80 Route 1"},
                             f"UDP {VIP}:53 rr": {"10.77.0.3:53 Route 1"},
                             "FWM 7 rr": {"10.77.0.4:0 Route 1"}})


def test_foreign_entries_stay_and_drift_is_repaired(make_lab):
    lab = make_lab(nodes=4)
    prepare_direct_routing(lab)
    node = lab.node(1)
    node.run("ipvsadm", "-A", "-t", "10.77.0.200:80", "-s", "lc")
    node.run("ipvsadm", "-a", "-t", "10.77.0.200:80", "-r", "10.77.0.3:80", "-g", "-w", "3")
    foreign = {"TCP 10.77.0.200:80 lc": {"10.77.0.3:80 Route 3"}}
    whole = {f"TCP {VIP}:80 rr": rows(3, 4), **foreign}
    director = lab.holdfast(1, direct_routing(150))
    director.wait_state("active")
    wait_table(node, whole)
    node.run("ipvsadm", "-d", "-t", f"{VIP}:80", "-r", "10.77.0.3:80")
    wait_table(node, whole)
    node.run("ipvsadm", "-D", "-t", f"{VIP}:80")
    wait_table(node, whole)
    director.stop()
    wait_table(node, foreign)


@pytest.mark.parametrize("role", ["checkerd", "ipvsd", "vrrpd"])
def test_the_loss_of_a_daemon_leaves_the_table_as_it_is(make_lab, role):
    lab = make_lab(nodes=4)
    first, _ = prepare_direct_routing(lab)
    director = lab.holdfast(1, direct_routing(150))
    director.wait_state("active")
    first.stop()
    after = {f"TCP {VIP}:80 rr": rows(4)}
    wait_table(lab.node(1), after)
    pid = director.kill_role(role)
    tables = []
    while not director._successor(role, pid):
        tables.append(ipvs_table(lab.node(1)))
    tables += [ipvs_table(lab.node(1)) for _ in range(20)]
    assert all(table == after for table in tables), "a dead server came back, or a live one went"
    wait_answers_of(lab.client, VIP, {"n4"})
    first.start()
    wait_answers_of(lab.client, VIP, BOTH)


def test_connections_survive_the_loss_of_ipvsd(make_lab):
    """A client that asks all the time gets an answer each time."""
    lab = make_lab(nodes=4)
    prepare_direct_routing(lab)
    director = lab.holdfast(1, direct_routing(150))
    director.wait_state("active")
    wait_answers_of(lab.client, VIP, BOTH)
    loop = lab.client.popen("sh", "-c", f"for i in $(seq 60); do curl -s -o /dev/null --max-time 5 "
                            f"http://{VIP}/ || echo lost; done", stdout=-1, text=True)
    director.wait_successor("ipvsd", director.kill_role("ipvsd"))
    assert loop.communicate(timeout=200)[0] == ""


def test_a_reload_changes_what_changed_and_nothing_else(make_lab):
    lab = make_lab(nodes=4)
    prepare_direct_routing(lab)
    director = lab.holdfast(1, direct_routing(150))
    director.wait_state("active")
    wait_table(lab.node(1), {f"TCP {VIP}:80 rr": rows(3, 4)})
    director.write(configuration(instance(priority=150),
                                 virtual_server(VIP, 80, {"10.77.0.3": 1, "10.77.0.4": 7},
                                                scheduler="wrr")))
    director.ctl("reload", "--wait")
    wait_table(lab.node(1), {f"TCP {VIP}:80 wrr": rows(3) | rows(4, weight=7)})
    director.write(configuration(instance(priority=150)))
    director.ctl("reload", "--wait")
    wait_table(lab.node(1), {})


def test_what_the_control_tool_shows_is_what_the_kernel_has(make_lab):
    lab = make_lab(nodes=4)
    prepare_direct_routing(lab)
    director = lab.holdfast(1, direct_routing(150))
    director.wait_state("active")
    wait_answers_of(lab.client, VIP, BOTH)
    (service,) = director.show("services")
    assert (service["address"], service["port"], service["protocol"].lower()) == (VIP, 80, "tcp")
    assert service["scheduler"] == "rr" and service["programmed"] and service["quorum"] == 1
    assert {(row["address"], row["port"], row["weight"], row["alive"])
            for row in service["servers"]} == {("10.77.0.3", 80, 1, True), ("10.77.0.4", 80, 1, True)}
