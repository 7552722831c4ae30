# SPDX-License-Identifier: BSD-3-Clause
"""pymemcache against a server: HOST PORT LARGEST. Exits non-zero on the first wrong answer."""

import sys
import time

from pymemcache.client.base import Client
from pymemcache.client.hash import HashClient
from pymemcache.exceptions import MemcacheServerError

host, port, largest = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
checks = 0


def same(got, expected, what):
    global checks
    checks += 1
    if got != expected:
        sys.exit(f"{what}: got {str(got)[:200]!r}, expected {str(expected)[:200]!r}")


client = Client((host, port), default_noreply=False, timeout=20)
same(client.set("a", b"one"), True, "set")
same(client.get("a"), b"one", "get")
same(client.get("nothing"), None, "miss")
same(client.get("nothing", b"default"), b"default", "miss with default")
same(client.add("a", b"two"), False, "add of a present key")
same(client.add("b", b"two"), True, "add")
same(client.replace("c", b"x"), False, "replace of an absent key")
same(client.replace("b", b"three"), True, "replace")
same(client.append("b", b"-end"), True, "append")
same(client.prepend("b", b"begin-"), True, "prepend")
same(client.get("b"), b"begin-three-end", "get after append and prepend")
same(client.append("c", b"x"), False, "append to an absent key")
same(client.set("empty", b""), True, "set of nothing")
same(client.get("empty"), b"", "get of nothing")
same(client.set("raw", bytes(range(256)) * 4 + b"\r\nEND\r\n"), True, "set of any bytes")
same(client.get("raw"), bytes(range(256)) * 4 + b"\r\nEND\r\n", "get of any bytes")
same(client.set("k" * 250, b"long"), True, "set of the longest key")
same(client.get("k" * 250), b"long", "get of the longest key")

value, unique = client.gets("a")
same(value, b"one", "gets")
same(client.cas("a", b"1", str(int(unique) + 1000)), False, "cas with a wrong unique")
same(client.cas("a", b"2", unique), True, "cas")
same(client.cas("a", b"3", unique), False, "cas with an old unique")
same(client.cas("nothing", b"3", unique), None, "cas of an absent key")
same(client.get("a"), b"2", "get after cas")

same(client.set("n", b"10"), True, "set of a number")
same(client.incr("n", 5), 15, "incr")
same(client.decr("n", 6), 9, "decr")
same(client.decr("n", 100), 0, "decr below zero")
same(client.incr("nothing", 1), None, "incr of an absent key")
same(client.set("n", b"18446744073709551615"), True, "set of the largest number")
same(client.incr("n", 1), 0, "incr wraps")

same(client.delete("a"), True, "delete")
same(client.delete("a"), False, "delete again")
same(client.touch("b", 1000), True, "touch")
same(client.touch("a", 1000), False, "touch of an absent key")

many = {f"many:{i}": b"value %d" % i for i in range(5000)}
same(client.set_many(many), [], "set_many")
same(client.get_many(list(many)), {k: v for k, v in many.items()}, "get_many")
same(len(client.gets_many(list(many)[:1000])), 1000, "gets_many")
same(client.set_many(many, noreply=True), [], "set_many without replies")
for i in range(0, 5000, 7):
    same(client.get(f"many:{i}"), b"value %d" % i, f"get of key {i}")
same(client.delete_many(list(many)[:2500]), True, "delete_many")
same(len(client.get_many(list(many))), 2500, "what is left")

for size in (1, 1000, 2048, 16384, 100000, 524288, 1000000, largest - 1000):
    if size < largest:
        value = (b"%08d" % size) * (size // 8 + 1)
        same(client.set("large", value[:size]), True, f"set of {size} bytes")
        same(client.get("large"), value[:size], f"get of {size} bytes")
try:
    client.set("large", b"x" * (largest + 1))
    sys.exit("a value over the limit was stored")
except MemcacheServerError as error:
    same("too large" in str(error), True, "words for a value over the limit")
same(client.get("large"), None, "the old value after one over the limit")

same(client.set("soon", b"x", expire=1), True, "set with a time to live")
same(client.set("later", b"x", expire=1000), True, "set with a long time to live")
same(client.set("never", b"x", expire=-1), True, "set already expired")
same(client.get("never"), None, "get of what was already expired")
time.sleep(2.2)
same(client.get("soon"), None, "get after its time")
same(client.get("later"), b"x", "get before its time")

hashed = HashClient([(host, port)], timeout=20)
same(hashed.set_many({f"h{i}": b"%d" % i for i in range(100)}), [], "HashClient.set_many")
same(len(hashed.get_many([f"h{i}" for i in range(200)])), 100, "HashClient.get_many")

same(b"cmd_get" in client.stats(), True, "stats")
same(client.version() != b"", True, "version")
same(client.flush_all(), True, "flush_all")
same(client.get("later"), None, "get after flush_all")
same(client.quit(), None, "quit")
print(f"{checks} checks")
