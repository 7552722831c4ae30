# SPDX-License-Identifier: BSD-3-Clause
"""What systemd hears of a server, and the sockets it opens for one."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from server_process import free_port
from test_process import command_line

POLLERS = ["epoll"]


class Manager:
    """A service manager's socket."""

    def __init__(self, address):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(20)
        self.socket.bind(address)

    def hear(self):
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())


@pytest.mark.parametrize("abstract", [False, True])
def test_service_manager_is_told(launch, only_ember, tmp_path, abstract):
    name = f"ember-test-{os.getpid()}-{time.monotonic_ns()}" if abstract else str(
        tmp_path / "notify")
    manager = Manager("\0" + name if abstract else name)
    if not abstract:
        for path in [name, tmp_path, *tmp_path.parents[:2]]:
            os.chmod(path, 0o777)
    server = launch(environment={"NOTIFY_SOCKET": "@" + name if abstract else name}).launch()
    assert manager.hear() == {"READY": "1", "MAINPID": str(server.pid)}
    assert server.answers(), "it said so before it was ready"
    os.kill(server.pid, signal.SIGHUP)
    reloading = manager.hear()
    assert reloading["RELOADING"] == "1" and int(reloading["MONOTONIC_USEC"]) > 0
    assert manager.hear()["READY"] == "1"
    os.kill(server.pid, signal.SIGTERM)
    assert manager.hear() == {"STOPPING": "1"}
    assert server.wait() == 0


PASS = """
import os, sys
fds = [int(fd) for fd in sys.argv[1].split(",")]
for number, fd in enumerate(fds):
    os.dup2(fd, 50 + number)
for number in range(len(fds)):
    os.dup2(50 + number, 3 + number, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


def activated(sockets, names, *arguments):
    fds = [each.fileno() for each in sockets]
    line = command_line(*arguments, port=free_port())
    return subprocess.Popen([sys.executable, "-c", PASS, ",".join(map(str, fds)), names, *line],
                            pass_fds=fds, stderr=subprocess.PIPE, text=True)


def test_socket_activation(only_ember, tmp_path):
    """Sockets that systemd opened: a client may come before the server does, and after it went."""
    tcp = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    unix.bind(str(tmp_path / "ember.sock"))
    unix.listen()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    early = socket.create_connection(tcp.getsockname(), timeout=20)
    early.sendall(b"version\r\n")
    for _ in range(2):
        with activated([tcp, unix, udp], "ember.socket:notls:ascii", "--io=epoll") as process:
            assert early.recv(64).startswith(b"VERSION")
            with socket.socket(socket.AF_UNIX) as local:
                local.settimeout(20)
                local.connect(str(tmp_path / "ember.sock"))
                local.sendall(b"version\r\n")
                assert local.recv(64).startswith(b"VERSION")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.settimeout(20)
                asker.sendto(b"\0\1\0\0\0\1\0\0version\r\n", udp.getsockname())
                assert asker.recv(64)[8:].startswith(b"VERSION")
            process.terminate()
            words = process.communicate(timeout=20)[1]
            assert process.returncode == 0, words
        # It is not gone with the server: the next one finds who waits.
        early = socket.create_connection(tcp.getsockname(), timeout=20)
        early.sendall(b"version\r\n")
    assert os.path.exists(tmp_path / "ember.sock")


def test_passed_descriptor_that_is_no_listener(only_ember):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other, \
            activated([other], "wrong") as process:
        words = process.communicate(timeout=20)[1]
        assert process.returncode == 71
        assert "LISTEN_FDS" in words and "wrong" in words
