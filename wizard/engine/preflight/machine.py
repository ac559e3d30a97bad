"""Collectors of this machine: helm, chart, values, and what they render."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.answers import validate
from wizard.core.errors import Problem
from wizard.core.helm import capabilities, unused_values
from wizard.core.helm.chart import Chart
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.kube.objects import Object
from wizard.core.rules import shape
from wizard.core.rules.check import Absent, FactFailure, Unknown
from wizard.core.rules.facts import (
    ChartFound,
    HelmFound,
    Rendered,
    Server,
    Values,
)
from wizard.core.target import Target
from wizard.engine.preflight.world import NO_NAME, World

_MOST_UNREAD: Final = 50
_PER_OBJECT: Final = 50
"""Connections that are opened while helm renders: then each object is asked for and tried."""
_SHAPE: Final = "Correct the value that this comes from, or the chart's template."
_TESTS: Final = frozenset({"test", "test-success", "test-failure"})


async def target(world: World, _: Mapping[str, Any]) -> Target:
    """Where it goes."""
    return world.target


async def logout(world: World, _: Mapping[str, Any]) -> tuple[str, str]:
    """Why a run would not outlive this person's logout, and what to do."""
    return world.logout


async def kubeconfig(world: World, _: Mapping[str, Any]) -> Kubeconfig | Absent:
    """The kubeconfig."""
    return world.kubeconfig or Absent("was read before")


async def helm(world: World, _: Mapping[str, Any]) -> HelmFound | FactFailure:
    """Which helm there is."""
    try:
        info = await world.helm.info()
    except Problem as problem:
        return FactFailure("W01", problem.what, problem.next_step)
    return HelmFound(info.path, info.version)


async def chart(world: World, _: Mapping[str, Any]) -> ChartFound | FactFailure:
    """The chart, or why there is none."""
    chart = world.chart
    if isinstance(chart, Problem):
        return FactFailure("W08", chart.what, chart.next_step)
    if isinstance(chart, str):
        return ChartFound(chart, "", "", "")
    return ChartFound(chart.path, chart.name, chart.version, chart.kube_version, chart.shown)


async def values(world: World, _: Mapping[str, Any]) -> Values | FactFailure:
    """The values of the draft; no text where they are in a file."""
    if world.values is None:
        return Values("")
    values = await asyncio.shield(world.values())
    if problem := values.problem:
        return FactFailure("W10", problem.what, problem.next_step, question=problem.question)
    return values


async def rendered(world: World, inputs: Mapping[str, Any]) -> Rendered | FactFailure | Unknown | Absent:
    """What helm renders of the chart with the values."""
    values: Values | FactFailure | Unknown | Absent = inputs["values"]
    if not isinstance(values, Values):
        return values
    if validate.release(world.target.release):
        return NO_NAME
    server, served = inputs["server"], inputs["served"]
    kube = server.version if isinstance(server, Server) else ""
    opening = asyncio.ensure_future(world.cluster.connect(_PER_OBJECT))
    try:
        text = await world.helm.template(
            world.target, inputs["chart"].path, world.values_path, kube_version=kube, values_text=values.text,
            api_versions=capabilities.custom(served) if isinstance(served, tuple) else (),
        )  # fmt: skip
        documents = world.documents.load_all(text, "helm template")
    except Problem as problem:
        question = _question_of(problem.what, world.value_questions)
        return FactFailure("W10", problem.what, problem.next_step, question=question)
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    objects = [
        document
        for document in documents
        if isinstance(document, dict) and document.get("kind") and document.get("metadata")
    ]
    rendered = tuple(document for document in objects if not _is_test(document))
    if what := shape.wrong(rendered):
        return FactFailure("W10", f"the API server would refuse what the chart renders: {what}", _SHAPE)
    return Rendered(rendered, tuple(document for document in objects if _is_test(document)), text)


async def unread(world: World, inputs: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | Absent:
    """(path, nearest path that there is) of given values that the chart does not have."""
    chart = world.chart
    if not isinstance(chart, Chart):
        return Absent("waits for W10")

    def compare() -> tuple[tuple[str, str], ...]:
        given: Any = next(iter(world.documents.load_all(inputs["values"].text, "the values")), {})
        known = {**chart.defaults, **chart.subcharts}
        paths = unused_values.unread(given or {}, known)
        return tuple((path, unused_values.nearest(path, known)) for path in paths[:_MOST_UNREAD])

    return await asyncio.to_thread(compare)


def _is_test(obj: Object) -> bool:
    hooks = str((obj["metadata"].get("annotations") or {}).get("helm.sh/hook", ""))
    return bool(_TESTS.intersection(part.strip() for part in hooks.split(",")))


def _question_of(message: str, questions: Mapping[str, str]) -> str:
    """The question whose value helm's message names, as in "at '/ingress/hosts/0/host': ...", longest path first."""
    for path in sorted(questions, key=len, reverse=True):
        pointer = "/" + path.replace("[", ".").replace("]", "").replace(".", "/")
        if f"'{pointer}" in message or path in message:
            return questions[path]
    return ""
