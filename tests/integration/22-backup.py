#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""signetctl backup: a copy of a running daemon is whole, and opens."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading

from signet import DEADLINE, Daemon, Skipped, lasting, main, standalone
from signet.daemon import BUILD, SIGNETD, user
from signet.processes import wait_until

SIGNETCTL = os.path.join(BUILD, "signetctl")


def run(*arguments, **options):
    return subprocess.run(list(arguments), capture_output=True, text=True,
                          timeout=60, **options)


def backup(daemon, folder, **options):
    return run(SIGNETCTL, "-c", daemon.configuration, "backup", folder,
               **options)


def control(daemon):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(3 * DEADLINE)
    connection.connect(daemon.settings["control"]["socket"])
    return connection


def ask(connection, line):
    connection.sendall(line)
    answer = b""
    while not answer.endswith(b"\n"):
        got = connection.recv(4096)
        if not got:
            return None
        answer += got
    return answer.decode().rstrip("\n")


class Load:
    """Publishes at QoS 1 until it ends; knows what was acknowledged."""

    def __init__(self, daemon, topic):
        self.acknowledged = 0
        self.is_ending = False
        self.fault = None
        self.daemon = daemon
        self.topic = topic
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        try:
            with self.daemon.client() as client:
                while not self.is_ending:
                    client.publish(self.topic, str(self.acknowledged), 1)
                    self.acknowledged += 1
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def end(self):
        self.is_ending = True
        self.thread.join()
        assert self.fault is None, self.fault


class Folder:
    """An empty folder; root's tests let the daemon's user reach it."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="signet-test-")
        os.chmod(self.path, 0o755)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def give_away(self, name):
        path = os.path.join(self.path, name)
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", user(), path], check=True)
        return path


def expect_whole(folder):
    done = run(SIGNETD, f"--check-store={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "faults: 0" in done.stdout, done.stdout


@standalone
def a_backup_under_load_is_whole_and_opens():
    """Whatever was acknowledged before it was asked for is in it."""
    with Folder() as folder:
        with Daemon() as daemon:
            client = daemon.client(client_id="kept", **lasting(5))
            client.subscribe("load", qos=1)
            client.leave()
            load = Load(daemon, "load")
            before = []
            for i in range(3):
                while load.acknowledged < 50 * (i + 1):
                    assert load.fault is None, load.fault
                before.append(load.acknowledged)
                done = backup(daemon, f"{folder.path}/{i}")
                assert done.returncode == 0, done.stderr
                wait_until(lambda: not os.path.exists(
                    daemon.settings["store"]["path"] + "/backup"),
                           "the daemon removes its copy")
            load.end()
        for i in range(3):
            expect_whole(f"{folder.path}/{i}")
        path = folder.give_away("2")
        with Daemon(store={"path": path}) as daemon:
            with daemon.client(client_id="kept", **dict(lasting(5),
                                                        clean=False)) \
                    as client:
                assert client.connack.session_present
                for number in range(before[2]):
                    assert client.take().payload == str(number).encode()


@standalone
def a_backup_goes_to_an_empty_folder_only():
    with Folder() as folder, Daemon() as daemon:
        os.mkdir(f"{folder.path}/full")
        with open(f"{folder.path}/full/file", "w"):
            pass
        done = backup(daemon, f"{folder.path}/full")
        assert done.returncode == 1 and "is not empty" in done.stderr, done
        assert os.listdir(f"{folder.path}/full") == ["file"]
        os.mkdir(f"{folder.path}/empty")
        done = backup(daemon, f"{folder.path}/empty")
        assert done.returncode == 0, done.stderr
        expect_whole(f"{folder.path}/empty")
        done = backup(daemon, f"{folder.path}/empty")
        assert done.returncode == 1, done
        done = backup(daemon, f"{folder.path}/no/such/folder")
        assert done.returncode == 1 and "cannot make" in done.stderr, done


@standalone
def without_a_daemon_there_is_no_backup():
    with Folder() as folder:
        done = run(SIGNETCTL, "-s", f"{folder.path}/socket", "backup",
                   f"{folder.path}/b")
        assert done.returncode == 3 and "No such file" in done.stderr, done
        for arguments in [], ["backup"], ["-x"], ["none", "x"]:
            done = run(SIGNETCTL, *arguments)
            assert done.returncode == 2, done
            assert done.stderr.startswith("signetctl: "), done


@standalone
def one_backup_at_a_time_and_none_is_left_behind():
    with Daemon() as daemon:
        path = daemon.settings["store"]["path"] + "/backup"
        first, second = control(daemon), control(daemon)
        assert ask(first, b"backup\n") == f"ok {path}"
        assert os.path.exists(f"{path}/db/CURRENT") or os.geteuid() != 0
        assert ask(second, b"backup\n").startswith("error another")
        assert ask(second, b"done\n").startswith("error there is no")
        first.close()  # without a word
        answer = None
        while answer != f"ok {path}":
            answer = ask(second, b"backup\n")
        assert ask(second, b"done\n") == "ok"
        assert ask(second, b"nothing\n") == "error there is no such command"
        second.close()


@standalone
def lines_that_are_none_end_the_connection():
    with Daemon() as daemon:
        for line in (b"x" * 8192, b"x" * 9000 + b"\n", b"done\0\n", b"\0\n"):
            connection = control(daemon)
            try:
                assert ask(connection, line) is None, line
            except ConnectionResetError:
                pass
            connection.close()
        connections = [control(daemon) for _ in range(8)]
        for connection in connections:
            assert ask(connection, b"done\n").startswith("error")
        # However many are there, one more finds a place.
        more = [control(daemon) for _ in range(20)]
        assert ask(more[-1], b"done\n").startswith("error")
        for connection in more:
            connection.close()
        for connection in connections:
            connection.close()
        with daemon.client() as client:
            client.ping()


@standalone
def others_may_not_use_the_control_socket():
    if os.geteuid() != 0:
        raise Skipped("only root can become somebody else")
    with Daemon() as daemon, Folder() as folder:
        done = run(SIGNETCTL, "-s", daemon.settings["control"]["socket"],
                   "backup", f"{folder.path}/b", user=1, group=1,
                   extra_groups=[])
        assert done.returncode == 4, done


@standalone
def a_store_that_is_in_use_is_not_checked():
    with Daemon() as daemon:
        done = run(SIGNETD, "--check-store", "-c", daemon.configuration)
        assert done.returncode == 1 and "in use" in done.stderr, done
    with Folder() as folder:
        done = run(SIGNETD, f"--check-store={folder.path}")
        assert done.returncode == 1 and "no store" in done.stdout, done
        assert os.listdir(folder.path) == []


main()
