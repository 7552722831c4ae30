# SPDX-License-Identifier: BSD-3-Clause
"""Signals that come while a server starts: obeyed at once, and the memory file is as it was."""

import signal
import sys

import pytest

from warm_cache import SEED, WarmCache, fill, look, recovery
from wire import eventually

POLLERS = ["epoll"]
ITEMS = 150_000


# Becomes the server, with the signals blocked; a child sends one after a while. So none is lost,
# and none ends the process before it can see to it.
PRELUDE = """
import os, signal, sys, time
number, delay, binary = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
signal.pthread_sigmask(signal.SIG_BLOCK, {number})
if delay == 0:
    os.kill(os.getpid(), number)
elif os.fork() == 0:
    time.sleep(delay)
    os.kill(os.getppid(), number)
    os._exit(0)
os.execv(binary, sys.argv[3:])
"""


def signalled(cache, number, delay):
    """A server whose start a signal comes into, `delay` seconds after its exec."""
    server = cache.make()
    server.arguments = ["-c", PRELUDE, str(int(number)), str(delay), server.binary,
                        *server.arguments]
    server.binary = sys.executable
    return server.launch()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_during_recovery(launch, only_ember, tmpfs_folder, number):
    """At any moment: the exit code is 0, and the next start has every item."""
    cache = WarmCache(launch, tmpfs_folder, limit=128)
    server = cache.start()
    held = fill(server, ITEMS, size=10)
    server.kill()
    for step in range(16):
        server = signalled(cache, number, step * 0.005)
        assert server.wait() == 0, server.words()
        assert f"signal {int(number)}" in server.words()
        if "items after" in server.words():  # it was looked through before: again after a crash
            cache.start().kill()
    again = cache.start()
    assert int(recovery(again)["recovery_items"]) == ITEMS
    sample = dict(list(held.items())[SEED % 100::97])
    assert look(again, sample) == sample
    assert again.stop() == 0


def test_reload_during_recovery_is_no_end(launch, only_ember, tmpfs_folder):
    cache = WarmCache(launch, tmpfs_folder)
    server = signalled(cache, signal.SIGHUP, 0)
    assert eventually(server.answers, 20), server.words()
    assert server.stop() == 0
