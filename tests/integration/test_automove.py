# SPDX-License-Identifier: BSD-3-Clause
"""-o slab_automove, slab_reassign, slab_automove_ratio, and `slabs automove` at run time: whether pages
go to the size of items that needs them. What must not happen is waited for by rounds of the janitor."""

import pytest

from wire import ask, eventually, fill, stat, stats

# Of a poller there is nothing to see in where pages are.
POLLERS = ["epoll"]

# With names of any length here, each are of one class.
SMALL = b"x" * 106
LARGE = b"x" * 1010
# Each of ROUNDS looks at most once at what classes lose; a page moves within some 20 looks.
ROUNDS = 3
STEPS = 12


@pytest.fixture(autouse=True)
def figures_of_ember(only_ember):
    """memcached looks at its classes each second, and for ten of them before it moves a page."""


def pages(server):
    """How many there are of each chunk size."""
    slabs = dict(stats(server, "slabs"))
    return {int(slabs[name]): int(slabs[name.split(":")[0] + ":total_pages"])
            for name in slabs if name.endswith(":chunk_size")}


def pages_of_large(server):
    return sum(count for size, count in pages(server).items() if size > len(LARGE))


def moved(server):
    return int(stat(server, "slabs_moved"))


def rounds_pass(server):
    """Lets the janitor begin ROUNDS rounds, whatever time it takes for them."""
    def rounds():
        return int(stat(server, "lru_crawler_starts"))
    due = rounds() + ROUNDS
    assert eventually(lambda: rounds() >= due, 60)


class Sizes:
    """A server that small and large items share."""

    def __init__(self, server, wire):
        self.server, self.wire, self.turn = server, wire, 0

    def begin(self):
        """Fills the memory with small items; large ones have the page they cannot do without."""
        self.write(large=1)
        self.write(small=200_000)
        assert len(pages(self.server)) <= 2

    def write(self, small=0, large=0):
        """Writes items of new names, and lets the janitor look at what that did."""
        self.turn += 1
        fill(self.wire, b"small%d." % self.turn, small, SMALL)
        fill(self.wire, b"large%d." % self.turn, large, LARGE)
        rounds_pass(self.server)

    def write_until(self, condition, **items):
        """Writes such items until that is so; returns whether it came to be."""
        return eventually(lambda: self.write(**items) or condition(self.server), 120)

    def stay(self, **items):
        """Writes such items for longer than it takes pages to move; returns whether none did."""
        before = moved(self.server), pages_of_large(self.server)
        for _ in range(STEPS):
            self.write(**items)
        return (moved(self.server), pages_of_large(self.server)) == before


@pytest.mark.parametrize("arguments", [[], ["-o", "slab_automove"], ["-o", "slab_automove=1"],
                                       ["-o", "slab_reassign,slab_automove=2"]])
def test_pages_move(start, arguments):
    server = start(["-m", "16", *arguments])
    with server.connect() as wire:
        sizes = Sizes(server, wire)
        sizes.begin()
        assert sizes.write_until(lambda server: pages_of_large(server) > 5, large=5000)
        assert moved(server) >= 5


@pytest.mark.parametrize("argument", ["slab_automove=0", "no_slab_automove"])
def test_pages_stay_until_told_to_move(start, argument):
    server = start(["-m", "16", "-o", argument])
    with server.connect() as wire:
        sizes = Sizes(server, wire)
        sizes.begin()
        assert sizes.stay(large=5000)
        assert moved(server) == 0
        assert pages_of_large(server) == 1
        assert ask(wire, b"slabs automove 1\r\n") == b"OK\r\n"
        assert sizes.write_until(lambda server: pages_of_large(server) > 5, large=5000)
        assert ask(wire, b"slabs automove 0\r\n") == b"OK\r\n"
        rounds_pass(server)  # a move that had begun ends
        assert sizes.stay(small=20_000)  # as many as take pages back
        few = moved(server)
        assert ask(wire, b"slabs automove 2\r\n") == b"OK\r\n"
        assert sizes.write_until(lambda server: moved(server) > few, small=20_000)


@pytest.mark.parametrize("argument", ["slab_automove=0", "no_slab_reassign"])
def test_a_size_without_a_page_takes_one(start, argument):
    server = start(["-m", "16", "-o", argument])
    with server.connect() as wire:
        sizes = Sizes(server, wire)
        sizes.write(small=200_000)
        sizes.write(large=1)
        assert (moved(server), pages_of_large(server)) == (1, 1)
        assert ask(wire, b"get large2.0\r\n", b"END\r\n").startswith(b"VALUE")


def test_no_slab_reassign_is_final(start):
    server = start(["-m", "16", "-o", "no_slab_reassign"])
    with server.connect() as wire:
        sizes = Sizes(server, wire)
        sizes.begin()
        assert sizes.stay(large=5000)
        assert ask(wire, b"slabs automove 2\r\n") == b"OK\r\n"  # as memcached says
        assert sizes.stay(large=5000)
        assert ask(wire, b"slabs reassign 1 2\r\n") == b"CLIENT_ERROR slab reassignment disabled\r\n"
        assert moved(server) == 0


def test_ratio(start):
    """How much more a page must be worth elsewhere: some eight times here, a hundred are asked for."""
    server = start(["-m", "16", "-o", "slab_automove_ratio=0.01"])
    with server.connect() as wire:
        sizes = Sizes(server, wire)
        for _ in range(10):
            sizes.write(small=10_000, large=1000)  # to either half of the memory
        assert sizes.stay(small=4000, large=5000)
        assert moved(server) == 0
        assert ask(wire, b"slabs automove ratio 0.8\r\n") == b"OK\r\n"
        assert sizes.write_until(lambda server: moved(server) > 0, small=4000, large=5000)
