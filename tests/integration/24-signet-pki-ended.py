#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""signet-pki: nothing is lost, or seen by others, whenever it is ended."""

import os
import shutil
import signal
import subprocess

from signet import main, standalone, wait_until
from signet.pki_script import SCRIPT, Authority, Watched
from signet.stream import DEADLINE


@standalone
def a_key_is_never_open_to_others_while_it_is_made():
    with Authority(is_made=False) as pki:
        watched = Watched(pki, ("openssl", "ln", "mv", "sync", "chmod", "cp"))
        old = os.umask(0)
        try:
            for arguments in (("init",), ("server", "localhost"),
                              ("client", "alice"), ("revoke", "alice")):
                watched.run(0, *arguments)
        finally:
            os.umask(old)
        assert watched.seen_open() == "", watched.seen_open()
        # The eye sees at all.
        os.chmod(pki.path("ca/clients.key"), 0o640)
        watched.run(0, "crl")
        assert "clients.key" in watched.seen_open()


def check_whole(pki):
    """What is there is known, and can be used, renewed and revoked."""
    known = {row[2] for rows in pki.rows().values() for row in rows}
    for name in pki.contents():
        if name.startswith("clients/") and name.endswith(".pem"):
            assert pki.serial(name) in known, name
    if not os.path.exists(pki.path("clients/alice.pem")):
        pki.good("client", "alice")
    assert pki.matches("alice") and pki.verifies("client", "alice")
    pki.good("renew", "alice")
    assert pki.matches("alice")
    serials = [row[2] for row in pki.rows("alice")["client", "alice"]]
    pki.good("revoke", "alice")
    listed = pki.openssl("crl", "-in", "clients.crl", "-noout",
                         "-text").lower()
    assert all(serial in listed for serial in serials), (serials, listed)
    pki.good("client", "alice")
    assert pki.matches("alice") and pki.verifies("client", "alice")
    assert not any("/new." in name for name in pki.contents())


def kill_everywhere(pki, prepare, arguments):
    """End it before each thing that it does to a file in turn, and look at
    what is left; returns how often that was."""
    watched = Watched(pki, ("ln", "mv"))
    for kill_at in range(1, 200):
        shutil.rmtree(pki.dir, ignore_errors=True)
        prepare()
        keys = {name: data for name, data in pki.contents().items()
                if name.endswith(".key")}
        if not watched.run(kill_at, *arguments):
            return kill_at - 1
        left = pki.contents()
        for name, data in keys.items():
            assert data in left.values(), (kill_at, name)
        if arguments[0] == "init":
            made = {name: data for name, data in left.items()
                    if name in ("ca/servers.key", "ca/clients.key")}
            if not os.path.exists(pki.path("ca/index")):
                pki.good("init")
            for name, data in made.items():
                assert pki.read(name) == data, (kill_at, name)
            pki.good("client", "alice")
            assert pki.verifies("client", "alice", "-crl_check", "-CRLfile",
                                "clients.crl")
        else:
            check_whole(pki)
    raise AssertionError("it never ends")


@standalone(timeout=120)
def init_that_is_ended_anywhere_can_be_done_again():
    with Authority(is_made=False) as pki:
        assert kill_everywhere(pki, lambda: None, ("init",)) > 10


def ended_anywhere(arguments, *before):
    with Authority() as pki:
        for step in before:
            pki.good(*step)
        saved = f"{pki.top}/saved"
        shutil.copytree(pki.dir, saved)
        count = kill_everywhere(
            pki, lambda: shutil.copytree(saved, pki.dir), arguments)
        assert count >= 2, count


@standalone(timeout=120)
def client_that_is_ended_anywhere_leaves_all_whole():
    ended_anywhere(("client", "alice"))


@standalone(timeout=120)
def renew_that_is_ended_anywhere_leaves_all_whole():
    ended_anywhere(("renew", "alice"), ("client", "alice"))


@standalone(timeout=120)
def revoke_that_is_ended_anywhere_leaves_all_whole():
    with Authority() as pki:
        pki.good("client", "alice")
        saved, serial = f"{pki.top}/saved", pki.serial("clients/alice.pem")
        shutil.copytree(pki.dir, saved)
        watched = Watched(pki, ("ln", "mv"))
        for kill_at in range(1, 100):
            shutil.rmtree(pki.dir)
            shutil.copytree(saved, pki.dir)
            is_killed = watched.run(kill_at, "revoke", "alice")
            pki.good("revoke", "alice")
            assert serial in pki.openssl("crl", "-in", "clients.crl",
                                         "-noout", "-text").lower()
            assert not os.path.exists(pki.path("clients/alice.key"))
            pki.good("client", "alice")
            if not is_killed:
                assert kill_at > 4, kill_at
                return
    raise AssertionError("it never ends")


@standalone
def a_signal_leaves_nothing_behind():
    with Authority() as pki:
        pki.put_command("sync", f": >'{pki.top}/begun'; exec sleep 600")
        process = subprocess.Popen(
            [SCRIPT, "-d", pki.dir, "client", "alice"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
            env=pki.environment())
        try:
            wait_until(lambda: os.path.exists(f"{pki.top}/begun"),
                       "it is in the middle", 3 * DEADLINE)
            os.killpg(process.pid, signal.SIGTERM)
            assert process.wait(3 * DEADLINE) == 143
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        assert not any(name.startswith("ca/new.")
                       for name in pki.contents())
        pki.put_command("sync", 'exec /bin/sync "$@"')
        pki.good("client", "alice")


main()
