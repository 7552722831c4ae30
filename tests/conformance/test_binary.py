# SPDX-License-Identifier: BSD-3-Clause
"""Random binary conversations give memcached's answers, byte for byte but for the CAS, which must
correspond one to one. What Ember answers otherwise on purpose (protocol/README.md) is left out:
verbosity, bodies of unknown opcodes, values behind touch and gat."""

import random
import struct
import time

import pytest

HEADER = struct.Struct(">BBHBBHIIQ")
END_OPAQUE = 0x77777777
NOOP = 0x0a
KEYS = [b"a", b"b", b"key", b"n1", b"n2", b"\0 \r\n", b"k" * 250]
NUMBERS = [0, 1, 5, 9, 10, 99, 2**32, 2**64 - 1]
TIMES = [0, 0, 0, 77777, 100000000, 0x80000000]
RETRIEVALS = [0x00, 0x09, 0x0c, 0x0d]
TOUCHES = [0x1c, 0x1d, 0x1e, 0x23, 0x24]
STORES = [0x01, 0x11, 0x02, 0x12, 0x03, 0x13]
JOINS = [0x0e, 0x19, 0x0f, 0x1a]


def request(opcode, key=b"", extras=b"", value=b"", cas=0, opaque=0):
    body = extras + key + value
    return HEADER.pack(0x80, opcode, len(key), len(extras), 0, 0, len(body), opaque, cas) + body


class Conversation:
    """One server's side: answers with each CAS replaced by the order it was first seen in."""

    def __init__(self, server):
        self._server = server
        self._wire = None
        self._numbers = {0: 0}
        self._cas_of = [0]

    def cas(self, number):
        return self._cas_of[number % len(self._cas_of)]

    def ask(self, bytes_sent):
        if self._wire is None:
            self._wire = self._server.connect()
        self._wire.sendall(bytes_sent + request(NOOP, opaque=END_OPAQUE))
        answers = []
        while True:
            head = self._exactly(HEADER.size)
            if head is None:
                self._wire.close()
                self._wire = None
                return answers + ["closed"]
            magic, opcode, key_size, extra_size, kind, status, size, opaque, cas = HEADER.unpack(head)
            body = self._exactly(size)
            if opaque == END_OPAQUE:
                return answers
            if cas not in self._numbers:
                self._numbers[cas] = len(self._cas_of)
                self._cas_of.append(cas)
            answers.append((magic, opcode, key_size, extra_size, kind, status, opaque,
                            self._numbers[cas], body))

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                received = self._wire.recv(size - len(data))
            except ConnectionError:
                received = b""
            if not received:
                return None
            data += received
        return data

    def close(self):
        if self._wire is not None:
            self._wire.close()


class Generator:
    def __init__(self, seed):
        self._random = random.Random(seed)

    def exchange(self):
        """Requests as functions of a conversation, which knows its server's CAS numbers."""
        if self._random.random() < 0.05:
            return [self._wrong()]
        count = self._random.choice([1, 1, 1, 2, 12])
        if count == 1:
            return [self._right(range(11))]
        # memcached pads a shorter number with blanks unless a reply that waits holds the item.
        return [self._right([0, 1, 2, 3, 4, 5, 6, 7, 8, 10]) for _ in range(count)]

    def _right(self, kinds):
        pick = self._random.choice
        key, opaque = pick(KEYS), self._random.randrange(2**31)
        which = pick([0, 0, 0, 1, 2, 3, self._random.randrange(1000)])
        kind = pick(kinds)
        value = pick([b"", b"value", b"10", b"99", b"x" * 2048, b"x" * 2049, b"y" * 20000, b" 5"])
        exptime = struct.pack(">I", pick(TIMES))
        if kind < 3:
            return lambda c: request(pick_fixed(RETRIEVALS, opaque), key, opaque=opaque)
        if kind < 6:
            extras = struct.pack(">I", opaque % 5) + exptime
            return lambda c: request(pick_fixed(STORES, opaque), key, extras, value, c.cas(which), opaque)
        if kind == 6:
            return lambda c: request(pick_fixed(JOINS, opaque), key, b"", value[:100], c.cas(which), opaque)
        if kind == 7:
            return lambda c: request(pick_fixed(TOUCHES, opaque), key, exptime, opaque=opaque)
        if kind == 8:
            return lambda c: request(pick_fixed([0x04, 0x14], opaque), key, cas=c.cas(which), opaque=opaque)
        if kind == 9:
            extras = struct.pack(">QQI", pick(NUMBERS), pick(NUMBERS), pick([0, 77777, 0xffffffff]))
            return lambda c: request(pick_fixed([0x05, 0x15], opaque), key, extras, b"", c.cas(which), opaque)
        return lambda c: request(pick_fixed([NOOP, 0x08, 0x18, 0x20, 0x1f, 0x60], opaque), opaque=opaque)

    def _wrong(self):
        """A request that closes: sizes that are not its opcode's."""
        opcode = self._random.choice(RETRIEVALS + STORES + JOINS + [0x04, 0x05, 0x07, 0x08, 0x0a, 0x0b])
        key = self._random.choice([b"", b"a", b"k" * 251])
        extras = self._random.choice([b"1", b"123", b"12345", b"1" * 21])
        return lambda c: request(opcode, key, extras)


def pick_fixed(choices, number):
    return choices[number % len(choices)]


@pytest.fixture
def conversations(reference, subject):
    made = [Conversation(reference()), Conversation(subject())]
    yield made
    for each in made:
        each.close()


def test_random_conversations(request_seed, conversations):
    generator = Generator(request_seed)
    for step in range(1500):
        makers = generator.exchange()
        sent = [b"".join(make(each) for make in makers) for each in conversations]
        answers = [each.ask(one) for each, one in zip(conversations, sent)]
        assert answers[0] == answers[1], f"seed {request_seed}, step {step}: sent {sent[1]!r:.600}"


@pytest.fixture
def request_seed(request):
    seed = request.config.option.seed
    seed = int(time.time()) if seed is None else seed
    print(f"again with --seed={seed}")
    return seed
