# SPDX-License-Identifier: BSD-3-Clause
"""Random conversations give memcached's replies; one that does not is made short and printed."""

import base64
import time

import pytest

import generator
from player import Player

RESET = generator.Exchange(0, pieces=(
    [b"delete %s noreply\r\n" % key for key in generator.KEYS]
    + [b"md %s b q\r\n" % base64.b64encode(key) for key in generator.BINARY_KEYS]))
MINIMISE_SECONDS = 60


def first_mismatch(conversation, servers, differences):
    """Plays until something differs; returns (steps played, Mismatch) or None."""
    player = Player(*servers, differences)
    try:
        for peer in player.peers():
            peer.ask(RESET.pieces)
        for step, exchange in enumerate(conversation):
            mismatch = player.exchange(exchange, f"step {step}")
            if mismatch:
                return step + 1, mismatch
        return None
    finally:
        player.close()


def minimise(conversation, servers, differences):
    """Leaves out what is not needed for a difference, larger parts first."""
    deadline = time.monotonic() + MINIMISE_SECONDS
    singly = [generator.Pipeline(exchange.line, [command]) for exchange in conversation
              for command in getattr(exchange, "commands", [])]
    if first_mismatch(singly, servers, differences):
        conversation = singly
    part = len(conversation) // 2
    while part and time.monotonic() < deadline:
        at = 0
        while at < len(conversation) and time.monotonic() < deadline:
            shorter = conversation[:at] + conversation[at + part:]
            found = first_mismatch(shorter, servers, differences)
            if found:
                conversation = shorter[:found[0]]
            else:
                at += part
        part //= 2
    return conversation


def test_random_conversations(request, reference, subject, differences):
    rounds, steps = request.config.option.rounds, request.config.option.steps
    first = request.config.option.seed
    first = int(time.time()) if first is None else first
    print(f"seeds {first} to {first + rounds - 1}: again with --seed={first} --rounds={rounds}")
    servers = (reference(), subject())
    for seed in range(first, first + rounds):
        conversation = generator.Generator(seed).conversation(steps)
        found = first_mismatch(conversation, servers, differences)
        if found:
            shortest = minimise(conversation[:found[0]], servers, differences)
            again = first_mismatch(shortest, servers, differences)
            pytest.fail(f"seed {seed}: {again[1] if again else found[1]}\n"
                        f"As a transcript:\n\n{generator.as_transcript(shortest)}", pytrace=False)
