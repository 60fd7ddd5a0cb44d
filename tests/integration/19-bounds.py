#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each bound of what a client can make the daemon keep, and what happens
beyond it."""

from signet import (DEADLINE, Closed, TimedOut, case, codec, lasting, main,
                    processes, routing, unique)

MEGABYTE = 1 << 20
QUOTA_EXCEEDED = 0x97
RECEIVE_MAXIMUM_EXCEEDED = 0x93


def resident(broker):
    return sum(processes.memory(pid)
               for pid in broker.role_pids("worker").values())


def flood(client, topic, count, size=0, qos=1):
    """Publish numbered messages, each acknowledged."""
    for i in range(count):
        client.publish(topic, b"%d " % i + b"." * size, qos)


def answer(client, got):
    """Go on with what a message at QoS above 0 begins."""
    if got.type == codec.PUBREL:
        client.send(codec.ack(codec.PUBCOMP, got.packet_id))
    else:
        client.send(codec.ack(codec.PUBACK if got.qos == 1 else codec.PUBREC,
                              got.packet_id))


def take_all(client):
    """The numbers of the messages that wait, all acknowledged. They are read
    from the disk, so that PINGRESP may come before them."""
    numbers = []
    while True:
        try:
            got = client.receive(DEADLINE / 4)
        except TimedOut:
            break
        if got.type == codec.PUBLISH:
            numbers.append(int(got.payload.split(b" ")[0]))
        answer(client, got)
    return numbers


def check_drops(broker, mark, client_id, count):
    """That there are drops is a warning at once, how many at the close."""
    line = broker.await_log(mark, event="dropping", client_id=client_id)
    assert line.level == "warning", line.text
    assert len(broker.log.find(mark, event="dropping",
                               client_id=client_id)) == 1
    closed = broker.await_log(mark, event="closed", client_id=client_id,
                              dropped=count)
    assert closed, count


def check_offline(broker, receiver, sender, count, size, kept):
    """Leave the receiver, flood it, and see what it finds on return."""
    for version, qos in (4, 1), (5, 2):
        topic = unique("offline/")
        client = broker.client_on(receiver, version=version,
                                  **lasting(version))
        client.subscribe(topic, qos=qos)
        client.disconnect()
        broker.await_log(event="closed", client_id=client.client_id,
                         reason="disconnected", dropped=0)
        mark = broker.log.mark()
        with broker.client_on(sender) as source:
            flood(source, topic, count, size, qos)
        with client.resume(broker, **lasting(version)) as back:
            assert back.connack.session_present
            numbers = take_all(back)
            assert numbers == list(range(len(numbers))), numbers
            assert kept(len(numbers)), len(numbers)
            back.disconnect()
        check_drops(broker, mark, client.client_id, count - len(numbers))


@routing(sessions={"max_queued_messages": 100})
def the_newest_beyond_so_many_messages_are_dropped(broker, receiver, sender):
    check_offline(broker, receiver, sender, 150, 0, lambda n: n == 100)


@routing(sessions={"max_queued_bytes": 65536})
def the_newest_beyond_so_many_bytes_are_dropped(broker, receiver, sender):
    check_offline(broker, receiver, sender, 100, 1000,
                  lambda n: 65536 - 1100 < n * 1013 < 65536)


@routing(sessions={"max_queued_bytes": 65536})
def a_slow_session_keeps_its_window_and_a_bounded_queue(broker, receiver,
                                                        sender):
    topic = unique("slow/")
    mark = broker.log.mark()
    client = broker.client_on(receiver, props={"receive_maximum": 5})
    client.subscribe(topic, qos=1)
    with broker.client_on(sender) as source:
        flood(source, topic, 100, 1000)
    numbers = take_all(client)
    assert numbers == list(range(len(numbers))), numbers
    assert 65536 - 1100 < (len(numbers) - 5) * 1013 < 65536, len(numbers)
    client.disconnect()
    check_drops(broker, mark, client.client_id, 100 - len(numbers))


@case(sessions={"max_queued_bytes": 262144}, timeout=90)
def memory_of_sessions_that_are_away_is_bounded(broker):
    count = 10
    topic = unique("away/")
    for i in range(count):
        client = broker.client(**lasting(5))
        client.subscribe(f"{topic}/{i}", qos=1)
        client.disconnect()
    before = resident(broker)
    with broker.client() as source:
        for i in range(count):
            flood(source, f"{topic}/{i}", 200, 20000)
    grown = resident(broker) - before
    if not processes.is_sanitized(broker.pid):
        assert grown < count * 262144 * 2 + 8 * MEGABYTE, grown


@routing(sessions={"max_queued_messages": 10})
def one_session_s_full_queue_is_no_other_s(broker, here, there):
    topic = unique("full/")
    away = broker.client_on(here, **lasting(5))
    away.subscribe(topic, qos=1)
    away.disconnect()
    with broker.client_on(here) as reader, \
            broker.client_on(there) as source:
        reader.subscribe(topic, qos=1)
        for i in range(50):
            assert source.publish(topic, b"%d" % i, 1) == 0
            assert reader.take().payload == b"%d" % i


# Retained messages

def retain(client, topic, payload=b"x", qos=1):
    return client.publish(topic, payload, qos, retain=True)


@case(limits={"retained_messages": 4})
def retained_messages_are_bounded_in_number(broker):
    with broker.client() as client:
        answers = [retain(client, f"kept/{i}", qos=1 + i % 2)
                   for i in range(40)]
        refused = [i for i, code in enumerate(answers)
                   if code == QUOTA_EXCEEDED]
        kept = [i for i in range(40) if i not in refused]
        # A worker keeps its part of them, rounded up.
        assert 4 <= len(kept) <= 6, answers
        broker.await_log(event="not-retained", reason="too-many-retained",
                         level="warning")
        # What is kept can still be replaced and removed.
        for i in kept:
            assert retain(client, f"kept/{i}", b"new") in (0, 0x10)
        for i in kept:
            assert retain(client, f"kept/{i}", b"") in (0, 0x10)
        assert retain(client, f"kept/{refused[0]}") in (0, 0x10)
        with broker.client() as other:
            other.subscribe("kept/#")
            assert other.take().topic == f"kept/{refused[0]}"
            other.expect_nothing()


@routing(limits={"retained_messages": 2})
def one_that_cannot_be_kept_is_delivered_all_the_same(broker, here, there):
    with broker.client_on(there) as client, broker.client_on(here) as other:
        other.subscribe("kept/#")
        for i in range(10):
            retain(client, f"kept/{i}", b"%d" % i)
            assert other.take().payload == b"%d" % i


@case(limits={"retained_messages": 1})
def version_3_1_1_has_no_word_for_it_and_is_ended(broker):
    with broker.client(version=4) as client:
        try:
            for i in range(10):
                retain(client, f"kept/{i}")
        except Closed:
            return
        raise AssertionError("acknowledged, but not kept")


@case(limits={"retained_bytes": MEGABYTE}, timeout=90)
def retained_messages_are_bounded_in_bytes(broker):
    size = 100000
    with broker.client() as client:
        answers = [retain(client, f"kept/{i}", b"x" * size)
                   for i in range(30)]
        kept = [i for i, code in enumerate(answers) if code != QUOTA_EXCEEDED]
        assert len(kept) * size <= MEGABYTE, answers
        assert len(kept) >= 8, answers
        assert retain(client, f"kept/{kept[0]}", b"small") in (0, 0x10)


@case(limits={"retained_bytes": MEGABYTE}, timeout=90)
def a_retained_message_does_not_grow_beyond_the_bytes(broker):
    size, count = 100000, 30
    with broker.client() as client:
        for i in range(count):
            assert retain(client, f"kept/{i}", b"x") in (0, 0x10)
        answers = [retain(client, f"kept/{i}", b"y" * size)
                   for i in range(count)]
        grown = [i for i, code in enumerate(answers)
                 if code != QUOTA_EXCEEDED]
        assert len(grown) * size <= MEGABYTE, answers
        with broker.client() as other:
            other.subscribe("kept/#")
            got = {}
            for _ in range(count):
                message = other.take()
                got[message.topic] = len(message.payload)
        # Where the new one was refused, the old one is what there is.
        assert got == {f"kept/{i}": size if i in grown else 1
                       for i in range(count)}, got


# What a client may have under way to us

@case(sessions={"receive_maximum": 5})
def receive_maximum_is_kept_to(broker):  # [MQTT5-3.3.4-9]
    with broker.client() as client:
        assert client.connack.props["receive_maximum"] == 5
        for i in range(1, 6):
            client.send(codec.publish("t", b"x", 2, i))
            assert client.expect(codec.PUBREC).packet_id == i
        # The same again is none more; one that is done makes room.
        client.send(codec.publish("t", b"x", 2, 3, dup=True))
        client.expect(codec.PUBREC)
        assert client.release(1) == 0
        client.send(codec.publish("t", b"x", 2, 6))
        client.expect(codec.PUBREC)
        client.send(codec.publish("t", b"x", 2, 7))
        client.expect_end(RECEIVE_MAXIMUM_EXCEEDED)


@case(sessions={"receive_maximum": 5})
def messages_at_qos_1_count_for_receive_maximum(broker):
    with broker.client() as client:
        for i in range(1, 6):
            client.send(codec.publish("t", b"x", 2, i))
            client.expect(codec.PUBREC)
        client.send(codec.publish("t", b"x", 1, 6))
        client.expect_end(RECEIVE_MAXIMUM_EXCEEDED)


main()
