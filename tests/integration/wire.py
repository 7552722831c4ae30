# SPDX-License-Identifier: BSD-3-Clause
"""Small things every raw-socket test needs."""

import socket
import time


def ask(wire, request, end=b"\r\n"):
    """Sends a request; returns what comes up to and with `end`, or up to the end of the stream."""
    wire.sendall(request)
    return until(wire, end)


def until(wire, end):
    reply = b""
    while not reply.endswith(end):
        received = wire.recv(1 << 16)
        if not received:
            break
        reply += received
    return reply


def to_the_end(wire):
    """Everything up to the end of the stream; a reset counts as the end."""
    reply = b""
    try:
        while received := wire.recv(1 << 16):
            reply += received
    except ConnectionError:
        pass
    return reply


def fill(wire, name, count, value=b"x" * 1000):
    """Stores one value under many keys, and returns once they are there."""
    for first in range(0, count, 1000):
        wire.sendall(b"".join(b"set %s%d 0 0 %d noreply\r\n%s\r\n" % (name, number, len(value), value)
                              for number in range(first, min(count, first + 1000))))
    assert ask(wire, b"mn\r\n") == b"MN\r\n"


def store_and_ask(server):
    """Gives figures something to tell: two items, of two classes; two hits and a miss."""
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
        ask(wire, b"set b 0 0 9000\r\n" + b"x" * 9000 + b"\r\n")
        ask(wire, b"get a b nothing\r\n", b"END\r\n")


def stats(server, family=""):
    """A stats family as a list of (name, value), in order."""
    with server.connect() as wire:
        words = ask(wire, b"stats" + (b" " + family.encode() if family else b"") + b"\r\n",
                    b"END\r\n")
    lines = words.decode().split("\r\n")
    return [tuple((line[5:] + " ").split(" ", 1)) for line in lines if line.startswith("STAT ")]


def stat(server, name, family=""):
    return dict(stats(server, family))[name].strip()


def eventually(condition, seconds=10):
    """Waits until the condition holds; returns whether it did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def refused_or_closed(wire, data):
    """Sends until the other side closes; returns how many bytes went. A bound is the caller's."""
    sent = 0
    try:
        for at in range(0, len(data), 1 << 16):
            wire.sendall(data[at:at + (1 << 16)])
            sent = at
    except (ConnectionError, socket.timeout):
        pass
    return sent
