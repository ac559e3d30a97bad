"""The list of checks, red first, with one in hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wizard.core.rules.check import CheckResult
from wizard.tui.review.view import check_row
from wizard.tui.widgets.rows import Lines


class Checks(Lines):
    """Checks as a list; `told` is called when another one is in hand."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__(id="checks")
        self._told = told
        self._found: tuple[CheckResult, ...] = ()

    def update(self, found: Sequence[CheckResult]) -> None:
        """Show these; the cursor stays on its check once the person has moved it off the first."""
        here = self.check
        self._found = tuple(found)
        if here and self.cursor:
            ids = [one.id for one in self._found]
            self.cursor = ids.index(here.id) if here.id in ids else 0
        self.rebuild()

    def build(self, width: int) -> None:
        """One row a check."""
        self.rows = tuple(check_row(one, width, here=number == self.cursor) for number, one in enumerate(self._found))
        self.pickable = tuple(range(len(self._found)))

    def moved(self) -> None:
        """Another check is in hand."""
        self.rebuild()
        self._told()

    @property
    def check(self) -> CheckResult | None:
        """The check in hand."""
        return self._found[self.cursor] if self.cursor < len(self._found) else None
