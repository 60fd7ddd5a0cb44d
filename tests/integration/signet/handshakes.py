# SPDX-License-Identifier: Apache-2.0
"""A client's side of a TLS handshake up to its certificate, which may be any
bytes: a library would not send what it cannot read or has no key for."""

import hashlib
import hmac
import os
import struct

from . import der
from .stream import Closed, Stream

ALERT, HANDSHAKE, APPLICATION = 21, 22, 23
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac",
    22: "record_overflow", 40: "handshake_failure", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked",
    45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
    50: "decode_error", 51: "decrypt_error", 70: "protocol_version",
    71: "insufficient_security", 80: "internal_error",
    109: "missing_extension", 110: "unsupported_extension",
    116: "certificate_required",
}
# An ECDSA signature that nobody has made.
PROOF = der.sequence(der.integer(1 << 200), der.integer(1 << 201))
X25519_BASE = (9).to_bytes(32, "little")
# A point of each group that is offered (RFC 8422 s5.1.1): their bases.
POINTS = {b"\0\x1d": X25519_BASE, b"\0\x17": bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")}


def vector(size, *parts):
    """Bytes behind their length in size bytes."""
    data = b"".join(parts)
    return len(data).to_bytes(size, "big") + data


def x25519(scalar, point):
    """RFC 7748 s5."""
    prime = 2 ** 255 - 19
    k = int.from_bytes(scalar, "little") & ~7 & (2 ** 255 - 1) | 2 ** 254
    x1 = int.from_bytes(point, "little") & (2 ** 255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % prime, x1 * (da - cb) ** 2 % prime
        e = aa - bb
        x2, z2 = aa * bb % prime, e * (aa + 121665 * e) % prime
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, prime - 2, prime) % prime).to_bytes(32, "little")


def _chacha20(key, counter, nonce):
    """One block (RFC 8439 s2.3)."""
    start = list(struct.unpack("<16I", b"expand 32-byte k" + key
                               + struct.pack("<I", counter) + nonce))
    s = start[:]

    def turn(a, b, c, d):
        for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8),
                           (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xffffffff
            v = s[z] ^ s[x]
            s[z] = (v << n | v >> (32 - n)) & 0xffffffff
    for _ in range(10):
        for i in range(4):
            turn(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            turn(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xffffffff
                                 for a, b in zip(s, start)))


def _stream(key, nonce, data):
    out = bytearray()
    for i in range(0, len(data), 64):
        block = _chacha20(key, 1 + i // 64, nonce)
        out += bytes(a ^ b for a, b in zip(data[i:i + 64], block))
    return bytes(out)


def _tag(key, nonce, aad, data):
    """Poly1305 as AEAD_CHACHA20_POLY1305 uses it (RFC 8439 s2.8)."""
    block = _chacha20(key, 0, nonce)
    r = (int.from_bytes(block[:16], "little")
         & 0x0ffffffc0ffffffc0ffffffc0fffffff)
    total = 0
    text = (aad + bytes(-len(aad) % 16) + data + bytes(-len(data) % 16)
            + struct.pack("<QQ", len(aad), len(data)))
    for i in range(0, len(text), 16):
        total = ((total + int.from_bytes(text[i:i + 16] + b"\1", "little"))
                 * r % (2 ** 130 - 5))
    return ((total + int.from_bytes(block[16:32], "little"))
            % 2 ** 128).to_bytes(16, "little")


def extract(salt, secret):
    return hmac.digest(salt, secret, "sha256")


def expand(secret, label, context, length):
    """HKDF-Expand-Label, of at most one hash (RFC 8446 s7.1)."""
    info = (struct.pack(">H", length) + vector(1, b"tls13 " + label)
            + vector(1, context))
    return hmac.digest(secret, info + b"\1", "sha256")[:length]


class Direction:
    """One direction's keys and record number."""

    def __init__(self, secret):
        self.key = expand(secret, b"key", b"", 32)
        self.iv = expand(secret, b"iv", b"", 12)
        self.number = 0

    def _nonce(self):
        number = self.number.to_bytes(12, "big")
        self.number += 1
        return bytes(a ^ b for a, b in zip(self.iv, number))

    def protect(self, kind, data):
        header = struct.pack(">BHH", APPLICATION, 0x303, len(data) + 17)
        nonce = self._nonce()
        sealed = _stream(self.key, nonce, data + bytes([kind]))
        return header + sealed + _tag(self.key, nonce, header, sealed)

    def deprotect(self, header, sealed):
        nonce = self._nonce()
        data, tag = sealed[:-16], sealed[-16:]
        if not hmac.compare_digest(_tag(self.key, nonce, header, data), tag):
            raise Closed("unreadable record")
        plain = _stream(self.key, nonce, data).rstrip(b"\0")
        return plain[-1], plain[:-1]


class Handshake:
    """With one server, in plaintext (TLS 1.2) or as TLS 1.3 protects it."""

    def __init__(self, address, is_1_3):
        self.stream, self.is_1_3 = Stream(address), is_1_3
        self.port = self.stream.port
        self.socket = self.stream.socket
        self.reader = self.writer = None
        self.transcript, self.pending = b"", b""
        self.secret = os.urandom(32)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.abort()

    # Records and messages

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionResetError:
                raise Closed("reset") from None
            if not more:
                raise Closed("eof")
            data += more
        return data

    def record(self):
        """(type, content) of the next one; an alert is raised as Closed."""
        while True:
            header = self._exactly(5)
            kind, _, count = struct.unpack(">BHH", header)
            data = self._exactly(count)
            if kind == 20 and self.is_1_3:
                continue
            if kind == APPLICATION and self.reader is not None:
                kind, data = self.reader.deprotect(header, data)
            if kind == ALERT:
                raise Closed(ALERTS.get(data[1], f"alert {data[1]}"))
            return kind, data

    def message(self):
        """The next handshake message, with its header."""
        while (len(self.pending) < 4 or len(self.pending) < 4
               + int.from_bytes(self.pending[1:4], "big")):
            kind, data = self.record()
            assert kind == HANDSHAKE, kind
            self.pending += data
        count = 4 + int.from_bytes(self.pending[1:4], "big")
        message, self.pending = self.pending[:count], self.pending[count:]
        self.transcript += message
        return message

    def send(self, kind, content):
        message = bytes([kind]) + vector(3, content)
        self.transcript += message
        for i in range(0, len(message), 16000):
            part = message[i:i + 16000]
            if self.writer is not None:
                self.stream.send_raw(self.writer.protect(HANDSHAKE, part))
            else:
                self.stream.send_raw(
                    struct.pack(">BHH", HANDSHAKE, 0x303, len(part)) + part)

    # The handshake

    def hello(self):
        extensions = [
            (10, vector(2, b"\0\x1d\0\x17")), (11, b"\1\0"), (23, b""),
            (13, vector(2, bytes.fromhex(
                "040305030603080408050806040105010601")))]
        suites = b"\xc0\x2b\xc0\x2f\xcc\xa9\xcc\xa8\0\xff"
        if self.is_1_3:
            suites = b"\x13\x03"
            extensions += [
                (43, vector(1, b"\3\4")),
                (51, vector(2, b"\0\x1d", vector(
                    2, x25519(self.secret, X25519_BASE))))]
        self.send(1, b"\3\3" + os.urandom(32) + b"\0" + vector(2, suites)
                  + b"\1\0" + vector(2, *(
                      struct.pack(">H", number) + vector(2, data)
                      for number, data in extensions)))

    def server_flight(self):
        hello = self.message()
        assert hello[0] == 2, hello
        if self.is_1_3:
            self._derive(hello)
        last = 20 if self.is_1_3 else 14
        message = hello
        while message[0] != last:
            message = self.message()
            if message[0] == 12:
                self.group = message[5:7]
        if self.is_1_3:
            secret = expand(self.master, b"s ap traffic", self._hash(), 32)
            self.reader = Direction(secret)

    def _hash(self):
        return hashlib.sha256(self.transcript).digest()

    def _derive(self, hello):
        """Handshake keys, and the secret from which the next come."""
        at = 4 + 2 + 32
        at += 1 + hello[at] + 3 + 2
        share = None
        while at < len(hello):
            number, count = struct.unpack_from(">HH", hello, at)
            if number == 51:
                share = hello[at + 8:at + 4 + count]
            at += 4 + count
        nothing = hashlib.sha256(b"").digest()
        early = extract(bytes(32), bytes(32))
        secret = extract(expand(early, b"derived", nothing, 32),
                         x25519(self.secret, share))
        self.master = extract(expand(secret, b"derived", nothing, 32),
                              bytes(32))
        transcript = self._hash()
        self.reader = Direction(
            expand(secret, b"s hs traffic", transcript, 32))
        self.writer = Direction(
            expand(secret, b"c hs traffic", transcript, 32))

    def send_certificates(self, *ders):
        if self.is_1_3:
            self.send(11, b"\0" + vector(3, *(
                vector(3, data) + b"\0\0" for data in ders)))
        else:
            self.send(11, vector(3, *(vector(3, data) for data in ders)))

    def send_raw_certificates(self, content):
        """A Certificate message whose content is not well-formed either."""
        self.send(11, content)

    def send_wrong_proof(self, key):
        """A CertificateVerify that was not made with this kind of key's
        private key; it may be refused before all of it is sent."""
        kind = key.split("/")[0]
        scheme, signature = {
            "ec": (0x0403, PROOF), "ec:P-384": (0x0503, PROOF),
            "ec:P-521": (0x0603, PROOF),
        }.get(kind) or (0x0804, bytes(int(kind.split(":")[1]) // 8))
        if not self.is_1_3:
            scheme = 0x0401 if scheme == 0x0804 else 0x0403
        try:
            if not self.is_1_3:
                self.send(16, vector(1, POINTS[self.group]))
            self.send(15, struct.pack(">H", scheme) + vector(2, signature))
        except Closed:
            pass  # what the server says of it is read next

    def closed(self):
        """How the server ends it."""
        try:
            while True:
                self.record()
        except Closed as closed:
            return closed.how
