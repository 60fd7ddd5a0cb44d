#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Subscriptions and messages that meet on different workers."""

from signet import case, codec, main, unique


@case
def sessions_spread_over_the_workers(broker):
    seen = {}
    for _ in range(60):
        with broker.client(client_id=unique("spread")) as client:
            worker = broker.worker_of(client)
            seen[worker] = seen.get(worker, 0) + 1
            client.disconnect()
    assert set(seen) == set(broker.workers()), seen
    assert min(seen.values()) >= 10, seen


@case
def a_session_has_one_home(broker):
    """Identity and client identifier decide, whichever gate let it in."""
    for i in range(5):
        homes = set()
        for _ in range(6):
            with broker.client(client_id=f"home{i}") as client:
                homes.add(broker.worker_of(client))
                client.disconnect()
        assert len(homes) == 1, homes


@case(generic=True, timeout=120)
def no_message_behind_suback_is_missed(broker):
    """Through any worker, also the one that the subscriber is not on."""
    one, other = broker.workers()[0], broker.workers()[-1]
    for version in 4, 5:
        subscriber = broker.client_on(one, version=version)
        publisher = broker.client_on(other, version=version)
        with subscriber, publisher:
            for i in range(100):
                topic = unique("interest/")
                subscriber.subscribe(topic)
                publisher.publish(topic, str(i))
                assert subscriber.take().payload == str(i).encode()
                if i % 2:
                    subscriber.unsubscribe(topic)


@case(generic=True)
def no_message_behind_unsuback_is_delivered(broker):
    """[MQTT-3.10.4-2], [MQTT5-3.10.4-2]"""
    one, other = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(one) as subscriber, \
            broker.client_on(other) as publisher:
        end = unique("end/")
        subscriber.subscribe(end)
        for i in range(50):
            topic = unique("interest/")
            subscriber.subscribe(topic)
            subscriber.unsubscribe(topic)
            publisher.publish(topic, b"late")
            publisher.publish(end, str(i))
            got = subscriber.take()
            assert (got.topic, got.payload) == (end, str(i).encode()), got


@case(generic=True)
def the_last_of_several_subscribers_keeps_the_interest(broker):
    one, other = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(other) as publisher:
        subscribers = [broker.client_on(one) for _ in range(3)]
        topic = unique("last/")
        for client in subscribers:
            client.subscribe(topic)
        while subscribers:
            publisher.publish(topic, b"x")
            for client in subscribers:
                client.take()
                client.expect_nothing()
            leaver = subscribers.pop()
            if len(subscribers) % 2:
                leaver.unsubscribe(topic)
                leaver.disconnect()
            else:
                leaver.abort()


@case(generic=True)
def one_message_reaches_subscribers_of_all_workers_once(broker):
    clients = [broker.client_on(worker) for worker in broker.workers()
               for _ in range(3)]
    topic = unique("all/")
    for client in clients:
        client.subscribe(topic)
    for sender in clients:
        sender.publish(topic, b"x", qos=1)
    for client in clients:
        for _ in clients:
            client.await_type(codec.PUBLISH)
        client.expect_nothing()
    for client in clients:
        client.abort()


@case(generic=True)
def wildcards_match_across_workers(broker):
    one, other = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(one) as subscriber, \
            broker.client_on(other) as publisher:
        root = unique("wild")
        for topic_filter, topic in ((f"{root}/+/x", f"{root}/a/x"),
                                    (f"{root}/#", f"{root}"),
                                    (f"{root}/#", f"{root}/a/b/c"),
                                    (f"+/{root}", f"x/{root}")):
            subscriber.subscribe(topic_filter)
            publisher.publish(topic, b"x")
            assert subscriber.take().topic == topic
            subscriber.expect_nothing()
            subscriber.unsubscribe(topic_filter)


@case(generic=True)
def no_local_holds_across_workers(broker):  # [MQTT5-3.8.3-3]
    one, other = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(one) as client, broker.client_on(other) as second:
        topic = unique("local/")
        client.subscribe(topic, options=0x04)
        second.subscribe(topic, options=0x04)
        client.publish(topic, b"1")
        second.publish(topic, b"2")
        assert client.take().payload == b"2"
        assert second.take().payload == b"1"
        client.expect_nothing()
        second.expect_nothing()


@case(processes={"workers": 1, "gates": 1})
def one_worker_is_enough(broker):
    with broker.client() as client:
        assert client.subscribe("t") == [0]
        client.publish("t", b"x")
        assert client.take().payload == b"x"


@case(processes={"workers": 5, "gates": 3})
def more_workers_than_cores_know_each_other(broker):
    clients = [broker.client_on(worker) for worker in broker.workers()]
    assert len(clients) == 5
    for subscriber in clients:
        topic = unique("mesh/")
        subscriber.subscribe(topic)
        for sender in clients:
            sender.publish(topic, b"x")
            assert subscriber.take().topic == topic
    for client in clients:
        client.disconnect()


main()
