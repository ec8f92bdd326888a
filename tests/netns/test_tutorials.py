"""What a reader of the tutorials does with VRRP, with the files that they print.

Hosts have the names, interfaces and addresses of the tutorial; what it shows is what must be seen.
"""

import os
import re
import time

from harness.configuration import block, configuration, instance
from harness.tutorials import Dump, Host, printed
from harness.wait import eventually
from pairs import wait_settled

GROUP = "224.0.100.50"
OWN_10 = "inet 172.18.10.10/16 brd 172.18.255.255 scope global eth1"
OWN_11 = "inet 172.18.10.11/16 brd 172.18.255.255 scope global eth1"
FIRST = "inet 172.18.50.50/16 scope global secondary eth1"
SECOND = "inet 172.18.51.51/16 scope global secondary eth1"


def two_hosts(lab):
    """172.18.10.11, meant to be the master, and 172.18.10.10."""
    return Host(lab, 1, "eth1", "172.18.10.11/16"), Host(lab, 2, "eth1", "172.18.10.10/16")


def advertisement(source, vrid, priority):
    """The line of tcpdump that the tutorial shows."""
    return (f"IP {source} > {GROUP}: VRRPv2, Advertisement, vrid {vrid}, prio {priority}, "
            "authtype simple, intvl 1s, length 20")


def test_one_virtual_address_on_a_master_and_a_backup(lab):
    master, backup = two_hosts(lab)
    weak = backup.start(printed("myroute_backup"))
    backup.wait_shown(OWN_10, FIRST)
    seen_there = Dump(backup, GROUP)
    strong = master.start(printed("myroute_active"))
    master.wait_shown(OWN_11, FIRST)
    backup.wait_shown(OWN_10)
    wait_settled(strong, weak, "myroute")
    line = advertisement("172.18.10.11", 50, 100)
    seen_there.read_until(lambda shown: shown == line)
    assert Dump(master, GROUP).next(2) == [line] * 2
    assert seen_there.next(2) == [line] * 2


def dual_masters(lab):
    left, right = two_hosts(lab)
    routers = [left.start(printed("myroute_active", "second_route_backup")),
               right.start(printed("myroute_backup", "second_route_active"))]
    left.wait_shown(OWN_11, FIRST)
    right.wait_shown(OWN_10, SECOND)
    return left, right, *routers


def test_two_masters_and_a_firewall_between_them(lab):
    left, right, *_ = dual_masters(lab)
    lines = {advertisement("172.18.10.11", 50, 100), advertisement("172.18.10.10", 51, 100)}
    for host in (left, right):
        assert set(Dump(host, GROUP).next(4)) == lines
    # iptables -A OUTPUT -s 172.18.10.11 -d 224.0.100.50 -j REJECT
    left.node.run("nft", "add table ip filter; add chain ip filter output "
                  "{ type filter hook output priority 0; }; add rule ip filter output "
                  f"ip saddr 172.18.10.11 ip daddr {GROUP} reject")
    right.wait_shown(OWN_10, SECOND, FIRST)
    left.node.run("nft", "flush ruleset")
    right.wait_shown(OWN_10, SECOND)
    left.wait_shown(OWN_11, FIRST)


def test_two_masters_take_over_from_each_other(lab):
    left, right, first, second = dual_masters(lab)
    first.stop()
    right.wait_shown(OWN_10, SECOND, FIRST)
    left.wait_shown(OWN_11)
    first.start()
    right.wait_shown(OWN_10, SECOND)
    left.wait_shown(OWN_11, FIRST)
    second.kill_everything()
    lab.topology.isolate(right.node)
    eventually("both addresses on the other host",
               lambda: set(left.shown_by_ip()) == {OWN_11, FIRST, SECOND})


NOTIFY_LINES = "\n".join(f'notify_{state} "/etc/keepalived/notify.sh {state}"'
                         for state in ("master", "backup", "fault"))


def with_notify(text):
    """Lines at the end of the last block."""
    end = text.rindex("}")
    return text[:end] + NOTIFY_LINES + "\n" + text[end:]


def test_mails_of_notify_scripts(lab):
    master, backup = two_hosts(lab)
    for host in (master, backup):
        host.install_notify_script()
    strong = master.start(with_notify(printed("myroute_active")))
    master.wait_mails("backup", "master")
    weak = backup.start(with_notify(printed("myroute_backup")))
    backup.wait_mails("backup")
    strong.stop()
    backup.wait_mails("backup", "master")
    (master.folder / "mailbox").unlink()
    strong.start()
    master.wait_mails("backup", "master")
    backup.wait_mails("backup", "master", "backup")
    lab.topology.plug(master.node, False)
    master.wait_mails("backup", "master", "fault")
    backup.wait_mails("backup", "master", "backup", "master")
    lab.topology.plug(master.node, True)
    master.wait_mails("backup", "master", "fault", "backup", "master")
    backup.wait_mails("backup", "master", "backup", "master", "backup")
    wait_settled(strong, weak, "myroute")


def test_a_down_file_and_a_stopped_httpd_move_the_address(lab):
    """Both scripts of the tutorial lower the priority by 5, through the shell."""
    vip = "inet 172.16.100.71/32 scope global eno16777736"
    hosts = [Host(lab, number, "eno16777736", f"172.16.100.{number}/16") for number in (1, 2)]
    own = [f"inet 172.16.100.{number}/16 brd 172.16.255.255 scope global eno16777736"
           for number in (1, 2)]
    httpd = f"hf{os.getpid()}httpd"
    text = printed("tracked_by_down_file").replace("httpd", httpd)
    programs = hosts[0].start_program(httpd)
    for host in hosts:
        host.install_notify_script()
    strong = hosts[0].start(text)
    weak = hosts[1].start(text.replace("state MASTER", "state BACKUP").replace("priority 100",
                                                                               "priority 98"))
    wait_settled(strong, weak)
    hosts[0].wait_shown(own[0], vip)
    (hosts[0].folder / "down").touch()
    wait_settled(weak, strong)
    hosts[1].wait_shown(own[1], vip)
    hosts[0].wait_shown(own[0])
    (hosts[0].folder / "down").unlink()
    hosts[0].wait_shown(own[0], vip)
    hosts[1].wait_shown(own[1])
    hosts[0].wait_mails("backup", "master", "backup", "master")
    # The one httpd of this machine serves both hosts: without it both priorities fall.
    capture = lab.capture()
    programs.kill()
    programs.wait()
    capture.wait_advertisement(priority=95, vrid=57)
    hosts[0].start_program(httpd)
    capture.wait_advertisement(since=time.monotonic(), priority=100, vrid=57)
    wait_settled(strong, weak)


def test_a_missing_httpd_needs_three_failures_and_one_success(lab):
    """fall 3, rise 1; the master has no script and stands between 99 and 99 - 5."""
    host = Host(lab, 1, "eno16777736", "172.16.174.160/16")
    httpd = f"hf{os.getpid()}web"
    program = host.start_program(httpd)
    capture = lab.capture()
    host.install_notify_script()
    router = host.start(printed("tracked_httpd").replace("httpd", httpd))
    capture.wait_advertisement(priority=99, vrid=59, destination="224.0.174.18")
    host.wait_shown("inet 172.16.174.160/16 brd 172.16.255.255 scope global eno16777736",
                    "inet 172.16.174.176/32 scope global eno16777736")
    before = time.monotonic()
    program.kill()
    program.wait()
    assert capture.wait_advertisement(since=before, priority=94).at - before > 2
    host.start_program(httpd)
    capture.wait_advertisement(since=time.monotonic(), priority=99)
    host.wait_mails("backup", "master")
    assert router.state() == "active"


def test_a_file_of_the_nginx_monitor_lowers_the_priority_by_15(lab):
    host = Host(lab, 1, "eth0", "192.168.200.1/24")
    capture = lab.capture()
    host.start(printed("monitored_nginx"))
    own = "inet 192.168.200.1/24 brd 192.168.200.255 scope global eth0"
    host.wait_shown(own, *(f"inet 192.168.200.{last}/32 scope global eth0" for last in (16, 17, 18)))
    capture.wait_advertisement(priority=100, vrid=51, addresses=(
        "192.168.200.16", "192.168.200.17", "192.168.200.18"))
    (host.folder / "monitor_nginx.sh").touch()
    capture.wait_advertisement(priority=85, vrid=51)


def test_a_labelled_address_with_broadcast(lab):
    host = Host(lab, 1, "eno16777736", "172.16.100.1/16")
    text = printed("web_service_with_sorry_server")
    host.start(text[:text.index("virtual_server ")])
    host.wait_shown("inet 172.16.100.1/16 brd 172.16.255.255 scope global eno16777736",
                    "inet 172.16.100.71/32 brd 172.16.100.71 scope global eno16777736:0")


def test_a_tracked_interface_is_a_fault_and_addresses_lie_on_other_interfaces(make_lab):
    """The annotated instance, whose slips do not keep it from running; `debug` without a number would."""
    lab = make_lab(lans=3)
    text = printed("annotated_instance")
    text = text[:text.index("virtual_routes")] + "nopreempt\n\npreemtp_delay 300\n}\n"
    hosts = [Host(lab, number, "eth0", f"10.77.0.{number}/24") for number in (1, 2)]
    for host in hosts:
        host.install_notify_script()
    strong = hosts[0].start(with_notify(text.replace("<IPADDR>", "10.77.0.1", 1)))
    weak = hosts[1].start(with_notify(text.replace("<IPADDR>", "10.77.0.2", 1)
                                      .replace("MASTER", "BACKUP").replace("priority 100",
                                                                           "priority 90")))
    wait_settled(strong, weak, "http")
    own = "inet 10.77.{}.1/24 scope global eth{}"
    hosts[0].wait_shown(own.format(1, 1), "inet 192.168.200.17/24 scope global eth1",
                        interface="eth1")
    hosts[0].wait_shown(own.format(2, 2), "inet 192.168.200.18/24 scope global eth2:1",
                        interface="eth2")
    lab.topology.plug(hosts[0].node, False, lan=1)
    hosts[0].wait_mails("backup", "master", "fault")
    weak.wait_state("active", "http")
    hosts[0].wait_shown(own.format(2, 2), interface="eth2")
    lab.topology.plug(hosts[0].node, True, lan=1)
    wait_settled(strong, weak, "http")  # nopreempt does not go with MASTER


# (state of A, priority of A, state of B, priority of B), then who is the master after: B starts, A
# fails, A recovers, B fails, B recovers.
NOPREEMPT = {
    "one": (("MASTER", 100, "BACKUP", 101), "ABBAA"),
    "two": (("MASTER", 101, "BACKUP", 100), "ABAAA"),
    "three": (("BACKUP", 101, "BACKUP", 100), "ABBAA"),
}


def nopreempt_file(host):
    blocks = []
    for vrid, (name, (settings, _)) in enumerate(NOPREEMPT.items(), 79):
        state, priority = settings[2 * host:2 * host + 2]
        blocks.append(instance(name, vrid=vrid, state=state, priority=priority,
                               addresses=(f"10.77.0.{vrid}",), extra=["nopreempt"]))
    return configuration(*blocks)


def test_the_three_stories_of_nopreempt(lab):
    """All three at the same time, as three virtual routers of the same two hosts."""
    capture = lab.capture()
    a = lab.holdfast(1, nopreempt_file(0))
    for name in NOPREEMPT:
        a.wait_state("active", name)
    b = lab.holdfast(2, nopreempt_file(1))
    for number, step in enumerate((lambda: None, a.stop, a.start, b.stop, b.start)):
        step()
        for name, (_, masters) in NOPREEMPT.items():
            winner, loser = (a, b) if masters[number] == "A" else (b, a)
            winner.wait_state("active", name)
            if loser.process.poll() is None:
                loser.wait_state("backup", name)
        wait_nobody_else_advertises(capture, [masters[number] for _, masters in NOPREEMPT.values()])


def wait_nobody_else_advertises(capture, masters):
    """For longer than a down interval: who would preempt has done so by then."""
    began = time.monotonic()
    address = {"A": "10.77.0.1", "B": "10.77.0.2"}
    for vrid, master in enumerate(masters, 79):
        capture.wait_advertisement(since=began + 4, vrid=vrid, source=address[master])
        other = address["B" if master == "A" else "A"]
        assert not capture.advertisements(since=began, vrid=vrid, source=other), (vrid, other)


def test_a_sync_group_calls_its_scripts_as_one(make_lab):
    lab = make_lab(lans=2)
    hosts = [lab.node(number) for number in (1, 2)]
    routers = []
    for number, priority in ((1, 100), (2, 90)):
        folder = lab.node(number).folder
        for name in ("to_master.sh", "to_backup.sh", "fault.sh", "notify.sh"):
            (folder / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\n')
            (folder / name).chmod(0o755)
        text = printed("sync_group_of_scripts").replace("/path/to", str(folder)).replace(
            "/path_to/to", f"{folder}/to").replace("/path/", f"{folder}/")
        routers.append(lab.holdfast(number, configuration(
            text, instance("http", priority=priority), instance(
                "mysql", interface="eth1", vrid=52, priority=priority,
                addresses=("10.77.1.100/24",)))))
    strong, weak = routers

    def calls(number):
        return (hosts[number - 1].folder / "calls").read_text().splitlines()

    for name in ("http", "mysql"):
        wait_settled(strong, weak, name)
    eventually("the group's scripts", lambda: sorted(calls(1)) == [
        "notify.sh GROUP VG_1 BACKUP 0", "notify.sh GROUP VG_1 MASTER 0", "to_backup.sh ",
        "to_master.sh "])
    lab.topology.plug(lab.node(1), False, lan=1)
    for name in ("http", "mysql"):
        strong.wait_state("fault", name)
        weak.wait_state("active", name)
    eventually("fault", lambda: set(calls(1)[4:]) == {"fault.sh VG_1",
                                                      "notify.sh GROUP VG_1 FAULT 0"})
    eventually("master", lambda: {"to_master.sh ", "notify.sh GROUP VG_1 MASTER 0"} <= set(calls(2)))
    lab.topology.plug(lab.node(1), True, lan=1)
    for name in ("http", "mysql"):
        wait_settled(strong, weak, name)


CODIS_ADDRESSES = {"127.0.0.100": "10.77.0.100", "127.0.0.1": "10.77.0.1",
                   "127.0.0.2": "10.77.0.2"}


def codis(name, folder):
    """The VRRP part of a codis load balancer; loopback addresses stand for those of hosts."""
    text = printed(name)
    text = text[:text.index("virtual_server ")].replace("notify.sh", f"{folder}/notify.sh")
    return re.sub(r"127\.0\.0\.\d+", lambda found: CODIS_ADDRESSES[found[0]], text)


def test_unicast_peers_and_scripts_with_redirections(lab):
    """`state SALVE` and nopreempt with MASTER are slips that both nodes survive."""
    hosts = [Host(lab, number, "eth0", f"10.77.0.{number}/24") for number in (1, 2)]
    routers = []
    for host, name in zip(hosts, ("codis_with_include", "codis_second_node")):
        script = host.folder / "notify.sh"
        script.write_text('#!/bin/sh\necho "$1 $2 $3" >> "$(dirname "$0")/calls"\necho noise\n')
        script.chmod(0o755)
        routers.append(host.start(codis(name, host.folder)))
        if len(routers) == 1:
            routers[0].wait_state("active", "codis_6379")
    first, second = routers
    wait_settled(first, second, "codis_6379")
    dump = Dump(hosts[1], "10.77.0.1")
    line = ("IP 10.77.0.{} > 10.77.0.{}: VRRPv2, Advertisement, vrid 79, prio {}, "
            "authtype simple, intvl 1s, length 20")
    dump.read_until(lambda shown: shown == line.format(1, 2, 100))
    first.stop()
    second.wait_state("active", "codis_6379")
    dump.read_until(lambda shown: shown == line.format(2, 1, 101))
    for host in hosts:
        eventually("both calls", lambda: (host.folder / "calls").read_text() ==
                   "BACKUP eth0 11\nMASTER eth0 11\n")


def test_a_delay_before_preemption(lab):
    """`preempt_delay`: whoever comes back waits so long before the new election."""
    capture = lab.capture()
    weak = lab.holdfast(2, configuration(instance(priority=98)))
    weak.wait_state("active")
    strong = lab.holdfast(1, configuration(instance(priority=100, extra=["preempt_delay 6"])))
    strong.wait_state("backup")
    began = time.monotonic()
    wait_settled(strong, weak)
    first = capture.wait_advertisement(since=began, source="10.77.0.1")
    # From its start, which was before `began`; a down interval alone would be less than 4 s.
    assert first.at - began > 4


def test_a_script_that_succeeds_raises_the_priority(lab):
    """The weight at the place of use, 20, counts instead of the script's own, 10."""
    script = lab.node(1).folder / "check_running"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    router = lab.holdfast(1, printed("script_raises_priority").replace(
        "/usr/local/bin/check_running", str(script)))
    eventually("priority 90 + 20", lambda: router.vrrp("http").get("effective_priority") == 110)


def test_a_reload_from_a_group_to_a_single_instance(lab):
    """The change of the codis load balancers, the backup first: nothing moves, and the scripts are
    the instance's from now on."""
    scripts, routers = [], []
    for number, name in ((1, "codis_with_include"), (2, "codis_second_node")):
        folder = lab.node(number).folder
        script = folder / "notify.sh"
        script.write_text('#!/bin/sh\necho "$1 $2 $3" >> "$(dirname "$0")/calls"\n')
        script.chmod(0o755)
        scripts.append(folder / "calls")
        after = codis(name, folder)
        notify = re.findall(r"(?m)^ *notify_.*$", after)
        before = re.sub(r"(?m)^ *notify_.*$", "", after) + block(
            "vrrp_sync_group VG_1", block("group", "codis_6379"), *notify)
        routers.append(lab.holdfast(number, before))
        if number == 1:
            routers[0].wait_state("active", "codis_6379")
        routers[-1].after = after
    first, second = routers
    wait_settled(first, second, "codis_6379")
    removed = lab.address_monitor(1)
    for router in (second, first):
        router.write(router.after)
        router.ctl("reload", "--wait")
    wait_settled(first, second, "codis_6379")
    assert not removed.removals("10.77.0.100")
    assert first.state_changes() == [("codis_6379", "init", "backup"),
                                     ("codis_6379", "backup", "active")]
    first.stop()
    second.wait_state("active", "codis_6379")
    eventually("the master's script", lambda: scripts[1].exists()
               and scripts[1].read_text().splitlines()[-1] == "MASTER eth0 11")
