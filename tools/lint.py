#!/usr/bin/env python3
"""The checks of `./dev lint`: format, layers, scripts, tidy.

Usage: lint.py [--junit FILE] CHECK...
Each check gives one test case for each thing it looked at, or one for all of it; exits 1 when any
fails. tidy keeps what passed in ~/.cache/holdfast-tidy, by the digest of everything that could change
the verdict, so a second run, also of another clone, only looks at what changed.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What decides, in every daemon.
RULES = {"vrrpd/group.cpp", "vrrpd/router.cpp", "vrrpd/tracking.cpp", "vrrpd/advertisement.cpp",
         "ipvsd/plan.cpp", "ipvsd/service_state.cpp", "ipvsd/announcement.cpp",
         "checkerd/verdict.cpp", "checkerd/schedule.cpp", "checkerd/http_response.cpp",
         "supervisor/restart_policy.cpp", "supervisor/vrrp_filter.cpp"}
# g++ gets it precompiled, clang-tidy must find the header itself.
PRECOMPILED = ROOT / "lib/config/pch"
PASSED = pathlib.Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "holdfast-tidy"

# Includes point downwards only: a folder may include itself and what stands in its line.
LIBRARIES = {
    "lib/core": (),
    "proto": (),
    "lib/log": ("lib/core",),
    "lib/loop": ("lib/core",),
    "lib/ipc": ("lib/core", "lib/log", "lib/loop", "proto"),
    "lib/state": ("lib/core", "lib/log", "proto"),
    "lib/netlink": ("lib/core", "lib/log", "lib/loop"),
    "lib/sandbox": ("lib/core", "lib/log", "proto"),
    "lib/config": ("lib/core", "lib/log", "proto"),
    "lib/daemon": ("lib/core", "lib/log", "lib/loop", "lib/ipc", "lib/state", "lib/netlink",
                   "lib/sandbox", "lib/config", "proto"),
}
PROGRAMS = ("supervisor", "vrrpd", "checkerd", "ipvsd", "parser", "ctl", "helpers")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def tracked(*patterns):
    """Files that git knows or would take, so a new file is checked before it is added."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return sorted(name for name in set(listed) if (ROOT / name).is_file())


def run(command):
    """(passed, output) of a command."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    return done.returncode == 0, done.stdout


def check_format():
    files = tracked("*.hpp", "*.cpp")
    yield "clang-format", *run(["clang-format-14", "--dry-run", "--Werror", *files])


def layer_of(name):
    """The library or program that a file or include belongs to, or None."""
    for layer in (*LIBRARIES, *PROGRAMS):
        if name.startswith(layer + "/"):
            return layer
    return None


def check_layers():
    wrong = []
    for name in tracked("lib/**.hpp", "lib/**.cpp", *(f"{program}/**.?pp" for program in PROGRAMS)):
        layer = layer_of(name)
        allowed = {layer, *LIBRARIES.get(layer, LIBRARIES)}
        for include in INCLUDE.findall((ROOT / name).read_text()):
            if layer_of(include) not in allowed:
                wrong.append(f"{name}: {layer} must not include {include}")
    yield "includes point downwards only", not wrong, "\n".join(wrong)


def check_scripts():
    shell = [name for name in tracked()
             if (ROOT / name).read_bytes()[:40].splitlines()[:1] in
             ([b"#!/usr/bin/env bash"], [b"#!/bin/bash"], [b"#!/bin/sh"])]
    for name in shell:
        yield f"bash -n {name}", *run(["bash", "-n", name])
    for name in tracked("*.py"):
        try:
            compile((ROOT / name).read_text(), name, "exec")
            yield f"python {name}", True, ""
        except SyntaxError as error:
            yield f"python {name}", False, str(error)


def digest_of(name, command):
    """Of a source, all of our files it includes, its compiler line and the checks' settings."""
    seen, waiting = {}, [name]
    while waiting:
        current = waiting.pop()
        path = ROOT / current
        if current in seen or not path.is_file():
            continue
        seen[current] = path.read_bytes()
        waiting += INCLUDE.findall(seen[current].decode())
    # Generated headers stand for their .proto files.
    for proto in tracked("proto/*.proto"):
        seen[proto] = (ROOT / proto).read_bytes()
    digest = hashlib.sha256(command.encode() + (ROOT / ".clang-tidy").read_bytes())
    for current in sorted(seen):
        digest.update(current.encode() + b"\0" + seen[current])
    return digest.hexdigest()


def tidy_one(entry):
    source = pathlib.Path(entry["directory"], entry["file"]).resolve()
    name = str(source.relative_to(ROOT))
    passed_before = PASSED / digest_of(name, entry["command"])
    if passed_before.exists():
        return f"clang-tidy {name}", True, ""
    passed, output = run(["clang-tidy-14", "--quiet", "-p", "build", "--extra-arg=-Wno-unknown-warning-option",
                          f"--extra-arg=-I{PRECOMPILED}", name])
    if passed:
        passed_before.touch()
    return f"clang-tidy {name}", passed, output


def check_tidy(wanted=lambda name: True):
    PASSED.mkdir(parents=True, exist_ok=True)
    entries = [entry for entry in json.loads((ROOT / "build/compile_commands.json").read_text())
               if not entry["file"].endswith(".pb.cc") and wanted(entry["file"].removeprefix("../"))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(tidy_one, entries)


def check_tidy_rules():
    """Only the pure decisions and the values: a minute instead of half an hour."""
    return check_tidy(lambda name: name.startswith("lib/core/") or name in RULES)


CHECKS = {"format": check_format, "layers": check_layers, "scripts": check_scripts,
          "tidy": check_tidy, "tidy_rules": check_tidy_rules}


def write_junit(path, results):
    suite = ElementTree.Element("testsuite", name="lint", tests=str(len(results)))
    for name, passed, output in results:
        case = ElementTree.SubElement(suite, "testcase", classname="lint", name=name)
        if not passed:
            ElementTree.SubElement(case, "failure", message="see the output").text = output
    ElementTree.ElementTree(suite).write(path, encoding="utf-8")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--junit")
    arguments.add_argument("checks", nargs="+", choices=CHECKS)
    options = arguments.parse_args()
    results = []
    for check in options.checks:
        for name, passed, output in CHECKS[check]():
            results.append((name, passed, output))
            if not passed:
                print(f"{output.rstrip()}\nFAILED {name}", flush=True)
    if options.junit:
        write_junit(options.junit, results)
    failed = sum(not passed for _, passed, _ in results)
    print(f"lint: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
