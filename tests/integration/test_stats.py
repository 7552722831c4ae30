# SPDX-License-Identifier: BSD-3-Clause
"""stats: memcached's names in memcached's order, and true numbers."""

import re
import time

import pytest

import stats_names
from wire import ask, eventually, stat, stats

# Figures whose value is no plain number.
FORMS = {
    "version": r"\d+\.\d+\.\d+.*", "libevent": r"\S+", "rusage_user": r"\d+\.\d{6}",
    "rusage_system": r"\d+\.\d{6}", "slab_reassign_last_busy_status": r"\w+",
}

# What memcached 1.6.45 prints when it is started without options beyond a port and an address.
# Not among them: growth_factor and chunk_size, which are Ember's own.
DEFAULTS = {
    "maxbytes": "67108864", "maxconns": "1024", "udpport": "0", "inter": "127.0.0.1",
    "verbosity": "0", "evictions": "on", "domain_socket": "NULL", "umask": "700",
    "shutdown_command": "no", "stat_key_prefix": ":",
    "detail_enabled": "no", "reqs_per_event": "20", "cas_enabled": "yes", "tcp_backlog": "1024",
    "binding_protocol": "auto-negotiate", "auth_enabled_sasl": "no", "auth_enabled_ascii": "no",
    "item_size_max": "1048576", "maxconns_fast": "yes", "slab_chunk_max": "524288",
    "flush_enabled": "yes", "dump_enabled": "yes", "lru_crawler": "yes", "lru_crawler_sleep": "100",
    "lru_crawler_tocrawl": "0", "idle_timeout": "0", "ssl_enabled": "no",
    "memory_file": "(null)", "client_flags_size": "4", "num_threads": "4",
}


def names_of(family):
    return [name for name, _ in family]


@pytest.fixture
def server(start, only_ember):
    return start()


def test_general_names_and_order(server):
    assert names_of(stats(server)) == stats_names.GENERAL


def test_general_forms(server):
    for name, value in stats(server):
        form = FORMS.get(name, r"\d+")
        assert re.fullmatch(form, value.strip()), (name, value)


def test_settings_names_and_order(server):
    assert names_of(stats(server, "settings")) == stats_names.SETTINGS


def test_settings_defaults(server):
    settings = {name: value.strip() for name, value in stats(server, "settings")}
    wrong = {name: (settings.get(name), value) for name, value in DEFAULTS.items()
             if settings.get(name) != value}
    assert wrong == {}
    assert settings["tcpport"] == str(server.port)


def test_items_and_slabs_are_empty_at_first(server):
    assert stats(server, "items") == []
    assert [(name, value.strip()) for name, value in stats(server, "slabs")] == [
        ("active_slabs", "0"), ("total_malloced", "0")]


def test_items_names_and_order(server):
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
        ask(wire, b"set b 0 0 5000\r\n" + b"x" * 5000 + b"\r\n")
    lines = names_of(stats(server, "items"))
    classes = list(dict.fromkeys(line.split(":")[1] for line in lines))
    assert len(classes) == 2
    assert lines == [f"items:{number}:{name}" for number in classes for name in stats_names.ITEMS]
    assert all(value.strip().isdigit() for _, value in stats(server, "items"))


def test_slabs_names_and_order(server):
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
    lines = names_of(stats(server, "slabs"))
    number = lines[0].split(":")[0]
    assert lines == [f"{number}:{name}" for name in stats_names.SLABS] + stats_names.SLABS_TOTALS


def test_conns(server):
    with server.connect() as wire:
        words = ask(wire, b"stats conns\r\n", b"END\r\n").decode()
        own = wire.getsockname()[1]
    listeners = re.findall(rf"STAT (\d+):addr tcp:127\.0\.0\.1:{server.port}\r\n"
                           r"STAT \1:state conn_listening\r\nSTAT \1:secs_since_last_cmd \d+", words)
    assert len(listeners) == 1, words
    assert re.search(rf"STAT (\d+):addr tcp:127\.0\.0\.1:{own}\r\n"
                     rf"STAT \1:listen_addr tcp:127\.0\.0\.1:{server.port}\r\n"
                     r"STAT \1:state conn_(parse_cmd|read|write|mwrite)\r\n"
                     r"STAT \1:secs_since_last_cmd 0", words), words


def test_other_families(server):
    with server.connect() as wire:
        assert ask(wire, b"stats sizes\r\n", b"END\r\n") == b"STAT sizes_status disabled\r\nEND\r\n"
        assert ask(wire, b"stats reset\r\n") == b"RESET\r\n"
        assert ask(wire, b"stats no-such-family\r\n") in (b"ERROR\r\n",)


def test_numbers_after_known_operations(server):
    requests = (
        b"set a 0 0 1\r\n1\r\n"            # 3 sets
        b"add a 0 0 1\r\n1\r\nset n 0 0 1\r\n5\r\n"
        b"get a\r\nget a nothing\r\n"      # 2 hits, 1 miss
        b"gets a\r\n"                      # 1 hit
        b"incr n 1\r\nincr nothing 1\r\ndecr n 1\r\ndecr nothing 1\r\n"
        b"touch a 0\r\ntouch nothing 0\r\n"
        b"gat 0 a\r\n"                     # a touch
        b"delete nothing\r\nset b 0 0 1\r\nx\r\ndelete b\r\n"
        b"cas nothing 0 0 1 1\r\nx\r\ncas a 0 0 1 99999999\r\nx\r\n"
        b"set big 0 0 2000000\r\n" + b"x" * 2000000 + b"\r\n"
        b"flush_all 100000\r\n")
    with server.connect() as wire:
        ask(wire, requests + b"mn\r\n", b"MN\r\n")
        words = ask(wire, b"gets a\r\n", b"END\r\n")
        unique = words.split(b"\r\n")[0].split()[-1]
        ask(wire, b"cas a 0 0 1 " + unique + b"\r\nx\r\n")
    expected = {
        "get_hits": 4, "get_misses": 1, "cmd_get": 5, "cmd_flush": 1, "cmd_touch": 3,
        "touch_hits": 2, "touch_misses": 1, "incr_hits": 1, "incr_misses": 1, "decr_hits": 1,
        "decr_misses": 1, "delete_hits": 1, "delete_misses": 1, "cas_misses": 1, "cas_badval": 1,
        "cas_hits": 1, "store_too_large": 1, "curr_items": 2, "evictions": 0,
    }
    found = {name: int(stat(server, name)) for name in expected}
    assert found == expected


def test_counts_equal_memcacheds(server, memcached):
    """The same requests give the same counters as Debian's memcached."""
    requests = (
        b"set a 0 0 1\r\n1\r\nadd a 0 0 1\r\n2\r\nreplace b 0 0 1\r\n2\r\nappend a 0 0 1\r\n2\r\n"
        b"get a b c\r\ngets a\r\ngat 0 a b\r\ngats 0 a\r\ntouch a 0\r\ntouch b 0\r\n"
        b"incr a 1\r\nincr b 1\r\ndecr a 1\r\ndecr b 1\r\nincr a x\r\n"
        b"cas a 0 0 1 9999\r\nx\r\ncas b 0 0 1 9999\r\nx\r\ndelete a\r\ndelete a\r\n"
        b"set a 0 -1 1\r\nx\r\nget a\r\nset a 0 0 1\r\n1\r\nflush_all\r\nget a\r\n"
        b"ms a 1\r\n1\r\nmg a v\r\nmg b v\r\nmg a T100 v\r\nmg b N10 v\r\nmg b v\r\nma a\r\nma c\r\n"
        b"ma c N0\r\nma c MD\r\nmd a\r\nmd a\r\nmd b I\r\nmg b v\r\nms a 1 C5\r\n1\r\nms c 1 C5\r\n1\r\n"
        b"ms d 1 MR\r\n1\r\nme c\r\nme no\r\nmn\r\n")
    names = ["cmd_get", "cmd_set", "cmd_flush", "cmd_touch", "cmd_meta", "get_hits", "get_misses",
             "get_expired", "get_flushed", "delete_misses", "delete_hits", "incr_misses",
             "incr_hits", "decr_misses", "decr_hits", "cas_misses", "cas_hits", "cas_badval",
             "touch_hits", "touch_misses", "store_too_large", "curr_items"]
    counts = []
    for each in (server, memcached()):
        with each.connect() as wire:
            ask(wire, requests, b"MN\r\n")
        figures = dict(stats(each))
        counts.append({name: int(figures[name]) for name in names})
    assert counts[0] == counts[1]


def test_bytes_and_connections(server):
    before = dict(stats(server))
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1000\r\n" + b"x" * 1000 + b"\r\n")
        ask(wire, b"get a\r\n", b"END\r\n")
        assert int(stat(server, "curr_connections")) >= 2
    after = dict(stats(server))
    assert 1000 < int(after["bytes_read"]) - int(before["bytes_read"]) < 1300
    assert 1000 < int(after["bytes_written"]) - int(before["bytes_written"]) < 12000
    assert int(after["total_connections"]) - int(before["total_connections"]) == 3
    assert int(after["pid"]) == server.pid
    assert int(after["total_items"]) == 1
    assert 1000 < int(after["bytes"]) < 1200
    assert abs(int(after["time"]) - time.time()) <= 2
    assert eventually(lambda: int(stat(server, "uptime")) >= 1)


def test_reset(server):
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
        ask(wire, b"get a b\r\n", b"END\r\n")
        assert ask(wire, b"stats reset\r\n") == b"RESET\r\n"
    figures = dict(stats(server))
    assert [figures[name].strip() for name in ("get_hits", "get_misses", "cmd_set", "total_items")] \
        == ["0", "0", "0", "0"]
    assert figures["curr_items"].strip() == "1"


def test_evictions_and_classes(start, only_ember):
    server = start(["-m", "16"])
    value = b"v" * 1000
    with server.connect() as wire:
        for first in range(0, 40000, 500):
            wire.sendall(b"".join(b"set k%d 0 0 1000 noreply\r\n" % i + value + b"\r\n"
                                  for i in range(first, first + 500)))
        ask(wire, b"mn\r\n")
    figures = {name: value.strip() for name, value in stats(server)}
    assert int(figures["cmd_set"]) == int(figures["total_items"]) == 40000
    assert int(figures["evictions"]) == 40000 - int(figures["curr_items"])
    items = {name: value.strip() for name, value in stats(server, "items")}
    assert sum(int(value) for name, value in items.items() if name.endswith(":number")) \
        == int(figures["curr_items"])
    assert sum(int(value) for name, value in items.items() if name.endswith(":evicted")) \
        == int(figures["evictions"])
    slabs = {name: value.strip() for name, value in stats(server, "slabs")}
    assert sum(int(value) for name, value in slabs.items() if name.endswith(":cmd_set")) == 40000
    assert int(slabs["total_malloced"]) <= 16 << 20


def test_expired_items_are_reclaimed(start, only_ember):
    """Without anybody asking for them: curr_items falls by itself."""
    server = start()
    with server.connect() as wire:
        for i in range(1000):
            wire.sendall(b"set k%d 0 1 1 noreply\r\nx\r\n" % i)
        ask(wire, b"mn\r\n")
    assert eventually(lambda: int(stat(server, "curr_items")) == 0, 60)


def connection_states(server):
    """A connection in each state that lasts, and what `stats conns` calls them once they are in it."""
    value = b"v" * 900000
    requests = {"new": b"", "done": b"get a\r\n", "half a line": b"get a",
                "half a small value": b"set x 0 0 10\r\nab",
                "half a large value": b"set y 0 0 900000\r\n" + value[:1000],
                "reads nothing": b"set big 0 0 900000\r\n" + value + b"\r\n" + b"get big\r\n" * 40}
    wires = {name: server.connect() for name in list(requests) + ["asks"]}
    try:
        for name, request in requests.items():
            wires[name].sendall(request)
        names = {f"tcp:127.0.0.1:{wire.getsockname()[1]}": name for name, wire in wires.items()}

        def states():
            words = ask(wires["asks"], b"stats conns\r\n", b"END\r\n").decode()
            rows = re.findall(r"STAT (\d+):addr (\S+)\r\n(?:STAT \1:listen_addr \S+\r\n)?"
                              r"STAT \1:state (\S+)", words)
            return {names[address]: state for _, address, state in rows if address in names}

        expected = {"new": "conn_new_cmd", "done": "conn_read", "half a line": "conn_read",
                    "half a small value": "conn_nread", "half a large value": "conn_nread",
                    "reads nothing": "conn_mwrite", "asks": "conn_parse_cmd"}
        eventually(lambda: states() == expected)
        return states()
    finally:
        for wire in wires.values():
            wire.close()


def test_connection_states(start, memcached):
    assert connection_states(start()) == connection_states(memcached())
