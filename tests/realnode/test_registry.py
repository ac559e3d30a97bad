"""Images at a registry from which the node pulls: what the check says, what really happens, and both once it is put right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.realnode import images, layout, node
from tests.realnode.conftest import Release, until
from tests.realnode.node import trust_registry
from tests.realnode.person import Person
from tests.realnode.test_diagnose import APP, proof
from tests.registry import server
from tests.registry.push import Pushing
from tests.registry.server import PASSWORD, USER, Registry
from wizard.sandbox import toolchain

pytestmark = [pytest.mark.real, pytest.mark.parametrize("release", ["helm4"], indirect=True)]

ALONE = (
    "postgresql.enabled=false",
    "redis.enabled=false",
    "externalDatabase.host=127.0.0.1",
    "externalDatabase.passwordless=true",
    "prometheus.enabled=false",
    "grafana.enabled=false",
)
"""The application without its stores, so that no other image is asked for."""
SECRET = "pull"
PULL = f"imagePullSecrets={{{SECRET}}}"


@pytest.fixture(scope="module")
def registry(node: node.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry with a login at the machine's end of the link to the node."""
    toolchain.ensure_pin(server.PIN)
    with server.running(tmp_path_factory.mktemp("registry"), address=layout.HOST_ADDRESS) as running:
        trust_registry(running.host, running.authority)
        _, _, database = images.of_store("postgresql").partition("/")
        repository, _, tag = database.partition(":")
        Pushing(running).image(repository, tag)
        yield running


@pytest.fixture
def person(release: Release, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Who checks, installs and looks."""
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.authority))
    monkeypatch.delenv("LLM_COST_OPS_OFFLINE", raising=False)  # the one registry that is asked is at this machine
    return Person(release, tmp_path)


def image(registry: Registry, repository: str) -> str:
    """What the release is to run."""
    return f"{registry.host}/{repository}:v1"


def push(registry: Registry, repository: str) -> None:
    """The stand-in, as the node has it under another name."""
    archive = next(layout.archives().glob("app-*.tar"))
    Pushing(registry).archive(repository, "v1", archive)


def log_in(release: Release, registry: Registry, password: str = PASSWORD) -> None:
    """The pull Secret, with that password."""
    release.kubectl("delete", "secret", SECRET, "--ignore-not-found")
    given = (f"--docker-server={registry.host}", f"--docker-username={USER}", f"--docker-password={password}")
    assert release.kubectl("create", "secret", "docker-registry", SECRET, *given).code == 0


def checked(person: Person, of: str, *answers: str) -> dict[str, dict[str, Any]]:
    """What M01 and M02 say of an install with that image."""
    alone = (*ALONE, f"postgresql.image.registry={of.partition('/')[0]}")  # of the pods of helm test
    words = [word for one in alone for word in ("--set", one)]
    given = [word for one in (f"image={of}", *answers) for word in ("--answer", one)]
    said = person.call(
        "check", "--only", "M01", "--only", "M02", "--output", "json", *words, *given, codes=(0, 1, 2, 3)
    )
    return {one["id"]: one for one in json.loads(said)["checks"]}


def go_on(release: Release, of: str, *sets: str, wait: str = "1s") -> int:
    """Have helm install or upgrade in spite of what the check says, by default without waiting; returns its code."""
    repository, _, tag = of.rpartition(":")
    host, _, rest = repository.partition("/")
    named = (f"image.registry={host}", f"image.repository={rest}", f"image.tag={tag}")
    return release.apply("upgrade", "--install", sets=(*ALONE, *named, *sets), timeout=wait).code


def test_a_tag_that_is_not_there(release: Release, person: Person, registry: Registry) -> None:
    of = image(registry, "acme/missing")
    log_in(release, registry)
    Pushing(registry).image("acme/missing", "v0")

    assert checked(person, of, f"image.pullSecret={SECRET}")["M01"]["state"] == "fail"
    go_on(release, of, PULL)
    first = person.finds("CO01", APP)
    assert of in first["title"]
    assert "not found" in proof(first)

    push(registry, "acme/missing")
    said = checked(person, of, f"image.pullSecret={SECRET}")
    assert {one["state"] for one in said.values()} == {"pass"}
    release.kubectl("delete", "pod", "--all", "--wait=false")
    assert go_on(release, of, PULL, wait="60s") == 0
    person.finds_nothing()


def test_a_login_that_is_needed(release: Release, person: Person, registry: Registry) -> None:
    of = image(registry, "acme/private")
    push(registry, "acme/private")

    assert checked(person, of)["M01"]["state"] == "warn"
    go_on(release, of)
    first = person.finds("CO02", APP)
    assert "spec.imagePullSecrets: none" in proof(first)

    log_in(release, registry, "not-the-password")
    assert checked(person, of, f"image.pullSecret={SECRET}")["M01"]["state"] == "fail"
    go_on(release, of, PULL)
    until(lambda: SECRET in proof(person.finds("CO02", APP)), "the Secret is named")

    log_in(release, registry)
    assert checked(person, of, f"image.pullSecret={SECRET}")["M01"]["state"] == "pass"
    release.kubectl("delete", "pod", "--all", "--wait=false")
    assert go_on(release, of, PULL, wait="60s") == 0
    person.finds_nothing()


def test_an_image_for_another_architecture(release: Release, person: Person, registry: Registry) -> None:
    of = image(registry, "acme/other")
    log_in(release, registry)
    Pushing(registry).index("acme/other", "v1", "s390x", "arm64")

    said = checked(person, of, f"image.pullSecret={SECRET}")
    assert (said["M01"]["state"], said["M02"]["state"]) == ("pass", "fail")
    go_on(release, of, PULL)
    first = person.finds("CO04", APP)
    assert "platform" in proof(first)

    push(registry, "acme/other")
    said = checked(person, of, f"image.pullSecret={SECRET}")
    assert {one["state"] for one in said.values()} == {"pass"}
    release.kubectl("delete", "pod", "--all", "--wait=false")
    assert go_on(release, of, PULL, wait="60s") == 0
    person.finds_nothing()
