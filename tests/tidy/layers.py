# SPDX-License-Identifier: BSD-3-Clause
"""Checks that folders include only the folders below them, in #include lines and in CMake.

The table is the architecture: a folder not in it may not hold C++ files.
"""

import pathlib
import re

import tree

BASE = {"base"}
STORAGE = {
    "storage/item",
    "storage/region",
    "storage/index",
    "storage/slab",
    "storage/media",
    "storage/order",
    "storage/core",
    "storage/stats",
    "storage/read",
    "storage/link",
    "storage/evict",
    "storage/write",
    "storage/background",
    "storage/restart",
}
SERVER = {
    "server/metrics",
    "server/net",
    "server/net/tls",
    "server/process",
    "server/session",
    "server/options",
    "server/listen",
    "server/auth",
    "server/watch",
    "server/command",
    "server/proxy",
    "server/http",
}
# What the store's shared state is made of; and that with it.
BELOW_CORE = {
    "storage/item",
    "storage/region",
    "storage/index",
    "storage/slab",
    "storage/media",
    "storage/order",
}
CORE = BELOW_CORE | {"storage/core"}
# What those who are above storage see of it.
STORE = {"storage", "storage/core", "storage/item", "storage/region", "storage/stats"}
LAYERS = {
    "base": set(),
    "protocol": BASE,
    "storage/item": BASE,
    "storage/region": BASE,
    "storage/index": BASE | {"storage/item"},
    "storage/slab": BASE | {"storage/item", "storage/region"},
    "storage/media": BASE | {"storage/region", "storage/slab"},
    "storage/order": BASE,
    "storage/core": BASE | BELOW_CORE,
    "storage/stats": BASE | CORE,
    "storage/read": BASE | CORE,
    "storage/link": BASE | CORE | {"storage/stats", "storage/read"},
    "storage/evict": BASE | CORE | {"storage/read", "storage/link"},
    "storage/write": BASE | CORE | {"storage/read", "storage/link", "storage/evict"},
    "storage/background": BASE | CORE | {"storage/read", "storage/link", "storage/evict"},
    "storage/restart": BASE
    | CORE
    | {"storage/stats", "storage/read", "storage/link", "storage/write"},
    "storage": BASE | STORAGE,
    "server/metrics": BASE,
    "server/net": BASE,
    "server/net/tls": BASE | {"server/net"},
    "server/process": BASE,
    "server/session": BASE | {"protocol", "server/net"},
    "server/options": BASE | {"server/net/tls"},
    "server/listen": BASE | {"server/net", "server/options"},
    "server/auth": BASE | {"protocol", "server/session"},
    "server/watch": BASE | {"protocol", "server/net"},
    "server/command": BASE | STORE | {"protocol", "server/metrics", "server/watch"},
    "server/proxy": BASE | {"protocol", "server/net", "server/metrics"},
    "server/http": BASE | {"server/net", "server/metrics"},
    "server": BASE | STORE | SERVER | {"protocol"},
}
# Leaves may include every layer and themselves, and nobody includes them; but tests test them too.
LEAVES = ("bench", "tools", "tests")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
EMBER_LAYER = re.compile(r"ember_layer\(\s*(\w+)([^)]*)\)")
DEPENDS = re.compile(r"DEPENDS\s+((?:(?!LIBRARIES\b)\w+\s*)+)")


def folder_of(path):
    return str(pathlib.PurePath(path).parent)


def leaf_of(path):
    top = path.split("/", 1)[0]
    return top if top in LEAVES else None


def target_of(folder):
    return folder.replace("/", "_")


def check_include(path, kind, included):
    """The problem with this include, or None."""
    if kind == "<":
        if (tree.ROOT / included).is_file():
            return "our own headers are included with quotes"
        return None
    if not (tree.ROOT / included).is_file():
        return "is not a path from the root of the tree"
    theirs = folder_of(included)
    leaf = leaf_of(path)
    if leaf_of(included):
        allowed = leaf in (leaf_of(included), "tests")
        return None if allowed else f"only tests include {leaf_of(included)}/"
    if leaf or theirs == folder_of(path) or theirs in LAYERS[folder_of(path)]:
        return None
    allowed = " ".join(sorted(LAYERS[folder_of(path)])) or "nothing of ours"
    return f"{folder_of(path)} may include: {allowed}"


def check_includes(problems):
    paths = tree.sources()
    for path in paths:
        if not leaf_of(path) and folder_of(path) not in LAYERS:
            problems.append(f"{path}: no layer has the folder {folder_of(path)}")
            continue
        text = tree.text(path)
        for match in INCLUDE.finditer(text):
            problem = check_include(path, *match.groups())
            if problem:
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f'{path}:{line}: includes "{match.group(2)}": {problem}')
    return len(paths)


def check_targets(problems):
    paths = tree.files("*CMakeLists.txt")
    folders = {target_of(folder): folder for folder in LAYERS}
    for path in paths:
        for name, rest in EMBER_LAYER.findall(tree.text(path)):
            if folders.get(name) != folder_of(path):
                problems.append(f"{path}: the target of this folder is not {name}")
                continue
            depends = DEPENDS.search(rest)
            for target in depends.group(1).split() if depends else []:
                if folders.get(target) not in LAYERS[folders[name]]:
                    problems.append(f"{path}: {name} may not depend on {target}")
    return len(paths)


def main():
    problems = []
    looked_at = check_includes(problems) + check_targets(problems)
    tree.report(problems, looked_at)


main()
