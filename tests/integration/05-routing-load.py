#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many messages between many clients of different workers."""

import os
import time

from signet import case, main
from signet.fleet import Fleet, Source

MESSAGES = int(os.environ.get("SIGNET_TEST_MESSAGES", "100000"))
PUBLISHERS = SUBSCRIBERS = 20


class Order:
    """What a subscriber has of each publisher."""

    def __init__(self):
        self.last, self.count, self.faults = {}, 0, []

    def __call__(self, _, topic, payload):
        name, number = payload.split(b" ", 2)[:2]
        number = int(number)
        if number <= self.last.get(name, -1):
            self.faults.append((topic, name, self.last[name], number))
        self.last[name] = number
        self.count += 1


@case(generic=True, timeout=180)
def all_messages_arrive_in_order_on_other_workers(broker):
    """Each publisher sends to all subscribers of the other worker in turn:
    QoS 1 [MQTT-4.3.2-1], order [MQTT-4.6.0-6]."""
    workers = broker.workers()
    each = MESSAGES // PUBLISHERS
    with Fleet() as fleet:
        orders = []
        for i in range(SUBSCRIBERS):
            client = broker.client_on(workers[i % len(workers)],
                                      certificate=f"client-{i % 8 + 1}")
            client.subscribe(f"load/{i}/+", qos=1)
            orders.append(Order())
            fleet.add(client, orders[-1])
        sources = []
        for i in range(PUBLISHERS):
            client = broker.client_on(workers[i % len(workers)],
                                      certificate=f"client-{i % 8 + 1}",
                                      version=4 + i % 2)
            # Subscribers of the other worker have the other parity.
            topics = [b"load/%d/%d" % (j, i) for j in range(SUBSCRIBERS)
                      if len(workers) == 1 or (j + i) % 2]
            sources.append(Source(
                fleet.add(client), i,
                lambda n, topics=topics: topics[n % len(topics)], each))
        started = time.monotonic()

        def push():
            for source in sources:
                source.push()
        fleet.run_until(
            lambda: sum(order.count for order in orders) >= MESSAGES
            and all(source.is_done() for source in sources), 170, push)
        seconds = time.monotonic() - started
        fleet.turn(0)
        assert not any(order.faults for order in orders), \
            [order.faults[:3] for order in orders]
        counts = [order.count for order in orders]
        assert sum(counts) == MESSAGES, counts
        assert all(member.ended is None for member in fleet.members)
        print(f"     {MESSAGES} messages in {seconds:.1f} s: "
              f"{MESSAGES / seconds:.0f} a second", flush=True)


@case(generic=True, timeout=120)
def one_publisher_reaches_many_subscribers(broker):
    """QoS 1 to 40 subscribers of all workers, large ones in between."""
    workers, total = broker.workers(), 200
    with Fleet() as fleet:
        orders = []
        for i in range(40):
            client = broker.client_on(workers[i % len(workers)])
            client.subscribe("fan", qos=1)
            orders.append(Order())
            fleet.add(client, orders[-1])
        small = Source(fleet.add(broker.client_on(workers[0])), 1,
                       lambda _: b"fan", total, window=20)
        large = Source(fleet.add(broker.client_on(workers[-1])), 2,
                       lambda _: b"fan", 20, window=2, size=100000)

        def push():
            small.push()
            large.push()
        fleet.run_until(lambda: all(order.count >= total + 20
                                    for order in orders), 100, push)
        assert all(order.count == total + 20 for order in orders)
        assert not any(order.faults for order in orders)


main()
