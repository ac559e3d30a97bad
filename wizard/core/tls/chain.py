"""What a chain of certificates is worth to the clients of a host: validity, names, order, completeness, keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from wizard.core.text.words import counted

SOON: Final = timedelta(days=21)
"""Before the end of a certificate it is time for a new one."""
_MOST_NAMES: Final = 8
_RENEW: Final = "Get a new certificate from its authority, and name that."


@dataclass(frozen=True)
class Certificate:
    """One certificate of a file, as far as the rules need it; times are UTC."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    """Subject alternative names."""
    begins: datetime
    ends: datetime
    key: str = ""
    """Its key in words ("RSA 2048")."""
    weak: bool = False
    for_servers: bool = True
    fingerprint: str = ""
    issued_by: frozenset[str] = frozenset()
    """Fingerprints of the certificates of the same file that signed it, itself among them when it is self-signed."""
    rooted: bool = False
    """Whether an authority that this machine trusts signed it."""

    @property
    def self_signed(self) -> bool:
        """Whether it signed itself."""
        return self.fingerprint in self.issued_by


@dataclass(frozen=True)
class Chain:
    """The certificates of a file in its order, the server's first; None is one that cannot be read. `more`: not looked at."""

    certificates: tuple[Certificate | None, ...]
    more: int = 0

    @property
    def leaf(self) -> Certificate:
        """The server's certificate."""
        leaf = self.certificates[0]
        assert leaf is not None  # noqa: S101 - a chain without one is refused when it is read
        return leaf


@dataclass(frozen=True)
class Remark:
    """What is wrong with a chain, and the next step; `fails`: clients or controllers would refuse it."""

    text: str
    next_step: str
    fails: bool = False


def summary(chain: Chain) -> str:
    """The server's certificate in words."""
    leaf = chain.leaf
    by = "self-signed" if leaf.self_signed else f"by {leaf.issuer}"
    return f"for {_listed(leaf.names) or 'no name'}, {by}, {leaf.key}, until {leaf.ends:%Y-%m-%d}"


def remarks(chain: Chain, hosts: Sequence[str], now: datetime) -> tuple[Remark, ...]:
    """Everything that is wrong with a chain for those hosts; what fails comes first."""
    found = (*_validity(chain, now), *_hosts(chain, hosts), *_keys(chain), *_path(chain))
    return tuple(sorted(found, key=lambda remark: not remark.fails))


def covers(name: str, host: str) -> bool:
    """Whether a name of a certificate is for a host, as in RFC 6125: "*" stands for exactly one label, the first."""
    name, host = name.lower(), host.lower().removesuffix(".")
    if name == host:
        return bool(name)
    first, *rest = name.split(".")
    _, *others = host.split(".")
    return first == "*" and bool(rest) and rest == others and not host.startswith("*.")


def _validity(chain: Chain, now: datetime) -> Iterator[Remark]:
    leaf = chain.leaf
    if now > leaf.ends:
        yield Remark(f"it expired on {leaf.ends:%Y-%m-%d %H:%M} UTC", _RENEW, fails=True)
    elif now < leaf.begins:
        step = "Look at this machine's clock, or wait until then."
        yield Remark(f"it is not valid before {leaf.begins:%Y-%m-%d %H:%M} UTC", step, fails=True)
    elif leaf.ends - now < SOON:
        days = (leaf.ends - now).days
        yield Remark(f"it expires in {counted(days, 'day')}, on {leaf.ends:%Y-%m-%d}", _RENEW)
    for number, certificate in enumerate(chain.certificates[1:], 2):
        if certificate and not certificate.begins <= now <= certificate.ends:
            when = f"{certificate.begins:%Y-%m-%d} to {certificate.ends:%Y-%m-%d}"
            yield Remark(f"certificate {number} ({certificate.subject}) is valid from {when} only", _RENEW)


def _hosts(chain: Chain, hosts: Sequence[str]) -> Iterator[Remark]:
    leaf = chain.leaf
    missing = [host for host in hosts if not any(covers(name, host) for name in leaf.names)]
    if missing:
        has = f"its names: {_listed(leaf.names)}" if leaf.names else "it has no subject alternative names"
        step = "Name a certificate for that host, or the host that the certificate is for."
        yield Remark(f"it is not for {_listed(missing)}; {has}", step, fails=True)
    if not leaf.for_servers:
        yield Remark(
            "its extended key usage leaves servers out", "Ask the authority for a server's certificate.", fails=True
        )


def _keys(chain: Chain) -> Iterator[Remark]:
    for number, certificate in enumerate(chain.certificates, 1):
        if certificate is None:
            step = "Take it out, or put a whole one there."
            yield Remark(f"certificate {number} of the chain cannot be read", step, fails=True)
        elif certificate.weak:
            whose = "its key" if number == 1 else f"the key of certificate {number} ({certificate.subject})"
            yield Remark(f"{whose} is weak: {certificate.key}", "Ask for a certificate with RSA 2048, EC or Ed25519.")


def _path(chain: Chain) -> Iterator[Remark]:
    """The way from the server's certificate to its root: its order, its end, and what is not on it."""
    known = [certificate for certificate in chain.certificates if certificate]
    path = [known[0]]
    while not path[-1].self_signed:
        up = (other for other in known if other.fingerprint in path[-1].issued_by and other not in path)
        if (issuer := next(up, None)) is None:
            break
        path.append(issuer)
    if len({certificate.fingerprint for certificate in known}) < len(known):
        yield Remark("a certificate is in the file more than once", "Keep each once.")
    places = [known.index(certificate) for certificate in path]
    if places != sorted(places):
        right = ", ".join(str(place + 1) for place in places)
        yield Remark(f"the chain is out of order; the right one is {right}", "Put each after the one that it signed.")
    for number, certificate in enumerate(chain.certificates, 1):
        if certificate and certificate not in path:
            yield Remark(
                f"certificate {number} ({certificate.subject}) did not sign any of the chain",
                "Take it out of the file.",
            )
    if chain.more:
        yield Remark(f"{chain.more} certificates more were not looked at", "Keep the chain alone in the file.")
    if len(path) == 1 and not path[0].self_signed and not path[0].rooted:
        step = f"If {path[0].issuer} is an intermediate authority, add its certificate behind this one."
        yield Remark(f"the chain ends with it: {path[0].issuer}, which signed it, is not in the file", step)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
