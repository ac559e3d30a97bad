"""Given values that the chart does not have: helm ignores them silently. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from wizard.core.helm import values

_FREE: Final = re.compile(
    r"annotations|labels|selector|affinity|tolerations|env$|extra|resources|securitycontext|options|config$|data$|map$",
    re.IGNORECASE,
)
"""Keys with free content: Kubernetes' maps, and maps that charts name like them."""
_DEEPEST: Final = 3


def unread(
    given: Mapping[str, Any], defaults: Mapping[str, Any], subcharts: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Dotted paths of given values that the chart's own values do not have; sections of subcharts are skipped."""
    return tuple(_unread(given, defaults, subcharts | {"global"}, (), 1))


def nearest(path: str, defaults: Mapping[str, Any]) -> str:
    """The path among the chart's values that a person most likely meant; "" when none is alike."""
    known = [values.dotted(where) for where, _ in values.leaves(defaults)]
    sections = {
        values.dotted(where[:length]) for where, _ in values.leaves(defaults) for length in range(1, len(where))
    }
    every = [*sections, *known]
    if alike := difflib.get_close_matches(path, every, 1, cutoff=0.7):
        return alike[0]
    last = path.rpartition(".")[2].lower()
    ends = sorted((one for one in every if one.rpartition(".")[2].lower() == last), key=len)
    return ends[0] if ends else ""


def _switched_off(given: Any, default: Any) -> bool:
    """Whether a section says `enabled: false`: helm does not store a subchart that is switched off."""
    for section in (given, default):
        if isinstance(section, Mapping) and "enabled" in section:
            return section["enabled"] is False
    return False


def _unread(
    given: Mapping[str, Any], defaults: Mapping[str, Any], skipped: frozenset[str], path: tuple[str, ...], depth: int
) -> Iterator[str]:
    for key, value in given.items():
        if str(key) in skipped:
            continue
        if depth == 1 and _switched_off(value, defaults.get(key)):
            continue
        if key not in defaults:
            yield values.dotted((*path, str(key)))
            continue
        below = defaults[key]
        # An empty map may hold anything; lists and texts have no keys.
        nested = isinstance(value, Mapping) and isinstance(below, Mapping) and bool(below)
        if nested and depth < _DEEPEST and not _FREE.search(str(key)):
            yield from _unread(value, below, frozenset(), (*path, str(key)), depth + 1)
