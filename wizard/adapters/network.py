"""Requests from this machine, rung by rung: DNS, TCP, TLS, HTTP (ports/network). No proxy, no cookie, no credential."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from typing_extensions import override

from wizard.adapters import http_get
from wizard.adapters.kube.threads import Workers
from wizard.core.kube import proxy
from wizard.core.reach.request import PORTS, Answer, Request, Why, is_forbidden
from wizard.core.text import sanitize
from wizard.ports.network import Network

_THREADS: Final = 10
"""Some, as a look-up of a name cannot be ended: a resolver may keep a thread for half a minute."""
_ADDRESSES: Final = 4
"""Addresses of one name that are tried."""
_NO_NAME: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
"""A resolver's answer that there is no such name, or no address for it; every other error leaves that open."""
_REFUSED_CERTIFICATES: Final[dict[int, tuple[Why, str]]] = {
    9: ("not-yet", "its certificate is not valid yet"),
    10: ("expired", "its certificate has expired"),
    62: ("other-name", "its certificate is for another name"),
    64: ("other-name", "its certificate is for another name"),
}
"""By OpenSSL's code; any other code means that no trusted authority signed it."""


class DirectNetwork(Network):
    """The network as this process has it."""

    def __init__(self) -> None:
        self._workers = Workers(_THREADS)

    @override
    async def ask(self, request: Request, seconds: float) -> Answer:
        until = time.monotonic() + seconds
        proxied = bool(proxy.of_environment(request.url, os.environ))
        answer = await self._ask(request, until, seconds)
        return replace(answer, proxied=proxied)

    @override
    async def addresses(self, name: str, seconds: float) -> tuple[str, ...] | None:
        try:
            return await asyncio.wait_for(self._workers.call(partial(_look_up, name, PORTS["https"])), seconds)
        except UnicodeError:
            return ()
        except OSError as error:  # a time-out is one too
            return () if error.errno in _NO_NAME else None

    async def _ask(self, request: Request, until: float, seconds: float) -> Answer:
        name = request.via or request.host
        try:
            looked_up = self._workers.call(partial(_look_up, name, request.port))
            found = await asyncio.wait_for(looked_up, seconds)
        except TimeoutError:
            return Answer(broken="dns", why="no-dns", text=f"no answer of DNS within {seconds:.2g} s")
        except (OSError, UnicodeError) as error:
            known = not isinstance(error, OSError) or error.errno in _NO_NAME
            return Answer(broken="dns", why="unresolved" if known else "no-dns", text=_unresolved(error))
        allowed = [address for address in found if not is_forbidden(address)]
        if not allowed:
            text = f"{name} is {found[0]}, an address that is never asked: link-local, metadata or none"
            return Answer(resolved=found, broken="dns", why="forbidden", text=text)
        answer = await self._workers.call(partial(_connect, request, allowed[:_ADDRESSES], until, seconds))
        return replace(answer, resolved=found)


def _look_up(name: str, port: int) -> tuple[str, ...]:
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _unresolved(error: Exception) -> str:
    """The resolver's words, without the number."""
    return sanitize.line(getattr(error, "strerror", None) or "not a name", 100).lower().rstrip(".")


def _connect(request: Request, addresses: Sequence[str], until: float, seconds: float) -> Answer:
    """Connect to the first address that takes a connection, and ask there."""
    answer = Answer()
    for number, address in enumerate(addresses):
        where = f"[{address}]:{request.port}" if ":" in address else f"{address}:{request.port}"
        share = max(0.01, (until - time.monotonic()) / (len(addresses) - number))
        try:
            sock = socket.create_connection((address, request.port), share)
        except OSError as error:
            why, text = _connection(error, seconds)
            answer = Answer(address=where, broken="tcp", why=why, text=f"{where} {text}")
            continue
        with sock:
            return _secured(request, sock, until, Answer(address=where), seconds)
    return answer


def _connection(error: OSError, seconds: float) -> tuple[Why, str]:
    if isinstance(error, TimeoutError):
        return "slow", f"does not answer within {seconds:.2g} s"
    if isinstance(error, ConnectionRefusedError):
        return "refused", "refuses the connection"
    if isinstance(error, ConnectionError):
        return "closed", "closes the connection"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM):
        return "no-route", "has no route from this machine"
    return "closed", f"cannot be connected to: {sanitize.line(error.strerror or str(error), 100).lower()}"


def _secured(request: Request, sock: socket.socket, until: float, answer: Answer, seconds: float) -> Answer:
    """The TLS handshake, for https, then the request."""
    if request.scheme == "http":
        return _get(request, sock, until, answer, seconds)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not create_default_context: its strictness refuses old CAs
    try:
        if not request.authority:
            context.load_default_certs()
        elif not _trusts(context, request.authority):
            return replace(answer, broken="tls", why="untrusted", text="ca.crt of its Secret holds no certificate")
        sock.settimeout(_left(until))
        with context.wrap_socket(sock, server_hostname=request.host) as secure:
            ends = _end(secure.getpeercert())
            own = bool(request.authority)
            return _get(request, secure, until, replace(answer, ends=ends, own_authority=own), seconds)
    except ssl.SSLCertVerificationError as error:
        words = sanitize.line(error.verify_message or "", 100)
        known = _REFUSED_CERTIFICATES.get(error.verify_code)
        why, text = known or ("untrusted", f"no authority that is trusted here signed its certificate ({words})")
        return replace(answer, broken="tls", why=why, text=text)
    except TimeoutError:
        return replace(answer, broken="tls", why="slow", text=f"the TLS handshake does not end within {seconds:.2g} s")
    except ConnectionError:
        return replace(answer, broken="tls", why="closed", text="closes the connection during the TLS handshake")
    except (ssl.SSLError, OSError, ValueError) as error:
        reason = sanitize.line(str(getattr(error, "reason", None) or "no TLS"), 100).replace("_", " ").lower()
        return replace(answer, broken="tls", why="not-tls", text=f"the TLS handshake fails: {reason}")


def _trusts(context: ssl.SSLContext, authority: str) -> bool:
    try:
        context.load_verify_locations(cadata=authority)
    except (ssl.SSLError, ValueError, TypeError):  # TypeError: a text that is not ASCII
        return False
    return True


def _end(certificate: Any) -> datetime | None:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC) if certificate else None


def _get(request: Request, sock: socket.socket, until: float, answer: Answer, seconds: float) -> Answer:
    """Send the request and read the head of the answer; `until` counts for all of it together."""

    def receive(most: int) -> bytes:
        sock.settimeout(_left(until))
        return sock.recv(most)

    host = request.host if ":" not in request.host else f"[{request.host}]"
    name = host if request.port == PORTS[request.scheme] else f"{host}:{request.port}"
    try:
        sock.settimeout(_left(until))
        sock.sendall(http_get.request(name, request.path))
        head = http_get.head(receive)
    except TimeoutError:
        return replace(answer, broken="http", why="slow", text=f"no HTTP answer within {seconds:.2g} s")
    except http_get.NotHttpError:
        return replace(answer, broken="http", why="not-http", text="what answers does not speak HTTP/1.1")
    except http_get.TooLargeError:
        size = http_get.HEAD // 1024
        return replace(answer, broken="http", why="too-large", text=f"the head of the answer has more than {size} KiB")
    except OSError:
        return replace(answer, broken="http", why="closed", text="closes the connection without an HTTP answer")
    return replace(answer, status=head.status, location=head.location)


def _left(until: float) -> float:
    """Seconds until then; raises TimeoutError when there are none."""
    if (left := until - time.monotonic()) <= 0:
        raise TimeoutError
    return left
