# SPDX-License-Identifier: BSD-3-Clause
"""The files of the tree, for the checks beside this file."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns):
    """Files that git tracks or would track, by shell patterns on their whole path; sorted."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()
    return [path for path in sorted(set(listed.split("\0"))) if path and (ROOT / path).is_file()]


def sources():
    """All C++ files."""
    return files("*.cc", "*.h")


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def report(problems, looked_at):
    """Prints the problems and ends the program: 0 when there are none."""
    if not looked_at:
        sys.exit("nothing was looked at: the check is broken")
    for problem in problems:
        print(problem)
    print(f"{looked_at} looked at, {len(problems)} problems")
    sys.exit(1 if problems else 0)
