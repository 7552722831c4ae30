# SPDX-License-Identifier: BSD-3-Clause
"""Peer: one server as a transcript sees it: named connections, requests in, replies out.

Where a reply ends is known by a marker request sent behind it (`md` of a key that never exists,
with an opaque), so a reply of no bytes at all is as visible as any other.
"""

import itertools
import re
import select
import socket
import time

REPLY_SECONDS = 30.0
CLOSED = b"<closed>"
SILENT = b"<silent>"

_marks = itertools.count(1)


class Peer:
    def __init__(self, server):
        self._server = server
        self._connections = {}

    def ask(self, pieces, connection="1", half_close=False):
        """Sends the pieces, each by itself; returns what came back.

        With half_close the sending side is closed behind them and everything up to the end of the
        stream is the reply. The connection is then gone; the next request opens a new one.
        """
        wire = self._wire(connection)
        end = b""
        if not half_close:
            mark = next(_marks)
            pieces = list(pieces) + [b"md there-is-no-such-key O%d\r\n" % mark]
            end = b"NF O%d\r\n" % mark
        reply = _converse(wire, pieces, end, half_close)
        if reply.endswith(CLOSED) or reply.endswith(SILENT):
            self.drop(connection)
        if half_close and reply.endswith(CLOSED):
            reply = reply[:-len(CLOSED)]
        return reply

    def cas_of(self, key):
        """The CAS of an item; if there is none, one that no item has. `me` changes nothing, not even
        who wins."""
        found = re.search(rb" cas=(\d+)", self.ask([b"me " + key + b"\r\n"], "cas"))
        return int(found[1]) if found else 1 << 50

    def wait_for(self, words):
        """Waits until `stats FAMILY` has a line of `FAMILY NAME VALUE`."""
        family, line = words.split(" ", 1)
        deadline = time.monotonic() + REPLY_SECONDS
        while f"STAT {line}\r\n".encode() not in self.ask([f"stats {family}\r\n".encode()], "wait"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"stats {family} does not come to say {line}")

    def drop(self, connection):
        wire = self._connections.pop(connection, None)
        if wire is not None:
            wire.close()

    def close(self):
        for connection in list(self._connections):
            self.drop(connection)

    def _wire(self, connection):
        if connection not in self._connections:
            wire = self._server.connect()
            wire.setblocking(False)
            self._connections[connection] = wire
        return self._connections[connection]


def _converse(wire, pieces, end, half_close):
    """Sends and receives at once, so that neither side can wait for the other for ever."""
    reply = bytearray()
    pending = [memoryview(piece) for piece in pieces if piece]
    pending.reverse()
    half_closed = False
    deadline = time.monotonic() + REPLY_SECONDS
    while time.monotonic() < deadline:
        if not pending and half_close and not half_closed:
            half_closed = True
            try:
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        readable, writable, _ = select.select([wire], [wire] if pending else [], [], 1.0)
        if readable:
            try:
                received = wire.recv(1 << 18)
            except ConnectionError:
                received = b""
            if not received:
                return bytes(reply) + CLOSED
            reply += received
            if end and not pending and reply.endswith(end):
                return bytes(reply[:-len(end)])
        if writable:
            _send_some(wire, pending)
    return bytes(reply) + SILENT


def _send_some(wire, pending):
    piece = pending.pop()
    try:
        sent = wire.send(piece)
    except BlockingIOError:
        sent = 0
    except ConnectionError:
        pending.clear()  # what it answered before it closed is still to be read
        return
    if sent < len(piece):
        pending.append(piece[sent:])
