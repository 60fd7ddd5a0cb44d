#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A configuration that is taken up while the daemon runs: all of it or
nothing, and whoever keeps his rights notices nothing."""

import os
import signal
import time
from ssl import TLSVersion

from signet import (DEADLINE, Closed, Daemon, Stream, TimedOut, codec,
                    context, features, main, standalone, unique, wait_until)
from signet.daemon import ROLES, SIGNETD

NOT_AUTHORIZED = 0x87


def role(identity, publish, subscribe):
    return {"name": identity, "match": {"identity": identity},
            "publish": publish, "subscribe": subscribe}


def roles(*wanted):
    """The roles of all tests, with others for some identities."""
    names = [r["match"]["identity"] for r in wanted]
    return [r for r in ROLES if r["match"]["identity"] not in names
            ] + list(wanted)


def grants(client, topic):
    """Is a subscription granted now?"""
    granted = client.subscribe(topic)[0] < 0x80
    if granted:
        client.unsubscribe(topic)
    return granted


def settled(**overrides):
    """A daemon that has looked once at what changed while it was started."""
    broker = Daemon(**overrides)
    assert broker.reload() == "nothing has changed"
    return broker


def told(**overrides):
    """One that takes up nothing unless it is told to."""
    return settled(reload={"watch": False}, **overrides)


@standalone
def nothing_has_changed():
    with told() as broker:
        mark = broker.log.mark()
        assert broker.reload() == "nothing has changed"
        assert not broker.log.find(mark, event="reloaded")


@standalone
def what_has_changed_is_named():
    with told() as broker, broker.client() as client:
        mark = broker.log.mark()
        said = broker.reload(limits={"packet_bytes": 5000},
                             log={"level": "debug"})
        assert said == "changed: limits.packet_bytes, log.level", said
        broker.await_log(mark, event="reloaded", cause="control",
                         generation="1", speaker="master",
                         settings="limits.packet_bytes, log.level")
        said = broker.reload(roles=roles(role("device-1", ["a"], ["#"])))
        assert said == ("changed: roles\nrole \"device-1\" added\n"
                        "role \"all-1\" removed"), said
        said = broker.reload(roles=roles(role("device-1", ["b"], ["#"])))
        assert said == ("changed: roles\nrole \"device-1\" changed: "
                        "publish"), said
        broker.await_log(mark, event="changed", what="role", name="device-1",
                         how="changed", settings="publish")
        client.ping()
        said = broker.reload(roles=ROLES + [role("more", ["a"], ["b"])])
        assert said == ("changed: roles\nrole \"all-1\" added\n"
                        "role \"more\" added\n"
                        "role \"device-1\" removed"), said
        broker.await_log(mark, event="reloaded", generation="4")
        client.ping()


@standalone
def a_signal_does_the_same():
    with told() as broker, broker.client() as client:
        mark = broker.log.mark()
        broker.configure(log={"level": "debug"})
        os.kill(broker.pid, signal.SIGHUP)
        broker.await_log(mark, event="reloaded", cause="signal",
                         settings="log.level")
        client.ping()


@standalone
def a_file_that_changes_does_the_same():
    with settled() as broker, broker.client() as client:
        for levels in 20, 21:
            mark = broker.log.mark()
            broker.configure(limits={"topic_levels": levels})
            broker.await_log(mark, event="reloaded", cause="file",
                             settings="limits.topic_levels")
        client.ping()


@standalone
def nothing_is_watched_if_it_is_not_to_be():
    with told() as broker:
        mark = broker.log.mark()
        broker.configure(reload={"watch": True}, log={"level": "debug"})
        assert broker.reload() == "changed: reload.watch, log.level"
        broker.configure(limits={"topic_levels": 20})
        line = broker.await_log(mark, event="reloaded", generation="2")
        assert line["cause"] == "file", line.text
        assert not broker.log.find(mark, event="reloaded", generation="3")


@standalone
def an_included_file_counts_like_the_first():
    with settled() as broker:
        path = f"{broker.folder}/more.conf"
        with open(path, "w") as file:
            file.write("sys = { interval_seconds = 5; };\n")
        mark = broker.log.mark()
        with open(broker.configuration, "a") as file:
            file.write('@include "more.conf"\n')
        broker.await_log(mark, event="reloaded",
                         settings="sys.interval_seconds")
        mark = broker.log.mark()
        with open(f"{path}.new", "w") as file:
            file.write("sys = { interval_seconds = 6; };\n")
        os.rename(f"{path}.new", path)
        broker.await_log(mark, event="reloaded", cause="file",
                         settings="sys.interval_seconds")


@standalone
def a_fault_changes_nothing_and_is_named_once():
    with told() as broker, broker.client() as client:
        before = broker.settings
        pids = broker.roles()
        faults = (
            ({"limits": {"packet_bytes": 5}}, "limits.packet_bytes"),
            ({"lmits": {"connections": 5}}, "lmits"),
            ({"roles": [role("device-1", ["a/#/b"], [])]},
             "roles[0].publish[0]"),
            ({"roles": [role("x", [], []), role("x", [], [])]},
             "roles[1].name"),
            ({"tls": {"client_ca": "/nowhere"}}, "tls.client_ca"),
            ({"identity": "subject.dn"}, "identity"),
        )
        for overrides, setting in faults:
            mark = broker.log.mark()
            said = broker.refused_reload(
                **{"log": {"level": "debug"}, **overrides})
            assert f"`{setting}'" in said, said
            assert f"{broker.configuration}:" in said, said
            broker.settings = before
            broker.configure()
            assert broker.reload() == "nothing has changed"
            said = [line for line in broker.log.read()[mark:]
                    if line.get("event") == "reload-refused"]
            assert len(said) == 1, said
            assert not broker.log.find(mark, event="reloaded")
        assert broker.roles() == pids
        client.ping()
        assert grants(client, "any/thing")


@standalone
def what_needs_a_restart_is_named_and_stays():
    with told() as broker, broker.client() as client:
        store = broker.settings["store"]["path"]
        mark = broker.log.mark()
        said = broker.reload(processes={"workers": 3},
                             store={"path": f"{broker.folder}/other"},
                             limits={"handshakes_in_flight": 100000},
                             log={"level": "debug"})
        assert said == ("changed: log.level\n"
                        "as before until the daemon is restarted: "
                        "processes.workers, limits.handshakes_in_flight, "
                        "store.path"), said
        broker.await_log(mark, event="restart-needed", level="warning",
                         settings="processes.workers, "
                         "limits.handshakes_in_flight, store.path")
        # Who is started later gets the old value as well.
        os.kill(broker.role_pids("store")[0], signal.SIGKILL)
        broker.await_log(mark, event="started", speaker="store/0",
                         path=f"{store}/db")
        assert not os.path.exists(f"{broker.folder}/other")
        client.ping()
        broker.kill()


@standalone
def rights_that_grow_are_there_at_once():
    narrow = role("device-1", ["a/#"], ["a/#"])
    with told(roles=roles(narrow)) as broker, broker.client() as client:
        assert not grants(client, "b/c")
        assert client.publish("b/c", qos=1) == NOT_AUTHORIZED
        broker.reload(roles=roles(role("device-1", ["#"], ["#"])))
        assert grants(client, "b/c")
        assert client.publish("b/c", qos=1) < 0x80


@standalone
def who_loses_a_right_that_is_used_hears_of_it():
    with told() as broker, broker.client() as lost, \
            broker.client() as kept, \
            broker.client(certificate="client-2") as other:
        lost.subscribe("a/kept", "b/lost", "$share/g/c/lost",
                       "$share/g/a/shared")
        kept.subscribe("a/kept")
        mark = broker.log.mark()
        broker.reload(roles=roles(role("device-1", ["a/#"], ["a/#"])))
        lost.expect_end(NOT_AUTHORIZED)
        broker.await_log(mark, event="closed", reason="rights-withdrawn",
                         identity="device-1")
        broker.await_log(mark, event="subscriptions-withdrawn", count="2")
        assert kept.publish("b/c", qos=1) == NOT_AUTHORIZED
        assert kept.publish("a/c", qos=1) < 0x80
        other.publish("a/kept", b"x", qos=1)
        assert kept.take().topic == "a/kept"
        assert other.publish("b/c", qos=1) < 0x80
        with broker.client() as again:
            assert again.subscribe("a/kept", "b/lost") \
                == [0, NOT_AUTHORIZED]


@standalone
def who_loses_the_only_role_is_told_why():
    with told() as broker, broker.client() as client, \
            broker.client(certificate="client-2") as other:
        broker.reload(roles=[role("device-2", ["#"], ["#"])])
        got = client.expect(codec.DISCONNECT)
        assert got.reason == NOT_AUTHORIZED, got
        assert got.props["reason_string"], got
        client.expect_closed()
        other.ping()


@standalone
def who_may_not_connect_any_more_does_not_stay():
    with told() as broker, broker.client() as client, \
            broker.client(certificate="client-2") as other:
        narrow = role("device-1", ["#"], ["#"])
        narrow["connect"] = ["somebody-else"]
        broker.reload(roles=[narrow, role("device-2", ["#"], ["#"])])
        client.expect_end(NOT_AUTHORIZED)
        other.ping()


@standalone
def what_is_lost_while_the_client_is_away_is_lost():
    with told() as broker:
        client = broker.client(props={"session_expiry_interval": 600})
        client.subscribe("a/kept", "b/lost", qos=1)
        client.leave()
        broker.reload(roles=roles(role("device-1", ["a/#"], ["a/#"])))
        with client.resume(broker) as client, \
                broker.client(certificate="client-2") as other:
            for topic in "b/lost", "a/kept":
                other.publish(topic, b"x", qos=1)
            assert client.take().topic == "a/kept"
            client.expect_nothing()


@standalone
def a_will_that_is_granted_no_longer_is_not_published():
    with told() as broker, broker.client(certificate="client-2") as other:
        other.subscribe("wills/#")
        lost, kept = (broker.client(will={"topic": f"wills/{name}",
                                          "payload": b"x"})
                      for name in ("lost", "kept"))
        broker.reload(roles=roles(role("device-1", ["wills/kept"], ["#"])))
        lost.expect_end(NOT_AUTHORIZED)
        kept.abort()
        assert other.take().topic == "wills/kept"
        other.expect_nothing()


@standalone
def another_identity_setting_ends_all_connections():
    with told() as broker, broker.client() as client:
        broker.reload(identity="fingerprint")
        client.expect_end(NOT_AUTHORIZED)


def expect_no_connack(stream):
    """Say CONNECT, if that is possible still."""
    try:
        stream.handshake()
        stream.send(codec.connect(unique(), 5))
        said = stream.receive()
    except Closed:
        return
    raise AssertionError(f"it is answered: {said.hex()}")


@standalone
def who_is_known_by_the_old_identity_setting_does_not_get_in():
    """Neither who is at a worker and has not said CONNECT yet, nor who is in
    the middle of a handshake that began before."""
    versions = [TLSVersion.TLSv1_2]
    with told(log={"level": "debug"}, limits={
            "handshake_seconds": 300, "connect_seconds": 300}) as broker:
        if features.best_tls(SIGNETD) == "TLSv1.3":
            versions.append(TLSVersion.TLSv1_3)
        tls = [context(broker.pki, "client-1", minimum=version,
                       maximum=version) for version in versions]
        held = [Stream(broker.address, each).handshake() for each in tls]
        wait_until(lambda: len(broker.log.find(event="authenticated"))
                   == len(held), "the gates are done with them")
        flying = [Stream(broker.address, each).handshake_half()
                  for each in tls]
        for stream in flying:
            stream.receive_raw(time.monotonic() + DEADLINE)
        mark = broker.log.mark()
        broker.reload(identity="fingerprint")
        for stream in held + flying:
            expect_no_connack(stream)
            stream.abort()
        wait_until(lambda: len(broker.log.find(
            mark, reason="identity-setting-changed")) == len(held + flying),
                   "all are named in the log")
        assert not broker.log.find(event="connected")


@standalone
def bounds_that_a_client_was_told_hold_for_its_connection():
    with told() as broker, broker.client() as before:
        broker.reload(sessions={"topic_alias_maximum": 2, "maximum_qos": 0},
                      limits={"packet_bytes": 2000})
        assert before.publish("a", b"x" * 5000, qos=2) < 0x80
        before.publish("a", b"x", props={"topic_alias": 5})
        before.ping()
        with broker.client() as after:
            props = after.connack.props
            assert props["maximum_packet_size"] == 2000, props
            assert props["maximum_qos"] == 0, props
            after.send(codec.publish("a", b"x" * 5000, 0, None, 5))
            after.expect_end(0x95)


@standalone
def who_dies_meanwhile_comes_back_with_the_new_state():
    with told() as broker:
        broker.reload(roles=roles(role("device-1", ["a/#"], ["a/#"])))
        for name in "worker", "gate":
            for pid in broker.role_pids(name).values():
                mark = broker.log.mark()
                os.kill(pid, signal.SIGKILL)
                broker.await_log(mark, event="died")

        def is_back():
            try:
                with broker.client() as client:
                    return not grants(client, "b") and grants(client, "a/b")
            except (Closed, TimedOut, OSError):
                return False
        wait_until(is_back, "all are back")


@standalone
def without_a_reader_nothing_changes_until_it_is_back():
    with settled() as broker, broker.client() as client:
        pid = broker.role_pids("reader")[0]
        os.kill(pid, signal.SIGKILL)

        def is_back():
            return broker.role_pids("reader").get(0, pid) != pid
        wait_until(is_back, "it is started again")
        client.ping()
        broker.kill()


@standalone
def a_half_written_file_locks_nobody_out():
    """Who writes in place is waited for; what is cut is a fault."""
    with settled() as broker, broker.client() as client:
        with open(broker.configuration, "rb") as file:
            whole = file.read()
        mark = broker.log.mark()
        with open(broker.configuration, "wb", 0) as file:
            for start in range(0, len(whole), 64):
                file.write(whole[start:start + 64])
            file.write(b"limits = { topic_levels = 9; };\n")
        broker.await_log(mark, event="reloaded", cause="file",
                         settings="limits.topic_levels")
        assert not broker.log.find(mark, event="reload-refused")
        mark = broker.log.mark()
        with open(broker.configuration, "wb") as file:
            file.write(whole[:len(whole) // 2])
        broker.await_log(mark, event="reload-refused", cause="file")
        assert grants(client, "any/thing")
        with open(broker.configuration, "wb") as file:
            file.write(whole)
        broker.await_log(mark, event="reloaded",
                         settings="limits.topic_levels")
        client.ping()


@standalone
def many_may_ask_at_once():
    with told() as broker:
        for _ in range(5):
            os.kill(broker.pid, signal.SIGHUP)
        assert broker.reload(limits={"topic_levels": 5}) in (
            "changed: limits.topic_levels", "nothing has changed")
        assert broker.reload() == "nothing has changed"


main()
