# SPDX-License-Identifier: BSD-3-Clause
"""Checks that links and `paths` in the markdown of this tree lead to files and headings that exist.

Links to other sites are not followed: tests need no network.
"""

import posixpath
import re

import tree

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*$", re.M)
# A path in backticks that begins with one of our folders is a promise as well.
CODE_PATH = re.compile(
    r"`((?:base|protocol|storage|server|bench|tools|tests|k8s|docs|cmake)/[\w./-]*)`"
)


def anchors(path):
    """The anchors GitHub gives the headings of a file."""
    prose = FENCE.sub("", tree.text(path))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(prose)
    }


def problem_with(path, link):
    if re.match(r"[a-z]+:", link):
        return None
    target, _, anchor = link.partition("#")
    there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
    if not (tree.ROOT / there).exists():
        return f"{link} does not exist"
    if anchor and anchor not in anchors(there):
        return f"{there} has no heading #{anchor}"
    return None


def main():
    problems = []
    looked_at = 0
    for path in tree.files("*.md"):
        prose = FENCE.sub("", tree.text(path))
        for link in LINK.findall(prose):
            looked_at += 1
            if problem := problem_with(path, link):
                problems.append(f"{path}: {problem}")
        for named in CODE_PATH.findall(prose):
            looked_at += 1
            if not (tree.ROOT / named).exists():
                problems.append(f"{path}: {named} does not exist")
    tree.report(problems, looked_at)


main()
