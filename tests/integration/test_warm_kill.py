# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 at random moments under load: what was acknowledged is there, and nothing else is.

EMBER_WARM_ROUNDS says how many lives a memory file has (./tools/soak --warm has hundreds),
EMBER_SEED repeats the operations and the moments, as far as processes let it.
"""

import os
import random
import signal
import threading
import time

from warm_cache import ROUNDS, SEED, WarmCache, recovery
from warm_load import Load
from wire import stat

LIVES = ROUNDS or (3 if os.environ.get("EMBER_SANITIZE") else 8)
# What the server ends with; another code is a death of its own.
CODES = {"kill": [-signal.SIGKILL], "abort": [-signal.SIGABRT], "stop": [0],
         "kill in stop": [0, -signal.SIGKILL]}
LIMIT = 320  # MiB, several times what the keys can hold: nothing is evicted


class Ender(threading.Thread):
    """Ends a server at some moment, in one of the ways servers end."""

    def __init__(self, server, source):
        super().__init__()
        self.server = server
        self.moment = source.uniform(0.05, 1.5)
        self.way = source.choice(("kill", "kill", "kill", "abort", "stop", "kill in stop"))
        self.grace = source.uniform(0, 0.1)
        self.code = None

    def run(self):
        time.sleep(self.moment)
        if self.way == "kill":
            self.server.process.kill()
        elif self.way == "abort":
            os.kill(self.server.pid, signal.SIGABRT)
        else:
            os.kill(self.server.pid, signal.SIGTERM)
            if self.way == "kill in stop":
                time.sleep(self.grace)
                self.server.process.kill()
        self.code = self.server.wait(60)


def fail_in_recovery(cache, source):
    """A server that dies before, in or soon after its recovery."""
    server = cache.make().launch()
    time.sleep(source.uniform(0, 0.15))
    server.process.kill()
    server.wait()


def test_killed_under_load(launch, tmpfs_folder):
    source = random.Random(SEED)
    cache = WarmCache(launch, tmpfs_folder, LIMIT, ["-t", "2", "-I", "4m", "-c", "200"])
    load = Load(SEED)
    way = "none"
    for number in range(LIVES):
        if number and source.random() < 0.3:
            fail_in_recovery(cache, source)
            way += ", killed at start"
        server = cache.start()
        rows = recovery(server)
        assert os.listdir(tmpfs_folder) == ["memory-file"], "something is left of a stop cut short"
        found = load.judge(server)
        told = f"round {number}, seed {SEED}, after {way}, {rows}"
        assert load.complaints == [], f"{told}: {len(load.complaints)} complaints, the first: " + \
            "\n".join(load.complaints[:5])
        assert int(stat(server, "evictions")) == 0
        check_source(rows, way, number, found)
        ender = Ender(server, source)
        ender.start()
        load.run(server, flush_after=source.uniform(0, 1) if source.random() < 0.3 else None)
        ender.join()
        way = ender.way
        assert load.complaints == [], f"under load, {told}: " + "\n".join(load.complaints[:5])
        assert ender.code in CODES[way], (ender.code, told, server.words())
        print(f"round {number}: {found} items by {rows['recovery_source']}, then "
              f"{load.acknowledged} operations in all, {way} after {ender.moment:.3f} s")


def check_source(rows, way, number, found):
    if number == 0:
        assert rows["recovery_source"] == "cold", rows
        return
    if way == "stop":
        assert rows["recovery_source"] == "state_file", rows
    elif "stop" not in way:
        assert rows["recovery_source"] == "scan" and rows["last_stop"] == "crash", rows
    # Some of those recovered may be expired by the time they are read.
    assert int(rows["recovery_items"]) >= found - 1, (rows, found)


def test_the_judge_sees(launch):
    """Each fault a restart could cause, made on purpose: a complaint, and none without it."""
    server = launch(["-m", "256", "-t", "2", "-I", "4m"]).start()
    load = Load(SEED, pipes=6)
    threading.Timer(0.7, lambda: [pipe.wire.shutdown(2) for pipe in load.pipes]).start()
    load.run(server)
    load.judge(server)
    assert load.complaints == []
    sure = {family: [key for keys in load.keys for kind, key in keys if kind == family and
                     len(load.states.get(key, [])) == 1] for family in ("value", "count", "marked")}
    absent = next(key for keys in load.keys for kind, key in keys
                  if kind == "value" and key not in load.states)
    faults = [("lost", sure["value"][0], b"delete %s\r\n"),
              ("back again", absent, b"set %s 0 0 3\r\nold\r\n"),
              ("torn", sure["value"][1], b"append %s 0 0 1\r\nx\r\n"),
              ("counted back", sure["count"][0], b"decr %s 1\r\n"),
              ("expiry", sure["value"][2], b"touch %s 777\r\n"),
              ("mark", sure["value"][3], b"md %s I\r\n")]
    with server.connect() as wire:
        for name, key, form in faults:
            wire.sendall(form % key)
            wire.recv(100)
            load.judge(server)
            assert len(load.complaints) == 1 and load.complaints[0].startswith(key.decode()), name
            load.complaints.clear()
    load.highest_cas += 1000
    load.judge(server)
    assert len(load.complaints) == 1 and load.complaints[0].startswith("CAS went back")
