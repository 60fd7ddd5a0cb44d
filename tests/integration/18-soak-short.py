#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A short soak; the ten minutes are tests/soak/sessions."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "soak"))
from signet import main, standalone  # noqa: E402
from signet.daemon import Daemon  # noqa: E402

from soak import SETTINGS, Soak  # noqa: E402


@standalone(timeout=120)
def clients_that_come_and_go_get_what_they_are_owed():
    with Daemon(**SETTINGS) as daemon:
        soak = Soak(daemon, seed=1, clients=60, seconds=20, kill_seconds=14)
        assert soak.run() == 0, "\n".join(soak.ledger.faults)


main()
