"""The authenticated connections to one API server, for every call, watch and log stream.

Plain credentials (token, client certificate, password, login plugin) are read here; everything else that a kubeconfig
can hold, and proxies, go through the Kubernetes client. The client's import alone costs 0.4 s, more than half of the
budget from launch to live rows.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import http.client
import importlib
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from wizard import __version__
from wizard.adapters import bounded, memory_files
from wizard.adapters.kube import certificates, errors, exec_plugin, kubeconfig
from wizard.adapters.kube.exec_plugin import ExecCredential
from wizard.adapters.kube.kubeconfig import Entry
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from urllib3 import HTTPResponse, PoolManager

CONNECT: Final = 3.0
READ: Final = 10.0
CONNECTIONS: Final = 34
"""The most calls at once."""
AGENT: Final = "llm-cost-ops-wizard"
"""The field manager of what we write."""
USER_AGENT: Final = f"{AGENT}/{__version__}"
"""Our name in an audit log."""
_PLAIN_USER: Final = frozenset({
    "token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data",
    "username", "password", "exec", "auth-provider", "as", "as-groups", "as-uid",
})  # fmt: skip
_PLAIN_CLUSTER: Final = frozenset({
    "server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-server-name",
    "extensions", "disable-compression",
})  # fmt: skip
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

    def sent_on(self, connection: Any) -> None:
        """Note the connection that the request goes out on."""
        self._connection, self._answer = connection, None

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
        self._answer = answer
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
        self.context, self._cluster, self._user = _entries(target)
        self.server = self._cluster.text("server").rstrip("/")
        self._target = target
        self._lock = threading.Lock()
        self._pool: PoolManager | None = None
        self._headers: Callable[[], Mapping[str, str]] = dict
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
            for group in self._groups():
                whole.add("Impersonate-Group", group)
            answer: HTTPResponse = pool.request(  # type: ignore[assignment]  # urllib3 types it as its base class
                method, url, body=body, headers=whole,
                timeout=urllib3.Timeout(connect=CONNECT, read=read), retries=False, redirect=False, preload_content=False,
                decode_content=False,  # no compression was asked for, and a few bytes can become gigabytes
            )  # fmt: skip
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise errors.of_exception(error, self.server) from None
        finally:
            _sending.stream = None
        if stream:
            stream.answered(answer)
        return answer

    @property
    def renewable(self) -> bool:
        """Whether logging in again could help after a 401."""
        renewed = {"exec", "tokenFile", "auth-provider"}
        return not _is_plain(self._cluster, self._user) or bool(renewed & set(self._user.body))

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
                _, self._cluster, self._user = _entries(replace(self._target, context=self.context))
            self._pool, self._exec = None, None

    def client(self) -> Any:
        """A Kubernetes ApiClient for this context, never the process-wide default; imported on first use (0.4 s)."""
        config: Any = importlib.import_module("kubernetes.config")
        loader: Any = importlib.import_module("kubernetes.config.kube_config")
        folder = self._user.folder

        class SilentExecProvider:
            """Replaces the client's ExecProvider, which would take over the terminal."""

            def __init__(self, spec: Any, cwd: Any, cluster: Any = None) -> None:
                self._spec, self._cluster = spec, cluster

            def run(self, previous_response: Any = None) -> dict[str, str]:
                cluster = self._cluster.value if self._cluster is not None else None
                credential = exec_plugin.run(self._spec.value, folder, cluster)
                pair = {"clientCertificateData": credential.certificate, "clientKeyData": credential.key}
                return {"token": credential.token} if credential.token else pair

        loader.ExecProvider = SilentExecProvider
        # The client's own key files would stay on the disk after a SIGKILL.
        loader._create_temp_file_with_content = memory_files.lasting
        configuration = importlib.import_module("kubernetes.client").Configuration()
        configuration.retries = False
        for entry, key in (
            (self._cluster, "certificate-authority"), (self._user, "client-certificate"), (self._user, "client-key"),
        ):  # fmt: skip
            _material(entry, key)  # the client itself reads these files without a limit
        try:
            client = config.new_client_from_config(
                config_file=self._target.kubeconfig or None, context=self.context, persist_config=False,
                client_configuration=configuration,
            )  # fmt: skip
        except ClusterError:
            raise
        except (config.ConfigException, OSError) as error:
            words = sanitize.line(str(error), 300).rstrip(".")
            raise ClusterError("no-credentials", f"The kubeconfig cannot be used: {words}.") from None
        except Exception as error:  # noqa: BLE001 - it raises anything for what it does not expect in a kubeconfig
            words = f"the Kubernetes client does not understand it ({type(error).__name__})"
            raise ClusterError("no-credentials", f"The kubeconfig cannot be used: {words}.") from None
        return client

    def _ready(self) -> tuple[PoolManager, Mapping[str, str]]:
        with self._lock:
            if self._exec and self._exec.stale:
                self._pool, self._exec = None, None
            if self._pool is None:
                plain = _is_plain(self._cluster, self._user)
                self._pool, self._headers = self._make_plain() if plain else self._make_by_client()
            pool, headers = self._pool, self._headers
        person = {header: self._user.text(key) for key, header in _IMPERSONATE.items() if self._user.text(key)}
        return pool, {key: _header(value, _SOURCES[key]) for key, value in {**headers(), **person}.items()}

    def _groups(self) -> list[str]:
        groups = self._user.body.get("as-groups") or []
        if not isinstance(groups, list):
            raise ClusterError("no-credentials", "as-groups in the kubeconfig is not a list.")
        return [_header(str(group), "as-groups") for group in groups]

    def _make_by_client(self) -> tuple[PoolManager, Callable[[], Mapping[str, str]]]:
        client = self.client()

        def headers() -> Mapping[str, str]:
            token = client.configuration.get_api_key_with_prefix("BearerToken")
            return {"Authorization": token} if token else {}

        return _tracked(client.rest_client.pool_manager), headers

    def _make_plain(self) -> tuple[PoolManager, Callable[[], Mapping[str, str]]]:
        import urllib3

        user = self._user
        if spec := user.body.get("exec"):
            if not isinstance(spec, Mapping):
                raise ClusterError(
                    "no-credentials", "The login plugin in the kubeconfig has no command or no apiVersion."
                )
            self._exec = exec_plugin.run(spec, user.folder, self._cluster.body)
        options: dict[str, Any] = {}
        if self.server.startswith("https"):
            options["ssl_context"] = self._tls()
            if name := self._cluster.text("tls-server-name"):
                options |= {"server_hostname": name, "assert_hostname": name}
        pool = _tracked(urllib3.PoolManager(num_pools=1, maxsize=CONNECTIONS, socket_options=_keepalive(), **options))
        headers = self._authorization()
        return pool, lambda: headers

    def _authorization(self) -> dict[str, str]:
        user = self._user
        if self._exec:
            return {"Authorization": f"Bearer {self._exec.token}"} if self._exec.token else {}
        token = user.text("token") or self._id_token()
        if file := user.text("tokenFile"):
            token = _read(user.folder / Path(file).expanduser(), "token file").decode("utf-8", "replace").strip()
        if token:
            return {"Authorization": f"Bearer {token}"}
        if name := user.text("username"):
            pair = base64.b64encode(f"{name}:{user.text('password')}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    def _id_token(self) -> str:
        """The token of OpenID Connect. Only kubectl renews it: a new one that is not stored would invalidate the stored one."""
        token = str(limits.map_of(limits.map_of(self._user.body, "auth-provider"), "config").get("id-token") or "")
        ends = _end_of(token)
        if ends and ends < datetime.now(UTC):
            until = f"{ends:%Y-%m-%d %H:%M} UTC"
            words = f"Your token for {self.context} expired at {until}; run kubectl once, it gets a new one."
            raise ClusterError("expired", words)
        return token

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not create_default_context: its strictness refuses old CAs
        if self._cluster.body.get("insecure-skip-tls-verify"):
            import urllib3

            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it would be printed over the screen
        elif authority := _material(self._cluster, "certificate-authority"):
            try:
                context.load_verify_locations(cadata=authority.decode("ascii"))
            except (ssl.SSLError, ValueError):
                raise ClusterError("tls", "The certificate authority in the kubeconfig is not a certificate.") from None
        else:
            context.load_default_certs()
        certificate, key = self._client_pair()
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

    class Bounded(http.client.HTTPResponse):
        def begin(self) -> None:
            body = self.fp
            self.fp = bounded.Drip(body)  # type: ignore[assignment]  # http.client reads the head with it
            try:
                super().begin()
            finally:
                if isinstance(self.fp, bounded.Drip):  # an answer without a body has closed it
                    self.fp = body

    class TrackedConnection:
        def request(self, *arguments: Any, **named: Any) -> None:
            stream: Stream | None = getattr(_sending, "stream", None)
            if stream:
                stream.sent_on(self)
            super().request(*arguments, **named)  # type: ignore[misc]  # of the connection class that it is mixed into
            if stream:
                stream.sent()

    class Plain(TrackedConnection, urllib3.connection.HTTPConnection):
        response_class = Bounded

    class Encrypted(TrackedConnection, urllib3.connection.HTTPSConnection):
        response_class = Bounded

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Encrypted

    pool.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
    return pool


def _entries(target: Target) -> tuple[str, Entry, Entry]:
    try:
        merged = kubeconfig.load(target.kubeconfig)
    except Problem as problem:
        raise ClusterError("no-credentials", str(problem)) from None
    name = target.context or merged.current
    context = merged.contexts.get(name)
    if context is None:
        names = ", ".join(map(sanitize.line, sorted(merged.contexts)))
        raise ClusterError("other", f'The kubeconfig has no context "{sanitize.line(name)}"; it has {names}.')
    cluster = merged.clusters.get(context.text("cluster"))
    if cluster is None or not cluster.text("server"):
        raise ClusterError("other", f'The context "{sanitize.line(name)}" names a cluster without a server address.')
    user = merged.users.get(context.text("user"), Entry({}, cluster.folder))
    if provider := user.body.get("auth-provider"):
        _refuse_removed(provider, context.text("user"))
    return name, cluster, user


_REMOVED: Final[Mapping[str, str]] = {
    "gcp": "the login plugin gke-gcloud-auth-plugin (gcloud container clusters get-credentials writes it)",
    "azure": "the login plugin kubelogin (az aks get-credentials, then kubelogin convert-kubeconfig)",
}
"""The replacement of an auth-provider that Kubernetes 1.26 has removed."""


def _refuse_removed(provider: Any, user: str) -> None:
    name = str(provider.get("name")) if isinstance(provider, Mapping) else ""
    if name == "oidc":
        return
    what = f'The user "{sanitize.line(user, 100)}" of the kubeconfig logs in with auth-provider "{sanitize.line(name, 100)}"'
    replacement = _REMOVED.get(name, "a login plugin (exec)")
    raise ClusterError("no-credentials", f"{what}, which kubectl and helm do not know any more; use {replacement}.")


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


def _is_plain(cluster: Entry, user: Entry) -> bool:
    proxied = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"))
    return not proxied and set(user.body) <= _PLAIN_USER and set(cluster.body) <= _PLAIN_CLUSTER


def _material(entry: Entry, key: str) -> bytes:
    if data := entry.text(f"{key}-data"):
        try:
            return base64.b64decode(data)
        except (binascii.Error, ValueError):
            raise ClusterError("no-credentials", f"{key}-data in the kubeconfig is not base64.") from None
    if file := entry.text(key):
        return _read(entry.folder / Path(file).expanduser(), key.replace("-", " "))
    return b""


def _read(path: Path, what: str) -> bytes:
    try:
        return bounded.read(path, limits.FILE)
    except OSError as error:
        words = f"{sanitize.line(str(path))} cannot be read: {error.strerror or 'error'}"
        raise ClusterError("no-credentials", f"The kubeconfig's {what} {words}.") from None


def _keepalive() -> list[tuple[int, int, int]]:
    """Socket options; without them a watch on a dead connection (sleep, a lost VPN) would wait for ever."""
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return options
