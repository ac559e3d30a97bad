"""The helm that is used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HelmInfo:
    """The helm binary: path, version such as "4.2.4", major 3 or 4."""

    path: str
    version: str
    major: int
