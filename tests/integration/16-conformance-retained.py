#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Retained messages (3.3.1.3, 3.8.3.1), kept and asked for on any worker."""

from signet import Closed, TimedOut, case, codec, main, routing, unique

KEEP_RETAIN = 0x08  # Retain As Published
HANDLING = {0: 0x00, 1: 0x10, 2: 0x20}


def wait(client, seconds):
    try:
        got = client.receive(seconds)
    except TimedOut:
        return
    raise AssertionError(f"nothing expected, got {got}")


def ends(broker, here, there, version=5):
    """(receiver, sender)"""
    return (broker.client_on(here, version=version),
            broker.client_on(there, version=version))


def retain(sender, topic, payload, qos=1, props=None):
    """Publish it retained, and know that it is kept: what follows through
    this client is behind it, and so is what others ask for afterwards."""
    sender.publish(topic, payload, qos, retain=True, props=props)
    if qos == 0:
        sender.publish(unique("behind/"), b"", 1, retain=True)


def expect_retained(client, *payloads):
    """These come as retained messages, in any order, and nothing else."""
    got = [client.take() for _ in payloads]
    assert all(one.retain for one in got), got
    assert sorted(one.payload for one in got) == sorted(payloads), got
    client.expect_nothing()
    return got


@routing
def a_new_subscription_gets_what_is_retained(broker, here, there):
    """[MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-8], [MQTT5-3.3.1-5]
    [MQTT5-3.3.1-9]: with RETAIN, at the lesser QoS, as often as asked."""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            for qos in 0, 1, 2:
                topic = unique("kept/")
                retain(sender, topic, b"x", qos)
                for granted in 0, 1, 2:
                    receiver.subscribe(topic, qos=granted)
                    got = expect_retained(receiver, b"x")[0]
                    assert got.qos == min(qos, granted), (got, qos, granted)
                    assert got.topic == topic and not got.dup
                    receiver.unsubscribe(topic)


@routing
def the_last_message_of_a_topic_is_retained(broker, here, there):
    """[MQTT-3.3.1-5], [MQTT-3.3.1-7], [MQTT5-3.3.1-5]: also one at QoS 0
    takes the place of another."""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            topic, other = unique("last/"), unique("last/")
            retain(sender, other, b"other")
            for i, qos in enumerate((1, 2, 0, 0, 1)):
                payload = str(i).encode()
                retain(sender, topic, payload, qos)
                receiver.subscribe(topic, qos=2)
                assert expect_retained(receiver, payload)[0].qos == qos
                receiver.unsubscribe(topic)
            receiver.subscribe(other)
            expect_retained(receiver, b"other")


@routing
def an_empty_payload_removes_what_is_retained(broker, here, there):
    """[MQTT-3.3.1-10], [MQTT-3.3.1-11], [MQTT5-3.3.1-6], [MQTT5-3.3.1-7]"""
    for version in 4, 5:
        for qos in 0, 1, 2:
            receiver, sender = ends(broker, here, there, version)
            with receiver, sender, broker.client() as watch:
                topic = unique("gone/")
                watch.subscribe(topic)
                for payload in b"x", b"", b"":
                    retain(sender, topic, payload, qos)
                    assert watch.take().payload == payload
                receiver.subscribe(topic)
                receiver.expect_nothing()


@routing
def without_retain_nothing_is_stored_or_removed(broker, here, there):
    """[MQTT-3.3.1-12], [MQTT5-3.3.1-8]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            one, other = unique("not/"), unique("not/")
            retain(sender, one, b"kept")
            for payload in b"new", b"":
                sender.publish(one, payload, 1)
                sender.publish(other, payload, 1)
            receiver.subscribe(one, other)
            expect_retained(receiver, b"kept")


@routing
def retain_is_for_new_subscriptions_alone(broker, here, there):
    """[MQTT-3.3.1-9], [MQTT5-3.3.1-12]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            topic = unique("flag/")
            receiver.subscribe(topic, qos=2)
            for qos in 0, 1, 2:
                retain(sender, topic, b"x", qos)
                assert not receiver.take().retain


@routing
def retain_as_published_keeps_the_flag(broker, here, there):
    """[MQTT5-3.3.1-13]; [MQTT5-3.3.1-12] beside it"""
    with broker.client_on(here) as keeps, broker.client_on(here) as not_, \
            broker.client_on(there) as sender:
        topic = unique("as/")
        keeps.subscribe(topic, options=2 | KEEP_RETAIN)
        not_.subscribe(topic, options=2)
        for qos in 0, 1, 2:
            for flag in True, False:
                sender.publish(topic, b"x", qos, retain=flag)
                assert keeps.take().retain == flag
                assert not not_.take().retain


# More than two pages of what is kept, at each worker: a client that does not
# acknowledge is sent no more of them.
MANY = 1000


def fill(sender, root):
    """Retain many messages at QoS 1."""
    for i in range(MANY):
        sender.send(codec.publish(f"{root}/{i}", b"old", 1, i % 50 + 1,
                                  sender.version, retain=True))
        if i % 50 == 49:
            for _ in range(50):
                sender.expect(codec.PUBACK)


def drain(client, count):
    """So many messages, acknowledged, and then nothing: by topic."""
    found = {}
    for _ in range(count):
        got = client.take()
        found.setdefault(got.topic, []).append((got.payload, got.retain))
    client.expect_nothing()
    return found


@routing
def what_is_published_behind_suback_comes_once(broker, here, there):
    """[MQTT-3.3.1-9], [MQTT5-3.3.1-12]: live alone, while what was retained
    before is still on its way; also in place of another, and from a will."""
    root, count = unique("behind"), 16
    with broker.client_on(there) as sender, \
            broker.client_on(here, props={"receive_maximum": 1}) as receiver, \
            broker.client_on(there, will={
                "topic": f"{root}/will", "payload": b"new", "qos": 1,
                "retain": True}) as leaver:
        fill(sender, root)
        receiver.subscribe(f"{root}/#", qos=1)
        for i in range(count):
            retain(sender, f"{root}/new/{i}", b"new")
            retain(sender, f"{root}/{MANY - 1 - i}", b"new")
        leaver.leave(is_orderly=False)
        found = drain(receiver, MANY + count + 1)
        live = [f"{root}/new/{i}" for i in range(count)] + [
            f"{root}/{MANY - 1 - i}" for i in range(count)] + [f"{root}/will"]
        assert all(found.pop(topic) == [(b"new", False)] for topic in live)
        assert len(found) == MANY - count
        assert all(got == [(b"old", True)] for got in found.values())


@routing
def what_is_published_behind_another_suback_comes_once(broker, here, there):
    """[MQTT5-3.8.4-4]: what came before the SUBACK that replaces a
    subscription comes again with it, what comes behind it does not."""
    root = unique("again")
    with broker.client_on(there) as sender, \
            broker.client_on(here, props={"receive_maximum": 1}) as receiver:
        fill(sender, root)
        receiver.subscribe(f"{root}/#", options=1 | HANDLING[2])
        retain(sender, f"{root}/between", b"new")
        assert not receiver.take().retain
        receiver.subscribe(f"{root}/#", qos=1)
        retain(sender, f"{root}/behind", b"new")
        found = drain(receiver, MANY + 2)
        assert found.pop(f"{root}/between") == [(b"new", True)]
        assert found.pop(f"{root}/behind") == [(b"new", False)]
        assert all(got == [(b"old", True)] for got in found.values())


# Retain Handling, whether there is a subscription already, whether what is
# retained is sent.
HANDLED = ((0, False, True), (0, True, True), (1, False, True),
           (1, True, False), (2, False, False), (2, True, False))


@routing
def retain_handling_says_when_it_is_sent(broker, here, there):
    """[MQTT5-3.3.1-9], [MQTT5-3.3.1-10], [MQTT5-3.3.1-11], [MQTT5-3.8.4-4]"""
    receiver, sender = ends(broker, here, there)
    with receiver, sender:
        for handling, is_there, is_sent in HANDLED:
            topic = unique("handled/")
            retain(sender, topic, b"x")
            if is_there:
                receiver.subscribe(topic, options=HANDLING[2])
                receiver.expect_nothing()
            receiver.subscribe(topic, options=1 | HANDLING[handling])
            if is_sent:
                expect_retained(receiver, b"x")
            receiver.expect_nothing()
            sender.publish(topic, b"live")
            assert receiver.take().payload == b"live"


@routing
def a_replaced_subscription_gets_it_again_in_3_1_1(broker, here, there):
    """[MQTT-3.8.4-3]"""
    receiver, sender = ends(broker, here, there, 4)
    with receiver, sender:
        topic = unique("replaced/")
        retain(sender, topic, b"x")
        for qos in 0, 1, 1, 0:
            receiver.subscribe(topic, qos=qos)
            expect_retained(receiver, b"x")


@routing
def wildcards_find_all_that_is_retained(broker, here, there):
    """[MQTT-3.3.1-6], [MQTT-4.7.2-1], [MQTT5-3.3.1-9], [MQTT5-4.7.2-1]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            root = unique("wild")
            for topic in "a", "b", "b/c", "":
                retain(sender, f"{root}/{topic}", topic.encode())
            retain(sender, root, b"root")
            retain(sender, f"$private/{root}", b"hidden")
            for topic_filter, found in (
                    (f"{root}/#", (b"a", b"b", b"b/c", b"", b"root")),
                    (f"{root}/+", (b"a", b"b", b"")),
                    (f"+/{root}", ()), (f"$private/{root}", (b"hidden",)),
                    (f"{root}/+/c", (b"b/c",))):
                if b"" in found:  # an empty payload is not kept
                    found = tuple(one for one in found if one)
                receiver.subscribe(topic_filter, qos=1)
                expect_retained(receiver, *found)
                receiver.unsubscribe(topic_filter)
            for topic in f"{root}/a", f"{root}/b", f"{root}/b/c", root, \
                    f"$private/{root}":
                retain(sender, topic, b"")


@routing
def what_is_retained_keeps_its_properties(broker, here, there):
    """[MQTT5-3.3.2-4], [MQTT5-3.3.2-15], [MQTT5-3.3.2-16], [MQTT5-3.3.2-17]
    [MQTT5-3.3.2-18], [MQTT5-3.3.2-20]"""
    props = {"payload_format_indicator": 1, "content_type": "a/b",
             "response_topic": "answers", "correlation_data": b"\0",
             "user_property": [("b", "1"), ("a", "2"), ("b", "1")]}
    receiver, sender = ends(broker, here, there)
    with receiver, sender:
        topic = unique("props/")
        retain(sender, topic, b"x", props=props)
        receiver.subscribe(topic, props={"subscription_identifier": 7})
        got = expect_retained(receiver, b"x")[0].props
        assert got == {**props, "subscription_identifier": [7]}, got


@routing
def what_is_retained_expires(broker, here, there):
    """[MQTT5-3.3.2-5], [MQTT5-3.3.2-6]"""
    receiver, sender = ends(broker, here, there)
    with receiver, sender:
        topics = {}
        for seconds in 1, 2, 100:
            topics[seconds] = unique("expires/")
            retain(sender, topics[seconds], b"x",
                   props={"message_expiry_interval": seconds})
        wait(receiver, 3.2)
        receiver.subscribe(*topics.values(), qos=1)
        got = expect_retained(receiver, b"x")[0]
        assert got.topic == topics[100]
        assert 90 <= got.props["message_expiry_interval"] <= 98, got


@routing
def what_is_retained_outlives_sessions(broker, here, there):
    """MQTT 3.1.1, 3.1.2.4"""
    topic = unique("outlives/")
    with broker.client_on(there) as sender, broker.client_on(here) as other:
        retain(sender, topic, b"x")
        sender.leave()
        other.subscribe(topic)
        expect_retained(other, b"x")
    with sender.resume(broker, clean=True) as receiver:
        receiver.subscribe(topic)
        expect_retained(receiver, b"x")


@routing
def one_subscribe_asks_for_each_filter(broker, here, there):
    """[MQTT-3.8.4-4], [MQTT5-3.8.4-5]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            topics = [unique("each/") for _ in range(4)]
            for topic in topics:
                retain(sender, topic, topic.encode())
            receiver.subscribe(*topics, qos=1)
            expect_retained(receiver, *(t.encode() for t in topics))


@case(limits={"retained_messages": 3})
def what_cannot_be_retained_is_not_acknowledged(broker):
    """[MQTT-4.8.0-2]: 0x97 in 5.0, the end in 3.1.1, which has no word."""
    for version in 5, 4:
        root = unique("full")
        for qos in 1, 2:
            with broker.client(version=version) as client:
                refused = 0
                for i in range(20):
                    client.send(codec.publish(f"{root}/{i}", b"x", qos, i + 1,
                                              version, retain=True))
                try:
                    for i in range(20):
                        got = client.receive()
                        assert got.packet_id == i + 1, got
                        refused += got.reason == 0x97
                    assert version == 5 and refused >= 12, refused
                except Closed:
                    assert version == 4 and i < 12, i


main()
