#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the server never sends, and how it ends a connection (3.2.2.3, 3.14,
3.15, 4.12, 4.13)."""

from signet import (Client, Closed, case, codec, lasting, main, routing,
                    unique)

# Faults that end a connection, and their Reason Codes.
FATAL = (
    (b"\xc1\x00", 0x81), (b"\xe1\x00", 0x81),
    (codec.packet(codec.PUBREL, 0, b"\0\1"), 0x81),
    (codec.packet(codec.SUBSCRIBE, 0, b"\0\1\0\0\1a\0"), 0x81),
    (codec.packet(codec.UNSUBSCRIBE, 0, b"\0\1\0\0\1a"), 0x81),
    (codec.packet(codec.SUBSCRIBE, 2, b"\0\1\0"), 0x82),
    (codec.packet(codec.SUBSCRIBE, 2, b"\0\1\0\0\1a\xc0"), 0x81),
    (codec.packet(codec.PUBLISH, 6, b"\0\1t\0\1\0"), 0x81),
    (codec.publish("t", b"x", 1, 0), 0x82),
    (codec.publish("t/#", b"x"), 0x90),
    (codec.publish("t", b"x", props={"topic_alias": 0xffff}), 0x94),
    (codec.publish("t", b"x", props={"subscription_identifier": 1}), 0x82),
    (codec.connect("again"), 0x82),
    (codec.packet(codec.AUTH, 0, b"\x18\0"), 0x82),
    (b"\x30\xff\xff\xff\x7f", 0x95),
)
AFTER = codec.PING + codec.publish("t", b"x", 1, 9)


@case
def a_fault_ends_the_connection(broker):
    """[MQTT-4.8.0-1], [MQTT-2.2.2-1], [MQTT-2.2.2-2]
    [MQTT5-2.1.3-1], [MQTT5-3.14.1-1]
    [MQTT5-3.14.2-1], [MQTT5-3.14.2-2], [MQTT5-3.14.4-1], [MQTT5-3.14.4-2]
    [MQTT5-4.13.1-1], [MQTT5-4.13.2-1], [MQTT5-3.3.4-6]: DISCONNECT is the
    last that comes."""
    for data, reason in FATAL:
        with broker.client() as client:
            client.send(data + AFTER)
            got = client.expect(codec.DISCONNECT)
            assert got.reason == reason, (data, got)
            # Where the packet is known it is named, in words.
            told = got.props["reason_string"]
            name = codec.NAMES[data[0] >> 4]
            assert reason not in (0x81, 0x82) or name in told, (data, told)
            assert "session_expiry_interval" not in got.props
            assert client.expect_closed() == "close_notify", data
    for data in (b"\xc1\x00", b"\xe1\x00",
                 codec.packet(codec.PUBREL, 0, b"\0\1"),
                 codec.packet(codec.SUBSCRIBE, 0, b"\0\1\0\1a\0"),
                 codec.packet(codec.SUBSCRIBE, 2, b"\0\1\0\1a\x03"),
                 codec.packet(codec.PUBLISH, 6, b"\0\1t\0\1"),
                 codec.publish("t/+", b"x", version=4)):
        with broker.client(version=4) as client:
            client.send(data + codec.PING)
            assert client.expect_closed() == "close_notify", data


@case
def no_disconnect_precedes_connack(broker):
    """[MQTT5-3.14.0-1], [MQTT5-3.1.4-1], [MQTT-3.2.2-6]: a fault before it
    has a CONNACK or none."""
    for data in (codec.PING, codec.disconnect(0x04), b"\x30\x00", b"\x10\x00",
                 codec.connect("c", protocol="HTTP"), codec.packet(
                     codec.CONNECT, 0, codec.connect("c")[2:-1]),
                 codec.connect("c", props={"receive_maximum": 0})):
        with Client(broker, is_connected=False) as client:
            client.send(data)
            got = b""
            try:
                while True:
                    got += client.stream.receive()
            except Closed as closed:
                assert closed.how == "close_notify"
            assert not got or got[0] == codec.CONNACK << 4, got.hex()
            assert got[:1] == b"" or got[3] >= 0x80 or got[1] == 2, got.hex()


@case
def who_names_no_method_is_asked_for_nothing(broker):
    """[MQTT5-4.12.0-6]: no AUTH, and no method in CONNACK."""
    with broker.client() as client:
        assert "authentication_method" not in client.connack.props
        client.subscribe("t")
        client.publish("t", b"x")
        client.take()
        client.expect_nothing()


@case
def a_method_that_is_not_known_ends_the_connection(broker):
    """[MQTT5-4.12.0-1], [MQTT5-4.12.0-4], [MQTT5-3.1.4-2]"""
    for more in {}, {"authentication_data": b"x"}:
        with Client(broker, is_connected=False) as client:
            client.send(codec.connect("c", props={
                "authentication_method": "SCRAM-SHA-256", **more})
                + codec.packet(codec.AUTH, 0, b"\x18\0"))
            assert client.expect(codec.CONNACK).reason == 0x8c
            client.expect_closed()


@case
def ping_is_answered_whatever_goes_on(broker):
    """[MQTT-3.12.4-1], [MQTT5-3.12.4-1]"""
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.subscribe("#", qos=2)
            client.send((codec.publish(unique("p/"), b"x", 2, 1, version)
                         + codec.PING * 3) * 2)
            for _ in range(6):
                client.await_type(codec.PINGRESP)


@routing
def payloads_that_say_they_are_text_are_text(broker, here, there):
    """0x99: MQTT 5.0, 3.3.2.3.2"""
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        topic = unique("text/")
        client.subscribe(topic, qos=2)
        props = {"payload_format_indicator": 1}
        for qos in 1, 2:
            assert sender.publish(topic, b"\xc3\x28", qos, props=props) == 0x99
            assert sender.publish(topic, b"\xc3\xbc", qos, props=props) == 0
            assert client.take().payload == b"\xc3\xbc"
            # Without the property they are bytes.
            assert sender.publish(topic, b"\xc3\x28", qos) == 0
            assert client.take().payload == b"\xc3\x28"
        client.expect_nothing()


@routing
def properties_go_with_the_message(broker, here, there):
    """[MQTT5-3.3.2-4], [MQTT5-3.3.2-15], [MQTT5-3.3.2-16], [MQTT5-3.3.2-17]
    [MQTT5-3.3.2-18], [MQTT5-3.3.2-20]: to each receiver, at each QoS, now or
    later; and not to one of 3.1.1."""
    props = {"payload_format_indicator": 1, "content_type": "text/\u00fc",
             "response_topic": "answers/\u6c34",
             "correlation_data": bytes(range(256)),
             "user_property": [("b", "1"), ("a", "2"), ("b", "1"), ("", ""),
                               ("a", "\u6c34" * 50)]}
    with broker.client_on(there) as sender, \
            broker.client_on(here, version=4) as old:
        receivers = [broker.client_on(here), broker.client_on(here)]
        late = broker.client_on(here, **lasting(5))
        topic = unique("props/")
        for qos, client in enumerate((receivers[0], receivers[1], late, old)):
            client.subscribe(topic, qos=min(qos, 2))
        late.leave()
        for qos in 0, 1, 2:
            sender.publish(topic, b"text", qos, props=props)
            for client in receivers:
                assert client.take().props == props
            assert old.take().payload == b"text"
        with late.resume(broker) as again:
            for _ in range(2):
                assert again.take().props == props
        sender.publish(topic, b"x")
        assert receivers[0].take().props == {}
        for client in receivers:
            client.abort()


@routing
def expiry_counts_what_a_message_waits(broker, here, there):
    """[MQTT5-3.3.2-5], [MQTT5-3.3.2-6]"""
    with broker.client_on(there) as sender, broker.client() as idle:
        receiver = broker.client_on(here, **lasting(5))
        topic = unique("waits/")
        receiver.subscribe(topic, qos=2)
        receiver.leave()
        for qos, seconds in ((1, 1), (2, 1), (1, 60), (2, 60), (1, None)):
            sender.publish(topic, str(seconds), qos, props=seconds and {
                "message_expiry_interval": seconds})
        try:
            idle.receive(2.3)
        except Exception:
            pass
        with receiver.resume(broker) as again:
            for _ in range(2):
                got = again.take()
                assert got.payload == b"60", got
                assert 1 <= got.props["message_expiry_interval"] <= 58, got
            got = again.take()
            assert got.payload == b"None" and not got.props, got
            again.expect_nothing()


@case
def without_a_right_there_is_an_answer_or_the_end(broker):
    """[MQTT-3.3.5-2], [MQTT5-3.4.2-1], [MQTT5-3.5.2-1]"""
    for qos in 1, 2:
        with broker.client(certificate="client-rsa") as client:
            assert client.publish("not/mine", b"x", qos) == 0x87
            client.ping()
        with broker.client(certificate="client-rsa", version=4) as client:
            client.send(codec.publish("not/mine", b"x", qos, 1, 4))
            client.expect_closed()


def body_of(client_id, version, flags, *fields):
    """A CONNECT with these flags and fields, which need not fit."""
    body = codec.binary("MQTT") + bytes([version, flags, 0, 0])
    body += b"\0" if version == 5 else b""
    return codec.packet(codec.CONNECT, 0, body + b"".join(
        map(codec.binary, ([] if client_id is None else [client_id])
            + list(fields))))


@case
def fields_without_their_flag_are_refused(broker):
    """And flags without their field: [MQTT-3.1.2-18], [MQTT-3.1.2-20]
    [MQTT5-3.1.2-16], [MQTT5-3.1.2-17], [MQTT5-3.1.3-3]"""
    for version in 4, 5:
        for data in (body_of("c", version, 0x02, "name"),
                     body_of("c", version, 0x82, "name", "password"),
                     body_of("c", version, 0x82),
                     body_of("c", version, 0xc2, "name"),
                     body_of(None, version, 0x02)):
            with Client(broker, is_connected=False) as client:
                client.send(data)
                got = b""
                try:
                    while True:
                        got += client.stream.receive()
                except Closed:
                    pass
                assert got == (b"" if version == 4
                               else b"\x20\x03\0\x81\0"), (data, got)


@case
def filters_are_utf_8(broker):
    """[MQTT5-3.8.3-1], [MQTT5-3.10.3-1]"""
    for bad in b"\xff", b"a\0", b"\xed\xa0\x80", b"\xc0\xaf":
        for data in (codec.subscribe(1, [(bad, 0)]),
                     codec.unsubscribe(1, [b"good", bad])):
            with broker.client() as client:
                client.send(data)
                client.expect_end(0x81)


main()
