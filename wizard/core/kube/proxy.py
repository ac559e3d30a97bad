"""Which proxy the environment puts before a server, as Go's net/http has it for kubectl and helm."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PORTS: Final = {"http": "80", "https": "443"}
_HOST_AND_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):([^:\[\]]*)")
_NETWORK: Final = re.compile(r"[0-9a-f.:]+/[0-9]+")


def of_environment(server: str, environment: Mapping[str, str]) -> str:
    """The URL of the proxy, "" for none: never one before this machine, nor before what NO_PROXY names.

    server: an http or https URL.
    """
    parts = urlsplit(server)
    host, port = parts.hostname or "", str(parts.port or _PORTS[parts.scheme])
    proxy = _value(environment, f"{parts.scheme}_proxy")
    left_out = [entry.strip().lower() for entry in _value(environment, "no_proxy").split(",")]
    if not proxy or _is_here(host) or any(_names(entry, host, port) for entry in left_out if entry):
        return ""
    named = urlsplit(proxy)
    return proxy if named.scheme and named.netloc else f"http://{proxy}"


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name.upper()) or environment.get(name) or ""


def _is_here(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _names(entry: str, host: str, port: str) -> bool:
    """Whether an entry of NO_PROXY names a host: *, a network, an address, a domain with what is below it."""
    if entry == "*":
        return True
    address = _address(host)
    if _NETWORK.fullmatch(entry):
        return address is not None and _is_in(address, entry)
    split = _HOST_AND_PORT.fullmatch(entry)
    name, its_port = (split[1].strip("[]"), split[2]) if split else (entry, "")
    if its_port not in ("", port):
        return False
    if address is not None or _address(name) is not None:
        return address is not None and address == _address(name)
    name = name[1:] if name.startswith("*.") else name
    return bool(name) and (host.endswith(name if name.startswith(".") else f".{name}") or host == name)


def _is_in(address: _Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
