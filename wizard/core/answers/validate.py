"""Validators of answers: each takes a text and returns one sentence that says what is wrong, "" when it is valid."""

from __future__ import annotations

import re
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
    if re.fullmatch(r"[\d.]+|.*:.*", text):
        return f'"{text}" is not a host name: an Ingress takes a name, not an address or a port.'
    bare = text.removeprefix("*.")
    if len(text) > 253 or not all(len(part) <= 63 and _LABEL.fullmatch(part) for part in bare.split(".")):
        return f'"{text}" is not a host name; it looks like api.example.com, in lower case.'
    if "." not in bare:
        return f'"{text}" has no domain; it looks like api.example.com.'
    return ""


def count(text: str, what: str, low: int, high: int) -> str:
    """A whole number between two bounds."""
    if not re.fullmatch(r"\d{1,6}", text):
        return f'{what} "{text}" is not a whole number.'
    if not low <= int(text) <= high:
        return f"{what} is {text}; it must be between {low} and {high}."
    return ""


def quantity(text: str, what: str, example: str) -> str:
    """A Kubernetes quantity greater than zero."""
    if (amount := kube_quantity.parse(text)) is None or amount <= 0:
        return f'{what} "{text}" is not a quantity Kubernetes knows; it looks like {example}.'
    return ""


def duration(text: str) -> str:
    """A duration above zero as helm accepts it: 10m, 1h30m, 90s."""
    if (parse_duration(text) or 0) <= 0:
        return f'"{text}" is not a time; it looks like 10m, 90s or 1h30m.'
    return ""


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
        first, slash, rest = name.partition("/")
        registry, path = (first, rest) if slash and (re.search(r"[.:]", first) or first == "localhost") else ("", name)
        repository, _, tag = path.partition(":")
        right = (
            re.fullmatch(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*", repository)
            and re.fullmatch(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?", tag)
            and re.fullmatch(r"(?:sha256:[0-9a-f]{64})?", digest)
            and (":" not in path or tag)
            and ("@" not in text or digest)
            and re.fullmatch(r"(?:[A-Za-z0-9.-]+(?::\d+)?)?", registry)
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
