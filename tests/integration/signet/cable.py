# SPDX-License-Identifier: Apache-2.0
"""A cable between two machines: two network namespaces of this one, and a relay
of the packets between them that loses, delays, doubles, reorders and cuts. It
is for root, and for a kernel with TUN devices."""

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time

from .cases import Skipped

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500

LIBRARY = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(LIBRARY, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")


def open_namespace():
    """That of this thread."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Machine:
    """A namespace with one end of a cable. What a thread opens inside() stays
    there, as do the processes that it starts there."""

    def __init__(self, *commands):
        before = open_namespace()
        try:
            call("unshare", CLONE_NEWNET)
            self.namespace = open_namespace()
            self.end = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC
                               | os.O_NONBLOCK)
            fcntl.ioctl(self.end, TUNSETIFF, struct.pack(
                "16sH22x", b"cable", IFF_TUN | IFF_NO_PI))
            for command in ("link set lo up", "link set cable up", *commands):
                subprocess.run(["ip", *command.split()], check=True)
        finally:
            call("setns", before, CLONE_NEWNET)
            os.close(before)

    @contextlib.contextmanager
    def inside(self):
        before = open_namespace()
        call("setns", self.namespace, CLONE_NEWNET)
        try:
            yield
        finally:
            call("setns", before, CLONE_NEWNET)
            os.close(before)

    def close(self):
        os.close(self.end)
        os.close(self.namespace)


class Cable(threading.Thread):
    """A server, which is SERVER, and a machine that has all the addresses that
    client() names."""

    SERVER = "10.9.0.1"

    def __init__(self, seed=1):
        super().__init__(daemon=True)
        try:
            self.server = Machine(f"addr add {self.SERVER}/24 dev cable",
                                  "route add 10.9.1.0/24 dev cable")
            self.clients = Machine("route add local 10.9.1.0/24 dev lo",
                                   "route add 10.9.0.0/24 dev cable")
        except (OSError, subprocess.CalledProcessError) as error:
            raise Skipped(f"there is no TUN device to be had: {error}") \
                from None
        self.random = random.Random(seed)
        self.queue = []
        self.number = self.newest = 0
        self.is_stopped = False
        self.mend()
        self.start()

    def mend(self):
        """As a new one, which loses nothing and takes no time."""
        self.loss = self.delay = self.jitter = self.doubled = 0
        self.counts = {"passed": 0, "lost": 0, "doubled": 0, "overtaken": 0}
        self.is_cut = False

    @staticmethod
    def client(number):
        return f"10.9.1.{number}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_stopped = True
        self.join()
        self.server.close()
        self.clients.close()

    def put(self, packet, end):
        if self.is_cut:
            return
        if self.random.random() < self.loss:
            self.counts["lost"] += 1
            return
        self.number += 1
        for copy in range(1 + (self.random.random() < self.doubled)):
            self.counts["doubled"] += copy
            heapq.heappush(self.queue, (
                time.monotonic() + self.delay
                + self.random.random() * self.jitter,
                self.number, copy, packet, end))

    def pass_on(self):
        while self.queue and self.queue[0][0] <= time.monotonic():
            _, number, _, packet, end = heapq.heappop(self.queue)
            if self.is_cut:
                continue
            self.counts["passed"] += 1
            self.counts["overtaken"] += number < self.newest
            self.newest = max(self.newest, number)
            with contextlib.suppress(OSError):
                os.write(end, packet)

    def run(self):
        ends = {self.server.end: self.clients.end,
                self.clients.end: self.server.end}
        while not self.is_stopped:
            ready, _, _ = select.select(list(ends), [], [], 0.005)
            for end in ready:
                with contextlib.suppress(OSError):
                    self.put(os.read(end, MTU), ends[end])
            self.pass_on()
