"""Bounded requests to registries and to their token services: time, size, redirects; a login stays with the host it is for.

Proxies are those of the environment as for kubectl and helm. SSL_CERT_FILE, as for helm, and REQUESTS_CA_BUNDLE name further
authorities to trust.
"""

from __future__ import annotations

import errno
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from wizard import __version__
from wizard.adapters.bounded import ExceededError
from wizard.adapters.bounded_head import BoundedHead
from wizard.adapters.kube import errors
from wizard.core import limits
from wizard.core.kube import proxy as proxies
from wizard.core.registry.reference import is_here
from wizard.core.text import sanitize

if TYPE_CHECKING:
    from urllib3 import HTTPHeaderDict, PoolManager

LARGEST: Final = 4 * limits.MIB
"""Bytes of one answer: what registries take for a manifest at most."""
NO_TLS: Final = "does not speak TLS"
"""What the words say of a server that answers without TLS."""
_CONNECT: Final = 4.0
"""Seconds for one connection: where packets are dropped, the wait ends early."""
_REDIRECTS: Final = 3
_MOVED: Final = (301, 302, 303, 307, 308)
_PIECE: Final = 64 * limits.KIB
_POOLS: Final = 8
"""Hosts to which a connection is kept."""


class UnansweredError(Exception):
    """There is no answer that counts; the text says why and is safe to show."""


class UnreachableError(UnansweredError):
    """The host cannot be reached at all: DNS, connection, TLS, time, proxy."""


@dataclass(frozen=True)
class Got:
    """One answer after all redirects: status, headers, body, and where it came from."""

    status: int
    headers: HTTPHeaderDict
    body: bytes = field(repr=False)
    url: str

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


class Transport:
    """The connections of one session. Blocking: for worker threads only."""

    def __init__(self) -> None:
        self._managers = cache(_manager)

    def send(self, method: str, url: str, until: float, *, accept: str = "", authorization: str = "") -> Got:
        """Send, follow redirects and read all of the answer, until that point of time.monotonic().

        The authorization goes to the host of `url` alone; a redirect to another one is followed without it.

        Raises:
            UnansweredError: no answer came, it is too large, or it leads to an address that is not asked.
        """
        here, first = url, origin(url)
        for _ in range(_REDIRECTS + 1):
            headers = {"User-Agent": f"llm-cost-ops-wizard/{__version__}"}
            if accept:
                headers["Accept"] = accept
            if authorization and origin(here) == first:
                headers["Authorization"] = authorization
            got = self._once(method, here, until, headers)
            location = got.headers.get("Location", "")
            if got.status not in _MOVED or not location:
                return got
            here = urljoin(here, location)
            if not may_ask(here, plain=origin(here) == first or is_here(urlsplit(url).netloc)):
                raise UnansweredError(f"{got.host} redirects to an address that is not asked: {_shown(here)}")
        raise UnansweredError(f"{got.host} redirects more than {_REDIRECTS} times")

    def _once(self, method: str, url: str, until: float, headers: Mapping[str, str]) -> Got:
        import urllib3

        host = sanitize.line(urlsplit(url).netloc, 100)
        try:
            manager = self._managers(proxies.of_environment(url, os.environ))
            answer: Any = manager.request(
                method, url, headers=headers, timeout=urllib3.Timeout(connect=min(_CONNECT, _left(until)), read=_left(until)),
                retries=False, redirect=False, preload_content=False, decode_content=False,
            )  # fmt: skip
            try:
                return Got(answer.status, answer.headers, _body(answer, until), url)
            except BaseException:
                answer.close()
                raise
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            found = errors.of_exception(error, host, "this machine")
            kind = UnansweredError if found.kind == "other" else UnreachableError
            raise kind(found.message.rstrip(".")) from None


def _body(answer: Any, until: float) -> bytes:
    """All of a body, within size and time; raises OSError."""
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(_PIECE):
        size += len(piece)
        if size > LARGEST:
            raise ExceededError(errno.EFBIG, f"it holds more than {limits.amount(LARGEST)}")
        pieces.append(piece)
        _left(until)
    return b"".join(pieces)


def _left(until: float) -> float:
    """Seconds until then; raises TimeoutError when there are none."""
    if (left := until - time.monotonic()) <= 0:
        raise TimeoutError
    return left


Origin = tuple[str, str, int | None]
"""Scheme, host, port."""


def origin(url: str) -> Origin:
    """The origin of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", _port(parts)


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def may_ask(url: str, *, plain: bool = False) -> bool:
    """Whether a registry may send us there: HTTPS; with `plain` also HTTP on this machine. Never with a login in the URL."""
    parts = urlsplit(url)
    if not parts.hostname or _port(parts) is None or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (plain and parts.scheme == "http" and is_here(parts.netloc))


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return sanitize.line(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", 100)


def _manager(proxy: str) -> PoolManager:
    import urllib3

    class Plain(urllib3.connection.HTTPConnection):
        response_class = BoundedHead

    class Encrypted(urllib3.connection.HTTPSConnection):
        response_class = BoundedHead

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Encrypted

    options: dict[str, Any] = {"num_pools": _POOLS, "maxsize": 1, "ssl_context": _tls()}
    if proxy:
        if urlsplit(proxy).scheme not in ("http", "https"):
            raise UnreachableError(f"the proxy {_shown(proxy)} is none of http or https")
        login = urlsplit(proxy).netloc.rpartition("@")[0]
        named = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
        manager: PoolManager = urllib3.ProxyManager(proxy, proxy_headers=named, **options)
    else:
        manager = urllib3.PoolManager(**options)
    manager.pool_classes_by_scheme = {"http": PlainPool, "https": EncryptedPool}
    return manager


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not create_default_context: its strictness refuses old CAs
    context.load_default_certs()  # reads SSL_CERT_FILE, as helm does
    if not (bundle := os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")):
        return context
    folder = Path(bundle).is_dir()
    try:
        context.load_verify_locations(capath=bundle if folder else None, cafile=None if folder else bundle)
    except (OSError, ValueError):
        raise UnreachableError(
            f"the authorities in {sanitize.line(bundle)} (REQUESTS_CA_BUNDLE) cannot be read"
        ) from None
    return context
