# SPDX-License-Identifier: Apache-2.0
"""A connection that never waits: not for the handshake, and not for a daemon
that is gone."""

import socket
import ssl

from signet import Closed, Stream, codec, context


class Link:
    """TLS and packets over a socket that is polled by its owner.

    on_packet(packet) is called for each that comes; ended says how it ended,
    or is None. Raises OSError if nobody listens.
    """

    def __init__(self, broker, certificate, version, on_packet):
        self.stream = Stream(broker.address,
                             context(broker.pki, certificate))
        self.socket = self.stream.socket
        self.socket.setblocking(False)
        self.version, self.on_packet = version, on_packet
        self.buffer, self.early, self.pending = bytearray(), b"", b""
        self.is_open, self.ended = False, None
        self._shake()

    def _shake(self):
        try:
            self.stream.tls.do_handshake()
            self.is_open = True
            if self.early:
                self.pending += self.stream.seal(self.early)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._end(error)
        self.flush()

    def _end(self, error):
        try:
            self.stream._closed_by(error)
        except Closed as closed:
            self.ended = closed.how

    def send(self, data):
        if not self.is_open:
            self.early += data
        elif self.ended is None:
            self.pending += self.stream.seal(data)

    def flush(self):
        """Send what the socket takes now."""
        if self.stream.outgoing.pending:
            self.pending += self.stream.outgoing.read()
        if not self.pending or self.ended is not None:
            return
        try:
            self.pending = self.pending[self.socket.send(self.pending):]
        except BlockingIOError:
            pass
        except OSError:
            self.ended = "reset"

    def receive(self):
        """The socket is readable."""
        try:
            data = self.socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        if data:
            self.stream.incoming.write(data)
        else:
            self.stream.incoming.write_eof()
            self.stream.is_ended = True
        if not self.is_open:
            self._shake()
        if self.is_open:
            self._read()

    def _read(self):
        try:
            while True:
                got = self.stream.tls.read(262144)
                if not got:
                    self.ended = "close_notify"
                    break
                self.buffer += got
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._end(error)
        self._split()

    def _split(self):
        buffer, pos = self.buffer, 0
        while pos < len(buffer):
            found = codec.split(buffer, pos)
            if found is None:
                break
            first, start, pos = found
            self.on_packet(codec.decode(first, buffer[start:pos],
                                        self.version))
        del buffer[:pos]

    def close(self, is_orderly):
        """With what is pending, as far as the socket takes it, or by RST."""
        if is_orderly:
            self.flush()
        else:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   b"\1\0\0\0\0\0\0\0")
        self.socket.close()
