# SPDX-License-Identifier: Apache-2.0
"""A crash test whose crashes take what was not synced, too, and whose disk has
faults."""

import errno
import itertools
import os
import pwd
import random
import subprocess
import tempfile
import time

from signet.daemon import SIGNETD, user

from disk import Disk, Faults, Worst, build
from trial import Mortal, Trial

# When a fault begins, what was written before may still be on its way to the
# clients: until nobody has got an acknowledgement for so long.
SILENCE_SECONDS = 0.5


class Recorded(Mortal):
    """A daemon with both layers below its store. lies: its syncs do
    nothing."""

    def __init__(self, lies=False, **overrides):
        self.disk, self.lies = None, lies
        self.tools = tempfile.TemporaryDirectory(prefix="signet-test-")
        os.chmod(self.tools.name, 0o755)
        self.library = build(self.tools.name)
        self.faults = Faults(self.tools.name)
        super().__init__(**overrides)

    def spawn(self, arguments):
        if self.disk is None:
            owner = pwd.getpwnam(user())
            os.mkdir(self.store, 0o700)
            os.chown(self.store, owner.pw_uid, owner.pw_gid)
            self.disk = Disk(self.store, f"{self.tools.name}/records")
        environment = {
            **self.disk.environment(self.library, lies=self.lies),
            **self.faults.environment(self.store),
            "LD_PRELOAD": f"{self.faults.library} {self.library}"}
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
    """Has the kind "power" besides those of a Trial; each cut leaves another
    part of what was not synced. And "full", "io" and "readonly": the disk
    fails for a while, nothing is acknowledged, and all goes on by itself."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        # The first one, of a new database, takes all that it may.
        self.cuts = itertools.chain([Worst()], itertools.repeat(
            random.Random(f"{self.seed}/cuts")))

    def die_power(self):
        self.broker.kill_all()
        for what, number in self.broker.disk.cut(next(self.cuts)).items():
            self.counts[what] += number
        if not self.broker.lies:
            self.broker.check_store()
        return self.start_again()

    def die_full(self):
        return self._fail(errno.ENOSPC)

    def die_io(self):
        return self._fail(errno.EIO)

    def die_readonly(self):
        return self._fail(errno.EROFS)

    def _await_silence(self):
        """Or 20 s, if they do not end."""
        now = time.monotonic()
        end, heard_at, count = now + 20, now, -1
        while now < min(end, heard_at + SILENCE_SECONDS):
            if count != self.judge.counts["acknowledged"]:
                count, heard_at = self.judge.counts["acknowledged"], now
            time.sleep(0.01)
            now = time.monotonic()

    def _fail(self, number):
        mark = self.broker.log.mark()
        self.broker.faults.set(number)
        try:
            self._await_silence()
            before = self.judge.counts["acknowledged"]
            time.sleep(self.random.uniform(0, 1))
            after = self.judge.counts["acknowledged"]
        finally:
            self.broker.faults.set(0)
        if after != before:
            self.judge.fault("acknowledged and not written",
                             f"{after - before} with {os.strerror(number)}")
        if not self.broker.log.find(mark, level="error"):
            self.judge.fault("not told", os.strerror(number))
        return self.are_all_acked()
