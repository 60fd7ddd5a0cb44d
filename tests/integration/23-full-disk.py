#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full or read-only: nothing is acknowledged that is not
written, and service returns by itself when the disk does."""

import os
import shutil
import subprocess
import tempfile

from signet import (Daemon, Skipped, TimedOut, codec, lasting, main,
                    standalone)
from signet.daemon import SIGNETD
from signet.processes import wait_until


class Disk:
    """A file system of a few megabytes that the daemon's store is on."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skipped("only root can mount a file system")
        self.path = tempfile.mkdtemp(prefix="signet-test-")
        if not self.mount("-t", "tmpfs", "-o", "size=64m,mode=755", "tmpfs",
                          self.path):
            os.rmdir(self.path)
            raise Skipped("file systems cannot be mounted here")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)
        shutil.rmtree(self.path)

    @staticmethod
    def mount(*arguments):
        return subprocess.run(["mount", *arguments],
                              capture_output=True).returncode == 0

    def daemon(self, **options):
        return Daemon(store={"path": f"{self.path}/store",
                             "reserve_bytes": 8 * 1024 * 1024}, **options)

    def fill(self):
        with open(f"{self.path}/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass

    def empty(self):
        os.unlink(f"{self.path}/filler")


def answer(client, seconds):
    """The next packet, or None."""
    try:
        return client.receive(seconds)
    except TimedOut:
        return None


def waiter(daemon):
    """A durable session that is away."""
    client = daemon.client(client_id="waiter", **lasting(5))
    client.subscribe("kept", qos=1)
    client.leave()
    return client


def send(client, packet_id, payload):
    client.send(codec.publish("kept", payload, 1, packet_id, client.version))


@standalone
def publishers_wait_until_there_is_room():
    with Disk() as disk, disk.daemon() as daemon:
        away = waiter(daemon)
        with daemon.client() as client:
            client.publish("kept", b"before", 1)
            disk.fill()
            send(client, 7, b"meanwhile")
            assert answer(client, 1.5) is None
            # who wants nothing of the disk is served
            client.ping()
            with daemon.client() as other:
                other.subscribe("live")
                client.publish("live", b"at once")
                assert other.take().payload == b"at once"
            failed = daemon.await_log(event="store-failed")
            assert failed.speaker == "store/0", failed
            assert "make room" in failed.text, failed.text
            disk.empty()
            puback = client.expect(codec.PUBACK)
            assert (puback.packet_id, puback.reason) == (7, 0), puback
            daemon.await_log(event="store-recovered")
        with away.resume(daemon, **dict(lasting(5), clean=False)) as client:
            assert client.take().payload == b"before"
            assert client.take().payload == b"meanwhile"


@standalone
def a_daemon_that_is_killed_meanwhile_waits_as_well():
    with Disk() as disk:
        with disk.daemon() as daemon:
            away = waiter(daemon)
            with daemon.client() as client:
                client.publish("kept", b"before", 1)
                disk.fill()
                daemon.await_log(event="ready")
                store = daemon.role_pids("store")[0]
                os.kill(store, 9)
                send(client, 7, b"meanwhile")
                assert answer(client, 1.5) is None
                client.ping()
                disk.empty()
                assert client.expect(codec.PUBACK, 30).packet_id == 7
            with away.resume(daemon, **dict(lasting(5), clean=False)) \
                    as client:
                assert client.take().payload == b"before"
                assert client.take().payload == b"meanwhile"


@standalone
def a_disk_that_is_full_at_the_start_is_waited_for():
    with Disk() as disk:
        with disk.daemon() as daemon:
            waiter(daemon)
        disk.fill()
        with disk.daemon(is_awaited=False) as daemon:
            daemon.await_log(event="store-failed")
            assert not daemon.log.find(event="ready", speaker="master")
            disk.empty()
            wait_until(lambda: daemon.log.find(event="ready",
                                               speaker="master"),
                       "the daemon is ready")
            with daemon.client(client_id="waiter",
                               **dict(lasting(5), clean=False)) as client:
                assert client.connack.session_present


@standalone
def what_a_disk_that_failed_has_is_read_through_at_the_next_start():
    with Daemon() as daemon:
        waiter(daemon)
        path = daemon.settings["store"]["path"] + "/db.failed"
        daemon.process.terminate()
        assert daemon.process.wait() == 0, daemon.log.tail()
        with open(path, "wb"):
            pass
        os.chown(path, *(os.stat(os.path.dirname(path))[4:6]))
        mark = daemon.log.mark()
        daemon.spawn([SIGNETD, "-c", daemon.configuration])
        daemon.await_ready(mark)
        assert not os.path.exists(path)
        with daemon.client(client_id="waiter",
                           **dict(lasting(5), clean=False)) as client:
            assert client.connack.session_present


main()
