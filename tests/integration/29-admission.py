#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who is let in, by where it comes from: limits in all and for each source,
and floods beside those who are there already. All of 127.0.0.0/8 is this
machine, so that there are many sources."""

import os
import signal
import socket
import time

from signet import (DEADLINE, Client, Closed, Daemon, Skipped, Stream,
                    TimedOut, case, context, main, processes,
                    standalone, wait_until)
from signet.beside import count_only, running
from signet.floods import Paced, flood, flood_with_certificate, p99

HERE, THERE, ELSEWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.4"
# What two gates may let in more, if both do at the same time: each takes a few
# before it tells the other.
LATE = 4


def limits(**more):
    """No limits but these, for the machine itself as well."""
    return {"limits": {"connections_per_source": 0, "handshakes_per_source": 0,
                       "handshakes_per_second_per_source": 0,
                       "source_exempt": [], **more}}


def connection(broker, source):
    """A TCP connection that sends nothing."""
    made = socket.socket()
    made.settimeout(DEADLINE)
    made.bind((source, 0))
    made.connect(broker.address)
    return made


def is_over(silent):
    """Has the daemon ended a silent connection by now? Without a byte."""
    silent.settimeout(0)
    try:
        got = silent.recv(1)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    assert got == b"", got
    return True


def over(silents):
    return sum(map(is_over, silents))


def close(silents):
    for silent in silents:
        silent.close()


def expect_refused(broker, source):
    """One connection from there is closed without a byte."""
    with connection(broker, source) as refused:
        try:
            assert refused.recv(1) == b""
        except ConnectionResetError:
            pass


def comes_in(broker, source, **options):
    """Wait until a client from there gets in: what ended may be counted a
    moment longer."""
    def attempt():
        try:
            return Client(broker, source=source, **options)
        except (Closed, TimedOut, OSError):
            return None
    return wait_until(attempt, f"a client from {source} gets in",
                      3 * DEADLINE)


def expect_told(broker, mark, limit, setting, source=HERE):
    line = broker.await_log(mark, event="not-admitted", limit=limit,
                            source=source)
    assert line.level == "warning", line.text
    assert setting in line["hint"], line.text


def counter(broker, name):
    """The last value of a topic below $SYS/broker/admission."""
    with Client(broker, certificate="client-8", source=ELSEWHERE) as client:
        client.subscribe(f"$SYS/broker/admission/{name}")
        return int(client.take(2 * DEADLINE).payload)


def expect_counted(broker, name, least):
    wait_until(lambda: counter(broker, name) >= least,
               f"$SYS tells {least} of {name}", 3 * DEADLINE)


WATCHED = {"sys": {"interval_seconds": 1},
           "roles": [{"name": "all", "match": {"identity": "*"},
                      "publish": ["#"], "subscribe": ["#", "$SYS/#"]}]}


@case(**limits(connections_per_source=3), **WATCHED)
def connections_of_a_source_are_bounded(broker):
    mark = broker.log.mark()
    clients = [Client(broker, source=HERE) for _ in range(3)]
    expect_refused(broker, HERE)
    expect_told(broker, mark, "connections_per_source",
                "limits.connections_per_source is 3")
    with Client(broker, source=THERE) as other:
        other.ping()
    clients.pop().disconnect()
    clients.append(comes_in(broker, HERE))
    expect_refused(broker, HERE)
    for client in clients:
        client.ping()
        client.abort()
    expect_counted(broker, "connections_per_source", 2)


@case(**limits(connections=3))
def connections_in_all_are_bounded(broker):
    mark = broker.log.mark()
    clients = [Client(broker, source=source)
               for source in (HERE, THERE, ELSEWHERE)]
    expect_refused(broker, HERE)
    expect_told(broker, mark, "connections", "limits.connections is 3")
    clients.pop().disconnect()
    clients.append(comes_in(broker, HERE))
    for client in clients:
        client.ping()
        client.abort()


@case(**limits(connections=2))
def handshakes_take_no_connection_s_place(broker):
    silents = [connection(broker, HERE) for _ in range(20)]
    with Client(broker, source=THERE) as client:
        client.ping()
    assert over(silents) == 0
    close(silents)


@case(**limits(handshakes_per_source=5))
def handshakes_of_a_source_are_bounded(broker):
    mark = broker.log.mark()
    silents = [connection(broker, HERE) for _ in range(20)]
    wait_until(lambda: over(silents) >= 20 - 5 - LATE, "15 of 20 are closed")
    assert over(silents) <= 15, over(silents)
    expect_told(broker, mark, "handshakes_per_source",
                "limits.handshakes_per_source is 5")
    with Client(broker, source=THERE) as other:
        other.ping()
    close(silents)
    comes_in(broker, HERE).abort()


@case(**limits(handshakes_per_second_per_source=1))
def handshakes_of_a_source_in_a_second_are_bounded(broker):
    mark = broker.log.mark()
    started = time.monotonic()
    silents = [connection(broker, HERE) for _ in range(30)]
    expect_told(broker, mark, "handshakes_per_second_per_source",
                "limits.handshakes_per_second_per_source is 1")
    with Client(broker, source=THERE) as other:
        other.ping()
    # Each of them was accepted before the client that came behind them.
    seconds = time.monotonic() - started
    assert over(silents) >= 30 - LATE - 1 - seconds, (over(silents), seconds)
    close(silents)
    comes_in(broker, HERE).abort()


@case(**limits(handshakes_per_second=4))
def handshakes_in_a_second_are_bounded_by_waiting(broker):
    started = time.monotonic()
    clients = [Client(broker, source=f"127.0.1.{i}") for i in range(1, 13)]
    seconds = time.monotonic() - started
    # A second's worth came at once.
    assert seconds >= (12 - 4 - LATE) / 4, seconds
    for client in clients:
        client.ping()
        client.abort()
    assert not broker.log.find(event="not-admitted")


@case(limits={"connections_per_source": 1, "handshakes_per_source": 1,
              "handshakes_per_second_per_source": 1})
def the_machine_itself_is_exempt(broker):
    clients = [broker.client() for _ in range(5)]
    silents = [connection(broker, HERE) for _ in range(5)]
    for client in clients:
        client.ping()
        client.abort()
    assert over(silents) == 0
    close(silents)


@case(**limits(connections_per_source=1, source_exempt=["127.0.0.2/31"]))
def prefixes_are_exempt(broker):
    clients = [Client(broker, source=source)
               for source in (HERE, HERE, THERE, THERE, ELSEWHERE)]
    expect_refused(broker, ELSEWHERE)
    for client in clients:
        client.ping()
        client.abort()


@standalone
def sources_of_ipv6_are_bounded():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        raise Skipped("there is no IPv6") from None
    with Daemon(**limits(handshakes_per_source=2)) as daemon:
        port = daemon.port
        daemon.restart(listen=[{"address": "127.0.0.1", "port": port},
                               {"address": "::1", "port": port}])
        silents = [socket.create_connection(("::1", port))
                   for _ in range(10)]
        daemon.await_log(event="not-admitted", source="::/64",
                         limit="handshakes_per_source")
        wait_until(lambda: over(silents) >= 10 - 2 - LATE, "8 are closed")
        close(silents)


@case(**limits(connections_per_source=1))
def a_reload_changes_the_limits(broker):
    first = Client(broker, source=HERE)
    expect_refused(broker, HERE)
    broker.reload(limits={"connections_per_source": 2})
    second = Client(broker, source=HERE)
    expect_refused(broker, HERE)
    # Whoever is there stays, whatever the limits are now.
    broker.reload(limits={"connections_per_source": 1, "connections": 1})
    first.ping()
    second.ping()
    expect_refused(broker, THERE)
    broker.reload(limits={"connections": 100, "source_exempt": [HERE]})
    third = Client(broker, source=HERE)
    for client in first, second, third:
        client.ping()
        client.abort()
    said = broker.refused_reload(limits={"source_exempt": ["10.0.0.1/8"]})
    assert "limits.source_exempt[0]" in said and "bits behind" in said, said


@standalone
def what_is_counted_survives_a_gate_and_not_a_worker():
    with Daemon(**limits(connections_per_source=3),
                processes={"gates": 1}) as daemon:
        clients = [Client(daemon, source=HERE) for _ in range(3)]
        expect_refused(daemon, HERE)
        pid = daemon.role_pids("gate")[0]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: daemon.role_pids("gate").get(0) not in (None, pid),
                   "the gate is back", 3 * DEADLINE)
        # Until workers have told it of theirs it may let one in.
        comes_in(daemon, THERE).abort()
        wait_until(lambda: is_refused(daemon, HERE),
                   "the new gate knows the connections", 3 * DEADLINE)
        index = int(daemon.worker_of(clients[0]).split("/")[1])
        os.kill(daemon.role_pids("worker")[index], signal.SIGKILL)
        comes_in(daemon, HERE).ping()


def is_refused(daemon, source):
    """Or let in, which is over at once."""
    with connection(daemon, source) as silent:
        silent.settimeout(0.2)
        try:
            return silent.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionResetError:
            return True


@case(**limits(handshakes_in_flight=8), processes={"gates": 1}, **WATCHED)
def who_sends_nothing_gives_way_to_who_does(broker):
    mark = broker.log.mark()
    silents = [connection(broker, HERE) for _ in range(30)]
    wait_until(lambda: over(silents) >= 22, "the first have given way")
    # They have the places; the client needs one.
    with Client(broker, source=THERE) as client:
        client.ping()
    expect_told(broker, mark, "displaced", "limits.handshakes_in_flight")
    assert 22 <= over(silents) <= 24, over(silents)
    # The last ones stay, until their time is over.
    assert not any(map(is_over, silents[-6:]))
    close(silents)
    expect_counted(broker, "displaced", 22)


@case(**limits(handshakes_in_flight=8), processes={"gates": 1})
def who_stops_in_the_middle_gives_way(broker):
    mark = broker.log.mark()
    halves = []
    for _ in range(8):
        stream = Stream(broker.address, context(broker.pki), source=HERE)
        stream.handshake_half()
        halves.append(stream)
    with Client(broker, source=THERE) as client:
        client.ping()
    expect_told(broker, mark, "displaced", "limits.handshakes_in_flight")
    for stream in halves:
        stream.abort()


@case(**limits(handshakes_per_source=1))
def a_flood_is_told_in_few_lines(broker):
    mark = broker.log.mark()
    held = [connection(broker, HERE) for _ in range(2)]
    for _ in range(100):
        connection(broker, HERE).close()
    expect_refused(broker, HERE)
    close(held)
    lines = broker.log.find(mark, event="not-admitted")
    # A line for the source, by each gate.
    assert 1 <= len(lines) <= 2, [line.text for line in lines]
    broker.process.send_signal(signal.SIGTERM)
    broker.process.wait(3 * DEADLINE)
    sums = broker.log.find(mark, event="not-admitted-in-all")
    told = sum(int(line["handshakes_per_source"]) for line in sums)
    assert told >= 90, [line.text for line in sums]
    broker.kill()


# Floods

MEGABYTE = 1 << 20


def gates_memory(broker):
    return sum(processes.memory(pid, "Anonymous")
               for pid in broker.role_pids("gate").values())


def gates_descriptors(broker):
    return max(len(processes.descriptors(pid))
               for pid in broker.role_pids("gate").values())


def check_flood(broker, what, memory_bound, function, *arguments, count=1):
    """Beside a flood: those connected are served, a new client gets in, and
    gates stay within their bounds. And what those connected see of as many
    processes that have nothing to do with the daemon."""
    paced = Paced(broker, ELSEWHERE)
    paced.measure(20)
    before = paced.measure(100)
    with running(count_only, count=count):
        beside = paced.measure(100)
    memory = gates_memory(broker)
    in_flight = broker.settings["limits"]["handshakes_in_flight"]
    most = descriptors = 0
    with running(function, broker.address, *arguments, count=count):
        during, tries = [], []
        for _ in range(4):
            during += paced.measure(50)
            most = max(most, gates_memory(broker))
            descriptors = max(descriptors, gates_descriptors(broker))
            started = time.monotonic()
            comes_in(broker, THERE).abort()
            tries.append(time.monotonic() - started)
    grown = most - memory
    print(f"     {what}: p99 {p99(before):.1f} ms before, "
          f"{p99(during):.1f} ms during, {p99(beside):.1f} ms beside as many "
          f"processes that only count; a new client gets in within "
          f"{1000 * max(tries):.0f} ms; gates grew by "
          f"{grown / MEGABYTE:.1f} MB, {descriptors} descriptors")
    paced.client.abort()
    assert descriptors <= in_flight + 64, descriptors
    if not processes.is_sanitized(broker.pid):
        assert grown <= memory_bound, grown
    mark = broker.log.mark()
    assert mark < 5000, f"the log has {mark} lines"


@case(**limits(handshakes_in_flight=200), timeout=180)
def a_flood_of_silent_connections_is_harmless(broker):
    # 4 kB for each of 200, and what the heap takes more.
    check_flood(broker, "silent connections", 4 * MEGABYTE, flood, b"", 400)


@case(**limits(handshakes_in_flight=200, handshakes_per_source=40),
      timeout=180)
def a_flood_of_half_open_handshakes_is_harmless(broker):
    # A record that is announced and does not come: 40 kB for each of 200.
    check_flood(broker, "half-open handshakes", 16 * MEGABYTE, flood,
                b"\x16\x03\x01\x02\x00\x01", 400)


@case(**limits(handshakes_in_flight=200, handshakes_per_second_per_source=5),
      timeout=180)
def a_flood_of_refused_certificates_is_harmless(broker):
    check_flood(broker, "refused certificates", 16 * MEGABYTE,
                flood_with_certificate, broker.pki, "client-other", count=2)


main()
