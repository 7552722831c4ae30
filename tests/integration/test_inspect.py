# SPDX-License-Identifier: BSD-3-Clause
"""ember-inspect on memory files of every kind: in use, stopped, killed, damaged, and none at all."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest

from server_process import ServerProcess, ember_binary
from wire import ask

MIB = 1 << 20
SECOND_COPY = 4096
PAGE = 64 * 1024
LARGE = b"y" * 300_000

INSPECT = pathlib.Path(ember_binary()).with_name("ember-inspect")


def inspect(path, *options, code):
    done = subprocess.run([INSPECT, str(path), *options], capture_output=True, timeout=120,
                          check=False)
    assert done.returncode == code, (done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout.decode(), done.stderr.decode()


def as_json(path, *options, code=0):
    return json.loads(inspect(path, "--json", *options, code=code)[0])


class Cache:
    """A server with a memory file, and what was stored in it."""

    def __init__(self, path, mib=8):
        user = ["-u", "root"] if os.geteuid() == 0 else []
        self.path = path
        self.server = ServerProcess(ember_binary(), [
            f"--memory-file={path}", "-m", str(mib), "-t", "2", *user])

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.kill()

    def fill(self):
        with self.server.connect() as wire:
            for number in range(200):
                value = b"x" * number
                ask(wire, b"set key%d %d 0 %d\r\n%s\r\n" % (number, number, len(value), value))
            ask(wire, b"set gone 0 0 1\r\nx\r\n")
            ask(wire, b"delete gone\r\n")
            ask(wire, b"set later 0 1000 1\r\nx\r\n")
            ask(wire, b"set large 0 0 %d\r\n%s\r\n" % (len(LARGE), LARGE))
            ask(wire, b"ms YmFja1xzbGFzaAA= 2 b\r\nok\r\n")  # a key with a backslash and a zero
            ask(wire, b"ms chosen 1 E12345\r\nx\r\n")

    def kill(self):
        self.server.process.send_signal(signal.SIGKILL)
        self.server.wait()


ITEMS = 204


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    path = tmp_path_factory.mktemp("inspect") / "killed"
    with Cache(path) as cache:
        cache.fill()
        cache.kill()
    return path


@pytest.fixture
def copy(killed, tmp_path):
    """A copy that may be damaged."""
    path = tmp_path / "copy"
    shutil.copyfile(killed, path)
    return path


def overwrite(path, place, data):
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(data)


def test_help_and_wrong_options(killed):
    for option in ("-h", "--help"):
        out = subprocess.run([INSPECT, option], capture_output=True, check=True).stdout.decode()
        for name in ("--json", "--pages", "--items[=N]", "--verify", "Exit code"):
            assert name in out
    assert "--nonsense" in inspect(killed, "--nonsense", code=2)[1]
    assert "--items=N" in inspect(killed, "--items=many", code=2)[1]
    assert "one memory file" in inspect(killed, "other", code=2)[1]
    assert subprocess.run([INSPECT], capture_output=True, check=False).returncode == 2


def test_man_page_and_help_name_the_same_options():
    man = (pathlib.Path(__file__).parents[2] / "docs" / "ember-inspect.1").read_text()
    man = man.replace("\\-", "-")
    out = subprocess.run([INSPECT, "--help"], capture_output=True, check=True).stdout.decode()
    options = out.split("Options:")[1]
    named = {line.split()[0].split("[")[0] for line in options.splitlines() if line[:4] == "  --"}
    assert named == {"--json", "--pages", "--items", "--verify", "--help"}
    for name in named:
        assert name in man, name


def test_a_killed_cache_is_sound_and_warm_by_a_scan(killed):
    seen = as_json(killed, "--verify")
    assert seen["problems"] == []
    assert seen["warm"] is True
    assert seen["next_start"].startswith("warm, by a scan")
    assert seen["superblock"] == ["sound", "sound"]
    assert seen["header"]["state"] == "running"
    assert seen["header"]["this_boot"] is True
    assert seen["header"]["arena_size"] == 8 * MIB == seen["size"]
    assert seen["in_use"] is False
    assert seen["content"]["items"] == ITEMS
    assert seen["content"]["damaged"] == seen["content"]["damaged_pages"] == 0


def test_what_it_counts_is_what_a_start_finds(copy):
    counted = as_json(copy, "--pages")["content"]["items"]
    with Cache(copy) as cache, cache.server.connect() as wire:
        assert b"STAT curr_items %d\r\n" % counted in ask(wire, b"stats\r\n", b"END\r\n")


def test_items(killed):
    items = {item["key"]: item for item in as_json(killed, "--items")["items"]}
    assert len(items) == ITEMS
    assert "gone" not in items
    assert items["key7"]["value_size"] == 7 and items["key7"]["flags"] == 7
    assert items["key7"]["exptime"] == 0 and not items["key7"]["chained"]
    assert 0 < items["later"]["exptime"] - time.time() <= 1000
    assert items["large"]["value_size"] == len(LARGE) and items["large"]["chained"]
    assert items["chosen"]["cas"] == 12345
    assert "back\\x5cslash\\x00" in items
    with open(killed, "rb") as file:
        file.seek(items["key7"]["offset"] + 24)
        assert file.read(11) == b"key7" + b"x" * 7


def test_so_many_items(killed):
    for count in (0, 1, 10, 10_000):
        listed = as_json(killed, f"--items={count}").get("items", [])
        assert len(listed) == min(count, ITEMS)
    text = inspect(killed, "--items=3", code=0)[0].splitlines()
    assert [line.split()[0] for line in text].count("item") == 3


def test_classes_add_up(killed):
    content = as_json(killed, "--pages")["content"]
    rows = content["classes"]
    assert sum(row["items"] for row in rows) == ITEMS
    assert sum(row["pages"] for row in rows) == (
        content["pages"] - 1 - content["free_pages"] - content["damaged_pages"])
    assert sum(row["parts"] for row in rows) == -(-len(LARGE) // (PAGE // 2))
    for row in rows:
        assert row["items"] + row["parts"] <= row["chunks"]
        assert row["item_bytes"] <= row["chunks"] * row["chunk_size"]
    text = inspect(killed, "--pages", code=0)[0]
    assert "chunk size" in text and "next start" in text


def test_a_stopped_cache_is_warm_by_its_state_file(tmp_path):
    path = tmp_path / "stopped"
    with Cache(path) as cache:
        cache.fill()
        assert cache.server.stop() == 0
    seen = as_json(path, "--verify")
    assert seen["header"]["state"] == "stopped"
    if not seen["state_file"]["there"]:
        pytest.skip("skipped, because the stop left no state file: "
                    + seen["state_file"]["reason"])
    assert seen["state_file"]["fits"] and seen["next_start"] == "warm, by the state file"
    overwrite(f"{path}.meta", 0, b"\0" * 8192)
    seen = as_json(path, code=1)
    assert not seen["state_file"]["fits"]
    assert "state file" in seen["problems"][0]
    assert seen["next_start"].startswith("warm, by a scan")
    os.unlink(f"{path}.meta")
    seen = as_json(path)
    assert "gone" in seen["state_file"]["reason"]


def test_in_use_and_under_load(tmp_path):
    path = tmp_path / "used"
    with Cache(path) as cache:
        cache.fill()
        seen = as_json(path)
        assert seen["in_use"] and seen["process"] == cache.server.pid
        assert str(cache.server.pid) in seen["next_start"]
        stop = threading.Event()

        def load(seed):
            choices = random.Random(seed)
            with cache.server.connect() as wire:
                while not stop.is_set():
                    number = choices.randrange(3000)
                    value = b"v" * choices.choice([1, 10, 100, 1000, 50_000, 200_000])
                    ask(wire, b"set k%d 0 0 %d\r\n%s\r\n" % (number, len(value), value))
                    ask(wire, b"delete k%d\r\n" % choices.randrange(3000))

        threads = [threading.Thread(target=load, args=(seed,)) for seed in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(15):
                assert as_json(path, "--verify", "--items")["problems"] == []
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert cache.server.alive()
        assert cache.server.stop() == 0


def test_it_only_reads(copy):
    before = (copy.read_bytes(), copy.stat().st_mtime_ns)
    os.chmod(copy, 0o400)
    inspect(copy, "--verify", "--items", "--pages", code=0)
    assert (copy.read_bytes(), copy.stat().st_mtime_ns) == before
    assert [entry.name for entry in copy.parent.iterdir()] == [copy.name]


@pytest.mark.parametrize("place", [0, SECOND_COPY])
def test_one_copy_of_the_superblock_damaged(copy, place):
    overwrite(copy, place + 100, b"\xff")
    seen = as_json(copy, "--verify", code=1)
    assert sorted(seen["superblock"]) == ["damaged", "sound"]
    assert seen["warm"] and seen["content"]["items"] == ITEMS


def test_no_superblock(copy):
    overwrite(copy, 0, b"\xaa" * 12288)
    seen = as_json(copy, "--verify", "--items", code=1)
    assert not seen["warm"] and seen["header"] is None and seen["content"] is None
    assert "superblock" in seen["next_start"]


def test_newer_format(copy):
    for place in (0, SECOND_COPY):
        overwrite(copy, place + 8, b"\x09")
    seen = as_json(copy, code=1)
    assert seen["superblock"] == ["of a newer format"] * 2
    assert "newer Ember" in seen["next_start"]


def test_damaged_item(copy):
    item = next(item for item in as_json(copy, "--items")["items"] if item["key"] == "key7")
    overwrite(copy, item["offset"] + 25, b"!")
    assert as_json(copy)["problems"] == [], "items are looked at when asked for"
    seen = as_json(copy, "--verify", code=1)
    assert seen["content"]["damaged"] == 1 and seen["content"]["items"] == ITEMS - 1
    assert f"byte {item['offset']}" in seen["problems"][0]


def test_damaged_page(copy):
    item = as_json(copy, "--items=1")["items"][0]
    overwrite(copy, item["offset"] // PAGE * PAGE + 16, b"\xff")
    seen = as_json(copy, code=1)
    assert seen["content"]["damaged_pages"] == 1
    assert f"page {item['offset'] // PAGE}" in seen["problems"][0]


def test_part_of_a_large_item_lost(copy):
    largest = max(row["chunk_size"] for row in as_json(copy)["content"]["classes"])
    data = copy.read_bytes()
    page = next(place for place in range(PAGE, len(data), PAGE)
                if data[place + 16:place + 20] == largest.to_bytes(4, "little"))
    overwrite(copy, page, bytes(64))
    seen = as_json(copy, "--verify", code=1)
    assert any("a part of that item lies in no page" in problem for problem in seen["problems"])


@pytest.mark.parametrize("size", [1, 255, 4096, 12287, 12288, PAGE - 1, PAGE, PAGE + 63, 3 * MIB + 5])
def test_cut_off(copy, size):
    os.truncate(copy, size)
    out = inspect(copy, "--verify", "--items", code=1)[0]
    assert "the file was cut off" in out or "next start       empty" in out


def test_noise(tmp_path):
    choices = random.Random(3)
    for size in (1, 100, 5000, 12288, MIB, 3 * MIB + 17):
        path = tmp_path / f"noise{size}"
        path.write_bytes(choices.randbytes(size))
        assert as_json(path, "--verify", "--items", code=1)["warm"] is False


def test_noise_behind_a_sound_superblock(copy):
    choices = random.Random(4)
    overwrite(copy, PAGE, choices.randbytes(8 * MIB - PAGE))
    seen = as_json(copy, "--verify", "--items", code=1)
    assert seen["content"]["damaged_pages"] == 8 * MIB // PAGE - 1
    assert seen["problem_count"] > len(seen["problems"])
    for _ in range(20):
        data = bytearray(copy.read_bytes())
        for _ in range(200):
            data[choices.randrange(12288, len(data))] = choices.randrange(256)
        copy.write_bytes(data)
        done = subprocess.run([INSPECT, copy, "--verify", "--items"], capture_output=True,
                              timeout=60, check=False)
        assert done.returncode in (0, 1), done.stderr[-2000:]


def test_empty_and_new(tmp_path):
    for size in (0, MIB):
        path = tmp_path / f"new{size}"
        path.write_bytes(bytes(size))
        assert as_json(path, "--verify")["next_start"] == "empty: the file is new"


def test_huge_and_sparse(copy):
    os.truncate(copy, 1 << 40)
    began = time.monotonic()
    seen = as_json(copy, "--verify")
    assert seen["content"]["items"] == ITEMS and seen["size"] == 1 << 40
    assert time.monotonic() - began < 20


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is a directory" in inspect(tmp_path, code=2)[1]
    assert "name a memory file" in inspect(tmp_path / "pipe", code=2)[1]
    assert "No such file" in inspect(tmp_path / "none", code=2)[1]
    for device in ("/dev/null", "/dev/zero", "/dev/random"):
        assert "not a devdax one" in inspect(device, code=2)[1]


def test_output_cut_off(killed):
    with subprocess.Popen([INSPECT, killed, "--items"], stdout=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(20) in (0, -signal.SIGPIPE)
    with open("/dev/full", "wb") as full:
        assert subprocess.run([INSPECT, killed], stdout=full, stderr=subprocess.DEVNULL,
                              check=False).returncode == 2
