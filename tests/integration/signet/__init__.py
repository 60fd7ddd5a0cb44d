# SPDX-License-Identifier: Apache-2.0
"""Drives the daemon from outside, over mutual TLS."""

from . import codec, features, processes, vectors
from .cases import Skipped, case, main, standalone
from .client import Client, unique
from .daemon import Daemon
from .places import lasting, routing
from .processes import wait_until
from .stream import DEADLINE, Closed, Stream, TimedOut, context

__all__ = ["codec", "features", "processes", "vectors", "Skipped", "case",
           "main", "standalone", "Client", "unique", "Daemon", "lasting",
           "routing", "wait_until", "DEADLINE", "Closed", "Stream",
           "TimedOut", "context"]
