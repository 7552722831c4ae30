# SPDX-License-Identifier: BSD-3-Clause
"""What a cache must answer to a command, and hold after it, for one key. The judge of restarts.

A State is what one key holds, or None. An operation is a tuple (kind, key, ...). `after` says which
states a key can be in once a reply was seen; `perhaps` adds those in which an operation that was
never answered may have left it.
"""

from typing import NamedTuple, Optional

CLOCK_SLACK = 2  # seconds: the server's clock ticks once a second, and so does the test's


class State(NamedTuple):
    value: bytes
    flags: int = 0
    expires: int = 0  # Unix time; 0 is never
    stale: bool = False
    cas: int = 0  # 0: not told


class Seen(NamedTuple):
    """An item as `mg key f t c v` showed it."""
    value: bytes
    flags: int
    ttl: int
    stale: bool
    cas: int


def text_of(op):
    """The bytes to send."""
    kind, key = op[0], op[1]
    if kind in STORING:
        flags, expires, value = op[2:5]
        return b"%s %s %d %d %d\r\n%s\r\n" % (kind.encode(), key, flags, expires, len(value), value)
    if kind == "ms":
        flags, expires, value = op[2:5]
        tail = b" T%d" % (expires,) if expires else b""
        return b"ms %s %d c F%d%s\r\n%s\r\n" % (key, len(value), flags, tail, value)
    if kind in ("append", "prepend"):
        return b"%s %s 0 0 %d\r\n%s\r\n" % (kind.encode(), key, len(op[2]), op[2])
    return FORMS[kind] % op[1:]


FORMS = {"delete": b"delete %s\r\n", "incr": b"incr %s %d\r\n", "decr": b"decr %s %d\r\n",
         "touch": b"touch %s %d\r\n", "md": b"md %s I T%d\r\n", "mg": b"mg %s f t c v\r\n"}
STORING = ("set", "add", "replace")


def apply(op, state):
    """(reply, the state after) of an operation on a key in `state`. None as reply: see `agrees`."""
    kind = op[0]
    if kind == "set":
        return b"STORED", State(op[4], op[2], op[3])
    if kind == "ms":
        return b"HD", State(op[4], op[2], op[3])
    if kind == "mg":
        return None, state
    if state is None:
        if kind == "add":
            return b"STORED", State(op[4], op[2], op[3])
        return MISSING[kind], None
    if kind == "delete":
        return b"DELETED", None
    if kind in ("incr", "decr"):
        number = int(state.value) + (op[2] if kind == "incr" else -op[2])
        value = b"%d" % max(number, 0)
        return value, state._replace(value=value, cas=0)
    if kind == "touch":
        return b"TOUCHED", state._replace(expires=op[2])
    if kind == "append":
        return b"STORED", state._replace(value=state.value + op[2], cas=0)
    if kind == "prepend":
        return b"STORED", state._replace(value=op[2] + state.value, cas=0)
    if kind == "add":
        return b"NOT_STORED", state
    if kind == "replace":
        return b"STORED", State(op[4], op[2], op[3])
    assert kind == "md", kind
    return b"HD", state._replace(stale=True, expires=op[2], cas=0)


MISSING = {"delete": b"NOT_FOUND", "incr": b"NOT_FOUND", "decr": b"NOT_FOUND",
           "touch": b"NOT_FOUND", "md": b"NF", "append": b"NOT_STORED", "prepend": b"NOT_STORED",
           "replace": b"NOT_STORED"}


def agrees(seen, state, now):
    """Whether a state explains what `mg` showed (None: nothing)."""
    if seen is None or state is None:
        return seen is None and state is None
    if seen.value.rstrip(b" ") != state.value and seen.value != state.value:
        return False
    if seen.flags != state.flags or seen.stale != state.stale:
        return False
    if state.cas and seen.cas != state.cas:
        return False
    if not state.expires:
        return seen.ttl == -1
    return abs(state.expires - now - seen.ttl) <= CLOCK_SLACK


def with_expiry(states, now):
    """The states a key may be in by now, given those it was in."""
    if all(state is None or not state.expires or state.expires > now + CLOCK_SLACK
           for state in states):
        return states
    aged = []
    for state in states:
        if state is None or not state.expires or state.expires > now - CLOCK_SLACK:
            aged.append(state)
        if state is not None and state.expires and state.expires < now + CLOCK_SLACK:
            aged.append(None)
    return aged


def after(op, states, reply, now):
    """The states that explain `reply` (bytes; a Seen or None for mg). Empty: nothing does."""
    states = with_expiry(states, now)
    if op[0] == "mg":
        # What was seen is what is: its CAS is known from here on.
        return [state if state is None else state._replace(cas=reply.cas) for state in states
                if agrees(reply, state, now)]
    told, cas = reply, 0
    if op[0] == "ms" and reply.startswith(b"HD c"):
        told, cas = b"HD", int(reply[4:])
    left = []
    for state in states:
        expected, new = apply(op, state)
        if expected == told:
            left.append(new._replace(cas=cas) if cas else new)
    return left


def perhaps(op, states):
    """The states a key may be in when `op` was sent and not answered."""
    return states + [apply(op, state)[1] for state in states]


def parse_seen(head, body):
    """`VA size flags...` and the value, as a Seen; None for EN."""
    if head == b"EN":
        return None
    fields = {word[:1]: word[1:] for word in head.split(b" ")[2:]}
    return Seen(body, int(fields[b"f"]), int(fields[b"t"]), b"X" in fields, int(fields[b"c"]))


def as_state(seen, now):
    expires = 0 if seen.ttl == -1 else now + seen.ttl
    return State(seen.value.rstrip(b" "), seen.flags, expires, seen.stale, seen.cas)


def describe(state: Optional[tuple]):
    if state is None:
        return "nothing"
    value = state.value if len(state.value) < 60 else state.value[:40] + b"... %d" % len(state.value)
    return f"{value!r} " + " ".join(f"{name}={part}" for name, part in
                                    zip(state._fields[1:], state[1:]))
