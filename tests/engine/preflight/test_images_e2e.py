"""Images at a registry of this machine: what the checks say before an install, and after the image was pushed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.adapters import loopback
from tests.conftest import Bed
from tests.registry import server
from tests.registry.push import Pushing
from tests.registry.server import PASSWORD, USER, Registry
from wizard import compose
from wizard.core.rules.check import CheckResult
from wizard.engine.session import Session
from wizard.engine.state import Options

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]
IDS = ("M01", "M02", "M05")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Iterator[Registry]:
    with server.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
async def session(
    sandbox: Bed, namespace: str, registry: Registry, tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Session]:
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.authority))
    sandbox.kubectl("create", "namespace", namespace)
    made = compose.session(Options(kubeconfig=sandbox.kubeconfig, namespace=namespace), helm_path=tool("helm4"))
    made.kubeconfig()
    yield made
    await made.close()


async def checked(session: Session, image: str, **answers: str) -> dict[str, CheckResult]:
    draft = session.answers.new().with_answers(
        {"image": image, **{key.replace("_", "."): text for key, text in answers.items()}}
    )
    return {one.id: one async for one in session.installer.checks(draft, IDS)}


def log_in(sandbox: Bed, namespace: str, registry: Registry, name: str, password: str = PASSWORD) -> None:
    named = (f"--docker-server={registry.host}", f"--docker-username={USER}", f"--docker-password={password}")
    sandbox.kubectl("-n", namespace, "create", "secret", "docker-registry", name, *named)


async def test_a_tag_that_is_missing_fails_until_it_is_pushed(
    session: Session, sandbox: Bed, namespace: str, registry: Registry
) -> None:
    push, image = Pushing(registry), f"{registry.host}/acme/llm-cost-ops:v1.1.0"
    push.index("acme/llm-cost-ops", "v1.0.0", "amd64", "arm64")
    log_in(sandbox, namespace, registry, "pull")
    missing = await checked(session, image, image_pullSecret="pull")
    push.index("acme/llm-cost-ops", "v1.1.0", "amd64", "arm64")
    there = await checked(session, image, image_pullSecret="pull")
    assert (missing["M01"].state, missing["M01"].blocking, missing["M01"].question) == ("fail", True, "image")
    assert f"runs {image}, and {registry.host} has no such tag; near it: v1.0.0" in missing["M01"].evidence[0]
    assert {name: one.state for name, one in missing.items() if name != "M01"} == {"M02": "skipped", "M05": "skipped"}
    assert {name: one.state for name, one in there.items()} == {"M01": "pass", "M02": "pass", "M05": "skipped"}


async def test_a_login_that_is_wrong_or_missing_is_said_and_never_shown(
    session: Session, sandbox: Bed, namespace: str, registry: Registry
) -> None:
    image = f"{registry.host}/acme/llm-cost-ops:v2"
    Pushing(registry).image("acme/llm-cost-ops", "v2")
    log_in(sandbox, namespace, registry, "wrong", "canary-of-a-wrong-login")
    wrong = await checked(session, image, image_pullSecret="wrong")
    none = await checked(session, image)
    assert (wrong["M01"].state, wrong["M01"].question) == ("fail", "image.pullSecret")
    assert "refuses the login of Secret wrong" in wrong["M01"].evidence[0]
    assert (none["M01"].state, none["M01"].blocking) == ("warn", False)
    assert "no pull Secret is named" in none["M01"].evidence[0]
    assert "canary" not in repr((wrong, none))


async def test_an_image_for_other_nodes_fails(
    session: Session, sandbox: Bed, namespace: str, registry: Registry
) -> None:
    Pushing(registry).image("acme/llm-cost-ops", "arm", "s390x")
    log_in(sandbox, namespace, registry, "pull")
    found = await checked(session, f"{registry.host}/acme/llm-cost-ops:arm", image_pullSecret="pull")
    assert (found["M01"].state, found["M02"].state, found["M02"].blocking) == ("pass", "fail", True)
    assert "built for linux/s390x; the nodes that may take it are linux/" in found["M02"].evidence[0]


async def test_a_registry_that_hangs_is_unknown_in_time_and_blocks_nothing(session: Session) -> None:
    with loopback.silent() as address:
        began = time.monotonic()
        found = await checked(session, f"{address.removeprefix('http://')}/acme/llm-cost-ops:v1")
    assert time.monotonic() - began < 15
    assert (found["M01"].state, found["M01"].blocking) == ("unknown", False)
    assert "did not answer in time" in found["M01"].evidence[0]


async def test_a_sandbox_asks_no_registry_beyond_this_machine(session: Session) -> None:
    found = await checked(session, "ghcr.io/acme/llm-cost-ops:v1")
    assert {one.state for one in found.values()} == {"skipped"}
    assert found["M01"].evidence == ("a sandbox pulls no image",)
