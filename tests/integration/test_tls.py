# SPDX-License-Identifier: BSD-3-Clause
"""TLS: versions, ciphers, certificates, resumption, reloads, and clients that mean no good."""

import os
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from certificates import Certificates
from server_process import ServerProcess, ember_binary, free_port, memcached_binary
from wire import ask, eventually, stat, stats, to_the_end, until

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture
def certificates():
    made = Certificates()
    yield made
    made.remove()


class TlsServer:
    """A server with a TLS port and, for the harness and for stats, one without."""

    def __init__(self, server, certificates, port):
        self.plain = server
        self.certificates = certificates
        self.port = port

    def connect(self, version=None, certificate=None, session=None, port=None):
        wire = socket.create_connection(("127.0.0.1", port or self.port), timeout=20)
        context = self.certificates.client(version, certificate)
        return context.wrap_socket(wire, server_hostname="localhost", session=session)

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def serves(self, **how):
        try:
            with self.connect(**how) as wire:
                return ask(wire, b"version\r\n").startswith(b"VERSION")
        except (ssl.SSLError, ConnectionError):
            return False

    def serial(self):
        with self.connect() as wire:
            return wire.getpeercert()["serialNumber"]


@pytest.fixture
def serve(launch, certificates):
    servers = []

    def make(options="", arguments=(), prefix=""):
        plain, tls = free_port(), free_port()
        server = launch(["-Z", "-o", certificates.server_options(options), "-l",
                         f"notls:127.0.0.1:{plain},{prefix}127.0.0.1:{tls}", *arguments],
                        plain=True)
        server.port = plain
        servers.append(server.start())
        return TlsServer(server, certificates, tls)

    yield make
    for server in servers:
        if server.process.returncode is not None:
            continue  # the test stopped it
        assert server.alive(), server.words()[-2000:]
        assert server.stop() == 0


def read_exactly(wire, size):
    reply = b""
    while len(reply) < size:
        received = wire.recv(1 << 20)
        if not received:
            break
        reply += received
    return reply


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_commands_and_large_values(serve, version):
    server = serve()
    with server.connect(version) as wire:
        assert wire.version() == {TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}[version]
        assert ask(wire, b"set a 5 0 3\r\nabc\r\n") == b"STORED\r\n"
        assert ask(wire, b"get a\r\n", b"END\r\n") == b"VALUE a 5 3\r\nabc\r\nEND\r\n"
        value = os.urandom(900_000)
        assert ask(wire, b"set big 0 0 900000\r\n" + value + b"\r\n") == b"STORED\r\n"
        wire.sendall(b"get big\r\n" * 5)
        one = b"VALUE big 0 900000\r\n" + value + b"\r\nEND\r\n"
        assert read_exactly(wire, 5 * len(one)) == 5 * one


def test_pipelines_and_pieces(serve):
    """Many commands in one record, and one command in as many records as it has bytes."""
    server = serve()
    with server.connect() as wire:
        wire.sendall(b"".join(b"set k%d 0 0 1\r\nx\r\nget k%d\r\n" % (i, i) for i in range(2000)))
        expected = b"".join(b"STORED\r\nVALUE k%d 0 1\r\nx\r\nEND\r\n" % i for i in range(2000))
        assert read_exactly(wire, len(expected)) == expected
        for byte in b"set slow 0 0 3\r\nxyz\r\nget slow\r\n":
            wire.send(bytes([byte]))
        assert until(wire, b"END\r\n") == b"STORED\r\nVALUE slow 0 3\r\nxyz\r\nEND\r\n"


def test_oldest_version(serve):
    server = serve("ssl_min_version=tlsv1.3")
    assert not server.serves(version=TLS_1_2)
    assert server.serves(version=TLS_1_3)
    assert stat(server.plain, "ssl_min_version", "settings") == "tlsv1.3"


@pytest.mark.parametrize("version,cipher", [(TLS_1_2, "ECDHE-ECDSA-AES128-GCM-SHA256"),
                                            (TLS_1_3, "TLS_CHACHA20_POLY1305_SHA256")])
def test_ciphers(serve, version, cipher):
    server = serve("ssl_ciphers=" + cipher)
    with server.connect(version) as wire:
        assert wire.cipher()[0] == cipher


def test_certificates_of_clients(serve, certificates):
    authority = "ssl_ca_cert=" + certificates.path("ca.pem")
    for mode, without in (("0", True), ("request", True), ("2", False), ("once", False)):
        server = serve(f"{authority},ssl_verify_mode={mode}")
        assert server.serves(certificate="client")
        assert server.serves() == without
    server = serve(authority, prefix="mtls:")
    assert server.serves(certificate="client") and not server.serves()


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("cache", [True, False])
def test_resumption(serve, version, cache):
    server = serve("ssl_session_cache" if cache else "")
    session, reused = None, []
    context = server.certificates.client(version)
    for _ in range(3):
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        with context.wrap_socket(raw, server_hostname="localhost", session=session) as wire:
            ask(wire, b"version\r\n")
            session = wire.session
            reused.append(wire.session_reused)
            wire.sendall(b"quit\r\n")
            assert wire.recv(1) == b""
    assert reused == [False, cache, cache]
    assert ("ssl_new_sessions" in dict(stats(server.plain))) == cache


def test_what_is_not_encrypted_gets_nothing(serve):
    server = serve()
    with server.raw() as wire:
        wire.sendall(b"get a\r\nget a\r\n")
        assert b"END" not in to_the_end(wire)
    assert eventually(lambda: stat(server.plain, "ssl_handshake_errors") == "1")
    with server.raw():
        pass  # a probe of the port is no error
    assert server.serves()
    assert stat(server.plain, "ssl_handshake_errors") == "1"


def test_unix_sockets_are_plain(launch, certificates):
    path = certificates.path("socket")
    os.chmod(certificates.folder, 0o777)
    server = launch(["-Z", "-o", certificates.server_options(), "-s", path], plain=True).launch()

    def speaks():
        try:
            with socket.socket(socket.AF_UNIX) as wire:
                wire.settimeout(10)
                wire.connect(path)
                return ask(wire, b"version\r\n").startswith(b"VERSION")
        except OSError:
            return False

    assert eventually(speaks), server.words()
    assert server.stop() == 0


def test_handshakes_have_a_time_limit(serve):
    server = serve("ssl_handshake_timeout=1")
    with server.connect() as established, server.raw() as silent, server.raw() as slow:
        slow.sendall(b"\x16\x03\x01\x02")
        assert to_the_end(silent) == b""
        assert to_the_end(slow) == b""
        assert ask(established, b"version\r\n").startswith(b"VERSION")
    assert stat(server.plain, "ssl_handshake_errors") == "2"


def test_noise_at_any_point(serve):
    server = serve()
    for size in (1, 5, 100, 3000, 70_000):
        with server.raw() as wire:
            try:
                wire.sendall(os.urandom(size))
                wire.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            to_the_end(wire)
        wire = server.connect()
        inner = socket.socket(fileno=os.dup(wire.fileno()))
        wire.detach()
        with inner:
            inner.settimeout(20)
            try:
                inner.sendall(b"\x17\x03\x03" + os.urandom(size))
                inner.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            to_the_end(inner)
    assert server.serves()


def test_end_of_input_still_gets_its_answers(serve):
    server = serve()
    done = subprocess.run(
        ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{server.port}"],
        input=b"version\r\nmn\r\nquit\r\n", capture_output=True, timeout=60, check=False)
    assert done.stdout.startswith(b"VERSION") and done.stdout.endswith(b"MN\r\n"), done.stderr


@pytest.mark.parametrize("how", ["refresh_certs", "SIGHUP"])
def test_reload_under_load(serve, certificates, how):
    """New connections get the new certificate, those there are go on, a bad one changes nothing."""
    server = serve()
    stop = threading.Event()
    failures = []

    def load():
        try:
            with server.connect() as wire:
                while not stop.is_set():
                    assert ask(wire, b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"
            server.serves()
        except Exception as problem:  # pylint: disable=broad-except
            failures.append(problem)

    def reload():
        if how == "SIGHUP":
            server.plain.process.send_signal(signal.SIGHUP)
            return b""
        with server.plain.connect() as wire:
            return ask(wire, b"refresh_certs\r\n")

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        first = server.serial()
        for _ in range(3):
            certificates.issue("server")
            assert reload() in (b"", b"OK\r\n")
            assert eventually(lambda: server.serial() != first)
            first = server.serial()
        with open(certificates.path("server.key"), "w", encoding="ascii") as key:
            key.write("noise")
        answer = reload()
        assert answer == b"" or answer.startswith(b"Error loading the key: ")
        if how == "SIGHUP":
            assert eventually(lambda: "Error loading the key: " in server.plain.words())
        assert server.serial() == first
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_figures_are_where_memcached_has_them(serve, certificates, memcached):
    server = serve("ssl_session_cache")
    assert memcached_binary()
    port = free_port()
    other = ServerProcess(memcached_binary(), ["-Z", "-o", certificates.server_options(
        "ssl_session_cache"), "-l", f"notls:127.0.0.1:{port}"], plain=True)
    other.port = port
    other.start()
    try:
        ours, theirs = ([name for name, _ in stats(one)] for one in (server.plain, other))
    finally:
        other.kill()
    at = theirs.index("ssl_new_sessions")
    assert "ssl_new_sessions" in ours
    assert ours[ours.index("ssl_new_sessions") - 1:][:5] == theirs[at - 1:at + 4]


def test_what_cannot_be_loaded_is_named(certificates, only_ember):
    os.chmod(certificates.folder, 0o755)
    cases = [
        ("ssl_chain_cert=/none", "Error loading the certificate chain: /none : No such file"),
        (f"ssl_chain_cert={certificates.path('server.pem')},ssl_key=/none",
         "Error loading the key: /none : No such file"),
        (certificates.server_options("ssl_ca_cert=/none"),
         "Error loading the CA certificate: /none : No such file"),
        (certificates.server_options("ssl_ciphers=NONE"),
         "Error setting the provided cipher(s): NONE"),
    ]
    for options, words in cases:
        done = subprocess.run([ember_binary(), "-u", "nobody", "-Z", "-o", options],
                              capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 64 and words in done.stderr, (options, done.stderr)


def test_keys_of_root_serve_who_drops_its_rights(serve, certificates):
    if os.geteuid() != 0:
        pytest.skip("skipped, because only root has rights to drop")
    os.chmod(certificates.path("server.key"), 0o600)
    server = serve()
    assert server.serves()
    with server.plain.connect() as wire:
        assert b"Permission denied" in ask(wire, b"refresh_certs\r\n")
    assert server.serves()


def test_pymemcache(serve, certificates):
    client = pytest.importorskip("pymemcache.client.base",
                                 reason="skipped, because python3-pymemcache is not installed")
    server = serve()
    context = certificates.client()
    context.check_hostname = False
    cache = client.Client(("127.0.0.1", server.port), tls_context=context)
    large = b"v" * 500_000
    assert cache.set("k", large) and cache.get("k") == large
    assert cache.set_many({f"k{i}": str(i) for i in range(500)}) == []
    assert len(cache.get_many([f"k{i}" for i in range(500)])) == 500
    assert cache.incr("n", 1, noreply=False) is None and cache.delete("k", noreply=False)
    cache.close()


def test_memory_file(serve, tmpfs_folder):
    """What was stored over TLS is there after a restart."""
    options = ["-e", os.path.join(tmpfs_folder, "cache"), "-m", "64"]
    first = serve(arguments=options)
    with first.connect() as wire:
        wire.sendall(b"".join(b"set k%d 0 0 5\r\nvalue\r\n" % i for i in range(1000)))
        assert read_exactly(wire, 8 * 1000) == b"STORED\r\n" * 1000
    assert first.plain.stop() == 0
    second = serve(arguments=options)
    with second.connect() as wire:
        keys = b" ".join(b"k%d" % i for i in range(1000))
        assert ask(wire, b"get " + keys + b"\r\n", b"END\r\n").count(b"\r\nvalue\r\n") == 1000
