#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A heartbeat says that its client is there, and not that it is trusted
(docs/heartbeat.md)."""

import os
import shutil

from signet import Daemon, TimedOut, main, standalone
from signet.authority import Authority
from signet.folders import folder
from signet.heartbeat import Beat, Pulse, settings


@standalone(timeout=120)
def who_beats_is_ended_with_his_certificate_like_any_other():
    with folder() as path:
        root = Authority(path, "root")
        root.issue("good", "device-1")
        root.issue("bad", "device-2")
        shutil.copy(root.crl("old"), f"{path}/in-use.crl")
        with Daemon(tls={"client_ca": root.certificate,
                         "crl": [f"{path}/in-use.crl"]},
                    **settings()) as daemon:
            daemon.pki = path
            revoke(daemon, root, path)


def revoke(daemon, root, path):
    with daemon.client(certificate="good") as good, \
            daemon.client(certificate="bad") as bad, \
            Beat(good) as kept, Beat(bad) as lost, \
            Pulse(kept), Pulse(lost) as pulse:
        root.revoke("bad")
        os.rename(root.crl("new"), f"{path}/in-use.crl")
        bad.expect_end(0x87)
        line = daemon.await_log(event="trust-ended")
        assert line["reason"] == "certificate-revoked", line.text
        pulse.stop()
        # Its key is worth nothing any more.
        lost.move()
        lost.send(lost.question())
        try:
            raise AssertionError(lost.receive(1))
        except TimedOut:
            pass
        assert good.is_alive()


main()
