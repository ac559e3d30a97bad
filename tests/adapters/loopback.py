"""Servers on 127.0.0.1 that misbehave like the real things do, and kubeconfigs that point at them."""

from __future__ import annotations

import base64
import contextlib
import datetime
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Answer:
    """One answer: status, body, content type; `chunks` are sent one by one, `hold` keeps the answer back until it is set.

    `torn`: the connection is closed after the chunks, without the one that says it is the last.
    """

    status: int = 200
    body: str = "{}"
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] | None = None
    hold: threading.Event | None = None
    then_hold: threading.Event | None = None
    torn: bool = False


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


class Server:
    """Answers each request with what `answer` says about it; remembers what was asked."""

    def __init__(self, answer: Callable[[Asked], Answer], tls: tuple[Path, Path] | None = None) -> None:
        self.asked: list[Asked] = []
        self._changed = threading.Condition()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each body waits 40 ms for the acknowledgement of its headers

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = Asked(self.command, self.path, dict(self.headers), body)
                with outer._changed:
                    outer.asked.append(asked)
                    outer._changed.notify_all()
                told = answer(asked)
                if told.hold:
                    told.hold.wait(30)
                with contextlib.suppress(OSError):
                    self.tell(told)

            def tell(self, told: Answer) -> None:
                self.send_response(told.status)
                self.send_header("Content-Type", told.content_type)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                if told.chunks is None:
                    self.send_header("Content-Length", str(len(told.body.encode())))
                    self.end_headers()
                    if self.command != "HEAD":
                        self.wfile.write(told.body.encode())
                    return
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for chunk in told.chunks:
                    self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                    self.wfile.flush()
                if told.then_hold:
                    told.then_hold.wait(30)
                if told.torn:
                    self.close_connection = True
                    return
                self.wfile.write(b"0\r\n\r\n")

            do_GET = do_HEAD = do_POST = do_PATCH = handle_any  # noqa: N815 - the base class's names

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
        self._server.request_queue_size = 128  # with the class's 5, the sixth of many callers at once waits a second
        self._server.server_bind()
        self._server.server_activate()
        self._server.daemon_threads = True
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        self.trust = {"certificate-authority": str(tls[0])} if tls else {}
        """The fields of a cluster that trusts it."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def wait(self, count: int) -> None:
        """Until that many requests have come in, at most 5 s."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= count, 5)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Answer], tls: tuple[Path, Path] | None = None) -> Iterator[Server]:
    """A server for the length of a with block."""
    server = Server(answer, tls)
    try:
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def silent() -> Iterator[str]:
    """An address that accepts connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def closed_port() -> str:
    """An address where nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{one.getsockname()[1]}"


def certificate(
    folder: Path, name: str, *, days: int = 1, host: str = "127.0.0.1", started_days_ago: int = 2
) -> tuple[Path, Path]:
    """A self-signed certificate and its key as PEM files; negative days make it expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    import ipaddress

    try:
        alternative: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        alternative = x509.DNSName(host)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=started_days_ago))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / f"{name}.crt", folder / f"{name}.key"
    pem.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return pem, private


def kubeconfig(
    folder: Path, server: str, *, user: Mapping[str, Any] | None = None, cluster: Mapping[str, Any] | None = None
) -> str:
    """Path of a kubeconfig with one context "here"; JSON is YAML."""
    tree = {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(tree))
    return str(path)


def jwt(expires: datetime.datetime) -> str:
    """A token that says when it ends."""
    claims = base64.urlsafe_b64encode(json.dumps({"exp": int(expires.timestamp())}).encode()).decode().rstrip("=")
    return f"e30.{claims}.sig"


def status(code: int, message: str, reason: str = "") -> Answer:
    """An error as an API server words it."""
    tree = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
    return Answer(code, json.dumps(tree))
