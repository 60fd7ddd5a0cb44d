# SPDX-License-Identifier: Apache-2.0
"""A client of a soak: it does what its random numbers say, and reports all
that it sends and gets to the ledger."""

import itertools
import random
import socket
import struct
import time

from signet import Client, Closed, TimedOut, codec
from signet.fleet import Member

GROUPS = 40
# Groups beyond those are pools: topics of a Shared Subscription.
POOLS = range(GROUPS, GROUPS + 6)
KEPT_TOPICS = 50
WINDOW = 20  # messages without an acknowledgement
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST

_links = itertools.count()


def root_of(group):
    return f"pool/{group}" if group in POOLS else f"soak/{group}"


def filter_of(group):
    share = "$share/team/" if group in POOLS else ""
    return f"{share}{root_of(group)}/+"


class Link(Member):
    """The connection of an actor: packets go to it one by one."""

    def __init__(self, client, actor):
        super().__init__(client)
        self.actor, self.number = actor, next(_links)

    def take_packets(self):
        buffer, pos = self.client.buffer, 0
        while pos < len(buffer):
            found = codec.split(buffer, pos)
            if found is None:
                break
            first, start, pos = found
            self.actor.on_packet(codec.decode(
                first, buffer[start:pos], self.client.version))
        del buffer[:pos]


class Sending:
    """A message at QoS above 0 that is not acknowledged in full."""
    __slots__ = ("message", "group", "number", "qos", "packet",
                 "is_released", "completions")

    def __init__(self, message, group, number, qos, packet):
        self.message, self.group, self.number = message, group, number
        self.qos, self.packet, self.is_released = qos, packet, False
        self.completions = (0,)


class Actor:
    def __init__(self, soak, index):
        self.soak, self.ledger, self.index = soak, soak.ledger, index
        self.random = random.Random(f"{soak.seed}/{index}")
        self.client_id = f"soak-{index}"
        self.version = 4 + index % 2
        self.is_lasting = index % 4 < 2
        self.home = None        # "worker/1", of the log
        self.session = None     # of the ledger
        self.link = None
        self.is_online = False  # CONNACK is here
        self.unanswered = False  # a CONNECT since the session was lost
        self.is_clean = False
        self.is_kept = False    # the session outlives the connection
        self.numbers = {}       # (group, QoS): messages sent there
        self.sending = {}       # packet identifier: Sending
        self.asked = {}         # packet identifier: (group, QoS)
        self.packet_ids = itertools.cycle(range(1, 65536))
        self.is_stalled = False  # it does not read
        self.next_at = 0

    # Coming and going

    def _options(self):
        self.is_clean = not self.is_lasting or self.random.random() < 0.05
        self.is_kept = self.is_lasting and (self.version == 5
                                            or not self.is_clean)
        options = {"clean": self.is_clean}
        if self.version == 5 and self.is_lasting:
            options["props"] = {"session_expiry_interval": 3600}
        if self.random.random() < 0.3:
            options["will"] = {"topic": f"will/{self.index}", "qos": 1,
                               "payload": b"gone"}
        return options

    def arrive(self):
        options = self._options()
        try:
            client = Client(self.soak.broker, client_id=self.client_id,
                            version=self.version, is_connected=False,
                            certificate=f"client-{self.index % 8 + 1}")
        except (Closed, TimedOut, OSError) as error:
            self.soak.turned_away(self, error)
            self.next_at = time.monotonic() + 0.2
            return
        self.link = Link(client, self)
        self.soak.watch(self.link)
        if self.is_clean and self.session is not None:
            self.ledger.ended(self.session)
            self.session = None
        self.unanswered = self.unanswered or self.session is None
        self.link.send(codec.connect(self.client_id, self.version, **options))
        self.link.flush()  # it is awaited, and others take their time
        self.asked = {}
        self.soak.count("connects")

    def leave(self):
        """Drop dead, in one of two ways, or go in order."""
        way = self.random.choice(("reset", "reset", "silence", "order"))
        if way != "order":
            # With something under way both ways.
            for _ in range(self.random.randint(0, 5)):
                self.publish()
            self.link.flush()
            if way == "reset" and not self.is_stalled:
                self.link.receive()  # and answers to it do not leave
        if way == "order" and self.link.ended is None:
            self.link.send(codec.disconnect(0, self.version))
            self.link.flush()
        elif way == "reset":
            self.link.client.stream.socket.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.soak.count(f"left by {way}")
        self.gone()

    def gone(self):
        """The connection is over; a session that lasts is still there."""
        if not self.is_stalled:
            self.soak.forget(self.link)
        self.link.client.abort()
        self.ledger.over.add(self.link.number)
        self.link, self.is_online, self.is_stalled = None, False, False
        if not self.is_kept and self.session is not None:
            self.ledger.ended(self.session)
            self.session = None
        away = self.random.choice((0, 0.05, 1, 5, 10))
        self.next_at = time.monotonic() + away * self.random.random()

    def killed(self):
        """The worker of its home is gone, and with it the session, unless
        that outlives its connection."""
        if self.session is not None and not self.is_kept:
            self.ledger.killed(self.session)
            self.session = None
        if self.link is not None:
            self.gone()

    # What it does when its time has come

    def act(self, now):
        if self.link is None:
            self.arrive()
            return
        if not self.is_online:
            self.next_at = now + 0.1
            return
        if self.is_stalled and self.random.random() < 0.5:
            self.leave()  # with what it has not read
            return
        if self.is_stalled:
            self.is_stalled = False
            self.soak.watch(self.link)
        self.next_at = now + self.random.uniform(0.2, 1.8)
        dice = self.random.random()
        if dice < 0.06:
            self.leave()
        elif dice < 0.09:
            self.is_stalled = True
            self.soak.forget(self.link)
            self.next_at = now + self.random.uniform(0.5, 3)
        elif dice < 0.15:
            self.change_subscriptions()
        elif dice < 0.18:
            self.keep()
        else:
            for _ in range(self.random.randint(1, 3)):
                self.publish()

    def change_subscriptions(self):
        if self.session.filters and self.random.random() < 0.4:
            group = self.random.choice(sorted(self.session.filters))
            self.ledger.unsubscribing(self.session, group)
            self.link.send(codec.unsubscribe(
                self._packet_id(), [filter_of(group)], self.version))
        elif len(self.session.filters) < 4:
            self.subscribe()

    def _group(self, pool_share):
        if self.random.random() < pool_share:
            return self.random.choice(POOLS)
        return self.random.randrange(GROUPS)

    def subscribe(self):
        group, qos = self._group(0.3), self.random.randrange(3)
        if group in POOLS:
            # What is sent at QoS 2 ends with a session: let that be rare.
            qos = self.random.choice((1, 2)) if self.is_lasting else 1
        if group in self.session.filters:
            return
        packet_id = self._packet_id()
        self.asked[packet_id] = group, qos
        entries = [(filter_of(group), qos)]
        if self.random.random() < 0.1:
            entries.append(("kept/#", 1))
        if self.random.random() < 0.1:
            entries.append(("will/+", 0))
        self.link.send(codec.subscribe(packet_id, entries, self.version))

    def keep(self):
        """A retained message: outside of what is counted."""
        topic = f"kept/{self.random.randrange(KEPT_TOPICS)}"
        self.link.send(codec.publish(topic, b"x" * self.random.randrange(500),
                                     0, None, self.version, retain=True))

    def publish(self):
        group, qos = self._group(0.25), self.random.randrange(3)
        if len(self.sending) >= WINDOW:
            return
        number = self.numbers.get((group, qos), 0)
        self.numbers[group, qos] = number + 1
        payload = b"%d %d " % (self.index, number)
        payload += b"." * self.random.choice((0, 10, 100, 2000))
        packet_id = self._packet_id() if qos else None
        packet = codec.publish(f"{root_of(group)}/{qos}", payload, qos,
                               packet_id, self.version)
        message = self.ledger.sent(self.index, self.home, group, number, qos)
        if qos:
            self.sending[packet_id] = Sending(message, group, number, qos,
                                              packet)
        self.link.send(packet)

    def _packet_id(self):
        while True:
            packet_id = next(self.packet_ids)
            if packet_id not in self.sending:
                return packet_id

    # What it gets

    def on_packet(self, got):
        handler = self.HANDLERS.get(got.type)
        if handler is None:
            self.ledger.fault(f"{self.client_id}: unexpected {got}")
        else:
            handler(self, got)

    def on_connack(self, got):
        if got.reason:
            self.soak.turned_away(self, got)
            return
        if got.session_present and (self.session is None
                                    and not self.unanswered or self.is_clean):
            self.ledger.fault(f"{self.client_id}: a session out of nothing")
        if not got.session_present and self.session is not None:
            self.ledger.fault(f"{self.client_id}: its session is gone")
            self.ledger.ended(self.session)
            self.session = None
        self.is_online = True
        self.unanswered = False
        is_new = self.session is None
        if is_new:
            self.session = self.ledger.begin(self.client_id, self.is_kept)
            # Whether these arrived is not known; they are not sent again.
            self.sending = {}
        self._send_again()
        if is_new:
            for _ in range(self.random.randint(1, 3)):
                self.subscribe()

    def _send_again(self):
        for packet_id, sending in self.sending.items():
            if sending.is_released:
                sending.completions = (0, 0x92)
                self.link.send(codec.ack(codec.PUBREL, packet_id))
                continue
            self.ledger.resending(self.index, sending.group, sending.number,
                                  sending.qos)
            self.link.send(bytes([sending.packet[0] | 8])
                           + sending.packet[1:])

    def on_suback(self, got):
        group, qos = self.asked.pop(got.packet_id)
        if got.codes[0] != qos:
            self.ledger.fault(f"{self.client_id}: {got}")
        else:
            self.ledger.subscribed(self.session, group, qos)

    def on_publish(self, got):
        if got.qos == 1:
            self.link.send(codec.ack(codec.PUBACK, got.packet_id))
        elif got.qos == 2:
            self.link.send(codec.ack(codec.PUBREC, got.packet_id))
            if got.packet_id in self.session.receiving:
                self.soak.count("received again before PUBREL")
                return
            self.session.receiving.add(got.packet_id)
        levels = got.topic.split("/")
        if levels[0] not in ("soak", "pool"):
            self.soak.count(f"received of {levels[0]}/")
            return
        publisher, number, _ = got.payload.split(b" ")
        self.ledger.received(self.session, int(publisher), int(levels[1]),
                             int(number), int(levels[2]), got.qos,
                             self.link.number)

    def on_pubrel(self, got):
        self.session.receiving.discard(got.packet_id)
        self.link.send(codec.ack(codec.PUBCOMP, got.packet_id))

    def on_puback(self, got):
        sending = self.sending.pop(got.packet_id, None)
        if sending is None or sending.qos != 1 or got.reason >= 0x80:
            self.ledger.fault(f"{self.client_id}: {got}")
        else:
            self.ledger.acked(sending.message)

    def on_pubrec(self, got):
        sending = self.sending.get(got.packet_id)
        if sending is None or sending.qos != 2 or got.reason >= 0x80:
            self.ledger.fault(f"{self.client_id}: {got}")
            return
        if not sending.is_released:
            self.ledger.acked(sending.message)
        sending.is_released = True
        self.link.send(codec.ack(codec.PUBREL, got.packet_id))

    def on_pubcomp(self, got):
        sending = self.sending.pop(got.packet_id, None)
        # PUBREL, sent again, may find nothing: its PUBCOMP was lost.
        if sending is None or got.reason not in sending.completions:
            self.ledger.fault(f"{self.client_id}: {got}")

    def ignore(self, _):
        pass

    HANDLERS = {codec.CONNACK: on_connack, codec.SUBACK: on_suback,
                codec.UNSUBACK: ignore, codec.PUBLISH: on_publish,
                codec.PUBACK: on_puback, codec.PUBREC: on_pubrec,
                codec.PUBREL: on_pubrel, codec.PUBCOMP: on_pubcomp}
