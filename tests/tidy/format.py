# SPDX-License-Identifier: BSD-3-Clause
"""Checks that every C++ file is as clang-format-19 would write it. Mend with ./tools/check --fix."""

import subprocess
import sys

import tree


def main():
    paths = tree.sources()
    done = subprocess.run(
        ["clang-format-19", "--dry-run", "-Werror", *paths], cwd=tree.ROOT, capture_output=True,
        text=True,
    )
    wrong = sorted({line.split(":", 1)[0] for line in done.stderr.splitlines() if "error:" in line})
    if done.returncode != 0 and not wrong:
        sys.exit(done.stderr)
    tree.report([f"{path}: not formatted (./tools/check --fix)" for path in wrong], len(paths))


main()
