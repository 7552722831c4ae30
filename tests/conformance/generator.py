# SPDX-License-Identifier: BSD-3-Clause
"""Generator: random conversations, valid and invalid, over a few keys so that commands meet.

What it makes depends on the seed alone. It leaves out what Ember answers otherwise and rightly
(differences.md) and what depends on the clock (times to live are none, very long or over).
"""

import base64
import random

from transcript import Exchange

COUNTED_KEYS = [b"a", b"b", b"key", b"another-key", b"n1", b"n2"]
# Alone has values of several chunks: Ember does not count in those (differences.md).
LARGE_KEY = b"large"
KEYS = COUNTED_KEYS + [LARGE_KEY]
# Stored and named in base64 only: memcached echoes a key as it was stored, Ember as it was sent.
BINARY_KEYS = [b"c", b"\x00\xff\r\n "]
TTLS = [b"0", b"0", b"0", b"77777", b"-1"]
NUMBERS = [b"0", b"1", b"5", b"9", b"10", b"99", b"100", b"18446744073709551615",
           b"18446744073709551614", b"007", b"4294967296"]
BAD_TOKENS = [b"", b"!", b"1", b"-1", b"vv", b"O", b"k", b"T", b"Tz", b"0", b"noreply",
              b"99999999999999999999", b"k" * 251, b"b", b"Z", b"Mz",
              b"q q", b"+1", b"1.5", b"=", b"\xff\xfe"]
BAD_BYTES = b" 0!a\xff\n"  # NUL and tab: differences.md


class Pipeline(Exchange):
    """Commands that are sent together; minimising takes them apart."""

    def __init__(self, step, commands):
        super().__init__(step, pieces=[piece for command in commands for piece in command])
        self.commands = commands


class Generator:
    def __init__(self, seed):
        self._random = random.Random(seed)
        self._commands = [
            (12, self._get), (12, self._store), (3, self._cas), (6, self._arithmetic),
            (3, self._delete), (3, self._touch), (12, self._mg), (10, self._ms), (4, self._md),
            (6, self._ma), (1, self._rare)]

        # memcached pads a shorter number with blanks unless a reply that waits holds the item.
        self._pipelined = [(weight, make) for weight, make in self._commands
                           if make not in (self._arithmetic, self._ma)]

    def conversation(self, steps):
        return [self._exchange(step) for step in range(steps)]

    def _exchange(self, step):
        if self._chance(10):
            # By itself, and with the end of the stream behind it: else nobody knows where its
            # reply ends.
            return Exchange(step, pieces=self._damage(self._command()), half_close=True)
        count = self._random.choice([1, 1, 1, 1, 2, 3, 12])
        if count == 1:
            return Pipeline(step, [self._command()])
        return Pipeline(step, [self._command(among=self._pipelined) for _ in range(count)])

    def _command(self, among=None):
        among = among or self._commands
        weights = [weight for weight, _ in among]
        make = self._random.choices([make for _, make in among], weights)[0]
        return make()

    # Parts.

    def _key(self):
        return self._random.choice(KEYS)

    def _key_for(self, value):
        return LARGE_KEY if len(value) > 10000 else self._key()

    def _chance(self, percent):
        return self._random.random() * 100 < percent

    def _value(self):
        kind = self._random.randrange(12)
        if kind < 4:
            return self._random.choice(NUMBERS)
        if kind < 8:
            return b"value"[:self._random.randrange(6)]
        if kind == 8:
            return b"\r\nget a\r\n\x00\xff"
        if kind == 9:
            return b"x" * self._random.choice([100, 1000, 2047, 2048, 2049, 3000])
        if kind == 10 and self._chance(10):
            return b"large" * self._random.choice([4000, 20000, 100000])
        return b"12 "

    def _noreply(self):
        return b" noreply" if self._chance(10) else b""

    def _unique(self):
        # Right, or far from any: the next one may be another item's at one server and not at the other.
        step = self._random.choice([0, 0, 0, 1 << 40, 1 << 62])
        return ("cas", self._key(), step)

    def _meta_key(self, key=None):
        """`key`, or any, or now and then one in base64."""
        if key != LARGE_KEY and self._chance(12):
            return base64.b64encode(self._random.choice(BINARY_KEYS)), [[b"b"]]
        return key or self._key(), []

    def _flags(self, mandatory, optional):
        """The flags in random order, each a list of pieces; rarely one of them twice."""
        flags = mandatory + self._random.sample(optional, self._random.randrange(min(5, len(optional))))
        if any(flag[0][:1] == b"N" for flag in flags):
            # memcached keeps N and T in one place, and applies it in the order of the flags.
            flags = [flag for flag in flags if flag[0][:1] not in (b"T", b"t")]
        if [b"b"] in flags:
            # What memcached vivifies or appends to it names in plain.
            flags = [flag for flag in flags if flag[0][:1] not in (b"N", b"k")]
        if flags and self._chance(2):
            flags.append(self._random.choice(flags))
        self._random.shuffle(flags)
        pieces = []
        for flag in flags:
            pieces += [b" "] + flag
        return pieces

    # Commands: each a list of pieces; the line end is its own piece.

    def _get(self):
        verb = self._random.choice([b"get", b"gets", b"get", b"gat", b"gats"])
        keys = b" ".join(self._key() for _ in range(self._random.choice([1, 1, 2, 5])))
        ttl = self._random.choice(TTLS[:4]) + b" " if verb.startswith(b"gat") else b""
        return [verb + b" " + ttl + keys, b"\r\n"]

    def _store(self):
        verb = self._random.choice([b"set", b"set", b"add", b"replace", b"append", b"prepend"])
        value = self._value()
        line = b"%s %s %d %s %d%s" % (verb, self._key_for(value), self._random.choice([0, 1, 65536, 4294967295]),
                                      self._random.choice(TTLS), len(value), self._noreply())
        return [line, b"\r\n", value, b"\r\n"]

    def _cas(self):
        value = self._value()
        line = b"cas %s %d %s %d " % (self._key_for(value), self._random.randrange(9),
                                      self._random.choice(TTLS), len(value))
        return [line, self._unique(), self._noreply(), b"\r\n", value, b"\r\n"]

    def _arithmetic(self):
        verb = self._random.choice([b"incr", b"decr"])
        delta = self._random.choice(NUMBERS)
        return [b"%s %s %s%s" % (verb, self._random.choice(COUNTED_KEYS), delta, self._noreply()), b"\r\n"]

    def _delete(self):
        return [b"delete %s%s" % (self._key(), self._noreply()), b"\r\n"]

    def _touch(self):
        return [b"touch %s %s%s" % (self._key(), self._random.choice(TTLS), self._noreply()), b"\r\n"]

    def _ttl_flag(self):
        return [b"T" + self._random.choice(TTLS[:4])]

    def _mg(self):
        key, mandatory = self._meta_key()
        opaque = [b"O%d" % self._random.randrange(1000)]
        optional = [[b"v"], [b"v"], [b"k"], [b"t"], [b"f"], [b"s"], [b"c"], [b"l"], [b"u"],
                    [b"q"], opaque, [b"N77777"], [b"R90000"], [b"R30"], self._ttl_flag(), [b"Phint"]]
        return [b"mg " + key] + self._flags(mandatory, _distinct(optional)) + [b"\r\n"]

    def _ms(self):
        value = self._value()
        key, mandatory = self._meta_key(self._key_for(value))
        mode = [b"M" + self._random.choice([b"S", b"E", b"A", b"P", b"R"])]
        optional = [[b"k"], [b"c"], [b"q"], [b"O%d" % self._random.randrange(1000)], mode, [b"I"],
                    [b"F%d" % self._random.choice([0, 7, 4294967295])], self._ttl_flag(),
                    [b"C", self._unique()], [b"Lhint"]]
        return ([b"ms %s %d" % (key, len(value))] + self._flags(mandatory, optional)
                + [b"\r\n", value, b"\r\n"])

    def _md(self):
        key, mandatory = self._meta_key()
        optional = [[b"k"], [b"O%d" % self._random.randrange(1000)], [b"I"],
                    [b"C", self._unique()], self._ttl_flag()]
        return [b"md " + key] + self._flags(mandatory, optional) + [b"\r\n"]

    def _ma(self):
        key, mandatory = self._meta_key(self._random.choice(COUNTED_KEYS))
        optional = [[b"v"], [b"t"], [b"c"], [b"N77777"], [b"J" + self._random.choice(NUMBERS)],
                    [b"D" + self._random.choice(NUMBERS)], [b"C", self._unique()],
                    [b"M" + self._random.choice([b"I", b"D", b"+", b"-"])],
                    [b"k"], [b"O%d" % self._random.randrange(1000)]]
        return [b"ma " + key] + self._flags(mandatory, optional) + [b"\r\n"]

    def _rare(self):
        line = self._random.choice([b"mn", b"version", b"verbosity 0", b"", b"nonsense", b"get",
                                    b"flush_all", b"gat 0", b"set a", b"mg", b"ma"])
        return [line, b"\r\n"]

    # Damage.

    def _damage(self, pieces):
        """The same command with one thing wrong. CAS places are filled by now-wrong numbers."""
        pieces = [piece if isinstance(piece, bytes) else b"123456789012" for piece in pieces]
        end = pieces.index(b"\r\n")
        line, rest = b"".join(pieces[:end]), pieces[end:]
        if any(b" " + base64.b64encode(key) + b" " in line + b" " for key in BINARY_KEYS):
            return pieces  # what is after the padding of base64: differences.md
        if len(rest) > 2 and (len(rest[1]) > 1000 or b"\n" in rest[1]):
            return pieces  # memcached may take it for commands; Ember never does
        kind = self._random.randrange(6)
        if kind == 0:
            line = self._damage_token(line)
        elif kind in (1, 2):
            at = self._random.randrange(len(line) + 1)
            line = line[:at] + bytes([self._random.choice(BAD_BYTES)]) + line[at + kind - 1:]
        elif kind == 3:
            line += b" " + self._random.choice(BAD_TOKENS)
        elif kind == 4 and len(rest) > 2:
            rest[1] += self._random.choice([b"x", b"\r", b"\n", b"more than announced", b"\r\nget a"])
        elif len(rest) > 2 and not line.startswith(b"ms "):  # its error may wait for its value
            rest = [b"\r\n", rest[1][:len(rest[1]) // 2], b"\r\n"]
        return [line] + rest

    def _damage_token(self, line):
        tokens = line.split(b" ")
        at = self._random.randrange(len(tokens))
        tokens[at] = self._random.choice(BAD_TOKENS)
        return b" ".join(tokens)


def _distinct(flags):
    out = []
    for flag in flags:
        if flag[0][:1] not in [seen[0][:1] for seen in out]:
            out.append(flag)
    return out


def _escaped(data):
    out = []
    for byte in data:
        if byte in b"\r\n\\{}":
            out.append({13: "\\r", 10: "\\n", 92: "\\\\", 123: "\\{", 125: "\\}"}[byte])
        else:
            out.append(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
    return "".join(out)


def as_transcript(exchanges):
    """The text of a transcript that says the same; what is long is shortened by its repetition."""
    text = []
    for exchange in exchanges:
        line = ">> "
        for piece in exchange.pieces:
            if isinstance(piece, tuple):
                line += f"{{cas {piece[1].decode()} {piece[2]:+d}}}"
            elif len(piece) > 80 and len(set(piece)) == 1:
                line += f"{{{_escaped(piece[:1])}*{len(piece)}}}"
            elif len(piece) > 80 and piece == piece[:5] * (len(piece) // 5):
                line += f"{{{_escaped(piece[:5])}*{len(piece) // 5}}}"
            else:
                line += _escaped(piece)
        text.append(line + ("\neof\n" if exchange.half_close else "\n"))
    return "\n".join(text)
