# SPDX-License-Identifier: Apache-2.0
"""Who of a Shared Subscription got what: the judge of a pool of members.

A message at QoS above 0 is owed to a pool that had a member before it was
sent and has had one since, once the publisher has its PUBACK or PUBREC. One
member gets it. At QoS 1 it may come once more for each connection that it came
on and that ended, as its PUBACK may be lost (4.8.2), and for each kill: then
it may be on its way from the publisher's worker a second time while the queue
of the dead one's member still holds it. What was sent at QoS 2 to a session
that ends is gone with it [MQTT5-4.8.2-5].
"""

import time

# How long a worker may take to notice an end, and to tell the others.
NOTICE_SECONDS = 2
# What was taken so long before a kill is acknowledged, and that is on disk.
SETTLED_SECONDS = 20

KILLED = "owed messages of pools lost with kills"
HELD = "messages of pools at QoS 2 that ended with a member's session"
EMPTY = "messages of pools whose last member left"


class Taken:
    """A message that has come, to whichever members."""

    def __init__(self):
        self.first_at = time.monotonic()
        self.comings = []  # (connection, QoS)

    def is_excused(self, ledger):
        """May it come once more?"""
        if any(qos != 1 for _, qos in self.comings):
            return False
        ended = sum(ledger.is_over(link) for link, _ in self.comings)
        kills = sum(at > self.first_at - SETTLED_SECONDS
                    for at, _ in ledger.kills)
        return len(self.comings) <= ended + kills


class Pool:
    def __init__(self, ledger, group):
        self.ledger, self.group = ledger, group
        self.members = {}    # session: QoS, from SUBACK on
        self.holders = set()  # sessions that may be sent something at QoS 2
        self.owed = {}       # (publisher, group, QoS, number): Message
        self.excused = {}    # the same: (why, Message)
        self.taken = {}      # the same: Taken
        self.held_until = 0  # a holder that ended may have been sent more
        self.killed_until = 0

    def join(self, session, qos):
        self.members[session] = qos
        if qos == 2:
            self.holders.add(session)

    def leave(self, session):
        """It has unsubscribed; what it was sent at QoS 2 remains with it."""
        self.members.pop(session, None)
        if not self.members:
            self._excuse(EMPTY, lambda _: True)

    def end(self, session):
        """The session is gone."""
        self.leave(session)
        if session in self.holders:
            self.holders.discard(session)
            self.held_until = time.monotonic() + NOTICE_SECONDS
            self._excuse(HELD, lambda message: message.qos == 2)

    def kill(self):
        """A worker was killed: what it had under way is lost."""
        self.killed_until = time.monotonic() + NOTICE_SECONDS
        self._excuse(KILLED, lambda _: True)

    def _excuse(self, why, is_so):
        for key, message in list(self.owed.items()):
            if is_so(message):
                self.excused[key] = why, message
                del self.owed[key]

    def sent(self, key, message):
        if not self.members or message.qos == 0:
            return
        if message.sent_at < self.killed_until:
            self.excused[key] = KILLED, message
        elif message.sent_at < self.held_until and message.qos == 2:
            self.excused[key] = HELD, message
        else:
            self.owed[key] = message

    def received(self, session, key, qos, link, may_repeat):
        self.owed.pop(key, None)
        self.excused.pop(key, None)
        taken = self.taken.setdefault(key, Taken())
        if taken.comings:
            if may_repeat or taken.is_excused(self.ledger):
                self.ledger.count("duplicates at QoS 1 in pools")
            else:
                self.ledger.fault(f"{session.client_id}: {key} of a pool came "
                                  f"again, before at {taken.comings}")
        taken.comings.append((link, qos))

    def waiting(self):
        """[(key, message)] that are owed and have not come."""
        return [(key, message) for key, message in self.owed.items()
                if message.acked_at is not None]

    def settle(self):
        """At the end: what did not come, and why."""
        for why, message in self.excused.values():
            if message.acked_at is not None:
                self.ledger.count(why)
