# SPDX-License-Identifier: Apache-2.0
"""The daemon's log, taken apart into fields."""

import json
import os
import re

_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) "
                   r"(error|warning|info|debug) (\S+) (.*)$")
_FIELD = re.compile(r'([a-z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))')
_ESCAPED = re.compile(r'\\(["\\])')

_ACCIDENTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
              "runtime error:", "Assertion")


def _words():
    """What event and reason may be: src/lib/log_words.def."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        "../../../src/lib/log_words.def")
    words = {"event": set(), "reason": set()}
    with open(path, encoding="utf-8") as file:
        for kind, word in re.findall(r'^(EVENT|REASON)\w*\("([^"]+)"',
                                     file.read(), re.M):
            words[kind.lower()].add(word)
    return words


WORDS = _words()


class Line(dict):
    """The fields of one event; level, speaker ("worker/1") and text."""

    def __init__(self, text):
        super().__init__()
        self.text, self.level, self.speaker = text, None, None
        if text.startswith("{"):
            self.update(json.loads(text))
            self.set_speaker(self["level"], self["role"],
                             self.get("role_index"))
            return
        match = _LINE.match(text)
        if match:
            self.level, self.speaker = match[2], match[3]
            for name, quoted, bare in _FIELD.findall(match[4]):
                self[name] = bare if bare else _ESCAPED.sub(r"\1", quoted)

    def set_speaker(self, level, role, index):
        self.level = level
        self.speaker = role if index is None else f"{role}/{index}"

    def has_known_words(self):
        """Are event and reason words that the manual lists?"""
        return all(line_word in WORDS[kind] for kind in WORDS
                   if (line_word := self.get(kind)) is not None)

    def has(self, **wanted):
        """Every wanted field has this value; level and speaker count too;
        None: is there."""
        for name, value in wanted.items():
            got = (getattr(self, name) if name in ("level", "speaker")
                   else self.get(name))
            if got is None or (value is not None and got != str(value)):
                return False
        return True


class Log:
    """A growing file of log lines."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.offset = 0

    def read(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self.offset += end
        for text in data[:end].decode(errors="replace").splitlines():
            self.lines.append(Line(text))
        return self.lines

    def find(self, since=0, **wanted):
        return [line for line in self.read()[since:] if line.has(**wanted)]

    def accidents(self):
        """Lines that no event should write, or none with these words, and
        what a sanitizer or panic() says."""
        return [line.text for line in self.read()
                if line.get("event") in ("panic", "call-refused")
                or not line.has_known_words() or any(
                    word in line.text for word in _ACCIDENTS)]

    def mark(self):
        """Where the log ends now, for since."""
        return len(self.read())

    def tail(self, count=40):
        return "\n".join(line.text for line in self.read()[-count:])
