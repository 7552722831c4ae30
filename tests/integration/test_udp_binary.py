# SPDX-License-Identifier: BSD-3-Clause
"""UDP in the binary protocol, beside memcached."""

import functools
import struct

import pytest

from server_process import free_port
from udp_wire import FRAME, UdpWire, udp_server


@pytest.fixture
def serve(start):
    return functools.partial(udp_server, start)


def binary(opcode, key=b"", extras=b"", value=b"", opaque=0):
    body = extras + key + value
    return struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, len(body), opaque,
                       0) + body


def test_binary_protocol(serve, memcached):
    """The same datagrams as memcached's, of binary requests."""
    port = free_port()
    reference = memcached(["-U", str(port), "-t", "1"])
    server = serve(["-t", "1"])
    flags = struct.pack(">II", 5, 0)
    payloads = [binary(0x01, b"a", flags, b"abc", 7), binary(0x00, b"a", opaque=8),
                binary(0x00, b"none"), binary(0x09, b"none") + binary(0x0a, opaque=9),
                binary(0x01, b"big", flags, b"b" * 5000), binary(0x0c, b"big"),
                binary(0x11, b"q", flags, b"x") + binary(0x00, b"q"), binary(0x04, b"a"),
                binary(0x05, b"n", struct.pack(">QQI", 1, 41, 0)), binary(0x77)]
    heard = []
    for each in (port, server.udp_port):
        got = []
        with UdpWire(each) as wire:
            for number, payload in enumerate(payloads):
                wire.send(payload, number)
                wire.send(b"mn\r\n", 9999)
                while FRAME.unpack_from(datagram := wire.wire.recv(1 << 16))[0] != 9999:
                    # Where there is nothing to say memcached sends a bare frame.
                    if len(datagram) > FRAME.size:
                        got.append(without_cas(datagram))
        heard.append(got)
    assert reference.alive()
    assert heard[1] == heard[0]


def without_cas(datagram):
    """CAS values are each server's own."""
    starts = FRAME.unpack_from(datagram)[1] == 0 and datagram[FRAME.size] == 0x81
    return datagram[:24] + bytes(8) + datagram[32:] if starts else datagram
