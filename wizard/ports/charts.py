"""Where charts are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wizard.core.helm.chart import Chart, ChartOptions
    from wizard.core.helm.value_tree import Described


class ChartSource(Protocol):
    """Opens charts that are on this machine."""

    def is_local(self, reference: str) -> bool:
        """Whether a reference means a place on this machine, by helm's rule: what is there wins."""
        ...

    def open(self, reference: str = "") -> Chart:
        """The chart at a place, or the one of this checkout or wheel; raises Problem when there is none."""
        ...

    def open_packed(self, packed: bytes, reference: str, *, pulled: bool = False) -> Chart:
        """A packed chart that was read already, kept in the cache by its digest; raises Problem when it is none."""
        ...

    def describe(self, chart: Chart) -> Described:
        """What the chart says of its values: schema and comments; raises Problem when they cannot be read."""
        ...

    def in_record(self, chart: Chart) -> Mapping[str, bytes]:
        """The files that helm keeps in the record of each revision, by name; raises Problem when they cannot be read."""
        ...

    def require_same(self, chart: Chart) -> None:
        """Raise Problem when the file of a packed chart is not what was opened any more."""
        ...


class ChartPuller(Protocol):
    """Fetches and verifies charts with helm, as the person's own helm does it. Raises Problem with the next step."""

    async def pull(self, reference: str, options: ChartOptions) -> bytes:
        """The packed chart of a reference that is not on this machine, verified when the options ask for it."""
        ...

    async def verified(self, path: str, options: ChartOptions) -> bytes:
        """The packed chart at the path, whose provenance helm has verified by the .prov beside it."""
        ...
