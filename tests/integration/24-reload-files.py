#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates, keys and authorities that change under a running daemon: new
handshakes get the new ones, whoever is connected stays."""

import os
import shutil
import ssl
import tempfile

from signet import Daemon, codec, main, standalone
from signet.pki import pki


def certificate_of(client):
    return client.stream.tls.getpeercert(True)


def der(name):
    with open(f"{pki()}/{name}.pem") as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


class Files:
    """A folder of the daemon's own with the files of the section tls."""

    def __init__(self, broker_folder):
        self.path = broker_folder
        os.makedirs(self.path, exist_ok=True)

    def put(self, name, source):
        """By another file in its place."""
        shutil.copy(f"{pki()}/{source}", f"{self.path}/{name}.new")
        os.chmod(f"{self.path}/{name}.new", 0o600)
        os.rename(f"{self.path}/{name}.new", f"{self.path}/{name}")


def started(is_watching, folder):
    files = Files(folder)
    files.put("server.pem", "server.pem")
    files.put("server.key", "server.key")
    files.put("ca.pem", "ca.pem")
    broker = Daemon(reload={"watch": is_watching}, tls={
        "certificate": f"{folder}/server.pem",
        "private_key": f"{folder}/server.key",
        "client_ca": f"{folder}/ca.pem"})
    assert broker.reload() == "nothing has changed"
    return broker, files


class Started:
    def __init__(self, is_watching=False):
        self.is_watching = is_watching

    def __enter__(self):
        self.folder = f"/tmp/signet-test-files-{os.getpid()}"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.broker, self.files = started(self.is_watching, self.folder)
        return self.broker, self.files

    def __exit__(self, kind, *_):
        self.broker.__exit__(kind)
        shutil.rmtree(self.folder)


@standalone
def new_handshakes_get_the_new_certificate():
    with Started() as (broker, files), broker.client() as before:
        assert certificate_of(before) == der("server")
        files.put("server.pem", "server-rsa.pem")
        files.put("server.key", "server-rsa.key")
        said = broker.reload().split("\n")
        assert said[0] == "read anew: tls.certificate, tls.private_key", said
        for _ in range(4):
            with broker.client() as after:
                assert certificate_of(after) == der("server-rsa")
        before.ping()


@standalone
def a_key_that_is_another_s_changes_nothing():
    with Started() as (broker, files), broker.client() as before:
        files.put("server.pem", "server-rsa.pem")
        said = broker.refused_reload()
        assert said.endswith(f"tls.private_key: {files.path}/server.key: it is "
                             "not the key of the first certificate in "
                             "tls.certificate"), said
        with broker.client() as after:
            assert certificate_of(after) == der("server")
        files.put("server.key", "server-rsa.key")
        broker.reload()
        with broker.client() as after:
            assert certificate_of(after) == der("server-rsa")
        before.ping()


@standalone
def what_is_no_certificate_or_key_changes_nothing():
    with Started() as (broker, files), broker.client() as before:
        for name, setting in (("server.pem", "tls.certificate"),
                              ("server.key", "tls.private_key"),
                              ("ca.pem", "tls.client_ca")):
            mark = broker.log.mark()
            with open(f"{files.path}/{name}", "r+") as file:
                file.truncate(100)
            said = broker.refused_reload()
            assert f"{setting}: {files.path}/{name}: " in said, said
            assert len(broker.log.find(mark, event="reload-refused")) == 1
            files.put(name, name)
            assert broker.reload() == "nothing has changed"
            with broker.client() as after:
                assert certificate_of(after) == der("server")
        before.ping()


@standalone
def another_authority_ends_those_of_the_first():
    with Started() as (broker, files), broker.client() as client:
        files.put("ca.pem", "other-ca.pem")
        said = broker.reload().split("\n")
        assert said[0] == "read anew: tls.client_ca", said
        told = client.expect(codec.DISCONNECT)
        assert told.reason == 0x87, told
        assert told.props["reason_string"] == (
            "the authority of your certificate is no longer trusted here"), \
            told
        client.expect_closed()
        with broker.client(certificate="client-other") as other:
            other.ping()


@standalone
def links_that_are_swapped_are_noticed():
    """As Kubernetes does it: all files change at one moment."""
    with Started(is_watching=True) as (broker, files), \
            broker.client() as before:
        for number, kind in enumerate(("server", "server-rsa")):
            folder = Files(f"{files.path}/..{number}")
            folder.put("server.pem", f"{kind}.pem")
            folder.put("server.key", f"{kind}.key")
        os.symlink("..0", f"{files.path}/..data")
        for name in "server.pem", "server.key":
            os.symlink(f"..data/{name}", f"{files.path}/{name}.new")
            os.rename(f"{files.path}/{name}.new", f"{files.path}/{name}")
        broker.reload()
        mark = broker.log.mark()
        os.symlink("..1", f"{files.path}/..data_tmp")
        os.rename(f"{files.path}/..data_tmp", f"{files.path}/..data")
        broker.await_log(mark, event="reloaded", cause="file",
                         files="tls.certificate, tls.private_key")
        with broker.client() as after:
            assert certificate_of(after) == der("server-rsa")
        before.ping()


class Certbot:
    """live/ with links into archive/, both for root alone, as certbot keeps
    them: a renewal writes new files there, and then makes each link anew."""

    KINDS = {"fullchain": "pem", "privkey": "key"}

    def __init__(self, path):
        self.path, self.number = path, 0
        for name in "live", "archive":
            os.makedirs(f"{path}/{name}/host")
            os.chmod(f"{path}/{name}", 0o700)

    def renew(self, source):
        self.number += 1
        for kind, ending in self.KINDS.items():
            path = f"{self.path}/archive/host/{kind}{self.number}.pem"
            shutil.copy(f"{pki()}/{source}.{ending}", path)
            os.chmod(path, 0o600)
        for kind in self.KINDS:
            link = f"{self.path}/live/host/{kind}.pem"
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(f"../../archive/host/{kind}{self.number}.pem", link)


@standalone
def what_certbot_renews_is_taken_up():
    with tempfile.TemporaryDirectory(prefix="signet-test-certbot-") as path:
        os.chmod(path, 0o755)
        certbot = Certbot(path)
        certbot.renew("server")
        with Daemon(tls={
                "certificate": f"{path}/live/host/fullchain.pem",
                "private_key": f"{path}/live/host/privkey.pem"}) as broker, \
                broker.client() as before:
            assert broker.reload() == "nothing has changed"
            for source in "server-rsa", "server":
                mark = broker.log.mark()
                certbot.renew(source)
                # Between two links they may not fit: that changes nothing.
                broker.await_log(mark, event="reloaded", cause="file",
                                 files="tls.certificate, tls.private_key")
                with broker.client() as after:
                    assert certificate_of(after) == der(source)
            before.ping()


main()
