# SPDX-License-Identifier: BSD-3-Clause
"""UDP: what clients get, what nobody gets, and the limits that keep Ember from being an amplifier."""

import functools
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import tempfile

import pytest

from server_process import free_port
from udp_wire import FRAME, UdpWire, udp_server
from wire import ask, eventually, stat, stats


@pytest.fixture
def serve(start):
    return functools.partial(udp_server, start)


def test_requests(serve):
    server = serve()
    with UdpWire(server.udp_port) as wire:
        assert wire.ask(b"set a 5 0 3\r\nabc\r\n") == b"STORED\r\n"
        assert wire.ask(b"get a none\r\n") == b"VALUE a 5 3\r\nabc\r\nEND\r\n"
        assert wire.ask(b"incr a 1\r\n").startswith(b"CLIENT_ERROR")
        assert wire.ask(b"mg a v f\r\n") == b"VA 3 f5\r\nabc\r\n"
        assert wire.ask(b"delete a\r\n") == b"DELETED\r\n"
        assert wire.ask(b"no such command\r\n") == b"ERROR\r\n"
        wire.send(b"set quiet 0 0 1 noreply\r\nx\r\n")
        assert wire.ask(b"get quiet\r\n") == b"VALUE quiet 0 1\r\nx\r\nEND\r\n"
    with server.connect() as tcp:
        assert ask(tcp, b"get quiet\r\n", b"END\r\n") == b"VALUE quiet 0 1\r\nx\r\nEND\r\n"


def test_several_commands_in_a_datagram(serve):
    """As memcached: a message for each command, all with the number of the request."""
    server = serve()
    with UdpWire(server.udp_port) as wire:
        number = wire.send(b"set a 0 0 1\r\nx\r\nget a\r\nmn\r\nget b\r\n")
        expected = [b"STORED\r\n", b"VALUE a 0 1\r\nx\r\nEND\r\n", b"MN\r\n", b"END\r\n"]
        assert [wire.message() for _ in expected] == [(number, text) for text in expected]
        assert wire.quiet()


@pytest.mark.parametrize("size", [1375, 1392, 1393, 5000, 60000])
def test_large_values(serve, size):
    server = serve()
    value = random.Random(size).randbytes(size)
    with UdpWire(server.udp_port) as wire:
        assert wire.ask(b"set a 0 0 %d\r\n" % size + value + b"\r\n") == b"STORED\r\n"
        assert wire.ask(b"get a\r\n") == b"VALUE a 0 %d\r\n" % size + value + b"\r\nEND\r\n"


def test_multiget_of_many_keys(serve):
    server = serve()
    with UdpWire(server.udp_port) as wire:
        for i in range(100):
            assert wire.ask(b"set k%d 0 0 100\r\n" % i + b"v" * 100 + b"\r\n") == b"STORED\r\n"
        text = wire.ask(b"get " + b" ".join(b"k%d" % i for i in range(200)) + b"\r\n")
    assert text.count(b"VALUE ") == 100
    assert text.endswith(b"END\r\n")


def test_same_bytes_as_memcached(serve, memcached):
    """Datagram by datagram, header and all; but for multigets, which memcached does not number."""
    port = free_port()
    # One thread: memcached's threads take a client's datagrams in any order.
    reference = memcached(["-U", str(port), "-t", "1"])
    server = serve(["-t", "1"])
    payloads = [b"set a 1 0 3\r\nabc\r\n", b"get a\r\n", b"gets none\r\n", b"get a\r\nmn\r\nget b\r\n",
                b"set big 0 0 9000\r\n" + b"b" * 9000 + b"\r\n", b"get big\r\n", b"touch a 0\r\n",
                b"incr a 1\r\n", b"what\r\n", b"\r\n\r\n", b"mg a s v\r\n", b"get " + b"k" * 300 + b"\r\n",
                b"add a 0 0 1\r\nx\r\n", b"set n 0 0 1 noreply\r\nx\r\nget n\r\n", b"delete a\r\n",
                b"verbosity 0\r\n", b"flush_all\r\n"]
    heard = []
    for each in (port, server.udp_port):
        got = []
        with UdpWire(each) as wire:
            for number, payload in enumerate(payloads):
                wire.send(payload, number)
                wire.send(b"mn\r\n", 9999)
                while True:
                    datagram = wire.wire.recv(1 << 16)
                    if FRAME.unpack_from(datagram)[0] == 9999:
                        break
                    got.append(datagram)
        heard.append(got)
    assert reference.alive()
    assert heard[1] == heard[0]


def test_libmemcached(serve, tmp_path):
    """memccp --udp sends without waiting for an answer, as libmemcached does over UDP."""
    if shutil.which("memccp") is None:
        pytest.skip("skipped, because memccp (libmemcached-tools) is not installed")
    server = serve()
    (tmp_path / "parcel").write_bytes(b"by libmemcached")
    done = subprocess.run(["memccp", "--udp", f"--servers=127.0.0.1:{server.udp_port}",
                           str(tmp_path / "parcel")], check=False, timeout=30)
    assert done.returncode == 0
    with UdpWire(server.udp_port) as wire:
        assert eventually(lambda: b"by libmemcached" in wire.ask(b"get parcel\r\n"))


def test_interleaved_clients(serve):
    """Two dozen clients at once on four threads: each gets its own."""
    server = serve(["-t", "4"])
    wires = [UdpWire(server.udp_port) for _ in range(24)]
    try:
        for _ in range(20):
            for i, wire in enumerate(wires):
                wire.send(b"set k%d 0 0 2000\r\n" % i + b"%04d" % i * 500 + b"\r\nget k%d\r\n" % i)
            for i, wire in enumerate(wires):
                assert wire.message()[1] == b"STORED\r\n"
                assert wire.message()[1] == (b"VALUE k%d 0 2000\r\n" % i + b"%04d" % i * 500 +
                                             b"\r\nEND\r\n")
    finally:
        for wire in wires:
            wire.wire.close()


def test_what_is_no_request(serve, only_ember):
    server = serve(["-t", "1"])
    noise = random.Random(7)
    with UdpWire(server.udp_port) as wire:
        for size in list(range(9)) + [100, 1400, 65000]:
            wire.send_raw(noise.randbytes(size) if size < 8 else
                          FRAME.pack(1, 0, 2, 0) + noise.randbytes(size - 8))
        wire.send(b"get a")
        wire.send(b"")
        wire.send(b"get a\r\n", total=0)
        wire.send(b"VALUE a 0 1\r\nx\r\nEND\r\n")
        wire.send(b"ERROR\r\n")
        assert wire.quiet()
        assert wire.ask(b"set a 0 0 10\r\nabc") == b"CLIENT_ERROR bad data chunk\r\n"
        # Of the datagram before, nothing is left.
        assert wire.ask(b"get a\r\n") == b"END\r\n"
    assert int(stat(server, "udp_ignored", "ember")) >= 15


def test_noise(serve):
    """Nothing a stranger sends ends the server or keeps others waiting."""
    server = serve()
    noise = random.Random(11)
    with UdpWire(server.udp_port) as stranger, UdpWire(server.udp_port) as wire:
        for i in range(2000):
            body = noise.randbytes(noise.randrange(200))
            if i % 3 == 0:
                body = noise.choice([b"set ", b"get ", b"mg ", b"ms ", b"\x80"]) + body + b"\r\n"
            stranger.send_raw(FRAME.pack(i, 0, 1, 0) + body)
            if i % 100 == 0:
                assert wire.quiet()
        assert wire.quiet()


def test_nobody_administers_by_udp(serve, only_ember):
    server = serve(["-A"])
    with UdpWire(server.udp_port) as wire:
        for line in (b"shutdown", b"watch fetchers", b"lru_crawler metadump all",
                     b"cache_memlimit 100"):
            assert wire.ask(line + b"\r\n") == b"CLIENT_ERROR not available over UDP\r\n"
        assert wire.ask(b"stats\r\n").startswith(b"STAT pid ")
        assert wire.ask(b"flush_all\r\n") == b"OK\r\n"
    assert server.alive()


def test_largest_reply(serve, only_ember):
    """-o udp_max_reply"""
    refusal = b"SERVER_ERROR reply too large for UDP\r\n"
    for kilobytes, large in ((1, False), (4, True)):
        server = serve(["-o", f"udp_max_reply={kilobytes}"])
        with UdpWire(server.udp_port) as wire:
            value = b"v" * 2000
            assert wire.ask(b"set a 0 0 2000\r\n" + value + b"\r\n") == b"STORED\r\n"
            expected = b"VALUE a 0 2000\r\n" + value + b"\r\nEND\r\n" if large else refusal
            assert wire.ask(b"get a\r\n") == expected
            assert wire.ask(b"get a a a\r\n") == refusal
            assert wire.quiet()


def test_rate(serve, only_ember):
    """-o udp_max_rate: beyond it replies are lost, commands are not, and TCP does not care."""
    server = serve(["-t", "1"], rate=10)
    with UdpWire(server.udp_port) as wire, server.connect() as tcp:
        wire.ask(b"set a 0 0 9000\r\n" + b"v" * 9000 + b"\r\n")
        for i in range(100):
            wire.send(b"set n 0 0 3 noreply\r\n%03d\r\nget a\r\n" % i)
        # Three times the request is free, so this one is always answered.
        wire.send(b"mn\r\n" * 1, 9999)
        answered = 0
        while (message := wire.message())[0] != 9999:
            answered += 1
            assert message[1].startswith(b"VALUE a 0 9000\r\n")
        assert answered < 50
        assert ask(tcp, b"get n\r\n", b"END\r\n") == b"VALUE n 0 3\r\n099\r\nEND\r\n"
        for _ in range(20):
            assert len(ask(tcp, b"get a\r\n", b"END\r\n")) > 9000
    assert int(stat(server, "udp_withheld", "ember")) == 100 - answered


def test_ports_of_services(serve, only_ember):
    """A reply to where a server may listen could begin an endless exchange."""
    server = serve(["-t", "1"])
    try:
        low = UdpWire(server.udp_port, source_port=free_low_port())
    except PermissionError:
        pytest.skip("skipped, because ports below 1024 need root")
    with low:
        low.send(b"get a\r\n")
        assert eventually(lambda: stat(server, "udp_ignored", "ember") == "1")
        assert not low.has_answer()


def free_low_port():
    for port in range(1023, 600, -1):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except PermissionError:
                return port
            except OSError:
                continue
    return pytest.skip("skipped, because no port below 1024 is free")


def test_two_servers_do_not_talk(serve, launch, only_ember):
    """A forged source is another Ember: it does not answer an answer."""
    first, second = serve(["-t", "1"]), serve(["-t", "1"])
    raw = raw_socket()
    payload = FRAME.pack(1, 0, 1, 0) + b"nonsense\r\n"
    header = struct.pack(">HHHH", second.udp_port, first.udp_port, 8 + len(payload), 0)
    raw.sendto(header + payload, ("127.0.0.1", 0))
    raw.close()
    assert eventually(lambda: stat(second, "udp_ignored", "ember") == "1")
    assert stat(first, "udp_received", "ember") == "1"
    assert stat(second, "udp_sent", "ember") == "0"


def raw_socket():
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    except PermissionError:
        return pytest.skip("skipped, because raw sockets need root")


def test_ipv6(launch):
    port = free_port("::1")
    server = launch(["-l", "::1", "-p", str(port), "-U", str(port)], plain=True).launch()
    with UdpWire(port, "::1") as wire:
        assert eventually(lambda: udp_answers(wire)), server.words()
        assert wire.ask(b"version\r\n").startswith(b"VERSION ")
    assert server.stop() == 0


def udp_answers(wire):
    """A closed port refuses at once; an open one answers."""
    try:
        return wire.ask(b"mn\r\n") == b"MN\r\n"
    except ConnectionRefusedError:
        return False


def test_addresses(launch):
    """Every address of -l has UDP, with its own port if it has one; answers come from there."""
    own, common = free_port(), free_port()
    server = launch(["-l", f"127.0.0.1:{own},127.0.0.2", "-p", str(common), "-U", str(common)],
                    plain=True).launch()
    for host, port in (("127.0.0.1", own), ("127.0.0.2", common)):
        with UdpWire(port, host) as wire:
            assert eventually(lambda: udp_answers(wire)), server.words()
    assert server.stop() == 0


def test_every_address(launch):
    port = free_port()
    server = launch(["-p", str(port), "-U", str(port)], plain=True).launch()
    for host in ("127.0.0.1", "127.0.0.3", "::1"):
        with UdpWire(port, host) as wire:
            assert eventually(lambda: udp_answers(wire)), server.words()
    assert server.stop() == 0


@pytest.fixture
def open_folder():
    """A folder the server's own user may write to."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield pathlib.Path(name)


def test_udp_alone(launch, open_folder):
    """-p 0: no TCP. -U -1: any port, which the port file tells."""
    name = open_folder / "ports"
    server = launch(["-l", "127.0.0.1", "-p", "0", "-U", "-1"], plain=True,
                    environment={"MEMCACHED_PORT_FILENAME": str(name)}).launch()
    assert eventually(name.exists), server.words()
    words = name.read_text(encoding="ascii")
    assert words.startswith("UDP INET: ") and words.count("\n") == 1
    with UdpWire(int(words.split(": ")[1])) as wire:
        assert eventually(lambda: udp_answers(wire))
    assert server.stop() == 0


def test_without_p_tcp_has_the_same_port(launch):
    port = free_port()
    server = launch(["-l", "127.0.0.1", "-U", str(port)], plain=True).launch()
    with UdpWire(port) as wire:
        assert eventually(lambda: udp_answers(wire)), server.words()
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert server.stop() == 0


def test_port_taken(serve, launch, only_ember):
    first = serve()
    second = launch(["-l", "127.0.0.1", "-p", str(free_port()), "-U", str(first.udp_port)],
                    plain=True).launch()
    assert second.wait(20) != 0
    assert "in use" in second.words() and "udp:" in second.words()


def test_off_by_default(launch):
    port = free_port()
    server = launch(["-l", "127.0.0.1", "-p", str(port)], plain=True).launch()
    server.port = port
    assert eventually(server.answers), server.words()
    with UdpWire(port) as wire:
        wire.wire.settimeout(0.5)
        with pytest.raises((ConnectionRefusedError, socket.timeout)):
            wire.ask(b"mn\r\n")
    assert stat(server, "udpport", "settings") == "0"
    assert server.stop() == 0


def test_stats(serve, memcached):
    """Sockets are counted and shown as memcached does."""
    arguments = ["-t", "3"]
    server = serve(arguments)
    port = free_port()
    reference = memcached(arguments + ["-U", str(port)])

    # The one by which the harness saw that the server answers may still be closing.
    assert eventually(lambda: stat(server, "curr_connections") == stat(reference, "curr_connections"))
    # The most there were at a time: one more where the harness came back before it was closed.
    for each in (server, reference):
        assert int(stat(each, "connection_structures")) >= int(stat(each, "curr_connections"))
    assert stat(server, "udpport", "settings") == str(server.udp_port)
    assert stat(server, "num_threads_per_udp", "settings") == "3"
    for each, udp_port in ((server, server.udp_port), (reference, port)):
        rows = stats(each, "conns")
        numbers = [name.split(":")[0] for name, value in rows if name.endswith(":UDP")]
        assert len(numbers) == 3
        for number in numbers:
            row = [(name.split(":", 1)[1], value.strip()) for name, value in rows
                   if name.startswith(number + ":")]
            assert row[:3] == [("UDP", "UDP"), ("addr", f"udp:127.0.0.1:{udp_port}"),
                               ("state", "conn_read")]
            assert [name for name, _ in row[3:]] == ["secs_since_last_cmd"]


def test_memory_file(serve, tmpfs_folder, only_ember):
    """What was stored by UDP comes back as anything else does."""
    arguments = ["--memory-file", os.path.join(tmpfs_folder, "cache")]
    first = serve(arguments)
    with UdpWire(first.udp_port) as wire:
        for i in range(50):
            assert wire.ask(b"set k%d 0 0 1000\r\n" % i + b"%04d" % i * 250 + b"\r\n") == b"STORED\r\n"
    assert first.stop() == 0
    second = serve(arguments)
    with UdpWire(second.udp_port) as wire:
        for i in range(50):
            assert wire.ask(b"get k%d\r\n" % i) == (b"VALUE k%d 0 1000\r\n" % i +
                                                    b"%04d" % i * 250 + b"\r\nEND\r\n")
