"""The authenticated connections to one API server, for every call, watch and log stream.

They log in and choose a proxy as client-go does, for kubectl and helm; the Python client does neither exactly. It makes the
connections through a proxy only: its import alone costs 0.4 s, more than half of the budget from launch to live rows.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

from wizard import __version__
from wizard.adapters import bounded, memory_files
from wizard.adapters.bounded_head import BoundedHead
from wizard.adapters.kube import certificates, errors, exec_plugin, kubeconfig
from wizard.adapters.kube.exec_plugin import ExecCredential
from wizard.adapters.kube.kubeconfig import Chosen, Entry
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.kube import proxy as proxies
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from urllib3 import HTTPResponse, PoolManager

CONNECT: Final = 3.0
READ: Final = 10.0
CONNECTIONS: Final = 50
"""The most calls at once."""
AGENT: Final = "llm-cost-ops-wizard"
"""The field manager of what we write."""
USER_AGENT: Final = f"{AGENT}/{__version__}"
"""Our name in an audit log."""
_IMPERSONATE: Final = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}
_RENEWED_TOGETHER: Final = 1.0
"""Seconds within which watches that were refused together share one new login."""
_sending = threading.local()


class Stream:
    """A long answer that another thread can end. `close()` of a response hangs while it is read; a shutdown does not."""

    def __init__(self) -> None:
        self.closed = False
        self._connection: Any = None
        self.sock: Any = None
        """The socket that the request went out on."""
        self._answer: HTTPResponse | None = None
        self._sent_at = 0.0
        self.waited = 0.0
        """Seconds from the request, on an open connection, to the head of its answer."""

    def sent_on(self, connection: Any) -> None:
        """Note the connection that the request goes out on."""
        self._connection, self._answer, self._sent_at = connection, None, time.monotonic()

    def sent(self) -> None:
        """Note that the request is out: the connection has its socket now."""
        self.sock = getattr(self._connection, "sock", None)

    def patience(self, seconds: float) -> None:
        """Set how long the answer may be silent between two bytes from now on."""
        with contextlib.suppress(OSError):
            if self.sock is not None:
                self.sock.settimeout(seconds)

    def answered(self, answer: HTTPResponse) -> None:
        """Note the answer whose body will be read."""
        self._answer, self.waited = answer, time.monotonic() - self._sent_at
        if self.closed:
            self.close()

    def close(self) -> None:
        """Wake the reading thread; it sees the end of the stream or an error."""
        self.closed = True
        # A connection that went back to the pool may carry another call by now: the answer knows, and refuses.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            if self._answer is not None:
                self._answer.shutdown()
            elif sock := getattr(self._connection, "sock", None):
                sock.shutdown(socket.SHUT_RDWR)


class Connection:
    """Sends requests of one context. Blocking: for worker threads only."""

    def __init__(self, target: Target) -> None:
        chosen = _chosen(target)
        self.context, self.server, self._cluster, self._user = chosen.name, chosen.server, chosen.cluster, chosen.user
        self._target = target
        self._lock = threading.Lock()
        self._pool: PoolManager | None = None
        self._headers: Mapping[str, str] = {}
        self._exec: ExecCredential | None = None
        self._renewed = -_RENEWED_TOGETHER

    def send(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: bytes | None = None,
        headers: Mapping[str, str] | None = None, read: float = READ, stream: Stream | None = None,
    ) -> HTTPResponse:  # fmt: skip
        """Send and return the answer with its body unread; any status. `read` seconds may pass between two bytes.

        A stream given here can be ended from another thread, even while the server has not answered.

        Raises:
            ClusterError: there was no answer.
        """
        import urllib3

        _sending.stream = stream
        try:
            pool, own = self._ready()
            url = self.server + path + (f"?{urlencode(query)}" if query else "")
            whole = urllib3.HTTPHeaderDict({"User-Agent": USER_AGENT, **own, **(headers or {})})
            for name, value in self._groups():
                whole.add(name, value)
            answer: HTTPResponse = pool.request(  # type: ignore[assignment]  # urllib3 types it as its base class
                method, url, body=body, headers=whole,
                timeout=urllib3.Timeout(connect=CONNECT, read=read), retries=False, redirect=False, preload_content=False,
                decode_content=False,  # kube/body.py unpacks it, within a limit
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise errors.of_exception(error, self.server) from None
        finally:
            _sending.stream = None
        if stream:
            stream.answered(answer)
        return answer

    def open(self) -> None:
        """Open one more connection and keep it for a request, unless there are enough; through a proxy requests open theirs.

        Raises:
            ClusterError: the login failed.
            OSError, HTTPError of urllib3: there is no connection.
        """
        manager, _ = self._ready()
        if manager.proxy is not None:
            return
        # urllib3 has no public way to open a connection before there is a request.
        pool = manager.connection_from_url(self.server)
        idle: list[Any] = []
        while pool.pool is not None and pool.pool.qsize():
            idle.append(pool._get_conn())
            if idle[-1].is_closed:
                break
        fresh = idle.pop() if idle and idle[-1].is_closed else None
        for connection in idle:
            pool._put_conn(connection)
        if fresh is None:
            return
        try:
            fresh.timeout = CONNECT
            pool._validate_conn(fresh)
        except BaseException:
            fresh.close()
            raise
        finally:
            pool._put_conn(fresh)

    @property
    def renewable(self) -> bool:
        """Whether logging in again could help after a 401."""
        return bool({"exec", "tokenFile", "auth-provider"} & set(self._user.body))

    def token_end(self) -> datetime | None:
        """When the kubeconfig's own token expires, None for one that does not tell."""
        return _end_of(self._user.text("token"))

    def close(self) -> None:
        """Close idle sockets."""
        with self._lock:
            if self._pool is not None:
                self._pool.clear()

    def refresh(self) -> None:
        """Forget the credential and the sockets it was used on; the next call reads the kubeconfig and logs in again."""
        with self._lock:
            if time.monotonic() - self._renewed < _RENEWED_TOGETHER:
                return
            self._renewed = time.monotonic()
            with contextlib.suppress(ClusterError):
                chosen = _chosen(replace(self._target, context=self.context))
                self._cluster, self._user = chosen.cluster, chosen.user
            self._pool, self._exec = None, None

    def _ready(self) -> tuple[PoolManager, Mapping[str, str]]:
        with self._lock:
            if self._exec and self._exec.stale:
                self._pool, self._exec = None, None
            if self._pool is None:
                self._pool, self._headers = self._made()
            pool, headers = self._pool, self._headers
        person = {header: self._user.text(key) for key, header in _IMPERSONATE.items() if self._user.text(key)}
        return pool, {key: _header(value, _SOURCES[key]) for key, value in {**headers, **person}.items()}

    def _groups(self) -> Iterator[tuple[str, str]]:
        """The headers that may be there several times."""
        for group in self._user.body.get("as-groups", ()):
            yield "Impersonate-Group", _header(group, "as-groups")
        for key, values in self._user.body.get("as-user-extra", {}).items():
            for value in values:
                yield f"Impersonate-Extra-{quote(key, safe=_IN_HEADER)}", _header(value, "as-user-extra")

    def _made(self) -> tuple[PoolManager, Mapping[str, str]]:
        user = self._user
        if "exec" in user.body:
            self._exec = exec_plugin.run(user.body["exec"], user.folder, self._exec_cluster())
        options: dict[str, Any] = {"maxsize": CONNECTIONS, "socket_options": _keepalive()}
        authority, pair = _material(self._cluster, "certificate-authority"), self._client_pair()
        if self.server.startswith("https:"):
            options["ssl_context"] = self._tls(authority, *pair)
            if name := self._cluster.text("tls-server-name"):
                options |= {"server_hostname": name, "assert_hostname": name}
        proxy = self._cluster.text("proxy-url") or proxies.of_environment(self.server, os.environ)
        return _tracked(_manager(self.server, proxy, options)), self._authorization()

    def _exec_cluster(self) -> dict[str, Any]:
        """The cluster as a login plugin gets it (ExecCredential spec.cluster)."""
        cluster = self._cluster
        extensions = {
            extension.get("name"): extension.get("extension") for extension in cluster.body.get("extensions", ())
        }
        told = {
            "tls-server-name": cluster.text("tls-server-name"),
            "insecure-skip-tls-verify": cluster.body.get("insecure-skip-tls-verify"),
            "certificate-authority-data": base64.b64encode(_material(cluster, "certificate-authority")).decode(),
            "proxy-url": cluster.text("proxy-url"),
            "disable-compression": cluster.body.get("disable-compression"),
        }
        config = extensions.get("client.authentication.k8s.io/exec")
        return {
            "server": cluster.text("server"),
            "config": config,
            **{key: value for key, value in told.items() if value},
        }

    def _authorization(self) -> dict[str, str]:
        user = self._user
        token = self._exec.token if self._exec else self._file_token() or user.text("token")
        if not token and "auth-provider" in user.body:
            token = self._id_token()
        if token:
            return {"Authorization": f"Bearer {token}"}
        if name := user.text("username"):
            pair = base64.b64encode(f"{name}:{user.text('password')}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    def _file_token(self) -> str:
        """The token of the tokenFile, which wins over the token; "" without one that can be read beside a token."""
        file, token = self._user.path("tokenFile"), ""
        if not file:
            return ""
        try:
            token = _read(file, "token file").decode("utf-8", "replace").strip()
        except ClusterError:
            if not self._user.text("token"):
                raise
        if not token and not self._user.text("token"):
            raise ClusterError("no-credentials", f"The kubeconfig's token file {sanitize.line(file)} is empty.")
        return token

    def _id_token(self) -> str:
        """The token of OpenID Connect. Only kubectl renews it: a new one that is not stored would invalidate the stored one."""
        token: str = self._user.body["auth-provider"].get("config", {}).get("id-token", "")
        if not token:
            words = (
                f"There is no token for {self.context} yet; run kubectl once, it gets one where it has a refresh-token."
            )
            raise ClusterError("no-credentials", words)
        ends = _end_of(token)
        if ends and ends < datetime.now(UTC):
            until = f"{ends:%Y-%m-%d %H:%M} UTC"
            words = f"Your token for {self.context} expired at {until}; run kubectl once, it gets a new one."
            raise ClusterError("expired", words)
        return token

    def _tls(self, authority: bytes, certificate: bytes, key: bytes) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not create_default_context: its strictness refuses old CAs
        if self._cluster.body.get("insecure-skip-tls-verify"):
            import urllib3

            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it would be printed over the screen
        elif authority:
            try:
                context.load_verify_locations(cadata=authority.decode("ascii"))
            except (ssl.SSLError, ValueError):
                raise ClusterError("tls", "The certificate authority in the kubeconfig is not a certificate.") from None
        else:
            context.load_default_certs()
        if certificate:
            self._use_pair(context, certificate, key)
        return context

    def _client_pair(self) -> tuple[bytes, bytes]:
        if self._exec:
            return self._exec.certificate.encode(), self._exec.key.encode()
        return _material(self._user, "client-certificate"), _material(self._user, "client-key")

    def _use_pair(self, context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
        ends = certificates.not_after(certificate)
        if ends and ends < datetime.now(UTC):
            raise ClusterError(
                "expired",
                f"Your client certificate for {self.context} expired at {ends:%Y-%m-%d %H:%M} UTC; log in again.",
            )
        with memory_files.file(certificate + b"\n" + key) as name:  # OpenSSL reads pairs from files only
            try:
                context.load_cert_chain(name, password="")  # without one OpenSSL would ask for it on the terminal
            except (ssl.SSLError, OSError):
                message = "The client certificate and key in the kubeconfig do not belong together or are damaged."
                if b"ENCRYPTED" in key:
                    message = "The client key in the kubeconfig is encrypted; kubectl refuses such a key too."
                raise ClusterError("no-credentials", message) from None


def _tracked(pool: PoolManager) -> PoolManager:
    """The pool, with connections that tell the sending thread's stream about themselves."""
    import urllib3

    class TrackedConnection:
        def request(self, *arguments: Any, **named: Any) -> None:
            stream: Stream | None = getattr(_sending, "stream", None)
            if stream:
                stream.sent_on(self)
            super().request(*arguments, **named)  # type: ignore[misc]  # of the connection class that it is mixed into
            if stream:
                stream.sent()

    class Plain(TrackedConnection, urllib3.connection.HTTPConnection):
        response_class = BoundedHead

    class Encrypted(TrackedConnection, urllib3.connection.HTTPSConnection):
        response_class = BoundedHead

        @property
        def is_connected(self) -> bool:
            # What has come on a connection without a request is its end for urllib3; TLS 1.3 has a ticket come, too.
            return super().is_connected or (self.sock is not None and _has_tickets_only(self.sock))

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Encrypted

    pool.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
    return pool


def _has_tickets_only(sock: socket.socket) -> bool:
    patience = sock.gettimeout()
    try:
        sock.settimeout(0)
        sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(patience)
    return False


def _manager(server: str, proxy: str, options: Mapping[str, Any]) -> PoolManager:
    """The connections to a server; through a proxy the Kubernetes client makes them, whose import takes 0.4 s."""
    import urllib3

    if not proxy:
        return urllib3.PoolManager(num_pools=1, **options)
    login = urlsplit(proxy).netloc.rpartition("@")[0]
    configuration = importlib.import_module("kubernetes.client").Configuration()
    configuration.host, configuration.proxy, configuration.no_proxy = server, proxy, None
    configuration.proxy_headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
    try:
        pool: PoolManager = (
            importlib.import_module("kubernetes.client.rest").RESTClientObject(configuration).pool_manager
        )
    except (urllib3.exceptions.HTTPError, ImportError):
        words = f"The proxy {sanitize.line(urlsplit(proxy).netloc.rpartition('@')[2], 100)} is none of http or https"
        raise ClusterError("no-credentials", f"{words}; the wizard takes no other.") from None
    own = {key: value for key, value in pool.connection_pool_kw.items() if key.startswith("_proxy")}
    pool.connection_pool_kw = {**own, **options}  # its TLS options would change those of our context
    return pool


def _chosen(target: Target) -> Chosen:
    try:
        return kubeconfig.load(target.kubeconfig).chosen(target.context)
    except Problem as problem:
        raise ClusterError("no-credentials", str(problem)) from None


_IN_HEADER: Final = "!#$&'*+-.^_`|~"
"""What stands in the name of a header as it is, beside letters and digits."""
_SOURCES: Final[Mapping[str, str]] = {"Authorization": "token", **{header: key for key, header in _IMPERSONATE.items()}}
"""Header -> its key in a kubeconfig."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def _header(value: str, source: str) -> str:
    """A value of a header, in UTF-8 as kubectl sends it; one that a header may not hold is refused without being shown."""
    if _CONTROLS.search(value):
        words = f"The {source} that the kubeconfig gives (or its login plugin) holds a line break or another control character"
        raise ClusterError("no-credentials", f"{words}; kubectl refuses it too.")
    return value.encode("utf-8", "replace").decode("latin-1")


def _end_of(token: str) -> datetime | None:
    """When a token expires, None for one that does not tell."""
    try:
        claims = limits.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (IndexError, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None


def _material(entry: Entry, key: str) -> bytes:
    """A certificate or key: the entry's own, or that of its file."""
    if data := entry.text(f"{key}-data"):
        return base64.b64decode(data)
    file = entry.path(key)
    return _read(file, key.replace("-", " ")) if file else b""


def _read(path: str, what: str) -> bytes:
    try:
        return bounded.read(Path(path), limits.FILE)
    except (OSError, ValueError) as error:
        words = f"{sanitize.line(path)} cannot be read: {getattr(error, 'strerror', None) or 'error'}"
        raise ClusterError("no-credentials", f"The kubeconfig's {what} {words}.") from None


def _keepalive() -> list[tuple[int, int, int]]:
    """Socket options; without them a watch on a dead connection (sleep, a lost VPN) would wait for ever."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
