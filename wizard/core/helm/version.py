"""Versions and a chart's kubeVersion as helm reads them (SemVer 2; github.com/Masterminds/semver/v3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

Identifier = tuple[int, int, str]
_RELEASE: Final[tuple[Identifier, ...]] = ((2, 0, ""),)
"""Sorts after every pre-release, whose identifiers are numbers (0) or words (1)."""
_EXTRA: Final = r"(?:-(?P<prerelease>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_VERSION: Final = re.compile(rf"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?{_EXTRA}", re.ASCII)
_LONGEST: Final = 256


@dataclass(frozen=True, order=True)
class Version:
    """A version in the order of SemVer; build metadata after a "+" is ignored."""

    major: int
    minor: int = 0
    patch: int = 0
    prerelease: tuple[Identifier, ...] = _RELEASE

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers))

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Major, minor and patch."""
        return self.major, self.minor, self.patch

    @property
    def is_prerelease(self) -> bool:
        """Whether it has a pre-release part."""
        return self.prerelease != _RELEASE


OLDEST: Final = Version(3, 15)
"""Older versions of helm are refused."""

FIXED_SINCE: Final[Mapping[int, Version]] = {3: Version(3, 20, 2), 4: Version(4, 1, 4)}
"""By major version: older versions work but lack security fixes, so that a check warns."""


def parse(text: str) -> Version | None:
    """The version of a text such as v1.30.5-eks-1, 3.15 or 4.2.4+build; None when it is not a version."""
    match = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    major, minor, patch = (int(number or 0) for number in match.groups()[:3])
    words = match["prerelease"].split(".") if match["prerelease"] else []
    if max(major, minor, patch) >= 2**64 or any(re.fullmatch(r"0\d+", word) for word in words):
        return None
    return Version(major, minor, patch, tuple(map(_identifier, words)) or _RELEASE)


def _identifier(word: str) -> Identifier:
    return (0, int(word), "") if word.isdigit() else (1, 0, word)


def of_chart(label: str) -> str:
    """The version at the end of name-version, as helm names a chart; "" when there is none."""
    match = re.search(rf"-(v?\d+\.\d+\.\d+{_EXTRA})\Z", label, re.ASCII)
    return match[1] if match else ""


# Constraints

_OPERATOR: Final = r"=>|>=|=<|<=|!=|~>|=|>|<|~|\^|"
_NUMBERS: Final = r"[0-9xX*|]+(?:\.[0-9xX*|]+){0,2}"
"""The "|" is helm's own: helm does not recognise a range directly after "||"."""
_CONSTRAINT: Final = re.compile(rf"(?P<operator>{_OPERATOR})\s*v?(?P<numbers>{_NUMBERS}){_EXTRA}", re.ASCII)
_BETWEEN: Final = re.compile(r"\s*,\s*|\s+", re.ASCII)
_END: Final = rf"v?{_NUMBERS}{_EXTRA}".replace("?P<prerelease>", "?:")
_RANGE: Final = re.compile(rf"\s*({_END})\s+-\s+({_END})\s*", re.ASCII)
_LONGEST_CONSTRAINT: Final = 512
_MOST_GROUPS: Final = 32


class _Constraint(NamedTuple):
    """An operator and its version; `given`: how many of the three numbers the text has."""

    operator: str
    version: Version
    given: int


def allows(constraint: str, version: Version) -> bool | None:
    """Whether helm accepts the version; None when helm cannot parse the constraint.

    A pre-release, which for helm includes v1.30.5-eks-1, is accepted only by a constraint that names a pre-release.
    """
    if len(constraint) > _LONGEST_CONSTRAINT:
        return None
    groups = [_group(text.strip()) for text in _RANGE.sub(r">= \1, <= \2 ", constraint).split("||")]
    if None in groups or len(groups) > _MOST_GROUPS:
        return None
    return any(_all_hold(group, version) for group in groups if group)


def _group(text: str) -> list[_Constraint] | None:
    """The constraints of one group; None when one cannot be parsed."""
    constraints, at = [], 0
    while match := _CONSTRAINT.match(text, at):
        constraint, between = _read(match), _BETWEEN.match(text, match.end())
        if constraint is None:
            return None
        constraints.append(constraint)
        if match.end() == len(text):
            return constraints
        if between is None:
            return None
        at = between.end()
    return None


def _read(match: re.Match[str]) -> _Constraint | None:
    written = match["numbers"].split(".")
    given = next((at for at, number in enumerate(written) if number in ("x", "X", "*")), len(written))
    behind = f"-{match['prerelease']}" if match["prerelease"] else ""
    version = parse((".".join(written[:given]) or "0") + behind)
    return None if version is None else _Constraint(match["operator"], version, given)


def _all_hold(group: list[_Constraint], version: Version) -> bool:
    if version.is_prerelease and not any(constraint.version.is_prerelease for constraint in group):
        return False
    return all(_holds(constraint, version) for constraint in group)


def _holds(constraint: _Constraint, version: Version) -> bool:
    operator, low, given = constraint
    numbers, bound = version.numbers[:given], low.numbers[:given]
    match operator:
        case "" | "=" if given == 3:
            return version == low
        case "" | "=" | "~" | "~>":
            return version >= low and _tilde(version, low, given)
        case "!=" if given == 2:
            return (numbers, version.prerelease) != (bound, low.prerelease)
        case "!=":
            return numbers != bound if given == 1 else version != low
        case ">":
            return numbers > bound if given in (1, 2) else version > low
        case "<":
            return version < low
        case ">=" | "=>":
            return version >= low
        case "^":
            return version >= low and _caret(version, low, given)
    shown = given or 2
    return version <= low if given == 3 else version.numbers[:shown] <= low.numbers[:shown]


def _tilde(version: Version, low: Version, given: int) -> bool:
    """Whether only the patch, or after a bare major also the minor, is higher; ~0.0.0 allows everything."""
    if low.numbers == (0, 0, 0) and given in (0, 3):
        return True
    return version.numbers[: 1 if given == 1 else 2] == low.numbers[: 1 if given == 1 else 2]


def _caret(version: Version, low: Version, given: int) -> bool:
    """Whether only numbers after the first non-zero one are higher."""
    if low.major > 0 or given == 1:
        return version.major == low.major
    fixed = 2 if low.minor > 0 or given == 2 else 3
    return version.numbers[:fixed] == low.numbers[:fixed]
