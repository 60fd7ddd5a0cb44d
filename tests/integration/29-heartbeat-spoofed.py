#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Datagrams whose source somebody else has made up: docs/heartbeat.md, "What
somebody in between can do". They are written whole, with the head of IP, which
wants CAP_NET_RAW."""

import socket
import struct

from signet import Skipped, case, main, wait_until
from signet.heartbeat import LEN, LONG, Beat, pack, settings

SERVER, VICTIM = "127.0.0.1", "127.0.0.99"
ALONE = {"processes": {"workers": 1}}


def checksum(data):
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def write(data, port, source, is_damaged=False):
    """A packet of IPv4 and UDP from this source, (address, port); the kernel
    adds length, identification and checksum of the head of IP."""
    places = socket.inet_aton(source[0]) + socket.inet_aton(SERVER)
    length = struct.pack(">H", 8 + len(data))
    head = struct.pack(">HH", source[1], port) + length
    total = checksum(places + b"\0\x11" + length + head + b"\0\0" + data)
    if is_damaged:
        total ^= 0x5555
    udp = head + struct.pack(">H", total or 0xffff) + data
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17,
                       0) + places + udp


class Spoofer:
    """Somebody who can send from any address, and the one whose it is."""

    def __init__(self, port):
        self.port = port
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                 socket.IPPROTO_RAW)
        self.victim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.victim.bind((VICTIM, 0))
        self.victim.setblocking(False)
        self.sent = 0
        self.got = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()
        self.victim.close()

    def send(self, data, **options):
        packet = write(data, self.port, self.victim.getsockname(), **options)
        self.raw.sendto(packet, (SERVER, 0))
        self.sent += 1

    def victims(self):
        """What has come to the other until now."""
        while True:
            try:
                self.got.append(self.victim.recv(65536))
            except BlockingIOError:
                return self.got


def need_raw_sockets():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW,
                      socket.IPPROTO_RAW).close()
    except PermissionError:
        raise Skipped("no raw sockets without CAP_NET_RAW") from None


@case(**settings(), **ALONE)
def nobody_gets_an_answer_to_what_others_have_made_up(broker):
    need_raw_sockets()
    with broker.client() as client, Beat(client, LONG) as beat, \
            Spoofer(beat.offer.port) as spoofer:
        beat.ask()
        handle = beat.offer.handle
        good = pack(beat.offer.key, handle=handle, sequence=900)
        for i in range(50):
            for data in (pack(bytes(32), handle=handle, sequence=1000 + i),
                         pack(beat.offer.key, handle=handle ^ 1 + i),
                         good[:i % LEN], good + bytes(i + 1), bytes(LEN),
                         bytes(1400)):
                spoofer.send(data)
        beat.expect_silence()
        assert spoofer.victims() == []
        client.ping()
        print(f"     {spoofer.sent} datagrams with another's address, none "
              "of which is proved: 0 answers")


@case(**settings(), **ALONE)
def what_was_seen_passing_has_one_answer_and_moves_nothing(broker):
    need_raw_sockets()
    with broker.client() as client, Beat(client, LONG) as beat, \
            Spoofer(beat.offer.port) as spoofer:
        beat.ask()
        seen = [beat.question() for _ in range(20)]
        for data in seen * 5:
            spoofer.send(data)
        # The client's own come late, and have no answer any more; but the
        # next one has, at the address that it comes from.
        for data in seen:
            beat.send(data)
        beat.expect_silence()
        answers = wait_until(
            lambda: len(spoofer.victims()) >= len(seen) and spoofer.got,
            "each has its answer")
        beat.expect_silence()
        assert len(spoofer.victims()) == len(seen), len(answers)
        assert {len(data) for data in answers} == {LEN}
        print(f"     {len(seen)} genuine ones, {spoofer.sent} times with "
              f"another's address: {len(answers)} answers of {LEN} bytes")


@case(**settings(least_interval_ms=300), **ALONE)
def what_the_kernel_finds_broken_saves_nobody(broker):
    """It drops what has a wrong checksum, which is not for want of room: so
    the silence of a client goes on to count. What is short it drops at once;
    what is longer than 76 bytes with its head, when the daemon reads."""
    need_raw_sockets()
    for size in (LEN, 69, 200, 1400):
        is_missed_beside(broker, size)


def is_missed_beside(broker, size):
    with broker.client() as client, Beat(client, 300) as beat, \
            Spoofer(beat.offer.port) as spoofer:
        beat.ask()

        def is_over():
            spoofer.send(bytes(size), is_damaged=True)
            spoofer.send(bytes(LEN))
            return broker.log.find(event="closed", reason="heartbeat-timeout",
                                   client_id=client.client_id)
        wait_until(is_over, f"the client is missed beside {size} bytes", 60)
        client.abort()


main()
