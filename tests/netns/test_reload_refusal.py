"""A configuration that is broken at reload, in every way a file can be: refused, told in one line, and
nothing else happens; the next good one clears it."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from harness.configuration import block, configuration, instance
from harness.wait import eventually
from pairs import VIP, start_pair

GOOD = configuration(instance(priority=150))
# What a line says about the place: the file as a whole, or a line and column of it.
PLACE = r"\S+/keepalived\.conf(:\d+:\d+)?: (fatal|error|warning): "


def replace_by(text):
    return lambda router: router.write(text)


def add_in_front(text):
    return lambda router: router.write(text + GOOD)


def remove(router):
    router.configuration_file.unlink()


def become_a_folder(router):
    remove(router)
    router.configuration_file.mkdir()


def become_a_fifo(router):
    remove(router)
    os.mkfifo(router.configuration_file)


def become_executable(router):
    router.configuration_file.chmod(0o755)


def include_what_others_may_write(router):
    open_to_all = router.node.folder / "open"
    open_to_all.mkdir(exist_ok=True)
    open_to_all.chmod(0o777)
    (open_to_all / "part.conf").write_text("global_defs {\n}\n")
    router.write(f"include {open_to_all}/part.conf\n{GOOD}")


# Each is (what is done to the file, what the line says behind the place).
MISTAKES = {
    "an instance that cannot be": (replace_by(GOOD.replace("virtual_router_id 51\n", "")),
                                   "virtual_router_id"),
    "a new error": (replace_by(GOOD.replace("advert_int 1", "advert_ing 1")),
                    r"unknown keyword 'advert_ing'"),
    "a missing include": (add_in_front("include parts/gone.conf\n"), r"there is no .*parts/gone\.conf"),
    "an include that others may write": (include_what_others_may_write, "can be written by others"),
    "an include of itself": (add_in_front("include keepalived.conf\n"), "would include itself"),
    "an undefined name": (replace_by(configuration(instance(
        priority=150, extra=[block("track_script", "nobody_knows_it")]))), "nobody_knows_it"),
    "a script that is not there": (replace_by(configuration(instance(
        priority=150, extra=["notify_master /usr/bin/not_there"]))), "there is no program"),
    "a user that is not there": (replace_by(configuration(instance(
        priority=150, extra=['notify_master "/usr/bin/true" nobody_at_all']))), "nobody_at_all"),
    "a folder": (become_a_folder, "is a folder"),
    "a fifo": (become_a_fifo, "is no regular file"),
    "an executable file": (become_executable, "is executable"),
    "no file": (remove, "there is no such file"),
    "an empty file": (replace_by(""), "nothing is configured"),
    "a file of comments": (replace_by("# later\n\n! even later\n"), "nothing is configured"),
    "YAML that says nothing": (replace_by("version: 1\n"), "."),
    "garbage": (replace_by("\x01\x02 }{ \x1b[31m\n" * 50), "."),
    "YAML with an error": (replace_by("version: 1\nvrrp:\n  instances:\n    VI_1:\n"
                                      "      virtual_routerid: 51\n"), "."),
}


class Watched:
    """A router whose daemons, role and addresses must stay as they are; so must its peer's role."""

    def __init__(self, lab, strong, weak):
        self.strong, self.weak = strong, weak
        self.node = lab.node(1)
        self.addresses = lab.address_monitor(1)
        self.capture = lab.capture()
        self.before = self._facts()
        self.log_length = len(strong.log())

    def _facts(self):
        return ({name: row["pid"] for name, row in self.strong.processes().items()},
                self.strong.state_changes(), self.weak.state_changes(),
                self.strong.vrrp()["since_timestamp_seconds"])

    def assert_untouched(self):
        last = self.capture.wait_advertisement(priority=150)
        self.capture.wait_advertisement(since=last.at + 1e-6, priority=150)
        assert self._facts() == self.before
        assert self.addresses.seen() == [] and self.node.has_address(VIP)

    def wait_new_lines(self, times):
        """The lines of the log since the beginning, but for those about the request, once that many
        reloads are refused."""
        eventually(f"{times} refusals", lambda: self._log().count("RELOAD_REFUSED") >= times)
        return [line for line in self._log().splitlines() if "VERB_RELOAD" not in line]

    def _log(self):
        return self.strong.log()[self.log_length:]


@pytest.fixture(scope="module")
def pair(request):
    """One running pair for all of them: nothing may happen to it, whatever is sent."""
    from conftest import Lab
    lab = Lab()
    request.addfinalizer(lab.topology.close)
    return lab, *start_pair(lab)


@pytest.fixture
def good_again(pair):
    """Afterwards the file is what it was, and a reload takes it."""
    strong = pair[1]
    yield
    path = strong.configuration_file
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    strong.write(GOOD)
    strong.ctl("reload", "--wait")


def last_reload(router):
    return router.show("status")[0]["last_reload"]


@pytest.mark.parametrize("what", MISTAKES)
def test_a_broken_file_is_refused_in_one_line_and_touches_nothing(pair, good_again, what):
    lab, strong, weak = pair
    make_mistake, says = MISTAKES[what]
    watched = Watched(lab, strong, weak)
    generation = strong.show("status")[0]["generation"]
    make_mistake(strong)

    refused = strong.ctl("reload", "--wait", check=False)
    said = refused.stdout + refused.stderr
    assert refused.returncode == 6 and re.search(says, said), said
    strong.process.send_signal(signal.SIGHUP)
    lines = watched.wait_new_lines(2)

    assert len(lines) == 2, lines
    for line in lines:
        assert re.search(rf"RELOAD_REFUSED {PLACE}.*{says}.*\(\d+ (fatal|error|warning)", line), line
        assert "\x1b" not in line
    watched.assert_untouched()
    status = last_reload(strong)
    assert status["ok"] is False and re.match(PLACE, status["message"]), status
    assert status["generation"] == generation == strong.show("status")[0]["generation"]
    assert status["message"] in strong.ctl("show", "status").stdout


def test_the_next_good_reload_clears_it(pair, good_again):
    _, strong, _ = pair
    strong.write("rubbish\n")
    assert strong.ctl("reload", "--wait", check=False).returncode == 6
    assert not last_reload(strong)["ok"]
    strong.write(GOOD)
    strong.ctl("reload", "--wait")
    status = last_reload(strong)
    assert status["ok"] and status["message"] == ""
    assert "refused" not in strong.ctl("show", "status").stdout


def test_many_mistakes_are_counted_in_the_line_and_shown_to_who_asks(pair, good_again):
    _, strong, _ = pair
    strong.write("".join(f"rubbish_{i}\n" for i in range(60)) + GOOD)
    refused = strong.ctl("reload", "--wait", check=False)
    said = refused.stdout + refused.stderr
    assert "rubbish_19'" in said and "rubbish_20'" not in said and "and 40 more: 40 errors" in said
    assert "(60 errors)" in last_reload(strong)["message"]


def test_a_file_that_grows_while_it_is_read_changes_nothing(pair, good_again):
    lab, strong, weak = pair
    watched = Watched(lab, strong, weak)
    path = strong.configuration_file
    with open(path, "a") as out:
        out.write("# a line of a large file\n" * 400_000)
    writer = subprocess.Popen([sys.executable, "-c",
                               "import sys\nout = open(sys.argv[1], 'a', 1)\nprint(flush=True)\n"
                               "while True: out.write('# more\\n')", path], stdout=subprocess.PIPE)
    try:
        writer.stdout.read(1)
        refused = strong.ctl("reload", "--wait", check=False)
    finally:
        writer.kill()
        writer.communicate()
    # Should the writer not have had its turn, the file was read whole, and says what it said.
    assert refused.returncode in (0, 6)
    assert refused.returncode == 0 or "changes while it is read" in refused.stderr + refused.stdout
    watched.assert_untouched()


def test_an_error_that_the_running_configuration_has_is_no_reason(lab):
    """auth_pass carries 8 octets: an error that a start accepts, and so does every later reload."""
    long_password = dict(password="longer-than-8", version=2)
    strong, _ = start_pair(lab, **long_password)
    strong.write(configuration(instance(priority=160, **long_password)))
    strong.ctl("reload", "--wait")
    eventually("the new priority", lambda: strong.vrrp()["effective_priority"] == 160)
    second = instance("VI_2", vrid=52, addresses=("10.77.0.102/24",), **long_password)
    strong.write(configuration(instance(priority=160, **long_password), second))
    refused = strong.ctl("reload", "--wait", check=False)
    assert refused.returncode == 6 and "auth_pass" in refused.stderr + refused.stdout
