"""What an API server serves besides objects: kinds, changes, and lines of logs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from wizard.core.kube.objects import Object


@dataclass(frozen=True)
class Resource:
    """A kind as discovery names it: group/version, plural, kind, namespaced or not."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool


@dataclass(frozen=True)
class WatchEvent:
    """A change of one kind: LIST (objects = everything, after a list), ADDED, MODIFIED, DELETED.

    BLIND has no objects: with a `reason` the connection is lost and being opened again, without one it works again.
    """

    type: Literal["LIST", "ADDED", "MODIFIED", "DELETED", "BLIND"]
    objects: tuple[Object, ...]
    reason: str = ""


class LogLine(NamedTuple):
    """One line of a container: RFC 3339 time with nanoseconds as the kubelet sent it, and the sanitised text."""

    time: str
    text: str
