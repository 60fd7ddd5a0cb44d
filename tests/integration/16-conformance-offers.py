#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the server offers beyond the least: Topic Aliases of its own, Maximum
QoS, Reason Strings (3.1.2.11, 3.2.2.3)."""

from signet import (Daemon, case, codec, features, lasting, main, routing,
                    standalone, unique)


class Aliases:
    """What a client knows of the server's Topic Aliases."""

    def __init__(self, maximum):
        self.maximum, self.names, self.saved = maximum, {}, 0

    def topic_of(self, got):
        alias = got.props.get("topic_alias")
        if alias is None:
            assert got.topic
            return got.topic
        assert 1 <= alias <= self.maximum, got
        if got.topic:
            self.names[alias] = got.topic
        else:
            self.saved += len(self.names[alias])
        return self.names[alias]


@routing
def the_server_uses_the_aliases_that_a_client_takes(broker, here, there):
    """[MQTT5-3.1.2-26], [MQTT5-3.3.2-8], [MQTT5-3.3.2-11]: for topics that
    come again, at each QoS."""
    for maximum in 1, 3, 65535:
        with broker.client_on(there) as sender, broker.client_on(
                here, props={"topic_alias_maximum": maximum}) as receiver:
            known, root = Aliases(maximum), unique("alias")
            topics = [f"{root}/a/rather/long/topic/name/{i}" for i in range(5)]
            receiver.subscribe(f"{root}/#", qos=2, props={
                "subscription_identifier": 9} if maximum == 3 else None)
            for i in range(40):
                topic = topics[i * i % 5 if i % 4 else 0]
                props = {"message_expiry_interval": 50} if i % 3 else {}
                sender.publish(topic, str(i), i % 3, props=props)
                got = receiver.take()
                assert known.topic_of(got) == topic, got
                assert got.payload == str(i).encode()
            assert known.saved >= 4 * len(topics[0]), known.saved


@routing
def a_topic_that_comes_once_has_no_alias(broker, here, there):
    with broker.client_on(there) as sender, broker.client_on(
            here, props={"topic_alias_maximum": 5}) as receiver:
        receiver.subscribe("once/#")
        for _ in range(20):
            sender.publish(unique("once/upon/a/time/"))
            assert not receiver.take().props


@routing
def aliases_begin_anew_with_each_connection(broker, here, there):
    """[MQTT5-3.3.2-7]: also for what is sent again."""
    topic = unique("a/topic/that/has/an/alias/")
    receiver = broker.client_on(here, **lasting(5, topic_alias_maximum=4))
    with broker.client_on(there) as sender:
        receiver.subscribe(topic, qos=1)
        known = Aliases(4)
        for _ in range(2):
            for _ in range(4):
                sender.publish(topic, b"x", 1)
                assert known.topic_of(receiver.expect(codec.PUBLISH)) == topic
            assert known.saved
            receiver = receiver.resume(broker,
                                       **lasting(5, topic_alias_maximum=4))
            known = Aliases(4)
            for _ in range(4):
                assert known.topic_of(receiver.take()) == topic
        with receiver.resume(broker) as last:  # takes none
            sender.publish(topic, b"x", 1)
            assert last.take().topic == topic


@routing
def an_alias_makes_no_packet_too_large(broker, here, there):
    """[MQTT5-3.1.2-24]: the first packet with one is longer."""
    with broker.client_on(there) as sender, broker.client_on(here, props={
            "topic_alias_maximum": 4, "maximum_packet_size": 60}) as receiver:
        topic = unique("size/")
        receiver.subscribe(topic)
        known = Aliases(4)
        payload = b"x" * (60 - 2 - 2 - len(topic) - 1)
        for size in (0, 0, 1, 2, 3, 0):
            sender.publish(topic, payload[size:])
            got = receiver.take()
            assert known.topic_of(got) == topic
            assert len(got.payload) == len(payload) - size
            # Three bytes less is the first packet that takes one.
            assert ("topic_alias" in got.props) == bool(known.names), got
            assert bool(known.names) == (size == 3 or known.saved > 0), got


@routing(sessions={"outgoing_topic_aliases": 0})
def aliases_can_be_switched_off(broker, here, there):
    with broker.client_on(here, props={"topic_alias_maximum": 5}) as client, \
            broker.client_on(there) as sender:
        topic = unique("an/alias/would/save/bytes/")
        client.subscribe(topic)
        for _ in range(5):
            sender.publish(topic)
            assert client.take().topic == topic


def check_maximum_qos(broker, maximum):
    topic = unique("most/")
    with broker.client() as client:
        assert client.connack.props["maximum_qos"] == maximum
        for asked in 0, 1, 2:
            assert client.subscribe(topic, qos=asked) == [min(asked, maximum)]
            for sent in range(maximum + 1):
                client.publish(topic, b"x", sent)
                assert client.take().qos == min(asked, sent)
        client.send(codec.publish(topic, b"x", maximum + 1, 7))
        client.expect_end(0x9b)
    with broker.client(version=4) as client:
        assert client.subscribe(topic, qos=2) == [maximum]
        client.send(codec.publish(topic, b"x", 2, 7, 4))
        client.expect_closed()
    for qos in range(3):
        will = {"topic": topic, "qos": qos}
        reason = 0x9b if qos > maximum else 0
        with broker.client(will=will, expect_reason=reason) as client:
            if reason:
                client.expect_closed()
    for qos in range(3):  # 3.1.1 cannot know, and who watches sees no other
        for is_retained in False, True:
            will = {"topic": topic, "payload": b"gone", "qos": qos,
                    "retain": is_retained}
            with broker.client() as watch:
                watch.subscribe(topic, qos=2)
                broker.client(version=4, will=will).abort()
                assert watch.take().qos == min(qos, maximum)
                if is_retained:
                    watch.subscribe(topic, qos=2)
                    got = watch.take()
                    assert got.retain and got.qos == min(qos, maximum), got
                    watch.publish(topic, b"", 0, retain=True)


@case(sessions={"maximum_qos": 1})
def maximum_qos_1_is_kept_to(broker):
    """[MQTT5-3.2.2-9], [MQTT5-3.2.2-10], [MQTT5-3.2.2-11], [MQTT5-3.2.2-12]"""
    check_maximum_qos(broker, 1)


@case(sessions={"maximum_qos": 0})
def maximum_qos_0_is_kept_to(broker):
    """[MQTT5-3.2.2-9], [MQTT5-3.2.2-10], [MQTT5-3.2.2-11], [MQTT5-3.2.2-12]"""
    check_maximum_qos(broker, 0)


@case
def maximum_qos_2_is_not_said(broker):  # MQTT 5.0, 3.2.2.3.4
    assert features.MAXIMUM_QOS == 2
    with broker.client() as client:
        assert "maximum_qos" not in client.connack.props


def failures(broker, **props):
    """(packet, where Reason Strings are always allowed) of failures of all
    kinds."""
    options = {"certificate": "client-rsa", "props": props}
    with broker.client(**options) as client:
        client.send(codec.publish("not/mine", b"x", 1, 1)
                    + codec.publish("not/mine", b"x", 2, 2)
                    + codec.subscribe(3, [("shared/a/state", 0), ("#", 0)])
                    + codec.unsubscribe(4, ["never"])
                    + codec.ack(codec.PUBREC, 5) + codec.ack(codec.PUBREL, 6))
        for _ in range(6):
            yield client.receive(), False
        client.send(codec.publish("t", props={"topic_alias": 0xffff}))
        yield client.expect(codec.DISCONNECT), True
    with broker.client(**options, will={"topic": "not/mine"},
                       expect_reason=0x87) as client:
        yield client.connack, True


@case
def failures_are_told_in_words(broker):
    """[MQTT5-3.1.2-29]: where the client does not say no."""
    for props in {}, {"request_problem_information": 1}:
        told = {got.type: got.props.get("reason_string")
                for got, _ in failures(broker, **props)}
        for type_ in (codec.PUBACK, codec.PUBREC, codec.PUBREL, codec.PUBCOMP,
                      codec.SUBACK, codec.UNSUBACK, codec.DISCONNECT,
                      codec.CONNACK):
            assert told[type_], (codec.NAMES[type_], told)
        assert "role" in told[codec.PUBACK], told
    with broker.client() as client:  # and where all is well there is none
        client.subscribe("t", qos=2)
        assert client.publish("t", b"x", 1) == 0
        assert not client.connack.props.get("reason_string")
        client.take()
        client.send(codec.unsubscribe(9, ["t"]))
        assert not client.expect(codec.UNSUBACK).props


@case
def no_words_where_they_are_not_wanted(broker):  # [MQTT5-3.1.2-29]
    for got, is_allowed in failures(broker, request_problem_information=0):
        assert is_allowed or not got.props, got


@case
def words_make_no_packet_too_large(broker):
    """[MQTT5-3.2.2-19], [MQTT5-3.4.2-2], [MQTT5-3.5.2-2], [MQTT5-3.6.2-2]
    [MQTT5-3.7.2-2], [MQTT5-3.9.2-1], [MQTT5-3.11.2-1], [MQTT5-3.14.2-3]"""
    count = 0
    for size in range(20, 130, 3):
        for got, _ in failures(broker, maximum_packet_size=size):
            text = got.props.get("reason_string", "").encode()
            count += bool(text)
            assert not text or len(text) + 7 <= size, (size, got)
    assert count > 20, count


@standalone(timeout=60)
def response_information_is_told_to_who_asks():
    """[MQTT5-3.1.2-28]: and to nobody else."""
    with Daemon(sessions={
            "response_information": "answers/${identity}"}) as daemon:
        for asked, expected in (1, True), (0, False), (None, False):
            props = {} if asked is None else {
                "request_response_information": asked}
            with daemon.client(props=props) as client:
                told = client.connack.props.get("response_information")
                assert told == ("answers/device-1" if expected else None), told
        with daemon.client(version=4) as client:
            client.ping()


main()
