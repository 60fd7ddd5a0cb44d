#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What idle connections cost."""

import os
import resource

from signet import case, main, processes, wait_until

CONNECTIONS = int(os.environ.get("SIGNET_TEST_CONNECTIONS", "1000"))
# What one that is idle may take, with its session.
BYTES_MAX = 2000


def resident(broker, field="Pss"):
    pids = [broker.pid, *broker.roles().values()]
    return sum(processes.memory(pid, field) for pid in pids)


@case(timeout=120)
def idle_connections_cost_little(broker):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (min(hard, 2 * CONNECTIONS + 200), hard))
    # The first ones pay for what is allocated once.
    clients = [broker.client() for _ in range(100)]
    before = resident(broker, "Anonymous")
    clients += [broker.client() for _ in range(CONNECTIONS)]
    clients[-1].ping()

    def grown():
        """Bytes for each; not what is shared, as below."""
        return (resident(broker, "Anonymous") - before) / CONNECTIONS
    # What each needed to come in is given back when it is at rest.
    if not processes.is_sanitized(broker.pid):
        wait_until(lambda: grown() <= BYTES_MAX,
                   f"each takes {BYTES_MAX} bytes", 60)
    print(f"     {grown() / 1000:.2f} kB for each of {CONNECTIONS} idle "
          "connections (all processes)")
    for client in clients:
        client.abort()


@case(timeout=120)
def connections_that_come_and_go_leave_nothing(broker):
    def round_of_clients():
        clients = [broker.client() for _ in range(100)]
        for client in clients:
            client.subscribe(f"come/{client.client_id}")
            client.disconnect()
        with broker.client() as last:
            last.ping()
    round_of_clients()
    round_of_clients()
    # Not what is shared, whose parts grow when others on the machine end.
    before = resident(broker, "Anonymous")
    for _ in range(4):
        round_of_clients()
    grown = resident(broker, "Anonymous") - before
    print(f"     {grown / 400:.0f} B left by each of 400 connections")
    if not processes.is_sanitized(broker.pid):
        assert grown < 400 * 1024, grown


main()
