# SPDX-License-Identifier: BSD-3-Clause
"""Servers as child processes for the comparisons: started, waited for, pinned, stopped by their pid."""

import os
import shutil
import socket
import ssl
import subprocess
import time

from tls_certificate import TlsCertificate

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
START_SECONDS = 10


class Servers:
    """Where the programs are, and which ports are free for them."""

    def __init__(self, binaries, memcached, first_port):
        self.binaries = binaries
        self.memcached = shutil.which(memcached) or memcached
        self.next_port = first_port
        self.certificate = None  # made for the first server with TLS

    def close(self):
        """Once all servers are stopped."""
        if self.certificate:
            self.certificate.remove()
            self.certificate = None

    def program(self, name):
        return os.path.join(self.binaries, name)

    def command(self, kind, port, options):
        """The command line of a server. kind: memcached, ember, ember:uring, ember:epoll, null, or
        ember:file, whose items are in a memory file on tmpfs."""
        if kind == 'null':
            return [self.program('ember-null-server'), '--port=%d' % port,
                    '--value_size=%d' % options.get('value_size', 100)]
        program = self.memcached if kind == 'memcached' else self.program('ember')
        command = [program, '-l', '127.0.0.1', '-p', str(port), '-t', str(options.get('threads', 1)),
                   '-m', str(options.get('memory', 1024)), '-c', str(options.get('connections', 2048))]
        if os.geteuid() == 0:
            command += ['-u', 'nobody']
        if kind == 'ember:file':
            command += ['--memory-file=/dev/shm/ember-bench-%d-%d' % (os.getpid(), port)]
        elif ':' in kind:
            command.append('--io=' + kind.split(':')[1])
        if options.get('tls'):
            self.certificate = self.certificate or TlsCertificate()
            command += self.certificate.server_options()
        return command

    def start(self, kind, options=None, cpus=None):
        port = self.next_port
        self.next_port += 1
        command = self.command(kind, port, options or {})
        if cpus:
            command = ['taskset', '-c', cpus] + command
        return Server(kind, port, command, self.certificate if '-Z' in command else None)


class Server:
    """`certificate` is the server's if it speaks TLS."""

    def __init__(self, kind, port, command, certificate=None):
        self.kind = kind
        self.port = port
        self.certificate = certificate
        self.memory_file = next((option.split('=')[1] for option in command
                                 if option.startswith('--memory-file=')), None)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        self.wait_until_ready()

    @property
    def pid(self):
        return self.process.pid

    @property
    def address(self):
        return '127.0.0.1:%d' % self.port

    def load_options(self):
        """What ember-bench needs to reach it."""
        return {'server': self.address, 'server_pid': self.pid,
                **(self.certificate.load_options() if self.certificate else {})}

    def connect(self):
        connection = socket.create_connection(('127.0.0.1', self.port), 1)
        if not self.certificate:
            return connection
        context = ssl.create_default_context(cafile=self.certificate.cert)
        context.check_hostname = False
        return context.wrap_socket(connection)

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError('%s ended at once: %s' % (
                    self.kind, self.process.stderr.read().decode(errors='replace').strip()))
            try:
                with self.connect() as connection:
                    connection.sendall(b'version\r\n')
                    if connection.recv(100):
                        return
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        raise RuntimeError('%s did not answer within %d s' % (self.kind, START_SECONDS))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stderr.close()
        for path in (self.memory_file, '%s.meta' % self.memory_file):
            if self.memory_file and os.path.exists(path):
                os.unlink(path)
