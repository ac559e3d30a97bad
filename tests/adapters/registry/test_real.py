"""The reference implementation of a registry, with TLS and a login."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.registry import server
from tests.registry.push import Pushing
from tests.registry.server import PASSWORD, USER, Registry
from wizard.adapters.registry.client import RegistryClient
from wizard.core.registry.answer import Answer, Login, Platform
from wizard.core.registry.reference import parse
from wizard.core.text.secrets import Secret

LOGIN = Login("any", Secret(f"{USER}:{PASSWORD}"))
AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
Asks = Callable[..., Awaitable[Answer]]
ARTIFACT = "application/vnd.cncf.helm.config.v1+json"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Iterator[Registry]:
    with server.running(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def asks(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Asks:
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.authority))
    client = RegistryClient(offline=True)

    def ask(image: str, login: Login | None = LOGIN) -> Awaitable[Answer]:
        return client.image(parse(f"{registry.host}/{image}"), (login,) if login else (), 8)

    return ask


async def test_what_was_pushed_is_told_by_tag_and_by_digest(registry: Registry, asks: Asks) -> None:
    push = Pushing(registry)
    index, single = push.index("acme/api", "v1.0", "amd64", "arm64"), push.image("acme/api", "v1.1", "arm64")
    chart = push.image("acme/chart", "v1", kind=ARTIFACT)
    assert await asks("acme/api:v1.0") == Answer("there", "", index, (AMD, ARM), login=True)
    assert await asks(f"acme/api@{index}") == Answer("there", "", index, (AMD, ARM), login=True)
    assert await asks("acme/api:v1.1") == Answer("there", "", single, (ARM,), login=True)
    assert await asks("acme/chart:v1") == Answer("there", "", chart, (), ARTIFACT, login=True)
    assert await asks("acme/api:v1.2") == Answer("missing", "tag", tags=("v1.1", "v1.0"), login=True)
    assert await asks("acme/gone:v1") == Answer("missing", "repository", login=True)
    assert (await asks(f"acme/api@{'sha256:' + '0' * 64}")).text == "digest"


async def test_without_a_login_it_is_private_and_a_wrong_one_is_refused(asks: Asks) -> None:
    assert (await asks("acme/api:v1.0", None)).state == "private"
    wrong = Login("any", Secret(f"{USER}:canary"))
    refused = await asks("acme/api:v1.0", wrong)
    assert (refused.state, refused.login) == ("refused", True)
