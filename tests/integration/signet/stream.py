# SPDX-License-Identifier: Apache-2.0
"""TLS over a socket with every byte on the wire in the test's hands.

The records are made in memory (ssl.MemoryBIO): a test decides when they go
out, in what pieces, and whether they are whole.
"""

import os
import socket
import ssl
import time

# A build with sanitizers takes its time: SIGNET_TEST_SLOWNESS=5.
SLOWNESS = float(os.environ.get("SIGNET_TEST_SLOWNESS", "1"))
DEADLINE = 10 * SLOWNESS

# OpenSSL's option bit that leaves the extended master secret out.
NO_EXTENDED_MASTER_SECRET = 0x1
# And the one, set by Python, that takes a cut connection for an orderly end.
IGNORE_UNEXPECTED_EOF = 0x80


class Closed(Exception):
    """The peer ended the connection. how: "close_notify", "eof" (without
    one), "reset", or the name of a fatal alert as in RFC 8446 s6."""

    def __init__(self, how):
        super().__init__(f"closed: {how}")
        self.how = how


class TimedOut(Exception):
    pass


def alert_name(error):
    """SSLV3_ALERT_BAD_RECORD_MAC -> bad_record_mac."""
    reason = error.reason or ""
    if "_ALERT_" in reason:
        return reason.split("_ALERT_", 1)[1].lower()
    return f"local {reason.lower()}"


_contexts = {}


def context(pki, name="client-1", **options):
    """A client's context; contexts are kept, as making one is slow.

    name: of the certificate, or None. options: minimum, maximum (ssl.
    TLSVersion), ciphers, security (OpenSSL level), flags (option bits),
    alpn (a tuple of names).
    """
    key = (pki, name, tuple(sorted(options.items())))
    if key not in _contexts:
        _contexts[key] = make_context(pki, name, **options)
    return _contexts[key]


def make_context(pki, name, **options):
    """The same, which is not kept."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(f"{pki}/ca.pem")
    ciphers = options.get("ciphers", "DEFAULT")
    level = options.get("security")
    made.set_ciphers(ciphers if level is None
                     else f"{ciphers}:@SECLEVEL={level}")
    if options.get("minimum") is not None:
        made.minimum_version = options["minimum"]
    if options.get("maximum") is not None:
        made.maximum_version = options["maximum"]
    if options.get("alpn"):
        made.set_alpn_protocols(options["alpn"])
    made.options |= options.get("flags", 0)
    made.options &= ~IGNORE_UNEXPECTED_EOF
    if name is not None:
        made.load_cert_chain(f"{pki}/{name}.pem", f"{pki}/{name}.key")
    return made


class Stream:
    """A TCP connection that becomes TLS with handshake(). session: an
    ssl.SSLSession to resume. source: the address that it comes from."""

    def __init__(self, address, tls=None, receive_buffer=None, session=None,
                 source=None):
        self.socket = socket.socket()
        if source is not None:
            self.socket.bind((source, 0))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port = self.socket.getsockname()[1]
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls and tls.wrap_bio(self.incoming, self.outgoing,
                                        server_hostname="localhost",
                                        session=session)
        self.is_ended = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.abort()

    def abort(self):
        """Close the socket, without close_notify."""
        self.socket.close()

    def send_raw(self, data):
        try:
            self.socket.settimeout(DEADLINE)
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed("reset") from None
        except TimeoutError:
            raise TimedOut("the peer takes no bytes") from None

    def flush(self):
        """Send the records that were made but held back."""
        data = self.outgoing.read()
        if data:
            self.send_raw(data)

    def receive_raw(self, deadline):
        """Take bytes from the socket into the TLS machine; False at EOF."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("nothing came")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(262144)
        except TimeoutError:
            raise TimedOut("nothing came") from None
        except ConnectionResetError:
            raise Closed("reset") from None
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()
            self.is_ended = True
        return bool(data)

    def handshake(self, timeout=None, holding_back=False):
        """Shake hands; with holding_back the last flight waits for the next
        flush, so that it shares a segment with what follows."""
        deadline = time.monotonic() + (timeout or DEADLINE)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self._receive_or_close(deadline)
            except ssl.SSLError as error:
                self._closed_by(error)
        if not holding_back:
            self.flush()
        return self

    def handshake_half(self):
        """Send the ClientHello and leave it at that."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flush()
        return self

    def _receive_or_close(self, deadline):
        if self.is_ended:
            raise Closed("eof")
        self.receive_raw(deadline)

    def _closed_by(self, error):
        if isinstance(error, ssl.SSLZeroReturnError):
            raise Closed("close_notify") from None
        if isinstance(error, ssl.SSLEOFError) or self.is_ended:
            raise Closed("eof") from None
        if "UNEXPECTED_EOF" in (error.reason or ""):
            raise Closed("eof") from None
        raise Closed(alert_name(error)) from None

    def seal(self, data):
        """The records that carry data, not sent."""
        view = memoryview(data)
        while view:
            view = view[self.tls.write(view):]
        return self.outgoing.read()

    def send(self, data):
        held = self.outgoing.read()
        self.send_raw(held + self.seal(data))

    def receive(self, timeout=None):
        """Some decrypted bytes, at least one."""
        deadline = time.monotonic() + (DEADLINE if timeout is None
                                       else timeout)
        while True:
            try:
                data = self.tls.read(262144)
                if data:
                    return data
                raise Closed("close_notify")
            except ssl.SSLWantReadError:
                self.flush()
                self._receive_or_close(deadline)
            except ssl.SSLError as error:
                self._closed_by(error)

    def close(self):
        """Send close_notify and the end of the stream."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass
        try:
            self.flush()
        except Closed:
            pass
        self.socket.close()
