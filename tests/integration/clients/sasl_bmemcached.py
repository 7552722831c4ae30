# SPDX-License-Identifier: BSD-3-Clause
"""python3-binary-memcached with a name and a password: HOST PORT NAME PASSWORD."""

import sys

import bmemcached

host, port, name, password = sys.argv[1:]
client = bmemcached.Client((f"{host}:{port}",), name, password)
assert client.set("bmemcached", "value" * 1000)
assert client.get("bmemcached") == "value" * 1000
assert client.delete("bmemcached")
assert client.get("bmemcached") is None
