# SPDX-License-Identifier: BSD-3-Clause
"""Damaged memory files and state files: the server starts, with what is sound and nothing wrong.

An image is made once by a real server. Each case changes a copy of it, starts a server on it and
reads every key there ever was: a key none of whose bytes were changed has its value (or, where
the case allows, none), and a changed one never another key's value, nor one it had before.
"""

import os
import random
import re
import shutil
import struct

import pytest

from server_process import ServerProcess, ember_binary
from warm_cache import (MIB, ROUNDS, SEED, WarmCache, exchange, fill, folder_on, line_about, look,
                        recovery)
from wire import ask

POLLERS = ["epoll"]  # recovery is over before a poller is asked anything
LIMIT = 8  # MiB: pages of 64 KiB
MORE = ROUNDS  # of ./tools/soak
COPIES = (0, 4096)  # of the superblock's record, 256 bytes each
PAGE_HEADER = 64
ITEM_HEADER = 24


class Image:
    """The bytes of a memory file as a killed (or stopped) server left it, and what was in it."""

    def __init__(self, folder, end, prefix=b"key"):
        cache = WarmCache(lambda arguments: ServerProcess(ember_binary(), arguments), folder, LIMIT,
                          ["-I", "512k"])
        server = cache.start()
        self.held = fill(server, 1500, 40, prefix)
        self.held.update(fill(server, 300, 900, prefix + b"-middle"))
        self.held.update(fill(server, 20, 20000, prefix + b"-large"))
        self.held.update(fill(server, 8, 150000, prefix + b"-chained"))
        # Values of earlier times, which must never be seen again.
        old = [prefix + b"%d" % n for n in range(0, 1500, 3)]
        exchange(server, [b"set %s 0 0 6\r\nnewest\r\n" % key for key in old])
        self.held.update((key, b"newest") for key in old)
        self.gone = [prefix + b"%d" % n for n in range(1, 1500, 7)]
        exchange(server, [b"delete %s\r\n" % key for key in self.gone])
        for key in self.gone:
            del self.held[key]
        assert look(server, self.held) == self.held
        getattr(server, end)()
        with open(cache.path, "rb") as file:
            self.bytes = file.read()
        self.meta = b""
        if end == "stop":
            with open(cache.meta, "rb") as file:
                self.meta = file.read()
            os.remove(cache.meta)
        os.remove(cache.path)
        self.page_size = struct.unpack_from("<I", self.bytes, 12)[0]
        self.pages = [n for n in range(1, len(self.bytes) // self.page_size)
                      if self.bytes[n * self.page_size:][:8] == b"EmbPag01"]
        assert len(self.pages) > 10, "where are the pages?"
        self.keys_of_page = {}
        for match in re.finditer(prefix + rb"(?:-[a-z]+)?[0-9]+", self.bytes):
            page = match.start() // self.page_size
            self.keys_of_page.setdefault(page, set()).add(match[0])

    def items(self, source, count):
        """Keys and where their newest items begin, at random."""
        plain = [key for key, value in self.held.items() if len(value) < 1000]
        found = []
        for key in source.sample(plain, count):
            # Value behind key behind header: the newest is the one with this very value.
            at = self.bytes.find(key + self.held[key])
            while at >= 0 and self.bytes[at - 4] != len(key):
                at = self.bytes.find(key + self.held[key], at + 1)
            assert at > 0, key
            found.append((key, at - ITEM_HEADER))
        return found

    def keys_near(self, first, last):
        """Keys that have bytes in pages of [first, last), or may have some (chained values)."""
        near = {key for key, value in self.held.items() if len(value) > 20000}
        for page in range(first // self.page_size, -(-last // self.page_size)):
            near |= self.keys_of_page.get(page, set())
        return near


@pytest.fixture(scope="module")
def images():
    folder, refusal = folder_on("tmpfs")
    if refusal:
        pytest.skip(refusal)
    try:
        yield {"kill": Image(folder, "kill"), "stop": Image(folder, "stop"),
               "other": Image(folder, "stop", b"foreign")}
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def serve(launch, tmpfs_folder):
    """Starts a server on given bytes, reads all, kills it: returns what it held and its rows."""
    cache = WarmCache(launch, tmpfs_folder, LIMIT, ["-I", "512k"])

    def run(image, data, meta=b"", foreign=()):
        for path, content in ((cache.path, data), (cache.meta, meta)):
            if os.path.exists(path):
                os.remove(path)
            if content or path == cache.path:
                with open(path, "wb") as file:
                    file.write(content)
                os.chmod(path, 0o666)
        server = cache.start()
        rows = recovery(server)
        there = look(server, [*image.held, *image.gone, *foreign])
        if rows["recovery_source"] == "cold":
            line_about(server, cache.path, "starting empty", rows["recovery_reason"])
        else:
            line_about(server, cache.path, rows["recovery_items"])
        # What a state file lists is looked at when it is read, not at the start.
        assert rows["recovery_source"] == "state_file" or int(rows["recovery_items"]) == len(there)
        if rows["recovery_dropped"] != "0":
            assert re.search(rf"memory file.*\b{rows['recovery_dropped']}\b", server.words())
        with server.connect() as wire:
            for key in (b"key2", b"new"):
                assert ask(wire, b"set %s 0 0 1\r\nx\r\n" % key) == b"STORED\r\n"
                assert ask(wire, b"delete %s\r\n" % key) == b"DELETED\r\n"
        assert server.alive(), server.words()
        server.kill()
        return there, rows

    return run


def changed(data, *changes):
    data = bytearray(data)
    for at, new in changes:
        data[at:at + len(new)] = new
    return bytes(data)


def flipped(data, places, source):
    return changed(data, *((at, bytes([data[at] ^ (1 << source.randrange(8))])) for at in places))


def check(image, there, lost=()):
    """Everything is as it was, but for keys of `lost`, which may be missing; none is wrong."""
    wrong = {key: value[:60] for key, value in there.items() if image.held.get(key) != value}
    assert wrong == {}, wrong
    missing = set(image.held) - set(there) - set(lost)
    assert missing == set(), (len(missing), sorted(missing)[:10])


def test_image(images, serve):
    there, rows = serve(images["kill"], images["kill"].bytes)
    check(images["kill"], there)
    assert rows["recovery_source"] == "scan"
    there, rows = serve(images["stop"], images["stop"].bytes, images["stop"].meta)
    check(images["stop"], there)
    assert rows["recovery_source"] == "state_file"


@pytest.mark.parametrize("copy", range(len(COPIES)))
@pytest.mark.parametrize("end", ["kill", "stop"])
def test_one_copy_of_the_superblock(images, serve, copy, end):
    """Whatever happens to one, the other is there: all items come back."""
    image, source = images[end], random.Random(SEED)
    for at in range(0, 256, 16):
        place = COPIES[copy] + at
        there, _ = serve(image, flipped(image.bytes, [place + source.randrange(16)], source),
                         image.meta)
        check(image, there)
    for size in (256, 4096):
        for filler in (source.randbytes(size), bytes(size), b"\xff" * size):
            there, _ = serve(image, changed(image.bytes, (COPIES[copy], filler)), image.meta)
            check(image, there)


def test_both_copies_of_the_superblock(images, serve):
    """Nothing can be believed then, or what can is: no wrong value, and a reason."""
    image, source = images["kill"], random.Random(SEED + 1)
    for at in range(0, 256, 8):
        place = at + source.randrange(8)
        there, rows = serve(image, flipped(image.bytes, [copy + place for copy in COPIES], source))
        check(image, there, image.held)
        assert there or (rows["recovery_source"] == "cold" and rows["recovery_reason"]), rows


def test_rest_of_the_first_page(images, serve):
    """The time noted last, and bytes that nobody reads."""
    image, source = images["kill"], random.Random(SEED + 2)
    for place in [8192 + n for n in range(0, 16)] + [300, 5000, 10000, 30000]:
        there, _ = serve(image, flipped(image.bytes, [place], source))
        check(image, there, image.held if 8192 <= place < 8208 else ())
    there, _ = serve(image, changed(image.bytes, (256, source.randbytes(4096 - 256)),
                                    (4096 + 256, source.randbytes(4096 - 256))))
    check(image, there)


def test_newer_format(images, serve):
    """A number beyond ours with a checksum that holds cannot be made here: an old server would see
    one whose checksum it cannot know either. Both fields flipped is what it sees."""
    image = images["kill"]
    newer = changed(image.bytes, *((copy + 8, struct.pack("<I", 99)) for copy in COPIES))
    there, rows = serve(image, newer)
    assert there == {} and rows["recovery_source"] == "cold" and rows["recovery_reason"], rows


def test_page_headers(images, serve):
    """A page that does not say what it is costs its items and no others."""
    image, source = images["kill"], random.Random(SEED + 3)
    for at in range(0, PAGE_HEADER, 4):
        page = source.choice(image.pages)
        start = page * image.page_size
        there, rows = serve(image, flipped(image.bytes, [start + at + source.randrange(4)], source))
        check(image, there, image.keys_near(start, start + 1))
        assert int(rows["recovery_dropped"]) >= 0
    for _ in range(8):
        start = source.choice(image.pages) * image.page_size
        there, _ = serve(image, changed(image.bytes, (start, source.randbytes(PAGE_HEADER))))
        check(image, there, image.keys_near(start, start + 1))


def test_item_headers_and_keys(images, serve):
    """A flipped bit ends that item: it does not change, and none it replaced comes back."""
    image, source = images["kill"], random.Random(SEED + 4)
    # Expiry and the marks may change by one store at any time, so no checksum can hold them.
    mutable = set(range(8, 12))
    for round_number in range(6 + MORE):
        victims = image.items(source, 60)
        places = {}
        for key, start in victims:
            at = source.choice([n for n in range(ITEM_HEADER + len(key)) if n not in mutable])
            places[key] = start + at
        there, rows = serve(image, flipped(image.bytes, places.values(), source))
        check(image, there, places)
        assert int(rows["recovery_dropped"]) > 0, (round_number, rows)


def test_dead_items_stay_dead(images, serve):
    """Bits flipped in what was deleted or replaced (live bits among them) revive nothing."""
    image, source = images["kill"], random.Random(SEED + 5)
    for _ in range(6 + MORE):
        places = []
        for key in source.sample(image.gone, 60):
            at = image.bytes.find(key + key[:1])
            if at > 0:
                places.append(at - ITEM_HEADER + source.randrange(ITEM_HEADER))
        if not places:
            return  # the bytes were used again
        there, _ = serve(image, flipped(image.bytes, places, source))
        wrong = [key for key in there if key in image.gone]
        # One bit, the right one, in the right place, makes a whole item of an ended one: no
        # checksum can tell. Any more than that few would be a fault.
        assert len(wrong) <= 6, wrong
        for key in wrong:
            del there[key]
        check(image, there)


def test_values(images, serve):
    """Values bear no checksum; damage in one is that one's, and no other's."""
    image, source = images["kill"], random.Random(SEED + 6)
    victims = image.items(source, 100)
    places = {key: start + ITEM_HEADER + len(key) + source.randrange(len(image.held[key]))
              for key, start in victims}
    there, _ = serve(image, flipped(image.bytes, places.values(), source))
    check(image, {key: value for key, value in there.items() if key not in places}, places)


def test_noise_in_blocks(images, serve):
    image, source = images["kill"], random.Random(SEED + 7)
    for size in (64, 512, 4096, 65536, 300000, 2 * MIB):
        for _ in range(2 + MORE):
            at = source.randrange(image.page_size, len(image.bytes) - size) // 64 * 64
            for filler in (source.randbytes(size), bytes(size)):
                there, _ = serve(image, changed(image.bytes, (at, filler)))
                near = image.keys_near(at, at + size)
                # Noise within a value alone is not seen: values bear no checksum.
                check(image, {k: v for k, v in there.items() if k not in near}, near)


def test_nothing_but_noise(images, serve):
    image, source = images["kill"], random.Random(SEED + 8)
    for data in (source.randbytes(LIMIT * MIB), b"\xff" * (LIMIT * MIB), b"EmbPag01" * MIB,
                 image.bytes[:12288] + source.randbytes(LIMIT * MIB - 12288)):
        there, rows = serve(image, data)
        assert there == {}
        assert rows["recovery_source"] == "scan" or rows["recovery_reason"], rows


def test_headers_of_noise(images, serve):
    """Pages that say they are ours, with chunks of noise in them."""
    image, source = images["kill"], random.Random(SEED + 9)
    data = bytearray(image.bytes)
    for page in image.pages:
        start = page * image.page_size
        data[start + PAGE_HEADER:start + image.page_size] = source.randbytes(
            image.page_size - PAGE_HEADER)
    there, _ = serve(image, bytes(data))
    assert there == {}


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_truncated(images, serve, end):
    image, source = images[end], random.Random(SEED + 10)
    whole = len(image.bytes)
    for length in (0, 1, 255, 4095, 4096, 12288, image.page_size, whole // 2, whole // 2 + 7,
                   whole - 4096, whole - 1, *(source.randrange(whole // 2) for _ in range(8))):
        there, rows = serve(image, image.bytes[:length], image.meta)
        check(image, there, image.held if length < image.page_size else
              image.keys_near(length, whole))
        assert length or rows["recovery_source"] == "cold"
    there, _ = serve(image, image.bytes + source.randbytes(3 * MIB), image.meta)
    check(image, there)  # longer than it was


def test_swapped(images, serve):
    """Another cache's pages, or one's own in the wrong place, or its state file."""
    image, other, source = images["kill"], images["other"], random.Random(SEED + 11)
    data = bytearray(image.bytes)
    replaced = source.sample(image.pages, 5)
    near = set()
    for page in replaced:
        start = page * image.page_size
        data[start:start + image.page_size] = other.bytes[start:start + image.page_size]
        near |= image.keys_near(start, start + 1)
    there, _ = serve(image, bytes(data), foreign=other.held)
    check(image, there, near)
    first, second = (page * image.page_size for page in image.pages[2:4])
    one, two = (image.bytes[at:at + image.page_size] for at in (first, second))
    there, _ = serve(image, changed(image.bytes, (first, two), (second, one)))
    check(image, there, image.keys_near(first, first + 1) | image.keys_near(second, second + 1))
    stopped = images["stop"]
    there, rows = serve(stopped, stopped.bytes, other.meta, foreign=other.held)
    check(stopped, there)
    assert rows["recovery_source"] == "scan", rows
    there, rows = serve(other, other.bytes, other.meta, foreign=stopped.held)
    check(other, there)


def test_state_file(images, serve):
    """The items do not depend on it: whatever it is, all are found."""
    image, source = images["stop"], random.Random(SEED + 12)
    size = len(image.meta)
    content = [at for at in range(0, size, 512) if any(image.meta[at:at + 512])]
    for _ in range(40 + 5 * MORE):
        at = source.choice(content) + source.randrange(512)
        there, rows = serve(image, image.bytes, flipped(image.meta, [at], source))
        check(image, there)
    for length in (1, 100, 4096, 8192, size // 2, size - 1, source.randrange(size)):
        there, rows = serve(image, image.bytes, image.meta[:length])
        check(image, there)
        assert rows["recovery_source"] == "scan", (length, rows)
    for meta in (source.randbytes(size), source.randbytes(100), bytes(size), b"\xff" * size,
                 image.meta[:4096] + source.randbytes(size - 4096),
                 source.randbytes(4096) + image.meta[4096:]):
        there, rows = serve(image, image.bytes, meta)
        check(image, there)
        assert rows["recovery_source"] == "scan" and rows["recovery_reason"], rows


def test_state_file_and_items(images, serve):
    """Damage the state file cannot know of: its index points at items that are none any more."""
    image, source = images["stop"], random.Random(SEED + 13)
    for _ in range(4 + MORE):
        victims = image.items(source, 60)
        places = {key: start + source.randrange(12, ITEM_HEADER + len(key))
                  for key, start in victims}
        there, _ = serve(image, flipped(image.bytes, places.values(), source), image.meta)
        check(image, {k: v for k, v in there.items() if k not in places}, places)
    for _ in range(4 + MORE):
        start = source.choice(image.pages) * image.page_size
        there, _ = serve(image, changed(image.bytes, (start, source.randbytes(image.page_size))),
                         image.meta)
        near = image.keys_near(start, start + 1)
        check(image, {k: v for k, v in there.items() if k not in near}, near)


def test_state_file_is_no_file(images, launch, tmpfs_folder):
    """A directory, a link into nowhere, a fifo in its place: a reason, not a hindrance."""
    image = images["stop"]
    cache = WarmCache(launch, tmpfs_folder, LIMIT, ["-I", "512k"])
    for make in (os.mkdir, lambda path: os.symlink("/nowhere/at/all", path), os.mkfifo):
        with open(cache.path, "wb") as file:
            file.write(image.bytes)
        os.chmod(cache.path, 0o666)
        make(cache.meta)
        server = cache.start()
        rows = recovery(server)
        assert rows["recovery_source"] == "scan", rows
        check(image, look(server, image.held))
        assert server.stop() == 0
        if os.path.isdir(cache.meta) and not os.path.islink(cache.meta):
            os.rmdir(cache.meta)
        elif os.path.lexists(cache.meta):
            os.remove(cache.meta)
