"""The wizard's diagnosis of containers that really fail: the cause first, with its evidence; a healthy release in peace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.realnode import node
from tests.realnode.conftest import RELEASE, Release, until
from tests.realnode.person import Person
from tests.realnode.test_passwords import EXISTING, POSTGRES, REDIS, make_secrets, set_password

# helm plays no part in a look: one of the two is enough.
pytestmark = [pytest.mark.real, pytest.mark.parametrize("release", ["helm4"], indirect=True)]

APP, DATABASE, CACHE = f"Deployment/{RELEASE}", f"StatefulSet/{RELEASE}-postgresql", f"StatefulSet/{RELEASE}-redis"
GIVEN = "GivenPassword0123456789abcdef0123"
EXACT = "persistence.storageClass=exact-size"


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


def test_a_password_that_is_not_the_databases_is_named_with_its_secret_and_put_right_it_is_quiet(
    release: Release, person: Person, tmp_path: Path
) -> None:
    make_secrets(release, tmp_path, GIVEN)
    release.install(sets=(*EXISTING, "readinessProbe.httpGet.path=/ready"))
    person.finds_nothing()

    set_password(release, "NotTheDatabasePassword")
    release.kubectl("delete", "pod", "-l", "app.kubernetes.io/component=app", "--wait=false")
    first = person.finds("LG01", APP)
    assert "password authentication failed" in proof(first)
    assert POSTGRES in first["title"]
    assert "NotTheDatabasePassword" not in str(first)

    set_password(release, GIVEN)
    release.kubectl("delete", "pod", "-l", "app.kubernetes.io/component=app", "--wait=false")
    person.finds_nothing()


def test_a_volume_with_another_password_is_a_cause_of_the_database_and_the_volume_is_spared(
    release: Release, person: Person
) -> None:
    release.install()
    release.uninstall()
    assert release.kubectl("delete", "secret", POSTGRES).code == 0
    break_by(release, "postgresql.acceptRisk={password-change}")

    first = person.finds("LG01", DATABASE)
    assert "password authentication failed" in proof(first)
    assert "Don't delete the volume" in str(first["remedy"])


def test_a_key_that_is_missing_is_named_with_the_keys_that_are_there(
    release: Release, person: Person, tmp_path: Path
) -> None:
    make_secrets(release, tmp_path, GIVEN)
    release.patch("secret", REDIS, {"data": {"redis-password": None}})
    break_by(release, *EXISTING)

    first = person.finds("CO06", APP)
    assert f"key redis-password of Secret {REDIS}" in first["title"]
    assert f"Secret/{REDIS} keys there: password-urlencoded" in proof(first)


def test_an_app_that_ends_at_once_is_a_crash_with_its_own_last_words_said_once(
    release: Release, person: Person
) -> None:
    break_by(release, "args={nonsense}")

    first = person.finds("CO11", APP)
    assert "exit code 1" in first["title"]
    assert "no such command: nonsense" in proof(first)
    texts = [one["text"] for one in first["evidence"]]
    assert len(texts) == len(set(texts))


def test_an_app_that_takes_too_much_memory_again_and_again_is_told_with_its_limit(
    release: Release, person: Person
) -> None:
    release.install(sets=("resources.limits.memory=64Mi", "resources.requests.memory=32Mi"))
    assert release.logs_in()
    person.finds_nothing()

    def waits_to_be_started() -> bool:
        release.ask("/eat?mb=200")
        states = [s["state"] for p in release.pods("app") for s in p["status"].get("containerStatuses", ())]
        return any(one.get("waiting", {}).get("reason") == "CrashLoopBackOff" for one in states)

    for _ in range(2):  # the second wait is the longer one
        until(waits_to_be_started, "it is killed so often that it has to wait")
    first = person.finds("CO09", APP)
    assert "OOMKilled" in proof(first)
    assert "container app.resources.limits.memory: 64Mi" in proof(first)


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


def test_a_liveness_probe_that_kills_is_told_with_the_event_of_the_kubelet(release: Release, person: Person) -> None:
    break_by(
        release, "livenessProbe.httpGet.path=/nowhere", "livenessProbe.initialDelaySeconds=1",
        "livenessProbe.periodSeconds=1", "readinessProbe.initialDelaySeconds=30",
    )  # fmt: skip

    first = person.finds("CO10", APP)
    assert "event Killing" in proof(first)
    assert "statuscode: 404" in proof(first)


def test_a_full_disk_of_the_database_is_told_with_its_claim_and_size_and_grown_it_is_quiet(
    release: Release, person: Person
) -> None:
    release.install(sets=(f"postgresql.primary.{EXACT}", "postgresql.primary.persistence.size=192Mi"))
    release.sql("create table big as select repeat(md5(g::text), 30) t from generate_series(1, 400000) g")

    first = person.finds("VO06", DATABASE)
    claim = f"data-{RELEASE}-postgresql-0"
    assert claim in first["title"]
    assert f"PersistentVolumeClaim/{claim} status.capacity.storage: 192Mi" in proof(first)
    assert "No space left on device" in proof(first)

    node.grow_volume(release.get("pvc", claim)["spec"]["volumeName"], "1G")
    assert release.kubectl("delete", "pod", f"{RELEASE}-postgresql-0").code == 0
    person.finds_nothing()


def test_a_full_disk_of_the_cache_is_told_with_its_answer_and_grown_it_is_quiet_without_a_restart(
    release: Release, person: Person
) -> None:
    release.install(sets=(f"redis.master.{EXACT}", "redis.master.persistence.size=32Mi"))
    fill = "for i in $(seq 1 80); do printf \"SET k$i \"; head -c 786432 /dev/zero | tr '\\0' x; echo; done | redis-cli"
    assert release.kubectl("exec", f"{RELEASE}-redis-0", "--", "sh", "-c", f"{fill} | sort | uniq -c").code == 0

    first = person.finds("VO06", CACHE)
    claim = f"data-{RELEASE}-redis-0"
    assert claim in first["title"]
    assert "MISCONF Errors writing to the AOF file: No space left on device" in proof(first)

    node.grow_volume(release.get("pvc", claim)["spec"]["volumeName"], "200M")
    person.finds_nothing()
    assert release.redis("set", "kept", "42") == "OK"
    assert release.restarts() == 0
