"""The list of checks, failed ones first, with a cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from typing_extensions import override

from wizard.core.rules.check import CheckResult
from wizard.tui.review.view import check_row
from wizard.tui.widgets.rows import RowList


class Checks(RowList):
    """Checks as a list; `changed` is called when another check is selected."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(id="checks")
        self._changed = changed
        self._results: tuple[CheckResult, ...] = ()

    def update(self, results: Sequence[CheckResult]) -> None:
        """Show results; the cursor stays on its check once the person has moved it off the first one."""
        before = self.check
        self._results = tuple(results)
        if before and self.cursor:
            ids = [result.id for result in self._results]
            self.cursor = ids.index(before.id) if before.id in ids else 0
        self.rebuild()

    @override
    def build(self, width: int) -> None:
        self.rows = tuple(
            check_row(result, width, chosen=number == self.cursor) for number, result in enumerate(self._results)
        )
        self.pickable = tuple(range(len(self._results)))

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows
        self._changed()

    @property
    def check(self) -> CheckResult | None:
        """The selected check."""
        return self._results[self.cursor] if self.cursor < len(self._results) else None
