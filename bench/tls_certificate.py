# SPDX-License-Identifier: BSD-3-Clause
"""A certificate of its own authority for the servers of a comparison, made by openssl at run time."""

import os
import shutil
import subprocess
import tempfile


class TlsCertificate:
    """A folder with cert.pem and key.pem that every user may read: servers are started with -u."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='ember-bench-tls-')
        try:
            self.make()
        except BaseException:
            self.remove()
            raise

    def make(self):
        os.chmod(self.folder, 0o755)
        command = ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                   'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', self.key, '-out', self.cert,
                   '-subj', '/CN=localhost', '-days', '2']
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise RuntimeError('TLS rows need the program openssl (Debian: openssl)') from None
        if done.returncode != 0:
            raise RuntimeError('%s: %s' % (' '.join(command), done.stderr.strip()))
        os.chmod(self.key, 0o644)

    @property
    def cert(self):
        return os.path.join(self.folder, 'cert.pem')

    @property
    def key(self):
        return os.path.join(self.folder, 'key.pem')

    def server_options(self):
        return ['-Z', '-o', 'ssl_chain_cert=%s,ssl_key=%s' % (self.cert, self.key)]

    def load_options(self):
        """ember-bench's; the certificate is its own authority."""
        return {'tls': 'true', 'tls_ca': self.cert}

    def remove(self):
        shutil.rmtree(self.folder)
