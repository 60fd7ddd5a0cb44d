#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Browsers over WebSocket: MQTT.js in headless Chromium, which itself does TLS
and shows a client certificate out of its key store. (Playwright's own option
for one has Node.js do both.) Node.js finds playwright-core and MQTT.js through
NODE_PATH."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile

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


# Where Debian's Chromium looks for what an administrator has decided.
POLICIES = "/etc/chromium/policies/managed"


def key_store(home, pki, name):
    """Let this be the certificate of a user with this HOME."""
    store, bundle = f"{home}/.pki/nssdb", f"{home}/{name}.p12"
    os.makedirs(store)
    for command in (
            ["openssl", "pkcs12", "-export", "-passout", "pass:x",
             "-in", f"{pki}/{name}.pem", "-inkey", f"{pki}/{name}.key",
             "-out", bundle],
            ["certutil", "-N", "-d", f"sql:{store}", "--empty-password"],
            ["pk12util", "-i", bundle, "-d", f"sql:{store}", "-W", "x"]):
        subprocess.run(command, check=True, capture_output=True)


@contextlib.contextmanager
def certificate_chosen(port):
    """Nobody is there to choose a certificate for this server."""
    row = json.dumps({"pattern": f"https://localhost:{port}", "filter": {}})
    path = f"{POLICIES}/signet-test-{port}.json"
    try:
        os.makedirs(POLICIES, exist_ok=True)
        file = open(path, "w")
    except PermissionError:
        raise Skipped(f"{POLICIES} is root's") from None
    try:
        with file:
            json.dump({"AutoSelectCertificateForUrls": [row]}, file)
        yield
    finally:
        os.unlink(path)


@case(timeout=180)
def a_browser_exchanges_messages(broker):
    chromium, script = mqtt_js()
    if shutil.which("certutil") is None or shutil.which("pk12util") is None:
        raise Skipped("libnss3-tools is not installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, \
            certificate_chosen(broker.port):
        key_store(home, broker.pki, "client-6")
        done = node(SCRIPT, str(broker.port), chromium, script, HOME=home)
    assert done.returncode == 0, done.stdout + done.stderr
    words = done.stdout.split()
    assert words[0] == "ok" and len(words) == 3, done.stdout
    for client_id in words[1:]:
        line = broker.await_log(event="connected", client_id=client_id)
        assert line["transport"] == "websocket", line
        assert line["identity"] == "device-6", line


main()
