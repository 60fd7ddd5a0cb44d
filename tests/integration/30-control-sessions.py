#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""signetctl sessions, session and disconnect."""

import hashlib
import json
import os
import signal
import socket
import ssl
import time

from signet import (Daemon, case, codec, main, standalone, unique, wait_until)
from signet.stream import DEADLINE


def ctl_json(broker, *arguments, status=0):
    text, got = broker.ctl("--json", *arguments)
    assert got == status, (got, text)
    return json.loads(text[:text.rindex("}") + 1])


def sessions(broker, *options):
    got = ctl_json(broker, "sessions", *options)
    assert got["complete"] is True
    return got["sessions"]


def only(broker, client, *options):
    found = [session for session in sessions(broker, *options)
             if session["client_id"] == client.client_id]
    assert len(found) == 1, found
    return found[0]


@case
def a_session_is_shown_whole(broker):
    with broker.client(version=5, keep_alive=77, client_id=unique("whole"),
                       props={"session_expiry_interval": 600}) as client:
        client.subscribe("a/#", "b/+", qos=1)
        client.subscribe("$share/group/c", qos=2)
        for _ in range(3):
            client.publish("a/1", b"x" * 100)
        for _ in range(3):
            client.take()
        name = f"device-1/{client.client_id}"
        got = ctl_json(broker, "session", name)["sessions"]
        assert len(got) == 1, got
        one = got[0]
        wanted = {
            "identity": "device-1", "client_id": client.client_id,
            "state": "connected", "peer": "127.0.0.1",
            "port": client.stream.socket.getsockname()[1],
            "protocol": "mqtt-5.0", "keep_alive": 77, "roles": "all-1,others",
            "expiry": 600, "durable": True, "messages_received": 3,
            "messages_sent": 3, "subscription_count": 3, "queued": 0,
            "inflight": 0, "dropped": 0,
            "tls": client.stream.tls.version()}
        for field, value in wanted.items():
            assert one[field] == value, (field, one[field], value)
        assert one["cipher"].startswith("TLS_"), one
        with open(f"{broker.pki}/client-1.pem") as file:
            der = ssl.PEM_cert_to_DER_cert(file.read())
        assert one["fingerprint"] == hashlib.sha256(der).hexdigest()
        assert one["not_after"] > time.time()
        assert {(s["filter"], s["qos"]) for s in one["subscriptions"]} == {
            ("a/#", 1), ("b/+", 1), ("$share/group/c", 2)}
        speaker = broker.worker_of(client)
        assert one["worker"] == int(speaker.split("/")[1])
        # The name that the log knows it by is one, too.
        again = ctl_json(broker, "session", one["id"])["sessions"]
        assert [s["client_id"] for s in again] == [client.client_id]
        text, status = broker.ctl("session", name)
        assert status == 0
        for part in "device-1", client.client_id, "mqtt-5.0", "a/#", \
                one["fingerprint"], one["cipher"]:
            assert part in text, (part, text)
        client.disconnect()
    # Without its connection it is there still, and says until when.
    wait_until(lambda: ctl_json(broker, "session", name)["sessions"][0]
               ["state"] == "offline", "the session is offline")
    with broker.client(certificate="client-2") as publisher:
        for _ in range(2):
            assert publisher.publish("b/1", b"1234", 1) == 0
    one = ctl_json(broker, "session", name)["sessions"][0]
    assert one["queued"] == 2, one
    assert one["queued_bytes"] > 8, one
    assert 0 < one["expires_in"] <= 600, one
    assert "peer" not in one, one


@case
def whom_nobody_knows_is_not_found(broker):
    for command in "session", "disconnect":
        for name in "nobody", "nobody/at-all", "0123456789abcdef":
            text, status = broker.ctl(command, name)
            assert status == 5, (status, text)
            assert "no such session" in text, text


@case
def sessions_can_be_sorted_by_each_field_that_they_have(broker):
    with broker.client(version=5, client_id=unique("sorted")) as client:
        fields = set(only(broker, client))
        client.disconnect()
    assert "not_after" in fields, fields
    for field in sorted(fields):
        sessions(broker, "--sort", field, "--limit", "1")


@case
def sessions_are_filtered_sorted_and_limited(broker):
    prefix = unique("list-")
    clients = [broker.client(client_id=f"{prefix}-{i}", version=4 + i % 2,
                             certificate=f"client-{1 + i % 2}",
                             **({"clean": False} if i % 2 == 0 else
                                {"props": {"session_expiry_interval": 600}}))
               for i in range(6)]
    mine = "--client-id", f"{prefix}-*"
    assert len(sessions(broker, *mine)) == 6
    assert {s["client_id"] for s in sessions(
        broker, *mine, "--identity", "device-1")} == {
            f"{prefix}-{i}" for i in (0, 2, 4)}
    assert {s["protocol"] for s in sessions(
        broker, *mine, "--identity", "*-2")} == {"mqtt-5.0"}
    clients[3].leave()
    wait_until(lambda: [s["client_id"] for s in sessions(
        broker, *mine, "--state", "offline")] == [f"{prefix}-3"],
        "one is offline")
    assert len(sessions(broker, *mine, "--state", "connected")) == 5
    assert len(sessions(broker, *mine, "--peer", "127.0.0.*")) == 5
    assert sessions(broker, *mine, "--peer", "192.0.2.*") == []
    order = [s["client_id"] for s in sessions(
        broker, *mine, "--sort", "-client_id", "--limit", "4")]
    assert order == [f"{prefix}-{i}" for i in (5, 4, 3, 2)], order
    workers = [sessions(broker, *mine, "--worker", str(index))
               for index in range(2)]
    assert sum(map(len, workers)) == 6
    assert all(s["worker"] == index for index, part in enumerate(workers)
               for s in part)
    text, status = broker.ctl("sessions", *mine, "--limit", "3")
    assert status == 0
    lines = text.splitlines()
    assert lines[0].split()[:2] == ["IDENTITY", "CLIENT"], text
    assert len(lines) == 4, text
    assert all(line.index(prefix) == lines[0].index("CLIENT ID")
               for line in lines[1:]), text
    assert "\033" not in text, text
    for client in clients:
        client.abort()


@case
def who_is_disconnected_is_told_why(broker):
    first = broker.client(client_id=unique("end"), version=5,
                          props={"session_expiry_interval": 60})
    second = broker.client(client_id=unique("end"), version=4)
    other = broker.client(client_id=unique("end"), certificate="client-2")
    with first, second, other:
        got = ctl_json(broker, "disconnect", f"device-1/{first.client_id}")
        assert [s["client_id"] for s in got["disconnected"]] == \
            [first.client_id]
        # Administrative action (MQTT 5.0, 3.14.2.1)
        told = first.expect(codec.DISCONNECT)
        assert told.reason == 0x98 and told.props["reason_string"], told
        first.expect_closed()
        assert second.is_alive() and other.is_alive()
        broker.await_log(event="closed", reason="administrative-action")
        text, status = broker.ctl("disconnect", "device-1")
        assert status == 0 and second.client_id in text, text
        second.expect_end()
        assert other.is_alive()
        # Its session is as after any other end.
        with first.resume(broker) as again:
            assert again.connack.session_present


@case
def text_that_a_client_chose_harms_no_terminal(broker):
    evil = "evil\u001b[31m".replace("\u001b", "\u0080") + "\u202e\\x1b end"
    with broker.client(client_id=evil) as client:
        client.subscribe("evil/\u200f")
        text, status = broker.ctl("session", f"device-1/{evil}")
        assert status == 0, text
        for bad in "\u0080", "\u202e", "\u200f", "\u001b":
            assert bad not in text, text
        assert r"evil\xc2\x80[31m\xe2\x80\xae\x5cx1b end" in text, text
        text, status = broker.ctl("sessions", "--client-id", "evil*")
        assert status == 0 and r"\xe2\x80\xae" in text, text
        assert "\u202e" not in text
        assert sessions(broker, "--client-id", "evil*")[0]["client_id"] == evil


def control(broker):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(broker.settings["control"]["socket"])
    connection.settimeout(DEADLINE)
    return connection


def read_until(connection, end):
    got = b""
    while not got.endswith(end):
        data = connection.recv(1 << 16)
        assert data, got[-200:]
        got += data
    return got


@case
def many_sessions_come_in_pieces(broker):
    prefix, count = unique("many-") + "x" * 1000, 300
    for i in range(count):
        with broker.client(client_id=f"{prefix}{i:03}", version=5,
                           props={"session_expiry_interval": 600}) as client:
            client.disconnect()
    mine = "--client-id", f"{prefix}*"
    got = sessions(broker, *mine)
    assert {s["client_id"] for s in got} == {
        f"{prefix}{i:03}" for i in range(count)}
    # One who asks and does not read holds nobody up, and nothing for it is
    # gathered: not in the master, whose memory stays what it is.
    idle = [control(broker) for _ in range(10)]
    for connection in idle:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"sessions\n")
    with broker.client() as client:
        client.ping()
    assert len(sessions(broker, *mine)) == count
    # Who comes while all places are taken gets one.
    crowd = [control(broker) for _ in range(40)]
    assert len(sessions(broker, *mine)) == count
    for connection in crowd + idle:
        connection.close()


@case
def one_that_leaves_early_leaves_nothing(broker):
    for _ in range(20):
        with broker.client() as client:
            client.ping()
        connection = control(broker)
        connection.sendall(b"sessions\n")
        connection.close()
    text, status = broker.ctl("sessions", "--limit", "1")
    assert status == 0, text


@case
def a_session_with_many_subscriptions_is_shown_in_pieces(broker):
    filters = {f"{'long/' * 40}{i}" for i in range(900)}
    with broker.client(client_id=unique("wide")) as client:
        todo = sorted(filters)
        while todo:
            client.subscribe(*todo[:100])
            todo = todo[100:]
        one = ctl_json(broker, "session",
                       f"device-1/{client.client_id}")["sessions"][0]
        assert one["subscription_count"] == 900
        assert {s["filter"] for s in one["subscriptions"]} == filters


@case
def what_is_malformed_is_refused(broker):
    for line in (b"session\n", b"session\tname=\n", b"disconnect\n",
                 b"sessions\tcolour=red\n", b"sessions\tstate=asleep\n",
                 b"sessions\tidentity=\\x0\n", b"session\tname=\\q\n",
                 b"session\tname=" + b"x" * 5000 + b"\n", b"\n", b"\t\n",
                 b"name=x\n", b"log-level\tlevel=loud\n",
                 b"log-level\tlevel=info\trole=nobody\n"):
        with control(broker) as connection:
            connection.sendall(line)
            got = read_until(connection, b"\n")
            assert got.startswith(b"error "), (line, got)
    for line in b"x" * 9000, b"sta\0tus\n":
        with control(broker) as connection:
            connection.sendall(line)
            try:
                assert connection.recv(100) == b"", line
            except ConnectionResetError:
                pass
    # One that sends more than it reads answers of is not read on.
    with control(broker) as connection:
        connection.sendall(b"version\n" * 50)
        got = read_until(connection, b"ok\n")
        while got.count(b"ok\n") < 50:
            got += read_until(connection, b"ok\n")
        assert got.count(b"daemon\t") == 50


@standalone(timeout=90)
def what_a_dead_worker_had_is_said_to_be_missing():
    with Daemon() as daemon:
        with daemon.client_on("worker/1") as client:
            pid = daemon.role_pids("worker")[0]
            os.kill(pid, signal.SIGSTOP)
            connection = control(daemon)
            connection.sendall(b"sessions\n")
            # It waits for worker/0, and others are answered meanwhile.
            text, status = daemon.ctl("version")
            assert status == 0 and "signetd" in text, text
            os.kill(pid, signal.SIGKILL)
            got = read_until(connection, b"\n")
            while b"\nerror " not in b"\n" + got:
                got += read_until(connection, b"\n")
            connection.close()
            assert client.client_id.encode() in got, got
            assert got.endswith(b"is missing\n"), got
        wait_until(lambda: daemon.role_pids("worker").get(0)
                   not in (None, pid), "another worker")


main()
