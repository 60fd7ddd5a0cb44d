#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""MQTT.js as a peer: found by Node.js through NODE_PATH."""

import itertools
import os
import shutil
import subprocess

from signet import DEADLINE, Skipped, case, main

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients",
                      "mqtt_js.js")


@case(generic=True, timeout=120)
def mqtt_js_exchanges_messages(broker):
    if shutil.which("node") is None or subprocess.run(
            ["node", "-e", "require('mqtt')"], capture_output=True,
            timeout=60).returncode:
        raise Skipped("MQTT.js is not installed")
    for version, qos, tls, scheme in itertools.product(
            ("4", "5"), ("0", "1", "2"), ("TLSv1.2", "TLSv1.3"),
            ("mqtts", "wss") if broker.is_signet else ("mqtts",)):
        mark = broker.log.mark()
        done = subprocess.run(
            ["node", SCRIPT, str(broker.port), broker.pki, version, qos, tls,
             scheme], capture_output=True, text=True, timeout=4 * DEADLINE)
        assert done.returncode == 0, (version, qos, tls, scheme, done.stderr)
        assert done.stdout.startswith("ok"), done.stdout
        if broker.is_signet:
            broker.expect_best_tls(mark, 1, tls)


main()
