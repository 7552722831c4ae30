# SPDX-License-Identifier: BSD-3-Clause
"""ember-bench --tls: it loads a server that speaks TLS, and says why it cannot load others."""

import json
import pathlib
import subprocess

import pytest

from certificates import Certificates
from server_process import ember_binary, free_port
from wire import ask, stat

POLLERS = ["epoll"]  # the load is what is tested
BENCH = pathlib.Path(ember_binary()).with_name("ember-bench")


@pytest.fixture(scope="module")
def certificates():
    made = Certificates()
    yield made
    made.remove()


@pytest.fixture
def serve(launch, certificates):
    """A server with a plain port, at which it can be asked, and a TLS port, which is returned."""
    servers = []

    def make(options=""):
        plain, tls = free_port(), free_port()
        server = launch(["-Z", "-o", certificates.server_options(options), "-U", "0",
                         "-l", f"notls:127.0.0.1:{plain},127.0.0.1:{tls}"], plain=True)
        server.port = plain
        servers.append(server.start())
        return server, tls

    yield make
    for server in servers:
        assert server.alive(), server.words()[-2000:]
        assert server.stop() == 0


def load(port, *options, code=0):
    """A short load: until 200 requests are answered, however long that takes."""
    done = subprocess.run(
        [BENCH, f"--server=127.0.0.1:{port}", "--progress=false", "--keys=500", "--connections=4",
         "--warm_up=0", "--seconds=60", "--requests=200", *options],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, (done.stdout[-2000:], done.stderr[-2000:])
    return done


def figures(port, path, *options):
    load(port, f"--json={path}", *options)
    return json.loads(path.read_text())


@pytest.mark.parametrize("options", [
    ["--depth=16"], ["--width=50", "--threads=2"], ["--protocol=meta", "--depth=8", "--window"],
    ["--rate=500"], ["--value_size=100000-900000", "--depth=4", "--keys=20"]], ids=" ".join)
def test_values_are_verified(serve, certificates, tmp_path, options):
    server, port = serve()
    seen = figures(port, tmp_path / "figures", "--tls", "--tls-ca=" + certificates.path("ca.pem"),
                   *options)
    assert seen["requests"] >= 200
    assert seen["hits"] > 0
    assert seen["misses"] == seen["errors"] == seen["corrupt_values"] == 0
    assert int(stat(server, "ssl_handshake_errors")) == 0


def test_wrong_values_are_found(serve):
    server, port = serve()
    load(port, "--tls", "--keys=1")
    with server.connect() as wire:
        line = ask(wire, b"lru_crawler metadump all\r\n", b"END\r\n").split()[0]
        key = line.removeprefix(b"key=")
        assert ask(wire, b"set " + key + b" 0 0 100\r\n" + b"x" * 100 + b"\r\n") == b"STORED\r\n"
    done = load(port, "--tls", "--keys=1", "--fill=false", "--read_ratio=1", code=1)
    assert "values were not what was stored" in done.stderr


def test_idle_connections_and_memory(serve, tmp_path):
    server, port = serve()
    seen = figures(port, tmp_path / "idle", "--tls", "--mode=idle", f"--server_pid={server.pid}",
                   "--connections=20", "--seconds=0.1")
    assert seen["connections"] == 20
    assert seen["resident_after_bytes"] > 0
    seen = figures(port, tmp_path / "fill", "--tls", "--mode=fill", f"--server_pid={server.pid}")
    assert seen["items_held"] == 500


def test_a_plain_port_is_named_as_the_cause(serve):
    server, _ = serve()
    done = load(server.port, "--tls", code=1)
    assert "does not speak TLS on this port" in done.stderr
    assert "leave --tls out" in done.stderr


def test_certificates(serve, certificates):
    _, port = serve("ssl_ca_cert=" + certificates.path("ca.pem") + ",ssl_verify_mode=2")
    own = ["--tls-cert=" + certificates.path("client.pem"),
           "--tls-key=" + certificates.path("client.key")]
    load(port, "--tls", *own)
    assert "certificate required" in load(port, "--tls", code=1).stderr
    stranger = load(port, "--tls", "--tls-ca=" + certificates.path("client.pem"), *own, code=1)
    assert "--tls-ca must name the CA that signed it" in stranger.stderr
    assert "need --tls" in load(port, *own, code=1).stderr
    assert "/nowhere" in load(port, "--tls", "--tls-ca=/nowhere", code=1).stderr


def test_help_says_that_nothing_is_verified_without_a_ca():
    out = subprocess.run([BENCH, "--help"], capture_output=True, text=True, check=True).stdout
    assert "without --tls_ca the server's certificate is not verified" in out
