# SPDX-License-Identifier: Apache-2.0
"""Certificates of any kind, good and hostile. The keys are made and used by
the openssl command; all else is put together here, so that nothing is too
wrong to be made."""

import base64
import calendar
import os
import subprocess
import time

from . import der

CN, ORGANISATION, UNIT = "2.5.4.3", "2.5.4.10", "2.5.4.11"
CLIENT_AUTH, SERVER_AUTH = "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"
ANY_USAGE = "2.5.29.37.0"
DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CERT_SIGN, CRL_SIGN = 0, 2, 5, 6

DAY = 86400
NOW = int(time.time())

# What an AlgorithmIdentifier says, by kind of key and hash (RFC 4055,
# RFC 5758, RFC 8410).
ALGORITHMS = {
    ("ec", "sha1"): "1.2.840.10045.4.1",
    ("ec", "sha256"): "1.2.840.10045.4.3.2",
    ("ec", "sha384"): "1.2.840.10045.4.3.3",
    ("ec", "sha512"): "1.2.840.10045.4.3.4",
    ("rsa", "md5"): "1.2.840.113549.1.1.4",
    ("rsa", "sha1"): "1.2.840.113549.1.1.5",
    ("rsa", "sha256"): "1.2.840.113549.1.1.11",
    ("ed25519", None): "1.3.101.112",
}


class Keys:
    """Keys by name, made when they are first asked for; the name's first
    part is the kind: ec, ec:CURVE, rsa:BITS, rsa:BITS:EXPONENT or ed25519."""

    def __init__(self, folder):
        self.folder, self.public = folder, {}

    def path(self, name):
        path = f"{self.folder}/{name.replace(':', '-')}.key"
        if not os.path.exists(path):
            kind, _, option = name.split("/")[0].partition(":")
            bits, _, exponent = option.partition(":")
            arguments = {
                "ec": ["-algorithm", "EC", "-pkeyopt",
                       f"ec_paramgen_curve:{option or 'P-256'}"],
                "rsa": ["-algorithm", "RSA", "-pkeyopt",
                        f"rsa_keygen_bits:{bits}", "-pkeyopt",
                        f"rsa_keygen_pubexp:{exponent or 65537}"],
                "ed25519": ["-algorithm", "ED25519"]}[kind]
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _openssl("genpkey", *arguments, "-out", path)
        return path

    def spki(self, name):
        if name not in self.public:
            self.public[name] = _openssl("pkey", "-in", self.path(name),
                                         "-pubout", "-outform", "DER")
        return self.public[name]

    def sign(self, name, digest, data):
        path = f"{self.folder}/to-sign"
        with open(path, "wb") as file:
            file.write(data)
        if name.startswith("ed25519"):
            return _openssl("pkeyutl", "-sign", "-rawin", "-inkey",
                            self.path(name), "-in", path)
        return _openssl("dgst", f"-{digest}", "-sign", self.path(name), path)

    def algorithm(self, name, digest):
        kind = name.split("/")[0].partition(":")[0]
        value = ALGORITHMS[kind, None if kind == "ed25519" else digest]
        return der.sequence(der.oid(value), *(
            [der.tlv(der.NULL)] if kind == "rsa" else []))


def rsa_key(modulus, exponent):
    """A public key that need not be anybody's."""
    algorithm = der.sequence(der.oid("1.2.840.113549.1.1.1"),
                             der.tlv(der.NULL))
    return der.sequence(algorithm, der.bits(der.sequence(
        der.integer(modulus), der.integer(exponent))))


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def name(*parts):
    """A Name of (type, value) or (type, value, string type)."""
    return der.sequence(*(
        der.tlv(der.SET, der.sequence(der.oid(part[0]), der.tlv(
            part[2] if len(part) > 2 else der.UTF8,
            part[1] if isinstance(part[1], bytes) else part[1].encode())))
        for part in parts))


def date(seconds):
    """RFC 5280 s4.1.2.5: UTCTime until 2049."""
    when = time.gmtime(seconds)
    if when.tm_year < 2050:
        return der.tlv(der.UTC_TIME,
                       time.strftime("%y%m%d%H%M%SZ", when).encode())
    return der.tlv(der.GENERALIZED_TIME,
                   time.strftime("%Y%m%d%H%M%SZ", when).encode())


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d"))


# Extensions: each (OID, criticality, content) made into DER.

def extension(number, content, is_critical=False):
    return der.sequence(der.oid(number),
                        der.boolean() if is_critical else b"",
                        der.tlv(der.OCTET_STRING, content))


def basic(is_ca=False, path_len=None, is_critical=True):
    return extension("2.5.29.19", der.sequence(
        der.boolean() if is_ca else b"",
        b"" if path_len is None else der.integer(path_len)), is_critical)


def usage(*numbers):
    value = sum(0x80 >> number for number in numbers)
    unused = (value & -value).bit_length() - 1 if value else 0
    return extension("2.5.29.15", der.bits(bytes([value]), unused), True)


def extended(*purposes):
    return extension("2.5.29.37", der.sequence(*map(der.oid, purposes)))


def alternative(*names, is_critical=False):
    """Names as (tag number, bytes): 1 e-mail, 2 DNS, 6 URI, 7 IP."""
    return extension("2.5.29.17", der.sequence(
        *(der.implicit(number, value) for number, value in names)),
        is_critical)


def revocation_reason(number):
    """Of a CRL entry (RFC 5280 s5.3.1)."""
    return extension("2.5.29.21", der.tlv(der.ENUMERATED, bytes([number])))


def constraints(permitted, is_critical=True):
    """Name constraints that permit one DNS name only."""
    return extension("2.5.29.30", der.sequence(der.explicit(
        0, der.sequence(der.implicit(2, permitted)))), is_critical)


LEAF = (basic(), usage(DIGITAL_SIGNATURE), extended(CLIENT_AUTH))
AUTHORITY = (basic(True), usage(CERT_SIGN, CRL_SIGN))


class Certificate:
    """der, and what it was made with; issues others."""

    def __init__(self, data, key, subject, issuer, serial):
        self.der, self.key, self.serial = data, key, serial
        self.subject, self.issuer = subject, issuer  # Names as DER


class Maker:
    """Makes certificates. The options of make() are parts of the certificate,
    most of them bytes, to be put in the place of what is right."""

    def __init__(self, keys):
        self.keys, self.count = keys, 0x1000

    def make(self, subject, issuer=None, key="ec/leaf", **options):
        """issuer: a Certificate, None: by itself. subject: a Name's bytes, or
        the CN."""
        self.count += 1
        get = options.pop
        if isinstance(subject, str):
            subject = name((CN, subject))
        serial = get("serial", self.count)
        signer = get("signer", issuer.key if issuer else key)
        algorithm = self.keys.algorithm(signer, get("digest", "sha256"))
        extensions = get("extensions", LEAF)
        issuer_name = issuer.subject if issuer else subject
        tbs = get("tbs", None) or der.sequence(
            get("version", der.explicit(0, der.integer(2))),
            der.integer(serial),
            get("inner_algorithm", algorithm),
            issuer_name,
            get("validity", None) or der.sequence(
                date(get("begin", NOW - DAY)),
                date(get("end", NOW + 30 * DAY))),
            subject,
            get("spki", None) or self.keys.spki(key),
            b"" if extensions is None else der.explicit(
                3, der.sequence(*extensions)))
        digest = self._digest(algorithm)
        signature = get("signature", None) or self.keys.sign(
            signer, digest, tbs)
        for left in "begin", "end", "inner_algorithm", "version":
            options.pop(left, None)
        assert not options, options
        return Certificate(
            der.sequence(tbs, algorithm, der.bits(signature)), key, subject,
            issuer_name, der.integer(serial)[2:])

    def crl(self, issuer, serials, since=NOW - DAY, until=NOW + 30 * DAY):
        """A list of an authority (RFC 5280 s5.1), as DER. serials: as make()
        takes them, or (serial, CRL entry extensions)."""
        algorithm = self.keys.algorithm(issuer.key, "sha256")
        entries = [each if isinstance(each, tuple) else (each, ())
                   for each in serials]
        self.count += 1
        tbs = der.sequence(
            der.integer(1), algorithm, issuer.subject, date(since),
            date(until), der.sequence(*(
                der.sequence(der.integer(serial), date(since), *(
                    [der.sequence(*more)] if more else []))
                for serial, more in entries)),
            der.explicit(0, der.sequence(
                extension("2.5.29.20", der.integer(self.count)))))
        return der.sequence(tbs, algorithm, der.bits(
            self.keys.sign(issuer.key, "sha256", tbs)))

    def _digest(self, algorithm):
        for (_, digest), number in ALGORITHMS.items():
            if der.oid(number) in algorithm:
                return digest
        raise AssertionError(algorithm)


def pem(*ders):
    return "".join(
        "-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(data).decode()
        + "-----END CERTIFICATE-----\n" for data in ders)
