# SPDX-License-Identifier: BSD-3-Clause
"""docs/memcached.md is complete and true: it is held against both servers' help, figures, answers."""

import pathlib
import re
import subprocess
import time

import pytest

import stats_names
from server_process import ember_binary, free_port, help_text, memcached_binary
from wire import ask, stats

POLLERS = ["epoll"]
TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "memcached.md"


def section(title):
    """{name: what is said of it} of the tables under a heading."""
    text = TABLE.read_text(encoding="utf-8")
    begin = text.index(f"\n## {title}\n")
    end = text.find("\n## ", begin + 1)
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", text[begin:end], re.MULTILINE)
    return {name.replace("`", ""): said for name, said in rows if not set(name) <= {"-", "|"}}


@pytest.fixture
def memcacheds_help():
    if memcached_binary() is None:
        pytest.skip("skipped, because memcached is not installed")
    return help_text(memcached_binary())


def options_of(text):
    """Short and long names that a help lists."""
    found = set()
    for line in text.splitlines():
        head = re.match(r"(-\w)?[, ]*(--[\w-]+)?", line)
        found |= {name for name in head.groups() if name}
    return found


def suboptions_of(text):
    return set(re.findall(r"^   - (\w+\*?):", text, re.MULTILINE))


def test_every_option_has_a_row(only_ember, memcacheds_help):
    rows = {name for names in section("Options") for name in names.split(", ")}
    for text in (memcacheds_help, help_text(ember_binary())):
        assert len(options_of(text)) > 40
        assert options_of(text) - rows == set()


def test_every_suboption_has_a_row(only_ember, memcacheds_help):
    rows = set(section("Options"))
    families = tuple(row[:-1] for row in rows if row.endswith("*"))
    for text in (memcacheds_help, help_text(ember_binary())):
        names = suboptions_of(text)
        assert len(names) > 30
        assert {name for name in names - rows if not name.startswith(families)} == set()


def sample(name):
    """A suboption with a value that fits."""
    values = {"hashpower": "20", "tail_repair_time": "20", "hash_algorithm": "xxh3",
              "slab_sizes": "100-200", "hot_lru_pct": "30", "warm_lru_pct": "30",
              "hot_max_factor": "0.3", "warm_max_factor": "1.5", "slab_automove_ratio": "0.5",
              "slab_automove_freeratio": "0.02", "slab_automove": "1", "slab_chunk_max": "256",
              "ssl_keyformat": "PEM", "ssl_verify_mode": "2", "ssl_min_version": "3"}
    bare = name.startswith(("no_", "inline_", "ext_", "proxy_")) or name in (
        "maxconns_fast", "lru_crawler", "lru_maintainer", "track_sizes", "modern", "slab_reassign",
        "ssl_session_cache", "ssl_kernel_tls", "relaxed_privileges", "drop_privileges", "resp_obj_mem_limit")
    return name if bare else f"{name}={values.get(name, '30')}"


def test_suboptions_are_what_the_table_says(only_ember):
    """Accepted ones are accepted, and named at -v with the reason; refused ones end the start."""
    for name, said in section("Options").items():
        if name.startswith("-") or name in ("option", "behind -o"):
            continue
        if name.startswith("ssl_"):
            continue  # they need certificates: test_tls.py
        word = sample(name.replace("*", "x"))
        # A port that cannot be: the options are all read, and nothing is served.
        done = subprocess.run([ember_binary(), "-u", "nobody", "-o", word, "-l", "192.0.2.1",
                               "-p", str(free_port())], capture_output=True, text=True, timeout=20,
                              check=False)
        if said.startswith("refused."):
            assert done.returncode == 64, (name, done.stderr)
            assert said.split(". ", 1)[1] in done.stderr, (name, done.stderr)
        else:
            assert done.returncode == 71 and "192.0.2.1" in done.stderr, (name, done.stderr)


def test_external_storage_names_the_way(only_ember):
    for word in ("ext_path=/mnt/x:1G", "ext_threads=2", "ext_drop_unread"):
        done = subprocess.run([ember_binary(), "-u", "nobody", "-o", word], capture_output=True,
                              text=True, timeout=20, check=False)
        assert done.returncode == 64
        assert "--memory-file" in done.stderr and "large volume" in done.stderr


@pytest.mark.parametrize("title,family,known", [
    ("stats", "", stats_names.GENERAL), ("stats settings", "settings", stats_names.SETTINGS),
    ("stats items", "items", stats_names.ITEMS),
    ("stats slabs", "slabs", stats_names.SLABS + stats_names.SLABS_TOTALS)])
def test_every_figure_has_a_row(start, memcached, only_ember, title, family, known):
    rows = set(section(title)) - {"name"}
    assert rows == set(known), "the table and tests/integration/stats_names.py differ"
    for server in (start(), memcached()):
        with server.connect() as wire:
            ask(wire, b"set a 0 0 1\r\nx\r\n")
        names = {name.rsplit(":", 1)[-1] for name, _ in stats(server, family)}
        # An older one that 1.6.45 has no more.
        assert names - rows <= {"slab_reassign_evictions_nomem"}


def test_figures_that_are_always_so(start, only_ember):
    """What the table says is 0, or another fixed word, is."""
    server = start()
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
    for title, family in (("stats", ""), ("stats settings", "settings"), ("stats items", "items"),
                          ("stats slabs", "slabs")):
        rows = section(title)
        for name, value in stats(server, family):
            said = rows[name.rsplit(":", 1)[-1]]
            fixed = re.match(r"(0|no|yes|none)(?=:|$)", said)
            if fixed:
                assert value.strip() == fixed.group(1), (name, said)


# Of every row of the table of commands, something to ask. Both servers must answer with the same
# first words, but for what is listed behind.
ASKED = {
    "get, gets": [b"get a\r\n", b"gets a\r\n"],
    "gat, gats": [b"gat 100 a\r\n", b"gats 100 a b\r\n"],
    "set, add, replace, append, prepend, cas": [
        b"set a 0 0 1\r\nx\r\n", b"add a 0 0 1\r\nx\r\n", b"replace a 0 0 1\r\nx\r\n",
        b"append a 0 0 1\r\nx\r\n", b"prepend a 0 0 1\r\nx\r\n", b"cas a 0 0 1 9999\r\nx\r\n"],
    "delete, incr, decr, touch": [b"delete a\r\n", b"incr a 1\r\n", b"decr a 1\r\n",
                                  b"touch a 10\r\n"],
    "mg, ms, md, ma, mn, me": [b"mg a\r\n", b"ms a 1\r\nx\r\n", b"md a\r\n", b"ma a\r\n", b"mn\r\n",
                               b"me a\r\n"],
    "flush_all [delay]": [b"flush_all 100\r\n", b"flush_all\r\n"],
    "version": [b"version\r\n"],
    "verbosity": [b"verbosity 0\r\n"],
    "quit": [],
    "shutdown [graceful]": [b"shutdown\r\n"],
    "stats": [b"stats\r\n"],
    "stats settings": [b"stats settings\r\n"],
    "stats items, stats slabs": [b"stats items\r\n", b"stats slabs\r\n"],
    "stats sizes, sizes_enable, sizes_disable": [
        b"stats sizes\r\n", b"stats sizes_enable\r\n", b"stats sizes_disable\r\n"],
    "stats conns": [b"stats conns\r\n"],
    "stats detail on\\|off\\|dump": [b"stats detail on\r\n", b"stats detail dump\r\n",
                                     b"stats detail off\r\n"],
    "stats cachedump": [b"stats cachedump 1 0\r\n"],
    "stats reset": [b"stats reset\r\n"],
    "stats extstore, extstore": [b"extstore free_memchunks 1 1\r\n"],
    "stats proxy, proxyfuncs, proxybe": [b"stats proxy\r\n"],
    "cache_memlimit": [b"cache_memlimit 100\r\n"],
    "slabs reassign, slabs automove": [b"slabs automove 1\r\n", b"slabs reassign 1 1\r\n"],
    "lru mode\\|tune\\|temp_ttl": [b"lru mode segmented\r\n", b"lru tune 10 25 0.1 2.0\r\n",
                                   b"lru temp_ttl 60\r\n"],
    "lru_crawler enable\\|disable\\|sleep\\|tocrawl\\|crawl": [
        b"lru_crawler sleep 100\r\n", b"lru_crawler tocrawl 0\r\n", b"lru_crawler crawl all\r\n",
        b"lru_crawler enable\r\n"],
    "lru_crawler metadump, mgdump": [b"lru_crawler metadump all\r\n"],
    "watch": [b"watch fetchers\r\n"],
    "refresh_certs": [b"refresh_certs\r\n"],
    "debugtime": [b"debugtime p\r\n"],
    "binary protocol, 0x00 to 0x24": [
        b"\x80\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07" + bytes(8)],
}
# Not memcached's: no such command of 1.6.18, or of its own kind (-Y has its own tests).
OWN = {"command", "stats ember", "-Y: the first set"}


def test_every_command_is_asked(only_ember):
    assert set(section("Commands")) - OWN == set(ASKED)


def first_word(answer):
    """ERROR, CLIENT_ERROR, STAT, OK, ... or a binary header."""
    return answer[:2] if answer[:1] == b"\x81" else re.split(rb"[ \r]", answer)[0]


def answer_to(server, request):
    """What is answered first; again where memcached's crawler is about its own work for a moment."""
    for _ in range(100):
        with server.connect() as wire:
            wire.sendall(request)
            answer = first_word(wire.recv(4096))
        if answer != b"BUSY":
            break
        time.sleep(0.1)
    return answer


@pytest.mark.parametrize("row", ASKED)
def test_command(start, memcached, only_ember, row):
    """What is said to be the same answers in the same way."""
    said = section("Commands")[row]
    for request in ASKED[row]:
        answers = [answer_to(make(), request) for make in (start, memcached)]
        if said.startswith("refused"):
            assert answers[0].endswith(b"ERROR")
        else:
            assert answers[0] == answers[1], (request, said)
