#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How a connection ends: keep alive, takeover, DISCONNECT and the will."""

import time

from signet import (DEADLINE, TimedOut, case, codec, main, routing, unique)

WILL_TOPIC = "wills/{}"


def watcher(broker, worker, topic):
    client = broker.client_on(worker)
    client.subscribe(topic, qos=1)
    return client


def with_will(broker, worker, topic, version=5, qos=0, **options):
    return broker.client_on(worker, version=version, will={
        "topic": topic, "payload": b"gone", "qos": qos}, **options)


@case
def a_silent_client_is_ended_after_one_and_a_half_keep_alive(broker):
    """[MQTT-3.1.2-24], [MQTT5-3.1.2-22], [MQTT5-3.2.2-22]"""
    with broker.client(keep_alive=1) as new, \
            broker.client(version=4, keep_alive=1) as old:
        started = time.monotonic()
        assert new.expect_end(0x8d) == "close_notify"
        assert old.expect_end() == "close_notify"
        seconds = time.monotonic() - started
        assert 1.3 < seconds < DEADLINE, seconds


@case(generic=True)
def packets_keep_a_client_alive(broker):  # [MQTT5-3.1.2-20]
    # So long that a machine that stands still for seconds ends nobody.
    with broker.client(keep_alive=4) as client:
        until = time.monotonic() + 8
        while time.monotonic() < until:
            try:
                client.receive(1.5)  # nothing comes; this is the pause
            except TimedOut:
                pass
            client.ping()


@case(generic=True)
def keep_alive_zero_turns_it_off(broker):  # MQTT 5.0, 3.1.2.10
    with broker.client(keep_alive=0) as client:
        client.ping()
        client.disconnect()


@case
def a_second_client_takes_a_session_over(broker):
    """[MQTT-3.1.4-2], [MQTT5-3.1.4-3]"""
    for version in 4, 5:
        client_id = unique("same")
        with broker.client(client_id=client_id, version=version) as first:
            with broker.client(client_id=client_id) as second:
                first.expect_end(0x8e)
                second.ping()


@case(timeout=90)
def takeovers_in_a_row_leave_the_last(broker):
    client_id = unique("row")
    clients = [broker.client(client_id=client_id) for _ in range(30)]
    for client in clients[:-1]:
        client.expect_end(0x8e)
    clients[-1].ping()
    clients[-1].disconnect()


@case
def another_identity_cannot_take_a_session_over(broker):
    client_id = unique("mine")
    with broker.client(client_id=client_id) as mine, \
            broker.client(client_id=client_id,
                          certificate="client-2") as other:
        mine.ping()
        other.ping()


@routing(generic=True)
def a_will_is_published_when_the_connection_breaks(broker, here, there):
    """[MQTT-3.1.2-8], [MQTT5-3.1.2-8]"""
    for version in 4, 5:
        for qos in 0, 1:
            topic = WILL_TOPIC.format(unique())
            with watcher(broker, here, topic) as watch:
                client = with_will(broker, there, topic, version, qos)
                client.abort()
                got = watch.take()
                assert (got.topic, got.payload, got.qos) == (topic, b"gone",
                                                             qos)


@routing(generic=True)
def a_will_is_published_when_close_notify_comes_without_disconnect(
        broker, here, there):
    topic = WILL_TOPIC.format(unique())
    with watcher(broker, here, topic) as watch:
        client = with_will(broker, there, topic)
        client.stream.close()
        assert watch.take().payload == b"gone"


@routing(generic=True)
def a_will_is_published_on_a_protocol_error(broker, here, there):
    topic = WILL_TOPIC.format(unique())
    with watcher(broker, here, topic) as watch:
        client = with_will(broker, there, topic)
        client.send(b"\xf1\x00")
        assert watch.take().payload == b"gone"
        client.abort()


@routing(generic=True)
def a_will_is_published_on_keep_alive_timeout(broker, here, there):
    topic = WILL_TOPIC.format(unique())
    with watcher(broker, here, topic) as watch, \
            with_will(broker, there, topic, keep_alive=1):
        assert watch.take(DEADLINE).payload == b"gone"


@routing(generic=True)
def a_will_is_published_on_takeover(broker, here, there):  # MQTT 5.0, 3.1.4
    topic = WILL_TOPIC.format(unique())
    with watcher(broker, here, topic) as watch, \
            with_will(broker, there, topic) as first, \
            broker.client(client_id=first.client_id):
        assert watch.take().payload == b"gone"


@routing(generic=True)
def disconnect_deletes_the_will(broker, here, there):
    """[MQTT-3.14.4-3], [MQTT5-3.14.4-3]"""
    for version in 4, 5:
        topic = WILL_TOPIC.format(unique())
        with watcher(broker, here, topic) as watch:
            with with_will(broker, there, topic, version) as client:
                client.send(codec.disconnect(0, version))
                client.expect_closed()
            watch.publish(topic, b"sentinel")
            assert watch.take().payload == b"sentinel"


@routing(generic=True)
def disconnect_with_will_publishes_it(broker, here, there):
    """MQTT 5.0, 3.14.2.1"""
    topic = WILL_TOPIC.format(unique())
    with watcher(broker, here, topic) as watch:
        with_will(broker, there, topic).disconnect(0x04)
        assert watch.take().payload == b"gone"


@routing(generic=True)
def a_will_keeps_its_properties(broker, here, there):  # MQTT 5.0, 3.1.3.2
    topic = WILL_TOPIC.format(unique())
    props = {"payload_format_indicator": 1, "content_type": "text/plain",
             "response_topic": "answers", "correlation_data": b"\0\1",
             "user_property": [("a", "1"), ("a", "2")]}
    with watcher(broker, here, topic) as watch:
        broker.client_on(there, will={"topic": topic, "payload": b"x",
                                      "props": props}).abort()
        got = watch.take()
        assert {k: got.props.get(k) for k in props} == props, got


@case
def a_will_reaches_subscribers_on_every_worker(broker):
    for worker in broker.workers():
        topic = WILL_TOPIC.format(unique())
        with broker.client_on(worker) as watch:
            watch.subscribe(topic)
            for home in broker.workers():
                broker.client_on(home, will={"topic": topic,
                                             "payload": b"gone"}).abort()
                assert watch.take().payload == b"gone"


@case
def a_will_that_no_right_covers_is_refused(broker):
    will = {"topic": "not/mine", "payload": b"x"}
    with broker.client(certificate="client-rsa", will=will,
                       expect_reason=0x87) as client:
        client.expect_closed()
    with broker.client(certificate="client-rsa", version=4, will=will,
                       expect_reason=5) as client:
        client.expect_closed()


@case(generic=True)
def after_disconnect_the_server_closes(broker):  # [MQTT-3.14.4-1]
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.send(codec.disconnect(0, version) + codec.PING)
            how = client.expect_closed()
            assert not broker.is_signet or how == "close_notify", how


@case
def a_client_that_closes_gets_close_notify(broker):  # RFC 8446 s6.1
    with broker.client() as client:
        client.send(codec.disconnect())
        assert client.expect_closed() == "close_notify"


main()
