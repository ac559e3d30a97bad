"""Terminal-safe text. What is shown is sanitised at the adapter boundary, and again when a front end prints it.

Data (a values file, an object that is sent) is not sanitised: it is kept character for character.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

LINE_LIMIT: Final = 4096
BREAK: Final = "\u23ce"
"""The visible mark of a line break within one line."""
MARKS: Final = 4
"""Combining characters kept per letter; no language needs more, and some 20 of them cover the lines above."""

_ESCAPES: Final = (
    r"\x1b\][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c|$)"  # OSC: titles, clipboard writes, links
    r"|\x1b[PX^_][^\x1b\x9c]*(?:\x1b\\|\x9c|$)"  # DCS, SOS, PM, APC
    r"|\x9d[^\x07\x9c]*(?:\x07|\x9c|$)|[\x90\x98\x9e\x9f][^\x9c]*(?:\x9c|$)"  # the same as 8-bit controls
    r"|\x1b\[[0-?]*[ -/]*[@-~]?|\x9b[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor moves
    r"|\x1b[ -/]*[0-~]?"  # everything else that starts with ESC
)
_BREAKS: Final = frozenset("\n\r\v\f\x85\u2028\u2029")
_INVISIBLE: Final = "FILLER|VARIATION SELECTOR|GRAPHEME JOINER|PATTERN BLANK|INHERENT|NULL NOTEHEAD"
"""Names of characters that are invisible although their category is letter, mark or symbol."""
_KEPT: Final = 4096
_MAYBE: Final = (
    r"[\u0300-\u036f\u0483-\u0489\u0590-\u1fff\u20d0-\u20ff\u2800\u2c00-\u2fff\u3020-\u30a0\u3160-\u3170"
    r"\ua000-\uabff\ufb00-\uffff\U00010000-\U0001efff\U000e0000-\U000e0fff]"
)
"""Blocks with marks and invisible characters; a text without them needs no tables, which take 60 ms to build."""


class _Shown(dict[int, str | int | None]):
    """The replacement of each character, computed on first use: itself, a break, nothing, or U+FFFD when unassigned."""

    def __missing__(self, code: int) -> str | int | None:
        shown = _shown(chr(code))
        if len(self) < _KEPT:
            self[code] = shown
        return shown


def _shown(char: str) -> str | int | None:
    if char in _BREAKS:
        return "\n"
    if char == "\t":
        return "    "
    match unicodedata.category(char):
        case "Cc" | "Cf" | "Cs" | "Co":  # controls; zero width, bidi and tags; half characters; private use
            return None
        case "Zs":  # other spaces than the common one, which no terminal shows apart
            return " "
        case "Cn":  # unassigned: terminals differ in what they do with it
            return "\ufffd"
    return ord(char)


_TABLE: Final = _Shown()


def text(raw: str, limit: int = LINE_LIMIT * 16) -> str:
    """Several lines, safe to print: no escapes, no controls except newline (tabs become spaces), nothing invisible."""
    if not raw.isprintable():  # Python: controls, format characters and unassigned ones are not printable
        raw = raw.replace("\r\n", "\n")
        raw = _compiled(_ESCAPES).sub("", raw).translate(_TABLE)
    if not raw.isascii() and _compiled(_MAYBE).search(raw):
        raw = _bounded(raw)
    return raw if len(raw) <= limit else _cut(raw, limit)


def line(raw: str, limit: int = LINE_LIMIT) -> str:
    """One line, safe to print; line breaks become a visible mark, more than `limit` characters are cut and counted."""
    if raw.isascii() and raw.isprintable():  # nearly every line
        return raw if len(raw) <= limit else _cut(raw, limit)
    clean = text(raw.rstrip("\r\n"), limit=len(raw) * 4 + LINE_LIMIT).replace("\n", BREAK)
    return clean if len(clean) <= limit else _cut(clean, limit)


def shorten(clean: str, limit: int) -> str:
    """The first whole words of a text, at most `limit` characters, then " ..." if it was longer."""
    if len(clean) <= limit:
        return clean
    return (clean[: limit + 1].rpartition(" ")[0] or clean[:limit]) + " ..."


def escaped(json: str, *, ascii_only: bool = False) -> str:
    r"""The same JSON, safe for a terminal: characters that are not safe to print are written as \uXXXX."""
    if json.isascii() and "\x7f" not in json:
        return json
    if ascii_only:
        return "".join(char if " " <= char < "\x7f" else _unicode_escape(char) for char in json)
    return "".join(char if char.isprintable() and _shown(char) == ord(char) else _unicode_escape(char) for char in json)


def _unicode_escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))


def _bounded(clean: str) -> str:
    """At most `MARKS` combining characters per letter, none at the start of a line, and no invisible characters."""
    marks, invisible = _classes()
    if not _compiled(f"[{marks}{invisible}]").search(clean):
        return clean
    clean = _compiled(f"[{invisible}]").sub("", clean)
    return _compiled(f"(?m)^[{marks}]+|(?<=[{marks}]{{{MARKS}}})[{marks}]+").sub("", clean)


@cache
def _classes() -> tuple[str, str]:
    """Combining characters, and invisible characters, each as ranges of a pattern."""
    codes = (*range(0x300, 0x20000), *range(0xE0100, 0xE01F0))
    invisible = {code for code in codes if re.search(_INVISIBLE, unicodedata.name(chr(code), ""))}
    return _ranges({code for code in codes if _combines(code)} - invisible), _ranges(invisible)


def _ranges(codes: set[int]) -> str:
    starts = sorted(code for code in codes if code - 1 not in codes)
    ends = sorted(code for code in codes if code + 1 not in codes)
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in zip(starts, ends, strict=True))


def _combines(code: int) -> bool:
    return unicodedata.category(chr(code)) in ("Mn", "Me")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled on first use: most texts are plain, and the start takes 1 ms less."""
    return re.compile(pattern)


def _cut(clean: str, limit: int) -> str:
    return f"{clean[:limit]}... (+{len(clean) - limit} characters)"
