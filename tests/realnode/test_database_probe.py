"""The probe of an external database on a real node: a real pod, a real PostgreSQL, its words, and nothing left."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.realnode import images, node
from tests.realnode.conftest import RELEASE, Release, new_release, until
from tests.realnode.person import Person

pytestmark = pytest.mark.real
WRONG = "hunter2-hunter2"
COMMAND = (
    "check", "--preset", "dev", "--only", "D01", "--probe", "--existing-secret", "postgres=db-login", "--output", "json", "--set",
    "externalDatabase.sslmode=disable", "--answer", f"image=llm-cost-ops:{images.APP_TAGS[0]}", "--answer", "database=external",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(node: node.Node) -> Iterator[Release]:
    """A PostgreSQL that another release runs, with a role and a database for ours."""
    with new_release("helm4", node) as one:
        one.install(sets=("redis.enabled=false",))
        for text in (
            "create role costs login password 'right'", "create database costs owner costs", "create role other login password 'right'",
        ):  # fmt: skip
            assert one.sql(text).startswith("CREATE"), text
        yield one


@pytest.fixture
def person(node: node.Node, tmp_path: Path) -> Iterator[Person]:
    """Somebody who is about to install another release, in a namespace that enforces restricted pod security."""
    with new_release("helm4", node) as one:
        yield Person(one, tmp_path)


def checked(person: Person, server: Release, *, password: str = "right", **changed: str) -> dict[str, Any]:
    """D01 of `check --probe`, with that password in a Secret; afterwards no pod is there."""
    release = person.release
    release.kubectl("delete", "secret", "db-login", "--ignore-not-found")
    if password:
        made = release.kubectl("create", "secret", "generic", "db-login", f"--from-literal=password={password}")
        assert made.code == 0, made.err
    answers = {
        "database.user": "costs", "database.name": "costs",
        "database.host": f"{RELEASE}-postgresql.{server.namespace}.svc", **{key.replace("_", "."): text for key, text in changed.items()},
    }  # fmt: skip
    given = [word for key, text in answers.items() for word in ("--answer", f"{key}={text}")]
    said = person.call(
        *COMMAND, *given, codes=(0, 3),
    )  # fmt: skip
    assert release.get("pods")["items"] == []
    assert WRONG not in said
    (result,) = json.loads(said)["checks"]
    found: dict[str, Any] = result
    return found


def test_each_step_is_told_apart_in_the_words_of_postgresql_and_the_pod_is_gone(
    person: Person, server: Release
) -> None:
    good = checked(person, server)
    assert good["state"] == "pass", good
    assert "costs is logged in to costs at" in good["evidence"][0]
    assert "PostgreSQL 16." in good["evidence"][0]

    for changed, words, question in (
        ({"password": WRONG}, 'login: FATAL:  password authentication failed for user "costs"', "secret.postgres"),
        ({"database_name": "gone"}, 'database: FATAL:  database "gone" does not exist', "database.name"),
        ({"database_user": "other"}, "privilege: other may not create tables in schema public", "database.user"),
        ({"database_host": "db.nowhere.invalid"}, 'DNS: could not translate host name "db.nowhere.invalid"', "database.host"),
        ({"database_host": server.get("service", f"{RELEASE}-postgresql")["spec"]["clusterIP"], "database_port": "5433"}, "TCP: ", "database."),
        ({"password": ""}, "login: Secret db-login is not there or empty", "secret.postgres"),
    ):  # fmt: skip
        found = checked(person, server, **changed)
        assert found["state"] == "fail", (changed, found)
        assert found["evidence"][0].startswith(words), (changed, found)
        assert found["question"].startswith(question)


def test_an_interrupted_probe_leaves_nothing_and_what_a_killed_one_left_goes_with_the_next(
    person: Person, server: Release
) -> None:
    release = person.release
    # Nothing answers there: the address is of the range that documentation uses (RFC 5737).
    silent = (*COMMAND, "--answer", "database.host=192.0.2.1", "--answer", "database.user=costs")

    def pods() -> list[Any]:
        found: list[Any] = release.get("pods")["items"]
        return found

    interrupted = person.start(*silent)
    until(pods, "the pod of the probe is there")
    interrupted.send_signal(signal.SIGINT)
    interrupted.communicate(timeout=30)
    assert interrupted.returncode == 130
    until(lambda: not pods(), "it is gone", 10)

    killed = person.start(*silent)
    until(pods, "the pod of the next one is there")
    killed.kill()
    killed.communicate()
    assert pods()
    until(lambda: pods()[0]["status"]["phase"] in ("Succeeded", "Failed"), "it ends by itself", 60)
    assert checked(person, server)["state"] == "pass"
