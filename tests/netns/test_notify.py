"""Notify scripts: called once for each change, in order, with keepalived's arguments."""

from harness.configuration import block, configuration, instance
from harness.programs import is_running
from harness.wait import eventually
from pairs import wait_settled

SCRIPT = """#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
"""


def prepare(node):
    script = node.folder / "notify.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    return script, lambda: (node.folder / "calls").read_text().splitlines() \
        if (node.folder / "calls").exists() else []


def test_the_tutorials_notify_scripts_are_called(lab):
    script, calls = prepare(lab.node(1))
    extra = [f'notify_{state} "{script} {state}"' for state in ("master", "backup", "fault")]
    strong = lab.holdfast(1, configuration(instance(priority=150, extra=extra)))
    weak = lab.holdfast(2, configuration(instance(priority=100)))
    wait_settled(strong, weak)
    eventually("master and before it backup", lambda: calls() == ["backup", "master"])
    lab.topology.plug(lab.node(1), False)
    eventually("fault", lambda: calls() == ["backup", "master", "fault"])
    lab.topology.plug(lab.node(1), True)
    wait_settled(strong, weak)
    eventually("backup, then master again",
               lambda: calls() == ["backup", "master", "fault", "backup", "master"])


def test_notify_gets_kind_name_state_and_priority(lab):
    script, calls = prepare(lab.node(1))
    router = lab.holdfast(1, configuration(instance(priority=150, extra=[f"notify {script}"])))
    router.wait_state("active")
    eventually("both calls", lambda: len(calls()) == 2)
    assert calls() == ["INSTANCE VI_1 BACKUP 150", "INSTANCE VI_1 MASTER 150"]
    router.stop()
    eventually("the call at the stop", lambda: calls()[2:] == ["INSTANCE VI_1 STOP 150"])


def test_a_group_notifies_as_a_group(make_lab):
    lab = make_lab(lans=2)
    script, calls = prepare(lab.node(1))
    router = lab.holdfast(1, configuration(
        block("vrrp_sync_group G", block("group", "outside", "inside"), f"notify {script}"),
        instance("outside", vrid=51, priority=150),
        instance("inside", interface="eth1", vrid=52, priority=150,
                 addresses=("10.77.1.100/24",))))
    router.wait_state("active", "outside")
    eventually("the group became master", lambda: "GROUP G MASTER 0" in calls())


def test_a_script_runs_as_the_configured_user(lab):
    folder = lab.node(1).folder
    script, calls = prepare(lab.node(1))
    script.write_text("#!/bin/sh\nid -un >> \"$(dirname \"$0\")/calls\"\n")
    (folder / "calls").touch()
    (folder / "calls").chmod(0o666)
    lab.holdfast(1, configuration(instance(extra=[f"notify_master {script}"]),
                                  script_user="nobody")).wait_state("active")
    eventually("the script's user", lambda: calls() == ["nobody"])


def test_a_loss_of_vrrpd_calls_nobody(lab):
    script, calls = prepare(lab.node(1))
    router = lab.holdfast(1, configuration(instance(priority=150, extra=[f"notify {script}"])))
    router.wait_state("active")
    eventually("both calls", lambda: len(calls()) == 2)
    capture = lab.capture()
    router.wait_successor("vrrpd", router.kill_role("vrrpd"))
    router.wait_state("active")
    for _ in range(3):
        capture.wait_advertisement(since=capture.wait_advertisement(priority=150).at + 1e-6)
    assert len(calls()) == 2


def test_commands_of_the_start_and_the_end(lab):
    script, calls = prepare(lab.node(1))
    router = lab.holdfast(1, configuration(
        instance(extra=[f"notify {script}"]), startup_script=f'"{script} begin"',
        shutdown_script=f'"{script} end"'))
    router.wait_state("active")
    eventually("both states", lambda: len(calls()) == 3)
    router.stop()
    assert calls()[0] == "begin" and calls()[-1] == "end"
    assert "INSTANCE VI_1 STOP 100" in calls()


def test_a_start_command_that_hangs_is_ended(lab):
    router = lab.holdfast(1, configuration(
        instance(), startup_script='"/bin/sleep 1000"', startup_script_timeout="1"))
    router.wait_state("active")
    assert "startup_script: timed out" in router.log()


def test_a_removed_instance_runs_notify_deleted(lab):
    script, calls = prepare(lab.node(1))
    hooks = [f'notify_deleted "{script} deleted"', f"notify {script}"]
    other = instance("VI_2", vrid=52, addresses=("10.77.0.101/24",))
    router = lab.holdfast(1, configuration(instance(extra=hooks), other))
    router.wait_state("active")
    eventually("both states", lambda: len(calls()) == 2)
    router.write(configuration(other))
    router.ctl("reload", "--wait")
    eventually("the end", lambda: sorted(calls()[2:]) == ["INSTANCE VI_1 DELETED 100", "deleted"])


def test_pipes_hear_every_change_and_outlive_reloads(lab):
    node = lab.node(1)
    pipe = node.folder / "pipe"
    reader = node.folder / "reader.sh"
    reader.write_text('#!/bin/sh\nexec cat "$1" > "$(dirname "$0")/heard"\n')
    reader.chmod(0o755)
    heard = node.folder / "heard"
    settings = {"vrrp_notify_fifo": pipe, "vrrp_notify_fifo_script": reader,
                "fifo_write_vrrp_states_on_reload": ""}
    router = lab.holdfast(1, configuration(instance(priority=150), **settings))
    backup, master = 'INSTANCE "VI_1" BACKUP 150\n', 'INSTANCE "VI_1" MASTER 150\n'
    eventually("both states", lambda: heard.exists() and heard.read_text() == backup + master)
    assert pipe.stat().st_mode & 0o777 == 0o600
    router.ctl("reload", "--wait")
    eventually("the states again", lambda: heard.read_text() == backup + 2 * master)
    router.stop()
    assert heard.read_text().endswith('INSTANCE "VI_1" STOP 150\n')
    assert not pipe.exists()


def test_a_pipe_that_nobody_reads_stops_nothing(lab):
    pipe = lab.node(1).folder / "pipe"
    instances = [instance(f"VI_{n}", vrid=n, addresses=(f"10.77.0.{n}/24",),
                          interface="eth0") for n in range(20, 200)]
    router = lab.holdfast(1, configuration(*instances, notify_fifo=pipe))
    router.wait_state("active", "VI_199")
    for _ in range(12):  # 360 lines each time
        lab.topology.plug(lab.node(1), False)
        router.wait_state("fault", "VI_199")
        lab.topology.plug(lab.node(1), True)
        router.wait_state("active", "VI_199")
        if "is full, nobody reads it" in router.log():
            break
    router.wait_log("is full, nobody reads it")
    assert router.log().count("is full, nobody reads it") == 1


def test_hooks_of_the_end_that_take_turns_are_all_waited_for(lab):
    """More of them than run at once, and together longer than the usual patience."""
    script, calls = prepare(lab.node(1))
    script.write_text(SCRIPT.replace("echo", "sleep 2\necho"))
    names = [f"VI_{n}" for n in range(20, 90)]
    router = lab.holdfast(1, configuration(*(
        instance(name, vrid=int(name[3:]), addresses=(f"10.77.0.{name[3:]}/24",),
                 extra=[f'notify_stop "{script} {name}"']) for name in names)))
    router.wait_state("active", names[-1])
    assert router.stop() == 0
    assert sorted(calls()) == names


def test_a_hook_of_the_end_that_hangs_is_ended_and_named(lab):
    script, _ = prepare(lab.node(1))
    script.write_text("#!/bin/sh\ntrap '' TERM\nsetsid sleep 1000 &\nsleep 1000\n")
    router = lab.holdfast(1, configuration(instance(extra=[f"notify_stop {script}"])))
    router.wait_state("active")
    assert router.stop() == 0
    assert "NOTIFY_SLOW VI_1 STOP: its script still runs at the end" in router.log()
    assert not [pid for pid in lab.node(1).pids() if is_running(pid)]


def test_the_umask_holds_for_pipes_numbers_and_scripts(lab):
    node = lab.node(1)
    script, calls = prepare(node)
    script.write_text("#!/bin/sh\numask >> \"$(dirname \"$0\")/calls\"\n")

    def rights(umask=None):
        made = [node.folder / "pipe", node.folder / "number"]
        settings = {"umask": umask} if umask else {}
        router = lab.holdfast(1, configuration(
            block("track_file number", f"file {made[1]}", "init_file 7"),
            instance(extra=[f"notify_master {script}", "track_file {\nnumber weight 1\n}"]),
            notify_fifo=made[0], **settings))
        router.wait_state("active")
        eventually("the script", calls)
        modes = [*(path.stat().st_mode & 0o777 for path in made), *calls()]
        router.stop()
        made[1].unlink()
        (node.folder / "calls").unlink()
        return modes

    assert rights() == [0o600, 0o600, "0022"]
    assert rights("0027") == [0o640, 0o640, "0027"]
