# SPDX-License-Identifier: BSD-3-Clause
"""ServerProcess: one running cache server (Ember or memcached), started on a free port and stopped.

Used by the conformance and the integration tests. It knows how to start, to wait for the first
answer and to stop; it does not know what is tested.
"""

import contextlib
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_SECONDS = 20.0
STOP_SECONDS = 15.0


def ember_binary():
    """The server under test: EMBER_BIN, as ctest sets it."""
    return os.environ.get("EMBER_BIN", "")


def memcached_binary():
    return os.environ.get("MEMCACHED_BIN") or shutil.which("memcached")


@functools.lru_cache(maxsize=None)
def help_text(binary):
    done = subprocess.run([binary, "-h"], capture_output=True, timeout=20, check=False)
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def is_ember(binary):
    """True for Ember, false for memcached: the suite can be tried with memcached in its place."""
    return "--io" in help_text(binary)


@functools.lru_cache(maxsize=None)
def refusal_of_uring(binary):
    """Why `--io=uring` does not work here, or an empty string if it does. A crash is no refusal."""
    server = ServerProcess(binary, ["--io=uring"])
    try:
        server.start()
    except StartError as error:
        if "io_uring is refused" not in str(error) or (server.process.returncode or -1) < 0:
            raise
        return str(error)
    server.stop()
    return ""


def pollers(binary):
    return ["epoll", "uring"] if is_ember(binary) else ["libevent"]


def poller_arguments(poller):
    return [] if poller == "libevent" else ["--io=" + poller]


def first_ephemeral_port():
    """Below it the system gives no port to outgoing connections."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as limits:
        return int(limits.read().split()[0])


def free_port(host="127.0.0.1"):
    """One that neither TCP nor UDP has in use: a test may want both. Not one that a client of another
    test, side by side with this one, may be given before the server listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    above = first_ephemeral_port()
    lowest, above = (10000, above) if above > 12000 else (33000, 60000)
    while True:
        port = random.SystemRandom().randrange(lowest, above)
        with socket.socket(family, socket.SOCK_STREAM) as probe, \
                socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            with contextlib.suppress(OSError):
                probe.bind((host, port))
                datagrams.bind((host, port))
                return port


class StartError(Exception):
    """The server ended, or did not answer in time; the text has its exit code and its last words."""


class ServerProcess:
    """Arguments come after `-p PORT -l 127.0.0.1`; `plain=True` leaves those two out."""

    def __init__(self, binary, arguments=(), plain=False, environment=None):
        self.binary = binary
        self.host = "127.0.0.1"
        self.port = 0 if plain else free_port()
        self.arguments = [] if plain else ["-p", str(self.port), "-l", self.host, "-U", "0"]
        if os.geteuid() == 0 and not any(a == "-u" for a in arguments):
            self.arguments += ["-u", "nobody"]
        self.arguments += list(arguments)
        self.environment = dict(os.environ, **(environment or {}))
        self.process = None
        self._words = None

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        """Starts the process and does not wait for it to answer."""
        self._words = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [self.binary] + self.arguments, stdin=subprocess.DEVNULL, stdout=self._words,
            stderr=subprocess.STDOUT, env=self.environment, start_new_session=True)
        return self

    def start(self):
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise StartError(f"exit code {self.process.returncode}: {self.words().strip()}")
            if self.answers():
                return self
            time.sleep(0.02)
        self.kill()
        raise StartError(f"no answer within {START_SECONDS} s: {self.words().strip()}")

    def answers(self):
        try:
            with socket.create_connection((self.host, self.port), timeout=1) as probe:
                probe.sendall(b"version\r\n")
                return probe.recv(64).startswith(b"VERSION")
        except OSError:
            return False

    def connect(self, timeout=10):
        connection = socket.create_connection((self.host, self.port), timeout=timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def words(self):
        """What the server printed so far, both streams."""
        self._words.flush()
        return os.pread(self._words.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def wait(self, seconds=STOP_SECONDS):
        return self.process.wait(timeout=seconds)

    def stop(self):
        """SIGTERM; returns the exit code. A server that does not end in time is an error."""
        if not self.alive():
            return None if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired as late:
            self.kill()
            raise AssertionError(f"still running {STOP_SECONDS} s after SIGTERM") from late

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait()

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))
