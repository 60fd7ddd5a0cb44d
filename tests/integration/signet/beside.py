# SPDX-License-Identifier: Apache-2.0
"""What goes on beside a test: functions that do not end, each in a process of
its own, which is killed at the end."""

import contextlib
import multiprocessing
import signal


@contextlib.contextmanager
def running(function, *arguments, count=1):
    fork = multiprocessing.get_context("fork")
    made = [fork.Process(target=_alone, args=(function, *arguments))
            for _ in range(count)]
    for one in made:
        one.start()
    try:
        yield
    finally:
        for one in made:
            one.kill()
            one.join()


def _alone(function, *arguments):
    """In a process of its own, which leaves the daemon to its parent."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    function(*arguments)


def count_only(*_):
    """What others take of the processors, and nothing else."""
    while True:
        pass
