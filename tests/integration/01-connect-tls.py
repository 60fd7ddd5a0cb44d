#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is let in by the gates, who is not, and what is said about it."""

import contextlib
import hashlib
import socket
import ssl
import time

from signet import (DEADLINE, Client, Closed, Stream, case, codec, context,
                    main, processes, unique, wait_until)
from signet.stream import NO_EXTENDED_MASTER_SECRET

TLS_1_0 = ssl.TLSVersion.TLSv1
TLS_1_1 = ssl.TLSVersion.TLSv1_1
TLS_1_2 = ssl.TLSVersion.TLSv1_2


def try_handshake(broker, certificate, **options):
    """How the server ends the attempt, and the client's port."""
    stream = Stream(broker.address,
                    context(broker.pki, certificate, **options))
    with stream:
        try:
            stream.handshake()
            stream.receive()  # TLS 1.3: the refusal comes behind
        except Closed as closed:
            return closed.how, stream.port
    raise AssertionError("bytes from the server instead of the end")


def await_refusal(broker, port):
    """The one line that the gate writes about a refused handshake."""
    line = broker.await_log(event="refused", peer=f"127.0.0.1:{port}")
    assert line.speaker.startswith("gate/"), line.text
    assert line.level == "warning", line.text
    assert line.get("reason"), line.text
    return line


def expect_good(broker):
    """The daemon is unharmed: a good client gets in."""
    with broker.client() as client:
        client.ping()
        client.disconnect()


# certificate, alerts that fit (RFC 5246 s7.2.2), the log's reason
CERTIFICATES = (
    ("client-other", ("unknown_ca",), "unknown-ca"),
    ("client-self-signed", ("unknown_ca",), "unknown-ca"),
    ("client-expired", ("certificate_expired",), "certificate-expired"),
    ("client-not-yet", ("certificate_expired",), "certificate-not-yet-valid"),
    ("client-wrong-eku", ("unsupported_certificate",),
     "wrong-extended-key-usage"),
    ("client-chain-leaf", ("unknown_ca",), "unknown-ca"),
    ("client-by-client", ("unknown_ca",), "unknown-ca"),
    ("client-weak", ("bad_certificate",), "weak-key"),
    ("client-sha1", ("bad_certificate",), "weak-signature-hash"),
)


@case(timeout=90)
def a_certificate_that_does_not_verify_is_refused(broker):  # RFC 5246 s7.4.6
    faults = []
    for name, alerts, reason in CERTIFICATES:
        how, port = try_handshake(broker, name, security=0)
        line = await_refusal(broker, port)
        if how not in alerts or line.get("alert") not in alerts:
            faults.append(f"{name}: {how} at the client: {line.text}")
        elif line["reason"] != reason:
            faults.append(f"{name}: another reason: {line.text}")
        elif not all(line.get(f) for f in ("subject", "serial",
                                           "fingerprint")):
            faults.append(f"{name}: not named: {line.text}")
        expect_good(broker)
    assert not faults, "\n".join(faults)


@case
def a_refusal_names_the_certificate(broker):
    _, port = try_handshake(broker, "client-other")
    line = await_refusal(broker, port)
    with open(f"{broker.pki}/client-other.pem") as file:
        der = ssl.PEM_cert_to_DER_cert(file.read())
    wanted = hashlib.sha256(der).hexdigest()
    assert line["fingerprint"] == wanted, line.text
    assert "device-1" in line["subject"], line.text


@case
def no_certificate_is_no_service(broker):  # RFC 8446 s4.4.2.4
    how, port = try_handshake(broker, None)
    assert how in ("handshake_failure", "certificate_required"), how
    line = await_refusal(broker, port)
    assert line["reason"] == "no-certificate", line.text
    assert line.get("alert") == how, line.text
    expect_good(broker)


@case
def an_identity_that_could_leave_its_topics_is_refused(broker):
    for name in ("client-no-cn", "client-slash", "client-plus",
                 "client-hash", "client-control"):
        how, port = try_handshake(broker, name)
        line = await_refusal(broker, port)
        assert line["reason"] == "identity-invalid", line.text
        assert how not in ("close_notify", "reset", "eof"), (name, how)
        expect_good(broker)


@case
def good_certificates_of_all_kinds_are_let_in(broker):
    for name, identity in (("client-1", "device-1"),
                           ("client-rsa", "device-rsa"),
                           ("client-no-eku", "device-no-eku"),
                           ("client-chain", "device-chain"),
                           ("client-operator", "operator")):
        with broker.client(certificate=name) as client:
            line = broker.await_log(event="connected",
                                    client_id=client.client_id)
            assert line["identity"] == identity, line.text
            client.disconnect()


@case
def every_cipher_suite_that_is_offered_works(broker):  # RFC 5289, RFC 7905
    for suite in ("ECDHE-ECDSA-AES128-GCM-SHA256",
                  "ECDHE-ECDSA-AES256-GCM-SHA384",
                  "ECDHE-ECDSA-CHACHA20-POLY1305"):
        tls = {"ciphers": suite, "maximum": TLS_1_2}
        with broker.client(tls=tls) as client:
            assert client.stream.tls.cipher()[0] == suite
            topic = unique("suite/")
            client.subscribe(topic)
            for size in 0, 1, 16384, 16385, 100000:
                client.publish(topic, b"x" * size)
                assert len(client.take().payload) == size
            client.disconnect()


# RFC 7525: what no client shall be served with.
OLD = (
    ("TLS 1.0", {"minimum": TLS_1_0, "maximum": TLS_1_0, "security": 0},
     ("protocol_version",)),
    ("TLS 1.1", {"minimum": TLS_1_1, "maximum": TLS_1_1, "security": 0},
     ("protocol_version",)),
    ("CBC", {"ciphers": "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:"
             "ECDHE-RSA-AES128-SHA256", "maximum": TLS_1_2, "security": 0},
     ("handshake_failure",)),
    ("static RSA", {"ciphers": "AES128-GCM-SHA256:AES256-GCM-SHA384",
                    "maximum": TLS_1_2, "security": 0},
     ("handshake_failure",)),
    ("DHE", {"ciphers": "DHE-RSA-AES128-GCM-SHA256", "maximum": TLS_1_2,
             "security": 0}, ("handshake_failure",)),
    ("CCM", {"ciphers": "ECDHE-ECDSA-AES128-CCM", "maximum": TLS_1_2,
             "security": 0}, ("handshake_failure",)),
    ("no extended master secret",
     {"maximum": TLS_1_2, "flags": NO_EXTENDED_MASTER_SECRET},
     ("handshake_failure",)),
)


@case
def old_versions_and_suites_are_refused(broker):
    faults = []
    for name, options, alerts in OLD:
        try:
            how, port = try_handshake(broker, "client-1", **options)
        except AssertionError as error:
            faults.append(f"{name}: {error}")
            continue
        line = await_refusal(broker, port)
        if how not in alerts or line.get("alert") != how:
            faults.append(f"{name}: {how} at the client: {line.text}")
        expect_good(broker)
    assert not faults, "\n".join(faults)


def with_compression(hello, methods):
    """A ClientHello that offers these (RFC 5246 s7.4.1.2)."""
    pos = 5 + 4 + 2 + 32
    pos += 1 + hello[pos]  # session_id
    pos += 2 + int.from_bytes(hello[pos:pos + 2], "big")  # cipher_suites
    body = (hello[9:pos] + bytes([len(methods)]) + methods
            + hello[pos + 1 + hello[pos]:])
    return (hello[:3] + (len(body) + 4).to_bytes(2, "big") + hello[5:6]
            + len(body).to_bytes(3, "big") + body)


@case
def nothing_is_compressed(broker):
    """Whatever a client offers (RFC 9325 s3.3). In TLS 1.3 an offer is a fault
    (RFC 8446 s4.1.2)."""
    for maximum in TLS_1_2, None:
        for methods in b"\0", b"\1\0", b"\0\1", b"\x40\0", b"\1":
            with Stream(broker.address, context(
                    broker.pki, maximum=maximum)) as stream:
                try:
                    stream.tls.do_handshake()
                except ssl.SSLWantReadError:
                    pass
                stream.send_raw(with_compression(stream.outgoing.read(),
                                                 methods))
                data = stream.socket.recv(5, socket.MSG_WAITALL)
                data += stream.socket.recv(
                    int.from_bytes(data[3:5], "big"), socket.MSG_WAITALL)
                if data[0] == 21:  # alert
                    assert methods != b"\0", data.hex()
                    await_refusal(broker, stream.port)
                    continue
                assert data[0] == 22 and data[5] == 2, data.hex()
                pos = 5 + 4 + 2 + 32
                pos += 1 + data[pos] + 2
                assert data[pos] == 0, (methods, data.hex())
    expect_good(broker)


@case
def the_newest_version_is_spoken(broker):
    """TLS 1.2 with mbedTLS 2.28, and 1.3 with 3.6."""
    mark = broker.log.mark()
    expect_good(broker)
    broker.expect_best_tls(mark, 1)
    with broker.client(tls={"maximum": TLS_1_2}) as client:
        assert client.stream.tls.version() == "TLSv1.2"


@case
def bytes_that_are_not_tls_are_refused(broker):
    for data in (codec.connect("c"), b"GET / HTTP/1.1\r\n\r\n", b"\0" * 600,
                 b"\x16\x03\x01\xff\xff" + b"A" * 3000,
                 bytes(range(256)) * 4, b"\x15\x03\x03\0\x02\x02\x28"):
        with Stream(broker.address) as stream:
            try:
                stream.send_raw(data)
                while stream.socket.recv(4096):
                    pass
            except (Closed, ConnectionResetError):
                pass
            await_refusal(broker, stream.port)
        expect_good(broker)


@case
def a_peer_that_leaves_in_the_handshake_harms_nobody(broker):
    hello = Stream(broker.address, context(broker.pki))
    hello.handshake_half()
    hello.abort()
    for count in 0, 1, 5, 6, 50:
        with Stream(broker.address, context(broker.pki)) as stream:
            try:
                stream.tls.do_handshake()
            except ssl.SSLWantReadError:
                stream.send_raw(stream.outgoing.read()[:count])
    expect_good(broker)


@case(limits={"handshake_seconds": 1})
def a_handshake_has_a_deadline(broker):
    for is_silent in True, False:
        stream = Stream(broker.address, context(broker.pki))
        with stream:
            if not is_silent:
                stream.handshake_half()
            started = time.monotonic()
            try:
                while stream.socket.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            seconds = time.monotonic() - started
            line = await_refusal(broker, stream.port)
            assert line["reason"] == "handshake-timeout", line.text
        assert 0.8 < seconds < DEADLINE, seconds
    expect_good(broker)


@case(limits={"connect_seconds": 1})
def a_client_that_sends_no_connect_is_ended(broker):  # MQTT 5.0, 3.1
    with Client(broker, is_connected=False) as client:
        started = time.monotonic()
        assert client.expect_closed() == "close_notify"
        seconds = time.monotonic() - started
        assert 0.8 < seconds < DEADLINE, seconds
    with Client(broker, is_connected=False) as client:
        client.send(codec.connect("c")[:9])
        assert client.expect_closed() == "close_notify"
    expect_good(broker)


@case
def the_first_packet_may_share_a_segment_with_finished(broker):
    """Nothing that the client sent early is lost in the hand-over."""
    for i in range(20):
        client_id = unique("early")
        stream = Stream(broker.address, context(broker.pki))
        with stream:
            stream.handshake(holding_back=True)
            topic = f"early/{i}"
            stream.send(codec.connect(client_id)
                        + codec.subscribe(1, [(topic, 0)])
                        + codec.publish(topic, b"x" * (i * 3000)))
            client = Client.__new__(Client)
            client.version, client.stream = 5, stream
            client.buffer, client.queue = bytearray(), []
            client.expect(codec.CONNACK)
            client.await_type(codec.SUBACK)
            assert len(client.take().payload) == i * 3000


@case
def many_records_may_arrive_with_the_first(broker):
    """A record of one byte each, all in one segment behind the handshake."""
    for _ in range(5):
        with Client(broker, is_connected=False) as client:
            data = codec.connect(client.client_id) + codec.PING * 20
            client.stream.send_raw(b"".join(
                client.stream.seal(data[i:i + 1]) for i in range(len(data))))
            client.expect(codec.CONNACK)
            for _ in range(20):
                client.expect(codec.PINGRESP)


@case
def a_record_may_come_byte_by_byte(broker):  # RFC 8446 s5.1
    with Client(broker, is_connected=False) as client:
        sealed = client.stream.seal(codec.connect(client.client_id))
        sealed += client.stream.seal(codec.PING)
        for i in range(len(sealed)):
            client.stream.send_raw(sealed[i:i + 1])
        client.expect(codec.CONNACK)
        client.expect(codec.PINGRESP)


@case
def a_handshake_may_come_byte_by_byte(broker):
    stream = Stream(broker.address, context(broker.pki))
    with stream:
        whole, one = stream.send_raw, stream.socket.send

        def dribble(data):
            for i in range(len(data)):
                one(data[i:i + 1])
        stream.send_raw = dribble
        stream.handshake()
        stream.send_raw = whole
        stream.send(codec.connect(unique()))
        assert stream.receive()[0] == codec.CONNACK << 4


@case(timeout=180)
def half_open_handshakes_delay_nobody(broker):
    def seconds_of_a_good_client():
        started = time.monotonic()
        expect_good(broker)
        return time.monotonic() - started

    def are_alike():
        alone = max(seconds_of_a_good_client() for _ in range(3))
        with contextlib.ExitStack() as half:
            for i in range(200):
                stream = half.enter_context(
                    Stream(broker.address, context(broker.pki)))
                if i % 2:
                    stream.handshake_half()
            # The last hello is answered: the gates have nothing left to
            # compute.
            stream.receive_raw(time.monotonic() + 3 * DEADLINE)
            among = min(seconds_of_a_good_client() for _ in range(3))
        return among < 3 * alone + 0.2

    # Others may load the machine meanwhile; they do not do so each time.
    assert any(are_alike() for _ in range(5))


@case(limits={"handshakes_in_flight": 8}, processes={"gates": 1})
def handshakes_in_flight_are_bounded(broker):
    """Above the bound somebody is refused or waits; then all is well."""
    half = [Stream(broker.address, context(broker.pki)) for _ in range(30)]
    gate = broker.role_pids("gate")[0]

    def sockets():
        return sum(what.startswith("socket:")
                   for what in processes.descriptors(gate).values())
    try:
        with contextlib.suppress(Closed):  # it gave way to the others
            half[0].handshake_half()
            half[0].receive_raw(time.monotonic() + DEADLINE)
        assert sockets() <= 8 + 8, sockets()
    finally:
        for stream in half:
            stream.abort()
    expect_good(broker)


@case
def refusals_leave_nothing_behind(broker):
    gates = broker.role_pids("gate")

    def count():
        return sum(len(processes.descriptors(pid))
                   for pid in gates.values())
    expect_good(broker)
    before = count()
    for _ in range(10):
        try_handshake(broker, "client-other")
        with socket.create_connection(broker.address) as plain:
            plain.sendall(b"x" * 100)
    # What the good client's handshake held may be gone by now: or less.
    wait_until(lambda: count() <= before,
               f"the gates have {before} descriptors again")


main()
