# SPDX-License-Identifier: Apache-2.0
"""What the daemon offers and what it says it does not: the cases follow."""

import re
import subprocess

MAXIMUM_QOS = 2
RETAIN = True
SHARED_SUBSCRIPTIONS = True
SUBSCRIPTION_IDENTIFIERS = True
DURABLE_SESSIONS = False


def best_tls(program):
    """What mbedTLS 2.28 speaks, or 3.6: as the daemon's program needs it."""
    found = subprocess.run(["ldd", program], capture_output=True, text=True,
                           check=True).stdout
    number = re.search(r"libmbedtls\.so\.(\d+)", found)[1]
    return "TLSv1.2" if int(number) <= 14 else "TLSv1.3"
