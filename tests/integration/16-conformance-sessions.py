#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions: made, resumed, taken over, expired (3.1.2.4, 3.1.4, 4.1)."""

from signet import (Client, TimedOut, case, codec, lasting, main, routing,
                    unique)


def pause(client, seconds):
    """Let time pass while nothing comes."""
    try:
        got = client.receive(seconds)
    except TimedOut:
        return
    raise AssertionError(f"nothing expected, got {got}")


@routing
def clean_start_makes_a_new_session(broker, here, there):
    """[MQTT-3.1.2-6], [MQTT-3.1.4-3], [MQTT-3.2.2-1]
    [MQTT5-3.1.2-4], [MQTT5-3.1.4-4], [MQTT5-3.2.2-2]"""
    for version in 4, 5:
        topic = unique("clean/")
        with broker.client_on(here, version=version,
                              **lasting(version)) as first, \
                broker.client_on(there) as sender:
            first.subscribe(topic, qos=1)
            first.leave()
            sender.publish(topic, b"waits", 1)
            with first.resume(broker, clean=True) as second:
                assert not second.connack.session_present
                sender.publish(topic, b"now", 1)
                second.expect_nothing()


@routing
def a_session_is_resumed_with_what_waits(broker, here, there):
    """[MQTT-3.1.2-4], [MQTT-3.1.2-5], [MQTT-3.2.2-2], [MQTT-4.1.0-1]
    [MQTT-4.5.0-1], [MQTT5-3.1.2-5], [MQTT5-3.1.2-23], [MQTT5-3.2.2-3]
    [MQTT5-4.5.0-1]"""
    for version in 4, 5:
        topic = unique("resume/")
        with broker.client_on(there) as sender:
            client = broker.client_on(here, version=version,
                                      **lasting(version))
            client.subscribe(topic, qos=2)
            for is_orderly in True, False, True:
                client.leave(is_orderly)
                for qos in 1, 2, 1:
                    sender.publish(topic, str(qos), qos)
                client = client.resume(broker, **lasting(version))
                assert client.connack.session_present
                for qos in 1, 2, 1:
                    got = client.take()
                    assert (got.payload, got.qos, got.dup) == (
                        str(qos).encode(), qos, False), got
                sender.publish(topic, b"here", 2)
                assert client.take().payload == b"here"
                client.expect_nothing()
            client.abort()


@case
def without_a_session_one_is_made(broker):
    """[MQTT-3.1.2-4], [MQTT-3.2.2-3], [MQTT5-3.1.2-6], [MQTT5-3.2.2-3]"""
    for version in 4, 5:
        with broker.client(version=version, clean=False) as client:
            assert not client.connack.session_present
            topic = unique("made/")
            client.subscribe(topic)
            client.publish(topic, b"x")
            assert client.take().payload == b"x"


@routing
def a_session_may_end_with_its_connection(broker, here, there):
    """[MQTT-3.1.2-6], [MQTT5-4.1.0-2]: Clean Session 1, and an expiry of 0 or
    none."""
    for version, options in ((4, {"clean": True}), (5, {"clean": False}),
                             (5, {"props": {"session_expiry_interval": 0}})):
        topic = unique("short/")
        with broker.client_on(here, version=version, **options) as client, \
                broker.client_on(there) as sender:
            client.subscribe(topic, qos=1)
            client.leave()
            sender.publish(topic, b"lost", 1)
            with client.resume(broker) as again:
                assert not again.connack.session_present
                again.expect_nothing()


@case
def a_session_expires_and_its_state_goes(broker):  # [MQTT5-4.1.0-2]
    here, there = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(there) as sender:
        clients = {}
        for seconds in 1, 2, 3600:
            client = broker.client_on(
                there if seconds == 1 else here, clean=False,
                props={"session_expiry_interval": seconds})
            client.subscribe(f"expire/{client.client_id}", qos=1)
            client.leave()
            sender.publish(f"expire/{client.client_id}", b"waits", 1)
            clients[seconds] = client
        pause(sender, 3.6)
        for seconds, client in clients.items():
            with client.resume(broker) as again:
                assert again.connack.session_present == (seconds == 3600)
                if seconds == 3600:
                    assert again.take().payload == b"waits"
                again.expect_nothing()


@case
def a_session_does_not_expire_while_it_is_connected(broker):
    """[MQTT-4.1.0-2], [MQTT5-4.1.0-1]: its expiry is counted from the end."""
    topic = unique("stay/")
    here, there = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(
            here, clean=False,
            props={"session_expiry_interval": 1}) as client, \
            broker.client_on(there, version=4) as old, \
            broker.client_on(there) as sender:
        client.subscribe(topic, qos=1)
        old.subscribe(topic, qos=1)
        pause(client, 2.5)
        sender.publish(topic, b"x", 1)
        assert client.take().payload == b"x"
        assert old.take().payload == b"x"
        with client.resume(broker) as again:
            assert again.connack.session_present


@case
def disconnect_changes_the_expiry(broker):  # MQTT 5.0, 3.14.2.2.2
    rows = ((3600, 0, False), (3600, 1, False), (1, 3600, True),
            (3600, None, True))
    left = []
    for before, after, is_kept in rows:
        client = broker.client(clean=False, props={
            "session_expiry_interval": before})
        client.disconnect(props=None if after is None else {
            "session_expiry_interval": after})
        left.append((client, (before, after), is_kept))
    with broker.client() as idle:
        pause(idle, 2.6)
    for client, row, is_kept in left:
        with client.resume(broker) as again:
            assert again.connack.session_present == is_kept, row


@case
def disconnect_cannot_make_a_session_last(broker):
    """MQTT 5.0, 3.14.2.2.2: not one that CONNECT let end."""
    for props in None, {"session_expiry_interval": 0}:
        with broker.client(props=props) as client:
            client.send(codec.disconnect(0, 5, {"session_expiry_interval": 9}))
            client.expect_end(0x82)


@case(sessions={"max_expiry_seconds": 2})
def connack_says_where_the_expiry_is_less(broker):  # MQTT 5.0, 3.2.2.3.2
    for asked, told in ((1, None), (2, None), (3, 2), (0xffffffff, 2)):
        with broker.client(props={"session_expiry_interval": asked}) as one:
            assert one.connack.props.get("session_expiry_interval") == told
            one.disconnect(props={"session_expiry_interval": 0})


@routing
def a_session_taken_over_keeps_its_state(broker, here, there):
    """[MQTT-3.1.4-2], [MQTT5-3.1.4-3], [MQTT5-3.14.4-1], [MQTT5-3.14.4-2]"""
    for version in 4, 5:
        topic = unique("taken/")
        with broker.client_on(there) as sender:
            first = broker.client_on(here, version=version,
                                     **lasting(version))
            first.subscribe(topic, qos=1)
            sender.publish(topic, b"flies", 1)
            packet_id = first.expect(codec.PUBLISH).packet_id
            with Client(broker, client_id=first.client_id, version=version,
                        **lasting(version)) as second:
                assert first.expect_end(0x8e) == "close_notify"
                assert second.connack.session_present
                got = second.take()
                assert (got.payload, got.packet_id, got.dup) == (
                    b"flies", packet_id, True), got
                sender.publish(topic, b"on", 1)
                assert second.take().payload == b"on"


@routing
def a_client_identifier_names_its_session(broker, here, there):
    """[MQTT-3.1.3-2], [MQTT5-3.1.3-2]: each has its own, and so has the same
    identifier of another identity."""
    for version in 4, 5:
        topic = unique("named/")
        with broker.client_on(here, version=version,
                              **lasting(version)) as one, \
                broker.client_on(there) as sender:
            one.subscribe(topic)
            one.leave()
            with broker.client(client_id=f"{one.client_id}-", clean=False,
                               version=version) as other, \
                    one.resume(broker, certificate="client-2") as stranger:
                assert not other.connack.session_present
                assert not stranger.connack.session_present
                with one.resume(broker) as again:
                    assert again.connack.session_present
                    sender.publish(topic, b"x")
                    again.take()
                    stranger.expect_nothing()
                    other.expect_nothing()


@routing
def connack_comes_first_and_once(broker, here, there):
    """[MQTT-3.2.0-1], [MQTT-3.1.4-4], [MQTT5-3.2.0-1], [MQTT5-3.2.0-2]
    [MQTT5-3.1.4-5]"""
    for version in 4, 5:
        topic = unique("first/")
        with broker.client_on(here, version=version,
                              **lasting(version)) as client, \
                broker.client_on(there) as sender:
            client.subscribe(topic, qos=1)
            client.leave(False)
            for i in range(5):
                sender.publish(topic, str(i), 1)
            with Client(broker, client_id=client.client_id, version=version,
                        is_connected=False) as again:
                again.send(codec.connect(client.client_id, version,
                                         **lasting(version))
                           + codec.PING)
                connack = again.expect(codec.CONNACK)
                assert connack.reason == 0 and connack.session_present
                for _ in range(5):
                    again.await_type(codec.PUBLISH)
                again.await_type(codec.PINGRESP)
                again.expect_nothing()


# A CONNECT that is refused, and the Return Code and Reason Code for it.
REFUSED = (
    ({"will": {"topic": "not/mine"}}, 5, 0x87),
    ({"props": {"authentication_method": "PLAIN"}}, None, 0x8c),
    ({"client_id": "", "clean": False}, 2, None),
)


@case
def nothing_behind_a_refused_connect_is_processed(broker):
    """[MQTT-3.1.4-5], [MQTT-3.2.2-4], [MQTT-3.2.2-5], [MQTT-3.1.3-9]
    [MQTT5-3.1.4-2], [MQTT5-3.1.4-6], [MQTT5-3.2.2-6], [MQTT5-3.2.2-7]
    [MQTT5-3.2.2-8], [MQTT5-3.14.0-1], [MQTT5-4.13.2-1]"""
    topic = "devices/device-rsa/" + unique()
    with broker.client() as watch:
        watch.subscribe(topic)
        for options, old, new in REFUSED:
            for version, reason in ((4, old), (5, new)):
                if reason is None:
                    continue
                options.setdefault("client_id", "refused")
                with Client(broker, version=version, is_connected=False,
                            certificate="client-rsa") as client:
                    client.send(codec.connect(version=version, **options)
                                + codec.publish(topic, version=version)
                                + codec.PING)
                    connack = client.expect(codec.CONNACK)
                    assert connack.reason == reason, connack
                    assert not connack.session_present
                    assert client.expect_closed() == "close_notify"
        watch.expect_nothing()


@case
def an_assigned_client_identifier_can_come_again(broker):
    """[MQTT-3.1.3-6], [MQTT5-3.1.3-6], [MQTT5-3.1.3-7], [MQTT5-3.2.2-16]"""
    with broker.client(client_id="", **lasting(5)) as first, \
            broker.client(client_id="", version=4) as second, \
            broker.client(client_id="", version=4) as third:
        first.client_id = first.connack.props["assigned_client_identifier"]
        second.ping()
        third.ping()  # nobody took another's session
        with first.resume(broker) as again:
            assert again.connack.session_present
            assert "assigned_client_identifier" not in again.connack.props


@routing
def resumption_ends_what_is_not_of_the_session(broker, here, there):
    """MQTT 5.0, 4.1: the will, Receive Maximum and aliases are the
    connection's; Maximum Packet Size too."""
    topic = unique("less/")
    with broker.client_on(
            here, **lasting(5, receive_maximum=1,
                            maximum_packet_size=60)) as one, \
            broker.client_on(there) as sender:
        one.subscribe(topic, qos=1)
        one.leave()
        for i in range(3):
            sender.publish(topic, b"x" * 100 + str(i).encode(), 1)
        with one.resume(broker) as again:
            got = [again.expect(codec.PUBLISH) for _ in range(3)]
            assert [g.payload[-1:] for g in got] == [b"0", b"1", b"2"], got


@routing(sessions={"max_queued_messages": 5})
def what_waits_is_bounded_and_the_newest_is_dropped(broker, here, there):
    topic = unique("bound/")
    with broker.client_on(here, **lasting(5)) as client, \
            broker.client_on(there) as sender:
        client.subscribe(topic, qos=1)
        client.leave()
        for i in range(9):
            sender.publish(topic, str(i), 1)
        with client.resume(broker) as again:
            for i in range(5):
                assert again.take().payload == str(i).encode()
            again.expect_nothing()
            sender.publish(topic, b"next", 1)
            assert again.take().payload == b"next"


main()
