"""What is known of a revision without its body: its head, when it began and was last written, and which one was good.

The labels of a record do not tell its times. Helm 3 and 4 copy the labels of the previous revision onto the record that
they create or change, `createdAt` and `modifiedAt` included (pkg/storage/driver/secrets.go), so that a revision that is
a minute old may have the times of a revision from last year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from wizard.core.text.time import parse_time, rfc3339

DEPLOYED: Final = "deployed"
UNINSTALLED: Final = "uninstalled"
PENDING: Final = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
"""Statuses in which helm refuses to change a release."""
_GONE: Final = (UNINSTALLED, "uninstalling")
"""Statuses that replaced the revision's earlier status."""
_SUPERSEDED: Final = "superseded"
_FAILED: Final = re.compile(
    r'(?:Upgrade|Release|Rollback) ".*" failed: |Was (?:pending-\w+|uninstalling); marked as failed'
)
"""The start of the descriptions that helm, or recover, writes into a failed revision (helm's pkg/action)."""
_LONGEST: Final = 18
"""Digits of the longest number that is read."""


@dataclass(frozen=True)
class Times:
    """Two times of a revision by the clock of the API server, RFC 3339 in UTC; "" when the object has none."""

    created: str = ""
    """When the record was created, which is when helm began the revision; clients cannot set or copy this time."""
    written: str = ""
    """When the record was last written, by its field managers; never before it was created.

    It is not the age of a revision that has ended: helm writes the record again when another revision supersedes it.
    """

    def since(self, status: str) -> str:
        """Since when the revision has its status: a pending one since its creation, others since the last write."""
        return self.created if status.startswith("pending-") else self.written


@dataclass(frozen=True)
class Head:
    """One revision, from the metadata of its record."""

    release: str
    namespace: str
    revision: int
    status: str
    times: Times
    name: str
    """The name of the Secret or ConfigMap that holds it."""
    version: int = 0
    """Its resourceVersion: of two records the greater was written later; 0 when it is not a number."""


def head(record: Any) -> Head | None:
    """The head of a storage object; None for an object without a release's name and revision."""
    metadata = _mapping(_mapping(record).get("metadata"))
    labels = _mapping(metadata.get("labels"))
    release, revision, name = labels.get("name"), _number(labels.get("version")), metadata.get("name")
    if not (isinstance(release, str) and release and revision and isinstance(name, str)):
        return None
    namespace, status = (str(text or "") for text in (metadata.get("namespace"), labels.get("status")))
    return Head(release, namespace, revision, status, times(metadata), name, _number(metadata.get("resourceVersion")))


def times(metadata: Any) -> Times:
    """The times in the metadata of a storage object; anything malformed is ignored."""
    metadata = _mapping(metadata)
    created = parse_time(metadata.get("creationTimestamp"))
    if created is None:
        return Times()
    managers = metadata.get("managedFields")
    managers = managers if isinstance(managers, list | tuple) else ()
    named = (parse_time(_mapping(manager).get("time")) for manager in managers)
    return Times(rfc3339(created), rfc3339(max([created, *(time for time in named if time)])))


def age(now: datetime, *since: str) -> timedelta:
    """How long ago the latest of some times was; a missing, unreadable or future time counts as now."""
    moments = [parse_time(text) for text in since]
    ages = (max(now - moment, timedelta(0)) if moment else timedelta(0) for moment in moments)
    return min(ages, default=timedelta(0))


def installed(number: int, status: str) -> bool:
    """Whether a release with this newest revision can be upgraded; an uninstalled one has at most its history left."""
    return number > 0 and status != UNINSTALLED


def maybe_good(heads: Sequence[Head]) -> tuple[Head, ...]:
    """Revisions that may have been ready once, the last one first; `heads` are those of a release, oldest first.

    The newest revision is the one to roll back from, so it counts only when it is uninstalled or uninstalling: then it
    ran until that moment, unless another revision did. An uninstall marks that other one "superseded" after it wrote
    its own status.
    """
    if not heads:
        return ()
    newest, earlier = heads[-1], heads[:-1]
    good = tuple(revision for revision in reversed(earlier) if revision.status in (DEPLOYED, _SUPERSEDED))
    ran = [revision for revision in good if revision.status == DEPLOYED or revision.version > newest.version]
    return (newest, *good) if newest.status in _GONE and not ran else good


def says_failed(description: str) -> bool:
    """Whether a revision failed, by its description.

    Its status may still be superseded: helm sets that when a roll-back from it has failed.
    """
    return _FAILED.match(description) is not None


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
