# SPDX-License-Identifier: Apache-2.0
"""Chains that clients may send, good and hostile, each with the answer that
RFC 5280 asks for, or a stricter one."""

import dataclasses
import os

from . import der
from .certificates import (ANY_USAGE, AUTHORITY, CERT_SIGN, CLIENT_AUTH, CN,
                           CRL_SIGN, DAY, DIGITAL_SIGNATURE, KEY_ENCIPHERMENT,
                           LEAF, NOW, ORGANISATION, SERVER_AUTH, UNIT, Keys,
                           Maker, alternative, basic, constraints, date,
                           extended, extension, name, revocation_reason,
                           rsa_key, seconds, usage)
from .costs import TOO_COSTLY, Costs

UNSHOWN = "(cannot be shown)"
UNKNOWN_EXTENSION = "1.3.6.1.4.1.55555.1"

# What every list revokes: serial numbers, and some that are odd.
REVOKED, HELD, NEGATIVE = 0x70001, 0x70002, -0x70003
LONG, LONGEST = b"\1" * 20, b"\0" + b"\xff" * 20
CERTIFICATE_HOLD = 6
# How long lists count whose next update is overdue.
GRACE = DAY


@dataclasses.dataclass
class Case:
    """reason: of the refusal in the log, None: let in. detail: the log's.
    subject: as the log has it, or several that it may have; None: the leaf
    cannot be read. issuer: as the log has it, None: like the subject.
    can_be_loaded: by other libraries."""
    label: str
    ders: list
    reason: str = None
    detail: str = None
    subject: str = None
    issuer: str = None
    serial: bytes = None
    key: str = None
    can_be_loaded: bool = True


class Chains(Costs):
    """All cases, and the authorities that the server trusts."""

    def __init__(self, folder):
        self.keys = Keys(folder)
        self.maker = Maker(self.keys)
        self.cases, self.shown = [], {}  # {Name: as the log has it}
        self._make_authorities()

    def make(self, part):
        """The cases of one part of the table."""
        self.cases = []
        getattr(self, f"_{part}")()
        return self.cases

    def authority(self, label, issuer=None, key=None, **options):
        options.setdefault("extensions", AUTHORITY)
        subject = name((ORGANISATION, "Signet tests"), (CN, label))
        shown = label.replace(",", "\\,")
        self.shown[subject] = f"O=Signet tests, CN={shown}"
        return self.maker.make(subject, issuer, key or f"ec/{label}",
                               **options)

    def _make_authorities(self):
        make = self.authority
        self.root = make("Root")
        self.rsa_root = make("RSA root", key="rsa:2048/root")
        self.no_sign_root = make("Root that signs no certificates",
                                 extensions=(basic(True), usage(CRL_SIGN)))
        self.depth_root = make("Root of leaves", extensions=(
            basic(True, 0), usage(CERT_SIGN)))
        self.old_root = make("Root of old", begin=NOW - 90 * DAY,
                             end=NOW - 30 * DAY)
        self.weak_root = make("Weak root", key="rsa:1024/root")
        self.sha1_root = make("Root that signs itself with SHA-1",
                              key="rsa:2048/sha1", digest="sha1")
        self.v1_root = make("Root of version 1", version=b"",
                            extensions=None)
        self.leaf_root = make("Root that is none", extensions=LEAF)
        self.trusted = [self.root, self.rsa_root, self.no_sign_root,
                        self.depth_root, self.old_root, self.sha1_root,
                        self.v1_root, self.leaf_root]
        self.dear_roots = {
            kind: make(f"Root with {kind.partition(':')[2]}", key=f"{kind}/root")
            for kind in ("ec:P-384", "ec:P-521", "rsa:3072")}
        self.trusted += self.dear_roots.values()
        self._make_lists()
        self.other = make("Other root")
        self.middle = make("Intermediate", self.root)

    def _make_lists(self):
        """Authorities that have one; nobody else needs one."""
        make = self.authority
        self.listing = make("Root with a list")
        self.known = make("Intermediate that is known", self.listing)
        self.known_revoked = make("Intermediate that is known and revoked",
                                  self.listing, serial=REVOKED)
        self.revoked_root = make("Root that revokes itself", serial=REVOKED)
        self.late = make("Root with a list that is late")
        self.over = make("Root with a list that is over")
        named = [self.listing, self.known, self.known_revoked,
                 self.revoked_root, self.late, self.over]
        self.trusted += named
        ends = {self.late: NOW - GRACE // 2, self.over: NOW - 2 * GRACE}
        self.lists = [
            self.maker.crl(issuer, (
                REVOKED, (HELD, (revocation_reason(CERTIFICATE_HOLD),)),
                NEGATIVE, LONG, LONGEST), since=NOW - 9 * DAY,
                until=ends.get(issuer, NOW + 30 * DAY))
            for issuer in named]

    def leaf(self, issuer=None, cn="device-1", **options):
        subject = options.pop("subject", cn)
        return self.maker.make(subject, issuer or self.root, **options)

    def add(self, label, leaf, *more, **wanted):
        """leaf: a Certificate; more: what is sent behind it."""
        wanted.setdefault("subject", "CN=device-1")
        self.cases.append(Case(
            label, [c.der for c in (leaf,) + more], serial=leaf.serial,
            issuer=self.shown.get(leaf.issuer), key=leaf.key, **wanted))

    def add_bytes(self, label, data, **wanted):
        wanted.setdefault("reason", "malformed-certificate")
        self.cases.append(Case(label, [data], **wanted))

    # The parts of the table

    def _good(self):
        add, leaf = self.add, self.leaf
        add("a good leaf", leaf())
        add("P-384", leaf(key="ec:P-384/leaf"))
        add("P-521", leaf(key="ec:P-521/leaf"))
        add("RSA-2048", leaf(key="rsa:2048/leaf"))
        add("signed with RSA", leaf(self.rsa_root))
        add("the trust anchor's own signature is SHA-1's",
            leaf(self.sha1_root))
        add("an intermediate", leaf(self.middle), self.middle)
        add("version 1 leaf", leaf(version=b"", extensions=None))
        add("a CN that is a PrintableString", leaf(
            subject=name((CN, "device-1", der.PRINTABLE))))
        add("several attributes", leaf(subject=name(
            (ORGANISATION, "Some, Inc."), (UNIT, "a"), (UNIT, "b"),
            (CN, "device-1"))),
            subject="O=Some\\, Inc., OU=a, OU=b, CN=device-1")

    def _dates(self):
        add, leaf = self.add, self.leaf
        add("expired", leaf(begin=NOW - 9 * DAY, end=NOW - DAY),
            reason="certificate-expired")
        add("not yet valid", leaf(begin=NOW + DAY, end=NOW + 9 * DAY),
            reason="certificate-not-yet-valid")
        add("valid in no moment", leaf(begin=NOW + DAY, end=NOW - DAY),
            reason="certificate-expired")
        add("no well-defined end (RFC 5280 s4.1.2.5)", leaf(
            end=seconds("9999-12-31") + DAY - 1))
        add("since 1950", leaf(begin=seconds("1950-01-01")))
        old = self.authority("Old intermediate", self.root,
                             begin=NOW - 9 * DAY, end=NOW - DAY)
        add("expired intermediate", leaf(old), old,
            reason="certificate-expired")
        young = self.authority("Young intermediate", self.root,
                               begin=NOW + DAY, end=NOW + 9 * DAY)
        add("intermediate not yet valid", leaf(young), young,
            reason="certificate-not-yet-valid")
        add("expired root", leaf(self.old_root), detail="an-authority's",
            reason="certificate-expired")

    def _purposes(self):
        add, leaf = self.add, self.leaf
        add("no extended key usage", leaf(extensions=LEAF[:2]))
        add("both purposes", leaf(
            extensions=LEAF[:2] + (extended(SERVER_AUTH, CLIENT_AUTH),)))
        add("any purpose", leaf(extensions=LEAF[:2] + (extended(ANY_USAGE),)))
        add("the wrong purpose", leaf(
            extensions=LEAF[:2] + (extended(SERVER_AUTH),)),
            reason="wrong-extended-key-usage")
        add("no known purpose", leaf(
            extensions=LEAF[:2] + (extended(UNKNOWN_EXTENSION),)),
            reason="wrong-extended-key-usage")
        add("a list of no purposes", leaf(extensions=LEAF[:2] + (extended(),)),
            reason="malformed-certificate", subject=None)
        add("no key usage", leaf(extensions=(LEAF[0], LEAF[2])))
        for label, number in (("keyEncipherment", KEY_ENCIPHERMENT),
                              ("keyCertSign", CERT_SIGN)):
            add(f"key usage {label} only", leaf(
                extensions=(basic(), usage(number), LEAF[2])),
                reason="wrong-key-usage")
        add("key usage of no bits", leaf(
            extensions=(basic(), usage(), LEAF[2])),
            reason="wrong-key-usage")

    def _issuers(self):
        add, leaf, make = self.add, self.leaf, self.authority
        add("of another CA", leaf(self.other), reason="unknown-ca")
        add("of another CA, which is sent too", leaf(self.other), self.other,
            reason="unknown-ca")
        forged = make("Root", key="ec/forged")
        add("of a CA that has taken the root's name", leaf(forged),
            reason="unknown-ca")
        add("and is sent too", leaf(forged), forged, reason="unknown-ca")
        add("self-signed", self.maker.make("device-1"), reason="unknown-ca")
        add("self-signed with the root's name", self.maker.make(
            self.root.subject, extensions=LEAF), reason="unknown-ca",
            subject="O=Signet tests, CN=Root")
        good = leaf()
        broken = bytearray(good.der)
        broken[-1] ^= 1
        good.der = bytes(broken)
        add("a signature with one bit changed", good, reason="unknown-ca")
        for label, extensions, options in (
                ("CA:FALSE", (basic(), usage(CERT_SIGN)), {}),
                ("without basic constraints", (usage(CERT_SIGN),), {}),
                ("of version 1", None, {"version": b""}),
                ("without keyCertSign",
                 (basic(True), usage(CRL_SIGN, DIGITAL_SIGNATURE)), {}),
                ("that is a client", LEAF, {})):
            issuer = make("Wrong intermediate", self.root,
                          extensions=extensions, **options)
            add(f"intermediate {label}", leaf(issuer), issuer,
                reason="unknown-ca")
        for label, root in (("without keyCertSign", self.no_sign_root),
                            ("CA:FALSE", self.leaf_root)):
            add(f"root {label}", leaf(root), reason="unknown-ca")

    def _revocations(self):
        """RFC 5280 s6.3, at each level of a chain."""
        add, leaf, root = self.add, self.leaf, self.listing
        own = {"reason": "certificate-revoked", "detail": "the-client's-own"}
        above = {"reason": "certificate-revoked", "detail": "an-authority's"}

        add("a leaf that no list revokes", leaf(root))
        add("a leaf that its root's list revokes",
            leaf(root, serial=REVOKED), **own)
        for label, serial in (("on hold", HELD), ("negative", NEGATIVE),
                              ("of 20 octets", LONG),
                              ("of 160 bits", LONGEST)):
            add(f"one whose serial number is {label}",
                leaf(root, serial=serial), **own)
        add("the same serial number of another issuer",
            leaf(serial=REVOKED))
        sent = self.authority("Sent", root)
        add("an intermediate that no list revokes", leaf(sent), sent)
        add("its leaf has a serial number that the root's list revokes",
            leaf(sent, serial=REVOKED), sent)
        revoked = self.authority("Sent and revoked", root, serial=REVOKED)
        add("the root's list revokes the intermediate", leaf(revoked),
            revoked, **above)
        add("and its leaf bears a number that is revoked, of the root's",
            leaf(revoked, serial=REVOKED), revoked, **above)
        line = self.line(2, revoked)
        add("it revokes the uppermost of three intermediates",
            leaf(line[0]), *line, revoked, **above)
        low = self.authority("Low and revoked", self.known, serial=REVOKED)
        add("an intermediate's list revokes the one below it", leaf(low),
            low, self.known, **above)
        add("a leaf of an intermediate that has a list", leaf(self.known),
            self.known)
        for label, behind in (("is sent", [self.known]), ("is known", [])):
            add(f"the list of an intermediate that {label} revokes a leaf",
                leaf(self.known, serial=REVOKED), *behind, **own)
        for label, behind in (("is sent", [self.known_revoked]),
                              ("is known only", [])):
            add(f"a known intermediate is revoked, which {label}",
                leaf(self.known_revoked), *behind, **above)
        add("both are revoked", leaf(self.known_revoked, serial=REVOKED),
            self.known_revoked, **own)
        # Stricter than s6.1, in which the anchor is no part of the path.
        add("the root's list revokes the root itself",
            leaf(self.revoked_root), **above)
        add("it is revoked and has expired", leaf(
            root, serial=REVOKED, begin=NOW - 9 * DAY, end=NOW - DAY), **own)
        add("it is revoked and is no client's", leaf(
            root, serial=REVOKED,
            extensions=LEAF[:2] + (extended(SERVER_AUTH),)), **own)
        add("a forged one of a number that is revoked", leaf(
            self.authority("Root with a list", key="ec/forged"),
            serial=REVOKED), reason="unknown-ca")
        add("the next update of its list is overdue", leaf(self.late))
        add("a list revokes it whose next update is overdue",
            leaf(self.late, serial=REVOKED), **own)
        add("its list is over", leaf(self.over), reason="crl-expired")
        add("a list revokes it that is over", leaf(
            self.over, serial=REVOKED), **own)

    def line(self, count, root=None, kind="ec"):
        """Intermediates from a root on, the last one first."""
        line = [root or self.root]
        for i in range(count):
            key = f"{kind}/" + (f"Link {i}" if kind[:2] == "ec" else "root")
            line.insert(0, self.authority(f"Link {i}", line[0], key))
        return line[:-1]

    def _orders(self):
        add, leaf, middle = self.add, self.leaf, self.middle
        add("the intermediate is missing", leaf(middle), reason="unknown-ca")
        add("the intermediate comes twice", leaf(middle), middle, middle)
        add("the root comes too", leaf(middle), middle, self.root)
        three = self.line(3)
        add("three intermediates", leaf(three[0]), *three)
        # RFC 5246 s7.4.2: each certifies the one before it.
        add("in reverse order", leaf(three[0]), *reversed(three),
            reason="unknown-ca")
        add("the middle one is missing", leaf(three[0]), three[0], three[2],
            reason="unknown-ca")
        add("unrelated ones among them", leaf(three[0]), self.other,
            three[0], self.leaf(self.other), *three[1:])
        add("the leaf comes twice", *[leaf()] * 2)
        add("all comes twice", leaf(three[0]), *three, *three)
        six = self.line(6)
        add("six intermediates", leaf(six[0]), *six)
        seven = self.line(7)
        add("nine links", leaf(seven[0]), *seven, **TOO_COSTLY)
        lines = self.line(7, self.dear_roots["rsa:3072"], "rsa:3072")
        add("nine links with RSA", leaf(lines[0]), *lines,
            reason="chain-too-long")
        nine = self.line(9)
        add("eleven links", leaf(nine[0]), *nine, reason="chain-too-long",
            detail="too-costly-signatures", subject=None)
        direct = self.authority("Direct", self.root, extensions=(
            basic(True, 0), usage(CERT_SIGN)))
        add("the path length is kept", leaf(direct), direct)
        below = self.authority("Below", direct)
        add("the path length of an intermediate is exceeded", leaf(below),
            below, direct, reason="unknown-ca")
        under = self.authority("Under", self.depth_root)
        add("the path length of the root is exceeded", leaf(under), under,
            reason="unknown-ca")
        add("the root's path length is kept", leaf(self.depth_root))
        loop = [self.authority(f"Loop {i}", None, f"ec/loop{i}")
                for i in range(2)]
        loop = [self.authority(f"Loop {i}", loop[1 - i], f"ec/loop{i}")
                for i in range(2)]
        add("two that issue each other", leaf(loop[0]), *loop,
            reason="unknown-ca")

    def _algorithms(self):
        add, leaf = self.add, self.leaf
        for digest in "md5", "sha1":
            add(f"signed with RSA and {digest}",
                leaf(self.rsa_root, digest=digest),
                reason="weak-signature-hash")
        add("signed with ECDSA and sha1", leaf(digest="sha1"),
            reason="weak-signature-hash")
        add("signed with ECDSA and sha384", leaf(digest="sha384"))
        weak = self.authority("SHA-1 intermediate", self.rsa_root,
                              digest="sha1")
        add("an intermediate signed with sha1", leaf(weak), weak,
            reason="weak-signature-hash")
        small = self.authority("Small intermediate", self.root,
                               key="rsa:1024/small")
        add("an intermediate with RSA-1024", leaf(small), small,
            reason="weak-key")
        for bits in 512, 1024, 2040:
            add(f"RSA-{bits}", leaf(key=f"rsa:{bits}/leaf"),
                reason="weak-key")
        for curve in "secp256k1", "brainpoolP256r1", "P-192", "P-224":
            add(f"the curve {curve}", leaf(key=f"ec:{curve}/leaf"),
                reason="unsupported-key", detail="elliptic-curve")
        add("the curve sect233k1", leaf(key="ec:sect233k1/leaf"),
            reason="unsupported-key", subject=None)
        add("Ed25519", leaf(key="ed25519/leaf"), reason="unsupported-key",
            subject=None)
        edwards = self.authority("Edwards", key="ed25519/root")
        add("signed with Ed25519", leaf(edwards),
            reason="unsupported-signature", subject=None)

    def _extensions(self):
        add, leaf = self.add, self.leaf
        for is_critical, reason in ((False, None),
                                    (True, "malformed-certificate")):
            label = "critical" if is_critical else "non-critical"
            unknown = extension(UNKNOWN_EXTENSION, b"\5\0", is_critical)
            add(f"a {label} unknown extension",
                leaf(extensions=LEAF + (unknown,)), reason=reason,
                subject=None if reason else "CN=device-1")
            issuer = self.authority(f"Unknown {label}", self.root,
                                    extensions=AUTHORITY + (unknown,))
            add(f"a {label} unknown extension in an intermediate",
                leaf(issuer), issuer, reason=reason,
                subject=None if reason else "CN=device-1")
        for label, permitted, is_critical, subject in (
                ("kept", b"example.com", True, None),
                ("violated", b"example.org", True, None),
                ("kept, not critical", b"example.com", False, "CN=device-1"),
                ("violated, not critical", b"example.org", False,
                 "CN=device-1")):
            issuer = self.authority(
                f"Constraints {label}", self.root,
                extensions=AUTHORITY + (constraints(permitted, is_critical),))
            add(f"name constraints that are {label}", leaf(
                issuer, extensions=LEAF + (alternative(
                    (2, b"device.example.com")),)), issuer,
                reason="malformed-certificate", subject=subject,
                detail=subject and "name-constraints")
        for label, more in (("basic constraints", basic()),
                            ("key usage", LEAF[1]),
                            ("extended key usage", LEAF[2]),
                            ("subjectAltName", None)):
            twice = LEAF + ((more,) if more else (
                alternative((2, b"a")), alternative((2, b"b"))))
            add(f"{label} twice", leaf(extensions=twice),
                reason="malformed-certificate", subject=None)
        add("an unknown extension twice", leaf(extensions=LEAF + (
            extension(UNKNOWN_EXTENSION, b"a"),) * 2),
            reason="malformed-certificate", subject="CN=device-1",
            detail="extension-twice")
        add("a leaf that is a CA too", leaf(extensions=(
            basic(True), usage(DIGITAL_SIGNATURE, CERT_SIGN), LEAF[2])))
        add("a path length without a CA", leaf(extensions=(
            basic(False, 3),) + LEAF[1:]))

    def _names(self):
        add, leaf = self.add, self.leaf

        def refused(label, subject, shown, detail):
            add(label, leaf(subject=subject), reason="identity-invalid",
                subject=shown, detail=detail)
        refused("an empty subject", name(), "", "no-common-name")
        refused("no CN", name((ORGANISATION, "x")), "O=x", "no-common-name")
        refused("an empty CN", name((CN, "")), "CN=", "empty")
        refused("two CNs", name((CN, "device-1"), (CN, "device-2")),
                "CN=device-1, CN=device-2", "several-common-names")
        refused("a NUL in the CN", name((CN, "device-1\0.example")),
                ("CN=device-1?.example", UNSHOWN), "control-character")
        refused("a CN of UTF-16", name((CN, "d".encode("utf-16be"), der.BMP)),
                ("CN=?d", "CN=#1E020064"), "string-type")
        refused("a CN that is not UTF-8", name((CN, b"d\xc0\xaf")),
                ("CN=d??", r"CN=d\C0\AF"), "not-utf-8")
        refused("a CN of 513 bytes", name((CN, "x" * 513)),
                UNSHOWN, "too-long")
        for sign in "/+#":
            refused(f"a CN with {sign}", name((CN, f"a{sign}b")),
                    (f"CN=a{sign}b", rf"CN=a\{sign}b"), "reserved-character")
        for label, names in (
                ("duplicate alternative names",
                 [(2, b"a.example"), (2, b"a.example")]),
                ("alternative names of all kinds",
                 [(1, b"a@b"), (2, b"a"), (6, b"urn:a"), (7, bytes(4))]),
                ("sixty alternative names",
                 [(2, b"n%d" % i) for i in range(60)])):
            add(label, leaf(extensions=LEAF + (alternative(*names),)))
        add("a NUL in an alternative name", leaf(extensions=LEAF + (
            alternative((2, b"good.example\0.evil")),)),
            reason="malformed-certificate", detail="characters-in-a-name")
        add("too many alternative names", leaf(extensions=LEAF + (
            alternative(*((2, b"n%d" % i) for i in range(200))),)),
            reason="too-many-fields")

    def _serials(self):
        add, leaf = self.add, self.leaf
        for label, serial in (("zero", 0), ("negative", -1000),
                              ("of 20 octets", b"\1" * 20),
                              ("of 160 bits", b"\0" + b"\xff" * 20)):
            add(f"a serial number {label}", leaf(serial=serial))
        for count in 21, 32, 40:
            add(f"a serial number of {count} octets", leaf(
                serial=b"\1" * count), reason="malformed-certificate",
                detail="serial-number-length")
        add("a serial number of no octets", leaf(serial=b""),
            reason="malformed-certificate", detail="serial-number-length")

    def _malformed(self):
        add, leaf, add_bytes = self.add, self.leaf, self.add_bytes
        whole = leaf()
        good, serial = whole.der, whole.serial
        add_bytes("no bytes", b"")
        for label, data in (
                ("a zero", b"\0"), ("nothing in it", b"\x30\0"),
                ("random bytes", os.urandom(500)),
                ("text", b"-----BEGIN CERTIFICATE-----\n"),
                ("an indefinite length", b"\x30\x80" + good[4:] + b"\0\0"),
                ("a length of 4 GB", b"\x30\x84\xff\xff\xff\xff" + good[4:]),
                ("a length one too great", good[:3] + bytes(
                    [good[3] + 1]) + good[4:]),
                ("a length one too small", good[:3] + bytes(
                    [good[3] - 1]) + good[4:]),
                ("a SET for the SEQUENCE", b"\x31" + good[1:])):
            add_bytes(label, data)
        # What follows within the entry is not looked at; it means nothing.
        self.cases.append(Case("a byte behind it", [good + b"\0"],
                               subject="CN=device-1", serial=serial,
                               issuer=self.shown[whole.issuer],
                               key="ec/leaf", can_be_loaded=False))
        for i in range(1, 8):
            add_bytes(f"cut at {i} eighths", good[:len(good) * i // 8])
        add("no extensions in the list", leaf(extensions=()),
            reason="malformed-certificate", detail="no-extensions")
        add("more extensions than anybody needs", leaf(extensions=tuple(
            extension(f"{UNKNOWN_EXTENSION}.{i}", b"") for i in range(65))),
            reason="malformed-certificate", detail="too-many-extensions")
        for label, options in (
                ("version 4", {"version": der.explicit(0, der.integer(3))}),
                ("a version of 2^70",
                 {"version": der.explicit(0, der.integer(1 << 70))}),
                ("two algorithms", {
                    "inner_algorithm": self.keys.algorithm(
                        "ec/leaf", "sha384")}),
                ("an unknown algorithm", {"tbs": good[4:], "signature": b"x"}),
                ("a month 13", {"validity": der.sequence(
                    der.tlv(der.UTC_TIME, b"261301000000Z"), date(NOW))}),
                ("February 30", {"validity": der.sequence(
                    der.tlv(der.UTC_TIME, b"260230000000Z"),
                    date(NOW + DAY))}),
                ("letters in a date", {"validity": der.sequence(
                    der.tlv(der.UTC_TIME, b"26AB01000000Z"), date(NOW))}),
                ("no end", {"validity": der.sequence(date(NOW - DAY))}),
                ("a date that is a number", {"validity": der.sequence(
                    der.integer(1), der.integer(2))}),
                ("basic constraints of nothing", {"extensions": (
                    extension("2.5.29.19", b"", True),)}),
                ("basic constraints that are text", {"extensions": (
                    extension("2.5.29.19", b"CA:TRUE", True),)}),
                ("a TRUE that is 1", {"extensions": (
                    extension("2.5.29.19", der.sequence(
                        der.tlv(der.BOOLEAN, b"\1\1")), True),)}),
                ("a key usage that is text", {"extensions": (
                    extension("2.5.29.15", b"sign", True),)}),
                ("alternative names that are text", {"extensions": LEAF + (
                    extension("2.5.29.17", b"DNS:a"),)}),
                ("an alternative name beyond its list", {
                    "extensions": LEAF + (extension(
                        "2.5.29.17", der.sequence(b"\x82\x7f" + b"a")),)})):
            add(label, leaf(**options), reason="malformed-certificate",
                subject=None)

    def _malformed_keys(self):
        add, leaf = self.add, self.leaf
        good = self.keys.spki("ec/leaf")
        head, point = good[:-65], good[-65:]
        rsa = der.sequence(der.oid("1.2.840.113549.1.1.1"),
                           der.tlv(der.NULL))

        for label, spki in (
                ("a point that is not on the curve",
                 head + point[:-1] + bytes([point[-1] ^ 1])),
                ("the point at infinity", der.sequence(
                    head[2:2 + 2 + head[3]], der.bits(b"\0"))),
                ("a point of too few bytes", der.sequence(
                    head[2:2 + 2 + head[3]], der.bits(point[:40]))),
                ("no key", der.sequence(rsa, der.bits(b""))),
                ("an RSA modulus of 0", rsa_key(0, 65537)),
                ("an RSA modulus that is even", rsa_key(1 << 2047, 65537)),
                ("an RSA exponent of 1", rsa_key((1 << 2047) + 1, 1))):
            add(label, leaf(spki=spki), reason="malformed-certificate",
                subject=None)
        add("an unknown kind of key", leaf(spki=der.sequence(
            der.sequence(der.oid(UNKNOWN_EXTENSION)), der.bits(b"key"))),
            reason="unsupported-key", subject=None)

    def _sizes(self):
        def stuffed(count):
            return self.leaf(extensions=LEAF + (
                extension(UNKNOWN_EXTENSION, bytes(count)),))
        self.add("a certificate of 10 kB", stuffed(10000))
        self.add("a certificate of 64 kB", stuffed(65000),
                 reason="handshake-too-long", subject=None)
        self.add("64 kB in all", self.leaf(), *(
            stuffed(9000) for _ in range(7)), reason="handshake-too-long",
            subject=None)
