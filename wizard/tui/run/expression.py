"""A person's regular expression on log lines, in a bounded time whatever it is."""

from __future__ import annotations

from typing import Final

import regex

SIGN: Final = "/"
"""A filter that begins with it is a regular expression."""
_SECONDS: Final = 0.02
_MOST_SLOW: Final = 20
"""Lines that may take longer; after them no more are tried, and a screen has been kept for less than half a second."""


class Expression:
    """The test of a text by a regular expression, in upper or lower case.

    Raises:
        ValueError: it is none; the message says why, and where.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._compiled = regex.compile(pattern, regex.IGNORECASE)
        except (regex.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None
        self.slow = 0

    def __call__(self, text: str) -> bool:
        """Whether it is found in the text; False where that takes too long."""
        if self.slow >= _MOST_SLOW:
            return False
        try:
            return self._compiled.search(text, timeout=_SECONDS) is not None
        except TimeoutError:
            self.slow += 1
            return False
