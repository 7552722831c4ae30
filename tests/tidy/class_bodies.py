# SPDX-License-Identifier: BSD-3-Clause
"""Checks that the member functions of a class stand in one .cc file: one file, one noun."""

import measures
import tree

# class: why its functions stand in several files all the same
REASONS = {}


def main():
    sources = measures.shipped()
    problems, excused = [], set()
    for (folder, name), files in sorted(measures.bodies(sources).items()):
        if len(files) > 1 and name in REASONS:
            excused.add(name)
        elif len(files) > 1:
            problems.append(f"{folder}: functions of {name} stand in {' '.join(sorted(files))}")
    problems += [f"{name} needs no reason in class_bodies.py any more" for name in REASONS if name not in excused]
    tree.report(problems, len(sources))


main()
