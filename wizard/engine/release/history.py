"""A release's past: its revisions, two of them compared, and the values an upgrade starts from. Reads only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Literal

from wizard.core.helm import upgrade_values, values
from wizard.core.helm.revision import DEPLOYED
from wizard.core.helm.upgrade_values import KeyDifference, ValueRow
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import activity, records
from wizard.engine.release import compare as comparing
from wizard.engine.release.compare import Comparison
from wizard.engine.release.records import Revision
from wizard.ports.charts import Chart
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.store import RunSummary

RevisionText = Literal["values", "all", "manifest"]
_START: Final = timedelta(minutes=10)
"""Between the start of a run and the time that helm writes into its revision there is no more than this."""


async def history(cluster: Cluster, target: Target, runs: Iterable[RunSummary] = ()) -> tuple[Revision, ...]:
    """Every revision, oldest first, with who made it where a run of this machine did.

    Raises:
        Problem: there is no such release, or its records are hidden.
    """
    found = [one for one, _ in await records.history(cluster, target)]
    if not found:
        raise records.missing(target)
    mine = sorted((run for run in runs if activity.same(run.target, target)), key=lambda run: run.started)
    makers = _makers(found, mine)
    return tuple(replace(one, who=makers.get(one.revision, "")) for one in found)


def _makers(revisions: Sequence[Revision], runs: Sequence[RunSummary]) -> dict[int, str]:
    """Who made a revision, by its number. A run makes one, the first after its start; what follows is somebody else's."""
    made = {}
    for run in runs:
        began = parse_time(run.started)
        after = (
            one for one in revisions if began and (when := parse_time(one.updated)) and began <= when <= began + _START
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
    """Where the -f files say something else than what runs; empty without files."""
    running_chart: str
    next_chart: str

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "running_chart": self.running_chart, "next_chart": self.next_chart,
            "values": [one.to_data() for one in self.rows], "differs": [dict(vars(one)) for one in self.differs],
        }  # fmt: skip


async def upgrade_values_of(
    cluster: Cluster,
    target: Target,
    chart: Chart,
    result: Mapping[str, Any],
    files: Sequence[tuple[str, Mapping[str, Any]]],
) -> UpgradeValues:
    """The four columns for a release that runs, whoever made it.

    Raises:
        Problem: there is no such release, or its record is hidden or unreadable.
    """
    known = await records.known(cluster, target)
    deployed = [one.revision for one in known if one.status == DEPLOYED]
    record = await records.read(cluster, target, deployed[-1] if deployed else known[-1].revision)
    over: dict[str, Any] = {}
    for _, tree in files:
        over = values.merge(over, tree)
    old = upgrade_values.without_globals(record.defaults, chart.subcharts)
    new = upgrade_values.with_subcharts(chart.defaults, chart.subcharts)
    return UpgradeValues(
        upgrade_values.rows(old, new, record.config, values.merge(new, result)),
        upgrade_values.against_file(record.config, over, new) if files else (),
        f"{record.chart}-{record.chart_version}",
        f"{chart.name}-{chart.version}",
    )
