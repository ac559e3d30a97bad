"""What is asked of registries, with which logins, and when it stops: the registries are in memory."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.fakes import FakeCluster, FakeHelm
from tests.engine.preflight.test_collectors import active, facts, world
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.registry.answer import Answer, Login
from wizard.core.registry.reference import Reference, parse
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import ImageSeen
from wizard.core.text.secrets import Secret
from wizard.engine import images
from wizard.engine.preflight.suggestions import SANDBOX_CONTEXT

THERE = Answer("there", digest="sha256:" + "0f" * 32)
DOWN = Answer("unreachable", "no route")


class FakeRegistries:
    """Answers by image; what is not named is there."""

    def __init__(self, answer: Callable[[str], Answer] = lambda _: THERE) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self._answer = answer
        self.at_once: dict[str, int] = {}
        self.most = 0

    async def image(self, reference: Reference, logins: Sequence[Login], seconds: float) -> Answer:
        assert 0 < seconds <= images.EACH
        self.asked.append((str(reference), tuple(login.pair.reveal() for login in logins)))
        self.at_once[reference.host] = self.at_once.get(reference.host, 0) + 1
        self.most = max(self.most, self.at_once[reference.host])
        await asyncio.sleep(0)
        self.at_once[reference.host] -= 1
        return self._answer(str(reference))


def wanted(*names: str, logins: tuple[Login, ...] = ()) -> list[images.Wanted]:
    return [(parse(name), logins) for name in names]


async def test_a_registry_is_asked_one_at_a_time_and_not_again_once_it_does_not_answer() -> None:
    fake = FakeRegistries(lambda name: DOWN if name.startswith("b.io") else THERE)
    found = await images.ask(fake, wanted("a.io/x", "b.io/x", "a.io/y", "b.io/y", "b.io/z"))
    assert found == [THERE, DOWN, THERE, DOWN, DOWN]
    assert sorted(name for name, _ in fake.asked) == ["a.io/x:latest", "a.io/y:latest", "b.io/x:latest"]
    assert fake.most == 1


async def test_a_limit_counts_for_those_with_the_same_login() -> None:
    fake = FakeRegistries(lambda _: Answer("limited", "too many"))
    login = (Login("docker.io", Secret("me:x")),)
    await images.ask(fake, [*wanted("x", "y"), *wanted("z", "v", logins=login)])
    assert [name for name, _ in fake.asked] == ["docker.io/library/x:latest", "docker.io/library/z:latest"]


async def test_no_more_than_so_many_are_asked_and_none_after_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRegistries()
    found = await images.ask(fake, wanted(*(f"a{number}.io/x" for number in range(images.MOST + 2))))
    assert [one.state for one in found].count("unknown") == 2
    monkeypatch.setattr(images, "ALL", 0.0)
    (late,) = await images.ask(fake, wanted("a.io/x"))
    assert (late.state, late.text) == ("unknown", "a.io was not asked any more after 0 s")


# Facts


def pod(*names: str, **spec: Any) -> dict[str, Any]:
    containers = [{"name": f"c{number}", "image": name} for number, name in enumerate(names)]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}, "spec": {"containers": containers, **spec}}


def logins(**pairs: str) -> str:
    return json.dumps(
        {"auths": {name.replace("_", "."): {"auth": b64encode(pair.encode()).decode()} for name, pair in pairs.items()}}
    )


def with_secret(name: str, text: str, key: str = ".dockerconfigjson", **more: Any) -> FakeCluster:
    cluster = active(**more)
    cluster.add("Secret", name, "ns", data={key: b64encode(text.encode()).decode()})
    return cluster


async def seen(cluster: FakeCluster, fake: FakeRegistries, *objects: dict[str, Any], sandbox: bool = False) -> Any:
    helm = FakeHelm("\n---\n".join(map(json.dumps, objects)))
    of = world(cluster, helm, registries=fake)
    if sandbox:
        config = Kubeconfig(("f",), (Context(SANDBOX_CONTEXT, "https://x", "u", ""),), SANDBOX_CONTEXT)
        of = replace(of, target=replace(of.target, context=SANDBOX_CONTEXT), kubeconfig=config)
    return (await facts(of, "images"))["images"]


async def test_a_login_goes_to_its_registry_alone_and_is_in_no_fact() -> None:
    fake = FakeRegistries()
    pulls = {"imagePullSecrets": [{"name": "mine"}]}
    cluster = with_secret("mine", logins(ghcr_io="me:canary", quay_io="you:canary"))
    found = await seen(cluster, fake, pod("ghcr.io/a/b:1", "docker.io/redis", "ghcr.io.evil.test/x", **pulls))
    assert dict(fake.asked) == {
        "ghcr.io/a/b:1": ("me:canary",),
        "docker.io/library/redis:latest": (),
        "ghcr.io.evil.test/x:latest": (),
    }
    assert found[0] == ImageSeen("ghcr.io/a/b:1", ("Pod/p",), THERE, ("mine",))
    assert "canary" not in repr(found)


async def test_the_older_type_a_rendered_secret_and_that_of_an_account_count_too() -> None:
    older = with_secret("mine", json.dumps(json.loads(logins(ghcr_io="old:x"))["auths"]), ".dockercfg")
    for cluster, objects, pair in (
        (older, [pod("ghcr.io/a/b", imagePullSecrets=[{"name": "mine"}])], "old:x"),
        (
            active(),
            [
                {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "own"}, "stringData": {".dockerconfigjson": logins(ghcr_io="own:x")}},
                pod("ghcr.io/a/b", imagePullSecrets=[{"name": "own"}]),
            ],
            "own:x",
        ),
        (
            with_secret("mine", logins(ghcr_io="account:x")),
            [
                {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": "sa"}, "imagePullSecrets": [{"name": "mine"}]},
                pod("ghcr.io/a/b", serviceAccountName="sa"),
            ],
            "account:x",
        ),
    ):  # fmt: skip
        fake = FakeRegistries()
        await seen(cluster, fake, *objects)
        assert fake.asked == [("ghcr.io/a/b:latest", (pair,))]


async def test_a_secret_that_may_not_be_read_leaves_open_what_wants_a_login() -> None:
    no = ClusterError("forbidden", "eve may not get secrets.", 403, "get secrets")
    cluster = active(refuse={"get Secret mine": no, "secret mine": no})
    (found,) = await seen(
        cluster, FakeRegistries(lambda _: Answer("private")), pod("a.io/x", imagePullSecrets=[{"name": "mine"}])
    )
    assert found.answer == Answer("unknown", "it wants a login, and pull Secret mine may not be read")


async def test_nodes_that_have_an_image_are_told_by_any_of_its_names() -> None:
    cluster = active()
    digest = "sha256:" + "0f" * 32
    names = ["docker.io/library/redis:7", f"docker.io/library/redis@{digest}", "<none>:<none>", None]
    cluster.add("Node", "a", status={"images": [{"names": names}, {"names": None}]})
    cluster.add("Node", "b", status={})
    found = await seen(cluster, FakeRegistries(), pod("redis:7", f"redis:8@{digest}", "redis:9", "Bad"))
    assert [(one.image, one.held_by, one.nodes) for one in found[:3]] == [
        ("redis:7", ("a",), 2), (f"redis:8@{digest}", ("a",), 2), ("redis:9", (), 2),
    ]  # fmt: skip
    assert found[3].answer == Answer("invalid", "its name has capital letters")


async def test_a_sandbox_asks_this_machine_alone_and_any_other_cluster_never() -> None:
    both, fake = pod("127.0.0.1:5000/x", "ghcr.io/a/b"), FakeRegistries()
    (here,) = await seen(active(), fake, both, sandbox=True)
    assert (here.image, [name for name, _ in fake.asked]) == ("127.0.0.1:5000/x", ["127.0.0.1:5000/x:latest"])
    fake = FakeRegistries()
    found = await seen(active(), fake, both)
    assert found[0].answer == Answer("unknown", "127.0.0.1:5000 is each node itself, and not this machine")
    assert [name for name, _ in fake.asked] == ["ghcr.io/a/b:latest"]
    assert await seen(active(), fake, pod("redis"), sandbox=True) == Absent("a sandbox pulls no image")


async def test_while_a_person_types_only_whole_names_are_asked_for() -> None:
    fake = FakeRegistries()
    names = ("ghcr.io/a/b", "ghcr.io/a/b:v1", "registry", "r.io:5000/x", f"r.io:5000/x@{THERE.digest}")
    of = world(active(), FakeHelm("\n---\n".join(json.dumps(pod(name)) for name in names)), registries=fake)
    await facts(replace(of, typing=True), "images")
    assert [name for name, _ in fake.asked] == ["ghcr.io/a/b:v1", f"r.io:5000/x@{THERE.digest}"]
