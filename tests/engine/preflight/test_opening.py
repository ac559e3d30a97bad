"""What is begun before the checks are imported: what helm is asked, for whom its answer is, and that it ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from tests.engine.fakes import FakeCluster, FakeHelm
from wizard.core.answers.draft import Draft
from wizard.core.target import Target
from wizard.engine.preflight import opening
from wizard.engine.state import SessionState

DRAFT = Draft({"context": "prod", "namespace": "ns", "release": "costs"})
TARGET = Target("prod", "ns", "costs")


def state(helm: FakeHelm) -> SessionState:
    cluster = FakeCluster()
    return cast(
        "SessionState",
        SimpleNamespace(
            ports=SimpleNamespace(helm=helm), kubeconfig=lambda: None, cluster=lambda target: cluster,
            options=SimpleNamespace(namespace="", release="", kubeconfig=""),
            suggestions=SimpleNamespace(current_context="dev"),
        ),
    )  # fmt: skip


async def test_helm_is_asked_at_once_and_its_answer_is_for_targets_of_the_same_cluster() -> None:
    helm = FakeHelm(uid="u1")
    async with opening.begun(state(helm), DRAFT, helm=True) as begun:
        assert helm.asked == ["uid of Namespace kube-system"]
        same, other = begun.uid_for(replace(TARGET, namespace="x", release="y")), replace(TARGET, context="dev")
        assert same is not None
        assert await same == "u1"
        assert begun.uid_for(other) is None
        assert begun.uid_for(replace(TARGET, kubeconfig="/other")) is None


@pytest.mark.parametrize(
    ("helm", "draft", "wanted"),
    [
        (FakeHelm(uid="u1"), DRAFT, False),
        (FakeHelm(uid="u1", other=("HELM_KUBECONTEXT",)), DRAFT, True),
        (FakeHelm(uid="u1"), DRAFT.with_answers({"release": "--post-renderer=x"}), True),
    ],
)
async def test_helm_is_not_asked_where_the_check_is_not_wanted_or_would_not_use_the_answer(
    helm: FakeHelm, draft: Draft, wanted: bool
) -> None:
    async with opening.begun(state(helm), draft, helm=wanted):
        await asyncio.sleep(0.01)
    assert helm.asked == []


async def test_what_nobody_waited_for_is_ended() -> None:
    ended: list[str] = []

    class Slow(FakeHelm):
        async def uid_of(self, target: Target, kind: str, name: str, namespace: str = "") -> str:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(kind)
            return ""

    async with opening.begun(state(Slow()), DRAFT, helm=True):
        pass
    assert ended == ["Namespace"]
