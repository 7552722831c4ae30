# SPDX-License-Identifier: BSD-3-Clause
"""Checks that no folder has fewer assertions a non-trivial function than it has had: assertions.toml.

`assertions.py --update` raises the floors to what there is, and enters new folders. It lowers none: a
floor that has to go down is edited by hand, with the reason in the commit.
"""

import math
import sys
import tomllib

import measures
import tree

FLOORS = "tests/tidy/assertions.toml"
# Floors go in steps, so that one more function without an assertion is no failure.
STEP = 0.05


def floor_of(assertions, functions):
    return math.floor(assertions / functions / STEP + 1e-9) * STEP


def update(measured, floors):
    rows = [f'"{folder}" = {max(floor_of(*measured[folder]), floors.get(folder, 0)):.2f}\n' for folder in sorted(measured)]
    (tree.ROOT / FLOORS).write_text(
        "# SPDX-License-Identifier: BSD-3-Clause\n"
        "# The least assertions (check, debug_check) a function of 8 lines and more, by folder.\n" + "".join(rows))


def main():
    measured = measures.assertions_by_folder(measures.shipped())
    floors = tomllib.loads(tree.text(FLOORS)) if (tree.ROOT / FLOORS).is_file() else {}
    if sys.argv[1:] == ["--update"]:
        update(measured, floors)
        return
    problems = [f"{folder}: has no floor: python3 tests/tidy/assertions.py --update"
                for folder in sorted(measured) if folder not in floors]
    problems += [f"{folder}: has a floor in {FLOORS}, but no functions" for folder in floors if folder not in measured]
    for folder, (assertions, functions) in sorted(measured.items()):
        if assertions / functions < floors.get(folder, 0) - 1e-9:
            problems.append(f"{folder}: {assertions} assertions in {functions} functions are "
                            f"{assertions / functions:.2f}, less than {floors[folder]:.2f}")
    tree.report(problems, len(measured))


main()
