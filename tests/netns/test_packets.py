"""What we send, judged by tshark."""

import subprocess

import pytest

from harness.configuration import configuration, instance

CASES = {
    "version 2": (
        {"version": 2}, "10.77.0.1", "224.0.0.18",
        {"vrrp.version": "2", "vrrp.adver_int": "1", "vrrp.auth_type": "0",
         "vrrp.ip_addr": "10.77.0.100"}),
    "version 2 with a password": (
        {"version": 2, "password": "s3cret"}, "10.77.0.1", "224.0.0.18",
        {"vrrp.version": "2", "vrrp.auth_type": "1", "vrrp.auth_string": "s3cret",
         "vrrp.ip_addr": "10.77.0.100"}),
    "version 3 over IPv4": (
        {"version": 3, "advert_int": 0.5}, "10.77.0.1", "224.0.0.18",
        {"vrrp.version": "3", "vrrp.short_adver_int": "50", "vrrp.ip_addr": "10.77.0.100"}),
    "version 3 over IPv6": (
        {"version": 3, "addresses": ("fe80::77:100/64", "fd77:0::100/64")}, None, "ff02::12",
        {"vrrp.version": "3", "vrrp.short_adver_int": "100",
         "vrrp.ipv6_addr": "fe80::77:100,fd77::100"}),
}


def tshark_fields(pcap, names):
    """One dictionary for each VRRP packet of the file."""
    words = [word for name in names for word in ("-e", name)]
    shown = subprocess.run(
        ["tshark", "-r", str(pcap), "-Y", "vrrp", "-o", "vrrp.v3_checksum_as_in_v2:FALSE",
         "-T", "fields", "-E", "separator=|", *words],
        capture_output=True, text=True, check=True).stdout
    return [dict(zip(names, line.split("|"))) for line in shown.splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_tshark_reads_our_advertisements(lab, case):
    settings, source, destination, expected = CASES[case]
    capture = lab.capture()
    router = lab.holdfast(1, configuration(instance(priority=150, **settings)))
    router.wait_state("active")
    capture.wait_advertisement(priority=150)
    pcap = router.folder / "capture.pcap"
    capture.write_pcap(pcap)
    family = "ipv6" if destination.startswith("ff") else "ip"
    hops = {"ip": "ip.ttl", "ipv6": "ipv6.hlim"}[family]
    names = [*expected, "vrrp.virt_rtr_id", "vrrp.prio", "vrrp.checksum.status", hops,
             f"{family}.src", f"{family}.dst", "_ws.expert.message"]
    packets = tshark_fields(pcap, names)
    assert packets, "tshark saw no advertisement"
    for packet in packets:
        assert {name: packet[name] for name in expected} == expected
        assert (packet["vrrp.virt_rtr_id"], packet["vrrp.prio"]) == ("51", "150")
        assert packet["vrrp.checksum.status"] == "1", "1 is tshark's word for good"
        assert packet[hops] == "255" and packet[f"{family}.dst"] == destination
        assert source is None or packet[f"{family}.src"] == source
        assert source is not None or packet["ipv6.src"].startswith("fe80::")
