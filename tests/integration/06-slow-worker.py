#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A worker that stands still: what waits for it is bounded, and who is held
back for it is not punished."""

import contextlib
import os
import select
import signal
import time

from signet import (Daemon, TimedOut, codec, main, processes, standalone,
                    unique, wait_until)

MEGABYTE = 1 << 20


def standing_still(daemon, worker):
    return processes.stopped(
        daemon.role_pids("worker")[int(worker.split("/")[1])])


def shared_memory():
    """Bytes of it on this machine: what travels between processes too."""
    with open("/proc/meminfo") as file:
        for line in file:
            if line.startswith("Shmem:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("/proc/meminfo has no Shmem")


@standalone(timeout=240)
def what_waits_for_it_is_bounded():
    # Others use shared memory, too, and not each time.
    assert any(grown_for_it() < 14 * MEGABYTE for _ in range(3))


def grown_for_it():
    """How much more shared memory there is while a worker stands still that
    30 MB are for."""
    size, count = 500000, 60
    with Daemon(processes={"channel_bytes": MEGABYTE}) as daemon, \
            contextlib.ExitStack() as stack:
        here, there = daemon.workers()
        topic = unique("still/")
        subscriber = stack.enter_context(daemon.client_on(there))
        subscriber.subscribe(topic)
        senders = [stack.enter_context(daemon.client_on(here))
                   for _ in range(count)]
        before = shared_memory()
        with standing_still(daemon, there):
            for sender in senders:
                sender.stream.socket.settimeout(1)
                sender.send(codec.publish(topic, b"x" * size))
            # What others use of it comes and goes; this stays.
            time.sleep(0.5)
            grown = min(shared_memory() - before
                        for _ in range(20) if not time.sleep(0.05))
        print(f"     {grown / MEGABYTE:.1f} MB wait for a worker")
        got = 0
        with contextlib.suppress(TimedOut):
            while got < count:
                got += len(subscriber.take(2).payload) == size
        assert got > 0
        for sender in senders:
            sender.ping()
    return grown


@standalone(timeout=60)
def who_is_held_back_may_be_silent():
    """We do not read: that no PINGREQ comes is not the client's fault."""
    with Daemon(processes={"channel_bytes": 65536}) as daemon:
        here, there = daemon.workers()
        topic = unique("held/")
        with daemon.client_on(there) as subscriber, \
                daemon.client_on(here, keep_alive=1) as sender:
            subscriber.subscribe(topic)
            with standing_still(daemon, there):
                batch = codec.publish(topic, b"x" * 20000) * 50
                sender.stream.socket.settimeout(0.5)
                with contextlib.suppress(TimedOut, OSError):
                    for _ in range(200):
                        sender.send(batch)
                time.sleep(4)
            wait_until(lambda: daemon.log.find(event="connected"), "a line")
            closed = [line.text for line in daemon.log.find(
                event="closed", client_id=sender.client_id)]
            assert not closed, closed


@standalone(timeout=60)
def what_it_is_to_retain_is_bounded():
    with Daemon(processes={"channel_bytes": 65536}) as daemon, \
            contextlib.ExitStack() as stack:
        here, there = daemon.workers()
        pid = daemon.role_pids("worker")[int(here.split("/")[1])]
        # Each is kept by one of the workers: some of them by the other.
        senders = [stack.enter_context(daemon.client_on(here))
                   for _ in range(8)]
        before = processes.memory(pid)
        with standing_still(daemon, there):
            with contextlib.suppress(TimedOut):  # who is held back
                for sender in senders:
                    batch = codec.publish(unique("kept/"), b"x" * 20000,
                                          retain=True) * 50
                    for _ in range(8):
                        sender.send(batch)
            grown = processes.memory(pid) - before
            assert grown < 6 * MEGABYTE or processes.is_sanitized(pid), grown


class Flood:
    """A client that sends as much as is taken of it."""

    def __init__(self, client, data):
        self.client = client
        self.pending = memoryview(client.stream.seal(data))

    def send(self, seconds):
        """Until all is sent, or nothing is taken for so long."""
        stream = self.client.stream
        while self.pending:
            if not select.select([], [stream.socket], [], seconds)[1]:
                return
            stream.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                self.pending = self.pending[stream.socket.send(
                    self.pending):]

    def settle(self, count):
        """Send the rest, and take as many PUBACKs, in their order."""
        number = 0
        while number < count:
            self.send(0)
            with contextlib.suppress(TimedOut):  # there is room again
                got = self.client.expect(
                    codec.PUBACK, 0.1 if self.pending else None)
                assert got.packet_id == 1 + number % 65535, (number, got)
                number += 1


@standalone(timeout=120)
def acknowledgements_that_wait_for_it_are_bounded():
    """The first waits for a session of the worker that stands still, and all
    that come behind it for their turn [MQTT-4.6.0-2]. 3.1.1 knows no Receive
    Maximum."""
    count = 200000
    with Daemon() as daemon:
        here, there = daemon.workers()
        pid = daemon.role_pids("worker")[int(here.split("/")[1])]
        topic = unique("owed/")
        with daemon.client_on(there, props={
                "session_expiry_interval": 300}) as subscriber, \
                daemon.client_on(here, version=4) as sender:
            subscriber.subscribe(topic, qos=1)
            sender.publish(topic, qos=1)
            subscriber.take()
            before = processes.memory(pid)
            flood = Flood(sender, codec.publish(topic, b"first", 1, 1, 4)
                          + b"".join(codec.publish("nobody", b"x" * 100, 1,
                                                   1 + i % 65535, 4)
                                     for i in range(1, count)))
            with standing_still(daemon, there):
                flood.send(1)
                grown = processes.memory(pid) - before
                print(f"     {grown / MEGABYTE:.1f} MB wait for a worker")
                assert flood.pending, "nobody was held back"
                assert grown < 3 * MEGABYTE or processes.is_sanitized(pid), \
                    grown
            flood.settle(count)
            assert not flood.pending
            assert subscriber.take().payload == b"first"


@standalone(timeout=60)
def who_comes_to_a_new_worker_waits_until_it_knows_all_interest():
    """Else what it publishes would miss the subscribers of another."""
    with Daemon(processes={"workers": 3, "gates": 1}) as daemon:
        new, _, still = daemon.workers()
        topic = unique("known/")
        with daemon.client_on(still) as subscriber, \
                contextlib.ExitStack() as stack:
            subscriber.subscribe(topic)
            names = []
            for _ in range(2):
                client = daemon.client_on(new)
                names.append(client.client_id)
                client.disconnect()
            index = int(new.split("/")[1])
            pid = daemon.role_pids("worker")[index]
            with standing_still(daemon, still):
                os.kill(pid, signal.SIGKILL)
                wait_until(lambda: daemon.role_pids("worker").get(index)
                           not in (None, pid), "another is there")
                # In turn: one of them goes by the way of the third.
                clients = [stack.enter_context(daemon.client(
                    client_id=name, is_connected=False)) for name in names]
                for client in clients:
                    client.send(codec.connect(client.client_id, 5))
                for client in clients:
                    with contextlib.suppress(TimedOut):
                        raise AssertionError(client.receive(1))
            for client in clients:
                client.expect(codec.CONNACK)
                client.publish(topic, client.client_id)
            assert {subscriber.take().payload for _ in names} == {
                name.encode() for name in names}


main()
