# SPDX-License-Identifier: Apache-2.0
"""A crash test: load, and what kills parts of the daemon at random moments
under it, round after round; then everybody gets what is owed, or it is lost."""

import collections
import os
import random
import selectors
import shutil
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))
from signet import (DEADLINE, Daemon, TimedOut,  # noqa: E402
                    processes)
from signet.daemon import SIGNETD, merge, write_configuration  # noqa: E402
from signet.stream import SLOWNESS  # noqa: E402

import peers  # noqa: E402
from actors import (GROUPS, Keeper, Mourned, Publisher,  # noqa: E402
                    Subscriber)
from judge import Judge  # noqa: E402

RECOVERY_SECONDS = 3 * DEADLINE
# From an acknowledgement after the last crash to the next one.
CALM_SECONDS = (0.05, 0.5)
# The chance that the next crash comes while the daemon is still starting.
HASTE = 0.15

COUNTS = (1, 2, 3, 4)  # of workers

SETTINGS = {"processes": {"workers": 2, "gates": 2},
            "sessions": {"max_queued_messages": 1000000,
                         "max_queued_bytes": 1 << 30}}


class Mortal(Daemon):
    """A daemon that is killed and started again."""

    def kill_all(self):
        """Every process at once, and wait until they are gone."""
        pids = [self.pid] + processes.children(self.pid)
        os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        while any(processes.status(pid) is not None for pid in pids):
            time.sleep(0.001)
        self.await_unlocked()

    @property
    def store(self):
        return self.settings["store"]["path"]

    def again(self):
        self.spawn([SIGNETD, "-c", self.configuration])

    def recount(self, workers):
        """The number of workers when it is started again."""
        self.settings = merge(self.settings,
                              {"processes": {"workers": workers}})
        write_configuration(self.configuration, self.settings)

    def end(self):
        """In order; its files stay."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(3 * DEADLINE) == 0, self.log.tail()

    def is_ready(self, mark):
        if self.process.poll() is not None:
            raise AssertionError(f"signetd ended with "
                                 f"{self.process.returncode}:\n"
                                 + self.log.tail())
        return bool(self.log.find(mark, event="ready", speaker="master"))


class Trial:
    """kinds: what dies, in turn but in random order: "worker", "store",
    "all", "count", or what a subclass adds as a method die_<kind>()."""

    def __init__(self, broker, seed, rounds, kinds, eagerness=4,
                 with_peers=True, with_shares=False):
        self.broker, self.seed, self.rounds = broker, seed, rounds
        self.kinds, self.eagerness = kinds, eagerness
        self.random = random.Random(f"{seed}/trial")
        self.slowness = SLOWNESS
        self.began = time.monotonic()
        self.judge = Judge(lambda: time.monotonic() - self.began)
        self.selector = selectors.DefaultSelector()
        self.counts = collections.Counter()
        self.events = collections.deque()
        self.is_publishing = False
        self.publishers = [Publisher(self, f"pub-{i}", 4 + i % 2, i < 2)
                           for i in range(4)]
        self.keepers = [Keeper(self, f"keep-{i}", 4 + i) for i in range(2)]
        self.publishers += self.keepers
        self.subscribers = self._subscribers()
        if with_shares:
            self.subscribers += [
                Subscriber(self, f"member-{i}", 4 + i % 2, {"crash/3/#": 2},
                           group="group") for i in range(3)]
        self.mourned = [Mourned(self, f"will-{delay}", delay)
                        for delay in (0, 1)]
        self.with_peers = with_peers
        self.peers = []

    def _subscribers(self):
        changing = {f"crash/{group}/2": 2 for group in range(GROUPS)}
        wanted = [{"crash/#": 2}, {"crash/+/1": 1}, {"crash/+/2": 2},
                  {"crash/0/+": 2}, {"crash/1/#": 1},
                  {"crash/0/1": 1, "crash/2/2": 2, "crash/3/+": 2}]
        made = [Subscriber(self, f"sub-{i}", 4 + i % 2, filters)
                for i, filters in enumerate(wanted)]
        return made + [Subscriber(self, "sub-x", 5, {"crash/2/1": 2},
                                  changing)]

    def _start_peers(self):
        if not self.with_peers:
            return
        if peers.paho is not None:
            self.peers += [
                peers.PahoSubscriber(self, "paho-sub", "crash/1/+", 2),
                peers.PahoPublisher(self, "paho-pub-1", "crash/0/1"),
                peers.PahoPublisher(self, "paho-pub-2", "crash/1/1")]
        if shutil.which("mosquitto_sub") is not None:
            self.peers += [
                peers.MosquittoSubscriber(self, "mosq-sub-1", "crash/+/1"),
                peers.MosquittoSubscriber(self, "mosq-sub-2", "crash/2/#"),
                peers.MosquittoPublisher(self, "mosq-pub-1", "crash/2/1", 1),
                peers.MosquittoPublisher(self, "mosq-pub-2", "crash/1/2", 2)]

    # What actors call

    def count(self, what):
        self.counts[what] += 1

    def watch(self, link):
        self.selector.register(link.socket, selectors.EVENT_READ, link)

    def forget(self, link):
        self.selector.unregister(link.socket)

    # The loop

    def turn(self):
        now = time.monotonic()
        for actor in self.publishers + self.subscribers + self.mourned:
            actor.act(now)
        for peer in self.peers:
            if hasattr(peer, "act"):
                peer.act(now)
        self._hear_peers()
        for key, _ in self.selector.select(0.005):
            if key.data.ended is None:
                key.data.receive()
        self._hear_peers()

    def _hear_peers(self):
        while self.events:
            self.judge.take([self.events.popleft()])

    def turns_until(self, is_done, seconds):
        """False if it took too long."""
        end = time.monotonic() + seconds
        while not is_done():
            if time.monotonic() > end:
                return False
            self.turn()
        return True

    def await_(self, is_done, what, seconds=RECOVERY_SECONDS):
        if not self.turns_until(is_done, seconds):
            raise AssertionError(f"waited in vain until {what}; "
                                 f"{self.judge.report()}\n"
                                 + self.broker.log.tail())

    def are_all_acked(self):
        """Has every publisher got an acknowledgement since now?"""
        before = [publisher.acked for publisher in self.publishers]
        return lambda: all(publisher.acked > count for publisher, count
                           in zip(self.publishers, before))

    # Rounds

    def pids(self, role):
        return sorted(self.broker.role_pids(role).values())

    def _awaited_pids(self, role):
        """One that died just now may be about to be started again."""
        end = time.monotonic() + DEADLINE
        while not (pids := self.pids(role)) and time.monotonic() < end:
            time.sleep(0.005)
        return pids

    def _die_one(self, role):
        """Returns what says that another has its place."""
        before = self._awaited_pids(role)
        victim = self.random.choice(before)
        os.kill(victim, signal.SIGKILL)
        return lambda: (len(self.pids(role)) == len(before)
                        and victim not in self.pids(role))

    def die_worker(self):
        return self._die_one("worker")

    def die_store(self):
        return self._die_one("store")

    def die_all(self):
        self.broker.kill_all()
        return self.start_again()

    def die_count(self):
        """Everything, and there is another number of workers then."""
        now = self.broker.settings["processes"]["workers"]
        self.broker.kill_all()
        self.broker.recount(self.random.choice(
            [count for count in COUNTS if count != now]))
        return self.start_again()

    def start_again(self):
        mark = self.broker.log.mark()
        self.broker.again()
        return lambda: self.broker.is_ready(mark)

    def crash(self, kind, delay):
        """After the delay, from another thread: whatever the load is at."""
        result, errors = [], []

        def strike():
            time.sleep(delay)
            try:
                result.append(getattr(self, f"die_{kind}")())
            except Exception as error:
                errors.append(error)
        thread = threading.Thread(target=strike)
        thread.start()
        while thread.is_alive():
            self.turn()
        if errors:
            raise errors[0]
        return result[0]

    def round(self, kind):
        is_hasty = self.random.random() < HASTE
        if not is_hasty:
            self.await_(self.are_all_acked(), "every publisher is served")
        low, high = CALM_SECONDS
        delay = self.random.uniform(0, 0.1) if is_hasty \
            else self.random.uniform(low, high)
        is_back = self.crash(kind, delay)
        self.await_(is_back, f"{kind} is back")
        self.counts[f"rounds of {kind}"] += 1

    def order(self):
        """All kinds follow each other closely: who dies again and again is
        started ever later, until all start anew."""
        while True:
            kinds = list(self.kinds)
            self.random.shuffle(kinds)
            yield from kinds

    # The parts of a trial

    def start(self):
        self._start_peers()
        self.await_(lambda: all(s.is_done() for s in self.subscribers)
                    and all(p.is_online for p in self.publishers)
                    and all(p.is_ready for p in self.peers),
                    "everybody is there")
        self.is_publishing = True

    def drain(self):
        """Until nothing is owed and nothing is under way, or nothing comes
        any more."""
        self.is_publishing = False
        everybody = (self.publishers + self.subscribers + self.mourned
                     + self.peers)
        progress, stalled_at = None, 0

        def is_over():
            nonlocal progress, stalled_at
            now = time.monotonic()
            if progress != dict(self.judge.counts):
                progress = dict(self.judge.counts)
                stalled_at = now + DEADLINE
            return now > stalled_at or (
                self.judge.owed == 0
                and all(one.is_done() for one in everybody))
        self.await_(is_over, "everybody has everything", 12 * DEADLINE)
        # What comes twice may come late.
        self.turns_until(lambda: False, 0.5)
        for one in everybody:
            if not one.is_done():
                self.judge.fault("stuck", f"{one.name} at the end")
        self.judge.settle()
        self.check_retained()

    def check_retained(self):
        with self.broker.client() as client:
            client.subscribe("kept/#", qos=1)
            found = {}
            while len(found) < sum(len(k.kept) for k in self.keepers):
                try:
                    got = client.take(timeout=DEADLINE / 5)
                except TimedOut:
                    break
                found[got.topic] = got.payload
        for keeper in self.keepers:
            keeper.settle(found)

    def run(self):
        """The number of faults."""
        print(f"     seed {self.seed}: {self.rounds} rounds of "
              + ", ".join(self.kinds), flush=True)
        try:
            self.start()
            for _, kind in zip(range(self.rounds), self.order()):
                self.round(kind)
            self.drain()
        finally:
            for peer in self.peers:
                peer.end()
            self.report()
        return self.judge.counts["faults"]

    def report(self):
        seconds = time.monotonic() - self.began
        print(f"     {seconds:.0f} s, "
              + ", ".join(f"{what} {number}" for what, number
                          in sorted(self.counts.items())))
        print(f"     {self.judge.report()}")
        for text in self.judge.faults:
            print(f"     fault: {text}")
        sys.stdout.flush()
