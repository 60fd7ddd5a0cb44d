#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SUBSCRIBE, UNSUBSCRIBE and what they make of a message (3.8 to 3.11)."""

from signet import case, codec, lasting, main, routing, unique

PUBLISH, SUBACK, UNSUBACK = codec.PUBLISH, codec.SUBACK, codec.UNSUBACK
NO_LOCAL, KEEP_RETAIN = 0x04, 0x08


def take_all(client, end_topic):
    """The messages up to one of this topic."""
    got = []
    while True:
        got.append(client.take())
        if got[-1].topic == end_topic:
            return got[:-1]


@case
def suback_answers_each_subscribe(broker):
    """[MQTT-2.3.1-7], [MQTT-3.8.4-1], [MQTT-3.8.4-2], [MQTT-3.8.4-4]
    [MQTT-3.8.4-5], [MQTT-3.9.3-1], [MQTT5-2.2.1-6], [MQTT5-3.8.4-1]
    [MQTT5-3.8.4-2], [MQTT5-3.8.4-5], [MQTT5-3.8.4-6], [MQTT5-3.8.4-7]
    [MQTT5-3.9.3-1]"""
    for version in 4, 5:
        with broker.client(version=version) as client:
            for packet_id in 1, 255, 256, 65535:
                client.send(codec.subscribe(packet_id, [
                    ("a", 0), ("b/#", 2), ("+/c", 1), ("#", 0), ("a", 2)],
                    version))
                suback = client.expect(SUBACK)
                assert suback.packet_id == packet_id
                assert suback.codes == [0, 2, 1, 0, 2], suback
            client.expect_nothing()


@case
def suback_says_which_of_several_failed(broker):
    """[MQTT-3.9.3-1], [MQTT-3.9.3-2], [MQTT-3.8.4-5], [MQTT5-3.9.3-1]
    [MQTT5-3.9.3-2], [MQTT5-3.8.4-7]"""
    for version, failure in ((4, 0x80), (5, 0x87)):
        with broker.client(version=version, certificate="client-rsa") as c:
            c.send(codec.subscribe(9, [
                ("shared/a/state", 1), ("not/mine", 1), ("shared/b/state", 0),
                ("#", 2), ("commands/device-rsa/#", 2)], version))
            suback = c.expect(SUBACK)
            assert suback.codes == [1, failure, 0, failure, 2], suback


@routing
def replacing_a_subscription_loses_nothing(broker, here, there):
    """[MQTT-3.8.4-3], [MQTT5-3.8.4-3], [MQTT5-3.8.4-4]"""
    for version in 4, 5:
        with broker.client_on(here, version=version) as receiver, \
                broker.client_on(there) as sender:
            topic = unique("replace/")
            receiver.subscribe(topic, qos=1)
            for burst in range(10):
                sender.send(b"".join(
                    codec.publish(topic, str(burst * 9 + i), 1, i + 1)
                    for i in range(9)))
                receiver.send(codec.subscribe(7, [(topic, 1)], version))
                for i in range(9):
                    sender.expect(codec.PUBACK)
            got = []
            while len(got) < 90:
                one = receiver.receive()
                if one.type == PUBLISH:
                    receiver.send(codec.ack(codec.PUBACK, one.packet_id))
                    got.append(int(one.payload))
            assert got == list(range(90)), got


@routing
def a_replaced_subscription_has_its_new_options(broker, here, there):
    """[MQTT5-3.8.4-3]"""
    with broker.client_on(here) as receiver, broker.client_on(there) as sender:
        topic = unique("options/")
        for qos, options, identifier in ((0, 0, 5), (2, KEEP_RETAIN, None),
                                         (1, 0, 6), (1, 0, None)):
            props = identifier and {"subscription_identifier": identifier}
            receiver.subscribe(topic, options=options | qos | 0x20,
                               props=props)
            sender.publish(topic, b"x", 2, retain=True)
            got = receiver.take()
            assert got.qos == qos and got.retain == bool(options), got
            assert got.props.get("subscription_identifier") == (
                identifier and [identifier]), got
            receiver.expect_nothing()
        receiver.subscribe(topic, options=NO_LOCAL | 0x20)
        receiver.publish(topic, b"own")
        receiver.expect_nothing()


@case
def unsuback_answers_each_unsubscribe(broker):
    """[MQTT-2.3.1-7], [MQTT-3.10.4-4], [MQTT-3.10.4-5], [MQTT-3.10.4-6]
    [MQTT5-2.2.1-6], [MQTT5-3.10.4-4], [MQTT5-3.10.4-5], [MQTT5-3.10.4-6]
    [MQTT5-3.11.3-1], [MQTT5-3.11.3-2]"""
    for version in 4, 5:
        with broker.client(version=version) as client:
            for packet_id in 1, 256, 65535:
                client.subscribe("a", "b/#", "+")
                client.send(codec.unsubscribe(
                    packet_id, ["never", "b/#", "b/+", "a", "a"], version))
                unsuback = client.expect(UNSUBACK)
                assert unsuback.packet_id == packet_id
                assert unsuback.codes == (
                    [0x11, 0, 0x11, 0, 0x11] if version == 5 else [])
                client.publish("a", b"x", 0)
                assert client.take().topic == "a"  # of "+"
                client.publish("b/c", b"x", 0)
                client.expect_nothing()


@routing
def unsubscribe_compares_each_character(broker, here, there):
    """[MQTT-3.10.4-1], [MQTT5-3.10.4-1], [MQTT-4.7.3-4], [MQTT5-4.7.3-4]"""
    for version in 4, 5:
        with broker.client_on(here, version=version) as client, \
                broker.client_on(there, version=version) as sender:
            root = unique("Each")
            held = (f"{root}/a", f"{root}/+", f"{root}/a/#", f"/{root}/a",
                    f"{root}/\u00e9")
            client.subscribe(*held)
            client.unsubscribe(f"{root.lower()}/a", f"{root}/#", f"{root}/a/",
                               f"{root}/a/+", f"{root}/e\u0301", root)
            sender.publish(f"{root}/\u00e9", b"x")
            # One message for all that match, or one for each.
            assert client.take().topic == f"{root}/\u00e9"
            client.ping()
            client.queue.clear()
            client.unsubscribe(*held)
            for topic in f"{root}/a", f"/{root}/a", f"{root}/\u00e9":
                sender.publish(topic, b"x")
            client.expect_nothing()


@routing
def unsubscribing_completes_what_was_begun(broker, here, there):
    """[MQTT-3.10.4-3], [MQTT5-3.10.4-3]: also over a resumption; nothing new
    is added: [MQTT-3.10.4-2], [MQTT5-3.10.4-2]"""
    for version in 4, 5:
        with broker.client_on(there) as sender:
            receiver = broker.client_on(here, version=version,
                                        **lasting(version))
            topic = unique("begun/")
            receiver.subscribe(topic, qos=2)
            for qos in 1, 2, 2:
                sender.publish(topic, b"x", qos)
            sent = [receiver.expect(PUBLISH) for _ in range(3)]
            receiver.send(codec.ack(codec.PUBREC, sent[2].packet_id, 0,
                                    version))
            receiver.await_type(codec.PUBREL)
            receiver.unsubscribe(topic)
            sender.publish(topic, b"new", 2)
            receiver.expect_nothing()
            receiver = receiver.resume(broker, **lasting(version))
            again = [receiver.expect(PUBLISH), receiver.expect(PUBLISH)]
            assert ([(one.packet_id, one.dup) for one in again]
                    == [(one.packet_id, True) for one in sent[:2]])
            assert (receiver.expect(codec.PUBREL).packet_id
                    == sent[2].packet_id)
            receiver.send(
                codec.ack(codec.PUBACK, sent[0].packet_id, 0, version)
                + codec.ack(codec.PUBREC, sent[1].packet_id, 0, version)
                + codec.ack(codec.PUBCOMP, sent[2].packet_id, 0, version))
            assert (receiver.expect(codec.PUBREL).packet_id
                    == sent[1].packet_id)
            receiver.send(codec.ack(codec.PUBCOMP, sent[1].packet_id, 0,
                                    version))
            receiver.expect_nothing()
            receiver.abort()


# Filters of one client with their QoS and Subscription Identifiers; the QoS
# of the one copy and the identifiers in it.
OVERLAPS = (
    ((("", 0, 1), ("/#", 1, 2), ("/+", 2, 3)), 2, [1, 2, 3]),
    ((("", 1, None), ("/#", 0, 7)), 1, [7]),
    ((("", 0, 9), ("/#", 0, 9)), 0, [9, 9]),
    ((("", 0, 1), ("/#", 0, 268435455), ("/+", 1, 200)), 1,
     [1, 200, 268435455]),
    ((("", 2, None), ("/#", 1, None)), 2, None),
)


@routing
def overlapping_subscriptions_give_one_message(broker, here, there):
    """At the greatest QoS, with every identifier: [MQTT-3.3.5-1]
    [MQTT5-3.3.4-2], [MQTT5-3.3.4-3], [MQTT5-3.3.4-4]"""
    for filters, qos, identifiers in OVERLAPS:
        with broker.client_on(here) as receiver, \
                broker.client_on(there) as sender:
            root = unique("over")
            for tail, granted, identifier in filters:
                props = identifier and {"subscription_identifier": identifier}
                receiver.subscribe(root + (tail or "/x"), qos=granted,
                                   props=props)
            for sent in 2, 1, 0:
                sender.publish(f"{root}/x", b"x", sent)
                got = receiver.take()
                assert got.qos == min(qos, sent), (filters, got)
                found = got.props.get("subscription_identifier")
                assert (found and sorted(found)) == identifiers, got
            receiver.expect_nothing()
    with broker.client_on(here, version=4) as receiver, \
            broker.client_on(there, version=4) as sender:
        root = unique("over")
        for tail, granted in (("/x", 0), ("/#", 1), ("/+", 2)):
            receiver.subscribe(root + tail, qos=granted)
        for sent in 2, 1, 0:
            sender.publish(f"{root}/x", b"x", sent)
            assert receiver.take().qos == sent
        receiver.expect_nothing()


@routing
def identifiers_wait_with_the_message(broker, here, there):
    """[MQTT5-3.3.4-3], [MQTT5-3.3.4-4]: in the queue of a session."""
    with broker.client_on(there) as sender:
        receiver = broker.client_on(here, **lasting(5))
        topic = unique("ids/")
        receiver.subscribe(topic, qos=1, props={"subscription_identifier": 3})
        receiver.subscribe("ids/#", qos=1,
                           props={"subscription_identifier": 4})
        receiver.leave()
        sender.publish(topic, b"x", 1)
        with receiver.resume(broker) as again:
            got = again.take().props["subscription_identifier"]
            assert sorted(got) == [3, 4], got


@routing
def no_local_is_about_the_client(broker, here, there):
    """[MQTT5-3.8.3-3]: also where the session is resumed, and where what is
    one's own was retained."""
    with broker.client_on(there) as other:
        client = broker.client_on(here, **lasting(5))
        topic = unique("local/")
        client.subscribe(topic, options=NO_LOCAL | 2)
        client.publish(topic, b"own", 2)
        client = client.resume(broker, **lasting(5))
        for qos in 0, 1, 2:
            client.publish(topic, b"own", qos)
            other.publish(topic, b"other", qos)
            assert client.take().payload == b"other"
        client.expect_nothing()
        root = unique("kept/")
        for i in range(8):
            client.publish(f"{root}/own/{i}", b"own", 1, retain=True)
        other.publish(f"{root}/other", b"other", 1, retain=True)
        for _ in range(2):
            client.subscribe(f"{root}/#", options=NO_LOCAL | 1)
            assert client.take().payload == b"other"
            client.expect_nothing()
            client = client.resume(broker, **lasting(5))
        other.subscribe(f"{root}/own/+", options=NO_LOCAL | 1)
        assert [other.take().payload for _ in range(8)] == [b"own"] * 8
        client.abort()


# Topic Names that differ, although they may look alike.
LOOK_ALIKE = ("\u00e9", "e\u0301", "E\u0301", "\u00c9", "a", "A", "a ", " a",
              "\ufeffa", "a\ufeff", "\uff41", "\u0430", "a/", "/a", "a//")


@routing
def names_are_taken_to_the_letter(broker, here, there):
    """[MQTT-1.5.3-3], [MQTT-3.3.2-3], [MQTT-4.7.3-4], [MQTT5-1.5.4-3]
    [MQTT5-3.3.2-3], [MQTT5-4.7.3-4]"""
    for version in 4, 5:
        with broker.client_on(here, version=version) as receiver, \
                broker.client_on(there, version=version) as sender:
            for asked in LOOK_ALIKE:
                end = unique("end/")
                receiver.subscribe(f"same/{asked}", end)
                for topic in LOOK_ALIKE:
                    sender.publish(f"same/{topic}", topic.encode())
                sender.publish(end, b"")
                got = take_all(receiver, end)
                assert [one.topic for one in got] == [f"same/{asked}"], got
                assert got[0].payload == asked.encode()
                receiver.unsubscribe(f"same/{asked}", end)


@routing
def a_session_gets_what_matches_its_subscriptions(broker, here, there):
    """[MQTT-4.5.0-1], [MQTT5-4.5.0-1]: each session that has one, connected
    or not."""
    for version in 4, 5:
        topic = unique("all/")
        with broker.client_on(there, version=version) as sender:
            away = [broker.client_on(here, version=version,
                                     **lasting(version)) for _ in range(3)]
            near = [broker.client_on(here, version=version)
                    for _ in range(3)]
            for client in away + near:
                client.subscribe(topic, qos=2)
            for client in away:
                client.leave()
            for qos in 1, 2:
                sender.publish(topic, b"x", qos)
            for client in near + [one.resume(broker) for one in away]:
                for qos in 1, 2:
                    assert client.take().qos == qos
                client.expect_nothing()
                client.abort()


main()
