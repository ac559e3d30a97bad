"""Which presets fit the cluster: each is rendered with the answers, its disks' classes are looked for, and its pods placed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from wizard.core.answers.resolve import PRESETS
from wizard.core.errors import Problem
from wizard.core.kube.objects import Object
from wizard.core.rules import manifests, workloads
from wizard.core.rules.facts import StorageClass
from wizard.engine.preflight import checks, collectors

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.target import Target
    from wizard.engine.answers import Answers
    from wizard.engine.preflight.kept import Kept
    from wizard.engine.preflight.world import World
    from wizard.engine.state import SessionState

_FACTS: Final = frozenset({"nodes", "pods", "storage_classes"})


async def compare(state: SessionState, answers: Answers, draft: Draft, kept: Kept) -> Mapping[str, str]:
    """Preset -> what of it does not fit here, "" when all does; {} when this person may not see what decides. Never raises."""
    world = checks.world_of(state, answers, draft)
    facts = {name: fact async for name, fact in collectors.facts(world, _FACTS, kept=kept)}
    if not all(isinstance(facts[name], tuple) for name in _FACTS):
        return {}
    found = await asyncio.gather(*(_of(world, answers, draft, preset, facts) for preset in PRESETS))
    return {preset: what for preset, what in zip(PRESETS, found, strict=True) if what is not None}


async def _of(world: World, answers: Answers, draft: Draft, preset: str, facts: Mapping[str, Any]) -> str | None:
    """What of a preset does not fit; None where its chart does not render."""
    try:
        prepared = answers.prepare(draft.with_answers({"preset": preset}))
        text = await world.helm.template(world.target, prepared.chart.path, "", values_text=prepared.text)
        objects = [obj for obj in world.documents.load_all(text, "helm template") if isinstance(obj, dict)]
    except Problem:
        return None
    return await asyncio.to_thread(lambda: "; ".join(_lacks(objects, facts, world.target)))


def _lacks(objects: Sequence[Object], facts: Mapping[str, Any], target: Target) -> Iterator[str]:
    classes: tuple[StorageClass, ...] = facts["storage_classes"]
    known = {one.name for one in classes}
    named = dict.fromkeys(
        str(spec["storageClassName"]) for _, spec in manifests.claims(objects) if spec.get("storageClassName")
    )
    if gone := [name for name in named if name not in known]:
        yield f"no disk class {', '.join(gone)} here"
    placed = workloads.place(objects, {}, facts["nodes"], facts["pods"], target)
    for one in placed.first:
        if not one.fits:
            yield f"room for {len(one.nodes)} of {one.wanted.replicas} pods of {one.wanted.name}"
