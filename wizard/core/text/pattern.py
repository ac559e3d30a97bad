"""A regular expression of a chart's schema on a text, in a bounded number of steps.

Schemas come from outside. Go's regular expressions, with which helm reads them, take linear time; Python's `re` may take
for ever. Here all places that a part of the pattern can reach are followed together, so that nothing is tried twice.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_STEPS: Final = 100_000
"""Characters that are compared for one text: some tens of milliseconds."""
_LONGEST: Final = 2_000
"""Characters of a pattern."""
_MOST: Final = 1_000
"""Repetitions that Go takes in braces."""
_QUANTIFIER: Final = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_GROUP: Final = re.compile(r"\((?:\?:|\?P?<\w+>|(?!\?))")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{2}|[dDwWsSntrfv]|[^\w\s])", re.ASCII)


class _Unknown(Exception):  # noqa: N818 - no error: the caller goes on without an answer
    """The pattern is not understood, or takes too many steps."""


class _Run:
    """One text, and the steps that are left."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._left = _STEPS

    def spend(self, steps: int) -> None:
        self._left -= steps + 1
        if self._left < 0:
            raise _Unknown


_Part = Callable[[_Run, set[int]], set[int]]
"""From the places in the text where a part of the pattern begins to those where it ends."""


def found(pattern: str, text: str) -> bool | None:
    """Whether the pattern is found in the text, as Go finds it; None when that cannot be said."""
    try:
        whole = _compiled(pattern)
        return None if whole is None else bool(whole(_Run(text), set(range(len(text) + 1))))
    except (_Unknown, RecursionError):
        return None


@lru_cache(256)
def _compiled(pattern: str) -> _Part | None:
    try:
        return _Parser(pattern).whole() if len(pattern) <= _LONGEST else None
    except (_Unknown, RecursionError, re.error, OverflowError):
        return None


class _Parser:
    def __init__(self, pattern: str) -> None:
        self._pattern, self._at = pattern, 0

    def whole(self) -> _Part:
        part = self._alternatives()
        if self._at < len(self._pattern):
            raise _Unknown
        return part

    def _alternatives(self) -> _Part:
        branches = [self._sequence()]
        while self._pattern.startswith("|", self._at):
            self._at += 1
            branches.append(self._sequence())
        if len(branches) == 1:
            return branches[0]
        return lambda run, at: set().union(*(branch(run, at) for branch in branches))

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            parts.append(self._repeated())

        def follow(run: _Run, at: set[int]) -> set[int]:
            for part in parts:
                at = part(run, at)
            return at

        return follow

    def _repeated(self) -> _Part:
        part = self._atom()
        quantifier = self._took(_QUANTIFIER)
        if quantifier is None:
            return part
        if _QUANTIFIER.match(self._pattern, self._at):
            raise _Unknown  # Go takes no quantifier of a quantifier
        sign, least, comma, most = quantifier.groups()
        if sign:
            return _repeat(part, int(sign == "+"), 1 if sign == "?" else None)
        upper = int(most) if most else None if comma else int(least)
        if int(least) > _MOST or (upper is not None and not int(least) <= upper <= _MOST):
            raise _Unknown
        return _repeat(part, int(least), upper)

    def _atom(self) -> _Part:
        if self._took(_GROUP):
            part = self._alternatives()
            if not self._pattern.startswith(")", self._at):
                raise _Unknown
            self._at += 1
            return part
        if characters := self._took(_CLASS):
            if "[:" in characters[0] or "--" in characters[0]:
                raise _Unknown
            return _one(re.sub(r"(?<!\\)[\[&~|](?<!^\[)", r"\\\g<0>", characters[0]))
        if self._pattern.startswith(("\\A", "\\z"), self._at):
            self._at += 2
            return _edge(end=self._pattern[self._at - 1] == "z")
        if escape := self._took(_ESCAPE):
            return _one(escape[0])
        char = self._pattern[self._at]
        self._at += 1
        if char in "^$":
            return _edge(end=char == "$")
        if char in "()[*+?\\":
            raise _Unknown
        return _one("[^\n]" if char == "." else re.escape(char))

    def _took(self, what: re.Pattern[str]) -> re.Match[str] | None:
        match = what.match(self._pattern, self._at)
        self._at = match.end() if match else self._at
        return match


def _one(expression: str) -> _Part:
    """One character; the expression is Python's."""
    character = re.compile(expression, re.ASCII)

    def step(run: _Run, at: set[int]) -> set[int]:
        run.spend(len(at))
        return {place + 1 for place in at if character.match(run.text, place)}

    return step


def _edge(*, end: bool) -> _Part:
    return lambda run, at: at & {len(run.text) if end else 0}


def _repeat(part: _Part, least: int, most: int | None) -> _Part:
    def repeat(run: _Run, at: set[int]) -> set[int]:
        for _ in range(least):
            run.spend(0)
            at = part(run, at)
        reached = new = at
        for _ in itertools.count() if most is None else range(most - least):
            new = part(run, new) - reached
            if not new:
                break
            reached = reached | new
        return reached

    return repeat
