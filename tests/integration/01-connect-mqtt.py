#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""CONNECT and CONNACK in both versions."""

from signet import (Client, Closed, case, codec, features, main, unique)


def raw_client(broker, version=5, **options):
    return Client(broker, version=version, is_connected=False, **options)


@case(generic=True)
def a_3_1_1_client_is_accepted(broker):
    """[MQTT-3.1.4-4], [MQTT-7.0.0-2], [MQTT-7.1.1-1]"""
    with broker.client(version=4) as client:
        assert client.connack.reason == 0
        assert not client.connack.session_present  # [MQTT-3.2.2-1]
        client.expect_nothing()
        client.disconnect()


@case(generic=True)
def a_5_0_client_is_accepted(broker):
    """[MQTT5-3.1.4-5], [MQTT5-4.2.0-1]"""
    with broker.client() as client:
        assert client.connack.reason == 0
        assert not client.connack.session_present  # [MQTT5-3.2.2-2]
        client.expect_nothing()
        client.disconnect()


@case(limits={"packet_bytes": 70000}, sessions={"receive_maximum": 7})
def connack_says_what_the_server_takes(broker):  # MQTT 5.0, 3.2.2.3
    with broker.client() as client:
        props = client.connack.props
        assert props.get("maximum_packet_size") == 70000, props
        assert props.get("receive_maximum") == 7, props
        assert props.get("maximum_qos", 2) == features.MAXIMUM_QOS, props
        assert props.get("retain_available", 1) == features.RETAIN, props
        assert (props.get("shared_subscription_available", 1)
                == features.SHARED_SUBSCRIPTIONS), props
        assert props.get("wildcard_subscription_available", 1) == 1, props
        assert "assigned_client_identifier" not in props, props


@case(limits={"max_keep_alive_seconds": 30})
def connack_names_a_shorter_keep_alive(broker):  # [MQTT5-3.2.2-21]
    for asked, told in ((0, 30), (31, 30), (30, None), (5, None)):
        with broker.client(keep_alive=asked) as client:
            got = client.connack.props.get("server_keep_alive")
            assert got in (told, min(asked, 30) or 30), (asked, got)
            assert told is None or got == told, (asked, got)


@case(generic=True)
def an_empty_client_identifier_is_assigned_one(broker):
    """[MQTT5-3.1.3-6], [MQTT5-3.2.2-16], [MQTT5-3.1.3-7]"""
    with broker.client(client_id="") as one, \
            broker.client(client_id="") as other:
        first = one.connack.props["assigned_client_identifier"]
        second = other.connack.props["assigned_client_identifier"]
        assert first and second and first != second


@case(generic=True)
def an_empty_client_identifier_needs_clean_session(broker):
    """[MQTT-3.1.3-7], [MQTT-3.1.3-8]"""
    with broker.client(version=4, client_id="", clean=True):
        pass
    with raw_client(broker, 4, client_id="") as client:
        connack = client.connect(clean=False)
        assert connack.reason == 2 and not connack.session_present
        client.expect_closed()


@case(generic=True)
def client_identifiers_of_all_kinds_are_accepted(broker):
    """[MQTT-3.1.3-5], [MQTT5-3.1.3-5]"""
    letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    for client_id in ("a", letters[:23], letters[23:46], letters[39:],
                      letters, "with space/and+#", "ü-ß-\u6c34"):
        for version in 4, 5:
            with broker.client(client_id=client_id, version=version) as c:
                c.disconnect()


@case(generic=True)
def the_first_packet_must_be_connect(broker):
    """[MQTT-3.1.0-1], [MQTT5-3.1.0-1]"""
    for version in 4, 5:
        for first in (codec.PING, codec.publish("t", b"x", version=version),
                      codec.subscribe(1, [("#", 0)], version),
                      codec.disconnect(0, version)):
            with raw_client(broker, version) as client:
                client.send(first)
                try:
                    got = client.stream.receive()
                except Closed:
                    continue
                raise AssertionError(f"answered: {got.hex()}")


@case
def a_second_connect_ends_the_connection(broker):
    """[MQTT-3.1.0-2], [MQTT5-3.1.0-2]"""
    with broker.client(version=4) as client:
        client.send(codec.connect(client.client_id, 4))
        client.expect_closed()
    with broker.client() as client:
        client.send(codec.connect(client.client_id, 5))
        client.expect_end(0x82)


@case
def an_unknown_protocol_level_is_refused(broker):
    """[MQTT-3.1.2-2], [MQTT5-3.1.2-2]"""
    for level, reasons in ((3, (1, 0x84)), (6, (1, 0x84)), (0, (1, 0x84)),
                           (0x84, (1, 0x84))):
        with raw_client(broker, 4) as client:
            client.send(codec.connect("c", 4, level=level))
            data = client.stream.receive()
            assert data[0] == 0x20 and data[3] in reasons, data.hex()
            client.expect_closed()


@case
def another_protocol_name_is_refused(broker):
    """[MQTT-3.1.2-1], [MQTT5-3.1.2-1]"""
    for name in "MQIsdp", "mqtt", "HTTP", "":
        with raw_client(broker, 5) as client:
            client.send(codec.connect("c", 5, protocol=name))
            try:
                data = client.stream.receive()
            except Closed:
                continue
            assert data[0] == 0x20 and data[3] in (1, 0x84, 0x81), data.hex()
            client.expect_closed()


@case(generic=True)
def a_connect_flag_that_is_reserved_is_refused(broker):
    """[MQTT-3.1.2-3], [MQTT5-3.1.2-3]"""
    for version in 4, 5:
        good = bytearray(codec.connect("c", version))
        good[9] |= 1
        with raw_client(broker, version) as client:
            client.send(bytes(good))
            try:
                data = client.stream.receive()
            except Closed:
                continue
            assert version == 5 and data[3] == 0x81, data.hex()
            client.expect_closed()


@case(generic=True)
def packets_behind_connect_need_not_wait_for_connack(broker):
    """[MQTT5-3.1.4-6]"""
    for version in 4, 5:
        with raw_client(broker, version) as client:
            topic = unique("early/")
            client.send(codec.connect(client.client_id, version)
                        + codec.subscribe(1, [(topic, 1)], version)
                        + codec.publish(topic, b"now", 1, 2, version)
                        + codec.PING)
            client.expect(codec.CONNACK)
            # A message may overtake SUBACK: MQTT 5.0, 3.8.4.
            left = {codec.SUBACK, codec.PUBACK, codec.PUBLISH,
                    codec.PINGRESP}
            while left:
                left.remove(client.receive().type)


@case(generic=True)
def packets_may_come_byte_by_byte(broker):  # MQTT 5.0, 4.2
    for version in 4, 5:
        with raw_client(broker, version) as client:
            topic = unique("slow/")
            for data in (codec.connect(client.client_id, version),
                         codec.subscribe(1, [(topic, 0)], version),
                         codec.publish(topic, b"x" * 20, version=version)):
                for i in range(len(data)):
                    client.send(data[i:i + 1])
            client.expect(codec.CONNACK)
            client.await_type(codec.SUBACK)
            assert client.take().payload == b"x" * 20


@case(generic=True)
def pingreq_is_answered(broker):  # [MQTT-3.12.4-1], [MQTT5-3.12.4-1]
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.send(codec.PING * 3)
            for _ in range(3):
                client.expect(codec.PINGRESP)
            client.expect_nothing()


@case
def user_name_and_password_are_no_way_in(broker):
    """They are read and mean nothing: the certificate is the identity."""
    for version in 4, 5:
        with broker.client(version=version, user_name="root",
                           password="secret") as client:
            line = broker.await_log(event="connected",
                                    client_id=client.client_id)
            assert line["identity"] == "device-1", line.text
        assert not broker.log.find(password=None)
        assert "secret" not in broker.log.tail(1000)


@case
def an_authentication_method_is_refused(broker):  # [MQTT5-4.12.0-1]
    with raw_client(broker) as client:
        connack = client.connect(props={"authentication_method": "PLAIN"})
        assert connack.reason == 0x8c, connack
        client.expect_closed()


@case
def a_session_that_ends_says_so_in_the_log(broker):
    with broker.client() as client:
        line = broker.await_log(event="connected", client_id=client.client_id)
        client.disconnect()
    closed = broker.await_log(event="closed", session=line["session"])
    assert closed.get("reason"), closed.text
    assert closed.speaker == line.speaker


main()
