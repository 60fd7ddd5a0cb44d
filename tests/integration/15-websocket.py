#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MQTT over WebSocket on the port of MQTT (MQTT 5.0, 6; RFC 6455)."""

import struct

from signet import Closed, DEADLINE, case, codec, main, unique
from signet.stream import Stream, context
from signet.websocket import (BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT,
                              WebSocketClient, WebSocketStream, frame,
                              request)


def raw(broker):
    """A stream that is still to ask for its upgrade."""
    stream = WebSocketStream(broker.address, context(broker.pki))
    Stream.handshake(stream)
    return stream


def refused(broker, data):
    """(status, fields) of the answer, after which the connection ends."""
    with raw(broker) as stream:
        stream.send_bytes(data)
        answer = stream.receive_answer()
        rest = bytes(stream.frames)
        try:
            while True:
                rest += Stream.receive(stream)
        except Closed as closed:
            assert closed.how == "close_notify", closed.how
    assert len(rest) == int(answer.fields["content-length"]), rest
    assert rest.endswith(b".\n"), rest
    return answer


@case
def a_publisher_over_websocket_reaches_all(broker):
    """And the other way, over the workers, at each QoS."""
    homes = broker.workers()
    for home in homes:
        for other in homes:
            sender = client_on(broker, home)
            receiver = broker.client_on(other)
            back = client_on(broker, other)
            topic = unique("ws/")
            receiver.subscribe(topic, qos=2)
            back.subscribe(topic, qos=2)
            for qos in 0, 1, 2:
                for size in 0, 1, 100, 125, 126, 65535, 70000, 300000:
                    payload = bytes([qos + 1]) * size
                    sender.publish(topic, payload, qos=qos)
                    for client in receiver, back:
                        got = client.take()
                        assert got.payload == payload, len(got.payload)
            for client in sender, receiver, back:
                client.abort()


def client_on(broker, worker):
    for _ in range(200):
        client = WebSocketClient(broker, unique("ws"))
        if broker.worker_of(client) == worker:
            return client
        client.disconnect()
    raise AssertionError(f"no client identifier leads to {worker}")


@case
def both_versions_are_spoken_and_logged(broker):
    for version in 4, 5:
        with WebSocketClient(broker, version=version) as client:
            client.ping()
            line = broker.await_log(event="connected",
                                    client_id=client.client_id)
            assert line["transport"] == "websocket", line
    with broker.client() as client:
        line = broker.await_log(event="connected",
                                client_id=client.client_id)
        assert line["transport"] == "tcp", line


@case
def disconnect_is_followed_by_close(broker):
    for data in codec.disconnect(0, 5), codec.disconnect(4, 5):
        with WebSocketClient(broker) as client:
            client.send(data)
            client.stream.expect_close(1000)


@case
def a_client_may_close_in_the_frame_behind_disconnect(broker):
    with broker.client() as watcher:
        watcher.subscribe("will/#")
        with WebSocketClient(broker, will={"topic": "will/a",
                                           "payload": b"gone"}) as client:
            client.stream.send_bytes(
                frame(codec.disconnect(0, 5))
                + frame(struct.pack(">H", 1000), CLOSE))
            client.stream.expect_close(1000)
        watcher.expect_nothing()


@case
def close_is_echoed(broker):
    for body, code in ((b"", 1000), (struct.pack(">H", 1000), 1000),
                       (struct.pack(">H", 1001) + b"going", 1001),
                       (struct.pack(">H", 4999), 4999),
                       (b"\x03", 1002), (struct.pack(">H", 1005), 1002),
                       (struct.pack(">H", 999), 1002),
                       (struct.pack(">H", 5000), 1002)):
        mark = broker.log.mark()
        with WebSocketClient(broker) as client:
            client.stream.send_bytes(frame(body, CLOSE) + frame(b"more"))
            client.stream.expect_close(code)
        broker.await_log(mark, event="closed", reason="closed-by-peer"
                         if code != 1002 else "websocket-protocol-error")


@case
def pings_are_answered_between_fragments(broker):
    with WebSocketClient(broker) as client:
        ping = codec.PING
        client.stream.send_bytes(
            frame(ping[:1], BINARY, final=False)
            + frame(b"", PONG)
            + frame(b"", CONTINUATION, final=False)
            + frame(b"here?" * 25, PING)
            + frame(ping[1:], CONTINUATION)
            + frame(b"", PING))
        client.expect(codec.PINGRESP)
        client.ping()
        assert client.stream.controls == [(PONG, b"here?" * 25),
                                          (PONG, b"")]


@case(timeout=120)
def packets_need_not_keep_to_frames(broker):
    """[MQTT-6.0.0-2], [MQTT5-6.0.0-2]"""
    topic = unique("ws/")
    with WebSocketClient(broker) as client:
        client.subscribe(topic)
        publishes = b"".join(codec.publish(topic, bytes([i]) * i, 0, None, 5)
                             for i in range(100))
        client.send(publishes)  # many in a frame
        client.stream.send_bytes(frame(publishes, final=False)
                                 + frame(b"", CONTINUATION))
        for size in 1, 7, 1000:  # a frame at a time, and all in one record
            pieces = [frame(publishes[i:i + size])
                      for i in range(0, len(publishes), size)]
            for piece in pieces:
                client.stream.send_bytes(piece)
            client.stream.send_bytes(b"".join(pieces))
        for _ in range(8):
            for i in range(100):
                assert client.take().payload == bytes([i]) * i


@case
def a_frame_is_passed_on_as_it_arrives(broker):
    """Nobody waits for the length that a frame announces."""
    with WebSocketClient(broker, is_connected=False) as client:
        connect = codec.connect(client.client_id, 5)
        key = b"abcd"
        client.stream.send_bytes(
            frame(connect, announced=2 ** 63 - 1, key=key))
        client.expect(codec.CONNACK)
        turn = len(connect) % 4
        key = key[turn:] + key[:turn]
        for _ in range(3):
            client.stream.send_bytes(frame(codec.PING, key=key)[6:])
            client.expect(codec.PINGRESP)
            key = key[2:] + key[:2]


@case(timeout=180)
def a_connection_moves_at_any_byte(broker):
    """CONNECT may end in the middle of frames that carry more; what is
    begun goes on at the worker of the session's home."""
    topic = unique("ws/")
    more = codec.subscribe(1, [(topic, 0)], 5) + codec.PING
    for cut in range(0, 60):
        client_id = unique("move")
        connect = codec.connect(client_id, 5)
        data = frame(connect + more[:3], final=False) \
            + frame(b"in between", PING) + frame(more[3:], CONTINUATION)
        with WebSocketClient(broker, client_id, is_connected=False) as client:
            client.stream.send_bytes(data[:len(connect) + cut])
            if cut % 2 and cut >= 6:  # it moves before the rest comes
                broker.worker_of(client)
            client.stream.send_bytes(data[len(connect) + cut:])
            client.expect(codec.CONNACK)
            client.await_type(codec.SUBACK)  # it may be overtaken
            client.await_type(codec.PINGRESP)
            client.ping()
            assert client.stream.controls == [(PONG, b"in between")]


@case(timeout=120)
def request_and_frames_may_come_byte_by_byte(broker):
    for worker in broker.workers() * 2:
        with raw(broker) as stream:
            client_id = unique("dribble")
            connect = codec.connect(client_id, 5)
            for byte in request():
                stream.send_bytes(bytes([byte]))
            assert stream.receive_answer().status == 101
            for byte in frame(connect) + frame(b"?", PING) + \
                    frame(codec.PING):
                stream.send_bytes(bytes([byte]))
            data = b""
            while not data.endswith(b"\xd0\x00"):
                data += stream.receive()
            assert stream.controls == [(PONG, b"?")]


@case
def request_connect_and_more_may_come_at_once(broker):
    for _ in range(8):
        with raw(broker) as stream:
            connect = codec.connect(unique("at-once"), 5)
            stream.send_bytes(request() + frame(connect)
                              + frame(codec.PING))
            assert stream.receive_answer().status == 101
            data = b""
            while not data.endswith(b"\xd0\x00"):
                data += stream.receive()


BAD_FRAMES = {
    # [MQTT-6.0.0-1], [MQTT5-6.0.0-1]
    "text": (frame(b"text", TEXT), 1003),
    "a text fragment": (frame(b"text", TEXT, final=False), 1003),
    # RFC 6455 s5.1
    "not masked": (frame(codec.PING, masked=False), 1002),
    "ping not masked": (frame(b"", PING, masked=False), 1002),
    # RFC 6455 s5.2
    "reserved bit 1": (frame(codec.PING, rsv=4), 1002),
    "reserved bit 3": (frame(b"", PING, rsv=1), 1002),
    "opcode 3": (frame(codec.PING, 3), 1002),
    "opcode 11": (frame(b"", 11), 1002),
    "a length too long for it": (
        bytes([0x82, 0xfe, 0, 2]) + b"abcd" + bytes(2), 1002),
    "a length too long for it, 64 bits": (
        bytes([0x82, 0xff]) + struct.pack(">Q", 65535) + b"abcd", 1002),
    "a negative length": (
        bytes([0x82, 0xff]) + b"\xff" * 8 + b"abcd", 1002),
    # RFC 6455 s5.4
    "continuation of nothing": (frame(codec.PING, CONTINUATION), 1002),
    "binary in a message": (frame(b"\xc0", final=False)
                            + frame(b"\0"), 1002),
    # RFC 6455 s5.5
    "a fragmented ping": (frame(b"", PING, final=False), 1002),
    "a long ping": (frame(bytes(126), PING), 1002),
    "a long close": (frame(bytes(126), CLOSE), 1002),
}


@case
def a_bad_frame_ends_the_connection(broker):
    """[MQTT-6.0.0-1], [MQTT5-6.0.0-1]"""
    for name, (data, code) in BAD_FRAMES.items():
        mark = broker.log.mark()
        with WebSocketClient(broker) as client:
            client.stream.send_bytes(data)
            try:
                client.stream.expect_close(code)
            except Exception as error:
                raise AssertionError(name) from error
        broker.await_log(mark, event="closed", client_id=client.client_id,
                         reason="websocket-text-frame" if code == 1003
                         else "websocket-protocol-error")


@case(limits={"packet_bytes": 1024})
def a_packet_too_large_is_told_in_both_protocols(broker):
    with WebSocketClient(broker) as client:
        client.send(codec.publish("a", bytes(2000), 0, None, 5))
        got = client.expect(codec.DISCONNECT)
        assert got.reason == 0x95, got
        client.stream.expect_close(1009)


@case
def what_is_no_connect_ends_it(broker):
    """[MQTT-3.1.0-1]"""
    with WebSocketClient(broker, is_connected=False) as client:
        client.send(codec.PING)
        client.stream.expect_close(1000)


BAD_REQUESTS = {
    "a browser that looks": (
        request(Upgrade=None, Connection="keep-alive"), 426),
    "no upgrade": (request(Upgrade="h2c"), 426),
    "no connection": (request(Connection="close"), 426),
    "version": (request(Sec_WebSocket_Version="8"), 426),
    "no version": (request(Sec_WebSocket_Version=None), 426),
    # [MQTT-6.0.0-3], [MQTT5-6.0.0-3]
    "no subprotocol": (request(Sec_WebSocket_Protocol=None), 400),
    "another subprotocol": (request(Sec_WebSocket_Protocol="mqttv3.1"), 400),
    "a subprotocol in capitals": (
        request(Sec_WebSocket_Protocol="MQTT"), 400),
    "no key": (request(Sec_WebSocket_Key=None), 400),
    "a short key": (request(Sec_WebSocket_Key="c2hvcnQ="), 400),
    "two keys": (request(
        more=["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]), 400),
    "no host": (request(Host=None), 400),
    "two hosts": (request(more=["Host: b"]), 400),
    "a body": (request(more=["Content-Length: 5"]), 400),
    "a chunked body": (request(more=["Transfer-Encoding: chunked"]), 400),
    "a folded line": (request(more=[" folded: yes"]), 400),
    "no colon": (request(more=["nothing"]), 400),
    "a space in a name": (request(more=["Ho st: x"]), 400),
    "a control character": (request(more=["X: a\0b"]), 400),
    "a bare newline": (request(more=["X: a\nY: b"]), 400),
    "no path": (request("GET HTTP/1.1"), 400),
    "another method": (request("GOT / HTTP/1.1"), 400),
    "HTTP/1.0": (request("GET / HTTP/1.0"), 505),
    "no HTTP": (request("GET / MQTT/1.1"), 400),
    "too large": (request(more=["X: " + 8192 * "x"]), 431),
    "no end": (b"GET / HTTP/1.1\r\n" + 9000 * b"x", 431),
}


@case
def a_bad_request_gets_an_answer(broker):
    """[MQTT-6.0.0-3], [MQTT5-6.0.0-3]"""
    for name, (data, status) in BAD_REQUESTS.items():
        got = refused(broker, data)
        assert got.status == status, (name, got.status)
        if status == 426:  # RFC 9110 s15.5.22
            assert got.fields["upgrade"] == "websocket", name
            assert "upgrade" in got.fields["connection"].lower(), name
        if "version" in name and status == 426:  # RFC 6455 s4.4
            assert got.fields["sec-websocket-version"] == "13", name


@case
def any_path_and_other_subprotocols_besides_are_good(broker):
    for data in (request("GET / HTTP/1.1"),
                 request("GET /a/b?c=%20d HTTP/1.1"),
                 request(Sec_WebSocket_Protocol="mqttv3.1, mqtt"),
                 request(Sec_WebSocket_Protocol="wamp",
                         more=["Sec-WebSocket-Protocol: mqtt"]),
                 request(Connection="keep-alive, Upgrade"),
                 request(Upgrade="WebSocket", Connection="upgrade"),
                 request(Origin="https://anywhere.example"),
                 request(Sec_WebSocket_Extensions="permessage-deflate")):
        with raw(broker) as stream:
            stream.send_bytes(data)
            answer = stream.receive_answer()
            assert answer.status == 101, data
            # [MQTT-6.0.0-4], [MQTT5-6.0.0-4]
            assert answer.fields["sec-websocket-protocol"] == "mqtt"
            assert "sec-websocket-extensions" not in answer.fields


@case(websocket={"origins": ["https://console.example", "https://b.example"]})
def only_listed_origins_may_connect(broker):
    for origin, status in (("https://console.example", 101),
                           ("https://B.example", 101), (None, 101),
                           ("https://console.example.evil", 403),
                           ("http://console.example", 403), ("null", 403)):
        with raw(broker) as stream:
            stream.send_bytes(request(Origin=origin))
            answer = stream.receive_answer()
            assert answer.status == status, (origin, answer.status)


@case(websocket={"enabled": False})
def it_can_be_switched_off(broker):
    mark = broker.log.mark()
    with raw(broker) as stream:
        stream.send_bytes(request())
        try:
            raise AssertionError(Stream.receive(stream))
        except Closed as closed:
            assert closed.how == "close_notify", closed.how
    broker.await_log(mark, event="closed", reason="first-packet-not-connect")
    with broker.client() as client:
        client.ping()
    assert chosen(broker, ("http/1.1", "mqtt")) == "mqtt"
    assert chosen(broker, ("http/1.1",)) == "no_application_protocol"


@case(limits={"connect_seconds": 1})
def a_request_that_does_not_end_is_given_up(broker):
    mark = broker.log.mark()
    with raw(broker) as stream:
        stream.send_bytes(request()[:-2])
        try:
            raise AssertionError(Stream.receive(stream))
        except Closed as closed:
            assert closed.how == "close_notify", closed.how
    broker.await_log(mark, event="closed", reason="connect-timeout")


@case(timeout=120)
def a_flood_of_pings_is_bounded(broker):
    """Who does not read the answers is no longer read."""
    with WebSocketClient(broker, receive_buffer=4096) as client:
        flood = frame(bytes(125), PING) * 120
        client.stream.socket.settimeout(1)
        try:
            for _ in range(3000):
                client.stream.socket.sendall(client.stream.seal(flood))
        except TimeoutError:
            pass
        else:
            raise AssertionError("45 MB of pings were read")
        with broker.client() as other:
            other.ping()


@case
def a_truncated_connection_publishes_the_will(broker):
    with broker.client() as watcher:
        watcher.subscribe("will/ws")
        client = WebSocketClient(
            broker, will={"topic": "will/ws", "payload": b"gone"})
        client.abort()
        assert watcher.take(DEADLINE).payload == b"gone"


class RecordedStream(Stream):
    """Keeps what came: Python has no name for the alert of RFC 7301."""

    raw = b""

    def receive_raw(self, deadline):
        before = self.incoming.pending
        is_open = super().receive_raw(deadline)
        data = self.incoming.read()
        self.raw += data[before:]
        self.incoming.write(data)
        return is_open


def chosen(broker, names):
    """The protocol that ALPN agrees on, or the alert (RFC 7301)."""
    with RecordedStream(broker.address,
                        context(broker.pki, alpn=names)) as stream:
        try:
            stream.handshake()
        except Closed:
            assert stream.raw[0] == 21 and stream.raw[5] == 2, stream.raw
            return {120: "no_application_protocol"}[stream.raw[6]]
        return stream.tls.selected_alpn_protocol()


@case
def alpn_is_optional_but_must_fit(broker):
    mark = broker.log.mark()
    for names, got in ((("mqtt",), "mqtt"),
                       (("x-amzn-mqtt-ca",), "x-amzn-mqtt-ca"),
                       (("http/1.1",), "http/1.1"),
                       (("h2", "http/1.1"), "http/1.1"),
                       (("h2", "mqtt"), "mqtt"), ((), None),
                       (("h2", "imap"), "no_application_protocol")):
        assert chosen(broker, names) == got, names
    broker.await_log(mark, event="refused", reason="no-application-protocol",
                     alert="no_application_protocol")


main()
