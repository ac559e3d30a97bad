"""Where charts are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wizard.core.helm.chart import Chart
    from wizard.core.helm.value_tree import Described


class ChartSource(Protocol):
    """Finds charts."""

    def open(self, path: str = "") -> Chart:
        """The chart at the path, or the one of this checkout or wheel; raises Problem when there is none."""
        ...

    def describe(self, chart: Chart) -> Described:
        """What the chart says of its values: schema and comments; raises Problem when they cannot be read."""
        ...
