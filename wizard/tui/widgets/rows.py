"""The two widgets that paint rows: a plain block, and a scrolling list with a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from wizard.tui.text import Row, safe
from wizard.tui.theme import CHOSEN, TONES


def paint(row: Row, width: int, base: Style, *, chosen: bool = False) -> Strip:
    """A row as a strip of exactly `width` cells. Everything that is painted passes `safe` here."""
    under = base + CHOSEN if chosen else base
    segments = [Segment(safe(text), under + TONES[tone]) for text, tone in row if text]
    return Strip(segments).adjust_cell_length(width, under)


class Rows(Widget):
    """A block of rows with the height of its rows; it neither scrolls nor takes focus."""

    DEFAULT_CSS = "Rows { height: auto; width: 1fr; }"

    def __init__(self, rows: Sequence[Row] = (), *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self._rows = tuple(rows)
        self._painted: tuple[int, tuple[Row, ...]] = (-1, ())
        self._base: Style | None = None

    @override
    def notify_style_update(self) -> None:
        self._base = None  # the background may have changed
        super().notify_style_update()

    def build(self, width: int) -> Sequence[Row]:
        """The rows for a width; a subclass whose rows depend on the width overrides it."""
        return self._rows

    def show(self, rows: Sequence[Row]) -> None:
        """Replace the rows."""
        if (new := tuple(rows)) != self._rows:
            self._rows = new
            self.rebuild()

    def rebuild(self) -> None:
        """Build again after the state that `build` reads has changed."""
        height = len(self._painted[1])
        self._painted = (-1, ())
        layout = self.styles.height is not None and self.styles.height.is_auto
        width = self.size.width
        self.refresh(layout=bool(layout and (not width or len(self._current(width)) != height)))

    def _current(self, width: int) -> tuple[Row, ...]:
        if self._painted[0] != width:
            self._painted = (width, tuple(self.build(width)))
        return self._painted[1]

    @override
    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._current(width))

    @override
    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = self._current(width)
        self._base = self._base or self.rich_style  # the property computes it from all ancestors at each call
        return paint(rows[y] if y < len(rows) else (), width, self._base)


class RowTable(Protocol):
    """Rows by number: a list, or what makes a row when it is painted."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> Row: ...


class RowList(ScrollView, can_focus=True):
    """A scrolling list of rows. With `pickable` rows a cursor moves over them and stays visible."""

    DEFAULT_CSS = "RowList { height: 1fr; width: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "edge(-1)", "first", show=False),
        Binding("end", "edge(1)", "last", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, classes=classes)
        self.rows: RowTable = ()
        self.pickable: tuple[int, ...] = ()
        """Row numbers that the cursor can select, in order."""
        self.cursor = 0
        """Index into `pickable`."""
        self._base: Style | None = None

    @override
    def notify_style_update(self) -> None:
        self._base = None  # the background may have changed
        super().notify_style_update()

    def build(self, width: int) -> None:
        """Set `rows` and `pickable` for a width; a subclass whose rows depend on the width overrides it."""

    def show(self, rows: RowTable, pickable: Sequence[int] = ()) -> None:
        """Replace the rows; the cursor keeps its index where it can."""
        self.rows, self.pickable = rows, tuple(pickable)
        self._fit()

    def rebuild(self) -> None:
        """Build again after the state that `build` reads has changed."""
        self.build(self.scrollable_content_region.width or self.app.size.width)
        self._fit()

    def moved(self) -> None:
        """Called after the cursor has moved; a subclass may override it."""

    def on_resize(self, _: Resize) -> None:
        """Build again: rows depend on the width."""
        self.rebuild()

    @property
    def cursor_row(self) -> int:
        """Row number under the cursor, -1 without one."""
        return self.pickable[self.cursor] if self.pickable else -1

    def action_move(self, step: int) -> None:
        """Move the cursor, or scroll where there is none."""
        if not self.pickable:
            self.scroll_to(y=self.scroll_offset.y + step, animate=False)
            return
        self._select(self.cursor + step)

    def action_page(self, step: int) -> None:
        """Move or scroll by a page."""
        self.action_move(step * max(1, self.size.height - 1))

    def action_edge(self, end: int) -> None:
        """Go to the first or the last row."""
        self.action_move(end * len(self.rows))

    def _select(self, cursor: int) -> None:
        left, top = self.cursor_row, self.scroll_offset.y
        self.cursor = min(max(0, cursor), len(self.pickable) - 1)
        self._see_cursor()
        if self.scroll_offset.y == top:
            self.refresh_line(left)
            self.refresh_line(self.cursor_row)
        else:
            self.refresh()
        self.moved()

    def _fit(self) -> None:
        self.cursor = min(self.cursor, max(0, len(self.pickable) - 1))
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.rows))
        self._see_cursor()
        self.refresh()

    def _see_cursor(self) -> None:
        height, top, row = self.size.height, self.scroll_offset.y, self.cursor_row
        if row < 0 or not height:
            return
        if self.cursor == 0:
            row = 0  # rows above the first pickable row belong to it
        if row < top or row >= top + height:
            self.scroll_to(y=row if row < top else row - height + 1, animate=False)

    @override
    def render_line(self, y: int) -> Strip:
        """The row under the cursor is highlighted while the list has the focus."""
        number = y + self.scroll_offset.y
        row = self.rows[number] if number < len(self.rows) else ()
        chosen = self.has_focus and number == self.cursor_row
        self._base = self._base or self.rich_style
        return paint(row, self.scrollable_content_region.width, self._base, chosen=chosen)
