# SPDX-License-Identifier: Apache-2.0
"""Who was told what, and what is owed to whom: the judge of the crash tests.

A message is owed to a session that had a matching subscription, acknowledged
by a SUBACK, when the message was first sent, and that has not asked for the
subscription's end since; it is owed from the moment its publisher gets the
PUBACK or the PUBREC. Crashes excuse nothing.
"""

import collections
import functools

FAULTS_KEPT = 50


@functools.lru_cache(maxsize=None)
def matches(topic_filter, topic):
    """MQTT 5.0, 4.7"""
    wanted, got = topic_filter.split("/"), topic.split("/")
    for i, level in enumerate(wanted):
        if level == "#":
            return True
        if i >= len(got) or level not in ("+", got[i]):
            return False
    return len(wanted) == len(got)


class Message:
    """One that was sent, as long as somebody may still get it."""
    __slots__ = ("qos", "sent_at", "acked_at", "waiting")

    def __init__(self, qos, sent_at):
        self.qos, self.sent_at, self.acked_at = qos, sent_at, None
        self.waiting = set()  # names of the sessions without it


class Session:
    """is_shared: it stands for the members of a Shared Subscription; one of
    them gets each message, and the order is nobody's."""

    def __init__(self):
        self.is_shared = False
        self.seen = set()  # if shared
        self.filters = {}  # filter: QoS granted
        self.missing = {}  # (publisher, topic, number): (QoS, Message)
        self.last = collections.defaultdict(lambda: -1)


class Judge:
    """Gets the events of a trial in their order, as methods or as a list of
    tuples that begin with the methods' names. clock(): for the reports."""

    def __init__(self, clock=lambda: 0.0):
        self.clock = clock
        self.sessions = collections.defaultdict(Session)
        self.messages = {}  # (publisher, topic, number): Message
        self.matching = {}  # topic: [(name, QoS)]
        self.owed = 0       # acknowledged and not there yet, of all sessions
        self.counts = collections.Counter()
        self.faults = []

    def take(self, events):
        for name, *arguments in events:
            getattr(self, name)(*arguments)
        return self

    def fault(self, kind, text):
        self.counts[kind] += 1
        self.counts["faults"] += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(f"{self.clock():.3f} {kind}: {text}")

    # What subscribers say

    def subscribed(self, name, topic_filter, qos):
        """SUBACK is here."""
        self.sessions[name].filters[topic_filter] = qos
        self.matching.clear()

    def shared(self, name):
        """This name is that of a group."""
        self.sessions[name].is_shared = True

    def unsubscribing(self, name, topic_filter):
        """UNSUBSCRIBE leaves: nothing is owed for this filter any more."""
        session = self.sessions[name]
        session.filters.pop(topic_filter, None)
        self.matching.clear()
        for key in [key for key in session.missing
                    if not any(matches(f, key[1]) for f in session.filters)]:
            self._settle(name, session, key)

    def session_lost(self, name):
        """CONNACK without the session that must be there. What it was owed
        remains missing."""
        self.fault("sessions lost", name)
        self.sessions[name].filters.clear()
        self.matching.clear()

    def got(self, name, publisher, topic, number, qos):
        """A message has reached the application."""
        session, key = self.sessions[name], (publisher, topic, number)
        stream = publisher, topic
        is_missing = key in session.missing
        if is_missing:
            wanted = self._settle(name, session, key)
            if qos != wanted:
                self.fault("wrong QoS", f"{name}: {key} at {qos}")
        if session.is_shared:
            is_new = key not in session.seen
            session.seen.add(key)
        else:
            is_new = number > session.last[stream]
        if is_new:
            session.last[stream] = number
            self.counts["delivered"] += 1
        elif is_missing:
            self.counts["delivered"] += 1
            self.fault("out of order", f"{name}: {key} behind "
                                       f"{session.last[stream]}")
        elif qos == 2:
            self.fault("duplicates at QoS 2", f"{name}: {key}")
        else:
            self.counts["duplicates at QoS 1"] += 1

    def _settle(self, name, session, key):
        """It is not missing any more; the QoS at which it was to come."""
        qos, message = session.missing.pop(key)
        message.waiting.discard(name)
        if message.acked_at is not None:
            self.owed -= 1
            if not message.waiting:
                del self.messages[key]
        return qos

    # What publishers say

    def _receivers(self, topic):
        if topic not in self.matching:
            self.matching[topic] = [
                (name, max(granted)) for name, granted in (
                    (name, [qos for f, qos in session.filters.items()
                            if matches(f, topic)])
                    for name, session in self.sessions.items()) if granted]
        return self.matching[topic]

    def sent(self, publisher, topic, number, qos):
        """For the first time."""
        key = publisher, topic, number
        message = self.messages[key] = Message(qos, self.clock())
        for name, granted in self._receivers(topic):
            effective = min(qos, granted)
            if effective > 0:
                self.sessions[name].missing[key] = effective, message
                message.waiting.add(name)
        self.counts["sent"] += 1

    def acked(self, publisher, topic, number):
        """PUBACK or PUBREC is here."""
        self.counts["acknowledged"] += 1
        self.due(publisher, topic, number)

    def due(self, publisher, topic, number):
        """It is owed from now on: a will is without an acknowledgement."""
        key = publisher, topic, number
        message = self.messages[key]
        message.acked_at = self.clock()
        self.counts["owed"] += len(message.waiting)
        self.owed += len(message.waiting)
        if not message.waiting:
            del self.messages[key]

    # The end

    def settle(self):
        """What was acknowledged and has not come is lost."""
        for name, session in self.sessions.items():
            for key, (_, message) in session.missing.items():
                if message.acked_at is not None:
                    self.fault("lost", f"{name}: {key} sent at "
                               f"{message.sent_at:.3f}, acknowledged at "
                               f"{message.acked_at:.3f}")
        return self

    def report(self):
        """One line for a log."""
        return ", ".join(
            f"{what} {self.counts[what]}" for what in (
                "acknowledged", "delivered", "lost", "duplicates at QoS 2",
                "out of order", "sessions lost", "duplicates at QoS 1"))
