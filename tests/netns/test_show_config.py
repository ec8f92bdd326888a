"""What runs, as it was written: show config and diff against a running copy."""

import json

from harness.configuration import block, configuration, instance

PASSWORD = "hush-567"


def service(number):
    servers = [block(f"real_server 10.{number // 250}.{number % 250}.{i + 1} 80", "weight 1",
                     block("TCP_CHECK", "connect_timeout 3")) for i in range(4)]
    return block(f"virtual_server 192.{number // 250}.{number % 250}.1 80", "delay_loop 6", "lb_algo rr",
                 "lb_kind DR", "protocol TCP", *servers)


def test_the_running_configuration_is_shown_as_written_without_secrets(lab):
    text = configuration(instance(password=PASSWORD, version=2))
    router = lab.holdfast(1, text)
    router.wait_state("active")
    router.write("rubbish\n")  # the file is not asked
    for language in ("keepalived", "yaml", "json"):
        shown = router.ctl("show", "config", "--format", language).stdout
        assert "VI_1" in shown and "********" in shown and PASSWORD not in shown, shown
    legacy = router.ctl("show", "config", "--format=keepalived").stdout
    assert "virtual_router_id 51" in legacy and "10.77.0.100/24" in legacy
    assert "down_timer_adverts" not in legacy  # no default
    # What is shown is a configuration again.
    router.write(legacy)
    assert router.ctl("check", router.configuration_file).returncode == 0


def test_each_object_says_where_it_was_written(lab):
    text = configuration(instance(), instance("VI_2", vrid=52, addresses=("10.77.0.102/24",)))
    router = lab.holdfast(1, text)
    router.wait_state("active", "VI_2")
    line = 1 + text.splitlines().index("vrrp_instance VI_2 {")
    places = router.ctl("show", "config", "--origin").stdout
    assert f"vrrp_instance VI_2" in places and f"{router.configuration_file}:{line}:1" in places
    one = router.ctl("show", "config", "--format", "keepalived", "VI_2").stdout
    assert "VI_2" in one and "VI_1" not in one
    missing = router.ctl("show", "config", "VI_3", check=False)
    assert missing.returncode == 5


def test_a_difference_to_the_file_is_told_by_object_and_setting(lab):
    router = lab.holdfast(1, configuration(instance(password=PASSWORD, version=2)))
    router.wait_state("active")
    same = router.ctl("diff", router.configuration_file)
    assert same.returncode == 0 and same.stdout == ""
    router.write("# moved down\n" + configuration(instance(password=PASSWORD, version=2, priority=160)))
    changed = router.ctl("diff", router.configuration_file, "--json", check=False)
    assert changed.returncode == 1
    items = json.loads(changed.stdout)["items"]
    assert len(items) == 1 and "VI_1" in items[0]["object"] and items[0]["change"] == "changed"
    assert [(one["setting"], one["before"], one["after"]) for one in items[0]["settings"]] == [
        ("priority", "100", "160")]
    router.write("rubbish {\n")
    assert router.ctl("diff", router.configuration_file, check=False).returncode in (1, 6)


def test_a_configuration_of_thousands_of_services_comes_through(lab):
    text = configuration(instance(), *(service(number) for number in range(5000)))
    router = lab.holdfast(1, text, options=("-P",))
    router.wait_state("active")
    shown = router.ctl("show", "config", "--format", "keepalived").stdout
    assert shown.count("\nvirtual_server ") == 5000
    assert shown.count(" real_server ") == 20000


def test_who_may_only_look_may_see_the_configuration(lab):
    router = lab.holdfast(1, configuration(instance()))
    router.wait_state("active")
    (router.run_dir / "control.sock").unlink()
    assert "VI_1" in router.ctl("show", "config").stdout
