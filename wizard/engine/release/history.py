"""A release's history: its revisions, two of them compared, and the values an upgrade starts from. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal

from wizard.core.helm import upgrade_values, values
from wizard.core.helm.chart import Chart, with_subcharts, without_globals
from wizard.core.helm.revision import DEPLOYED
from wizard.core.helm.upgrade_values import KeyDifference, ValueRow
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import activity, records
from wizard.engine.release import compare as comparing
from wizard.engine.release.compare import Comparison
from wizard.engine.release.records import Revision
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents

RevisionText = Literal["values", "all", "manifest"]
_START: Final = timedelta(minutes=10)
"""The longest time between the start of a run and the time that helm writes into its revision."""


async def history(cluster: Cluster, target: Target, runs: Iterable[RunSummary] = ()) -> tuple[Revision, ...]:
    """Every revision, oldest first, with who made it where a run of this machine did.

    Raises:
        Problem: there is no such release, or its records are hidden.
    """
    revisions = [revision for revision, _ in await records.history(cluster, target)]
    if not revisions:
        raise records.missing(target)
    own = sorted((run for run in runs if activity.same(run.target, target)), key=lambda run: run.started)
    makers = _makers(revisions, own)
    return tuple(replace(revision, who=makers.get(revision.revision, "")) for revision in revisions)


def _makers(revisions: Sequence[Revision], runs: Sequence[RunSummary]) -> dict[int, str]:
    """Who made a revision, by its number. A run makes at most one: the first after its start."""
    made = {}
    for run in runs:
        began = parse_time(run.started)
        after = (
            revision
            for revision in revisions
            if began and (when := parse_time(revision.updated)) and began <= when <= began + _START
        )
        if first := next(after, None):
            made[first.revision] = f"{run.who or 'somebody here'} (run {run.id})"
    return made


async def compare(cluster: Cluster, documents: Documents, target: Target, old: int, new: int) -> Comparison:
    """What differs between two revisions, masked; raises Problem."""
    sides = await asyncio.gather(records.read(cluster, target, old), records.read(cluster, target, new))
    return comparing.revisions(documents, *sides)


async def text(cluster: Cluster, documents: Documents, target: Target, revision: int, what: RevisionText) -> str:
    """One revision's values or manifest, masked; raises Problem."""
    record = await records.read(cluster, target, revision)
    if what == "manifest":
        return comparing.manifest(documents, record)
    return comparing.values_text(documents, record, every=what == "all")


@dataclass(frozen=True)
class UpgradeValues:
    """What an upgrade starts from."""

    rows: tuple[ValueRow, ...]
    differs: tuple[KeyDifference, ...]
    """Where the -f files differ from what runs; empty without files."""
    running_chart: str
    next_chart: str

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "running_chart": self.running_chart, "next_chart": self.next_chart,
            "values": [row.to_data() for row in self.rows], "differs": [dict(vars(difference)) for difference in self.differs],
        }  # fmt: skip


async def upgrade_values_of(
    cluster: Cluster,
    target: Target,
    chart: Chart,
    result: Mapping[str, Any],
    files: Sequence[tuple[str, Mapping[str, Any]]],
) -> UpgradeValues:
    """The values of an upgrade in four columns, for any release that runs.

    Raises:
        Problem: there is no such release, or its record is hidden or unreadable.
    """
    heads = await records.require_heads(cluster, target)
    deployed = [head.revision for head in heads if head.status == DEPLOYED]
    record = await records.read(cluster, target, deployed[-1] if deployed else heads[-1].revision)
    over: dict[str, Any] = {}
    for _, tree in files:
        over = values.merge(over, tree)
    old = without_globals(record.defaults, chart.subcharts)
    new = with_subcharts(chart.defaults, chart.subcharts)
    return UpgradeValues(
        upgrade_values.rows(old, new, record.config, values.merge(new, result)),
        upgrade_values.against_file(record.config, over, new) if files else (),
        f"{record.chart}-{record.chart_version}",
        f"{chart.name}-{chart.version}",
    )
