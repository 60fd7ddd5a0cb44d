#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What one side can take and the other keeps to: Receive Maximum, Maximum
Packet Size, Topic Aliases from the client (3.1.2.11, 3.2.2.3, 4.9)."""

from signet import case, codec, lasting, main, routing, unique

PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = (
    codec.PUBLISH, codec.PUBACK, codec.PUBREC, codec.PUBREL, codec.PUBCOMP)


@case(sessions={"receive_maximum": 4})
def more_than_receive_maximum_is_an_error(broker):
    """0x93 (MQTT 5.0, 3.3.4); answered: [MQTT5-3.3.4-7]. What is sent again
    does not count."""
    with broker.client() as client:
        assert client.connack.props["receive_maximum"] == 4
        for packet_id in 1, 2, 3, 4, 4, 1:
            client.send(codec.publish("t", b"x", 2, packet_id))
            client.expect(PUBREC)
        client.release(2)
        client.send(codec.publish("t", b"x", 2, 5))
        client.expect(PUBREC)
        client.send(codec.publish("t", b"x"))  # QoS 0 is not counted
        client.ping()
        client.send(codec.publish("t", b"x", 2, 6))
        client.expect_end(0x93)
    with broker.client(version=4) as client:  # 3.1.1 has no such limit
        for packet_id in range(1, 9):
            client.send(codec.publish("t", b"x", 2, packet_id, 4))
            client.expect(PUBREC)


@routing
def a_client_s_receive_maximum_counts_whole_exchanges(broker, here, there):
    """[MQTT5-3.3.4-9], [MQTT5-4.9.0-1], [MQTT5-4.9.0-2]: until PUBACK,
    PUBCOMP or a PUBREC that refuses."""
    with broker.client_on(there) as sender, broker.client_on(
            here, props={"receive_maximum": 2}) as receiver:
        topic = unique("window/")
        receiver.subscribe(topic, qos=2)
        for i in range(7):
            sender.publish(topic, str(i), 2 if i < 6 else 1)
        first, second = (receiver.expect(PUBLISH) for _ in range(2))
        receiver.expect_nothing()
        receiver.send(codec.ack(PUBREC, first.packet_id))
        receiver.expect(PUBREL)
        receiver.expect_nothing()  # PUBREC alone frees nothing
        receiver.send(codec.ack(PUBCOMP, first.packet_id))
        third = receiver.expect(PUBLISH)
        assert third.payload == b"2"
        receiver.expect_nothing()
        receiver.send(codec.ack(PUBREC, second.packet_id, 0x80))
        assert receiver.expect(PUBLISH).payload == b"3"
        receiver.expect_nothing()
        receiver.send(codec.ack(PUBCOMP, third.packet_id))  # before PUBREC
        receiver.expect_nothing()


@routing
def nothing_else_waits_for_the_window(broker, here, there):
    """[MQTT5-3.3.4-10], [MQTT5-4.9.0-3]"""
    with broker.client_on(there) as sender, broker.client_on(
            here, props={"receive_maximum": 1}) as receiver:
        topic = unique("shut/")
        receiver.subscribe(topic, qos=1)
        for i in range(3):
            sender.publish(topic, str(i), 1)
        held = receiver.expect(PUBLISH)
        receiver.expect_nothing()
        sender.publish(topic, b"zero", 0)
        assert receiver.expect(PUBLISH).payload == b"zero"
        other = unique("shut/")
        assert receiver.subscribe(other) == [0]
        assert receiver.publish("t", b"x", 1) in (0, 0x10)
        assert receiver.publish("t", b"x", 2) in (0, 0x10)
        assert receiver.unsubscribe(other) == [0]
        receiver.send(codec.ack(PUBACK, held.packet_id))
        assert receiver.expect(PUBLISH).payload == b"1"


@routing
def the_window_holds_for_what_is_sent_again(broker, here, there):
    """[MQTT5-3.3.4-9], [MQTT5-4.9.0-1]: that of the new connection."""
    with broker.client_on(there) as sender:
        receiver = broker.client_on(here, **lasting(5))
        topic = unique("again/")
        receiver.subscribe(topic, qos=1)
        for i in range(6):
            sender.publish(topic, str(i), 1)
        for _ in range(6):
            receiver.expect(PUBLISH)
        with receiver.resume(broker,
                             **lasting(5, receive_maximum=2)) as again:
            waiting = [again.expect(PUBLISH) for _ in range(2)]
            for i in range(2, 6):
                again.expect_nothing()
                again.send(codec.ack(PUBACK, waiting.pop(0).packet_id))
                waiting.append(again.expect(PUBLISH))
                assert waiting[-1].payload == str(i).encode()


@case
def the_whole_window_may_be_of_messages_to_retain(broker):
    """[MQTT5-3.3.4-7]: each counts once, also while it is being kept."""
    with broker.client() as client:
        maximum = client.connack.props["receive_maximum"]
        for qos in 1, 2:
            for _ in range(20):
                client.send(b"".join(
                    codec.publish(f"window/{i}", b"x", qos, i + 1, retain=True)
                    for i in range(maximum)))
                for i in range(maximum):
                    got = client.expect(PUBACK if qos == 1 else PUBREC)
                    assert got.packet_id == i + 1, got
                for i in range(maximum if qos == 2 else 0):
                    client.release(i + 1)


@case
def a_receive_maximum_of_0_is_an_error(broker):  # MQTT 5.0, 3.1.2.11.3
    with broker.client(props={"receive_maximum": 0}, expect_reason=0x82) as c:
        c.expect_closed()


@routing
def what_is_too_large_is_dropped_for_one_alone(broker, here, there):
    """[MQTT5-3.1.2-24], [MQTT5-3.1.2-25]"""
    with broker.client_on(there) as sender, \
            broker.client_on(here) as large, \
            broker.client_on(here, props={"maximum_packet_size": 100,
                                          "receive_maximum": 1}) as small:
        topic = unique("size/")
        for client in large, small:
            client.subscribe(topic, qos=2)
        for qos in 0, 1, 2:
            # Fixed header, topic, packet identifier, properties, payload.
            room = 100 - 2 - 2 - len(topic) - (2 if qos else 0) - 1
            for count, is_taken in ((room, True), (room + 1, False),
                                    (5000, False), (room - 1, True)):
                sender.publish(topic, b"x" * count, qos)
                assert len(large.take().payload) == count
                if is_taken:
                    assert len(small.take().payload) == count
                else:
                    small.expect_nothing()


@case
def no_packet_is_too_large_for_the_client(broker):
    """[MQTT5-3.1.2-24], [MQTT5-3.1.2-25]: nor those that are no messages."""
    with broker.client(props={"maximum_packet_size": 30}) as client:
        filters = [(f"f/{i}", 0) for i in range(40)]
        client.send(codec.subscribe(1, filters))
        client.expect_nothing()  # a SUBACK of 46 bytes
        client.publish("f/3", b"x")
        assert client.take().topic == "f/3"
        client.send(codec.unsubscribe(2, [f for f, _ in filters]))
        client.expect_nothing()
        assert client.subscribe("f/1") == [0]


@case
def a_connack_is_not_too_large_for_the_client(broker):
    """[MQTT5-3.1.2-24], [MQTT5-3.2.2-19], [MQTT5-3.2.2-20]"""
    for size in range(1, 40):
        with broker.client(client_id=unique("p" * 30), is_connected=False) \
                as client:
            client.send(codec.connect(client.client_id, props={
                "maximum_packet_size": size}))
            data = read_all(client)
            assert len(data) <= size, (size, data.hex())


def read_all(client):
    data = b""
    try:
        while True:
            data += client.stream.receive(0.15)
    except Exception:
        return data


@routing
def what_became_too_large_is_not_sent_again(broker, here, there):
    """[MQTT5-3.1.2-24], [MQTT5-3.1.2-25]"""
    topic = unique("smaller/")
    with broker.client_on(there) as sender:
        receiver = broker.client_on(here, **lasting(5))
        receiver.subscribe(topic, qos=2)
        for qos in 1, 2:
            for payload in b"x" * 200, b"small":
                sender.publish(topic, payload, qos)
                receiver.expect(PUBLISH)
        with receiver.resume(broker,
                             **lasting(5, maximum_packet_size=100)) as again:
            for _ in range(2):
                assert again.take().payload == b"small"
            again.expect_nothing()
            sender.publish(topic, b"on", 2)
            assert again.take().payload == b"on"


@case
def a_maximum_packet_size_of_0_is_an_error(broker):  # MQTT 5.0, 3.1.2.11.4
    with broker.client(props={"maximum_packet_size": 0},
                       expect_reason=0x82) as client:
        client.expect_closed()


@routing
def all_topic_aliases_that_connack_allows_are_taken(broker, here, there):
    """[MQTT5-3.3.2-12]: at each QoS, retained or not, and the receiver sees
    a Topic Name."""
    receiver, sender = broker.client_on(here), broker.client_on(there)
    with receiver, sender:
        maximum = sender.connack.props["topic_alias_maximum"]
        root = unique("aliases")
        topics = {alias: unique(f"{root}/")
                  for alias in range(1, min(maximum, 50) + 1)}
        receiver.subscribe(f"{root}/#", qos=2)
        for alias, topic in topics.items():
            sender.publish(topic, b"x", alias % 3,
                           props={"topic_alias": alias})
            assert receiver.take().topic == topic
        for alias, topic in topics.items():
            sender.publish("", b"x", (alias + 1) % 3, retain=alias % 2 == 0,
                           props={"topic_alias": alias})
            got = receiver.take()
            assert got.topic == topic and "topic_alias" not in got.props, got


@case
def topic_aliases_end_with_the_connection(broker):  # [MQTT5-3.3.2-7]
    sender = broker.client(**lasting(5))
    with broker.client() as other:
        sender.publish("t", b"x", props={"topic_alias": 1})
        sender.ping()
        other.send(codec.publish("", b"x", props={"topic_alias": 1}))
        other.expect_end(0x82)
    with sender.resume(broker, **lasting(5)) as again:
        again.send(codec.publish("", b"x", props={"topic_alias": 1}))
        again.expect_end(0x82)


@routing
def a_client_without_aliases_is_sent_none(broker, here, there):
    """[MQTT5-3.1.2-27]: the property is absent, or 0."""
    for props in {}, {"topic_alias_maximum": 0}:
        with broker.client_on(there) as sender, \
                broker.client_on(here, props=props) as receiver:
            topic = unique("long/topic/name/for/which/an/alias/would/pay/")
            receiver.subscribe(topic, qos=2)
            for qos in 0, 1, 2, 0, 1, 2:
                sender.publish(topic, b"x", qos)
                got = receiver.take()
                assert got.topic == topic and not got.props, got


main()
