# SPDX-License-Identifier: Apache-2.0
"""Floods of connections, each to be run beside a test (beside.py), and a client
whose messages are timed meanwhile."""

import itertools
import socket
import statistics
import time

from . import codec
from .client import Client, unique
from .handshakes import Handshake
from .stream import DEADLINE, Closed, Stream, TimedOut, context

FLOOD_SOURCES = [f"127.0.9.{i}" for i in range(1, 5)]
PACE_SECONDS = 0.01


def flood(address, hello, keep):
    """Connect as fast as it goes, from each source in turn, and keep the last
    so many open. hello: what each sends."""
    open_ones = []
    number = 0
    while True:
        number += 1
        one = socket.socket()
        one.settimeout(1)
        try:
            one.bind((FLOOD_SOURCES[number % len(FLOOD_SOURCES)], 0))
            one.connect(address)
            if hello:
                one.send(hello)
        except OSError:
            pass
        open_ones.append(one)
        if len(open_ones) > keep:
            open_ones.pop(0).close()


def flood_with_certificate(address, pki, name):
    """Do whole handshakes with a certificate that is refused."""
    tls = context(pki, name)
    broker_address = address
    number = 0
    while True:
        number += 1
        source = FLOOD_SOURCES[number % len(FLOOD_SOURCES)]
        try:
            with Stream(broker_address, tls, source=source) as stream:
                stream.handshake()
                stream.receive(time.monotonic() + 1)
        except (Closed, TimedOut, OSError):
            pass


def flood_with_chains(address, chains):
    """Send these chains of certificates, as DER, by turns."""
    for ders in itertools.cycle(chains):
        try:
            with Handshake(address, False) as one:
                one.hello()
                one.server_flight()
                one.send_certificates(*ders)
                one.closed()
        except (Closed, OSError):
            pass


class Paced:
    """A message each 10 ms to itself, and how long each takes."""

    def __init__(self, broker, source):
        self.client = Client(broker, unique("paced"), source=source)
        self.client.subscribe("paced")

    def measure(self, count):
        seconds = []
        for _ in range(count):
            sent = time.monotonic()
            self.client.send(codec.publish("paced", b"x", version=5))
            assert self.client.take(3 * DEADLINE).topic == "paced"
            now = time.monotonic()
            seconds.append(now - sent)
            time.sleep(max(0, PACE_SECONDS - (now - sent)))
        return seconds


def p99(seconds):
    return 1000 * statistics.quantiles(seconds, n=100)[98]
