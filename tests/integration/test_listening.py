# SPDX-License-Identifier: BSD-3-Clause
"""Where the server listens: unix sockets, IPv6, several addresses, ports that are taken or any."""

import os
import shutil
import socket
import stat as modes
import subprocess
import tempfile

import pytest

from server_process import free_port
from wire import ask, eventually, to_the_end


@pytest.fixture
def folder():
    """A folder the server's own user may write to."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield name


def speaks(address, family):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as wire:
            wire.settimeout(5)
            wire.connect(address)
            return ask(wire, b"version\r\n").startswith(b"VERSION")
    except OSError:
        return False


def refuses(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        return wire.connect_ex(path) != 0


def ends_well(server):
    assert server.alive(), server.words()
    assert server.stop() == 0


@pytest.mark.parametrize("mask,expected", [("700", 0o700), ("0777", 0o777), ("770", 0o770)])
def test_unix_socket(launch, folder, mask, expected):
    path = os.path.join(folder, "socket")
    server = launch(["-s", path, "-a", mask], plain=True).launch()
    assert eventually(lambda: speaks(path, socket.AF_UNIX)), server.words()
    assert modes.S_IMODE(os.stat(path).st_mode) == expected
    ends_well(server)


def test_unix_socket_left_behind(launch, folder):
    """A socket file of a server that was killed does not stop the next one."""
    path = os.path.join(folder, "socket")
    first = launch(["-s", path], plain=True).launch()
    assert eventually(lambda: speaks(path, socket.AF_UNIX)), first.words()
    first.kill()
    # io_uring's descriptors outlive a killed process for a moment.
    assert eventually(lambda: refuses(path))
    second = launch(["-s", path], plain=True).launch()
    assert eventually(lambda: speaks(path, socket.AF_UNIX)), second.words()
    ends_well(second)


def test_ipv6(launch):
    port = free_port("::1")
    server = launch(["-l", "::1", "-p", str(port)], plain=True).launch()
    assert eventually(lambda: speaks(("::1", port), socket.AF_INET6)), server.words()
    ends_well(server)


@pytest.mark.parametrize("form", ["list", "twice"])
def test_several_addresses(launch, form):
    port = free_port()
    several = {"list": ["-l", "127.0.0.1,::1"], "twice": ["-l", "127.0.0.1", "-l", "::1"]}[form]
    server = launch(several + ["-p", str(port)], plain=True).launch()
    assert eventually(lambda: speaks(("127.0.0.1", port), socket.AF_INET)), server.words()
    assert speaks(("::1", port), socket.AF_INET6)
    ends_well(server)


def test_addresses_with_ports(launch):
    ports = [free_port(), free_port()]
    server = launch(["-l", f"127.0.0.1:{ports[0]},127.0.0.2:{ports[1]},[::1]:{ports[0]}"],
                    plain=True).launch()
    assert eventually(lambda: speaks(("127.0.0.1", ports[0]), socket.AF_INET)), server.words()
    assert speaks(("127.0.0.2", ports[1]), socket.AF_INET)
    assert speaks(("::1", ports[0]), socket.AF_INET6)
    assert not speaks(("127.0.0.1", ports[1]), socket.AF_INET)
    ends_well(server)


def test_protocol_of_a_listener(launch):
    """proto[ascii] holds for its own listener: only there is 0x80 a byte like others."""
    plain, ascii_only = free_port(), free_port()
    server = launch(["-l", f"127.0.0.1:{plain},proto[ascii]:tag[a]:127.0.0.1:{ascii_only}"],
                    plain=True).launch()
    assert eventually(lambda: speaks(("127.0.0.1", ascii_only), socket.AF_INET)), server.words()
    replies = {}
    for port in (plain, ascii_only):
        with socket.create_connection(("127.0.0.1", port)) as wire:
            wire.settimeout(5)
            # A whole binary request (version) that ends as a line would.
            wire.sendall(b"\x80\x0b" + bytes(20) + b"\r\n")
            wire.shutdown(socket.SHUT_WR)
            replies[port] = to_the_end(wire)
    assert replies[ascii_only].startswith(b"ERROR\r\n")
    assert not replies[plain].startswith(b"ERROR")
    ends_well(server)


def test_prefix_that_is_none(launch):
    server = launch(["-l", f"proto[http]:127.0.0.1:{free_port()}"], plain=True).launch()
    assert server.wait(10) == 71
    assert "proto[http]" in server.words()


def test_any_address(launch):
    port = free_port()
    server = launch(["-p", str(port)], plain=True).launch()
    assert eventually(lambda: speaks(("127.0.0.1", port), socket.AF_INET)), server.words()
    assert speaks(("::1", port), socket.AF_INET6)
    ends_well(server)


@pytest.mark.parametrize("port", ["0", "-1"])
def test_port_file(launch, folder, port):
    """MEMCACHED_PORT_FILENAME tells which port the system chose."""
    name = os.path.join(folder, "ports")
    server = launch(["-l", "127.0.0.1", "-p", port, "-U", "0"], plain=True,
                    environment={"MEMCACHED_PORT_FILENAME": name}).launch()
    if port == "0":
        # memcached takes 0 for "no TCP": nothing listens, so it ends or waits; -1 is "any port".
        assert eventually(lambda: os.path.exists(name) or not server.alive(), 3) or server.alive()
        return
    assert eventually(lambda: os.path.exists(name)), server.words()
    with open(name, encoding="ascii") as ports:
        word, number = ports.readline().split(": ")
    assert word == "TCP INET"
    assert speaks(("127.0.0.1", int(number)), socket.AF_INET)
    ends_well(server)


def mark_of(path):
    """SO_MARK of the server's end of a connection, as the kernel tells it."""
    told = subprocess.run(["ss", "-Htnpe", "state", "listening"], capture_output=True, text=True,
                          check=False).stdout
    return [line for line in told.splitlines() if path in line]


def test_marked_sockets(launch):
    """-o sock_cookie_id marks what the server listens on, for firewalls, or says that it may not."""
    port = free_port()
    arguments = ["-l", "127.0.0.1", "-p", str(port), "-o", "sock_cookie_id=77"]
    server = launch(arguments, plain=True).launch()
    assert eventually(lambda: speaks(("127.0.0.1", port), socket.AF_INET)), server.words()
    if "cannot mark sockets" not in server.words():
        if shutil.which("ss") is None:
            pytest.skip("skipped, because ss (iproute2) is not installed")
        assert any("fwmark:0x4d" in line for line in mark_of(f"127.0.0.1:{port}"))
    ends_well(server)


def test_socket_of_a_successor(launch, folder):
    """A server that ends leaves the socket file alone that another has put in its place."""
    path = os.path.join(folder, "socket")
    first = launch(["-s", path], plain=True).launch()
    assert eventually(lambda: speaks(path, socket.AF_UNIX)), first.words()
    os.unlink(path)
    second = launch(["-s", path], plain=True).launch()
    assert eventually(lambda: speaks(path, socket.AF_UNIX)), second.words()
    ends_well(first)
    assert speaks(path, socket.AF_UNIX)
    ends_well(second)
    assert not os.path.exists(path)


def test_no_tcp(launch):
    """-p 0: no TCP, even where -l has a port."""
    ports = [free_port(), free_port()]
    server = launch(["-l", f"127.0.0.1:{ports[0]}", "-p", "0", "-U", str(ports[1])],
                    plain=True).launch()
    assert eventually(lambda: "listening on udp:" in server.words())
    assert not speaks(("127.0.0.1", ports[0]), socket.AF_INET)
    ends_well(server)


def test_port_taken(start, launch):
    """A taken port ends the start with an error that names it."""
    first = start()
    second = launch(["-l", "127.0.0.1", "-p", str(first.port)], plain=True).launch()
    assert second.wait(10) != 0
    assert "in use" in second.words()


@pytest.mark.parametrize("address", ["999.1.1.1", "no-such-host.invalid", "127.0.0.1:99999"])
def test_address_that_is_none(launch, address):
    server = launch(["-l", address, "-p", str(free_port())], plain=True).launch()
    assert server.wait(30) != 0
    assert server.words().strip()
