"""Errors on the way to a cluster, each as a kind and a sentence (core/kube/errors.ClusterError)."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.adapters import bounded
from wizard.core import limits
from wizard.core.kube.errors import ClusterError, ErrorKind
from wizard.core.text import sanitize
from wizard.core.text.redaction import hide

_BY_STATUS: Final[Mapping[int, ErrorKind]] = {
    401: "unauthorized", 403: "forbidden", 404: "not-found", 405: "other", 409: "conflict", 410: "gone", 422: "invalid",
    400: "invalid", 429: "unavailable", 500: "unavailable", 502: "unavailable", 503: "unavailable", 504: "slow",
}  # fmt: skip


def of_exception(error: BaseException, server: str, trusts: str = "the kubeconfig") -> ClusterError:
    """The error behind an exception of the transport (urllib3, ssl, socket), innermost cause first.

    `trusts`: what names the authorities that are trusted.
    """
    server = hide(server)
    chain = list(_causes(error))
    names = {type(cause).__name__ for cause in chain}
    if "ProxyError" in names:
        words = _last_words(chain[0]) or _last_words(error)
        return ClusterError(
            "unavailable", f"The proxy on the way to {server} failed: {words}; see HTTPS_PROXY, NO_PROXY."
        )
    for cause in chain:
        if isinstance(cause, ClusterError):
            return cause
        if mapped := _of_cause(cause, server, trusts):
            return mapped
    if "NameResolutionError" in names:
        return ClusterError("dns", f"The name of {server} does not resolve; check the address, DNS or a VPN.")
    if names & {"ConnectTimeoutError", "ReadTimeoutError", "TimeoutError"}:
        return slow(server)
    if "LocationParseError" in names or "LocationValueError" in names or "URLSchemeUnknown" in names:
        return ClusterError("other", f"The kubeconfig's server address {server} is not an address.")
    return ClusterError("unavailable", f"The connection to {server} broke: {_last_words(error)}.")


def slow(server: str, seconds: float = 0) -> ClusterError:
    """The error of an answer that did not come in time."""
    server = hide(server)
    within = f" within {seconds:g} s" if seconds else " in time"
    return ClusterError("slow", f"{server} did not answer{within}; a firewall, a VPN or an overloaded server.")


def unread(server: str, words: str, kind: ErrorKind = "other") -> ClusterError:
    """The error of an answer that exceeds a limit; `words` say which."""
    return ClusterError(kind, f"The answer of {server} is not read: {words}.")


def _of_cause(cause: BaseException, server: str, trusts: str) -> ClusterError | None:
    if isinstance(cause, bounded.ExceededError):
        return unread(server, str(cause.strerror), "slow" if cause.errno == errno.ETIMEDOUT else "other")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ClusterError("tls", _certificate(cause, server, trusts))
    if isinstance(cause, ssl.SSLError):
        return _tls(cause, server)
    if isinstance(cause, socket.gaierror):
        return ClusterError("dns", f"The name of {server} does not resolve; check the address, DNS or a VPN.")
    if isinstance(cause, ConnectionRefusedError):
        return ClusterError("refused", f"{server} refuses the connection: nothing listens there.")
    if isinstance(cause, TimeoutError):
        return slow(server)
    if isinstance(cause, ConnectionError | BrokenPipeError):
        return ClusterError("unavailable", f"{server} closed the connection.")
    if isinstance(cause, OSError) and cause.strerror and not type(cause).__module__.startswith("urllib3"):
        return ClusterError("unavailable", f"{server} cannot be reached: {cause.strerror.lower()}.")
    return None


def _certificate(error: ssl.SSLCertVerificationError, server: str, trusts: str) -> str:
    reason = sanitize.line(error.verify_message or str(error)).rstrip(".")
    if "expired" in reason:
        return f"The certificate of {server} has expired; its administrator must renew it."
    if "mismatch" in reason or "not valid for" in reason:
        return f"The certificate of {server} is for another name: {reason}."
    return f"The certificate of {server} is not from the authority that {trusts} trusts ({reason})."


def _tls(error: ssl.SSLError, server: str) -> ClusterError:
    reason = (error.reason or "").replace("_", " ").lower()
    if "wrong version" in reason or "http request" in reason or "record layer" in reason:
        return ClusterError("tls", f"{server} does not speak TLS; is the address http, or another port?")
    if "certificate" in reason and "alert" in reason:
        return ClusterError("unauthorized", f"{server} refuses the client certificate: {reason}.", 401)
    return ClusterError("tls", f"TLS with {server} failed: {reason or sanitize.line(str(error))}.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, what it wraps (urllib3 keeps it in args or reason) and what caused it; innermost first."""
    seen: list[BaseException] = []
    todo = [error]
    while todo:
        cause = todo.pop()
        if any(cause is known for known in seen):
            continue
        seen.append(cause)
        inner = [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        todo += [inner_cause for inner_cause in inner if isinstance(inner_cause, BaseException)]
    return reversed(seen)


def _last_words(error: BaseException) -> str:
    text = hide(sanitize.line(str(error)))
    return re.sub(r"^.*?Connection(Pool)?\([^)]*\): ", "", text).rstrip(".") or type(error).__name__


def of_answer(status: int, content_type: str, body: bytes, server: str, permission: str = "") -> ClusterError:
    """The error of an answer with an error status; `permission` names the right that was used."""
    server = hide(server)
    data = _status_object(body)
    if data is None:
        if status == 404 and b"404 page not found" in body and permission:
            return ClusterError("not-found", f"This cluster does not serve {permission.split()[1]}.", status)
        return _not_a_status(status, content_type, body, server)
    message = sanitize.line(str(data.get("message") or data.get("reason") or f"status {status}"), 600)
    kind = _BY_STATUS.get(status, "other")
    if status == 401:
        message = f"{server} does not accept these credentials (401 {message}); log in again."
    elif status == 403:
        if data.get("reason") not in (None, "", "Forbidden"):
            kind = "invalid"
        elif "forbidden: User " in message or "cannot " in message:
            message = _who_may_not(message, permission)
        else:
            permission = ""  # an admission plugin refused it (quota, pod security): no right would help
            kind = "invalid"
    return ClusterError(kind, message, status, permission if kind == "forbidden" else "", data)


def _who_may_not(message: str, permission: str) -> str:
    user = re.search(r'User "([^"]+)"', message)
    return f"{user[1] if user else 'This user'} may not {permission}." if permission else message


def _status_object(body: bytes) -> dict[str, Any] | None:
    try:
        data = limits.loads(body)
    except ValueError:
        return None
    return data if isinstance(data, dict) and data.get("kind") == "Status" else None


def _not_a_status(status: int, content_type: str, body: bytes, server: str) -> ClusterError:
    text = sanitize.line(body[:400].decode("utf-8", "replace").strip(), 120)
    if "html" in content_type or body.lstrip()[:1] == b"<":
        return not_kubernetes(server, "a web page")
    if "HTTP request to an HTTPS server" in text:
        return ClusterError("tls", f"{server} wants https; the kubeconfig says http.", status)
    if status == 401:
        return ClusterError("unauthorized", f"{server} does not accept these credentials (401); log in again.", status)
    if 300 <= status < 400:
        return not_kubernetes(server, "a redirect, as a login page does")
    kind = _BY_STATUS.get(status, "other")
    return ClusterError(kind, f"{server} answered {status}{f': {text}' if text else ''}.", status)


def not_kubernetes(server: str, what: str) -> ClusterError:
    """The error of something else that answers at that address."""
    return ClusterError(
        "not-kubernetes", f"{server} answered with {what}, not as a Kubernetes API server; a proxy or a wrong address."
    )
