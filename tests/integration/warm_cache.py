# SPDX-License-Identifier: BSD-3-Clause
"""A cache with a memory file over the lives of several servers, and what the tests ask of it."""

import contextlib
import os
import random
import shutil
import subprocess
import tempfile

from warm_model import parse_seen
from wire import eventually, stats, until

MIB = 1 << 20
SHARED_MEMORY = "/dev/shm"
# conftest.py prints it at the end of a run; EMBER_SEED repeats it.
SEED = int(os.environ.get("EMBER_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
# How long a soak test takes; 0 in an ordinary run.
ROUNDS = int(os.environ.get("EMBER_WARM_ROUNDS", "0"))


def filesystem_of(path):
    return subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True,
                          check=True).stdout.strip()


def folder_on(kind):
    """A new folder any user may write to, on tmpfs or on a disk; or why there is none (a str)."""
    for base in (SHARED_MEMORY, tempfile.gettempdir(), "/var/tmp", os.getcwd()):
        if not os.access(base, os.W_OK) or (filesystem_of(base) == "tmpfs") != (kind == "tmpfs"):
            continue
        if shutil.disk_usage(base).free < 2048 * MIB:
            continue
        made = tempfile.mkdtemp(prefix="ember-warm-", dir=base)
        os.chmod(made, 0o777)  # a server started by root becomes another user before it opens files
        return made, None
    return None, f"skipped, because no folder with 2 GiB free on {kind} was found"


class WarmCache:
    """One memory file. `start` gives a server on it; `seen` is what a server holds."""

    def __init__(self, launch, folder, limit=64, arguments=()):
        self.launch = launch
        self.path = os.path.join(folder, "memory-file")
        self.meta = self.path + ".meta"
        self.limit = limit
        self.arguments = list(arguments)

    def make(self, *more, limit=None, **how):
        return self.launch([f"--memory-file={self.path}", f"--memory-limit={limit or self.limit}",
                            *self.arguments, *more], **how)

    def start(self, *more, limit=None, **how):
        return self.make(*more, limit=limit, **how).start()


def recovery(server):
    """Rows of `stats ember` about the memory file, once it is recovered."""
    rows = {}

    def done():
        rows.update((name, value.strip()) for name, value in stats(server, "ember"))
        return rows.get("recovery_source") in ("state_file", "scan", "cold")

    assert eventually(done, 30), f"not recovered after 30 s: {rows}"
    return rows


def recovered(server, source, last_stop=None):
    """Checks how the server came by its items; returns the rows."""
    rows = recovery(server)
    assert rows["recovery_source"] == source, (rows, server.words())
    if last_stop:
        assert rows["last_stop"] == last_stop, (rows, server.words())
    return rows


def exchange(server, requests, end=b"MN\r\n"):
    """Sends any number of pipelined requests; returns all replies to them."""
    with server.connect(timeout=30) as wire:
        replies = b""
        for first in range(0, len(requests), 200):
            wire.sendall(b"".join(requests[first:first + 200]) + b"mn\r\n")
            replies += until(wire, end)[:-len(end)]
        return replies


def value_for(key, size):
    unit = b"%s;" % key
    return (unit * (size // len(unit) + 1))[:size]


def fill(server, count, size=100, prefix=b"key"):
    """Stores keys whose values follow from them; returns what `look` will find."""
    held = {b"%s%d" % (prefix, n): value_for(b"%s%d" % (prefix, n), size) for n in range(count)}
    replies = exchange(server, [b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)
                                for key, value in held.items()])
    assert replies == b"STORED\r\n" * count
    return held


def look(server, names):
    """{key: value} of those that are there."""
    return {key: item.value for key, item in seen(server, names).items()}


def seen(server, names):
    """{key: Seen} of those that are there, without counting as a use that matters."""
    names = list(names)
    replies = exchange(server, [b"mg %s f t c v\r\n" % key for key in names])
    items, at = {}, 0
    for key in names:
        end = replies.index(b"\r\n", at)
        head, at = replies[at:end], end + 2
        if head != b"EN":
            size = int(head.split(b" ")[1])  # a value may hold line ends
            items[key] = parse_seen(head, replies[at:at + size])
            assert replies[at + size:at + size + 2] == b"\r\n", (key, head)
            at += size + 2
    return items


def line_about(server, *words):
    """The one line of the server's log with all these words."""
    lines = [line for line in server.words().splitlines() if all(str(w) in line for w in words)]
    assert len(lines) == 1, (words, server.words())
    return lines[0]


def with_clock(shift_seconds):
    """Environment of a process whose clock is off by so much; None where that was not built."""
    library = os.environ.get("EMBER_CLOCK_SHIFT_LIBRARY", "")
    if not os.path.exists(library):
        return None
    return {"LD_PRELOAD": library, "EMBER_CLOCK_SHIFT": str(shift_seconds)}


class OwnWorld:
    """A mount namespace of its own, kept by a sleeping process: small volumes, another boot id."""

    def __init__(self, setup):
        flags = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]
        self.enter = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        self.keeper = subprocess.Popen(
            ["unshare", *flags, "sh", "-c", f"{{ {setup}; }} && echo ready && exec sleep 1000"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
        ready = self.keeper.stdout.readline() == "ready\n"
        self.refusal = "" if ready else self.keeper.stderr.read().strip() or "unshare is refused"

    def path(self, inside):
        """Where a path of that world is seen from this one."""
        return f"/proc/{self.keeper.pid}/root{inside}"

    def wrap(self, server):
        """Makes the server start in there."""
        user = ["-u", "root"] if os.geteuid() != 0 else []
        server.arguments = ["-t", str(self.keeper.pid), *self.enter, "-m", "--", server.binary,
                            *server.arguments, *user]
        server.binary = "nsenter"
        return server

    def close(self):
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()
        self.keeper.stderr.close()


@contextlib.contextmanager
def own_world(setup):
    world = OwnWorld(setup)
    try:
        yield world
    finally:
        world.close()
