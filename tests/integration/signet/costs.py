# SPDX-License-Identifier: Apache-2.0
"""Chains that are dear to verify: a part of the table in chains.py, and what
strangers may send of it."""

import os

from . import der
from .certificates import DAY, NOW, rsa_key

TOO_COSTLY = {"reason": "chain-too-long", "detail": "too-costly-signatures"}
# CAs of one kind that fit into a message of 16 kB.
P521_COUNT, RSA_4096_COUNT, P256_COUNT = 24, 18, 20


class Costs:
    """A part of Chains, which has the rest."""

    def _claimed(self, issuer):
        """A leaf that says to be signed by such a key, and is not."""
        kind = issuer.key.split("/")[0]
        if kind.startswith("rsa"):
            signer, value = "rsa:2048/root", b"\1" * issuer.signature_len
        else:
            signer, value = "ec/leaf", der.sequence(
                der.integer(1 << 200), der.integer(1 << 201))
        return self.leaf(issuer, signer=signer, signature=value)

    def _unowned(self, bits, exponent):
        """A public key that nobody has; exponent None: as long as it is."""
        modulus = int.from_bytes(os.urandom(bits // 8), "big")
        modulus |= 1 << bits - 1 | 1
        return rsa_key(modulus, exponent or modulus - 2)

    def _hostile(self, label, bits, exponent):
        """A CA with such a key."""
        made = self.authority(label, None, "ec/hostile",
                              spki=self._unowned(bits, exponent))
        made.key, made.signature_len = "rsa", bits // 8
        return made

    def dear(self):
        """A leaf, and as many CAs of the dearest key that is accepted as fit
        into a message. Each that has expired is tried before the next."""
        made = self.authority("Dear", self.other, "ec:P-521/dear",
                              begin=NOW - 9 * DAY, end=NOW - DAY)
        return [self._claimed(made)] + [made] * P521_COUNT

    def costly(self):
        """A leaf, and as many CAs of a costly key as fit into a message."""
        made = self._hostile("Costly", 8192, None)
        return [self._claimed(made)] + [made] * 6

    def strangers(self):
        """{what it is: what is sent} of chains that cost much and are
        refused."""
        rsa = self.authority("Dear", None, "ec/hostile",
                             spki=self._unowned(4096, 2 ** 32 - 5),
                             begin=NOW - 9 * DAY, end=NOW - DAY)
        rsa.key, rsa.signature_len = "rsa", 4096 // 8
        line = self.line(6, self.other, "ec:P-521")
        taken = self.authority("Root", self.root, "ec/taken")
        return {
            "24 CAs of one name with P-521": self.ders(self.dear()),
            "six intermediates with P-521": self.ders(
                [self.leaf(line[0])] + line),
            "18 CAs of one name with RSA-4096 and an exponent of 32 bits":
                self.ders([self._claimed(rsa)] + [rsa] * RSA_4096_COUNT),
            "six CAs with RSA-8192 and an exponent as long":
                self.ders(self.costly()),
            "20 that have taken the root's name": self.ders(
                [self._claimed(taken)] + [taken] * P256_COUNT),
        }

    @staticmethod
    def ders(made):
        return [each.der for each in made]

    def _costs(self):
        """What would take a gate long to verify."""
        add, leaf = self.add, self.leaf
        add("RSA with an exponent of 32 bits",
            leaf(key=f"rsa:2048:{2 ** 32 - 5}/leaf"))
        add("six CAs of one name with RSA-8192 and such an exponent",
            *self.costly(), reason="unsupported-key",
            detail="rsa-modulus-length")
        for bits, exponent, detail in (
                (4104, 65537, "rsa-modulus-length"),
                (8192, 65537, "rsa-modulus-length"),
                (2048, None, "rsa-exponent-length"),
                (4096, 2 ** 32 + 1, "rsa-exponent-length")):
            label = f"RSA-{bits} and the exponent {exponent or 'as long'}"
            made = self._hostile(label, bits, exponent)
            add(f"a CA with {label}", self._claimed(made), made,
                reason="unsupported-key", detail=detail)
            add(f"a leaf with {label}", leaf(
                spki=self._unowned(bits, exponent)), reason="unsupported-key",
                detail=detail)
        curve = self.authority("Curve", self.root,
                               "ec:brainpoolP512r1/curve")
        add("an intermediate on the curve brainpoolP512r1", leaf(curve), curve,
            reason="unsupported-key", detail="elliptic-curve")
        many = [self.authority("Many", self.other, f"ec/many{i % 2}",
                               begin=NOW - 9 * DAY, end=NOW - DAY)
                for i in range(9)]
        add("nine intermediates of one name", self._claimed(many[0]), *many,
            **TOO_COSTLY)
        line = [self.root]
        for i in range(6):
            line.insert(0, self.authority("Root", line[0] if i else None,
                                          f"ec/taken{i}"))
        line.pop()
        add("six that have taken the root's name", leaf(line[0]), *line,
            **TOO_COSTLY)
        for kind, count, is_good in (
                ("ec:P-384", 3, True), ("ec:P-384", 4, False),
                ("ec:P-521", 2, True), ("ec:P-521", 3, False),
                ("rsa:3072", 6, True)):
            line = self.line(count, self.dear_roots[kind], kind)
            add(f"{count} intermediates with {kind} below such a root",
                leaf(line[0]), *line, **({} if is_good else TOO_COSTLY))
        below = self.authority("Below one that is known", self.known)
        line = self.line(3, below, "ec:P-384")
        add("one that is known saves what is above it", leaf(line[0]), *line,
            below, self.known)
        add("as many with P-521 as fit into a message", *self.dear(),
            **TOO_COSTLY)
