#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a worker, of the store and of everything, at random moments
under load, also with another number of workers afterwards: what was
acknowledged is delivered. The gate for releases."""

import os
import random
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
from signet import main, standalone  # noqa: E402

from trial import SETTINGS, Mortal, Trial  # noqa: E402

SEED = int(os.environ.get("SIGNET_TEST_SEED", random.randrange(1 << 30)))
ROUNDS = int(os.environ.get("SIGNET_TEST_ROUNDS", "100"))


@standalone(timeout=200)
def what_is_acknowledged_survives_any_kill():
    with Mortal(**SETTINGS) as daemon:
        trial = Trial(daemon, SEED, ROUNDS, ("worker", "store", "all"))
        assert trial.run() == 0, trial.judge.report()


@standalone(timeout=120)
def what_a_share_owes_survives_any_kill():
    """Once, to one member or another, however many workers there are then."""
    with Mortal(**SETTINGS) as daemon:
        trial = Trial(daemon, SEED, min(ROUNDS, 24),
                      ("worker", "store", "all", "count"), with_peers=False,
                      with_shares=True)
        assert trial.run() == 0, trial.judge.report()


class Forgetful(Trial):
    """Loses what the store has on disk with every kill of everything."""

    def die_all(self):
        self.broker.kill_all()
        shutil.rmtree(self.broker.store, ignore_errors=True)
        return self.start_again()


@standalone(timeout=60)
def a_store_that_forgets_is_noticed():
    with Mortal(**SETTINGS) as daemon:
        trial = Forgetful(daemon, SEED, 3, ("all",), with_peers=False)
        assert trial.run() > 0
        assert trial.judge.counts["lost"] > 0, trial.judge.report()
        assert trial.judge.counts["sessions lost"] > 0, trial.judge.report()


main()
