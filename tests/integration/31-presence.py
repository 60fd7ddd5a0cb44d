#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Presence, from outside: docs/presence.md."""

import datetime
import json
import os
import signal
import time

from signet import (DEADLINE, Daemon, case, main, standalone, wait_until)
from signet.heartbeat import GRANTED, LONG, Beat, settings

PREFIX = "$SYS/presence/"
SETTINGS = {
    "presence": {"enabled": True},
    "sys": {"interval_seconds": 0},
    "roles": [{"name": "watch", "match": {"identity": "device-8"},
               "publish": ["$SYS/#"], "subscribe": [PREFIX + "#"]}] + GRANTED}
LASTS = {"session_expiry_interval": 600}


def topic_of(client, identity="device-1"):
    return f"{PREFIX}{identity}/{client.client_id}"


class Watch:
    """A subscriber: what it was told of each topic."""

    def __init__(self, client, is_new=True):
        self.client, self.told = client, {}
        if is_new:
            assert client.subscribe(PREFIX + "#", qos=1) == [1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.abort()

    def take(self, timeout=None):
        got = self.client.take(timeout)
        assert got.topic.startswith(PREFIX), got
        value = json.loads(got.payload)
        at = datetime.datetime.strptime(value["since"],
                                        "%Y-%m-%dT%H:%M:%S.%f%z")
        assert abs(time.time() - at.timestamp()) < 600, value
        value["retain"] = got.retain
        self.told.setdefault(got.topic, []).append(value)

    def until(self, topic, **fields):
        """Until this is told of a topic, as the next of it; and only then."""
        deadline = time.monotonic() + 4 * DEADLINE
        while not self.told.get(topic):
            self.take(deadline - time.monotonic())
        value = self.told[topic].pop(0)
        for name, wanted in fields.items():
            assert value.get(name) == wanted, (topic, name, wanted, value)
        return value

    def until_offline(self, topic, reason, session=False):
        return self.until(topic, state="offline", reason=reason,
                          session=session)


def watch(broker, **options):
    return Watch(broker.client(certificate="client-8", **options))


def kept(broker):
    """What a new subscriber is told: {topic: value}. Some may be missing that
    come later."""
    with watch(broker) as new:
        new.until(topic_of(new.client, "device-8"), state="online")
        for _ in range(3):
            new.client.ping()
        while new.client.queue:
            new.take()
        return {topic: values[-1] for topic, values in new.told.items()
                if values}


def until_kept(broker, **states):
    """Until new subscribers are told these states: {topic: state}. What."""
    last = {}

    def is_so():
        last.clear()
        last.update(kept(broker))
        return all(last.get(topic, {}).get("state") == state
                   for topic, state in states.items())
    wait_until(is_so, f"{states} are kept")
    for topic in states:
        assert last[topic]["retain"], last
    return last


def closed_reason(broker, client):
    return broker.await_log(event="closed",
                            client_id=client.client_id)["reason"]


@case(**SETTINGS)
def each_end_is_told_with_the_word_of_the_log(broker):
    with watch(broker) as it:
        def gone(client, end, session=False):
            topic = topic_of(client)
            it.until(topic, state="online", heartbeat=False, retain=False)
            end(client)
            told = it.until(topic, state="offline", session=session)
            assert told["reason"] == closed_reason(broker, client), told
            client.abort()
            return told["reason"]

        for worker in broker.workers():
            assert gone(broker.client_on(worker),
                        lambda c: c.leave()) == "disconnected"
        assert gone(broker.client(version=4),
                    lambda c: c.leave()) == "disconnected"
        gone(broker.client(), lambda c: c.leave(is_orderly=False))
        gone(broker.client(), lambda c: c.send(b"\x00\x00"))
        assert gone(broker.client(keep_alive=1),
                    lambda _: None) == "keep-alive-timeout"
        gone(broker.client(), lambda c: broker.ctl(
            "disconnect", f"device-1/{c.client_id}"))
        assert gone(broker.client(props=LASTS), lambda c: c.leave(),
                    session=True) == "disconnected"


@case(**SETTINGS)
def a_session_that_is_taken_over_is_online_again(broker):
    with watch(broker) as it, broker.client(props=LASTS) as old:
        topic = topic_of(old)
        first = it.until(topic, state="online")
        with broker.client(client_id=old.client_id, clean=False,
                           props=LASTS) as new:
            it.until_offline(topic, "session-taken-over", session=True)
            second = it.until(topic, state="online")
            assert second["since"] >= first["since"]
            until_kept(broker, **{topic: "online"})
            new.leave()
        it.until_offline(topic, "disconnected", session=True)
        # One that begins anew is another session.
        with broker.client(client_id=old.client_id, clean=True):
            it.until_offline(topic, "clean-start")
            it.until(topic, state="online")


@case(**SETTINGS)
def a_subscriber_hears_of_itself_what_was_said_as_it_came_back(broker):
    """What is published before its CONNACK leaves, and is on no disk yet."""
    with watch(broker, props=LASTS) as it:
        topic = topic_of(it.client, "device-8")
        it.until(topic, state="online")
        for _ in range(3):
            it.client.ping()  # its PUBACK is taken
            with Watch(broker.client(
                    client_id=it.client.client_id, certificate="client-8",
                    clean=False, props=LASTS), is_new=False) as new:
                assert new.client.connack.session_present
                new.until_offline(topic, "session-taken-over", session=True)
                new.until(topic, state="online", retain=False)
                it.client, new.client = new.client, it.client


@case(**SETTINGS)
def a_topic_lasts_as_long_as_its_session(broker):
    with watch(broker) as it:
        lasting = broker.client(props={"session_expiry_interval": 600})
        short = broker.client(props={"session_expiry_interval": 2})
        with broker.client() as here:
            topics = [topic_of(c) for c in (lasting, short, here)]
            until_kept(broker, **dict.fromkeys(topics, "online"))
            for topic in topics:
                it.until(topic, state="online")
            for client in lasting, short, here:
                client.leave()
        it.until_offline(topics[0], "disconnected", session=True)
        it.until_offline(topics[1], "disconnected", session=True)
        it.until_offline(topics[2], "disconnected")
        it.until_offline(topics[1], "expired")
        found = until_kept(broker, **{topics[0]: "offline"})
        assert found[topics[0]]["session"] is True, found
        assert not {topics[1], topics[2]} & set(found), found


@case(**SETTINGS)
def names_are_encoded(broker):
    names = {"x/y+z#100%": "x%2Fy%2Bz%23100%25", "$a \"b\"": "$a \"b\"",
             "k\u00fcche": "k\u00fcche"}
    with watch(broker) as it:
        for name, level in names.items():
            with broker.client(client_id=name, props=LASTS):
                it.until(f"{PREFIX}device-1/{level}", state="online")
        # Its topic would have more than 4096 bytes.
        with broker.client(client_id="/" * 1400):
            broker.await_log(event="no-presence", reason="topic-too-long")


@case(**{**settings(least_interval_ms=50), **SETTINGS})
def heartbeats_are_shown(broker):
    with watch(broker) as it:
        with broker.client() as client:
            topic = topic_of(client)
            first = it.until(topic, state="online", heartbeat=False)
            with Beat(client, LONG):
                now = it.until(topic, state="online", heartbeat=True)
                assert now["since"] == first["since"], (first, now)
            client.unsubscribe(f"$signet/heartbeat/{LONG}")
            it.until(topic, state="online", heartbeat=False)
            with Beat(client, 50) as beat:
                it.until(topic, state="online", heartbeat=True)
                beat.ask()
                it.until_offline(topic, "heartbeat-timeout")
        # One that lasts has its heartbeat again with its session.
        with broker.client(props=LASTS) as client, Beat(client, LONG):
            topic = topic_of(client)
            it.until(topic, heartbeat=False)
            it.until(topic, heartbeat=True)
            with client.resume(broker, props=LASTS):
                wait_until(lambda: kept(broker).get(topic, {})
                           .get("heartbeat"), "the heartbeat is there again")


@case(**SETTINGS)
def it_is_for_those_whose_roles_name_it(broker):
    with broker.client() as client:
        topic = topic_of(client)
        assert client.subscribe(PREFIX + "#", PREFIX + "+/+",
                                topic) == [0x87] * 3
        assert client.subscribe("#", "+/presence/#") == [0, 0]
        with watch(broker) as it:
            it.until(topic, state="online")
            for certificate in "client-2", "client-8":
                with broker.client(certificate=certificate) as liar:
                    assert liar.publish(topic, b"lie", 1, retain=True) == 0x87
                with broker.client(certificate=certificate, expect_reason=0x87,
                                   will={"topic": topic, "payload": b"lie"}):
                    pass
            until_kept(broker, **{topic: "online"})
            assert not it.told.get(topic), it.told
        client.expect_nothing()


@standalone(timeout=120)
def who_was_on_a_worker_that_dies_is_offline():
    with Daemon(**SETTINGS) as daemon:
        with daemon.client_on("worker/1", certificate="client-8") as client, \
                Watch(client) as it, daemon.client_on("worker/1") as stays, \
                daemon.client_on("worker/0") as goes, \
                daemon.client_on("worker/0", props=LASTS) as lasts:
            for other in stays, goes, lasts:
                it.until(topic_of(other), state="online")
            before = daemon.role_pids("worker")[0]
            os.kill(before, signal.SIGKILL)
            it.until_offline(topic_of(goes), "server-failed")
            it.until_offline(topic_of(lasts), "server-failed", session=True)
            found = until_kept(daemon, **{topic_of(lasts): "offline",
                                          topic_of(stays): "online"})
            assert topic_of(goes) not in found, found
            with lasts.resume(daemon, props=LASTS):
                it.until(topic_of(lasts), state="online")
            assert not it.told.get(topic_of(stays)), it.told
        daemon.kill()


@standalone(timeout=120)
def nobody_is_online_for_ever():
    """The daemon ends, in order or not, and comes back, also with more
    workers: what is kept is right again."""
    with Daemon(**SETTINGS) as daemon:
        for is_orderly, workers in (False, 2), (True, 3):
            with watch(daemon) as it:
                gone = [daemon.client() for _ in range(3)]
                away = [daemon.client(props=LASTS) for _ in range(3)]
                for other in gone + away:
                    it.until(topic_of(other), state="online")
            daemon.restart(is_orderly, processes={"workers": workers})
            check_offline(daemon, gone, away, is_orderly)
        # Turned off it is forgotten, and turned on again it begins anew.
        daemon.restart(presence={"enabled": False})
        with daemon.client(certificate="client-8") as client:
            assert client.subscribe(PREFIX + "#") == [0]
            with daemon.client() as other:
                other.ping()
            client.expect_nothing()
        daemon.restart(presence={"enabled": True})
        assert all("device-8" in topic for topic in kept(daemon))


def check_offline(daemon, gone, away, is_orderly):
    for other in gone + away:
        other.abort()
    found = until_kept(daemon, **{topic_of(other): "offline"
                                  for other in away})
    for other in away:
        value = found[topic_of(other)]
        assert value["session"] is True, value
        # A worker that sees its master die may end in order.
        assert value["reason"] == "shutting-down" or (
            not is_orderly and value["reason"] == "server-failed"), value
    wait_until(lambda: not {topic_of(other) for other in gone}
               & set(kept(daemon)), "what has no session is forgotten")


main()
