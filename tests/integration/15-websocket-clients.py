#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Browsers over WebSocket: MQTT.js in headless Chromium, which shows a client
certificate. Node.js finds playwright-core and MQTT.js through NODE_PATH."""

import os
import shutil
import subprocess

from signet import DEADLINE, Skipped, case, main

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients",
                      "browser.js")


def node(*arguments, **environment):
    return subprocess.run(["node", *arguments], capture_output=True,
                          text=True, timeout=12 * DEADLINE,
                          env={**os.environ, **environment})


def mqtt_js():
    """The file of MQTT.js for browsers."""
    chromium = shutil.which("chromium")
    if chromium is None or shutil.which("node") is None:
        raise Skipped("chromium or nodejs is not installed")
    found = node("-e", "require('playwright-core'); "
                       "process.stdout.write(require.resolve('mqtt'))")
    if found.returncode:
        raise Skipped("playwright-core or MQTT.js is not installed")
    root = found.stdout[:found.stdout.rindex("/mqtt/") + len("/mqtt/")]
    return chromium, f"{root}dist/mqtt.min.js"


@case(timeout=180)
def a_browser_exchanges_messages(broker):
    chromium, script = mqtt_js()
    done = node(SCRIPT, str(broker.port), broker.pki, chromium, script,
                NODE_EXTRA_CA_CERTS=f"{broker.pki}/ca.pem")
    assert done.returncode == 0, done.stdout + done.stderr
    words = done.stdout.split()
    assert words[0] == "ok" and len(words) == 3, done.stdout
    for client_id in words[1:]:
        line = broker.await_log(event="connected", client_id=client_id)
        assert line["transport"] == "websocket", line
        assert line["identity"] == "device-6", line


main()
