#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the shells complete for signetctl: all that its usage and the manual
name, and the names of sessions, none of which is evaluated."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time

from signet import Skipped, case, main, standalone, unique
from signet.daemon import BUILD, TOP

SIGNETCTL = f"{BUILD}/signetctl"
BASH = f"{TOP}/packaging/completion/signetctl"
ZSH = f"{TOP}/packaging/completion/_signetctl"
SECONDS = 60
# Outside of readline there is no compopt; "<default>" is its file names. A
# daemon on a busy machine has the time that it needs.
SCRIPT = """
[ -z "$IS_PATIENT" ] || timeout() { shift; "$@"; }
compopt() { COMPREPLY_FROM=$2; }
. "$1"
shift
COMP_LINE=$1 COMP_POINT=${#1}
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
COMPREPLY_FROM=
_signetctl signetctl "${COMP_WORDS[-1]}"
[ -z "$COMPREPLY_FROM" ] || printf '<%s>\\n' "$COMPREPLY_FROM"
[ "${#COMPREPLY[@]}" = 0 ] || printf '%s\\n' "${COMPREPLY[@]}"
"""


def words(line):
    """As readline divides it: at blanks, and around runs of "=" and ":"."""
    return re.findall(r"[=:]+|(?:\\.|[^\s=:\\])+|(?<=[^\\]\s)\Z", line)


def complete(line, program=SIGNETCTL, patient="yes"):
    """What bash offers for the last word of a line behind the program."""
    line = f"{program} {line}"
    done = subprocess.run(["bash", "-c", SCRIPT, "bash", BASH, line,
                           *words(line)], capture_output=True, text=True,
                          cwd="/", timeout=SECONDS,
                          env={**os.environ, "LC_ALL": "C.UTF-8",
                               "IS_PATIENT": patient})
    assert done.returncode == 0 and done.stderr == "", (line, done)
    return done.stdout.splitlines()


def usage():
    """Commands, each with what stands behind it, and the general options."""
    text = subprocess.run([SIGNETCTL, "--help"], capture_output=True,
                          text=True, timeout=SECONDS).stdout
    _, commands, general = text.split("\n\n")
    found = re.findall(r"^  ([a-z]+)\b(.*(?:\n   .*)*)", commands, re.M)
    assert len(found) > 5, text
    return dict(found), options(general)


def options(text):
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*|-[A-Z]\b", text))


def manual(name):
    with open(f"{TOP}/docs/{name}", encoding="utf-8") as file:
        return file.read()


@standalone
def every_command_and_option_of_the_usage():
    commands, general = usage()
    assert len(general) > 8, general
    assert sorted(complete("")) == sorted(commands)
    assert set(complete("-")) == general
    assert complete("--so") == ["--socket"]
    assert complete("--json sessions --watch --pe") == ["--peer"]
    for name, rest in commands.items():
        assert complete(name) == [one for one in complete("")
                                  if one.startswith(name)]
        wanted = options(rest)
        if name != "explain":
            wanted |= general | ({"-w"} if "--watch" in wanted else set())
        assert set(complete(f"{name} -")) == wanted, name
        assert set(complete(f"--json -s /s {name} -")) == wanted, name


@standalone
def every_value_that_the_manual_names():
    fields = re.search(r'\{"sessions": \[\{(.*?)"subscriptions"',
                       manual("signetctl.1"), re.S)[1]
    fields = re.findall(r'"(\w+)"', fields)
    assert len(fields) > 20, fields
    assert sorted(complete("sessions --sort ")) == sorted(fields)
    assert sorted(complete("sessions --sort -")) == sorted(
        "-" + field for field in fields)
    roles = re.findall(r"^\.It Ic log\.levels\.(\w+)$",
                       manual("signet.conf.5"), re.M)
    assert len(roles) > 5, roles
    levels = ["error", "warning", "info", "debug"]
    assert complete("log ") == ["level"]
    assert sorted(complete("log level ")) == sorted(levels + roles)
    assert complete("log level gate ") == levels
    assert complete("log level info ") == []
    text = subprocess.run([SIGNETCTL, "explain"], capture_output=True,
                          text=True, timeout=SECONDS).stderr
    actions = re.sub(r"[,.]|\b(or|with|a|TOPIC)\b", " ",
                     text.split("ACTION is ")[1]).split()
    assert len(actions) > 4, text
    assert sorted(complete("explain --cert a.pem ")) == sorted(actions)
    assert complete("explain --cert a.pem publish ") == []
    assert complete("sessions --state ") == ["connected", "offline"]
    # Readline puts it behind what it has divided.
    assert complete("sessions --state=o") == ["offline"]
    for line in ("-c ", "--config=/e", "-s /r", "explain --cert ",
                 "status --socket "):
        assert complete(line) == ["<default>"], line
    assert complete("backup ") == ["<dirnames>"]
    for line in ("status ", "version ", "reload ", "sessions --limit ",
                 "backup a ", "nothing "):
        assert complete(line) == [], line


@case
def names_of_sessions(broker):
    at = f"-s {broker.settings['control']['socket']}"
    plain, odd = unique("plain"), unique("odd")
    spoilt = f"{tempfile.mkdtemp(prefix='signet-test-')}/evaluated"
    hostile = [f"{odd}$(touch {spoilt})", f"{odd}]$(touch {spoilt})",
               f"{odd}`touch {spoilt}`;'", f'{odd}"', f"{odd}\\"]
    ids = [plain, f"{plain}:b/c d", *hostile]
    clients = [broker.client(client_id=one, version=5) for one in ids]
    try:
        offered = complete(f"{at} session dev")
        assert "device-1" in offered and f"device-1/{plain}" in offered
        assert all(offered.count(one) == 1 for one in offered), offered
        offered = complete(f"{at} disconnect device-1/{plain}")
        assert sorted(offered) == [f"device-1/{plain}",
                                   f"device-1/{plain}:b/c\\ d"], offered
        assert complete(f"{at} session device-1/{plain}:b/") == ["b/c\\ d"]
        assert complete(f"{at} session device-1/{plain}:b/c\\ ") == [
            "b/c\\ d"]
        # A quote or a backslash is left to those who type it.
        offered = complete(f"{at} session device-1/{odd}")
        quoted = [subprocess.run(["bash", "-c", 'printf %q "$1"', "bash",
                                  f"device-1/{one}"], capture_output=True,
                                 text=True, timeout=SECONDS).stdout
                  for one in hostile[:3]]
        assert sorted(offered) == sorted(quoted), offered
        assert not os.path.exists(spoilt)
        assert "device-1" in complete(f"{at} sessions --identity d")
        assert plain in complete(f"{at} sessions --client-id={plain}")
        assert complete(f"{at} sessions --peer 127.") == ["127.0.0.1"]
        text, _ = broker.ctl("--json", "sessions", "--client-id", plain)
        number = re.search(r'"id": "(\w{16})"', text)[1]
        assert complete(f"{at} session {number[:12]}") == [number]
    finally:
        for client in clients:
            client.abort()
        shutil.rmtree(os.path.dirname(spoilt))


@standalone
def nothing_where_no_daemon_answers():
    assert complete("-s /nowhere/socket session ") == []
    assert complete("-s /nowhere/socket disconnect d") == []
    assert complete("session ", program="/nowhere/signetctl") == []
    assert complete("-c /nowhere/signet.conf sessions --identity ") == []
    with tempfile.TemporaryDirectory() as folder, \
            socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/socket")
        silent.listen(16)
        assert complete(f"-s {folder}/socket session ", patient="") == []


@standalone
def zsh_knows_the_same():
    with open(ZSH, encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("#compdef signetctl\n")
    commands, general = usage()
    for name in commands:
        assert f"'{name}:" in text, name
    offers = dict(re.findall(r"^\t(\w+)\)\n(.*?)^\t\t;;", text, re.M | re.S))
    offers["general"] = re.search(r"-a options=\((.*?)^\t\)", text,
                                  re.M | re.S)[1]
    for name, rest in [*commands.items(), ("general", " ".join(general))]:
        for option in options(rest):
            assert re.search(rf"['{{,]{option}[+=,}}]", offers[name]), (
                name, option)
    values = {line: complete(line) for line in (
        "sessions --sort ", "sessions --state ", "log level ",
        "explain --cert a ")}
    for line, found in values.items():
        assert len(found) > 1
        for value in found:
            assert re.search(rf"(?<![\w-]){value}(?![\w-])", text), value


class Zsh:
    """An interactive one, that completes."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="signet-test-")
        pid, self.terminal = pty.fork()
        if pid == 0:
            try:
                # No line is divided.
                fcntl.ioctl(0, termios.TIOCSWINSZ,
                            struct.pack("HHHH", 50, 1000, 0, 0))
                os.execvpe("zsh", ["zsh", "-f", "-i"], {
                    "HOME": self.home, "TERM": "dumb", "LC_ALL": "C.UTF-8",
                    "PATH": f"{os.path.dirname(SIGNETCTL)}:"
                            f"{os.environ['PATH']}"})
            finally:
                os._exit(127)
        self.pid = pid
        self.type(f"fpath=({os.path.dirname(ZSH)} $fpath); autoload -U "
                  "compinit && compinit -u -D; timeout() { shift; \"$@\" }; "
                  "echo completes-$((1 + 1))\n", "completes-2")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)
        shutil.rmtree(self.home)

    def type(self, keys, wanted):
        """Until it has written what is wanted."""
        seen, end = b"", time.monotonic() + SECONDS
        os.write(self.terminal, keys.encode())
        while wanted.encode() not in seen:
            assert time.monotonic() < end, (keys, wanted, seen)
            if select.select([self.terminal], [], [], 1)[0]:
                seen += os.read(self.terminal, 4096)

    def expect(self, line, wanted):
        self.type(f"{line}\t", wanted)
        self.type("\x15echo next-$((2 + 1))\n", "next-3")


@case
def zsh_completes(broker):
    if shutil.which("zsh") is None:
        raise Skipped("zsh is not installed")
    at = f"signetctl -s {broker.settings['control']['socket']}"
    name = unique("here")
    with Zsh() as zsh, broker.client(client_id=name):
        for line, wanted in (("disc", "disconnect "), ("log lev", "level "),
                             ("sessions --sor", "--sort"),
                             ("sessions --sort fing", "fingerprint "),
                             (f"session device-1/{name[:-2]}", name),
                             (f"sessions --client-id {name[:-2]}", name)):
            zsh.expect(f"{at} {line}", wanted)


main()
