"""The screen that is shown while the terminal is too small; everything else goes on below it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.screen import ModalScreen
from textual.widget import Widget
from typing_extensions import override

from wizard.tui.text import Row, wrap
from wizard.tui.widgets.base import LEAST
from wizard.tui.widgets.rows import Rows


class _Words(Rows):
    """What is wrong and what to do, for the present size."""

    @override
    def build(self, width: int) -> Sequence[Row]:
        size = self.app.size
        text = (
            f"This terminal is {size.width}x{size.height}; the wizard needs {LEAST.width}x{LEAST.height}. "
            "Make it larger: everything goes on, nothing is lost. Ctrl-Q quits."
        )
        return [((" ! too small", "warning"),), (), *(((f" {line}", ""),) for line in wrap(text, max(10, width - 2)))]


class TooSmall(ModalScreen[None]):
    """Covers the screen below until the app takes it away."""

    CSS_PATH = "../styles/modal.tcss"
    foreseen = False

    @override
    def compose(self) -> Iterable[Widget]:
        yield _Words()

    def on_resize(self) -> None:
        """Show the new size."""
        self.query_one(_Words).rebuild()
