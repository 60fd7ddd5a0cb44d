#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each malformed packet ends in the reason that MQTT 5.0 names; in 3.1.1
the connection closes."""

import random

from signet import (Client, Closed, Skipped, case, codec, features, main,
                    unique, vectors)

# A client's packets besides CONNECT.
FROM_CLIENTS = {codec.PUBLISH, codec.PUBACK, codec.PUBREC, codec.PUBREL,
                codec.PUBCOMP, codec.SUBSCRIBE, codec.UNSUBSCRIBE,
                codec.PINGREQ, codec.DISCONNECT}
OF_QOS_2 = {codec.PUBREC, codec.PUBREL, codec.PUBCOMP}
# A packet with two faults may be refused for either of them.
NEARLY = {0x8f: {0x81, 0x8f}, 0x90: {0x81, 0x90}, 0x82: {0x82, 0x81}}


def bad_vectors(is_connect):
    found = [v for v in vectors.load() if v.answer in vectors.REASONS
             and (v.data[0] >> 4 == codec.CONNECT) == is_connect
             and (is_connect or v.data[0] >> 4 in FROM_CLIENTS | {0})]
    if not found:
        raise Skipped("there are no vectors")
    return found


def end_after(client, data):
    """(reason of DISCONNECT or None, how the connection closed)."""
    client.send(data)
    reason = None
    while True:
        try:
            got = client.receive()
        except Closed as closed:
            return reason, closed.how
        if got.type == codec.DISCONNECT:
            reason = got.reason


@case(timeout=120)
def malformed_packets_end_in_their_reason(broker):
    """[MQTT-4.7.3-2], [MQTT-4.8.0-1], [MQTT5-1.5.4-1], [MQTT5-1.5.4-2]
    [MQTT5-4.7.3-2], [MQTT5-4.13.1-1]"""
    faults = []
    for vector in bad_vectors(is_connect=False):
        with Client(broker, version=vector.version) as client:
            try:
                reason, how = end_after(client, vector.data)
            except Exception as error:
                faults.append(f"{vector.name} {vector.version}: {error}")
                continue
        wanted = vectors.REASONS[vector.answer]
        allowed = NEARLY.get(wanted, {wanted})
        if (features.MAXIMUM_QOS < 2
                and vector.data[0] >> 4 in OF_QOS_2):
            allowed = {0x81, 0x82}  # no such packet is expected at all
        if vector.version == 4:
            allowed = {None}
        if reason not in allowed or how != "close_notify":
            got = f"{reason:#x}" if reason is not None else "no reason"
            faults.append(f"{vector.name} {vector.version}: "
                          f"{vector.answer} expected, got {got}, {how}")
    assert not faults, "\n".join(faults)


@case(timeout=120)
def malformed_connects_end_in_their_reason(broker):
    """[MQTT-3.1.4-1], [MQTT-3.2.2-6], [MQTT5-3.1.4-1]"""
    faults = []
    for vector in bad_vectors(is_connect=True):
        with Client(broker, is_connected=False) as client:
            client.send(vector.data)
            data = b""
            try:
                while True:
                    data += client.stream.receive()
            except Closed as closed:
                how = closed.how
            except Exception as error:
                how = str(error)
        wanted = vectors.REASONS[vector.answer]
        allowed = {bytes([0x20, 3, 0, wanted, 0])}
        if vector.version == 4:
            allowed = {b""}
            if wanted == 0x84:  # [MQTT-3.1.2-2]
                allowed = {b"\x20\2\0\1", b"\x20\3\0\x84\0", b""}
            if wanted == 0x85:  # [MQTT-3.1.3-8]
                allowed = {b"\x20\2\0\2"}
        elif wanted == 0x84:
            allowed |= {b"\x20\2\0\1", b""}
        elif vector.data[0] != codec.CONNECT << 4:
            allowed |= {b""}  # it is not clear that it is one
        # A reason string may follow: the first four bytes tell.
        is_right = data in allowed or any(
            one and data[:1] == one[:1] and data[2:4] == one[2:4]
            for one in allowed)
        if not is_right or how != "close_notify":
            faults.append(f"{vector.name} {vector.version}: {vector.answer} "
                          f"expected, got {data.hex()}, {how}")
    assert not faults, "\n".join(faults)


@case
def packets_of_a_server_are_a_protocol_error(broker):
    """MQTT 5.0, 2.1.2: the direction of flow"""
    wrong = (b"\x20\x02\x00\x00", b"\x20\x03\x00\x00\x00",
             b"\x90\x03\x00\x01\x00", b"\x90\x04\x00\x01\x00\x00",
             b"\xb0\x02\x00\x01", b"\xb0\x04\x00\x01\x00\x00", b"\xd0\x00")
    faults = []
    for version in 4, 5:
        for data in wrong:
            with Client(broker, version=version) as client:
                reason, how = end_after(client, data)
            if how != "close_notify" or (
                    reason != 0x82 if version == 5 else reason is not None):
                faults.append(f"{data.hex()} {version}: {reason} {how}")
    assert not faults, "\n".join(faults)


@case
def the_unassigned_type_is_refused(broker):  # MQTT 5.0, 2.1.2
    for version, data in ((5, b"\x00\x00"), (4, b"\x00\x00"),
                          (4, b"\xf0\x00"), (4, b"\xf0\x02\x00\x00")):
        with Client(broker, version=version) as client:
            reason, how = end_after(client, data)
            assert reason == (0x81 if version == 5 else None), (data, reason)
            assert how == "close_notify", how


@case
def auth_without_a_method_is_a_protocol_error(broker):
    """[MQTT5-4.12.0-7]"""
    for data in (b"\xf0\x00", b"\xf0\x02\x18\x00"):
        with Client(broker) as client:
            reason, _ = end_after(client, data)
            assert reason in (0x82, 0x81), (data, reason)


@case
def what_follows_a_malformed_packet_is_not_looked_at(broker):
    with Client(broker, certificate="client-2") as watch:
        topic = unique("after/")
        watch.subscribe(topic)
        with Client(broker) as client:
            reason, _ = end_after(client, b"\xc1\x00"
                                  + codec.publish(topic, b"no"))
            assert reason == 0x81
        watch.expect_nothing()


@case
def connack_comes_before_the_reason(broker):  # [MQTT5-3.2.0-1]
    """Also where both packets came at once."""
    for version in 4, 5:
        with Client(broker, version=version, is_connected=False) as client:
            client.send(codec.connect(client.client_id, version)
                        + b"\xc1\x00")
            connack = client.expect(codec.CONNACK)
            assert connack.reason == 0, connack
            client.expect_end(0x81)


@case
def a_half_packet_at_the_end_harms_nobody(broker):
    whole = codec.publish("half", b"x" * 100)
    for count in 1, 2, 3, 50, len(whole) - 1:
        with Client(broker) as client:
            client.send(whole[:count])
            client.stream.close()
    with Client(broker) as client:
        client.ping()


@case(timeout=120)
def random_damage_harms_nobody(broker):
    """Good packets with bytes changed, cut out and put in."""
    chance = random.Random(20140)
    good = [v.data for v in vectors.load() if v.answer == "ok"
            and v.data[0] >> 4 in FROM_CLIENTS and len(v.data) < 300]
    good = good or [codec.publish("t", b"x", 1, 3),
                    codec.subscribe(1, [("t/#", 1)])]
    client = None
    for _ in range(1500):
        data = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(data) or 1)
            kind = chance.randrange(3)
            if kind == 0 and data:
                data[at] = chance.randrange(256)
            elif kind == 1:
                del data[at:at + chance.randint(1, 4)]
            else:
                data[at:at] = chance.randbytes(chance.randint(1, 4))
        if client is None:
            client = Client(broker, version=chance.choice((4, 5)))
        try:
            client.send(bytes(data))
            if chance.randrange(4) == 0:
                client.abort()
                client = None
        except Closed:
            client.abort()
            client = None
    if client is not None:
        client.abort()
    with Client(broker) as client:
        client.ping()


main()
