#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a service manager is told, and what is taken from it. The test plays
systemd's part: NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS."""

import os
import signal
import socket
import subprocess
import threading
import time

from signet import (Client, Closed, Daemon, Skipped, TimedOut, context,
                    heartbeat, main, standalone, wait_until)
from signet.daemon import SIGNETD, free_port
from signet.heartbeat import Beat
from signet.processes import stopped


class Manager:
    """The socket that the daemon tells, and all that it has told."""

    def __init__(self, folder):
        self.path = f"{folder}/notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.told = []  # (time, {name: value})
        threading.Thread(target=self.receive, daemon=True).start()

    def receive(self):
        while True:
            text = self.socket.recv(65536).decode()
            self.told.append((time.monotonic(), dict(
                row.split("=", 1) for row in text.split("\n"))))

    def find(self, name, since=0):
        return [words for _, words in self.told[since:] if name in words]

    def expect(self, name, since=0):
        wait_until(lambda: self.find(name, since), f"{name} is told")
        return self.find(name, since)[0]

    def mark(self):
        return len(self.told)

    def status(self):
        found = self.find("STATUS")
        return found[-1]["STATUS"] if found else ""

    def quiet_for(self, name):
        """For how long has this not been told?"""
        times = [at for at, words in self.told if name in words]
        return time.monotonic() - times[-1]


class Managed(Daemon):
    """A daemon that a service manager has started. listening: a socket that it
    passes on, or more of them."""

    def __init__(self, watchdog_seconds=None, listening=None, listen_pid="$$",
                 **overrides):
        self.watchdog_seconds = watchdog_seconds
        self.listening = (listening if listening is None
                          or isinstance(listening, list) else [listening])
        self.listen_pid = listen_pid
        super().__init__(**overrides)

    def spawn(self, arguments):
        self.manager = Manager(self.folder)
        environment = {**os.environ, "NOTIFY_SOCKET": self.manager.path}
        descriptors = ()
        if self.watchdog_seconds:
            environment["WATCHDOG_USEC"] = str(
                int(self.watchdog_seconds * 1e6))
        script = "exec \"$@\""
        if self.listening is not None:
            descriptors = [one.fileno() for one in self.listening]
            environment |= {
                "LISTEN_FDS": str(len(descriptors)),
                "LISTEN_FDNAMES": ":".join(["mqtts"] * len(descriptors))}
            # One may have the number that another is to have.
            script = "".join(
                [f"exec {100 + i}<&{fd}; "
                 for i, fd in enumerate(descriptors)] +
                [f"exec {3 + i}<&{100 + i} {100 + i}<&-; "
                 for i in range(len(descriptors))] +
                [f"LISTEN_PID={self.listen_pid}; "
                 "export LISTEN_PID; exec \"$@\""])
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-euc", script, "bash", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=descriptors, env=environment, start_new_session=True)


def bound(port=0):
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(100)
    return listening


@standalone
def the_manager_is_told_of_each_step():
    with Managed() as daemon:
        told = daemon.manager
        told.expect("READY")
        with Client(daemon):
            wait_until(lambda: told.status() == "1 clients are connected",
                       "the status counts")
        since = told.mark()
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        os.kill(daemon.pid, signal.SIGHUP)
        words = told.expect("RELOADING", since)
        assert words["RELOADING"] == "1", words
        assert before <= int(words["MONOTONIC_USEC"]) <= \
            time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, words
        told.expect("READY", since)
        assert ([name for _, words in told.told[since:] for name in words
                 if name in ("RELOADING", "READY")]
                == ["RELOADING", "READY"]), told.told[since:]
        daemon.refused_reload(log={"level": "loud"})
        wait_until(lambda: "the last reload was refused: " in told.status()
                   and "log.level" in told.status(), "the status says why")
        daemon.reload(log={"level": "info"})
        wait_until(lambda: told.status() == "0 clients are connected",
                   "the status is good again")
        assert not told.find("STOPPING")
        assert not told.find("WATCHDOG")
        daemon.stop()
        told.expect("STOPPING")


@standalone(timeout=180)
def the_watchdog_hears_nothing_while_any_role_hangs():
    with Managed(watchdog_seconds=4) as daemon:
        told = daemon.manager
        told.expect("WATCHDOG")
        for name in sorted(daemon.roles()):
            if not name.endswith(" 0"):
                continue  # one of each role
            with stopped(daemon.roles()[name]):
                wait_until(lambda: told.quiet_for("WATCHDOG") > 3,
                           f"nothing is told while {name} hangs", 60)
            since = told.mark()
            told.expect("WATCHDOG", since)
        assert not daemon.log.find(event="killed")


@standalone(timeout=180)
def a_process_that_hangs_is_started_again():
    with Managed(watchdog_seconds=60,
                 processes={"hang_seconds": 5}) as daemon:
        for name in "gate 0", "worker 1", "store 0":
            pid = daemon.roles()[name]
            os.kill(pid, signal.SIGSTOP)
            role, index = name.split()
            daemon.await_log(event="killed", reason="hung", process=role,
                             index=index, timeout=60)
            wait_until(lambda: daemon.roles().get(name) not in (None, pid),
                       f"{name} is there again", 60)
        wait_until(lambda: "waiting" not in daemon.manager.status(),
                   "all are ready", 60)

        def is_served():
            try:
                with Client(daemon) as client:
                    client.ping()
                return True
            except (Closed, TimedOut, OSError, AssertionError):
                return False
        wait_until(is_served, "clients are served", 60)


@standalone(timeout=120)
def the_status_names_a_process_that_is_silent():
    with Managed(processes={"hang_seconds": 600}) as daemon:
        told = daemon.manager
        told.expect("READY")
        with stopped(daemon.roles()["worker 1"]):
            wait_until(lambda: told.status().endswith(
                "; waiting for worker/1"), "the status says so", 60)
        wait_until(lambda: told.status() == "0 clients are connected",
                   "the status is good again", 60)


@standalone
def sockets_that_are_passed_on_are_listened_on():
    with bound() as listening:
        port = listening.getsockname()[1]
        address = [{"address": "127.0.0.1", "port": port}]
        with Managed(listening=listening, listen=address) as daemon:
            line = daemon.await_log(event="bound")
            assert line["by"] == "service-manager", line.text
            daemon.address = ("127.0.0.1", port)
            with Client(daemon) as client:
                client.ping()
            daemon.process.terminate()
            assert daemon.process.wait(30) == 0
            # Nobody is there, and nobody is refused.
            early = socket.create_connection(daemon.address)
            mark = daemon.log.mark()
            os.unlink(daemon.manager.path)
            daemon.spawn([SIGNETD, "-c", daemon.configuration])
            daemon.await_ready(mark)
            with context(daemon.pki, "client-1").wrap_socket(
                    early, server_hostname="localhost") as tls:
                assert tls.version()


@standalone
def a_socket_that_no_setting_names_is_reported():
    with bound() as listening, Managed(listening=listening) as daemon:
        port = listening.getsockname()[1]
        line = daemon.await_log(event="socket-unused")
        assert line["listener"] == f"127.0.0.1:{port}", line.text
        assert daemon.log.find(event="bound")[0]["by"] == "us"
        with Client(daemon) as client:
            client.ping()


def bound_to_udp(count):
    """Sockets as systemd binds them, with ReusePort=yes if there are more."""
    port, found = free_port(), []
    for _ in range(count):
        found.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        if count > 1:
            found[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        found[-1].bind(("127.0.0.1", port))
    return found


def beating(sockets, **options):
    return heartbeat.settings(port=sockets[0].getsockname()[1], **options)


def each_worker_answers(daemon, workers):
    for worker in range(workers):
        with daemon.client_on(f"worker/{worker}") as client, \
                Beat(client, 60000) as beat:
            assert beat.offer.worker == worker
            for _ in range(20):
                beat.ask()
                beat.move()


@standalone
def heartbeats_come_to_sockets_that_are_passed_on():
    # As many as there are workers, or more of them: one alone, too.
    for count, workers in (2, 2), (3, 1), (1, 1):
        sockets = bound_to_udp(count)
        with Managed(listening=sockets, processes={"workers": workers},
                     **beating(sockets)) as daemon:
            port = daemon.settings["heartbeat"]["port"]
            line = daemon.log.find(event="bound",
                                   heartbeat=f"127.0.0.1:{port}")[0]
            assert line["by"] == "service-manager", line.text
            assert (len(daemon.log.find(event="socket-unused"))
                    == count - workers)
            each_worker_answers(daemon, workers)
            if count == 3:
                continue
            # The next one has them, too.
            daemon.process.terminate()
            assert daemon.process.wait(30) == 0
            mark = daemon.log.mark()
            os.unlink(daemon.manager.path)
            daemon.spawn([SIGNETD, "-c", daemon.configuration])
            daemon.await_ready(mark)
            each_worker_answers(daemon, workers)


@standalone
def one_socket_can_hear_heartbeats_of_both_families():
    # As systemd binds it with BindIPv6Only=both.
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as both:
        both.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        try:
            both.bind(("::", 0))
        except OSError as error:
            raise Skipped(f"there is no IPv6: {error}") from None
        with Managed(listening=both, processes={"workers": 1},
                     **beating([both], address="::")) as daemon:
            assert not daemon.log.find(event="socket-unused")
            each_worker_answers(daemon, 1)


@standalone
def too_few_sockets_for_heartbeats_are_said():
    [one] = sockets = bound_to_udp(1)
    with one, Managed(listening=sockets, **beating(sockets, enabled=False)
                      ) as daemon:
        said = daemon.refused_reload(heartbeat={"enabled": True})
        assert "2 workers" in said and "ReusePort=yes" in said, said
        with Client(daemon) as client:
            client.ping()
    [one] = sockets = bound_to_udp(1)
    with one, Managed(listening=sockets, is_awaited=False,
                      **beating(sockets)) as daemon:
        assert daemon.process.wait(60) == 1
        assert "2 workers" in daemon.log.tail(), daemon.log.tail()
        daemon.kill()


@standalone
def sockets_for_another_process_are_left_alone():
    with bound() as listening:
        port = listening.getsockname()[1]
        with Managed(listening=listening, listen_pid="1") as daemon:
            assert not daemon.log.find(event="socket-unused"), port
            assert daemon.log.find(event="bound")[0]["by"] == "us"


@standalone
def no_child_inherits_what_is_for_the_master():
    with bound() as listening, Managed(watchdog_seconds=60,
                                       listening=listening) as daemon:
        for name, pid in daemon.roles().items():
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = file.read()
            for word in b"NOTIFY_", b"WATCHDOG_", b"LISTEN_":
                assert word not in environment, (name, environment)


main()
