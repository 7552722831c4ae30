#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Warm restarts: Ember and Debian's memcached, from exec to the first hit, in turns.

./tools/bench --warm [--items=5000000] [--rounds=3] [--threads=1,2] [--folder=/dev/shm]

Each server is filled with items of 20 + 100 bytes on a memory file, stopped, and started again; the
clock runs from exec to the answer to a get of a key. Ember: after a graceful stop (state file) and after
kill -9 (scan). memcached: after its graceful stop (SIGUSR1), the only one it comes back from.
"""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

VALUE = b'v' * 100
BYTES_AN_ITEM = 200  # of -m: the larger of the two servers' needs
POLL_SECONDS = 0.0005
SETTLE_SECONDS = 1.5  # memcached refuses a restart within the second of its stop


class Warm:
    """One server on its memory file: filled once, then stopped and started again and again."""

    def __init__(self, program, threads, port, folder, items):
        self.port = port
        self.items = items
        self.command = [program, '-l', '127.0.0.1', '-p', str(port), '-t', str(threads), '-m',
                        str(items * BYTES_AN_ITEM // 2**20 + 128), '-e',
                        os.path.join(folder, 'memory-%d' % port)]
        if os.geteuid() == 0:
            self.command += ['-u', 'root']
        self.process = None

    def key(self, number):
        return b'key_%016d' % number

    def fill(self):
        self.start(None)
        with socket.create_connection(('127.0.0.1', self.port)) as connection:
            for first in range(0, self.items, 5000):
                connection.sendall(b''.join(
                    b'set %s 0 0 100 noreply\r\n%s\r\n' % (self.key(n), VALUE)
                    for n in range(first, min(first + 5000, self.items))))
            connection.sendall(b'version\r\n')
            connection.recv(100)

    def start(self, number):
        """Seconds from exec to the answer to a get; it must be a hit. None: any answer."""
        start = time.monotonic()
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        request = b'version\r\n' if number is None else b'get %s\r\n' % self.key(number)
        while True:
            try:
                with socket.create_connection(('127.0.0.1', self.port)) as connection:
                    connection.sendall(request)
                    answer = connection.recv(200)
                    if answer:
                        break
            except OSError:
                pass
            if self.process.poll() is not None:
                raise RuntimeError('%s ended at start' % self.command[0])
            time.sleep(POLL_SECONDS)
        took = time.monotonic() - start
        if number is not None and not answer.startswith(b'VALUE'):
            raise RuntimeError('%s came back without its items: %r' % (self.command[0], answer))
        return took

    def stop(self, number):
        start = time.monotonic()
        self.process.send_signal(number)
        self.process.wait()
        return time.monotonic() - start


def rounds(server, stop_signal, count):
    """Medians of (stop, start) in seconds."""
    stops, starts = [], []
    for number in range(count):
        stops.append(server.stop(stop_signal))
        time.sleep(SETTLE_SECONDS)
        starts.append(server.start(server.items - 1 - number))
        time.sleep(SETTLE_SECONDS)
    return statistics.median(stops), statistics.median(starts)


def report(name, items, figures):
    stop, start = figures
    print('%-28s %9d items   first hit %8.4f s  %6.1f ns/item   stop %7.3f s' %
          (name, items, start, start / items * 1e9, stop), flush=True)
    return start


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--items', default='5000000', help='several: 1000000,5000000,20000000')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', default='1,2', help="of Ember's")
    parser.add_argument('--folder', default='/dev/shm')
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--memcached', default='memcached')
    parser.add_argument('--port', type=int, default=22100)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix='ember-warm-', dir=options.folder)
    try:
        for items in map(int, options.items.split(',')):
            compare(options, folder, items)
    finally:
        shutil.rmtree(folder)
    return 0


def compare(options, folder, items):
    theirs = Warm(shutil.which(options.memcached), 1, options.port, folder, items)
    theirs.fill()
    base = report('memcached, graceful', items, rounds(theirs, signal.SIGUSR1, options.rounds))
    theirs.stop(signal.SIGKILL)
    for file in os.listdir(folder):
        os.unlink(os.path.join(folder, file))
    for threads in options.threads.split(','):
        ours = Warm(os.path.join(options.bin, 'ember'), threads, options.port + 1, folder, items)
        ours.fill()
        for name, number in (('state file', signal.SIGTERM), ('scan', signal.SIGKILL)):
            took = report('ember -t %s, %s' % (threads, name), items,
                          rounds(ours, number, options.rounds))
            print('%-28s %.2f of memcached' % ('', took / base), flush=True)
        ours.stop(signal.SIGKILL)
        for file in os.listdir(folder):
            os.unlink(os.path.join(folder, file))


if __name__ == '__main__':
    sys.exit(main())
