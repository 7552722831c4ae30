# SPDX-License-Identifier: BSD-3-Clause
"""What a server is as a process: -d, -P, -u, -r, -k, -L, and its limits."""

import contextlib
import os
import pwd
import resource
import signal
import socket
import subprocess

import pytest

from server_process import ServerProcess, ember_binary, free_port
from wire import eventually, stats

POLLERS = ["epoll"]
NO_LIMIT = float("inf")
NO_SUCH_PID = 2 ** 22 + 1  # above the most the kernel gives
CAP_IPC_LOCK = 14  # linux/capability.h


@pytest.fixture
def root():
    if os.geteuid() != 0:
        pytest.skip("skipped, because the tests do not run as root")


@pytest.fixture
def pid_file(tmp_path):
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        os.chmod(folder, 0o777)
    return tmp_path / "ember.pid"


def command_line(*arguments, port):
    user = ["-u", "nobody"] if os.geteuid() == 0 and "-u" not in arguments else []
    return [ember_binary(), "-p", str(port), "-l", "127.0.0.1", *user, *arguments]


class Daemon:
    """A server that was started with -d, known by its pid file."""

    def __init__(self, pid_file, *arguments, environment=None, output=None):
        self.port = free_port()
        self.done = subprocess.run(
            command_line("-d", "-P", str(pid_file), *arguments, port=self.port), timeout=30,
            stdin=subprocess.DEVNULL, stdout=output or subprocess.PIPE,
            stderr=output or subprocess.PIPE, text=True, check=False, cwd=pid_file.parent,
            env=dict(os.environ, **(environment or {})))
        self.pid = int(pid_file.read_text()) if self.done.returncode == 0 else None

    def link(self, name):
        return os.readlink(f"/proc/{self.pid}/{name}")

    def answers(self):
        with contextlib.suppress(OSError), \
                socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
            wire.sendall(b"version\r\n")
            return wire.recv(64).startswith(b"VERSION")
        return False

    def gone(self):
        return not os.path.exists(f"/proc/{self.pid}")

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        assert eventually(self.gone, 20)


@contextlib.contextmanager
def daemon(pid_file, *arguments, **how):
    made = Daemon(pid_file, *arguments, **how)
    assert made.done.returncode == 0, made.done.stderr
    try:
        yield made
    finally:
        if not made.gone():
            made.stop()


def rows_of(server, family):
    return {name: value.strip() for name, value in stats(server, family)}


def status_of(pid, name):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith(name + ":"))


def test_daemon(only_ember, pid_file):
    """When the starter has gone, with 0, the server serves and its pid is written."""
    with daemon(pid_file) as server:
        assert server.answers()
        assert os.getsid(server.pid) == server.pid
        assert server.link("cwd") == "/"
        assert [server.link(f"fd/{n}") for n in range(3)] == ["/dev/null"] * 3
        server.stop()
    assert not pid_file.exists()


def test_daemon_with_output(only_ember, pid_file, tmp_path):
    """-v keeps standard output and error, as in memcached; -r the working folder."""
    with open(tmp_path / "log", "w+", encoding="utf-8") as log:
        with daemon(pid_file, "-v", "-r", output=log) as server:
            assert server.link("fd/0") == "/dev/null"
            assert server.link("fd/2") == str(tmp_path / "log")
            assert server.link("cwd") == str(tmp_path)
        assert "stopping" in (tmp_path / "log").read_text()


def test_daemon_that_cannot_serve(only_ember, pid_file, start):
    """The starter has the words and the exit code, and no pid file is left."""
    first = start()
    done = subprocess.run(command_line("-d", "-P", str(pid_file), port=first.port),
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 71
    assert "the address is in use" in done.stderr
    assert not pid_file.exists()


def test_foreground_writes_a_pid_file_too(launch, only_ember, pid_file):
    server = launch(["-P", str(pid_file)]).start()
    assert eventually(pid_file.exists)
    assert eventually(lambda: pid_file.read_text() == f"{server.pid}\n")
    assert server.stop() == 0
    assert not pid_file.exists()


@pytest.mark.parametrize("stale", [f"{NO_SUCH_PID}\n", f"{os.getpid()}\n", "", "no number"],
                         ids=["nobody", "another program", "empty", "words"])
def test_stale_pid_file_is_replaced(only_ember, pid_file, stale):
    pid_file.write_text(stale)
    with daemon(pid_file) as server:
        assert server.answers()
        assert status_of(server.pid, "Pid") == str(server.pid)


def test_pid_file_of_a_server_is_left_alone(start, launch, only_ember, pid_file):
    """One that runs keeps its file, whether it locked it or not."""
    for arguments in ([], ["-P", str(pid_file)]):
        first = start(arguments)
        if not arguments:
            pid_file.write_text(f"{first.pid}\n")
        assert eventually(lambda pid=first.pid: pid_file.read_text() == f"{pid}\n")
        second = launch(["-P", str(pid_file)]).start()
        assert "contained the following (running) pid: " + str(first.pid) in second.words()
        assert second.stop() == 0
        assert pid_file.read_text() == f"{first.pid}\n"
        assert first.stop() == 0
        pid_file.unlink(missing_ok=True)


def test_pid_file_is_no_link(launch, only_ember, pid_file, tmp_path):
    """A link that somebody put there does not make root write elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    pid_file.symlink_to(victim)
    server = launch(["-P", str(pid_file)]).start()
    assert str(pid_file) in server.words()
    assert server.stop() == 0
    assert victim.read_text() == "precious"
    assert pid_file.is_symlink()


def test_pid_file_in_a_folder_of_root(root, only_ember, tmp_path):
    """As in /run: written before the rights are given up, root's own, and void after the end."""
    os.chmod(tmp_path, 0o755)
    pid_file = tmp_path / "ember.pid"
    with daemon(pid_file) as server:
        assert server.answers()
        assert pid_file.stat().st_uid == 0
        assert status_of(server.pid, "Uid") == str(pwd.getpwnam("nobody").pw_uid)
    assert pid_file.read_text() == ""
    with daemon(pid_file) as again:
        assert again.answers()


def test_groups_are_dropped(root, start):
    server = start(["-u", "nobody"])
    with open(f"/proc/{server.pid}/status", encoding="ascii") as status:
        rows = dict(line.rstrip("\n").split(":", 1) for line in status)
    user = pwd.getpwnam("nobody")
    assert rows["Gid"].split() == [str(user.pw_gid)] * 4
    assert rows["Groups"].split() == []


def limit_of(pid, name):
    """The soft limit; as large as can be if there is none."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
        value = next(line[len(name):].split()[0] for line in limits if line.startswith(name))
    return NO_LIMIT if value == "unlimited" else int(value)


@pytest.mark.parametrize("arguments,raised,owner", [([], False, "root"), (["-r"], True, "nobody")])
def test_core_dumps(root, only_ember, launch, arguments, raised, owner):
    """-r raises the limit and allows what a change of user forbids; without it, neither."""
    server = launch(["-u", "nobody", *arguments])
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] != resource.RLIM_INFINITY:
        pytest.skip("skipped, because core dumps are limited here")
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    assert (limit_of(server.pid, "Max core file size") == NO_LIMIT) == raised
    # What belongs to a process that may not be dumped belongs to root.
    assert os.stat(f"/proc/{server.pid}/environ").st_uid == pwd.getpwnam(owner).pw_uid
    assert server.stop() == 0


@pytest.mark.parametrize("arguments,owner", [([], "nobody"), (["-Y"], "root"),
                                             (["-r", "-Y"], "nobody")])
def test_secrets_forbid_core_dumps(root, only_ember, tmp_path, arguments, owner):
    """With passwords in memory there are none unless -r asks, also where no user was changed."""
    passwords = tmp_path / "passwords"
    for folder in [tmp_path, *tmp_path.parents[:2]]:
        os.chmod(folder, 0o777)
    passwords.write_text("a:b\n")
    os.chmod(passwords, 0o644)
    if "-Y" in arguments:
        arguments = [*arguments, str(passwords)]
    server = ServerProcess(ember_binary(), plain=True)
    server.port = free_port()
    with subprocess.Popen([ember_binary(), "-p", str(server.port), "-l", "127.0.0.1", *arguments],
                          preexec_fn=as_nobody(resource.RLIMIT_NOFILE, 2000)) as process:
        def listening():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
                return True
            return False
        assert eventually(listening, 20)
        seen = os.stat(f"/proc/{process.pid}/environ").st_uid
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert seen == pwd.getpwnam(owner).pw_uid


def test_lock_memory(root, start, only_ember):
    """-k: all of the items' memory is resident and locked, and the usual is not."""
    assert int(status_of(start(["-m", "100"]).pid, "VmLck")) == 0
    # Where not even root may raise the limit, root may still lock beyond it.
    limited = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1] != resource.RLIM_INFINITY
    if limited and not int(status_of(os.getpid(), "CapEff"), 16) >> CAP_IPC_LOCK & 1:
        pytest.skip("skipped, because locked memory is limited here")
    server = start(["-m", "100", "-k", *(["-u", "root"] if limited else [])])
    assert int(status_of(server.pid, "VmLck")) > 100 * 1024, server.words()


def as_nobody(limit, most):
    """What a child does between fork and exec: it is nobody, under a limit."""
    def become():
        resource.setrlimit(limit, (most, most))
        os.setgid(pwd.getpwnam("nobody").pw_gid)
        os.setuid(pwd.getpwnam("nobody").pw_uid)
    return become


def test_lock_memory_beyond_the_limit(root, only_ember):
    """The server serves, and says what limit to raise."""
    port = free_port()
    with subprocess.Popen([ember_binary(), "-p", str(port), "-l", "127.0.0.1", "-k"],
                          preexec_fn=as_nobody(resource.RLIMIT_MEMLOCK, 1 << 20),
                          stderr=subprocess.PIPE, text=True) as process:
        server = ServerProcess(ember_binary(), plain=True)
        server.port = port
        assert eventually(server.answers, 20)
        assert int(status_of(process.pid, "VmLck")) == 0
        process.terminate()
        words = process.communicate(timeout=20)[1]
        assert process.returncode == 0
    assert "-k" in words and "ulimit -l" in words


def test_connections_beyond_the_limit(root, only_ember):
    done = subprocess.run([ember_binary(), "-p", str(free_port()), "-c", "5000"],
                          preexec_fn=as_nobody(resource.RLIMIT_NOFILE, 1000),
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 71
    assert "smaller maxconns" in done.stderr and "-c 5000" in done.stderr


def test_connections_raise_the_limit(start, only_ember):
    server = start(["-c", "2000"])
    assert limit_of(server.pid, "Max open files") >= 2000


def wants_huge(pid):
    """MiB of addresses that the system was asked for huge pages for, or that are huge pages."""
    kibibytes = 0
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as smaps:
        for line in smaps:
            words = line.split()
            if words[0] == "Size:":
                size = int(words[1])
            elif words[0] == "VmFlags:" and {"hg", "ht"} & set(words):
                kibibytes += size
    return kibibytes >> 10


@pytest.mark.parametrize("memory_file", [False, True])
def test_large_pages(start, only_ember, tmpfs_folder, memory_file):
    """-L: what was got is told at start and in `stats ember`; without it, nothing is asked for, but for
    the index, which is asked for huge pages in any case."""
    more = [f"--memory-file={tmpfs_folder}/ember"] if memory_file else []
    usual = start(["-m", "256", *more])
    assert rows_of(usual, "ember")["memory_pages"] == "usual"
    before = wants_huge(usual.pid)
    assert usual.stop() == 0
    server = start(["-m", "256", "-L", *more])
    got = rows_of(server, "ember")["memory_pages"]
    assert got in ("usual", "transparent", "hugetlb")
    if got == "usual":
        assert "nr_hugepages" in server.words()
    else:
        assert f"-L: large pages for items: {got}" in server.words()
        # Sanitizers ask for them, too, for mappings of their own.
        assert os.environ.get("EMBER_SANITIZE") or 256 <= wants_huge(server.pid) - before < 300


def test_memcacheds_command_line(root, only_ember):
    """A command line of memcached's needs another first word, and nothing else."""
    try:
        user = pwd.getpwnam("memcache")
    except KeyError:
        pytest.skip("skipped, because there is no user memcache")
    port, pid_file = free_port(), f"/run/ember-test-{os.getpid()}.pid"
    line = (f"memcached -d -u memcache -m 1024 -p {port} -l 127.0.0.1 -c 4096 -t 4 "
            f"-o modern,track_sizes -P {pid_file} -v").split()
    done = subprocess.run([ember_binary(), *line[1:]], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=30,
                          check=False)
    try:
        assert done.returncode == 0
        with open(pid_file, encoding="ascii") as file:
            pid = int(file.read())
        server = ServerProcess(ember_binary(), plain=True)
        server.port = port
        assert server.answers()
        assert status_of(pid, "Uid") == str(user.pw_uid)
        rows = rows_of(server, "settings")
        assert (rows["maxbytes"], rows["maxconns"], rows["num_threads"], rows["verbosity"]) == (
            str(1 << 30), "4096", "4", "1")
        os.kill(pid, signal.SIGTERM)
        assert eventually(lambda: not os.path.exists(f"/proc/{pid}"), 20)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(pid_file)
