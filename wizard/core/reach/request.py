"""A request by one way in, and what it met rung by rung: name, connection, TLS, HTTP. Values of ports/network."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

Scheme = Literal["http", "https"]
Rung = Literal["", "dns", "tcp", "tls", "http"]
Why = Literal[
    "", "unresolved", "no-dns", "forbidden", "refused", "slow", "closed", "no-route", "untrusted", "expired", "not-yet", "other-name",
    "not-tls", "not-http", "too-large",
]  # fmt: skip
PORTS: Final[dict[str, int]] = {"http": 80, "https": 443}
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z"
)
_PATH: Final = re.compile(r"/[A-Za-z0-9/._~!$&'()*+,;=:@%-]{0,200}\Z")
_MAPPED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 behind NAT64."""
_METADATA: Final = frozenset(map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16")))
"""Of clouds whose metadata are not at a link-local address."""


@dataclass(frozen=True)
class Request:
    """One GET. It carries no credential, and goes to the host itself or to `via`, as with curl --connect-to."""

    scheme: Scheme
    host: str
    port: int
    path: str
    via: str = ""
    """Address or name to connect to instead of the host."""
    authority: str = ""
    """PEM of the only authority that is trusted; "": those of this machine."""

    @property
    def url(self) -> str:
        """The URL in its shortest form."""
        return url(self.scheme, self.host, self.port, self.path)


@dataclass(frozen=True)
class Answer:
    """What a request met. `broken` is the first rung that did not hold, `why` in one word and `text` in the system's words."""

    resolved: tuple[str, ...] = ()
    address: str = ""
    """The IP address that it went to."""
    broken: Rung = ""
    why: Why = ""
    text: str = ""
    ends: datetime | None = None
    """When the certificate ends that was verified."""
    own_authority: bool = False
    """The request's authority verified it, not one of this machine."""
    status: int = 0
    location: str = ""
    proxied: bool = False
    """The environment names a proxy for this URL, which was not used."""
    redirected: str = ""
    """The URL of https that http redirected to; this is its answer."""

    @property
    def good(self) -> bool:
        """Whether the application answered, by a certificate that was verified where there is one."""
        return not self.broken and 200 <= self.status < 300


def url(scheme: str, host: str, port: int, path: str) -> str:
    """The URL without the port that its scheme implies."""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}{'' if port == PORTS[scheme] else f':{port}'}{path}"


def is_host(text: str) -> bool:
    """Whether a text is one DNS name or IP address, and nothing that could change a request."""
    return bool(_NAME.match(text)) or is_address(text)


def is_path(text: str) -> bool:
    """Whether a text is a path that needs no encoding."""
    return bool(_PATH.match(text))


def is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_forbidden(address: str) -> bool:
    """Whether an IP address is never asked: link-local and metadata services, multicast, the unspecified one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _MAPPED else ip)
    return ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA


def to_https(request: Request, answer: Answer) -> Request | None:
    """The request that follows a redirect from http to https of the same host; None for any other answer."""
    if request.scheme != "http" or not 300 <= answer.status < 400:
        return None
    try:
        parts = urlsplit(answer.location)
        port = parts.port or PORTS["https"]
    except ValueError:
        return None
    if parts.scheme != "https" or (parts.hostname or "") != request.host or not is_path(parts.path or "/"):
        return None
    return replace(request, scheme="https", port=port, path=parts.path or "/")
