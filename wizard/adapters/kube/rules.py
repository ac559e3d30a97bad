"""What the rules of a namespace allow, by one review instead of a hundred."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from wizard.core.kube.errors import ClusterError
from wizard.core.limits import maps_of

_FRESH: Final = 5.0
"""Seconds for which the rules are reused; the checks need less than one."""
Fetch = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Namespace -> the status of its review; raises ClusterError."""


class Rules:
    """The rules of namespaces as a SelfSubjectRulesReview lists them. Only a yes counts: the list may be incomplete."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[float, asyncio.Future[tuple[Mapping[str, Any], ...]]]] = {}

    async def allow(self, namespace: str, wanted: Mapping[str, str], fetch: Fetch) -> bool:
        """Whether a rule surely allows what is wanted (verb, group, resource, subresource, name)."""
        at, asked = self._asked.get(namespace, (0.0, None))
        if asked is None or asked.cancelled() or time.monotonic() - at > _FRESH:
            asked = asyncio.ensure_future(_fetched(namespace, fetch))
            self._asked[namespace] = (time.monotonic(), asked)
        # Many callers wait for one answer; one that is cancelled leaves it to the others.
        return any(_covers(rule, wanted) for rule in await asyncio.shield(asked))


async def _fetched(namespace: str, fetch: Fetch) -> tuple[Mapping[str, Any], ...]:
    try:
        return maps_of(await fetch(namespace), "resourceRules")
    except ClusterError:
        return ()  # the access review decides


def _covers(rule: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    noun = wanted["resource"] + (f"/{wanted['subresource']}" if wanted["subresource"] else "")
    return (
        _has(rule, "verbs", wanted["verb"], "*")
        and _has(rule, "apiGroups", wanted["group"], "*")
        and _has(rule, "resources", noun, "*", f"*/{wanted['subresource']}")
        and (not rule.get("resourceNames") or _has(rule, "resourceNames", wanted["name"]))
    )


def _has(rule: Mapping[str, Any], field: str, *words: str) -> bool:
    """Whether the list under a field has one of the words; what is no list has none."""
    values = rule.get(field)
    return isinstance(values, list) and any(word in values for word in words)
