"""What is known of a revision without its body: its head, when it was begun and last written, and which one was good.

The labels of a record say no time. Helm 3 and 4 copy the labels of the revision before onto the record that they make or
change, with `createdAt` and `modifiedAt` among them (pkg/storage/driver/secrets.go), so a revision that is a minute old may
bear the times of one from last year.
"""

from __future__ import annotations

from wizard.core.text.time import parse_time

from wizard.core.text.time import rfc3339

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final



DEPLOYED: Final = "deployed"
UNINSTALLED: Final = "uninstalled"
PENDING: Final = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")
"""Statuses in which helm refuses to change a release."""
_GONE: Final = (UNINSTALLED, "uninstalling")
"""Statuses that say nothing of how the revision was before."""
_SUPERSEDED: Final = "superseded"
_FAILED: Final = re.compile(
    r'(?:Upgrade|Release|Rollback) ".*" failed: |Was (?:pending-\w+|uninstalling); marked as failed'
)
"""How descriptions begin that helm, or recover, wrote into a revision that failed (helm's pkg/action)."""
_LONGEST: Final = 18
"""Digits of a number that we read."""


@dataclass(frozen=True)
class Times:
    """Two times of a revision by the clock of the API server, RFC 3339 in UTC; "" when the object does not say it."""

    created: str = ""
    """When the record was made: helm makes it as it begins the revision, and nobody can set or copy this time."""
    written: str = ""
    """When anybody last wrote the record, as far as its field managers say; never before it was made.

    Of a revision that has ended this is no age: helm writes it again when another one supersedes it.
    """

    def since(self, status: str) -> str:
        """Since when the revision has its status: a pending one has it from its first moment, others were given it later."""
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
    """Of the Secret or ConfigMap that holds it."""
    version: int = 0
    """Its resourceVersion: the greater one of two records was written later; 0 when it is no number."""


def head(record: Any) -> Head | None:
    """The head of a storage object; None for one that bears no release's name and revision."""
    metadata = _mapping(_mapping(record).get("metadata"))
    labels = _mapping(metadata.get("labels"))
    release, revision, name = labels.get("name"), _number(labels.get("version")), metadata.get("name")
    if not (isinstance(release, str) and release and revision and isinstance(name, str)):
        return None
    namespace, status = (str(text or "") for text in (metadata.get("namespace"), labels.get("status")))
    return Head(release, namespace, revision, status, times(metadata), name, _number(metadata.get("resourceVersion")))


def times(metadata: Any) -> Times:
    """The times in the metadata of a storage object; whatever is not shaped as the API shapes it is left out."""
    metadata = _mapping(metadata)
    created = parse_time(metadata.get("creationTimestamp"))
    if created is None:
        return Times()
    managers = metadata.get("managedFields")
    managers = managers if isinstance(managers, list | tuple) else ()
    named = (parse_time(_mapping(manager).get("time")) for manager in managers)
    return Times(rfc3339(created), rfc3339(max([created, *(time for time in named if time)])))


def age(now: datetime, *since: str) -> timedelta:
    """How long ago the latest of some times was; what is missing, unreadable or yet to come counts as now."""
    moments = [parse_time(text) for text in since]
    ages = (max(now - moment, timedelta(0)) if moment else timedelta(0) for moment in moments)
    return min(ages, default=timedelta(0))


def installed(number: int, status: str) -> bool:
    """Whether a release whose newest revision that is can be upgraded; once uninstalled only its history may be kept."""
    return number > 0 and status != UNINSTALLED


def maybe_good(heads: Sequence[Head]) -> tuple[Head, ...]:
    """Revisions that may have been ready once, the last one first; `heads` are those of a release, oldest first.

    What is newest is to be left, so it counts only when it was uninstalled or was about to be: then it ran until that
    moment, unless another one did. Of that one an uninstall says "superseded" after it wrote its own status.
    """
    if not heads:
        return ()
    newest, earlier = heads[-1], heads[:-1]
    good = tuple(revision for revision in reversed(earlier) if revision.status in (DEPLOYED, _SUPERSEDED))
    ran = [revision for revision in good if revision.status == DEPLOYED or revision.version > newest.version]
    return (newest, *good) if newest.status in _GONE and not ran else good


def says_failed(description: str) -> bool:
    """Whether a revision failed by its own description.

    Helm calls it superseded all the same once a roll-back from it has failed.
    """
    return _FAILED.match(description) is not None


def _number(text: Any) -> int:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
