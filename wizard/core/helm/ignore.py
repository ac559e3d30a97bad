"""The rules of a .helmignore, as helm reads them (helm pkg/ignore; Go's filepath.Match)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

Token = Callable[[str], bool] | None
"""Matches one character; None is a star."""
_DEFAULT: Final = "templates/.?*"


class _Rule(NamedTuple):
    tokens: tuple[Token, ...]
    negated: bool
    folders_only: bool
    whole_path: bool

    def matches(self, path: str) -> bool:
        return _matches(self.tokens, path if self.whole_path else path.rpartition("/")[2])


class Rules:
    """The rules of one chart."""

    def __init__(self, text: str = "") -> None:
        """Read the rules.

        Raises:
            ValueError: helm refuses a line; the text says which and why.
        """
        lines = (*text.split("\n"), _DEFAULT)
        self._rules = tuple(_rules(line.strip() for line in lines))

    def ignores(self, path: str, *, folder: bool = False) -> bool:
        """Whether helm leaves out the file or folder at this path below the chart."""
        for rule in self._rules:
            if rule.negated:
                if (rule.folders_only and not folder) or not rule.matches(path):
                    return True
            elif (folder or not rule.folders_only) and rule.matches(path):
                return True
        return False


def _rules(lines: Iterable[str]) -> Iterator[_Rule]:
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if "**" in line:
            raise ValueError(f'"{line}": helm does not support **')
        try:
            _tokens(line)  # helm judges the line as it stands
            negated = line.startswith("!")
            pattern = line.removeprefix("!")
            folders_only = pattern.endswith("/")
            pattern = pattern.removesuffix("/")
            yield _Rule(tuple(_tokens(pattern.removeprefix("/"))), negated, folders_only, "/" in pattern)
        except ValueError as error:
            raise ValueError(f'"{line}": {error}') from None


def _matches(tokens: tuple[Token, ...], name: str) -> bool:
    """Whether the tokens match the whole name; every way through the stars is followed at once."""
    at = _past_stars(tokens, {0})
    for character in name:
        reached = set()
        for position in at:
            if position < len(tokens):
                token = tokens[position]
                if token is None:
                    if character != "/":
                        reached.add(position)
                elif token(character):
                    reached.add(position + 1)
        at = _past_stars(tokens, reached)
    return len(tokens) in at


def _past_stars(tokens: tuple[Token, ...], positions: Iterable[int]) -> set[int]:
    """The positions, and those behind the stars at them."""
    reached = set()
    for start in positions:
        position = start
        reached.add(position)
        while position < len(tokens) and tokens[position] is None:
            position += 1
            reached.add(position)
    return reached


def _tokens(pattern: str) -> Iterator[Token]:
    rest = pattern
    while rest:
        match rest[0]:
            case "*":
                rest = rest[1:]
                yield None
            case "?":
                rest = rest[1:]
                yield lambda character: character != "/"
            case "[":
                token, rest = _class(rest[1:])
                yield token
            case _:
                literal, rest = _literal(rest)
                yield literal.__eq__


def _literal(rest: str) -> tuple[str, str]:
    if rest[0] == "\\":
        rest = rest[1:]
        if not rest:
            raise ValueError("it ends with a backslash")
    return rest[0], rest[1:]


def _class(rest: str) -> tuple[Token, str]:
    negated = rest.startswith("^")
    rest = rest.removeprefix("^")
    ranges: list[tuple[str, str]] = []
    while not (rest.startswith("]") and ranges):
        low, rest = _bound(rest)
        high = low
        if rest.startswith("-"):
            high, rest = _bound(rest[1:])
        ranges.append((low, high))
    return (lambda character: any(low <= character <= high for low, high in ranges) != negated), rest[1:]


def _bound(rest: str) -> tuple[str, str]:
    """One end of a range; something must follow it."""
    if not rest or rest[0] in "-]":
        raise ValueError("a [ in it has no end")
    bound, rest = _literal(rest)
    if not rest:
        raise ValueError("a [ in it has no end")
    return bound, rest
