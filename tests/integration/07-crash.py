#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a process: what it costs, and that nothing else is lost."""

import os
import signal

from signet import (DEADLINE, Closed, Daemon, TimedOut, codec, main,
                    processes, standalone, unique, wait_until)
from signet.fleet import Fleet, Source


def kill(daemon, role, index):
    """Kill one process, and wait until another has its place."""
    pid = daemon.role_pids(role)[index]
    mark = daemon.log.mark()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: daemon.role_pids(role).get(index) not in (None, pid),
               f"{role} {index} is back", 3 * DEADLINE)
    line = daemon.await_log(mark, speaker="master")
    assert line.level in ("warning", "error"), line.text
    return line


def reconnect(daemon, **options):
    """Try until it works: a worker that just died is not back at once."""
    def attempt():
        try:
            return daemon.client(**options)
        except (Closed, TimedOut, OSError):
            return None
    return wait_until(attempt, "a client gets in", 3 * DEADLINE)


def check_routes(daemon):
    """Between every pair of workers, in both directions."""
    clients = [daemon.client_on(worker) for worker in daemon.workers()]
    for subscriber in clients:
        topic = unique("route/")
        subscriber.subscribe(topic)
        for sender in clients:
            sender.publish(topic, b"x")
            assert subscriber.take().topic == topic
    for client in clients:
        client.disconnect()


@standalone(timeout=90)
def a_worker_s_crash_costs_its_own_clients_only():
    with Daemon() as daemon, Fleet() as fleet:
        members = {}
        for worker in daemon.workers():
            # Traffic within each worker, and from each to the other.
            name = worker.replace("/", "-")
            own = daemon.client_on(worker)
            own.subscribe(f"own/{name}", "both", qos=1)
            members[worker] = [fleet.add(own)]
            for topic in f"own/{name}", "both":
                member = fleet.add(daemon.client_on(worker))
                members[worker].append(member)
                source = Source(member, 1, lambda _, t=topic.encode(): t,
                                1 << 40)
                member.source = source

        def push():
            for member in fleet.members:
                if member.ended is None and hasattr(member, "source"):
                    member.source.push()
        fleet.run_until(lambda: all(
            member.received > 1000 or member.acked > 1000
            for member in fleet.members), 30, push)
        dead, alive = daemon.workers()
        pid = daemon.role_pids("worker")[int(dead.split("/")[1])]
        os.kill(pid, signal.SIGKILL)
        fleet.run_until(lambda: all(member.ended is not None
                                    for member in members[dead]), 10, push)
        before = [(m.received, m.acked) for m in members[alive]]
        fleet.run_until(lambda: all(
            m.received > r + 1000 or m.acked > a + 1000
            for m, (r, a) in zip(members[alive], before)), 30, push)
        assert all(m.ended is None for m in members[alive])
        reconnect(daemon, client_id=members[dead][0].client.client_id).abort()
        wait_until(lambda: len(daemon.role_pids("worker")) == 2,
                   "the worker is back")
        check_routes(daemon)
        assert all(m.ended is None for m in members[alive])


@standalone
def a_worker_that_is_back_knows_the_others_interest():
    with Daemon() as daemon:
        one, other = daemon.workers()
        with daemon.client_on(one) as stays:
            topic = unique("stays/")
            stays.subscribe(topic, "stays/+/deep")
            for _ in range(3):
                kill(daemon, "worker", int(other.split("/")[1]))
                with reconnect(daemon):
                    pass
                with daemon.client_on(other) as sender:
                    sender.publish(topic, b"x", 1)
                    sender.publish("stays/1/deep", b"y", 1)
                    assert stays.take().payload == b"x"
                    assert stays.take().payload == b"y"
            stays.ping()


@standalone
def the_interest_of_a_dead_worker_is_forgotten():
    with Daemon() as daemon:
        one, other = daemon.workers()
        with daemon.client_on(one) as sender:
            gone = daemon.client_on(other)
            topic = unique("gone/")
            gone.subscribe(topic)
            assert sender.publish(topic, b"x", 1) == 0
            kill(daemon, "worker", int(other.split("/")[1]))
            assert sender.publish(topic, b"x", 1) == 0x10  # no subscribers
            gone.abort()


@standalone(timeout=120)
def what_is_retained_where_a_worker_died_comes_when_it_is_back():
    """To who subscribes meanwhile, and to who had got a part of it
    [MQTT-3.3.1-6], [MQTT5-3.3.1-9]."""
    with Daemon() as daemon:
        away, home = daemon.workers()
        index = int(away.split("/")[1])
        topics = {f"kept/{i}" for i in range(300)}
        partly = daemon.client_on(home, props={"receive_maximum": 10})
        with daemon.client_on(home) as late:
            for i, topic in enumerate(sorted(topics), 1):
                late.send(codec.publish(topic, b"x", 1, i, retain=True))
                if i % 50 == 0:  # less than the Receive Maximum
                    for _ in range(50):
                        late.expect(codec.PUBACK)
            partly.subscribe("kept/#", qos=1)
            got = {partly.take().topic for _ in range(5)}
            with processes.stopped(daemon.pid):  # nobody starts another
                os.kill(daemon.role_pids("worker")[index], signal.SIGKILL)
                late.subscribe("kept/#", qos=1)  # its end is known by SUBACK
            seconds = 3 * DEADLINE
            assert {late.take(seconds).topic for _ in topics} == topics
            late.expect_nothing()
            while got != topics:  # some of them a second time
                got.add(partly.take(seconds).topic)
        partly.abort()


@standalone(timeout=120)
def what_is_to_be_retained_waits_for_the_worker_that_died():
    """At each QoS, and also what removes: [MQTT-3.3.1-5], [MQTT5-3.3.1-5]."""
    with Daemon() as daemon:
        away, home = daemon.workers()
        index = int(away.split("/")[1])
        removed = [f"kept/removed/{i}" for i in range(20)]
        topics = {f"kept/{qos}/{i}": qos for qos in (0, 1, 2)
                  for i in range(20)}
        acknowledged = []
        with daemon.client_on(home) as client:
            for topic in removed:
                client.publish(topic, b"x", 1, retain=True)
            pid = daemon.role_pids("worker")[index]
            with processes.stopped(daemon.pid):  # nobody starts another
                os.kill(pid, signal.SIGKILL)
                client.subscribe("its/end/is/known/by/suback")
                for i, (topic, qos) in enumerate(topics.items(), 1):
                    client.send(codec.publish(topic, b"x", qos,
                                              i if qos else None, retain=True))
                client.send(b"".join(codec.publish(topic, b"", retain=True)
                                     for topic in removed))
            while len(acknowledged) < 40:
                got = client.receive(3 * DEADLINE)
                assert got.type in (codec.PUBACK, codec.PUBREC), got
                acknowledged.append(got.packet_id)
            client.subscribe("kept/#", qos=2)
            assert {client.take().topic for _ in topics} == set(topics)
            client.expect_nothing()


@standalone
def a_gate_s_crash_is_noticed_by_nobody_who_is_connected():
    with Daemon() as daemon:
        clients = [daemon.client() for _ in range(6)]
        topic = unique("gate/")
        for client in clients:
            client.subscribe(topic)
        for index in sorted(daemon.role_pids("gate")):
            kill(daemon, "gate", index)
            for client in clients:
                client.ping()
        clients[0].publish(topic, b"x")
        for client in clients:
            assert client.take().payload == b"x"
            client.disconnect()
        check_routes(daemon)


@standalone
def all_gates_may_crash_at_once():
    with Daemon() as daemon, daemon.client() as client:
        for pid in daemon.role_pids("gate").values():
            os.kill(pid, signal.SIGKILL)
        client.ping()
        with reconnect(daemon) as another:
            another.ping()
        client.ping()


@standalone
def all_workers_may_crash_at_once():
    with Daemon() as daemon:
        old = daemon.role_pids("worker")
        clients = [daemon.client_on(worker) for worker in daemon.workers()]
        for pid in old.values():
            os.kill(pid, signal.SIGKILL)
        for client in clients:
            how = client.expect_closed()
            assert how in ("eof", "reset"), how
        wait_until(lambda: len(daemon.role_pids("worker")) == 2
                   and not set(daemon.role_pids("worker").values())
                   & set(old.values()), "the workers are back")
        reconnect(daemon).abort()
        check_routes(daemon)


@standalone
def one_that_keeps_dying_is_restarted_ever_more_slowly():
    with Daemon() as daemon, daemon.client() as client:
        home = int(daemon.worker_of(client).split("/")[1])
        victim = 1 - home
        delays = [kill(daemon, "worker", victim) for _ in range(4)]
        assert all(line.level == "warning" for line in delays), delays
        lines = [line for line in daemon.log.find(speaker="master")
                 if line.has(delay_ms=None)]
        waits = [int(line["delay_ms"]) for line in lines]
        assert len(waits) >= 4 and waits == sorted(waits), waits
        assert waits[-1] > waits[0], waits
        client.ping()


@standalone
def who_was_refused_for_want_of_a_worker_is_not_moved_to_it_later():
    with Daemon(limits={"connect_seconds": 1},
                processes={"gates": 1}) as daemon:
        _, home = daemon.workers()
        index = int(home.split("/")[1])
        client = daemon.client_on(home)
        client.disconnect()
        name, pid = client.client_id, daemon.role_pids("worker")[index]
        with processes.stopped(daemon.pid):  # nobody starts another
            os.kill(pid, signal.SIGKILL)
            client = reconnect(daemon, client_id=name, expect_reason=0x88)
            mark = daemon.log.mark()
        with daemon.client_on(home):
            pass
        assert not daemon.log.find(mark, event="connected", client_id=name)
        client.abort()


@standalone
def nobody_outlives_the_master():
    with Daemon() as daemon:
        clients = [daemon.client_on(worker) for worker in daemon.workers()]
        children = processes.children(daemon.pid)
        assert len(children) == len(daemon.roles()), children
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.process.wait()
        wait_until(lambda: not any(processes.status(pid)
                                   for pid in children),
                   "the children are gone")
        for client in clients:
            try:
                while client.receive().type == codec.DISCONNECT:
                    pass
            except Closed:
                continue
            raise AssertionError("a client is still connected")
        daemon.kill()


main()
