# SPDX-License-Identifier: BSD-3-Clause
"""Every way to stop a server with a memory file, and where the next one has its items from."""

import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from warm_cache import (WarmCache, exchange, fill, line_about, look, own_world, recovered,
                        recovery, seen)
from wire import ask

GRACEFUL = {
    "SIGTERM": lambda server: os.kill(server.pid, signal.SIGTERM),
    "SIGINT": lambda server: os.kill(server.pid, signal.SIGINT),
    "SIGUSR1": lambda server: os.kill(server.pid, signal.SIGUSR1),
    "shutdown graceful": lambda server: say(server, b"shutdown graceful\r\n"),
    "shutdown": lambda server: say(server, b"shutdown\r\n"),
}
CRASHES = {"kill -9": signal.SIGKILL, "SIGSEGV": signal.SIGSEGV, "SIGABRT": signal.SIGABRT}
ITEMS = 2000


def say(server, command):
    with server.connect() as wire:
        wire.sendall(command)
        wire.recv(100)


def test_first_start_is_cold(launch, folder):
    cache = WarmCache(launch, folder)
    server = cache.start()
    rows = recovered(server, "cold", "none")
    assert rows["memory_file"] == cache.path
    assert rows["memory_file_kind"] == "page-cache"
    assert rows["recovery_items"] == "0" and rows["recovery_dropped"] == "0"
    assert rows["recovery_reason"]
    assert os.path.getsize(cache.path) == cache.limit << 20
    assert float(rows["recovery_seconds"]) < 1
    line_about(server, cache.path, "starting empty", rows["recovery_reason"])
    assert server.stop() == 0


@pytest.mark.parametrize("way", GRACEFUL)
def test_graceful(launch, folder, way):
    cache = WarmCache(launch, folder, arguments=["-A"])
    server = cache.start()
    held = fill(server, ITEMS)
    GRACEFUL[way](server)
    assert server.wait() == 0
    assert os.path.exists(cache.meta)
    again = cache.start()
    rows = recovered(again, "state_file", "graceful")
    assert rows["recovery_items"] == str(ITEMS) and rows["recovery_dropped"] == "0"
    assert look(again, held) == held
    line_about(again, cache.path, ITEMS)
    assert not os.path.exists(cache.meta), "a state file is for one start"
    assert again.stop() == 0


@pytest.mark.parametrize("way", CRASHES)
def test_crash(launch, folder, way):
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, ITEMS)
    os.kill(server.pid, CRASHES[way])
    assert server.wait() != 0
    assert not os.path.exists(cache.meta)
    again = cache.start()
    rows = recovered(again, "scan", "crash")
    assert rows["recovery_items"] == str(ITEMS) and rows["recovery_dropped"] == "0"
    assert look(again, held) == held
    line_about(again, cache.path, ITEMS)
    assert again.stop() == 0


def test_no_state_file_is_used_twice(launch, folder):
    """Killed after a start from a state file: what changed since is what counts."""
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, ITEMS)
    assert server.stop() == 0
    kept = cache.meta + ".kept"
    shutil.copy(cache.meta, kept)
    server = cache.start()
    recovered(server, "state_file")
    exchange(server, [b"set key1 0 0 3\r\nnew\r\n", b"delete key2\r\n"])
    server.kill()
    shutil.copy(kept, cache.meta)  # even if somebody puts it back
    os.chmod(cache.meta, 0o666)
    again = cache.start()
    recovered(again, "scan", "crash")
    held[b"key1"] = b"new"
    del held[b"key2"]
    assert look(again, held) == held
    assert look(again, [b"key2"]) == {}
    assert again.stop() == 0


def test_state_file_of_another_stop(launch, folder):
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, ITEMS)
    assert server.stop() == 0
    kept = cache.meta + ".kept"
    shutil.copy(cache.meta, kept)
    server = cache.start()
    exchange(server, [b"set key1 0 0 3\r\nnew\r\n", b"delete key2\r\n"])
    assert server.stop() == 0
    os.remove(cache.meta)
    shutil.move(kept, cache.meta)
    os.chmod(cache.meta, 0o666)
    again = cache.start()
    rows = recovered(again, "scan", "graceful")
    assert "state file" in rows["recovery_reason"], rows
    held[b"key1"] = b"new"
    del held[b"key2"]
    assert look(again, list(held) + [b"key2"]) == held
    assert again.stop() == 0


def test_state_file_removed(launch, folder):
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, ITEMS)
    assert server.stop() == 0
    os.remove(cache.meta)
    again = cache.start()
    rows = recovered(again, "scan", "graceful")
    assert rows["recovery_items"] == str(ITEMS)
    assert look(again, held) == held
    assert again.stop() == 0


def test_empty_cache(launch, folder):
    """Nothing in it is no reason for anything."""
    cache = WarmCache(launch, folder)
    for end in ("stop", "kill", "stop"):
        server = cache.start()
        assert recovery(server)["recovery_items"] == "0"
        getattr(server, end)()
    server = cache.start()
    recovered(server, "state_file", "graceful")
    assert server.stop() == 0


def test_sigterm_twice(launch, tmpfs_folder):
    """A second signal may cut the stop short; the items are there all the same."""
    cache = WarmCache(launch, tmpfs_folder, limit=128)
    held, source = None, random.Random(1)
    for _ in range(6):
        server = cache.start()
        if held is None:
            held = fill(server, 50000)
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(source.uniform(0, 0.02))
        if server.alive():
            os.kill(server.pid, signal.SIGTERM)
        assert server.wait() in (0, 1)
        again = cache.start()
        assert recovery(again)["recovery_items"] == str(len(held))
        assert look(again, held) == held
        assert again.stop() == 0


@pytest.mark.parametrize("source", ["scan", "state_file"])
def test_stopped_during_recovery(launch, tmpfs_folder, source):
    """SIGTERM at any moment of a start: it ends in time and loses nothing."""
    cache = WarmCache(launch, tmpfs_folder, limit=128)
    server = cache.start()
    held = fill(server, 100000)
    dice = random.Random(2)
    for _ in range(8):
        if source == "scan":
            server.kill()
        else:
            server.stop()
        server = cache.make().launch()
        time.sleep(dice.uniform(0, 0.06))
        os.kill(server.pid, signal.SIGTERM)
        # Before it waits for signals, SIGTERM ends it as it ends any program.
        assert server.wait() in (0, -signal.SIGTERM), server.words()
        server = cache.start()
        assert recovery(server)["recovery_items"] == str(len(held)), server.words()
    assert look(server, held) == held
    assert server.stop() == 0


def test_restarted_within_the_second(launch, folder):
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, ITEMS)
    for number in range(10):
        held[b"key5"] = b"%d" % number
        exchange(server, [b"set key5 0 0 %d\r\n%d\r\n" % (len(held[b"key5"]), number)])
        assert server.stop() == 0
        server = cache.start()
        assert recovered(server, "state_file")["recovery_items"] == str(ITEMS)
        assert look(server, held) == held
    assert server.stop() == 0


def test_many_generations(launch, folder):
    """Stops and kills in turn: both ways to come back find the same."""
    cache = WarmCache(launch, folder)
    server, held = cache.start(), {}
    for number in range(12):
        held.update(fill(server, 50, 100 + number, b"gen%d-" % number))
        gone = [key for key in held if key.endswith(b"7")]
        exchange(server, [b"delete %s\r\n" % key for key in gone])
        for key in gone:
            del held[key]
        before = seen(server, held)
        if number % 3 == 1:
            assert server.stop() == 0
        else:
            server.kill()
        server = cache.start()
        recovered(server, "state_file" if number % 3 == 1 else "scan")
        after = seen(server, list(held) + gone)
        assert after == before and {key: item.value for key, item in after.items()} == held
    assert server.stop() == 0


@pytest.mark.parametrize("stop,synced,source", [
    ("stop", ["--memory-file-sync"], "state_file"), ("stop", [], "cold"),
    ("kill", ["--memory-file-sync"], "cold"), ("kill", [], "cold")])
def test_host_rebooted(launch, folder, tmp_path, stop, synced, source):
    """Another boot id in place of a reboot: pages that were not synced may be lost, so none is used."""
    boot = tmp_path / "boot_id"
    boot.write_text("01234567-89ab-cdef-0123-456789abcdef\n")
    with own_world(f"mount --bind {boot} /proc/sys/kernel/random/boot_id") as world:
        if world.refusal:
            pytest.skip(f"skipped, because no boot id can be put in place: {world.refusal}")
        cache = WarmCache(launch, folder, arguments=synced)
        server = cache.start()
        held = fill(server, ITEMS)
        getattr(server, stop)()
        again = world.wrap(cache.make()).start()
        rows = recovered(again, source, "graceful" if stop == "stop" else "crash")
        assert look(again, held) == (held if source != "cold" else {})
        if source == "cold":
            assert "host" in rows["recovery_reason"], rows
            line_about(again, cache.path, "starting empty", rows["recovery_reason"])
        # From here on it is this boot that counts.
        more = fill(again, 100, prefix=b"more")
        again.kill()
        third = world.wrap(cache.make()).start()
        recovered(third, "scan", "crash")
        assert look(third, more) == more
        assert third.stop() == 0


def test_stop_while_clients_write(launch, folder):
    """Whatever had its reply before the server was gone is there afterwards."""
    cache = WarmCache(launch, folder, arguments=["-t", "2"])
    server = cache.start()
    told = 0
    with server.connect() as wire:
        for number in range(100000):
            try:
                if ask(wire, b"set n%d 0 0 1\r\nx\r\n" % number) != b"STORED\r\n":
                    break
            except ConnectionError:
                break
            told = number + 1
            if number == 2000:
                os.kill(server.pid, signal.SIGTERM)
    assert server.wait() == 0 and told > 2000
    again = cache.start()
    assert len(look(again, [b"n%d" % number for number in range(told)])) == told
    assert again.stop() == 0


def test_under_a_shell_that_waits(launch, folder):
    """timeout(1) sends its signal to the group as well: that is no second signal."""
    cache = WarmCache(launch, folder)
    made = cache.make()
    done = subprocess.run(["timeout", "--signal=TERM", "1", made.binary, *made.arguments],
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == 124, done.stderr
    assert os.path.exists(cache.meta)
    again = cache.start()
    recovered(again, "state_file", "graceful")
    assert again.stop() == 0
