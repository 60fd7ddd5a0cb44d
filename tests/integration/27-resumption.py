#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TLS sessions that are resumed: by whom, how often, and who may not."""

import os
import signal
import ssl

from signet import (Client, Closed, Daemon, case, main, standalone, unique,
                    wait_until)

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
TRIES = 6  # with two gates, both are met


def versions(broker):
    """Those that this build of the daemon speaks."""
    try:
        with Client(broker, tls={"minimum": TLS_1_3}):
            return TLS_1_2, TLS_1_3
    except Closed:
        return (TLS_1_2,)


def arrive(broker, version, session=None, certificate="client-1"):
    """Connect; ("full" or "resumed", the identity, a session to resume)."""
    client_id = unique()
    with Client(broker, client_id, certificate=certificate, session=session,
                tls={"minimum": version, "maximum": version}) as client:
        client.ping()  # TLS 1.3: the ticket comes behind the handshake
        found = client.stream.tls.session
        client.disconnect()
    line = broker.await_log(event="connected", client_id=client_id)
    return line["handshake"], line["identity"], found


@case
def who_comes_back_resumes_at_any_gate(broker):  # RFC 5077 s3.1, RFC 8446 s2.2
    for version in versions(broker):
        how, who, session = arrive(broker, version)
        assert (how, who) == ("full", "device-1")
        for _ in range(TRIES):
            how, who, session = arrive(broker, version, session)
            assert (how, who) == ("resumed", "device-1"), version


@case
def a_resumed_session_is_its_owners(broker):
    """The identity comes from the ticket, not from what is offered now."""
    for version in versions(broker):
        _, _, session = arrive(broker, version, certificate="client-2")
        how, who, _ = arrive(broker, version, session, "client-2")
        assert (how, who) == ("resumed", "device-2"), version


@case
def a_resumed_session_carries_messages_both_ways(broker):
    for version in versions(broker):
        _, _, session = arrive(broker, version)
        with Client(broker, session=session,
                    tls={"minimum": version, "maximum": version}) as client:
            topic = unique("resumed/")
            client.subscribe(topic)
            client.publish(topic, b"x" * 50000, 1)
            assert client.take().payload == b"x" * 50000
            line = broker.await_log(event="connected",
                                    client_id=client.client_id)
            assert line["handshake"] == "resumed"


@case(tls={"ticket_seconds": 1})
def a_ticket_is_good_for_so_long(broker):
    """Absolutely: one that was renewed in between does not last longer."""
    for version in versions(broker):
        _, _, session = arrive(broker, version)
        seen = []

        def is_full():
            nonlocal session
            how, who, session = arrive(broker, version, session)
            assert who == "device-1"
            seen.append(how)
            return how == "full"
        wait_until(is_full, "a full handshake")


@standalone
def a_reload_renews_the_keys_in_its_interval():
    with Daemon(reload={"watch": False}, log={"level": "debug"},
                tls={"ticket_seconds": 604800}) as daemon:
        assert not daemon.log.find(event="ticket-keys-renewed")
        daemon.reload(tls={"ticket_seconds": 1})
        wait_until(lambda: len(daemon.log.find(
            event="ticket-keys-renewed")) >= 2, "the keys were renewed")


@case(tls={"tickets": False})
def without_tickets_every_handshake_is_full(broker):
    for version in versions(broker):
        _, _, session = arrive(broker, version)
        for _ in range(2):
            how, _, session = arrive(broker, version, session)
            assert how == "full", version


@standalone(timeout=60)
def who_starts_anew_knows_no_ticket_of_before():
    with Daemon() as daemon:
        for version in versions(daemon):
            _, _, session = arrive(daemon, version)
            daemon.restart()
            how, who, _ = arrive(daemon, version, session)
            assert (how, who) == ("full", "device-1"), version


@standalone(timeout=60)
def a_new_gate_has_the_keys_of_the_old():
    with Daemon(processes={"gates": 1}) as daemon:
        for version in versions(daemon):
            _, _, session = arrive(daemon, version)
            old = daemon.role_pids("gate")[0]
            os.kill(old, signal.SIGKILL)
            wait_until(lambda: daemon.role_pids("gate").get(0)
                       not in (None, old), "another gate")
            how, _, _ = arrive(daemon, version, session)
            assert how == "resumed", version


main()
