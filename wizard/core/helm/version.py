"""Whether a version satisfies a chart's kubeVersion: the operators that charts use, in Helm's meaning."""

from __future__ import annotations

import re
from typing import Final

Version = tuple[int, int, int]
_ONE: Final = re.compile(
    r"\s*(>=|<=|!=|=|>|<|\^|~)?\s*v?(\d+)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?(?:-[0-9A-Za-z.-]+)?\s*"
)


def allows(constraint: str, version: Version) -> bool | None:
    """Whether the version is allowed; None when the constraint is written in a way that is not known here."""
    found = [_all_of(part, version) for part in constraint.split("||")]
    if True in found:
        return True
    return None if None in found else False


def _all_of(part: str, version: Version) -> bool | None:
    at = 0
    text = part.replace(",", " ").strip()
    if not text:
        return None
    fits = True
    while at < len(text):
        match = _ONE.match(text, at)
        if not match or match.end() == at:
            return None
        fits = fits and _one(match, version)
        at = match.end()
    return fits


def _one(match: re.Match[str], version: Version) -> bool:
    sign, *numbers = match.groups()
    given = [int(one) for one in numbers if one and one.isdigit()]
    low: Version = (given[0], given[1] if len(given) > 1 else 0, given[2] if len(given) > 2 else 0)
    after: Version = {1: (low[0] + 1, 0, 0), 2: (low[0], low[1] + 1, 0), 3: (low[0], low[1], low[2] + 1)}[len(given)]
    match sign:
        case ">=":
            return version >= low
        case "<=":
            return version < after
        case ">":
            return version >= after if len(given) < 3 else version > low
        case "<":
            return version < low
        case "^":
            return low <= version < (low[0] + 1, 0, 0)
        case "~":
            return low <= version < (low[0] + 1, 0, 0) if len(given) == 1 else low <= version < (low[0], low[1] + 1, 0)
        case "!=":
            return not low <= version < after
    return low <= version < after
