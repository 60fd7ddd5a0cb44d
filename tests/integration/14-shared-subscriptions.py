#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shared Subscriptions (MQTT 5.0, 4.8.2), over members on all workers."""

import os
import signal

from signet import (DEADLINE, Closed, TimedOut, case, codec, main, routing,
                    unique, wait_until)

LASTING = {"session_expiry_interval": 600}


def finish(client, got):
    """Answer a message as its QoS wants it. 3.1.1's forms are those of 5.0
    without a reason."""
    if got.qos == 1:
        client.send(codec.ack(codec.PUBACK, got.packet_id))
    elif got.qos == 2:
        client.send(codec.ack(codec.PUBREC, got.packet_id))
        release = client.await_type(codec.PUBREL)
        assert release.packet_id == got.packet_id, release
        client.send(codec.ack(codec.PUBCOMP, got.packet_id))


def collect(members, count):
    """{member: its payloads}: take count messages, and see that no more come.
    Each is acknowledged."""
    taken = {member: [] for member in members}

    def is_complete():
        for member in members:
            try:
                while True:
                    got = member.receive(0.01)
                    assert got.type == codec.PUBLISH, got
                    finish(member, got)
                    taken[member].append(int(got.payload))
            except TimedOut:
                pass
        return sum(map(len, taken.values())) >= count
    wait_until(is_complete, f"{count} messages came, not "
               f"{[len(t) for t in taken.values()]}")
    for member in members:
        member.expect_nothing()
    return taken


def check_once(taken, count):
    """Each of the numbered messages came, and once."""
    everything = sorted(n for numbers in taken.values() for n in numbers)
    assert everything == list(range(count)), everything


def group_of(broker, topic_filter, each=2, qos=2, **options):
    """Members on every worker, and their group's name."""
    group = unique("group")
    members = [broker.client_on(worker, **options)
               for worker in broker.workers() for _ in range(each)]
    for member in members:
        assert member.subscribe(f"$share/{group}/{topic_filter}",
                                qos=qos) == [qos]
    return members, group


def end(*clients):
    for client in clients:
        client.disconnect()


def back(broker, client, **options):
    """The session's next connection."""
    return broker.client(client_id=client.client_id, clean=False,
                         props=LASTING, **options)


@case
def connack_does_not_deny_them(broker):  # MQTT 5.0, 3.2.2.3.13
    with broker.client() as client:
        assert client.connack.props.get("shared_subscription_available",
                                        1) == 1


@case(generic=True, timeout=120)
def each_message_goes_to_one_member_of_all_workers_in_turn(broker):
    for qos in 0, 1, 2:
        for version in 4, 5:
            topic = unique("turn/")
            members, _ = group_of(broker, topic, version=version)
            count = 0
            publishers = [broker.client_on(worker, version=version)
                          for worker in broker.workers()]
            for publisher in publishers:
                for _ in range(40):
                    publisher.publish(topic, str(count), qos=qos)
                    count += 1
            taken = collect(members, count)
            check_once(taken, count)
            share = count / len(members)
            for numbers in taken.values():
                assert 0.7 * share <= len(numbers) <= 1.3 * share, taken
            end(*members, *publishers)


@routing(generic=True)
def a_group_on_one_worker_shares_the_load(broker, here, there):
    topic, group = unique("one/"), unique("group")
    members = [broker.client_on(here) for _ in range(3)]
    with broker.client_on(there) as publisher:
        for member in members:
            member.subscribe(f"$share/{group}/{topic}", qos=1)
        for i in range(30):
            publisher.publish(topic, str(i), qos=1)
        taken = collect(members, 30)
        check_once(taken, 30)
        assert all(8 <= len(numbers) <= 12 for numbers in taken.values())
    end(*members)


@routing(generic=True, timeout=120)
def no_message_behind_suback_is_missed(broker, here, there):
    with broker.client_on(here) as member, \
            broker.client_on(there) as publisher:
        for i in range(100):
            topic = unique("suback/")
            member.subscribe(f"$share/g/{topic}")
            publisher.publish(topic, str(i))
            assert member.take().payload == str(i).encode()
            member.unsubscribe(f"$share/g/{topic}")
            publisher.publish(topic, b"late")
        member.expect_nothing()


@case(generic=True)
def each_group_and_each_subscriber_gets_a_copy(broker):
    """Groups do not take from each other, nor from those that share nothing;
    a session with two kinds of subscriptions gets both copies."""
    topic = unique("copy/")
    one, other = broker.workers()[0], broker.workers()[-1]
    with broker.client_on(one) as a, broker.client_on(other) as b, \
            broker.client_on(other) as publisher:
        a.subscribe(f"$share/a/{topic}", f"$share/b/{topic}", topic)
        b.subscribe("$share/b/copy/+", topic)
        for number in range(10):
            publisher.publish(topic, str(number))
        taken = collect([a, b], 50)
        assert sorted(taken[a]) == sorted(list(range(10)) * 3), taken
        assert sorted(taken[b]) == sorted(list(range(10)) * 2), taken


@routing
def a_copy_has_the_identifiers_of_what_it_came_for(broker, here, there):
    """[MQTT5-3.3.4-5]: one copy for each group, with its own identifier, and
    one for all that is not shared, with those of all that match."""
    root = unique("several")
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        for topic_filter, qos, number in (
                (f"{root}/x", 0, 1), (f"{root}/#", 2, 2),
                (f"$share/a/{root}/x", 1, 3), (f"$share/b/{root}/+", 2, 4),
                (f"$share/c/{root}/x", 2, None)):
            client.subscribe(topic_filter, qos=qos, props=number and {
                "subscription_identifier": number})
        for qos in 0, 1, 2:
            sender.publish(f"{root}/x", b"x", qos)
            got = [client.take() for _ in range(4)]
            found = sorted((sorted(one.props.get("subscription_identifier",
                                                 [])), one.qos)
                           for one in got)
            assert found == [([], qos), ([1, 2], qos), ([3], min(qos, 1)),
                             ([4], qos)], found
        client.expect_nothing()


@case(generic=True)
def a_member_gets_no_more_than_its_qos(broker):  # [MQTT5-4.8.2-3]
    topic = unique("qos/")
    for worker in broker.workers():
        with broker.client_on(worker) as member, \
                broker.client_on(broker.workers()[0]) as publisher:
            for granted in 0, 1, 2:
                member.subscribe(f"$share/g/{topic}", qos=granted)
                publisher.publish(topic, b"1", qos=2)
                got = member.expect(codec.PUBLISH)
                assert got.qos == granted, got
                finish(member, got)


@case(generic=True)
def subscription_identifiers_are_the_member_s(broker):
    topic = unique("id/")
    members = [broker.client_on(worker) for worker in broker.workers()]
    with broker.client() as publisher:
        for i, member in enumerate(members, 1):
            member.subscribe(f"$share/g/{topic}",
                             props={"subscription_identifier": i})
        for _ in range(10):
            publisher.publish(topic, b"x", qos=1)
        for i, member in enumerate(members, 1):
            assert member.take().props["subscription_identifier"] == [i]
    for member in members:
        member.abort()


@routing
def retained_messages_are_not_sent_to_members(broker, here, there):  # 4.8.2
    topic = unique("retained/")
    with broker.client_on(here) as client, broker.client_on(there) as sender:
        sender.publish(topic, b"kept", qos=1, retain=True)
        client.subscribe(f"$share/g/{topic}", qos=1)
        client.expect_nothing()
        client.subscribe(topic)
        assert client.take().payload == b"kept"
        sender.publish(topic, b"", qos=1, retain=True)


@case(generic=True)
def no_local_is_a_protocol_error(broker):  # [MQTT5-3.8.3-4]
    with broker.client() as client:
        client.send(codec.subscribe(1, [("$share/g/t", 0x05)], 5))
        client.expect_end(0x82)


@case
def a_group_s_name_is_one(broker):  # [MQTT5-4.8.2-1, -2]
    for bad in "$share//t", "$share/g", "$share/g/", "$share/+/t", \
            "$share/#/t":
        for version in 4, 5:
            with broker.client(version=version) as client:
                client.send(codec.subscribe(1, [(bad, 0)], version))
                try:
                    got = client.receive()
                except Closed:
                    continue
                assert got.type == codec.DISCONNECT or (
                    got.type == codec.SUBACK and got.codes[0] >= 0x80), got


@case(generic=True)
def rights_are_to_the_topics(broker):
    with broker.client(certificate="client-rsa") as client:
        codes = client.subscribe("$share/g/commands/device-rsa/x",
                                 "$share/g/commands/#", "$share/g/#",
                                 "$share/commands/device-rsa/x")
        assert codes == [0, 0x87, 0x87, 0x87], codes
    with broker.client(certificate="client-rsa", version=4) as client:
        codes = client.subscribe("$share/g/commands/device-rsa/x",
                                 "$share/g/#")
        assert codes == [0, 0x80], codes


@case
def one_that_has_unsubscribed_gets_nothing_new(broker):
    topic = unique("leave/")
    members, group = group_of(broker, topic)
    with broker.client() as publisher:
        while len(members) > 1:
            leaver = members.pop()
            assert leaver.unsubscribe(f"$share/{group}/{topic}") == [0]
            assert leaver.unsubscribe(f"$share/{group}/{topic}") == [0x11]
            for i in range(12):
                publisher.publish(topic, str(i), qos=1)
            check_once(collect(members, 12), 12)
            leaver.expect_nothing()
            leaver.disconnect()
    end(*members)


def take_in_flight(member, count):
    """Take messages and acknowledge none: their numbers, and packets."""
    packets = [member.expect(codec.PUBLISH) for _ in range(count)]
    member.expect_nothing()
    return packets


@routing
def what_one_that_unsubscribes_was_not_sent_goes_to_others(broker, here,
                                                           there):
    """What it was sent is completed with it [MQTT5-3.10.4-3]."""
    topic, group = unique("unsent/"), unique("group")
    with broker.client_on(here, props={"receive_maximum": 3}) as leaver, \
            broker.client_on(there) as heir:
        leaver.subscribe(f"$share/{group}/{topic}", qos=1)
        for i in range(20):
            heir.publish(topic, str(i), qos=1)
        sent = take_in_flight(leaver, 3)
        heir.subscribe(f"$share/{group}/{topic}", qos=1)
        leaver.unsubscribe(f"$share/{group}/{topic}")
        taken = collect([heir], 17)
        for got in sent:
            finish(leaver, got)
        leaver.expect_nothing()
        taken[leaver] = [int(got.payload) for got in sent]
        check_once(taken, 20)


@case(timeout=120)
def what_a_dead_member_had_not_acknowledged_goes_to_others(broker):
    """With a session that ends with its connection, and with one that
    lasts; wherever the heirs are."""
    for props in {}, LASTING:
        for home in broker.workers():
            for heir_home in broker.workers():
                topic, group = unique("heir/"), unique("group")
                share = f"$share/{group}/{topic}"
                mortal = broker.client_on(
                    home, props={"receive_maximum": 5, **props})
                mortal.subscribe(share, qos=1)
                with broker.client_on(heir_home) as heir:
                    for i in range(20):
                        heir.publish(topic, str(i), qos=1)
                    finish(mortal, take_in_flight(mortal, 5)[0])
                    mortal.ping()
                    heir.subscribe(share, qos=1)
                    mortal.abort()
                    taken = collect([heir], 19)
                    taken[mortal] = [0]
                    check_once(taken, 20)


@case(timeout=120)
def members_that_die_in_the_flow_lose_nothing(broker):
    """Every message that was acknowledged to its publisher is received."""
    topic = unique("flow/")
    members, _ = group_of(broker, topic, each=3, qos=1,
                          props={"receive_maximum": 10})
    survivors, mortals = members[::3], members[1::3] + members[2::3]
    received, count = set(), 400
    publishers = [broker.client_on(worker) for worker in broker.workers()]
    for i in range(count):
        publishers[i % len(publishers)].publish(topic, str(i), qos=1)
        if i % 80 == 40 and mortals:
            mortal = mortals.pop()
            try:
                while True:  # What it acknowledges is its own.
                    got = mortal.receive(0.01)
                    if int(got.payload) % 2:
                        break
                    finish(mortal, got)
                    mortal.ping()
                    received.add(int(got.payload))
            except TimedOut:
                pass
            mortal.abort()
    for mortal in mortals:
        mortal.abort()

    def is_complete():
        for member in survivors:
            try:
                while True:
                    got = member.receive(0.01)
                    finish(member, got)
                    received.add(int(got.payload))
            except TimedOut:
                pass
        return len(received) == count
    wait_until(is_complete, "all is received", 3 * DEADLINE)
    end(*survivors, *publishers)


@case(timeout=120)
def what_came_while_all_were_offline_goes_to_the_first_that_returns(broker):
    for qos in 1, 2:
        topic = unique("offline/")
        members, group = group_of(broker, topic, qos=qos, props=LASTING)
        for member in members:
            member.leave()
        with broker.client() as publisher:
            for i in range(40):
                publisher.publish(topic, str(i), qos=qos)
            with back(broker, members[0]) as first:
                assert first.connack.session_present
                check_once(collect([first], 40), 40)
                first.leave()
            for i in range(10):  # A new member does as well.
                publisher.publish(topic, str(i), qos=qos)
            with broker.client() as new:
                new.subscribe(f"$share/{group}/{topic}", qos=qos)
                check_once(collect([new], 10), 10)
                for i in range(10):  # Who is offline gets none.
                    publisher.publish(topic, str(i), qos=qos)
                check_once(collect([new], 10), 10)
        for member in members:
            with back(broker, member) as again:
                again.expect_nothing()
                again.disconnect(props={"session_expiry_interval": 0})


@routing
def what_an_ended_session_had_queued_goes_to_others(broker, here, there):
    """Its client begins anew (Clean Start); the others are offline."""
    topic, group = unique("ended/"), unique("group")
    share = f"$share/{group}/{topic}"
    first = broker.client_on(here, props=LASTING)
    second = broker.client_on(there, props=LASTING)
    first.subscribe(share, qos=1)
    first.leave()
    with broker.client() as publisher:
        for i in range(20):
            publisher.publish(topic, str(i), qos=1)
        second.subscribe(share, qos=1)
        check_once(collect([second], 20), 20)
        second.leave()
        for i in range(20):
            publisher.publish(topic, str(i), qos=1)
        for client in first, second:
            with broker.client(client_id=client.client_id, clean=True) as new:
                assert not new.connack.session_present
                if client is second:
                    break
                new.disconnect()
        # Nobody was left to get them; and nothing waits for ever.
        with broker.client() as late:
            late.subscribe(share, qos=1)
            late.expect_nothing()
            publisher.publish(topic, b"0", qos=1)
            check_once(collect([late], 1), 1)


@routing
def qos_2_in_flight_is_completed_by_its_member(broker, here, there):
    """[MQTT5-4.8.2-4]"""
    topic, group = unique("exactly/"), unique("group")
    share = f"$share/{group}/{topic}"
    first = broker.client_on(here, props={"receive_maximum": 2, **LASTING})
    first.subscribe(share, qos=2)
    with broker.client_on(there) as heir:
        for i in range(6):
            heir.publish(topic, str(i), qos=2)
        taken = {first: take_in_flight(first, 2)}
        heir.subscribe(share, qos=2)
        first.abort()
        others = collect([heir], 4)
        with back(broker, first) as again:
            for sent in taken[first]:
                got = again.expect(codec.PUBLISH)
                assert got.dup and got.packet_id == sent.packet_id, got
                assert got.payload == sent.payload, got
                finish(again, got)
            others[first] = [int(sent.payload) for sent in taken[first]]
            again.expect_nothing()
            check_once(others, 6)
            again.disconnect(props={"session_expiry_interval": 0})
        heir.expect_nothing()


@routing
def qos_2_in_flight_ends_with_its_session(broker, here, there):
    """[MQTT5-4.8.2-5]"""
    topic, group = unique("exactly/"), unique("group")
    share = f"$share/{group}/{topic}"
    first = broker.client_on(here, props={"receive_maximum": 2})
    first.subscribe(share, qos=2)
    with broker.client_on(there) as heir:
        for i in range(6):
            heir.publish(topic, str(i), qos=2)
        sent = [int(got.payload) for got in take_in_flight(first, 2)]
        heir.subscribe(share, qos=2)
        first.abort()
        taken = collect([heir], 4)
        taken[first] = sent
        check_once(taken, 6)


@case(generic=True)
def what_a_member_refuses_is_sent_to_nobody(broker):  # [MQTT5-4.8.2-6]
    for qos, answer in (1, codec.PUBACK), (2, codec.PUBREC):
        topic = unique("refuse/")
        members, _ = group_of(broker, topic, each=1, qos=qos)
        with broker.client() as publisher:
            for i in range(10):
                publisher.publish(topic, str(i), qos=qos)
            came = 0

            def refuse_all():
                nonlocal came
                for member in members:
                    try:
                        while True:
                            got = member.receive(0.01)
                            came += 1
                            member.send(codec.ack(answer, got.packet_id,
                                                  0x97))
                    except TimedOut:
                        pass
                return came >= 10
            wait_until(refuse_all, "all have come")
            leaver = members.pop()
            leaver.ping()
            leaver.abort()
            for member in members:
                member.expect_nothing()
        for member in members:
            member.abort()


@routing
def a_member_without_room_is_passed_over(broker, here, there):
    """One whose queue is full takes none from those that can take more."""
    topic, group = unique("full/"), unique("group")
    with broker.client_on(here, props={"maximum_packet_size": 60}) as \
            small, broker.client_on(here) as large, \
            broker.client_on(there) as publisher:
        for member in small, large:
            member.subscribe(f"$share/{group}/{topic}", qos=1)
        for i in range(20):
            publisher.publish(topic, f"{i:100}", qos=1)
        taken = collect([small, large], 20)
        assert not taken[small], taken
        check_once(taken, 20)


@case(processes={"workers": 3, "gates": 1}, timeout=120)
def a_worker_that_is_killed_gets_no_more_of_it(broker):
    topic = unique("killed/")
    members, _ = group_of(broker, topic, qos=1)
    survivors = {member: worker for member in members
                 for worker in [broker.worker_of(member)]
                 if worker != "worker/1"}
    with broker.client_on("worker/2") as publisher:
        pid = broker.role_pids("worker")[1]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: broker.role_pids("worker").get(1) not in
                   (None, pid), "it is back", 3 * DEADLINE)
        # What went to it just before is lost with it, but not for long.
        count = 0

        def are_all_taken():
            nonlocal count
            for _ in range(12):
                publisher.publish(topic, str(count), qos=1)
                count += 1
            taken = 0
            for member in survivors:
                try:
                    while True:
                        finish(member, member.receive(0.05))
                        taken += 1
                except TimedOut:
                    pass
            return taken == 12
        wait_until(are_all_taken, "nothing is lost any more")
        # The new one learns of the members there are.
        with broker.client_on("worker/1") as there:
            for i in range(12):
                there.publish(topic, str(i), qos=1)
            check_once(collect(list(survivors), 12), 12)
    for member in members:
        member.abort()


@routing(timeout=120, sessions={"max_queued_messages": 5000})
def many_messages_find_another_member_without_a_pause(broker, here, there):
    """Over many turns: meanwhile others are served."""
    topic, group = unique("many/"), unique("group")
    count = 3000
    first = broker.client_on(here, props=LASTING)
    first.subscribe(f"$share/{group}/{topic}", qos=1)
    first.leave()
    with broker.client_on(there) as publisher:
        for i in range(count):
            publisher.send(codec.publish(topic, str(i), 1, 1 + i % 60000, 5))
            if i % 50 == 49:
                for _ in range(50):
                    publisher.await_type(codec.PUBACK)
        with broker.client_on(there) as heir:
            heir.subscribe(f"$share/{group}/{topic}", qos=1)
            publisher.ping()
            check_once(collect([heir], count), count)


main()
