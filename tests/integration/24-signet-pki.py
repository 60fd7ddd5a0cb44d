#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""signet-pki: what it makes and what it refuses."""

import os
import re
import shutil
import stat
import subprocess

from signet import Closed, Stream, context, main, standalone
from signet import daemon as daemons
from signet.pki_script import SCRIPT, Authority
from signet.stream import make_context


@standalone
def the_authorities_are_two_that_sign_leaves_only():
    with Authority() as pki:
        for kind in "server", "client":
            text = pki.text(f"{kind}s-ca.pem")
            assert f"CN = Test {kind}s CA" in text or \
                f"CN=Test {kind}s CA" in text, text
            assert "CA:TRUE, pathlen:0" in text, text
            assert "Certificate Sign, CRL Sign" in text, text
        assert pki.read("servers-ca.pem") != pki.read("clients-ca.pem")
        assert pki.read("ca/servers.key") != pki.read("ca/clients.key")


@standalone
def what_it_makes_is_good_for_its_purpose_only():
    with Authority() as pki:
        pki.good("server", "mqtt.example.com", "10.0.0.1", "::1",
                 "DNS:*.example.com", "10.0.0.1")
        pki.good("client", "alice", "spiffe://example.com/alice",
                 "alice@example.com", "--ou", "Operators", "--o", "A (B), C")
        assert pki.verifies("server", "mqtt.example.com")
        assert pki.verifies("client", "alice")
        assert not pki.verifies("server", "mqtt.example.com",
                                "-purpose", "sslclient")
        assert not pki.verifies("client", "alice", "-purpose", "sslserver")
        assert not pki.verifies("client", "alice", "-CAfile", "servers-ca.pem")
        text = pki.text("server.pem")
        names = re.search(r"Alternative Name: *\n *(.*)", text)[1]
        assert set(names.split(", ")) == {
            "DNS:mqtt.example.com", "IP Address:10.0.0.1",
            "IP Address:0:0:0:0:0:0:0:1", "DNS:*.example.com"}, names
        assert names.count("10.0.0.1") == 1, names
        text = pki.text("clients/alice.pem")
        assert "URI:spiffe://example.com/alice, email:alice@example.com" \
            in text, text
        assert "CA:FALSE" in text and "Digital Signature\n" in text, text
        assert "TLS Web Client Authentication\n" in text, text
        assert "prime256v1" in text and "ecdsa-with-SHA256" in text, text
        assert re.search(r"Subject: O ?= ?\"?A \(B\), C\"?, OU ?= ?Operators"
                         ", CN ?= ?alice\n", text), text


@standalone
def serials_are_long_positive_and_different():
    with Authority() as pki:
        serials = set()
        for i in range(5):
            pki.good("client", f"c{i}")
            serials.add(pki.serial(f"clients/c{i}.pem"))
        assert len(serials) == 5, serials
        for serial in serials:
            assert re.fullmatch("01[0-9a-f]{32}", serial), serial


@standalone
def keys_are_their_owners_and_the_rest_is_for_all():
    with Authority() as pki:
        pki.good("server", "localhost")
        pki.good("client", "alice")
        pki.good("client", "bob")
        pki.good("renew", "alice")
        pki.good("revoke", "bob")
        pki.good("crl")
        seen = {}
        for folder, folders, files in os.walk(pki.dir):
            for name in folders + files:
                path = f"{folder}/{name}"
                seen[os.path.relpath(path, pki.dir)] = stat.S_IMODE(
                    os.lstat(path).st_mode)
        assert seen["ca"] == 0o700 and seen["clients"] == 0o755, seen
        for name, mode in seen.items():
            if name.startswith("ca/"):
                assert mode & 0o077 == 0 or name.endswith(".pem"), (name, mode)
            elif name.endswith(".key") and name != "server.key":
                assert mode == 0o600, (name, mode)
            elif name.endswith((".pem", ".crl")) and name != "server.pem":
                assert mode == 0o644, (name, mode)
        assert os.readlink(pki.path("server.key")) == "servers/localhost.key"
        assert not any("/new." in name for name in seen), seen


@standalone(timeout=120)
def several_at_once_wait_for_each_other():
    with Authority() as pki:
        names = [f"c{i}" for i in range(8)]
        running = [subprocess.Popen(
            [SCRIPT, "-d", pki.dir, "client", name],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=pki.environment())
            for name in names]
        assert all(process.wait() == 0 for process in running)
        rows = pki.rows()
        for name in names:
            assert [row[1] for row in rows["client", name]] == ["valid"], rows
            assert pki.matches(name) and pki.verifies("client", name)


@standalone
def nothing_that_is_there_is_overwritten():
    with Authority() as pki:
        pki.good("server", "localhost")
        pki.good("client", "alice")
        pki.bad("has its authorities already", "init")
        pki.bad("localhost.pem is there", "server", "localhost")
        pki.bad("alice.pem is there", "client", "alice")
        pki.bad("is the name of a server", "client", "localhost")
        pki.bad("is the name of a client", "server", "alice")
        # A second server has files of its own.
        pki.good("server", "other.example.com")
        assert os.readlink(pki.path("server.pem")) == "servers/localhost.pem"


@standalone
def an_authority_of_somebody_else_is_kept():
    with Authority(is_made=False) as pki:
        os.mkdir(pki.dir)
        with open(pki.path("clients-ca.pem"), "w") as file:
            file.write("our own\n")
        done = pki.run("init")
        assert done.returncode == 1, done
        assert "clients-ca.pem is there, and not of signet-pki" \
            in done.stderr, done.stderr
        assert pki.read("clients-ca.pem") == b"our own\n"


@standalone
def a_key_without_a_certificate_is_used():
    with Authority() as pki:
        os.mkdir(pki.path("clients"))
        pki.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt",
                    "rsa_keygen_bits:2048", "-out", "clients/alice.key")
        before = pki.read("clients/alice.key")
        assert "is there and is used" in pki.good("client", "alice")
        assert pki.read("clients/alice.key") == before
        assert pki.matches("alice") and pki.verifies("client", "alice")


# Names that are files elsewhere, options, shell code or another's topics.
BAD_NAMES = (
    "", ".", "..", "../up", "a/b", "/etc/passwd", ".hidden", "a b", "a\nb",
    "a\tb", "a'b", 'a"b', "a\\b", "a`id`", "$(id)", "${HOME}", "a;b", "a|b",
    "a&b", "a*", "a?", "[a]", "a+b", "a#b", "a=b", "a,b", "a~b", "a\x01b",
    "a\x7fb", "\u00e4", "\udcff", "x" * 65, "a%s", "a!b", "a<b", "a>b",
)
BAD_SANS = (
    "", "DNS:", "DNS:a b", "DNS:a,DNS:b", "a\nb", "DNS:a\nDNS:b", "a$b",
    "URI:", "URI:x y", "URI:http://a/$HOME", "http://a\\b", "IP:localhost",
    "IP:1.2.3.4/8", "email:a b@c", "a@b\n", "URI:" + "x" * 1100, "a#b", "a;b",
    "DNS:" + "x" * 254, "@san", "URI:@section,x", "email:copy", "email:move",
    "x@", "URI:x",
)


@standalone(timeout=120)
def names_that_could_be_something_else_are_refused():
    with Authority() as pki:
        for name in BAD_NAMES:
            done = pki.run("client", name)
            assert done.returncode == 2, (name, done)
            assert len(done.stderr.splitlines()) == 1, (name, done.stderr)
            assert done.stderr[:-1].isprintable(), (name, done.stderr)
        pki.bad("there is no option", "client", "-rf", status=2)
        pki.bad("client has no option --days=3", "client", "--days=3",
                status=2)
        for name in "../x", "-x", "a/b", "":
            for command in "server", "renew", "revoke", "list":
                assert pki.run(command, name).returncode == 2, (command, name)
        for san in BAD_SANS:
            done = pki.run("server", "good", san)
            assert done.returncode == 2, (san, done)
        assert set(os.listdir(pki.dir)) == {
            "ca", "clients-ca.pem", "servers-ca.pem", "clients.crl",
            "servers.crl"}
        for san in "300.1.2.3", "IP:::::", "1.2.3":
            done = pki.run("server", "good", san)
            assert done.returncode == 1, (san, done)
            assert not os.path.exists(pki.path("servers/good.pem"))


@standalone
def strange_but_good_names_work():
    with Authority() as pki:
        for name in "00:1A:2b:3c", "a.b-c_d@e", "x" * 64, "7", "ca", "index":
            pki.good("client", name)
            assert pki.verifies("client", name), name
            text = pki.text(f"clients/{name}.pem")
            assert re.search(rf"CN ?= ?{re.escape(name)}\n", text), text


@standalone
def misuse_is_told():
    with Authority() as pki:
        for text, *arguments in (
                ("there is no command", ),
                ("there is no command frob", "frob"),
                ("server needs a NAME", "server"),
                ("client needs an ID", "client"),
                ("renew needs a NAME", "renew"),
                ("revoke needs a NAME", "revoke"),
                ("--days needs a value", "client", "a", "--days"),
                ("number of days", "client", "a", "--days", "x"),
                ("number of days", "client", "a", "--days", "-1"),
                ("begins with 0", "client", "a", "--days", "0"),
                ("begins with 0", "client", "a", "--days", "08"),
                ("36500", "client", "a", "--days", "36501"),
                ("longer than", "client", "a", "--days", "9" * 30),
                ("no option --o", "server", "a", "--o", "x"),
                ("no option --ca", "revoke", "--ca"),
                ("the organisation", "client", "a", "--o", "x/CN=y"),
                ("the unit", "client", "a", "--ou", "x+y"),
                ("the unit is empty", "client", "a", "--ou", ""),
                ("no reason", "revoke", "a", "--reason", "dislike"),
                ("names or --serial", "revoke", "a", "--serial", "01"),
                ("takes no names", "renew", "--ca", "a"),
                ("crl takes no x", "crl", "x"),
                ("the serial has", "revoke", "--serial", "xyz"),
                ("init takes no x", "init", "x")):
            pki.bad(text, *arguments, status=2)
        for text, *arguments in (
                ("nobody is called a", "renew", "a"),
                ("nobody is called a", "revoke", "a"),
                ("nobody is called a", "list", "a"),
                ("no certificate has the serial", "revoke", "--serial", "01"),
                ("is no request", "client", "a", "--csr", "/dev/null"),
                ("is no request", "client", "a", "--csr", "/nowhere"),
                ("ends before", "client", "b", "--days", "3651")):
            pki.bad(text, *arguments)
        usage = pki.good("--help")
        for command in ("init", "server", "client", "list", "renew", "revoke",
                        "crl"):
            assert f"\n  {command} " in usage, usage
    with Authority(is_made=False) as pki:
        done = pki.run("list")
        assert "see signet-pki init" in done.stderr, done
        os.mkdir(pki.dir)
        pki.bad("see signet-pki init", "client", "alice")


@standalone
def a_request_gives_its_key_and_nothing_else():
    with Authority() as pki:
        pki.good("client", "device", "--csr", pki.request())
        text = pki.text("clients/device.pem")
        assert "CA:FALSE" in text and "CA:TRUE" not in text, text
        assert "whatever" not in text, text
        assert pki.openssl("pkey", "-in", f"{pki.top}/device.key",
                           "-pubout") == pki.openssl(
            "x509", "-in", "clients/device.pem", "-noout", "-pubkey")
        assert not os.path.exists(pki.path("clients/device.key"))
        pki.good("renew", "device")
        pki.good("revoke", "device")
        pki.good("client", "device", "--csr", pki.request())
        assert pki.verifies("client", "device")


@standalone(timeout=90)
def keys_that_signet_refuses_are_refused():
    with Authority() as pki:
        for kind in (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
                     ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048",
                      "-pkeyopt", f"rsa_keygen_pubexp:{2 ** 32 + 15}"),
                     ("-algorithm", "ED25519"),
                     ("-algorithm", "EC", "-pkeyopt",
                      "ec_paramgen_curve:secp256k1")):
            done = pki.run("client", "a", "--csr", pki.request(kind))
            assert done.returncode == 1, (kind, done)
            assert "neither P-256" in done.stderr, done.stderr
            assert not os.path.exists(pki.path("clients/a.pem"))
        # A request that somebody has changed.
        path = pki.request()
        pki.openssl("req", "-in", path, "-outform", "DER", "-out", path)
        with open(path, "rb") as file:
            der = bytearray(file.read())
        at = der.index(b"whatever")
        der[at:at + 8] = b"somebody"
        with open(path, "wb") as file:
            file.write(der)
        pki.openssl("req", "-inform", "DER", "-in", path, "-out", path)
        done = pki.run("client", "a", "--csr", path)
        assert done.returncode == 1 and "not signed" in done.stderr, done


@standalone
def list_tells_days_and_states():
    with Authority() as pki:
        pki.good("server", "localhost", "--days", "10")
        pki.good("client", "alice", "--days", "400")
        pki.good("renew", "alice", "--days", "5")
        pki.good("client", "bob")
        pki.good("revoke", "bob")
        rows = pki.rows()
        assert [row[1] for row in rows["client", "alice"]] == \
            ["renewed", "valid"], rows
        assert [row[1] for row in rows["client", "bob"]] == ["revoked"], rows
        assert rows["server", "localhost"][0][0] in (9, 10), rows
        assert rows["client", "alice"][1][0] in (4, 5), rows
        assert rows["ca", "clients-ca.pem"][0][0] in (3649, 3650), rows
        assert rows["crl", "clients.crl"][0][0] in (364, 365), rows
        assert set(pki.rows("--within", "30")) == {
            ("server", "localhost"), ("client", "alice")}, rows
        # Nothing to tell, nothing for cron to send.
        assert pki.good("list", "--within", "1") == ""
        assert set(pki.rows("bob")) == {("client", "bob")}
        # What has ended, as the index tells it.
        index = pki.read("ca/index").decode()
        ended = re.sub(r"(localhost\t\w+\t)\d+", r"\g<1>1000000000", index)
        with open(pki.path("ca/index"), "w") as file:
            file.write(ended)
        days, state, _ = pki.rows("localhost")["server", "localhost"][0]
        assert state == "expired" and days < 0, (days, state)


@standalone
def renew_keeps_name_key_and_alternative_names():
    with Authority() as pki:
        pki.good("server", "localhost", "127.0.0.1", "::1")
        pki.good("client", "alice", "URI:urn:x", "--ou", "Ops")
        keys = {name: pki.read(name) for name in (
            "servers/localhost.key", "clients/alice.key")}
        old = {name: pki.text(name) for name in (
            "server.pem", "clients/alice.pem")}
        pki.good("renew", "alice", "localhost", "--days", "700")
        assert keys == {name: pki.read(name) for name in keys}
        for name, text in old.items():
            def names(text):
                return [line.strip() for line in text.splitlines()
                        if "Subject:" in line or "URI:" in line
                        or "IP Address" in line]
            assert names(pki.text(name)) == names(text), name
            assert pki.text(name) != text
        assert os.path.islink(pki.path("server.pem"))
        assert pki.verifies("server", "localhost")


@standalone
def the_authorities_can_be_renewed():
    with Authority() as pki:
        pki.good("client", "alice")
        before = pki.text("clients-ca.pem")
        pki.good("renew", "--ca", "--days", "5000")
        assert pki.text("clients-ca.pem") != before
        assert pki.rows()["ca", "clients-ca.pem"][0][0] in (4999, 5000)
        assert pki.verifies("client", "alice")
        pki.good("crl")
        assert pki.verifies("client", "alice", "-crl_check", "-CRLfile",
                            "clients.crl")


@standalone
def what_is_revoked_is_in_the_list():
    with Authority() as pki:
        for name in "alice", "bob", "carol":
            pki.good("client", name)
        pki.good("renew", "alice")
        first, second = (row[2] for row in pki.rows()["client", "alice"])
        check = ("-crl_check", "-CRLfile", "clients.crl")
        assert pki.verifies("client", "alice", *check)
        pki.good("revoke", "--serial", first.upper())
        assert pki.verifies("client", "alice", *check)
        assert [row[1] for row in pki.rows()["client", "alice"]] == \
            ["revoked", "valid"]
        pki.good("revoke", "alice", "carol", "--reason", "keyCompromise")
        text = pki.openssl("crl", "-in", "clients.crl", "-noout", "-text")
        for serial in first, second:
            assert serial.upper() in text, text
        assert text.count("Key Compromise") == 2, text
        assert text.count("Serial Number") == 3, text
        assert pki.verifies("client", "bob", *check)
        assert not os.path.exists(pki.path("clients/alice.pem"))
        assert os.path.exists(pki.path(f"ca/revoked/{second}.key"))
        # The name is free for another key, and that is not revoked.
        pki.good("client", "alice")
        assert pki.verifies("client", "alice", *check)


@standalone
def each_list_has_a_greater_number_and_its_dates():
    with Authority() as pki:
        def number():
            text = pki.openssl("crl", "-in", "clients.crl", "-noout",
                               "-crlnumber")
            return int(text.strip().split("=")[1].removeprefix("0x"), 16)
        numbers = [number()]
        for days in "1", "30":
            pki.good("crl", "--days", days)
            numbers.append(number())
            assert pki.rows()["crl", "clients.crl"][0][0] in (
                int(days) - 1, int(days))
            pki.openssl("crl", "-in", "clients.crl", "-noout", "-CAfile",
                        "clients-ca.pem")
        assert numbers == sorted(set(numbers)), numbers


@standalone
def a_reader_of_the_list_never_sees_a_part_of_it():
    with Authority() as pki:
        old = os.open(pki.path("clients.crl"), os.O_RDONLY)
        try:
            before = os.read(old, 65536)
            pki.good("crl")
            os.lseek(old, 0, os.SEEK_SET)
            assert os.read(old, 65536) == before
            assert pki.read("clients.crl") != before
        finally:
            os.close(old)


@standalone
def the_environment_of_openssl_does_not_matter():
    with Authority() as pki:
        path = f"{pki.top}/openssl.cnf"
        with open(path, "w") as file:
            file.write("[req]\nx509_extensions = ca\n[ca]\n"
                       "basicConstraints = CA:TRUE\n")
        for value in "/dev/null", path:
            name = f"c{len(value)}"
            pki.good("client", name, environment={"OPENSSL_CONF": value,
                                                  "LC_ALL": "C.UTF-8"})
            assert pki.verifies("client", name)


def handshake(daemon, pki, name):
    tls = context(pki.dir + "-view", name)
    with Stream(daemon.address, tls) as stream:
        try:
            stream.handshake()
            stream.send(b"\x10\x0f\0\4MQTT\4\2\0\0\0\3pki")
            return stream.receive()[0]
        except Closed as closed:
            return closed.how


def view(pki):
    """The folder as the tests' contexts want it: ca.pem and NAME.pem."""
    folder = pki.dir + "-view"
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    shutil.copy(pki.path("servers-ca.pem"), f"{folder}/ca.pem")
    for kind in "clients", "servers":
        for name in os.listdir(pki.path(kind)):
            shutil.copy(pki.path(f"{kind}/{name}"), folder)


def made_anew(daemon, pki, name):
    """With the certificate that is there now, not the one known."""
    tls = make_context(pki.dir + "-view", name)
    with Stream(daemon.address, tls) as stream:
        stream.handshake()
        stream.send(b"\x10\x0f\0\4MQTT\4\2\0\0\0\3pki")
        return stream.receive()[0]


@standalone
def the_daemon_takes_what_is_made_for_it():
    with Authority() as pki:
        pki.good("server", "localhost", "127.0.0.1")
        pki.good("server", "other")
        pki.good("client", "alice")
        view(pki)
        with daemons.start(tls={
                "certificate": pki.path("server.pem"),
                "private_key": pki.path("server.key"),
                "client_ca": pki.path("clients-ca.pem")}) as daemon:
            assert handshake(daemon, pki, "alice") == 0x20
            daemon.await_log(event="connected", identity="alice")
            # The other authority's certificates are no clients'.
            assert handshake(daemon, pki, "other") == "unknown_ca"
            assert handshake(daemon, pki, "alice") == 0x20


@standalone
def the_daemon_refuses_what_is_revoked():
    with Authority() as pki:
        pki.good("server", "localhost", "127.0.0.1")
        for name in "alice", "bob":
            pki.good("client", name)
        view(pki)
        serial = pki.serial("clients/alice.pem")
        with daemons.start(tls={
                "certificate": pki.path("server.pem"),
                "private_key": pki.path("server.key"),
                "client_ca": pki.path("clients-ca.pem"),
                "crl": [pki.path("clients.crl")]}) as daemon:
            assert handshake(daemon, pki, "alice") == 0x20
            pki.good("revoke", "alice")
            daemon.restart()
            assert handshake(daemon, pki, "alice") == "certificate_revoked"
            line = daemon.await_log(event="refused", serial=serial)
            assert line["reason"] == "certificate-revoked", line.text
            assert handshake(daemon, pki, "bob") == 0x20
            # Another key for the same name is another certificate.
            pki.good("client", "alice")
            view(pki)
            pki.good("crl")
            daemon.restart()
            assert handshake(daemon, pki, "alice") == "certificate_revoked"
            assert made_anew(daemon, pki, "alice") == 0x20


main()
