# SPDX-License-Identifier: Apache-2.0
"""A folder of signet-pki, and signet-pki itself under observation."""

import os
import shutil
import subprocess
import tempfile

from .daemon import TOP

SCRIPT = f"{TOP}/packaging/signet-pki"


class Authority:
    """One folder of signet-pki, gone with the case."""

    def __init__(self, is_made=True):
        self.top = tempfile.mkdtemp(prefix="signet-pki-test-")
        os.chmod(self.top, 0o755)
        self.dir = f"{self.top}/a folder"
        # No power is cut here, and a disk that others use takes its time.
        os.mkdir(f"{self.top}/bin")
        self.put_command("sync", "exit 0")
        if is_made:
            self.good("init", "--name", "Test")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def put_command(self, name, text):
        """A command that comes before the real one."""
        with open(f"{self.top}/bin/{name}", "w") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(f"{self.top}/bin/{name}", 0o755)

    def environment(self, **more):
        return dict(os.environ, **dict(
            {"PATH": f"{self.top}/bin:{os.environ['PATH']}"}, **more))

    def run(self, *arguments, environment=None):
        return subprocess.run(
            [SCRIPT, "-d", self.dir, *arguments], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, cwd=self.top,
            env=self.environment(**(environment or {})))

    def good(self, *arguments, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        assert done.stderr == "", done.stderr
        return done.stdout

    def bad(self, text, *arguments, status=1):
        """It refuses, says so in one line, and changes nothing."""
        before = self.contents()
        done = self.run(*arguments)
        assert done.returncode == status, (arguments, done)
        lines = done.stderr.splitlines()
        assert lines[-1].startswith("signet-pki: "), done.stderr
        assert text in lines[-1], (arguments, done.stderr)
        assert self.contents() == before, arguments

    def path(self, name):
        return f"{self.dir}/{name}"

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def contents(self):
        """{name: bytes} of all files but the lock."""
        found = {}
        for folder, _, files in os.walk(self.dir):
            for name in files:
                path = f"{folder}/{name}"
                if os.path.isfile(path) and name != "lock":
                    with open(path, "rb") as file:
                        found[os.path.relpath(path, self.dir)] = file.read()
        return found

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.dir,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def verifies(self, kind, name, *options):
        return subprocess.run(
            ["openssl", "verify", "-x509_strict", "-CAfile",
             f"{kind}s-ca.pem", "-purpose", f"ssl{kind}", *options,
             f"{kind}s/{name}.pem"], cwd=self.dir,
            capture_output=True).returncode == 0

    def text(self, name):
        return self.openssl("x509", "-in", name, "-noout", "-text")

    def serial(self, name):
        return self.openssl("x509", "-in", name, "-noout",
                            "-serial").strip().split("=")[1].lower()

    def rows(self, *arguments):
        """What list prints: {(kind, name): [(days, state, serial), ...]}."""
        found = {}
        for line in self.good("list", *arguments).splitlines()[1:]:
            kind, name, days, state, serial = line.split()
            found.setdefault((kind, name), []).append(
                (int(days), state, serial))
        return found

    def matches(self, name):
        """Does the certificate of a client belong to its key?"""
        return self.openssl(
            "pkey", "-in", f"clients/{name}.key", "-pubout"
        ) == self.openssl("x509", "-in", f"clients/{name}.pem", "-noout",
                          "-pubkey")

    def request(self, kind=("-algorithm", "EC", "-pkeyopt",
                            "ec_paramgen_curve:P-256")):
        """A device's key and request; the request's path."""
        self.openssl("genpkey", *kind, "-out", f"{self.top}/device.key")
        self.openssl("req", "-new", "-key", f"{self.top}/device.key",
                     "-subj", "/CN=whatever it says",
                     "-addext", "basicConstraints=critical,CA:TRUE",
                     "-out", f"{self.top}/device.csr")
        return f"{self.top}/device.csr"


# In front of the real command in PATH: looks at what the folder shows to
# others at this moment, and ends all of signet-pki when its time has come.
WRAPPER = """#!/bin/sh
find "$WATCHED" -name '*key*' -perm /077 ! -type l >>"$WATCHER/open"
echo >>"$WATCHER/calls"
if [ "$(wc -l <"$WATCHER/calls")" = "$KILL_AT" ]; then
    : >"$WATCHER/killed"
    kill -9 0
fi
PATH=${PATH#*:}
exec %s "$@"
"""


class Watched:
    """The environment in which each COMMAND is seen, and may be the last."""

    def __init__(self, pki, commands):
        self.pki = pki
        self.folder = f"{pki.top}/watch"
        os.mkdir(self.folder)
        for command in commands:
            path = f"{self.folder}/{command}"
            with open(path, "w") as file:
                file.write(WRAPPER % command)
            os.chmod(path, 0o755)

    def run(self, kill_at, *arguments):
        """Was it killed?"""
        for name in "calls", "killed":
            try:
                os.unlink(f"{self.folder}/{name}")
            except FileNotFoundError:
                pass
        done = subprocess.run(
            [SCRIPT, "-d", self.pki.dir, *arguments], cwd=self.pki.top,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            start_new_session=True, env=self.pki.environment(
                PATH=f"{self.folder}:{self.pki.environment()['PATH']}",
                WATCHED=self.pki.dir, WATCHER=self.folder,
                KILL_AT=str(kill_at)))
        is_killed = os.path.exists(f"{self.folder}/killed")
        assert is_killed or done.returncode == 0, (arguments, done.stderr)
        return is_killed

    def seen_open(self):
        with open(f"{self.folder}/open") as file:
            return file.read()
