# SPDX-License-Identifier: Apache-2.0
"""Who was told what, and what is owed to whom: the judge of a soak.

A message is owed to a session that had the subscription before it was sent,
has not asked for its end since, and gets it at QoS above 0, once the
publisher has its PUBACK or PUBREC.
"""

import collections
import time

from pool import Pool

# What was acknowledged so long before or after a kill may have been on its
# way between the killed worker and another.
UNDER_WAY_SECONDS = 2


class Message:
    __slots__ = ("home", "qos", "sent_at", "acked_at")

    def __init__(self, home, qos):
        self.home, self.qos = home, qos
        self.sent_at, self.acked_at = time.monotonic(), None


class Session:
    """One Session State from its first CONNACK to its end. is_kept: it
    outlives its connection, and the worker that it is on."""

    def __init__(self, client_id, is_kept):
        self.client_id, self.is_kept = client_id, is_kept
        self.filters = {}       # group: QoS, once SUBACK is here
        self.pools = set()      # those it was ever a member of
        self.expected = {}      # (publisher, topic, number): Message
        self.seen = collections.defaultdict(set)
        self.last = collections.defaultdict(lambda: -1)
        self.receiving = set()  # packet identifiers at QoS 2


class Ledger:
    """pools: the groups that are topics of a Shared Subscription."""

    def __init__(self, pools):
        self.subscribers = collections.defaultdict(dict)  # group: sessions
        self.pools = {group: Pool(self, group) for group in pools}
        self.over = set()  # numbers of connections
        self.sessions = set()
        self.resent = set()
        self.kills = []  # (time, worker)
        self.counts = collections.Counter()
        self.faults = []

    def count(self, what):
        self.counts[what] += 1

    def is_over(self, link):
        return link in self.over

    def fault(self, text):
        self.counts["faults"] += 1
        if len(self.faults) < 100:
            self.faults.append(text)

    def begin(self, client_id, is_kept):
        session = Session(client_id, is_kept)
        self.sessions.add(session)
        self.counts["sessions"] += 1
        return session

    def subscribed(self, session, group, qos):
        session.filters[group] = qos
        if group in self.pools:
            session.pools.add(group)
            self.pools[group].join(session, qos)
        else:
            self.subscribers[group][session] = qos

    def unsubscribing(self, session, group):
        """What the subscription was still to bring is owed no more."""
        if session.filters.pop(group, None) is None:
            return
        if group in self.pools:
            self.pools[group].leave(session)
            return
        del self.subscribers[group][session]
        for key in [k for k in session.expected if k[1] == group]:
            del session.expected[key]

    def _leave(self, session):
        self.sessions.discard(session)
        for group in session.filters:
            self.subscribers[group].pop(session, None)
        for group in session.pools:
            self.pools[group].end(session)
        session.filters = {}

    def ended(self, session):
        """It ended as its client wanted: nothing is owed to it."""
        self._leave(session)

    def worker_killed(self, worker):
        self.kills.append((time.monotonic(), worker))
        for pool in self.pools.values():
            pool.kill()

    def killed(self, session):
        """Its home was killed: what it was owed is lost with it."""
        lost = [message for message in session.expected.values()
                if message.acked_at is not None]
        self.counts["sessions lost by kills"] += 1
        self.counts["owed messages lost with killed sessions"] += len(lost)
        self._leave(session)

    def sent(self, publisher, home, group, number, qos):
        message = Message(home, qos)
        key = (publisher, group, qos, number)
        if group in self.pools:
            self.pools[group].sent(key, message)
            self.counts[f"sent to pools at QoS {qos}"] += 1
            return message
        for session, granted in self.subscribers[group].items():
            if min(qos, granted) > 0:
                session.expected[key] = message
        self.counts[f"sent at QoS {qos}"] += 1
        return message

    def resending(self, publisher, group, number, qos):
        self.resent.add((publisher, group, qos, number))
        self.counts["sent again"] += 1

    def acked(self, message):
        message.acked_at = time.monotonic()
        self.counts["acknowledged"] += 1

    def received(self, session, publisher, group, number, sent_qos, qos,
                 link):
        """A message reached the application of a client."""
        key = (publisher, group, sent_qos, number)
        if group in self.pools:
            self._received_of_pool(session, key, qos, link)
            return
        stream = key[:3]
        may_repeat = sent_qos == 1 and key in self.resent
        self.counts[f"received at QoS {qos}"] += 1
        session.expected.pop(key, None)
        if qos > sent_qos:
            self.fault(f"{session.client_id}: {key} at QoS {qos}")
        if number in session.seen[stream]:
            if qos == 1 or may_repeat:
                self.counts["duplicates at QoS 1"] += 1
            else:
                self.fault(f"{session.client_id}: {key} twice at QoS {qos}")
            return
        session.seen[stream].add(number)
        if number > session.last[stream]:
            session.last[stream] = number
        elif not may_repeat:
            self.fault(f"{session.client_id}: {key} after "
                       f"{session.last[stream]}")

    def _received_of_pool(self, session, key, qos, link):
        sent_qos = key[2]
        self.counts[f"received of pools at QoS {qos}"] += 1
        if qos > min(sent_qos, session.filters.get(key[1], 2)):
            self.fault(f"{session.client_id}: {key} at QoS {qos}")
        self.pools[key[1]].received(session, key, qos, link,
                                    sent_qos == 1 and key in self.resent)

    def owed(self):
        """[(whom, key, message, is_kept)] that were acknowledged and have
        not come; is_kept: nothing may cost them."""
        owed = [(session.client_id, key, message, session.is_kept)
                for session in self.sessions
                for key, message in session.expected.items()
                if message.acked_at is not None]
        return owed + [(f"pool {pool.group}", key, message, False)
                       for pool in self.pools.values()
                       for key, message in pool.waiting()]

    def _is_under_way(self, message):
        return any(worker == message.home
                   and abs(message.acked_at - at) < UNDER_WAY_SECONDS
                   for at, worker in self.kills)

    def settle(self):
        """At the end: what did not come is lost."""
        for whom, key, message, is_kept in self.owed():
            if not is_kept and self._is_under_way(message):
                self.counts["owed messages lost on their way from a killed "
                            "worker"] += 1
            else:
                self.counts["owed messages lost"] += 1
                self.fault(f"{whom}: {key} acknowledged at "
                           f"{message.acked_at:.3f} and lost; sent by "
                           f"{message.home}")
        for pool in self.pools.values():
            pool.settle()
