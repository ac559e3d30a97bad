"""A value that never shows itself, and a redactor for text that might contain one."""

from __future__ import annotations

import re
import secrets as _random
import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

MASK: Final = "********"
_ALPHABET: Final = string.ascii_letters + string.digits
GENERATED_LENGTH: Final = 32


class Secret:
    """A secret string: masked in repr, str, format and tracebacks; `reveal` is the only way to the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
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
    """Replaces every known secret in a text by a mask."""

    secrets: tuple[Secret, ...] = ()

    def __call__(self, text: str) -> str:
        """The text with every known secret of 4 characters or more masked."""
        for secret in self._longest_first:
            text = text.replace(secret.reveal(), MASK)
        if "://" not in text or "@" not in text:  # this look costs a hundredth of the pattern
            return text
        lines = text.split("\n")  # such an address lies on one line
        return "\n".join(_URL_PASSWORD.sub(rf"\1{MASK}@", one) if "://" in one else one for one in lines)

    @cached_property
    def _longest_first(self) -> tuple[Secret, ...]:
        long = (one for one in self.secrets if len(one.reveal()) >= 4)
        return tuple(sorted(long, key=lambda one: -len(one.reveal())))

    def plus(self, more: Iterable[Secret]) -> Redactor:
        """The same redactor that knows more secrets."""
        return Redactor((*self.secrets, *more))


_URL_PASSWORD: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@")


def hide(text: str) -> str:
    """A text of somebody else with what looks like a password in it masked: in addresses, and after password=, token: ..."""
    text = _ADDRESS_PASSWORD.sub(rf"\1{MASK}@", text)
    text = _OPEN_ADDRESS.sub(rf"\1{MASK}", text)
    return _ASSIGNED.sub(rf"\1{MASK}", text)


_ADDRESS_PASSWORD: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?!\$\([A-Z0-9_]+\)@)[^\s\"']*@")
"""A variable's name that was not filled in is no password, and the cause itself."""
_OPEN_ADDRESS: Final = re.compile(
    r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)(?!\*{8}@|\d{1,5}(?:[/?#\s\"'),;\]]|$)|\$\()[^\s\"']+"
)
"""A password with a slash or without a host behind it: no address any more, so nothing says where it ends."""
_ASSIGNED: Final = re.compile(
    r"((?:password|passwd|pwd|passphrase|secret|token|api[_-]?key|authorization)[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)"
    r"(?!\*{8}|[\"'\s]|$)[^\s\"',;&]+",
    re.IGNORECASE,
)
