# SPDX-License-Identifier: BSD-3-Clause
"""Authentication by a file (-Y), beside Debian's memcached where that can be asked."""

import os
import random
import signal
import socket
import subprocess
import tempfile
import threading

import pytest

from server_process import ServerProcess, StartError, memcached_binary
from wire import ask, eventually, refused_or_closed, until

LOGIN = b"set k 0 0 9\r\nuser pass\r\n"
STRANGER = b"CLIENT_ERROR unauthenticated\r\n"
FAILURE = b"CLIENT_ERROR authentication failure\r\n"
FORMAT = b"CLIENT_ERROR bad authentication token format\r\n"


def set_of(value, line=b"set k 0 0 %d\r\n"):
    return line % len(value) + value + b"\r\n"


def answers(server):
    try:
        with server.connect() as wire:
            return ask(wire, b"mn\r\n") == STRANGER
    except OSError:
        return False


def started(server):
    """Starts a server that lets nobody ask anything."""
    server.launch()
    assert eventually(lambda: answers(server) or not server.alive()), server.words()
    if not server.alive():
        raise StartError(server.words())
    return server


def stats_of(wire):
    return dict(line.split(" ", 2)[1:] for line in
                ask(wire, b"stats\r\n", b"END\r\n").decode().splitlines() if line != "END")


class Users:
    """A file of users that every server may read."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "users")
        self.write(b"user:pass\n")

    def write(self, content, mode=0o644):
        with open(self.path + ".new", "wb") as file:
            file.write(content)
        os.chmod(self.path + ".new", mode)
        os.rename(self.path + ".new", self.path)


@pytest.fixture
def users():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Users(folder)


@pytest.fixture
def guarded(launch, users):
    """A server that asks for a password; it must still end well."""
    server = started(launch(["-Y", users.path]))
    yield server
    assert server.alive(), server.words()
    assert server.stop() == 0


def logged_in(server, login=LOGIN):
    wire = server.connect()
    assert ask(wire, login) == b"STORED\r\n"
    return wire


def reload(server):
    """Returns once the server has told that it read the file, or that it could not."""
    told = server.words().count("auth file")
    server.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: server.words().count("auth file") > told), server.words()


def test_nothing_but_a_login_is_heard(guarded):
    with guarded.connect() as wire:
        for request in (b"get a\r\n", b"version\r\n", b"stats\r\n", b"quit\r\n", b"\r\n", b"mn\r\n",
                        b"mg k v\r\n", b"shutdown\r\n", b"watch\r\n", b"flush_all\r\n",
                        b"SET k 0 0 9\r\n", b"verbosity 1\r\n", b"set k 0 9\r\n",
                        b"set k 0 0 x\r\n", b"set k 0 0 -1\r\n", b"add k 0 0 9\r\nuser pass\r\n",
                        b"lru_crawler metadump all\r\n", b"refresh_certs\r\n"):
            assert ask(wire, request) == STRANGER, request
        assert ask(wire, LOGIN) == b"STORED\r\n"
        # The login was no set.
        assert ask(wire, b"get k\r\n", b"END\r\n") == b"END\r\n"
        assert ask(wire, b"set k 0 0 1\r\nx\r\n") == b"STORED\r\n"


CASES = [
    (set_of(b"user pass"), b"STORED\r\n"),
    (set_of(b"user pass", b"set " + b"k" * 251 + b" 0 0 %d\r\n"), b"STORED\r\n"),
    (set_of(b"user pass", b"set k x y %d noreply\r\n"), b"STORED\r\n"),
    (set_of(b"user pass", b"set k 0 0 %d\n"), b"STORED\r\n"),
    (set_of(b"user  pass"), b"STORED\r\n"),
    (set_of(b"user pass and more"), b"STORED\r\n"),
    (set_of(b"other a:b"), b"STORED\r\n"),
    (set_of(b"user word"), FAILURE),
    (set_of(b"USER pass"), FAILURE),
    (set_of(b"use rpass"), FAILURE),
    (set_of(b"user pass", b"set k 0 0 %d noreply\r\n").replace(b"pass", b"pasx"), FAILURE),
    (set_of(b"user pass\n"), FAILURE),
    (set_of(b"u " + b"p" * 5000), FAILURE),
    (set_of(b"user:pass"), FORMAT),
    (set_of(b"user\tpass"), FORMAT),
    (set_of(b""), FORMAT),
    (set_of(b"user "), FORMAT),
    (set_of(b"user pass", b"add k 0 0 %d\r\n"), STRANGER),
    (b"get a\r\n", STRANGER),
]


def test_answers_of_memcached(launch, users):
    """The same bytes to both servers, each request on a connection of its own."""
    users.write(b"user:pass\nother:a:b\n")
    servers = [started(launch(["-Y", users.path]))]
    if memcached_binary():
        servers.append(started(ServerProcess(memcached_binary(), ["-Y", users.path])))
    try:
        for server in servers:
            for request, expected in CASES:
                with server.connect() as wire:
                    assert ask(wire, request) == expected, (server.binary, request)
            with logged_in(server) as wire:
                counts = stats_of(wire)
            tried = [answer for _, answer in CASES if answer in (FAILURE, b"STORED\r\n")]
            assert int(counts["auth_cmds"]) == len(tried) + 1
            assert int(counts["auth_errors"]) == tried.count(FAILURE)
            assert counts["cmd_set"] == "0"
    finally:
        for server in servers:
            server.kill()


def test_pipelines_and_pieces(guarded):
    whole = b"version\r\n" + set_of(b"user no") + LOGIN + b"set a 0 0 1\r\nx\r\nget a\r\n"
    expected = STRANGER + FAILURE + b"STORED\r\nSTORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n"
    with guarded.connect() as wire:
        assert ask(wire, whole, b"END\r\n") == expected
    source = random.Random(1)
    for round_number in range(20):
        with guarded.connect() as wire:
            at = 0
            while at < len(whole):
                size = 1 if round_number == 0 else source.randint(1, 20)
                wire.sendall(whole[at:at + size])
                at += size
            assert until(wire, b"END\r\n") == expected


def test_values_of_strangers_are_swallowed(guarded):
    """What a stranger sends as a value is no command, and takes no memory."""
    before = guarded.resident_bytes()
    with guarded.connect() as wire:
        wire.sendall(b"add k 0 0 20000000\r\n")
        for _ in range(20):
            wire.sendall(LOGIN[:2] + b"x" * 999998)
        wire.sendall(b"\r\n" + LOGIN)
        assert until(wire, b"STORED\r\n") == STRANGER + b"STORED\r\n"
    with guarded.connect() as wire:
        # memcached 1.6.18 ends here.
        wire.sendall(b"set k 0 0 4000000000\r\n" + b"x" * 100000)
        assert until(wire, b"\r\n") == FAILURE
    if not os.environ.get("EMBER_SANITIZE"):
        assert guarded.resident_bytes() - before < 8 << 20


def test_line_without_end(guarded):
    with guarded.connect() as wire:
        assert refused_or_closed(wire, b"get " * (8 << 20)) < (32 << 20) - (1 << 16)
    with logged_in(guarded) as wire:
        assert ask(wire, b"mn\r\n") == b"MN\r\n"


def test_binary_is_not_spoken(guarded):
    """As memcached: with -Y a binary request is a strange line."""
    plain = b"\x80\x21\x00\x05" + bytes(7) + b"\x0f" + bytes(12) + b"PLAIN\0user\0pass"
    with guarded.connect() as wire:
        assert ask(wire, plain + b"\r\n") == STRANGER


def test_each_connection_logs_in(guarded):
    with logged_in(guarded) as wire, guarded.connect() as other:
        assert ask(other, b"mn\r\n") == STRANGER
        assert ask(wire, b"mn\r\n") == b"MN\r\n"


def test_reload(launch, users):
    """SIGHUP: the new file holds for those who come, the old connections stay."""
    server = started(launch(["-Y", users.path]))
    with logged_in(server) as old:
        users.write(b"user:new\nsecond:word\n")
        with logged_in(server):
            pass
        reload(server)
        with server.connect() as wire:
            assert ask(wire, LOGIN) == FAILURE
            assert ask(wire, set_of(b"second word")) == b"STORED\r\n"
        assert ask(old, b"mn\r\n") == b"MN\r\n"
        for wrong in (b"junk", b"user:pass\r\n", b"user:" + b"p" * 300 + b"\n"):
            users.write(wrong)
            reload(server)
            with logged_in(server, set_of(b"user new")):
                pass
        os.unlink(users.path)
        reload(server)
        with logged_in(server, set_of(b"user new")):
            pass
        users.write(b"")
        reload(server)
        with server.connect() as wire:
            assert ask(wire, set_of(b"user new")) == FAILURE
    for secret in ("junk", "pass", "word"):
        assert secret not in server.words().replace("user:password", "").replace("a password", "")
    assert server.stop() == 0


def test_reload_under_use(guarded, users):
    """Whoever is in the old and in the new file can log in at every moment."""
    stop = threading.Event()
    answers_seen = []

    def log_in():
        while not stop.is_set():
            with guarded.connect() as wire:
                answers_seen.append(ask(wire, LOGIN + b"mn\r\n", b"MN\r\n"))

    threads = [threading.Thread(target=log_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(10):
        users.write(b"user:pass\n" + b"more:%d\n" % number * number)
        reload(guarded)
    stop.set()
    for thread in threads:
        thread.join()
    assert answers_seen and set(answers_seen) == {b"STORED\r\nMN\r\n"}


@pytest.mark.parametrize("content", [b"user:pass", b"".join(b"u%d:p\n" % n for n in range(8)) +
                                     b"user:pass\n", b"user:other\nuser:pass\n"])
def test_files_that_let_in(launch, users, content):
    """A last line without its end and a ninth user, too, which memcached 1.6.18 does not heed."""
    users.write(content)
    server = started(launch(["-Y", users.path]))
    with logged_in(server):
        pass
    assert server.stop() == 0


@pytest.mark.parametrize("content", [b"user:pass\r\n", b"\n", b"userpass\n", b"# users\nuser:pass\n",
                                     b"user:pass\n\nuser:pass\n", b"us\0er:pass\n"])
def test_files_that_are_refused(launch, users, content):
    """By both servers."""
    users.write(content)
    server = launch(["-Y", users.path]).launch()
    assert server.wait() == 71
    assert f"auth file {users.path} (-Y): line " in server.words()
    if memcached_binary():
        done = subprocess.run(
            [memcached_binary(), "-u", "nobody", "-l", "127.0.0.1", "-p", str(server.port), "-Y",
             users.path], capture_output=True, timeout=20, check=False)
        assert done.returncode == 1


def test_files_that_cannot_be_read(launch, users):
    server = launch(["-Y", users.path + ".not"]).launch()
    assert server.wait() == 71
    assert "No such file or directory" in server.words()
    server = launch(["-Y", os.path.dirname(users.path)]).launch()
    assert server.wait() == 71
    assert "is no regular file" in server.words()


def test_an_open_file_is_warned_of(launch, users):
    server = started(launch(["-Y", users.path]))
    assert "is open to every user of this machine; chmod o-rwx it" in server.words()
    assert server.stop() == 0
    users.write(b"user:pass\n", 0o640)
    os.chown(users.path, 65534, 65534) if os.geteuid() == 0 else None
    server = started(launch(["-Y", users.path]))
    assert "open to every user" not in server.words()
    assert server.stop() == 0


def test_settings(guarded, users):
    with logged_in(guarded) as wire:
        settings = ask(wire, b"stats settings\r\n", b"END\r\n").decode()
    assert f"STAT auth_enabled_ascii {users.path}\r\n" in settings
    assert "STAT auth_enabled_sasl no\r\n" in settings
    assert "STAT binding_protocol ascii\r\n" in settings


def test_unix_socket(launch, users):
    """The file holds for everybody, not for the network only."""
    path = os.path.join(os.path.dirname(users.path), "socket")
    os.chmod(os.path.dirname(users.path), 0o777)
    server = launch(["-s", path, "-Y", users.path], plain=True).launch()

    def answer():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.settimeout(5)
            if wire.connect_ex(path) != 0:
                return b""
            return ask(wire, b"mn\r\n")

    assert eventually(lambda: answer() == STRANGER), server.words()
    assert server.stop() == 0
