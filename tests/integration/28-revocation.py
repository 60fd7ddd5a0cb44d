#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A CRL that changes under a running daemon with many clients: whom it revokes
is ended, and nobody else notices."""

import os
import resource
import shutil
import statistics
import time

from signet import (DEADLINE, Client, Closed, Daemon, codec, main, standalone,
                    unique)
from signet.authority import Authority
from signet.fleet import Fleet
from signet.folders import folder

GOOD, BAD, PACED = 900, 100, 50
PACE_SECONDS = 0.01
CALM_SECONDS = 2


class Pace:
    """A message at QoS 1 now and then, from each of some members in turn, and
    how long its acknowledgement took."""

    def __init__(self, members):
        self.members, self.turns = members, 0
        self.next_at = time.monotonic()
        self.waiting = {}  # member: (acknowledged before, sent at)
        self.seconds = []

    def go_on(self):
        now = time.monotonic()
        for member, (acked, sent_at) in list(self.waiting.items()):
            if member.acked > acked:
                self.seconds.append(now - sent_at)
                del self.waiting[member]
        if now < self.next_at:
            return
        self.next_at = now + PACE_SECONDS
        self.turns += 1
        member = self.members[self.turns % len(self.members)]
        if member not in self.waiting:
            self.waiting[member] = member.acked, now
            member.send(codec.publish(f"paced/{self.turns}", b"x", 1,
                                      self.turns % 65535 + 1, 5))

    def take(self):
        taken, self.seconds = self.seconds, []
        return taken


def p99(seconds):
    return 1000 * statistics.quantiles(seconds, n=100)[98]


def connect_all(daemon, fleet, certificate, count):
    """Members with this certificate; but the first they resume its session.
    And that session."""
    session, made = None, []
    for _ in range(count):
        client = Client(daemon, unique("many"), certificate=certificate,
                        session=session)
        session = session or client.stream.tls.session
        made.append(fleet.add(client))
    return made, session


def expect_refused(daemon, certificate, session):
    """Also where a session of before is resumed."""
    try:
        with Client(daemon, certificate=certificate, session=session):
            pass
    except Closed as closed:
        assert closed.how == "certificate_revoked", closed.how
        return
    raise AssertionError(f"{certificate} is let in")


def run(fleet, pace, is_done, seconds):
    end = time.monotonic() + seconds
    while not is_done() and time.monotonic() < end:
        pace.go_on()
        fleet.turn(PACE_SECONDS / 2)


@standalone(timeout=150)
def whom_a_new_list_revokes_is_ended_and_nobody_else():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    try:
        with folder() as path:
            connect_and_revoke(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect_and_revoke(path):
    root = Authority(path, "root")
    root.issue("good", "device-1")
    root.issue("bad", "device-2")
    shutil.copy(root.crl("old"), f"{path}/in-use.crl")
    with Daemon(tls={"client_ca": root.certificate,
                     "crl": [f"{path}/in-use.crl"]}) as daemon, \
            Fleet() as fleet:
        daemon.pki = path
        assert daemon.reload() == "nothing has changed"
        good, _ = connect_all(daemon, fleet, "good", GOOD)
        bad, session = connect_all(daemon, fleet, "bad", BAD)
        revoke(daemon, fleet, root, path, good, bad)
        expect_refused(daemon, "bad", session)
        expect_refused(daemon, "bad", None)


def revoke(daemon, fleet, root, path, good, bad):
    pace = Pace(good[:PACED])
    run(fleet, pace, lambda: False, CALM_SECONDS)
    before = pace.take()
    root.revoke("bad")
    # What openssl took of the pace's time is not the daemon's.
    pace.waiting.clear()
    fresh = root.crl("new")
    started, ended_at = time.monotonic(), {}
    os.rename(fresh, f"{path}/in-use.crl")

    def are_gone():
        for member in bad:
            if member.ended is not None:
                ended_at.setdefault(member, time.monotonic() - started)
        return len(ended_at) == len(bad)
    run(fleet, pace, are_gone, 3 * DEADLINE)
    assert len(ended_at) == len(bad), f"{len(ended_at)} were ended"
    run(fleet, pace, lambda: False, CALM_SECONDS / 2)
    during = pace.take()
    run(fleet, pace, lambda: not pace.waiting, DEADLINE)
    times = sorted(ended_at.values())
    print(f"     revoked {len(bad)} of {len(bad) + len(good)}: ended after "
          f"{times[len(times) // 2]:.3f} s (median), {times[-1]:.3f} s "
          f"(the last); acknowledgements of the others p99 "
          f"{p99(before):.1f} ms before, {p99(during):.1f} ms during")
    for member in bad:  # MQTT 5.0, 3.14.2.1: not authorized
        assert member.ended.startswith("DISCONNECT 87"), member.ended
    assert all(member.ended is None for member in good)
    assert not pace.waiting, "an acknowledgement is missing"
    line = daemon.await_log(event="trust-ended")
    assert line["reason"] == "certificate-revoked", line.text
    assert daemon.log.find(event="trust-ended", identity="device-1") == []


main()
