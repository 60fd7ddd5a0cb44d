#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Python paho as a peer."""

import itertools
import queue
import ssl

from signet import DEADLINE, Skipped, case, main, unique

try:
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
except ImportError:
    paho = None


def make(client_id, version, transport):
    protocol = {4: paho.MQTTv311, 5: paho.MQTTv5}[version]
    if hasattr(paho, "CallbackAPIVersion"):  # paho 2
        return paho.Client(paho.CallbackAPIVersion.VERSION1, client_id,
                           protocol=protocol, transport=transport)
    return paho.Client(client_id, protocol=protocol, transport=transport)


class Peer:
    """A connected paho client; what happens is put in queues."""

    def __init__(self, broker, name, version, maximum=None,
                 transport="tcp", will=None):
        self.queues = {what: queue.Queue()
                       for what in ("connect", "subscribe", "message")}
        client = self.client = make(unique("paho"), version, transport)
        context = ssl.create_default_context(cafile=f"{broker.pki}/ca.pem")
        context.load_cert_chain(f"{broker.pki}/{name}.pem",
                                f"{broker.pki}/{name}.key")
        if maximum is not None:
            context.maximum_version = maximum
        client.tls_set_context(context)
        if will is not None:
            client.will_set(*will)
        client.on_connect = lambda *a: self.queues["connect"].put(a[3])
        client.on_subscribe = lambda *a: self.queues["subscribe"].put(a[3])
        client.on_message = lambda *a: self.queues["message"].put(a[2])
        client.connect("127.0.0.1", broker.port, 60)
        client.loop_start()
        reason = self.get("connect")
        assert reason == 0, reason

    def get(self, what):
        return self.queues[what].get(timeout=DEADLINE)

    def subscribe(self, topic, qos):
        self.client.subscribe(topic, qos)
        granted = self.get("subscribe")[0]
        assert getattr(granted, "value", granted) == qos, granted

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()


def exchange(broker, version, maximum, to="tcp", by="tcp"):
    with Peer(broker, "client-4", version, maximum, to) as receiver, \
            Peer(broker, "client-5", version, maximum, by) as sender:
        for qos in 0, 1, 2:
            topic = unique("paho/")
            receiver.subscribe(topic, qos)
            props = None
            if version == 5:
                props = Properties(PacketTypes.PUBLISH)
                props.ContentType = "a/b"
                props.UserProperty = [("k", "1"), ("k", "2")]
            for payload in b"hello", b"", b"x" * 200000:
                info = sender.client.publish(topic, payload, qos,
                                             properties=props)
                got = receiver.get("message")
                assert (got.topic, got.payload, got.qos) == (
                    topic, payload, qos)
                if version == 5:
                    assert got.properties.ContentType == "a/b"
                    assert got.properties.UserProperty == [("k", "1"),
                                                           ("k", "2")]
                info.wait_for_publish()


@case(generic=True)
def paho_exchanges_messages(broker):
    if paho is None:
        raise Skipped("python3-paho-mqtt is not installed")
    for version in 4, 5:
        for maximum, best in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                              (None, "TLSv1.3")):
            mark = broker.log.mark()
            exchange(broker, version, maximum)
            if broker.is_signet:
                broker.expect_best_tls(mark, 2, best)


@case(timeout=120)
def paho_exchanges_messages_over_websocket(broker):
    if paho is None:
        raise Skipped("python3-paho-mqtt is not installed")
    for version in 4, 5:
        for to, by in (("websockets", "websockets"), ("tcp", "websockets"),
                       ("websockets", "tcp")):
            exchange(broker, version, None, to, by)


def keep(peers, qos):
    """A retained message; and the empty one that removes it."""
    receiver, sender = peers
    topic = unique("paho/kept/")
    # It is kept when it is acknowledged.
    sender.client.publish(topic, b"kept", max(qos, 1),
                          retain=True).wait_for_publish()
    receiver.subscribe(topic, qos)
    got = receiver.get("message")
    assert (got.payload, got.qos, got.retain) == (b"kept", qos, True)
    sender.client.publish(topic, b"", qos, retain=True)
    got = receiver.get("message")
    assert (got.payload, got.qos, got.retain) == (b"", qos, False)


def share(peers, qos):
    """Each message comes to one of them."""
    topic = unique("paho/shared/")
    peers[1].queues["message"] = peers[0].queues["message"]
    for peer in peers:
        peer.subscribe(f"$share/group/{topic}", qos)
    for i in range(10):
        peers[0].client.publish(topic, str(i), qos).wait_for_publish()
    got = [peers[0].get("message").payload for _ in range(10)]
    assert sorted(got) == [b"%d" % i for i in range(10)], got


def die(broker, watcher, version, qos, transport):
    """Without DISCONNECT."""
    topic = unique("paho/will/")
    watcher.subscribe(topic, qos)
    mortal = Peer(broker, "client-6", version, transport=transport,
                  will=(topic, b"gone", qos))
    mortal.client.loop_stop()
    mortal.client.socket().close()
    got = watcher.get("message")
    assert (got.payload, got.qos) == (b"gone", qos)


@case(timeout=120)
def paho_keeps_shares_and_dies(broker):
    if paho is None:
        raise Skipped("python3-paho-mqtt is not installed")
    for version, transport in itertools.product((4, 5), ("tcp",
                                                         "websockets")):
        with Peer(broker, "client-4", version, None, transport) as one, \
                Peer(broker, "client-5", version, None, transport) as other:
            for qos in 0, 1, 2:
                keep((one, other), qos)
                share((one, other), qos)
            die(broker, one, version, version - 3, transport)
            assert one.queues["message"].empty()


@case(generic=True)
def paho_clients_of_both_versions_meet(broker):
    if paho is None:
        raise Skipped("python3-paho-mqtt is not installed")
    with Peer(broker, "client-4", 4) as old, Peer(broker, "client-5",
                                                  5) as new:
        old.subscribe("paho/to/old", 1)
        new.subscribe("paho/to/new", 1)
        old.client.publish("paho/to/new", b"1", 1)
        new.client.publish("paho/to/old", b"2", 1)
        assert new.get("message").payload == b"1"
        assert old.get("message").payload == b"2"


main()
