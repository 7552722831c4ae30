# SPDX-License-Identifier: BSD-3-Clause
r"""Transcript: a conversation as a text file. README.md has the format.

An exchange is what is sent before the replies are compared; a blank line ends it.
"""

import dataclasses
import re

_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\", "{": b"{", "}": b"}"}
_PLACE = re.compile(r"\{(?:cas (?P<key>\S+?)(?: (?P<step>[+-]\d+))?|(?P<text>[^{}]*?)\*(?P<count>\d+)"
                    r"|each (?P<first>\d+)-(?P<last>\d+) (?P<body>[^{}]*))\}")


class FormatError(Exception):
    pass


@dataclasses.dataclass
class Exchange:
    line: int
    pieces: list = dataclasses.field(default_factory=list)  # bytes, or ("cas", key, step)
    sleep: float = 0.0
    until: str = ""
    connection: str = "1"
    half_close: bool = False
    drop: bool = False
    expected: list = dataclasses.field(default_factory=list)

    def empty(self):
        return not (self.pieces or self.sleep or self.until or self.drop)


@dataclasses.dataclass
class Transcript:
    name: str
    arguments: list
    reference: bool
    cuttable: bool
    exchanges: list


def unescape(text):
    out, i = bytearray(), 0
    while i < len(text):
        if text[i] != "\\":
            out += text[i].encode("utf-8")
            i += 1
        elif text[i + 1] == "x":
            out.append(int(text[i + 2:i + 4], 16))
            i += 4
        else:
            out += _ESCAPES[text[i + 1]]
            i += 2
    return bytes(out)


def expand(text):
    """The pieces of one sent line: bytes, and places to be filled when it is sent."""
    pieces, start = [], 0
    for place in _PLACE.finditer(text):
        if place.start() > 0 and text[place.start() - 1] == "\\":
            continue
        pieces.append(unescape(text[start:place.start()]))
        start = place.end()
        if place["key"]:
            pieces.append(("cas", unescape(place["key"]), int(place["step"] or 0)))
        elif place["body"] is not None:
            numbers = range(int(place["first"]), int(place["last"]) + 1)
            pieces.append(b"".join(unescape(place["body"].replace("#", str(n))) for n in numbers))
        else:
            pieces.append(unescape(place["text"]) * int(place["count"]))
    pieces.append(unescape(text[start:]))
    return [piece for piece in pieces if piece]


class _Reader:
    def __init__(self, name):
        self.transcript = Transcript(name, [], True, True, [])
        self.connection = "1"
        self.current = None

    def exchange(self, number):
        if self.current is None:
            self.current = Exchange(number, connection=self.connection)
        return self.current

    def end(self):
        if self.current is not None and not self.current.empty():
            self.transcript.exchanges.append(self.current)
        self.current = None

    def line(self, number, line):
        if not line:
            self.end()
            return
        word, _, rest = line.partition(" ")
        if word == ">":
            self.exchange(number).pieces += expand(rest) + [b"\r\n"]
        elif word == ">>":
            self.exchange(number).pieces += expand(rest)
        elif word == "<":
            self.exchange(number).expected.append(rest)
        elif word == "sleep":
            self.exchange(number).sleep = float(rest)
        elif word == "until":
            self.exchange(number).until = rest
        elif word == "on":
            self.end()
            self.connection = rest
        elif word == "eof":
            self.exchange(number).half_close = True
        elif word == "drop":
            self.exchange(number).drop = True
            self.end()
        elif word == "arguments:":
            self.transcript.arguments += rest.split()
        elif line == "cut: never":
            self.transcript.cuttable = False
        elif line == "reference: none":
            self.transcript.reference = False
        else:
            raise FormatError(f"{self.transcript.name}:{number}: what is {line!r}?")


def read(path):
    reader = _Reader(path.stem)
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line.startswith("#"):
            reader.line(number, line)
    reader.end()
    return reader.transcript


def fill(pieces, cas_of):
    """What goes over the wire to one server, whose CAS values only it knows."""
    out = []
    for piece in pieces:
        if isinstance(piece, bytes):
            out.append(piece)
        else:
            _, key, step = piece
            out.append(b"%d" % (cas_of(key) + step))
    return b"".join(out)


def expectation(lines):
    """The pattern of the reply the lines describe: {cas} and {number} stand for digits."""
    pattern = b""
    for line in lines:
        text = line
        for part in re.split(r"(\{cas\}|\{number\}|\{[^{}]*\*\d+\})", text):
            if part in ("{cas}", "{number}"):
                pattern += rb"\d+"
            else:
                pattern += re.escape(b"".join(expand(part)))
        pattern += re.escape(b"\r\n")
    return re.compile(pattern, re.DOTALL)
