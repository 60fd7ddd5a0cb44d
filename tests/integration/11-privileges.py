#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""No role keeps a right, a descriptor or a secret that it does not need."""

import base64
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from signet import Client, Daemon, Skipped, case, context, main, processes
from signet import standalone, wait_until
from signet.pki import pki


CAP_DAC_READ_SEARCH = 1 << 2


def held_beyond(name, kind, lines):
    """The capabilities that a role may not have: the reader reads again what
    only root could read at the start."""
    held = int(lines[kind], 16)
    if name == "reader 0" and kind in ("CapPrm", "CapEff"):
        held &= ~CAP_DAC_READ_SEARCH
    return held


def need_root():
    if os.geteuid() != 0:
        raise Skipped("not started as root")


def expect_served(daemon):
    """Once those who were killed are back, too."""
    def is_served():
        try:
            with Client(daemon) as client:
                client.ping()
            return True
        except (OSError, AssertionError):
            return False
    wait_until(is_served, "clients are served")


def listeners(port):
    """Inodes of the sockets that listen there."""
    found = set()
    for path in "/proc/net/tcp", "/proc/net/tcp6":
        with open(path) as file:
            for words in map(str.split, list(file)[1:]):
                if words[3] == "0A" and words[1].endswith(f":{port:04X}"):
                    found.add(f"socket:[{words[9]}]")
    return found


def limits_of(pid, name):
    """The soft and the hard one."""
    with open(f"/proc/{pid}/limits") as file:
        return re.search(rf"^Max {name} +(\w+) +(\w+)", file.read(),
                         re.MULTILINE).groups()


@case
def each_role_runs_as_somebody_without_rights(broker):
    need_root()
    nobody = pwd.getpwnam("nobody")
    roles = broker.roles()
    assert roles, "no process has a role"
    for name, pid in roles.items():
        lines = processes.status(pid)
        assert lines["Uid"].split() == [str(nobody.pw_uid)] * 4, (name, lines)
        assert lines["Gid"].split() == [str(nobody.pw_gid)] * 4, (name, lines)
        groups = set(lines["Groups"].split())
        assert groups <= {str(nobody.pw_gid)}, (name, groups)
        for kind in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
            assert held_beyond(name, kind, lines) == 0, (name, kind, lines)
        assert lines["NoNewPrivs"] == "1", (name, lines["NoNewPrivs"])


@case
def each_role_is_confined(broker):
    """By a filter of its system calls, in every thread, and by limits."""
    is_sanitized = processes.is_sanitized(broker.pid)
    lacks = {line["lacks"] for line in broker.log.find(event="unconfined")
             } - {"users", "network"}
    assert not lacks or is_sanitized, lacks
    for name, pid in broker.roles().items():
        for thread in os.listdir(f"/proc/{pid}/task"):
            lines = processes.status(f"{pid}/task/{thread}")
            assert lines["Seccomp"] == "2", (name, thread, lines["Seccomp"])
            assert lines["NoNewPrivs"] == "1", (name, thread)
        with open(f"/proc/{pid}/limits") as file:
            limits = dict(re.findall(r"^(Max [a-z ]*[a-z]) +(\w+) ",
                                     file.read(), re.MULTILINE))
        if is_sanitized:
            continue
        has_threads = name.startswith("store")
        assert has_threads or limits["Max processes"] == "0", (name, limits)
        assert limits["Max locked memory"] == "0", (name, limits)
        if name.startswith("gate"):
            assert limits["Max data size"].isdigit(), (name, limits)


@case
def the_master_is_confined(broker):
    """By a filter, and before its first loop by one against rings: its roles
    have both beside their own. And by limits that they do not inherit."""
    is_sanitized = processes.is_sanitized(broker.pid)
    for thread in os.listdir(f"/proc/{broker.pid}/task"):
        lines = processes.status(f"{broker.pid}/task/{thread}")
        assert lines["Seccomp"] == "2", (thread, lines["Seccomp"])
        assert lines["NoNewPrivs"] == "1", thread
    for name, pid in broker.roles().items():
        # The first reader is there before the master gives up its rights.
        if name != "reader 0":
            filters = processes.status(pid).get("Seccomp_filters", "3")
            assert filters == "3", (name, filters)
    if is_sanitized:
        return
    assert limits_of(broker.pid, "data size")[0].isdigit()
    for name in "core file size", "locked memory", "msgqueue size":
        assert limits_of(broker.pid, name) == ("0", "0"), name
    for pid in broker.role_pids("worker").values():
        soft, hard = limits_of(pid, "data size")
        assert soft == hard, (soft, hard)


@case
def no_role_can_be_looked_into(broker):
    """Not dumpable: its files in /proc are root's."""
    need_root()
    if processes.is_sanitized(broker.pid):
        raise Skipped("the leak sanitizer must look into it")
    for name, pid in {**broker.roles(), "master": broker.pid}.items():
        assert os.stat(f"/proc/{pid}/environ").st_uid == 0, name
        assert limits_of(pid, "core file size")[0] == "0", name


@case
def ps_shows_which_is_which(broker):
    wanted = {"gate 0", "gate 1", "key 0", "reader 0", "store 0", "trust 0",
              "worker 0", "worker 1"}
    assert set(broker.roles()) == wanted, broker.roles()
    for name, pid in broker.roles().items():
        shown = subprocess.run(["ps", "-o", "args=", "-p", str(pid)],
                               capture_output=True, text=True).stdout
        assert shown.strip() == f"signetd: {name}", shown
    assert "signetd" in processes.command(broker.pid)


@case
def each_role_holds_only_its_descriptors(broker):
    sockets = listeners(broker.port)
    assert sockets, "nobody listens"
    for name, pid in broker.roles().items():
        held = processes.descriptors(pid)
        files = {number: what for number, what in held.items()
                 if what.startswith("/") and what not in (
                     "/dev/null", broker.log_path)}
        if name == "store 0":
            files = {number: what for number, what in files.items()
                     if not what.startswith(f"{broker.folder}/store/")}
        assert not files, (name, files)
        secret = {number: what for number, what in held.items()
                  if "memfd" in what}
        assert not secret, (name, secret)
        has_listener = bool(sockets & set(held.values()))
        assert has_listener == name.startswith("gate"), (name, held)


@case
def a_library_is_in_the_process_alone_that_needs_it(broker):
    for name, pid in broker.roles().items():
        with open(f"/proc/{pid}/maps") as maps:
            mapped = maps.read()
        for library, owner in (("rocksdb", "store 0"),
                               ("microhttpd", "metrics 0"),
                               ("gnutls", "metrics 0")):
            assert (f"/lib{library}.so" in mapped) == (name == owner), \
                (name, library)


@case
def a_gate_lets_go_of_what_it_handed_over(broker):
    gates = broker.role_pids("gate").values()

    def held():
        return sum(len(processes.descriptors(pid)) for pid in gates)
    with Client(broker) as client:
        client.ping()
    before = held()
    clients = [Client(broker) for _ in range(20)]
    wait_until(lambda: held() <= before, "the gates hold no session")
    for client in clients:
        client.disconnect()
    total = sum(len(processes.descriptors(pid))
                for pid in broker.role_pids("worker").values())

    def now():
        return sum(len(processes.descriptors(pid))
                   for pid in broker.role_pids("worker").values())
    wait_until(lambda: now() <= total - 20 or now() < 60,
               "the workers close what is over")


def find_in_memory(pid, needles):
    """Which of these bytes a process has in writable memory."""
    found = set()
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) ", line)
            start, end = int(match[1], 16), int(match[2], 16)
            if match[3][:2] != "rw" or end - start > 1 << 30:
                continue
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except OSError:
                continue
            found |= {name for name, needle in needles.items()
                      if needle in data}
    return found


@case
def the_private_key_is_in_the_key_process_alone(broker):
    """Not in a gate, a worker, the store, nor in the master's memory."""
    need_root()
    broker.reload()  # what the reader reads at the start, it has wiped
    with open(f"{broker.pki}/server.key") as file:
        text = file.read()
    lines = [line for line in text.splitlines() if "-----" not in line]
    der = base64.b64decode("".join(lines))
    scalar = der[der.index(b"\x02\x01\x01\x04\x20") + 5:][:32]
    # As bytes, as the words of a big number, and as PEM.
    needles = {"bytes": scalar, "number": scalar[::-1],
               "text": lines[1].encode()}
    with Client(broker) as client:
        client.ping()
    found = {name: find_in_memory(pid, needles)
             for name, pid in broker.roles().items()}
    holder = found.pop("key 0")
    assert holder & {"bytes", "number"}, "the search finds nothing"
    assert "text" not in holder, "the file's text is kept"
    assert found and not any(found.values()), found
    assert not find_in_memory(broker.pid, needles), "the master has it"


@case
def a_gate_forgets_a_session_s_secrets(broker):
    """Neither the master secret of TLS 1.2 nor a traffic secret of 1.3."""
    need_root()
    path = f"{broker.folder}/keys"
    tls = context(broker.pki, "client-2", flags=0)
    tls.keylog_filename = path
    with Client(broker, certificate="client-2", tls={"flags": 0}) as client:
        client.ping()
        needles = {}
        with open(path) as file:
            for line in file:
                if not line.startswith("#"):
                    label, _, secret = line.split()
                    needles[label] = bytes.fromhex(secret)
        assert needles
        for index, pid in broker.role_pids("gate").items():
            found = find_in_memory(pid, needles)
            assert not found, (f"gate {index}", found)
        for index, pid in broker.role_pids("worker").items():
            found = find_in_memory(pid, needles)
            assert "CLIENT_RANDOM" not in found, (f"worker {index}", found)
            assert "EXPORTER_SECRET" not in found, (f"worker {index}", found)


# From a number that no account has, of the daemon and of its roles.
ACCOUNT = "signet-test"
FIRST_NUMBER = 61000
OWN = {"gate": 1, "worker": 2, "store": 3, "key": 4,
       "trust": 5, "reader": 6, "metrics": 7}

# CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT
OF_MASTER = 1 << 5 | 1 << 6 | 1 << 7 | 1 << 18


class OfUsers(Daemon):
    """Sees accounts of its own making, and is ACCOUNT's."""

    def __init__(self, path, **overrides):
        self.prefix = ["unshare", "--mount", "sh", "-euc",
                       'mount --bind "$1" /etc/passwd; shift; exec "$@"',
                       "sh", path]
        super().__init__(processes={"workers": 2, "gates": 2,
                                    "user": ACCOUNT},
                         metrics={"enabled": True,
                                  "socket": f"{os.path.dirname(path)}/page"},
                         **overrides)


def write_accounts(path, roles):
    numbers = {ACCOUNT: FIRST_NUMBER}
    numbers.update({f"{ACCOUNT}-{role}": FIRST_NUMBER + OWN[role]
                    for role in roles})
    with open("/etc/passwd") as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text + "".join(
            f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
            for name, number in numbers.items()))


def need_mounts():
    need_root()
    if subprocess.run(["unshare", "--mount", "true"],
                      capture_output=True).returncode != 0:
        raise Skipped("no mounts of its own")


def owners(folder):
    """Of all that is in it."""
    found = {os.lstat(folder).st_uid}
    for where, folders, files in os.walk(folder):
        found |= {os.lstat(f"{where}/{name}").st_uid
                  for name in folders + files}
    return found


def are_confined(daemon):
    """One that was just started may be about to be."""
    found = [processes.status(pid) for pid in daemon.roles().values()]
    return len(found) == 9 and all(
        lines is not None and lines["Seccomp"] == "2" for lines in found)


def expect_own_users(daemon):
    wait_until(lambda: are_confined(daemon), "everybody is confined")
    for name, pid in daemon.roles().items():
        number = str(FIRST_NUMBER + OWN[name.split()[0]])
        lines = processes.status(pid)
        assert lines["Uid"].split() == [number] * 4, (name, lines)
        assert lines["Gid"].split() == [number] * 4, (name, lines)
        assert set(lines["Groups"].split()) <= {number}, (name, lines)
        for kind in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
            assert held_beyond(name, kind, lines) == 0, (name, kind, lines)
        root = os.readlink(f"/proc/{pid}/root")
        has_files = name.startswith(("store", "reader")) or processes.is_sanitized(pid)
        assert root == ("/" if has_files else f"/proc/{pid}/fdinfo"), root
    lines = processes.status(daemon.pid)
    assert lines["Uid"].split() == [str(FIRST_NUMBER)] * 4, lines
    assert int(lines["CapEff"], 16) == OF_MASTER, lines["CapEff"]
    assert int(lines["CapPrm"], 16) == OF_MASTER | CAP_DAC_READ_SEARCH, \
        lines["CapPrm"]
    assert int(lines["CapBnd"], 16) == 0, lines["CapBnd"]


@standalone
def roles_have_accounts_of_their_own():
    need_mounts()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        accounts = f"{folder}/passwd"
        write_accounts(accounts, OWN)
        with OfUsers(accounts) as daemon:
            assert not daemon.log.find(event="unconfined", lacks="users")
            expect_own_users(daemon)
            assert owners(f"{daemon.folder}/store") == {
                FIRST_NUMBER + OWN["store"]}
            for role in OWN:
                pids = daemon.role_pids(role)
                os.kill(pids[0], signal.SIGKILL)
                wait_until(lambda: daemon.role_pids(role).get(
                    0, pids[0]) != pids[0], "it is started again")
            expect_served(daemon)
            expect_own_users(daemon)


@standalone
def a_reader_that_was_started_again_reads_what_only_root_may():
    need_mounts()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        accounts, files = f"{folder}/passwd", f"{folder}/root-s"
        write_accounts(accounts, OWN)
        os.mkdir(files, 0o700)

        def put(kind):
            for ending in "pem", "key":
                shutil.copy(f"{pki()}/{kind}.{ending}", f"{files}/new")
                os.chmod(f"{files}/new", 0o600)
                os.rename(f"{files}/new", f"{files}/server.{ending}")
        put("server")
        with OfUsers(accounts, reload={"watch": False},
                     tls={"certificate": f"{files}/server.pem",
                          "private_key": f"{files}/server.key"}) as daemon:
            pid = daemon.role_pids("reader")[0]
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: daemon.role_pids("reader").get(
                0, pid) != pid, "it is started again")
            wait_until(lambda: are_confined(daemon), "everybody is confined")
            put("server-rsa")

            # It may not have said yet that it is ready.
            def is_reloaded():
                said, status = daemon.ctl("reload")
                assert status == 0 or "is not there" in said, said
                return status == 0 and "server-certificate: " in said
            wait_until(is_reloaded, "the new certificate is used")
            expect_served(daemon)


@standalone
def a_store_follows_its_account():
    """What it wrote as the user that all share is then its own."""
    need_mounts()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        accounts = f"{folder}/passwd"
        write_accounts(accounts, [])
        with OfUsers(accounts) as daemon:
            lacks, = daemon.log.find(event="unconfined", lacks="users")
            assert set(lacks["accounts"].split(", ")) == {
                f"{ACCOUNT}-{role}" for role in OWN}
            lines = processes.status(daemon.pid)
            assert int(lines["CapPrm"], 16) == 0, lines["CapPrm"]
            lasts = {"client_id": "kept", "clean": False,
                     "props": {"session_expiry_interval": 600}}
            with Client(daemon, **lasts):
                pass
            assert owners(f"{daemon.folder}/store") == {FIRST_NUMBER}
            write_accounts(accounts, OWN)
            daemon.restart()
            expect_own_users(daemon)
            assert owners(f"{daemon.folder}/store") == {
                FIRST_NUMBER + OWN["store"]}
            with Client(daemon, **lasts) as client:
                assert client.connack.session_present


@standalone
def no_role_has_a_network():
    """But the sockets that it was given."""
    need_mounts()
    with Daemon() as daemon:
        for pid in [daemon.pid, *daemon.roles().values()]:
            assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink(
                "/proc/self/ns/net"), pid
        expect_served(daemon)


main()
