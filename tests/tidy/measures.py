# SPDX-License-Identifier: BSD-3-Clause
"""Measures of the C++ in the tree, by folder and in all: what ./tools/check --measures prints.

The parser here is no compiler: it blanks comments and strings, and takes for a function whatever has a
parameter list and a body in braces at namespace or class level. clang-format's layout makes that exact
enough for medians, and the same tomorrow as today. The tidy tests beside this file use it too.
"""

import collections
import pathlib
import re

import tree

SHIPPED = ("base/", "protocol/", "storage/", "server/", "bench/", "tools/")
NON_TRIVIAL_LINES = 8
DUPLICATE_LINES = 6

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
ASSERTION = re.compile(r"\b(?:debug_check|check)\s*\(")
# What stands before a body that is no function's.
SCOPE = re.compile(r"^(?:[^(]*\b)?(namespace|class|struct|union|enum|extern)\b")
NAME = re.compile(r"((?:[A-Za-z_]\w*(?:<[^<>]*>)?::)*(?:~?[A-Za-z_]\w*|operator\s*(?:\(\)|[^\s\w(]+|\w[\w ]*)))\s*$")
BOOL_PARAMETER = re.compile(r"\bbool\b\s*\w*\s*(?:=|,|$)")

Function = collections.namedtuple("Function", "path line name scope lines assertions has_bool")


class Source:
    """A file, its text with comments and strings blanked, and the functions in it."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.count("\n")
        self.code = TOKEN.sub(self._blank, text)
        self.includes = INCLUDE.findall(text)
        commented = sum(1 for line in text.splitlines() if line.lstrip().startswith("//"))
        coded = sum(1 for line in self.code.splitlines() if line.strip())
        self.comment_lines, self.code_lines = commented, coded
        self.functions = list(self._functions())

    @staticmethod
    def _blank(match):
        text = match.group()
        if text.startswith("/"):
            return re.sub(r"[^\n]", " ", text)
        return '"' + re.sub(r"[^\n]", "x", text[1:-1]) + '"' if len(text) > 1 else text

    def _functions(self):
        """Walks the braces; a body that is a function's is yielded, and not looked into."""
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: re.sub(r"[^\n]", " ", match.group()), self.code, flags=re.M)
        scopes, start, at = [], 0, 0
        while at < len(code):
            char = code[at]
            if char in "([":
                at = closing(code, at)
            elif char == ";" or char == "}":
                if char == "}" and scopes:
                    scopes.pop()
                start = at + 1
            elif char == ":" and re.search(r"\b(?:public|private|protected)\s*$", code[start:at]):
                start = at + 1
            elif char == "{":
                head = code[start:at].strip()
                kind, name, parameters = judge(head)
                if kind == "scope":
                    scopes.append(name)
                    start = at + 1
                else:
                    end = closing(code, at)
                    if kind == "function" and not brace_initialiser(code, end):
                        yield self._function(code, start, at, end, name, parameters, scopes)
                        start = end + 1
                    at = end
            at += 1

    def _function(self, code, start, body, end, name, parameters, scopes):
        begin = start + len(code[start:]) - len(code[start:].lstrip())
        owner = name.rpartition("::")[0] or next((s for s in reversed(scopes) if s), "")
        return Function(
            self.path, code.count("\n", 0, begin) + 1, name, re.sub(r"<.*", "", owner),
            code.count("\n", begin, end) + 1, len(ASSERTION.findall(code, body, end)),
            bool(BOOL_PARAMETER.search(top_level(parameters))))


def closing(code, at):
    """The place of the bracket that closes the one at `at`."""
    pairs, depth = {"(": ")", "[": "]", "{": "}"}, 0
    opening = code[at]
    for place in range(at, len(code)):
        if code[place] == opening:
            depth += 1
        elif code[place] == pairs[opening]:
            depth -= 1
            if depth == 0:
                return place
    return len(code) - 1


def brace_initialiser(code, end):
    """True for `member_{...}` of a constructor's list: the body is yet to come."""
    return bool(re.match(r"\s*[,{]", code[end + 1 : end + 40]))


def top_level(parameters):
    """Parameters without what stands in brackets of their own: std::function<void(bool)> takes no bool."""
    before = None
    while before != parameters:
        before, parameters = parameters, re.sub(r"<[^<>]*>|\([^()]*\)", "", parameters)
    return parameters


def judge(head):
    """What a `{` after `head` opens: ("scope", class or ""), ("function", name, parameters) or other."""
    plain = re.sub(r"template\s*<[^{}]*?>\s*(?=class|struct|\w)", "", head)
    plain = re.sub(r"\[\[[^\]]*\]\]", "", plain).strip()
    match = SCOPE.match(plain)
    if match and not plain.endswith(")"):
        named = re.search(r"\b(?:class|struct|union)\s+(?:EMBER_\w+(?:\([^)]*\))?\s+)?(\w+)", plain)
        return "scope" if match.group(1) != "enum" else "other", named.group(1) if named else "", ""
    bracket = plain.find("(")
    while bracket > 0:
        name = NAME.search(plain[:bracket])
        if name and not re.search(r"(?<![=!<>])=(?!=)", plain[:bracket].replace("operator=", "")) and \
                name.group(1) not in ("alignas", "decltype", "requires", "noexcept", "if", "for", "while", "switch"):
            end = closing(plain, bracket)
            return "function", name.group(1), plain[bracket + 1 : end]
        bracket = plain.find("(", closing(plain, bracket))
    return "other", "", ""


def shipped():
    """All sources that are built to be shipped, without the tests."""
    return [Source(path, tree.text(path)) for path in tree.sources() if path.startswith(SHIPPED)]


def folder_of(path):
    return str(pathlib.PurePath(path).parent)


def pair_of(path):
    """A header and its source are one node of the graph of includes."""
    return str(pathlib.PurePath(path).with_suffix(""))


def circles(sources):
    """Sets of header+source pairs that reach each other by includes, sorted."""
    graph = collections.defaultdict(set)
    for source in sources:
        graph[pair_of(source.path)] |= {pair_of(path) for path in source.includes} - {pair_of(source.path)}
    reach = {}

    def reached(node):
        if node not in reach:
            reach[node], pending = set(), list(graph.get(node, ()))
            while pending:
                following = pending.pop()
                if following not in reach[node]:
                    reach[node].add(following)
                    pending += graph.get(following, ())
        return reach[node]

    found = set()
    for node in list(graph):
        circle = frozenset(other for other in reached(node) if node in reached(other))
        if circle:
            found.add(circle)
    return sorted(sorted(circle) for circle in found)


def assertions_by_folder(sources):
    """folder: (assertions in its non-trivial functions, how many of those there are)."""
    counts = collections.defaultdict(lambda: [0, 0])
    for source in sources:
        for function in source.functions:
            if function.lines >= NON_TRIVIAL_LINES:
                counts[folder_of(source.path)][0] += function.assertions
                counts[folder_of(source.path)][1] += 1
    return dict(counts)


def bodies(sources):
    """(folder, class): the .cc files that define its member functions."""
    places = collections.defaultdict(set)
    for source in sources:
        if source.path.endswith(".cc"):
            for function in source.functions:
                if "::" in function.name:
                    places[folder_of(source.path), function.scope].add(source.path)
    return places


def duplicates(sources):
    """Runs of DUPLICATE_LINES code lines and more that stand twice: [(path, line, path, line, lines)]."""
    seen, found, last = {}, [], None
    for source in sources:
        lines = [(number, line.strip()) for number, line in enumerate(source.code.splitlines(), 1)
                 if len(line.strip()) > 2 and not line.lstrip().startswith(("#include", "using", "namespace"))]
        for first in range(len(lines) - DUPLICATE_LINES + 1):
            key = tuple(line for _, line in lines[first : first + DUPLICATE_LINES])
            place = (source.path, first)
            if key not in seen:
                seen[key] = (*place, lines[first][0])
                continue
            path, other, number = seen[key]
            if last == (path, other - 1, *(place[0], place[1] - 1)):
                found[-1][-1] += 1
            else:
                found.append([path, number, source.path, lines[first][0], DUPLICATE_LINES])
            last = (path, other, *place)
    return found


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, round(part * (len(values) - 1)))] if values else 0


def spread(values):
    return f"{quantile(values, 0.5)} / {quantile(values, 0.9)} / {max(values, default=0)}"


def share(sources, suffix):
    chosen = [source for source in sources if source.path.endswith(suffix)]
    comment = sum(source.comment_lines for source in chosen)
    return round(100 * comment / max(1, comment + sum(source.code_lines for source in chosen)))


def biggest_class(sources):
    """By member functions with a body, wherever they stand."""
    counts = collections.Counter(
        (folder_of(source.path), function.scope)
        for source in sources for function in source.functions if function.scope)
    (folder, name), count = max(counts.items(), key=lambda item: item[1], default=(("", ""), 0))
    return f"{name} ({folder}), {count} functions"


def print_table(rows):
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def main():
    sources = shipped()
    functions = [function for source in sources for function in source.functions]
    asserted = assertions_by_folder(sources)
    total = [sum(count[0] for count in asserted.values()), sum(count[1] for count in asserted.values())]
    with_bool = sum(function.has_bool for function in functions)
    print_table([
        ("measure", "value"),
        ("files, lines", f"{len(sources)}, {sum(source.lines for source in sources)}"),
        ("lines a file, p50 / p90 / max", spread([source.lines for source in sources])),
        ("lines a function, p50 / p90 / max", spread([function.lines for function in functions])),
        (f"assertions a function of {NON_TRIVIAL_LINES} lines and more", f"{total[0] / max(1, total[1]):.2f}"),
        ("circles between header+source pairs", len(circles(sources))),
        ("share of comment, headers / sources", f"{share(sources, '.h')} % / {share(sources, '.cc')} %"),
        ("biggest class", biggest_class(sources)),
        ("classes with bodies in several .cc files", sum(len(files) > 1 for files in bodies(sources).values())),
        ("functions with a bool parameter", f"{with_bool} of {len(functions)}, {100 * with_bool / max(1, len(functions)):.1f} %"),
        (f"runs of {DUPLICATE_LINES} lines and more that stand twice", len(duplicates(sources))),
    ])
    print()
    rows = [("folder", "files", "lines a file", "lines a function", "assertions", "comment, .h / .cc")]
    for folder in sorted({folder_of(source.path) for source in sources}):
        here = [source for source in sources if folder_of(source.path) == folder]
        count, among = asserted.get(folder, (0, 0))
        rows.append((
            folder, len(here), spread([source.lines for source in here]),
            spread([function.lines for source in here for function in source.functions]),
            f"{count / max(1, among):.2f} of {among}", f"{share(here, '.h')} / {share(here, '.cc')}"))
    print_table(rows)


if __name__ == "__main__":
    main()
