#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""PUBLISH from a client, through the workers, to others."""

import time

from signet import (case, codec, features, main, routing, unique,
                    wait_until)


def ends(broker, here, there, **options):
    """A subscriber and a publisher."""
    return (broker.client_on(here, **options),
            broker.client_on(there, **options))


@routing(generic=True)
def messages_pass_at_qos_0_and_1(broker, here, there):
    """[MQTT-3.8.4-6], [MQTT5-3.8.4-8]: at the lesser of both QoS."""
    for version in 4, 5:
        subscriber, publisher = ends(broker, here, there, version=version)
        with subscriber, publisher:
            for granted in 0, 1:
                topic = unique("qos/")
                subscriber.subscribe(topic, qos=granted)
                for sent in 0, 1:
                    assert publisher.publish(topic, b"x", sent) in (None, 0)
                    got = subscriber.take()
                    assert got.qos == min(granted, sent), got
                    assert not got.dup and not got.retain, got
                    assert got.payload == b"x"


@routing(generic=True)
def versions_understand_each_other(broker, here, there):
    for left, right in ((4, 5), (5, 4)):
        with broker.client_on(there, version=left) as sender, \
                broker.client_on(here, version=right) as receiver:
            topic = unique("mixed/")
            receiver.subscribe(topic, qos=1)
            props = {"content_type": "a/b"} if left == 5 else None
            sender.publish(topic, b"x", 1, props=props)
            got = receiver.take()
            assert (got.topic, got.payload, got.qos) == (topic, b"x", 1)


@routing(generic=True)
def order_is_kept_per_publisher_and_topic(broker, here, there):
    """[MQTT-4.6.0-5], [MQTT-4.6.0-6]"""
    subscriber, publisher = ends(broker, here, there)
    with subscriber, publisher:
        topic = unique("order/")
        subscriber.subscribe(topic, qos=1)
        publisher.send(b"".join(
            codec.publish(topic, str(i), i % 2, i + 1 if i % 2 else None)
            for i in range(400)))
        got = {0: [], 1: []}
        for _ in range(400):
            one = subscriber.take()
            got[one.qos].append(int(one.payload))
        # Each QoS keeps its order; QoS 1 may wait for the client's window.
        assert got[0] == list(range(0, 400, 2)), got[0]
        assert got[1] == list(range(1, 400, 2)), got[1]
        for i in range(1, 400, 2):
            assert publisher.expect(codec.PUBACK).packet_id == i + 1


@routing(generic=True)
def properties_are_passed_on(broker, here, there):
    """[MQTT5-3.3.2-4, -15, -16, -17, -18, -20]"""
    props = {"payload_format_indicator": 1, "content_type": "text/ü",
             "response_topic": "answers/1", "correlation_data": b"\0\xff" * 9,
             "user_property": [("b", "1"), ("a", "2"), ("b", "1"), ("", ""),
                               ("a", "\u6c34")]}
    subscriber, publisher = ends(broker, here, there)
    with subscriber, publisher:
        topic = unique("props/")
        subscriber.subscribe(topic, qos=1)
        for qos in 0, 1:
            publisher.publish(topic, b"text", qos, props=props)
            got = subscriber.take()
            assert got.props == props, got


@routing(generic=True)
def message_expiry_is_passed_on_and_never_grows(broker, here, there):
    """[MQTT5-3.3.2-6]"""
    subscriber, publisher = ends(broker, here, there)
    with subscriber, publisher:
        topic = unique("expiry/")
        subscriber.subscribe(topic)
        for seconds in 1, 100, 0xffffffff:
            publisher.publish(topic, props={
                "message_expiry_interval": seconds})
            got = subscriber.take().props["message_expiry_interval"]
            assert seconds - 2 <= got <= seconds, (seconds, got)


SIZES = (0, 1, 100, 127, 128, 16000, 16383, 16384, 16385, 65000, 65535,
         65536, 65537, 131072, 200000, 524288, 1048000)


@routing(generic=True)
def payloads_of_all_sizes_arrive_whole(broker, here, there):
    """Also alone in a batch between workers, and too large for one."""
    subscriber, publisher = ends(broker, here, there)
    with subscriber, publisher:
        topic = unique("size/")
        subscriber.subscribe(topic, qos=1)
        for size in SIZES:
            payload = bytes(i * 7 + size & 255 for i in range(256))
            payload = (payload * (size // 256 + 1))[:size]
            publisher.publish(topic, payload, 1)
            assert subscriber.take().payload == payload, size


@routing(generic=True)
def large_messages_keep_their_place_among_small_ones(broker, here, there):
    subscriber, publisher = ends(broker, here, there)
    with subscriber, publisher:
        topic = unique("mix/")
        subscriber.subscribe(topic, qos=1)  # at QoS 0 it could drop some
        sizes = [10, 900000, 5, 70000, 0, 300, 1000000, 1] * 3
        publisher.send(b"".join(
            codec.publish(topic, b"x" * size, 1, i + 1)
            for i, size in enumerate(sizes)))
        assert [len(subscriber.take().payload) for _ in sizes] == sizes


@case(limits={"packet_bytes": 2000})
def a_packet_above_the_limit_is_refused(broker):
    """0x95: [MQTT5-3.2.2-15]"""
    topic = "t"
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.subscribe(topic)
            extra = len(codec.publish(topic, b"", version=version)) + 1
            client.publish(topic, b"x" * (2000 - extra))  # 2000 in all
            assert len(client.take().payload) == 2000 - extra
            client.send(codec.publish(topic, b"x" * (2001 - extra),
                                      version=version))
            client.expect_end(0x95)
        with broker.client(version=version) as client:
            client.send(b"\x30\xff\xff\xff\x7f")  # the head is enough
            client.expect_end(0x95)


@routing
def a_client_s_own_packet_limit_is_kept(broker, here, there):
    """[MQTT5-3.1.2-24]"""
    with broker.client_on(there) as sender, broker.client_on(
            here, props={"maximum_packet_size": 200}) as receiver:
        topic = unique("limit/")
        receiver.subscribe(topic, qos=1)
        sender.publish(topic, b"x" * 300, 1)
        sender.publish(topic, b"small", 1)
        assert receiver.take().payload == b"small"
        receiver.expect_nothing()


@case(sessions={"receive_maximum": 5})
def the_server_s_receive_maximum_holds(broker):
    """More unacknowledged QoS 1 than allowed cannot be provoked while each
    is acknowledged at once; as many as allowed are."""
    with broker.client() as client:
        assert client.connack.props["receive_maximum"] == 5
        client.send(b"".join(codec.publish("t", b"x", 1, i + 1)
                             for i in range(5)))
        for i in range(5):
            assert client.expect(codec.PUBACK).packet_id == i + 1


@routing
def a_client_s_receive_maximum_is_kept(broker, here, there):
    """[MQTT5-3.3.4-9], [MQTT5-4.9.0-2]"""
    with broker.client_on(there) as sender, broker.client_on(
            here, props={"receive_maximum": 3}) as receiver:
        topic = unique("window/")
        receiver.subscribe(topic, qos=1)
        for i in range(10):
            sender.publish(topic, str(i), 1)
        waiting = [receiver.expect(codec.PUBLISH) for _ in range(3)]
        receiver.expect_nothing()
        for i in range(3, 10):
            one = waiting.pop(0)
            receiver.send(codec.ack(codec.PUBACK, one.packet_id))
            waiting.append(receiver.expect(codec.PUBLISH))
            assert waiting[-1].payload == str(i).encode(), waiting
            receiver.expect_nothing()
        used = [one.packet_id for one in waiting]
        assert len(set(used)) == 3, used  # [MQTT5-2.2.1-4]


@routing(generic=True)
def a_topic_alias_stands_for_its_topic(broker, here, there):
    """[MQTT5-3.3.2-12]"""
    with broker.client_on(there) as client, \
            broker.client_on(here) as receiver:
        maximum = client.connack.props.get("topic_alias_maximum", 0)
        if maximum == 0:
            client.send(codec.publish("t", props={"topic_alias": 1}))
            client.expect_end(0x94)
            return
        one, other = unique("alias/"), unique("alias/")
        receiver.subscribe(one, other)
        for topic, alias, wanted in ((one, 1, one), ("", 1, one),
                                     (other, maximum, other), ("", 1, one),
                                     ("", maximum, other), (other, 1, other),
                                     ("", 1, other)):
            client.publish(topic, b"x", props={"topic_alias": alias})
            assert receiver.take().topic == wanted


# 3.3.2.3.4: the property as a client sends it
BAD_ALIASES = ((0, "t"), (0xffff, "t"), (1, ""))


@case
def a_topic_alias_out_of_range_is_refused(broker):
    """0x94: [MQTT5-3.2.2-17], [MQTT5-3.3.2-8], [MQTT5-3.3.2-9]"""
    for alias, topic in BAD_ALIASES:
        with broker.client() as client:
            maximum = client.connack.props.get("topic_alias_maximum", 0)
            if alias == 0xffff and maximum == 0xffff:
                continue
            client.send(codec.publish(topic, props={"topic_alias": alias}))
            got = client.expect(codec.DISCONNECT)
            assert got.reason in (0x94, 0x82), got
            client.expect_closed()


@routing
def a_publish_that_no_right_grants_is_denied(broker, here, there):
    """0x87 in PUBACK; 3.1.1 has only the end: [MQTT-3.3.5-2]"""
    with broker.client_on(here) as watch:
        watch.subscribe("secret/#", "devices/#")
        with broker.client_on(there, certificate="client-rsa") as client:
            assert client.publish("secret/x", b"1", 1) == 0x87
            broker.await_log(level="warning", event="denied",
                             action="publish", topic="secret/x",
                             identity="device-rsa")
            assert client.publish("devices/device-1/x", b"1", 1) == 0x87
            client.publish("secret/x", b"1", 0)
            client.ping()  # QoS 0 is dropped, the connection stays
            assert client.publish("devices/device-rsa/x", b"ok", 1) in (0, 16)
        with broker.client_on(there, certificate="client-rsa",
                              version=4) as client:
            client.send(codec.publish("secret/x", b"1", 1, 1, 4))
            client.expect_closed()
        assert watch.take().payload == b"ok"
        watch.expect_nothing()


@case
def what_is_not_offered_is_refused(broker):
    """0x9B: [MQTT5-3.2.2-11]; 0x9A: [MQTT5-3.2.2-14]"""
    if features.MAXIMUM_QOS < 2:
        with broker.client() as client:
            client.send(codec.publish("t", b"x", 2, 1))
            client.expect_end(0x9b)
        with broker.client(version=4) as client:
            client.send(codec.publish("t", b"x", 2, 1, 4))
            client.expect_closed()
        will = {"topic": "t", "payload": b"x", "qos": 2}
        with broker.client(will=will, expect_reason=0x9b) as client:
            client.expect_closed()  # [MQTT5-3.2.2-12]
    if not features.RETAIN:
        with broker.client() as client:
            client.send(codec.publish("t", b"x", retain=True))
            client.expect_end(0x9a)
        will = {"topic": "t", "payload": b"x", "retain": True}
        with broker.client(will=will, expect_reason=0x9a) as client:
            client.expect_closed()  # [MQTT5-3.2.2-13]


@routing(generic=True)
def an_empty_payload_is_a_message(broker, here, there):
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        topic = unique("empty/")
        client.subscribe(topic, qos=1)
        sender.publish(topic, b"", 1)
        assert client.take().payload == b""


@case(generic=True)
def a_resent_publish_is_acknowledged_again(broker):
    """DUP at QoS 1: [MQTT-4.3.2-2], [MQTT5-4.3.2-5]"""
    with broker.client() as client:
        for dup in False, True:
            client.send(codec.publish("t", b"x", 1, 77, dup=dup))
            assert client.expect(codec.PUBACK).packet_id == 77


@routing(sessions={"max_inflight_messages": 4})
def packet_identifiers_are_unique_while_in_flight(broker, here, there):
    """[MQTT5-2.2.1-4]; and a foreign PUBACK confuses nobody."""
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        topic = unique("ids/")
        client.subscribe(topic, qos=1)
        for _ in range(30):
            sender.publish(topic, b"x", 1)
        seen = set()
        for _ in range(30):
            got = client.await_type(codec.PUBLISH)
            assert got.packet_id not in seen
            seen.add(got.packet_id)
            if len(seen) == 4:
                for packet_id in seen:
                    client.send(codec.ack(codec.PUBACK, packet_id))
                seen.clear()


@routing(limits={"packet_bytes": 4194304})
def messages_of_megabytes_pass(broker, here, there):
    subscriber, publisher = ends(broker, here, there)
    with subscriber, publisher:
        topic = unique("mega/")
        subscriber.subscribe(topic)
        for size in 1048576, 4000000:
            publisher.publish(topic, b"m" * size)
            assert len(subscriber.take().payload) == size


@routing
def expired_messages_are_not_delivered(broker, here, there):  # [MQTT5-3.3.2-5]
    with broker.client_on(there) as sender, broker.client_on(
            here, props={"receive_maximum": 1}) as receiver:
        topic = unique("late/")
        receiver.subscribe(topic, qos=1)
        sender.publish(topic, b"first", 1)
        sender.publish(topic, b"late", 1,
                       props={"message_expiry_interval": 1})
        sender.publish(topic, b"good", 1)
        first = receiver.expect(codec.PUBLISH)
        until = time.monotonic() + 1.5
        wait_until(lambda: time.monotonic() > until, "its time is over")
        receiver.send(codec.ack(codec.PUBACK, first.packet_id))
        assert receiver.take().payload == b"good"


main()
