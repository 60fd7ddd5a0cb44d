#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Another number of workers at each start, in the midst of what is to be
delivered once (4.3.3)."""

import functools
import subprocess

from signet import DEADLINE, Daemon, codec, lasting, main, standalone
from signet.daemon import SIGNETD

# The last is the first again.
COUNTS = (3, 1, 4, 2)
RECEIVERS = 8  # so that each worker has some, however many there are


def ways_to_end(function):
    for is_orderly in True, False:
        run = functools.partial(function, is_orderly,
                                COUNTS[:2] if is_orderly else COUNTS)
        run.__name__ = (f"{function.__name__}_"
                        f"{'ended' if is_orderly else 'killed'}")
        standalone(timeout=90)(run)
    return function


def away(broker, topic_filter):
    clients = [broker.client(**lasting(5)) for _ in range(RECEIVERS)]
    for client in clients:
        client.subscribe(topic_filter, qos=2)
        client.leave()
    return clients


def check_each_got(broker, clients, payloads):
    for client in clients:
        with client.resume(broker, **lasting(5)) as again:
            assert again.connack.session_present
            got = [again.take().payload for _ in payloads]
            assert got == payloads, got
            again.expect_nothing()


def publish_again(client, packet_id):
    """As if its PUBREC had not come."""
    client.send(codec.publish("moved", b"%d" % packet_id, 2, packet_id, 5,
                              dup=True))
    answer = client.expect(codec.PUBREC)
    assert (answer.packet_id, answer.reason) == (packet_id, 0), answer


def check_notes_are_gone(daemon):
    daemon.process.terminate()
    assert daemon.process.wait(3 * DEADLINE) == 0, daemon.log.tail()
    text = subprocess.run([SIGNETD, "--check-store", "-c",
                           daemon.configuration], capture_output=True,
                          text=True, check=True).stdout
    assert "received packet identifiers: 0\n" in text, text
    daemon.kill()


@ways_to_end
def what_is_published_again_comes_once(is_orderly, counts):
    """[MQTT-4.3.3-2], [MQTT5-4.3.3-10]"""
    with Daemon(processes={"workers": 2}) as daemon:
        receivers = away(daemon, "moved")
        sender = daemon.client(**lasting(5))
        sender.send(codec.publish("moved", b"1", 2, 1, 5))
        assert sender.expect(codec.PUBREC).packet_id == 1
        for workers in counts:
            daemon.restart(is_orderly, processes={"workers": workers})
            sender = sender.resume(daemon, **lasting(5))
            publish_again(sender, 1)
            # Under each number of workers there is one that began there.
            sender.send(codec.publish("moved", b"%d" % (workers + 1), 2,
                                      workers + 1, 5))
            assert sender.expect(codec.PUBREC).packet_id == workers + 1
        for packet_id in (1, *(workers + 1 for workers in counts)):
            sender.send(codec.ack(codec.PUBREL, packet_id))
            done = sender.expect(codec.PUBCOMP)
            assert (done.packet_id, done.reason) == (packet_id, 0), done
        # Then it is another message.
        sender.publish("moved", b"next", 2)
        check_each_got(daemon, receivers,
                       [b"1", *(b"%d" % (workers + 1) for workers in counts),
                        b"next"])
        check_notes_are_gone(daemon)


@ways_to_end
def what_is_released_is_forgotten(is_orderly, counts):
    """PUBREL comes when sessions have moved: the identifier is free then."""
    with Daemon(processes={"workers": 2}) as daemon:
        receivers = away(daemon, "moved")
        sender = daemon.client(**lasting(5))
        for i, workers in enumerate(counts):
            sender.send(codec.publish("moved", b"%d" % i, 2, 7, 5))
            assert sender.expect(codec.PUBREC).packet_id == 7
            daemon.restart(is_orderly, processes={"workers": workers})
            sender = sender.resume(daemon, **lasting(5))
            sender.send(codec.ack(codec.PUBREL, 7))
            assert sender.expect(codec.PUBCOMP).reason == 0
        check_each_got(daemon, receivers, [b"%d" % i for i in range(len(counts))])


@standalone
def what_is_refused_the_second_time_is_forgotten():
    """The right to publish is gone when the client sends it again: PUBREC with
    0x87 ends the exchange (4.3.3), and the identifier is free."""
    everything = {"match": {"identity": "*"}, "publish": ["#"],
                  "subscribe": ["#"]}
    with Daemon(processes={"workers": 2},
                roles=[{"name": "all", **everything}]) as daemon:
        receivers = away(daemon, "moved")
        sender = daemon.client(**lasting(5))
        sender.send(codec.publish("moved", b"1", 2, 1, 5))
        assert sender.expect(codec.PUBREC).packet_id == 1
        daemon.restart(is_orderly=False, roles=[
            {"name": "all", **everything, "deny": {"publish": ["moved"]}}])
        sender = sender.resume(daemon, **lasting(5))
        sender.send(codec.publish("moved", b"1", 2, 1, 5, dup=True))
        answer = sender.expect(codec.PUBREC)
        assert (answer.packet_id, answer.reason) == (1, 0x87), answer
        daemon.reload(roles=[{"name": "all", **everything}])
        sender.send(codec.publish("moved", b"2", 2, 1, 5))
        answer = sender.expect(codec.PUBREC)
        assert (answer.packet_id, answer.reason) == (1, 0), answer
        sender.send(codec.ack(codec.PUBREL, 1))
        assert sender.expect(codec.PUBCOMP).reason == 0
        check_each_got(daemon, receivers, [b"1", b"2"])
        check_notes_are_gone(daemon)


main()
