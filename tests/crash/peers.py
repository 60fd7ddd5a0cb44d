# SPDX-License-Identifier: Apache-2.0
"""Clients that others have written, in the load of a crash test: each runs
until the end and makes its way back by itself."""

import math
import re
import ssl
import subprocess
import threading
import time

try:
    import paho.mqtt.client as paho
except ImportError:
    paho = None

from signet import DEADLINE

PACE_SECONDS = 0.02
WINDOW = 10
RESTART_SECONDS = 0.2
SILENT_SECONDS = 3


def parse(payload):
    """(publisher, number)"""
    publisher, number = payload.split(b" ")[:2]
    return publisher.decode(), int(number)


class Peer:
    """Events of other threads: the trial's loop takes them to the judge."""

    def __init__(self, trial, name):
        self.trial, self.name = trial, name

    def tell(self, *event):
        self.trial.events.append(event)


class PahoPeer(Peer):
    def __init__(self, trial, name, on_ready):
        super().__init__(trial, name)
        broker = trial.broker
        if hasattr(paho, "CallbackAPIVersion"):  # paho 2
            self.client = paho.Client(paho.CallbackAPIVersion.VERSION1, name,
                                      clean_session=False)
        else:
            self.client = paho.Client(name, clean_session=False)
        tls = ssl.create_default_context(cafile=f"{broker.pki}/ca.pem")
        tls.load_cert_chain(f"{broker.pki}/client-3.pem",
                            f"{broker.pki}/client-3.key")
        self.client.tls_set_context(tls)
        self.client.reconnect_delay_set(0.1, 0.3)
        self.has_session = False
        self.on_ready = on_ready
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.steady_at, self.is_ended = math.inf, False
        self.client.connect("127.0.0.1", broker.port, 60)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.is_ended:
            try:
                self.client.loop_forever(retry_first_connection=True)
            except OSError:  # TLS that breaks off ends its loop
                self.steady_at = math.inf
                time.sleep(0.1)
                self._reconnect()

    def _reconnect(self):
        try:
            self.client.reconnect()
        except OSError:
            pass

    def _on_disconnect(self, *_):
        self.steady_at = math.inf

    def _on_connect(self, _client, _data, flags, reason):
        if reason != 0:
            return
        # After this it sends again what was not acknowledged; what is
        # published before that is done comes out of its order.
        self.steady_at = time.monotonic() + 0.1
        if self.has_session and not flags["session present"]:
            self.tell("session_lost", self.name)
        if not self.has_session or not flags["session present"]:
            self.on_ready()
        self.has_session = True

    def end(self):
        self.is_ended = True
        self.client.disconnect()
        self.thread.join(DEADLINE)


class PahoSubscriber(PahoPeer):
    def __init__(self, trial, name, topic_filter, qos):
        self.topic_filter, self.qos = topic_filter, qos
        self.is_ready = False
        super().__init__(trial, name, self._subscribe)
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe

    def _subscribe(self):
        self.client.subscribe(self.topic_filter, self.qos)

    def _on_subscribe(self, *_):
        self.tell("subscribed", self.name, self.topic_filter, self.qos)
        self.is_ready = True

    def _on_message(self, _client, _data, message):
        publisher, number = parse(message.payload)
        self.tell("got", self.name, publisher, message.topic, number,
                  message.qos)

    def is_done(self):
        return True


class PahoPublisher(PahoPeer):
    """At QoS 1: paho 1.6 that connects twice without a CONNACK in between
    sends PUBLISH once more where it has sent PUBREL."""

    is_ready = True

    def __init__(self, trial, name, topic):
        self.topic, self.qos, self.number = topic, 1, 0
        self.sending, self.early, self.lock = {}, set(), threading.Lock()
        self.next_at = 0.0
        super().__init__(trial, name, lambda: None)
        self.client.on_publish = self._on_publish

    def act(self, now):
        if now < self.next_at or len(self.sending) >= WINDOW \
                or now < self.steady_at or not self.trial.is_publishing:
            return
        self.next_at = now + PACE_SECONDS
        self.tell("sent", self.name, self.topic, self.number, self.qos)
        number, self.number = self.number, self.number + 1
        try:
            # Not under our lock: paho calls us back under its own.
            info = self.client.publish(
                self.topic, f"{self.name} {number} paho", self.qos)
        except OSError:
            return  # it is sent later; under which identifier is not told
        with self.lock:
            is_acked = info.mid in self.early
            self.early.discard(info.mid)
            if not is_acked:
                self.sending[info.mid] = number
        if is_acked:
            self.tell("acked", self.name, self.topic, number)

    def _on_publish(self, _client, _data, mid):
        with self.lock:
            number = self.sending.pop(mid, None)
            if number is None:
                self.early.add(mid)
        if number is not None:
            self.tell("acked", self.name, self.topic, number)

    def is_done(self):
        return not self.sending


class MosquittoPeer(Peer):
    """Its TLS does not outlive an end without close_notify, and so neither
    does the program: another is started. So it is if it falls silent."""

    program = ""

    def __init__(self, trial, name, qos, *more):
        super().__init__(trial, name)
        self.qos, self.more = qos, more
        self.process, self.thread = None, None
        self.is_ready, self.next_at = False, 0.0
        self.runs = 0
        self._start()

    def run_name(self):
        return self.name

    def _start(self):
        pki = self.trial.broker.pki
        self.runs += 1
        self.heard_at = time.monotonic()
        self.process = subprocess.Popen(
            ["stdbuf", "-oL", self.program, "-d", "-h", "127.0.0.1", "-p",
             str(self.trial.broker.port), "--cafile", f"{pki}/ca.pem",
             "--cert", f"{pki}/client-4.pem", "--key", f"{pki}/client-4.key",
             "-i", self.run_name(), "-q", str(self.qos), *self.more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.heard_at = time.monotonic()
            # The last one of all may not be whole.
            if line.endswith(b"\n"):
                self.on_line(line[:-1])

    def act(self, now):
        if now < self.next_at:
            return
        if now > self.heard_at + SILENT_SECONDS and not self.is_done():
            self.process.kill()
            self.process.wait()
        if self.process.poll() is None:
            self.next_at = now + PACE_SECONDS
            self.work()
        else:
            self.next_at = now + RESTART_SECONDS
            self.end()
            self._start()

    def work(self):
        pass

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()
        try:
            self.process.stdin.close()
        except OSError:
            pass  # what was still to be written


class MosquittoSubscriber(MosquittoPeer):
    """At QoS 1: at QoS 2 a client must remember what it has begun to get."""

    program = "mosquitto_sub"

    def __init__(self, trial, name, topic_filter):
        self.topic_filter = topic_filter
        super().__init__(trial, name, 1, "-c", "-t", topic_filter, "-F",
                         "got %t %q %p")

    def on_line(self, line):
        if line.startswith(b"Subscribed") and not self.is_ready:
            self.tell("subscribed", self.name, self.topic_filter, self.qos)
            self.is_ready = True
        elif line.startswith(b"got "):
            _, topic, qos, payload = line.split(b" ", 3)
            publisher, number = parse(payload)
            self.tell("got", self.name, publisher, topic.decode(), number,
                      int(qos))

    def is_done(self):
        """What it is owed the judge knows."""
        return self.trial.judge.owed == 0


class MosquittoPublisher(MosquittoPeer):
    """Sends a line of its input each, with packet identifiers 1, 2, ...; each
    run is a client of its own, with a session that lasts, since it may get
    over the end of a connection."""

    program = "mosquitto_pub"
    ACK = re.compile(rb" received (PUBACK|PUBREC) \(Mid: (\d+)")

    def __init__(self, trial, name, topic, qos):
        self.topic = topic
        super().__init__(trial, name, qos, "-c", "-t", topic, "-l")
        self.is_ready = True

    def run_name(self):
        return f"{self.name}-{self.runs}"

    def _start(self):
        self.number, self.acked = 0, set()
        super()._start()

    def work(self):
        if (self.number - len(self.acked) >= WINDOW
                or not self.trial.is_publishing):
            return
        self.tell("sent", self.run_name(), self.topic, self.number, self.qos)
        try:
            self.process.stdin.write(
                f"{self.run_name()} {self.number} m\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return
        self.number += 1

    def on_line(self, line):
        found = self.ACK.search(line)
        if found:
            number = int(found[2]) - 1
            if number not in self.acked:
                self.acked.add(number)
                self.tell("acked", self.run_name(), self.topic, number)

    def is_done(self):
        return self.number == len(self.acked)
