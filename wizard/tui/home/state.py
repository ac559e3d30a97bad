"""Frozen snapshots that cross from the bridge to screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.errors import Problem
    from wizard.core.kube.kubeconfig import Kubeconfig
    from wizard.core.run.summary import RunSummary
    from wizard.engine.preflight.overview import HomeLine
    from wizard.engine.release.rows import ReleasesView

Goal = Literal["run", "values", "check"]
"""Why questions are asked: to run, to write the values file only, to check only."""


@dataclass(frozen=True)
class HomeState:
    """The data of home. None means not read yet."""

    config: Kubeconfig | None = None
    overview: tuple[HomeLine, ...] = ()
    releases: ReleasesView | None = None
    runs: tuple[RunSummary, ...] = ()
    drafts: tuple[tuple[str, Draft], ...] = ()
    problem: Problem | None = None
    """Why home was opened instead of another screen, or why the start failed."""
    complete: bool = False

    @property
    def going_on(self) -> tuple[RunSummary, ...]:
        """Runs that have not ended."""
        return tuple(run for run in self.runs if run.state in ("running", "hung", "orphaned"))
