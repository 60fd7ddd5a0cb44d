#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The metrics role: numbers for Prometheus, its health, and the page."""

import html.parser
import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess

from signet import (DEADLINE, Daemon, Skipped, main, processes, standalone,
                    wait_until)
from signet.daemon import SIGNETD, TOP, free_port
from signet.folders import folder

OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def daemon(metrics=None, **overrides):
    port = free_port()
    made = Daemon(metrics={"enabled": True, "port": port, **(metrics or {})},
                  sys={"interval_seconds": 0}, **overrides)
    made.metrics_port = port
    return made


def request(broker, path, method="GET", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", broker.metrics_port,
                                            timeout=DEADLINE)
    try:
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), \
            response.read().decode()
    finally:
        connection.close()


def get(broker, path, headers=None):
    status, _, body = request(broker, path, headers=headers)
    assert status == 200, (path, status, body)
    return body


def numbers(broker):
    """{name and labels: value} of Prometheus's text format."""
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in get(broker, "/metrics").splitlines()
            if not line.startswith("#")}


def until(broker, **wanted):
    wait_until(lambda: all(numbers(broker).get(name) == value
                           for name, value in wanted.items()),
               f"{wanted} are shown", 2 * DEADLINE)


@standalone(timeout=90)
def numbers_are_those_of_the_daemon():
    with daemon() as broker:
        until(broker, signet_sessions=0)
        with broker.client(version=5) as client:
            client.subscribe("a")
            for _ in range(3):
                client.publish("a", b"1234", 1)
            for _ in range(3):
                client.take()
            try:
                broker.client(certificate="client-other").abort()
            except Exception:  # however it is told
                pass
            until(broker, **{
                "signet_sessions": 1, "signet_sessions_connected": 1,
                "signet_subscriptions": 1,
                'signet_messages_total{direction="in"}': 3,
                'signet_messages_total{direction="out"}': 3,
                'signet_payload_bytes_total{direction="in"}': 12,
                'signet_handshakes_refused_total{reason="unknown-ca"}': 1,
                'signet_handshakes_refused_total{reason="plaintext"}': 0})
        until(broker, signet_sessions=0, signet_sessions_connected=0)
        got = numbers(broker)
        for role, count in ("worker", 2), ("gate", 2), ("metrics", 1):
            for index in range(count):
                labels = f'{{role="{role}",index="{index}"}}'
                assert got["signet_process_ready" + labels] == 1, got
                assert got["signet_process_restarts_total" + labels] == 0
        assert got['signet_certificate_end_seconds{what="server"}'] > 1e9


@standalone(timeout=90)
def both_formats_are_what_their_parsers_take():
    with daemon() as broker:
        wait_until(lambda: "signet_sessions" in numbers(broker), "numbers")
        status, headers, text = request(broker, "/metrics")
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        status, headers, opened = request(broker, "/metrics",
                                          headers=OPEN_METRICS)
        assert headers["Content-Type"].startswith(
            "application/openmetrics-text; version=1.0.0")
        assert opened.endswith("\n# EOF\n")
        assert set(text.splitlines()) & set(opened.splitlines())
        checked = 0
        if shutil.which("promtool") is not None:
            done = subprocess.run(["promtool", "check", "metrics"],
                                  input=text, capture_output=True, text=True,
                                  timeout=60)
            assert done.returncode == 0, done
            checked += 1
        try:
            from prometheus_client.openmetrics import parser
        except ImportError:
            parser = None
        if parser is not None:
            families = list(parser.text_string_to_metric_families(opened))
            assert {family.name for family in families} >= {
                "signet_messages", "signet_sessions", "signet_process_ready"}
            checked += 1
        if checked == 0:
            raise Skipped("neither promtool nor prometheus_client is there")


def head(broker):
    """[state, its colour, version, configuration, minutes up] of the page."""
    text = get(broker, "/")
    version = re.search(r"<h1>Signet ([0-9.]+)</h1>", text)
    state = re.search(r'</h1><p class="(\w+)">(\w+)</p>', text)
    up = re.search(r"<p>up (\d+) d (\d+) h (\d+) min</p>", text)
    generation = re.search(r"<p>configuration (\d+)</p>", text)
    if None in (version, state, up, generation):
        return [None] * 5
    days, hours, minutes = map(int, up.groups())
    return [state[2], state[1], version[1], int(generation[1]),
            (days * 24 + hours) * 60 + minutes]


@standalone(timeout=120)
def health_is_that_of_all_processes():
    with daemon() as broker:
        wait_until(lambda: request(broker, "/readyz")[0] == 200, "it is ready")
        assert get(broker, "/healthz") == "alive\n"
        assert get(broker, "/readyz") == "ready\n"
        # A worker that cannot be started in another's place: not yet ready.
        os.kill(broker.role_pids("worker")[0], signal.SIGKILL)
        until(broker, **{
            'signet_process_restarts_total{role="worker",index="0"}': 1})
        wait_until(lambda: request(broker, "/readyz")[0] == 200,
                   "it is ready again")
        # The master says nothing any more.
        with processes.stopped(broker.pid):
            wait_until(lambda: request(broker, "/healthz")[0] == 503,
                       "the silence is noticed", 3 * DEADLINE)
            assert request(broker, "/readyz")[0] == 503
            # What is shown is said to be of before.
            assert head(broker)[:2] == ["silent", "bad"], head(broker)
            assert numbers(broker)["signet_status_age_seconds"] >= 10
        wait_until(lambda: request(broker, "/healthz")[0] == 200,
                   "it speaks again")
        wait_until(lambda: head(broker)[:2] == ["ready", "good"],
                   "what is shown is of now")
        wait_until(lambda: numbers(broker)["signet_status_age_seconds"] < 5,
                   "the numbers are of now")


@standalone(timeout=60)
def the_alerts_and_the_dashboard_name_what_is_there():
    with open(f"{TOP}/packaging/prometheus/signet.rules.yml") as file:
        rules = file.read()
    with open(f"{TOP}/packaging/grafana/signet.json") as file:
        dashboard = file.read()
    assert json.loads(dashboard)["title"] == "Signet"
    named = set(re.findall(r"signet_\w+", rules + dashboard))
    with daemon() as broker:
        wait_until(lambda: named <= {name.split("{")[0]
                                     for name in numbers(broker)},
                   f"all of {named} is shown", 2 * DEADLINE)
    if shutil.which("promtool") is None:
        raise Skipped("promtool is not installed")
    done = subprocess.run(
        ["promtool", "check", "rules",
         f"{TOP}/packaging/prometheus/signet.rules.yml"],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done


class Page(html.parser.HTMLParser):
    """The text of each section, and every tag and attribute."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []
        self.sections, self.title = {}, None
        self.is_title = False
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in ("meta", "polyline"):
            self.open.append(tag)
        self.is_title = tag == "h2"

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, text):
        if self.is_title:
            self.title, self.is_title = text, False
            self.sections[text] = []
        elif self.title is not None and text.strip():
            self.sections[self.title].append(text.strip())


def page(broker):
    return Page(get(broker, "/"))


def shown(broker, section, name):
    """What stands behind, or before, a name."""
    texts = page(broker).sections[section]
    return texts[texts.index(name) + 1] if name in texts else None


def until_shown(broker, section, name, value):
    wait_until(lambda: shown(broker, section, name) == value,
               f"{section} has {name} {value}", 2 * DEADLINE)


@standalone(timeout=120)
def the_page_shows_what_there_is():
    with daemon() as broker:
        wait_until(lambda: ">ready</p>" in get(broker, "/"), "it is told")
        sections = page(broker).sections
        assert sections["Refused connections"] == ["none"], sections
        with broker.client(version=5) as client, broker.client(
                version=5, client_id="away",
                props={"session_expiry_interval": 600}) as away:
            client.subscribe("a", "b")
            away.subscribe("c", qos=1)
            away.disconnect()
            for _ in range(4):
                client.publish("c", b"x" * 100, 1)
            client.publish("kept", b"x", 1, retain=True)
            client.stream.socket.getpeername()
            with socket.create_connection(broker.address) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
                plain.settimeout(DEADLINE)
                try:
                    while plain.recv(100):
                        pass
                except ConnectionResetError:
                    pass
            until_shown(broker, "Sessions", "connected", "1")
            until_shown(broker, "Sessions", "offline", "1")
            until_shown(broker, "Sessions", "subscriptions", "3")
            until_shown(broker, "Sessions", "retained messages", "1")
            until_shown(broker, "What waits", "messages for clients", "4")
            until_shown(broker, "Refused connections", "plaintext", "1")
            assert int(shown(broker, "What waits", "bytes for clients")) >= 400
            texts = page(broker).sections["Certificates, the first to end"]
            assert {"server", "authority", "client"} <= set(texts), texts
            assert any(re.fullmatch(r"\d+ days", text) for text in texts)

            def is_rate_shown():
                for _ in range(200):
                    client.publish("a", b"")
                return float(shown(broker, "Messages in a second", "in")) > 0
            wait_until(is_rate_shown, "a rate is shown", 2 * DEADLINE)
        texts = page(broker).sections["Processes"]
        for name in ("worker/0", "worker/1", "gate/0", "metrics/0", "key/0",
                     "store/0"):
            assert texts[texts.index(name) + 1:][:2] == ["ready", "0"], texts
        os.kill(broker.role_pids("worker")[1], signal.SIGKILL)
        wait_until(lambda: shown(broker, "Processes", "worker/1") == "ready"
                   and page(broker).sections["Processes"][
                       page(broker).sections["Processes"].index("worker/1")
                       + 2] == "1", "the restart is shown", 2 * DEADLINE)


@standalone(timeout=60)
def the_head_of_the_page_is_true():
    with daemon() as broker:
        wait_until(lambda: head(broker)[0] == "ready", "it is told")
        before = head(broker)
        version = subprocess.run([SIGNETD, "--version"], capture_output=True,
                                 text=True, timeout=60).stdout.split()[-1]
        assert before[2] == version, before
        assert before[4] <= processes.age(broker.pid) / 60, before
        broker.reload(limits={"topic_levels": 20})
        told = json.loads(broker.ctl("--json", "status")[0])["daemon"]
        assert told["generation"] > before[3], (before, told)
        wait_until(lambda: head(broker)[3] == told["generation"],
                   "the new configuration is told", 2 * DEADLINE)


@standalone(timeout=120)
def the_rates_of_the_page_and_of_signetctl():
    with daemon(sessions={"max_queued_messages": 3}) as broker, \
            broker.client() as client, \
            broker.client(certificate="client-rsa", version=5) as other:
        with broker.client(version=5, props={
                "session_expiry_interval": 600}) as away:
            away.subscribe("full", qos=1)
            away.disconnect()
        client.subscribe("heard")

        def rates():
            for _ in range(20):
                client.publish("heard", b"")
                client.publish("full", b"", 1)
                other.publish("not/mine", b"")
                client.take()
            shown_there = page(broker).sections["Messages in a second"]
            text, _ = broker.ctl("status")
            return [float(shown_there[shown_there.index(word) + 1])
                    for word in ("in", "out", "dropped", "denied",
                                 "most, in two minutes")] + [
                float(rate) for rate in re.findall(
                    r"^(?:Messages in|Messages out|Dropped|Denied) +"
                    r"([0-9.]+)/s, ", text, re.M)]
        assert len(rates()) == 9
        wait_until(lambda: min(rates()) > 0, "all of them are shown",
                   3 * DEADLINE)


@standalone(timeout=60)
def the_page_needs_nothing_from_elsewhere():
    with daemon() as broker:
        status, headers, text = request(broker, "/")
        assert status == 200
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        got = Page(text)
        assert not {"script", "link", "img", "iframe", "form",
                    "a"} & set(got.tags), set(got.tags)
        assert not [one for one in got.attributes
                    if one[1] in ("src", "href", "action", "style")
                    or one[1].startswith("on")], got.attributes
        assert "url(" not in text and "@import" not in text
        assert "prefers-color-scheme: dark" in text
        assert "width=device-width" in text


@standalone(timeout=60)
def what_is_not_asked_for_well_is_refused():
    with daemon() as broker:
        pid = broker.role_pids("metrics")[0]
        assert request(broker, "/none")[0] == 404
        assert request(broker, "/metrics/")[0] == 404
        for method in "POST", "PUT", "DELETE", "OPTIONS":
            status, headers, _ = request(broker, "/", method)
            assert status == 405, (method, status)
            assert headers["Allow"] == "GET, HEAD"
        status, headers, body = request(broker, "/metrics", "HEAD")
        assert status == 200 and body == "", (status, body)
        for junk in (b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                     b"GET / HTTP/1.1\r\nA: " + b"x" * 100000 + b"\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01" * 50):
            with socket.create_connection(("127.0.0.1",
                                           broker.metrics_port)) as raw:
                try:
                    raw.sendall(junk)
                except (ConnectionResetError, BrokenPipeError):
                    pass
            assert is_answered(broker), junk[:20]
        # Those who connect and say nothing keep nobody out for long.
        idle = [socket.create_connection(("127.0.0.1", broker.metrics_port))
                for _ in range(70)]
        wait_until(lambda: is_answered(broker), "somebody else is answered",
                   4 * DEADLINE)
        for one in idle:
            one.close()
        assert broker.role_pids("metrics")[0] == pid


def is_answered(broker):
    try:
        return request(broker, "/healthz")[0] in (200, 503)
    except (OSError, http.client.HTTPException):
        return False


@standalone(timeout=60)
def it_is_off_unless_it_is_wanted_and_for_this_machine_alone():
    with Daemon() as broker:
        assert broker.role_pids("metrics") == {}
    for address in "0.0.0.0", "192.0.2.1", "::":
        broker = Daemon(is_awaited=False, metrics={"enabled": True,
                                                   "address": address})
        try:
            assert broker.process.wait(3 * DEADLINE) == 1
            text = broker.log.tail()
            assert "metrics.address" in text and "127.0.0.1" in text, text
        finally:
            broker.kill()


class LocalConnection(http.client.HTTPConnection):
    """HTTP through a socket of the file system."""

    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def local_status(path):
    connection = LocalConnection(path)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    finally:
        connection.close()


def may_connect(path, group, *groups):
    """May another user, who is in these groups?"""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(group)
            os.setuid(1)
            socket.socket(socket.AF_UNIX).connect(path)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


@standalone(timeout=90)
def a_socket_of_the_file_system_in_place_of_a_port():
    with folder() as parent:
        path = f"{parent}/run/metrics.sock"
        with daemon(metrics={"socket": path}) as broker:
            wait_until(lambda: local_status(path) == 200, "it is ready")
            got = os.stat(path)
            assert stat.S_IMODE(got.st_mode) == 0o660, oct(got.st_mode)
            assert not is_answered(broker), "it listens to the port, too"
            if os.geteuid() == 0:
                assert not may_connect(path, 1)
                assert may_connect(path, got.st_gid)
                assert may_connect(path, 1, got.st_gid)
            os.kill(broker.role_pids("metrics")[0], signal.SIGKILL)
            wait_until(lambda: [
                one["restarts"] for one in json.loads(
                    broker.ctl("--json", "status")[0])["processes"]
                if one["role"] == "metrics"] == [1], "it was started again")
            wait_until(lambda: local_status(path) == 200, "it is back")
            # What is left there by one that was killed is in nobody's way.
            broker.restart(is_orderly=False)
            wait_until(lambda: local_status(path) == 200, "it is there again")
        assert not os.path.exists(path)


@standalone(timeout=60)
def a_socket_that_cannot_be_is_refused():
    for path, why in (("run/metrics.sock", "does not begin with /"),
                      ("/" + "x" * 107, "metrics.socket"),
                      ("/proc/none/metrics.sock", "metrics.socket")):
        broker = Daemon(is_awaited=False, metrics={"enabled": True,
                                                   "socket": path})
        try:
            assert broker.process.wait(3 * DEADLINE) == 1
            text = broker.log.tail()
            assert "metrics.socket" in text and why in text, text
        finally:
            broker.kill()


@standalone(timeout=90)
def it_comes_back_on_the_same_socket():
    with daemon() as broker:
        wait_until(lambda: is_answered(broker), "it answers")
        pid = broker.role_pids("metrics")[0]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: broker.role_pids("metrics").get(0)
                   not in (None, pid), "another one")
        wait_until(lambda: is_answered(broker), "it answers again")
        wait_until(lambda: request(broker, "/readyz")[0] == 200, "it is ready")
        until(broker, **{
            'signet_process_restarts_total{role="metrics",index="0"}': 1})


main()
