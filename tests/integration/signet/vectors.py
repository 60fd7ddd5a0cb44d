# SPDX-License-Identifier: Apache-2.0
"""The packets of tests/vectors/mqtt."""

import collections
import glob
import os

FOLDER = os.path.abspath(f"{os.path.dirname(os.path.abspath(__file__))}"
                         "/../../vectors/mqtt")

# What the files call them: MQTT 5.0, 2.4.
REASONS = {
    "malformed-packet": 0x81, "protocol-error": 0x82,
    "unsupported-protocol-version": 0x84,
    "client-identifier-not-valid": 0x85, "topic-filter-invalid": 0x8f,
    "topic-name-invalid": 0x90, "packet-too-large": 0x95,
    "topic-alias-invalid": 0x94,
}

Vector = collections.namedtuple("Vector", "name version answer data")


def load():
    """All packets that are decoded, good and bad ones."""
    found = []
    for path in sorted(glob.glob(f"{FOLDER}/*.hex")):
        with open(path) as file:
            for line in file:
                words = line.split()
                if len(words) == 4 and not line.startswith("#"):
                    found.append(Vector(words[0], int(words[1]), words[2],
                                        bytes.fromhex(words[3])))
    return found
