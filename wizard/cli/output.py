"""Writes lines: stdout has data, stderr has messages; colour only on a terminal, and never colour alone.

Everything that is printed is made safe here: a text stays one line whatever it contains, known secrets are redacted.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Literal, TextIO

from wizard import streams
from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.text import sanitize, words
from wizard.core.text.redaction import hide, suspect
from wizard.core.text.time import rfc3339

Output = Literal["text", "json", "jsonl"]
_COLOURS: Final[Mapping[str, str]] = {"+": "32", "x": "31;1", "!": "33", "~": "36", "?": "35"}


def time_of(time: str) -> str:
    """The clock time of an RFC 3339 time, in this machine's zone; blanks when it cannot be parsed."""
    # Thousands of log lines share a second and its cached text; fractions are not shown.
    return _clock(f"{time[:19]}Z" if time.endswith("Z") and time[19:20] == "." else time)


@lru_cache(1024)
def _clock(time: str) -> str:
    try:
        return f"{datetime.fromisoformat(time).astimezone():%H:%M:%S}"
    except (ValueError, OverflowError):
        return " " * 8


MORE: Final = "  | "
"""Prefix of every further line of a text, so that it cannot look like a line of the wizard."""


_LONGEST: Final = 1 << 20
"""Characters of a line; external text was cut much earlier."""


def shown(text: str) -> str:
    """Untrusted text as one line that is safe to print: redacted, line breaks made visible."""
    return sanitize.line(hide(text if text.isprintable() else sanitize.line(text, _LONGEST)), _LONGEST)


class Out:
    """The output of one command."""

    def __init__(
        self, mode: Output = "text", *, no_color: bool = False, quiet: bool = False, stdout: TextIO | None = None
    ) -> None:
        self.mode, self.quiet = mode, quiet
        self._stdout = stdout or sys.stdout
        allowed = not no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._colour = allowed and self._stdout.isatty()
        self._colour_messages = allowed and sys.stderr.isatty()
        self._seq = 0

    def line(self, text: str = "", state: str = "") -> None:
        """Print one line of data; nothing in the JSON modes. A state is printed as symbol and word before the text."""
        self.lines([(f"{self.state(state)} " if state else "", text)])

    def lines(self, texts: Sequence[tuple[str, str]]) -> None:
        """Print lines of data in one write, each a trusted prefix and a text; nothing in the JSON modes."""
        if texts and self.mode == "text":
            # Redacted together: that is cheaper for thousands of lines, and a key may span lines.
            lines = [text if text.isprintable() else sanitize.line(text, _LONGEST) for _, text in texts]
            safe = [sanitize.line(text, _LONGEST) for text in hide("\n".join(lines)).split("\n")]
            streams.data(
                "".join([f"{prefix}{text}\n" for (prefix, _), text in zip(texts, safe, strict=True)]), self._stdout
            )

    def message(self, text: str, state: str = "") -> None:
        """Print one message to stderr, in every mode."""
        self._message(f"{self.state(state, self._colour_messages)} " if state else "", text)

    def problem(self, problem: Problem) -> None:
        """Print what is wrong and the next step; a quoted text may have several lines."""
        self._message(f"{self.paint('error:', 'x', self._colour_messages)} ", problem.what)
        if problem.next_step:
            self._message("next:  ", problem.next_step)

    def _message(self, prefix: str, text: str) -> None:
        first, *more = sanitize.text(hide(sanitize.text(text))).split("\n")
        streams.message("\n".join((f"{prefix}{first}", *(f"{MORE}{line}" for line in more))) + "\n")

    def state(self, state: str, colour: bool | None = None) -> str:
        """The symbol and word of a state."""
        symbol = words.symbol(state)
        return self.paint(f"{symbol} {words.word(state)}", symbol, colour)

    def table(self, rows: Sequence[tuple[str, ...]], indent: str = "") -> None:
        """Print aligned rows whose first cell is a state."""
        width = max((len(words.word(row[0])) + 2 for row in rows), default=0)
        for row, text in zip(rows, columns([row[1:] for row in rows]), strict=True):
            symbol = words.symbol(row[0])
            state = self.paint(f"{symbol} {words.word(row[0])}".ljust(width), symbol)
            self.lines([(f"{indent}{state}{'  ' if text else ''}", text)])

    def paint(self, text: str, symbol: str, colour: bool | None = None) -> str:
        """The text in the colour of a symbol, where colour is allowed."""
        coloured = self._colour if colour is None else colour
        return f"\x1b[{_COLOURS[symbol]}m{text}\x1b[0m" if coloured and symbol in _COLOURS else text

    def event(self, event: Event) -> None:
        """Print one line of `--output jsonl`; nothing in other modes. An event without a record is numbered here."""
        if self.mode != "jsonl":
            return
        if not event.seq:
            self._seq += 1
            now = rfc3339(datetime.now(UTC), "milliseconds")
            event = replace(event, seq=self._seq, time=event.time or now)
        text = event.to_line()
        self._json(replace(event, data=_hidden(event.data)).to_line() if suspect(text) else text)

    def object(self, data: Mapping[str, Any], *, exact: Sequence[str] = ()) -> None:
        """Print the object of `--output json`; nothing in other modes. Keys in `exact` are file contents: not redacted."""
        if self.mode == "json":
            safe = {key: value if key in exact else _hidden(value) for key, value in data.items()}
            self._json(json.dumps({"v": 1, **safe}, ensure_ascii=False))

    def _json(self, text: str) -> None:
        """Print JSON without control characters, in ASCII where the encoding is not Unicode."""
        narrow = not (self._stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf")
        streams.data(sanitize.escaped(text, ascii_only=narrow) + "\n", self._stdout)

    def width(self) -> int:
        """Columns to fill; output to a pipe is not wrapped."""
        return shutil.get_terminal_size().columns if self._stdout.isatty() else 10_000

    def block(self, text: str, indent: str = MORE) -> None:
        """Print a quoted text, each line with a prefix."""
        self.lines([(indent, line.rstrip()) for line in sanitize.text(text, len(text) * 4).split("\n")])

    def data(self, text: str) -> None:
        """Print the content of a file unchanged; on a terminal it is made safe like everything else."""
        if self.mode != "text":
            return
        if self._stdout.isatty():
            self.block(text.removesuffix("\n"), "")
        else:
            streams.data(text, self._stdout)


def _hidden(node: Any) -> Any:
    if isinstance(node, str):
        return hide(node)
    if isinstance(node, Mapping):
        return {key: _hidden(value) for key, value in node.items()}
    return [_hidden(item) for item in node] if isinstance(node, Sequence) else node


def columns(rows: Sequence[tuple[str, ...]], gap: str = "  ") -> list[str]:
    """Rows as aligned columns; the last column is not padded."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    return [gap.join((*(cell.ljust(widths[at]) for at, cell in enumerate(row[:-1])), row[-1])).rstrip() for row in rows]
