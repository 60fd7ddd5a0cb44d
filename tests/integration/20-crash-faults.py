#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, fails or is read-only for a while, under load and
before power cuts: nothing is acknowledged that is not written, and service
returns by itself."""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
from signet import Skipped, main, processes, standalone  # noqa: E402

from power import PowerTrial, Recorded  # noqa: E402
from trial import SETTINGS  # noqa: E402

SEED = int(os.environ.get("SIGNET_TEST_SEED", random.randrange(1 << 30)))
ROUNDS = int(os.environ.get("SIGNET_TEST_ROUNDS", "8"))


@standalone(timeout=180)
def faults_of_the_disk_cost_nothing_but_time():
    with Recorded(**SETTINGS) as daemon:
        if processes.is_sanitized(daemon.pid):
            raise Skipped("the sanitizer's library must be loaded first")
        trial = PowerTrial(daemon, SEED, ROUNDS,
                           ("full", "io", "readonly", "power"))
        assert trial.run() == 0, trial.judge.report()
        daemon.end()
        # RocksDB, as Debian builds it, may end its process at a write error,
        # with a line of an assertion: that is no accident here.
        daemon.kill()


main()
