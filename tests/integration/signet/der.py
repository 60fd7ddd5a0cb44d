# SPDX-License-Identifier: Apache-2.0
"""DER as X.690 wants it, and as it does not: every part is bytes, so a test
can put anything in its place."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 1, 2, 3, 4, 5, 6
ENUMERATED = 10
UTF8, PRINTABLE, T61, IA5, BMP = 12, 19, 20, 22, 30
UTC_TIME, GENERALIZED_TIME = 23, 24
SEQUENCE, SET = 0x30, 0x31


def length(count):
    if count < 0x80:
        return bytes([count])
    data = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(data)]) + data


def tlv(tag, *parts):
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def sequence(*parts):
    return tlv(SEQUENCE, *parts)


def integer(value):
    """An int, or the content octets themselves."""
    if isinstance(value, int):
        value = value.to_bytes(value.bit_length() // 8 + 1, "big",
                               signed=True)
    return tlv(INTEGER, value)


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytearray()
    for number in [40 * first + second] + rest:
        group = [number & 0x7f]
        while number > 0x7f:
            number >>= 7
            group.append(0x80 | number & 0x7f)
        out += bytes(reversed(group))
    return tlv(OID, bytes(out))


def bits(data, unused=0):
    return tlv(BIT_STRING, bytes([unused]), data)


def boolean(value=True):
    return tlv(BOOLEAN, b"\xff" if value else b"\0")


def explicit(number, *parts):
    return tlv(0xa0 | number, *parts)


def implicit(number, content):
    return tlv(0x80 | number, content)
