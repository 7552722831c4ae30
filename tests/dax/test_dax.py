# SPDX-License-Identifier: BSD-3-Clause
"""Ember on persistent memory: how it maps, and what comes back after a stop, a kill, a power cut."""

import random
import time

import pytest

from conftest import rounds
from judge import Judge

SIZE = 64


class Variant:
    def __init__(self, persistence, make, mount, path, limit=SIZE):
        self.persistence = persistence
        self.make = make
        self.mount = mount
        self.path = path
        self.start = f"start {path} --memory-limit={limit}"
        self.launch = f"launch {path} --memory-limit={limit}"


VARIANTS = {
    "fsdax": Variant("mem-ctrl", "make_fsdax; mount_dax", "mount_dax", "/mnt/pmem/cache"),
    "eadr": Variant("cpu", "make_fsdax; mount_dax", "mount_dax", "/mnt/pmem/cache"),
    "devdax": Variant("mem-ctrl", "make_devdax", "await /dev/dax0.0", "/dev/dax0.0", "auto"),
}
FSDAX = VARIANTS["fsdax"]


@pytest.fixture(params=[name if name == "fsdax" else pytest.param(name, marks=pytest.mark.long)
                        for name in VARIANTS])
def variant(request):
    return VARIANTS[request.param]


@pytest.fixture
def luck():
    """A seeded source; the seed of a failed test stands in its captured output."""
    seed = random.randrange(1 << 32)
    print(f"seed of the power cuts: {seed}")
    return random.Random(seed)


def load(seed, count=0):
    return f"dax-client load --seed={seed} --rounds={count} --flush_one_in=150"


def script(*lines):
    return "\n".join(lines) + "\n"


def assert_recovered(stats, source, last_stop):
    wanted = {"memory_file_kind": "dax", "recovery_source": source, "last_stop": last_stop,
              "recovery_damaged": "0", "recovery_damaged_pages": "0", "recovery_unfit": "0",
              "evictions": "0"}
    assert {name: stats.get(name) for name in wanted} == wanted, stats.get("recovery_reason")


def test_restarts(boot, variant):
    """One boot: the mapping is MAP_SYNC; SIGTERM and kill -9 bring back everything."""
    machine = boot(script(
        variant.make, variant.start, "stats", f"vm_flags {variant.path}", load(1, 400), "dump",
        "stop TERM", variant.start, "stats", "dump", load(2, 400), "dump",
        "stop KILL", variant.start, "stats", "dump", load(3, 100), "dump", "stop INT"),
        variant.persistence)
    judge = Judge()
    judge.hear(machine.finish())
    judge.check()
    assert judge.dumps == 5 and judge.acknowledged > 3000
    assert judge.stopped == [0, 128 + 9, 0]
    assert judge.vm_flags and all("sf" in flags for flags in judge.vm_flags), judge.vm_flags
    fresh, stopped, killed = judge.stats
    assert_recovered(fresh, "cold", "none")
    # A device holds one file: there is no place for the state file beside it.
    assert_recovered(stopped, "scan" if variant.path.startswith("/dev") else "state_file", "graceful")
    assert_recovered(killed, "scan", "crash")


def cut_under_load(machine, luck):
    """After some acknowledgements, at no moment in particular."""
    machine.wait_for("ack", luck.randrange(200, 4000))
    time.sleep(luck.random() * 0.05)
    return machine.cut_power()


def test_power_cuts_under_load(boot, variant, luck):
    judge = Judge()
    machine = boot(script(variant.make, variant.start, load(1)), variant.persistence)
    for seed in range(2, 2 + rounds(short=1, long=6)):
        judge.hear(cut_under_load(machine, luck))
        machine = boot(script(variant.mount, variant.start, "stats", "dump", load(seed)),
                       variant.persistence)
        machine.wait_for("dumped")
    judge.hear(cut_under_load(machine, luck))
    judge.check()
    for stats in judge.stats:
        assert_recovered(stats, "scan", "crash")
    judge.hear(boot(script(variant.mount, variant.start, "stats", "dump", "stop TERM"),
                    variant.persistence).finish())
    judge.check()
    assert judge.dumps == len(judge.stats) == rounds(short=1, long=6) + 1


def start_seconds(boot, make):
    """How long a start takes here, from the call to the first answer."""
    machine = boot(script(make, "say launch", FSDAX.start, "stop KILL", "rm /mnt/pmem/cache*"))
    machine.wait_for("launch")
    begun = time.monotonic()
    machine.wait_for("up")
    taken = time.monotonic() - begun
    machine.finish()
    return taken


def cut_starts(boot, luck, seconds, count):
    """Power cuts at any time of a start that takes so many seconds."""
    for _ in range(count):
        machine = boot(script(FSDAX.mount, "say launch", FSDAX.launch, "sleep 60"))
        machine.wait_for("launch")
        time.sleep(luck.random() * seconds)
        machine.cut_power()


@pytest.mark.long
def test_power_cuts_while_the_file_is_made(boot, luck):
    """Whatever is left of it, the next start serves, and keeps what it acknowledges."""
    seconds = start_seconds(boot, FSDAX.make)
    for seed in range(1, 6):
        cut_starts(boot, luck, seconds, 1)
        judge = Judge()
        judge.hear(boot(script(FSDAX.mount, FSDAX.start, "dump", load(seed, 20), "dump", "stop KILL",
                               FSDAX.start, "dump", "stop TERM", "rm /mnt/pmem/cache*")).finish())
        judge.check()
        assert judge.dumps == 3


@pytest.mark.long
def test_power_cuts_during_recovery(boot, luck):
    """Recovery can be cut at any place, and recovered from."""
    judge = Judge()
    seconds = start_seconds(boot, FSDAX.make)
    judge.hear(cut_under_load(boot(script(FSDAX.mount, FSDAX.start, load(1))), luck))
    cut_starts(boot, luck, seconds, 8)
    judge.hear(boot(script(FSDAX.mount, FSDAX.start, "stats", "dump", "stop TERM")).finish())
    judge.check()
    assert judge.dumps == 1
    assert_recovered(judge.stats[0], "scan", "crash")


@pytest.mark.long
def test_power_cuts_during_a_graceful_stop(boot, luck):
    """A stop under load that does not come to its end is a crash, and loses as little."""
    judge = Judge()
    mount = FSDAX.make
    for seed in range(1, 6):
        machine = boot(script(mount, FSDAX.start, "dump", f"{load(seed)} &", "sleep 3", "say stopping",
                              "stop TERM", "sleep 60"))
        machine.wait_for("stopping")
        time.sleep(luck.random() * 0.3)
        judge.hear(machine.cut_power())
        mount = FSDAX.mount
    judge.hear(boot(script(mount, FSDAX.start, "stats", "dump", "stop TERM")).finish())
    judge.check()
    assert judge.dumps == 6 and judge.acknowledged > 1000


@pytest.mark.long
def test_power_cut_after_a_graceful_stop(boot):
    """The state file is durable when Ember has ended, without a sync or an unmount."""
    judge = Judge()
    machine = boot(script(FSDAX.make, FSDAX.start, load(1, 500), "dump", "stop TERM", "sleep 60"))
    machine.wait_for("stopped")
    judge.hear(machine.cut_power())
    judge.hear(boot(script(FSDAX.mount, FSDAX.start, "stats", "dump", "stop TERM")).finish())
    judge.check()
    assert judge.dumps == 2 and judge.stopped == [0, 0]
    assert_recovered(judge.stats[0], "state_file", "graceful")


@pytest.mark.long
def test_file_larger_than_the_volume(boot):
    """A sparse file on a full DAX volume would be a SIGBUS at some later write."""
    machine = boot(script(FSDAX.make, "launch /mnt/pmem/cache --memory-limit=400", 'wait "$pid"',
                          'say stopped "$?"'))
    judge = Judge()
    judge.hear(machine.finish())
    assert len(judge.stopped) == 1 and 0 < judge.stopped[0] < 128, judge.stopped
    assert "/mnt/pmem" in machine.words()


@pytest.mark.long
def test_notices_persistence_that_is_none(boot, luck):
    """The control: told that a file in the page cache is DAX, Ember loses writes, and it shows."""
    judge = Judge()
    machine = boot(script("export PMEM2_FORCE_GRANULARITY=CACHE_LINE", "make_fsdax; mount_pmem",
                          FSDAX.start, "stats", load(1)))
    judge.hear(cut_under_load(machine, luck))
    judge.check()
    assert judge.stats[0]["memory_file_kind"] == "dax"
    judge.hear(boot(script(FSDAX.mount, FSDAX.start, "dump", "stop TERM")).finish())
    assert judge.dumps == 1 and len(judge.problems) > 10
