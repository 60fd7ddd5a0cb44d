#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The page of the metrics role in headless Chromium, as a phone and a desk show
it, dark and light. Node.js finds playwright-core through NODE_PATH."""

import json
import os
import re
import shutil
import subprocess
import tempfile

from signet import DEADLINE, Daemon, Skipped, main, processes, standalone
from signet.daemon import free_port

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients",
                      "page.js")
TITLES = ["Sessions", "Messages in a second", "What waits",
          "Refused connections", "Certificates, the first to end",
          "Processes"]


def chromium():
    path = shutil.which("chromium")
    if path is None or shutil.which("node") is None:
        raise Skipped("chromium or nodejs is not installed")
    found = subprocess.run(["node", "-e", "require('playwright-core')"],
                           capture_output=True, timeout=12 * DEADLINE)
    if found.returncode:
        raise Skipped("playwright-core is not installed")
    return path


def luminance(colour):
    """Relative luminance (WCAG 2.1) of "rgb(R, G, B)"."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045
              else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(seen):
    light, dark = sorted((luminance(seen["ink"]), luminance(seen["ground"])),
                         reverse=True)
    return (light + 0.05) / (dark + 0.05)


@standalone(timeout=220)
def a_phone_and_a_desk_show_it_dark_and_light():
    browser = chromium()
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with Daemon(metrics={"enabled": True, "port": port}) as broker, \
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        if processes.is_sanitized(broker.pid):
            raise Skipped("it is the same page")
        with broker.client() as client:
            client.publish("a", b"x", 1)
            done = subprocess.run(
                ["node", SCRIPT, url, browser, home], capture_output=True,
                text=True, timeout=20 * DEADLINE,
                env={**os.environ, "HOME": home})
        assert done.returncode == 0, done.stdout + done.stderr
        views = json.loads(done.stdout)
        assert len(views) == 2, views
        for seen in views:
            assert seen["status"] == 200 and seen["titles"] == TITLES, seen
            assert seen["beyond"] <= 0, f"wider than the screen: {seen}"
            assert seen["hidden"] == 0 and seen["errors"] == [], seen
            assert contrast(seen) >= 7, seen
            assert all(one.startswith(url) for one in seen["requests"]), seen
            picture = f"{home}/{seen['name']}.png"
            assert os.path.getsize(picture) > 10000, seen
            if "SIGNET_TEST_KEEP" in os.environ:
                shutil.copy(picture, broker.folder)
        grounds = {seen["colorScheme"]: luminance(seen["ground"])
                   for seen in views}
        assert grounds["light"] > 0.8 and grounds["dark"] < 0.05, grounds


main()
