"""What the rules of a namespace allow, by one review instead of a hundred."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from wizard.core.kube.errors import ClusterError

_FRESH: Final = 5.0
"""Seconds for which the rules are reused; the checks need less than one."""


class Rules:
    """The rules of namespaces as a SelfSubjectRulesReview lists them. Only a yes counts: the list may be incomplete."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, tuple[Mapping[str, Any], ...]]] = {}

    def allow(self, namespace: str, wanted: Mapping[str, str], fetch: Callable[[str], Mapping[str, Any]]) -> bool:
        """Whether a rule surely allows what is wanted (verb, group, resource, subresource, name)."""
        with self._lock:  # a second caller waits for the answer to the first instead of asking again
            at, rules = self._known.get(namespace, (0.0, ()))
            if time.monotonic() - at > _FRESH or not at:
                try:
                    rules = tuple(fetch(namespace).get("resourceRules") or ())
                except ClusterError:
                    rules = ()  # the access review decides
                self._known[namespace] = (time.monotonic(), rules)
        return any(_covers(rule, wanted) for rule in rules)


def _covers(rule: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    noun = wanted["resource"] + (f"/{wanted['subresource']}" if wanted["subresource"] else "")
    names = rule.get("resourceNames") or ()
    return (
        _has(rule, "verbs", wanted["verb"])
        and _has(rule, "apiGroups", wanted["group"])
        and (_has(rule, "resources", noun) or f"*/{wanted['subresource']}" in (rule.get("resources") or ()))
        and (not names or wanted["name"] in names)
    )


def _has(rule: Mapping[str, Any], field: str, word: str) -> bool:
    return not {word, "*"}.isdisjoint(rule.get(field) or ())
