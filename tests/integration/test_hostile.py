# SPDX-License-Identifier: BSD-3-Clause
"""Nothing a client sends, or does not read, crashes, hangs or grows the server without bound."""

import os
import random
import socket
import threading

import pytest

from wire import ask, eventually, refused_or_closed, stat, to_the_end, until

MIB = 1 << 20


def still_serves(server):
    with server.connect() as wire:
        assert ask(wire, b"set alive 0 0 2\r\nok\r\n") == b"STORED\r\n"
        assert ask(wire, b"get alive\r\n", b"END\r\n") == b"VALUE alive 0 2\r\nok\r\nEND\r\n"


def grown(server, before):
    # A sanitizer keeps freed memory back, and a shadow of all: there it says nothing of the server.
    return 0 if os.environ.get("EMBER_SANITIZE") else server.resident_bytes() - before


@pytest.mark.parametrize("seed", range(4))
def test_garbage(start, seed):
    server = start()
    source = random.Random(seed)
    words = [b"get ", b"set ", b"mg ", b"ms ", b"\r\n", b"\n", b" ", b"\0", b"a", b"-1", b"9" * 30]
    for _ in range(100):
        with server.connect() as wire:
            if source.random() < 0.5:
                data = source.randbytes(source.choice([1, 100, 5000, 100000]))
            else:
                data = b"".join(source.choice(words) for _ in range(5000))
            wire.setblocking(False)
            try:
                wire.send(data)
            except (BlockingIOError, ConnectionError):
                pass
    still_serves(server)


def test_line_without_end(start):
    server = start()
    before = server.resident_bytes()
    with server.connect() as wire:
        sent = refused_or_closed(wire, b"x" * (32 * MIB))
        assert sent < 32 * MIB - (1 << 16), "a line without an end was taken to its last byte"
    assert grown(server, before) < 8 * MIB
    still_serves(server)


def test_retrieval_line_without_end(start):
    """A get may be of any length: it is answered as it comes and takes no memory."""
    server = start()
    still_serves(server)
    before = server.resident_bytes()
    with server.connect() as wire:
        wire.sendall(b"get ")
        reader = threading.Thread(target=to_the_end, args=(wire,))
        reader.start()
        refused_or_closed(wire, b"nothing " * (4 * MIB))
        assert grown(server, before) < 16 * MIB
        wire.shutdown(socket.SHUT_WR)
        reader.join()
    still_serves(server)


@pytest.mark.parametrize("length", [b"1048577", b"2147483647", b"4294967295", b"9223372036854775807",
                                    b"18446744073709551615", b"-1", b"-9223372036854775808"])
@pytest.mark.parametrize("line", [b"set a 0 0 %s\r\n", b"append a 0 0 %s\r\n", b"ms a %s\r\n"])
def test_impossible_length(start, line, length):
    server = start()
    before = server.resident_bytes()
    with server.connect() as wire:
        wire.sendall(line % length + b"x" * 100000)
        assert grown(server, before) < 8 * MIB
    still_serves(server)


def test_half_a_request_and_silence(start):
    """More half-sent values than fit in the memory limit: others are served all the same."""
    server = start(["-m", "64"])
    before = server.resident_bytes()
    silent = []
    for i in range(200):
        wire = server.connect()
        wire.sendall(b"set half%d 0 0 1000000\r\n" % i + b"x" * 1000)
        silent.append(wire)
    assert grown(server, before) < 96 * MIB
    with server.connect() as wire:
        assert ask(wire, b"get alive\r\n", b"END\r\n") == b"END\r\n"
        assert ask(wire, b"set alive 0 0 2\r\nok\r\n")[:6] in (b"STORED", b"SERVER")
    for wire in silent:
        wire.close()
    assert eventually(lambda: int(stat(server, "curr_connections")) < 10)
    still_serves(server)


def test_many_sets_without_reading(start):
    """Replies wait in the server's bounded memory, and then in the client's own way."""
    server = start(["-m", "64"])
    still_serves(server)
    before = server.resident_bytes()
    with server.connect(timeout=60) as wire:
        count = 300000
        sender = threading.Thread(target=wire.sendall, args=(b"set a 0 0 1\r\nx\r\n" * count,))
        sender.start()
        sender.join(timeout=3)
        assert grown(server, before) < 48 * MIB
        replies = 0
        while replies < count * 8:
            received = wire.recv(1 << 18)
            assert received, f"closed after {replies // 8} replies"
            replies += len(received)
        sender.join()
        assert replies == count * 8
    still_serves(server)


def test_slow_reader_of_large_values(start):
    """Values that wait to be sent stay whole although their keys are overwritten meanwhile."""
    server = start(["-m", "64"])
    size = 500000
    with server.connect(timeout=60) as wire, server.connect() as writer:
        assert ask(writer, b"set large 0 0 %d\r\n" % size + b"a" * size + b"\r\n") == b"STORED\r\n"
        before = server.resident_bytes()
        wire.sendall(b"get large\r\n" * 400)
        for letter in b"bcdefghij":
            value = bytes([letter]) * size
            assert ask(writer, b"set large 0 0 %d\r\n" % size + value + b"\r\n") == b"STORED\r\n"
        assert grown(server, before) < 48 * MIB
        reply_size = len(b"VALUE large 0 500000\r\n") + size + len(b"\r\nEND\r\n")
        for _ in range(400):
            reply = b""
            while len(reply) < reply_size:
                received = wire.recv(reply_size - len(reply))
                assert received
                reply += received
            value = reply[22:-7]
            assert value == value[:1] * size, "a torn value"
    still_serves(server)


def test_many_slow_readers(start):
    server = start(["-m", "64", "-c", "500"])
    size = 1000000
    with server.connect() as writer:
        ask(writer, b"set large 0 0 %d\r\n" % size + b"a" * size + b"\r\n")
    before = server.resident_bytes()
    slow = [server.connect() for _ in range(200)]
    for wire in slow:
        wire.sendall(b"get large\r\n" * 20)
    still_serves(server)
    assert grown(server, before) < 128 * MIB
    for wire in slow:
        wire.close()
    assert eventually(lambda: int(stat(server, "curr_connections")) < 10)
    still_serves(server)


def test_a_thousand_connections(start):
    server = start(["-c", "2000"])
    wires = [server.connect() for _ in range(1000)]
    for i, wire in enumerate(wires):
        wire.sendall(b"set key%d 0 0 4\r\n%04d\r\n" % (i, i))
    for wire in wires:
        assert until(wire, b"\r\n") == b"STORED\r\n"
    for i, wire in enumerate(wires):
        wire.sendall(b"get key%d\r\n" % ((i + 1) % 1000))
    for i, wire in enumerate(wires):
        other = (i + 1) % 1000
        assert until(wire, b"END\r\n") == b"VALUE key%d 0 4\r\n%04d\r\nEND\r\n" % (other, other)
    assert int(stat(server, "curr_connections")) >= 1000
    for wire in wires:
        wire.close()
    assert eventually(lambda: int(stat(server, "curr_connections")) < 10)


def test_connections_come_and_go(start):
    server = start()
    still_serves(server)
    descriptors, before = server.descriptors(), server.resident_bytes()
    for i in range(3000):
        with server.connect() as wire:
            wire.sendall((b"get a\r\n", b"set a 0 0 100\r\nhalf", b"quit\r\n", b"x")[i % 4])
    assert eventually(lambda: server.descriptors() <= descriptors + 2)
    assert grown(server, before) < 32 * MIB
    still_serves(server)


def test_resets(start):
    """Connections that end with a reset while replies are on their way."""
    server = start()
    with server.connect() as wire:
        ask(wire, b"set large 0 0 500000\r\n" + b"x" * 500000 + b"\r\n")
    for _ in range(200):
        wire = server.connect()
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        wire.sendall(b"get large large large\r\n")
        wire.close()
    assert eventually(lambda: int(stat(server, "curr_connections")) < 10)
    still_serves(server)


def too_many(server):
    """How many connections a limit of 20 serves, and what the next one gets to read."""
    kept = []
    try:
        for _ in range(40):
            wire = server.connect(timeout=3)
            kept.append(wire)
            try:
                reply = ask(wire, b"version\r\n")
            except (ConnectionError, socket.timeout):
                reply = b""
            if not reply.startswith(b"VERSION"):
                return len(kept), reply
        return len(kept), None
    finally:
        for wire in kept:
            wire.close()


def test_connection_limit(start, memcached):
    """The words are memcached's; how many are served before is what -c says, give or take the one
    that waited for the start."""
    served, words = too_many(start(["-c", "20", "-t", "2"]))
    _, expected_words = too_many(memcached(["-c", "20", "-t", "2"]))
    assert words == expected_words
    assert 19 <= served <= 21


def test_connection_limit_ends(start):
    """Once some connections are gone, others are let in again, and the refused were counted."""
    server = start(["-c", "20"])
    assert eventually(lambda: too_many(server)[1] is not None)

    def lets_in():
        try:
            with server.connect() as wire:
                return ask(wire, b"version\r\n").startswith(b"VERSION")
        except ConnectionError:
            return False

    assert eventually(lets_in)
    assert int(stat(server, "rejected_connections")) > 0


def test_idle_timeout(start):
    server = start(["-o", "idle_timeout=2"])
    with server.connect() as idle, server.connect() as busy:
        ask(idle, b"version\r\n")
        idle.settimeout(0.2)
        ended = False
        for _ in range(60):
            assert ask(busy, b"version\r\n").startswith(b"VERSION")
            try:
                ended = idle.recv(1) == b""
            except ConnectionError:
                ended = True
            except socket.timeout:
                continue
            break
        assert ended, "an idle connection was still open after 12 seconds"
        assert ask(busy, b"version\r\n").startswith(b"VERSION")
