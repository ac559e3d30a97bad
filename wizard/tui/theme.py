"""One accent colour, four state colours, and the style of each tone."""

from __future__ import annotations

from typing import Final

from rich.style import Style
from textual.theme import Theme

WIZARD: Final = Theme(
    name="wizard",
    primary="#4fb3bf",
    accent="#4fb3bf",
    secondary="#4fb3bf",
    foreground="#d3d7dd",
    background="#0f1216",
    surface="#0f1216",
    panel="#1a2028",
    success="#86b86b",
    warning="#d9a94a",
    error="#ee6a5f",
    dark=True,
)

TONES: Final[dict[str, Style]] = {
    "": Style(),
    "ok": Style(color="#86b86b"),
    "error": Style(color="#ee6a5f", bold=True),
    "warning": Style(color="#d9a94a"),
    "progress": Style(color="#7fa7d9"),
    "dim": Style(color="#87909c"),
    "rule": Style(color="#3d4652"),
    "accent": Style(color="#4fb3bf"),
    "strong": Style(bold=True),
    "key": Style(color="#4fb3bf", bold=True),
    "apply": Style(color="#0f1216", bgcolor="#d9a94a", bold=True),
    "ask": Style(color="#4fb3bf", bold=True),
    "cursor": Style(reverse=True),
    "field": Style(bgcolor="#1a2028"),
    "field.here": Style(bgcolor="#26303b"),
    "log.0": Style(color="#4fb3bf"),
    "log.1": Style(color="#c89ad6"),
    "log.2": Style(color="#86b86b"),
    "log.3": Style(color="#d9a94a"),
    "log.4": Style(color="#7fa7d9"),
    "log.5": Style(color="#d98f7a"),
}
"""Tone -> style. A state is never shown by its tone alone: symbol and word are beside it."""

LOG_TONES: Final = 6
CHOSEN: Final = Style(bgcolor="#1f2832", bold=True)
"""Added to the row under the cursor."""
