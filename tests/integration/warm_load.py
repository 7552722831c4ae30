# SPDX-License-Identifier: BSD-3-Clause
"""Load on a server that is about to die, and the judgement of what it holds when it is back.

One thread drives many connections, each with keys of its own and dozens of requests in flight, so
that a key's order of operations is known. Every reply is checked against warm_model as it comes.
When the server is gone, requests without a reply may have happened or not; all else is certain.
"""

import collections
import random
import select
import time

from warm_model import after, as_state, describe, parse_seen, perhaps, text_of

BATCH = 40  # requests in flight on a connection
LARGE_KEYS = 2
LONG = 100000  # seconds to live, far beyond a test


def value_of(key, version, size):
    """Every piece of it says which key and version it is of."""
    unit = b"%s.%d;" % (key, version)
    return (unit * (size // len(unit) + 1))[:size]


class Pipe:
    """One connection: what is sent, what is awaited, what has come."""

    def __init__(self, number):
        self.number = number
        self.wire = None
        self.awaited = []  # operations sent and not answered, oldest first
        self.head = None  # of an mg reply whose value is still to come
        self.received = b""
        self.to_send = memoryview(b"")
        self.flush_overlaps = 0  # of the awaited, how many a flush_all may have come amid

    def open(self, server):
        self.wire = server.connect()
        self.wire.setblocking(False)
        self.awaited, self.received, self.head = [], b"", None
        self.to_send, self.flush_overlaps = memoryview(b""), 0

    def send(self):
        """Returns whether more is to be sent."""
        while self.to_send:
            try:
                self.to_send = self.to_send[self.wire.send(self.to_send):]
            except BlockingIOError:
                return True
        return False

    def replies(self):
        """Complete replies received, each bytes or, for mg, a Seen or None; False: closed."""
        try:
            data = self.wire.recv(1 << 18)
        except BlockingIOError:
            return []
        except ConnectionError:
            data = b""
        if not data:
            return False
        lines = (self.received + data).split(b"\r\n")
        self.received = lines.pop()
        ready = []
        for line in lines:
            if self.head is not None:
                ready.append(parse_seen(self.head, line))
                self.head = None
            elif line.startswith(b"VA "):
                self.head = line
            else:
                ready.append(None if line == b"EN" else line)
        return ready


class Load:
    """The whole life of the keys, over any number of servers on one memory file."""

    def __init__(self, seed, pipes=24, keys=1200):
        self.random = random.Random(seed)
        self.pipes = [Pipe(n) for n in range(pipes)]
        self.keys = [self._keys_of(n, keys) for n in range(pipes)]
        self.states = {}  # key: the states it may be in; no entry: it holds nothing
        self.history = collections.defaultdict(lambda: collections.deque(maxlen=6))
        self.version = 0
        self.highest_cas = 0
        self.acknowledged = 0
        self.complaints = []
        self.flush_wire = None  # while a flush_all is not answered
        self.amid_flush = set()  # keys with an operation in flight meanwhile

    @staticmethod
    def _keys_of(pipe, count):
        names = [(family, b"%s%d-%d" % (family.encode(), pipe, n)) for family, share in
                 (("value", 75), ("count", 15), ("short", 5), ("marked", 5))
                 for n in range(count * share // 100)]
        return names + [("large", b"large%d-%d" % (pipe, n)) for n in range(LARGE_KEYS)]

    # --- what is sent

    def _operation(self, pipe, now):
        family, key = self.random.choice(self.keys[pipe])
        self.version += 1
        dice = self.random.random()
        if family == "large":
            return self._large(key, dice)
        if dice < 0.1:
            return ("delete", key)
        if dice < 0.16:
            return ("mg", key)
        if dice < 0.22:
            return ("touch", key, self._expiry(family, now))
        flags = self.version & 0xffff
        if family == "count":
            if dice < 0.35:
                return ("set", key, flags, 0, b"%d" % (self.version * 1000))
            return ("incr", key, 1 + self.version % 50) if dice < 0.85 else ("decr", key, 3)
        if family == "marked" and dice < 0.4:
            return ("md", key, now + LONG)
        size = 1 + int(self.random.random() ** 3 * 600)
        value = value_of(key, self.version, size)
        if family == "value" and dice < 0.32:
            return ("append" if dice < 0.27 else "prepend", key, value[:20])
        kind = ("add" if dice < 0.4 else "replace") if 0.36 < dice < 0.44 else "set"
        if dice > 0.8:
            kind = "ms"
        return (kind, key, flags, self._expiry(family, now), value)

    def _large(self, key, dice):
        if dice < 0.2:
            return ("delete", key)
        if dice < 0.35:
            return ("append", key, b"+%d" % self.version)
        size = int(self.random.choice((30000, 120000, 300000, 700000)) *
                   (0.7 + 0.6 * self.random.random()))
        return ("set", key, self.version & 0xffff, 0, value_of(key, self.version, size))

    def _expiry(self, family, now):
        if family == "short":
            return now + self.random.randint(1, 8)
        return 0 if self.random.random() < 0.5 else now + LONG + self.random.randint(0, LONG)

    def _feed(self, pipe):
        now = int(time.time())
        pipe.awaited = [self._operation(pipe.number, now) for _ in range(BATCH)]
        pipe.to_send = memoryview(b"".join(map(text_of, pipe.awaited)))
        if self.flush_wire:
            pipe.flush_overlaps = BATCH
            self.amid_flush.update(op[1] for op in pipe.awaited)

    # --- a server's life

    def run(self, server, flush_after=None):
        """Feeds the server until every connection is closed; somebody else ends it."""
        poll, by_number, self.flush_wire = select.poll(), {}, None
        for pipe in self.pipes:
            pipe.open(server)
            self._feed(pipe)
            by_number[pipe.wire.fileno()] = pipe
            poll.register(pipe.wire, select.POLLIN | select.POLLOUT)
        flush_time = time.monotonic() + flush_after if flush_after else None
        while by_number:
            for number, _ in poll.poll(100):
                pipe = by_number[number]
                if not self._turn(pipe, poll):
                    poll.unregister(number)
                    del by_number[number]
            if flush_time and time.monotonic() > flush_time:
                flush_time = None
                self._flush(server)
            if self.flush_wire and select.select([self.flush_wire], [], [], 0)[0]:
                self._flushed()
        self._unanswered()

    def _turn(self, pipe, poll):
        """What one connection has to do. False: it is closed."""
        try:
            more = pipe.send()
        except ConnectionError:
            more = False  # replies may still be there to be read
        replies = pipe.replies()
        if replies is False:
            return False
        if replies:
            self._take(pipe, replies)
        if not pipe.awaited:
            self._feed(pipe)
            more = True
        poll.modify(pipe.wire, select.POLLIN | (select.POLLOUT if more else 0))
        return True

    def _take(self, pipe, replies):
        now = int(time.time())
        for op, reply in zip(pipe.awaited, replies):
            key = op[1]
            states = self.states.get(key, [None])
            overlapped = pipe.flush_overlaps > 0
            if overlapped:
                pipe.flush_overlaps -= 1
                states = states + [None]
            self.history[key].append((op, reply, now))
            left = after(op, states, reply, now)
            if not left:
                self._complain(f"{text_of(op)[:100]!r} answered {str(reply)[:200]}", key, states)
            if op[0] == "ms" and reply and reply.startswith(b"HD c"):
                self.highest_cas = max(self.highest_cas, int(reply[4:]))
            self._know(key, left + [None] if overlapped else left)
        self.acknowledged += len(replies)
        del pipe.awaited[:len(replies)]

    def _flush(self, server):
        """From here until it is answered a flush_all may come between any two operations."""
        try:
            self.flush_wire = server.connect()
            self.flush_wire.sendall(b"flush_all\r\n")
        except OSError:
            self.flush_wire = None  # gone before it was sent
            return
        for pipe in self.pipes:
            pipe.flush_overlaps = len(pipe.awaited)
        self.amid_flush = {op[1] for pipe in self.pipes for op in pipe.awaited}

    def _flushed(self):
        try:
            answered = self.flush_wire.recv(100) == b"OK\r\n"
        except OSError:
            answered = False
        for key, states in list(self.states.items()):
            certain = answered and key not in self.amid_flush
            self._know(key, [None] if certain else states + [None])
        self.flush_wire.close()
        self.flush_wire = None

    def _unanswered(self):
        """The server is gone: what was in flight may have happened, in order, up to any point."""
        if self.flush_wire:
            self._flushed()
        for pipe in self.pipes:
            pipe.wire.close()
            for op in pipe.awaited:
                self.history[op[1]].append((op, "was not answered", int(time.time())))
                states = perhaps(op, self.states.get(op[1], [None]))
                self._know(op[1], states + [None] if pipe.flush_overlaps else states)
            pipe.awaited = []

    def _know(self, key, states):
        if any(state is not None for state in states):
            self.states[key] = list(dict.fromkeys(states))
        else:
            self.states.pop(key, None)

    def _complain(self, what, key, states):
        self.complaints.append(f"{key.decode()}: {what}; possible: "
                               + " | ".join(map(describe, states[:8])) + "; lately: "
                               + "; ".join(f"{text_of(op)[:60]!r} {str(reply)[:60]} at {now}"
                                           for op, reply, now in self.history[key]))

    # --- the judgement

    def judge(self, server):
        """Reads every key there ever was; returns how many items there are. See `complaints`."""
        names = [key for keys in self.keys for _, key in keys]
        found = 0
        with server.connect(timeout=30) as wire:
            for first in range(0, len(names), 500):
                found += self._judge_some(wire, names[first:first + 500])
            wire.sendall(b"ms judge 1 c\r\nx\r\n")
            cas = int(wire.recv(100)[4:])
            if cas <= self.highest_cas:
                self.complaints.append(f"CAS went back: {cas} after {self.highest_cas}")
            self.highest_cas = cas
        return found

    def _judge_some(self, wire, names):
        wire.sendall(b"".join(b"mg %s f t c v\r\n" % key for key in names) + b"mn\r\n")
        data = bytearray()
        while not data.endswith(b"MN\r\n"):
            received = wire.recv(1 << 20)
            assert received, "the server closed the connection while its items were read"
            data += received
        now, lines, found = int(time.time()), iter(data.split(b"\r\n")), 0
        for key in names:
            head = bytes(next(lines))
            assert head == b"EN" or head.startswith(b"VA "), head
            seen = None if head == b"EN" else parse_seen(head, bytes(next(lines)))
            states = self.states.get(key, [None])
            left = after(("mg", key), states, seen, now)
            if not left:
                self._complain(f"holds {describe(seen)} at {now}", key, states)
                left = [seen and as_state(seen, now)]  # one complaint a fault
            found += seen is not None
            self._know(key, left)
        return found
