# SPDX-License-Identifier: BSD-3-Clause
"""Checks that every header compiles alone, and that its .cc file proves it by including it first.

A header whose .cc begins with it is compiled alone by every build. The others are compiled here,
with the flags the build has for a file nearby (compile_commands.json).
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess

import tree

FIRST_INCLUDE = re.compile(r'^#include\s*[<"]([^>"]+)[>"]', re.M)


def proven_by_build(header):
    source = pathlib.PurePath(header).with_suffix(".cc")
    if not (tree.ROOT / source).is_file():
        return False
    first = FIRST_INCLUDE.search(tree.text(str(source)))
    return bool(first) and first.group(1) == header


def own_header_not_first(header):
    source = pathlib.PurePath(header).with_suffix(".cc")
    return (tree.ROOT / source).is_file() and not proven_by_build(header)


def flags_of_build(build):
    """Include paths, definitions and the standard: the union of what the build passes anywhere."""
    flags = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        words = shlex.split(entry["command"])
        for word, following in zip(words, words[1:] + [""]):
            if word.startswith(("-I", "-D", "-std=")):
                flags[word] = None
            elif word == "-isystem":
                flags[f"-isystem{following}"] = None
    return list(flags)


def compile_alone(compiler, flags, header):
    command = [
        compiler, *flags, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-pragma-once-outside-header",
        "-x", "c++", header,
    ]
    done = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True)
    return None if done.returncode == 0 else f"{header} does not compile alone:\n{done.stderr}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", default="clang++-19")
    options = parser.parse_args()

    headers = tree.files("*.h")
    problems = [
        f"{header}: its .cc file does not include it first"
        for header in headers
        if own_header_not_first(header)
    ]
    flags = flags_of_build(options.build)
    alone = [header for header in headers if not proven_by_build(header)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda header: compile_alone(options.compiler, flags, header), alone)
        problems += [problem for problem in results if problem]
    tree.report(problems, len(headers))


main()
