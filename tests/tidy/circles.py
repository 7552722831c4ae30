# SPDX-License-Identifier: BSD-3-Clause
"""Checks that no header+source pair reaches itself by includes: what depends on what is a tree of files."""

import measures
import tree

# Circles that are allowed, as circles() says them: none.
KNOWN = []


def main():
    sources = measures.shipped()
    found = measures.circles(sources)
    problems = [f"a circle of includes: {' '.join(circle)}" for circle in found if circle not in KNOWN]
    problems += [f"no circle any more, take it out of circles.py: {' '.join(circle)}"
                 for circle in KNOWN if circle not in found]
    tree.report(problems, len(sources))


main()
