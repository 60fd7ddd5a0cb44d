#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The judge of the crash tests, before made-up logs: it finds each fault, and
none where there is none."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
from signet import main, standalone  # noqa: E402

from judge import Judge, matches  # noqa: E402

SUBSCRIBED = ("subscribed", "s", "t/#", 2)


def message(number, *what, qos=2, topic="t/a", by="p"):
    """The events of one: sent, acked, got (by session s)."""
    events = {"sent": ("sent", by, topic, number, qos),
              "acked": ("acked", by, topic, number),
              "got": ("got", "s", by, topic, number, min(qos, 2))}
    return [events[name] for name in what]


def judged(*events, **expected):
    """Judge events, SUBSCRIBED first; all counts but these are 0."""
    judge = Judge().take([SUBSCRIBED, *events]).settle()
    wanted = {"faults": 0, "lost": 0, "duplicates at QoS 1": 0,
              "duplicates at QoS 2": 0, "out of order": 0, "wrong QoS": 0,
              "sessions lost": 0}
    wanted.update((name.replace("_", " "), number)
                  for name, number in expected.items())
    got = {name: judge.counts[name] for name in wanted}
    assert got == wanted, (got, wanted, judge.faults)
    return judge


@standalone
def filters_match_as_the_standard_says():
    for topic_filter, topic, does in (
            ("a/b", "a/b", True), ("a/b", "a", False), ("a", "a/b", False),
            ("a/+", "a/b", True), ("+/b", "a/b", True), ("a/+", "a", False),
            ("a/+", "a/b/c", False), ("a/#", "a/b/c", True),
            ("a/#", "a", True), ("#", "a/b", True), ("b/#", "a/b", False)):
        assert matches(topic_filter, topic) is does, (topic_filter, topic)


@standalone
def what_is_acknowledged_and_comes_is_fine():
    judge = judged(*message(0, "sent", "acked", "got"),
                   *message(1, "sent", "got", "acked"))
    assert judge.counts["acknowledged"] == judge.counts["delivered"] == 2
    assert judge.owed == 0 and not judge.messages


@standalone
def what_is_acknowledged_and_does_not_come_is_lost():
    judge = judged(*message(0, "sent", "acked"), faults=1, lost=1)
    assert judge.owed == 1
    judged(*message(0, "sent", "acked"), *message(1, "sent", "acked", "got"),
           faults=1, lost=1)
    judged(*message(0, "sent", "acked", "got"), *message(1, "sent", "acked"),
           faults=1, lost=1)


@standalone
def each_session_that_matched_is_owed_it():
    events = [("subscribed", "other", "t/+", 1),
              *message(0, "sent", "acked", "got")]
    judged(*events, faults=1, lost=1)
    judged(*events, ("got", "other", "p", "t/a", 0, 1))
    judged(("subscribed", "other", "u/#", 2), *events[1:])


@standalone
def what_is_not_acknowledged_is_not_owed():
    judged(*message(0, "sent"), *message(1, "sent", "acked", "got"))


@standalone
def what_was_sent_before_the_suback_is_not_owed():
    judge = Judge().take([*message(0, "sent"), SUBSCRIBED,
                          *message(0, "acked")]).settle()
    assert judge.counts["faults"] == 0, judge.faults


@standalone
def what_is_unsubscribed_is_not_owed():
    judged(*message(0, "sent", "acked"), ("unsubscribing", "s", "t/#"))
    judged(*message(0, "sent"), ("unsubscribing", "s", "t/#"),
           *message(0, "acked"))
    # Another filter of the session still brings it.
    judged(("subscribed", "s", "t/a", 2), *message(0, "sent", "acked"),
           ("unsubscribing", "s", "t/#"), faults=1, lost=1)


@standalone
def twice_at_qos_2_is_a_fault():
    judged(*message(0, "sent", "acked", "got", "got"), faults=1,
           duplicates_at_QoS_2=1)
    judged(*message(0, "sent", "got", "got"), faults=1,
           duplicates_at_QoS_2=1)
    judged(*message(0, "sent", "acked", "got"),
           *message(1, "sent", "acked", "got"), *message(0, "got"), faults=1,
           duplicates_at_QoS_2=1)


@standalone
def twice_at_qos_1_is_counted_only():
    judge = Judge().take([SUBSCRIBED,
                          *message(0, "sent", "acked", "got", "got",
                                   qos=1)]).settle()
    assert judge.counts["duplicates at QoS 1"] == 1
    assert judge.counts["faults"] == 0, judge.faults


@standalone
def order_is_kept_by_publisher_and_topic():
    sent = [event for number in (0, 1)
            for event in message(number, "sent", "acked")]
    judged(*sent, *message(1, "got"), *message(0, "got"), faults=1,
           out_of_order=1)
    judged(*sent, *message(0, "got"), *message(1, "got"))
    for other in {"topic": "t/b"}, {"by": "q"}:
        judged(*message(0, "sent", "acked"), *message(1, "sent", "acked",
                                                      **other),
               *message(1, "got", **other), *message(0, "got"))


@standalone
def what_comes_again_later_is_no_fault_of_order_at_qos_1():
    """A client that sends again sends all of it again."""
    sent = [event for number in (0, 1)
            for event in message(number, "sent", "acked", qos=1)]
    got = [event for number in (0, 1, 0, 1)
           for event in message(number, "got", qos=1)]
    judged(*sent, *got, duplicates_at_QoS_1=2)


@standalone
def one_of_a_group_gets_each_in_any_order():
    sent = [("shared", "s"), *message(0, "sent", "acked"),
            *message(1, "sent", "acked")]
    judged(*sent, *message(1, "got"), *message(0, "got"))
    judged(*sent, *message(1, "got"), faults=1, lost=1)
    judged(*sent, *message(1, "got"), *message(0, "got"), *message(1, "got"),
           faults=1, duplicates_at_QoS_2=1)


@standalone
def the_qos_is_the_lesser_of_both():
    judged(*message(0, "sent", "acked", qos=1),
           ("got", "s", "p", "t/a", 0, 2), faults=1, wrong_QoS=1)
    judged(*message(0, "sent", "acked"), ("got", "s", "p", "t/a", 0, 1),
           faults=1, wrong_QoS=1)


@standalone
def a_lost_session_is_a_fault_and_excuses_nothing():
    judged(*message(0, "sent", "acked"), ("session_lost", "s"), faults=2,
           lost=1, sessions_lost=1)
    judged(("session_lost", "s"), *message(0, "sent", "acked"), faults=1,
           sessions_lost=1)


main()
