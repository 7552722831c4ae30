# SPDX-License-Identifier: BSD-3-Clause
"""Checks that every source begins with its licence, and every header with what it is."""

import tree

LICENCE = "SPDX-License-Identifier: BSD-3-Clause"


def problem_with(path):
    lines = tree.text(path).splitlines()
    start = 1 if lines and lines[0].startswith(("#!", "<?php")) else 0
    # A file for `source` tells shellcheck its language first.
    if lines[start : start + 1] == ["# shellcheck shell=bash"]:
        start += 1
    if not lines[start : start + 1] or LICENCE not in lines[start]:
        return f"does not begin with {LICENCE}"
    if path.endswith(".h") and not lines[start + 1].startswith("// "):
        return "does not say what it is in its second line"
    return None


def main():
    paths = tree.files(
        "*.cc", "*.h", "*.c", "*.py", "*.sh", "*.cmake", "*CMakeLists.txt",
        "*.go", "*.rb", "*.pl", "*.php", "*.js", "*.mjs", ".ci/*", "tools/*",
    )
    paths = [path for path in paths if not path.endswith((".md", ".json"))]
    problems = [f"{path}: {problem}" for path in paths if (problem := problem_with(path))]
    tree.report(problems, len(paths))


main()
