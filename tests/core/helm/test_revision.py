"""When a revision was begun and written, and which one was good: from records as helm 3.21 and 4.2 leave them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wizard.core.helm import revision
from wizard.core.helm.revision import Head, Times

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MADE, WRITTEN = "2026-01-02T11:59:00Z", "2026-01-02T11:59:30Z"
LABELS = {
    "owner": "helm", "name": "rel", "version": "2", "status": "pending-upgrade", "createdAt": "1767312000",
    "modifiedAt": "1767312000",
}  # fmt: skip
"""With the times of revision 1, as both helms copy them."""


def record(**metadata: Any) -> dict[str, Any]:
    managers = [{"manager": "Helm", "operation": "Update", "time": WRITTEN}]
    own = {"name": "sh.helm.release.v1.rel.v2", "namespace": "ns", "labels": LABELS, "creationTimestamp": MADE}
    return {"metadata": {**own, "managedFields": managers, "resourceVersion": "77", **metadata}}


def test_a_revision_has_the_times_of_its_object_and_not_those_of_its_labels() -> None:
    head = revision.head(record())
    assert head == Head("rel", "ns", 2, "pending-upgrade", Times(MADE, WRITTEN), "sh.helm.release.v1.rel.v2", 77)
    assert head.times.since("pending-upgrade") == MADE
    assert head.times.since("deployed") == head.times.since("uninstalling") == WRITTEN


@pytest.mark.parametrize(
    ("metadata", "times"),
    [
        ({"managedFields": None}, Times(MADE, MADE)),
        ({"managedFields": [{"time": "2020-01-01T00:00:00Z"}]}, Times(MADE, MADE)),
        ({"managedFields": ["x", {"time": 5}, {"time": "soon"}]}, Times(MADE, MADE)),
        ({"creationTimestamp": None}, Times()), ({"creationTimestamp": "2026-01-02T11:59:00"}, Times()),
        ({"creationTimestamp": "0001-01-01T00:00:00+23:59"}, Times()),
    ],
)  # fmt: skip
def test_field_managers_only_make_a_record_younger_and_without_its_own_time_nothing_is_known(
    metadata: dict[str, Any], times: Times
) -> None:
    head = revision.head(record(**metadata))
    assert head is not None
    assert head.times == times


@pytest.mark.parametrize(
    ("since", "minutes"),
    [
        (("2026-01-02T11:00:00Z",), 60), (("2026-01-02T11:00:00Z", "2026-01-02T11:50:00+00:00"), 10),
        (("2026-01-02T11:00:00Z", ""), 0), (("2026-01-02T11:00:00Z", "2026-01-02T12:30:00Z"), 0), (("yesterday",), 0), ((), 0),
    ],
)  # fmt: skip
def test_the_latest_time_counts_and_what_cannot_be_read_or_is_yet_to_come_is_now(
    since: tuple[str, ...], minutes: int
) -> None:
    assert revision.age(NOW, *since) == timedelta(minutes=minutes)


def head(number: int, status: str, version: int = 0) -> Head:
    return Head("rel", "ns", number, status, Times(MADE, MADE), f"v{number}", version or number)


@pytest.mark.parametrize(
    ("known", "good"),
    [
        ([], []),
        ([(1, "deployed")], []),
        ([(1, "superseded"), (2, "deployed"), (3, "failed")], [2, 1]),
        ([(1, "deployed"), (2, "pending-upgrade")], [1]),
        ([(1, "failed"), (2, "pending-upgrade")], []),
        # uninstall --keep-history of what ran: nothing is superseded after it
        ([(1, "uninstalled")], [1]),
        ([(1, "superseded"), (2, "uninstalled")], [2, 1]),
        # of an upgrade that had failed: revision 1 still ran, and is superseded once 2 is uninstalled
        ([(1, "superseded", 9), (2, "uninstalled", 8)], [1]),
        # an uninstall that was killed
        ([(1, "superseded"), (2, "uninstalling")], [2, 1]),
        ([(1, "deployed"), (2, "uninstalling")], [1]),
    ],
)
def test_what_may_have_been_ready_once_the_last_one_first(known: list[tuple[Any, ...]], good: list[int]) -> None:
    assert [one.revision for one in revision.maybe_good([head(*one) for one in known])] == good


@pytest.mark.parametrize(
    ("description", "failed"),
    [
        ('Upgrade "rel" failed: resource not ready', True), ('Release "rel" failed: context canceled', True),
        ('Rollback "rel" failed: x', True), ("Was pending-upgrade; marked as failed by llm-cost-ops-wizard recover: y", True),
        ("Upgrade complete", False), ("Install complete", False), ("Rollback to 1", False), ("Uninstallation complete", False),
        ("superseded by new release", False), ("", False),
    ],
)  # fmt: skip
def test_a_revision_that_failed_is_known_by_what_helm_wrote_into_it(description: str, failed: bool) -> None:
    assert revision.says_failed(description) is failed
