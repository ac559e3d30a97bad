"""The list of checks, failed ones first, with a cursor; those that are fine are one row until a person opens it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from typing_extensions import override

from wizard.core.rules.check import CheckResult
from wizard.tui.review.view import check_row, fine_row, is_fine
from wizard.tui.widgets.rows import RowList


class Checks(RowList):
    """Checks as a list; `changed` is called when another check is selected."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(id="checks")
        self._changed = changed
        self._results: tuple[CheckResult, ...] = ()
        self._shown: tuple[CheckResult, ...] = ()
        self._open = False

    def update(self, results: Sequence[CheckResult]) -> None:
        """Show results; the cursor stays on its check once the person has moved it off the first one."""
        before = self.check
        self._results = tuple(results)
        self._show()
        if before and self.cursor:
            ids = [result.id for result in self._shown]
            self.cursor = ids.index(before.id) if before.id in ids else 0
        self.rebuild()

    def toggle(self) -> None:
        """Show the checks that are fine one by one, or as one row."""
        self._open = not self._open
        self._show()
        self.cursor = min(self.cursor, max(0, len(self._shown) - (not self._open)))
        self.rebuild()
        self._changed()

    def _show(self) -> None:
        self._shown = tuple(result for result in self._results if self._open or not is_fine(result))

    @override
    def build(self, width: int) -> None:
        rows = [check_row(result, width, chosen=number == self.cursor) for number, result in enumerate(self._shown)]
        if fine := [result for result in self._results if is_fine(result)]:
            rows += [] if self._open else [fine_row(fine, width, chosen=self.cursor == len(rows))]
        self.rows = tuple(rows)
        self.pickable = tuple(range(len(rows)))

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows
        self._changed()

    @property
    def check(self) -> CheckResult | None:
        """The selected check; None on the row of those that are fine."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None
