# SPDX-License-Identifier: BSD-3-Clause
"""pylibmc (libmemcached, text protocol): HOST PORT LARGEST. Exits non-zero on a wrong answer."""

import sys
import time

import pylibmc

host, port, largest = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
checks = 0


def same(got, expected, what):
    global checks
    checks += 1
    if got != expected:
        sys.exit(f"{what}: got {str(got)[:200]!r}, expected {str(expected)[:200]!r}")


for behaviors in ({"cas": True}, {"cas": True, "tcp_nodelay": True, "no_block": True},
                  {"cas": True, "verify_keys": True, "buffer_requests": False}):
    client = pylibmc.Client([f"{host}:{port}"], binary=False, behaviors=behaviors)
    client.flush_all()
    same(client.set("a", b"one"), True, "set")
    same(client.get("a"), b"one", "get")
    same(client.get("nothing"), None, "miss")
    same(client.add("a", b"x"), False, "add of a present key")
    same(client.add("b", b"two"), True, "add")
    same(client.replace("c", b"x"), False, "replace of an absent key")
    same(client.append("b", b"-end"), True, "append")
    same(client.prepend("b", b"begin-"), True, "prepend")
    same(client.get("b"), b"begin-two-end", "get after append and prepend")
    same(client.set("object", {"list": [1, 2.5, "three"]}), True, "set of a pickled object")
    same(client.get("object"), {"list": [1, 2.5, "three"]}, "get of a pickled object")
    same(client.set("text", "\u00e4\u20ac"), True, "set of text")
    same(client.get("text"), "\u00e4\u20ac", "get of text")

    value, unique = client.gets("a")
    same(value, b"one", "gets")
    same(client.cas("a", b"two", unique), True, "cas")
    same(client.cas("a", b"three", unique), False, "cas with an old unique")
    same(client.get("a"), b"two", "get after cas")

    same(client.set("n", 10), True, "set of a number")
    same(client.incr("n", 5), 15, "incr")
    same(client.decr("n", 20), 0, "decr below zero")
    same(client.get("n"), 0, "get of the counter")
    try:
        client.incr("nothing")
        sys.exit("incr of an absent key succeeded")
    except pylibmc.NotFound:
        checks += 1

    same(client.delete("a"), True, "delete")
    same(client.delete("a"), False, "delete again")
    same(client.touch("b", 1000), True, "touch")

    many = {f"many:{i}": f"value {i}" for i in range(3000)}
    same(client.set_multi(many), [], "set_multi")
    same(client.get_multi(list(many) + ["nothing"]), many, "get_multi")
    same(client.get_multi([str(i) for i in range(1000)], key_prefix="many:"),
         {str(i): f"value {i}" for i in range(1000)}, "get_multi with a prefix")
    same(client.delete_multi([f"many:{i}" for i in range(1500)]), True, "delete_multi")
    same(len(client.get_multi(list(many))), 1500, "what is left")

    for size in (1, 5000, 100000, 1000000, largest - 1000):
        if size < largest:
            same(client.set("large", b"v" * size), True, f"set of {size} bytes")
            same(client.get("large"), b"v" * size, f"get of {size} bytes")

    same(client.set("soon", "x", time=1), True, "set with a time to live")
    time.sleep(2.2)
    same(client.get("soon"), None, "get after its time")
    same(len(client.get_stats()), 1, "stats")
    client.disconnect_all()
print(f"{checks} checks")
