# SPDX-License-Identifier: BSD-3-Clause
"""pylibmc (libmemcached) with a name and a password: HOST PORT NAME PASSWORD."""

import sys

import pylibmc

host, port, name, password = sys.argv[1:]
client = pylibmc.Client([f"{host}:{port}"], binary=True, username=name, password=password)
assert client.set("pylibmc", "value" * 1000)
assert client.get("pylibmc") == "value" * 1000
assert client.delete("pylibmc")
assert client.get("pylibmc") is None
