#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a reload says: which certificates, authorities, CRLs and roles are
others than before, or where in which file the fault is."""

import os
import shutil
import subprocess
import tempfile
import time

from signet import Daemon, main, standalone
from signet.authority import Authority, bundle
from signet.pki import pki


class Folder:
    """The files of the section tls, and a daemon that uses them."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="signet-test-report-")
        os.chmod(self.path, 0o755)
        self.root = Authority(self.path, "root")
        self.other = Authority(self.path, "other")
        self.put("server.pem", f"{pki()}/server.pem")
        self.put("server.key", f"{pki()}/server.key")
        self.put("authorities.pem", self.root.certificate)
        self.put("in-use.crl", self.root.crl())
        self.broker = Daemon(reload={"watch": False}, tls={
            "certificate": f"{self.path}/server.pem",
            "private_key": f"{self.path}/server.key",
            "client_ca": f"{self.path}/authorities.pem",
            "crl_required": "listed",
            "crl": [f"{self.path}/in-use.crl"]})
        assert self.broker.reload() == "nothing has changed"
        return self

    def __exit__(self, kind, *_):
        self.broker.__exit__(kind)
        shutil.rmtree(self.path, ignore_errors=True)

    def put(self, name, source):
        shutil.copy(source, f"{self.path}/{name}.new")
        os.rename(f"{self.path}/{name}.new", f"{self.path}/{name}")

    def changes(self):
        """A reload's lines, each of which is logged as well."""
        mark = self.broker.log.mark()
        lines = self.broker.reload().split("\n")
        self.broker.await_log(mark, event="reloaded")
        for line in lines[1:]:
            what, text = line.split(": ", 1)
            what, _, verb = what.partition(" ")
            now, _, before = text.partition(", before ")
            if verb == "removed":
                now, before = "", now
            self.broker.await_log(mark, event="changed", what=what, now=now,
                                  before=before)
        return lines


def shown(path):
    """A certificate as a report shows it."""
    made = subprocess.run(
        ["openssl", "x509", "-noout", "-sha256", "-fingerprint", "-enddate",
         "-subject", "-nameopt", "sep_comma_plus", "-in", path],
        capture_output=True, text=True, check=True)
    fingerprint, end, subject = (line.split("=", 1)[1]
                                 for line in made.stdout.strip().split("\n"))
    end = time.strftime("%Y-%m-%d %H:%M:%S UTC",
                        time.strptime(end, "%b %d %H:%M:%S %Y GMT"))
    return (f"SHA-256 {fingerprint.replace(':', '').lower()} "
            f"notAfter {end} \"{subject}\"")


@standalone
def a_new_certificate_is_told_with_the_old_one():
    with Folder() as folder:
        folder.put("server.pem", f"{pki()}/server-rsa.pem")
        folder.put("server.key", f"{pki()}/server-rsa.key")
        first, line = folder.changes()
        assert first == "read anew: tls.certificate, tls.private_key", first
        assert line == (
            f"server-certificate: {shown(f'{pki()}/server-rsa.pem')}, "
            f"before {shown(f'{pki()}/server.pem')}"), line


@standalone
def authorities_that_come_and_go_are_told():
    with Folder() as folder:
        folder.put("authorities.pem",
                   bundle(f"{folder.path}/both", folder.root.certificate,
                          folder.other.certificate))
        assert folder.changes() == [
            "read anew: tls.client_ca",
            f"client-ca added: {shown(folder.other.certificate)}"]
        folder.put("authorities.pem", folder.root.certificate)
        assert folder.changes() == [
            "read anew: tls.client_ca",
            f"client-ca removed: {shown(folder.other.certificate)}"]


@standalone
def a_new_list_is_told_with_its_number():
    with Folder() as folder:
        folder.root.revoke(folder.root.issue("bad"))
        folder.put("in-use.crl", folder.root.crl(until=40 * 86400))
        first, crl, revoked = folder.changes()
        assert first == "read anew: tls.crl", first
        assert crl.startswith("crl: number 2 nextUpdate "), crl
        assert " of \"CN=root\", before number 1 nextUpdate " in crl, crl
        assert revoked == "revoked: 1 certificates, before 0", revoked


@standalone
def a_fault_names_the_file_and_the_place_in_it():
    with Folder() as folder:
        whole = bundle(f"{folder.path}/both", folder.root.certificate,
                       folder.other.certificate)
        with open(folder.root.certificate) as file:
            line = 1 + file.read().count("\n")
        faults = []
        for name, source, wanted in (
                ("authorities.pem", whole,
                 f"certificate 2 (line {line}) has no end: the file is cut"),
                ("server.pem", f"{pki()}/server.pem",
                 "certificate 1 (line 1) has no end: the file is cut"),
                ("server.key", f"{pki()}/server.key",
                 "no key can be read from it"),
                ("in-use.crl", folder.root.crl(),
                 "CRL 1 (line 1) has no end: the file is cut")):
            shutil.copy(f"{folder.path}/{name}", f"{folder.path}/kept")
            with open(source, "rb") as file:
                content = file.read()
            with open(f"{folder.path}/{name}", "wb") as file:
                file.write(content[:-40])
            said = folder.broker.refused_reload()
            if f": {folder.path}/{name}: {wanted}" not in said:
                faults.append(said)
            os.rename(f"{folder.path}/kept", f"{folder.path}/{name}")
        assert not faults, faults
        assert folder.broker.reload() == "nothing has changed"


main()
