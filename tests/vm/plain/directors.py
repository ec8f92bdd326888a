"""The cluster of these tests: directors n1 and n2, web servers n3 and n4, a client."""

from harness.cluster import WebServer
from harness.configuration import block, configuration, instance

VIP = "10.77.0.100"
INSIDE_VIP = "10.77.1.100"

HTTP_CHECK = block("HTTP_GET", block("url", "path /", "status_code 200"), "connect_timeout 2",
                   "retry 1", "delay_before_retry 1")
TCP_CHECK = block("TCP_CHECK", "connect_timeout 2", "retry 1", "delay_before_retry 1")


def virtual_server(address, port, servers, *, scheduler="rr", kind="DR", check=HTTP_CHECK, extra=(),
                   protocol="TCP"):
    """servers: {address: weight}."""
    return block(f"virtual_server {address} {port}", "delay_loop 1", f"lb_algo {scheduler}",
                 f"lb_kind {kind}", f"protocol {protocol}", *extra,
                 *(block(f"real_server {server} {port}", f"weight {weight}", check)
                   for server, weight in servers.items()))


def prepare_direct_routing(lab):
    """Web servers that hold the virtual address without telling anybody."""
    servers = [WebServer(lab.node(number)) for number in (3, 4)]
    for server in servers:
        server.node.sysctl(net__ipv4__conf__all__arp_ignore=1, net__ipv4__conf__all__arp_announce=2)
        server.node.batch(f"address add {VIP}/32 dev lo")
    return servers


def prepare_nat(lab):
    """Web servers behind the directors: their way back to the client is the inside virtual address."""
    servers = [WebServer(lab.node(number)) for number in (3, 4)]
    for server in servers:
        server.node.batch("link set eth0 down", f"route add default via {INSIDE_VIP}")
    for number in (1, 2):
        lab.node(number).sysctl(net__ipv4__ip_forward=1)
    return servers


def direct_routing(priority, **how):
    return configuration(instance(priority=priority, addresses=(f"{VIP}/24",)),
                         virtual_server(VIP, 80, {"10.77.0.3": 1, "10.77.0.4": 1}, **how))


def nat(priority, **how):
    return configuration(
        block("vrrp_sync_group G", block("group", "outside", "inside")),
        instance("outside", priority=priority, addresses=(f"{VIP}/24",)),
        instance("inside", interface="eth1", vrid=52, priority=priority,
                 addresses=(f"{INSIDE_VIP}/24",)),
        virtual_server(VIP, 80, {"10.77.1.3": 1, "10.77.1.4": 1}, kind="NAT", **how))
