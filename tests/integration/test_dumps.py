# SPDX-License-Identifier: BSD-3-Clause
"""Lists of items: by hand, by memcached's and libmemcached's tools, to slow readers, under load."""

import os
import re
import shutil
import socket
import subprocess
import threading

import pytest

from wire import ask, eventually

TOOL = "/usr/share/memcached/scripts/memcached-tool"
META = re.compile(rb"key=(\S+) exp=(-?\d+) la=(\d+) cas=(\d+) fetch=(yes|no) cls=(\d+) size=(\d+)\n")


@pytest.fixture
def server(start):
    return start(["-t", "2"])


def fill(wire, count, size=10):
    value = b"x" * size
    for first in range(0, count, 1000):
        wire.sendall(b"".join(b"set key:%d 0 0 %d noreply\r\n%s\r\n" % (number, size, value)
                           for number in range(first, min(count, first + 1000))))
    ask(wire, b"mn\r\n")


def metadump(server, which=b"all"):
    with server.connect() as wire:
        return ask(wire, b"lru_crawler metadump %s\r\n" % which, b"END\r\n")


def test_metadump_lists_all(server):
    with server.connect() as wire:
        fill(wire, 30_000)
    for which in (b"all", b"hash", b",".join(b"%d" % number for number in range(1, 60))):
        lines = META.findall(metadump(server, which))
        assert len(lines) == 30_000
        assert len({line[0] for line in lines}) == 30_000


def test_a_reader_that_is_slow_costs_one_reply(server):
    with server.connect() as wire:
        fill(wire, 300_000)  # lists of 20 MB
    before = resident(server)
    lists = []
    try:
        for _ in range(8):
            reader = socket.create_connection(("127.0.0.1", server.port))
            reader.sendall(b"lru_crawler metadump all\r\n")
            lists.append(reader)
        with server.connect() as wire:
            for number in range(2000):  # others are served meanwhile
                assert ask(wire, b"get key:%d\r\n" % number, b"END\r\n").startswith(b"VALUE")
        assert resident(server) - before < 80 << 20
        lists.pop().close()  # one goes away in the middle
        for reader in lists:
            text = b""
            while not text.endswith(b"END\r\n"):
                piece = reader.recv(1 << 20)
                assert piece
                text += piece
            assert text.count(b"\n") == 300_001
    finally:
        for reader in lists:
            reader.close()


def resident(server):
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_what_stays_is_listed_under_writes(server):
    with server.connect() as wire:
        fill(wire, 20_000)
    stop = threading.Event()

    def write():
        with server.connect() as wire:
            number = 0
            while not stop.is_set():
                ask(wire, b"set other%d 0 0 1\r\nx\r\n" % (number % 5000))
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            keys = {line[0] for line in META.findall(metadump(server))}
            assert sum(key.startswith(b"key%3A") for key in keys) == 20_000
    finally:
        stop.set()
        writer.join()


def masked(dump):
    """Lines in any order; what cannot be equal is left out: times, CAS, place and size."""
    lines = re.sub(rb"(la|cas|cls|size)=\d+", rb"\\1=", dump).split(b"\n")
    return sorted(re.sub(rb"exp=\d+", b"exp=", line) for line in lines)


def both_lists(server):
    return [masked(metadump(server)), masked(metadump(server, b"hash"))]


def test_lists_are_memcacheds(server, memcached):
    oracle = memcached()
    for each in (server, oracle):
        with each.connect() as wire:
            ask(wire, b"set foo 0 0 3\r\nbar\r\n")
            ask(wire, b"set a:b~-_.% 5 100 3\r\nbar\r\n")
            ask(wire, b"ms AGb/IA== 2 b\r\nhi\r\n")
            ask(wire, b"get foo\r\n", b"END\r\n")
    lists = both_lists(server)
    assert len(lists[0]) == 5  # three items, END, and nothing behind it
    # memcached's crawler misses what its maintainer just moves from one LRU to another.
    eventually(lambda: both_lists(oracle) == lists)
    assert both_lists(oracle) == lists


def run_tool(*command):
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


needs_tool = pytest.mark.skipif(not os.path.exists(TOOL) or shutil.which("perl") is None,
                                reason="skipped, because memcached-tool is not installed")


@needs_tool
def test_memcached_tool_keys_and_dump(server):
    with server.connect() as wire:
        ask(wire, b"set one 5 0 3\r\nabc\r\n")
        ask(wire, b"set t:w%o 0 1000 0\r\n\r\n")
    address = f"127.0.0.1:{server.port}"
    keys = run_tool("perl", TOOL, address, "keys")
    assert sorted(line.split()[0] for line in keys.splitlines()) == ["key=one", "key=t%3Aw%25o"]
    dump = run_tool("perl", TOOL, address, "dump")
    assert "add one 5 0 3\r\nabc\r\n" in dump.replace("\n", "\r\n").replace("\r\r", "\r")
    assert re.search(r"add t:w%o 0 \d{10} 0", dump)


@needs_tool
@pytest.mark.parametrize("asked,wanted", [
    ("display", [r"#  +Item_Size +Max_age +Pages +Count +Full\?", r" +\d+ +\d+B +\d+s +1 +1 "]),
    ("stats", [r" +curr_items +2\r?$", r" +limit_maxbytes +67108864\r?$"]),
    ("settings", [r" +track_sizes +yes\r?$", r" +maxbytes +67108864\r?$"]),
    ("sizes", [r" +64 +1\r?$", r" +160 +1\r?$"]),
])
def test_memcached_tool_reads_figures(start, asked, wanted):
    server = start(["-o", "track_sizes", "-m", "64"])
    with server.connect() as wire:
        ask(wire, b"set a 0 0 10\r\n0123456789\r\n")
        ask(wire, b"set b 0 0 120\r\n" + b"x" * 120 + b"\r\n")
    words = run_tool("perl", TOOL, f"127.0.0.1:{server.port}", asked)
    for pattern in wanted:
        assert re.search(pattern, words, re.MULTILINE), words


@pytest.mark.skipif(shutil.which("memcdump") is None,
                    reason="skipped, because memcdump is not installed")
def test_memcdump(server):
    with server.connect() as wire:
        for number in range(300):
            ask(wire, b"set key%d 0 0 %d\r\n%s\r\n" % (number, number, b"x" * number))
    keys = run_tool("memcdump", f"--servers=127.0.0.1:{server.port}").split()
    assert sorted(keys) == sorted(f"key{number}" for number in range(300))


def test_dumping_can_be_switched_off(start):
    with start(["-X"]).connect() as wire:
        assert ask(wire, b"lru_crawler metadump all\r\n") == b"ERROR metadump not allowed\r\n"
        assert ask(wire, b"stats cachedump 1 0\r\n") == (
            b"CLIENT_ERROR stats cachedump not allowed\r\n")
