"""The lines of home: cluster, you, tools, releases, and what this cluster has and what that means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from wizard.core.errors import Problem
from wizard.core.helm.version import parse
from wizard.core.kube import status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.target import Target
from wizard.engine import cluster_identity
from wizard.engine.release import listing
from wizard.ports.cluster import Cluster

if TYPE_CHECKING:
    from wizard.core.rules.check import State
    from wizard.engine.answers import Answers
    from wizard.engine.preflight.cluster_lines import ClusterLines
    from wizard.engine.state import SessionState

_LIMIT: Final = 6.0
"""Seconds a line may take before its state is "unknown"."""
_UNREACHABLE: Final = (("x", "other cluster"), ("R", "retry"), ("v", "values file only"), ("p", "practise"))
_PROVIDERS: Final = {"-eks": "EKS", "-gke": "GKE", "+k3s": "k3s", "+rke2": "RKE2", "-aks": "AKS", "+vmware": "Tanzu"}
_NEEDED: Final = (
    "Deployment",
    "StatefulSet",
    "Service",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
)
_LOGIN: Final = frozenset({"expired", "unauthorized", "no-credentials"})


@dataclass(frozen=True)
class HomeLine:
    """One line. `key` may repeat: the later line replaces the earlier. `keys`: (key to press, what it does).

    For what the cluster has, `next_step` is what it means for an install.
    """

    key: str
    state: State
    title: str
    text: str
    next_step: str = ""
    keys: tuple[tuple[str, str], ...] = ()


async def lines(state: SessionState, answers: Answers) -> AsyncIterator[HomeLine]:
    """The lines as they become known; never raises."""
    config = state.kubeconfig()
    tools = _safely(_tools(state, answers), HomeLine("tools", "unknown", "Tools", "not known"))
    target = _target(state, answers)
    if refused := config.refusal(target.context):
        yield HomeLine("cluster", "fail", "Cluster", refused.what, refused.next_step, _UNREACHABLE)
        yield await tools
        return
    cluster = state.cluster(target)
    asked, has = asyncio.ensure_future(_cluster(state, cluster, config, target)), _OfCluster(state, answers)
    parts = (("you", "You", _you(cluster, target)), ("releases", "Releases", _releases(state)), *has.parts())
    pending = [asked, *map(asyncio.ensure_future, (tools, *_rest(parts, asked)))]
    try:
        for done in asyncio.as_completed(pending):
            if (line := await done) is not None:
                yield line
    finally:
        for task in pending:
            task.cancel()
        has.close()
        await asyncio.gather(*pending, return_exceptions=True)


def _rest(
    parts: Iterable[tuple[str, str, Awaitable[HomeLine]]], asked: asyncio.Future[HomeLine]
) -> Iterable[Awaitable[HomeLine | None]]:
    """The lines that need a cluster that answers; for one that does not, the line of the cluster alone tells it."""

    async def line_of(key: str, title: str, part: Awaitable[HomeLine]) -> HomeLine | None:
        line = await _safely(part, HomeLine(key, "unknown", title, "not known"))
        return line if (await asyncio.shield(asked)).state in ("pass", "warn") else None

    return [line_of(*part) for part in parts]


class _OfCluster:
    """The lines about what the cluster has; made with the first of them: the rules take longer to import than home to paint."""

    def __init__(self, state: SessionState, answers: Answers) -> None:
        self._state, self._answers = state, answers
        self._lines: ClusterLines | None = None

    def parts(self) -> Iterable[tuple[str, str, Awaitable[HomeLine]]]:
        """Key, title and line of each."""
        yield "disk", "database disk", self._line(lambda lines: lines.disk())
        yield "wayin", "way in", self._line(lambda lines: lines.way_in())
        yield "certs", "certificates", self._line(lambda lines: lines.certificates())
        yield "metrics", "metrics", self._line(lambda lines: lines.metrics())
        yield "room", "room", self._line(lambda lines: lines.room())

    async def _line(self, line: Callable[[ClusterLines], Awaitable[HomeLine]]) -> HomeLine:
        if self._lines is None:
            self._lines = self._made()
        return await line(self._lines)

    def _made(self) -> ClusterLines:
        from wizard.engine.preflight import checks, presets
        from wizard.engine.preflight.cluster_lines import ClusterLines

        state, answers, draft = self._state, self._answers, self._answers.new()
        world = checks.world_of(state, answers, draft)
        return ClusterLines(world, state.kept, lambda: presets.compare(state, answers, draft, state.kept))

    def close(self) -> None:
        """Nobody waits for a line any more."""
        if self._lines:
            self._lines.close()


async def _safely(part: Awaitable[HomeLine], otherwise: HomeLine) -> HomeLine:
    try:
        return await asyncio.wait_for(part, _LIMIT)
    except TimeoutError:
        return replace(otherwise, text=f"no answer within {_LIMIT:g} s")
    except ClusterError as error:
        settle = f"To settle it: {error.permission}." if error.permission else ""
        return replace(otherwise, text=error.message.rstrip("."), next_step=settle)
    except Problem as problem:
        return replace(otherwise, state="fail", text=problem.what, next_step=problem.next_step)


def _target(state: SessionState, answers: Answers) -> Target:
    draft = answers.new()
    try:
        return answers.resolve(draft).target
    except Problem:  # the line of the tools reports a bad chart or values file
        options, suggestions = state.options, state.suggestions
        return Target(
            options.context or suggestions.current_context,
            options.namespace or "default",
            kubeconfig=options.kubeconfig,
        )


# Cluster, you, tools, releases


async def _cluster(state: SessionState, cluster: Cluster, config: Kubeconfig, target: Target) -> HomeLine:
    context = config.context(target.context)
    address = f" ({context.server})" if context else ""
    try:
        version = await asyncio.wait_for(cluster.version(timed=True), 2 * _LIMIT)
    except TimeoutError:
        text = f"{target.context}: no answer within {2 * _LIMIT:g} s{address}"
        return HomeLine("cluster", "fail", "Cluster", text, "Check VPN and firewall, then retry.", _UNREACHABLE)
    except ClusterError as error:
        keys = (("L", "log in"), *_UNREACHABLE) if error.kind in _LOGIN else _UNREACHABLE
        step = "Log in again, then retry." if error.kind in _LOGIN else "Retry, or choose another cluster."
        return HomeLine("cluster", "fail", "Cluster", f"{target.context}: {error.message}", step, keys)
    nodes, uid = await asyncio.gather(_nodes(cluster), cluster_identity.uid(cluster))
    name, latency = _named(version["gitVersion"]), version["latency_ms"]
    text = f"{target.context}   {name}, {nodes}, API answers in {latency} ms"
    moved = await asyncio.to_thread(state.moved, target, uid)
    warnings = [sentence for sentence in (moved, context.exposed if context else "") if sentence]
    if warnings:
        return HomeLine("cluster", "warn", "Cluster", text, ". ".join(map(_capital, warnings)) + ".")
    return HomeLine("cluster", "pass", "Cluster", text)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _named(version: str) -> str:
    provider = next((name for mark, name in _PROVIDERS.items() if mark in version), "")
    if provider and (number := parse(version)):
        return f"{provider} {number.major}.{number.minor}"
    return f"Kubernetes {version.removeprefix('v')}"


async def _nodes(cluster: Cluster) -> str:
    try:
        nodes = await asyncio.wait_for(cluster.list("Node"), _LIMIT)
    except (ClusterError, TimeoutError):
        return "nodes hidden from you"
    return f"{sum(map(status.is_ready, nodes))} of {len(nodes)} nodes ready"


async def _you(cluster: Cluster, target: Target) -> HomeLine:
    (user, _), rights, may_make = await asyncio.gather(
        cluster.whoami(),
        asyncio.gather(*(cluster.may("create", kind, target.namespace) for kind in _NEEDED)),
        cluster.may("create", "Namespace"),
    )
    missing = [kind for kind, allowed in zip(_NEEDED, rights, strict=True) if not allowed]
    if not missing:
        beyond = "" if may_make else f" in namespace {target.namespace}"
        return HomeLine("you", "pass", "You", f"{user}, may create everything needed{beyond}")
    if len(missing) == len(_NEEDED):
        step = "Install and upgrade need more rights; status, logs and diagnosis work with what you may read."
        return HomeLine("you", "warn", "You", f"{user}, may create nothing in namespace {target.namespace}", step)
    text = f"{user}, may not create {', '.join(missing)} in namespace {target.namespace}"
    return HomeLine("you", "warn", "You", text, "Ask for these rights, or choose another namespace.")


async def _tools(state: SessionState, answers: Answers) -> HomeLine:
    info = await state.ports.helm.info()
    try:
        chart = await answers.read(answers.new())
    except Problem as problem:
        return HomeLine("tools", "fail", "Tools", f"helm {info.version} ok; {problem.what}", problem.next_step)
    return HomeLine("tools", "pass", "Tools", f"helm {info.version} ok, chart {chart.version}, kubectl not needed")


async def _releases(state: SessionState) -> HomeLine:
    everywhere = state.everywhere()
    view = await anext(aiter(listing.find(state.cluster(everywhere), everywhere, state.suggestions.context_namespace)))
    names = [f"{row.name} in {row.namespace}" for row in view.rows]
    hidden = view.hidden or "nothing hidden from you"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "none"
    if not names and view.hidden:
        return HomeLine("releases", "unknown", "Releases", f"none seen   looked in {view.looked_in}", view.hidden)
    return HomeLine("releases", "pass", "Releases", f"{shown}   looked in {view.looked_in}, {hidden}")
