#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The heartbeat over a cable between two machines that loses, delays, doubles
and reorders packets, of TCP as well as of UDP, and is cut in the end
(docs/heartbeat.md), beside Keep Alive (MQTT 5.0, 3.1.2.10)."""

import contextlib
import statistics
import threading
import time

from signet import Client, Daemon, codec, main, standalone, wait_until
from signet.cable import Cable
from signet.daemon import free_port
from signet.heartbeat import Beat, Pulse, settings

BEATING, KEEPING = 8, 4
INTERVAL_MS = 500
KEEP_ALIVE = 2
MOVED = 100  # what its address is more by then


class Pings(threading.Thread):
    """A PINGREQ each half second until the cable is cut."""

    def __init__(self, clients, cable):
        super().__init__(daemon=True)
        self.clients, self.cable = clients, cable
        self.start()

    def run(self):
        while not self.cable.is_cut:
            for client in self.clients:
                # One that the machine has stopped for too long is over.
                with contextlib.suppress(OSError):
                    client.send(codec.PING)
            time.sleep(0.5)


@standalone(timeout=300)
def a_cut_is_noticed_sooner_than_by_keep_alive():
    port = free_port()
    with Cable() as cable, cable.server.inside(), \
            Daemon(listen=[{"address": Cable.SERVER, "port": port}],
                   **settings(address=Cable.SERVER)) as daemon:
        daemon.address = (Cable.SERVER, port)
        for loss in (0, 0.1, 0.3):
            measure(daemon, cable, loss)


def measure(daemon, cable, loss):
    watch = daemon.client()
    watch.subscribe("cut/#")
    with cable.clients.inside():
        keeping = [Client(daemon, source=cable.client(50 + i),
                          keep_alive=KEEP_ALIVE,
                          will={"topic": f"cut/keep/{i}"})
                   for i in range(KEEPING)]
        Pings(keeping, cable)
        clients = [Client(daemon, source=cable.client(1 + i),
                          will={"topic": f"cut/beat/{i}"})
                   for i in range(BEATING)]
        beats = [Beat(client, INTERVAL_MS, Cable.SERVER, cable.client(1 + i))
                 for i, client in enumerate(clients)]
    # From now on it is a bad one.
    cable.loss, cable.delay, cable.jitter, cable.doubled = loss, .005, .15, .05
    pulses = [Pulse(beat) for beat in beats]
    await_answers(daemon, pulses, 2)
    with cable.clients.inside():
        for i, beat in enumerate(beats):
            beat.move(cable.client(MOVED + i))
    await_answers(daemon, pulses, 4)
    cable.is_cut = True
    cut = time.monotonic()
    took = {"beat": [], "keep": []}
    for _ in range(BEATING + KEEPING):
        topic = watch.take(90).topic
        took[topic.split("/")[1]].append(time.monotonic() - cut)
    # Each has had its will, once.
    assert [len(some) for some in took.values()] == [BEATING, KEEPING]
    for pulse in pulses:
        pulse.stop()
    for client in clients + keeping + [watch]:
        client.abort()
    report(cable, loss, took)
    cable.mend()


def await_answers(daemon, pulses, count):
    """So many for each, but for one that the machine has stopped for so long
    that it is over."""
    for pulse in pulses:
        wait_until(lambda: pulse.answered >= count or daemon.log.find(
            reason="heartbeat-timeout",
            client_id=pulse.beat.client.client_id), f"{count} answers")


def report(cable, loss, took):
    said = ", ".join(
        f"{1000 * statistics.median(some):.0f} ms (median) and "
        f"{1000 * max(some):.0f} ms (worst) {what}" for what, some in (
            (f"by {INTERVAL_MS} ms and 3 misses", took["beat"]),
            (f"by a Keep Alive of {KEEP_ALIVE} s", took["keep"])))
    counts = ", ".join(f"{number} {what}"
                       for what, number in cable.counts.items())
    print(f"     {100 * loss:.0f} % loss: from cut to will {said}; packets: "
          f"{counts}")


main()
