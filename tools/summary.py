#!/usr/bin/env python3
"""Adds the JUnit reports of all tiers up: skips with their reason, failures by name, one last line.

Usage: summary.py FOLDER. FOLDER/tiers has a line "TIER STATUS SECONDS" for each tier that ran.
Exits 1 when anything failed.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


class Report:
    """The cases of one JUnit file."""

    def __init__(self, path):
        self.passed = 0
        self.failed = []
        self.skipped = []
        for case in ElementTree.parse(path).iter("testcase"):
            name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                self.failed.append(name)
            elif skip is not None:
                reason = skip.get("message") or (skip.text or "").strip() or "no reason given"
                self.skipped.append((name, reason))
            else:
                self.passed += 1


def read_reports(folder):
    """Reports by file stem; an unreadable file is a failed case of its own."""
    reports = {}
    for path in sorted(folder.glob("*.xml")):
        try:
            reports[path.stem] = Report(path)
        except ElementTree.ParseError as error:
            print(f"{path}: {error}")
            sys.exit(1)
    return reports


def tiers_that_ended_badly(folder, any_failed_case):
    """A tier with a bad status counts as a failure where no case accounts for it."""
    for line in (folder / "tiers").read_text().splitlines():
        tier, status, seconds = line.split()
        print(f"  {tier}: {seconds} s" + ("" if status == "0" else f", ended with status {status}"))
        if status != "0" and not any_failed_case(tier):
            yield f"{tier} (ended with status {status})"


def main():
    folder = pathlib.Path(sys.argv[1])
    reports = read_reports(folder)
    print("\n==> summary")

    def any_failed_case(tier):
        return any(report.failed for stem, report in reports.items() if stem.startswith(tier))

    broken = list(tiers_that_ended_badly(folder, any_failed_case))
    failed = broken + [name for report in reports.values() for name in report.failed]
    skipped = [entry for report in reports.values() for entry in report.skipped]
    passed = sum(report.passed for report in reports.values())
    for name, reason in skipped:
        print(f"  skipped {name}: {reason}")
    for name in failed:
        print(f"  FAILED {name}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
