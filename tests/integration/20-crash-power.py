#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Power cuts under load: the disk forgets what was not synced, and nothing
that was acknowledged is lost."""

import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
from signet import Skipped, main, processes, standalone  # noqa: E402

from power import PowerTrial, Recorded  # noqa: E402
from trial import SETTINGS  # noqa: E402

SEED = int(os.environ.get("SIGNET_TEST_SEED", random.randrange(1 << 30)))
ROUNDS = int(os.environ.get("SIGNET_TEST_ROUNDS", "20"))


def refuse_sanitizers(daemon):
    if processes.is_sanitized(daemon.pid):
        raise Skipped("the sanitizer's library must be loaded first")


@standalone(timeout=300)
def what_is_acknowledged_survives_power_cuts():
    with Recorded(**SETTINGS) as daemon:
        trial = PowerTrial(daemon, SEED, ROUNDS, ("power",))
        assert trial.run() == 0, trial.judge.report()
        assert trial.counts["lost writes"] > 0, trial.counts
        # All that has happened to the files was seen.
        daemon.end()
        daemon.disk.check()


@standalone(timeout=80)
def syncs_that_do_nothing_are_noticed():
    with Recorded(lies=True, **SETTINGS) as daemon:
        trial = PowerTrial(daemon, SEED, 3, ("power",), with_peers=False)
        assert trial.run() > 0
        counts = trial.judge.counts
        assert counts["lost"] + counts["sessions lost"] > 0, \
            trial.judge.report()


main()
