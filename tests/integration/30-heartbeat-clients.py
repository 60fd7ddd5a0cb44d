#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients with heartbeats against the daemon: signet-beat, and those of
docs/examples with the MQTT libraries that they are for."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from signet import DEADLINE, Daemon, Skipped, case, main, wait_until
from signet.daemon import BUILD, ROLES, TOP, free_port

EXAMPLES = f"{TOP}/docs/examples"
LINES_MAX = 150
COUNT = 5


def settings(**heartbeat):
    return {"heartbeat": {"enabled": True, "address": "127.0.0.1",
                          "port": free_port(), **heartbeat},
            "roles": [{"name": "beats", "match": {"identity": "*"},
                       "publish": [],
                       "subscribe": ["$signet/heartbeat/+"]}] + ROLES}


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


def run_example(broker, *command):
    """It prints a round-trip time for each of so many answers, and ends."""
    done = subprocess.run(
        [*command, "127.0.0.1", str(broker.port), f"{broker.pki}/ca.pem",
         f"{broker.pki}/client-1.pem", f"{broker.pki}/client-1.key", "200",
         str(COUNT)], capture_output=True, text=True, timeout=6 * DEADLINE)
    assert done.returncode == 0, (done.stdout, done.stderr)
    times = re.findall(r"^\d+\.\d{3} ms$", done.stdout, re.M)
    assert len(times) >= COUNT, (done.stdout, done.stderr)


@case(**settings(least_interval_ms=700))
def signetctl_shows_who_has_one(broker):
    def interval(client):
        text, status = broker.ctl("--json", "session",
                                  f"device-1/{client.client_id}")
        assert status == 0, text
        return json.loads(text)["sessions"][0].get("heartbeat_ms")

    def is_counted(count):
        return re.search(rf"^Heartbeats +{count} sessions$",
                         broker.ctl("status")[0], re.M)
    with broker.client() as client, broker.client() as other:
        assert interval(client) is None
        client.subscribe("$signet/heartbeat/100")
        assert (interval(client), interval(other)) == (700, None)
        text, _ = broker.ctl("session", f"device-1/{client.client_id}")
        assert re.search("^Heartbeat, in ms +700$", text, re.M), text
        wait_until(lambda: is_counted(1), "one is counted", 60)
        client.unsubscribe("$signet/heartbeat/100")
        assert interval(client) is None
        wait_until(lambda: is_counted(0), "none is counted", 60)


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


@case(**settings(least_interval_ms=50, misses=10))
def signet_beat_says_that_the_server_is_gone(broker):
    """Its workers stand still: TCP stays, but nothing is answered."""
    pids = broker.role_pids("worker").values()
    with started(broker, "-I", "200") as beat:
        await_line(beat, "^2: ")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            output, _ = beat.communicate()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
    assert beat.returncode == 1, output
    assert "is gone" in output, output


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


@case(**settings(least_interval_ms=50, misses=100))
def the_example_in_c_beats(broker):
    source = f"{EXAMPLES}/heartbeat.c"
    if not os.path.exists("/usr/include/mosquitto.h"):
        raise Skipped("libmosquitto-dev is not installed")
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder:
        program = f"{folder}/heartbeat"
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror",
                        "-o", program, source, "-lmosquitto", "-lcrypto"],
                       check=True)
        run_example(broker, program)


@case(**settings(least_interval_ms=50, misses=100))
def the_example_in_python_beats(broker):
    if subprocess.run([sys.executable, "-c", "import paho.mqtt.client"],
                      capture_output=True).returncode:
        raise Skipped("paho is not installed")
    run_example(broker, sys.executable, f"{EXAMPLES}/heartbeat.py")


@case(**settings(least_interval_ms=50, misses=100))
def the_example_in_javascript_beats(broker):
    if shutil.which("node") is None or subprocess.run(
            ["node", "-e", "require('mqtt')"], capture_output=True,
            timeout=60).returncode:
        raise Skipped("MQTT.js is not installed")
    run_example(broker, "node", f"{EXAMPLES}/heartbeat.js")


@case
def the_examples_are_short(_):
    for name in os.listdir(EXAMPLES):
        with open(f"{EXAMPLES}/{name}", encoding="utf-8") as file:
            assert len(file.readlines()) < LINES_MAX, name


main()
