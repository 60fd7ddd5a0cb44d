#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The topics below $SYS: names, values, and who may see and write them."""

import os
import re
import shutil
import signal
import subprocess
import time

from signet import (DEADLINE, Daemon, Skipped, TimedOut, case, codec, main,
                    processes, standalone, unique, wait_until)
from signet.daemon import ROLES, Broker

PREFIX = "$SYS/broker/"
SYS = {"sys": {"interval_seconds": 1},
       "roles": [{"name": "watch", "match": {"identity": "device-8"},
                  "publish": ["$SYS/#", "$SYS"],
                  "subscribe": ["$SYS/#"]}] + ROLES}

LOADS = [f"load/{what}/{span}min"
         for what in ("messages/received", "messages/sent", "bytes/received",
                      "bytes/sent", "publish/received", "publish/sent",
                      "publish/dropped", "sockets", "connections")
         for span in (1, 5, 15)]
NUMBERS = [
    "clients/connected", "clients/active", "clients/total",
    "clients/disconnected", "clients/inactive", "clients/maximum",
    "clients/expired", "messages/received", "messages/sent",
    "messages/stored", "bytes/received", "bytes/sent",
    "publish/messages/received", "publish/messages/sent",
    "publish/messages/dropped", "publish/bytes/received",
    "publish/bytes/sent", "subscriptions/count", "retained messages/count",
    "store/messages/count", "store/messages/bytes"]
FORMS = dict([(name, r"\d+") for name in NUMBERS]
             + [(name, r"\d+\.\d\d") for name in LOADS]
             + [("version", r"\w+ version \d+(\.\d+)*"),
                ("uptime", r"\d+ seconds")])
# What no other broker has.
OWN = dict([(name, r"\d+") for name in
            ["rights/denied", "rights/throttled",
             "key/signed", "key/failed", "key/held"]
            + [f"heartbeat/{what}" for what in
               ("taken", "malformed", "unknown", "replayed", "forged",
                "answered", "missed", "lost", "sessions")]
            + [f"admission/{limit}" for limit in
               ("connections", "connections_per_source",
                "handshakes_per_source", "handshakes_per_second_per_source",
                "displaced")]])


class Watch:
    """A subscriber to all of $SYS: the last value of each topic."""

    def __init__(self, broker, **options):
        options.setdefault("certificate", "client-8")
        self.client = broker.client(**options)
        self.values, self.counts = {}, {}
        self.client.subscribe("$SYS/#")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.abort()

    def take(self, timeout=None):
        got = self.client.take(timeout)
        assert got.topic.startswith(PREFIX), got
        name = got.topic[len(PREFIX):]
        self.values[name] = got.payload.decode()
        self.counts[name] = self.counts.get(name, 0) + 1

    def number(self, name):
        return int(self.values[name]) if name in self.values else None

    def until(self, is_true, what, timeout=None):
        deadline = time.monotonic() + (timeout or 2 * DEADLINE)
        while not is_true(self):
            try:
                self.take(deadline - time.monotonic())
            except TimedOut:
                raise AssertionError(
                    f"{what}: {self.values}") from None

    def until_equal(self, timeout=None, **wanted):
        """Names with / as __ and a space as _."""
        wanted = {name.replace("__", "/").replace("_", " "): value
                  for name, value in wanted.items()}
        self.until(lambda watch: all(watch.number(name) == value
                                     for name, value in wanted.items()),
                   f"{wanted} expected", timeout)
        self.until_rounds(1)  # the rest of what came with them

    def until_rounds(self, count):
        """So many more publications of what comes first each time."""
        goal = self.counts.get("uptime", 0) + count
        self.until(lambda watch: watch.counts.get("uptime", 0) >= goal,
                   "another round")


def check_forms(watch):
    watch.until(lambda watch: set(watch.values) >= set(FORMS), "all topics")
    for name, form in FORMS.items():
        assert re.fullmatch(form, watch.values[name]), \
            (name, watch.values[name])


@case(**SYS)
def every_topic_has_its_name_and_its_form(broker):
    with Watch(broker) as watch:
        check_forms(watch)
        watch.until(lambda watch: set(watch.values) >= set(OWN), "all of it")
        for name, form in OWN.items():
            assert re.fullmatch(form, watch.values[name]), name
        assert set(watch.values) == set(FORMS) | set(OWN), \
            set(watch.values) ^ set(FORMS)


class PlainMosquitto(Broker):
    """mosquitto with $SYS at the same interval, to compare with."""

    def __init__(self):
        super().__init__()
        path = f"{self.folder}/mosquitto.conf"
        with open(path, "w") as file:
            file.write(
                f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
                f"cafile {self.pki}/ca.pem\ncertfile {self.pki}/server.pem\n"
                f"keyfile {self.pki}/server.key\nuser root\n"
                "require_certificate true\nsys_interval 1\n")
        self.spawn([shutil.which("mosquitto", path="/usr/sbin:/usr/bin"),
                    "-c", path])
        wait_until(self.answers, "mosquitto answers")

    def answers(self):
        try:
            with self.client(certificate="client-8"):
                return True
        except OSError:
            return False

    stop = Broker.kill


def exercise(broker, certificate):
    """Some traffic, all of it over when this returns."""
    with broker.client(certificate=certificate) as client:
        topic = unique("exercise/")
        client.subscribe(topic)
        for _ in range(10):
            client.publish(topic, b"x" * 100, 1)
        for _ in range(10):
            client.take()
        client.ping()
        client.disconnect()


@case(timeout=120, **SYS)
def values_are_those_that_mosquitto_shows(broker):
    """The same traffic, and the same numbers, where they mean the same."""
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin") is None:
        raise Skipped("mosquitto is not installed")
    shown = []
    with PlainMosquitto() as mosquitto:
        for one in mosquitto, broker:
            with Watch(one) as watch:
                check_forms(watch)
                watch.until_equal(clients__connected=1)
                before = dict(watch.values)
                exercise(one, "client-1")
                with one.client(certificate="client-1", version=5,
                                client_id="away", clean=True,
                                props={"session_expiry_interval": 600}) as it:
                    it.subscribe("away/1", "away/2", qos=1)
                    it.disconnect()
                watch.until_equal(
                    clients__connected=1, clients__total=2,
                    clients__disconnected=1, subscriptions__count=3,
                    publish__messages__received=10)
                watch.until_rounds(2)
                shown.append({name: watch.number(name) - int(before[name])
                              for name in NUMBERS if name in before})
    theirs, ours = shown
    for name in ("clients/connected", "clients/active", "clients/total",
                 "clients/disconnected", "clients/inactive",
                 "clients/expired", "publish/messages/received",
                 "publish/messages/dropped", "publish/bytes/received",
                 "subscriptions/count"):
        assert theirs[name] == ours[name], (name, theirs[name], ours[name])
    assert ours["publish/bytes/received"] == 1000


@case(**SYS)
def counters_count_what_was_done(broker):
    with Watch(broker) as watch:
        watch.until_equal(clients__connected=1, subscriptions__count=1)
        workers = broker.workers()
        with broker.client_on(workers[0]) as subscriber, \
                broker.client_on(workers[-1]) as publisher:
            topic = unique("count/")
            subscriber.subscribe(topic)
            watch.until_equal(clients__connected=3, clients__total=3,
                              subscriptions__count=2)
            watch.until_rounds(2)
            before = dict(watch.values)
            size = len(codec.publish(topic, b"x" * 100, 0))
            for _ in range(50):
                publisher.publish(topic, b"x" * 100)
            for _ in range(50):
                subscriber.take()
            publisher.ping()
            watch.until_equal(publish__messages__received=int(
                before["publish/messages/received"]) + 50)

            def grown(name):
                return watch.number(name) - int(before[name])
            watch.until(lambda _: grown("publish/bytes/sent") >= 5000
                        and grown("messages/received") >= 51, "all counted")
            watch.until_rounds(1)
            assert grown("publish/bytes/received") == 5000
            # The rest is the watch's: it acknowledges nothing.
            assert grown("messages/received") == 51
            assert grown("bytes/received") == 50 * size + 2
            assert grown("publish/messages/sent") >= 50
            assert grown("bytes/sent") >= 50 * size
            assert grown("publish/messages/dropped") == 0
            assert float(watch.values["load/publish/received/1min"]) > 10
            assert watch.number("clients/maximum") >= 3
        watch.until_equal(clients__connected=1, subscriptions__count=1)
        assert watch.number("clients/maximum") >= 3


@case(**SYS)
def retained_messages_and_sessions_are_counted(broker):
    with Watch(broker) as watch, broker.client() as client:
        kept = len(FORMS) + len(OWN)  # those of $SYS itself
        watch.until_equal(retained_messages__count=kept)
        assert watch.number("store/messages/count") >= kept, watch.values
        topics = [unique("kept/") for _ in range(5)]
        for topic in topics:
            client.publish(topic, b"x" * 1000, 1, retain=True)
        watch.until_equal(retained_messages__count=kept + 5)
        assert watch.number("store/messages/bytes") >= 5000
        for topic in topics:
            client.publish(topic, b"", 1, retain=True)
        watch.until_equal(retained_messages__count=kept)
        with broker.client(
                version=5, props={"session_expiry_interval": 2}) as away:
            away.disconnect()
        watch.until_equal(clients__connected=2, clients__total=3,
                          clients__disconnected=1)
        watch.until_equal(clients__total=2, clients__disconnected=0,
                          clients__expired=1)


@case(**SYS)
def a_new_subscriber_gets_what_is_kept(broker):
    with Watch(broker) as first:
        first.until_rounds(3)
        # Two sessions, two workers.
        for worker in broker.workers():
            options = {"certificate": "client-8"}
            with broker.client_on(worker, **options) as client:
                client.subscribe(PREFIX + "version", PREFIX + "clients/total")
                got = {client.take().topic for _ in range(2)}
                assert got == {PREFIX + "version", PREFIX + "clients/total"}


@case(**SYS)
def what_does_not_change_is_not_repeated(broker):
    with Watch(broker) as watch:
        watch.until_rounds(4)
        assert watch.counts["version"] == 1, watch.counts


@case(**SYS)
def uptime_is_that_of_the_daemon(broker):
    with Watch(broker) as watch:
        watch.until_rounds(2)
        age = processes.age(broker.pid)
        up = int(watch.values["uptime"].split()[0])
        assert age - DEADLINE < up <= age + 1, (age, up)


@case(**SYS)
def sys_is_for_those_whose_roles_name_it(broker):
    with broker.client(certificate="client-1") as client:
        assert client.subscribe("$SYS/#", "$SYS/broker/uptime") == [0x87] * 2
        assert client.subscribe("#", "+/broker/uptime") == [0, 0]
        with Watch(broker) as watch:
            watch.until_rounds(2)
        client.expect_nothing()


@case(**SYS)
def no_client_writes_there(broker):
    """Not even one whose role says so."""
    with Watch(broker) as watch:
        watch.until(lambda w: "version" in w.values, "the version")
        version = watch.values["version"]
        for certificate in "client-1", "client-8":
            with broker.client(certificate=certificate) as client:
                for topic in ("$SYS/broker/version", "$SYS", "$SYS/",
                              "$SYS/own"):
                    assert client.publish(topic, b"lie", 1,
                                          retain=True) == 0x87
                    client.publish(topic, b"lie", 0)
                client.ping()
            broker.await_log(event="denied", reason="topic-is-reserved",
                             identity="device-" + certificate[-1])
            with broker.client(
                    certificate=certificate, expect_reason=0x87,
                    will={"topic": "$SYS/broker/version", "payload": b"lie"}):
                pass
        # A level that only begins like it is a topic like others.
        watch.until_rounds(1)
        assert watch.values["version"] == version
        assert set(watch.values) <= set(FORMS) | set(OWN), watch.values


@case(sys={"interval_seconds": 0}, roles=SYS["roles"])
def zero_publishes_nothing(broker):
    with broker.client(certificate="client-8") as client:
        client.subscribe("$SYS/#")
        time.sleep(2.5)
        client.expect_nothing()


@standalone(timeout=120)
def totals_outlive_every_worker():
    total = 0
    with Daemon(**SYS) as daemon:
        for index in 0, 1, 0:
            worker = f"worker/{index}"
            other = f"worker/{1 - index}"
            before = daemon.role_pids("worker")[index]
            with daemon.client_on(worker) as client:
                for _ in range(20):
                    client.publish("x", b"y", 1)
                with daemon.client_on(other, certificate="client-8") as c, \
                        Watch(daemon, client_id=c.client_id) as watch:
                    watch.until(lambda w: set(w.values) >= set(FORMS), "all")
                    total += 20
                    watch.until(lambda w: w.number(
                        "publish/messages/received") == total,
                        f"{total} are counted")
                    watch.until_rounds(3)
                    received = watch.number("publish/messages/received")
                    maximum = watch.number("clients/maximum")
                    os.kill(before, signal.SIGKILL)
                    wait_until(lambda: daemon.role_pids("worker").get(index)
                               not in (None, before), "another worker")
                    watch.until_rounds(4)
                    assert watch.number("clients/maximum") >= maximum
                    now = watch.number("publish/messages/received")
                    assert now == received, (received, now)
                    for span in 1, 5, 15:
                        name = f"load/publish/received/{span}min"
                        assert 0 <= float(watch.values[name]) < 1000


main()
