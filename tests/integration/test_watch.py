# SPDX-License-Identifier: BSD-3-Clause
"""`watch`: every kind of line beside Debian's memcached, slow watchers, many of them, and the switch
that forbids it."""

import contextlib
import os
import random
import re
import select
import socket
import struct
import tempfile
import threading
import time

import pytest

from wire import ask, eventually, stat, stats, to_the_end

@contextlib.contextmanager
def watching(server, streams=""):
    """A connection that watches, as a reader of its lines."""
    with server.connect() as wire:
        watch(wire, streams)
        yield Watcher(wire)


def watch(wire, streams=""):
    """Lines may follow the answer at once: it is read by itself."""
    wire.sendall(f"watch {streams}".strip().encode() + b"\r\n")
    assert wire.recv(4, socket.MSG_WAITALL) == b"OK\r\n"


class Watcher:
    def __init__(self, wire):
        self.wire = wire
        self.text = bytearray()

    def lines_until(self, wanted, seconds=20):
        """All lines up to the first with `wanted` in it."""
        deadline = time.monotonic() + seconds
        needle, searched = wanted.encode(), 0
        while True:
            found = self.text.find(needle, searched)
            end = self.text.find(b"\n", found) + 1 if found >= 0 else 0
            if end > 0:
                lines = self.text[:end].decode().splitlines()
                del self.text[:end]
                return lines
            searched = max(0, len(self.text) - len(needle)) if found < 0 else found
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.wire], [], [], left)[0], \
                (wanted, bytes(self.text[-300:]))
            received = self.wire.recv(1 << 16)
            assert received, "the watcher was closed"
            self.text += received


def masked(line):
    """A line without what differs from run to run, and from slab classes to slab classes."""
    assert re.match(r"ts=\d+\.\d+ gid=\d+ type=\w+ ", line), line
    # To Ember what was flushed is gone; memcached may still have it, and says so, by the second.
    line = re.sub(r"^ts=\S+ gid=\S+ ", "", line.replace("status=flushed", "status=not_found"))
    return re.sub(r"\b(clsid|cfd|rport)=\d+", r"\1=N", line)


# In 1.6.18, `watch` knows no deletions; a store too large shows numbers of nothing.
CONVERSATION = [
    b"get a\r\n", b"get a b c\r\n", b"set a 5 0 3\r\nabc\r\n", b"set a 0 1000000 3\r\nabc\r\n",
    b"get a\r\n", b"gets a\r\n", b"add a 0 0 1\r\nx\r\n", b"add b 0 0 1\r\nx\r\n",
    b"replace a 0 0 1\r\ny\r\n", b"replace zz 0 0 1\r\ny\r\n", b"append a 0 0 1\r\ny\r\n",
    b"append zz 0 0 1\r\ny\r\n", b"prepend a 0 0 2\r\nzz\r\n", b"cas a 0 0 1 999999\r\nx\r\n",
    b"cas zz 0 0 1 999\r\nx\r\n", b"gat 100 a\r\n", b"gats 0 a b\r\n", b"gat 100 zz\r\n",
    b"touch a 0\r\n", b"touch zz 0\r\n", b"set n 0 0 1\r\n5\r\n", b"incr n 1\r\n", b"decr n 1\r\n",
    b"incr n 1000\r\n", b"incr zz 1\r\n", b"incr a 1\r\n", b"delete a\r\n", b"delete zz\r\n",
    b"mg a\r\n", b"mg n v t\r\n", b"mg n k q\r\n", b"mg viv v N30\r\n", b"mg viv T50 v\r\n",
    b"me n\r\n", b"ms k 2\r\nhi\r\n", b"ms k 2 MA\r\nyo\r\n", b"ms k 2 MP\r\nyo\r\n",
    b"ms k 2 ME\r\nyo\r\n", b"ms l 2 ME\r\nyo\r\n", b"ms k 2 MR\r\nyo\r\n", b"ms zz 2 MR\r\nyo\r\n",
    b"ms k 2 C123456\r\nyo\r\n", b"ms k 2 C1 I\r\nyo\r\n", b"ms zz 2 C123\r\nyo\r\n",
    b"ms zz 2 MA\r\nyo\r\n", b"ma n\r\n", b"ma zz\r\n", b"ma made N0 J5\r\n", b"ma k\r\n",
    b"md n\r\n", b"md zz\r\n", b"md k I\r\n", b"md k\r\n", b"mn\r\n", b"ms Zm9v 2 b\r\nhi\r\n",
    b"mg Zm9v b v\r\n", b"ms AQID 2 b\r\nhi\r\n", b"md AQID b\r\n", b"flush_all\r\n", b"get b\r\n",
    b"set caf\xc3\xa9 0 0 1\r\nx\r\n", b"set bad 0 0 1\r\nxxx\r\n", b"stats items\r\n",
    b"set big 0 0 300000\r\n" + b"x" * 300000 + b"\r\n", b"get big\r\n",
] + [b"get k%c\r\n" % byte for byte in range(0x21, 0x7f)]


def told_of(server, streams):
    """The lines of a conversation, one request after the other."""
    with watching(server, streams) as watcher:
        told = []
        with server.connect() as wire:
            for number, request in enumerate(CONVERSATION):
                wire.sendall(request + b"mn\r\n")
                reply = b""
                while not reply.endswith(b"MN\r\n"):
                    reply += wire.recv(1 << 16)
                # A set that all streams show, to know where this request's lines end.
                ask(wire, b"set mark%d 0 0 0\r\n\r\n" % number)
                told.append([masked(line) for line in
                             watcher.lines_until(f"item_store key=mark{number} ")])
            assert ask(wire, b"quit\r\n") == b""
        if "connevents" in streams:
            told.append([masked(line) for line in watcher.lines_until("type=conn_close")])
        return told


def test_lines_are_memcacheds(start, memcached, only_ember):
    streams = "fetchers mutations connevents"
    theirs = told_of(memcached(["-t", "1"]), streams)
    ours = told_of(start(["-t", "1"]), streams)
    for request, their, our in zip(CONVERSATION + [b"quit"], theirs, ours):
        assert our == their, request[:60]
    assert len(ours) == len(CONVERSATION) + 1


def binary(opcode, key=b"", extras=b"", value=b""):
    return struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0,
                       len(extras) + len(key) + len(value), 0, 0) + extras + key + value


BINARY = [
    binary(0x01, b"k", bytes(8), b"v"), binary(0x00, b"k"), binary(0x0c, b"zz"),
    binary(0x02, b"k", bytes(8), b"v"), binary(0x03, b"k", bytes(8), b"w"),
    binary(0x0e, b"k", b"", b"vv"), binary(0x0f, b"zz", b"", b"vv"),
    binary(0x05, b"n", struct.pack(">QQI", 1, 5, 0)), binary(0x06, b"n", struct.pack(">QQI", 1, 5, 0)),
    binary(0x1c, b"n", struct.pack(">I", 0)), binary(0x04, b"k"), binary(0x04, b"k"),
]


def told_of_binary(server):
    with watching(server, "fetchers mutations") as watcher, server.connect() as wire:
        told = []
        for number, request in enumerate(BINARY):
            mark = binary(0x01, b"mark%d" % number, bytes(8))
            wire.sendall(request + mark)
            told.append([masked(line) for line in
                         watcher.lines_until(f"item_store key=mark{number} ")])
        return told


def test_lines_of_binary_commands_are_memcacheds(start, memcached, only_ember):
    theirs = told_of_binary(memcached(["-t", "1"]))
    ours = told_of_binary(start(["-t", "1"]))
    for request, their, our in zip(BINARY, theirs, ours):
        assert our == their, request


def test_evictions(start, memcached, only_ember):
    def told(server):
        with watching(server, "evictions") as watcher, server.connect() as wire:
            value = b"x" * 400000
            for number in range(2000):
                wire.sendall(b"set key%d 0 %d 400000 noreply\r\n" % (number, number % 2 * 1000)
                             + value + b"\r\nget key%d\r\n" % number)
                while not wire.recv(1 << 20).endswith(b"END\r\n"):
                    pass
                if number > 150 and int(stat(server, "evictions")) > 20:
                    break
            return watcher.lines_until("type=eviction")
    shape = r"type=eviction key=key\d+ fetch=(yes|no) ttl=(-1|9\d\d|1000) la=\d+ clsid=N size=400000"
    for server in memcached(["-m", "64"]), start(["-m", "64"]):
        for line in told(server):
            assert re.fullmatch(shape, masked(line)), line


def test_deletions(start, only_ember):
    server = start()
    with watching(server, "deletions") as watcher, server.connect() as wire:
        ask(wire, b"set a%b 0 0 3\r\nabc\r\n")
        ask(wire, b"set b 0 0 0\r\n\r\n")
        assert ask(wire, b"delete zz\r\n") == b"NOT_FOUND\r\n"
        assert ask(wire, b"delete a%b\r\n") == b"DELETED\r\n"
        assert ask(wire, b"md b q\r\nmn\r\n") == b"MN\r\n"
        lines = [masked(line) for line in watcher.lines_until("key=b ")]
    assert lines == ["type=deleted key=a%25b cmd=delete clsid=N size=3",
                     "type=deleted key=b cmd=md clsid=N size=0"]


def test_system_events(start, only_ember):
    """Pages that move from the class of the past to that of the present."""
    server = start(["-m", "8", "-t", "1"])
    with watching(server, "sysevents") as watcher, server.connect() as wire:
        for size in 300, 6000:
            batch = b"".join(b"set k%d_%d 0 0 %d noreply\r\n" % (size, number, size)
                             + b"x" * size + b"\r\n" for number in range(32_000_000 // size // 4))
            for _ in range(3):
                assert ask(wire, batch + b"mn\r\n") == b"MN\r\n"
        line = watcher.lines_until("type=slab_move")[-1]
    assert re.fullmatch(r"type=slab_move src=\d+ dst=\d+", masked(line))


def test_raw_commands(start, only_ember):
    server = start()
    with watching(server, "rawcmds") as watcher, server.connect() as wire:
        ask(wire, b"set a 0 0 3\r\nabc\r\n")
        ask(wire, b"version\r\n")
        ask(wire, b"gets a b\r\n", b"END\r\n")
        lines = [masked(line) for line in watcher.lines_until("key=b ")]
    assert lines == ["type=rawcmd key=a cmd=set cfd=N size=3",
                     "type=rawcmd key=a cmd=gets cfd=N size=0",
                     "type=rawcmd key=b cmd=gets cfd=N size=0"]


def test_connections_on_a_unix_socket(launch, only_ember):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        path = os.path.join(folder, "socket")
        server = launch(["-s", path, "-a", "777"], plain=True).launch()
        assert eventually(lambda: os.path.exists(path))

        def connect():
            wire = socket.socket(socket.AF_UNIX)
            wire.settimeout(20)
            wire.connect(path)
            return wire

        assert eventually(lambda: not connect().close())
        with connect() as wire:
            watch(wire, "connevents")
            with connect() as other:
                assert ask(other, b"mn\r\n") == b"MN\r\n"
            lines = [masked(line) for line in Watcher(wire).lines_until("type=conn_close")]
        assert "type=conn_new rip=unix rport=N transport=local cfd=N" in lines
        assert lines[-1] == "type=conn_close rip=unix rport=N transport=local reason=normal cfd=N"
        assert server.stop() == 0


def test_why_connections_close(start, only_ember):
    server = start(["-o", "idle_timeout=1"])
    with watching(server, "connevents") as watcher:
        with server.connect() as wire:
            port = wire.getsockname()[1]
            assert to_the_end(wire) == b""
        line = watcher.lines_until(f"rport={port} transport=tcp reason=")[-1]
        assert "type=conn_close" in line and "reason=idle_timeout" in line
        wire = server.connect()
        port = wire.getsockname()[1]
        assert ask(wire, b"mn\r\n") == b"MN\r\n"
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.close()
        line = watcher.lines_until(f"rport={port} transport=tcp reason=")[-1]
        assert "type=conn_close" in line and "reason=error" in line


def answers(server):
    """What `watch` with good and bad words is answered, and what comes after."""
    results = []
    for line in [b"watch", b"watch fetchers", b"watch nonsense", b"watch fetchers nonsense",
                 b"watch fetchers fetchers", b"watch  fetchers", b"watch Fetchers",
                 b"watch " + b" ".join([b"mutations"] * 30), b"watch proxyreqs proxyevents proxyuser",
                 b"watch evictions sysevents rawcmds"]:
        with server.connect() as wire:
            results.append(ask(wire, line + b"\r\n").splitlines()[0])
    with server.connect() as wire:
        results.append(ask(wire, b"watch noreply\r\nwatch fetchers noreply\r\nmn\r\n"))
    with server.connect() as wire:
        assert ask(wire, b"watch evictions\r\n") == b"OK\r\n"
        # Nothing it says counts any more.
        wire.sendall(b"version\r\nwatch mutations\r\nnonsense\r\nquit\r\n")
        wire.settimeout(0.5)
        with pytest.raises(TimeoutError):
            wire.recv(1)
    return results


def test_answers_are_memcacheds(start, memcached, only_ember):
    assert answers(start()) == answers(memcached())


def test_switched_off(start, memcached, only_ember):
    def told(server):
        with server.connect() as wire:
            return ask(wire, b"watch\r\n"), ask(wire, b"watch x\r\n"), \
                ask(wire, b"watch fetchers noreply\r\nmn\r\n")
    assert told(start(["-W"])) == told(memcached(["-W"]))


def test_twenty_watchers(start, only_ember):
    server = start()
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(server.connect()) for _ in range(21)]
        for wire in wires[:20]:
            watch(wire, "mutations")
        refused = wires[20]
        assert ask(refused, b"watch\r\n") == b"WATCHER_TOO_MANY log watcher limit reached\r\n"
        assert ask(refused, b"mn\r\n") == b"MN\r\n"
        assert stat(server, "log_watchers") == "20"
        states = [value.strip() for name, value in stats(server, "conns") if "state" in name]
        assert states.count("conn_watch") == 20
        wires[7].close()
        assert eventually(lambda: stat(server, "log_watchers") == "19")
        watch(refused)
    assert eventually(lambda: stat(server, "log_watchers") == "0")


class Load(threading.Thread):
    """Sets and gets as fast as one connection can, until it is told to stop."""

    def __init__(self, server):
        super().__init__()
        self.server, self.done, self.requests = server, False, 0

    def run(self):
        batch = b"".join(b"set key%d 0 0 5\r\nvalue\r\nget key%d\r\n" % (n, n) for n in range(200))
        expected = len(b"STORED\r\nEND\r\n") * 200 + \
            sum(len(b"VALUE key%d 0 5\r\nvalue\r\n" % n) for n in range(200))
        with self.server.connect() as wire:
            while not self.done:
                wire.sendall(batch)
                left = expected
                while left > 0:
                    received = len(wire.recv(1 << 16))
                    assert received
                    left -= received
                self.requests += 400

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done = True
        self.join(60)
        assert not self.is_alive() and self.requests > 0


def test_a_slow_watcher_is_skipped_and_hurts_nobody(start, only_ember):
    server = start(["-t", "2", "-o", "watcher_logbuf_size=16,worker_logbuf_size=4"])
    with server.connect() as wire:
        watch(wire, "fetchers mutations")
        with Load(server):
            assert eventually(lambda: int(stat(server, "log_watcher_skipped")) > 1000, 60)
            # Rings of 4 KiB under this load drop too, and that is counted apart.
            assert eventually(lambda: int(stat(server, "log_worker_dropped")) > 0, 60)
        watcher = Watcher(wire)
        skipped = watcher.lines_until("skipped=")[-1]
        assert re.fullmatch(r"skipped=\d+", skipped)
        # It has caught up: what happens now is told.
        def told():
            with server.connect() as other:
                ask(other, b"set last 0 0 0\r\n\r\n")
            while select.select([wire], [], [], 0.2)[0]:
                watcher.text += wire.recv(1 << 16)
            return b"item_store key=last " in watcher.text

        assert eventually(told, 60)
    for name in "log_watcher_sent", "log_worker_written":
        assert int(stat(server, name)) > 0
    with server.connect() as wire:
        assert ask(wire, b"stats reset\r\n") == b"RESET\r\n"
    assert stat(server, "log_worker_written") == stat(server, "log_watcher_skipped") == "0"


def test_a_larger_buffer_skips_less(start, only_ember):
    """watcher_logbuf_size and worker_logbuf_size: one burst fits, or it does not."""
    def lost(options, name):
        server = start(["-t", "1", "-o", options])
        with watching(server, "mutations"), server.connect() as wire:
            burst = b"".join(b"set key%d 0 0 0 noreply\r\n\r\n" % n for n in range(20_000))
            assert ask(wire, burst + b"mn\r\n") == b"MN\r\n"
            assert eventually(lambda: int(stat(server, "log_watcher_sent"))
                              + int(stat(server, "log_watcher_skipped"))
                              == int(stat(server, "log_worker_written")))
            return int(stat(server, name))
    assert lost("worker_logbuf_size=65536,watcher_logbuf_size=65536", "log_worker_dropped") == 0
    assert lost("worker_logbuf_size=65536,watcher_logbuf_size=65536", "log_watcher_skipped") == 0
    assert lost("worker_logbuf_size=4,watcher_logbuf_size=65536", "log_worker_dropped") > 0
    assert lost("worker_logbuf_size=65536,watcher_logbuf_size=4", "log_watcher_skipped") > 0


def test_watchers_come_and_go_under_load(start, only_ember):
    server = start(["-t", "2", "-m", "8"])
    chance = random.Random(1)
    streams = [b"fetchers", b"mutations", b"evictions", b"connevents", b"deletions", b"rawcmds"]
    with Load(server) as load, Load(server):
        for _ in range(150):
            wires = []
            for _ in range(chance.randrange(1, 21)):
                wire = server.connect()
                wire.sendall(b"watch " + b" ".join(chance.sample(streams, 3)) + b"\r\n")
                wires.append(wire)
            for wire in wires:
                if chance.random() < 0.5:
                    assert wire.recv(100).startswith((b"OK\r\n", b"WATCHER_TOO_MANY"))
                if chance.random() < 0.3:
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                wire.close()
        assert load.is_alive()
    assert eventually(lambda: stat(server, "log_watchers") == "0")


def test_stopping_with_watchers(start, only_ember):
    server = start(["-t", "2"])
    with watching(server, "fetchers mutations connevents") as watcher, Load(server) as load:
        assert eventually(lambda: load.requests > 400)
        load.done = True
        load.join(60)
        assert server.stop() == 0
        assert to_the_end(watcher.wire) is not None
