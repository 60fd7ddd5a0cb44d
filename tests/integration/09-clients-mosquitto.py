#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""mosquitto_pub and mosquitto_sub as peers."""

import shutil
import subprocess

from signet import DEADLINE, Skipped, case, main, unique


def arguments(broker, name, version, qos, *more):
    return ["-h", "127.0.0.1", "-p", str(broker.port), "-V", version,
            "--cafile", f"{broker.pki}/ca.pem",
            "--cert", f"{broker.pki}/{name}.pem",
            "--key", f"{broker.pki}/{name}.key", "-q", str(qos), *more]


class Subscriber:
    """mosquitto_sub that ends after count messages."""

    def __init__(self, broker, topic, count, version, qos, *more):
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", "-d",
             *arguments(broker, "client-1", version, qos, "-t", topic,
                        "-C", str(count), "-W", "20", "-F", "got %t %q %l %p",
                        *more)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace")
        self.output = ""
        for line in self.process.stdout:
            self.output += line
            if line.startswith("Subscribed"):
                return
        self.end()
        raise AssertionError(self.output)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def messages(self):
        rest, _ = self.process.communicate(timeout=3 * DEADLINE)
        assert self.process.returncode == 0, self.output + rest
        return [line[4:] for line in rest.splitlines()
                if line.startswith("got ")]


def publish(broker, topic, payload, version, qos, *more):
    subprocess.run(
        ["mosquitto_pub", *arguments(broker, "client-2", version, qos,
                                     "-t", topic, "-s", *more)],
        input=payload, check=True, timeout=3 * DEADLINE,
        stdout=subprocess.DEVNULL)


def receive(broker, version, qos, *more):
    """What mosquitto_sub prints of messages that are there already."""
    return subprocess.run(
        ["mosquitto_sub", *arguments(broker, "client-1", version, qos, "-W",
                                     "20", *more)],
        capture_output=True, text=True, timeout=3 * DEADLINE).stdout


def need_mosquitto():
    if shutil.which("mosquitto_sub") is None:
        raise Skipped("mosquitto-clients is not installed")


@case(generic=True)
def mosquitto_clients_exchange_messages(broker):
    need_mosquitto()
    for version in "mqttv311", "mqttv5":
        for qos in 0, 1, 2:
            topic, mark = unique("mosquitto/"), broker.log.mark()
            with Subscriber(broker, f"{topic}/+", 2, version, qos) as sub:
                publish(broker, f"{topic}/a", b"hello", version, qos)
                publish(broker, f"{topic}/b", b"x" * 300000, version, qos)
                got = sub.messages()
            assert got[0] == f"{topic}/a {qos} 5 hello", got[0]
            assert got[1].startswith(f"{topic}/b {qos} 300000 x"), got[1][:80]
            if broker.is_signet:
                broker.expect_best_tls(mark, 3)


@case(generic=True)
def mosquitto_clients_keep_to_the_tls_version_asked(broker):
    need_mosquitto()
    topic = unique("mosquitto/")
    with Subscriber(broker, topic, 1, "mqttv311", 0,
                    "--tls-version", "tlsv1.2") as sub:
        publish(broker, topic, b"x", "mqttv5", 0, "--tls-version", "tlsv1.2")
        assert sub.messages() == [f"{topic} 0 1 x"]


@case(generic=True)
def mosquitto_pub_s_properties_arrive(broker):
    need_mosquitto()
    with broker.client() as client:
        topic = unique("mosquitto/")
        client.subscribe(topic)
        publish(broker, topic, b"x", "mqttv5", 1,
                "-D", "publish", "content-type", "text/plain",
                "-D", "publish", "user-property", "k", "v",
                "-D", "publish", "response-topic", "r",
                "-D", "publish", "correlation-data", "c")
        assert client.take().props == {
            "content_type": "text/plain", "user_property": [("k", "v")],
            "response_topic": "r", "correlation_data": b"c"}


@case(generic=True)
def mosquitto_sub_s_will_is_published(broker):
    need_mosquitto()
    for version in "mqttv311", "mqttv5":
        for qos in 0, 1, 2:
            topic = unique("mosquitto/will/")
            with broker.client() as watch:
                watch.subscribe(topic, qos=2)
                with Subscriber(broker, "none", 1, version, 0,
                                "--will-topic", topic, "--will-payload",
                                "gone", "--will-qos", str(qos)) as sub:
                    # stdbuf executes mosquitto_sub: it is the same process.
                    sub.process.kill()
                    got = watch.take()
                assert (got.payload, got.qos) == (b"gone", qos), got


@case(generic=True)
def mosquitto_sub_gets_retained_messages(broker):
    need_mosquitto()
    for version in "mqttv311", "mqttv5":
        for qos in 0, 1, 2:
            topic = unique("mosquitto/kept/")
            publish(broker, f"{topic}/a", b"kept", version, qos, "-r")
            got = receive(broker, version, qos, "-t", f"{topic}/+",
                          "-C", "1", "-F", "%t %q %r %p")
            assert got == f"{topic}/a {qos} 1 kept\n", (version, qos, got)


@case(generic=True)
def mosquitto_sub_s_session_waits_for_it(broker):
    need_mosquitto()
    for version, more in (("mqttv311", []), ("mqttv5", ["-x", "60"])):
        for qos in 1, 2:
            topic = unique("mosquitto/left/")
            more = [*more, "-i", unique("mosquitto-left-"), "-c"]
            with Subscriber(broker, topic, 1, version, qos, *more) as sub:
                sub.end()
            publish(broker, topic, b"meanwhile", version, qos)
            publish(broker, topic, b"and more", version, qos)
            got = receive(broker, version, qos, "-t", topic, "-C", "2", *more)
            assert got == "meanwhile\nand more\n", (version, qos, got)


@case(generic=True)
def mosquitto_subs_share_a_subscription(broker):
    need_mosquitto()
    for version in "mqttv311", "mqttv5":
        for qos in 0, 1, 2:
            topic = unique("mosquitto/shared/")
            shared = f"$share/group/{topic}"
            with Subscriber(broker, shared, 5, version, qos) as one, \
                    Subscriber(broker, shared, 5, version, qos) as other:
                for i in range(10):
                    publish(broker, topic, b"%d" % i, version, qos)
                got = one.messages() + other.messages()
            assert sorted(got) == [f"{topic} {qos} 1 {i}"
                                   for i in range(10)], got


@case
def mosquitto_pub_without_a_certificate_fails(broker):
    need_mosquitto()
    done = subprocess.run(
        ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port),
         "--cafile", f"{broker.pki}/ca.pem", "-t", "t", "-m", "x"],
        capture_output=True, timeout=3 * DEADLINE)
    assert done.returncode != 0
    done = subprocess.run(
        ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port),
         "-t", "t", "-m", "x"], capture_output=True, timeout=3 * DEADLINE)
    assert done.returncode != 0


main()
