#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Paho client for C as a peer, built from clients/paho_c.c."""

import itertools
import os
import subprocess
import tempfile

from signet import DEADLINE, Skipped, case, main

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients",
                      "paho_c.c")
HEADER = "/usr/include/MQTTClient.h"


def run(broker, schemes):
    if not os.path.exists(HEADER):
        raise Skipped("libpaho-mqtt-dev is not installed")
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder:
        program = f"{folder}/paho_c"
        subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror",
                        "-o", program, SOURCE, "-lpaho-mqtt3cs"], check=True)
        for scheme, version, qos in itertools.product(schemes, "45", "012"):
            uri = f"{scheme}://127.0.0.1:{broker.port}"
            if scheme == "wss":
                uri += "/mqtt"
            done = subprocess.run([program, uri, broker.pki, version, qos],
                                  capture_output=True, text=True,
                                  timeout=6 * DEADLINE)
            assert done.stdout == "ok\n", (scheme, version, qos,
                                           done.returncode, done.stderr)


@case(generic=True, timeout=120)
def paho_c_does_all_that_a_client_does(broker):
    run(broker, ["ssl"])


@case(timeout=120)
def paho_c_does_it_over_websocket(broker):
    run(broker, ["wss"])


main()
