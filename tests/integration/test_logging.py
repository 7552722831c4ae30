# SPDX-License-Identifier: BSD-3-Clause
"""What is logged at which -v, at start and by `verbosity`."""

import re

from wire import ask, eventually, until

POLLERS = ["epoll"]


def test_nothing_of_clients_without_v(start, only_ember):
    server = start()
    with server.connect() as wire:
        ask(wire, b"get quiet\r\n")
    assert "quiet" not in server.words()


def test_notes_at_v(start, only_ember):
    """-v tells which options have no effect."""
    told = start(["-v", "-o", "no_hashexpand"])
    assert eventually(lambda: "no_hashexpand has no effect" in told.words())
    quiet = start(["-o", "no_hashexpand"])
    assert quiet.stop() == 0
    assert "no_hashexpand" not in quiet.words()


def test_commands_and_replies_at_vv(start, only_ember):
    """In memcached's manner, and without values: those are nobody's business."""
    server = start(["-vv"])
    with server.connect() as wire:
        ask(wire, b"set a 0 0 6\r\nsecret\r\n")
        wire.sendall(b"set cut 0 0 6\r\nsec")
        wire.sendall(b"ret\r\n")
        until(wire, b"STORED\r\n")
        ask(wire, b"get a\r\n")
        ask(wire, b"mg a v t\r\n")
        ask(wire, b"bogus\r\n")
    assert eventually(lambda: "connection closed" in server.words().splitlines()[-1])
    words = server.words()
    for line in (r"<N new client connection", r"<N set a \(6 bytes\)", r">N STORED", r"<N get a",
                 r">N VALUE a 0 6 \(and \d+ bytes\)", r"<N mg a v t", r"<N invalid ERROR",
                 r">N ERROR", r"<N set cut \(6 bytes\)", r"<N connection closed\."):
        assert re.search("trace: " + line.replace("N", r"\d+") + "\n", words), (line, words)
    assert "secret" not in words


def test_verbosity_at_run_time(start, only_ember):
    server = start()
    with server.connect() as wire:
        ask(wire, b"verbosity 2\r\n")
        ask(wire, b"get loud\r\n")
        ask(wire, b"verbosity 0\r\n")
        ask(wire, b"get quiet\r\n")
        ask(wire, b"verbosity 1\r\n")
        ask(wire, b"get quiet\r\n")
    assert "get loud" in server.words()
    assert "quiet" not in server.words()


def test_clients_cannot_forge_lines(start, only_ember):
    server = start(["-vv"])
    with server.connect() as wire:
        ask(wire, b"get a\x1b[31m\r\n")
    assert "\x1b" not in server.words() and "\\x1b[31m" in server.words()
