#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Roles: whom they match, what they grant and deny, and what a client hears.
signetctl explain says the same as the daemon."""

import os
import re
import subprocess
import tempfile
import time

from signet import (DEADLINE, Client, Closed, Daemon, case, codec, main,
                    standalone, unique)
from signet.authority import Authority, bundle
from signet.daemon import BUILD, libconfig
from signet.pki import pki

SIGNETCTL = f"{BUILD}/signetctl"
ACKNOWLEDGED = (0, 16)  # success, no matching subscribers


def role(name, match, **lists):
    return {"name": name, "match": match, **lists}


def fingerprint(certificate):
    out = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in",
         f"{pki()}/{certificate}.pem"], check=True, capture_output=True,
        text=True).stdout
    return out.strip().split("=")[1]


ALL = role("all", {"identity": "device-1"}, publish=["#"], subscribe=["#"])


CONNECT = [
    role("own", {"identity": "device-2"}, connect=["${identity}", "app-*"]),
    role("denied", {"identity": "device-3"},
         deny={"connect": ["bad-*", "signet-*"]}),
    role("none", {"identity": "device-4"}, connect=[], publish=["#"]),
]


@case(roles=CONNECT)
def client_identifiers_are_granted(broker):
    """MQTT 5.0, 3.2.2.2: 0x85; 3.1.1, 3.2.2.3: 2. Without a role 0x87, 5.
    [MQTT-3.1.3-9], [MQTT5-3.1.3-8]"""
    for certificate, client_id, answers in (
            ("client-2", "device-2", (0, 0)),
            ("client-2", "app-7", (0, 0)),
            ("client-2", "device-22", (0x85, 2)),
            ("client-2", "", (0x85, 2)),
            ("client-3", "any/+#thing", (0, 0)),
            ("client-3", "bad-1", (0x85, 2)),
            ("client-3", "", (0x85, 2)),
            ("client-4", "c", (0x85, 2)),
            ("client-5", "c", (0x87, 5))):
        for version, answer in zip((5, 4), answers):
            with broker.client(client_id, version=version, clean=True,
                               certificate=certificate,
                               expect_reason=answer) as client:
                if answer != 0:
                    client.expect_closed()
    broker.await_log(event="denied", action="connect", identity="device-2",
                     client_id="device-22", reason="no-role-grants-it")
    broker.await_log(event="denied", action="connect", identity="device-3",
                     by_role="denied", list="deny.connect", rule="bad-*",
                     reason="a-role-denies-it")
    broker.await_log(event="denied", action="connect", identity="device-5",
                     reason="no-role-matches")


# Publishing

PUBLISH = [
    ALL,
    role("some", {"identity": "device-2"}, publish=["own/#", "kept/#"],
         retain=["kept/#"], deny={"publish": ["own/secret/#"]}),
    role("more", {"identity": "device-2"}, publish=["own/secret/#"]),
]


def expect_denied_in_5(broker, watch):
    with broker.client(certificate="client-2") as client:
        for topic in ("other", "own/secret/x", "own/secret", "kep", "$x"):
            for qos in 1, 2:
                assert client.publish(topic, b"no", qos) == 0x87, topic
            client.publish(topic, b"no", 0)
        # What may be published may not all be kept.
        assert client.publish("own/x", b"no", 1, retain=True) == 0x87
        assert client.publish("own/x", b"1", 1) in ACKNOWLEDGED
        assert client.publish("kept/x", b"2", 1, retain=True) in ACKNOWLEDGED
    assert [watch.take().payload for _ in range(2)] == [b"1", b"2"]
    watch.expect_nothing()
    with broker.client() as late:
        late.subscribe("#")
        assert late.take().topic == "kept/x"
        late.expect_nothing()


@case(roles=PUBLISH)
def messages_are_granted(broker):
    """0x87; 3.1.1 ends the connection [MQTT-3.3.5-2]"""
    with broker.client() as watch:
        watch.subscribe("#")
        expect_denied_in_5(broker, watch)
        for topic, retain in (("other", False), ("own/secret/x", False),
                              ("own/x", True)):
            for qos in 1, 2:
                with broker.client(certificate="client-2",
                                   version=4) as client:
                    client.send(codec.publish(topic, b"no", qos, 1, 4,
                                              retain=retain))
                    client.expect_closed()
            with broker.client(certificate="client-2", version=4) as client:
                client.send(codec.publish(topic, b"no", 0, None, 4,
                                          retain=retain))
                client.ping()  # at QoS 0 nobody waits for an answer
        watch.expect_nothing()
    broker.await_log(event="denied", action="publish", by_role="some",
                     list="deny.publish", rule="own/secret/#")
    broker.await_log(event="denied", action="retain",
                     reason="no-role-grants-it")


@case(roles=PUBLISH, sessions={"denied_publish": "acknowledge"})
def where_configured_a_denied_message_is_acknowledged(broker):
    """In 3.1.1 alone [MQTT-3.3.5-2]; it goes nowhere all the same."""
    with broker.client() as watch:
        watch.subscribe("#")
        with broker.client(certificate="client-2", version=4) as client:
            for qos in 1, 2, 1, 2:
                client.publish("other", b"no", qos)
            client.publish("own/x", b"no", 2, retain=True)
            client.publish("own/x", b"yes", 2)
        assert watch.take().payload == b"yes"
        expect_denied_in_5(broker, watch)


# Wills

WILLS = [
    role("some", {"identity": "device-2"}, publish=["own/#"],
         will=["wills/${client_id}"], retain=["wills/kept"]),
    role("plain", {"identity": "device-3"}, publish=["own/#"],
         deny={"publish": ["own/secret"]}),
    role("none", {"identity": "device-4"}, publish=["#"], will=[]),
]


@case(roles=WILLS)
def wills_are_granted(broker):
    """CONNACK 0x87; 5 in 3.1.1"""
    for certificate, client_id, topic, retain, is_granted in (
            ("client-2", "a", "wills/a", False, True),
            ("client-2", "a", "wills/b", False, False),
            ("client-2", "a", "own/x", False, False),
            ("client-2", "a", "wills/a", True, False),
            ("client-2", "kept", "wills/kept", True, True),
            ("client-3", "a", "own/x", False, True),
            ("client-3", "a", "own/x", True, True),
            ("client-3", "a", "own/secret", False, False),
            ("client-3", "a", "wills/a", False, False),
            ("client-4", "a", "x", False, False)):
        will = {"topic": topic, "payload": b"w", "retain": retain}
        for version, denied in (5, 0x87), (4, 5):
            with broker.client(client_id, version=version, will=will,
                               certificate=certificate,
                               expect_reason=0 if is_granted else denied):
                pass
    broker.await_log(event="denied", action="will", identity="device-4")
    broker.await_log(event="denied", action="retained-will",
                     identity="device-2")


# Subscribing

SUBSCRIBE = [
    role("wide", {"identity": "device-2"},
         subscribe=["#", "$SYS/#"],
         deny={"subscribe": ["keys/+/private", "logs/#", "${ou}/x"]}),
]


@case(roles=SUBSCRIBE)
def a_subscription_is_denied_with_what_it_reaches(broker):
    """0x87 in 5.0, 0x80 in 3.1.1"""
    granted = ("keys/a", "keys/a/public", "keys/+/public", "log", "$SYS/broker/uptime",
               "$share/g/keys/a")
    # It has no OU: what the last filter denies is all there is.
    for filter_ in granted:
        with broker.client(certificate="client-2") as client:
            assert client.subscribe(filter_) == [0x87], filter_
    with Daemon(roles=[role("wide", {"identity": "device-2"},
                            subscribe=["#", "$SYS/#"],
                            deny={"subscribe": ["keys/+/private", "logs/#"]}
                            )]) as other:
        denied = ("#", "+/#", "+/+/+", "keys/#", "keys/a/private", "keys/a/+",
                  "logs", "logs/x/y", "+", "$share/g/#", "+/a/private")
        for version, code in (5, 0x87), (4, 0x80):
            with other.client(certificate="client-2",
                              version=version) as client:
                codes = client.subscribe(*denied)
                assert codes == [code] * len(denied), codes
                shared = 1 if version == 4 else 0
                codes = client.subscribe(*granted[:len(granted) - shared])
                assert codes == [0] * (len(granted) - shared), codes
        other.await_log(event="denied", action="subscribe", by_role="wide",
                        list="deny.subscribe", rule="keys/+/private")


# Whom roles match

def matched(broker, certificate):
    """The names of the roles, by what each lets one publish."""
    with broker.client(certificate=certificate) as client:
        return {name for name in MATCHES
                if client.publish(name, b"", 1) in ACKNOWLEDGED}


MATCHES = {
    "identity": {"identity": "n*s"},
    "o": {"o": "Work?"},
    "o-2": {"o": ["no", "Wor*"]},
    "ou": {"ou": "crew"},
    "ou-2": {"ou": "pier"},
    "dns": {"san": "dns:*.example"},
    "uri": {"san": ["uri:spiffe://example.org/*", "dns:nobody"]},
    "email": {"san": "email:pump@*"},
    "issuer": {"issuer": "Signet test CA"},
    "issuer-2": {"issuer": "Signet test CA 2"},
    "all": {"identity": "*", "o": "Works", "issuer": "Signet*"},
    "too-much": {"identity": "*", "o": "Works", "ou": "nobody"},
}


def match_roles():
    roles = [role(name, match, publish=[name])
             for name, match in MATCHES.items()]
    roles.append(role("everybody", {"identity": "*"}))
    roles[0] = role("identity", {"fingerprint": [
        "00" * 32, fingerprint("client-names")]}, publish=["identity"])
    return roles


@standalone
def roles_match_fields_of_the_certificate():
    with Daemon(roles=match_roles()) as broker:
        assert matched(broker, "client-names") == {
            "identity", "o-2", "ou", "dns", "uri", "email", "issuer", "all"}
        assert matched(broker, "client-names-twice") == {
            "o-2", "ou", "ou-2", "dns", "issuer", "all"}
        assert matched(broker, "client-operator") == {"issuer"}
        assert matched(broker, "client-chain") == {"issuer-2"}


@standalone
def an_issuer_s_name_can_be_bound_to_its_authority():
    """Another authority may make a CA of the same name below it: it gets no
    role that demands the authority, in a resumed session neither, and a role
    that does not is warned of."""
    with tempfile.TemporaryDirectory(prefix="signet-test-issuer-") as folder:
        os.chmod(folder, 0o755)
        ours = Authority(folder, "services")
        below = Authority(folder, "plant", ours)
        os.mkdir(f"{folder}/partner")
        os.chmod(f"{folder}/partner", 0o755)
        partner = Authority(f"{folder}/partner", "partner")
        fake = Authority(f"{folder}/partner", "services", partner)
        ours.issue("direct")
        below.issue("lower", sending=[below])
        fake.issue("evil", sending=[fake])
        roles = [role("name", {"issuer": "services"}, publish=["name"]),
                 role("both", {"issuer": "services", "authority": "services"},
                      publish=["both"]),
                 role("root", {"authority": ["serv*"]}, publish=["root"]),
                 role("any", {"identity": "*"}, publish=["any"])]
        topics = {entry["name"] for entry in roles}
        ca = bundle(f"{folder}/all.pem", ours.certificate, partner.certificate)
        with Daemon(tls={"client_ca": ca}, roles=roles) as broker:
            warning = broker.await_log(event="issuer-alone", by_role="name")
            assert warning["roles"] == "1", warning
            for name, granted in (
                    ("direct", {"name", "both", "root", "any"}),
                    ("lower", {"root", "any"}),
                    ("partner/evil", {"name", "any"})):
                broker.pki, name = f"{folder}/{name}".rsplit("/", 1)
                session = None
                for is_resumed in False, True:
                    with broker.client(certificate=name,
                                       session=session) as client:
                        got = {topic for topic in topics if client.publish(
                            topic, b"", 1) in ACKNOWLEDGED}
                        assert client.stream.tls.session_reused == is_resumed
                        session = client.stream.tls.session
                        client.disconnect()
                    assert got == granted, (name, is_resumed, got)
                for topic in topics:
                    said, text = explain(
                        broker.configuration, name, "x", "publish", topic,
                        folder=broker.pki)
                    assert said == (topic in granted), text
            mark = broker.log.mark()
            broker.reload(roles=roles[1:])
            assert not broker.log.find(mark, event="issuer-alone")


# Identities and variables

IDENTITIES = {
    "subject.cn": ("names", "names"),
    "san.dns": ("pump.example", "pump.example"),
    "san.uri": ("spiffe://example.org/site/pump",
                "spiffe:%2F%2Fexample.org%2Fsite%2Fpump"),
    "san.email": ("pump@example.com", "pump@example.com"),
}


def check_identity(kind, identity, level):
    roles = [role("own", {"identity": identity}, publish=["d/${identity}/#"],
                  connect=["${identity}"])]
    with Daemon(identity=kind, roles=roles) as broker:
        with broker.client(identity, certificate="client-names") as client:
            broker.await_log(event="connected", identity=identity)
            assert client.publish(f"d/{level}/x", b"", 1) in ACKNOWLEDGED
            for other in ("x", f"{level}x", "spiffe://example.org/site/pump"):
                assert client.publish(f"d/{other}/x", b"", 1) == 0x87, other
        if kind not in ("subject.cn", "fingerprint"):
            for certificate, fault in (("client-1", "no-"),
                                       ("client-names-twice", "several-")):
                try:
                    Client(broker, certificate=certificate).abort()
                    raise AssertionError(f"{certificate} is let in")
                except (OSError, Closed):
                    pass
                broker.await_log(
                    event="refused", reason="identity-invalid",
                    detail=fault + {"san.dns": "dns-name",
                                    "san.uri": "uri",
                                    "san.email": "email-address"}[kind]
                    + ("" if fault == "no-" else
                       "es" if kind == "san.email" else "s"))


@standalone(timeout=120)
def the_identity_is_one_field_and_no_other():
    for kind, (identity, level) in IDENTITIES.items():
        check_identity(kind, identity, level)
    digits = fingerprint("client-names").replace(":", "").lower()
    check_identity("fingerprint", digits, digits)


VARIABLES = [
    role("values", {"identity": "*"},
         publish=["i/${identity}", "c/${client_id}", "n/${cn}/${o}/${ou}",
                  "u/${ou}/#", "${client_id}/front"],
         subscribe=["c/${client_id}/#"],
         deny={"publish": ["i/no-${client_id}/+"]}),
]


@case(roles=VARIABLES)
def values_are_text_whatever_is_in_them(broker):
    with broker.client("phone", certificate="client-names") as client:
        for topic in ("i/names", "c/phone", "n/names/Works/crew", "u/crew/x",
                      "phone/front"):
            assert client.publish(topic, b"", 1) in ACKNOWLEDGED, topic
        for topic in ("i/phone", "c/names", "n/names/Works/pier", "u/x",
                      "names/front", "c/${client_id}", "i/no-phone/x"):
            assert client.publish(topic, b"", 1) == 0x87, topic
    # Of two values neither is the one.
    with broker.client("c", certificate="client-names-twice") as client:
        for topic in ("u/crew/x", "u/pier/x", "n/names-twice/Works/crew"):
            assert client.publish(topic, b"", 1) == 0x87, topic
    for client_id in ("+", "#", "a/b", "${identity}", "$SYS", "*", "$share"):
        with broker.client(client_id, certificate="client-names") as client:
            for topic in ("c/x", "c/names", "c/a/b", "$SYS/front",
                          "$share/front"):
                assert client.publish(topic, b"", 1) == 0x87, topic
            for filter_ in ("c/+", "c/#", "c/+/#", "c/a/b", "#"):
                assert client.subscribe(filter_) == [0x87], filter_


# What is logged and counted

@case(roles=[role("none", {"identity": "*"}, subscribe=["$SYS/#"])],
      sys={"interval_seconds": 1}, processes={"workers": 1})
def a_denial_is_logged_once_a_minute_and_counted(broker):
    with broker.client(certificate="client-2") as client, \
            broker.client(certificate="client-3") as other:
        for i in range(50):
            assert client.publish(f"t/{i}", b"", 1) == 0x87
        assert client.subscribe("t") == [0x87]
        assert other.publish("t", b"", 1) == 0x87
        client.subscribe("$SYS/broker/rights/denied")
        while client.take().payload != b"52":
            pass
    lines = broker.log.find(event="denied")
    assert [(line["identity"], line["action"])
            for line in lines] == [("device-2", "publish"),
                                   ("device-2", "subscribe"),
                                   ("device-3", "publish")], lines
    assert lines[0]["topic"] == "t/0"


@case(roles=[role("none", {"identity": "*"})], processes={"workers": 4})
def a_denial_is_logged_once_whichever_worker_it_comes_to(broker):
    """The homes of twelve sessions are four workers, by chance not fewer."""
    for i in range(12):
        with broker.client(f"home-{i}", certificate="client-2") as client:
            assert client.publish(f"t/{i}", b"", 1) == 0x87
            # What is told behind the first says that it has been told.
            assert client.subscribe("t") == [0x87]
    broker.await_log(event="denied", action="subscribe")
    with broker.client(certificate="client-2") as client:
        client.ping()
    for action in "publish", "subscribe":
        lines = broker.log.find(event="denied", action=action)
        assert len(lines) == 1, lines


# Limits

RATE = 40


def limited(**limits):
    return [ALL, role("slow", {"identity": "device-2"}, publish=["#"],
                      limits=limits)]


def expect_slow(broker, count, payload, least_seconds):
    """All arrives, in order, on one connection, and not too soon."""
    with broker.client(props={"receive_maximum": 1000}) as watch, \
            broker.client(certificate="client-2") as client:
        watch.subscribe("#")
        started = time.monotonic()
        for i in range(count):
            client.send(codec.publish("t", b"%06d" % i + payload, version=5))
        for i in range(count):
            assert watch.take(3 * DEADLINE).payload[:6] == b"%06d" % i
        elapsed = time.monotonic() - started
        assert elapsed >= least_seconds, elapsed
        client.ping()
    broker.await_log(event="throttled", identity="device-2")
    assert int(broker.await_log(event="closed", identity="device-2")
               ["throttled"]) > 0


@case(roles=limited(messages_per_second=RATE))
def who_sends_too_many_messages_is_read_more_slowly(broker):
    expect_slow(broker, 4 * RATE, b"", 2.5)


@case(roles=limited(bytes_per_second=20000))
def who_sends_too_many_bytes_is_read_more_slowly(broker):
    expect_slow(broker, 80, b"x" * 1000, 2.5)


@case(roles=limited(messages_per_second=1), sys={"interval_seconds": 1})
def others_do_not_wait(broker):
    with broker.client(certificate="client-2", keep_alive=1) as slow, \
            broker.client() as client:
        topic = unique("t/")
        client.subscribe(topic)
        for _ in range(5):
            slow.send(codec.publish("slow", b"", version=5))
        broker.await_log(event="throttled", identity="device-2")
        for _ in range(100):
            client.publish(topic, b"x", 1)
        for _ in range(100):
            client.take()
        slow.ping()  # it is behind the five, and the keep alive is kept


# What signetctl explain says

EXPLAINED = [
    role("device", {"identity": "device-*"}, connect=["${identity}*"],
         publish=["d/${identity}/#", "c/${client_id}"],
         subscribe=["d/${identity}/+", "shared"],
         deny={"publish": ["d/+/secret"], "subscribe": ["d/+/secret"]}),
    role("crew", {"ou": "crew", "san": "dns:*.example"}, publish=["#"],
         retain=["kept/#"], will=["w/${ou}"],
         deny={"publish": ["no/${o}/#"]}),
    role("bare", {"identity": "operator"}),
]

QUESTIONS = [
    ("connect", None), ("publish", "d/device-1/x"), ("publish", "x"),
    ("publish", "d/device-1/secret"), ("publish", "c/device-1-app"),
    ("publish", "no/Works/x"), ("publish", "no/Other/x"),
    ("publish", "$SYS/x"), ("retain", "kept/x"), ("retain", "x"),
    ("retain", "d/device-1/x"), ("will", "w/crew"), ("will", "w/x"),
    ("will", "d/device-1/x"), ("retained-will", "w/crew"),
    ("retained-will", "d/device-1/x"),
    ("subscribe", "d/device-1/x"), ("subscribe", "d/device-1/+"),
    ("subscribe", "d/device-1/#"), ("subscribe", "shared"),
    ("subscribe", "$share/g/shared"), ("subscribe", "#"),
    ("publish", "/".join("x" * 200)),
]
CLIENTS = [("client-1", "device-1-app"), ("client-1", "other"),
           ("client-names", "names"), ("client-operator", "o"),
           ("client-rsa", "device-rsa"), ("client-chain", "x")]


def say(broker, certificate, client_id, action, topic):
    """What the daemon says: is it granted?"""
    options = {"certificate": certificate, "is_connected": False}
    will = None
    if action in ("will", "retained-will"):
        will = {"topic": topic, "payload": b"",
                "retain": action == "retained-will"}
    with broker.client(client_id, **options) as client:
        if client.connect(will=will).reason != 0:
            return False
        if action in ("publish", "retain"):
            return client.publish(topic, b"", 1,
                                  retain=action == "retain") in ACKNOWLEDGED
        if action == "subscribe":
            return client.subscribe(topic)[0] < 0x80
        client.disconnect()  # without its will
        return True


def explain(file, certificate, client_id, action, topic, folder=None):
    done = subprocess.run(
        [SIGNETCTL, "explain", "--cert", f"{folder or pki()}/{certificate}.pem",
         "--client-id", client_id, "--config", file, action]
        + ([] if topic is None else [topic]),
        capture_output=True, text=True, timeout=3 * DEADLINE)
    assert done.returncode in (0, 1), done
    assert done.stdout.startswith(
        "granted: " if done.returncode == 0 else "denied: "), done
    return done.returncode == 0, done.stdout


@case(roles=EXPLAINED, timeout=180)
def explain_says_what_the_daemon_does(broker):
    outcomes = set()
    for certificate, client_id in CLIENTS:
        for action, topic in QUESTIONS:
            said, text = explain(broker.configuration, certificate, client_id,
                                 action, topic)
            did = say(broker, certificate, client_id, action, topic)
            assert said == did, (certificate, client_id, did, text)
            outcomes.add((action, did))
    assert len(outcomes) == 12, outcomes  # each action both ways


@case(roles=EXPLAINED)
def explain_names_the_rule_and_its_place(broker):
    with open(broker.configuration) as file:
        lines = file.read().split("\n")

    def line_of(text):
        return next(i for i, line in enumerate(lines, 1) if text in line)

    for certificate, client_id, action, topic, words, text in (
            ("client-1", "device-1", "publish", "d/device-1/x",
             '"d/${identity}/#" in publish of role "device"', "c/${client"),
            ("client-1", "device-1", "subscribe", "d/device-1/+",
             '"d/+/secret" in deny.subscribe of role "device"', None),
            ("client-operator", "x", "connect", None,
             'role "bare" names no connect', None),
            ("client-names", "x", "will", "w/crew",
             '"w/${ou}" in will of role "crew"', "w/${ou}"),
            ("client-1", "x", "publish", "d/device-1/x",
             "it may not even connect", None),
            ("client-chain", "x", "connect", None,
             "no role grants it in connect", None)):
        _, said = explain(broker.configuration, certificate, client_id,
                          action, topic)
        assert words in said, said
        if text is not None:
            place = f"({broker.configuration}:{line_of(text)})"
            assert place in said, (place, said)


@standalone
def explain_needs_no_daemon_and_says_what_is_wrong():
    with Daemon(roles=EXPLAINED) as broker:
        with open(broker.configuration) as file:
            text = file.read()
    # Neither the files that it names nor the daemon's folder are there.
    folder = f"{pki()}/explain-{unique()}"
    subprocess.run(["mkdir", folder], check=True)
    path = f"{folder}/new.conf"
    with open(path, "w") as file:
        file.write(re.sub(r'"/[^"]*\.(pem|key)"', '"missing.pem"', text))
    assert explain(path, "client-1", "device-1", "connect", None)[0]
    said, text = explain(path, "client-slash", "x", "connect", None)
    assert not said and "the certificate is refused" in text, text
    for arguments in (
            [], ["connect"], ["--cert", f"{pki()}/client-1.pem"],
            ["--cert", f"{pki()}/client-1.pem", "fly"],
            ["--cert", f"{pki()}/client-1.pem", "publish"],
            ["--cert", f"{pki()}/client-1.pem", "connect", "x"],
            ["--cert", f"{pki()}/client-1.pem", "publish", "a/+"],
            ["--cert", f"{pki()}/client-1.pem", "subscribe", "a#"],
            ["--cert", f"{pki()}/client-1.key", "connect"],
            ["--cert", f"{pki()}/no-such-file", "connect"],
            ["--cert", f"{pki()}/client-1.pem", "--config",
             f"{folder}/none", "connect"]):
        done = subprocess.run(
            [SIGNETCTL, "-c", path, "explain", *arguments],
            capture_output=True, text=True, timeout=3 * DEADLINE)
        assert done.returncode == 2 and done.stderr, (arguments, done)
        assert done.stdout == "", done


@standalone
def explain_prints_nothing_that_a_terminal_would_obey():
    """As signetctl(1) promises: what is not seen, what turns the direction of
    writing, control characters and backslashes are \\xNN."""
    with tempfile.TemporaryDirectory(prefix="signet-test-explain-") as folder:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-days", "3",
             "-subj", "/CN=a\u202eb\\\\c\u200bd", "-keyout",
             f"{folder}/key", "-out", f"{folder}/shown.pem"], check=True,
            stderr=subprocess.DEVNULL)
        with open(f"{folder}/new.conf", "w") as file:
            file.write('listen = ( { address = "::1"; port = 1; } );\n'
                       'tls = { certificate = "/c"; private_key = "/k"; '
                       'client_ca = "/a"; };\n'
                       f"roles = {libconfig([ALL])};\n")
        for client_id, topic, printed in (
                ("x\u2066y", "t\u202e\x1b", (r"t\xe2\x80\xae\x1b",
                                           r"x\xe2\x81\xa6y")),
                ("back\\slash", "t\\t", (r"t\x5ct", r"back\x5cslash"))):
            done = subprocess.run(
                [SIGNETCTL, "explain", "--cert", f"{folder}/shown.pem",
                 "--client-id", client_id, "--config", f"{folder}/new.conf",
                 "publish", topic], capture_output=True, timeout=3 * DEADLINE)
            said = done.stdout.decode()
            assert done.returncode == 1, done
            for words in printed + (r"a\xe2\x80\xaeb\x5cc\xe2\x80\x8bd",):
                assert words in said, (words, said)


# What becomes of sessions

@standalone
def a_session_keeps_no_more_than_its_client_may_have():
    """Who returns with less rights has less subscriptions."""
    wide = role("wide", {"ou": "crew"}, subscribe=["#"])
    own = role("own", {"identity": "*"}, subscribe=["own/#"])
    with Daemon(roles=[ALL, wide, own]) as broker:
        with broker.client("s", certificate="client-names", clean=True,
                           props={"session_expiry_interval": 600}) as client:
            assert client.subscribe("own/a", "all/b", "$share/g/all/c",
                                    qos=1) == [1, 1, 1]
            client.disconnect()
        with broker.client() as sender:
            for topic in "all/b", "own/a":  # before the right is gone
                sender.publish(topic, b"old", 1)
        broker.restart(roles=[ALL, own])
        with broker.client() as sender:
            for topic in "all/b", "own/a":  # and after it
                sender.publish(topic, b"new", 1)
        with broker.client("s", certificate="client-names", clean=False,
                           props={"session_expiry_interval": 600}) as client:
            assert client.connack.session_present
            line = broker.await_log(event="subscriptions-withdrawn")
            assert line["count"] == "2", line.text
            for payload in b"old", b"new":
                got = client.take()
                assert (got.topic, got.payload) == ("own/a", payload), got
            with broker.client() as sender:
                for topic in "all/b", "all/c", "own/a":
                    sender.publish(topic, b"x", 1)
            assert client.take().topic == "own/a"
            client.expect_nothing()
            assert client.unsubscribe("all/b", "own/a") == [17, 0]


main()
