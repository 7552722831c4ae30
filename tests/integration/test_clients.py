# SPDX-License-Identifier: BSD-3-Clause
"""Real clients of many languages use the server without noticing."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest

from certificates import Certificates
from server_process import free_port
from tls_relay import TlsRelay

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / "clients"
SKIPPED = 77
MIB = 1 << 20


def run(command, environment=None):
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False,
                          env=dict(os.environ, **(environment or {})))
    words = (done.stdout + done.stderr).strip()
    if done.returncode == SKIPPED:
        pytest.skip(f"skipped, because {words}")
    assert done.returncode == 0, words[-3000:]
    return words


def need(program):
    if shutil.which(program) is None:
        pytest.skip(f"skipped, because {program} is not installed")


def need_python_module(name):
    if subprocess.run(["/usr/bin/python3", "-c", f"import {name}"], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip(f"skipped, because Debian's python3-{name} is not installed")


@pytest.fixture(params=["1m", "8m", "tls"])
def target(request, start, launch, certificates):
    """A server and the largest value it takes, as the clients' arguments. Few clients speak TLS:
    theirs goes through a relay that does, as people put stunnel before them."""
    if request.param == "tls":
        with tls_server(launch, certificates) as port:
            with TlsRelay("127.0.0.1", port, certificates.client()) as relay:
                yield ["127.0.0.1", str(relay.port), str(MIB)]
        return
    server = start(["-I", request.param, "-m", "256"])
    yield [server.host, str(server.port), str(int(request.param[:-1]) * MIB)]


@contextlib.contextmanager
def tls_server(launch, certificates):
    """A server with a TLS port, which is what this gives, and one without for the harness."""
    plain, tls = free_port(), free_port()
    server = launch(["-Z", "-o", certificates.server_options(), "-m", "256", "-l",
                     f"notls:127.0.0.1:{plain},127.0.0.1:{tls}"], plain=True)
    server.port = plain
    server.start()
    yield tls
    assert server.stop() == 0, server.words()[-2000:]


@pytest.fixture
def certificates():
    made = Certificates()
    yield made
    made.remove()


def test_pymemcache(target):
    need_python_module("pymemcache")
    assert "checks" in run(["/usr/bin/python3", str(PROGRAMS / "pymemcache_client.py"), *target])


def test_pylibmc(target):
    need_python_module("pylibmc")
    assert "checks" in run(["/usr/bin/python3", str(PROGRAMS / "pylibmc_client.py"), *target])


def test_php(target):
    need("php")
    if "memcached" not in run(["php", "-m"]):
        pytest.skip("skipped, because php-memcached is not installed")
    assert "checks" in run(["php", str(PROGRAMS / "client.php"), *target])


def test_perl(target):
    if subprocess.run(["perl", "-MCache::Memcached::Fast", "-e", "1"], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("skipped, because libcache-memcached-fast-perl is not installed")
    assert "checks" in run(["perl", str(PROGRAMS / "client.pl"), *target])


def test_ruby(target):
    need("ruby")
    if subprocess.run(["ruby", "-e", "require 'dalli'"], capture_output=True,
                      check=False).returncode != 0:
        pytest.skip("skipped, because ruby-dalli is not installed")
    assert "checks" in run(["ruby", str(PROGRAMS / "client.rb"), *target])


@pytest.fixture(scope="session")
def go_client(tmp_path_factory):
    need("go")
    if not pathlib.Path("/usr/share/gocode/src/github.com/bradfitz/gomemcache").exists():
        pytest.skip("skipped, because golang-github-bradfitz-gomemcache-dev is not installed")
    program = tmp_path_factory.mktemp("go") / "client"
    run(["go", "build", "-o", str(program), str(PROGRAMS / "client.go")],
        {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""})
    return str(program)


def test_go(target, go_client):
    assert "checks" in run([go_client, *target])


SPYMEMCACHED = "/usr/share/java/spymemcached.jar"


@pytest.mark.parametrize("protocol", ["text", "binary"])
def test_java(target, protocol):
    need("javac")
    if not os.path.exists(SPYMEMCACHED):
        pytest.skip("skipped, because libspymemcached-java is not installed")
    assert "checks" in run(["java", "-cp", SPYMEMCACHED, str(PROGRAMS / "Client.java"), *target,
                            protocol])


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory):
    """The node program with its packages beside it, as its lock file pins them."""
    need("npm")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "client.js"):
        shutil.copy(HERE / "node" / name, folder)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                          capture_output=True, text=True, timeout=240, check=False)
    if done.returncode != 0:
        pytest.skip(f"skipped, because npm cannot fetch the package memcached: {done.stderr[-200:]}")
    return folder


def test_node(target, node_folder):
    assert "checks" in run(["node", str(node_folder / "client.js"), *target])


def test_memccapable(start):
    """libmemcached's own test of servers, its text half."""
    need("memccapable")
    server = start()
    words = run(["memccapable", "-a", "-h", server.host, "-p", str(server.port), "-t", "20"])
    assert "All tests passed" in words


@pytest.mark.parametrize("tool,arguments", [
    ("memcslap", ["--concurrency=4", "--execute-number=500", "--test=set"]),
    ("memcstat", []),
    ("memcping", []),
])
def test_libmemcached_tools(start, tool, arguments):
    need(tool)
    server = start()
    run([tool, f"--servers={server.host}:{server.port}", *arguments])
