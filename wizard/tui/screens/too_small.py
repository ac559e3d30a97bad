"""What is shown while the terminal is too small; everything else goes on behind it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.events import Resize
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widget import Widget

from wizard.tui.text import Row, wrap
from wizard.tui.widgets.rows import Rows

LEAST = Size(80, 24)


def fits(size: Size) -> bool:
    """Whether the wizard can show itself."""
    return size.width >= LEAST.width and size.height >= LEAST.height


class TooSmall(ModalScreen[None]):
    """Covers the screen below until the app takes it away."""

    def compose(self) -> Iterable[Widget]:
        """One block of text."""
        yield Rows(id="small")

    def on_resize(self, event: Resize) -> None:
        """Say the size again."""
        width, height = event.size
        text = (
            f"This terminal is {width}x{height}; the wizard needs {LEAST.width}x{LEAST.height}. "
            "Make it larger: everything goes on meanwhile, nothing is lost. Ctrl-Q quits."
        )
        rows: list[Row] = [
            ((" ! too small", "look"),),
            (),
            *(((f" {line}", ""),) for line in wrap(text, max(10, width - 2))),
        ]
        self.query_one("#small", Rows).show(rows)
