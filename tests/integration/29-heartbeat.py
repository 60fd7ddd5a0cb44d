#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The heartbeat over UDP, from outside: docs/heartbeat.md."""

import contextlib
import os
import random
import signal
import socket
import time

from signet import (Daemon, TimedOut, case, codec, heartbeat, main, standalone,
                    unique, wait_until)
from signet.daemon import ROLES
from signet.heartbeat import (ANSWER, GOING_AWAY, GRANTED, LEN, LONG,
                              MESSAGES_WAIT, NEW_KEY, Beat, Relay, pack,
                              take_offer)
from signet.processes import stopped

WATCHED = {"roles": [{"name": "watch", "match": {"identity": "device-8"},
                      "publish": [], "subscribe": ["$SYS/#"]}] + GRANTED,
           "sys": {"interval_seconds": 1}}


def settings(**options):
    return {**heartbeat.settings(**options), **WATCHED}


def counts(broker):
    """What $SYS says of heartbeats."""
    with broker.client(certificate="client-8") as watch:
        watch.subscribe("$SYS/broker/heartbeat/+")
        found = {}
        while len(found) < 9:
            got = watch.take()
            found[got.topic.rsplit("/", 1)[1]] = int(got.payload)
        return found


def await_counts(broker, **wanted):
    """Until so much has been counted, and not more."""
    wait_until(lambda: all(counts(broker)[name] >= number
                           for name, number in wanted.items()),
               f"{wanted} are counted, not {counts(broker)}")
    found = counts(broker)
    assert all(found[name] == number for name, number in wanted.items()), found
    print(f"     counted: {found}")


@case(**settings())
def a_question_is_answered(broker):
    with broker.client() as client, Beat(client, LONG) as beat:
        for clock in (0, 1, 2**64 - 1):
            answer = beat.ask(clock=clock)
            assert answer.sequence == beat.sequence
            assert answer.clock == clock
            assert answer.key_number == beat.offer.key_number
            assert answer.patience_ms == LONG * 7 // 2
            assert answer.flags == 0
        # Out of order, as long as it is in the window.
        beat.sequence = 1000
        beat.ask()
        for sequence in (1000, 938):
            beat.send(beat.question(sequence=sequence))
            assert beat.receive().sequence == sequence


@case(**settings())
def each_worker_has_its_own(broker):
    for worker in broker.workers():
        client = broker.client_on(worker)
        with client, Beat(client, LONG) as beat:
            assert f"worker {beat.offer.worker}" in broker.roles()
            for _ in range(20):
                beat.ask()
                beat.move()


@case(**settings(least_interval_ms=700))
def versions_and_options_are_all_the_same(broker):
    with broker.client(version=4) as client, \
            Beat(client, 1000, qos=1) as beat:
        assert beat.offer.interval_ms == 1000
        assert beat.offer.misses == 3
        beat.ask()
    with broker.client() as client:
        codes = client.subscribe("$signet/heartbeat/1",
                                 props={"subscription_identifier": 77})
        assert codes[0] == 0, codes
        got = client.await_type(codec.PUBLISH)
        assert got.topic == "$signet/heartbeat/1", got
        assert got.props["subscription_identifier"] in (77, [77]), got
        assert b'"interval_ms":700' in got.payload, got


@case(**settings(max_sessions_percent=1), limits={"connections": 2})
def what_cannot_be_is_refused(broker):
    with broker.client() as client:
        for wrong in ("0", "+", "x", "01", "3600001"):
            assert client.subscribe(f"$signet/heartbeat/{wrong}") == [0x8f]
        for wrong in ("#", "1/2"):
            assert client.subscribe(f"$signet/heartbeat/{wrong}") == [0x87]
        assert client.subscribe("$share/g/$signet/heartbeat/1000") == [0x8f]
        assert client.publish("$signet/heartbeat/1000", b"x", 1) == 0x87
        assert client.subscribe("$signet/heartbeat/1000") == [0]
        take_offer(client)
        # Another interval is no second one.
        assert client.subscribe("$signet/heartbeat/2000") == [0]
        take_offer(client, 2000)
        assert client.unsubscribe("$signet/heartbeat/1000") == [0x11]
    with broker.client(version=4) as client:
        assert client.subscribe("$signet/heartbeat/x") == [0x80]


@case
def without_the_setting_or_the_right_there_is_none(broker):
    with broker.client() as client:
        assert client.subscribe("$signet/heartbeat/1000") == [0x87]


@case(**settings())
def what_is_not_authentic_gets_no_answer(broker):
    generator = random.Random(1)
    with broker.client() as client, Beat(client, LONG) as beat:
        beat.ask()
        good = beat.question()
        malformed = forged = unknown = 0
        for length in [*range(LEN), LEN + 1, 100, 1400]:
            beat.send(good[:length].ljust(length, b"\0"))
            malformed += 1
        for bit in range(8 * LEN):
            changed = bytearray(good)
            changed[bit // 8] ^= 1 << bit % 8
            beat.send(bytes(changed))
            place = bit // 8
            if place < 3 or 28 <= place < 32:
                malformed += 1
            elif 4 <= place < 12:
                unknown += 1
            else:
                forged += 1  # the key number, and what the tag is over
            if bit % 64 == 0:
                beat.expect_silence()
        for _ in range(64):
            beat.send(generator.randbytes(LEN))
            malformed += 1
        for data, number in ((beat.question(kind=ANSWER), "malformed"),
                             (beat.question(version=2), "malformed"),
                             (beat.question(flags=1), "malformed"),
                             (beat.question(patience_ms=1), "malformed"),
                             (beat.question(sequence=0), "malformed"),
                             (beat.question(key=bytes(32)), "forged"),
                             (beat.question(key_number=9), "forged"),
                             (beat.question(handle=beat.offer.handle ^ 1),
                              "unknown")):
            beat.send(data)
            malformed += number == "malformed"
            forged += number == "forged"
            unknown += number == "unknown"
        beat.expect_silence()
        assert client.is_alive()
        total = malformed + forged + unknown
        found = wait_until(
            lambda: (lambda now: now if now["malformed"] + now["forged"]
                     + now["unknown"] + now["replayed"] == total else None)(
                         counts(broker)), f"{total} are counted")
        print(f"     of {total} that were forged, cut or changed: {found}")
        assert found["taken"] == found["answered"], found


FLOOD = 20000
BAD_A_MS = 32  # are taken at most


@case(**settings(), processes={"workers": 1})
def a_flood_changes_nothing_and_is_not_answered(broker):
    with broker.client() as client, Beat(client, LONG) as beat:
        beat.ask()
        forged = beat.question(key=bytes(32))
        began = time.monotonic()
        for i in range(FLOOD):
            beat.send(forged)
            if i % 1000 == 0:
                client.ping()

        def is_answered():
            """There may be no room for a question yet."""
            beat.send(beat.question())
            try:
                return beat.receive(1).sequence == beat.sequence
            except TimedOut:
                return False
        wait_until(is_answered, "a question is answered", 60)
        took = time.monotonic() - began
        client.ping()
        found = wait_until(
            lambda: (lambda now: now if now["forged"] and now["taken"] > 1
                     else None)(counts(broker)), "all is counted", 60)
        print(f"     of {FLOOD} forged ones as fast as can be: {found}")
        assert found["answered"] == found["taken"], found
        assert found["forged"] <= FLOOD, found
        # Two batches more: what it had left before, and the last one.
        assert found["forged"] <= 1000 * took * BAD_A_MS + 2 * 128, \
            (found, took)
        assert found["missed"] == 0 and found["sessions"] == 1, \
            found


@case(**settings())
def what_came_before_gets_no_answer(broker):
    with broker.client() as client, Beat(client, LONG) as beat:
        first = beat.question()
        beat.send(first)
        beat.receive()
        for _ in range(3):
            beat.send(first)
        beat.expect_silence()
        beat.sequence = 100
        beat.ask()
        beat.send(beat.question(sequence=101 - 65))
        beat.send(beat.question(sequence=1))
        beat.expect_silence()
        await_counts(broker, replayed=5, forged=0)


@case(**settings())
def good_and_bad_ones_may_come_at_once(broker):
    """Each is judged for itself, and after those that came before it. While
    the worker stands still, they gather, and it takes them in one call."""
    with broker.client() as client, Beat(client, LONG) as beat:
        worker = broker.role_pids("worker")[beat.offer.worker]
        for _ in range(20):
            first = beat.sequence + 1
            with stopped(worker):
                for _ in range(8):
                    good = beat.question()
                    for data in (good, beat.question(beat.sequence + 1000,
                                                     key=bytes(32)),
                                 good, good[:-1],
                                 beat.question(1, handle=1)):
                        beat.send(data)
            got = [beat.receive().sequence for _ in range(8)]
            assert got == list(range(first, first + 8)), (got, first)
        beat.expect_silence()
        await_counts(broker, taken=161, answered=161, forged=160,
                     replayed=160, malformed=160, unknown=160)


@case(**settings())
def answers_go_where_questions_come_from_and_are_no_larger(broker):
    with broker.client() as client, Beat(client, LONG) as beat:
        beat.ask()
        # Somebody else has seen one and is faster: one answer, to him.
        seen = beat.question()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.bind(("127.0.0.1", 0))
            thief.sendto(seen, ("127.0.0.1", beat.offer.port))
            thief.settimeout(60)
            assert len(thief.recv(2048)) == len(seen) == LEN
            thief.sendto(seen, ("127.0.0.1", beat.offer.port))
            beat.send(seen)
            beat.expect_silence()
            thief.setblocking(False)
            try:
                raise AssertionError(thief.recv(2048))
            except BlockingIOError:
                pass


@case(**settings())
def an_address_may_change(broker):
    with broker.client() as client, Beat(client, LONG) as beat, \
            Relay(beat.offer.port) as relay:
        for _ in range(5):
            beat.send(beat.question(), relay.address)
            assert beat.receive().sequence == beat.sequence
            relay.move()
            beat.ask()
            beat.move()


@case(**settings(least_interval_ms=300), processes={"workers": 1})
def who_misses_beats_ends_as_if_the_network_had(broker):
    will = {"topic": "wills/beat", "payload": b"gone"}
    with broker.client() as watch, \
            broker.client(will=will, clean=False,
                          props={"session_expiry_interval": 1000}) as client, \
            broker.client() as unheard, Beat(unheard, 300), \
            Beat(client, 300) as beat:
        watch.subscribe("wills/#")
        began = time.monotonic()
        beat.ask()
        assert watch.take().payload == b"gone"
        took = time.monotonic() - began
        assert took > beat.offer.patience / 2, took
        client.expect_end(0x8d)
        broker.await_log(event="closed", reason="heartbeat-timeout",
                         client_id=client.client_id)
        # Nobody waits for the first of who has sent none.
        assert unheard.is_alive()
        await_counts(broker, missed=1)
        again = client.resume(broker,
                              props={"session_expiry_interval": 1000})
        with again:
            assert again.connack.session_present
            offer = take_offer(again, 300)
            assert offer.handle != beat.offer.handle
            beat.send(beat.question())
            beat.offer, beat.sequence = offer, 0
            beat.expect_silence()


@case(**settings(least_interval_ms=1500), processes={"workers": 1})
def a_packet_of_mqtt_is_a_beat_too(broker):
    with broker.client() as talks, broker.client() as silent, \
            Beat(talks, 1500) as beat, Beat(silent, 1500) as other:
        beat.ask()
        other.ask()
        while True:
            talks.ping()
            try:
                silent.receive(0.05)
                break
            except TimedOut:
                pass
        assert talks.is_alive()
        beat.ask()


@case(**settings(), processes={"workers": 1})
def unsubscribing_ends_it(broker):
    with broker.client() as client, broker.client() as other, \
            Beat(other, LONG) as still, Beat(client, 2000) as beat:
        beat.ask()
        assert client.unsubscribe("$signet/heartbeat/2000") == [0]
        beat.send(beat.question())
        still.ask()
        await_counts(broker, unknown=1, sessions=1)
        # No miss is counted any more; one that is would be noticed first.
        with broker.client() as last, Beat(last, 2000) as missed:
            missed.ask()
            last.expect_end(0x8d)
        assert client.is_alive()
        await_counts(broker, missed=1)


@case(**settings())
def who_takes_a_session_over_gets_a_heartbeat_of_his_own(broker):
    kept = {"clean": False, "props": {"session_expiry_interval": 1000}}
    with broker.client(**kept) as client, Beat(client, LONG) as beat:
        beat.ask()
        old = beat.offer
        second = broker.client(client.client_id, **kept)
        client.expect_end(0x8e)
        with second:
            beat.offer, beat.sequence = take_offer(second, LONG), 0
            assert beat.offer.worker == old.worker
            beat.send(pack(old.key, key_number=old.key_number,
                           handle=old.handle, sequence=99))
            beat.expect_silence()


@case(**settings())
def a_flag_says_that_messages_wait(broker):
    with broker.client(props={"receive_maximum": 1}) as client, \
            Beat(client, LONG) as beat:
        topic = unique("waits/")
        client.subscribe(topic, qos=1)
        assert beat.ask().flags == 0
        for _ in range(2):
            client.publish(topic, b"x", 1)
        assert beat.ask().flags == MESSAGES_WAIT
        for _ in range(2):
            client.take()
        client.ping()
        assert beat.ask().flags == 0


@standalone(timeout=180)
def a_flag_says_that_the_server_is_ending():
    """As long as the client does not close its end, for two seconds at most:
    on a machine that did not run this in time it is tried again."""
    assert any(says_that_it_ends() for _ in range(10))


def says_that_it_ends():
    with Daemon(**settings(), processes={"workers": 1}) as daemon:
        with daemon.client() as client, Beat(client, LONG) as beat:
            assert beat.ask().flags == 0
            daemon.process.terminate()
            assert client.expect(codec.DISCONNECT).reason == 0x8b
            try:
                answer = beat.ask()
            except TimedOut:
                return False
            assert answer.flags == GOING_AWAY, answer.flags
        assert daemon.process.wait(60) == 0
        return True


@case(**settings(), processes={"workers": 1})
def many_at_once_are_answered(broker):
    """More than are waited for one by one; then a few, and none for a while."""
    with broker.client() as client, Beat(client, LONG) as beat:
        for count in [64] * 20 + [1, 2, 1] + [64] * 20 + [1]:
            for _ in range(count):
                beat.send(beat.question())
            got = [beat.receive().sequence for _ in range(count)]
            assert got == list(range(beat.sequence - count + 1,
                                     beat.sequence + 1)), got
            if count < 64:
                client.ping()
                time.sleep(0.05)


@standalone
def keys_are_renewed():
    with Daemon(**settings(key_seconds=1)) as daemon:
        with daemon.client() as client, Beat(client, LONG) as beat:
            daemon.reload(heartbeat={"key_seconds": 100000})
            client.ping()  # what came until now is here
            offers = [beat.offer]
            while client.queue:
                offers.append(take_offer(client))
            # One more was due by the old setting, the last; unless it came
            # between the reload and the ping.
            with contextlib.suppress(TimedOut):
                offers.append(take_offer(client))
            before, after = offers[-2:]
            assert after.handle == before.handle == beat.offer.handle
            assert after.key_number == (before.key_number + 1) % 256
            assert after.key != before.key
            beat.offer = before
            assert beat.ask().flags == NEW_KEY
            beat.send(beat.question(key=after.key))  # not its number
            # From the first question under the new one on, the old is void.
            new = {"key": after.key, "key_number": after.key_number}
            for data in (beat.question(), beat.question(**new),
                         beat.question()):
                beat.send(data)
            assert beat.receive().flags == NEW_KEY
            assert beat.receive(key=after.key).flags == 0
            beat.offer = after
            beat.expect_silence()
            await_counts(daemon, forged=2)


@standalone(timeout=120)
def a_worker_that_dies_takes_its_own_along():
    with Daemon(**settings()) as daemon:
        workers = daemon.workers()
        clients = [daemon.client_on(worker) for worker in workers]
        beats = [Beat(client, LONG) for client in clients]
        for beat in beats:
            beat.ask()
        pid = daemon.roles()[f"worker {beats[0].offer.worker}"]
        os.kill(pid, signal.SIGKILL)
        clients[0].expect_closed()
        wait_until(lambda: daemon.roles().get(
            f"worker {beats[0].offer.worker}", pid) != pid,
                   "there is another worker")
        # The other has noticed nothing, and what is for the dead finds the
        # one in its place, which does not know it.
        beats[0].send(beats[0].question())
        beats[1].ask()
        again = wait_until(lambda: reconnected(daemon, clients[0].client_id),
                           "its place is taken")
        with again, Beat(again, LONG) as beat:
            assert beat.offer.worker == beats[0].offer.worker
            assert beat.offer.handle != beats[0].offer.handle
            for _ in range(3):
                beat.ask()
        beats[1].expect_silence()
        for client in clients:
            client.abort()


def reconnected(daemon, client_id):
    try:
        return daemon.client(client_id)
    except (AssertionError, OSError, TimedOut):
        return None


@standalone
def a_reload_turns_it_off_and_on():
    with Daemon(**settings(enabled=False)) as daemon:
        with daemon.client() as client:
            assert client.subscribe("$signet/heartbeat/1000") == [0x83]
            with daemon.client(version=4) as old:
                assert old.subscribe("$signet/heartbeat/1000") == [0x80]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind(("127.0.0.1", daemon.settings["heartbeat"]["port"]))
                said = daemon.refused_reload(heartbeat={"enabled": True})
                assert "in use" in said, said
            daemon.reload(heartbeat={"enabled": True})
            with Beat(client, LONG) as beat:
                beat.ask()
                daemon.reload(heartbeat={"enabled": False})
                assert take_offer(client, LONG).is_ended
                beat.send(beat.question())
                assert client.subscribe("$signet/heartbeat/1000") == [0x83]
                daemon.reload(heartbeat={"enabled": True})
                old = beat.offer
                beat.offer, beat.sequence = take_offer(client, LONG), 0
                assert beat.offer.handle != old.handle
                beat.expect_silence()
                # A right that is taken away ends it, and the connection.
                daemon.reload(roles=ROLES)
                client.expect_end(0x87)
                beat.send(beat.question())
        wait_until(lambda: daemon.ctl("reload")[1] == 0, "it goes on")


@standalone
def a_port_that_is_taken_is_said_at_the_start():
    wanted = settings()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", wanted["heartbeat"]["port"]))
        daemon = Daemon(is_awaited=False, **wanted)
        assert daemon.process.wait(60) == 1
        assert "UDP port" in daemon.log.tail(), daemon.log.tail()
        daemon.remove()


main()
