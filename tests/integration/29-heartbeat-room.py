#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How many heartbeats there may be, and how often one may ask:
docs/heartbeat.md, "How a client asks for it"."""

from signet import Daemon, case, codec, lasting, main, standalone
from signet.heartbeat import LONG, Beat, settings, take_offer


@case(**settings())
def however_often_one_asks_at_once_there_is_one_key(broker):
    for last in 1, 2:
        filters = [(f"$signet/heartbeat/{1 + i % 2}", 0)
                   for i in range(2000 + last)]
        with broker.client() as client:
            client.send(codec.subscribe(9, filters))
            got = [client.receive() for _ in range(2)]
            client.ping()
            assert not client.queue
            suback, = [p for p in got if p.type == codec.SUBACK]
            assert suback.codes == [0] * len(filters), suback
            offer, = [p for p in got if p.type == codec.PUBLISH]
            assert offer.topic == f"$signet/heartbeat/{last}", offer
            assert b'"key_number":1,' in offer.payload, offer


@standalone
def as_many_have_one_as_may():
    with Daemon(**settings(max_sessions_percent=1),
                limits={"connections": 3},
                processes={"workers": 1}) as daemon:
        with daemon.client() as one, daemon.client() as other:
            with Beat(one, LONG), daemon.client(version=4) as old:
                assert old.subscribe("$signet/heartbeat/1000") == [0x80]
                assert other.subscribe("$signet/heartbeat/1000") == [0x97]
                assert one.subscribe("$signet/heartbeat/1000") == [0]
                assert one.unsubscribe("$signet/heartbeat/1000") == [0]
            with Beat(other, LONG) as beat:
                beat.ask()


@standalone
def a_session_that_comes_back_may_find_no_room():
    """It is told, and asks again by itself."""
    with Daemon(**settings(max_sessions_percent=1),
                limits={"connections": 2},
                processes={"workers": 1}) as daemon:
        first = daemon.client(**lasting(5))
        with first, Beat(first, LONG):
            first.disconnect()
        with daemon.client() as other, Beat(other, 1000), \
                first.resume(daemon, **lasting(5)) as back:
            assert back.connack.session_present
            assert take_offer(back, LONG).is_ended
            assert back.subscribe(f"$signet/heartbeat/{LONG}") == [0x97]
            assert other.unsubscribe("$signet/heartbeat/1000") == [0]
            with Beat(back, LONG) as beat:
                beat.ask()


@standalone
def they_are_a_share_of_the_connections_that_may_be():
    with Daemon(**settings(max_sessions_percent=25),
                limits={"connections": 16},
                processes={"workers": 1}) as daemon:
        assert ask_all(daemon) == 4
        daemon.reload(heartbeat={"max_sessions_percent": 12})
        assert ask_all(daemon) == 2
        # One for each, and chance says how many come to which.
        daemon.restart(processes={"workers": 2})
        assert ask_all(daemon) in (1, 2)


def ask_all(daemon):
    """How many of six clients are granted a heartbeat."""
    clients = [daemon.client() for _ in range(6)]
    codes = [client.subscribe("$signet/heartbeat/60000")[0]
             for client in clients]
    for client in clients:
        client.disconnect()
    assert set(codes) == {0, 0x97}, codes
    return codes.count(0)


main()
