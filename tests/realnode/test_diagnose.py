"""The wizard's diagnosis of containers that really fail: the cause first, with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.realnode.conftest import RELEASE, Release
from tests.realnode.person import Person

# helm plays no part in a look: one of the two is enough.
pytestmark = [pytest.mark.real, pytest.mark.parametrize("release", ["helm4"], indirect=True)]

APP = f"Deployment/{RELEASE}"


@pytest.fixture
def person(release: Release, tmp_path: Path) -> Person:
    """Who looks at the release."""
    return Person(release, tmp_path)


def proof(finding: dict[str, Any]) -> str:
    """The evidence: each with its object, field and text."""
    return "\n".join(f"{one['object']} {one['field']}: {one['text']}" for one in finding["evidence"])


def break_by(release: Release, *sets: str) -> None:
    """Install with values that cannot work; helm is not waited for."""
    done = release.apply("install", sets=sets, timeout="1s")
    assert "deadline" in done.err or "timed out" in done.err or done.code == 0, done.err


def test_an_app_that_ends_at_once_is_a_crash_with_its_own_last_words_said_once(
    release: Release, person: Person
) -> None:
    break_by(release, "args={nonsense}")

    first = person.finds("CO11", APP)
    assert "exit code 1" in first["title"]
    assert "no such command: nonsense" in proof(first)
    texts = [one["text"] for one in first["evidence"]]
    assert len(texts) == len(set(texts))


def test_a_limit_in_which_nothing_can_be_started_is_told_as_too_little_memory(release: Release, person: Person) -> None:
    break_by(release, "resources.limits.memory=1Mi", "resources.requests.memory=1Mi")

    first = person.finds("CO09", APP)
    assert "1Mi" in first["title"]
    assert "memory" in str(first["remedy"])


def test_a_readiness_probe_that_asks_in_the_wrong_place_is_told_with_what_it_asks(
    release: Release, person: Person
) -> None:
    break_by(release, "readinessProbe.httpGet.path=/nowhere", "readinessProbe.periodSeconds=1")

    first = person.finds("TR01", APP)
    assert "GET /nowhere" in first["title"]
    assert "statuscode: 404" in proof(first)
