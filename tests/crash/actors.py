# SPDX-License-Identifier: Apache-2.0
"""The clients of a crash test: publishers that resume and send again what was
not acknowledged, subscribers that come and go. All have durable sessions, and
keep their side of them over every crash of the daemon."""

import itertools
import random

from link import Link
from signet import codec

WINDOW = 20  # messages without an acknowledgement
GROUPS = 4   # topics are crash/GROUP/QOS
RETRY_SECONDS = 0.02
CONNECT_SECONDS = 3  # then it tries another connection
EXPIRY = {"session_expiry_interval": 3600}


def topics():
    return [f"crash/{group}/{qos}" for group in range(GROUPS)
            for qos in (1, 2)]


class Actor:
    """A client with a durable session, on one connection after the other."""

    def __init__(self, trial, name, version):
        self.trial, self.name, self.version = trial, name, version
        self.judge = trial.judge
        self.random = random.Random(f"{trial.seed}/{name}")
        self.certificate = f"client-{self.random.randint(1, 8)}"
        self.link, self.is_online = None, False
        self.has_session = False  # a CONNACK has said so
        self.next_at, self.began_at = 0.0, 0.0
        self.packet_ids = itertools.cycle(range(1, 65536))

    def act(self, now):
        if self.link is None:
            if now >= self.next_at:
                self.arrive(now)
        elif self.link.ended is not None:
            self.trial.count(f"ended by {self.link.ended}")
            self.gone(now, RETRY_SECONDS)
        elif self.is_online:
            self.act_online(now)
        elif now > self.began_at + CONNECT_SECONDS * self.trial.slowness:
            self.trial.count("no CONNACK in time")
            self.gone(now, RETRY_SECONDS)
        if self.link is not None:
            self.link.flush()

    def arrive(self, now):
        self.began_at = now
        try:
            self.link = Link(self.trial.broker, self.certificate,
                             self.version, self.on_packet)
        except OSError:
            self.next_at = now + RETRY_SECONDS
            return
        self.trial.watch(self.link)
        self.link.send(codec.connect(
            self.name, self.version, clean=False, will=self.will(),
            props=EXPIRY if self.version == 5 else None))

    def will(self):
        return None

    def gone(self, now, away, is_orderly=False):
        self.trial.forget(self.link)
        self.link.close(is_orderly)
        self.link, self.is_online = None, False
        self.next_at = now + away

    def on_packet(self, got):
        self.HANDLERS[got.type](self, got)

    def on_connack(self, got):
        if got.reason:
            self.trial.count(f"CONNACK with {got.reason:#x}")
            self.link.ended = "refusal"
            return
        if self.has_session and not got.session_present:
            self.judge.session_lost(self.name)
            self.session_lost()
        self.is_online = self.has_session = True
        self.resume()

    def on_disconnect(self, got):
        self.trial.count(f"DISCONNECT with {got.reason:#x}")

    def ignore(self, _):
        pass


class Sending:
    """A message that is not acknowledged in full."""
    __slots__ = ("topic", "number", "qos", "packet", "is_released")

    def __init__(self, topic, number, qos, packet):
        self.topic, self.number, self.qos = topic, number, qos
        self.packet, self.is_released = packet, False


class Publisher(Actor):
    """is_frugal: takes the least packet identifier that is free, so that each
    is used again at once."""

    def __init__(self, trial, name, version, is_frugal):
        super().__init__(trial, name, version)
        self.is_frugal = is_frugal
        self.numbers = dict.fromkeys(topics(), 0)
        self.sending = {}  # packet identifier: Sending, in their order
        self.acked = 0

    def act_online(self, _):
        if not self.trial.is_publishing:
            return
        for _ in range(min(self.random.randint(0, self.trial.eagerness),
                           WINDOW - len(self.sending))):
            self.publish()

    def packet_id(self):
        ids = itertools.count(1) if self.is_frugal else self.packet_ids
        return next(i for i in ids if i not in self.sending)

    def publish(self):
        topic = self.random.choice(topics())
        number, qos = self.numbers[topic], int(topic[-1])
        self.numbers[topic] = number + 1
        size = self.random.choice((0, 20, 200, 200, 1000))
        if self.random.random() < 0.003:
            size = 100000
        packet_id = self.packet_id()
        packet = codec.publish(
            topic, b"%s %d " % (self.name.encode(), number) + b"." * size,
            qos, packet_id, self.version)
        self.sending[packet_id] = Sending(topic, number, qos, packet)
        self.judge.sent(self.name, topic, number, qos)
        self.link.send(packet)

    def resume(self):
        """[MQTT-4.4.0-1], [MQTT-4.6.0-1]"""
        for packet_id, sending in self.sending.items():
            if sending.is_released:
                self.link.send(codec.ack(codec.PUBREL, packet_id))
            else:
                self.link.send(bytes([sending.packet[0] | 8])
                               + sending.packet[1:])
                self.trial.count("sent again")

    def session_lost(self):
        self.sending = {}

    def is_done(self):
        return not self.sending

    def on_puback(self, got):
        sending = self.sending.pop(got.packet_id)
        assert sending.qos == 1, got
        self._answered(sending, got)

    def on_pubrec(self, got):
        sending = self.sending[got.packet_id]
        assert sending.qos == 2, got
        if not sending.is_released:
            self._answered(sending, got)
        if got.reason >= 0x80:
            del self.sending[got.packet_id]
            return
        sending.is_released = True
        self.link.send(codec.ack(codec.PUBREL, got.packet_id))

    def _answered(self, sending, got):
        if got.reason >= 0x80:
            self.trial.count(f"refused with {got.reason:#x}")
        else:
            self.acked += 1
            self.judge.acked(self.name, sending.topic, sending.number)

    def on_pubcomp(self, got):
        sending = self.sending.pop(got.packet_id)
        # PUBREL, sent again, may find nothing: its PUBCOMP was lost.
        assert sending.is_released and got.reason in (0, 0x92), got

    HANDLERS = {codec.CONNACK: Actor.on_connack, codec.PUBACK: on_puback,
                codec.PUBREC: on_pubrec, codec.PUBCOMP: on_pubcomp,
                codec.DISCONNECT: Actor.on_disconnect}


class Keeper(Publisher):
    """Publishes retained messages, each in the place of the one before."""

    def __init__(self, trial, name, version):
        super().__init__(trial, name, version, False)
        self.numbers = {f"kept/{name}/{i}": 0 for i in range(5)}
        self.kept = {}  # topic: the last number that was acknowledged

    def act_online(self, _):
        if self.trial.is_publishing and len(self.sending) < WINDOW \
                and self.random.random() < 0.2:
            self.publish()

    def publish(self):
        topic = self.random.choice(sorted(self.numbers))
        # One QoS for a topic: what is sent again at QoS 1 replaces a later
        # one, and it is known already at QoS 2.
        number, qos = self.numbers[topic] + 1, 1 + int(topic[-1]) % 2
        self.numbers[topic] = number
        packet_id = self.packet_id()
        packet = codec.publish(topic, b"%d" % number, qos, packet_id,
                               self.version, retain=True)
        self.sending[packet_id] = Sending(topic, number, qos, packet)
        self.link.send(packet)

    def _answered(self, sending, got):
        if got.reason >= 0x80:
            self.trial.count(f"refused with {got.reason:#x}")
            return
        self.acked += 1
        if sending.number > self.kept.get(sending.topic, 0):
            self.kept[sending.topic] = sending.number

    def settle(self, found):
        """found: {topic: payload} of what is retained at the end."""
        for topic, number in self.kept.items():
            got = int(found.get(topic, b"0"))
            if not number <= got <= self.numbers[topic]:
                self.judge.fault("lost", f"{topic}: {number} was retained, "
                                         f"{got} is")


class Mourned(Actor):
    """Publishes nothing but wills: each time it drops dead, and the server is
    to notice. delay: of the wills, in seconds; it stays away for them."""

    def __init__(self, trial, name, delay):
        super().__init__(trial, name, 5)
        self.delay, self.number, self.last = delay, -1, None
        self.leaves_at = 0.0

    def will(self):
        self.number += 1
        topic = self.random.choice(topics())
        qos = int(topic[-1])
        self.last = self.name, topic, self.number
        self.judge.sent(*self.last, qos)
        return {"topic": topic, "qos": qos,
                "payload": b"%s %d ." % (self.name.encode(), self.number),
                "props": {"will_delay_interval": self.delay}}

    def act(self, now):
        if self.link is None and (not self.trial.is_publishing
                                  or self._is_awaited()):
            return
        super().act(now)
        if self.link is not None and not self.trial.is_publishing:
            self.gone(now, 0)

    def _is_awaited(self):
        """If it returned before the will is due, there would be none."""
        message = self.delay and self.judge.messages.get(self.last)
        return bool(message and message.acked_at is not None
                    and message.waiting)

    def act_online(self, now):
        if now > self.leaves_at:
            self.gone(now, self.random.choice((0, 0.1, 0.5)))

    def gone(self, now, away, is_orderly=False):
        if self.is_online:
            # The server has said that it has the will.
            self.judge.due(*self.last)
            self.trial.count("wills")
        super().gone(now, away, is_orderly)

    def resume(self):
        self.leaves_at = self.began_at + self.random.expovariate(2)

    def session_lost(self):
        pass

    def is_done(self):
        return self.link is None

    HANDLERS = {codec.CONNACK: Actor.on_connack,
                codec.DISCONNECT: Actor.on_disconnect}


class Subscriber(Actor):
    """filters: {filter: QoS}, for as long as the trial lasts; changing: those
    that come and go, which overlap with none of them; group: the name of the
    Shared Subscription that it is a member of with all of its filters."""

    def __init__(self, trial, name, version, filters, changing=None,
                 group=None):
        super().__init__(trial, name, version)
        self.group, self.judged_name = group, group or name
        if group is not None:
            self.judge.shared(group)
        self.filters, self.changing = filters, changing or {}
        self.granted = set()    # filters with a SUBACK
        self.asked = {}         # packet identifier: filter
        self.receiving = set()  # packet identifiers at QoS 2
        self.acks = []          # that are still to be sent, in their order
        self.leaves_at = self.changes_at = 0.0

    def act_online(self, now):
        if self.acks and self.random.random() < 0.7:
            count = len(self.acks)
            if self.random.random() < 0.3:
                count = self.random.randint(0, count)
            self.link.send(b"".join(self.acks[:count]))
            del self.acks[:count]
        if not self.trial.is_publishing:
            return
        if now > self.changes_at and self.changing:
            self.changes_at = now + self.random.uniform(0.1, 2)
            self.change(self.random.choice(sorted(self.changing)))
        if now > self.leaves_at:
            self.leave(now)

    def leave(self, now):
        is_orderly = self.random.random() < 0.5
        if is_orderly:
            self.link.send(codec.disconnect(0, self.version))
        self.trial.count("left by itself")
        self.gone(now, self.random.choice((0, 0.1, 0.5, 1.5)), is_orderly)

    def change(self, topic_filter):
        if topic_filter in self.asked.values():
            return
        if topic_filter not in self.granted:
            self.subscribe(topic_filter)
            return
        self.granted.discard(topic_filter)
        self.judge.unsubscribing(self.name, topic_filter)
        packet_id = next(self.packet_ids)
        self.asked[packet_id] = topic_filter
        self.link.send(codec.unsubscribe(packet_id, [topic_filter],
                                         self.version))

    def subscribe(self, topic_filter):
        packet_id = next(self.packet_ids)
        self.asked[packet_id] = topic_filter
        qos = {**self.filters, **self.changing}[topic_filter]
        if self.group is not None:
            topic_filter = f"$share/{self.group}/{topic_filter}"
        self.link.send(codec.subscribe(packet_id, [(topic_filter, qos)],
                                       self.version))

    def gone(self, now, away, is_orderly=False):
        self.acks, self.asked = [], {}
        super().gone(now, away, is_orderly)

    def resume(self):
        self.leaves_at = self.began_at + self.random.expovariate(1)
        for topic_filter in self.filters:
            if topic_filter not in self.granted:
                self.subscribe(topic_filter)

    def session_lost(self):
        self.granted.clear()
        self.receiving.clear()

    def is_done(self):
        return self.is_online and not self.acks and not self.asked

    def on_suback(self, got):
        topic_filter = self.asked.pop(got.packet_id)
        qos = {**self.filters, **self.changing}[topic_filter]
        assert got.codes == [qos], got
        self.granted.add(topic_filter)
        self.judge.subscribed(self.judged_name, topic_filter, qos)

    def on_unsuback(self, got):
        del self.asked[got.packet_id]

    def on_publish(self, got):
        if got.qos == 1:
            self.acks.append(codec.ack(codec.PUBACK, got.packet_id))
        else:
            self.acks.append(codec.ack(codec.PUBREC, got.packet_id))
            if got.packet_id in self.receiving:
                self.trial.count("received again before PUBREL")
                return
            self.receiving.add(got.packet_id)
        publisher, number, _ = got.payload.split(b" ")
        self.judge.got(self.judged_name, publisher.decode(), got.topic,
                       int(number), got.qos)

    def on_pubrel(self, got):
        self.receiving.discard(got.packet_id)
        self.acks.append(codec.ack(codec.PUBCOMP, got.packet_id))

    HANDLERS = {codec.CONNACK: Actor.on_connack, codec.SUBACK: on_suback,
                codec.UNSUBACK: on_unsuback, codec.PUBLISH: on_publish,
                codec.PUBREL: on_pubrel,
                codec.DISCONNECT: Actor.on_disconnect}
