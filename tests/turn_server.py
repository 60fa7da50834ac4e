"""Debian's coturn, as a family or a company would run it, for tests that relay for real."""

import contextlib
import datetime
import ipaddress
import signal
import socket
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SECRET = "a secret of tests alone"
PORT, TLS_PORT = 3478, 5349


def make_certificate(folder, address, issuer="turn"):
    """A certificate of the server's own, and its key, in PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "turn")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "turn.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "turn.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "turn.crt", folder / "turn.key"


class TurnServer:
    """A coturn on one machine. State: its process, which can be killed and started again."""

    def __init__(self, machine, addresses, folder):
        """``addresses``: of the machine; the certificate is for the first."""
        self.machine = machine
        self.addresses = addresses
        self.address = address = addresses[0]
        self.folder = folder
        self.certificate, self._key = make_certificate(folder, address)
        self.secret_file = folder / "turn.secret"
        self.secret_file.write_text(SECRET + "\n")
        self.process = None

    def start(self):
        listens = "".join(f"listening-ip={a}\nrelay-ip={a}\n" for a in self.addresses)
        (self.folder / "turn.conf").write_text(
            f"{listens}listening-port={PORT}\ntls-listening-port={TLS_PORT}\n"
            f"use-auth-secret\nstatic-auth-secret={SECRET}\nrealm=presence\n"
            "allocation-default-address-family=keep\n"
            f"cert={self.certificate}\npkey={self._key}\n"
            "no-cli\nno-dtls\nno-rfc5780\n"
            f"pidfile={self.folder / 'turn.pid'}\nuserdb={self.folder / 'turn.db'}\n"
        )
        log = (self.folder / "turn.log").open("a")
        self.process = self.machine.start(
            ["turnserver", "-c", str(self.folder / "turn.conf"), "--log-file", "stdout"],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        log.close()
        self._wait_for_it()

    def kill(self):
        """As ``kill -9`` does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def _wait_for_it(self):
        async def listens():
            deadline = time.monotonic() + 20.0
            while True:
                with contextlib.suppress(OSError):
                    for port in (PORT, TLS_PORT):
                        socket.create_connection((self.address, port), timeout=1.0).close()
                    if _answers_stun(self.address):
                        return
                assert time.monotonic() < deadline, (self.folder / "turn.log").read_text()
                assert self.process.poll() is None, (self.folder / "turn.log").read_text()
                time.sleep(0.05)

        self.machine.enter(listens).result(30.0)


def _answers_stun(address):
    """Whether it answers a binding request (RFC 8489 section 5)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.2)
        asking.sendto(bytes.fromhex("00010000 2112a442") + bytes(12), (address, PORT))
        return bool(asking.recv(200))


@contextlib.contextmanager
def turn_server(machine, addresses, folder):
    server = TurnServer(machine, addresses, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
