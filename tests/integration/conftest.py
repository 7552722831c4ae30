# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the integration tests: a server on a free port, with either poller."""

import pathlib
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))

from server_process import (ServerProcess, ember_binary, is_ember,  # noqa: E402
                            memcached_binary, poller_arguments, pollers, refusal_of_uring)

from warm_cache import SEED, folder_on  # noqa: E402


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"EMBER_SEED={SEED}")


def pytest_generate_tests(metafunc):
    if "poller" in metafunc.fixturenames:
        if not ember_binary():
            pytest.exit("EMBER_BIN does not name the server to test", returncode=2)
        # A suite to which the poller makes no difference names the one it wants.
        wanted = getattr(metafunc.module, "POLLERS", None) or pollers(ember_binary())
        metafunc.parametrize("poller", wanted, scope="session")


@pytest.fixture(scope="session")
def arguments_of_poller(poller):
    if poller == "uring":
        refusal = refusal_of_uring(ember_binary())
        if refusal:
            pytest.skip(f"skipped, because io_uring is refused here: {refusal[:200]}")
    return poller_arguments(poller)


@pytest.fixture
def launch(arguments_of_poller):
    """Makes servers of any arguments, not started; what still runs afterwards is killed."""
    made = []

    def make(arguments=(), **how):
        server = ServerProcess(ember_binary(), arguments_of_poller + list(arguments), **how)
        made.append(server)
        return server

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def start(launch):
    """Starts servers; whatever the test did to one, it must still end with 0 on SIGTERM."""
    started = []

    def make(arguments=(), **how):
        server = launch(arguments, **how).start()
        started.append(server)
        return server

    yield make
    for server in started:
        if server.process.returncode is None:
            assert server.alive(), f"the server ended by itself: {server.words()[-2000:]}"
            assert server.stop() == 0


@pytest.fixture
def memcached():
    """Starts Debian's memcached, to compare with."""
    if memcached_binary() is None:
        pytest.skip("skipped, because memcached is not installed")
    started = []

    def make(arguments=()):
        server = ServerProcess(memcached_binary(), arguments).start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.kill()


@pytest.fixture
def only_ember():
    if not is_ember(ember_binary()):
        pytest.skip("skipped, because the server under test is memcached, not Ember")


def _folder(kind):
    folder, refusal = folder_on(kind)
    if refusal:
        pytest.skip(refusal)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tmpfs_folder():
    yield from _folder("tmpfs")


@pytest.fixture(params=["tmpfs", "disk"])
def folder(request):
    """For a memory file: on tmpfs, and on whatever the disk has."""
    yield from _folder(request.param)
