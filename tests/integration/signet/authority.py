# SPDX-License-Identifier: Apache-2.0
"""Authorities of a test's own: they issue, revoke and sign CRLs."""

import os
import subprocess
import time

from .pki import pki

_CONFIGURATION = """
[req]
distinguished_name = dn
prompt = no
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[authority]
new_certs_dir = {folder}
database = {folder}/{name}.db
crlnumber = {folder}/{name}.number
certificate = {folder}/{name}.pem
private_key = {folder}/{name}.key
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
crl_extensions = crl
[any]
commonName = supplied
[crl]
authorityKeyIdentifier = keyid
[delta]
authorityKeyIdentifier = keyid
2.5.29.27 = critical, ASN1:INTEGER:1
"""


def _openssl(*arguments):
    made = subprocess.run(["openssl", *arguments], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)
    assert made.returncode == 0, f"openssl {arguments}:\n{made.stderr}"


def _when(seconds):
    """A time so many seconds from now, as openssl takes it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


class Authority:
    """NAME.pem, NAME.key and what they issue, in a folder that also has the
    ca.pem that clients know the server by. issuer: None: it signs itself."""

    def __init__(self, folder, name, issuer=None):
        self.folder, self.name = str(folder), name
        self.configuration = f"{folder}/{name}.cnf"
        with open(self.configuration, "w") as file:
            file.write(_CONFIGURATION.format(folder=folder, name=name))
        with open(f"{folder}/{name}.db", "w"):
            pass
        with open(f"{folder}/{name}.number", "w") as file:
            file.write("01\n")
        if not os.path.exists(f"{folder}/ca.pem"):
            os.symlink(f"{pki()}/ca.pem", f"{folder}/ca.pem")
        self._new_key(name)
        if issuer is None:
            _openssl("req", "-x509", "-new", "-config", self.configuration,
                     "-extensions", "ca", "-key", self._path(name, "key"),
                     "-subj", f"/CN={name}", "-days", "3650",
                     "-out", self.certificate)
        else:
            issuer.sign(name, f"/CN={name}", "ca", 3650 * 86400)

    @property
    def certificate(self):
        return self._path(self.name, "pem")

    def _path(self, name, ending):
        return f"{self.folder}/{name}.{ending}"

    def _new_key(self, name):
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout",
                 "-out", self._path(name, "key"))

    def sign(self, name, subject, extensions, seconds):
        _openssl("req", "-new", "-config", self.configuration, "-key",
                 self._path(name, "key"), "-subj", subject,
                 "-out", self._path(name, "csr"))
        _openssl("ca", "-batch", "-notext", "-config", self.configuration,
                 "-name", "authority", "-extensions", extensions,
                 "-startdate", _when(-3600), "-enddate", _when(seconds),
                 "-in", self._path(name, "csr"),
                 "-out", self._path(name, "pem"))

    def issue(self, name, identity="device-1", seconds=365 * 86400,
              sending=(), use="client"):
        """A certificate, with those of these authorities behind. use: whose:
        "client", or "server"."""
        self._new_key(name)
        self.sign(name, f"/CN={identity}", use, seconds)
        with open(self._path(name, "pem"), "a") as file:
            for authority in sending:
                with open(authority.certificate) as certificate:
                    file.write(certificate.read())
        return name

    def revoke(self, name):
        _openssl("ca", "-config", self.configuration, "-name", "authority",
                 "-revoke", self._path(name, "pem"))

    def crl(self, name=None, since=-600, until=90 * 86400, is_der=False,
            extensions="crl"):
        """Write a CRL; its path. since, until: seconds from now."""
        path = self._path(name or self.name, "crl")
        _openssl("ca", "-gencrl", "-config", self.configuration, "-name",
                 "authority", "-crlexts", extensions, "-crl_lastupdate",
                 _when(since), "-crl_nextupdate", _when(until), "-out", path)
        if is_der:
            _openssl("crl", "-in", path, "-outform", "DER", "-out", path)
        return path


def bundle(path, *parts):
    """One file of several."""
    with open(path, "wb") as out:
        for part in parts:
            with open(part, "rb") as file:
                out.write(file.read())
    return path
