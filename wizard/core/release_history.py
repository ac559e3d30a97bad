"""The revisions of a release, from the labels of helm's records. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from wizard.core.rules.findings_registry import Revision
from wizard.core.status import Object, created


def revisions(records: Iterable[Object]) -> tuple[Revision, ...]:
    """Oldest first; a record without helm's labels is left out."""
    found = []
    for one in records:
        labels = one["metadata"].get("labels") or {}
        number, when = str(labels.get("version", "")), str(labels.get("modifiedAt") or labels.get("createdAt") or "")
        if number.isdigit():
            updated = (
                datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                if when.isdigit()
                else created(one)
            )
            found.append(Revision(int(number), str(labels.get("status", "")), updated))
    return tuple(sorted(found, key=lambda one: one.number))
