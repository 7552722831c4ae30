# SPDX-License-Identifier: BSD-3-Clause
"""The judge itself: it passes what is right, and finds each thing that can be wrong."""

import pytest

from judge import Judge

LOAD = [
    "op 1 0 set a 1.1.0.90", "op 1 1 set n 10", "ack 1 0 STORED", "ack 1 1 STORED",
    "op 2 0 set b 1.2.0.70", "op 2 1 incr n 5", "ack 2 0 STORED", "ack 2 1 15",
    "op 3 0 delete b", "op 3 1 incr m 1", "ack 3 0 DELETED", "ack 3 1 NOT_FOUND",
    "op 4 0 set a 1.4.0.80", "op 4 1 incr n 1", "ack 4 0 STORED",
]


def dumped(**held):
    lines = [f"got {key} {held.get(key, 'none')}" for key in "abnm"]
    return ["dump", *lines, "dumped"]


def problems_of(*tellings):
    judge = Judge()
    for lines in tellings:
        judge.hear(lines)
    return judge.problems


@pytest.mark.parametrize("counter", ["15", "16"])
def test_open_request_may_be_done_or_not(counter):
    assert problems_of(LOAD, dumped(a="1.4.0.80 6", n=f"{counter} 7")) == []


@pytest.mark.parametrize("held, problem", [
    ({"n": "15 7"}, "a: holds none, must hold 1.4.0.80"),
    ({"a": "1.1.0.90 1", "n": "15 7"}, "a: holds 1.1.0.90, must hold 1.4.0.80"),
    ({"a": "1.4.0.80 6", "b": "1.2.0.70 3", "n": "15 7"}, "b: holds 1.2.0.70, must hold none"),
    ({"a": "torn:1.4.0.80:from-byte-70 6", "n": "15 7"}, "a: holds torn"),
    ({"a": "1.4.0.80 6", "n": "10 2"}, "n: holds 10, must hold 15 or 16"),
    ({"a": "1.4.0.80 6", "n": "16 7", "m": "1 8"}, "m: holds 1, must hold none"),
])
def test_finds(held, problem):
    found = problems_of(LOAD, dumped(**held))
    assert len(found) == 1 and found[0].startswith(problem)


def test_finds_a_wrong_reply():
    assert problems_of(["op 1 0 delete a", "ack 1 0 DELETED"]) == [
        "round 1: delete a: DELETED, not NOT_FOUND"]


FLUSH = LOAD + ["ack 4 1 16", "op 5 0 flush_all"]


@pytest.mark.parametrize("end, held, right", [
    ([], {}, True),
    ([], {"a": "1.4.0.80 6", "n": "16 7"}, True),
    ([], {"a": "1.4.0.80 6"}, False),
    (["ack 5 0 OK"], {}, True),
    (["ack 5 0 OK"], {"a": "1.4.0.80 6", "n": "16 7"}, False),
])
def test_flush_is_all_or_nothing(end, held, right):
    assert (problems_of(FLUSH + end, dumped(**held)) == []) == right


def test_cas_never_goes_back():
    before = dumped(a="1.4.0.80 6", n="15 7")
    assert problems_of(LOAD, before, before) == []
    assert problems_of(LOAD, before, dumped(a="1.4.0.80 9", n="15 7"))
    again = ["op 1 0 set a 2.1.0.60", "ack 1 0 STORED"]
    assert problems_of(LOAD, before, again, dumped(a="2.1.0.60 8", n="15 7")) == []
    assert problems_of(LOAD, before, again, dumped(a="2.1.0.60 7", n="15 7"))
