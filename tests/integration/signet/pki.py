# SPDX-License-Identifier: Apache-2.0
"""The certificates of tests/lib/pki.sh, made once for all tests of a run."""

import atexit
import functools
import os
import shutil
import subprocess
import tempfile

SCRIPT = os.path.abspath(f"{os.path.dirname(os.path.abspath(__file__))}"
                         "/../../lib/pki.sh")


@functools.cache
def pki():
    """The folder of the certificates: SIGNET_TEST_PKI, where the script
    tests/integration/run made them already, or one for this process."""
    folder = os.environ.get("SIGNET_TEST_PKI")
    if folder is None:
        folder = tempfile.mkdtemp(prefix="signet-test-pki-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if not os.path.exists(f"{folder}/complete"):
        subprocess.run([SCRIPT, folder], check=True, stdin=subprocess.DEVNULL)
        with open(f"{folder}/complete", "w"):
            pass
    return folder
