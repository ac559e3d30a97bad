"""Manifests and indexes of images (OCI image specification, Docker's schema 2): what they are built for. All of it may be malformed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core import limits
from wizard.core.registry.answer import Platform

INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
OLD: Final = "application/vnd.docker.distribution.manifest.v1+prettyjws"
"""Docker's schema 1; a registry that has nothing else says otherwise that it has nothing."""
_CONFIGS: Final = ("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json")
_MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,127}/[\w.+-]{1,127}", re.ASCII)
_DIGEST: Final = re.compile(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})", re.ASCII)
_NAME: Final = re.compile(r"[\w.-]{1,40}", re.ASCII)
_UNKNOWN: Final = "unknown"
"""The platform of an attestation, which is no image."""


@dataclass(frozen=True)
class Manifest:
    """What a manifest or index tells: its platforms (none: it does not tell), the digest of its configuration and what kind that is."""

    platforms: tuple[Platform, ...] = ()
    config: str = ""
    kind: str = ""
    """The media type of a configuration that is none of an image."""


def read(body: bytes) -> Manifest:
    """A manifest or index. Raises ValueError: it is neither."""
    data = limits.loads(body)
    if not isinstance(data, dict):
        raise ValueError("no object")
    if isinstance(data.get("manifests"), list):
        return Manifest(_of_index(limits.maps_of(data, "manifests")))
    config = limits.map_of(data, "config")
    if config:
        kind = limits.text_of(config, "mediaType")
        digest = limits.text_of(config, "digest")
        foreign = kind if kind not in _CONFIGS and _MEDIA_TYPE.fullmatch(kind) else ""
        return Manifest((), digest if is_digest(digest) and not foreign else "", foreign)
    if data.get("schemaVersion") == 1 and isinstance(data.get("fsLayers"), list):
        return Manifest()
    raise ValueError("neither a manifest nor an index")


def _of_index(entries: tuple[Mapping[str, Any], ...]) -> tuple[Platform, ...]:
    """The platforms, once each; none when one of the entries does not tell its own."""
    found: dict[Platform, None] = {}
    for entry in entries:
        platform = of_config(limits.map_of(entry, "platform"))
        if platform is None:
            return ()
        if platform.os != _UNKNOWN:
            found[platform] = None
    return tuple(found)


def of_config(data: Any) -> Platform | None:
    """The platform in a configuration or in an entry of an index; None when it does not tell."""
    if not isinstance(data, Mapping):
        return None
    os, architecture, variant = (limits.text_of(data, key) for key in ("os", "architecture", "variant"))
    if not (_NAME.fullmatch(os) and _NAME.fullmatch(architecture)):
        return None
    return Platform(os, architecture, variant if _NAME.fullmatch(variant) else "")


def is_digest(text: str) -> bool:
    """Whether it is a digest of one of the two registered algorithms."""
    return bool(_DIGEST.fullmatch(text))
