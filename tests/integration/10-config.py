#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every fault of the configuration is a message and status 1, and nothing
is bound."""

import ctypes.util
import os
import re
import shutil
import socket
import subprocess
import tempfile

from signet import DEADLINE, Daemon, main, standalone
from signet.daemon import SIGNETD, free_port, settings, write_configuration
from signet.pki import pki


class Folder:
    """A folder with signet.conf; port is what it would bind."""

    def __init__(self, **overrides):
        self.path = tempfile.mkdtemp(prefix="signet-test-")
        self.port = free_port()
        self.file = f"{self.path}/signet.conf"
        self.settings = settings(self.port, self.path, overrides)
        del self.settings["log"]  # for cases that append it
        write_configuration(self.file, self.settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def add(self, text):
        """Append a line; its number."""
        with open(self.file, "a") as file:
            file.write(text + "\n")
        return self.count()

    def count(self):
        with open(self.file) as file:
            return len(file.readlines())

    def replace(self, pattern, text):
        """Replace what matches, once; the number of that line."""
        with open(self.file) as file:
            content = file.read()
        match = re.search(pattern, content, re.M)
        assert match, content
        with open(self.file, "w") as file:
            file.write(content[:match.start()] + text
                       + content[match.end():])
        return content[:match.start()].count("\n") + 1

    def write(self, content):
        with open(self.file, "w") as file:
            file.write(content)

    def is_bound(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def run(*arguments, **environment):
    return subprocess.run([SIGNETD, *arguments], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, **environment},
                          timeout=3 * DEADLINE)


def expect_fault(folder, line, *words):
    """--check, -t and a start say where and what, with status 1."""
    for arguments in (["-c", folder.file, "--check"],
                      ["-t", "-c", folder.file], ["-c", folder.file]):
        done = run(*arguments)
        said = done.stdout + done.stderr
        assert done.returncode == 1, (arguments, done.returncode, said)
        place = folder.file if line is None else f"{folder.file}:{line}:"
        assert place in said, f"{place} expected: {said}"
        for word in words:
            assert word in said, f"{word} expected: {said}"
        assert not folder.is_bound()


@standalone
def a_good_configuration_is_good():
    with Folder() as folder:
        for arguments in (["-c", folder.file, "--check"],
                          ["--check", "-c", folder.file],
                          ["-t", "-c", folder.file]):
            done = run(*arguments)
            assert done.returncode == 0, done.stderr
            assert not folder.is_bound()


# The line that is appended, what the message names.
SETTINGS = (
    ("lsten = ();", ("lsten", "listen")),
    ("limit = { connections = 5; };", ("limit", "limits")),
    ("limits = { packet_byte = 1; };",
     ("limits.packet_byte", "did you mean `limits.packet_bytes'?")),
    ("limits = { x = 1; };",
     ("limits.x", "is unknown; the nearest known is `")),
    ("limits = { packet_bytes = \"1 MB\"; };", ("limits.packet_bytes",)),
    ("limits = { packet_bytes = 1; };", ("limits.packet_bytes", "1024")),
    ("limits = { packet_bytes = 268435461; };", ("limits.packet_bytes",)),
    ("limits = { packet_bytes = -1; };", ("limits.packet_bytes",)),
    ("limits = { packet_bytes = 1.5; };", ("limits.packet_bytes",)),
    ("limits = { connections = 99999999999; };", ("limits.connections",)),
    ("limits = { connections = true; };", ("limits.connections",)),
    ("limits = 5;", ("limits",)),
    ("limits = ( );", ("limits",)),
    ("log = { level = \"loud\"; };", ("log.level", "info")),
    ("log = { level = 3; };", ("log.level",)),
    ("identity = \"subject.dn\";", ("identity", "subject.cn")),
    ("sessions = { receive_maximum = 0; };", ("sessions.receive_maximum",)),
    ("sessions = { receive_maximum = 65536; };",
     ("sessions.receive_maximum", "65535")),
)


@standalone
def a_setting_that_is_wrong_is_named_with_file_and_line():
    faults = []
    for text, words in SETTINGS:
        with Folder() as folder:
            line = folder.add(text)
            try:
                expect_fault(folder, line, *words)
            except AssertionError as error:
                faults.append(f"{text}: {error}")
    assert not faults, "\n".join(faults)


@standalone
def faults_of_what_is_there_are_named_with_file_and_line():
    faults = []
    for pattern, text, words in (
            (r"port = \d+", "port = 0", ("listen[0].port", "65535")),
            (r"port = \d+", "port = 65536", ("listen[0].port",)),
            (r"port = \d+", "prt = 8883", ("prt", "port")),
            (r'address = "[^"]*"', 'address = "localhost"',
             ("listen[0].address",)),
            (r'address = "[^"]*"', 'address = "300.1.2.3"',
             ("listen[0].address",)),
            (r"workers = 2", "workers = 100000", ("processes.workers",)),
            (r"workers = 2", "worker = 2", ("worker", "workers")),
            (r'name = "all-2"', 'name = "all-1"', ("roles[1].name",)),
            (r'publish = \["#", "\$private/#"\]', 'publish = 5',
             ("roles[0].publish",)),
            (r'publish = \["#", "\$private/#"\]', 'publish = [ 5 ]',
             ("roles[0].publish",)),
            (r'publish = \["#", "\$private/#"\]', 'publich = [ "#" ]',
             ("publich", "publish")),
            (r'publish = \["#",', 'publish = ["a/#/b",',
             ("roles[0].publish",)),
            (r'publish = \["#",', 'publish = ["",', ("roles[0].publish",)),
            (r'identity = "device-1"', "identity = 1",
             ("roles[0].match.identity",)),
            (r"^roles = .*$", "roles = ( ;", ())):
        with Folder() as folder:
            line = folder.replace(pattern, text)
            try:
                expect_fault(folder, line if words else None, *words)
            except AssertionError as error:
                faults.append(f"{text}: {error}")
    assert not faults, "\n".join(faults)


@standalone
def files_that_are_missing_or_wrong_are_named():
    certificates = pki()
    faults = []
    for setting, value in (("certificate", "/none/server.pem"),
                           ("private_key", "/none/server.key"),
                           ("client_ca", "/none/ca.pem"),
                           ("certificate", "/"),
                           ("certificate", f"{certificates}/server.key"),
                           ("private_key", f"{certificates}/server.pem"),
                           ("private_key", f"{certificates}/client-1.key"),
                           ("client_ca", f"{certificates}/server.key"),
                           ("client_ca", "/dev/null")):
        with Folder(tls={setting: value}) as folder:
            with open(folder.file) as file:
                line = next(i for i, text in enumerate(file, 1)
                            if f"{setting} =" in text)
            try:
                expect_fault(folder, line, f"tls.{setting}")
            except AssertionError as error:
                faults.append(f"{setting} = {value}: {error}")
    assert not faults, "\n".join(faults)


@standalone
def a_required_setting_that_is_missing_is_named():
    with Folder() as folder:
        folder.replace(r'name = "all-1";', "")
        expect_fault(folder, None, "roles[0].name")


@standalone
def a_file_that_is_no_configuration_is_an_error():
    for content in ("{", "a = ;", "\0", "listen = (", "x" * 100000,
                    '@include "none.conf"\n', '@include "signet.conf"\n',
                    "\xff\xfe\0", "a = 1;;; b"):
        with Folder() as folder:
            folder.write(content)
            expect_fault(folder, None)
    done = run("-c", "/none/signet.conf")
    assert done.returncode == 1 and "/none/signet.conf" in done.stderr


@standalone
def an_included_file_s_faults_are_named_in_it():
    with Folder() as folder:
        with open(f"{folder.path}/more.conf", "w") as file:
            file.write("# a comment\n\nlimits = { connection = 5; };\n")
        folder.add('@include "more.conf"')
        done = run("-c", folder.file, "--check")
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert "more.conf:3:" in said and "limits.connections" in said, said


@standalone
def what_is_printed_is_a_configuration_again():
    with Folder(limits={"connections": 777},
                log={"level": "debug"}) as folder:
        first = run("-c", folder.file, "--print-config")
        assert first.returncode == 0, first.stderr
        assert "777" in first.stdout and "device-rsa" in first.stdout
        folder.write(first.stdout)
        second = run("-c", folder.file, "--print-config")
        assert second.stdout == first.stdout
        assert run("-c", folder.file, "--check").returncode == 0


@standalone
def the_defaults_are_printed_with_their_meaning():
    done = run("--print-config")
    assert done.returncode == 0, done.stderr
    for name in ("listen", "certificate", "handshakes_in_flight",
                 "receive_maximum", "max_queued_messages", "outbox_bytes"):
        assert re.search(rf"\b{name}\b", done.stdout), name


@standalone
def wrong_arguments_are_an_error():
    for arguments in (["--none"], ["-c"], ["-x"]):
        done = run(*arguments)
        assert done.returncode not in (0, -6, -11), (arguments, done)
        assert done.stderr, arguments
    for arguments in ["--version"], ["--help"]:
        done = run(*arguments)
        assert done.returncode == 0 and done.stdout, (arguments, done)


@standalone
def a_store_in_use_is_an_error():
    with Daemon() as daemon, Folder() as other:
        other.replace('path = ".*";',
                      f'path = "{daemon.settings["store"]["path"]}";')
        done = run("-c", other.file)
        assert done.returncode == 1, done.stderr
        assert f"in use by process {daemon.role_pids('store')[0]}" \
            in done.stderr, done.stderr
        assert not other.is_bound()


@standalone
def a_store_that_cannot_be_made_is_an_error():
    with Folder(store={"path": "/nowhere/signet"}) as folder:
        done = run("-c", folder.file)
        assert done.returncode == 1, done.stderr
        assert "cannot make /nowhere/signet: No such file" in done.stderr, \
            done.stderr
        assert not folder.is_bound()


@standalone
def a_library_that_cannot_be_loaded_is_an_error():
    for name in "rocksdb", "microhttpd":
        library = ctypes.util.find_library(name)
        assert library, f"lib{name} is not installed"
        with Folder(metrics={"enabled": True,
                             "port": free_port()}) as folder:
            os.chmod(folder.path, 0o755)  # the store's user gets to it
            with open(f"{folder.path}/{library}", "w") as file:
                file.write("this is no library\n" * 100)
            done = run("-c", folder.file, LD_LIBRARY_PATH=folder.path)
            assert done.returncode == 1, done.stderr
            assert f"{library}: invalid ELF header" in done.stderr, \
                done.stderr
            assert not folder.is_bound()


@standalone
def an_address_that_is_taken_is_an_error():
    with Daemon() as daemon, Folder() as other:
        other.replace("port = [0-9]*;", f"port = {daemon.port};")
        done = run("-c", other.file)
        assert done.returncode == 1, done.stderr
        assert str(daemon.port) in done.stderr, done.stderr
        with daemon.client() as client:
            client.ping()


@standalone
def an_unknown_user_is_an_error():
    if os.geteuid() != 0:
        return
    for name in "no-such-user", "root":
        with Folder(processes={"user": name}) as folder:
            with open(folder.file) as file:
                line = next(i for i, text in enumerate(file, 1)
                            if "user =" in text)
            expect_fault(folder, line, "processes.user", name)


@standalone
def several_addresses_are_served():
    port = free_port()
    with Daemon(listen=[{"address": "127.0.0.1", "port": port},
                        {"address": "127.0.0.2", "port": port},
                        {"address": "::1", "port": port}]) as daemon:
        for address in "127.0.0.1", "127.0.0.2":
            daemon.address = (address, port)
            with daemon.client() as client:
                client.ping()
        with socket.create_connection(("::1", port)):
            pass


main()
