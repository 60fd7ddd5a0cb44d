# SPDX-License-Identifier: Apache-2.0
"""The client's side of the heartbeat, as docs/heartbeat.md specifies it, and a
relay of datagrams that loses, delays, doubles and cuts."""

import base64
import contextlib
import hashlib
import heapq
import hmac
import json
import random
import select
import socket
import struct
import threading
import time

from . import codec
from .daemon import ROLES, free_port
from .stream import DEADLINE, TimedOut

LEN = 48
HEAD = struct.Struct(">BBBBQQQI")
QUESTION, ANSWER = 1, 2
MESSAGES_WAIT, GOING_AWAY, NEW_KEY = 1, 2, 4

# An interval so long that no machine is too slow for it.
LONG = 60000

# All may have heartbeats, beside what the tests' roles may.
GRANTED = [{"name": "beats", "match": {"identity": "*"}, "publish": [],
            "subscribe": ["$signet/heartbeat/+"]}] + ROLES


def settings(**heartbeat):
    """Of a daemon with heartbeats, with these of that group on top."""
    return {"heartbeat": {"enabled": True, "address": "127.0.0.1",
                          "port": free_port(), **heartbeat},
            "roles": GRANTED}


def tag(key, head):
    return hmac.new(key, head, hashlib.sha256).digest()[:16]


def pack(key, kind=QUESTION, flags=0, key_number=1, handle=0, sequence=1,
         clock=0, patience_ms=0, version=1):
    head = HEAD.pack(version, kind, flags, key_number, handle, sequence, clock,
                     patience_ms)
    return head + tag(key, head)


class Answer:
    def __init__(self, data, key):
        assert len(data) == LEN, data
        assert hmac.compare_digest(tag(key, data[:32]), data[32:]), data
        (version, self.kind, self.flags, self.key_number, self.handle,
         self.sequence, self.clock, self.patience_ms) = HEAD.unpack(data[:32])
        assert version == 1 and self.kind == ANSWER, data


class Offer:
    """The message that says how to beat."""

    def __init__(self, payload):
        values = json.loads(payload)
        assert values["version"] == 1, values
        self.is_ended = values.get("ended", False)
        if self.is_ended:
            return
        self.port = values["port"]
        self.handle = int(values["handle"], 16)
        assert len(values["handle"]) == 16, values
        self.key_number = values["key_number"]
        self.key = base64.b64decode(values["key"], validate=True)
        assert len(self.key) == 32, values
        self.interval_ms = values["interval_ms"]
        self.misses = values["misses"]
        self.patience = self.interval_ms * (2 * self.misses + 1) / 2000

    @property
    def worker(self):
        return self.handle >> 56


def take_offer(client, interval_ms=None):
    """The next message, which must be an offer; others stay where they are."""
    got = client.await_type(codec.PUBLISH)
    assert got.topic.startswith("$signet/heartbeat/"), got
    assert interval_ms is None or got.topic.endswith(f"/{interval_ms}"), got
    assert got.qos == 0 and not got.retain, got
    return Offer(got.payload)


class Beat:
    """The heartbeat of a client that is connected."""

    def __init__(self, client, interval_ms=1000, address="127.0.0.1",
                 source="127.0.0.1", **options):
        self.client, self.address = client, address
        codes = client.subscribe(f"$signet/heartbeat/{interval_ms}", **options)
        assert codes[0] < 0x80, codes
        self.offer = take_offer(client, interval_ms)
        self.sequence = 0
        self.socket = None
        self.move(source)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def move(self, source="127.0.0.1"):
        """Another source port, as a NAT gives one, or address."""
        before = self.socket
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind((source, 0))
        self.socket = found
        if before is not None:
            before.close()

    def question(self, sequence=None, **options):
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        options.setdefault("key", self.offer.key)
        options.setdefault("handle", self.offer.handle)
        options.setdefault("key_number", self.offer.key_number)
        return pack(sequence=sequence, **options)

    def send(self, data, to=None):
        self.socket.sendto(data, to or (self.address, self.offer.port))

    def receive(self, timeout=None, key=None):
        """The next answer; raises TimedOut."""
        self.socket.settimeout(DEADLINE if timeout is None else timeout)
        try:
            data = self.socket.recv(2048)
        except TimeoutError:
            raise TimedOut("no answer") from None
        return Answer(data, key or self.offer.key)

    def ask(self, **options):
        """A question and its answer; on this machine nothing is lost."""
        self.send(self.question(**options))
        answer = self.receive(key=options.get("key"))
        assert answer.handle == self.offer.handle
        return answer

    def expect_silence(self):
        """Nothing has been answered: the next answer is to what is asked
        now."""
        assert self.ask().sequence == self.sequence


class Pulse(threading.Thread):
    """Beats by itself until it is stopped, as the page says: each interval,
    and each quarter of it as long as there is no answer."""

    def __init__(self, beat, to=None):
        super().__init__(daemon=True)
        self.beat, self.to = beat, to
        self.is_stopped = threading.Event()
        self.sent = self.answered = 0
        self.round_trips = []
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.is_stopped.set()
        self.join()

    def run(self):
        interval = self.beat.offer.interval_ms / 1000
        while not self.is_stopped.is_set():
            self.interval(time.monotonic() + interval, interval / 4)

    def interval(self, end, quarter):
        is_answered = False
        for _ in range(4):
            if not is_answered and not self.is_stopped.is_set():
                now = time.monotonic_ns()
                with contextlib.suppress(OSError):  # it has moved meanwhile
                    self.beat.send(self.beat.question(clock=now), self.to)
                self.sent += 1
            is_answered |= self.listen(min(end,
                                           time.monotonic() + quarter))
        self.listen(end)

    def listen(self, until):
        found = False
        while not self.is_stopped.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                answer = self.beat.receive(min(left, 0.2))
            except (TimedOut, OSError):
                continue
            self.answered += 1
            self.round_trips.append(time.monotonic_ns() - answer.clock)
            found = True
        return found


class Relay(threading.Thread):
    """Passes datagrams on between whoever sends to it and a server."""

    def __init__(self, port, loss=0, delay=0, jitter=0, doubled=0, seed=1):
        super().__init__(daemon=True)
        self.server = ("127.0.0.1", port)
        self.loss, self.delay, self.jitter = loss, delay, jitter
        self.doubled = doubled
        self.random = random.Random(seed)
        self.is_cut = False
        self.is_stopped = False
        self.lost = self.passed = 0
        self.inside = self.open()
        self.outside = self.open()
        self.address = self.inside.getsockname()
        self.client = None
        self.queue = []
        self.number = 0
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_stopped = True
        self.join()
        self.inside.close()
        self.outside.close()

    @staticmethod
    def open():
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind(("127.0.0.1", 0))
        return found

    def move(self):
        """The server sees another address from now on."""
        before, self.outside = self.outside, self.open()
        before.close()

    def put(self, data, is_to_server):
        if self.is_cut or self.random.random() < self.loss:
            self.lost += 1
            return
        for _ in range(1 + (self.random.random() < self.doubled)):
            self.number += 1
            heapq.heappush(self.queue, (
                time.monotonic() + self.delay
                + self.random.random() * self.jitter,
                self.number, data, is_to_server))

    def pass_on(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, _, data, is_to_server = heapq.heappop(self.queue)
            if self.is_cut:
                continue
            self.passed += 1
            try:
                if is_to_server:
                    self.outside.sendto(data, self.server)
                elif self.client is not None:
                    self.inside.sendto(data, self.client)
            except OSError:
                pass

    def run(self):
        while not self.is_stopped:
            sockets = [self.inside, self.outside]
            try:
                ready, _, _ = select.select(sockets, [], [], 0.005)
                for one in ready:
                    data, sender = one.recvfrom(2048)
                    if one is self.inside:
                        self.client = sender
                    self.put(data, one is self.inside)
            except (OSError, ValueError):
                pass  # it has moved meanwhile
            self.pass_on()
