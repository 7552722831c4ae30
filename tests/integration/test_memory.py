# SPDX-License-Identifier: BSD-3-Clause
"""-m bounds the memory; -M says so instead of evicting; without it no set is ever refused."""

import random

from wire import ask, stat, until

MIB = 1 << 20


def fill(server, megabytes, size):
    """Pipelined sets of different keys; returns the replies that were not STORED."""
    others = []
    with server.connect(timeout=60) as wire:
        count = megabytes * MIB // size
        for first in range(0, count, 100):
            last = min(first + 100, count)
            wire.sendall(b"".join(b"set key%d 0 0 %d\r\n" % (i, size) + b"v" * size + b"\r\n"
                                  for i in range(first, last)) + b"mn\r\n")
            replies = until(wire, b"MN\r\n").split(b"\r\n")[:-2]
            assert len(replies) == last - first
            others += [reply for reply in replies if reply != b"STORED"]
    return others


def test_out_of_memory_words(start, memcached):
    """With -M a full server refuses in memcached's words, and what it holds stays."""
    words = []
    for server in (start(["-m", "16", "-M"]), memcached(["-m", "16", "-M"])):
        refused = fill(server, 32, 5000)
        assert refused
        words.append(set(refused))
        assert int(stat(server, "evictions")) == 0
        with server.connect() as wire:
            assert ask(wire, b"get key0\r\n", b"END\r\n").startswith(b"VALUE key0 0 5000\r\n")
    assert words[0] == words[1]


def test_other_words_of_a_full_server(start, memcached):
    replies = []
    for server in (start(["-m", "16", "-M"]), memcached(["-m", "16", "-M"])):
        fill(server, 32, 5000)
        value = b"v" * 5000 + b"\r\n"
        with server.connect() as wire:
            replies.append([ask(wire, line + value) for line in (
                b"set new 0 0 5000\r\n", b"add new 0 0 5000\r\n", b"ms new 5000\r\n",
                b"ms new 5000 q k O1\r\n", b"cas key0 0 0 5000 1\r\n", b"replace key1 0 0 5000\r\n",
                b"set key2 0 0 5000\r\n")]
                + [ask(wire, b"get new key2\r\n", b"END\r\n")])
    assert replies[0] == replies[1]


def test_never_out_of_memory_while_it_may_evict(start):
    """Any mix of sizes, each after the memory is full of another."""
    server = start(["-m", "64"])
    assert fill(server, 128, 100) == []
    assert fill(server, 200, 100000) == []
    assert fill(server, 200, 2000) == []
    assert fill(server, 200, 900000) == []
    assert fill(server, 100, 300) == []
    source = random.Random(5)
    with server.connect(timeout=60) as wire:
        for i in range(3000):
            size = int(10 ** source.uniform(0, 6))
            reply = ask(wire, b"set mix%d 0 0 %d\r\n" % (i, size) + b"v" * size + b"\r\n")
            assert reply == b"STORED\r\n", (i, size, reply)
    assert int(stat(server, "evictions")) > 0


def test_resident_memory_follows_the_limit(start):
    for limit in (64, 256):
        server = start(["-m", str(limit)])
        before = server.resident_bytes()
        fill(server, 2 * limit, 1000)
        grown = server.resident_bytes() - before
        assert grown < (limit * 1.15 + 24) * MIB, f"{grown / MIB:.0f} MiB more with -m {limit}"
        assert int(stat(server, "limit_maxbytes")) == limit * MIB
        assert int(stat(server, "bytes")) <= limit * MIB
        assert server.stop() == 0


def test_large_items(start):
    server = start(["-m", "256", "-I", "64m"])
    with server.connect(timeout=60) as wire:
        for size in (1 * MIB, 5 * MIB, 60 * MIB):
            value = random.Random(size).randbytes(size)
            assert ask(wire, b"set big 0 0 %d\r\n" % size + value + b"\r\n") == b"STORED\r\n"
            wire.sendall(b"get big\r\n")
            head = b"VALUE big 0 %d\r\n" % size
            reply = bytearray()
            while len(reply) < len(head) + size + 7:
                reply += wire.recv(1 << 20)
            assert reply == head + value + b"\r\nEND\r\n"
