# SPDX-License-Identifier: BSD-3-Clause
"""Other options than last time, volumes that are full, files that are not ours to use."""

import os
import re
import subprocess

import pytest

from server_process import StartError
from warm_cache import (MIB, WarmCache, exchange, fill, line_about, look, own_world, recovered,
                        recovery)
from wire import ask, stat

POLLERS = ["epoll"]  # all of it is over before a poller is asked anything
ENDS = {"stop": "state_file", "kill": "scan"}
AS_ROOT = os.geteuid() == 0


def refused(cache, *arguments, limit=None, wrap=lambda server: server):
    """A start that must fail: in time, with a message that names the file; returns the message."""
    server = wrap(cache.make(*arguments, limit=limit)).launch()
    code = server.wait(20)
    assert code > 0, (code, server.words())
    assert cache.path in server.words(), server.words()
    return server.words()


def kept(cache, held, ends, arguments=(), limit=None):
    """Starts with other options; returns the keys of `held` that are there, each with its value."""
    server = cache.start(*arguments, limit=limit)
    rows = recovery(server)
    assert rows["recovery_source"] in ("scan", "state_file"), (rows, server.words())
    there = look(server, held)
    assert all(held[key] == value for key, value in there.items())
    assert int(rows["recovery_items"]) == len(there), rows
    more = fill(server, 500, prefix=b"afterwards")
    stored = look(server, more)
    assert all(more[key] == value for key, value in stored.items())
    assert stored == more or int(stat(server, "evictions")) > 0
    there = {key for key in look(server, there)} if stored != more else there
    exchange(server, [b"delete %s\r\n" % key for key in more])
    getattr(server, ends)()
    return set(there)


@pytest.mark.parametrize("ends", ENDS)
def test_larger_and_back(launch, folder, ends):
    cache = WarmCache(launch, folder, limit=32)
    server = cache.start()
    held = fill(server, 20000, 500)
    getattr(server, ends)()
    for limit in (33, 64, 100, 64, 32):
        assert kept(cache, held, ends, limit=limit) == set(held), limit
        assert os.path.getsize(cache.path) == limit * MIB


@pytest.mark.parametrize("ends", ENDS)
def test_smaller_keeps_what_fits(launch, folder, ends):
    cache = WarmCache(launch, folder, limit=64)
    server = cache.start()
    held = fill(server, 40000, 1000)  # about 42 MB
    getattr(server, ends)()
    there = kept(cache, held, ends, limit=32)
    assert len(there) > 0.5 * 32 * MIB / 1050, len(there)
    assert os.path.getsize(cache.path) == 32 * MIB
    # And what was dropped does not come back with the room.
    assert kept(cache, held, ends, limit=64) <= there


@pytest.mark.parametrize("ends", ENDS)
def test_page_size_changes(launch, folder, ends):
    """The arena's pages grow with its size: across that step too, all is kept or the log says why."""
    cache = WarmCache(launch, folder, limit=16)
    server = cache.start()
    held = fill(server, 5000, 500)
    getattr(server, ends)()
    assert kept(cache, held, ends, limit=700) == set(held)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("arguments", [["-f", "1.25"], ["-n", "100"], ["-I", "2m"], ["-f", "2"],
                                       ["-f", "1.03", "-n", "40", "-I", "8m"], ["-I", "100k"],
                                       ["-t", "1"], ["-C"], ["-M"]])
def test_other_options(launch, tmpfs_folder, ends, arguments):
    cache = WarmCache(launch, tmpfs_folder)
    server = cache.start()
    held = fill(server, 3000, 30)
    held.update(fill(server, 3000, 300, b"middle"))
    held.update(fill(server, 100, 20000, b"large"))
    held.update(fill(server, 5, 400000, b"chained"))
    getattr(server, ends)()
    there = kept(cache, held, ends, arguments)
    too_large = {key for key in held if "100k" in arguments and key.startswith(b"chained")}
    assert there >= set(held) - too_large
    assert kept(cache, held, ends) >= set(held) - too_large


def test_preallocated_file(launch, folder):
    """A file of the right size that somebody made: filled, sparse or with zeros."""
    for make in (lambda file: file.truncate(48 * MIB), lambda file: file.write(bytes(48 * MIB))):
        cache = WarmCache(launch, folder, limit=48)
        with open(cache.path, "wb") as file:
            make(file)
        os.chmod(cache.path, 0o666)
        server = cache.start()
        recovered(server, "cold", "none")
        assert os.path.getsize(cache.path) == 48 * MIB
        assert os.stat(cache.path).st_blocks * 512 >= 48 * MIB, "no room was reserved for it"
        held = fill(server, 1000)
        server.kill()
        again = cache.start()
        assert look(again, held) == held
        assert again.stop() == 0
        os.remove(cache.path)


def test_auto_takes_the_files_size(launch, folder):
    cache = WarmCache(launch, folder)
    with open(cache.path, "wb") as file:
        file.truncate(48 * MIB)
    os.chmod(cache.path, 0o666)
    server = cache.start(limit="auto")
    assert int(stat(server, "limit_maxbytes")) == 48 * MIB
    held = fill(server, 1000)
    assert server.stop() == 0
    again = cache.start(limit="auto")
    recovered(again, "state_file")
    assert look(again, held) == held
    assert again.stop() == 0


def test_second_start_says_who_has_it(launch, folder):
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, 1000)
    for _ in range(3):
        assert re.search(rf"\b{server.pid}\b", refused(cache)), "it does not say which process"
        refused(cache, limit=128)
        refused(cache, limit="auto")
    assert os.path.getsize(cache.path) == cache.limit * MIB
    assert look(server, held) == held
    other_name = WarmCache(launch, folder)
    other_name.path = cache.path + ".link"
    os.symlink(cache.path, other_name.path)
    assert str(server.pid) in refused(other_name)
    server.kill()
    again = cache.start()  # the lock goes with the process
    assert look(again, held) == held
    assert again.stop() == 0


def test_directory(launch, tmpfs_folder):
    cache = WarmCache(launch, tmpfs_folder)
    os.mkdir(cache.path, 0o777)
    assert "directory" in refused(cache).lower()


def test_missing_folder(launch, tmpfs_folder):
    cache = WarmCache(launch, os.path.join(tmpfs_folder, "missing"))
    assert "No such file or directory" in refused(cache)


def test_fifo_and_device(launch, tmpfs_folder):
    cache = WarmCache(launch, tmpfs_folder)
    os.mkfifo(cache.path, 0o666)
    refused(cache)
    os.remove(cache.path)
    os.symlink("/dev/null", cache.path)
    refused(cache)


@pytest.mark.parametrize("mode", [0o444, 0o000, 0o200])
def test_permissions(launch, folder, mode):
    """Wrong owner or mode: said plainly, and the file is as it was."""
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, 1000)
    assert server.stop() == 0
    owner = os.stat(cache.path)
    os.chmod(cache.path, mode)
    if AS_ROOT:
        os.chown(cache.path, 0, 0)  # the server runs as nobody
    assert "ermission" in refused(cache)
    if AS_ROOT:
        os.chown(cache.path, owner.st_uid, owner.st_gid)
    os.chmod(cache.path, 0o600)
    again = cache.start()
    recovered(again, "state_file")
    assert look(again, held) == held
    assert again.stop() == 0


def test_state_file_that_may_not_be_read(launch, folder):
    """Only F.meta has the wrong owner: a scan, and the reason is told."""
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, 1000)
    assert server.stop() == 0
    os.chmod(cache.meta, 0)
    if AS_ROOT:
        os.chown(cache.meta, 0, 0)
    again = cache.start()
    rows = recovered(again, "scan", "graceful")
    assert "ermission" in rows["recovery_reason"], rows
    assert look(again, held) == held
    assert again.stop() == 0


def test_folder_that_may_not_be_written(launch, folder):
    """The file may be used, but no state file can be made or removed beside it."""
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, 1000)
    assert server.stop() == 0
    if AS_ROOT:
        os.chown(folder, 0, 0)
    os.chmod(folder, 0o555)
    try:
        server = cache.start()
        assert look(server, held) == held
        exchange(server, [b"delete key1\r\n"])
        del held[b"key1"]
        assert server.stop() == 0
        line_about(server, cache.meta)
        again = cache.start()
        recovered(again, "scan", "graceful")  # the old state file is still there, and not used
        assert look(again, [*held, b"key1"]) == held
        assert again.stop() == 0
    finally:
        os.chmod(folder, 0o777)


def test_removed_while_running(launch, folder):
    cache = WarmCache(launch, folder)
    server = cache.start()
    held = fill(server, 1000)
    os.remove(cache.path)
    assert look(server, held) == held
    more = fill(server, 1000, prefix=b"more")
    assert look(server, more) == more
    assert server.stop() == 0
    line_about(server, cache.path, "removed")
    again = cache.start()
    recovered(again, "cold", "none")
    assert look(again, held) == {}
    assert again.stop() == 0


def test_replaced_while_running(launch, folder):
    """Another file in its place: the first server's items do not get into the second's."""
    cache = WarmCache(launch, folder)
    server = cache.start()
    fill(server, 1000)
    os.remove(cache.path)
    other = cache.start()
    recovered(other, "cold", "none")
    held = fill(other, 1000, 50, b"other")
    assert server.stop() == 0
    assert other.stop() == 0
    again = cache.start()
    assert look(again, held) == held
    assert look(again, [b"key1"]) == {}
    assert again.stop() == 0


@pytest.fixture
def volume():
    """A small tmpfs of a given size; yields a function that gives (world, folder inside)."""
    worlds = []

    def make(megabytes):
        context = own_world("mkdir -p /tmp/ember-volume && mount -t tmpfs -o "
                            f"size={megabytes}m,mode=777 ember /tmp/ember-volume")
        world = context.__enter__()
        worlds.append(context)
        if world.refusal:
            pytest.skip(f"skipped, because no small volume can be mounted: {world.refusal}")
        return world, "/tmp/ember-volume"

    yield make
    for context in worlds:
        context.__exit__(None, None, None)


def test_volume_too_small(launch, volume):
    world, folder = volume(48)
    words = refused(WarmCache(launch, folder, limit=64), wrap=world.wrap)
    assert "space" in words, words


def test_volume_exactly_full(launch, volume):
    """0 bytes free beside the file: no state file, one line that says so, and a scan."""
    world, folder = volume(64)
    cache = WarmCache(launch, folder, limit=64)
    server = world.wrap(cache.make()).start()
    held = fill(server, 5000)
    for _ in range(2):
        assert server.stop() == 0
        assert "room" in line_about(server, cache.meta)
        assert not os.path.exists(world.path(cache.meta))
        server = world.wrap(cache.make()).start()
        rows = recovered(server, "scan", "graceful")
        assert rows["recovery_items"] == str(len(held))
        assert look(server, held) == held
    server.kill()
    server = world.wrap(cache.make()).start()
    recovered(server, "scan", "crash")
    assert look(server, held) == held
    assert server.stop() == 0


def test_auto_fills_the_volume(launch, volume):
    """... leaving a reserve in which the state file finds room."""
    world, folder = volume(256)
    cache = WarmCache(launch, folder, limit="auto")
    server = world.wrap(cache.make()).start()
    limit = int(stat(server, "limit_maxbytes"))
    assert 128 * MIB <= limit < 256 * MIB and limit % MIB == 0
    held = fill(server, 20000)
    assert server.stop() == 0
    server = world.wrap(cache.make()).start()
    assert int(stat(server, "limit_maxbytes")) == limit
    recovered(server, "state_file", "graceful")
    assert look(server, held) == held
    assert server.stop() == 0


def test_fills_up_while_running(launch, volume):
    """What others write to the volume later cannot hurt: the room was reserved at the start."""
    world, folder = volume(80)
    cache = WarmCache(launch, folder, limit=64)
    server = world.wrap(cache.make()).start()
    with open(world.path(folder + "/filler"), "wb", buffering=0) as filler:
        try:
            while filler.write(bytes(1 << 20)):
                pass
        except OSError:
            pass
    for prefix in (b"a", b"b", b"c"):
        fill(server, 20000, 1000, prefix)
    assert server.stop() == 0
    server = world.wrap(cache.make()).start()
    assert int(recovered(server, "scan", "graceful")["recovery_items"]) > 20000
    assert server.stop() == 0


def test_without_a_limit_that_is_a_number(launch, tmpfs_folder):
    made = WarmCache(launch, tmpfs_folder).make(limit="much")
    done = subprocess.run([made.binary, *made.arguments], capture_output=True, text=True,
                          timeout=20, check=False)
    assert done.returncode != 0 and "much" in done.stdout + done.stderr


def test_short_option_and_key_that_outlives(launch, folder):
    """memcached's own `-e FILE -m N` is the same."""
    path = os.path.join(folder, "memory-file")
    server = launch(["-e", path, "-m", "64"]).start()
    with server.connect() as wire:
        assert ask(wire, b"set a 0 0 1\r\nx\r\n") == b"STORED\r\n"
    assert server.stop() == 0
    again = launch(["-e", path, "-m", "64"]).start()
    assert look(again, [b"a"]) == {b"a": b"x"}
    assert again.stop() == 0


def test_strict(launch, folder):
    """A file that is not a cache's: cold with a reason, or refused when told to be strict."""
    cache = WarmCache(launch, folder, limit=16)
    noise = os.urandom(16 * MIB)
    with open(cache.path, "wb") as file:
        file.write(noise)
    os.chmod(cache.path, 0o666)
    try:
        cache.start("--memory-file-strict")
        pytest.fail("a strict server started with a file of noise")
    except StartError as error:
        assert cache.path in str(error) and "memory-file-strict" in str(error)
    with open(cache.path, "rb") as file:
        assert file.read() == noise, "refused, but the file is not as it was"
    server = cache.start()
    rows = recovered(server, "cold")
    assert rows["recovery_reason"], rows
    assert server.stop() == 0
    server = cache.start("--memory-file-strict")
    recovered(server, "state_file")
    assert server.stop() == 0
