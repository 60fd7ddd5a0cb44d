# SPDX-License-Identifier: Apache-2.0
"""What /proc tells of a daemon's processes."""

import contextlib
import os
import re
import signal
import time

from .stream import DEADLINE


def wait_until(is_true, what, timeout=None):
    """Poll until is_true() gives something true, and return it."""
    deadline = time.monotonic() + (timeout or DEADLINE)
    while True:
        got = is_true()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(0.005)


@contextlib.contextmanager
def stopped(*pids):
    """These processes stand still meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def status(pid):
    """/proc/PID/status as a dict, or None if it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = dict(line.rstrip("\n").split(":\t", 1)
                         for line in file if ":\t" in line)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if lines["State"].startswith("Z") else lines


def age(pid):
    """For how many seconds there has been a process."""
    with open(f"/proc/{pid}/stat") as file:
        ticks = int(file.read().rsplit(")", 1)[1].split()[19])
    return (time.clock_gettime(time.CLOCK_BOOTTIME)
            - ticks / os.sysconf("SC_CLK_TCK"))


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def children(pid):
    """Processes whose parent is pid."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            lines = status(name)
            if lines is not None and int(lines["PPid"]) == pid:
                found.append(int(name))
    return found


def roles(master):
    """{"worker 1": pid, ...} of a master's children, by their titles."""
    found = {}
    for pid in children(master):
        match = re.match(r"signetd: (\w+ \d+)", command(pid))
        if match:
            found[match[1]] = pid
    return found


def memory(pid, field="Rss"):
    """Bytes that a process has resident (Rss) or is charged with (Pss)."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def is_sanitized(pid):
    """Is it built with AddressSanitizer, which keeps what is freed? gcc links
    it as a library, clang into the program."""
    with open(f"/proc/{pid}/exe", "rb") as program:
        return b"__asan_init" in program.read()


def descriptors(pid):
    """{number: what it is} of the open descriptors."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            pass
    return found
