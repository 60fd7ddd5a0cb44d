# SPDX-License-Identifier: Apache-2.0
"""The brokers that compare starts. Each is the same to its caller: a context
whose inside has a broker that listens, and its process."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import time

START_SECONDS = 60
STOP_SECONDS = 60
PR_SET_PDEATHSIG = 1
QUEUED_MAX = 1000000  # messages of a session that waits
# Of MQTT 3.1.1, with a clean session under no client identifier.
MQTT_CONNECT = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
MQTT_CONNACK = b"\x20\x02\x00\x00"
MQTT_DISCONNECT = b"\xe0\x00"


def die_with_parent():
    """In a child: end when the script does, also if that is killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Broker:
    name = ""

    def __init__(self, folder, certificates, port):
        self.folder = folder
        self.is_durable = False  # it keeps what lasts on disk
        self.certificates = certificates
        self.port = port
        self.process = None

    @staticmethod
    def program():
        """The path of the program, or None if it is not there."""
        raise NotImplementedError

    def configuration(self):
        raise NotImplementedError

    @property
    def files(self):
        """The directory of what it keeps."""
        return os.path.join(self.folder, self.name + "-files")

    @property
    def pid(self):
        return self.process.pid

    @property
    def log_path(self):
        return os.path.join(self.folder, self.name + ".log")

    def __enter__(self):
        shutil.rmtree(self.files, ignore_errors=True)
        path = os.path.join(self.folder, self.name + ".conf")
        with open(path, "w") as file:
            file.write(self.configuration())
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [self.program(), "-c", path], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=die_with_parent)
        try:
            self.wait_until_it_serves()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def serve_one(self):
        """Have one client connected. OSError if that is not possible."""
        pki = self.certificates
        context = ssl.create_default_context(cafile=f"{pki}/ca.pem")
        context.load_cert_chain(f"{pki}/client-1.pem", f"{pki}/client-1.key")
        with socket.create_connection(("127.0.0.1", self.port),
                                      START_SECONDS) as plain:
            with context.wrap_socket(plain,
                                     server_hostname="127.0.0.1") as client:
                client.sendall(MQTT_CONNECT)
                if client.recv(len(MQTT_CONNACK)) != MQTT_CONNACK:
                    raise OSError("no CONNACK")
                client.sendall(MQTT_DISCONNECT)

    def wait_until_it_serves(self):
        """A port is bound before there is somebody behind it: all processes
        have to be there before they are measured."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                self.serve_one()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not start:\n{self.log_tail()}")

    def log_tail(self):
        with open(self.log_path, errors="replace") as log:
            return "".join(log.readlines()[-10:])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


class Signet(Broker):
    name = "signet"

    @staticmethod
    def program():
        build = os.environ.get("BUILDDIR", os.path.join(
            os.path.dirname(os.path.abspath(__file__)), "..", ".."))
        path = os.environ.get("SIGNETD", os.path.join(build, "signetd"))
        return os.path.abspath(path) if os.access(path, os.X_OK) else None

    def version(self):
        text = subprocess.run([self.program(), "--version"], text=True,
                              stdout=subprocess.PIPE).stdout
        return text.strip() or "signetd"

    def configuration(self):
        # All else is the default: a worker and a gate per core.
        user = "nobody" if os.geteuid() == 0 else \
            pwd.getpwuid(os.getuid()).pw_name
        return f"""
listen = ( {{ address = "127.0.0.1"; port = {self.port}; }} );
tls = {{
  certificate = "{self.certificates}/server.pem";
  private_key = "{self.certificates}/server.key";
  client_ca = "{self.certificates}/ca.pem";
}};
roles = ( {{ name = "all"; match = {{ identity = "*"; }};
  publish = [ "#" ]; subscribe = [ "#" ]; }} );
processes = {{ workers = 0; gates = 0; user = "{user}"; }};
store = {{ path = "{self.files}"; }};
control = {{ socket = "{self.folder}/run/control.sock"; }};
""" + (f"""
sessions = {{ max_queued_messages = {QUEUED_MAX};
  max_queued_bytes = {QUEUED_MAX * 1000}; }};
""" if self.is_durable else "")


class Mosquitto(Broker):
    name = "mosquitto"

    @staticmethod
    def program():
        path = os.environ.get("PATH", os.defpath) + ":/usr/sbin"
        return shutil.which("mosquitto", path=path)

    def version(self):
        text = subprocess.run([self.program(), "-h"], text=True,
                              stdout=subprocess.PIPE).stdout
        return text.split("\n")[0].strip()

    def configuration(self):
        # What mosquitto is best at: no persistence unless it is what is
        # measured, no log, no delay. Its limits of queues are Signet's
        # defaults, or those given to Signet.
        user = pwd.getpwuid(os.getuid()).pw_name
        persistence = "persistence false"
        if self.is_durable:
            os.makedirs(self.files, exist_ok=True)
            persistence = ("persistence true\n"
                           f"persistence_location {self.files}/")
        return f"""
listener {self.port} 127.0.0.1
cafile {self.certificates}/ca.pem
certfile {self.certificates}/server.pem
keyfile {self.certificates}/server.key
require_certificate true
use_identity_as_username true
allow_anonymous true
{persistence}
log_type error
log_type warning
set_tcp_nodelay true
max_inflight_messages 100
max_queued_messages {QUEUED_MAX if self.is_durable else 10000}
user {user}
"""


BROKERS = {broker.name: broker for broker in (Signet, Mosquitto)}
