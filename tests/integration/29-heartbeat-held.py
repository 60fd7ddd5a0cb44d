#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Heartbeats of clients that do not read, that are read slowly, or whose
session ends: docs/heartbeat.md, "What the server does"."""

import json
import time

from signet import (Closed, Daemon, TimedOut, case, codec, main, standalone,
                    unique, wait_until)
from signet.heartbeat import (GOING_AWAY, LONG, NEW_KEY, Beat, Offer, Pulse,
                              settings, take_offer)

KEY_SECONDS = 2


def unsent(daemon, client):
    text, status = daemon.ctl("--json", "session",
                              f"device-1/{client.client_id}")
    assert status == 0, text
    return json.loads(text)["sessions"][0]["unsent_bytes"]


@standalone(timeout=180)
def a_key_is_not_void_before_its_client_could_read_of_the_next():
    """Where the machine takes longer than a key lasts to fill the way to the
    client, it is tried again."""
    assert any(is_good_for_who_does_not_read() for _ in range(5))


def is_good_for_who_does_not_read():
    with Daemon(**settings(key_seconds=KEY_SECONDS)) as daemon, \
            daemon.client() as sender, \
            daemon.client(receive_buffer=4096) as client:
        topic = unique("much/")
        client.subscribe(topic)
        with Beat(client, LONG) as beat:
            while unsent(daemon, client) == 0:
                for _ in range(20):
                    sender.send(codec.publish(topic, b"x" * 60000))
                sender.ping()
            if beat.ask().flags & NEW_KEY:
                return False
            wait_until(lambda: beat.ask().flags & NEW_KEY, "there is another")
            # It does not get the one after that, which would void its own.
            until = time.monotonic() + 2.5 * KEY_SECONDS
            while time.monotonic() < until:
                assert beat.ask().flags & NEW_KEY
                time.sleep(0.05)
            got = client.expect(codec.PUBLISH)
            while got.topic == topic:
                got = client.expect(codec.PUBLISH)
            before, beat.offer = beat.offer, Offer(got.payload)
            assert beat.offer.key_number == before.key_number + 1
            assert not beat.ask().flags & NEW_KEY
            # And they go on to be renewed.
            number = take_offer(client).key_number
            assert number == before.key_number + 2, number
            return True


SLOW = {"name": "slow", "match": {"identity": "device-2"}, "publish": ["#"],
        "subscribe": ["$signet/heartbeat/+"],
        "limits": {"messages_per_second": 1}}


@case(**settings(least_interval_ms=300) | {"roles": [SLOW]}, timeout=90)
def who_is_held_back_by_a_limit_misses_nothing_meanwhile(broker):
    """The last of them is taken three seconds after the second, and what comes
    behind it yet later."""
    with broker.client(certificate="client-2") as client, \
            Beat(client, 300) as beat:
        began = time.monotonic()
        beat.ask()
        for _ in range(5):
            client.send(codec.publish("slow", b"", version=5))
        client.expect_end(0x8d)
        took = time.monotonic() - began
        assert took > 3 > 2 * beat.offer.patience, took
        broker.await_log(event="closed", reason="heartbeat-timeout",
                         client_id=client.client_id)


@case(**settings())
def keep_alive_holds_for_who_beats(broker):
    """As before: questions are no packets [MQTT-3.1.2-24], [MQTT5-3.1.2-22]."""
    with broker.client(keep_alive=1) as client, Beat(client) as beat, \
            Pulse(beat):
        client.expect_end(0x8d)
        broker.await_log(event="closed", reason="keep-alive-timeout",
                         client_id=client.client_id)


@standalone(timeout=180)
def a_server_that_is_ending_gives_no_new_key():
    """It waits two seconds at most for the client to end the connection: on a
    machine that did not run this in time it is tried again."""
    assert any(gives_none_at_its_end() for _ in range(10))


def gives_none_at_its_end():
    with Daemon(**settings(key_seconds=1)) as daemon, \
            daemon.client() as client, Beat(client, LONG) as beat:
        beat.ask()
        daemon.process.terminate()
        due = time.monotonic() + 1
        got = client.receive()
        while got.type == codec.PUBLISH:
            beat.offer = Offer(got.payload)
            due = time.monotonic() + 1
            got = client.receive()
        assert got.type == codec.DISCONNECT and got.reason == 0x8b, got
        flags = set()
        try:
            while time.monotonic() < due + 0.3:
                flags.add(beat.ask().flags)
                time.sleep(0.05)
        except TimedOut:
            return False
        assert flags == {GOING_AWAY}, flags
        try:
            raise AssertionError(client.receive())
        except Closed:
            return True


main()
