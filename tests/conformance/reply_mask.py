# SPDX-License-Identifier: BSD-3-Clause
"""Replies of two servers compared byte for byte, save what cannot be equal.

Masked, and nothing else: the number behind VERSION; CAS values (they must correspond one to one
through a whole conversation, and 0 only to 0); seconds (t, l, exp=, la=), which may be one apart
because the clocks of two processes do not tick together; cls= and size= of `me` and metadump, which tell about
a server's own memory layout.
"""

import re

_FIELDS = re.compile(
    rb"(?m)"
    rb"^(?P<version>VERSION )\S+(?=\r$)"
    rb"|(?P<valuecas>^VALUE \S+ \d+ \d+ )(?P<cas1>\d+)(?=\r$)"
    rb"|(?<=[ ])(?P<cas2head>c|cas=)(?P<cas2>\d+)(?=[ \r])"
    rb"|(?<=[ ])(?P<softhead>t|l|exp=|la=)(?P<soft>\d+)(?=[ \r])"
    rb"|(?<=[ ])(?P<layout>cls|size)=\d+(?=[ \r\n])")
_META_LINE = re.compile(rb"(HD|VA|EN|NF|NS|EX|ME|key=\S+)\b")


def fields_of(reply):
    """The reply as a list of byte strings and of ("cas", n), ("seconds", n), ("masked", name)."""
    parts = []
    for line in reply.splitlines(keepends=True):
        parts += _fields_of_line(line)
    return parts


def _fields_of_line(line):
    meta = _META_LINE.match(line) is not None
    parts, start = [], 0
    for match in _FIELDS.finditer(line):
        group = match.lastgroup
        if group == "version":
            field = ("masked", "version")
        elif group == "cas1":
            field = ("cas", int(match["cas1"]))
        elif not meta:
            continue
        elif group == "cas2":
            field = ("cas", int(match["cas2"]))
        elif group == "soft":
            field = ("seconds", int(match["soft"]))
        else:
            field = ("masked", match["layout"].decode())
        head = match["valuecas"] or match["cas2head"] or match["softhead"] or b""
        parts += [line[start:match.start()] + head, field]
        start = match.end()
    parts.append(line[start:])
    return parts


class Comparison:
    """Remembers which CAS of one server is which of the other; one per conversation."""

    def __init__(self):
        self._forward = {0: 0}
        self._backward = {0: 0}

    def equal(self, reference, subject):
        left, right = fields_of(reference), fields_of(subject)
        if len(left) != len(right):
            return False
        return all(self._fields_equal(a, b) for a, b in zip(left, right))

    def _fields_equal(self, left, right):
        if isinstance(left, bytes) or isinstance(right, bytes):
            return left == right
        if left[0] != right[0]:
            return False
        if left[0] == "cas":
            return self._cas_equal(left[1], right[1])
        if left[0] == "seconds":
            return abs(left[1] - right[1]) <= 1
        return left[1] == right[1]

    def _cas_equal(self, left, right):
        if left in self._forward or right in self._backward:
            return self._forward.get(left) == right and self._backward.get(right) == left
        self._forward[left] = right
        self._backward[right] = left
        return True
