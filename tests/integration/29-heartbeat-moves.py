#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Heartbeats of sessions that are at home on another worker than before, or
than their connection came to: docs/heartbeat.md, "On the server"."""

from signet import Daemon, lasting, main, standalone
from signet.heartbeat import LONG, Beat, settings, take_offer

COUNT = 4  # connections, so that gates give some to another worker than home


def resume(daemon, beat):
    """The session on a new connection, with the offer that comes unasked."""
    before = beat.offer
    beat.client = beat.client.resume(daemon, **lasting(5))
    assert beat.client.connack.session_present
    beat.offer, beat.sequence = take_offer(beat.client, LONG), 0
    assert beat.offer.handle != before.handle
    assert beat.offer.key != before.key
    # What was for the handle before is for nobody.
    beat.send(beat.question(sequence=1, key=before.key, handle=before.handle,
                            key_number=before.key_number))


def check(daemon, beat):
    """The datagram finds the worker that the session is at home on."""
    home = daemon.worker_of(beat.client)
    assert f"worker/{beat.offer.worker}" == home, (beat.offer.worker, home)
    for _ in range(3):
        beat.ask()
        beat.move()
    return home


@standalone(timeout=120)
def a_session_beats_where_it_is_at_home():
    """Whichever worker the gates give its connection to; and after each
    restart, with more workers or fewer."""
    with Daemon(**settings(), processes={"workers": 2}) as daemon:
        beats = []
        for worker in daemon.workers() * (COUNT // 2):
            client = daemon.client_on(worker, **lasting(5))
            beats.append(Beat(client, LONG))
        homes = [check(daemon, beat) for beat in beats]
        assert len(set(homes)) == 2, homes
        for workers in 3, 1:
            daemon.restart(processes={"workers": workers})
            for beat in beats:
                resume(daemon, beat)
            before, homes = homes, [check(daemon, beat) for beat in beats]
            print(f"     {workers} workers: "
                  f"{sum(a != b for a, b in zip(before, homes))} of {COUNT} "
                  "sessions have moved")
            # Half of them were on the other before.
            assert workers != 1 or set(homes) == {"worker/0"}, homes
        for beat in beats:
            beat.client.abort()
            beat.socket.close()


main()
