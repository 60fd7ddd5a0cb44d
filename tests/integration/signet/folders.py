# SPDX-License-Identifier: Apache-2.0
"""Folders of a test's own."""

import atexit
import contextlib
import os
import shutil
import tempfile


def _made():
    path = tempfile.mkdtemp(prefix="signet-test-")
    os.chmod(path, 0o755)
    return path


@contextlib.contextmanager
def folder():
    """The path of one that goes away, and that the daemon's user can look
    into."""
    path = _made()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def lasting_folder():
    """One that goes away with this process."""
    path = _made()
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
