# SPDX-License-Identifier: BSD-3-Clause
"""Sums up runs of ctest from their junit files: what failed, what was skipped and why, how many.

Usage: test_summary.py --logs DIR [step that failed ...]
A test that is itself a run of pytest or of GoogleTest counts as what that counted. A step that failed without a
failed test behind it (a build, a lint) counts as one failure. Exits 1 if anything failed.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

PYTEST_TOTAL = re.compile(
    r"^(?:=+ )?((?:\d+ (?:passed|failed|skipped|errors?|deselected|xfailed|warnings?)(?:, )?)+)"
    r" in [\d.]+s.*$",
    re.M,
)
PYTEST_COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")
PYTEST_SKIP = re.compile(r"^SKIPPED \[(\d+)\] (.*)$", re.M)
GTEST_TOTAL = re.compile(r"^\[=+\] Running (\d+) tests? from ", re.M)
# A test's own lines; its name stands again in the lists at the end, without the time.
GTEST_LINE = re.compile(
    r"\[ (RUN     ) \] (\S+)$|\[ +(OK|FAILED|SKIPPED) +\] (\S+?)(?:, where .*)? \(\d+ ms\)$", re.M
)
GTEST_SKIP = re.compile(r": Skipped\n\s*(.*)")
# What pytest, GoogleTest and the sanitizers say of a failure, and not the pages around it.
REASON = re.compile(
    r"^(?:E  .*|.*: Failure$|  Actual: .*|Expected: .*|.*SUMMARY: .*|EMBER_SEED=.*)$", re.M
)
REASONS_SHOWN = 12


class Totals:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []
        self.reasons = {}  # of what is in failed, by its words

    def fail(self, what, output):
        self.failed.append(what)
        self.reasons[what] = REASON.findall(output)[:REASONS_SHOWN]

    def add_pytest(self, run, case, output):
        line = PYTEST_TOTAL.findall(output)[-1]
        counts = {"passed": 0, "failed": 0, "skipped": 0, "error": 0}
        for number, word in PYTEST_COUNT.findall(line):
            counts[word.rstrip("s") if word.startswith("error") else word] += int(number)
        self.passed += counts["passed"]
        wrong = counts["failed"] + counts["error"]
        names = re.findall(r"^(?:FAILED|ERROR) (\S+)", output, re.M)[:wrong]
        names += ["?"] * (wrong - len(names))
        for name in names:
            # pytest heads the account of a test by its name between underscores.
            account = output.rpartition(f" {name.rpartition('::')[2]} __")[2]
            self.fail(f"{run}: {case.get('name')}: {name}", account.partition("\n____")[0])
        reasons = [
            reason for count, reason in PYTEST_SKIP.findall(output) for _ in range(int(count))
        ][: counts["skipped"]]
        reasons += ["pytest gave no reason"] * (counts["skipped"] - len(reasons))
        self.skipped += [(f"{run}: {case.get('name')}", reason) for reason in reasons]

    def add_gtest(self, run, case, output, failed):
        """One program of GoogleTest's tests: `accounts` has what each that began wrote."""
        announced = sum(int(number) for number in GTEST_TOTAL.findall(output))
        accounts, results, began = {}, {}, 0
        for match in GTEST_LINE.finditer(output):
            started, name, result, ended = match.groups()
            if started:
                accounts[name] = ""
                began = match.end()
            elif ended in accounts and ended not in results:
                accounts[ended] = output[began : match.start()]
                results[ended] = result
        before = len(self.failed)
        for name, account in accounts.items():
            what = f"{run}: {case.get('name')}: {name}"
            result = results.get(name)
            if result == "OK":
                self.passed += 1
            elif result == "SKIPPED":
                reason = GTEST_SKIP.search(account)
                self.skipped.append((what, reason.group(1) if reason else "GoogleTest gave no reason"))
            elif result is None:
                self.fail(f"{what}: did not end", output[began:])
            else:
                self.fail(what, account)
        if len(self.failed) == before and (failed or len(accounts) != announced):
            self.fail(f"{run}: {case.get('name')}: failed after its tests passed" if failed else
                      f"{run}: {case.get('name')}: {len(accounts)} of {announced} tests", output)

    def add_case(self, run, case):
        output = case.findtext("system-out") or ""
        failed = case.find("failure") is not None
        if PYTEST_TOTAL.search(output):
            before = len(self.failed)
            self.add_pytest(run, case, output)
            if failed and len(self.failed) == before:
                self.fail(f"{run}: {case.get('name')}: failed after its tests passed", output)
        elif GTEST_TOTAL.search(output):
            self.add_gtest(run, case, output, failed)
        elif failed:
            self.fail(f"{run}: {case.get('name')}", output)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            text = (output.strip().splitlines() or ["not run"])[-1]
            self.skipped.append((f"{run}: {case.get('name')}", text))
        else:
            self.passed += 1


def read_run(path, totals):
    run = path.stem.replace("-", " ")
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        totals.add_case(run, case)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    parser.add_argument("broken", nargs="*")
    options = parser.parse_args()
    totals = Totals()
    runs = sorted(options.logs.glob("*.xml"))
    for path in runs:
        read_run(path, totals)
    for step in options.broken:
        if not any(name.startswith(f"{step}: ") for name in totals.failed):
            totals.failed.append(step)
    for name, reason in totals.skipped:
        # Tests say the first two words themselves, pytest a place before them.
        print(f"skipped, because {reason.rpartition('skipped, because ')[2]}: {name}")
    for name in totals.failed:
        print(f"FAILED {name}")
        for reason in totals.reasons.get(name, []):
            print(f"    {reason}")
    print(f"{totals.passed} passed, {len(totals.failed)} failed, {len(totals.skipped)} skipped")
    sys.exit(1 if totals.failed or totals.passed == 0 else 0)


if __name__ == "__main__":
    main()
