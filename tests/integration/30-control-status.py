#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""signetctl status: each of its lines, under the condition that it tells of;
and what else one tells a daemon that runs."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from signet import (DEADLINE, Daemon, Skipped, case, main, processes,
                    standalone, wait_until)
from signet.authority import Authority
from signet.daemon import BUILD, SIGNETD

SIGNETCTL = f"{BUILD}/signetctl"


def status(broker):
    text, code = broker.ctl("--json", "status")
    assert code == 0, text
    return json.loads(text)


def value(broker, name):
    return status(broker)["statistics"][name]["value"]


def until(broker, what, **wanted):
    wait_until(lambda: all(value(broker, name) == number
                           for name, number in wanted.items()),
               what, 2 * DEADLINE)


def line(broker, title):
    """What stands behind a title of the page."""
    text, code = broker.ctl("status")
    assert code == 0, text
    found = [one for one in text.splitlines() if one.startswith(title + "  ")
             or one.startswith(title + " ")]
    assert len(found) == 1, (title, text)
    return found[0][len(title):].strip()


def number(broker, title):
    return int(line(broker, title).split()[0])


@case
def the_daemon_and_its_processes(broker):
    got = status(broker)
    assert got["daemon"]["pid"] == broker.pid, got
    assert got["daemon"]["state"] == "ready", got
    version = subprocess.run([SIGNETD, "--version"], capture_output=True,
                             text=True, timeout=60).stdout.split()[-1]
    assert got["daemon"]["version"] == version, got
    age, up = processes.age(broker.pid), got["daemon"]["uptime"]
    assert age - 6 * DEADLINE < up <= age + 1, (age, up)
    assert {(one["role"], one["index"]): one["pid"]
            for one in got["processes"]} == {
        (role, index): pid for role in {one["role"]
                                        for one in got["processes"]}
        for index, pid in broker.role_pids(role).items()}
    assert len(got["processes"]) == len(broker.roles()), broker.roles()
    for one in got["processes"]:
        assert one["state"] == "ready" and one["restarts"] == 0, one
        assert 0 <= one["uptime"] <= up, one
    text, code = broker.ctl("status")
    assert code == 0
    assert text.startswith(f"signetd {version}: ready, up "), text
    assert f"pid {broker.pid}" in text
    for role, pid in broker.roles().items():
        row = [row.split() for row in text.splitlines()
               if row.startswith("/".join(role.split()) + " ")]
        assert len(row) == 1 and row[0][1:3] == [str(pid), "ready"], (role,
                                                                      text)
    assert "\033" not in text


@standalone(timeout=90)
def sessions_subscriptions_messages_and_queues():
    with Daemon(sys={"interval_seconds": 0}) as daemon:
        until(daemon, "nothing is there", connected=0, sessions=0,
              queued_messages=0)
        client = daemon.client(client_id="here")
        away = daemon.client(client_id="away", version=5,
                             props={"session_expiry_interval": 600})
        client.subscribe("a", "b")
        away.subscribe("c", qos=1)
        until(daemon, "two are connected", connected=2, sessions=2,
              subscriptions=3)
        assert number(daemon, "Connected") == 2
        assert number(daemon, "Offline") == 0
        assert number(daemon, "Subscriptions") == 3
        away.disconnect()
        until(daemon, "one is offline", connected=1, sessions=2)
        assert number(daemon, "Connected") == 1
        assert number(daemon, "Offline") == 1
        for _ in range(5):
            assert client.publish("c", b"x" * 1000, 1) == 0
        client.publish("kept", b"1", 1, retain=True)
        until(daemon, "messages wait", queued_messages=5, retained=1,
              messages_received=6)
        assert number(daemon, "Waiting for clients") == 5
        assert number(daemon, "Retained") == 1
        assert value(daemon, "queued_bytes") >= 5000
        assert line(daemon, "Messages in").endswith(", 6 messages")
        client.publish("a", b"x")
        client.take()
        until(daemon, "one was sent", messages_sent=1)
        assert line(daemon, "Messages out").endswith(", 1 messages")
        with away.resume(daemon) as again:
            for _ in range(5):
                again.take()
            until(daemon, "nothing waits", queued_messages=0,
                  queued_bytes=0, messages_sent=6)
        client.abort()


@standalone(timeout=90)
def rates_are_those_of_the_last_seconds():
    with Daemon() as daemon, daemon.client() as client:
        def rate():
            return status(daemon)["statistics"]["messages_received"][
                "per_second"]
        assert rate() == 0

        def publish():
            for _ in range(20):
                client.publish("x", b"")
            client.ping()

        def is_told():
            publish()
            return rate() >= 1

        def is_shown():
            publish()
            return float(line(daemon, "Messages in").split("/s")[0]) > 0
        wait_until(is_told, "the rate is told", 2 * DEADLINE)
        wait_until(is_shown, "the rate is shown", 2 * DEADLINE)
        # Nothing more comes: so it is 0 again.
        wait_until(lambda: rate() == 0, "the rate is 0", 2 * DEADLINE)


@standalone(timeout=90)
def what_is_refused_dropped_and_denied():
    with Daemon(sessions={"max_queued_messages": 3}) as daemon:
        for certificate in None, "client-other":
            try:
                daemon.client(certificate=certificate).abort()
            except Exception:  # however it is told
                pass
        until(daemon, "two are refused", refused_no_certificate=1,
              refused_unknown_ca=1)
        text, _ = daemon.ctl("status")
        rows = [row.split()[-2:] for row in text.splitlines()]
        assert ["1", "no-certificate"] in rows, text
        assert ["1", "unknown-ca"] in rows, text
        assert not any("bad-finished" in row for row in rows), text
        with daemon.client(certificate="client-rsa", version=5) as client:
            assert client.publish("not/mine", b"", 1) == 0x87
        until(daemon, "one is denied", denied=1)
        assert line(daemon, "Denied").endswith(", 1 requests")
        with daemon.client(version=5, props={
                "session_expiry_interval": 600}) as away:
            away.subscribe("q", qos=1)
            away.disconnect()
        with daemon.client() as publisher:
            for _ in range(5):
                publisher.publish("q", b"", 1)
        until(daemon, "two are dropped", messages_dropped=2)
        assert line(daemon, "Dropped").endswith(", 2 messages")


@standalone(timeout=90)
def restarts_and_what_is_down():
    with Daemon() as daemon:
        until(daemon, "both have reported", connected=0)
        before = daemon.role_pids("worker")[1]
        with daemon.client() as client:
            for _ in range(3):
                client.publish("x", b"", 1)
        until(daemon, "three came", messages_received=3)
        os.kill(before, signal.SIGKILL)

        def process():
            return [one for one in status(daemon)["processes"]
                    if one["role"] == "worker" and one["index"] == 1][0]
        wait_until(lambda: process()["restarts"] == 1
                   and process()["state"] == "ready", "it is back")
        assert process()["pid"] == daemon.role_pids("worker")[1] != before
        # What the dead one had counted is counted.
        assert value(daemon, "messages_received") == 3
        # One that hangs does not answer any more.
        pid = process()["pid"]
        with processes.stopped(pid):
            wait_until(lambda: process().get("silent_ms", 0) > 3000,
                       "it is seen to be silent")
            others = [one["silent_ms"] for one in status(daemon)["processes"]
                      if one["pid"] != pid]
            assert min(others) < process()["silent_ms"], others
        wait_until(lambda: process()["silent_ms"] < 3000, "it answers again")


@standalone(timeout=90)
def the_generation_of_the_configuration():
    with Daemon() as daemon:
        before = status(daemon)["daemon"]["generation"]
        daemon.reload(limits={"topic_levels": 20})
        got = status(daemon)
        assert got["daemon"]["generation"] > before, got
        assert {one["generation"] for one in got["processes"]} == {
            got["daemon"]["generation"]}, got
        text, _ = daemon.ctl("status")
        assert f"configuration {got['daemon']['generation']}\n" in text


def end_of(path):
    """Seconds since 1970."""
    said = subprocess.run(
        ["openssl", "x509", "-in", path, "-noout", "-enddate", "-dateopt",
         "iso_8601"], capture_output=True, text=True, timeout=60)
    if said.returncode != 0:  # before OpenSSL 3.0
        raise Skipped("openssl x509 does not know -dateopt")
    text = said.stdout.strip().split("=")[1]
    return int(time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%SZ"))
               - time.timezone)


@standalone(timeout=90)
def days_that_certificates_have_left():
    with Daemon() as daemon:
        got = {one["what"]: one for one in status(daemon)["certificates"]}
        assert set(got) >= {"server", "authority"}, got
        ends = end_of(f"{daemon.pki}/server.pem")
        assert got["server"]["ends_at"] == ends, (got, ends)
        days = int((ends - time.time()) // 86400)
        shown = line(daemon, "Server certificate")
        assert abs(int(shown.split()[0]) - days) <= 1, (shown, days)
        assert "days left" in shown
        assert "client" not in got
        with daemon.client():
            # the first of its chain to end
            ends = min(end_of(f"{daemon.pki}/{name}.pem")
                       for name in ("client-1", "ca"))
            until(daemon, "the client's is known", client_ends=ends)
            got = {one["what"]: one for one in status(daemon)["certificates"]}
            assert got["client"]["ends_at"] == ends, got
            assert int(line(daemon, "First client").split()[0]) >= 0
        until(daemon, "nobody is there", client_ends=0)


@standalone(timeout=90)
def how_many_clients_have_to_be_renewed():
    """Those with less than 30 days left are counted beside the first, and
    signetctl sessions has each."""
    with tempfile.TemporaryDirectory(prefix="signet-test-status-") as path:
        os.chmod(path, 0o755)
        root = Authority(path, "root")
        root.issue("soon", "device-1", seconds=20 * 86400)
        root.issue("late", "device-2", seconds=40 * 86400)
        with Daemon(tls={"client_ca": root.certificate}) as daemon:
            daemon.pki = path
            with daemon.client("late", certificate="late"):
                until(daemon, "one is there", connected=1, clients_ending=0)
                assert "Clients to renew" not in daemon.ctl("status")[0]
                with daemon.client("a", certificate="soon"), \
                        daemon.client("b", certificate="soon"):
                    until(daemon, "two end soon", clients_ending=2)
                    assert line(daemon, "Clients to renew").startswith(
                        "2 with less than 30 days left")
                    text, status_ = daemon.ctl(
                        "sessions", "--state", "connected", "--sort",
                        "not_after")
                    assert status_ == 0, text
                    rows = text.splitlines()
                    assert rows[0].split()[-1] == "CERTIFICATE", text
                    days = [int(re.search(r"(\d+) d \d+ h *$", row)[1])
                            for row in rows[1:]]
                    assert days[0] in (19, 20) and days[1] in (19, 20), text
                    assert days[2] in (39, 40) and len(days) == 3, text
                until(daemon, "they are gone", clients_ending=0)


@case
def levels_of_the_log_change_at_run_time(broker):
    mark = broker.log.mark()
    text, code = broker.ctl("log", "level", "gate", "debug")
    assert code == 0, text
    with broker.client() as client:
        client.ping()
    broker.await_log(since=mark, event="authenticated")
    text, code = broker.ctl("log", "level", "gate", "error")
    assert code == 0, text
    text, code = broker.ctl("log", "level", "info")
    assert code == 0, text
    mark = broker.log.mark()
    with broker.client() as client:
        client.ping()
    broker.await_log(since=mark, event="connected",
                     client_id=client.client_id)
    assert not broker.log.find(mark, event="authenticated")
    for bad in ("loud",), ("nobody", "info"), ("gate", "loud"):
        text, code = broker.ctl("log", "level", *bad)
        assert code == 1 and "no such" in text, (code, text)


def kill_and_await(broker, role):
    """Have the only process of a role die; the one in its place is ready."""
    pid = broker.role_pids(role)[0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: [one["state"] for one in status(broker)["processes"]
                        if one["role"] == role and one.get("pid", pid) != pid]
               == ["ready"], f"another {role} is ready", 3 * DEADLINE)


def speaks_of_handshakes(broker):
    """Does the gate log at the level debug?"""
    mark = broker.log.mark()
    with broker.client() as client:
        client.ping()
    broker.await_log(since=mark, event="connected",
                     client_id=client.client_id)
    return bool(broker.log.find(mark, event="authenticated"))


@standalone(timeout=120)
def levels_hold_for_what_is_started_later():
    with Daemon(processes={"workers": 1, "gates": 1}) as broker:
        assert not speaks_of_handshakes(broker)
        assert broker.ctl("log", "level", "gate", "debug") == ("", 0)
        assert speaks_of_handshakes(broker)
        kill_and_await(broker, "gate")
        assert speaks_of_handshakes(broker)
        # Another configuration that says nothing new of it leaves it.
        broker.reload(limits={"topic_levels": 20})
        assert speaks_of_handshakes(broker)
        kill_and_await(broker, "gate")
        assert speaks_of_handshakes(broker)
        # One that does is what holds.
        broker.reload(log={"levels": {"gate": "warning"}})
        assert not speaks_of_handshakes(broker)
        broker.reload(log={"levels": {"gate": "info"}})
        kill_and_await(broker, "gate")
        assert not speaks_of_handshakes(broker)


@standalone(timeout=90)
def a_level_for_all_is_the_masters_too():
    with Daemon(processes={"workers": 1, "gates": 1}) as broker:
        assert broker.ctl("log", "level", "debug") == ("", 0)
        broker.reload(limits={"topic_levels": 20})
        mark = broker.log.mark()
        kill_and_await(broker, "gate")
        assert broker.log.find(mark, speaker="master", event="started",
                               process="gate")
        assert speaks_of_handshakes(broker)
        assert broker.ctl("log", "level", "info") == ("", 0)
        mark = broker.log.mark()
        kill_and_await(broker, "gate")
        assert not broker.log.find(mark, speaker="master", event="started")
        assert not speaks_of_handshakes(broker)


@case
def versions_and_usage_and_who_is_not_there(broker):
    got = json.loads(broker.ctl("--json", "version")[0])
    assert set(got) == {"signetctl", "daemon"}
    text, code = broker.ctl("version")
    assert code == 0 and text == (f"signetctl {got['signetctl']}\n"
                                  f"signetd {got['daemon']}"), text
    for command in (), ("explain",), ("status",):
        text, code = broker.ctl(*command, "--help")
        assert code == 0 and text.startswith("usage: signetctl "), text
    for said, *wrong in (
            ("there is no command",), ("there is no command dance", "dance"),
            ("x: too much behind status", "status", "x"),
            ("session needs more", "session"),
            ("disconnect needs more", "disconnect"),
            ("log needs more", "log", "level"),
            ("log lever: ", "log", "lever", "info"),
            ("--limit 0: ", "sessions", "--limit", "0"),
            ("--limit x: ", "sessions", "--limit", "x"),
            ("--state gone: ", "sessions", "--state", "gone"),
            ("--worker one: ", "sessions", "--worker", "one"),
            ("--worker : ", "sessions", "--worker", ""),
            ("--sort size: ", "sessions", "--sort", "size"),
            ("--sort -: ", "sessions", "--sort", "-"),
            ("backup needs more", "backup"),
            ("reload cannot be watched", "reload", "--watch"),
            ("unrecognized option", "--colour", "status"),
            ("unrecognized option", "status", "--colour")):
        text, code = broker.ctl(*wrong)
        assert code == 2 and "\n" not in text, (wrong, code, text)
        assert text.startswith("signetctl: ") and said in text, (wrong, text)
    done = subprocess.run([SIGNETCTL, "-s", f"{broker.folder}/nobody",
                           "status"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 3, done
    assert done.stdout == "" and "No such file" in done.stderr, done


@case
def the_socket_is_found_where_the_key_cannot_be_read(broker):
    file = f"{broker.folder}/alone.conf"
    with open(file, "w", encoding="utf-8") as out:
        out.write('listen = ( { address = "127.0.0.1"; port = 1; } );\n'
                  'tls = { certificate = "none"; private_key = "none"; '
                  'client_ca = "none"; };\ncontrol = { socket = "'
                  + broker.settings["control"]["socket"] + '"; };\n')
    done = subprocess.run([SIGNETCTL, "-c", file, "version"], timeout=60,
                          capture_output=True, text=True)
    assert done.returncode == 0 and "signetd " in done.stdout, done


@case
def who_may_not_is_told_so(broker):
    if os.geteuid() != 0:
        raise Skipped("only root can be somebody else")
    path = broker.settings["control"]["socket"]

    def run_in(*groups):
        return subprocess.run(
            [SIGNETCTL, "-s", path, "status"], capture_output=True, text=True,
            timeout=60, user="daemon", group="daemon", extra_groups=groups,
            cwd="/")
    # It can be found, but it is not for everybody.
    try:
        done = run_in()
    except PermissionError:
        raise Skipped("others cannot execute what was built") from None
    assert done.returncode == 4, done
    assert "Permission denied" in done.stderr, done
    # Who is in the daemon's group may, also if it is not his first.
    done = run_in(os.stat(path).st_gid)
    assert done.returncode == 0, done


@standalone(timeout=60)
def watching_repeats():
    with Daemon() as daemon:
        with tempfile.TemporaryFile() as out:
            watch = subprocess.Popen(
                [SIGNETCTL, "-s", daemon.settings["control"]["socket"],
                 "status", "--watch"], stdout=out,
                stderr=subprocess.DEVNULL)
            try:
                def count():
                    out.seek(0)
                    return out.read().count(b"signetd ")
                wait_until(lambda: count() >= 2, "it is printed twice")
            finally:
                watch.kill()
                watch.wait()


@case
def colours_are_for_terminals_that_want_them(broker):
    if shutil.which("script") is None:
        raise Skipped("script is not installed")
    command = (f"{SIGNETCTL} -s {broker.settings['control']['socket']} "
               "status")
    for environment, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        variables = {name: text for name, text in os.environ.items()
                     if name != "NO_COLOR"}
        done = subprocess.run(["script", "-qec", command, "/dev/null"],
                              capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL,
                              env={**variables, **environment})
        assert (b"\033[" in done.stdout) == is_coloured, done.stdout


main()
