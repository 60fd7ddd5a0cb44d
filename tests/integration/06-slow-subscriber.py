#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A subscriber that stops reading: the others do not notice."""

import time

from signet import (DEADLINE, TimedOut, case, codec, main, processes,
                    routing, unique)
from signet.fleet import Fleet, Source

OUTBOX = 262144
MEGABYTE = 1 << 20


def resident(broker):
    return sum(processes.memory(pid)
               for pid in broker.role_pids("worker").values())


def flood(broker, worker, topic, count, size, end=None):
    """Publish at QoS 0, and know that the server has taken all of it.

    end: a topic for a message at QoS 1 behind all that, which waits where
    the others are dropped."""
    with broker.client_on(worker) as sender:
        batch = codec.publish(topic, b"x" * size)
        for _ in range(count // 50):
            sender.send(batch * 50)
            sender.ping()
        if end is not None:
            sender.publish(end, b"", 1)


@routing(limits={"outbox_bytes": OUTBOX})
def messages_beyond_the_outbox_are_dropped_and_counted(broker, here, there):
    topic, size, count = "slow/0", 2000, 10000
    slow = broker.client_on(here, receive_buffer=4096,
                            certificate="client-2")
    slow.subscribe(topic)
    slow.subscribe("end/0", qos=1)
    flood(broker, there, topic, count, size, "end/0")
    session = broker.await_log(event="connected",
                               client_id=slow.client_id)["session"]
    # What was dropped is gone; what waited is whole and in order.
    got = 0
    while slow.expect(codec.PUBLISH).topic == topic:
        got += 1
    assert 0 < got < count, got
    slow.abort()
    closed = broker.await_log(event="closed", session=session)
    assert closed.get("dropped"), closed.text
    assert int(closed["dropped"]) == count - got, (closed.text, got)


@case(limits={"outbox_bytes": OUTBOX}, timeout=90)
def memory_stays_bounded(broker):
    slow, workers = [], broker.workers()
    for i in range(10):
        client = broker.client_on(workers[i % len(workers)],
                                  receive_buffer=4096)
        client.subscribe("slow/#")
        slow.append(client)
    flood(broker, workers[-1], "slow/1", 200, 1000)
    before = resident(broker)
    flood(broker, workers[-1], "slow/1", 20000, 1000)  # 20 MB for each of them
    grown = resident(broker) - before
    for client in slow:
        client.abort()
    if not processes.is_sanitized(broker.pid):
        assert grown < 10 * OUTBOX * 3 + 8 * MEGABYTE, grown
    print(f"     grown by {grown / MEGABYTE:.1f} MB for 10 slow subscribers")


@case(limits={"outbox_bytes": OUTBOX}, timeout=90)
def others_are_not_slowed(broker):
    """Two fleets of the same work, without and with slow subscribers."""
    def seconds():
        counts = []
        with Fleet() as fleet:
            for worker in broker.workers():
                client = broker.client_on(worker)
                client.subscribe("busy", qos=1)
                counts.append(fleet.add(client))
            source = Source(fleet.add(broker.client()), 1,
                            lambda _: b"busy", 5000, size=500)
            started = time.monotonic()
            fleet.run_until(lambda: all(member.received >= 5000
                                        for member in counts), 60,
                            source.push)
            return time.monotonic() - started

    def seconds_among_slow_ones():
        slow = []
        for worker in broker.workers():
            for qos in 0, 1:
                client = broker.client_on(worker, receive_buffer=4096)
                client.subscribe("busy", qos=qos)
                slow.append(client)
        among = seconds()
        for client in slow:
            client.abort()
        return among

    # Others may load the machine meanwhile; they do not do so each time.
    for _ in range(5):
        alone, among = seconds(), seconds_among_slow_ones()
        if among < 2.5 * alone + 0.5:
            return
    raise AssertionError((alone, among))


@routing(limits={"outbox_bytes": OUTBOX})
def a_slow_subscriber_that_reads_again_goes_on(broker, here, there):
    topic = unique("slow/")
    with broker.client_on(here, receive_buffer=4096) as slow:
        slow.subscribe(topic)
        flood(broker, there, topic, 5000, 1000)
        with broker.client_on(there) as sender:
            # Room appears as it reads: an end that is not dropped is found.
            deadline = time.monotonic() + 2 * DEADLINE
            found = False
            while not found and time.monotonic() < deadline:
                sender.publish(topic, b"end")
                try:
                    while not found:
                        found = slow.receive(0.2).payload == b"end"
                except TimedOut:
                    pass
            assert found
        slow.ping()


@routing(sessions={"max_queued_messages": 100})
def a_queue_at_qos_1_is_bounded(broker, here, there):
    """Who acknowledges nothing gets a window, and then a bounded queue."""
    topic = unique("queue/")
    with broker.client_on(here, props={"receive_maximum": 10}) as slow, \
            broker.client_on(there) as sender:
        slow.subscribe(topic, qos=1)
        for i in range(300):
            sender.publish(topic, str(i), 1)
        seen = []
        while True:
            slow.send(codec.PING)
            window = []
            while True:
                got = slow.receive()
                if got.type == codec.PINGRESP:
                    break
                window.append(got)
            if not window:
                break
            for got in window:
                seen.append(int(got.payload))
                slow.send(codec.ack(codec.PUBACK, got.packet_id))
        assert seen == sorted(seen), seen
        assert seen[:10] == list(range(10)), seen
        assert 100 <= len(seen) <= 112, len(seen)


@routing(limits={"outbox_bytes": OUTBOX})
def a_slow_subscriber_of_large_messages_is_bounded(broker, here, there):
    """Larger than the outbox: each goes alone or is dropped."""
    topic = unique("large/")
    with broker.client_on(here, receive_buffer=4096) as slow, \
            broker.client_on(here) as quick, \
            broker.client_on(there) as sender:
        slow.subscribe(topic)
        quick.subscribe(topic)
        before = resident(broker)
        for i in range(60):
            sender.publish(topic, b"x" * 500000)
            assert len(quick.take().payload) == 500000
        grown = resident(broker) - before
        if not processes.is_sanitized(broker.pid):
            assert grown < 24 * MEGABYTE, grown
        sender.ping()


main()
