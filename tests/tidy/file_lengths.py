# SPDX-License-Identifier: BSD-3-Clause
"""Checks that files stay small: over 400 lines needs a reason here, over 800 does not pass."""

import tree

ASKED_LINES = 400
MOST_LINES = 800

# path: why it is one file all the same
REASONS = {
    "server/options/suboption_table.cc": "one table, a row for each suboption",
    "server/net/uring_poller.cc": "each operation beside what its completion does",
    "server/session/session.cc": "the steps of one state machine, and what they assert",
    "tests/unit/server/session/session_test.cc": "the cases share one scripted connection",
}


def main():
    paths = tree.files("*.cc", "*.h", "*.py", "*.sh", "*.cmake", "*CMakeLists.txt", "tools/*")
    problems = []
    for path in paths:
        lines = len(tree.text(path).splitlines())
        if lines > MOST_LINES:
            problems.append(f"{path}: {lines} lines, {MOST_LINES} is the most")
        elif lines > ASKED_LINES and path not in REASONS:
            problems.append(
                f"{path}: {lines} lines: divide it, or say in tests/tidy/file_lengths.py why not"
            )
        elif lines <= ASKED_LINES and path in REASONS:
            problems.append(f"{path}: {lines} lines: needs no reason in file_lengths.py any more")
    problems += [f"{path}: has a reason, but is not there" for path in REASONS if path not in paths]
    tree.report(problems, len(paths))


main()
