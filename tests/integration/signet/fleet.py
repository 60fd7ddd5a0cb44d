# SPDX-License-Identifier: Apache-2.0
"""Many clients in one loop, for load: each message costs microseconds."""

import selectors
import ssl
import struct
import time

from . import codec
from .stream import DEADLINE, SLOWNESS, Closed


class Member:
    """A connected Client that takes part in a fleet.

    on_message(member, topic, payload) is called for each PUBLISH; acked
    counts PUBACKs; ended says how the connection ended, or is None.
    """

    def __init__(self, client, on_message=None):
        self.client, self.on_message = client, on_message
        self.acked = self.sent = self.received = 0
        self.pending = b""
        self.ended = None
        self.is_reading = True
        client.stream.socket.setblocking(False)

    def send(self, data):
        self.pending += self.client.stream.seal(data)

    def flush(self):
        """Send what the socket takes; is there more?"""
        stream = self.client.stream
        if stream.outgoing.pending:
            self.pending += stream.outgoing.read()
        while self.pending and self.ended is None:
            try:
                count = stream.socket.send(self.pending)
            except BlockingIOError:
                return True
            except OSError:
                self.ended = "reset"
                break
            self.pending = self.pending[count:]
        return False

    def receive(self):
        stream = self.client.stream
        try:
            data = stream.socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        if data:
            stream.incoming.write(data)
        else:
            stream.incoming.write_eof()
            stream.is_ended = True
        try:
            while True:
                got = stream.tls.read(262144)
                if not got:
                    self.ended = "close_notify"
                    break
                self.client.buffer += got
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            try:
                stream._closed_by(error)
            except Closed as closed:
                self.ended = closed.how
        self.take_packets()

    def take_packets(self):
        buffer, pos, acks = self.client.buffer, 0, []
        v5 = self.client.version == 5
        while True:
            found = codec.split(buffer, pos) if pos < len(buffer) else None
            if found is None:
                break
            first, start, pos = found
            if first >> 4 == codec.PUBLISH:
                end = start + 2 + (buffer[start] << 8 | buffer[start + 1])
                topic = bytes(buffer[start + 2:end])
                if first & 6:
                    acks.append(bytes(buffer[end:end + 2]))
                    end += 2
                if v5:  # short property blocks only
                    end += 1 + buffer[end]
                self.received += 1
                if self.on_message:
                    self.on_message(self, topic, bytes(buffer[end:pos]))
            elif first >> 4 == codec.PUBACK:
                self.acked += 1
                if pos - start > 2 and buffer[start + 2] >= 0x80:
                    raise AssertionError(f"PUBACK {buffer[start:pos].hex()}")
            elif first >> 4 == codec.DISCONNECT:
                self.ended = f"DISCONNECT {bytes(buffer[start:pos]).hex()}"
        del buffer[:pos]
        if acks and self.ended is None:
            self.send(b"".join(b"\x40\x02" + one for one in acks))


class Fleet:
    """Runs members until a condition holds."""

    def __init__(self):
        self.members = []
        self.selector = selectors.DefaultSelector()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.selector.close()
        for member in self.members:
            member.client.abort()

    def add(self, client, on_message=None):
        member = Member(client, on_message)
        self.members.append(member)
        self.selector.register(client.stream.socket, selectors.EVENT_READ,
                               member)
        return member

    def pause(self, member):
        """Stop reading from this member's socket."""
        member.is_reading = False
        self.selector.unregister(member.client.stream.socket)

    def turn(self, seconds=0.1):
        for member in self.members:
            if member.ended is None and member.flush():
                if member.is_reading:
                    self.selector.modify(
                        member.client.stream.socket,
                        selectors.EVENT_READ | selectors.EVENT_WRITE, member)
        for key, events in self.selector.select(seconds):
            member = key.data
            if events & selectors.EVENT_WRITE and not member.flush():
                self.selector.modify(key.fileobj, selectors.EVENT_READ,
                                     member)
            if events & selectors.EVENT_READ:
                member.receive()
            if member.ended is not None:
                self.selector.unregister(key.fileobj)
                member.is_reading = False

    def run_until(self, is_done, timeout, each_turn=None):
        """Until is_done(), in time, and never without any progress."""
        deadline = time.monotonic() + timeout * SLOWNESS
        progress, stalled_at = None, 0
        while not is_done():
            now = time.monotonic()
            totals = (sum(m.received for m in self.members),
                      sum(m.acked for m in self.members))
            if totals != progress:
                progress, stalled_at = totals, now + DEADLINE
            if now > min(deadline, stalled_at):
                ended = [m.ended for m in self.members if m.ended]
                raise AssertionError(
                    "the fleet is out of time: %d messages and %d "
                    "acknowledgements came; ended: %s" % (*totals, ended))
            if each_turn is not None:
                each_turn()
            self.turn()


class Source:
    """A publisher at QoS 1 in closed loop: so many unacknowledged, total in
    all. topic_of(i): bytes. The payload is name and number."""

    def __init__(self, member, name, topic_of, total, window=50, size=0):
        self.member, self.name, self.topic_of = member, name, topic_of
        self.total, self.window = total, window
        self.filling = b"." * size

    def push(self):
        member = self.member
        count = min(self.window - (member.sent - member.acked),
                    self.total - member.sent)
        # In batches: half a window at once, or what is left.
        if count <= 0 or (count < self.window // 2
                          and member.sent + count < self.total):
            return
        out = []
        for i in range(member.sent, member.sent + count):
            topic = self.topic_of(i)
            body = (struct.pack(">H", len(topic)) + topic
                    + struct.pack(">H", i % 65535 + 1)
                    + (b"\0" if member.client.version == 5 else b"")
                    + b"%d %d " % (self.name, i) + self.filling)
            out.append(b"\x32" + codec.varint(len(body)) + body)
        member.sent += count
        member.send(b"".join(out))

    def is_done(self):
        return self.member.acked >= self.total
