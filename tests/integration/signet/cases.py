# SPDX-License-Identifier: Apache-2.0
"""Runs the cases of one file, one line each, on a daemon that they share."""

import faulthandler
import os
import signal
import sys
import time
import traceback

from . import daemon as daemons
from .processes import wait_until
from .stream import SLOWNESS

_cases = []


class Skipped(Exception):
    """The machine lacks what the case needs."""


class CaseTimedOut(Exception):
    pass


def case(function=None, *, generic=False, timeout=60, **overrides):
    """Make a function a case. It gets the broker that the file's cases
    share, or one of its own if it has overrides of settings.

    generic: any MQTT broker must pass it. timeout: seconds.
    """
    def register(function):
        _cases.append((function, generic, timeout, overrides))
        return function
    return register if function is None else register(function)


def standalone(function=None, *, timeout=60):
    """A case that gets nothing: it starts what it needs."""
    def register(function):
        _cases.append((function, False, timeout, None))
        return function
    return register if function is None else register(function)


class _Shared:
    """The daemon between cases: the same processes, or something crashed."""

    def __init__(self):
        self.broker, self.pids = None, None

    def get(self):
        if self.broker is None:
            self.broker = daemons.start()
            self.pids = self.broker.roles()
        return self.broker

    def check(self):
        if self.broker is not None:
            now = self.broker.roles()
            assert now == self.pids, \
                f"processes changed: {self.pids} became {now}"

    def drop(self):
        if self.broker is not None:
            self.broker.kill()
            self.broker = None

    def stop(self):
        if self.broker is not None:
            self.broker.stop()
            self.broker = None


def _on_alarm(*_):
    raise CaseTimedOut("the case takes too long")


def _run_in_time(function, timeout):
    signal.setitimer(signal.ITIMER_REAL, timeout * SLOWNESS)
    try:
        function()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _run_case(shared, function, overrides):
    if overrides is None:
        function()
    elif overrides:
        with daemons.start(**overrides) as own:
            function(own)
    else:
        function(shared.get())
        shared.check()


def _print_fault():
    """The traceback from the case on, without our own frames above it."""
    kind, error, frames = sys.exc_info()
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    traceback.print_exception(kind, error, frames, file=sys.stdout)


def _print_logs():
    tails = daemons.ended_tails + [
        f"{broker.log_path}:\n{broker.log.tail()}"
        for broker in daemons.running]
    for tail in tails:
        print(f"--- the end of the log {tail}\n---")


def _report(name, verdict, seconds):
    print(f"{verdict:4} {name} ({seconds:.1f} s)", flush=True)


def _run_one(shared, area, function, timeout, overrides):
    """True: passed, False: failed, None: skipped."""
    name = f"{area} {function.__name__}"
    started = time.monotonic()
    daemons.ended_tails.clear()
    try:
        _run_in_time(lambda: _run_case(shared, function, overrides), timeout)
    except Skipped as reason:
        print(f"skip {name}: {reason}", flush=True)
        return None
    except Exception:
        _report(name, "FAIL", time.monotonic() - started)
        _print_fault()
        _print_logs()
        sys.stdout.flush()
        shared.drop()
        return False
    _report(name, "ok", time.monotonic() - started)
    return True


def main():
    """Run the cases, all or those whose names are arguments; exit."""
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    area = os.path.basename(sys.argv[0]).removesuffix(".py")
    wanted = sys.argv[1:]
    only_generic = os.environ.get("SIGNET_TEST_BROKER") == "mosquitto"
    shared = _Shared()
    passed = failed = 0
    for function, generic, timeout, overrides in _cases:
        if wanted and not any(w in function.__name__ for w in wanted):
            continue
        if only_generic and not generic:
            continue
        result = _run_one(shared, area, function, timeout, overrides)
        passed += result is True
        failed += result is False
    try:
        shared.stop()
    except AssertionError as error:
        print(f"FAIL {area} the_daemon_stops_in_order\n{error}")
        failed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)


__all__ = ["case", "standalone", "main", "Skipped", "wait_until"]
