#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wills: all their properties, their delay, and when there is none (3.1.2.5,
3.1.3.2)."""

import time

from signet import (DEADLINE, TimedOut, case, codec, lasting, main, routing,
                    unique)


def will_of(topic, payload=b"gone", **more):
    return {"topic": topic, "payload": payload, **more}


def delayed(topic, seconds, **more):
    return will_of(topic, props={"will_delay_interval": seconds}, **more)


def watcher(broker, worker, topic):
    client = broker.client_on(worker)
    client.subscribe(topic, qos=2)
    return client


def expect_none(client, seconds):
    try:
        got = client.receive(seconds)
    except TimedOut:
        return
    raise AssertionError(f"no will expected, got {got}")


@routing
def a_will_is_retained_if_it_asks_for_it(broker, here, there):
    """[MQTT-3.1.2-16], [MQTT-3.1.2-17], [MQTT5-3.1.2-14], [MQTT5-3.1.2-15]"""
    for version in 4, 5:
        for is_retained in False, True:
            topic = unique("will/")
            with watcher(broker, here, topic) as watch:
                broker.client_on(there, version=version, will=will_of(
                    topic, retain=is_retained)).abort()
                got = watch.take()
                assert got.payload == b"gone" and not got.retain, got
                with broker.client() as late:
                    late.ping()
                    late.subscribe(topic)
                    if is_retained:
                        assert late.take().retain
                    late.expect_nothing()


@routing
def a_will_has_its_qos_and_properties(broker, here, there):
    """[MQTT-3.1.2-8], [MQTT-3.1.2-9], [MQTT5-3.1.2-7], [MQTT5-3.1.2-8]
    [MQTT5-3.1.3-10]"""
    props = {"payload_format_indicator": 1, "content_type": "text/ü",
             "response_topic": "answers", "correlation_data": b"\0\1",
             "user_property": [("b", "1"), ("a", "2"), ("b", "1")]}
    for version in 4, 5:
        for qos in 0, 1, 2:
            topic = unique("will/")
            with watcher(broker, here, topic) as watch:
                broker.client_on(there, version=version, will=will_of(
                    topic, qos=qos, props=props)).abort()
                got = watch.take()
                assert (got.qos, got.payload) == (qos, b"gone"), got
                assert got.props == (props if version == 5 else {}), got


@routing
def a_will_s_expiry_begins_when_it_is_published(broker, here, there):
    """MQTT 5.0, 3.1.3.2.4"""
    topic = unique("will/")
    with watcher(broker, here, topic) as watch:
        broker.client_on(there, **lasting(5), will=will_of(topic, props={
            "will_delay_interval": 5, "message_expiry_interval": 4})).abort()
        got = watch.take(5 + DEADLINE)
        # It may have travelled for seconds where the machine stands still.
        assert 1 <= got.props.get("message_expiry_interval") <= 4, got


@routing
def a_will_waits_for_its_delay(broker, here, there):  # [MQTT5-3.1.2-8]
    topic = unique("will/")
    with watcher(broker, here, topic) as watch:
        client = broker.client_on(there, **lasting(5), will=delayed(topic, 2))
        client.leave(False)
        since = time.monotonic()
        assert watch.take(2 + DEADLINE).payload == b"gone"
        assert time.monotonic() - since > 1.8


@routing
def a_will_is_published_when_its_session_ends_before(broker, here, there):
    """[MQTT5-3.1.2-8]: with the session's expiry, or by a Clean Start."""
    for expiry in None, 0, 1:
        topic = unique("will/")
        props = {} if expiry is None else {"session_expiry_interval": expiry}
        with watcher(broker, here, topic) as watch:
            broker.client_on(there, props=props,
                             will=delayed(topic, 3600)).abort()
            assert watch.take(1 + DEADLINE).payload == b"gone"
    topic = unique("will/")
    with watcher(broker, here, topic) as watch:
        client = broker.client_on(there, **lasting(5),
                                  will=delayed(topic, 3600))
        client.leave(False)
        watch.expect_nothing()
        with client.resume(broker, clean=True):
            assert watch.take().payload == b"gone"


@routing
def a_client_that_returns_in_time_has_no_will(broker, here, there):
    """[MQTT5-3.1.3-9], [MQTT5-3.1.2-8]: also where it takes over."""
    topic = unique("will/")
    with watcher(broker, here, topic) as watch:
        client = broker.client_on(there, **lasting(5), will=delayed(topic, 3))
        client.leave(False)
        with client.resume(broker, **lasting(5)) as again:
            expect_none(watch, 4.5)
            again.disconnect(0x04)  # and what it does not have is not sent
            expect_none(watch, 0.5)


@routing
def a_will_with_a_delay_outlives_a_takeover(broker, here, there):
    """[MQTT5-3.1.3-9]: the new connection is to the same session."""
    topic = unique("will/")
    with watcher(broker, here, topic) as watch:
        first = broker.client_on(there, **lasting(5), will=delayed(topic, 1))
        with broker.client(client_id=first.client_id, **lasting(5)):
            first.expect_end(0x8e)
            expect_none(watch, 2.2)


@routing
def a_will_is_published_once(broker, here, there):
    """[MQTT-3.1.2-10], [MQTT5-3.1.2-10], [MQTT-3.1.2-12]: the next connection
    of the session has its own or none."""
    for version in 4, 5:
        topic = unique("will/")
        with watcher(broker, here, topic) as watch:
            client = broker.client_on(there, version=version,
                                      **lasting(version),
                                      will=will_of(topic))
            client.leave(False)
            assert watch.take().payload == b"gone"
            client = client.resume(broker, **lasting(version))
            assert client.connack.session_present
            client.leave(False)
            watch.expect_nothing()
            client = client.resume(broker, **lasting(version),
                                   will=will_of(topic, b"second"))
            client.leave(False)
            assert watch.take().payload == b"second"
            watch.expect_nothing()


@routing
def disconnect_takes_the_will_back_for_good(broker, here, there):
    """[MQTT-3.14.4-3], [MQTT-3.1.2-10], [MQTT5-3.14.4-3], [MQTT5-3.1.2-10]"""
    for version in 4, 5:
        topic = unique("will/")
        more = {"session_expiry_interval": 1} if version == 5 else None
        with watcher(broker, here, topic) as watch:
            for will in will_of(topic), delayed(topic, 1):
                client = broker.client_on(there, version=version, will=will,
                                          props=more)
                client.leave()
                watch.expect_nothing()
            expect_none(watch, 2.5)


@routing
def other_reasons_of_disconnect_leave_the_will(broker, here, there):
    """[MQTT5-3.1.2-8]"""
    for reason in 0x04, 0x80, 0x82, 0x99:
        topic = unique("will/")
        with watcher(broker, here, topic) as watch:
            broker.client_on(there, will=will_of(topic)).disconnect(reason)
            assert watch.take().payload == b"gone"


@case
def a_will_s_payload_is_what_it_says(broker):  # 0x99: MQTT 5.0, 3.1.3.2.3
    for payload, reason in ((b"\xff", 0x99), ("ü".encode(), 0)):
        will = will_of("t", payload, props={"payload_format_indicator": 1})
        with broker.client(will=will, expect_reason=reason):
            pass


@routing
def an_empty_retained_will_removes(broker, here, there):
    """[MQTT-3.1.2-17], [MQTT5-3.1.2-15]"""
    topic = unique("will/")
    with watcher(broker, here, topic) as watch:
        watch.publish(topic, b"x", 1, retain=True)
        watch.take()
        broker.client_on(there, will=will_of(topic, b"",
                                             retain=True)).abort()
        assert watch.take().payload == b""
        with broker.client() as late:
            late.ping()
            late.subscribe(topic)
            late.expect_nothing()


main()
