"""Releases as rows. Home shows those that another process has found; what it takes to find them is not imported for that."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from wizard.core.target import Target


@dataclass(frozen=True)
class ReleaseRow:
    """One release. `helm_status` is "" when it is hidden from this person.

    `updated` is when its newest revision was begun, as in helm's own list; where that is hidden, when its first workload
    was made. RFC 3339.
    """

    name: str
    namespace: str
    chart: str = ""
    app_version: str = ""
    revision: int = 0
    helm_status: str = ""
    updated: str = ""
    ready: int = 0
    total: int = 0
    verdict: str = "unknown"
    worst: str = ""

    @property
    def chart_version(self) -> str:
        """The version in the chart's "name-version"; the whole where it has none."""
        found = re.search(r"-(\d+\.\d+\.\d+.*)\Z", self.chart)
        return found[1] if found else self.chart


@dataclass(frozen=True)
class ReleasesView:
    """The releases found, where they were searched, and what is hidden."""

    rows: tuple[ReleaseRow, ...]
    looked_in: str
    hidden: str = ""


Found = tuple[Target, ReleasesView]
"""Where releases were looked for, and what was found."""
Ahead = Callable[[], Awaitable[Found | None]]
"""Waits for what another process looks for; None when that failed."""


async def after(
    ahead: Ahead, target: Target, find: Callable[[], AsyncIterator[ReleasesView]]
) -> AsyncIterator[ReleasesView]:
    """First what another process has found for the target; what `find` yields when that leaves something open."""
    where, view = await ahead() or (None, None)
    if view and where == target and view.rows:
        yield view
        if not view.hidden and all(row.verdict == "ready" for row in view.rows):
            return
    async for view in find():
        yield view
