# SPDX-License-Identifier: BSD-3-Clause
"""What prometheus/memcached_exporter reads: without it, it reports memcached_up 0."""

import re

import pytest

from wire import ask, stats, store_and_ask


@pytest.fixture
def server(start):
    server = start(["-m 64", "-o", "modern", "-v"])
    store_and_ask(server)
    return server


def test_version(server):
    with server.connect() as wire:
        assert re.fullmatch(rb"VERSION \d+\.\d+\.\d+\S*\r\n", ask(wire, b"version\r\n"))


def test_every_line_has_its_form(server):
    """STAT, a name without blanks, a value; END at last; in every family it reads."""
    with server.connect() as wire:
        for family in (b"stats", b"stats slabs", b"stats items", b"stats settings"):
            lines = ask(wire, family + b"\r\n", b"END\r\n").split(b"\r\n")
            assert lines[-2:] == [b"END", b""]
            for line in lines[:-2]:
                assert re.fullmatch(rb"STAT \S+ \S.*|STAT \S+ ?", line), line


def test_general(server):
    figures = {name: value.strip() for name, value in stats(server)}
    for name in ("cmd_set", "cas_misses", "cas_hits", "cas_badval", "uptime", "time", "get_hits",
                 "get_misses", "delete_hits", "incr_hits", "decr_hits", "touch_hits",
                 "curr_connections", "total_connections", "max_connections", "limit_maxbytes",
                 "bytes", "curr_items", "total_items", "evictions", "reclaimed", "bytes_read",
                 "bytes_written", "rejected_connections", "connection_structures", "threads"):
        assert figures[name].isdigit(), name
    for name in ("rusage_user", "rusage_system"):
        assert re.fullmatch(r"\d+\.\d{6}", figures[name])
    assert int(figures["cmd_set"]) >= 2


def test_every_slab_class(server):
    slabs = {name: value.strip() for name, value in stats(server, "slabs")}
    classes = {name.split(":")[0] for name in slabs if ":" in name}
    assert len(classes) == 2
    for number in classes:
        for name in ("cmd_set", "cas_hits", "cas_badval", "chunk_size", "chunks_per_page",
                     "total_pages", "total_chunks", "used_chunks", "free_chunks",
                     "free_chunks_end", "get_hits", "delete_hits", "incr_hits", "decr_hits",
                     "touch_hits"):
            assert slabs[f"{number}:{name}"].isdigit(), name
    assert slabs["active_slabs"].isdigit() and slabs["total_malloced"].isdigit()


def test_items(server):
    items = {name: value.strip() for name, value in stats(server, "items")}
    classes = {name.split(":")[1] for name in items}
    for number in classes:
        for name in ("number", "age", "evicted", "evicted_nonzero", "evicted_time", "outofmemory",
                     "tailrepairs", "reclaimed", "expired_unfetched", "evicted_unfetched",
                     "crawler_reclaimed", "crawler_items_checked", "lrutail_reflocked",
                     "moves_to_cold", "moves_to_warm", "moves_within_lru"):
            assert items[f"items:{number}:{name}"].isdigit(), name


def test_settings(server):
    settings = {name: value.strip() for name, value in stats(server, "settings")}
    assert settings["maxconns"].isdigit()
    if settings["lru_crawler"] == "yes":
        for name in ("lru_crawler_sleep", "lru_crawler_tocrawl", "hot_lru_pct", "warm_lru_pct",
                     "hot_max_factor", "warm_max_factor"):
            assert float(settings[name]) >= 0
    booleans = ("cas_enabled", "flush_enabled", "dump_enabled", "slab_reassign", "lru_crawler",
                "maxconns_fast", "auth_enabled_sasl")
    assert all(settings[name] in ("yes", "no") for name in booleans)
