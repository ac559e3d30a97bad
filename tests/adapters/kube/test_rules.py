from __future__ import annotations

import asyncio
from typing import Any

import pytest

from wizard.adapters.kube.rules import Rules
from wizard.core.kube.errors import ClusterError

RULES: list[dict[str, Any]] = [
    {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "pods/log"]},
    {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]},
    {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"]},
    {"verbs": ["get"], "apiGroups": ["*"], "resources": ["*/scale"]},
]


def wanted(verb: str, resource: str, group: str = "", name: str = "") -> dict[str, str]:
    noun, _, sub = resource.partition("/")
    return {"verb": verb, "group": group, "resource": noun, "subresource": sub, "name": name}


@pytest.mark.parametrize(
    ("what", "allowed"),
    [
        (wanted("list", "pods"), True),
        (wanted("delete", "pods"), False),
        (wanted("get", "pods/log"), True),
        (wanted("get", "pods/exec"), False),
        (wanted("delete", "deployments", "apps"), True),
        (wanted("delete", "deployments", "extensions"), False),
        (wanted("get", "secrets"), False),
        (wanted("get", "secrets", name="mine"), True),
        (wanted("get", "secrets", name="other"), False),
        (wanted("get", "statefulsets/scale", "x"), True),
    ],
)
async def test_a_rule_allows_what_it_says_and_nothing_more(what: dict[str, str], allowed: bool) -> None:
    async def fetch(_: str) -> dict[str, Any]:
        return {"resourceRules": RULES}

    assert await Rules().allow("ns", what, fetch) is allowed


YES = {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ([None, 1, "x", [], YES], True),
        ([{**YES, "verbs": None}], False),
        ([{**YES, "verbs": "list"}], False),
        ([{**YES, "resources": {"pods": 1}}], False),
        ([{**YES, "apiGroups": [None, {}, []]}], False),
        ([{**YES, "apiGroups": [None, {}, ""]}], True),
        ([{**YES, "resourceNames": "pods"}], False),
        ([{**YES, "resourceNames": {"": 1}}], False),
        ([{**YES, "resourceNames": None}], True),
        (None, False),
        ("rules", False),
        ({"a": YES}, False),
    ],
)
async def test_a_rule_of_another_shape_allows_nothing_and_leaves_the_others(rules: Any, allowed: bool) -> None:
    async def fetch(_: str) -> dict[str, Any]:
        return {"resourceRules": rules}

    assert await Rules().allow("ns", wanted("list", "pods"), fetch) is allowed


async def test_the_rules_of_a_namespace_are_asked_once() -> None:
    asked: list[str] = []

    async def fetch(namespace: str) -> dict[str, Any]:
        asked.append(namespace)
        return {"resourceRules": RULES}

    rules = Rules()
    await asyncio.gather(*(rules.allow(name, wanted("list", "pods"), fetch) for name in ("a", "a", "b")))
    assert await rules.allow("a", wanted("list", "pods"), fetch)
    assert asked == ["a", "b"]


async def test_rules_that_cannot_be_had_allow_nothing_by_themselves() -> None:
    async def fetch(_: str) -> dict[str, Any]:
        raise ClusterError("forbidden", "no")

    assert not await Rules().allow("ns", wanted("list", "pods"), fetch)


async def test_a_caller_who_leaves_does_not_take_the_answer_from_the_others() -> None:
    answer = asyncio.Event()

    async def fetch(_: str) -> dict[str, Any]:
        await answer.wait()
        return {"resourceRules": RULES}

    rules = Rules()
    first, second = (asyncio.ensure_future(rules.allow("ns", wanted("list", "pods"), fetch)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    answer.set()
    assert await second
