#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What clients are trusted by: authorities, CRLs, dates."""

import calendar
import contextlib
import os
import subprocess
import time

from signet import DEADLINE, Closed, Daemon, Stream, codec, context
from signet import main, standalone, unique, wait_until
from signet.authority import Authority, bundle
from signet.daemon import SIGNETD, settings, write_configuration
from signet.folders import folder


@contextlib.contextmanager
def started(path, **tls):
    with Daemon(tls=tls) as daemon:
        daemon.pki = path
        yield daemon


def refusal(daemon, certificate):
    """The log's line about a client that is not let in, and the alert."""
    stream = Stream(daemon.address, context(daemon.pki, certificate))
    with stream:
        try:
            stream.handshake()
            stream.receive()  # TLS 1.3: the refusal comes behind
        except Closed as closed:
            line = daemon.await_log(event="refused",
                                    peer=f"127.0.0.1:{stream.port}")
            assert line.get("hint"), line.text
            return line, closed.how
    raise AssertionError("it is let in")


def expect_refused(daemon, certificate, reason, alert):
    line, how = refusal(daemon, certificate)
    assert line["reason"] == reason, line.text
    assert how == alert and line["alert"] == alert, (how, line.text)
    return line


def expect_let_in(daemon, certificate):
    with daemon.client(certificate=certificate) as client:
        client.ping()
        client.disconnect()


def check(path, **tls):
    """What signetd --check says of such a section: status and words."""
    configuration = f"{path}/check.conf"
    write_configuration(configuration, settings(8883, path, {"tls": tls}))
    done = subprocess.run([SIGNETD, "--check", "-c", configuration],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@standalone(timeout=120)
def what_is_revoked_is_refused_and_nothing_else():
    for is_der in False, True:
        with folder() as path:
            root = Authority(path, "root")
            good, bad = root.issue("good"), root.issue("bad")
            root.revoke(bad)
            with started(path, client_ca=root.certificate,
                         crl=[root.crl(is_der=is_der)]) as daemon:
                line = expect_refused(daemon, bad, "certificate-revoked",
                                      "certificate_revoked")
                assert line["detail"] == "the-client's-own", line.text
                expect_let_in(daemon, good)
                line = daemon.await_log(event="trust")
                assert (line["crls"], line["revoked"]) == ("1", "1"), line


@standalone(timeout=120)
def an_authority_that_is_revoked_takes_all_below_it_along():
    with folder() as path:
        root = Authority(path, "root")
        one, two = (Authority(path, name, root) for name in ("one", "two"))
        below_one = one.issue("below-one", sending=[one])
        below_two = two.issue("below-two", sending=[two])
        root.revoke("one")
        lists = bundle(f"{path}/all.crl", root.crl(), one.crl(), two.crl())
        # Known or sent by the client: it is revoked either way.
        for known in (root,), (root, one, two):
            authorities = bundle(f"{path}/authorities.pem",
                                 *(each.certificate for each in known))
            with started(path, client_ca=authorities,
                         crl=[lists if len(known) > 1 else root.crl()],
                         crl_required="listed") as daemon:
                line = expect_refused(daemon, below_one,
                                      "certificate-revoked",
                                      "certificate_revoked")
                assert line["detail"] == "an-authority's", line.text
                expect_let_in(daemon, below_two)


@standalone(timeout=120)
def an_intermediate_that_is_known_need_not_be_sent():
    with folder() as path:
        root = Authority(path, "root")
        one = Authority(path, "one", root)
        alone = one.issue("alone")
        unknown = Authority(path, "two", root).issue("unknown")
        authorities = bundle(f"{path}/authorities.pem", root.certificate,
                             one.certificate)
        with started(path, client_ca=authorities) as daemon:
            expect_let_in(daemon, alone)
            expect_refused(daemon, unknown, "unknown-ca", "unknown_ca")
        status, words = check(path, client_ca=one.certificate)
        assert status != 0 and "is an intermediate CA" in words, words


@standalone(timeout=120)
def an_authority_without_a_list_is_refused_unless_that_is_wanted():
    with folder() as path:
        root = Authority(path, "root")
        one = Authority(path, "one", root)
        direct = root.issue("direct")
        below = one.issue("below", sending=[one])
        with started(path, client_ca=root.certificate,
                     crl=[root.crl()]) as daemon:
            expect_let_in(daemon, direct)
            line = expect_refused(daemon, below, "crl-missing",
                                  "certificate_unknown")
            assert line["issuer"] == "CN=one", line.text
        with started(path, client_ca=root.certificate, crl=[root.crl()],
                     crl_required="listed") as daemon:
            expect_let_in(daemon, below)
        # Nobody is locked out without a word: it does not start.
        other = Authority(path, "other")
        both = bundle(f"{path}/both.pem", root.certificate, other.certificate)
        status, words = check(path, client_ca=both, crl=[root.crl()])
        assert status != 0 and "no CRL of \"CN=other\"" in words, words
        status, words = check(path, client_ca=both, crl=[root.crl()],
                              crl_required="listed")
        assert status == 0, words


@standalone(timeout=120)
def a_list_that_is_out_of_date_counts_for_as_long_as_is_said():
    with folder() as path:
        root = Authority(path, "root")
        good, bad = root.issue("good"), root.issue("bad")
        root.revoke(bad)
        old = root.crl(since=-7200, until=-3600)
        with started(path, client_ca=root.certificate, crl=[old]) as daemon:
            expect_let_in(daemon, good)
            expect_refused(daemon, bad, "certificate-revoked",
                           "certificate_revoked")
            line = daemon.await_log(event="expires", what="tls.crl")
            assert line.level == "error", line.text
            assert "is out of date since" in line["warning"], line.text
        with started(path, client_ca=root.certificate, crl=[old],
                     crl_grace_seconds=60) as daemon:
            expect_refused(daemon, good, "crl-expired", "certificate_unknown")
            line, = daemon.log.find(event="expires", what="tls.crl")
            assert line.level == "error", line.text
            expect_named(line["warning"], old)


def expect_named(words, crl, grace=60):
    """That and from when on the clients of a CRL's issuer are refused."""
    said = subprocess.run(["openssl", "crl", "-in", crl, "-noout",
                           "-nextupdate"], capture_output=True, text=True,
                          check=True).stdout
    end = time.strptime(said.strip(), "nextUpdate=%b %d %H:%M:%S %Y GMT")
    refused = time.gmtime(calendar.timegm(end) + grace)
    wanted = ('clients of "CN=root" are refused from '
              f"{time.strftime('%Y-%m-%d %H:%M:%S', refused)} UTC on")
    assert wanted in words, (wanted, words)


@standalone(timeout=120)
def nobody_is_locked_out_without_a_word():
    """A grace that is over, or soon will be, is told by who sets it."""
    with folder() as path:
        root, other = Authority(path, "root"), Authority(path, "other")
        root.issue("good")
        both = bundle(f"{path}/both.pem", root.certificate, other.certificate)
        old = root.crl(since=-7200, until=-3600)
        soon = other.crl(since=-36000, until=1800)
        tls = {"client_ca": both, "crl": [old, soon]}
        status, words = check(path, crl_grace_seconds=60, **tls)
        assert status == 1, words
        expect_named(words, old)
        assert words.count("\n") == 2, words
        assert 'warning: tls.crl: the CRL of "CN=other" needs its' in words
        status, words = check(path, crl_grace_seconds=86400, **tls)
        assert status == 0, words
        expect_named(words, old, 86400)
        status, words = check(path, **tls)
        assert status == 0 and "are refused" not in words, words
        assert words.count("warning: tls.crl: ") == 2, words
        with Daemon(reload={"watch": False}, tls=tls) as daemon:
            daemon.pki = path
            with daemon.client(certificate="good") as client:
                said = daemon.reload(tls={**tls, "crl_grace_seconds": 86400})
                expect_named(said, old, 86400)
                client.ping()
                mark = daemon.log.mark()
                said = daemon.reload(tls={**tls, "crl_grace_seconds": 60})
                expect_named(said, old)
                line, = [line for line in daemon.log.find(
                    mark, event="expires") if "CN=root" in line["warning"]]
                assert line.level == "error", line.text
                expect_named(line["warning"], old)
                client.expect(codec.DISCONNECT)


@standalone(timeout=120)
def lists_that_cannot_be_believed_are_faults():
    with folder() as path:
        root, other = Authority(path, "root"), Authority(path, "other")
        # The same name, another key.
        os.mkdir(f"{path}/false")
        false = Authority(f"{path}/false", "root")
        with open(f"{path}/cut.crl", "w") as file, \
                open(root.crl()) as whole:
            file.write(whole.read()[:200])
        with open(f"{path}/empty.crl", "w"):
            pass
        faults = []
        for crl, wanted in (
                (other.crl(), "whose certificate is not in tls.client_ca"),
                (false.crl(), "bears a wrong signature"),
                (root.crl("delta", extensions="delta"),
                 "has a critical extension"),
                (root.crl("ahead", since=2 * 86400), "still to come"),
                (f"{path}/cut.crl", "has no end"),
                (f"{path}/empty.crl", "the file is empty"),
                (root.certificate, "there is no CRL in it")):
            status, words = check(path, client_ca=root.certificate,
                                  crl=[crl])
            if status == 0 or wanted not in words or crl not in words:
                faults.append(f"{wanted}: {status}: {words}")
        assert not faults, "\n".join(faults)


@standalone(timeout=120)
def the_newest_list_of_an_authority_counts():
    with folder() as path:
        root = Authority(path, "root")
        late = root.issue("late")
        before = root.crl("before", since=-7200)
        root.revoke(late)
        now = root.crl("now", since=-600)
        for lists in [now, before], [before, now]:
            with started(path, client_ca=root.certificate,
                         crl=lists) as daemon:
                expect_refused(daemon, late, "certificate-revoked",
                               "certificate_revoked")


def connect_before_it_ends(path, make, version):
    """A daemon, and a client of which something ends soon; not too soon for
    this machine, which shows when it is let in."""
    for seconds in 10, 40, 160:
        daemon, name = make(f"brief-{seconds}", seconds)
        daemon.pki = path
        try:
            will = unique("will/")
            client = daemon.client(certificate=name, version=version,
                                   will={"topic": will,
                                         "payload": b"gone"})
            return daemon, client, will, name, seconds
        except Closed:
            wait_until(lambda: daemon.log.find(event="refused") or
                       daemon.log.find(event="trust-ended"),
                       "the log says why the client was not let in")
            daemon.stop()
    raise AssertionError("the machine is too slow")


def expect_ended(daemon, client, version, reason, alert, seconds):
    if version == 5:
        got = client.expect(codec.DISCONNECT, seconds + DEADLINE)
        assert got.reason == 0x87, got
        assert got.props["reason_string"], got
        assert client.expect_closed() == "close_notify"
    else:
        assert client.expect_closed(seconds + DEADLINE) == alert
    line = daemon.await_log(event="trust-ended")
    assert line["reason"] == reason, line.text
    assert line["identity"] == "device-1", line.text
    client.abort()


def is_refused_as_expired(daemon, name):
    """By a gate: in the moment in which it ends, a worker may do it."""
    stream = Stream(daemon.address, context(daemon.pki, name))
    with stream:
        try:
            stream.handshake()
            stream.receive()
        except Closed as closed:
            assert closed.how == "certificate_expired", closed.how
    return daemon.log.find(event="refused", reason="certificate-expired")


@standalone(timeout=400)
def a_session_ends_with_its_certificate():
    for version in 5, 4:
        with folder() as path:
            root = Authority(path, "root")
            root.issue("lasting", identity="device-2")

            def make(name, seconds):
                root.issue(name, seconds=seconds)
                return Daemon(tls={"client_ca": root.certificate}), name
            daemon, client, will, name, seconds = connect_before_it_ends(
                path, make, version)
            with daemon:
                line = daemon.await_log(event="expires", what="client")
                assert line["days_left"] == "0", line.text
                with daemon.client(certificate="lasting") as other:
                    other.subscribe(will)
                    expect_ended(daemon, client, version,
                                 "certificate-expired", "certificate_expired",
                                 seconds)
                    assert other.take().payload == b"gone"
                    other.ping()
                    other.disconnect()
                wait_until(lambda: is_refused_as_expired(daemon, name),
                           "the gates refuse it, too")


@standalone(timeout=400)
def a_session_ends_with_the_grace_of_its_authoritys_list():
    with folder() as path:
        root = Authority(path, "root")
        root.issue("lasting")

        def make(_, seconds):
            return Daemon(tls={
                "client_ca": root.certificate, "crl_grace_seconds": 2,
                "crl": [root.crl(until=seconds - 2)]}), "lasting"
        daemon, client, _, _, seconds = connect_before_it_ends(path, make, 5)
        with daemon:
            expect_ended(daemon, client, 5, "crl-expired", None, seconds)
            # The log says it when it begins, not at the next full hour.

            def told():
                return [line for line in daemon.log.find(
                    event="expires", what="tls.crl")
                    if line.text[:19].replace("T", " ") >=
                    line["refused_from"][:19]]
            line = wait_until(told, "the log says that it begins")[0]
            assert line.level == "error", line.text
            expect_named(line["warning"], f"{path}/root.crl", 2)


@standalone(timeout=120)
def what_ends_soon_is_told():
    with folder() as path:
        root = Authority(path, "root")
        root.issue("soon", seconds=20 * 86400 + 3600)
        root.issue("later", identity="device-2")
        with started(path, client_ca=root.certificate,
                     crl=[root.crl(since=-36000, until=1800)]) as daemon:
            line = daemon.await_log(event="expires", what="tls.crl")
            assert line.level == "warning", line.text
            for _ in range(2):
                expect_let_in(daemon, "soon")
            expect_let_in(daemon, "later")
            line = daemon.await_log(event="expires", what="client")
            assert line["days_left"] == "20", line.text
            assert line["identity"] == "device-1", line.text
            assert {line["identity"] for line in daemon.log.find(
                event="expires", what="client")} == {"device-1"}


@standalone(timeout=200)
def a_clients_certificate_that_ends_soon_is_told_once_a_day():
    """Whichever worker it comes to: the homes of ten sessions are several
    workers, by chance not one."""
    def days():
        return int(time.time() // 86400)
    with folder() as path:
        root = Authority(path, "root")
        root.issue("soon", seconds=20 * 86400 + 3600)
        began = days()
        with started(path, client_ca=root.certificate) as daemon:
            session = None
            for i in range(10):
                with daemon.client(f"home-{i}", certificate="soon",
                                   session=session) as client:
                    client.ping()
                    session = session or client.stream.tls.session
            daemon.await_log(event="expires", what="client")
            told = daemon.log.find(event="expires", what="client")
            assert 1 <= len(told) <= 1 + days() - began, told


@standalone(timeout=120)
def what_ends_soon_is_told_once_a_day():
    """And not again by each reload: CRLs are renewed every hour."""
    with folder() as path:
        root = Authority(path, "root")
        root.issue("soon", seconds=20 * 86400 + 3600, use="server")
        with Daemon(reload={"watch": False}, tls={
                "certificate": f"{path}/soon.pem",
                "private_key": f"{path}/soon.key",
                "client_ca": root.certificate,
                "crl": [root.crl("in-use", since=-40000,
                                 until=10 * 86400)]}) as daemon:
            def told(what):
                return daemon.log.find(event="expires", what=what)
            daemon.await_log(event="expires", what="tls.certificate")
            line, = told("tls.certificate")
            assert line["days_left"] == "20", line.text
            assert line.level == "warning", line.text
            daemon.reload(tls={"crl_grace_seconds": 3600})
            assert len(told("tls.certificate")) == 1
            assert told("tls.crl") == []
            # One that ends soon is told when it comes, and then no more.
            root.crl("in-use", since=-36000, until=1800)
            daemon.reload()
            line, = told("tls.crl")
            daemon.reload(limits={"handshakes_in_flight": 77})
            assert len(told("tls.crl")) == 1
            assert line.level == "warning", line.text
            # But from when on nobody gets in, whenever that changes.
            daemon.reload(tls={"crl_grace_seconds": 7200})
            assert len(told("tls.crl")) == 2
            assert len(told("tls.certificate")) == 1


main()
