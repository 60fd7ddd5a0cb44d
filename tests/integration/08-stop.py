#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The end in order."""

import os
import signal
import socket
import subprocess
import time

from signet import (DEADLINE, Closed, Daemon, Stream, codec, context, main,
                    processes, standalone, wait_until)
from signet.fleet import Fleet, Source


def goodbye(client):
    """[MQTT5-3.14.0-1], then close_notify: RFC 8446 s6.1."""
    if client.version == 5:
        got = client.expect(codec.DISCONNECT)
        assert got.reason == 0x8b and got.props["reason_string"], got
        assert client.expect_closed() == "close_notify"
        return
    assert client.expect_end(0x8b) == "close_notify"


@standalone
def clients_are_told_on_sigterm_and_sigint():
    for number in signal.SIGTERM, signal.SIGINT:
        with Daemon() as daemon:
            clients = [daemon.client_on(worker, version=version)
                       for worker in daemon.workers() for version in (4, 5)]
            os.kill(daemon.pid, number)
            for client in clients:
                goodbye(client)
                client.abort()
            daemon.stop()  # a second signal: it still ends well


@standalone
def an_idle_daemon_stops_at_once():
    daemon = Daemon(processes={"stop_seconds": 60})
    started = time.monotonic()
    daemon.stop()
    assert time.monotonic() - started < 50, "it took all the time it has"
    with socket.socket() as probe:
        assert probe.connect_ex(daemon.address) != 0


@standalone
def a_daemon_under_load_stops():
    with Daemon() as daemon, Fleet() as fleet:
        workers = daemon.workers()
        for i in range(6):
            client = daemon.client_on(workers[i % 2])
            client.subscribe("load/#", qos=1)
            fleet.add(client)
        sources = [Source(fleet.add(daemon.client_on(workers[i % 2])), i,
                          lambda n: b"load/%d" % (n % 7), 1 << 40)
                   for i in range(4)]

        def push():
            for source in sources:
                if source.member.ended is None:
                    source.push()
        fleet.run_until(lambda: all(source.member.acked > 500
                                    for source in sources), 30, push)
        os.kill(daemon.pid, signal.SIGTERM)
        fleet.run_until(lambda: all(member.ended is not None
                                    for member in fleet.members), 20, push)
        told = [m.ended for m in fleet.members
                if m.ended.startswith("DISCONNECT 8b")]
        assert len(told) == len(fleet.members), \
            [member.ended for member in fleet.members]
        daemon.process.wait(3 * DEADLINE)
        daemon.stop()


@standalone
def one_that_does_not_read_cannot_hold_it_up():
    with Daemon(processes={"stop_seconds": 2}) as daemon:
        slow = daemon.client(receive_buffer=4096)
        slow.subscribe("t")
        with daemon.client() as sender:
            for _ in range(100):
                sender.publish("t", b"x" * 100000)
            sender.ping()
        half = [Stream(daemon.address, context(daemon.pki))
                for _ in range(5)]
        half[0].handshake_half()
        daemon.process.terminate()
        daemon.process.wait(6 * DEADLINE)
        for stream in half:
            stream.abort()
        slow.abort()
        daemon.stop()


@standalone
def a_child_that_hangs_is_killed():
    with Daemon(processes={"stop_seconds": 1}) as daemon:
        victim = daemon.role_pids("worker")[0]
        os.kill(victim, signal.SIGSTOP)
        daemon.process.terminate()
        daemon.process.wait(6 * DEADLINE)
        wait_until(lambda: processes.status(victim) is None,
                   "the child is gone")
        daemon.kill()


@standalone
def the_port_is_free_again():
    with Daemon() as daemon:
        with daemon.client() as client:
            client.ping()
        daemon.process.terminate()
        daemon.process.wait(3 * DEADLINE)
        again = subprocess.Popen(daemon.process.args,
                                 stdin=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        try:
            def answers():
                try:
                    with daemon.client():
                        return True
                except (Closed, OSError):
                    return False
            wait_until(answers, "the second daemon answers")
        finally:
            again.terminate()
            again.stderr.close()
            assert again.wait(3 * DEADLINE) == 0
        daemon.stop()


@standalone
def nobody_gets_in_any_more():
    with Daemon(processes={"stop_seconds": 1}) as daemon:
        client = daemon.client()
        daemon.process.terminate()
        goodbye(client)
        try:
            with daemon.client() as late:
                late.receive()
            raise AssertionError("a client got in")
        except (Closed, OSError, AssertionError) as error:
            assert "got in" not in str(error)
        daemon.process.wait(3 * DEADLINE)
        daemon.stop()


main()
