#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whoever is away while his rights are taken, or his certificate: what waits
for him stays within its bounds, and what he may not have any more he does not
get, whenever it was published and wherever it stood."""

import os
import shutil

from signet import Closed, Daemon, codec, main, standalone
from signet.authority import Authority
from signet.daemon import ROLES
from signet.folders import folder
from signet.places import LASTING

# What may wait for him: less than is published to him.
QUEUED_MAX = 12


def narrow():
    """The roles of all tests, but device-1 may have a/# alone."""
    return [r for r in ROLES if r["match"]["identity"] != "device-1"] + [
        {"name": "narrow", "match": {"identity": "device-1"},
         "publish": [], "subscribe": ["a/#"]}]


def started(**overrides):
    return Daemon(reload={"watch": False},
                  sessions={"max_queued_messages": QUEUED_MAX}, **overrides)


def lose_while_away(broker, version, lose):
    """In flight, waiting since before, and waiting since he lost the right."""
    away = broker.client(version=version, **LASTING[version])
    away.subscribe("a/kept", "b/lost", qos=2)
    with broker.client(certificate="client-2") as other:
        for qos in 1, 2:
            for topic in "a/kept", "b/lost":
                other.publish(topic, f"flight {qos}".encode(), qos)
        in_flight = [away.expect(codec.PUBLISH) for _ in range(4)]
        assert {got.topic for got in in_flight} == {"a/kept", "b/lost"}
        away.leave(is_orderly=False)
        for topic in "b/lost", "a/kept":
            other.publish(topic, b"before", 1)
    lose()
    with broker.client(certificate="client-2") as other:
        other.publish("a/kept", b"after", 1)
        for _ in range(2 * QUEUED_MAX):
            other.publish("b/lost", b"after", 1)
    broker.await_log(event="dropping", identity="device-1")
    with away.resume(broker, **LASTING[version]) as back:
        got = [back.take() for _ in range(4)]
        assert [g.topic for g in got] == 4 * ["a/kept"], got
        assert [g.payload for g in got] == [
            b"flight 1", b"flight 2", b"before", b"after"], got
        back.expect_nothing()
    with away.resume(broker, **LASTING[version]) as again:
        again.expect_nothing()


@standalone
def rights_that_are_lost_while_away_take_along_what_waits():
    for version in 4, 5:
        with started() as broker:
            lose_while_away(broker, version,
                            lambda: broker.reload(roles=narrow()))


@standalone
def rights_that_are_lost_by_a_restart_take_along_what_waits():
    with started() as broker:
        def restart():
            broker.configure(roles=narrow())
            broker.restart()
        lose_while_away(broker, 5, restart)


@standalone
def rights_that_are_lost_while_connected_take_along_what_waits():
    """He is ended with messages in flight, and those do not come again."""
    with started() as broker, \
            broker.client(certificate="client-2") as other:
        client = broker.client(**LASTING[5])
        client.subscribe("a/kept", "b/lost", qos=1)
        for topic in "b/lost", "a/kept":
            other.publish(topic, b"x", 1)
            assert client.expect(codec.PUBLISH).topic == topic
        broker.reload(roles=narrow())
        client.expect_end(0x87)
        with client.resume(broker, **LASTING[5]) as back:
            got = back.take()
            assert (got.topic, got.dup) == ("a/kept", True), got
            back.expect_nothing()


@standalone
def a_certificate_that_is_revoked_while_away_opens_nothing():
    """Not to its holder; but the session is its identity's, who may come with
    another certificate."""
    with folder() as path:
        root = Authority(path, "root")
        for name in "lost", "renewed":
            root.issue(name, "device-1")
        root.issue("sender", "device-2")
        shutil.copy(root.crl("old"), f"{path}/in-use.crl")
        with started(tls={"client_ca": root.certificate,
                          "crl": [f"{path}/in-use.crl"]}) as broker:
            broker.pki = path
            away = broker.client(certificate="lost", **LASTING[5])
            away.subscribe("a", qos=1)
            away.leave()
            with broker.client(certificate="sender") as other:
                other.publish("a", b"waits", 1)
            root.revoke("lost")
            os.rename(root.crl("new"), f"{path}/in-use.crl")
            broker.reload()
            try:
                with away.resume(broker, certificate="lost", **LASTING[5]):
                    raise AssertionError("it is let in")
            except Closed as closed:
                assert closed.how == "certificate_revoked", closed.how
            with away.resume(broker, certificate="renewed",
                             **LASTING[5]) as back:
                assert back.connack.session_present
                assert back.take().payload == b"waits"


main()
