#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: heartbeat.py HOST PORT CA CERT KEY INTERVAL_MS [COUNT]

A client with a heartbeat (docs/heartbeat.md) beside its MQTT session, which is
that of Eclipse Paho. It prints the round-trip time of each answer.
"""

import base64
import hashlib
import hmac
import json
import queue
import socket
import struct
import sys
import time

import paho.mqtt.client as mqtt

HEAD = struct.Struct(">BBBBQQQI")
QUESTION, ANSWER = 1, 2


def tag(key, head):
    return hmac.new(key, head, hashlib.sha256).digest()[:16]


class Heartbeat:
    """What one offer says, and the datagrams of it."""

    def __init__(self, offer, host):
        self.keys, self.waiting, self.sequence = {}, set(), 0
        self.handle = int(offer["handle"], 16)
        family, kind, _, _, address = socket.getaddrinfo(
            host, offer["port"], type=socket.SOCK_DGRAM)[0]
        self.socket = socket.socket(family, kind)
        self.socket.connect(address)
        self.take(offer)

    def take(self, offer):
        """An offer for the same handle brings a new key."""
        self.key_number = offer["key_number"]
        self.keys = {number: self.keys[number] for number in self.keys
                     if number == (self.key_number - 1) % 256}
        self.keys[self.key_number] = base64.b64decode(offer["key"])
        self.interval = offer["interval_ms"] / 1000
        self.misses = offer["misses"]

    def ask(self):
        self.sequence += 1
        self.waiting.add(self.sequence)
        self.waiting.discard(self.sequence - 64)
        head = HEAD.pack(1, QUESTION, 0, self.key_number, self.handle,
                         self.sequence, time.monotonic_ns(), 0)
        try:
            self.socket.send(head + tag(self.keys[self.key_number], head))
        except OSError:
            pass  # as if it were lost

    def listen(self, until):
        """The sequence number and the round-trip time, in seconds, of each
        answer that comes until then."""
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(64)
            except OSError:
                time.sleep(max(0, min(0.01, until - time.monotonic())))
                continue
            if len(data) != 48:
                continue
            version, kind, _, number, handle, sequence, clock, _ = \
                HEAD.unpack(data[:32])
            if (version == 1 and kind == ANSWER and handle == self.handle
                    and sequence in self.waiting and number in self.keys
                    and hmac.compare_digest(
                        tag(self.keys[number], data[:32]), data[32:])):
                self.waiting.remove(sequence)
                yield sequence, (time.monotonic_ns() - clock) / 1e9


class Session:
    """Of MQTT: brings offers, and tells whether the server is there."""

    def __init__(self, host, port, ca, cert, key, interval_ms):
        self.offers, self.silent = queue.Queue(), 0  # intervals
        version = getattr(mqtt, "CallbackAPIVersion", None)  # paho 2
        client = mqtt.Client(*([version.VERSION1] if version else []))
        client.tls_set(ca, cert, key)
        client.on_connect = lambda *_: client.subscribe(
            f"$signet/heartbeat/{interval_ms}")
        client.on_message = lambda _, __, message: self.offers.put(
            json.loads(message.payload))
        client.on_unsubscribe = lambda *_: self.hear()
        client.connect(host, port)
        client.loop_start()
        self.client = client

    def hear(self):
        self.silent = 0


def main():
    host, port, ca, cert, key, interval_ms = sys.argv[1:7]
    left = int(sys.argv[7]) if len(sys.argv) > 7 else -1
    session = Session(host, int(port), ca, cert, key, interval_ms)
    beat = None
    while True:
        while beat is None or not session.offers.empty():
            offer = session.offers.get()
            if offer.get("ended") or offer["version"] != 1:
                beat = None
            elif beat and beat.handle == int(offer["handle"], 16):
                beat.take(offer)
            else:
                beat = Heartbeat(offer, host)
                session.hear()
        # One question in each interval; more, as long as it has no answer.
        end, first = time.monotonic() + beat.interval, beat.sequence + 1
        has_answer = False
        for quarter in (3, 2, 1, 0):
            if not has_answer:
                beat.ask()
            for sequence, took in beat.listen(end
                                              - quarter * beat.interval / 4):
                print(f"{1000 * took:.3f} ms", flush=True)
                session.hear()
                has_answer |= sequence >= first
                left -= 1
                if left == 0:
                    session.client.disconnect()
                    return
            if session.silent >= beat.misses and quarter == 2:
                sys.exit("the server, or the way to it, is gone")
        session.silent += 1
        if session.silent > beat.misses / 2:  # it is asked there as well
            session.client.unsubscribe("$signet")


main()
