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
        self.patience = self.interval * (offer["misses"] + 0.5)

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
        """The round-trip time of an answer, in seconds; None if none came."""
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(64)
            except OSError:
                time.sleep(min(0.01, left))
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
                return (time.monotonic_ns() - clock) / 1e9
        return None


def connect(host, port, ca, cert, key, interval_ms):
    """The queue in which offers will be."""
    offers = queue.Queue()
    version = getattr(mqtt, "CallbackAPIVersion", None)  # paho 2
    client = mqtt.Client(*([version.VERSION1] if version else []))
    client.tls_set(ca, cert, key)
    client.on_connect = lambda *_: client.subscribe(
        f"$signet/heartbeat/{interval_ms}")
    client.on_message = lambda _, __, message: offers.put(
        json.loads(message.payload))
    client.connect(host, port)
    client.loop_start()
    return client, offers


def main():
    host, port, ca, cert, key, interval_ms = sys.argv[1:7]
    count = int(sys.argv[7]) if len(sys.argv) > 7 else None
    client, offers = connect(host, int(port), ca, cert, key, interval_ms)
    beat, answered, heard = None, 0, time.monotonic()
    while count is None or answered < count:
        while beat is None or not offers.empty():
            offer = offers.get()
            if offer.get("ended") or offer["version"] != 1:
                beat = None
            elif beat and beat.handle == int(offer["handle"], 16):
                beat.take(offer)
            else:
                beat, heard = Heartbeat(offer, host), time.monotonic()
        # One question in each interval; more, as long as there is no answer.
        end, has_answer = time.monotonic() + beat.interval, False
        for quarter in range(4, 0, -1):
            if not has_answer:
                beat.ask()
            taken = beat.listen(end - (quarter - 1) * beat.interval / 4)
            if taken is not None:
                print(f"{1000 * taken:.3f} ms", flush=True)
                has_answer, heard = True, time.monotonic()
                answered += 1
                time.sleep(max(0, end - heard))
                break
        if time.monotonic() - heard > beat.patience:
            sys.exit("the server, or the way to it, is gone")
    client.disconnect()


main()
