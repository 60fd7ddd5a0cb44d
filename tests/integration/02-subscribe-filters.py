#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SUBSCRIBE and UNSUBSCRIBE: filters, answers, rights."""

from signet import case, codec, features, main, routing, unique

# MQTT 5.0, 4.7: filter, name, does it match
MATCHES = (
    ("sport/tennis/player1/#", "sport/tennis/player1", True),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
    ("sport/#", "sport", True),
    ("sport/tennis/+", "sport/tennis/player1", True),
    ("sport/tennis/+", "sport/tennis/player1/ranking", False),
    ("sport/+", "sport", False),
    ("sport/+", "sport/", True),
    ("+/+", "/finance", True),
    ("/+", "/finance", True),
    ("+", "/finance", False),
    ("+/tennis/#", "sport/tennis/player1", True),
    ("sport/+/player1", "sport/tennis/player1", True),
    ("a/b", "a/b", True),
    ("a/b", "A/b", False),
    ("a/b", "a/b/", False),
    ("/a", "a", False),
    ("a//b", "a//b", True),
    ("a/+/b", "a//b", True),
    ("#", "anything/at/all", True),
    ("#", "/", True),
    ("#", "$private/x", False),  # [MQTT5-4.7.2-1]
    ("+/x", "$private/x", False),
    ("$private/#", "$private/x", True),
    ("$private/+", "$private/x", True),
)


@routing(generic=True, timeout=120)
def filters_match_as_the_standard_says(broker, here, there):
    """[MQTT-3.3.2-3], [MQTT-4.7.1-2], [MQTT-4.7.1-3], [MQTT-4.7.2-1]
    [MQTT-4.7.3-4], [MQTT5-3.3.2-3], [MQTT5-4.7.2-1]"""
    faults = []
    with broker.client_on(there) as sender, broker.client_on(here) as receiver:
        sentinel = unique("end/")
        receiver.subscribe(sentinel)
        for topic_filter, topic, is_match in MATCHES:
            receiver.subscribe(topic_filter)
            sender.publish(topic, topic_filter)
            sender.publish(sentinel, b"end")
            got = [receiver.take()]
            while got[-1].payload != b"end":
                got.append(receiver.take())
            count = sum(one.topic == topic for one in got)
            extra = sum(one.topic == sentinel for one in got) - 1
            if count != is_match or (extra and topic_filter != "#"):
                faults.append(f"{topic_filter} {topic}: {got}")
            receiver.unsubscribe(topic_filter)
            # "#" delivers the sentinel once more: take what is left over.
            receiver.ping()
            receiver.queue.clear()
    assert not faults, "\n".join(faults)


@routing(generic=True)
def overlapping_filters_of_one_client_deliver(broker, here, there):
    """At least once, at the greatest QoS granted: [MQTT-3.3.5-1]."""
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        topic = unique("overlap/")
        client.subscribe(topic, qos=0)
        client.subscribe("overlap/#", qos=1)
        client.subscribe("overlap/+", qos=0)
        sender.publish(topic, b"x", qos=1)
        sender.publish("overlap/end", b"end", qos=1)
        got = []
        while True:
            one = client.take()
            if one.topic != topic:
                break
            got.append(one)
        assert 1 <= len(got) <= 3 and max(one.qos for one in got) == 1, got


@case(generic=True)
def suback_has_a_code_for_each_filter(broker):
    """[MQTT-3.8.4-4], [MQTT-3.8.4-5], [MQTT5-3.8.4-6]"""
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.send(codec.subscribe(
                7, [("a", 0), ("b", 1), ("c/#", 0), ("d/+", 1)], version))
            suback = client.expect(codec.SUBACK)
            assert suback.packet_id == 7
            assert suback.codes == [0, 1, 0, 1], suback


@case
def no_more_is_granted_than_the_server_offers(broker):  # [MQTT-3.8.4-6]
    for version in 4, 5:
        with broker.client(version=version) as client:
            codes = client.subscribe(unique("qos2/"), qos=2)
            assert codes == [features.MAXIMUM_QOS], codes


@routing(generic=True)
def a_second_subscription_replaces_the_first(broker, here, there):
    """[MQTT-3.8.4-3], [MQTT5-3.8.4-3]"""
    for version in 4, 5:
        with broker.client_on(here, version=version) as client, \
                broker.client_on(there, version=version) as sender:
            topic = unique("again/")
            assert client.subscribe(topic, qos=0) == [0]
            assert client.subscribe(topic, qos=1) == [1]
            sender.publish(topic, b"x", qos=1)
            assert client.take().qos == 1
            client.expect_nothing()


@routing(generic=True)
def unsubscribe_ends_deliveries(broker, here, there):
    """[MQTT-3.10.4-1], [MQTT-3.10.4-2], [MQTT-3.10.4-4]"""
    for version in 4, 5:
        with broker.client_on(here, version=version) as client, \
                broker.client_on(there, version=version) as sender:
            one, other = unique("un/"), unique("un/")
            client.subscribe(one, other)
            client.unsubscribe(one)
            sender.publish(one, b"x")
            sender.publish(other, b"x")
            assert client.take().topic == other
            client.expect_nothing()


@case(generic=True)
def unsuback_says_what_was_subscribed(broker):  # [MQTT5-3.11.3-1]
    with broker.client() as client:
        topic = unique("un/")
        client.subscribe(topic)
        assert client.unsubscribe(topic, "never/was") == [0x00, 0x11]


@routing(generic=True)
def unsubscribing_takes_the_filter_to_the_letter(broker, here, there):
    """[MQTT5-3.10.4-1]"""
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        client.subscribe("letter/#")
        client.unsubscribe("letter/+")
        sender.publish("letter/x", b"x")
        assert client.take().topic == "letter/x"


@routing(generic=True)
def no_local_keeps_own_messages_away(broker, here, there):  # [MQTT5-3.8.3-3]
    with broker.client_on(here) as client, broker.client_on(there) as other:
        topic = unique("local/")
        client.subscribe(topic, options=0x04)
        client.publish(topic, b"own", qos=1)
        other.publish(topic, b"other")
        assert client.take().payload == b"other"
        client.expect_nothing()


@routing
def the_own_topics_are_granted(broker, here, there):
    with broker.client_on(here, certificate="client-rsa") as client, \
            broker.client_on(there) as operator:
        for granted in ("commands/device-rsa", "commands/device-rsa/#",
                        "commands/device-rsa/a/+", "shared/x/state",
                        "shared/+/state"):
            assert client.subscribe(granted) == [0], granted
        operator.publish("commands/device-rsa/go", b"x")
        assert client.take().topic == "commands/device-rsa/go"


@case
def what_no_right_grants_is_denied(broker):
    """0x87 in 5.0, 0x80 in 3.1.1: [MQTT-3.9.3-2], MQTT 5.0, 3.9.3"""
    denied = ("#", "commands/#", "commands/+/#", "commands/device-1/#",
              "commands/device-rsax", "devices/device-rsa/#", "shared/#",
              "shared/x/y/state", "$SYS/#", "+", "commands/+", "shared/+/+")
    for version, code in ((4, 0x80), (5, 0x87)):
        with broker.client(certificate="client-rsa", version=version) as c:
            codes = c.subscribe(*denied)
            assert codes == [code] * len(denied), codes
            # Between good ones, only the bad one is denied.
            codes = c.subscribe("shared/a/state", "#", "shared/b/state")
            assert codes == [0, code, 0], codes
            # Once a minute for an identity and a rule, or the want of one.
            broker.await_log(level="warning", event="denied", topic="#",
                             identity="device-rsa", action="subscribe")


@routing
def a_denied_filter_delivers_nothing(broker, here, there):
    with broker.client_on(here, certificate="client-rsa") as client, \
            broker.client_on(there) as operator:
        client.subscribe("#", "commands/device-rsa/#")
        operator.publish("commands/device-1/go", b"x")
        operator.publish("commands/device-rsa/go", b"x")
        assert client.take().topic == "commands/device-rsa/go"
        client.expect_nothing()


@case
def subscription_identifiers_are_refused_while_not_offered(broker):
    with broker.client() as client:
        offered = client.connack.props.get(
            "subscription_identifier_available", 1)
        assert bool(offered) == features.SUBSCRIPTION_IDENTIFIERS
        client.send(codec.subscribe(
            1, [("t", 0)], 5, {"subscription_identifier": 5}))
        if offered:
            client.expect(codec.SUBACK)
            client.publish("t", b"x")
            assert client.take().props["subscription_identifier"] == [5]
            return
        got = client.receive()
        if got.type == codec.SUBACK:
            assert got.codes == [0xa1], got
        else:
            assert (got.type, got.reason) == (codec.DISCONNECT, 0xa1), got


@case(limits={"subscriptions": 10})
def subscriptions_of_a_session_are_bounded(broker):  # 0x97, MQTT 5.0, 3.9.3
    for version, code in ((4, 0x80), (5, 0x97)):
        with broker.client(version=version) as client:
            for i in range(10):
                assert client.subscribe(f"many/{i}") == [0]
            assert client.subscribe("many/more") == [code]
            # A replacement is not one more; an unsubscribed one makes room.
            assert client.subscribe("many/3", qos=1) == [1]
            client.unsubscribe("many/4")
            assert client.subscribe("many/more") == [0]


@case(limits={"topic_levels": 8})
def levels_of_a_filter_are_bounded(broker):
    with broker.client() as client:
        deep = "/".join("x" * 9)
        codes = client.subscribe(deep, "/".join("x" * 8))
        assert codes[0] >= 0x80 and codes[1] == 0, codes
        client.ping()


@routing(generic=True)
def long_and_deep_topics_are_matched(broker, here, there):
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        for topic in ("/".join("abcdefghijklmnopqrst"), "x" * 60000,
                      "ü/\u6c34/\U0001f600"):
            assert client.subscribe(topic) == [0]
            sender.publish(topic, b"x")
            assert client.take().topic == topic


main()
