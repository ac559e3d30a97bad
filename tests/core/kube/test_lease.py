from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wizard.core.kube import lease
from wizard.core.target import Target

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
TARGET = Target("here", "ns", "rel")


def test_a_fresh_lease_is_held_and_one_that_was_not_renewed_is_not() -> None:
    made = lease.manifest(TARGET, "eve@laptop:1a/7f3a", NOW)
    assert made["metadata"]["name"] == "llm-cost-ops-wizard-rel"
    assert made["spec"]["renewTime"] == "2026-01-02T03:04:05.000006Z"
    assert lease.holder(made, NOW) == "eve@laptop:1a/7f3a"
    assert lease.holder(made, NOW + timedelta(seconds=lease.SECONDS)) == ""


def test_a_renewed_lease_keeps_when_it_was_taken_and_is_guarded_by_its_version() -> None:
    first = lease.manifest(TARGET, "eve@laptop:1a/7f3a", NOW)
    first["metadata"]["resourceVersion"] = "12"
    later = NOW + timedelta(seconds=30)
    again = lease.manifest(TARGET, "eve@laptop:1a/7f3a", later, first)
    assert (again["spec"]["acquireTime"], again["metadata"]["resourceVersion"]) == (first["spec"]["acquireTime"], "12")
    taken = lease.manifest(TARGET, "bob@desk:2b/aaaa", later, first)
    assert taken["spec"]["acquireTime"] == taken["spec"]["renewTime"]


NONSENSE: list[dict[str, Any]] = [
    {},
    {"spec": None},
    {"spec": {"holderIdentity": "x", "renewTime": "yesterday", "leaseDurationSeconds": 90}},
    {"spec": {"holderIdentity": "x", "renewTime": "2026-01-02T03:04:05Z", "leaseDurationSeconds": 10**40}},
    {"spec": {"holderIdentity": "x", "renewTime": "2026-01-02T03:04:05", "leaseDurationSeconds": 90}},
]


@pytest.mark.parametrize("made", NONSENSE)
def test_a_lease_that_makes_no_sense_is_in_nobodys_way(made: dict[str, Any]) -> None:
    assert lease.holder(made, NOW) == ""


def test_another_machine_is_told_from_this_one_also_when_both_have_one_name() -> None:
    assert lease.of_another("eve@laptop:1a/7f3a", "eve@laptop:2b")
    assert not lease.of_another("eve@laptop:1a/7f3a", "eve@laptop:1a")
    assert not lease.of_another("", "eve@laptop:1a")
    assert lease.words("eve@laptop:1a/7f3a") == "eve@laptop (run 7f3a)"
