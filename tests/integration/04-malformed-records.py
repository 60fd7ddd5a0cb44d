#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each malformed record ends in the alert that RFC 8446 or 5246 names."""

import socket
import ssl
import subprocess
import time

from signet import (DEADLINE, Client, Closed, Skipped, case, codec, context,
                    main, unique)

TLS_1_2 = ssl.TLSVersion.TLSv1_2


def versions(broker):
    """Options of TLS for each version that the daemon has."""
    with Client(broker) as client:
        best = client.stream.tls.version()
    yield "TLSv1.2", {"maximum": TLS_1_2}
    if best == "TLSv1.3":
        yield best, {}


def end_after(broker, tls, make):
    """How the server ends after the bytes that make(stream) gives."""
    with Client(broker, tls=tls) as client:
        client.ping()
        client.stream.send_raw(make(client.stream))
        try:
            got = client.receive()
        except Closed as closed:
            return closed.how
        raise AssertionError(f"answered: {got}")


def record(type_, body, version=0x0303, length=None):
    return (bytes([type_, version >> 8, version & 255])
            + (len(body) if length is None else length).to_bytes(2, "big")
            + body)


def corrupted_at(position):
    def make(stream):
        data = bytearray(stream.seal(codec.PING))
        data[position] ^= 1
        return bytes(data)
    return make


def another_type(stream):
    data = bytearray(stream.seal(codec.PING))
    data[0] = 22  # the type is authenticated in 1.2, and must be 23 in 1.3
    return bytes(data)


MAC = {"bad_record_mac"}
# what, the bytes, alerts in TLS 1.2, alerts in TLS 1.3
RECORDS = (
    ("a bit of the ciphertext", corrupted_at(15), MAC, MAC),
    ("a bit of the tag", corrupted_at(-1), MAC, MAC),
    ("a bit of the nonce or the first byte", corrupted_at(5), MAC, MAC),
    ("another type", another_type, MAC, {"unexpected_message"}),
    ("a record that was never sealed",
     lambda _: record(23, codec.PING * 20), MAC, MAC),
    ("no room for a tag", lambda _: record(23, b"x" * 8),
     MAC | {"decode_error"}, MAC | {"decode_error", "unexpected_message"}),
    ("nothing in it", lambda _: record(23, b""),
     MAC | {"decode_error"}, MAC | {"decode_error", "unexpected_message"}),
    ("longer than a record may be",
     lambda _: record(23, b"x" * 100, length=16384 + 2049),
     {"record_overflow"}, {"record_overflow"}),
    ("the longest length", lambda _: record(23, b"", length=65535),
     {"record_overflow"}, {"record_overflow"}),
    ("a type that nobody knows", lambda _: record(99, b"x" * 40),
     {"unexpected_message"}, {"unexpected_message"}),
    ("type 0", lambda _: record(0, b"x" * 40),
     {"unexpected_message"}, {"unexpected_message"}),
    ("a plain change_cipher_spec", lambda _: record(20, b"\1"),
     MAC | {"unexpected_message"}, {"unexpected_message"}),
    ("a plain alert", lambda _: record(21, b"\1\0"),
     MAC | {"decode_error"}, {"unexpected_message"}),
    ("a plain ClientHello", lambda _: record(22, b"\1\0\0\4abcd" * 8),
     MAC, {"unexpected_message"}),
    ("another version", lambda _: record(23, b"x" * 40, 0x0301),
     {"protocol_version"}, MAC | {"protocol_version"}),
    ("plain HTTP", lambda _: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
     {"unexpected_message", "protocol_version", "record_overflow"},
     {"unexpected_message", "protocol_version", "record_overflow"}),
)


@case
def malformed_records_end_in_their_alert(broker):
    """RFC 5246 s6.2, s7.2.2; RFC 8446 s5.1, s5.2, s6.2"""
    faults = []
    for version, tls in versions(broker):
        for what, make, old, new in RECORDS:
            mark = broker.log.mark()
            how = end_after(broker, tls, make)
            allowed = old if version == "TLSv1.2" else new
            if how not in allowed:
                faults.append(f"{version}: {what}: {how}")
            if not broker.log.find(mark, event="closed"):
                try:
                    broker.await_log(mark, event="closed")
                except AssertionError:
                    faults.append(f"{version}: {what}: not in the log")
    assert not faults, "\n".join(faults)


@case
def a_replayed_record_is_refused(broker):  # RFC 8446 s5.3
    for version, tls in versions(broker):
        def twice(stream):
            return stream.seal(codec.publish("t", b"x")) * 2
        assert end_after(broker, tls, twice) == "bad_record_mac", version


@case
def records_out_of_order_are_refused(broker):  # RFC 8446 s5.3
    for version, tls in versions(broker):
        def swapped(stream):
            one, other = stream.seal(codec.PING), stream.seal(codec.PING)
            return other + one
        assert end_after(broker, tls, swapped) == "bad_record_mac", version


@case
def a_lost_record_is_noticed(broker):
    for version, tls in versions(broker):
        def gap(stream):
            stream.seal(codec.PING)
            return stream.seal(codec.PING)
        assert end_after(broker, tls, gap) == "bad_record_mac", version


@case
def close_notify_is_answered(broker):  # RFC 8446 s6.1, RFC 5246 s7.2.1
    for version, tls in versions(broker):
        with Client(broker, tls=tls) as client:
            try:
                client.stream.tls.unwrap()
            except ssl.SSLWantReadError:
                client.stream.flush()
            assert client.expect_closed() == "close_notify", version


@case
def what_follows_our_alert_is_read_and_dropped(broker):
    """A reset in return for it could overtake the alert."""
    for version, tls in versions(broker):
        with Client(broker, tls=tls) as client:
            client.stream.send_raw(corrupted_at(-1)(client.stream))
            assert client.expect_closed() == "bad_record_mac", version
            for _ in range(10):
                client.stream.send_raw(bytes(50000))


@case
def a_fatal_alert_is_not_answered(broker):  # RFC 8446 s6.2, RFC 5246 s7.2.2
    for version, tls in versions(broker):
        with Client(broker, tls=tls) as client:
            line = broker.await_log(event="connected",
                                    client_id=client.client_id)
            client.ping()
            client.stream.incoming.write(record(23, b"x" * 40))
            try:
                client.stream.tls.read()
            except ssl.SSLError:
                client.stream.flush()
            assert not client.stream.receive_raw(
                time.monotonic() + DEADLINE), version
            closed = broker.await_log(event="closed",
                                      session=line["session"])
            assert closed["reason"] == "bad_record_mac", closed.text


def cut(client):
    client.stream.socket.shutdown(socket.SHUT_WR)


def cut_in_a_record(client):
    client.stream.send_raw(client.stream.seal(codec.PING)[:-1])
    cut(client)


# How it ends, and what the log says of it.
ENDS = ((cut, "truncated-by-peer"), (cut_in_a_record, "truncated-by-peer"),
        (lambda client: client.stream.close(), "closed-by-peer"))


@case
def an_end_without_close_notify_is_told_apart(broker):
    """RFC 8446 s6.1, RFC 5246 s7.2.1"""
    for version, tls in versions(broker):
        for end, reason in ENDS:
            with Client(broker, tls=tls) as client:
                line = broker.await_log(event="connected",
                                        client_id=client.client_id)
                end(client)
                closed = broker.await_log(event="closed",
                                          session=line["session"])
                assert closed["reason"] == reason, (version, closed.text)


@case
def a_record_cut_off_by_the_end_harms_nobody(broker):
    for version, tls in versions(broker):
        for count in 1, 4, 5, 20, -1:
            with Client(broker, tls=tls) as client:
                sealed = client.stream.seal(codec.publish("t", b"x" * 50))
                client.stream.send_raw(sealed[:count])
        with Client(broker, tls=tls) as client:
            client.ping()


@case
def records_cut_anywhere_are_put_together(broker):
    for version, tls in versions(broker):
        with Client(broker, tls=tls) as client:
            topic = unique("cut/")
            client.subscribe(topic)
            message = codec.publish(topic, b"x" * 3000)
            sealed = b"".join(client.stream.seal(message[i:i + 700])
                              for i in range(0, len(message), 700))
            for i in range(0, len(sealed), 333):
                client.stream.send_raw(sealed[i:i + 333])
            assert len(client.take().payload) == 3000, version


@case
def records_of_the_greatest_size_pass(broker):  # RFC 8446 s5.1
    for version, tls in versions(broker):
        with Client(broker, tls=tls) as client:
            topic = unique("full/")
            client.subscribe(topic)
            message = codec.publish(topic, b"x" * 50000)
            sealed = client.stream.seal(message)
            assert sealed[3] << 8 | sealed[4] > 16384
            client.stream.send_raw(sealed)
            assert len(client.take().payload) == 50000, version


class SClient:
    """openssl s_client, whose letters on a line are commands."""

    def __init__(self, broker, *options):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{broker.port}",
             "-CAfile", f"{broker.pki}/ca.pem",
             "-cert", f"{broker.pki}/client-1.pem",
             "-key", f"{broker.pki}/client-1.key", "-msg", *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0)
        self.output = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, data):
        self.process.stdin.write(data)

    def read_until(self, wanted):
        """Read on until one of these texts, or the end; what was read."""
        import selectors
        got = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not any(text in got for text in wanted):
                if not selector.select(DEADLINE):
                    raise AssertionError(
                        f"{wanted} expected, got {got[-2000:]!r}")
                data = self.process.stdout.read(65536)
                if not data:
                    break
                got += data
        self.output += got
        return got


@case
def renegotiation_is_refused(broker):  # RFC 5246 s7.4.1, RFC 5746 s4.5
    with SClient(broker, "-tls1_2") as client:
        client.read_until([b"---\nread R BLOCK", b"Verify return code"])
        client.send(codec.connect("renegotiator", 4))
        client.read_until([b"\x20\x02\x00\x00"])
        client.send(b"R\n")
        got = client.read_until([b"no_renegotiation", b"no renegotiation",
                                 b"closed"])
        assert b"no_renegotiation" in got or b"no renegotiation" in got, got
    with Client(broker) as client:
        client.ping()


@case
def key_update_is_answered(broker):  # RFC 8446 s4.6.3
    with Client(broker) as client:
        if client.stream.tls.version() != "TLSv1.3":
            raise Skipped("the daemon has no TLS 1.3")
    with SClient(broker, "-tls1_3") as client:
        client.read_until([b"Verify return code"])
        client.send(codec.connect("updater", 4))
        client.read_until([b"\x20\x02\x00\x00"])
        for command in b"k\n", b"K\n", b"k\n", b"K\n":
            client.send(command)
            client.read_until([b"KeyUpdate"])
            client.send(codec.PING)
            client.read_until([b"\xd0\x00"])


@case
def another_session_s_records_are_refused(broker):
    """A record sealed for one connection means nothing on another."""
    with Client(broker) as one, Client(broker) as other:
        other.stream.send_raw(one.stream.seal(codec.PING))
        try:
            other.receive()
            raise AssertionError("taken")
        except Closed as closed:
            assert closed.how == "bad_record_mac", closed.how


main()
