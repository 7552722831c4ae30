# SPDX-License-Identifier: BSD-3-Clause
"""Options in all the forms other software passes them, and those that must be refused."""

import os
import subprocess

import pytest

from server_process import StartError, ember_binary, free_port, memcached_binary
from wire import stat

MIB = 1 << 20


# Suboptions that Ember accepts and has no use for are checked for being accepted only.
@pytest.mark.parametrize("arguments,name,value", [
    (["-m64"], "maxbytes", str(64 * MIB)),
    (["-m", "100"], "maxbytes", str(100 * MIB)),
    (["-m 64"], "maxbytes", str(64 * MIB)),
    (["--memory-limit=100"], "maxbytes", str(100 * MIB)),
    (["--memory-limit", "100"], "maxbytes", str(100 * MIB)),
    (["-c", "500"], "maxconns", "500"),
    (["-c 500"], "maxconns", "500"),
    (["--conn-limit=500"], "maxconns", "500"),
    (["-t", "2"], "num_threads", "2"),
    (["--threads=3"], "num_threads", "3"),
    (["-I", "2m"], "item_size_max", str(2 * MIB)),
    (["-I 2m"], "item_size_max", str(2 * MIB)),
    (["-I2M"], "item_size_max", str(2 * MIB)),
    (["-I", "100k"], "item_size_max", str(100 * 1024)),
    (["--max-item-size=4m"], "item_size_max", str(4 * MIB)),
    (["-f", "1.10"], "growth_factor", "1.10"),
    (["-n", "64"], "chunk_size", "64"),
    (["-R", "50"], "reqs_per_event", "50"),
    (["-b", "300"], "tcp_backlog", "300"),
    (["-C"], "cas_enabled", "no"),
    (["-M"], "evictions", "off"),
    (["-F"], "flush_enabled", "no"),
    (["-X"], "dump_enabled", "no"),
    (["-A"], "shutdown_command", "yes"),
    (["-v"], "verbosity", "1"),
    (["-vv"], "verbosity", "2"),
    (["-vvv"], "verbosity", "3"),
    (["-v", "-v"], "verbosity", "2"),
    (["-B", "ascii"], "binding_protocol", "ascii"),
    (["-D", "/"], "stat_key_prefix", "/"),
    (["-o", "idle_timeout=30"], "idle_timeout", "30"),
    (["-o", "idle_timeout=30,track_sizes"], "idle_timeout", "30"),
    (["-o", "modern", "-o", "idle_timeout=7"], "idle_timeout", "7"),
    (["-o", "modern,no_modern"], "maxconns", "1024"),
    (["--extended=idle_timeout=9"], "idle_timeout", "9"),
    (["-o", "hashpower=20"], "hashpower_init", "20"),
    (["-o", "relaxed_privileges"], "maxconns", "1024"),
    (["-o", "drop_privileges"], "maxconns", "1024"),
    (["-o", "no_lru_crawler"], "lru_crawler", "no"),
    (["-o", "lru_crawler_sleep=5"], "lru_crawler_sleep", "5"),
    (["-o", "lru_crawler_tocrawl=7"], "lru_crawler_tocrawl", "7"),
    (["-o", "no_lru_maintainer"], "maxconns", "1024"),
    (["-o", "slab_reassign,slab_automove=1,lru_crawler"], "slab_reassign", "yes"),
    (["-o", "slab_automove"], "slab_automove", "1"),
    (["-o", "slab_automove=2"], "slab_automove", "2"),
    (["-o", "no_slab_automove"], "slab_automove", "0"),
    (["-o", "slab_automove_ratio=0.5"], "slab_automove_ratio", "0.50"),
    (["-o", "no_slab_reassign"], "slab_reassign", "no"),
    (["-o", "track_sizes"], "track_sizes", "yes"),
    (["-D", "#"], "detail_enabled", "yes"),
    (["-o", "watcher_logbuf_size=512,worker_logbuf_size=128"], "maxconns", "1024"),
    (["-o", "read_buf_mem_limit=64"], "maxconns", "1024"),
    (["-o", "temporary_ttl=50"], "maxconns", "1024"),
    (["-o", "hash_algorithm=xxh3"], "hash_algorithm", "xxh3"),
    (["-o", "no_hashexpand"], "maxconns", "1024"),
    (["-o", "tail_repair_time=20"], "maxconns", "1024"),
    (["-o", "maxconns_fast"], "maxconns_fast", "yes"),
    (["-o", "slab_chunk_max=256"], "maxconns", "1024"),
    (["-U", "0"], "udpport", "0"),
    (["-a", "0755"], "umask", "755"),
])
def test_form(start, arguments, name, value):
    assert stat(start(arguments), name, "settings") == value


def refusal(binary, arguments):
    """(exit code, words) of a start that must fail."""
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=20,
                          check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.mark.parametrize("arguments", [
    ["-c", "0"], ["-c", "-1"], ["-c", "x"], ["-t", "0"], ["-t", "x"], ["-B", "http"],
    ["-I", "1000"], ["-I", "256m", "-m", "64"], ["-I", "2000m"], ["-f", "1.0"], ["-f", "x"],
    ["-n", "0"], ["-b", "x"], ["-R", "0"], ["-S", "-B", "ascii"], ["-p", "x"], ["-p", "99999"],
    ["-l", "999.9.9.9"], ["-o", "no_such_suboption"], ["-o", "hashpower=x"], ["--no-such-option"],
    ["-m"], ["-m", "x"], ["-u", "no-such-user"], ["-a", "9"],
], ids=" ".join)
def test_refused(launch, only_ember, arguments):
    user = [] if "-u" in arguments else ["-u", "nobody"]
    port = [] if "-p" in arguments else ["-p", str(free_port())]
    try:
        code, words = refusal(ember_binary(), [*user, *port, *arguments])
    except subprocess.TimeoutExpired:
        pytest.fail("it started")
    assert code > 0, f"exit code {code}: {words}"
    assert words, "it said nothing"


@pytest.mark.parametrize("wrong,near", [("--memory-limt=64", "memory-limit"),
                                        ("--conn-limits=5", "conn-limit"),
                                        ("--treads=2", "threads")])
def test_unknown_option_names_the_nearest(only_ember, wrong, near):
    code, words = refusal(ember_binary(), ["-u", "nobody", wrong])
    assert code > 0
    assert near in words


@pytest.mark.parametrize("option", ["-h", "-V", "-i", "--help", "--version", "--license"])
def test_told_and_done(option):
    code, words = refusal(ember_binary(), [option])
    assert code == 0
    assert words


def test_help_has_every_option_of_memcached(only_ember):
    """-h lists each option under memcached's own short and long names."""
    if memcached_binary() is None:
        pytest.skip("skipped, because memcached is not installed")
    ours = refusal(ember_binary(), ["-h"])[1].replace(",", " ").replace("=", " ").split()
    theirs = refusal(memcached_binary(), ["-h"])[1]
    missing = []
    for line in theirs.splitlines():
        if line.startswith("-"):
            for word in line.replace(",", " ").replace("=", " ").split():
                if word.startswith("-") and len(word) > 1 and word not in ours:
                    missing.append(word)
    assert missing == []


def test_root_without_user(only_ember):
    if os.geteuid() != 0:
        pytest.skip("skipped, because the tests do not run as root")
    if memcached_binary() is None:
        pytest.skip("skipped, because memcached is not installed")
    code, words = refusal(ember_binary(), ["-p", str(free_port())])
    expected_code, expected_words = refusal(memcached_binary(), ["-p", str(free_port())])
    assert code == expected_code
    assert expected_words in words


def test_user_is_dropped_to(start):
    if os.geteuid() != 0:
        pytest.skip("skipped, because the tests do not run as root")
    server = start(["-u", "nobody"])
    assert os.stat(f"/proc/{server.pid}").st_uid == __import__("pwd").getpwnam("nobody").pw_uid


def test_disabled_commands(start, memcached):
    """-C, -F, -X and -A: the same words as memcached."""
    from wire import ask
    cases = [(["-F"], b"flush_all\r\n"), (["-C"], b"gets a\r\n"), (["-X"], b"stats cachedump 1 0\r\n"),
             (["-C"], b"cas a 0 0 1 1\r\nx\r\n"), ([], b"shutdown\r\n")]
    for arguments, request in cases:
        replies = []
        for make in (start, memcached):
            with make(arguments).connect() as wire:
                replies.append(ask(wire, request))
        assert replies[0] == replies[1], (arguments, request)


@pytest.mark.parametrize("request_line", [b"shutdown\r\n", b"shutdown graceful\r\n"])
def test_shutdown_command(launch, request_line):
    server = launch(["-A"]).start()
    with server.connect() as wire:
        wire.sendall(request_line)
        assert server.wait(10) == 0


def test_start_twice_is_told(launch, start, only_ember):
    with pytest.raises(StartError, match="in use"):
        first = start()
        second = launch()
        second.arguments[1] = str(first.port)
        second.port = free_port()
        second.start()
