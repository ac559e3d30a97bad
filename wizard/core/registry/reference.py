"""The name of an image, read as container runtimes do (distribution/reference): registry, repository, tag, digest."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

DOCKER_HUB: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_LONGEST: Final = 255
"""Characters of registry and repository together."""
_PART: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY: Final = re.compile(rf"(?:{_PART}(?:\.{_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII)
_WORD: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY: Final = re.compile(rf"{_WORD}(?:/{_WORD})*", re.ASCII)
_TAG: Final = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha(?:256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})", re.ASCII)
_IDENTIFIER: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PARTS: Final = re.compile(r"(?P<name>[^@]*?)(?::(?P<tag>[^/:@]*))?(?:@(?P<digest>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """One image at its registry, by digest where it has one, else by tag."""

    registry: str
    """Host and port; docker.io for what has none."""
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def host(self) -> str:
        """Host and port that answer for the registry."""
        return "registry-1.docker.io" if self.registry == "docker.io" else self.registry

    @property
    def wanted(self) -> str:
        """What is asked for: the digest, or the tag."""
        return self.digest or self.tag

    @property
    def is_here(self) -> bool:
        """Whether the registry is one of the very machine that asks: another one for each."""
        return is_here(self.registry)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.registry}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


def parse(image: str) -> Reference:
    """The reference of an image as it is written in a pod.

    Raises:
        ValueError: no runtime takes such a name; the text says why.
    """
    where = registry(image)
    rest = image.partition("/")[2] if image.startswith(f"{where}/") else image
    where = "docker.io" if where == "index.docker.io" else where
    found = _PARTS.fullmatch(rest)
    name, tag, digest = (found["name"], found["tag"], found["digest"]) if found else (rest, None, None)
    if not _REGISTRY.fullmatch(where):
        raise ValueError("its registry is no host")
    if not _REPOSITORY.fullmatch(name):
        raise ValueError(
            "its name has capital letters"
            if _REPOSITORY.fullmatch(name.lower())
            else "its name is none of a repository"
        )
    if _IDENTIFIER.fullmatch(image):
        raise ValueError("its name is the identifier of an image")
    if tag is not None and not _TAG.fullmatch(tag):
        raise ValueError("its tag is none")
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise ValueError("its digest is none")
    if where == "docker.io" and "/" not in name:
        name = f"library/{name}"
    if len(where) + 1 + len(name) > _LONGEST:
        raise ValueError(f"its name has more than {_LONGEST} characters")
    return Reference(where, name, tag or ("" if digest else "latest"), digest or "")


def registry(image: str) -> str:
    """The registry of an image, as container runtimes read its name."""
    first, slash, _ = image.partition("/")
    named = "." in first or ":" in first or first == "localhost" or first != first.lower()
    return first if slash and named else "docker.io"


def is_here(host: str) -> bool:
    """Whether a host, with or without port, is the machine itself."""
    name = host.rpartition(":")[0] if re.search(r":\d+\Z", host) else host
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def serves(named: str, image: str) -> bool:
    """Whether a login's registry is that of an image; it may have a scheme, a path, and stars in the parts of its host."""
    host, _, path = named.partition("://")[2].partition("/") if "://" in named else named.partition("/")
    where = registry(image)
    if where in DOCKER_HUB and host in DOCKER_HUB:
        return True
    rest = image.partition("/")[2]
    matches = len(host.split(".")) == len(where.split(".")) and all(map(fnmatchcase, where.split("."), host.split(".")))
    return matches and (not path.strip("/") or path in ("v1/", "v2/") or rest.startswith(path.strip("/")))
