#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Fixed, seeded cache-aside traces against Ember and memcached at equal -m, beside LRU, S3-FIFO and
Belady's optimum on paper. Every hit's value is verified. bench/README.md says what the traces are."""

import argparse
import json
import os
import subprocess
import sys

from servers import ROOT, Servers

TRACES = ['zipf', 'scan', 'onehit', 'shift', 'ttl']
LOAD_CPU = '1'


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--traces', default=','.join(TRACES))
    parser.add_argument('--servers', default='ember,memcached')
    parser.add_argument('--requests', type=int, default=2000000)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--memory', type=int, default=64, help='MiB (-m)')
    parser.add_argument('--footprint', type=int, default=256, help='MiB of all distinct items')
    parser.add_argument('--in-process', action='store_true', help="also Ember's store by itself")
    parser.add_argument('--bin', default=os.path.join(ROOT, 'build/release/bin'))
    parser.add_argument('--memcached', default='memcached')
    parser.add_argument('--port', type=int, default=23450)
    parser.add_argument('--json', help='write the miss ratios')
    return parser.parse_args()


def replay(servers, options, trace, arguments):
    """{cache: miss ratio} as ember-missratio prints it."""
    command = ['taskset', '-c', LOAD_CPU, servers.program('ember-missratio'), '--traces=' + trace,
               '--requests=%d' % options.requests, '--seed=%d' % options.seed,
               '--memory_mb=%d' % options.memory, '--footprint_mb=%d' % options.footprint]
    done = subprocess.run(command + arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit('%s: %s' % (' '.join(command + arguments), done.stderr.strip()))
    ratios = {}
    for line in done.stdout.splitlines()[1:]:
        fields = line.split()
        ratios[fields[1]] = float(fields[3])
        if fields[5] != '0':
            print('%s, %s: %s sets were refused' % (fields[0], fields[1], fields[5]))
    return ratios


def replay_to(servers, options, trace, kind):
    server = servers.start(kind, {'memory': options.memory}, '0')
    try:
        return replay(servers, options, trace,
                      ['--nopolicies', '--server=' + server.address])['server']
    finally:
        server.stop()


def main():
    options = parse_arguments()
    servers = Servers(options.bin, options.memcached, options.port)
    kinds = options.servers.split(',')
    everything = {}
    for trace in options.traces.split(','):
        row = {kind: replay_to(servers, options, trace, kind) for kind in kinds}
        row.update(replay(servers, options, trace,
                          ['--in_process'] if options.in_process else []))
        if not everything:
            print('%-8s' % 'trace' + ''.join('%13s' % name for name in row) + '  verdict')
        everything[trace] = row
        judged = ''
        if 'memcached' in row and kinds[0] != 'memcached':
            judged = 'ok' if row[kinds[0]] <= row['memcached'] else 'ABOVE memcached'
        print('%-8s' % trace + ''.join('%13.4f' % value for value in row.values()) + '  ' + judged)
        sys.stdout.flush()
    if options.json:
        with open(options.json, 'w') as file:
            json.dump(everything, file, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
