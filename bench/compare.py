#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Ember and Debian's memcached in turns on this machine: throughput, latency, the server's CPU time
a request and memory, as ratios beside their targets. bench/README.md explains the rows.

One server runs on CPU 0, the load on CPU 1; rounds are interleaved and medians taken, because
neighbours of a virtual machine come and go. CPU time is steadier than throughput.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile

from compare_rows import ROWS
from servers import ROOT, Servers

LOAD_CPU = '1'


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0],
                                     epilog='rows: ' + ', '.join(row.name for row in ROWS))
    parser.add_argument('--rows', help='only these, as in depth1,multiget50 (default: all)')
    parser.add_argument('--servers', default='ember,memcached',
                        help='of ember, ember:uring, ember:epoll, ember:file, memcached, null; '
                             'ratios are to memcached (default: %(default)s)')
    parser.add_argument('--quick', action='store_true', help='2 minutes: short rounds, no slow rows')
    parser.add_argument('--rounds', type=int, help='default 5, quick 3')
    parser.add_argument('--seconds', type=float, help='of a round; default 4, quick 1.2')
    parser.add_argument('--bin', default=os.path.join(ROOT, 'build/release/bin'))
    parser.add_argument('--memcached', default='memcached')
    parser.add_argument('--port', type=int, default=23400, help='the first of the ports to use')
    parser.add_argument('--json', help='write all figures of all rounds')
    parser.add_argument('--csv', help='write the medians')
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = options.seconds or (1.2 if options.quick else 4)
    return options


def chosen_rows(options):
    names = options.rows.split(',') if options.rows else None
    unknown = set(names or []) - {row.name for row in ROWS}
    if unknown:
        sys.exit('no such row: %s; --help lists them' % ', '.join(sorted(unknown)))
    if names:
        return [row for row in ROWS if row.name in names]
    return [row for row in ROWS if not (options.quick and row.slow)]


class Comparison:
    def __init__(self, options):
        self.options = options
        self.servers = Servers(options.bin, options.memcached, options.port)
        self.kinds = options.servers.split(',')

    def kinds_of(self, row):
        """The null server knows connections, not their memory, and no TLS."""
        without_null = row.mode != 'load' or row.server.get('tls')
        return [kind for kind in self.kinds if not (kind == 'null' and without_null)]

    def load(self, row, server, **more):
        """One run of ember-bench; its figures."""
        arguments = dict(row.load, **server.load_options(), mode=row.mode, pin=LOAD_CPU,
                         progress='false')
        arguments.update(more)
        with tempfile.NamedTemporaryFile(suffix='.json') as file:
            command = [self.servers.program('ember-bench'), '--json=' + file.name]
            command += ['--%s=%s' % pair for pair in arguments.items()]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError('%s: %s' % (' '.join(command), done.stderr.strip()))
            figures = json.load(open(file.name))
        figures.pop('rates', None)
        return figures

    def run(self, row):
        """{kind: [figures of each round]}"""
        return self.run_loads(row) if row.mode == 'load' else self.run_fresh(row)

    def run_loads(self, row):
        """All servers up and filled; then in turns, round by round."""
        running = []
        rounds = {kind: [] for kind in self.kinds_of(row)}
        # No server holds values that do not exist: the null server's are not verified.
        extra = {kind: {'verify': 'false'} if kind == 'null' else {} for kind in rounds}
        try:
            for kind in rounds:
                server = self.servers.start(kind, row.server, row.server_cpus)
                running.append(server)
                self.load(row, server, seconds=0.1, warm_up=0, **extra[kind])
            for number in range(self.options.rounds):
                for server in running:
                    rounds[server.kind].append(self.load(
                        row, server, fill='false', seconds=self.options.seconds,
                        warm_up=0.5 if number == 0 else 0.2, **extra[server.kind]))
        finally:
            for server in running:
                server.stop()
        return rounds

    def run_fresh(self, row):
        """Memory: a fresh server for every round, one at a time."""
        rounds = {kind: [] for kind in self.kinds_of(row)}
        for _ in range(3 if row.mode == 'idle' else 1):
            for kind in rounds:
                server = self.servers.start(kind, row.server, row.server_cpus)
                try:
                    rounds[kind].append(self.load(row, server))
                finally:
                    server.stop()
        return rounds


def medians(rounds):
    return {name: statistics.median(figures[name] for figures in rounds) for name in rounds[0]}


def ratio(figures, base, name):
    return figures[name] / base[name] if base and base.get(name) else None


def text_of(value, form='%.2f'):
    return '-' if value is None else form % value


def verdict(row, value):
    if row.target is None or value is None:
        return ''
    met = value >= row.target if row.at_least else value <= row.target
    return 'met' if met else 'MISSED'


def unit_of(row):
    if row.mode != 'load':
        return row.figure
    return 'CPU us/request' if row.figure.startswith('server_cpu') else 'latency p50 us'


HEADER = '%-20s %-12s %9s %8s %8s | %7s %6s %7s %6s %6s | %6s %s'


def print_row(row, results):
    base = results.get('memcached')
    print('%s: %s [%s]' % (row.name, row.about, unit_of(row)))
    for kind, figures in results.items():
        value = None if kind == 'memcached' else ratio(figures, base, row.figure)
        target = None if kind in ('memcached', 'null') else row.target
        judged = '' if kind in ('memcached', 'null') else verdict(row, value)
        print(HEADER % (
            '', kind, text_of(figures[row.figure], '%.3f'),
            text_of(figures.get('latency_p50_us'), '%.0f'),
            text_of(figures.get('latency_p99_us'), '%.0f'), text_of(value, '%.3f'),
            text_of(target), text_of(row.floor if kind == 'null' or target else None),
            text_of(ratio(figures, base, 'requests_per_second')
                    if 'requests_per_second' in figures else None),
            text_of(figures.get('client_cpu_share')),
            text_of(figures.get('requests_per_second', 0) / 1000, '%.0f'), judged))
    sys.stdout.flush()


def write_outputs(options, everything):
    if options.json:
        with open(options.json, 'w') as file:
            json.dump(everything, file, indent=1)
    if options.csv:
        with open(options.csv, 'w', newline='') as file:
            writer = csv.writer(file)
            writer.writerow(['row', 'server', 'figure', 'median'])
            for name, rounds in everything.items():
                for kind, figures in rounds.items():
                    for figure, value in medians(figures).items():
                        writer.writerow([name, kind, figure, value])


def main():
    options = parse_arguments()
    rows = chosen_rows(options)
    comparison = Comparison(options)
    print(HEADER % ('row', 'server', 'figure', 'p50 us', 'p99 us', 'ratio', 'target', 'floor',
                    'speed', 'client', 'kreq/s', ''))
    everything = {}
    failures = 0
    try:
        for row in rows:
            try:
                everything[row.name] = comparison.run(row)
            except RuntimeError as error:
                failures += 1
                print('%s: FAILED: %s' % (row.name, error), file=sys.stderr)
                continue
            print_row(row, {kind: medians(rounds)
                            for kind, rounds in everything[row.name].items()})
    finally:
        comparison.servers.close()
    write_outputs(options, everything)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
