# SPDX-License-Identifier: BSD-3-Clause
"""Stopping: what is in flight is answered, the exit code is 0, and it does not take long."""

import os
import signal
import threading
import time

import pytest

from wire import ask, to_the_end, until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signal(launch, only_ember, number):
    server = launch().start()
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
        began = time.monotonic()
        os.kill(server.pid, number)
        assert server.wait(10) == 0
        assert time.monotonic() - began < 5
        assert to_the_end(wire) == b""


def test_stop_with_idle_connections(launch):
    server = launch(["-c", "600"]).start()
    wires = [server.connect() for _ in range(500)]
    half = server.connect()
    half.sendall(b"set a 0 0 1000\r\nhalf")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 8
    for wire in wires:
        wire.close()


def test_stop_under_load(launch, only_ember):
    """Every reply a client got is whole, and what was sent before the signal is answered."""
    server = launch(["-t", "2"]).start()
    stop = threading.Event()
    problems = []

    def client(number):
        batch = b"set key%d 0 0 5\r\nvalue\r\nget key%d\r\n" % (number, number) * 10
        answer = (b"STORED\r\nVALUE key%d 0 5\r\nvalue\r\nEND\r\n" % number) * 10
        with server.connect() as wire:
            while not stop.is_set():
                try:
                    wire.sendall(batch)
                    got = b""
                    while len(got) < len(answer):
                        received = wire.recv(1 << 16)
                        if not received:
                            break
                        got += received
                except ConnectionError:
                    return
                if got != answer:
                    if got and not answer.startswith(got):
                        problems.append((number, got[:200]))
                    return

    clients = [threading.Thread(target=client, args=(i,)) for i in range(16)]
    for thread in clients:
        thread.start()
    time.sleep(1)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 8
    stop.set()
    for thread in clients:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert problems == []


def test_what_was_sent_before_the_stop_is_answered(launch, only_ember):
    server = launch().start()
    with server.connect() as wire:
        ask(wire, b"set a 0 0 1\r\nx\r\n")
        wire.sendall(b"get a\r\n" * 1000)
        until(wire, b"END\r\n")  # it is at work on them
        os.kill(server.pid, signal.SIGTERM)
        rest = to_the_end(wire)
        assert server.wait(10) == 0
        assert rest.endswith(b"END\r\n") or rest == b""


def test_start_again_at_once(launch):
    """The port is free as soon as the process is gone, connections or not."""
    server = launch().start()
    with server.connect() as wire:
        ask(wire, b"version\r\n")
        assert server.stop() == 0
        again = launch()
        again.arguments[1] = str(server.port)
        again.port = server.port
        again.start()
        assert again.stop() == 0
