#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many reloads under load, a third of them with a fault: in the settings, in
the certificate, the key, the authorities or the list of what is revoked."""

import itertools
import os
import shutil
import tempfile
import threading
import time

from signet import Closed, Daemon, main, standalone
from signet.authority import Authority, bundle
from signet.pki import pki

# tests/soak/reloads asks for more.
RELOADS = int(os.environ.get("SIGNET_TEST_RELOADS", "24"))


def roles(topics):
    return [{"name": "prober", "match": {"identity": "device-1"},
             "publish": topics, "subscribe": topics},
            {"name": "load", "match": {"identity": "device-2"},
             "publish": ["load/#"], "subscribe": ["load/#"]}]


class Files:
    """What the daemon reads, in a folder: good files, and faulty ones."""

    FAULTS = ("settings", "certificate-cut", "key-cut", "key-of-another",
              "authorities-cut", "list-cut", "list-of-another")

    def __init__(self, folder):
        self.folder = folder
        self.root = Authority(folder, "root")
        self.extra = Authority(folder, "extra")
        os.mkdir(f"{folder}/forged")
        self.forged = Authority(f"{folder}/forged", "root").crl()
        for name, identity, authority in (
                ("prober", "device-1", self.root),
                ("load", "device-2", self.root),
                ("unused", "device-3", self.root),
                ("other", "device-4", self.extra)):
            authority.issue(name, identity)
        self.kind, self.has_extra, self.is_revoked = "server", False, False
        self.serial = 0
        self.put_server()
        self.put_authorities()
        self.put_list()

    def settings(self):
        return {"certificate": f"{self.folder}/in-use.pem",
                "private_key": f"{self.folder}/in-use.key",
                "client_ca": f"{self.folder}/in-use.ca",
                "crl": [f"{self.folder}/in-use.crl"],
                "crl_required": "listed"}

    def put(self, name, source, length=None):
        """By another file in its place; cut to length."""
        path = f"{self.folder}/in-use.{name}"
        shutil.copy(source, f"{path}.new")
        os.chmod(f"{path}.new", 0o600)
        if length is not None:
            os.truncate(f"{path}.new", length)
        os.rename(f"{path}.new", path)

    def put_server(self):
        self.put("pem", f"{pki()}/{self.kind}.pem")
        self.put("key", f"{pki()}/{self.kind}.key")

    def put_authorities(self):
        parts = [self.root] + [self.extra] * self.has_extra
        self.put("ca", bundle(f"{self.folder}/all.pem",
                              *(part.certificate for part in parts)))

    def put_list(self):
        self.put("crl", f"{self.folder}/root.crl" if self.serial
                 else self.root.crl())

    def change(self, number):
        """One of the good states."""
        self.kind = "server-rsa" if number % 4 == 0 else "server"
        self.put_server()
        if number % 3 == 0:
            self.has_extra = not self.has_extra
            self.put_authorities()
            return
        self.serial += 1
        if number >= RELOADS // 3 and not self.is_revoked:
            self.root.revoke("unused")
            self.is_revoked = True
        with open(f"{self.folder}/root.db", "a") as file:
            when = time.strftime("%y%m%d%H%M%SZ", time.gmtime())
            file.write(f"R\t491231235959Z\t{when}\t{self.serial:08X}\t"
                       f"unknown\t/CN=revoked-{self.serial}\n")
        self.root.crl()
        self.put_list()

    def spoil(self, fault):
        """One file; the setting that is to be blamed."""
        if fault == "certificate-cut":
            self.put("pem", f"{pki()}/{self.kind}.pem", 100)
            return "tls.certificate"
        if fault.startswith("key-"):
            other = {"server": "server-rsa", "server-rsa": "server"}
            kind = other[self.kind] if fault == "key-of-another" else self.kind
            self.put("key", f"{pki()}/{kind}.key",
                     100 if fault == "key-cut" else None)
            return "tls.private_key"
        if fault == "authorities-cut":
            path = f"{self.folder}/all.pem"
            self.put("ca", path, os.path.getsize(path) - 100)
            return "tls.client_ca"
        if fault == "list-cut":
            self.put("crl", f"{self.folder}/root.crl", 200)
            return "tls.crl"
        assert fault == "list-of-another", fault
        self.put("crl", self.forged)
        return "tls.crl"

    def mend(self):
        self.put_server()
        self.put_authorities()
        self.put_list()


class Load:
    """Clients that publish to themselves until it is over."""

    def __init__(self, broker, count):
        self.broker, self.is_over, self.faults = broker, threading.Event(), []
        self.threads = [threading.Thread(target=self._work)
                        for _ in range(count)]

    def _work(self):
        try:
            with self.broker.client(certificate="load") as client:
                client.subscribe("load/x", qos=1)
                while not self.is_over.is_set():
                    assert client.publish("load/x", b"x", qos=1) < 0x80
                    client.take()
        except Exception as fault:  # pylint: disable=broad-except
            self.faults.append(fault)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def refuse(broker, files, fault):
    """Also what is good beside the fault, wider rights, is not taken."""
    good = broker.settings
    broker.settings = dict(good)
    if fault == "settings":
        blamed = "limits.packet_bytes"
        said = broker.refused_reload(roles=roles(["#"]),
                                     limits={"packet_bytes": 1})
    else:
        blamed = files.spoil(fault)
        said = broker.refused_reload(roles=roles(["#"]))
    assert blamed in said, (fault, said)
    broker.settings = good
    broker.configure()
    files.mend()


def is_let_in(broker, certificate):
    try:
        with broker.client(certificate=certificate, expect_reason=0x87):
            return True  # it has no role
    except Closed:
        return False


def check(broker, files, probe, is_wide):
    assert probe.publish("free/a", b"", qos=1) < 0x80
    assert probe.publish("other/a", b"", qos=1) == 0x87
    assert (probe.publish("extra/a", b"", qos=1) < 0x80) == is_wide
    assert is_let_in(broker, "unused") == (not files.is_revoked)
    assert is_let_in(broker, "other") == files.has_extra


@standalone(timeout=120 + 3 * RELOADS)
def many_reloads_under_load_lose_nobody():
    """Whoever is there stays; the rights that are lost at one of them, who is
    revoked and an authority that is gone, are seen again only after one that
    gives them back."""
    with tempfile.TemporaryDirectory(prefix="signet-test-reloads-") as folder:
        os.chmod(folder, 0o755)
        files = Files(folder)
        faults = itertools.cycle(Files.FAULTS)
        is_wide = True
        with Daemon(reload={"watch": False}, tls=files.settings(),
                    roles=roles(["free/#", "extra/#"])) as broker:
            broker.pki = folder
            with Load(broker, 4) as load, \
                    broker.client(certificate="prober") as probe:
                for number in range(RELOADS):
                    if number % 3 == 2:
                        refuse(broker, files, next(faults))
                    else:
                        is_wide = number % 2 == 0
                        files.change(number)
                        broker.reload(roles=roles(
                            ["free/#"] + ["extra/#"] * is_wide))
                    check(broker, files, probe, is_wide)
            assert not load.faults, load.faults
            assert len(broker.log.find(event="reload-refused")) == RELOADS // 3


main()
