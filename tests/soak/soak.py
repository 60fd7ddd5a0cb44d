# SPDX-License-Identifier: Apache-2.0
"""Runs the actors of a soak in one loop, kills workers, and reports."""

import collections
import os
import random
import selectors
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
from signet import DEADLINE, processes  # noqa: E402

from actor import KEPT_TOPICS, POOLS, Actor  # noqa: E402
from ledger import Ledger  # noqa: E402

MEGABYTE = 1 << 20
# After a kill, connections that were being made end without another cause, and
# none gets in that is at home there: a busy machine takes its time.
KILL_SECONDS = 30
# What a process may have more at the end than before the first client: its
# heap keeps what it has once used, in part.
GROWTH_MAX = 8 * MEGABYTE
# The store fills what it may have: 128 MiB of tables, 64 of blocks.
STORE_GROWTH_MAX = 192 * MEGABYTE

SETTINGS = {"processes": {"workers": 3, "gates": 2},
            "sessions": {"max_queued_messages": 1000000,
                         "max_queued_bytes": 1 << 30}}


class Soak:
    """broker: a Daemon with SETTINGS. kill_seconds: between two kills."""

    def __init__(self, broker, seed, clients, seconds, kill_seconds):
        self.broker, self.seed = broker, seed
        self.seconds, self.kill_seconds = seconds, kill_seconds
        self.random = random.Random(f"{seed}/soak")
        self.ledger = Ledger(POOLS)
        self.selector = selectors.DefaultSelector()
        self.actors = [Actor(self, index) for index in range(clients)]
        self.by_id = {actor.client_id: actor for actor in self.actors}
        self.log_read = 0
        self.memory = []  # (what, {process: bytes})

    # What actors call

    def count(self, what):
        self.ledger.counts[what] += 1

    def watch(self, link):
        self.selector.register(link.client.stream.socket,
                               selectors.EVENT_READ, link)

    def forget(self, link):
        self.selector.unregister(link.client.stream.socket)

    def turned_away(self, actor, why):
        self.count("turned away")
        if not self.ledger.kills or (time.monotonic() - KILL_SECONDS
                                     > self.ledger.kills[-1][0]):
            self.ledger.fault(f"{actor.client_id}: turned away: {why}")

    # The loop

    def turn(self, is_acting=True):
        now = time.monotonic()
        for actor in self.actors:
            if is_acting and now >= actor.next_at:
                actor.act(now)
            if actor.link is not None:
                actor.link.flush()
        for key, _ in self.selector.select(0.01):
            key.data.receive()
        for actor in self.actors:
            if actor.link is not None and actor.link.ended is not None:
                self.lost(actor)

    def lost(self, actor):
        """The server ended a connection."""
        why = actor.link.ended
        if actor.is_online:
            self.ledger.fault(f"{actor.client_id} of {actor.home}: "
                              f"its connection ended: {why}")
        else:
            self.turned_away(actor, why)
        actor.gone()

    def turns_until(self, is_done, seconds, is_acting=True):
        """False if it took too long."""
        end = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > end:
                return False
            self.turn(is_acting)
        return True

    def learn_homes(self):
        """A session's home is in the log, and remains what it is."""
        lines = self.broker.log.read()
        for line in lines[self.log_read:]:
            actor = self.by_id.get(line.get("client_id"))
            if actor is None or line.get("event") != "connected":
                continue
            if actor.home not in (None, line.speaker):
                self.ledger.fault(f"{actor.client_id} moved from "
                                  f"{actor.home} to {line.speaker}")
            actor.home = line.speaker
        self.log_read = len(lines)

    def are_homes_known(self):
        self.learn_homes()
        return all(actor.home for actor in self.actors)

    def kill(self):
        """Kill a worker, but never the first, whose memory is watched."""
        victim = self.random.randrange(
            1, self.broker.settings["processes"]["workers"])
        name = f"worker/{victim}"
        pid = self.broker.role_pids("worker").get(victim)
        if pid is None:
            return  # it is dead yet, or again
        self.learn_homes()
        # It dies while there is much under way.
        for actor in self.actors:
            if actor.is_online:
                actor.publish()
                actor.link.flush()
        time.sleep(self.random.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        self.ledger.worker_killed(name)
        for actor in self.actors:
            if actor.home != name:
                continue
            if actor.is_online and not actor.is_stalled:
                actor.link.receive()  # what it has said before
            actor.killed()
        self.say(f"{name} killed")

    # The parts of a run

    def start(self):
        self.weigh("before")
        self.began = time.monotonic()
        for actor in self.actors:
            actor.arrive()
        if not self.turns_until(self.are_homes_known, 3 * DEADLINE, False):
            self.ledger.fault("not everybody could connect")

    def live(self):
        end = time.monotonic() + self.seconds
        kill_at = time.monotonic() + self.kill_seconds / 2
        weigh_at = 0
        while time.monotonic() < end:
            self.turn()
            now = time.monotonic()
            if now >= kill_at and now < end - 10:
                kill_at += self.kill_seconds
                self.kill()
            if now >= weigh_at:
                weigh_at = now + 30
                self.weigh("during")
                self.learn_homes()

    def is_quiet(self):
        return (all(actor.is_online for actor in self.actors
                    if actor.session is not None)
                and not any(actor.sending for actor in self.actors
                            if actor.is_online)
                and not self.ledger.owed())

    def drain(self):
        """Everybody who has a session comes back for what it is owed."""
        def come_back():
            now = time.monotonic()
            for actor in self.actors:
                if actor.is_stalled:
                    actor.is_stalled = False
                    self.watch(actor.link)
                if actor.link is None and actor.session is not None \
                        and now >= actor.next_at:
                    actor.arrive()
            return self.is_quiet()
        self.turns_until(come_back, 3 * DEADLINE, is_acting=False)
        # And what nobody is owed, but may come.
        self.turns_until(lambda: False, 2, is_acting=False)
        self.ledger.settle()

    def finish(self):
        """End all sessions, and take the retained messages back."""
        for actor in self.actors:
            if actor.link is not None:
                actor.gone()
        for actor in self.actors:
            self.broker.client(client_id=actor.client_id,
                               certificate=f"client-{actor.index % 8 + 1}"
                               ).disconnect()
        with self.broker.client() as client:
            for i in range(KEPT_TOPICS):
                client.publish(f"kept/{i}", b"", 1, retain=True)
        # Longer than the rest that connections and sessions come to.
        time.sleep(12)
        self.weigh("after")
        self.check_memory()
        self.check_log()

    def weigh(self, what):
        found = {name: processes.memory(pid, "Pss")
                 for name, pid in self.broker.roles().items()}
        found["master"] = processes.memory(self.broker.pid, "Pss")
        self.memory.append((what, found))
        self.say(what + ": " + ", ".join(
            f"{name} {size / MEGABYTE:.1f}"
            for name, size in sorted(found.items())) + " MB")

    def check_memory(self):
        before, after = self.memory[0][1], self.memory[-1][1]
        if processes.is_sanitized(self.broker.pid):
            return
        for name, size in before.items():
            most = STORE_GROWTH_MAX if name.startswith("store") \
                else GROWTH_MAX
            if after.get(name, 0) > size + most:
                self.ledger.fault(f"{name} grew from {size} to {after[name]}")

    def check_log(self):
        lines = self.broker.log.read()
        levels = collections.Counter(line.level for line in lines)
        self.say(f"log: {dict(levels)}")
        for line in lines:
            if line.get("event") == "dropping" or line.level == "error":
                self.ledger.fault(f"log: {line.text}")

    def say(self, text):
        seconds = time.monotonic() - getattr(self, "began", time.monotonic())
        print(f"     {seconds:6.1f} s  {text}", flush=True)

    def run(self):
        """The number of faults."""
        self.say(f"seed {self.seed}: {len(self.actors)} clients, "
                 f"{self.seconds} s, a kill every {self.kill_seconds} s")
        self.start()
        self.live()
        self.drain()
        self.finish()
        for what, number in sorted(self.ledger.counts.items()):
            self.say(f"{number:8d} {what}")
        for text in self.ledger.faults:
            self.say(f"fault: {text}")
        return self.ledger.counts["faults"]
