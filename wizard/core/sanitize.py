"""Terminal-safe text. Everything from the cluster, helm or a file passes here once, at the adapter boundary."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

LINE_LIMIT: Final = 4096

_ESCAPES: Final = (
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC: titles, clipboard writes, links
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|\x9d[^\x07\x9c]*(?:\x07|\x9c|$)|[\x90\x98\x9e\x9f][^\x9c]*(?:\x9c|$)"  # the same as 8-bit controls
    r"|\x1b\[[0-?]*[ -/]*[@-~]?|\x9b[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor moves
    r"|\x1b[ -/]*[0-~]?"  # everything else that starts with ESC
)
_CONTROLS: Final = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"  # bidi overrides, invisible marks
    r"|[\ud800-\udfff\ue000-\uf8ff]|[\U000e0000-\U000e007f]"
)


def text(raw: str, limit: int = LINE_LIMIT * 16) -> str:
    """Several lines, safe to print: no escapes, no controls but newline (tabs become spaces), no bidi overrides."""
    if raw.isascii() and raw.isprintable():
        return raw if len(raw) <= limit else _cut(raw, limit)
    raw = raw.replace("\r\n", "\n").replace("\t", "    ")
    raw = _compiled(_CONTROLS).sub("", _compiled(_ESCAPES).sub("", raw))
    return raw if len(raw) <= limit else _cut(raw, limit)


def line(raw: str, limit: int = LINE_LIMIT) -> str:
    """One line, safe to print; line breaks become a visible mark, more than `limit` characters are cut and counted."""
    if raw.isascii() and raw.isprintable():
        return raw if len(raw) <= limit else _cut(raw, limit)
    clean = text(raw.rstrip("\r\n"), limit=len(raw) + LINE_LIMIT).replace("\n", "\u23ce")
    return clean if len(clean) <= limit else _cut(clean, limit)


def shorten(clean: str, limit: int) -> str:
    """The first whole words of a text, with a mark where more would follow; at most `limit` characters before it."""
    if len(clean) <= limit:
        return clean
    return (clean[: limit + 1].rpartition(" ")[0] or clean[:limit]) + " ..."


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when the first text needs it: most texts are plain, and a launch waits 1 ms less."""
    return re.compile(pattern)


def _cut(clean: str, limit: int) -> str:
    return f"{clean[:limit]}... (+{len(clean) - limit} characters)"
