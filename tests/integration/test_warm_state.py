# SPDX-License-Identifier: BSD-3-Clause
"""What an item carries beside its value survives: flags, CAS, expiry, marks; and flush_all's reach."""

import time

import pytest

from warm_cache import (WarmCache, exchange, fill, line_about, look, recovered, recovery, seen,
                        with_clock)
from wire import ask, eventually

POLLERS = ["epoll"]  # none of it asks a poller; test_warm_stop.py has both
ENDS = ["stop", "kill"]
SOURCES = {"stop": "state_file", "kill": "scan"}


@pytest.fixture(params=ENDS)
def end(request):
    return request.param


@pytest.fixture
def faked():
    environment = with_clock(0)
    if environment is None:
        pytest.skip("skipped, because EMBER_CLOCK_SHIFT_LIBRARY names no file (ctest sets it)")
    return with_clock


def one(server, command, end=b"\r\n"):
    with server.connect() as wire:
        return ask(wire, command, end)


def again(cache, server, end, source=None, **how):
    getattr(server, end)()
    started = cache.start(**how)
    recovered(started, source or SOURCES[end])
    return started


def test_flags_sizes_keys(launch, tmpfs_folder, end):
    cache = WarmCache(launch, tmpfs_folder, limit=128, arguments=["-I", "16m"])
    server = cache.start()
    items = {b"k": (0, b""), b"k" * 250: (4294967295, b"x"), b"\xff\x01binary\xfe": (7, b"\0\1\2"),
             b"crlf": (9, b"a\tb\0c")}
    for size in (1, 7, 8, 9, 24, 100, 1000, 10000, 100000, 500000, 524288, 1 << 20, 10 << 20):
        items[b"size%d" % size] = (size % 65536, b"v" * (size - 1) + b"w")
    exchange(server, [b"set %s %d 0 %d\r\n%s\r\n" % (key, flags, len(value), value)
                      for key, (flags, value) in items.items()])
    server = again(cache, server, end)
    assert {key: (item.flags, item.value) for key, item in seen(server, items).items()} == items
    assert server.stop() == 0


def test_cas_stays_and_goes_on(launch, tmpfs_folder, end):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    fill(server, 100)
    one(server, b"ms chosen 1 E99999999 F5\r\nx\r\n")
    one(server, b"ms lower 1 E3\r\ny\r\n")
    names = [b"key%d" % n for n in range(100)] + [b"chosen", b"lower"]
    highest = 0
    for _ in range(3):
        before = seen(server, names)
        assert before[b"chosen"].cas == 99999999 and before[b"lower"].cas == 3
        server = again(cache, server, end)
        assert seen(server, names) == before
        unchosen = [before[name].cas for name in names[:-2]]
        new = int(one(server, b"ms new 1 c\r\nz\r\n")[4:])
        assert new > max(unchosen) and new > highest
        highest = new
        # The CAS a client holds from before is still good, once.
        swap = b"cas key7 0 0 1 %d\r\nw\r\n" % before[b"key7"].cas
        assert one(server, swap) == b"STORED\r\n"
        assert one(server, swap) == b"EXISTS\r\n"
    assert server.stop() == 0


def test_cas_beyond_those_deleted(launch, tmpfs_folder, end):
    """The highest CAS ever given may belong to nothing that is left."""
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    highest = 0
    for number in range(5):
        fill(server, 1000 * (number % 2))
        cas = int(one(server, b"ms a 1 c\r\nx\r\n")[4:])
        assert cas > highest
        highest = cas
        one(server, b"delete a\r\n")
        if number == 3:
            one(server, b"flush_all\r\n")
        server = again(cache, server, end)
    assert server.stop() == 0


def test_expiry_counts_the_time_down(launch, tmpfs_folder, end, faked):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    for seconds in (50, 150, 1000, 0):
        one(server, b"set ttl%d 0 %d 1\r\nx\r\n" % (seconds, seconds))
    one(server, b"set touched 0 20 1\r\nx\r\n")
    one(server, b"touch touched 5000\r\n")
    server = again(cache, server, end, environment=faked(100))
    items = seen(server, [b"ttl50", b"ttl150", b"ttl1000", b"ttl0", b"touched"])
    assert set(items) == {b"ttl150", b"ttl1000", b"ttl0", b"touched"}
    assert 40 <= items[b"ttl150"].ttl <= 51
    assert 890 <= items[b"ttl1000"].ttl <= 901
    assert 4890 <= items[b"touched"].ttl <= 4901
    assert items[b"ttl0"].ttl == -1
    # A scan counts them; by a state file they are found to be expired when they are looked at.
    assert int(recovery(server)["recovery_expired"]) == (1 if end == "kill" else 0)
    assert server.stop() == 0


def test_short_expiry_without_a_faked_clock(launch, tmpfs_folder, end):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    one(server, b"set soon 0 1 1\r\nx\r\n")
    one(server, b"set late 0 100 1\r\nx\r\n")
    getattr(server, end)()
    time.sleep(2.1)  # the thing itself: seconds that pass while there is no server
    server = cache.start()
    recovered(server, SOURCES[end])
    assert look(server, [b"soon", b"late"]) == {b"late": b"x"}
    assert server.stop() == 0


def test_clock_set_back_while_down(launch, tmpfs_folder, end, faked):
    """Items stay; nothing lives for longer than it was given, as far as the clock can tell."""
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    held = fill(server, 500)
    one(server, b"set brief 0 100 1\r\nx\r\n")
    server = again(cache, server, end, "scan", environment=faked(-86400))
    assert look(server, held) == held
    assert seen(server, [b"brief"])[b"brief"].ttl <= 86400 + 100
    more = fill(server, 100, prefix=b"more")
    server = again(cache, server, end)  # and forth again
    assert look(server, {**held, **more}) == {**held, **more}
    assert server.stop() == 0


def test_clock_set_far_ahead(launch, tmpfs_folder, end, faked):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    held = fill(server, 500)
    one(server, b"set brief 0 100 1\r\nx\r\n")
    server = again(cache, server, end, environment=faked(10 * 365 * 86400))
    assert look(server, held) == held
    assert look(server, [b"brief"]) == {}
    server = again(cache, server, end, "scan")  # a state file says nothing of expiry
    assert look(server, held) == held
    assert look(server, [b"brief"]) == {}, "it had expired and was gone"
    assert server.stop() == 0


def words(server, command):
    """The flags of a meta reply, in no order."""
    return set(one(server, command).split()[1:])


def test_marks(launch, tmpfs_folder, end):
    """Stale stays stale; who won stays the only winner."""
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    fill(server, 10)
    one(server, b"md key1 I T1000\r\n")  # stale, and nobody has won
    one(server, b"md key2 I T1000\r\n")
    assert words(server, b"mg key2\r\n") == {b"X", b"W"}
    assert words(server, b"mg made N100\r\n") == {b"W"}
    one(server, b"touch key4 20\r\n")
    assert words(server, b"mg key4 R30\r\n") == {b"W"}  # about to expire
    server = again(cache, server, end)
    assert words(server, b"mg key2\r\n") == {b"X", b"Z"}
    assert words(server, b"mg key1\r\n") == {b"X", b"W"}
    assert words(server, b"mg key1\r\n") == {b"X", b"Z"}
    assert words(server, b"mg made N100\r\n") == {b"Z"}
    assert words(server, b"mg key4 R30\r\n") == {b"Z"}
    assert words(server, b"mg key3\r\n") == set()
    server = again(cache, server, end)
    assert words(server, b"mg key1\r\n") == {b"X", b"Z"}
    assert server.stop() == 0


def test_flushed_stays_flushed(launch, tmpfs_folder, end):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    before = fill(server, 1000, prefix=b"before")
    one(server, b"ms chosen 1 E99999999\r\nx\r\n")  # a CAS beyond any horizon
    assert one(server, b"flush_all\r\n") == b"OK\r\n"
    after = fill(server, 1000, prefix=b"after")
    one(server, b"ms low 1 E1\r\nx\r\n")  # a CAS within it
    after[b"low"] = b"x"
    for _ in range(3):
        server = again(cache, server, end)
        assert look(server, [*before, b"chosen", *after]) == after
    assert server.stop() == 0


def test_flush_to_come(launch, tmpfs_folder, end):
    """flush_all with a delay, set before the stop, due after the start."""
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    before = fill(server, 100, prefix=b"before")
    assert one(server, b"flush_all 3\r\n") == b"OK\r\n"
    server = again(cache, server, end)
    between = fill(server, 100, prefix=b"between")
    assert eventually(lambda: look(server, before) == {}, 6)
    assert look(server, between) == {}
    after = fill(server, 100, prefix=b"after")
    server = again(cache, server, end)
    assert look(server, [*before, *between, *after]) == after
    assert server.stop() == 0


def test_flush_due_while_down(launch, tmpfs_folder, end, faked):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    before = fill(server, 100)
    assert one(server, b"flush_all 50\r\n") == b"OK\r\n"
    server = again(cache, server, end, environment=faked(100))
    assert look(server, before) == {}
    after = fill(server, 100, prefix=b"after")
    # The clock back before the flush was due: it has happened.
    server = again(cache, server, end, "scan")
    assert look(server, [*before, *after]) == after
    assert server.stop() == 0


def test_counters_go_on(launch, tmpfs_folder, end):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    exchange(server, [b"set n 0 0 1\r\n0\r\n"] + [b"incr n 3\r\n"] * 100)
    one(server, b"set big 0 0 20\r\n18446744073709551615\r\n")
    server = again(cache, server, end)
    assert one(server, b"incr n 1\r\n") == b"301\r\n"
    assert one(server, b"incr big 2\r\n") == b"1\r\n"
    assert one(server, b"append n 0 0 1\r\n5\r\n") == b"STORED\r\n"
    server = again(cache, server, end)
    assert one(server, b"decr n 15\r\n") == b"3000\r\n"
    assert server.stop() == 0


def test_log_tells_the_same_as_stats(launch, tmpfs_folder, end):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    fill(server, 1234)
    server = again(cache, server, end)
    rows = recovery(server)
    line = line_about(server, cache.path, rows["recovery_items"])
    assert rows["recovery_source"].replace("_", " ") in line
    assert server.stop() == 0
