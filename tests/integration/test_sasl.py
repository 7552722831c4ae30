# SPDX-License-Identifier: BSD-3-Clause
"""Authentication by SASL (-S) in the binary protocol: by Cyrus' library, beside Debian's memcached, and
by a file of users (MEMCACHED_SASL_PWDB)."""

import hashlib
import hmac
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

import pytest

from server_process import ServerProcess, memcached_binary
from wire import eventually

HEADER = struct.Struct(">BBHBBHIIQ")
GET, SET, NOOP, QUIT, STAT = 0x00, 0x01, 0x0a, 0x07, 0x10
VERSION, LIST, AUTH, STEP = 0x0b, 0x20, 0x21, 0x22
OK, INVALID, REFUSED, MORE = 0x00, 0x04, 0x20, 0x21
PLUGINS = "/usr/lib/x86_64-linux-gnu/sasl2"


def request(opcode, key=b"", value=b"", extras=b""):
    return HEADER.pack(0x80, opcode, len(key), len(extras), 0, 0,
                       len(key) + len(value) + len(extras), 77, 0) + extras + key + value


def plain(user, password, for_whom=b""):
    return request(AUTH, b"PLAIN", for_whom + b"\0" + user + b"\0" + password)


GOOD, BAD = plain(b"user", b"pass"), plain(b"user", b"bad")
STORE = request(SET, b"k", b"v", bytes(8))


def receive(wire, size):
    data = b""
    while len(data) < size:
        got = wire.recv(size - len(data))
        if not got:
            raise EOFError
        data += got
    return data


def answer(wire):
    """(opcode, status, body); None when the connection was closed."""
    try:
        head = HEADER.unpack(receive(wire, HEADER.size))
        assert head[0] == 0x81 and head[7] == 77
        return head[1], head[5], receive(wire, head[6])
    except (EOFError, ConnectionError):
        return None


def ask(wire, data):
    wire.sendall(data)
    return answer(wire)


def status(wire, data):
    got = ask(wire, data)
    return None if got is None else got[1]


def answers(server):
    try:
        with server.connect() as wire:
            return status(wire, request(VERSION)) == OK
    except OSError:
        return False


def started(server):
    server.launch()
    assert eventually(lambda: answers(server) or not server.alive()), server.words()
    assert server.alive(), server.words()
    return server


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield name


@pytest.fixture
def users(folder):
    path = os.path.join(folder, "users")
    write(path, b"user:pass\nother:word\n")
    return path


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, 0o644)


@pytest.fixture
def cyrus(folder):
    """The environment of a server whose users are in Cyrus' database."""
    if not shutil.which("saslpasswd2") or not os.path.exists(os.path.join(PLUGINS, "libplain.so")):
        pytest.skip("skipped, because sasl2-bin or libsasl2-modules is not installed")
    database = os.path.join(folder, "db")
    subprocess.run(["saslpasswd2", "-p", "-c", "-f", database, "-a", "memcached", "user"],
                   input=b"pass", check=True, timeout=20)
    os.chmod(database, 0o644)
    write(os.path.join(folder, "memcached.conf"),
          b"mech_list: plain cram-md5\nsasldb_path: " + database.encode() + b"\n")
    environment = dict(os.environ, SASL_CONF_PATH=folder)
    environment.pop("MEMCACHED_SASL_PWDB", None)
    return environment


@pytest.fixture(params=["file", "cyrus"])
def guarded(request, launch):
    """A server that asks for SASL, either way; it must still end well."""
    if request.param == "cyrus":
        environment = request.getfixturevalue("cyrus")
    else:
        environment = {"MEMCACHED_SASL_PWDB": request.getfixturevalue("users")}
    server = started(launch(["-S"], environment=environment))
    yield server
    assert server.alive(), server.words()
    assert server.stop() == 0


def stats(wire, family=b""):
    wire.sendall(request(STAT, family))
    found = {}
    while True:
        head = HEADER.unpack(receive(wire, HEADER.size))
        body = receive(wire, head[6])
        if head[2] == 0:
            return found
        found[body[:head[2]].decode()] = body[head[2]:].decode()


def test_right_and_wrong(guarded):
    with guarded.connect() as wire:
        assert b"PLAIN" in ask(wire, request(LIST))[2].split()
        assert ask(wire, BAD) == (AUTH, REFUSED, b"Auth failure.")
        assert ask(wire, plain(b"nobody", b"pass"))[1] == REFUSED
        assert ask(wire, GOOD) == (AUTH, OK, b"Authenticated")
        assert status(wire, STORE) == OK
        assert ask(wire, request(GET, b"k")) == (GET, OK, bytes(4) + b"v")
        counts = stats(wire)
        assert (counts["auth_cmds"], counts["auth_errors"]) == ("3", "2")
        settings = stats(wire, b"settings")
        assert settings["auth_enabled_sasl"] == "yes"
        assert settings["binding_protocol"] == "binary"


def test_a_failure_takes_back_what_was_granted(guarded):
    with guarded.connect() as wire:
        assert status(wire, GOOD) == OK
        assert status(wire, BAD) == REFUSED
        assert status(wire, request(GET, b"k")) == REFUSED
        assert answer(wire) is None


def both(launch, environment):
    """Ember, and Debian's memcached if it is there, with the same users."""
    servers = [started(launch(["-S"], environment=environment))]
    if memcached_binary():
        servers.append(started(ServerProcess(memcached_binary(), ["-S"], environment=environment)))
    return servers


def transcript(server, requests):
    with server.connect() as wire:
        told = []
        for data in requests:
            try:
                got = ask(wire, data)
            except OSError:
                got = None
            if data == request(VERSION) and got is not None:
                got = got[:2]
            told.append(got)
        return told


CONVERSATIONS = [
    [request(LIST), GOOD, STORE, request(GET, b"k")],
    [BAD, GOOD, request(NOOP)],
    [request(VERSION), request(LIST), request(NOOP), request(VERSION)],
    [plain(b"user", b"pass", b"user"), request(NOOP)],
    [plain(b"user", b"pass", b"other"), request(NOOP)],
    [request(AUTH, b"plain", b"\0user\0pass"), request(NOOP)],
    [request(AUTH, b"PLAIN"), request(VERSION), request(STEP, b"PLAIN", b"\0user\0pass"),
     request(NOOP)],
    [request(STEP, b"PLAIN", b"\0user\0pass"), request(NOOP)],
    [request(AUTH, b"PLAIN", b"junk"), request(AUTH, b"NONE", b"x"),
     request(AUTH, b"M" * 32, b"x"), request(AUTH, b"M" * 33, b"x"), request(VERSION)],
    [plain(b"user", b"p" * 50000), request(VERSION)],
    [request(AUTH, b"", b"x"), request(VERSION)],
    [request(LIST, b"k"), request(VERSION)],
    [request(0x55, b"k")],
] + [[request(opcode)] for opcode in range(0x28) if opcode not in (VERSION, AUTH, STEP)]


def test_answers_of_memcached(launch, cyrus):
    servers = both(launch, cyrus)
    try:
        for conversation in CONVERSATIONS:
            told = [transcript(server, conversation) for server in servers]
            assert told[0] == told[-1], conversation
    finally:
        for server in servers:
            server.kill()


def test_challenge_and_response(launch, cyrus):
    """CRAM-MD5, which takes two steps, and whose conversation anything may come between."""
    server = started(launch(["-S"], environment=cyrus))
    with server.connect() as wire:
        _, code, challenge = ask(wire, request(AUTH, b"CRAM-MD5"))
        assert code == MORE
        assert status(wire, request(VERSION)) == OK
        digest = hmac.new(b"pass", challenge, hashlib.md5).hexdigest().encode()
        assert status(wire, request(STEP, b"CRAM-MD5", b"user " + digest)) == OK
        assert status(wire, request(NOOP)) == OK
        assert status(wire, request(AUTH, b"CRAM-MD5")) == MORE
        assert status(wire, request(NOOP)) == REFUSED
    assert server.stop() == 0


def test_pipelines_and_pieces(guarded):
    whole = BAD + GOOD + STORE + request(GET, b"k")
    for size in (len(whole), 1, 7, 24, 25):
        with guarded.connect() as wire:
            for at in range(0, len(whole), size):
                wire.sendall(whole[at:at + size])
            assert [answer(wire)[1] for _ in range(4)] == [REFUSED, OK, OK, OK]
    with guarded.connect() as wire:
        wire.sendall(BAD + STORE + GOOD + STORE)
        assert [answer(wire)[1], answer(wire)[1], answer(wire)] == [REFUSED, REFUSED, None]


def test_large_values(guarded):
    """A stranger's are swallowed, whatever they say; a friend's are stored."""
    value = (GOOD + STORE) * 5000
    with guarded.connect() as wire:
        assert status(wire, request(SET, b"k", value, bytes(8))) == REFUSED
    with guarded.connect() as wire:
        assert status(wire, GOOD) == OK
        assert status(wire, request(GET, b"k")) == 0x01
        assert status(wire, request(SET, b"k", value, bytes(8))) == OK
        assert ask(wire, request(GET, b"k"))[2] == bytes(4) + value


def test_text_is_not_spoken(guarded):
    with guarded.connect() as wire:
        wire.sendall(b"set k 0 0 1\r\nx\r\nget k\r\nversion\r\n")
        wire.settimeout(10)
        assert wire.recv(1) == b""
    with guarded.connect() as wire:
        assert status(wire, GOOD) == OK
        assert status(wire, request(GET, b"k")) == 0x01


def test_reload(launch, users):
    server = started(launch(["-S"], environment={"MEMCACHED_SASL_PWDB": users}))
    with server.connect() as old:
        assert status(old, GOOD) == OK
        write(users, b"user:new\n")
        server.process.send_signal(signal.SIGHUP)
        with server.connect() as wire:
            assert eventually(lambda: status(wire, plain(b"user", b"new")) == OK)
            assert status(wire, GOOD) == REFUSED
        assert status(old, request(NOOP)) == OK
    assert "new\n" not in server.words()
    assert server.stop() == 0


def test_realms_of_cyrus(launch, cyrus):
    """user@realm, where the realm is not this machine's."""
    with open(os.path.join(cyrus["SASL_CONF_PATH"], "memcached.conf"), encoding="utf-8") as file:
        database = file.read().split()[-1]
    subprocess.run(["saslpasswd2", "-p", "-c", "-f", database, "-a", "memcached", "-u",
                    "example.com", "other"], input=b"word", check=True, timeout=20)
    server = started(launch(["-S"], environment=cyrus))
    with server.connect() as wire:
        assert status(wire, plain(b"other", b"word")) == REFUSED
        assert status(wire, plain(b"other@example.com", b"word")) == OK
    assert server.stop() == 0


@pytest.mark.parametrize("environment,words", [
    ({"SASL_CONF_PATH": "/nowhere"}, "there is no memcached.conf in SASL_CONF_PATH"),
    ({"MEMCACHED_SASL_PWDB": "/nowhere"}, "auth file /nowhere (MEMCACHED_SASL_PWDB): No such file"),
])
def test_starts_that_are_refused(launch, environment, words):
    if any(os.path.exists(f"/etc/{place}/memcached.conf") for place in ("sasl", "sasl2")):
        pytest.skip("skipped, because this machine has a memcached.conf of its own")
    server = launch(["-S"], environment=environment).launch()
    assert server.wait() == 71
    assert words in server.words()


def test_a_configuration_without_mechanisms(launch, cyrus):
    write(os.path.join(cyrus["SASL_CONF_PATH"], "memcached.conf"), b"mech_list: none\n")
    server = launch(["-S"], environment=cyrus).launch()
    assert server.wait() == 71
    assert "SASL has no mechanism" in server.words()


def test_saslauthd_is_waited_for(launch, cyrus, folder):
    """pwcheck_method: saslauthd, which here is this test."""
    path = os.path.join(folder, "mux")
    write(os.path.join(folder, "memcached.conf"),
          b"mech_list: plain\npwcheck_method: saslauthd\nsaslauthd_path: " + path.encode() + b"\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(path)
        os.chmod(path, 0o777)
        door.listen()
        server = started(launch(["-S"], environment=cyrus))
        for verdict, expected in ((b"OK", OK), (b"NO", REFUSED)):
            with server.connect() as wire:
                wire.sendall(GOOD)
                asker, _ = door.accept()
                with asker:
                    words = [receive(asker, struct.unpack(">H", receive(asker, 2))[0])
                             for _ in range(4)]
                    assert words[:3] == [b"user", b"pass", b"memcached"]
                    asker.sendall(struct.pack(">H", len(verdict)) + verdict)
                assert answer(wire)[1] == expected
    assert server.stop() == 0


PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
SPYMEMCACHED = "/usr/share/java/spymemcached.jar"
# What has to be there, and the command.
CLIENTS = {
    "bmemcached": (["/usr/bin/python3", "-c", "import bmemcached"],
                   ["/usr/bin/python3", "sasl_bmemcached.py"]),
    "pylibmc": (["/usr/bin/python3", "-c", "import pylibmc"],
                ["/usr/bin/python3", "sasl_pylibmc.py"]),
    "php": (["php", "-r", "exit(class_exists('Memcached') && Memcached::HAVE_SASL ? 0 : 1);"],
            ["php", "sasl.php"]),
    "spymemcached": (["javac", "-cp", SPYMEMCACHED, "-proc:only", "-implicit:none", "SaslClient.java"],
                     ["java", "-cp", SPYMEMCACHED, "SaslClient.java"]),
    "dalli": (["ruby", "-e", "require 'dalli'"], ["ruby", "sasl.rb"]),
}


@pytest.mark.parametrize("name", CLIENTS)
def test_clients(guarded, name):
    """Real clients: the right password works, a wrong one and none do not."""
    needed, command = CLIENTS[name]
    if not shutil.which(needed[0]) or subprocess.run(needed, capture_output=True, cwd=PROGRAMS,
                                                     check=False).returncode != 0:
        pytest.skip(f"skipped, because {name} with SASL is not installed")

    def run(password):
        return subprocess.run([*command, guarded.host, str(guarded.port), "user", password],
                              cwd=PROGRAMS, capture_output=True, text=True, timeout=60, check=False)

    right = run("pass")
    assert right.returncode == 0, right.stdout + right.stderr
    assert run("wrong").returncode != 0


@pytest.mark.parametrize("way", ["-S", "-Y"])
def test_passwords_are_not_logged(launch, users, way):
    """Not at any verbosity: neither right nor wrong ones, nor those of the file."""
    write(users, b"user:xyzzy\n")
    if way == "-S":
        server = started(launch(["-S", "-vvv"], environment={"MEMCACHED_SASL_PWDB": users}))
        requests = [plain(b"user", b"xyzzy"), plain(b"user", b"plugh"), request(NOOP)]
    else:
        server = launch(["-Y", users, "-vvv"]).launch()
        requests = [b"set k 0 0 10\r\nuser plugh\r\n", b"set k 0 0 10\r\nuser xyzzy\r\n", b"mn\r\n"]
        assert eventually(lambda: "listening on" in server.words()), server.words()
    with server.connect() as wire:
        wire.sendall(b"".join(requests))
        assert wire.recv(1)
        write(users, b"no colon: xyzzy\nplugh\n")
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "line 2 has no colon" in server.words()), server.words()
    assert "xyzzy" not in server.words() and "plugh" not in server.words()
    assert server.stop() == 0
