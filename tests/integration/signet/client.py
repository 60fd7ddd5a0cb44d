# SPDX-License-Identifier: Apache-2.0
"""An MQTT client that blocks, with deadlines, and forgives nothing."""

import itertools
import socket
import time

from . import codec
from .stream import DEADLINE, Closed, Stream, TimedOut, context

_numbers = itertools.count(1)


def unique(prefix="c"):
    """A client identifier that no other test of this process uses."""
    return f"{prefix}{next(_numbers)}"


class Client:
    """One connection. broker: has address and pki.

    certificate: name in the PKI, or None; tls: options of stream.context().
    session: an ssl.SSLSession to resume; source: the address that it comes
    from. Unless is_connected is False, CONNECT
    is sent and CONNACK must be good; options go to codec.connect().
    """

    stream_class = Stream

    def __init__(self, broker, client_id=None, version=5,
                 certificate="client-1", tls=None, is_connected=True,
                 receive_buffer=None, expect_reason=0, session=None,
                 source=None, **options):
        self.version = version
        self.client_id = unique() if client_id is None else client_id
        self.buffer = bytearray()
        self.queue = []
        self.packet_ids = itertools.cycle(range(1, 65536))
        self.stream = self.stream_class(
            broker.address,
            context(broker.pki, certificate, **(tls or {})), receive_buffer,
            session, **({} if source is None else {"source": source}))
        self.connack = None
        try:
            self.stream.handshake()
            if is_connected:
                self.connack = self.connect(**options)
                if self.connack.reason != expect_reason:
                    raise AssertionError(f"CONNACK: {self.connack}")
        except BaseException:
            self.stream.abort()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.abort()

    def abort(self):
        self.stream.abort()

    def connect(self, **options):
        self.send(codec.connect(self.client_id, self.version, **options))
        return self.expect(codec.CONNACK)

    def send(self, data):
        self.stream.send(data)

    def receive(self, timeout=None):
        """The next packet; raises Closed or TimedOut."""
        if self.queue:
            return self.queue.pop(0)
        deadline = time.monotonic() + (DEADLINE if timeout is None
                                       else timeout)
        while True:
            found = codec.split(self.buffer)
            if found is not None:
                first, start, end = found
                body = self.buffer[start:end]
                del self.buffer[:end]
                return codec.decode(first, body, self.version)
            self.buffer += self.stream.receive(deadline - time.monotonic())

    def expect(self, type_, timeout=None):
        """The next packet, which must be of this type."""
        got = self.receive(timeout)
        if got.type != type_:
            raise AssertionError(f"{codec.NAMES[type_]} expected, got {got}")
        return got

    def await_type(self, type_, timeout=None):
        """The next packet of this type; others before it are kept."""
        kept = []
        deadline = time.monotonic() + (timeout or DEADLINE)
        while True:
            got = self.receive(deadline - time.monotonic())
            if got.type == type_:
                self.queue = kept + self.queue
                return got
            kept.append(got)

    def subscribe(self, *filters, qos=0, props=None, options=None):
        """Subscribe, and give SUBACK's codes back."""
        packet_id = next(self.packet_ids)
        bits = qos if options is None else options
        self.send(codec.subscribe(packet_id, [(f, bits) for f in filters],
                                  self.version, props))
        suback = self.await_type(codec.SUBACK)
        assert suback.packet_id == packet_id, suback  # [MQTT5-3.8.4-2]
        assert len(suback.codes) == len(filters), suback  # [MQTT5-3.8.4-6]
        return suback.codes

    def unsubscribe(self, *filters):
        packet_id = next(self.packet_ids)
        self.send(codec.unsubscribe(packet_id, filters, self.version))
        unsuback = self.await_type(codec.UNSUBACK)
        assert unsuback.packet_id == packet_id, unsuback
        return unsuback.codes

    def publish(self, topic, payload=b"", qos=0, retain=False, props=None):
        """Publish; above QoS 0 until it is acknowledged in full, and give
        the reason of PUBACK or PUBREC back."""
        packet_id = next(self.packet_ids) if qos else None
        self.send(codec.publish(topic, payload, qos, packet_id, self.version,
                                retain=retain, props=props))
        if qos == 0:
            return None
        answer = self.await_type(codec.PUBACK if qos == 1 else codec.PUBREC)
        assert answer.packet_id == packet_id, answer
        if qos == 2 and answer.reason < 0x80:
            self.release(packet_id)
        return answer.reason

    def release(self, packet_id):
        """PUBREL, and the reason of its PUBCOMP."""
        self.send(codec.ack(codec.PUBREL, packet_id))
        pubcomp = self.await_type(codec.PUBCOMP)
        assert pubcomp.packet_id == packet_id, pubcomp
        return pubcomp.reason

    def take(self, timeout=None):
        """The next message; above QoS 0 it is acknowledged in full."""
        got = self.expect(codec.PUBLISH, timeout)
        if got.qos == 1:
            self.send(codec.ack(codec.PUBACK, got.packet_id))
        elif got.qos == 2:
            self.send(codec.ack(codec.PUBREC, got.packet_id))
            pubrel = self.await_type(codec.PUBREL)
            assert pubrel.packet_id == got.packet_id, pubrel
            self.send(codec.ack(codec.PUBCOMP, got.packet_id))
        return got

    def leave(self, is_orderly=True):
        """End, with DISCONNECT or by a cut, and wait until the server has
        taken it in: what is published behind this finds nobody."""
        if is_orderly:
            self.send(codec.disconnect(0, self.version))
        else:
            self.stream.socket.shutdown(socket.SHUT_WR)
        try:
            while True:
                self.receive()
        except Closed:
            self.abort()

    def resume(self, broker, **options):
        """The same client on a new connection, with its session if there is
        one (Clean Start 0); this connection is cut off if it is not closed."""
        self.abort()
        options.setdefault("clean", False)
        return Client(broker, client_id=self.client_id,
                      **{"version": self.version, **options})

    def ping(self):
        self.send(codec.PING)
        self.await_type(codec.PINGRESP)

    def expect_nothing(self):
        """Nothing has come, and PINGRESP is the next that comes."""
        self.send(codec.PING)
        self.expect(codec.PINGRESP)

    def expect_end(self, reason=None, timeout=None):
        """The server ends the connection: in v5 with DISCONNECT and this
        reason (None: without), in v3.1.1 by closing. How it closed."""
        if self.version == 5 and reason is not None:
            got = self.expect(codec.DISCONNECT, timeout)
            assert got.reason == reason, \
                f"reason {reason:#x} expected, got {got}"
        return self.expect_closed(timeout)

    def expect_closed(self, timeout=None):
        try:
            got = self.receive(timeout)
        except Closed as closed:
            return closed.how
        raise AssertionError(f"the end expected, got {got}")

    def disconnect(self, reason=0, props=None):
        """DISCONNECT and close_notify; then nothing may come."""
        self.send(codec.disconnect(reason, self.version, props))
        self.stream.close()

    def is_alive(self):
        try:
            self.ping()
            return True
        except (Closed, TimedOut):
            return False
