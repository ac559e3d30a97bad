"""The log pane: a view of the run's log buffer. It renders visible lines only, and can hold without losing a line."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar, Final

from rich.cells import set_cell_size
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from typing_extensions import override

from wizard.core.run.log_buffer import Line, LogBuffer
from wizard.core.run.log_filter import LogFilter
from wizard.core.run.log_view import printed, readable
from wizard.core.run.log_window import Page, Places
from wizard.core.text.words import counted
from wizard.tui.text import Row, cut, rule, time_of_day
from wizard.tui.theme import LOG_TONES
from wizard.tui.widgets.log_history import LogHistory
from wizard.tui.widgets.rows import paint

_ERROR: Final = re.compile(r"\b(error|fatal|panic|exception|traceback|failed|critical)\b", re.IGNORECASE)


class LogPane(LogHistory, can_focus=True):
    """Row 0 is the title; below it come the lines, all of them or those that match the filter."""

    DEFAULT_CSS = "LogPane { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_by(-1)", show=False),
        Binding("down", "scroll_by(1)", show=False),
        Binding("pageup", "scroll_page(-1)", show=False),
        Binding("pagedown", "scroll_page(1)", show=False),
        Binding("home", "oldest", show=False),
        Binding("end", "follow", show=False),
        Binding("left", "shift(-20)", show=False),
        Binding("right", "shift(20)", show=False),
    ]

    class Held(Message):
        """The pane was held, or follows again."""

    def __init__(self) -> None:
        super().__init__(id="logs")
        self.lost = 0
        self.following = True
        self.filter = LogFilter()
        self.owner_of: Callable[[str], str] = lambda _: ""
        """The workload ("Kind/name") of a pod; the screen sets it."""
        self.wanted = ""
        """The text of the search; lines with it are marked."""
        self.fields = True
        self._shift = 0
        self._matches: list[int] = []
        self._scanned = 0
        self._held_at = 0
        self._found: int | None = None
        self._labels: dict[tuple[str, str], tuple[str, str]] = {}
        self._names = 0
        """Cells of the longest label, at most 16."""
        self._base: Style | None = None

    @override
    def notify_style_update(self) -> None:
        self._base = None  # the background may have changed
        super().notify_style_update()

    # What is shown

    def read(self, buffer: LogBuffer, lost: int, places: Places) -> None:
        """Show a log buffer after lines have arrived; `places` maps them to positions in the record."""
        self.places = places
        if buffer is not self.buffer:
            self.close_window()
            self.buffer, self._scanned, self._matches, self._labels, self._names = buffer, 0, [], {}, 0
        self.lost = lost
        self._scan()
        self.refresh()

    def show_only(self, chosen: LogFilter) -> None:
        """Show the lines that a filter chooses."""
        self.filter = chosen
        self._scanned, self._matches = self.buffer.first, []
        self._scan()
        self.action_follow()

    @property
    def _filtered(self) -> bool:
        return not self.filter.shows_all

    @override
    def matching(self) -> Callable[[Line], bool]:
        """The filter's test."""
        return self.filter.matching(self.owner_of)

    def _scan(self) -> None:
        start = max(self._scanned, self.buffer.first)
        self._label(self.buffer.sources(start))
        if self._filtered:
            wanted = self.matching()
            lines = self.buffer.slice(start, self.buffer.end)
            self._matches += [number for number, line in enumerate(lines, start) if wanted(line)]
        self._scanned = self.buffer.end

    @override
    def numbers(self, start: int) -> Sequence[int]:
        """A range or a sorted list."""
        if self._filtered:
            return self._matches[bisect_left(self._matches, start) :]
        return range(max(start, self.buffer.first), self.buffer.end)

    def _label(self, sources: Iterable[tuple[str, str]]) -> None:
        if new := [source for source in dict.fromkeys(sources) if source not in self._labels]:
            for source in new:
                self._labels[source] = ("", f"log.{len(self._labels) % LOG_TONES}")
            self._relabel()

    def _relabel(self) -> None:
        containers = [container for _, container in self._labels]
        for (pod, container), (_, tone) in list(self._labels.items()):
            alone = containers.count(container) == 1
            self._labels[pod, container] = (container if alone else f"{container} {pod.rsplit('-', 1)[-1]}", tone)
        self._names = min(16, max((len(label) for label, _ in self._labels.values()), default=0))

    # Positions: absolute numbers, or indices into the matches

    @property
    def _first(self) -> int:
        if self.window is not None:
            return self.window.first
        return bisect_left(self._matches, self.buffer.first) if self._filtered else self.buffer.first

    @property
    def _end(self) -> int:
        return self._buffer_end if self.window is None else self.window.end

    @property
    def _buffer_end(self) -> int:
        return len(self._matches) if self._filtered else self.buffer.end

    @property
    def _height(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def top(self) -> int:
        """Position of the first visible line."""
        last = max(self._first, self._end - self._height)
        return last if self.following else min(max(self._top, self._first), max(last, self._first))

    # Keys

    def hold(self, top: int | None = None) -> None:
        """Stop following; `top` becomes the first visible line if given."""
        if self.following:
            self._held_at = self._end
        self._top = self.top if top is None else top
        self.following = False
        self._top = self.top
        self.refresh()
        self.post_message(self.Held())

    def action_follow(self) -> None:
        """Follow the newest line again."""
        self.following, self._found = True, None
        self.close_window()
        self.refresh()
        self.post_message(self.Held())

    def action_hold_or_follow(self) -> None:
        """Hold or follow."""
        if self.following:
            self.hold()
        else:
            self.action_follow()

    def action_scroll_by(self, step: int) -> None:
        """Hold and scroll; at the newest line follow again."""
        top = self.top + step
        if step > 0 and self.window is None and top >= self._end - self._height:
            self.action_follow()
            return
        was = self.window
        self.hold(top)
        if was is not None or top < self._first:
            self.reach(top, self._first, self._height)
            self._found = self._found if was is self.window else None
        if step > 0 and top > self.top and self.joined:
            self.action_follow()
        elif step > 0 and (number := self.buffer_number(self.top)) is not None:
            self.close_window()
            self.hold(bisect_left(self._matches, number) if self._filtered else number)

    def action_scroll_page(self, step: int) -> None:
        """Scroll by pages."""
        self.action_scroll_by(step * max(1, self._height - 1))

    def action_oldest(self) -> None:
        """Go to the oldest line of the log buffer, and read the beginning of the record."""
        self.hold(self._first)
        self.read_begin()

    @override
    def take(self, ticket: int, page: Page, *, newer: bool) -> bool:
        if taken := super().take(ticket, page, newer=newer):
            self._label((entry.line.pod, entry.line.container) for entry in page.entries)
            self.hold(self._top)
        return taken

    def action_shift(self, step: int) -> None:
        """Scroll long lines sideways."""
        self._shift = max(0, self._shift + step)
        self.refresh()

    def first_error(self) -> bool:
        """Hold at the first line that names an error; False when there is none."""
        for position in range(self._first, self._end):
            if _ERROR.search(self._line(position).text):
                self.hold(position)
                return True
        return False

    def find(self, text: str, step: int) -> bool:
        """Hold at the next line with a text above (-1) or below (1) the last match; False without one."""
        needle, self.wanted = text.casefold(), text
        start = self._found if self._found is not None else (self._end if self.following else self.top)
        numbers = range(start - 1, self._first - 1, -1) if step < 0 else range(max(start + 1, self._first), self._end)
        for position in numbers:
            if needle in self._line(position).text.casefold():
                self.hold(max(self._first, position - self._height // 2))
                self._found = position
                return True
        self.refresh()
        return False

    def toggle_fields(self) -> None:
        """Show structured lines as fields, or as written."""
        self.fields = not self.fields
        self.refresh()

    def printed(self) -> str:
        """All shown lines in the format of `kubectl logs --prefix --timestamps`; a gap is a comment."""
        return printed(self._line(position) for position in range(self._first, self._end))

    def showing(self) -> str:
        """The visible lines, in the same format."""
        end = min(self._end, self.top + self._height)
        return printed(self._line(position) for position in range(self.top, end))

    def _line(self, position: int) -> Line:
        if self.window is not None:
            return self.window[position].line
        return self.buffer[self._matches[position] if self._filtered else position]

    # Rows

    @override
    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self._base = self._base or self.rich_style  # the property computes it from all ancestors at each call
        if y == 0:
            return paint(self._title(width), width, base)
        position = self.top + y - 1
        return paint(self._row(self._line(position), width) if position < self._end else (), width, base)

    def _title(self, width: int) -> Row:
        names = ", ".join(label for label, _ in self._labels.values()) or "no lines yet"
        of = self.filter.source.rpartition("/")[2]
        only = "".join(
            (
                f"  of {of}" if of else "",
                f'  with "{self.filter.text}"' if self.filter.text else "",
                "  warnings and errors" if self.filter.warnings else "",
                "  before the last restart" if self.filter.previous else "",
                f"  {counted(len(self._matches), 'line')}" if self._filtered and self.window is None else "",
                "" if self.fields else "  as written",
            )
        )
        lost = f"{self.lost} lost" if self.lost else "0 lines lost"
        above = self.buffer.dropped if self.window is None else 0
        dropped = f", {above} older in the record" if above else ""
        state = self._state()
        room = width - len(lost + dropped + only + state) - 16
        return rule(width, f"logs  {cut(names, max(8, room))}{only}   {lost}{dropped}", state, strong=self.has_focus)

    def _state(self) -> str:
        new = self._buffer_end - self._held_at
        if self.following:
            return "following"
        return self.where(self.top, self._first) or (f"held, {new} new below" if new else "held")

    def _row(self, line: Line, width: int) -> Row:
        label, tone = self._labels.get((line.pod, line.container), (line.container, "dim"))
        names = self._names
        text = (readable(line.text) if self.fields else line.text)[self._shift :]
        room = width - names - 13
        if line.gap:
            return ((f" {time_of_day(line.time):8} ", "dim"), (cut(f"! {line.text}", width - 11), "warning"))
        wanted = bool(self.wanted) and self.wanted.casefold() in line.text.casefold()
        sign = "*" if wanted else "<" if line.previous else " "
        return (
            (f" {time_of_day(line.time):8} ", "dim"), (set_cell_size(cut(label, names), names), tone), (f"{sign} ", "dim"),
            (cut(text, room), "accent" if wanted else "warning" if _ERROR.search(line.text[:200]) else ""),
        )  # fmt: skip
