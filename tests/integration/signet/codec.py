# SPDX-License-Identifier: Apache-2.0
"""Control Packets of MQTT 3.1.1 and 5.0: strict about what a server sends."""

import struct

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP = range(8, 14)
DISCONNECT, AUTH = 14, 15

NAMES = ("RESERVED CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP "
         "SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT "
         "AUTH").split()

# MQTT 5.0, 2.2.2.2: identifier, representation, packets of a server that may
# carry it.
_PROPERTY_ROWS = (
    (0x01, "payload_format_indicator", "u8", {PUBLISH}),
    (0x02, "message_expiry_interval", "u32", {PUBLISH}),
    (0x03, "content_type", "text", {PUBLISH}),
    (0x08, "response_topic", "text", {PUBLISH}),
    (0x09, "correlation_data", "binary", {PUBLISH}),
    (0x0b, "subscription_identifier", "varints", {PUBLISH}),
    (0x11, "session_expiry_interval", "u32", {CONNACK}),
    (0x12, "assigned_client_identifier", "text", {CONNACK}),
    (0x13, "server_keep_alive", "u16", {CONNACK}),
    (0x15, "authentication_method", "text", {CONNACK, AUTH}),
    (0x16, "authentication_data", "binary", {CONNACK, AUTH}),
    (0x17, "request_problem_information", "u8", set()),
    (0x18, "will_delay_interval", "u32", set()),
    (0x19, "request_response_information", "u8", set()),
    (0x1a, "response_information", "text", {CONNACK}),
    (0x1c, "server_reference", "text", {CONNACK, DISCONNECT}),
    (0x1f, "reason_string", "text", {
        CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK,
        DISCONNECT, AUTH}),
    (0x21, "receive_maximum", "u16", {CONNACK}),
    (0x22, "topic_alias_maximum", "u16", {CONNACK}),
    (0x23, "topic_alias", "u16", {PUBLISH}),
    (0x24, "maximum_qos", "u8", {CONNACK}),
    (0x25, "retain_available", "u8", {CONNACK}),
    (0x26, "user_property", "pairs", {
        CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK,
        DISCONNECT, AUTH}),
    (0x27, "maximum_packet_size", "u32", {CONNACK}),
    (0x28, "wildcard_subscription_available", "u8", {CONNACK}),
    (0x29, "subscription_identifier_available", "u8", {CONNACK}),
    (0x2a, "shared_subscription_available", "u8", {CONNACK}),
)
_BY_NAME = {row[1]: row for row in _PROPERTY_ROWS}
_BY_ID = {row[0]: row for row in _PROPERTY_ROWS}


class Violation(Exception):
    """The server sent what the standard forbids."""


def varint(value):
    out = bytearray()
    while True:
        value, low = value >> 7, value & 127
        out.append(low | (128 if value else 0))
        if not value:
            return bytes(out)


def binary(data):
    if isinstance(data, str):
        data = data.encode()
    return struct.pack(">H", len(data)) + data


def packet(type_, flags, body):
    """Any packet, also a wrong one: the bytes are the caller's."""
    return bytes([type_ << 4 | flags]) + varint(len(body)) + body


def _property(name, value):
    number, _, kind, _ = _BY_NAME[name]
    head = bytes([number])
    if kind == "u8":
        return head + struct.pack(">B", value)
    if kind == "u16":
        return head + struct.pack(">H", value)
    if kind == "u32":
        return head + struct.pack(">I", value)
    if kind == "varints":
        values = value if isinstance(value, (list, tuple)) else [value]
        return b"".join(head + varint(one) for one in values)
    if kind == "pairs":
        return b"".join(head + binary(k) + binary(v) for k, v in value)
    return head + binary(value)


def properties(values):
    body = b"".join(_property(name, value) for name, value in values.items())
    return varint(len(body)) + body


def connect(client_id="", version=5, clean=True, keep_alive=0, will=None,
            user_name=None, password=None, props=None, protocol="MQTT",
            level=None):
    """will: dict of topic, payload, qos, retain, props."""
    flags = 0x02 if clean else 0
    payload = binary(client_id)
    if will is not None:
        flags |= 0x04 | will.get("qos", 0) << 3 | will.get("retain", 0) << 5
        if version == 5:
            payload += properties(will.get("props", {}))
        payload += binary(will["topic"]) + binary(will.get("payload", b""))
    if user_name is not None:
        flags |= 0x80
        payload += binary(user_name)
    if password is not None:
        flags |= 0x40
        payload += binary(password)
    head = binary(protocol)
    head += struct.pack(">BBH", version if level is None else level, flags,
                        keep_alive)
    if version == 5:
        head += properties(props or {})
    return packet(CONNECT, 0, head + payload)


def publish(topic, payload=b"", qos=0, packet_id=None, version=5, retain=False,
            dup=False, props=None):
    if isinstance(payload, str):
        payload = payload.encode()
    body = binary(topic)
    if packet_id is not None:
        body += struct.pack(">H", packet_id)
    if version == 5:
        body += properties(props or {})
    return packet(PUBLISH, dup << 3 | qos << 1 | bool(retain), body + payload)


def ack(type_, packet_id, reason=0, version=5, props=None):
    body = struct.pack(">H", packet_id)
    if version == 5 and (reason or props):
        body += bytes([reason]) + (properties(props) if props else b"")
    return packet(type_, 2 if type_ == PUBREL else 0, body)


def subscribe(packet_id, entries, version=5, props=None):
    """entries: of (filter, options); options are the QoS in 3.1.1."""
    body = struct.pack(">H", packet_id)
    if version == 5:
        body += properties(props or {})
    for topic_filter, options in entries:
        body += binary(topic_filter) + bytes([options])
    return packet(SUBSCRIBE, 2, body)


def unsubscribe(packet_id, filters, version=5, props=None):
    body = struct.pack(">H", packet_id)
    if version == 5:
        body += properties(props or {})
    return packet(UNSUBSCRIBE, 2, body + b"".join(map(binary, filters)))


def disconnect(reason=0, version=5, props=None):
    body = b""
    if version == 5 and (reason or props):
        body = bytes([reason]) + (properties(props) if props else b"")
    return packet(DISCONNECT, 0, body)


PING = packet(PINGREQ, 0, b"")


class Reader:
    """Takes a packet's body apart and refuses what does not fit."""

    def __init__(self, data):
        self.data, self.pos = data, 0

    def take(self, count):
        if self.pos + count > len(self.data):
            raise Violation("the packet ends too early")
        self.pos += count
        return self.data[self.pos - count:self.pos]

    def rest(self):
        return self.take(len(self.data) - self.pos)

    def is_done(self):
        return self.pos == len(self.data)

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack(">H", self.take(2))[0]

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def varint(self):
        value = 0
        for i in range(4):
            byte = self.u8()
            value |= (byte & 127) << 7 * i
            if byte < 128:
                if i and byte == 0:
                    raise Violation("a longer form than needed")
                return value
        raise Violation("a Variable Byte Integer of five bytes")

    def binary(self):
        return self.take(self.u16())

    def text(self):
        text = self.binary().decode("utf-8")  # strict: no surrogates
        if "\0" in text:
            raise Violation("U+0000 in a string")
        return text

    def properties(self, type_):
        block = Reader(self.take(self.varint()))
        found = {}
        while not block.is_done():
            number = block.varint()
            if number not in _BY_ID or type_ not in _BY_ID[number][3]:
                raise Violation(f"property {number:#x} in {NAMES[type_]}")
            _, name, kind, _ = _BY_ID[number]
            if kind == "pairs":
                pair = (block.text(), block.text())
                found.setdefault(name, []).append(pair)
            elif kind == "varints":
                found.setdefault(name, []).append(block.varint())
            elif name in found:
                raise Violation(f"{name} given twice")
            else:
                found[name] = getattr(block, kind)()
        return found


class Packet:
    """A decoded packet; unset attributes do not belong to its type."""

    def __init__(self, type_, flags):
        self.type, self.flags, self.props = type_, flags, {}

    def __repr__(self):
        fields = {k: v for k, v in vars(self).items() if k != "type"}
        return f"{NAMES[self.type]}{fields}"


def _connack(p, reader, version):
    flags = reader.u8()
    if flags > 1:
        raise Violation("reserved CONNACK flags [MQTT5-3.2.2-1]")
    p.session_present = bool(flags)
    p.reason = reader.u8()
    if version == 5:
        p.props = reader.properties(CONNACK)
    if p.reason and p.session_present:
        raise Violation("session present in a refusal [MQTT5-3.2.2-6]")


def _publish(p, reader, version):
    p.dup, p.qos = bool(p.flags & 8), p.flags >> 1 & 3
    p.retain = bool(p.flags & 1)
    if p.qos == 3 or (p.dup and not p.qos):
        raise Violation("PUBLISH flags [MQTT5-3.3.1-2] [MQTT5-3.3.1-4]")
    p.topic = reader.text()
    if "+" in p.topic or "#" in p.topic:
        raise Violation("a wildcard in a Topic Name [MQTT5-3.3.2-2]")
    p.packet_id = reader.u16() if p.qos else None
    if p.packet_id == 0:
        raise Violation("Packet Identifier 0 [MQTT5-2.2.1-3]")
    if version == 5:
        p.props = reader.properties(PUBLISH)
    if not p.topic and "topic_alias" not in p.props:
        raise Violation("an empty Topic Name")
    p.payload = reader.rest()


def _ack(p, reader, version):
    p.packet_id, p.reason = reader.u16(), 0
    if version == 5 and not reader.is_done():
        p.reason = reader.u8()
        if not reader.is_done():
            p.props = reader.properties(p.type)


def _suback(p, reader, version):
    p.packet_id = reader.u16()
    if version == 5:
        p.props = reader.properties(p.type)
    p.codes = list(reader.rest())
    if version == 4 and p.type == UNSUBACK and p.codes:
        raise Violation("a 3.1.1 UNSUBACK with a payload")


def _disconnect(p, reader, version):
    if version != 5:
        raise Violation("a 3.1.1 server sends no DISCONNECT")
    p.reason = 0
    if not reader.is_done():
        p.reason = reader.u8()
        if not reader.is_done():
            p.props = reader.properties(p.type)


def _empty(p, reader, version):
    pass


_DECODERS = {
    CONNACK: (_connack, 0), PUBLISH: (_publish, None), PUBACK: (_ack, 0),
    PUBREC: (_ack, 0), PUBREL: (_ack, 2), PUBCOMP: (_ack, 0),
    SUBACK: (_suback, 0), UNSUBACK: (_suback, 0), PINGRESP: (_empty, 0),
    DISCONNECT: (_disconnect, 0), AUTH: (_disconnect, 0),
}


def split(buffer, start=0):
    """The packet at start: (first byte, body start, end), or None."""
    length, shift, pos = 0, 0, start + 1
    size = len(buffer)
    while True:
        if pos >= size:
            return None
        byte = buffer[pos]
        pos += 1
        length |= (byte & 127) << shift
        if byte < 128:
            break
        shift += 7
        if shift > 21:
            raise Violation("Remaining Length of five bytes")
    if pos + length > size:
        return None
    return buffer[start], pos, pos + length


def decode(first, body, version):
    type_, flags = first >> 4, first & 15
    if type_ not in _DECODERS:
        raise Violation(f"a server sends no {NAMES[type_]}")
    decoder, wanted = _DECODERS[type_]
    if wanted is not None and flags != wanted:
        raise Violation(f"flags {flags} of {NAMES[type_]}")
    p = Packet(type_, flags)
    reader = Reader(bytes(body))
    decoder(p, reader, version)
    if not reader.is_done():
        raise Violation(f"bytes behind the end of {NAMES[type_]}")
    return p
