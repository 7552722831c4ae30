# SPDX-License-Identifier: BSD-3-Clause
"""A CA of the tests' own, and certificates from it, made by openssl in a folder that every user may
read."""

import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile

import pytest


class Certificates:
    """Files NAME.pem and NAME.key for "ca", "server" and "client"."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ember-tls-"))
        os.chmod(self.folder, 0o755)
        self._openssl("req", "-x509", *self._new_key("ca"), "-out", self.path("ca.pem"), "-subj",
                      "/CN=ca", "-days", "2")
        self.issue("server")
        self.issue("client")

    def issue(self, name):
        """A new key and certificate."""
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
        self._openssl("req", *self._new_key(name), "-out", self.path(name + ".csr"), "-subj",
                      "/CN=" + name)
        self._openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.pem"),
                      "-CAkey", self.path("ca.key"), "-CAcreateserial", "-days", "2", "-extfile",
                      str(extensions), "-out", self.path(name + ".pem"))
        os.chmod(self.path(name + ".key"), 0o644)

    def path(self, name):
        return str(self.folder / name)

    def server_options(self, more=""):
        """What stands behind -o."""
        return (f"ssl_chain_cert={self.path('server.pem')},ssl_key={self.path('server.key')}"
                + ("," + more if more else ""))

    def client(self, version=None, certificate=None):
        """A client's context that trusts the CA."""
        context = ssl.create_default_context(cafile=self.path("ca.pem"))
        if version:
            context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(self.path(certificate + ".pem"),
                                    self.path(certificate + ".key"))
        return context

    def remove(self):
        shutil.rmtree(self.folder)

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                self.path(name + ".key")]

    @staticmethod
    def _openssl(*words):
        if shutil.which("openssl") is None:
            pytest.skip("skipped, because openssl is not installed")
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)
