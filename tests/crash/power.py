# SPDX-License-Identifier: Apache-2.0
"""A crash test whose crashes take what was not synced, too."""

import os
import pwd
import random
import subprocess
import tempfile

from signet.daemon import SIGNETD, user

from disk import Disk, build
from trial import Mortal, Trial


class Recorded(Mortal):
    """A daemon with the layer below its store. lies: its syncs do nothing."""

    def __init__(self, lies=False, **overrides):
        self.disk, self.lies = None, lies
        self.tools = tempfile.TemporaryDirectory(prefix="signet-test-")
        os.chmod(self.tools.name, 0o755)
        self.library = build(self.tools.name)
        super().__init__(**overrides)

    def spawn(self, arguments):
        if self.disk is None:
            owner = pwd.getpwnam(user())
            os.mkdir(self.store, 0o700)
            os.chown(self.store, owner.pw_uid, owner.pw_gid)
            self.disk = Disk(self.store, f"{self.tools.name}/records")
        environment = self.disk.environment(self.library, lies=self.lies)
        super().spawn(["env", *(f"{name}={value}" for name, value
                                in environment.items()), *arguments])

    def check_store(self):
        """The database is sound; the daemon does not run."""
        done = subprocess.run([SIGNETD, "--check-store", "-c",
                               self.configuration], capture_output=True,
                              text=True)
        assert done.returncode == 0, "\n".join(
            (done.stdout, done.stderr, self.log.tail()))


class PowerTrial(Trial):
    """Has the kind "power" besides those of a Trial. Each cut leaves another
    part of what was not synced."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.cuts = random.Random(f"{self.seed}/cuts")

    def die_power(self):
        self.broker.kill_all()
        for what, number in self.broker.disk.cut(self.cuts).items():
            self.counts[what] += number
        self.broker.check_store()
        return self.start_again()
