#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 under sessions that end with their connections: each will is
published, once, when there is a worker again (3.1.2.5)."""

import os
import signal

from signet import (DEADLINE, Daemon, lasting, main, standalone, unique,
                    wait_until)

SECONDS = 3 * DEADLINE


def settle(anchor):
    """What its worker has taken in so far is on disk: SUBACK waits for that,
    as the session lasts."""
    anchor.subscribe(unique("settled/"))


def mourn(daemon, worker, root, qos_levels):
    """Clients with a will, of both versions; the topics and QoS of these."""
    clients, wills = [], {}
    for version in 4, 5:
        for qos in qos_levels:
            for retain in False, True:
                topic = f"{root}/{version}/{qos}/{retain}"
                # With its session over, it is not delayed any more
                # [MQTT5-3.1.2-8].
                props = {"will_delay_interval": 3600} if retain else {}
                clients.append(daemon.client_on(
                    worker, version=version,
                    will={"topic": topic, "payload": b"gone", "qos": qos,
                          "retain": retain, "props": props}))
                wills[topic] = qos
    return clients, wills


def take_all(watch, wills):
    """These come, in any order, and nothing else."""
    got = [watch.take(SECONDS) for _ in wills]
    assert {m.topic: m.qos for m in got} == wills, got
    assert all(m.payload == b"gone" for m in got), got
    watch.expect_nothing()


def check_retained(daemon, root, wills):
    with daemon.client() as late:
        late.subscribe(f"{root}/#", qos=2)
        take_all(late, {topic: qos for topic, qos in wills.items()
                        if topic.endswith("True")})


def kill(daemon, worker):
    index = int(worker.split("/")[1])
    pid = daemon.role_pids("worker")[index]
    mark = daemon.log.mark()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: daemon.log.find(mark, speaker=worker, event="loaded"),
               f"{worker} is back", SECONDS)


@standalone(timeout=90)
def a_worker_s_death_publishes_the_wills_of_its_clients():
    """[MQTT-3.1.2-8], [MQTT5-3.1.2-8]; and those alone of clients that have not
    left before [MQTT-3.1.2-10], [MQTT5-3.1.2-10]."""
    with Daemon() as daemon:
        dead, alive = daemon.workers()
        root = unique("wills")
        watch = daemon.client_on(alive)
        watch.subscribe(f"{root}/#", qos=2)
        lasts = daemon.client_on(alive, **lasting(5))
        lasts.subscribe(f"{root}/#", qos=2)
        shares = daemon.client_on(alive)
        shares.subscribe(f"$share/those/{root}/#", qos=2)
        anchor = daemon.client_on(dead, **lasting(5))
        left, _ = mourn(daemon, dead, f"{root}/left", (1,))
        for client in left:
            client.leave()
        clients, wills = mourn(daemon, dead, root, (0, 1, 2))
        settle(anchor)
        kill(daemon, dead)
        for client in watch, lasts, shares:
            take_all(client, wills)
        check_retained(daemon, root, wills)
        # They are gone from the disk, or known to have been published.
        kill(daemon, dead)
        watch.ping()
        for client in watch, lasts, shares:
            client.expect_nothing()
            client.disconnect()
        for client in clients + [anchor]:
            client.abort()


@standalone(timeout=90)
def who_returns_finds_the_will_before_what_it_says_now():
    """Its connection was closed, and its session over."""
    with Daemon() as daemon:
        dead, alive = daemon.workers()
        topic = unique("state/")
        watch = daemon.client_on(alive)
        watch.subscribe(topic, qos=1)
        anchor = daemon.client_on(dead, **lasting(5))
        client = daemon.client_on(dead, will={
            "topic": topic, "payload": b"away", "qos": 1, "retain": True})
        client.publish(topic, b"here", 1, retain=True)
        settle(anchor)
        kill(daemon, dead)
        with daemon.client(client_id=client.client_id) as again:
            again.publish(topic, b"here again", 1, retain=True)
            assert [watch.take(SECONDS).payload for _ in range(3)] == [
                b"here", b"away", b"here again"]
            again.disconnect()
        for client in client, anchor, watch:
            client.abort()


def after_the_death_of_all(workers):
    with Daemon() as daemon:
        root = unique("wills")
        lasts = daemon.client(**lasting(5))
        lasts.subscribe(f"{root}/#", qos=2)
        lasts.leave()
        clients, wills = [], {}
        for worker in daemon.workers():
            anchor = daemon.client_on(worker, **lasting(5))
            left, _ = mourn(daemon, worker, f"{root}/left", (1,))
            for client in left:
                client.leave()
            made, topics = mourn(daemon, worker, f"{root}/{worker}", (1, 2))
            settle(anchor)
            clients += made + [anchor]
            wills.update(topics)
        daemon.restart(False, processes={"workers": workers})
        with lasts.resume(daemon, **lasting(5)) as again:
            take_all(again, wills)
        check_retained(daemon, root, wills)
        daemon.restart(False, processes={"workers": 2})
        with lasts.resume(daemon, **lasting(5)) as again:
            again.expect_nothing()
        for client in clients:
            client.abort()


@standalone(timeout=90)
def the_death_of_all_publishes_all_wills():
    after_the_death_of_all(2)


@standalone(timeout=90)
def so_it_does_with_another_number_of_workers():
    after_the_death_of_all(3)


@standalone(timeout=90)
def the_daemon_s_end_in_order_publishes_no_will_at_its_next_start():
    with Daemon() as daemon:
        root = unique("wills")
        lasts = daemon.client(**lasting(5))
        lasts.subscribe(f"{root}/#", qos=2)
        lasts.leave()
        clients, _ = mourn(daemon, daemon.workers()[0], root, (1,))
        daemon.restart(True)
        with lasts.resume(daemon, **lasting(5)) as again:
            again.expect_nothing()
        for client in clients:
            client.abort()


main()
