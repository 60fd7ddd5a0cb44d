# SPDX-License-Identifier: Apache-2.0
"""Where the clients of a case are: cases of routing run for each place."""

from .cases import case

# Whether the second client's session is on the first one's worker.
_PLACES = (("on_one_worker", 0), ("across_workers", -1))

# How a client asks for a session that outlives its connection.
LASTING = {4: {"clean": False},
           5: {"clean": False, "props": {"session_expiry_interval": 3600}}}


def _placed(function, name, last):
    def run(broker):
        workers = broker.workers()
        function(broker, workers[0], workers[last])
    run.__name__ = f"{function.__name__}_{name}"
    return run


def routing(function=None, **options):
    """Make a function two cases: it gets the broker, the worker of the
    receivers and the worker of the senders, which is the same or another."""
    def register(function):
        for name, last in _PLACES:
            case(_placed(function, name, last), **options)
        return function
    return register if function is None else register(function)


def lasting(version, **props):
    """Options of a client whose session lasts, and more properties."""
    options = dict(LASTING[version])
    if version == 5:
        options["props"] = {**options["props"], **props}
    return options
