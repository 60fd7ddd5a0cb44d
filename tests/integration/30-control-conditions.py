#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `signetctl status`, /metrics and the page say of what waits, what is
refused and what ends, each under the condition that it tells of."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time

from signet import (DEADLINE, Closed, Daemon, Skipped, Stream, TimedOut,
                    codec, context, lasting, main, standalone, wait_until)
from signet.authority import Authority
from signet.folders import folder
from signet.daemon import BUILD, SIGNETD, free_port
from signet.processes import stopped

DAY = 86400


class Watched(Daemon):
    """A daemon whose numbers are read in the three places that show them."""

    def __init__(self, **overrides):
        self.metrics_port = free_port()
        super().__init__(metrics={"enabled": True, "port": self.metrics_port},
                         sys={"interval_seconds": 0}, **overrides)

    def get(self, path):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.metrics_port, timeout=DEADLINE)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def status(self):
        text, code = self.ctl("--json", "status")
        assert code == 0, text
        return json.loads(text)

    def value(self, name):
        return self.status()["statistics"][name]["value"]

    def line(self, title):
        """What stands behind a title, as people read it."""
        text, code = self.ctl("status")
        assert code == 0, text
        found = [row[22:] for row in text.splitlines()
                 if row[:22].rstrip() == title]
        assert len(found) == 1, (title, text)
        return found[0]

    def metric(self, name):
        for row in self.get("/metrics").splitlines():
            if row.startswith(name + " "):
                return int(row.rsplit(" ", 1)[1])
        return None

    def cell(self, title):
        """The number of a row of the page; None if it is not there."""
        found = re.search(rf'<th>{title}</th><td class="number">(\d+)</td>',
                          self.get("/"))
        return None if found is None else int(found[1])

    def await_everywhere(self, what, is_right, statistic, title, metric,
                         cell):
        """All of them show a number of which this is true."""
        places = {
            "json": lambda: self.value(statistic),
            "line": lambda: int(self.line(title).split()[0]),
            "metric": lambda: self.metric(metric),
            "page": lambda: self.cell(cell)}
        for name, read in places.items():
            wait_until(lambda: is_right(read()), f"{name}: {what}",
                       3 * DEADLINE)


@standalone(timeout=120)
def bytes_wait_for_a_process_that_hangs():
    shown = ("channel_bytes", "Between processes", "signet_channel_bytes",
             "bytes between processes")
    count, payload = 200, b"x" * 20000
    with Watched(processes={"hang_seconds": 600}) as broker:
        reader = broker.client_on("worker/1")
        writer = broker.client_on("worker/0")
        reader.subscribe("hung")
        broker.await_everywhere("nothing waits", lambda n: n == 0, *shown)
        with stopped(broker.role_pids("worker")[1]):
            for _ in range(count):
                writer.publish("hung", payload)
            writer.ping()
            broker.await_everywhere("bytes wait", lambda n: n > 1000000,
                                    *shown)
        for _ in range(count):
            assert reader.take().payload == payload
        broker.await_everywhere("nothing waits any more", lambda n: n == 0,
                                *shown)


@standalone(timeout=120)
def bytes_wait_for_a_disk_without_room():
    if os.geteuid() != 0:
        raise Skipped("only root can mount a file system")
    shown = ("store_bytes", "Waiting for the disk",
             "signet_store_waiting_bytes", "bytes for the disk")
    megabyte = 1024 * 1024
    with folder() as disk:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=755",
                           "tmpfs", disk], capture_output=True).returncode:
            raise Skipped("file systems cannot be mounted here")
        try:
            with Watched(store={"path": f"{disk}/store",
                                "reserve_bytes": 16 * megabyte}) as broker:
                with broker.client(client_id="away", **lasting(5)) as away:
                    away.subscribe("kept", qos=1)
                    away.disconnect()
                broker.await_everywhere("nothing waits", lambda n: n == 0,
                                        *shown)
                # Less than the reserve is left, so that nothing fails.
                free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_bsize
                with open(f"{disk}/filler", "wb") as file:
                    file.write(bytes(free - 12 * megabyte))
                with broker.client(version=5) as writer:
                    writer.send(codec.publish("kept", b"x" * 1000, 1, 1, 5))
                    broker.await_everywhere("bytes wait",
                                            lambda n: n >= 1000, *shown)
                    os.unlink(f"{disk}/filler")
                    assert writer.await_type(codec.PUBACK).packet_id == 1
                broker.await_everywhere("nothing waits any more",
                                        lambda n: n == 0, *shown)
        finally:
            subprocess.run(["umount", "-l", disk], check=True)


@standalone(timeout=120)
def handshakes_that_do_not_go_on():
    shown = ("handshakes", "Handshakes under way",
             "signet_handshakes_in_flight", "handshakes under way")
    with Watched(limits={"handshake_seconds": 60}) as broker:
        broker.await_everywhere("there is none", lambda n: n == 0, *shown)
        slow = [socket.create_connection(broker.address) for _ in range(5)]
        for one in slow:
            one.sendall(b"\x16\x03\x01")
        broker.await_everywhere("five", lambda n: n == 5, *shown)
        for one in slow:
            one.close()
        broker.await_everywhere("none any more", lambda n: n == 0, *shown)


def fail(broker, certificate=None):
    """A handshake that is refused."""
    with Stream(broker.address, context(broker.pki, certificate)) as stream:
        try:
            stream.handshake()
            stream.receive()  # TLS 1.3: the refusal comes behind
        except Closed:
            return
    raise AssertionError(f"{certificate} is let in")


def say(broker, data):
    """Bytes that are no handshake, until the daemon closes."""
    with socket.create_connection(broker.address) as plain:
        plain.settimeout(3 * DEADLINE)
        plain.sendall(data)
        try:
            while plain.recv(100):
                pass
        except ConnectionResetError:
            pass


@standalone(timeout=120)
def connections_are_refused_for_reasons():
    with folder() as path:
        root, other = Authority(path, "root"), Authority(path, "other")
        good, revoked = root.issue("good"), root.issue("revoked")
        late = root.issue("late", seconds=-60)
        stranger = other.issue("stranger")
        root.revoke(revoked)
        causes = {
            "plaintext": lambda: say(broker, b"GET / HTTP/1.1\r\n\r\n"),
            "no-certificate": lambda: fail(broker),
            "unknown-ca": lambda: fail(broker, stranger),
            "certificate-expired": lambda: fail(broker, late),
            "certificate-revoked": lambda: fail(broker, revoked),
            "handshake-timeout": lambda: say(broker, b"\x16\x03\x01"),
        }
        # As often as makes each tell itself from the others.
        wanted = {reason: 1 + at for at, reason in enumerate(causes)}
        wanted["handshake-timeout"] = 1
        with Watched(tls={"client_ca": root.certificate, "crl": [root.crl()]},
                     limits={"handshake_seconds": 2}) as broker:
            broker.pki = path
            with broker.client(certificate=good) as client:
                client.ping()
            for reason, cause in causes.items():
                for _ in range(wanted[reason]):
                    cause()
            check_refusals(broker, wanted)


def check_refusals(broker, wanted):
    """These reasons are shown, and no others."""
    def lines():
        text, _ = broker.ctl("status")
        rows = re.findall(r"^(?:Refused)? +(\d+) ([a-z]+(?:-[a-z]+)+)$", text,
                          re.M)
        rows += re.findall(r"^(?:Refused)? +(\d+) (plaintext)$", text, re.M)
        return {reason: int(count) for count, reason in rows}

    def metrics():
        found = re.findall(r'^signet_handshakes_refused_total'
                           r'\{reason="([a-z-]+)"\} (\d+)$',
                           broker.get("/metrics"), re.M)
        return {reason: int(count) for reason, count in found
                if count != "0"}

    def page():
        found = re.findall(r'<th>([a-z-]+)</th><td class="number">(\d+)</td>',
                           broker.get("/"))
        return {reason: int(count) for reason, count in found}
    for read in lines, metrics, page:
        wait_until(lambda: read() == wanted,
                   f"{read.__name__}: {wanted}", 3 * DEADLINE)


@standalone(timeout=90)
def connections_that_are_not_admitted():
    with Watched(limits={"connections_per_source": 1, "source_exempt": [],
                         "handshakes_per_source": 0,
                         "handshakes_per_second_per_source": 0}) as broker:
        with broker.client() as client:
            client.ping()

            def counts():
                """Each adds one more."""
                with contextlib.suppress(Closed, OSError, TimedOut):
                    broker.client().abort()
                text, _ = broker.ctl("status")
                return [0 if found is None else int(found[1]) for found in (
                    re.search(r"^Refused +(\d+) not admitted: "
                              r"connections_per_source$", text, re.M),
                    re.search(r"<th>not admitted: connections_per_source</th>"
                              r'<td class="number">(\d+)</td>',
                              broker.get("/")),
                    re.search(r"^signet_connections_not_admitted_total"
                              r'{limit="connections_per_source"} (\d+)$',
                              broker.get("/metrics"), re.M))]
            wait_until(lambda: min(counts()) > 0, "all three tell of them",
                       3 * DEADLINE)


def certificate(broker, what):
    """(end, line's words, metric's end, page's words) of what ends."""
    title = {"crl": "Revocation list", "client": "First client",
             "authority": "Client authority"}[what]
    rows = {one["what"]: one for one in broker.status()["certificates"]}
    if what not in rows:
        return None
    shown = re.search(rf"<th[^>]*>{what}</th><td[^>]*>[^<]*</td>"
                      r'<td class="number"><span class="\w+">([^<]*)<',
                      broker.get("/"))
    return (rows[what]["ends_at"], broker.line(title).split("  ")[0],
            broker.metric(f'signet_certificate_end_seconds{{what="{what}"}}'),
            shown and shown[1])


def expect_end(broker, what, begin, seconds, line, cell):
    """It ends so many seconds after what was asked for since begin."""
    def is_shown():
        got = certificate(broker, what)
        return (got is not None and got[0] == got[2]
                and got[1:4:2] == (line, cell)
                and begin + seconds <= got[0] <= time.time() + seconds)
    try:
        wait_until(is_shown, f"{what} is shown", 3 * DEADLINE)
    except AssertionError as late:
        raise AssertionError(f"{late}: {certificate(broker, what)}, {line}, "
                             f"{cell}") from None


@standalone(timeout=120)
def days_that_revocation_lists_and_clients_have_left():
    with folder() as path:
        root = Authority(path, "root")
        begin = int(time.time())
        # Half a day more, so that it is the same number all day.
        soon = root.issue("soon", seconds=3 * DAY + DAY // 2)
        crl = root.crl(until=5 * DAY + DAY // 2)
        with Watched(tls={"client_ca": root.certificate, "crl": [crl]}) \
                as broker:
            broker.pki = path
            expect_end(broker, "crl", begin, 5 * DAY + DAY // 2,
                       "5 days left", "5 days")
            assert certificate(broker, "client") is None
            assert certificate(broker, "authority") is not None
            with broker.client(certificate=soon) as client:
                client.ping()
                expect_end(broker, "client", begin, 3 * DAY + DAY // 2,
                           "3 days left", "3 days")
            # One whose next update is overdue goes on to count.
            begin = int(time.time())
            root.crl(until=-60)
            broker.reload()
            expect_end(broker, "crl", begin, -60, "ended", "ended")
            wait_until(lambda: "client" not in [
                one["what"] for one in broker.status()["certificates"]],
                "nobody is connected", 3 * DEADLINE)
            assert "First client" not in broker.ctl("status")[0]


def await_state(broker, state):
    wait_until(lambda: broker.status()["daemon"]["state"] == state,
               f"it is {state}", 3 * DEADLINE)


@standalone(timeout=90)
def a_reload_that_waits_for_a_process():
    with Watched(processes={"hang_seconds": 600}) as broker:
        # It may still look at files that changed while it started.
        await_state(broker, "ready")
        broker.configure(limits={"topic_levels": 20})
        with stopped(broker.role_pids("worker")[0]):
            reload = subprocess.Popen(
                [f"{BUILD}/signetctl", "-s",
                 broker.settings["control"]["socket"], "reload"],
                stdout=subprocess.DEVNULL)
            try:
                await_state(broker, "reloading")
                text, _ = broker.ctl("status")
                assert ": reloading, up " in text.splitlines()[0], text
            except BaseException:
                reload.kill()
                raise
        assert reload.wait(6 * DEADLINE) == 0
        await_state(broker, "ready")


def shown_states(broker):
    """What each place says of the daemon and its processes: status, its JSON,
    the page and the metrics, which only tell what is ready."""
    got = broker.status()
    text, _ = broker.ctl("status")
    page = broker.get("/")
    said = {f"{one['role']}/{one['index']}": one["state"]
            for one in got["processes"]}
    rows = [row.split() for row in text.split("\nPROCESS", 1)[1].splitlines()]
    return {
        "json": (got["daemon"]["state"], said),
        "text": (re.search(r": ([a-z]+), up ", text)[1],
                 {row[0]: row[2] for row in rows[1:]}),
        "page": (re.search(r'</h1><p class="\w+">([a-z]+)</p>', page)[1],
                 dict(re.findall(r'<tr><td>([a-z]+/\d+)</td>'
                                 r'<td class="\w+">([a-z]+)</td>', page))),
    }, {f"{role}/{index}": int(value) for role, index, value in re.findall(
        r'^signet_process_ready\{role="(\w+)",index="(\d+)"\} (\d)$',
        broker.get("/metrics"), re.M)}, said


def expect_states(broker, state, **states):
    """The daemon is in this one, and its processes are in these, where one
    that is not named is ready."""
    def wrong():
        try:
            places, ready, said = shown_states(broker)
        except (AssertionError, OSError, IndexError, TypeError) as early:
            return repr(early)  # somebody says nothing yet
        wanted = (state, {name: states.get(name.split("/")[0], "ready")
                          for name in said} | {
                              name.replace("_", "/"): word
                              for name, word in states.items()
                              if "_" in name})
        return ([(place, seen, wanted) for place, seen in places.items()
                 if seen != wanted]
                or [name for name, word in wanted[1].items()
                    if ready.get(name) != (word == "ready")])
    try:
        wait_until(lambda: not wrong(), f"it is {state}", 6 * DEADLINE)
    except AssertionError as late:
        raise AssertionError(f"{late}: {wrong()}") from None


class HeldDatabase:
    """While this is entered, whoever opens the database waits: what RocksDB
    reads first is a pipe that nobody writes to."""

    def __init__(self, broker):
        self.current = f"{broker.settings['store']['path']}/db/CURRENT"
        self.pipe = f"{broker.folder}/pipe"
        with open(self.current, "rb") as file:
            self.content = file.read()
        self.kept = f"{self.current}.kept"
        self.is_fed = False

    def __enter__(self):
        owner = os.stat(self.current)
        os.rename(self.current, self.kept)
        os.mkfifo(self.pipe)
        os.chown(self.pipe, owner.st_uid, owner.st_gid)
        os.link(self.pipe, self.current)
        return self

    def __exit__(self, *_):
        os.rename(self.kept, self.current)

    def let_go(self):
        """Whoever waits, if somebody does, reads what the file has."""
        if self.is_fed:
            return
        try:
            pipe = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody has opened it yet
            return
        self.is_fed = True
        with contextlib.suppress(BrokenPipeError), \
                open(pipe, "wb", buffering=0) as file:
            file.write(self.content)


@standalone(timeout=180)
def a_start_that_waits_for_the_disk():
    with Watched() as broker:
        expect_states(broker, "ready")
        broker.process.terminate()
        assert broker.process.wait(6 * DEADLINE) == 0
        mark = broker.log.mark()
        with HeldDatabase(broker) as database:
            broker.spawn([SIGNETD, "-c", broker.configuration])
            # Nobody is let in before what is kept is known.
            expect_states(broker, "starting", store="starting",
                          worker="starting", gate="down")
            row = [row.split() for row in
                   broker.ctl("status")[0].splitlines()
                   if row.startswith("gate/0 ")]
            assert row == [["gate/0", "-", "down", "-", "0"]], row

        def is_ready():
            database.let_go()
            return broker.log.find(mark, event="ready", speaker="master")
        wait_until(is_ready, "it is ready", 6 * DEADLINE)
        expect_states(broker, "ready")


@standalone(timeout=180)
def a_process_that_waits_for_another_to_start():
    with Watched(processes={"hang_seconds": 600}) as broker:
        expect_states(broker, "ready")
        with stopped(broker.role_pids("store")[0]):
            os.kill(broker.role_pids("worker")[1], signal.SIGKILL)
            # The one that hangs is not called ready for long.
            expect_states(broker, "ready", store="silent",
                          worker_1="starting")
        expect_states(broker, "ready")


@standalone(timeout=180)
def an_end_that_waits_for_a_process():
    with Watched(processes={"stop_seconds": 60,
                            "hang_seconds": 600}) as broker:
        expect_states(broker, "ready")
        with stopped(broker.role_pids("gate")[1]):
            broker.process.terminate()
            expect_states(broker, "stopping", gate_0="down", gate_1="silent")
        assert broker.process.wait(6 * DEADLINE) == 0
        assert not os.path.exists(broker.settings["control"]["socket"])
        broker.remove()


@standalone(timeout=120)
def no_line_ends_with_a_space():
    with Daemon() as broker, broker.client() as client:
        client.subscribe("a")
        fail(broker)
        wait_until(lambda: "no-certificate" in broker.ctl("status")[0],
                   "one is refused", 3 * DEADLINE)
        for command in (("status",), ("sessions",),
                        ("session", f"device-1/{client.client_id}"),
                        ("version",)):
            text, code = broker.ctl(*command)
            assert code == 0 and text, (command, text)
            assert not re.findall(r"^.* $", text, re.M), (command, text)


main()
