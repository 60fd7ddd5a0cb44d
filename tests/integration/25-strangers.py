#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Strangers who send the dearest certificates that a gate may have to verify:
those who may come in do, and a gate spends little on each stranger. What is
judged is the gate's processor time, which no other load changes much."""

import functools
import shutil

from signet import Client, Daemon, context, main, standalone, unique
from signet.beside import running
from signet.certificates import pem
from signet.chains import Chains
from signet.floods import flood_with_chains
from signet.folders import lasting_folder
from signet.handshakes import Handshake
from signet.pki import pki
from signet.stream import Stream, make_context

# A stranger may cost a gate so many times what a client costs it. It is 2.4,
# and up to 3.7 where the machine slowed one of both down; without bounds, 17
# times with P-521 and 75 with RSA. test_effort.c has the bound itself.
MOST = 6
TRIES = 9
STRANGERS, CLIENTS = 4, 20


@functools.cache
def chains():
    return Chains(lasting_folder())


def started():
    """With one gate, so that all meet the same."""
    made, folder = chains(), chains().keys.folder
    path = f"{folder}/clients-ca.pem"
    with open(f"{pki()}/ca.pem") as own, open(path, "w") as file:
        file.write(own.read() + pem(*(root.der for root in made.trusted)))
    shutil.copy(f"{pki()}/ca.pem", f"{folder}/ca.pem")
    return Daemon(tls={"client_ca": path}, processes={"gates": 1})


def spent_ms(daemon):
    """The gate's processor time, to the nanosecond (schedstat(5))."""
    with open(f"/proc/{daemon.role_pids('gate')[0]}/schedstat") as file:
        return int(file.read().split()[0]) / 1e6


def costs_ms(daemon, *connects):
    """Of one connection of each kind at a time, by turns: [(the least, the
    most), ...]. The least is what others on the machine have not made dearer."""
    costs = [[] for _ in connects]
    for _ in range(TRIES):
        for connect, found in zip(connects, costs):
            before = spent_ms(daemon)
            connect(daemon.address)
            found.append(spent_ms(daemon) - before)
    return [(min(found), max(found)) for found in costs]


def stranger(ders, address):
    """How one who sends these is refused."""
    with Handshake(address, False) as client:
        client.hello()
        client.server_flight()
        client.send_certificates(*ders)
        return client.closed()


def good_chain():
    """The context of a client with two intermediates with P-384 below such a
    root: a chain that is let in and costs much."""
    made, folder = chains(), chains().keys.folder
    line = made.line(2, made.dear_roots["ec:P-384"], "ec:P-384")
    leaf = made.leaf(line[0], key="ec:P-384/leaf")
    with open(f"{folder}/dear.pem", "w") as file:
        file.write(pem(leaf.der, *(each.der for each in line)))
    shutil.copy(made.keys.path(leaf.key), f"{folder}/dear.key")
    return make_context(folder, "dear")


def comes_in(tls, address):
    with Stream(address, tls) as stream:
        stream.handshake()
        stream.send(b"\x10\x10\0\4MQTT\4\2\0\0\0\4cert")
        assert stream.receive()[0] == 0x20


@standalone(timeout=120)
def a_stranger_costs_a_gate_little_more_than_a_client():
    with started() as daemon:
        client = functools.partial(comes_in, context(pki()))
        kinds = {"two intermediates with P-384 below such a root, a client's":
                 functools.partial(comes_in, good_chain())}
        for label, ders in chains().strangers().items():
            alert = stranger(ders, daemon.address)
            assert alert in ("bad_certificate", "unknown_ca",
                             "unsupported_certificate"), (label, alert)
            kinds[label] = functools.partial(stranger, ders)
        for label, connect in kinds.items():
            (usual, _), (cost, most) = costs_ms(daemon, client, connect)
            print(f"     {label}: {cost:.1f} ms of the gate's processor time "
                  f"(at most {most:.1f}), a usual client {usual:.1f}")
            assert cost <= MOST * usual, (label, cost, usual)


@standalone(timeout=120)
def beside_strangers_every_client_comes_in():
    with started() as daemon:
        sent = list(chains().strangers().values())
        mark = daemon.log.mark()
        with running(flood_with_chains, daemon.address, sent,
                     count=STRANGERS):
            for _ in range(CLIENTS):
                # They are there at this moment, and come again.
                daemon.await_log(daemon.log.mark(), event="refused")
                with Client(daemon, unique("beside")) as client:
                    client.ping()
        refused = len(daemon.log.find(mark, event="refused"))
        assert refused >= CLIENTS, refused
        print(f"     {CLIENTS} clients came in beside {refused} strangers")


main()
