#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients with heartbeats against the daemon: signet-beat, and those of
docs/examples with the MQTT libraries that they are for."""

import collections
import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from signet import (DEADLINE, Daemon, Skipped, case, main, standalone,
                    wait_until)
from signet.daemon import BUILD, ROLES, TOP
from signet.heartbeat import ANSWER, HEAD, pack, settings
from signet.processes import stopped

EXAMPLES = f"{TOP}/docs/examples"
LINES_MAX = 150


def beat_arguments(broker, *more):
    return [f"{BUILD}/signet-beat", "--host", "127.0.0.1", "--port",
            str(broker.port), "--ca", f"{broker.pki}/ca.pem", "--cert",
            f"{broker.pki}/client-1.pem", "--key",
            f"{broker.pki}/client-1.key", *more]


@contextlib.contextmanager
def started(broker, *more):
    """signet-beat, as long as the block lasts."""
    with subprocess.Popen(beat_arguments(broker, *more),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as beat:
        try:
            yield beat
        finally:
            beat.kill()


def await_line(beat, pattern):
    while True:
        line = beat.stdout.readline()
        assert line, f"it ended without {pattern}: {beat.stderr.read()}"
        if re.search(pattern, line):
            return line


@case(**settings(least_interval_ms=700))
def signetctl_shows_who_has_one(broker):
    def agreed(client):
        text, status = broker.ctl("--json", "session",
                                  f"device-1/{client.client_id}")
        assert status == 0, text
        session = json.loads(text)["sessions"][0]
        return session.get("heartbeat_ms"), session.get("heartbeat_misses")

    def is_counted(count):
        return re.search(rf"^Heartbeats +{count} sessions$",
                         broker.ctl("status")[0], re.M)
    with broker.client() as client, broker.client() as other:
        assert agreed(client) == (None, None)
        client.subscribe("$signet/heartbeat/100")
        assert agreed(client) == (700, 3)
        assert agreed(other) == (None, None)
        text, _ = broker.ctl("session", f"device-1/{client.client_id}")
        assert re.search("^Heartbeat, in ms +700$", text, re.M), text
        assert re.search("^Heartbeat, misses +3$", text, re.M), text
        wait_until(lambda: is_counted(1), "one is counted", 60)
        client.unsubscribe("$signet/heartbeat/100")
        assert agreed(client) == (None, None)
        wait_until(lambda: is_counted(0), "none is counted", 60)


@standalone
def signetctl_shows_what_heartbeats_are_set_to():
    wanted = settings(enabled=False, max_sessions_percent=40)

    def shown(daemon):
        text, status = daemon.ctl("--json", "status")
        assert status == 0, text
        page, status = daemon.ctl("status")
        assert status == 0, page
        return (json.loads(text)["heartbeat"],
                re.search(r"^Heartbeats +0 sessions\n +(.*)$", page, re.M)[1])
    with Daemon(**wanted) as daemon:
        port = wanted["heartbeat"]["port"]
        now = {"enabled": False, "address": "127.0.0.1", "port": port,
               "least_interval_ms": 500, "misses": 3,
               "max_sessions_percent": 40}
        assert shown(daemon) == (now, "off"), shown(daemon)
        # After a reload it is what holds then.
        changed = {"enabled": True, "least_interval_ms": 700, "misses": 5}
        daemon.reload(heartbeat=changed)
        assert shown(daemon) == (
            now | changed, f"127.0.0.1 UDP port {port}, from 700 ms, 5 misses,"
            " for 40 % of limits.connections"), shown(daemon)


@case(**settings(least_interval_ms=50, misses=100))
def signet_beat_counts_and_ends(broker):
    done = subprocess.run(beat_arguments(broker, "-I", "100", "-c", "5"),
                          capture_output=True, text=True,
                          timeout=6 * DEADLINE)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "every 100 ms, 100 misses" in done.stdout, done.stdout
    assert re.search(r"^5: \d+\.\d{3} ms, ", done.stdout, re.M), done.stdout
    assert re.search(r"^\d+ sent, 5 answered, ", done.stdout, re.M), \
        done.stdout
    for wrong in (["-I", "0"], ["-I", "x"], ["-c", "0"], ["--nonsense"],
                  ["more"]):
        done = subprocess.run(beat_arguments(broker, *wrong),
                              capture_output=True, text=True)
        assert done.returncode == 2, (wrong, done.stderr)


@case(**settings(least_interval_ms=50, misses=100))
def signet_beat_goes_on_through_new_keys_and_ends_in_order(broker):
    broker.reload(heartbeat={"key_seconds": 1})
    with started(broker, "-I", "100") as beat:
        for number in (1, 2, 3):
            await_line(beat, f"key {number}, every")
        beat.send_signal(signal.SIGINT)
        output, errors = beat.communicate()
    assert beat.returncode == 0, errors
    assert re.search(r"^\d+ sent, \d+ answered", output, re.M), output


@case(**settings(least_interval_ms=50, misses=100))
def signet_beat_says_that_its_right_is_gone(broker):
    with started(broker, "-I", "200") as beat:
        await_line(beat, "^1: ")
        broker.reload(heartbeat={"enabled": False})
        await_line(beat, "turned heartbeats off")
        broker.reload(heartbeat={"enabled": True})
        await_line(beat, "every 200 ms")
        broker.reload(roles=ROLES)
        output, errors = beat.communicate()
    assert beat.returncode == 1, output
    assert "not-authorized" in errors, errors


@case
def signet_beat_says_why_it_has_none(broker):
    done = subprocess.run(beat_arguments(broker), capture_output=True,
                          text=True, timeout=6 * DEADLINE)
    assert done.returncode == 1, done.stdout
    assert "heartbeat: not-authorized: no role" in done.stderr, done.stderr
    # A right alone is not enough.
    with Daemon(**settings(enabled=False)) as off:
        done = subprocess.run(beat_arguments(off), capture_output=True,
                              text=True, timeout=6 * DEADLINE)
    assert done.returncode == 1, done.stdout
    assert "heartbeat.enabled is off" in done.stderr, done.stderr


@case
def signet_beat_says_what_is_wrong_with_its_arguments(broker):
    for code, said, *wrong in ((1, "none.pem: No such file", "--ca", "none.pem"),
                               (1, "none.pem: No such file", "--key", "none.pem"),
                               (2, "x: not a number", "--port", "x"),
                               (2, "65536: not a number", "--port", "65536")):
        done = subprocess.run(beat_arguments(broker, *wrong), timeout=60,
                              capture_output=True, text=True)
        assert done.returncode == code and said in done.stderr, (wrong, done)


def commands(folder):
    """{name: how to start it}: signet-beat, and the examples."""
    source = f"{EXAMPLES}/heartbeat.c"
    if not os.path.exists("/usr/include/mosquitto.h"):
        lack("libmosquitto-dev")
    subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o",
                    f"{folder}/heartbeat", source, "-lmosquitto", "-lcrypto"],
                   check=True)
    if subprocess.run([sys.executable, "-c", "import paho.mqtt.client"],
                      capture_output=True).returncode:
        lack("python3-paho-mqtt")
    if shutil.which("node") is None or subprocess.run(
            ["node", "-e", "require('mqtt')"], capture_output=True,
            timeout=60).returncode:
        lack("MQTT.js")
    return {"c": [f"{folder}/heartbeat"],
            "python": [sys.executable, f"{EXAMPLES}/heartbeat.py"],
            "javascript": ["node", f"{EXAMPLES}/heartbeat.js"],
            "signet-beat": None}


def lack(library):
    """Where tests/run installs what tests need, it is to be there."""
    assert "SIGNET_TESTS_DIR" not in os.environ, f"{library} is missing"
    raise Skipped(f"{library} is not installed")


class Program:
    """A client that runs, and what it prints."""

    def __init__(self, broker, command, number, interval_ms, count=None):
        files = [f"{broker.pki}/ca.pem"] + [
            f"{broker.pki}/client-{number}.{kind}" for kind in ("pem", "key")]
        counted = [] if count is None else [str(count)]
        if command is None:
            command = beat_arguments(broker, "-I", str(interval_ms), "--cert",
                                     files[1], "--key", files[2],
                                     *["-c"] * len(counted), *counted)
        else:
            command = [*command, "127.0.0.1", str(broker.port), *files,
                       str(interval_ms), *counted]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.reader = threading.Thread(
            target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    @property
    def times(self):
        """Round trips, in milliseconds."""
        found = (re.match(r"(?:\d+: )?(-?\d+\.\d{3}) ms", line)
                 for line in list(self.lines))
        return [float(line[1]) for line in found if line]

    def wait(self):
        """Its status and all that it has printed."""
        status = self.process.wait(6 * DEADLINE)
        self.reader.join()
        return status, "".join(self.lines)


@contextlib.contextmanager
def programs(broker, interval_ms, *names, count=None):
    """Clients of all kinds, or of these."""
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder, \
            contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(
            Program(broker, command, number, interval_ms, count))
            for number, (name, command) in enumerate(
                commands(folder).items(), 1) if name in names or not names}


class Middle(threading.Thread):
    """Somebody between the clients, which are told of a port at the address
    that they connect to, and the daemon, which has it at another. He sends all
    that he passes on twice."""

    DAEMON = "127.0.0.2"

    def __init__(self, port):
        super().__init__(daemon=True)
        self.inside, self.outside = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "io")
        self.inside.bind(("127.0.0.1", port))
        self.outside.connect((self.DAEMON, port))
        self.treat = self.send  # what becomes of an answer
        self.is_forging = self.is_stopped = False
        self.clients, self.held = {}, {}  # by handle
        self.keys = collections.defaultdict(set)  # of answers
        self.asked, self.answered, self.forged = (
            collections.Counter() for _ in "aaf")
        self.heard = time.monotonic()
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_stopped = True
        self.join()
        self.inside.close()
        self.outside.close()

    def run(self):
        while not self.is_stopped:
            ready, _, _ = select.select([self.inside, self.outside], [], [],
                                        0.1)
            for one in ready:
                with contextlib.suppress(OSError):
                    data, sender = one.recvfrom(2048)
                    if one is self.outside:
                        self.treat(data)
                    else:
                        self.take(data, sender)

    def take(self, data, sender):
        handle = data[4:12]
        self.heard = time.monotonic()
        self.clients[handle] = sender
        self.asked[handle] += 1
        if self.is_forging:
            self.forged[handle] += 1
            if self.forged[handle] % 16 < 5:
                self.forge(data)
        else:
            self.outside.send(data)

    def forge(self, question):
        """All that somebody without the key can think of. The clock is so far
        off that whoever takes one prints what cannot be."""
        _, _, _, number, handle, sequence, clock, _ = HEAD.unpack(
            question[:32])
        for named in (number, (number + 1) % 256, (number - 1) % 256, 0):
            answer = pack(bytes(32), kind=ANSWER, key_number=named,
                          handle=handle, sequence=sequence,
                          clock=clock ^ 1 << 60)
            for data in (answer, answer[:-1], answer + b"\0",
                         answer[:32] + question[32:]):
                self.inside.sendto(data, self.clients[question[4:12]])
        self.inside.sendto(question, self.clients[question[4:12]])

    def send(self, answer):
        handle = answer[4:12]
        self.keys[handle].add(answer[3])
        self.answered[handle] += 1
        for _ in range(2):
            self.inside.sendto(answer, self.clients[handle])

    def hold(self, answer):
        """Until there are two; and none after them."""
        held = self.held.setdefault(answer[4:12], [])
        held.append(answer)
        if len(held) == 2:
            for one in held:
                self.send(one)


def await_all(what, is_true, among, count=None):
    wait_until(lambda: len(among) == (count or len(among))
               and all(map(is_true, list(among))), what, 60)


INTERVAL_MS, MISSES = 100, 40


@standalone(timeout=180)
def clients_believe_whoever_has_the_key_and_nobody_else():
    """Forged answers, new keys, an offer that ends, a way that is closed for
    UDP alone, and a server that stands still."""
    wanted = settings(address=Middle.DAEMON, least_interval_ms=50, misses=100,
                      key_seconds=1)
    with Daemon(**wanted) as daemon, \
            Middle(wanted["heartbeat"]["port"]) as middle, \
            programs(daemon, INTERVAL_MS) as clients:
        # Before they have ever had another key than the first, and an answer.
        middle.is_forging = True
        every = clients.values()
        await_all("each is lied to", lambda handle: middle.forged[handle] > 4,
                  middle.asked, len(clients))
        middle.is_forging = False
        await_all("each has answers", lambda one: len(one.times) > 2, every)
        await_all("each has had keys",
                  lambda handle: len(middle.keys[handle]) > 2, middle.asked)
        # It has ended: nobody asks any more.
        daemon.reload(heartbeat={"enabled": False})
        wait_until(lambda: time.monotonic() - middle.heard > 1, "it is quiet",
                   60)
        before = set(middle.asked)
        daemon.reload(heartbeat={"enabled": True, "misses": MISSES})
        wait_until(lambda: len(middle.answered) == 2 * len(clients),
                   "each has answers again", 60)
        now = set(middle.asked) - before
        assert len(now) == len(clients), (before, now)
        # For longer than they would wait all answers are lies; but in their
        # sessions the server is there.
        middle.is_forging = True
        lies = middle.forged.copy()
        await_all("each is lied to for long",
                  lambda handle: middle.forged[handle] - lies[handle]
                  > 4 * (MISSES + 2), now)
        answered = middle.answered.copy()
        middle.is_forging = False
        await_all("each has answers once more", lambda handle:
                  middle.answered[handle] > answered[handle], now)
        await_gone(daemon, clients)
        for name, client in clients.items():
            assert all(0 <= took < 1e7 for took in client.times), \
                (name, client.lines)
        # Each answer counts once.
        assert sum(len(client.times) for client in every) \
            <= sum(middle.answered.values())


def await_gone(daemon, clients):
    """The daemon stands still: its TCP stays, but nothing is answered."""
    with stopped(*daemon.role_pids("worker").values()):
        for name, client in clients.items():
            status, output = client.wait()
            assert status == 1 and output.count("gone") == 1, \
                (name, status, output)


@standalone(timeout=180)
def answers_that_come_late_are_taken_when_they_come():
    """The first is there with the second, and both are printed at once, not
    one of them when the next interval begins. So it ends then, too."""
    wanted = settings(address=Middle.DAEMON, least_interval_ms=50, misses=100)
    with Daemon(**wanted) as daemon, \
            Middle(wanted["heartbeat"]["port"]) as middle, \
            programs(daemon, 8000, count=2) as clients:
        middle.treat = middle.hold
        for name, client in clients.items():
            status, output = client.wait()
            assert status == 0 and client.times[-1] < 4000, (name, output)


@standalone(timeout=180)
def clients_that_have_slept_see_that_their_session_is_over():
    """Paho alone connects again by itself."""
    with Daemon(**settings(least_interval_ms=50)) as daemon, \
            programs(daemon, 200, "c", "javascript", "signet-beat") as clients:
        await_all("each has answers", lambda one: one.times, clients.values())
        with stopped(*(client.process.pid for client in clients.values())):
            wait_until(lambda: len(daemon.log.find(reason="heartbeat-timeout"))
                       == len(clients), "the daemon has given them up", 60)
        for name, client in clients.items():
            status, output = client.wait()
            assert status == 1 and "the way to it" not in output, \
                (name, status, output)


@case
def the_examples_are_short(_):
    for name in os.listdir(EXAMPLES):
        with open(f"{EXAMPLES}/{name}", encoding="utf-8") as file:
            assert len(file.readlines()) < LINES_MAX, name


main()
