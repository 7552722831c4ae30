# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the conformance tests: the reference, the server under test, the differences."""

import pytest

import differences as difference_list
from server_process import (ServerProcess, ember_binary, is_ember, memcached_binary,
                            poller_arguments, pollers, refusal_of_uring)


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=8, help="random conversations per poller")
    parser.addoption("--steps", type=int, default=400, help="commands in a random conversation")
    parser.addoption("--seed", type=int, default=None,
                     help="the first seed (default: the time)")


def pytest_generate_tests(metafunc):
    if "poller" in metafunc.fixturenames:
        binary = ember_binary()
        if not binary:
            pytest.exit("EMBER_BIN does not name the server to test", returncode=2)
        metafunc.parametrize("poller", pollers(binary), scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name == "test_listed_differences_exist")


@pytest.fixture(scope="session")
def subject_arguments(poller):
    if poller == "uring":
        refusal = refusal_of_uring(ember_binary())
        if refusal:
            pytest.skip(f"skipped, because io_uring is refused here: {refusal[:200]}")
    return poller_arguments(poller)


@pytest.fixture
def subject(subject_arguments):
    """Starts the server under test with extra arguments; it must end with 0 on SIGTERM."""
    started = []

    def start(arguments=()):
        server = ServerProcess(ember_binary(), subject_arguments + list(arguments)).start()
        started.append(server)
        return server

    yield start
    for server in started:
        assert server.alive(), f"the server ended by itself: {server.words()[-2000:]}"
        assert server.stop() == 0


@pytest.fixture
def reference():
    """Starts memcached with extra arguments.

    Without its maintainer thread: that one holds items it is about to move, and decr pads a shorter
    number with blanks only in an item nobody holds, so the same requests gave different bytes.
    """
    if memcached_binary() is None:
        pytest.skip("skipped, because memcached is not installed")
    started = []

    def start(arguments=()):
        server = ServerProcess(
            memcached_binary(), ["-o", "no_lru_maintainer"] + list(arguments)).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture(scope="session")
def differences():
    return difference_list.Differences()


@pytest.fixture(scope="session")
def subject_is_ember():
    return is_ember(ember_binary())
