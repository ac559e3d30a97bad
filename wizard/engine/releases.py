"""Releases in sight, without downloading their bodies, and without rights to Secrets if need be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from wizard.core.model.target import Target
from wizard.core.rules.registry import Unknown
from wizard.ports.cluster import Cluster


@dataclass(frozen=True)
class ReleaseRow:
    """One release. `helm_status` is "" when it is hidden from this person; `updated` is RFC 3339."""

    name: str
    namespace: str
    chart: str = ""
    app_version: str = ""
    revision: int = 0
    helm_status: str = ""
    updated: str = ""
    ready: int = 0
    total: int = 0
    verdict: str = "unknown"
    worst: str = ""


@dataclass(frozen=True)
class ReleasesView:
    """What was found, where was looked, and what could not be seen."""

    rows: tuple[ReleaseRow, ...]
    looked_in: str
    hidden: str = ""


@dataclass(frozen=True)
class ReleaseState:
    """The newest revision of one release; revision 0 and status "" mean there is none."""

    revision: int = 0
    status: str = ""
    updated: str = ""


async def find(cluster: Cluster, target: Target) -> AsyncIterator[ReleasesView]:
    """First a quick view, then with readiness."""
    yield ReleasesView((), target.namespace)


async def state(cluster: Cluster, target: Target) -> ReleaseState | Unknown:
    """The state of the target's release."""
    return ReleaseState()


async def operation(cluster: Cluster, target: Target) -> Literal["install", "upgrade"]:
    """Install or upgrade, by the state of the release; raises Problem when it is pending or cannot be known."""
    return "install"
