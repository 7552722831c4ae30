# SPDX-License-Identifier: BSD-3-Clause
"""UdpWire: a client of memcached's UDP protocol, as strict as the protocol lets it be; its server."""

import select
import socket
import struct

from server_process import free_port

FRAME = struct.Struct(">HHHH")
DATAGRAM = 1400


def udp_server(start, arguments=(), rate=0):
    """A server that speaks UDP, by itself without a limit to what it answers."""
    port = free_port()
    server = start(["-U", str(port), "-o", f"udp_max_rate={rate}"] + list(arguments))
    server.udp_port = port
    return server


class UdpWire:
    def __init__(self, port, host="127.0.0.1", source_port=0):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.wire = socket.socket(family, socket.SOCK_DGRAM)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.wire.bind(("::1" if ":" in host else "127.0.0.1", source_port))
        # Connected: an answer from any other address or port is not heard.
        self.wire.connect((host, port))
        self.wire.settimeout(10)
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wire.close()

    def send_raw(self, datagram):
        self.wire.send(datagram)

    def send(self, payload, number=None, sequence=0, total=1):
        if number is None:
            self.number = number = (self.number + 1) % 65536
        self.wire.send(FRAME.pack(number, sequence, total, 0) + payload)
        return number

    def message(self):
        """The next reply, all of its datagrams in order: (number, text)."""
        text, number, total = b"", None, 1
        sequence = 0
        while sequence < total:
            datagram = self.wire.recv(1 << 16)
            assert len(datagram) <= DATAGRAM
            head = FRAME.unpack_from(datagram)
            assert head[1] == sequence and head[3] == 0, head
            if sequence == 0:
                number, total = head[0], head[2]
            assert head[0] == number and head[2] == total, head
            assert sequence + 1 == total or len(datagram) == DATAGRAM
            text += datagram[FRAME.size:]
            sequence += 1
        return number, text

    def ask(self, payload):
        number = self.send(payload)
        answered, text = self.message()
        assert answered == number
        return text

    def quiet(self):
        """What has come so far was answered, and nothing else: a last question is the next answer."""
        return self.ask(b"mn\r\n") == b"MN\r\n"

    def has_answer(self):
        return bool(select.select([self.wire], [], [], 0)[0])
