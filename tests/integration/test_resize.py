# SPDX-License-Identifier: BSD-3-Clause
"""cache_memlimit and slabs reassign while the server is in use, in DRAM and in a memory file."""

import os
import random
import threading

from wire import ask, eventually, fill, stat, stats

MIB = 1 << 20


def limit(server, megabytes):
    with server.connect() as wire:
        return ask(wire, b"cache_memlimit %d\r\n" % megabytes)


def settled(server):
    return eventually(lambda: stat(server, "pages_to_give_back", "ember") == "0", 30)


def items(server):
    return int(stat(server, "curr_items"))


def test_up_and_down(start):
    server = start(["-m", "64"])
    with server.connect() as wire:
        assert limit(server, 200) == b"OK\r\n"
        assert stat(server, "limit_maxbytes") == str(200 * MIB)
        fill(wire, b"key", 180_000)
        assert stat(server, "evictions") == "0"
        full = server.resident_bytes()
        assert limit(server, 16) == b"OK\r\n"
        assert settled(server)
        assert 10_000 < items(server) < 16 * 1024
        assert full - server.resident_bytes() > 100 * MIB  # given back to the system
        fill(wire, b"next", 30_000)
        assert items(server) < 16 * 1024
        assert dict(stats(server, "settings"))["maxbytes"].strip() == str(16 * MIB)
        assert limit(server, 64) == b"OK\r\n"
        fill(wire, b"last", 50_000)
        assert items(server) > 50_000


def test_beyond_what_it_can_have(start):
    server = start(["-m", "64"])
    capacity = int(stat(server, "memory_capacity", "ember")) // MIB
    assert capacity >= 16 * 1024
    assert limit(server, capacity + 1).startswith(b"MEMLIMIT_ADJUST_FAILED ")
    assert b"restart it with a larger -m" in limit(server, capacity + 1)
    assert stat(server, "limit_maxbytes") == str(64 * MIB)


def test_under_load(start):
    server = start(["-m", "64", "-t", "2"])
    stop = threading.Event()
    wrong = []

    def load(seed):
        choose = random.Random(seed)
        with server.connect() as wire:
            while not stop.is_set():
                number = choose.randrange(100_000)
                value = b"%d" % number * choose.randrange(1, 200)
                key = b"key%d" % number
                reply = ask(wire, b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
                if reply != b"STORED\r\n":
                    wrong.append(reply)
                reply = ask(wire, b"get %s\r\n" % key, b"END\r\n")
                if reply not in (b"END\r\n", b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (
                        key, len(value), value)) and b"VALUE " + key not in reply:
                    wrong.append(reply)

    threads = [threading.Thread(target=load, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    try:
        with server.connect() as wire:
            for megabytes in (16, 128, 9, 64, 12, 100):
                assert limit(server, megabytes) == b"OK\r\n"
                for _ in range(20):
                    classes = [name.split(":")[0] for name, _ in stats(server, "slabs")
                               if name.endswith(":total_pages")]
                    ask(wire, b"slabs reassign -1 %s\r\n" % random.choice(classes).encode())
                    ask(wire, b"lru_crawler metadump all\r\n", b"END\r\n")
                assert settled(server)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_memory_file_shrinks_and_comes_back(start, tmpfs_folder):
    path = f"{tmpfs_folder}/cache"
    arguments = [f"--memory-file={path}", "-m", "64"]
    server = start(arguments)
    with server.connect() as wire:
        fill(wire, b"key", 40_000)
    room = os.stat(path).st_blocks
    assert limit(server, 16) == b"OK\r\n"
    assert settled(server)
    assert os.stat(path).st_blocks < room / 2
    assert b"restart with a larger -m" in limit(server, 128)
    left = items(server)
    server.kill()
    server = start(arguments)
    assert items(server) == left  # and -m counts again
    assert stat(server, "limit_maxbytes") == str(64 * MIB)
    with server.connect() as wire:
        fill(wire, b"more", 40_000)
    assert items(server) > 40_000
    assert limit(server, 16) == b"OK\r\n"
    assert settled(server)
    assert limit(server, 64) == b"OK\r\n"
    with server.connect() as wire:
        fill(wire, b"again", 40_000)
        assert ask(wire, b"get again1\r\n", b"END\r\n").startswith(b"VALUE again1 0 1000")
    assert server.stop() == 0
    server = start(arguments)
    assert items(server) > 40_000


def test_a_page_moves_on_command(start):
    server = start(["-m", "64"])
    with server.connect() as wire:
        fill(wire, b"key", 80_000)
        slabs = {name: value.strip() for name, value in stats(server, "slabs")}
        source = max((name for name in slabs if name.endswith(":total_pages")),
                     key=lambda name: int(slabs[name]))
        before = int(slabs[source])
        number = source.split(":")[0].encode()
        assert ask(wire, b"slabs reassign %s 2\r\n" % number) == b"OK\r\n"
        assert eventually(lambda: stat(server, "slab_reassign_running") == "0")
        slabs = {name: value.strip() for name, value in stats(server, "slabs")}
        assert int(slabs[source]) == before - 1
        assert slabs["2:total_pages"] == "1"
