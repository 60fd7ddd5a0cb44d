#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Datagrams that come while a worker stands still, so that it finds them all
at once: docs/heartbeat.md, "What the server does"."""

import time

from signet import Daemon, TimedOut, main, standalone, wait_until
from signet.heartbeat import LEN, Beat, settings
from signet.processes import stopped


def queue(port):
    """Bytes that wait for the worker; and how many datagrams found no room."""
    with open("/proc/net/udp", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    rows = [row for row in rows if int(row[1].split(":")[1], 16) == port]
    return (sum(int(row[4].split(":")[1], 16) for row in rows),
            sum(int(row[-1]) for row in rows))


def fill(beat):
    """Until nothing finds room any more."""
    before = queue(beat.offer.port)[1]

    def is_full():
        for _ in range(1000):
            beat.send(bytes(LEN))
        return queue(beat.offer.port)[1] > before
    wait_until(is_full, "there is no room")


@standalone(timeout=180)
def what_finds_no_room_is_no_miss():
    """On a machine that lets the client wait for seconds, too, it is tried
    again."""
    assert any(is_excused() for _ in range(5))


def is_excused():
    with Daemon(**settings(misses=5), processes={"workers": 1}) as daemon:
        with daemon.client() as client, Beat(client, 500) as beat:
            beat.ask()
            with stopped(daemon.role_pids("worker")[0]):
                fill(beat)
                beat.send(beat.question())
                time.sleep(beat.offer.patience)
            wait_until(lambda: queue(beat.offer.port)[0] == 0,
                       "all that had room has been read")
            time.sleep(beat.offer.patience / 5)  # some chances to be ended
            try:
                beat.send(beat.question())
                return beat.receive(beat.offer.patience).sequence == 3
            except TimedOut:
                client.expect_end(0x8d)
                return False


main()
