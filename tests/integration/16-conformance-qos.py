#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The flows at QoS 0, 1 and 2, both ways, in each legal order (4.3 to 4.6)."""

from signet import TimedOut, case, codec, lasting, main, routing, unique

PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = (
    codec.PUBLISH, codec.PUBACK, codec.PUBREC, codec.PUBREL, codec.PUBCOMP)


def ends(broker, here, there, version, **options):
    """(receiver, sender)"""
    return (broker.client_on(here, version=version, **options),
            broker.client_on(there, version=version))


def expect_ack(client, type_, packet_id, reason=0):
    got = client.await_type(type_)
    assert got.packet_id == packet_id, got
    if client.version == 5:
        assert got.reason in (reason, reason or 0x10), (got, reason)


@case
def each_qos_is_answered_as_it_asks(broker):
    """[MQTT-2.3.1-6], [MQTT-3.3.4-1], [MQTT-4.3.2-2], [MQTT-4.3.3-2]
    [MQTT5-2.2.1-5], [MQTT5-3.3.4-1], [MQTT5-4.3.2-4], [MQTT5-4.3.3-8]
    [MQTT5-4.3.3-11], [MQTT5-3.4.2-1], [MQTT5-3.5.2-1], [MQTT5-3.7.2-1]"""
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.send(codec.publish("t", b"x", version=version))
            client.expect_nothing()
            for packet_id in 1, 2, 255, 256, 65535:
                client.send(codec.publish("t", b"x", 1, packet_id, version))
                expect_ack(client, PUBACK, packet_id)
                client.send(codec.publish("t", b"x", 2, packet_id, version))
                expect_ack(client, PUBREC, packet_id)
                assert client.release(packet_id) == 0
                client.expect_nothing()


@routing
def a_second_publish_at_qos_1_is_a_new_message(broker, here, there):
    """[MQTT-4.3.2-2], [MQTT5-4.3.2-5]: after PUBACK, whatever DUP says."""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            topic = unique("dup/")
            receiver.subscribe(topic, qos=1)
            for dup in False, True, False:
                sender.send(codec.publish(topic, b"x", 1, 77, version,
                                          dup=dup))
                expect_ack(sender, PUBACK, 77)
                assert not receiver.take().dup
            receiver.expect_nothing()


# What a sender does with packet identifiers 1 and 2 (P: PUBLISH, D: with DUP,
# R: PUBREL), and how many messages that is.
ORDERS = (
    ("P1 R1", 1), ("P1 D1 R1", 1), ("P1 P1 R1", 1), ("P1 D1 D1 R1", 1),
    ("P1 R1 R1", 1), ("P1 R1 P1 R1", 2), ("P1 R1 D1 R1", 2), ("R1", 0),
    ("P1 P2 R1 R2", 2), ("P1 P2 R2 R1", 2), ("P1 P2 D1 R2 D1 R1", 2),
    ("P1 D1 R1 R1 P1 D1 R1", 2),
)


@routing
def qos_2_is_exactly_once_in_each_order(broker, here, there):
    """[MQTT-4.3.3-2], [MQTT5-4.3.3-8], [MQTT5-4.3.3-10], [MQTT5-4.3.3-11]
    [MQTT5-4.3.3-12]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            for order, count in ORDERS:
                topic, open_ids = unique("once/"), set()
                receiver.subscribe(topic, qos=2)
                for step in order.split():
                    kind, packet_id = step[0], int(step[1])
                    if kind == "R":
                        reason = sender.release(packet_id)
                        known = packet_id in open_ids or version == 4
                        assert reason == (0 if known else 0x92), (order, step)
                        open_ids.discard(packet_id)
                        continue
                    sender.send(codec.publish(topic, step, 2, packet_id,
                                              version, dup=kind == "D"))
                    expect_ack(sender, PUBREC, packet_id)
                    open_ids.add(packet_id)
                for _ in range(count):
                    assert receiver.take().qos == 2, order
                receiver.expect_nothing()
                receiver.unsubscribe(topic)


@routing
def qos_2_is_exactly_once_over_a_resumption(broker, here, there):
    """[MQTT-4.3.3-2], [MQTT-4.1.0-1], [MQTT5-4.3.3-10], [MQTT5-4.1.0-1]"""
    for version in 4, 5:
        for order, count in (("P|DR", 1), ("P|R", 1), ("P|D|DR", 1),
                             ("PR|D R", 2), ("PD|DR|R", 1)):
            topic = unique("resumed/")
            receiver = broker.client_on(here, version=version)
            sender = broker.client_on(there, version=version,
                                      **lasting(version))
            receiver.subscribe(topic, qos=2)
            for step in order.replace(" ", ""):
                if step == "|":
                    sender = sender.resume(broker, **lasting(version))
                    assert sender.connack.session_present
                elif step == "R":
                    sender.release(9)
                else:
                    sender.send(codec.publish(topic, b"x", 2, 9, version,
                                              dup=step == "D"))
                    expect_ack(sender, PUBREC, 9)
            for _ in range(count):
                receiver.take()
            receiver.expect_nothing()
            receiver.abort()
            sender.abort()


@routing
def a_refused_publish_leaves_its_identifier_free(broker, here, there):
    """[MQTT5-4.3.3-9], [MQTT5-3.5.2-1]"""
    topic = "devices/device-rsa/" + unique()
    with broker.client_on(here) as watch, \
            broker.client_on(there, certificate="client-rsa") as client:
        watch.subscribe(topic, qos=2)
        client.send(codec.publish("not/mine", b"x", 2, 5))
        expect_ack(client, PUBREC, 5, 0x87)
        for _ in range(2):
            client.send(codec.publish(topic, b"x", 2, 5))
            expect_ack(client, PUBREC, 5)
            assert client.release(5) == 0
            watch.take()
        watch.expect_nothing()


@routing(limits={"retained_messages": 1})
def one_that_cannot_be_kept_leaves_its_identifier_free(broker, here, there):
    """[MQTT5-4.3.3-9]: also where that is known after it was routed."""
    topic = unique("free/")
    with broker.client_on(here) as watch, broker.client_on(there) as client:
        for i in range(20):
            client.send(codec.publish(f"kept/{i}", b"x", 2, i + 1,
                                      retain=True))
        refused = [i + 1 for i in range(20)
                   if client.expect(PUBREC).reason == 0x97]
        assert len(refused) >= 12, refused
        watch.subscribe(topic, qos=2)
        for packet_id in refused:
            client.send(codec.publish(topic, b"%d" % packet_id, 2, packet_id))
            expect_ack(client, PUBREC, packet_id)
            assert client.release(packet_id) == 0
            assert watch.take().payload == b"%d" % packet_id


@case
def the_exchange_goes_on_when_the_message_has_expired(broker):
    """[MQTT5-4.3.3-13]"""
    with broker.client() as client:
        props = {"message_expiry_interval": 1}
        client.send(codec.publish("t", b"x", 2, 5, props=props))
        expect_ack(client, PUBREC, 5)
        wait(client, 1.6)
        client.send(codec.publish("t", b"x", 2, 5, props=props, dup=True))
        expect_ack(client, PUBREC, 5)
        assert client.release(5) == 0


def wait(client, seconds):
    try:
        got = client.receive(seconds)
    except TimedOut:
        return
    raise AssertionError(f"nothing expected, got {got}")


@routing
def dup_is_of_the_exchange_and_not_of_the_message(broker, here, there):
    """[MQTT-3.3.1-2], [MQTT-3.3.1-3], [MQTT-4.3.1-1], [MQTT-4.3.2-1]
    [MQTT-4.3.3-1], [MQTT5-3.3.1-2], [MQTT5-3.3.1-3], [MQTT5-4.3.1-1]
    [MQTT5-4.3.2-2], [MQTT5-4.3.3-2], [MQTT-2.3.1-5], [MQTT5-2.2.1-2]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            for granted in 0, 1, 2:
                topic = unique("own/")
                receiver.subscribe(topic, qos=granted)
                for qos in 1, 2:
                    sender.send(codec.publish(topic, b"x", qos, 3, version,
                                              dup=True))
                    expect_ack(sender, PUBACK if qos == 1 else PUBREC, 3)
                    if qos == 2:
                        sender.release(3)
                    got = receiver.take()
                    assert got.qos == min(qos, granted), got
                    assert not got.dup, got


@routing
def messages_come_at_the_lesser_qos(broker, here, there):
    """[MQTT-3.8.4-6], [MQTT5-3.8.4-8]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version)
        with receiver, sender:
            for granted in 0, 1, 2:
                topic = unique("lesser/")
                assert receiver.subscribe(topic, qos=granted) == [granted]
                for qos in 0, 1, 2:
                    sender.publish(topic, b"x", qos)
                    assert receiver.take().qos == min(qos, granted)


@routing
def what_is_unacknowledged_at_qos_1_is_sent_again(broker, here, there):
    """Only after a resumption, with its identifier, in its order, with DUP:
    [MQTT-2.3.1-4], [MQTT-3.3.1-1], [MQTT-4.3.2-1], [MQTT-4.4.0-1]
    [MQTT-4.6.0-1], [MQTT5-3.3.1-1], [MQTT5-4.3.2-3], [MQTT5-4.4.0-1]"""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version,
                                **lasting(version))
        with sender:
            topic = unique("again/")
            receiver.subscribe(topic, qos=1)
            for i in range(6):
                sender.publish(topic, str(i), 1)
            sent = [receiver.expect(PUBLISH) for _ in range(6)]
            for i in 0, 3:
                receiver.send(codec.ack(PUBACK, sent[i].packet_id))
            receiver.ping()
            wait(receiver, 0.5)
            left = [sent[i] for i in (1, 2, 4, 5)]
            for _ in range(2):
                receiver = receiver.resume(broker, **lasting(version))
                for one in left:
                    got = receiver.expect(PUBLISH)
                    assert got.dup and got.qos == 1, got
                    assert got.packet_id == one.packet_id, (got, one)
                    assert got.payload == one.payload, (got, one)
                receiver.expect_nothing()
            for one in left:
                receiver.send(codec.ack(PUBACK, one.packet_id))
            receiver.ping()
            with receiver.resume(broker) as last:
                last.expect_nothing()


# What a receiver does with a message at QoS 2 before it returns, and what it
# is sent then.
LOST_AFTER = (
    ("", PUBLISH), ("rec", PUBREL), ("rec rec", PUBREL),
    ("rec comp", None), ("refuse", None),
)


@routing
def qos_2_goes_on_from_where_it_was(broker, here, there):
    """[MQTT-4.3.3-1], [MQTT-4.4.0-1], [MQTT-3.3.1-1], [MQTT5-4.3.3-3]
    [MQTT5-4.3.3-4], [MQTT5-4.3.3-5], [MQTT5-4.3.3-6], [MQTT5-4.4.0-1]
    [MQTT5-4.4.0-2], [MQTT5-3.3.1-1], [MQTT5-3.6.2-1]"""
    for version in 4, 5:
        for steps, wanted in LOST_AFTER:
            if version == 4 and steps == "refuse":
                continue
            receiver, sender = ends(broker, here, there, version,
                                    **lasting(version))
            topic = unique("go/")
            receiver.subscribe(topic, qos=2)
            sender.publish(topic, b"x", 2)
            packet_id = receiver.expect(PUBLISH).packet_id
            for step in steps.split():
                if step == "comp":
                    receiver.send(codec.ack(PUBCOMP, packet_id, 0, version))
                    continue
                reason = 0x80 if step == "refuse" else 0
                receiver.send(codec.ack(PUBREC, packet_id, reason, version))
                if step == "rec":
                    expect_ack(receiver, PUBREL, packet_id)
            receiver.expect_nothing()
            for _ in range(2):
                receiver = receiver.resume(broker, **lasting(version))
                if wanted is not None:
                    got = receiver.expect(wanted)
                    assert got.packet_id == packet_id, got
                    assert wanted != PUBLISH or got.dup, got
                receiver.expect_nothing()
            if wanted == PUBLISH:
                receiver.send(codec.ack(PUBREC, packet_id, 0, version))
                expect_ack(receiver, PUBREL, packet_id)
            if wanted is not None:
                receiver.send(codec.ack(PUBCOMP, packet_id, 0, version))
            receiver.ping()
            sender.abort()
            with receiver.resume(broker) as last:
                last.expect_nothing()


@routing
def a_refused_message_is_done_with(broker, here, there):
    """[MQTT5-4.4.0-2], [MQTT5-4.3.3-4]: and no PUBREL follows."""
    topic = unique("no/")
    with broker.client_on(there) as sender:
        receiver = broker.client_on(here, **lasting(5, receive_maximum=1))
        receiver.subscribe(topic, qos=2)
        for qos, type_ in ((1, PUBACK), (2, PUBREC), (1, PUBACK)):
            sender.publish(topic, b"x", qos)
        for type_ in PUBACK, PUBREC, PUBACK:
            got = receiver.expect(PUBLISH)
            receiver.send(codec.ack(type_, got.packet_id, 0x97))
        receiver.expect_nothing()
        with receiver.resume(broker) as last:
            last.expect_nothing()


@case
def answers_to_nothing_end_nothing(broker):
    """0x92 in PUBREL and PUBCOMP: [MQTT5-3.6.2-1], [MQTT5-3.7.2-1]"""
    for version in 4, 5:
        with broker.client(version=version) as client:
            client.send(codec.ack(PUBACK, 7, 0, version)
                        + codec.ack(PUBCOMP, 7, 0, version))
            client.send(codec.ack(PUBREC, 7, 0, version))
            got = client.expect(PUBREL)
            assert got.packet_id == 7
            assert got.reason == (0x92 if version == 5 else 0)
            assert client.release(7) == (0x92 if version == 5 else 0)


@routing
def a_message_that_was_sent_does_not_expire(broker, here, there):
    """[MQTT5-4.3.3-7]"""
    topic = unique("sent/")
    with broker.client_on(there) as sender:
        receiver = broker.client_on(here, **lasting(5))
        receiver.subscribe(topic, qos=2)
        sender.publish(topic, b"x", 2, props={"message_expiry_interval": 1})
        packet_id = receiver.expect(PUBLISH).packet_id
        receiver.abort()
        wait(sender, 2)
        with receiver.resume(broker) as again:
            got = again.take()
            assert (got.packet_id, got.dup) == (packet_id, True), got
            assert got.props["message_expiry_interval"] == 0, got


@case
def the_server_acknowledges_in_order(broker):
    """[MQTT-4.6.0-2], [MQTT-4.6.0-3], [MQTT-4.6.0-4]: the rules that
    [MQTT-4.6.0-6] lays on a server. Retained messages wait for others."""
    for version in 4, 5:
        with broker.client(version=version) as client:
            count = 60
            client.send(b"".join(
                codec.publish(unique("ack/"), b"x", 1 + i % 2, i + 1, version,
                              retain=i % 3 == 0) for i in range(count)))
            for i in range(count):
                got = client.expect(PUBREC if i % 2 else PUBACK)
                assert got.packet_id == i + 1, (got, i)


@routing
def pubrel_comes_in_the_order_of_pubrec(broker, here, there):  # [MQTT-4.6.0-4]
    topic = unique("rel/")
    with broker.client_on(there) as sender, broker.client_on(here) as receiver:
        receiver.subscribe(topic, qos=2)
        for i in range(5):
            sender.publish(topic, str(i), 2)
        ids = [receiver.expect(PUBLISH).packet_id for _ in range(5)]
        order = [ids[i] for i in (3, 0, 4, 1, 2)]
        for packet_id in order:
            receiver.send(codec.ack(PUBREC, packet_id))
        assert [receiver.expect(PUBREL).packet_id for _ in ids] == order
        for packet_id in reversed(order):
            receiver.send(codec.ack(PUBCOMP, packet_id))
        receiver.expect_nothing()


@routing
def order_is_kept_for_each_qos(broker, here, there):
    """[MQTT-4.6.0-5], [MQTT-4.6.0-6], [MQTT5-4.6.0-5], [MQTT5-4.6.0-6]:
    while connected, from the queue, and of what is sent again."""
    for version in 4, 5:
        receiver, sender = ends(broker, here, there, version,
                                **lasting(version))
        with sender:
            topic = unique("order/")
            receiver.subscribe(topic, qos=2)
            for i in range(10):
                sender.publish(topic, str(i), 1 + i % 2)
            for i in range(10):
                receiver.expect(PUBLISH)
            receiver.leave(False)
            for i in range(10, 30):
                sender.publish(topic, str(i), 1 + i % 2)
            with receiver.resume(broker) as again:
                for i in range(30, 40):
                    sender.publish(topic, str(i), 1 + i % 2)
                got = [again.take() for _ in range(40)]
                assert [int(g.payload) for g in got] == list(range(40)), got
                assert [g.dup for g in got] == [True] * 10 + [False] * 30


@case(timeout=120)
def an_identifier_in_use_is_not_given_again(broker):
    """Nor 0, through all that there are: [MQTT-2.3.1-1], [MQTT-2.3.1-4]
    [MQTT-4.3.2-1], [MQTT-4.3.3-1], [MQTT5-2.2.1-4], [MQTT5-4.3.2-1]
    [MQTT5-4.3.3-1]"""
    topic, burst = unique("ids/"), 90
    here, there = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(there) as sender, \
            broker.client_on(here) as receiver:
        receiver.subscribe(topic, qos=2)
        sender.publish(topic, b"kept", 1)
        sender.publish(topic, b"kept", 2)
        kept = {receiver.expect(PUBLISH).packet_id for _ in range(2)}
        seen = 0
        while seen < 65600:
            sender.send(b"".join(codec.publish(topic, b"", 1, i + 1)
                                 for i in range(burst)))
            answer = []
            for _ in range(burst):
                got = receiver.expect(PUBLISH)
                assert got.packet_id not in kept | {0}, got
                answer.append(codec.ack(PUBACK, got.packet_id))
            receiver.send(b"".join(answer))
            for _ in range(burst):
                sender.expect(PUBACK)
            seen += burst


main()
