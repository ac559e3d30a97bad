"""Rows of text spans with tones; columns, wrapping and clock times. Pure; data never becomes markup."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, set_cell_size

from wizard.core.text import sanitize, words
from wizard.core.text.redaction import hide

Span = tuple[str, str]
"""A text and its tone (a key of theme.TONES, "" for plain)."""
Row = tuple[Span, ...]

_TONES: Final[dict[str, str]] = {"+": "ok", "!": "warning", "x": "error", "~": "progress"}


def mark(state: str) -> Span:
    """The symbol of a state with its tone; always show a word beside it."""
    symbol = words.symbol(state)
    return symbol, _TONES.get(symbol, "dim")


@lru_cache(4096)
def safe(text: str) -> str:
    """Untrusted text as one line that is safe to paint: redacted, line breaks made visible."""
    return sanitize.line(hide(text if text.isprintable() else sanitize.line(text)))


@lru_cache(1024)
def safe_lines(text: str) -> str:
    """Untrusted text of several lines, made safe likewise."""
    return sanitize.text(hide(sanitize.text(text)))


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells, with an ellipsis where it was cut."""
    if width <= 0:
        return ""
    text = safe(text)
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def elide(text: str, width: int) -> str:
    """The text in at most `width` cells, its middle cut out: object names differ at their end."""
    text = safe(text)
    if cell_len(text) <= width or width < 8 or cell_len(text) != len(text):
        return cut(text, width)
    head = (width - 1) // 3
    return f"{text[:head]}…{text[head + 1 - width :]}"


def pad(text: str, width: int) -> str:
    """The text in exactly `width` cells."""
    short = cut(text, width)
    return short + " " * (width - cell_len(short))


def cells(row: Sequence[Span]) -> int:
    """Width of a row in cells."""
    return sum(cell_len(text) for text, _ in row)


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at spaces where it can be; at least one line."""
    lines: list[str] = []
    for paragraph in safe_lines(text).split("\n"):  # before wrapping: half a secret is not recognised
        body = paragraph.lstrip(" ")
        line = " " * min(len(paragraph) - len(body), width // 2)
        begun = False
        for part in body.split(" "):
            joined = f"{line} {part}" if begun else line + part
            begun = True
            if cell_len(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            while cell_len(part) > width > 0:
                head = set_cell_size(part, width).rstrip()
                lines.append(head)
                part = part[len(head) :]
            line = part
        lines.append(line)
    return lines


def ends(left: Sequence[Span], right: Sequence[Span], width: int) -> Row:
    """A row with a left and a right part; the left part is cut when both do not fit."""
    room = width - cells(right) - 2
    kept: list[Span] = []
    for text, tone in left:
        short = cut(text, room)
        room -= cell_len(short)
        kept.append((short, tone))
    gap = width - cells(kept) - cells(right) - 1
    return (*kept, (" " * max(1, gap), ""), *right)


def rule(width: int, left: str = "", right: str = "", *, strong: bool = False) -> Row:
    """A horizontal rule, with optional texts in it."""
    tone = "accent" if strong else "rule"
    if not left and not right:
        return (("─" * width, "rule"),)
    tail = f" {right}" if right else ""
    head = cut(f" {left} ", width - cell_len(tail) - 4)
    fill = "─" * max(0, width - 2 - cell_len(head) - cell_len(tail))
    return (("──", tone), (head, "strong" if strong else ""), (fill, tone), (tail, "dim"))


def beside(
    label: str, text: str, width: int, *, label_width: int, tone: str = "", label_tone: str = "dim"
) -> list[Row]:
    """A label with a wrapped text beside it."""
    lines = wrap(text, max(10, width - label_width))
    head: Row = ((pad(label, label_width), label_tone), (lines[0], tone))
    return [head, *(((" " * label_width, ""), (line, tone)) for line in lines[1:])]


def clock(seconds: float) -> str:
    """Minutes and seconds: 03:07; with hours where needed: 1:03:07."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return (f"{hours}:" if hours else "") + f"{rest // 60:02}:{rest % 60:02}"


def time_of_day(moment: str) -> str:
    """HH:MM:SS of an RFC 3339 time; "" for an empty one."""
    return moment[11:19] if len(moment) >= 19 else ""
