#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which certificates and chains let a client in: each is answered as RFC 5280
asks, or more strictly; the log says which it was and why; and after each a
good client gets in, through the same gate."""

import functools
import hashlib
import shutil
import ssl
import subprocess

from signet import Closed, Stream, context, main, standalone
from signet import daemon as daemons
from signet.certificates import AUTHORITY, constraints, pem
from signet.chains import GRACE, Chains
from signet.folders import lasting_folder
from signet.handshakes import Handshake
from signet.pki import pki
from signet.stream import make_context

TLS_1_2 = ssl.TLSVersion.TLSv1_2
CONNECT = b"\x10\x10\0\4MQTT\4\2\0\0\0\4cert"

# reason: the alert (RFC 8446 s6.2), what the hint begins with
ANSWERS = {
    "unknown-ca": ("unknown_ca", "no CA in tls.client_ca signed it"),
    "certificate-revoked": ("certificate_revoked",
                            "a list in tls.crl revokes it"),
    "crl-expired": ("certificate_unknown",
                    "the next update of the issuer's CRL in tls.crl"),
    "certificate-expired": ("certificate_expired",
                            "renew the certificate of the client"),
    "certificate-not-yet-valid": ("certificate_expired",
                                  "compare the clock of this machine"),
    "wrong-key-usage": ("unsupported_certificate",
                        "issue it with key usage digitalSignature"),
    "wrong-extended-key-usage": (
        "unsupported_certificate",
        "issue it with extended key usage clientAuth"),
    "weak-key": ("bad_certificate", "use RSA of 2048 to 4096 bits"),
    "weak-signature-hash": ("bad_certificate", "sign it with SHA-256"),
    "unsupported-key": ("unsupported_certificate",
                        "use RSA of 2048 to 4096 bits"),
    "unsupported-signature": ("unsupported_certificate",
                              "sign it with RSA or ECDSA and SHA-256"),
    "chain-too-long": ("bad_certificate", "a chain may have 8 links"),
    "malformed-certificate": ("bad_certificate", None),
    "too-many-fields": ("bad_certificate",
                        "its subject and subjectAltName are too many"),
    "identity-invalid": ("certificate_unknown", "the field that identity names"),
    "bad-signature": ("decrypt_error",
                      "the client does not hold the key of its certificate"),
    "handshake-too-long": ("unexpected_message", "all certificates that"),
    "malformed-handshake": ("decode_error", None),
    "no-certificate": (None, "give the client a certificate"),
}
# mbedTLS 3.6 takes anything below for a fault of the message.
LEAST_CERTIFICATE = 128
SERIAL_SHOWN = 32
# The line's fields, in their order; mbedtls_error is where it has a code.
FIELDS = ("peer", "event", "reason", "detail", "subject", "serial",
          "fingerprint", "issuer", "alert", "mbedtls_error", "hint")


@functools.cache
def chains():
    return Chains(lasting_folder())


@functools.cache
def broker():
    """One for all parts, with one gate, so that who comes next meets the same.
    The tests' other clients are let in too."""
    folder = chains().keys.folder
    with open(f"{pki()}/ca.pem") as file:
        own = file.read()
    with open(f"{folder}/clients-ca.pem", "w") as file:
        file.write(own + pem(*(root.der for root in chains().trusted)))
    shutil.copy(f"{pki()}/ca.pem", f"{folder}/ca.pem")
    lists = [f"{folder}/{i}.crl" for i in range(len(chains().lists))]
    for path, data in zip(lists, chains().lists):
        with open(path, "wb") as file:
            file.write(data)
    started = daemons.start(
        tls={"client_ca": f"{folder}/clients-ca.pem", "crl": lists,
             "crl_required": "listed", "crl_grace_seconds": GRACE},
        processes={"gates": 1})
    started.processes = started.roles()
    return started


@functools.cache
def versions():
    """False: TLS 1.2, True: 1.3."""
    with Stream(broker().address, context(broker().pki)) as stream:
        newest = stream.handshake().tls.version()
    return (False, True) if newest == "TLSv1.3" else (False,)


def expect_good():
    with Stream(broker().address, context(broker().pki)) as stream:
        stream.handshake()
        stream.send(CONNECT)
        assert stream.receive()[0] == 0x20


def let_in(case, is_1_3):
    """With its key, the case's chain leads to a CONNACK."""
    folder = chains().keys.folder
    path = f"{folder}/tried"
    with open(f"{path}.pem", "w") as file:
        file.write(pem(*case.ders))
    shutil.copy(chains().keys.path(case.key), f"{path}.key")
    tls = make_context(folder, "tried", security=0,
                              maximum=None if is_1_3 else TLS_1_2)
    with Stream(broker().address, tls) as stream:
        try:
            stream.handshake()
            stream.send(CONNECT)
            return stream.receive()[0] == 0x20
        except Closed:
            return False


def refuse(case, is_1_3):
    """(how the client saw it end, the line of the log)"""
    mark = broker().log.mark()
    with Handshake(broker().address, is_1_3) as client:
        client.hello()
        client.server_flight()
        try:
            client.send_certificates(*case.ders)
            if case.reason is None:
                client.send_wrong_proof(case.key)
        except Closed:
            pass  # it did not wait for the end of what is too long
        how = client.closed()
        return how, broker().await_log(
            mark, event="refused", peer=f"127.0.0.1:{client.port}")


def faults_of_line(case, how, line):
    """What of the answer is not as the table wants it."""
    reason = case.reason or "bad-signature"
    if len(case.ders[0]) < LEAST_CERTIFICATE and \
            line["reason"] == "malformed-handshake":
        reason = "malformed-handshake"
    alert, hint = ANSWERS[reason]
    subjects = case.subject if isinstance(case.subject, tuple) \
        else (case.subject,)
    wanted = {"reason": (reason,), "detail": (case.detail,),
              "alert": (alert,), "subject": subjects,
              "serial": (None,), "fingerprint": (None,), "issuer": (None,)}
    if case.subject is not None:
        wanted["serial"] = (case.serial[:SERIAL_SHOWN].hex(),)
        wanted["fingerprint"] = (hashlib.sha256(case.ders[0]).hexdigest(),)
        wanted["issuer"] = (case.issuer,) if case.issuer else subjects
    if not case.can_be_loaded:
        del wanted["fingerprint"]
    found = [f"{name} is {line.get(name)}, not {' or '.join(map(str, values))}"
             for name, values in wanted.items()
             if line.get(name) not in values]
    if how != alert:
        found.append(f"the client was told {how}, not {alert}")
    if not (line.get("hint") or "").startswith(hint or ""):
        found.append(f"hint: {line.get('hint')}")
    shown = {"peer", "event", "alert"} | {
        name for name, values in wanted.items() if values != (None,)}
    for name, is_shown in (("fingerprint", case.subject is not None),
                           ("mbedtls_error", "mbedtls_error" in line),
                           ("hint", hint is not None)):
        if is_shown:
            shown.add(name)
    if list(line) != sorted(shown, key=FIELDS.index):
        found.append(f"its fields are {', '.join(line)}")
    if not line.speaker.startswith("gate/") or line.level != "warning":
        found.append("another speaker or level")
    return [f"{text}\n    {line.text}" for text in found]


def faults_of(case, is_1_3):
    how, line = refuse(case, is_1_3)
    found = faults_of_line(case, how, line)
    if case.reason is None and case.can_be_loaded and \
            not let_in(case, is_1_3):
        found.append("it is not let in")
    expect_good()
    return [f"{'1.3' if is_1_3 else '1.2'} {case.label}: {text}"
            for text in found]


def part(name):
    """One part of the table becomes a case."""
    def run():
        cases = chains().make(name)
        assert cases
        found = [text for is_1_3 in versions() for case in cases
                 for text in faults_of(case, is_1_3)]
        assert not found, "\n".join(found)
        assert broker().roles() == broker().processes, "a process is new"
        assert not broker().log.accidents()
    run.__name__ = f"the_table_of_{name}"
    standalone(run, timeout=120)


for each in ("good", "dates", "purposes", "issuers", "revocations", "orders",
             "algorithms", "costs", "extensions", "names", "serials",
             "malformed", "malformed_keys", "sizes"):
    part(each)


@standalone
def no_certificate_at_all_is_refused():  # RFC 8446 s4.4.2.4
    for is_1_3 in versions():
        mark = broker().log.mark()
        with Handshake(broker().address, is_1_3) as client:
            client.hello()
            client.server_flight()
            client.send_certificates()
            how = client.closed()
            line = broker().await_log(
                mark, event="refused", peer=f"127.0.0.1:{client.port}")
        assert how == line["alert"] == (
            "certificate_required" if is_1_3 else "handshake_failure"), how
        assert line["reason"] == "no-certificate", line.text
        assert line["hint"].startswith(ANSWERS["no-certificate"][1])
        assert "subject" not in line and "fingerprint" not in line, line.text
        expect_good()


@standalone(timeout=120)
def an_authority_that_protects_nothing_is_refused_at_the_start():
    made, folder = chains(), chains().keys.folder
    critical = made.authority("Constrained", extensions=AUTHORITY + (
        constraints(b"example.com"),))
    for root, text in ((made.weak_root, "Weak root"),
                       (critical, "cannot be read"),
                       (made.leaf_root, "none of its certificates is a CA")):
        with open(f"{folder}/bad-ca.pem", "w") as file:
            file.write(pem(root.der))
        path = f"{folder}/bad.conf"
        daemons.write_configuration(path, daemons.settings(
            broker().port, folder,
            {"tls": {"client_ca": f"{folder}/bad-ca.pem"}}))
        done = subprocess.run([daemons.SIGNETD, "--check", "-c", path],
                              capture_output=True, text=True)
        assert done.returncode != 0, text
        assert "tls.client_ca" in done.stderr and text in done.stderr, \
            done.stderr


# Certificate messages whose lengths do not fit together.
MESSAGES = (b"", b"\0", b"\0\0", b"\0\0\1", b"\xff\xff\xff", b"\0\0\4\0\0\5\1",
            b"\0\0\2\0\0", b"\0\0\3\0\0\0", b"\0\0\6\0\0\1\1\0\0",
            b"\0\0\0\1\2\3")


@standalone
def a_certificate_message_of_wrong_lengths_is_refused():
    for is_1_3 in versions():
        for message in MESSAGES:
            mark = broker().log.mark()
            with Handshake(broker().address, is_1_3) as client:
                client.hello()
                client.server_flight()
                client.send_raw_certificates(
                    (b"\0" if is_1_3 else b"") + message)
                how = client.closed()
                line = broker().await_log(
                    mark, event="refused", peer=f"127.0.0.1:{client.port}")
            assert line["reason"] in (
                "malformed-handshake", "malformed-certificate",
                "no-certificate"), line.text
            assert how == line["alert"], (message, how, line.text)
            assert "subject" not in line, line.text
            expect_good()


@standalone
def the_gates_have_outlived_it_all():
    assert broker().roles() == broker().processes
    expect_good()
    broker().stop()


main()
