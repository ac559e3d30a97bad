"""Validators of answers: each takes a text and returns one sentence that says what is wrong, "" when it is valid."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, NamedTuple

from wizard.core.errors import Problem
from wizard.core.kube import quantity as kube_quantity
from wizard.core.text.time import parse_duration

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def label(text: str, what: str, limit: int = 63) -> str:
    """A DNS label: namespaces, object names."""
    if not text:
        return f"{what} is empty."
    if len(text) > limit:
        return f'{what} "{text}" has {len(text)} characters; {limit} are allowed.'
    if not _LABEL.fullmatch(text):
        return f'{what} "{text}" may hold lower-case letters, digits and "-" only, not first or last.'
    return ""


def release(text: str) -> str:
    """A release name, as helm takes it (pkg/chart/common/util/validate_name.go): labels with dots between them, 53 characters."""
    if "." not in text:
        return label(text, "Release name", 53)
    if len(text) > 53:
        return f'Release name "{text}" has {len(text)} characters; 53 are allowed.'
    wrong = [part for part in text.split(".") if not _LABEL.fullmatch(part)]
    return label(wrong[0], "A part of the release name") if wrong else ""


def subdomain(text: str, what: str) -> str:
    """A DNS subdomain: names of Secrets, classes, issuers."""
    if not text:
        return f"{what} is empty."
    if len(text) > 253 or not all(_LABEL.fullmatch(part) for part in text.split(".")):
        return f'{what} "{text}" is not a name Kubernetes accepts (lower-case letters, digits, "-" and ".").'
    return ""


def host(text: str) -> str:
    """A host name as an Ingress accepts it; one leading wildcard label is allowed."""
    if not text:
        return "The host name is empty; people need a name to reach the API."
    if "://" in text or "/" in text:
        return f'"{text}" is an address; only the host name is wanted, as in api.example.com.'
    if re.fullmatch(r"[0-9.]+|.*:.*", text):
        return f'"{text}" is not a host name: an Ingress takes a name, not an address or a port.'
    bare = text.removeprefix("*.")
    if len(text) > 253 or not all(len(part) <= 63 and _LABEL.fullmatch(part) for part in bare.split(".")):
        return f'"{text}" is not a host name; it looks like api.example.com, in lower case.'
    if "." not in bare:
        return f'"{text}" has no domain; it looks like api.example.com.'
    return ""


def count(text: str, what: str, low: int, high: int) -> str:
    """A whole number between two bounds."""
    if not re.fullmatch(r"[0-9]{1,6}", text):
        return f'{what} "{text}" is not a whole number.'
    if not low <= int(text) <= high:
        return f"{what} is {text}; it must be between {low} and {high}."
    return ""


def server(text: str, what: str, port: str = "") -> str:
    """The host of a server: a name or an IPv4 address alone. `port` says where its port is given, "" where it is not asked."""
    if not text:
        return f"{what} is empty."
    if "@" in text:  # it may hold a password, which is not repeated
        return f"{what} holds user and password; only the host name is wanted here."
    scheme, found, rest = text.partition("://")
    if found:
        return f'{what} begins with "{scheme}://"; only the host name is wanted, as in {_bare(rest)}.'
    if re.search(r"\s", text):
        return f'{what} "{text}" holds a blank.'
    if "/" in text:
        return f'{what} holds the path "/{text.partition("/")[2]}"; only the host name is wanted, as in {_bare(text)}.'
    name, colon, number = text.partition(":")
    if colon and ":" not in number:
        return f'{what} holds the port ":{number}"; {port or "only the host name is wanted"}.'
    if colon:
        return f'{what} "{text}" is an IPv6 address; give it a name, addresses of this kind break the URL.'
    if len(text) > 253 or not all(re.fullmatch(_HOST_PART, part) for part in name.removesuffix(".").split(".")):
        return f'{what} "{text}" is not a host name; it looks like db.example.com.'
    return ""


def _bare(text: str) -> str:
    return re.split(r"[/:?#]", text, maxsplit=1)[0] or "db.example.com"


_HOST_PART: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"


def postgres_name(text: str, what: str) -> str:
    """The name of a database or of a user: PostgreSQL cuts longer ones (NAMEDATALEN); the chart encodes it for the URL."""
    if not text:
        return f"{what} is empty."
    if len(text.encode()) > _POSTGRES_BYTES:
        return f"{what} has {len(text.encode())} bytes; PostgreSQL cuts it after {_POSTGRES_BYTES}."
    return "" if text.isprintable() else f"{what} holds a character that is not seen."


_POSTGRES_BYTES: Final = 63
_IN_NO_PATH: Final = ("//", "/./", "/../", "%2f", "%2F", "?", "#")
"""The first five are those that Kubernetes refuses (validation of Ingress); the others never are part of a path."""


def url_path(text: str, what: str) -> str:
    """A path of an Ingress of type Prefix."""
    if not text.startswith("/"):
        return f'{what} "{text}" must begin with "/".'
    if re.search(r"\s", text):
        return f'{what} "{text}" holds a blank.'
    if wrong := next((part for part in _IN_NO_PATH if part in text), ""):
        return f'{what} "{text}" may not hold "{wrong}".'
    if text.endswith(("/..", "/.")):
        return f'{what} "{text}" may not end with "{text[text.rindex("/") :]}".'
    return ""


_CORES: Final = (Fraction(1, 1000), Fraction(256))
"""Kubernetes takes no less; no pod of an API needs more."""
_BYTES: Final = (Fraction(2**20), Fraction(2**60))


def cpu(text: str, what: str) -> str:
    """A quantity of cores."""
    meant = f"{text}m" if re.fullmatch(r"[0-9]+", text) else ""
    return _quantity(text, what, "500m or 2", _CORES, "cores", meant)


def size(text: str, what: str, example: str) -> str:
    """A quantity of bytes: memory or disk."""
    number = re.fullmatch(r"([0-9]{1,6})m?", text)
    unit = "Gi" if number and not text.endswith("m") and int(number[1]) <= _FEW else "Mi"
    return _quantity(text, what, example, _BYTES, "bytes", f"{number[1]}{unit}" if number else "")


_FEW: Final = 64
"""Up to this number without a unit, Gi is meant rather than Mi."""


def _quantity(text: str, what: str, example: str, bounds: tuple[Fraction, Fraction], unit: str, meant: str) -> str:
    """A quantity within the bounds of its kind; `meant` is what somebody means who writes one outside of them."""
    amount = kube_quantity.parse(text)
    if amount is None or amount <= 0:
        return f'{what} "{text}" is not a quantity Kubernetes knows; it looks like {example}.'
    if bounds[0] <= amount <= bounds[1]:
        return ""
    return f'{what} "{text}" is {float(amount):,.10g} {unit}; ' + (
        f"is {meant} meant?" if meant else f"it looks like {example}."
    )


def duration(text: str) -> str:
    """A duration above zero as helm accepts it: 10m, 1h30m, 90s."""
    if (parse_duration(text) or 0) <= 0:
        return f'"{text}" is not a time; it looks like 10m, 90s or 1h30m.'
    return ""


def registry_of(name: str) -> tuple[str, str]:
    """(registry, rest) of an image's name; the registry is "" unless the first part has "." or ":" or is localhost."""
    first, slash, rest = name.partition("/")
    return (first, rest) if slash and (re.search(r"[.:]", first) or first == "localhost") else ("", name)


class ImageName(NamedTuple):
    """An image reference in its parts; registry, tag and digest may be empty."""

    registry: str
    repository: str
    tag: str
    digest: str

    @staticmethod
    def parse(text: str) -> ImageName:
        """The parts of REGISTRY/REPOSITORY:TAG@DIGEST; a first part with "." or ":" or "localhost" is the registry.

        Raises:
            Problem: it is not an image reference.
        """
        name, _, digest = text.partition("@")
        registry, path = registry_of(name)
        repository, _, tag = path.partition(":")
        right = (
            re.fullmatch(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", repository)
            and re.fullmatch(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?", tag)
            and re.fullmatch(r"(?:sha256:[0-9a-f]{64})?", digest)
            and (":" not in path or tag)
            and ("@" not in text or digest)
            and re.fullmatch(r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?)?", registry)
        )
        if not right:
            raise Problem(
                f'"{text}" is not an image.', "It looks like ghcr.io/your-org/llm-cost-ops:v1.0.0.", question="image"
            )
        return ImageName(registry, repository, tag, digest)


def image(text: str) -> str:
    """An image reference."""
    if not text:
        return "The application image is not named; the chart's own default is a name nobody can publish."
    try:
        ImageName.parse(text)
    except Problem as problem:
        return str(problem)
    return ""
