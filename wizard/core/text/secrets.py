"""A secret value that is masked wherever it is printed, and a redactor for text that may contain one."""

from __future__ import annotations

import base64
import json
import re
import secrets as _random
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote

from wizard.core.text import sanitize
from wizard.core.text.redaction import MASK as MASK
from wizard.core.text.redaction import hide as hide
from wizard.core.text.redaction import hide_addresses

_ALPHABET: Final = string.ascii_letters + string.digits
GENERATED_LENGTH: Final = 32


class Secret:
    """A secret string: masked in repr, str, format and tracebacks; only `reveal` returns the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the code that sends it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and _random.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        msg = "a Secret cannot be pickled"
        raise TypeError(msg)


def generate() -> Secret:
    """A new secret: 32 characters of A-Za-z0-9 from the operating system (design: contracts, secrets)."""
    return Secret("".join(_random.choice(_ALPHABET) for _ in range(GENERATED_LENGTH)))


@dataclass(frozen=True)
class Redactor:
    """Replaces every known secret in a text by a mask, in every form in which programs print it.

    The forms are: plain, base64 (padded or not, also within a longer text such as user:secret, and in URLs), escaped
    for a URL, for JSON, for Go's %q or Python's repr, and wrapped over lines.
    """

    secrets: tuple[Secret, ...] = ()

    def __call__(self, text: str) -> str:
        """The text with every known secret of 4 characters or more masked, and passwords in URLs."""
        # Searching for a character costs a tenth of searching for a word, and few texts hold the rarest ones.
        if likely := [entry for entry in self._forms if entry[0] in text and entry[1] in text]:
            flat = _flat(text)
            for _, _, anchor, form in likely:
                if anchor in flat:
                    text = form.pattern.sub(_masked, text)
        return hide_addresses(text)

    @cached_property
    def _forms(self) -> list[tuple[str, str, str, _Form]]:
        """Of each form: its two rarest characters, its anchor, the form itself."""
        forms = {form.source: form for secret in self.secrets for form in forms_of(secret.reveal())}
        ordered = sorted(forms.values(), key=lambda form: -form.length)
        return [(form.rare[:1], form.rare[1:2], form.anchor, form) for form in ordered]

    def plus(self, more: Iterable[Secret]) -> Redactor:
        """A redactor that knows these secrets too."""
        return Redactor((*self.secrets, *more))


_SHORTEST: Final = 4
_SHORTEST_PART: Final = 8
"""Characters from which a secret is also found within longer base64 and across line breaks."""
_SHORTEST_LINE: Final = 12
"""Characters from which a line of a multi-line secret is searched for by itself."""
_SELDOM: Final = "QXZJKVYWUBHqFMGNLzDOPxjRSCTIEA9876543kvbywgpfmuhldcrs2noiat10e"
"""Letters and digits, the rarest in log lines first."""
_BREAK: Final = r"(?:\\?(?:\r?\n|\u23ce|\\r?\\n)[ \t]*)?"
"""A line break as it may be printed (plain, made visible or escaped), and the indentation after it."""
_INDENTED: Final = re.compile(r"\\?(?:\r?\n|\u23ce|\\n)[ \t]*")


@dataclass(frozen=True)
class _Form:
    """One form of a secret; `anchor` is a part that all its spellings share once wrapped lines are joined."""

    anchor: str
    source: str
    length: int

    def is_in(self, text: str) -> bool:
        """Whether a text holds this form, not wrapped over lines."""
        return self.anchor in text and self.pattern.search(text) is not None

    @cached_property
    def rare(self) -> str:
        """The two rarest characters of the anchor."""
        return "".join(sorted(set(self.anchor), key=_SELDOM.index)[:2])

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when the anchor is found: almost no text holds a secret."""
        return re.compile(self.source)


def _flat(text: str) -> str:
    """A text with its lines joined, so that a secret that was wrapped over lines is whole."""
    if "\\" in text or sanitize.BREAK in text:
        return _INDENTED.sub("", text)
    return "".join(map(str.strip, text.split("\n")))


def _masked(match: re.Match[str]) -> str:
    """The mask, with the line breaks of the text kept, because lines are counted."""
    return "\n".join([MASK] * (match[0].count("\n") + 1))


def forms_of(secret: str) -> Iterator[_Form]:
    """The forms in which a secret is searched for."""
    lines = [line.strip() for line in secret.splitlines()]
    for text in dict.fromkeys((secret, sanitize.text(secret, len(secret) * 4), *(lines if len(lines) > 1 else ()))):
        if len(text) < (_SHORTEST if text == secret else _SHORTEST_LINE):
            continue
        yield _form(text, _spelled)
        raw = text.encode("utf-8", "surrogatepass")
        for before in (0, 1, 2) if len(text) >= _SHORTEST_PART else (0,):
            whole = base64.b64encode(bytes(before) + raw).decode()
            core = whole[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
            yield _form(core, _base64_spelled, r"(?:[A-Za-z0-9+/_-]?(?:=|%3[Dd]|\\u003[Dd])+)?")


def _form(text: str, spelled: Callable[[str], str], end: str = "") -> _Form:
    between = _BREAK if len(text) >= _SHORTEST_PART else ""
    runs = (run for run in re.findall(r"\\[nr]|[A-Za-z0-9]+", text) if run[0] != "\\")  # _flat drops its \n and \r
    anchor = max(runs, key=len, default="")
    return _Form(anchor, between.join(map(spelled, text)) + end, len(text))


def _spelled(char: str) -> str:
    """A pattern of every spelling of a character."""
    if char.isascii() and char.isalnum():
        return char
    hexed = quote(char, safe="", errors="surrogatepass")
    escapes = (
        json.dumps(char)[1:-1],
        repr(char)[1:-1],
        f"\\{char}",
        f"\\x{ord(char):02x}",
        f"\\u{ord(char):04x}",
        f"\\U{ord(char):08x}",
    )
    plain = dict.fromkeys(
        (char, *escapes, hexed, f"%{ord(char):02X}", *_HTML.get(char, ()), *(("+", "") if char == " " else ()))
    )
    return "(?:" + "|".join(_any_case(spelling) for spelling in sorted(plain, key=len, reverse=True)) + ")"


_HTML: Final = {
    "&": ("&amp;",),
    "<": ("&lt;",),
    ">": ("&gt;",),
    '"': ("&quot;", "&#34;"),
    "'": ("&#39;", "&#x27;", "''"),
}


def _any_case(spelling: str) -> str:
    """A pattern that allows both cases of hexadecimal digits, and doubled backslashes."""
    if len(spelling) > 1 and spelling[0] in "%\\":
        return "".join(
            r"\\{1,4}"
            if char == "\\"
            else f"[{char.upper()}{char.lower()}]"
            if char in "abcdefABCDEF"
            else re.escape(char)
            for char in spelling
        )
    return re.escape(spelling)


def _base64_spelled(char: str) -> str:
    return {"+": r"(?:\+|-|%2[Bb]|\\u002[Bb])", "/": r"(?:\\?/|_|%2[Ff])"}.get(char, char)
