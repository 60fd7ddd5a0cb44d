#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions that outlive the daemon: ended in order, or with kill -9 of all of
it, with another number of workers or the same (4.1)."""

import functools
import os
import signal

from signet import (DEADLINE, Closed, Daemon, TimedOut, codec, lasting, main,
                    standalone, wait_until)


def restarting(function, counts=(2, 3)):
    """A case for each way to end and number of workers after it. It gets the
    daemon and what restarts it."""
    for is_orderly in True, False:
        for workers in counts:
            how = "ended" if is_orderly else "killed"

            def run(is_orderly=is_orderly, workers=workers):
                with Daemon() as daemon:
                    restart = functools.partial(
                        daemon.restart, is_orderly,
                        processes={"workers": workers})
                    function(daemon, restart)
            run.__name__ = f"{function.__name__}_{how}_{workers}_workers"
            standalone(timeout=90)(run)
    return function


def away(broker, topic, qos, version=5, **props):
    """A client with a subscription that has left."""
    client = broker.client(version=version, **lasting(version, **props))
    client.subscribe(topic, qos=qos)
    client.leave()
    return client


def take_numbers(client, numbers):
    """These come, in this order, and nothing else."""
    got = [int(client.take().payload) for _ in numbers]
    assert got == list(numbers), got
    client.expect_nothing()


@restarting
def what_waited_still_waits(broker, restart):
    clients = {(version, qos): away(broker, f"v{version}/{qos}", qos, version)
               for version in (4, 5) for qos in (0, 1, 2)}
    with broker.client() as sender:
        for i in range(300):
            for version, qos in clients:
                sender.publish(f"v{version}/{qos}", str(i), qos)
    restart()
    for (version, qos), client in clients.items():
        with client.resume(broker, **lasting(version)) as again:
            assert again.connack.session_present
            take_numbers(again, range(300) if qos > 0 else ())
            # The subscription is there, too.
            with broker.client() as sender:
                sender.publish(f"v{version}/{qos}", b"7", qos)
            assert again.take().payload == b"7"


@functools.partial(restarting, counts=(2,))
def what_was_in_flight_goes_on(broker, restart):
    """[MQTT-4.4.0-1], [MQTT5-4.4.0-1]: PUBLISH with DUP, PUBREL, and what was
    received at QoS 2."""
    client = broker.client(**lasting(5))
    client.subscribe("a", qos=2)
    with broker.client() as sender:
        for i in range(4):
            sender.publish("a", str(i), 1 if i == 1 else 2)
    first = [client.expect(codec.PUBLISH) for _ in range(4)]
    client.send(codec.ack(codec.PUBREC, first[0].packet_id))
    assert client.expect(codec.PUBREL).packet_id == first[0].packet_id
    # At QoS 2 in the other direction, PUBREL still to come.
    watcher = away(broker, "b", 2)
    client.send(codec.publish("b", b"once", 2, 9, 5))
    assert client.expect(codec.PUBREC).packet_id == 9
    restart()
    with client.resume(broker, **lasting(5)) as again:
        pubrel = again.expect(codec.PUBREL)
        assert pubrel.packet_id == first[0].packet_id
        for before in first[1:]:
            got = again.expect(codec.PUBLISH)
            assert (got.packet_id, got.qos, got.dup, got.payload) == (
                before.packet_id, before.qos, True, before.payload), got
        again.send(codec.publish("b", b"once", 2, 9, 5, dup=True))
        assert again.expect(codec.PUBREC).packet_id == 9
        assert again.release(9) == 0
        for got in first:
            if got.qos == 1:
                again.send(codec.ack(codec.PUBACK, got.packet_id))
            elif got is not first[0]:
                again.send(codec.ack(codec.PUBREC, got.packet_id))
                again.await_type(codec.PUBREL)
            if got.qos == 2:
                again.send(codec.ack(codec.PUBCOMP, got.packet_id))
        again.expect_nothing()
        again.send(codec.publish("b", b"anew", 2, 9, 5))
        again.expect(codec.PUBREC)
        again.release(9)
    with watcher.resume(broker, **lasting(5)) as watching:
        assert watching.take().payload == b"once"
        assert watching.take().payload == b"anew"
        watching.expect_nothing()


@restarting
def subscriptions_keep_their_options(broker, restart):
    client = broker.client(**lasting(5))
    client.subscribe("plain", qos=0)
    client.subscribe("own", options=2 | 4)  # No Local
    client.subscribe("retained/+", options=1 | 8)  # Retain As Published
    client.subscribe("numbered/#", qos=2,
                     props={"subscription_identifier": 77})
    client.subscribe("gone", qos=2)
    client.unsubscribe("gone")
    client.leave()
    restart()
    with client.resume(broker, **lasting(5)) as again, \
            broker.client() as sender:
        again.publish("own", b"mine", 1)
        again.expect_nothing()
        for topic, qos, retain in (("plain", 0, False), ("own", 2, False),
                                   ("retained/x", 1, True),
                                   ("numbered/1", 2, False)):
            sender.publish(topic, b"x", 2, retain=retain)
            got = again.take()
            assert (got.topic, got.qos, got.retain) == (topic, qos, retain), got
            if topic == "numbered/1":
                assert got.props["subscription_identifier"] == [77], got
        sender.publish("gone", b"x", 2)
        again.expect_nothing()
        assert again.unsubscribe("numbered/#", "gone") == [0, 0x11]


@restarting
def sessions_and_messages_expire_meanwhile(broker, restart):
    short = away(broker, "a", 1, session_expiry_interval=2)
    long = away(broker, "a", 1)
    with broker.client() as sender:
        sender.publish("a", b"1", 1)
        sender.publish("a", b"2", 1, props={"message_expiry_interval": 2})
        sender.publish("a", b"3", 1, props={"message_expiry_interval": 600})
    restart(seconds=3)
    with short.resume(broker, **lasting(5)) as again:
        assert not again.connack.session_present
        again.expect_nothing()
    with long.resume(broker, **lasting(5)) as again:
        assert again.connack.session_present
        assert again.take().payload == b"1"
        got = again.take()
        assert got.payload == b"3", got
        # Times are kept in whole seconds.
        assert got.props["message_expiry_interval"] <= 598, got
        again.expect_nothing()


@restarting
def wills_are_published_when_they_are_due(broker, restart):
    watcher = away(broker, "will/#", 1)
    for name, delay in ("soon", 2), ("late", 600):
        client = broker.client(
            **lasting(5), will={
                "topic": f"will/{name}", "payload": name.encode(), "qos": 1,
                "props": {"will_delay_interval": delay}})
        client.leave(is_orderly=False)
    late = client
    restart(seconds=2)
    with watcher.resume(broker, **lasting(5)) as again:
        assert again.take(30).payload == b"soon"
        again.expect_nothing()
        # [MQTT5-3.1.3-9]: who comes back in time has no will.
        with late.resume(broker, **lasting(5)) as client:
            assert client.connack.session_present
            client.disconnect()
        again.expect_nothing()


@restarting
def what_a_share_owes_is_not_lost(broker, restart):
    members = [broker.client_on(worker, **lasting(5))
               for worker in broker.workers() for _ in range(2)]
    for member in members:
        member.subscribe("$share/group/a", qos=1)
    for member in members:
        member.leave()
    with broker.client() as sender:
        for i in range(40):
            sender.publish("a", str(i), 1)
    restart()
    with members[0].resume(broker, **lasting(5)) as again:
        assert again.connack.session_present
        got = sorted(int(again.take().payload) for _ in range(40))
        assert got == list(range(40)), got
        again.expect_nothing()


@standalone(timeout=120)
def a_long_queue_is_read_as_it_is_taken():
    """Longer than memory holds of it, to a client that takes it one by one."""
    with Daemon(sessions={"max_queued_messages": 20000}) as broker:
        client = away(broker, "a", 1)
        with broker.client() as sender:
            for i in range(5000):
                sender.send(codec.publish("a", b"%06d" % i, 1, i + 1, 5))
                if i % 50 == 49:
                    for _ in range(50):
                        sender.expect(codec.PUBACK)
        broker.restart()
        with client.resume(broker, props={"receive_maximum": 1,
                                          "session_expiry_interval": 600}
                           ) as again:
            for i in range(500):
                assert int(again.take().payload) == i
        with client.resume(broker, **lasting(5)) as again:
            for i in range(500, 5000):
                got = again.take()
                assert int(got.payload) == i, (i, got)
            again.expect_nothing()


@standalone(timeout=90)
def one_worker_that_dies_takes_its_sessions_back():
    with Daemon() as broker:
        clients = {}
        for worker in broker.workers():
            clients[worker] = broker.client_on(worker, **lasting(5))
            clients[worker].subscribe("a", qos=2)
        victim, other = broker.workers()
        mark = broker.log.mark()
        clients[victim].leave()
        with broker.client_on(other) as sender:
            for i in range(100):
                sender.publish("a", str(i), 1 + i % 2)
            os.kill(broker.role_pids("worker")[int(victim[-1])],
                    signal.SIGKILL)
            # It is away, and what comes meanwhile waits for it.
            for i in range(100, 120):
                sender.publish("a", str(i), 1 + i % 2)
        broker.await_log(mark, event="loaded", speaker=victim)

        def attempt():
            try:
                return clients[victim].resume(broker, **lasting(5))
            except (Closed, TimedOut, OSError):
                return None
        again = wait_until(attempt, "it gets in", 3 * DEADLINE)
        assert again.connack.session_present
        take_numbers(again, range(120))
        take_numbers(clients[other], range(120))
        again.disconnect()
        clients[other].disconnect()


@standalone
def qos_0_waits_where_that_is_configured():
    """4.3.1"""
    with Daemon(sessions={"queue_qos0": True}) as broker:
        client = away(broker, "a", 0)
        with broker.client() as sender:
            sender.publish("a", b"1")
            sender.publish("a", b"2", 1)
            sender.ping()
        broker.restart()
        with client.resume(broker, **lasting(5)) as again:
            for payload in b"1", b"2":
                got = again.take()
                assert (got.payload, got.qos) == (payload, 0), got
            again.expect_nothing()


main()
