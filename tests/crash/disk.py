# SPDX-License-Identifier: Apache-2.0
"""What a power cut leaves of a directory: made from a copy of it before the
first process, and from what tests/lib/powercut.c has recorded since.

A file's data and length are safe when the file was synced after them. That it
has come to be, has another name or is gone is safe when its directory was
synced. Of the rest, a random part is there: of a file's writes the first
ones, the last of them torn at any byte, or with holes of zeros; of a
directory's changes the first ones.
"""

import glob
import os
import shutil
import struct
import subprocess

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                       "lib")
HEAD = struct.Struct("=IIQQQ")  # type, length, inode, offset, number
(CREATE, WRITE, TRUNCATE, ZERO, SYNC_BEGIN, SYNC_END, DIR_BEGIN, MKDIR,
 RENAME, UNLINK, LINK) = range(1, 12)
PAGE = 4096


def build(folder, name="powercut"):
    """Compile the library of this name; its path."""
    path = os.path.join(folder, f"{name}.so")
    subprocess.run(["cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror",
                    "-shared", "-fPIC", "-o", path,
                    *sorted(glob.glob(f"{SOURCES}/{name}*.c")), "-ldl"],
                   check=True)
    return path


class Faults:
    """What tests/lib/diskfault.c is told."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "fault")
        self.library = build(folder, "diskfault")
        with open(self.path, "wb") as file:
            file.write(bytes(4))
        os.chmod(self.path, 0o644)

    def set(self, number):
        """From now on all changes fail with this errno; 0: they work."""
        with open(self.path, "r+b") as file:  # it is mapped
            file.write(struct.pack("=i", number))

    def environment(self, directory):
        return {"SIGNET_DISKFAULT_DIR": directory,
                "SIGNET_DISKFAULT_FILE": self.path}


class File:
    """The data of a file, under whatever names."""

    def __init__(self, data=b""):
        self.data = bytearray(data)  # that is safe
        self.changes = []            # behind it: (type, offset, data/length)
        self.safe = 0                # how many of them were synced

    @staticmethod
    def apply(data, change):
        kind, offset, what = change
        if kind == TRUNCATE:
            del data[offset:]
            data.extend(bytes(offset - len(data)))
            return
        if kind == ZERO:  # beyond the end nothing changes
            what = bytes(max(0, min(what, len(data) - offset)))
        if offset > len(data):
            data.extend(bytes(offset - len(data)))
        data[offset:offset + len(what)] = what

    def whole(self):
        data = bytearray(self.data)
        for change in self.changes:
            self.apply(data, change)
        return bytes(data)

    def cut(self, random):
        """(what the power cut leaves, how many changes it takes)"""
        data = bytearray(self.data)
        for change in self.changes[:self.safe]:
            self.apply(data, change)
        safe_len = len(data)
        count = self.safe + part_of(len(self.changes) - self.safe, random)
        for change in self.changes[self.safe:count]:
            self.apply(data, change)
        lost = self.changes[count:]
        if lost and lost[0][0] == WRITE and random.random() < 0.7:
            kind, offset, what = lost[0]
            self.apply(data, (kind, offset,
                              what[:random.randint(0, len(what))]))
        if random.random() < 0.3:
            punch(data, safe_len, random)
        return bytes(data), len(lost)


def punch(data, safe_len, random):
    """Pages of what was appended since the last sync never arrived."""
    first = (safe_len + PAGE - 1) // PAGE * PAGE
    for at in range(first, len(data), PAGE):
        if random.random() < 0.3:
            end = min(at + PAGE, len(data))
            data[at:end] = bytes(end - at)


class Worst:
    """In place of random numbers: as little is left as may be."""

    def choice(self, values):
        return min(values)

    def randint(self, low, _):
        return low

    def random(self):
        return 0.99


def part_of(count, random):
    """How many of the changes are there: none and all are likely."""
    return random.choice((0, count, random.randint(0, count)))


class Disk:
    """directory: as it is before the process starts. logs: a folder of its
    own for the records. environment(): what the process needs."""

    def __init__(self, directory, logs):
        self.directory, self.logs = os.path.realpath(directory), logs
        self.begin()

    def environment(self, library, lies=False):
        found = {"LD_PRELOAD": library, "SIGNET_POWERCUT_DIR": self.directory,
                 "SIGNET_POWERCUT_LOG": self.logs}
        if lies:
            found["SIGNET_POWERCUT_LIES"] = "1"
        return found

    def begin(self):
        """The directory is safe as it is, and nothing is recorded yet."""
        shutil.rmtree(self.logs, ignore_errors=True)
        os.mkdir(self.logs)
        os.chmod(self.logs, 0o777)
        self.names = {}      # path: File, or None for a directory; safe
        self.changes = []    # [is safe, directory, type, path, other]
        self.by_inode = {}
        self.syncs = {}      # under way: (log, number): (what, changes)
        self.positions = {}  # in the logs
        for path, _, files in os.walk(self.directory):
            self.names[path] = None
            for name in files:
                full = os.path.join(path, name)
                with open(full, "rb") as file:
                    self.names[full] = File(file.read())
                self.by_inode[os.stat(full).st_ino] = self.names[full]
        self.now = dict(self.names)
        self.counts = dict.fromkeys(("syncs", "writes", "lost writes",
                                     "lost names"), 0)

    # Reading the records

    def read(self):
        for index in range(len(os.listdir(self.logs))):
            with open(os.path.join(self.logs, str(index)), "rb") as file:
                log = file.read()
            pos = self.positions.get(index, 0)
            while pos + HEAD.size <= len(log):
                kind, length, inode, offset, number = HEAD.unpack_from(log,
                                                                       pos)
                pos += HEAD.size
                if pos + length > len(log):
                    break  # the process ended within this record
                if kind in (SYNC_BEGIN, SYNC_END, DIR_BEGIN):
                    number = index, number
                self.take(kind, inode, offset, number, log[pos:pos + length])
                pos += length
                self.positions[index] = pos

    def take(self, kind, inode, offset, number, data):
        if kind == WRITE:
            self.counts["writes"] += 1
            self.by_inode[inode].changes.append((kind, offset, data))
        elif kind in (TRUNCATE, ZERO):
            self.by_inode[inode].changes.append((kind, offset, number))
        elif kind == SYNC_BEGIN:
            file = self.by_inode[inode]
            self.syncs[number] = file, len(file.changes)
        elif kind == DIR_BEGIN:
            path = os.path.normpath(data.decode())
            self.syncs[number] = path, len(self.changes)
        elif kind == SYNC_END:
            self.synced(*self.syncs.pop(number))
        else:
            self.change(kind, inode, number, data.decode())

    def synced(self, what, count):
        self.counts["syncs"] += 1
        if isinstance(what, File):
            what.safe = max(what.safe, count)
            return
        for change in self.changes[:count]:
            if change[1] == what:
                change[0] = True

    def change(self, kind, inode, number, text):
        """Of names."""
        path, other = os.path.normpath(text), None
        if kind in (RENAME, LINK):
            path, other = (os.path.normpath(text[:number]),
                           os.path.normpath(text[number:]))
        if kind == CREATE:
            other = self.by_inode[inode] = File()
        parent = os.path.dirname(other if kind in (RENAME, LINK) else path)
        row = [False, parent, kind, path, other]
        self.changes.append(row)
        self.apply(self.now, row)

    @staticmethod
    def apply(names, row):
        _, parent, kind, path, other = row
        if kind == CREATE:
            names[path] = other
        elif kind == MKDIR:
            names[path] = None
        elif kind == UNLINK:
            names.pop(path, None)
        elif path in names:  # else its creation was lost
            names[other] = names[path]
            if kind == RENAME:
                del names[path]
                for inner in [n for n in names if n.startswith(path + "/")]:
                    names[other + inner[len(path):]] = names.pop(inner)

    # The results

    def check(self):
        """The directory is what the records say if nothing was lost: all
        was recorded. Only where no process was killed in between."""
        self.read()
        found = {}
        for path, _, files in os.walk(self.directory):
            found[path] = None
            for name in files:
                full = os.path.join(path, name)
                with open(full, "rb") as file:
                    found[full] = file.read()
        wanted = {path: None if file is None else file.whole()
                  for path, file in self.now.items()}
        assert found.keys() == wanted.keys(), (
            found.keys() ^ wanted.keys())
        different = [path for path in found if found[path] != wanted[path]]
        assert not different, different

    def cut(self, random):
        """Make the directory what a power cut leaves of it; no process uses
        it. What was recorded is used up."""
        self.read()
        names, count = dict(self.names), part_of(len(self.changes), random)
        for i, row in enumerate(self.changes):
            if row[0] or i < count:
                self.apply(names, row)
            else:
                self.counts["lost names"] += 1
        names.pop(self.directory, None)
        left = {}
        for path, file in names.items():
            left[path], lost = (None, 0) if file is None else file.cut(random)
            self.counts["lost writes"] += lost
        self.rebuild(left)
        counts = self.counts
        self.begin()
        return counts

    def rebuild(self, names):
        owner = os.stat(self.directory)
        modes = {path: os.stat(path).st_mode & 0o777 for path in names
                 if os.path.exists(path)}
        for name in os.listdir(self.directory):
            path = os.path.join(self.directory, name)
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        for path, data in sorted(names.items()):
            if data is None:
                os.mkdir(path, 0o700)
            elif os.path.isdir(os.path.dirname(path)):
                with open(path, "wb") as file:
                    file.write(data)
            else:
                continue  # its directory was lost
            os.chmod(path, modes.get(path, 0o700 if data is None else 0o600))
            os.chown(path, owner.st_uid, owner.st_gid)
