# SPDX-License-Identifier: Apache-2.0
"""MQTT over WebSocket, each frame in the test's hands."""

import base64
import hashlib
import os
import struct
import time

from .client import Client
from .stream import DEADLINE, Closed, Stream

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 s1.3

# What asks for a WebSocket; a value of None leaves the field out.
FIELDS = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "mqtt",
}


def request(line="GET /mqtt HTTP/1.1", more=(), **changes):
    """An opening handshake; changes: fields by name, _ for -."""
    fields = dict(FIELDS)
    fields.update({name.replace("_", "-"): value
                   for name, value in changes.items()})
    rows = [f"{name}: {value}" for name, value in fields.items()
            if value is not None]
    return "\r\n".join([line, *rows, *more, "", ""]).encode()


def mask(key, data):
    """RFC 6455 s5.3"""
    keys = (key * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big")
            ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


def frame(data=b"", opcode=BINARY, final=True, key=None, masked=True, rsv=0,
          announced=None):
    """One frame. announced: the length it claims to have."""
    length = len(data) if announced is None else announced
    first = bytes([(0x80 if final else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if length < 126:
        head = first + bytes([bit | length])
    elif length < 65536:
        head = first + bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head = first + bytes([bit | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + data
    key = os.urandom(4) if key is None else key
    return head + key + mask(key, data)


def accept_of(key):
    return base64.b64encode(
        hashlib.sha1(key.encode() + GUID).digest()).decode()


class Answer:
    """What the server says to a request."""

    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.fields = {name.strip().lower(): value.strip()
                       for name, _, value in
                       (line.partition(":") for line in lines[1:])}


class WebSocketStream(Stream):
    """A Stream that speaks frames once it is open."""

    def __init__(self, *args):
        super().__init__(*args)
        self.frames = bytearray()
        self.controls = []  # (opcode, payload)
        self.close_code = None

    def handshake(self, *args, **options):
        super().handshake(*args, **options)
        self.open()
        return self

    def open(self):
        super().send(request())
        answer = self.receive_answer()
        assert answer.status == 101, answer.status
        # [MQTT-6.0.0-4], [MQTT5-6.0.0-4]
        assert answer.fields["sec-websocket-protocol"] == "mqtt"
        assert answer.fields["sec-websocket-accept"] == \
            accept_of(FIELDS["Sec-WebSocket-Key"])

    def receive_answer(self):
        deadline = time.monotonic() + DEADLINE
        while b"\r\n\r\n" not in self.frames:
            self.frames += super().receive(deadline - time.monotonic())
        head, _, rest = bytes(self.frames).partition(b"\r\n\r\n")
        self.frames = bytearray(rest)
        return Answer(head)

    def send_bytes(self, data):
        """Without a frame around it."""
        super().send(data)

    def send(self, data):
        super().send(frame(bytes(data)))

    def split(self):
        """(opcode, payload) of a whole frame, or None."""
        data = self.frames
        if len(data) < 2:
            return None
        assert data[0] & 0xf0 == 0x80, "the server's frames are whole"
        assert not data[1] & 0x80, "the server's frames are not masked"
        length, pos = data[1], 2
        if length >= 126:
            size = 2 if length == 126 else 8
            if len(data) < 2 + size:
                return None
            length, pos = int.from_bytes(data[2:2 + size], "big"), 2 + size
        if len(data) < pos + length:
            return None
        found = data[0] & 15, bytes(data[pos:pos + length])
        del self.frames[:pos + length]
        return found

    def receive_frame(self, timeout=None):
        deadline = time.monotonic() + (DEADLINE if timeout is None
                                       else timeout)
        while True:
            found = self.split()
            if found is not None:
                return found
            self.frames += super().receive(deadline - time.monotonic())

    def receive(self, timeout=None):
        """Bytes of the MQTT stream; after a Close frame comes the end."""
        while True:
            opcode, data = self.receive_frame(timeout)
            assert self.close_code is None, "a frame after Close"
            if opcode == BINARY:
                return data
            assert opcode in (CLOSE, PING, PONG), opcode
            self.controls.append((opcode, data))
            if opcode == CLOSE:
                self.close_code = int.from_bytes(data[:2], "big")

    def expect_close(self, code):
        """A Close frame with this code, then close_notify."""
        try:
            data = self.receive()
        except Closed as closed:
            assert closed.how == "close_notify", closed.how
        else:
            raise AssertionError(f"the end expected, got {data}")
        assert self.close_code == code, self.close_code


class WebSocketClient(Client):
    stream_class = WebSocketStream
