"""The quorum of a virtual server as a tracker. Works without IPVS in the kernel: verdicts do not need it."""

from harness.cluster import WebServer
from harness.configuration import block, configuration, instance
from harness.wait import eventually
from pairs import VIP, wait_settled


def service(server):
    return block("virtual_server 10.77.0.200 80", "delay_loop 1", "protocol TCP", "lvs_sched rr",
                 "lvs_method NAT",
                 block(f"real_server {server} 80", block("TCP_CHECK", "connect_timeout 1", "retry 0")))


def tracking(priority, server, *options):
    name = " ".join(("[10.77.0.200]:tcp:80", *options))
    return configuration(
        instance(priority=priority, extra=[block("track_virtual_server", name)]), service(server))


def test_a_lost_quorum_moves_the_address_and_back(lab):
    web = WebServer(lab.client)
    strong = lab.holdfast(1, tracking(150, "10.77.0.250"))
    weak = lab.holdfast(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    web.stop()
    strong.wait_state("fault")
    assert "10.77.0.200" in str(strong.vrrp()["causes"])
    weak.wait_state("active")
    assert lab.node(2).has_address(VIP)
    web.start()
    wait_settled(strong, weak)


def test_a_quorum_with_weight_outlives_a_lost_daemon(lab):
    web = WebServer(lab.client)
    router = lab.holdfast(1, tracking(100, "10.77.0.250", "weight", "20"))
    router.wait_state("active")
    eventually("the quorum counts", lambda: router.vrrp()["effective_priority"] == 120)
    for role in ("vrrpd", "ipvsd"):
        pid = router.kill_role(role)
        router.wait_successor(role, pid)
        eventually("the quorum counts", lambda: router.vrrp().get("effective_priority") == 120)
    assert router.state_changes()[-1][2] == "active"
    web.stop()
    eventually("the quorum is lost", lambda: router.vrrp()["effective_priority"] == 100)
