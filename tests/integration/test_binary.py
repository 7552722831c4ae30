# SPDX-License-Identifier: BSD-3-Clause
"""The binary protocol beside the text protocols: which connection speaks what, and real clients."""

import socket
import struct
import subprocess

import pytest

from server_process import free_port
from test_clients import need, need_python_module, run
from wire import ask, to_the_end

VERSION = 0x0b
STAT = 0x10


def request(opcode, key=b"", extras=b"", value=b""):
    body = extras + key + value
    return struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, len(body), 7, 0) + body


def answer(wire):
    """The next answer: status, key and value."""
    head = exactly(wire, 24)
    magic, _, key_size, extra_size, _, status, size, opaque, _ = struct.unpack(">BBHBBHIIQ", head)
    assert (magic, opaque) == (0x81, 7)
    body = exactly(wire, size)
    return status, body[extra_size:extra_size + key_size], body[extra_size + key_size:]


def exactly(wire, size):
    data = b""
    while len(data) < size:
        received = wire.recv(size - len(data))
        assert received, "closed within an answer"
        data += received
    return data


def version_of(wire):
    wire.sendall(request(VERSION))
    return answer(wire)


def settings(wire):
    wire.sendall(request(STAT, b"settings"))
    found = {}
    while True:
        status, name, value = answer(wire)
        assert status == 0
        if not name:
            return found
        found[name] = value


def test_both_on_one_port(start):
    server = start()
    with server.connect() as binary, server.connect() as text:
        assert ask(text, b"set a 5 0 3\r\none\r\n") == b"STORED\r\n"
        binary.sendall(request(0x0c, b"a"))
        assert answer(binary) == (0, b"a", b"one")
        assert version_of(binary)[0] == 0
        assert settings(binary)[b"binding_protocol"] == b"auto-negotiate"


def test_only_binary(start):
    """proto[binary], as -B binary for all: text is closed without a word."""
    port = free_port()
    server = start(["-l", f"proto[binary]:127.0.0.1:{port}"])
    with socket.create_connection((server.host, port), timeout=10) as text:
        text.sendall(b"version\r\n")
        assert to_the_end(text) == b""
    with socket.create_connection((server.host, port), timeout=10) as binary:
        assert version_of(binary)[0] == 0


def test_only_text(start):
    """-B ascii: 0x80 is a byte like others."""
    server = start(["-B", "ascii"])
    with server.connect() as wire:
        assert ask(wire, request(VERSION) + b"\r\n") == b"ERROR\r\n"


def test_memccapable(start):
    """libmemcached's own test of servers, its binary half."""
    need("memccapable")
    server = start()
    words = run(["memccapable", "-b", "-h", server.host, "-p", str(server.port), "-t", "20"])
    assert "All tests passed" in words


@pytest.mark.parametrize("tool", ["memcstat", "memcslap"])
def test_libmemcached_tools(start, tool):
    need(tool)
    server = start()
    more = ["--concurrency=2", "--execute-number=100"] if tool == "memcslap" else []
    run([tool, "--binary", f"--servers={server.host}:{server.port}", *more])


def test_pylibmc(start):
    need_python_module("pylibmc")
    server = start()
    run(["/usr/bin/python3", "-c", f"""
import pylibmc
client = pylibmc.Client(["{server.host}:{server.port}"], binary=True, behaviors={{"cas": True}})
assert client.set("a", b"one") and client.get("a") == b"one" and client.get("b") is None
assert not client.add("a", b"x") and client.append("a", b"-end") and client.prepend("a", b"begin-")
assert client.get("a") == b"begin-one-end"
value, unique = client.gets("a")
assert client.cas("a", b"two", unique)
many = {{f"many:{{i}}": f"value {{i}}" for i in range(3000)}}
assert client.set_multi(many) == [] and client.get_multi(list(many) + ["b"]) == many
assert client.set("n", 10) and client.incr("n", 5) == 15 and client.decr("n", 20) == 0
assert client.set("large", b"v" * 1000000) and client.get("large") == b"v" * 1000000
assert client.touch("a", 100) and client.delete("a") and not client.delete("a")
assert client.flush_all() and client.get("n") is None
"""])


def test_python_binary_memcached(start):
    need_python_module("bmemcached")
    server = start()
    run(["/usr/bin/python3", "-c", f"""
import bmemcached
client = bmemcached.Client(("{server.host}:{server.port}",))
assert client.set("a", "one") and client.get("a") == "one" and client.get("b") is None
many = {{f"many:{{i}}": f"value {{i}}" for i in range(1000)}}
client.set_multi(many)
assert client.get_multi(list(many)) == many
assert client.incr("n", 5, default=10) == 10 and client.incr("n", 5) == 15
assert client.set("large", "v" * 100000) and client.get("large") == "v" * 100000
assert client.delete("a") and client.get("a") is None
assert client.stats()["{server.host}:{server.port}"]["curr_items"]
"""])


def test_php(start):
    need("php")
    if "memcached" not in run(["php", "-m"]):
        pytest.skip("skipped, because php-memcached is not installed")
    server = start()
    assert run(["php", "-r", f"""
$m = new Memcached();
$m->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
$m->addServer("{server.host}", {server.port});
$ok = $m->set("a", "one") && $m->get("a") === "one" && $m->get("b") === false;
$ok = $ok && !$m->add("a", "x") && $m->increment("n", 5, 10) === 10 && $m->increment("n", 5) === 15;
$ok = $ok && $m->touch("a", 100) && $m->delete("a") && !$m->delete("a");
echo $ok ? "good" : "bad";
"""]) == "good"


def test_ruby(start):
    """dalli before 3.2 speaks nothing else."""
    need("ruby")
    if subprocess.run(["ruby", "-e", "require 'dalli'"], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("skipped, because ruby-dalli is not installed")
    server = start()
    assert run(["ruby", "-e", f"""
require 'dalli'
m = Dalli::Client.new('{server.host}:{server.port}', protocol: :binary)
m.flush
m.set('a', 'one')
good = m.get('a') == 'one' && m.get('b').nil? && !m.add('a', 'x')
100.times {{ |i| m.set("many:#{{i}}", i) }}
good &&= m.get_multi((0...110).map {{ |i| "many:#{{i}}" }}).size == 100
good &&= m.incr('n', 1, 0, 10) == 10 && m.incr('n', 5) == 15 && m.decr('n', 20) == 0
good &&= m.delete('a') && !m.delete('a') && m.stats.size == 1
puts good ? 'good' : 'bad'
"""]) == "good"
