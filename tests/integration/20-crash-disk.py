#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The layer below the database that forgets what was not synced, tried with
small programs: what it may take it takes, and nothing else."""

import atexit
import functools
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
from signet import main, standalone  # noqa: E402

from disk import Disk, Worst, build  # noqa: E402

HELPERS = """
import os

def sync_names():
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)

def path(name):
    return os.path.join(os.getcwd(), name)

def create(name):
    return os.open(path(name), os.O_CREAT | os.O_WRONLY, 0o644)

"""


class Best(Worst):
    """As much is left as may be."""

    def choice(self, values):
        return max(values)


@functools.cache
def library():
    folder = tempfile.mkdtemp(prefix="signet-test-")
    atexit.register(shutil.rmtree, folder)
    return build(folder)


class Place:
    """A directory with the layer below it."""

    def __init__(self, folder, lies=False):
        self.directory = f"{folder}/disk"
        os.mkdir(self.directory)
        self.lies = lies
        self.put("old", b"old")
        self.disk = Disk(self.directory, f"{folder}/logs")

    def put(self, name, data):
        with open(f"{self.directory}/{name}", "wb") as file:
            file.write(data)

    def run(self, program):
        text = HELPERS.replace('"."', repr(self.directory)) + program
        environment = self.disk.environment(library(), lies=self.lies)
        subprocess.run([sys.executable, "-B", "-c", text], check=True,
                       cwd=self.directory, env={**os.environ, **environment})

    def cut(self, how):
        """What is left: {name: data}."""
        self.disk.check()
        self.disk.cut(how)
        found = {}
        for name in sorted(os.listdir(self.directory)):
            with open(f"{self.directory}/{name}", "rb") as file:
                found[name] = file.read()
        return found


def left(program, how=None, lies=False):
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder:
        place = Place(folder, lies)
        place.run(program)
        return place.cut(how or Worst())


CREATED = "fd = create('new'); os.write(fd, b'abc' * 10)\n"
KEPT = CREATED + "os.fdatasync(fd); sync_names()\n"


@standalone
def what_was_not_synced_is_lost():
    assert left(CREATED) == {"old": b"old"}
    assert left(CREATED + "sync_names()") == {"old": b"old", "new": b""}
    assert left(KEPT + "os.write(fd, b'more')") == {
        "old": b"old", "new": b"abc" * 10}


@standalone
def what_was_not_synced_may_be_there():
    assert left(CREATED, Best()) == {"old": b"old", "new": b"abc" * 10}


@standalone
def what_was_synced_stays():
    wanted = {"old": b"old", "new": b"abc" * 10}
    assert left(KEPT) == wanted
    assert left(KEPT.replace("fdatasync", "fsync")) == wanted


@standalone
def a_new_file_without_its_directory_is_lost():
    assert left(CREATED + "os.fdatasync(fd)") == {"old": b"old"}


@standalone
def a_sync_that_lies_keeps_nothing():
    assert left(KEPT, lies=True) == {"old": b"old"}


@standalone
def another_name_is_safe_with_the_directory():
    rename = KEPT + "os.rename(path('new'), path('old'))\n"
    assert left(rename) == {"old": b"old", "new": b"abc" * 10}
    assert left(rename + "sync_names()") == {"old": b"abc" * 10}


@standalone
def what_is_removed_is_gone_with_the_directory():
    remove = "os.unlink(path('old'))\n"
    assert left(remove) == {"old": b"old"}
    assert left(remove + "sync_names()") == {}


@standalone
def another_length_is_safe_with_the_file():
    cut = "fd = os.open(path('old'), os.O_WRONLY); os.ftruncate(fd, 1)\n"
    assert left(cut) == {"old": b"old"}
    assert left(cut + "os.fdatasync(fd)") == {"old": b"o"}
    empty = "fd = os.open(path('old'), os.O_WRONLY | os.O_TRUNC)\n"
    assert left(empty) == {"old": b"old"}
    assert left(empty + "os.fsync(fd)") == {"old": b""}


@standalone
def what_is_written_in_pieces_or_in_places_is_the_same():
    program = """
fd = os.open(path('old'), os.O_WRONLY)
os.pwrite(fd, b'12', 5)
os.writev(fd, [b'a', b'b'])
os.posix_fadvise(fd, 0, 0, 0)
end = os.open(path('old'), os.O_WRONLY | os.O_APPEND)
os.write(end, b'end')
os.fdatasync(fd)
os.pwritev(fd, [b'lost'], 0)
"""
    assert left(program) == {"old": b"abd\0\x0012end"}
    assert left(program, Best()) == {"old": b"lost\x0012end"}


@standalone
def what_a_process_did_before_another_counts_too():
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder:
        place = Place(folder)
        place.run(CREATED)
        place.run("fd = os.open(path('new'), os.O_WRONLY); os.fsync(fd)\n"
                  "sync_names()")
        assert place.cut(Worst()) == {"old": b"old", "new": b"abc" * 10}
        place.run("fd = os.open(path('new'), os.O_WRONLY | os.O_APPEND)\n"
                  "os.write(fd, b'again')")
        assert place.cut(Worst()) == {"old": b"old", "new": b"abc" * 10}


@standalone
def names_in_an_open_directory_are_seen():
    program = """
top = os.open(os.getcwd(), os.O_RDONLY | os.O_DIRECTORY)
fd = os.open('a', os.O_CREAT | os.O_WRONLY, dir_fd=top)
os.write(fd, b'a')
os.fsync(fd)
os.rename('a', 'b', src_dir_fd=top, dst_dir_fd=top)
os.unlink('old', dir_fd=top)
"""
    assert left(program) == {"old": b"old"}
    assert left(program, Best()) == {"b": b"a"}
    assert left(program + "os.fsync(top)") == {"b": b"a"}


@standalone
def at_random_a_beginning_is_left():
    """Any of them: nothing, all, and some that end within a write."""
    written = b"".join(b"%09d\n" % i for i in range(30))
    with tempfile.TemporaryDirectory(prefix="signet-test-") as folder:
        place = Place(folder)
        place.run("fd = create('new'); os.write(fd, b'safe.'); os.fsync(fd)\n"
                  "sync_names()\n"
                  "for i in range(30): os.write(fd, b'%09d\\n' % i)")
        place.disk.read()
        file = place.disk.now[f"{place.disk.directory}/new"]
        results = [file.cut(random.Random(i))[0] for i in range(300)]
    lengths = set()
    for data in results:
        assert (b"safe." + written).startswith(data), data
        assert data.startswith(b"safe."), data
        lengths.add(len(data) - 5)
    assert {0, len(written)} <= lengths, lengths
    assert any(length % 10 for length in lengths), lengths


@standalone
def what_cannot_be_recorded_is_refused():
    for program in (
            "import mmap\nfd = os.open(path('old'), os.O_RDWR)\n"
            "mmap.mmap(fd, 3)",
            "fd = os.open(path('old'), os.O_WRONLY)\n"
            "os.posix_fallocate(fd, 0, 10)"):
        try:
            left(program)
        except subprocess.CalledProcessError as error:
            assert error.returncode == -6, error
        else:
            raise AssertionError(f"not refused: {program}")


main()
