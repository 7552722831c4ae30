# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the comparison: what each loads, and the ratio to memcached it is to reach."""

from dataclasses import dataclass, field


@dataclass
class Row:
    name: str
    about: str
    load: dict                       # options of ember-bench
    server: dict = field(default_factory=dict)
    target: float = None             # Ember / memcached, in `figure`; at most, or at least for memory
    floor: float = None              # null server / memcached, as measured once (1.6.45)
    figure: str = 'server_cpu_us_per_request'
    mode: str = 'load'               # of ember-bench
    at_least: bool = False           # the target is a lower bound
    server_cpus: str = '0'
    slow: bool = False               # not in --quick


def load(connections=50, depth=1, **more):
    options = {'connections': connections, 'depth': depth}
    options.update(more)
    return options


TLS = {'tls': True}

ROWS = [
    Row('depth1', '50 connections, depth 1, 100 B, 90 % get', load(), target=0.85, floor=0.70),
    Row('depth16', '50 connections, depth 16', load(depth=16), target=0.5, floor=0.22),
    Row('multiget50', 'multiget of 50 keys', load(width=50), target=0.4, floor=0.10),
    Row('multiget50_5m', 'multiget of 50 over 5 million keys', load(width=50, keys=5000000),
        {'memory': 2048}, target=0.4, slow=True),
    Row('half_sets', 'depth 16, half sets', load(depth=16, read_ratio=0.5), target=0.55,
        floor=0.22),
    Row('meta', 'depth 16, mg and ms', load(depth=16, protocol='meta'), floor=0.23),
    Row('keys2m', 'depth 16 over 2 million keys', load(depth=16, keys=2000000), floor=0.21,
        slow=True),
    Row('value1k', 'depth 16, 1 KB values', load(depth=16, value_size=1000), {'value_size': 1000},
        floor=0.22),
    Row('value100k', 'depth 1, 100 KB values', load(value_size=100000, keys=1000),
        {'value_size': 100000}, target=0.75, floor=0.53),
    Row('conns1000', '1000 connections, depth 1', load(connections=1000), floor=0.67),
    Row('latency', '1 connection, depth 1: p50', load(connections=1), figure='latency_p50_us'),
    Row('workers2_depth1', 'two workers, depth 1', load(), {'threads': 2}, floor=0.68,
        server_cpus='0,1', slow=True),
    Row('workers2_depth16', 'two workers, depth 16', load(depth=16), {'threads': 2}, floor=0.27,
        server_cpus='0,1', slow=True),
    Row('workers2_multiget50', 'two workers, multiget of 50', load(width=50), {'threads': 2},
        floor=0.11, server_cpus='0,1', slow=True),
    Row('idle1000', '1000 idle connections: resident bytes each',
        {'connections': 1000, 'seconds': 1}, target=0.5, figure='bytes_per_connection',
        mode='idle'),
    Row('tls_depth1', 'TLS, depth 1', load(), TLS),
    Row('tls_depth16', 'TLS, depth 16', load(depth=16), TLS),
    Row('tls_multiget50', 'TLS, multiget of 50 keys', load(width=50), TLS),
    Row('tls_value100k', 'TLS, depth 1, 100 KB values', load(value_size=100000, keys=1000), TLS),
    Row('tls_idle1000', '1000 idle TLS connections: resident bytes each',
        {'connections': 1000, 'seconds': 1}, TLS, figure='bytes_per_connection', mode='idle'),
    Row('memory', '4 million items of 24 + 100 bytes: user bytes per resident byte',
        {'keys': 4000000, 'key_size': 24}, {'memory': 1024}, target=1.15, at_least=True,
        figure='user_bytes_per_resident_byte', mode='fill'),
    Row('memory_full', 'the same, filled until it evicts: user bytes held per resident byte',
        {'keys': 10000000, 'key_size': 24}, {'memory': 1024}, target=1.15, at_least=True,
        figure='user_bytes_per_resident_byte', mode='fill', slow=True),
]
