# SPDX-License-Identifier: BSD-3-Clause
"""A memory file on hugetlbfs: huge pages that the system set aside. Everything comes back there, too."""

import pytest

from warm_cache import WarmCache, fill, look, own_world, recovered
from wire import ask, eventually, stat

LIMIT = 32
POOL = "/proc/sys/vm/nr_hugepages"


@pytest.fixture
def pool():
    """Enough huge pages; afterwards there are as many as before."""
    with open(POOL, encoding="ascii") as file:
        before = int(file.read())
    wanted = before + LIMIT // 2 + 2
    try:
        with open(POOL, "w", encoding="ascii") as file:
            file.write(str(wanted))
    except OSError as refusal:
        pytest.skip(f"skipped, because no huge pages can be set aside here: {refusal}")
    with open(POOL, encoding="ascii") as file:
        got = int(file.read())
    yield got >= wanted
    with open(POOL, "w", encoding="ascii") as file:
        file.write(str(before))


def test_every_stop(launch, only_ember, pool):
    if not pool:
        pytest.skip("skipped, because the system has too few huge pages to set aside")
    with own_world("mkdir -p /tmp/ember-huge && mount -t hugetlbfs -o mode=777 ember "
                   "/tmp/ember-huge") as world:
        if world.refusal:
            pytest.skip(f"skipped, because hugetlbfs cannot be mounted here: {world.refusal}")
        cache = WarmCache(launch, "/tmp/ember-huge", limit=LIMIT)
        server = world.wrap(cache.make()).start()
        assert stat(server, "memory_pages", "ember") == "hugetlb"
        held = fill(server, 5000) | fill(server, 3, size=700_000, prefix=b"large")
        server.kill()
        server = world.wrap(cache.make()).start()
        recovered(server, "scan", "crash")
        assert look(server, held) == held
        # All of it is taken by whole huge pages: there is no room for a state file.
        assert server.stop() == 0
        server = world.wrap(cache.make()).start()
        recovered(server, "scan", "graceful")
        assert look(server, held) == held
        for megabytes in (16, LIMIT):
            with server.connect() as wire:
                assert ask(wire, b"cache_memlimit %d\r\n" % megabytes) == b"OK\r\n"
            assert eventually(lambda: stat(server, "pages_to_give_back", "ember") == "0", 30)
        more = fill(server, 5000, prefix=b"more")
        assert look(server, more) == more
        assert server.stop() == 0
