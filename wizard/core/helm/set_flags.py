"""Writes --set flags: the inverse of `strvals`, so that a value which is changed on the screen is a flag like any other."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wizard.core.errors import Problem
from wizard.core.helm import strvals, values
from wizard.core.helm.strvals import SetFlag
from wizard.core.helm.values import Path

_IN_KEY: Final = r"[\\=\[,.{\s]"
"""What ends a key, or makes a whole object of the text of --set-json."""
_IN_TEXT: Final = r"[\\,]|\A\{"
_INT64: Final = 1 << 63


def write(path: Path, value: Any) -> SetFlag:
    """The flag that puts a value at a path; None is null, which removes what is there.

    Raises:
        Problem: helm has no flag for it.
    """
    flag, text = _value(value)
    given = SetFlag(flag, f"{_key(path)}={text}")
    try:
        given.text.encode()
    except UnicodeEncodeError:
        raise Problem("The value is not UTF-8 text.", "Write it in UTF-8.") from None
    return given


def _key(path: Path) -> str:
    if not path or "" in path:
        raise Problem(
            "helm sets nothing that has an empty key.", "Write it into the values file, and give that with -f."
        )
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + re.sub(_IN_KEY, r"\\\g<0>", part)
    return text


def _value(value: Any) -> tuple[str, str]:
    if value is None or isinstance(value, bool):
        return "--set", {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return "--set", str(value)
    if isinstance(value, str):
        kept = re.sub(_IN_TEXT, r"\\\g<0>", value)
        return "--set" if strvals.typed(value) == value else "--set-string", kept
    if isinstance(value, float) and not math.isfinite(value):
        raise Problem(f"{value} is not a number that helm can hold.", "Give a finite one.")
    return "--set-json", json.dumps(value, ensure_ascii=False)


def touched(sets: Sequence[SetFlag]) -> dict[str, Any]:
    """What flags set, as a tree of its own."""
    tree: dict[str, Any] = {}
    for given in strvals.in_order(sets):
        strvals.apply(tree, given)
    return tree


def touches(sets: Sequence[SetFlag], path: Path) -> bool:
    """Whether a flag sets the path, or something below it."""
    return any(values.starts(leaf, path) for given in sets for leaf in _leaves(given))


def without(sets: Sequence[SetFlag], path: Path, whole: Mapping[str, Any]) -> tuple[SetFlag, ...]:
    """The flags without what they set at the path and below it.

    Of a flag that sets other paths too, each of those gets a flag of its own, with its value in `whole`.
    """
    kept: list[SetFlag] = []
    for given in sets:
        leaves = _leaves(given)
        others = [leaf for leaf in leaves if not values.starts(leaf, path)]
        if len(others) == len(leaves):
            kept.append(given)
        else:
            kept += [write(leaf, values.get(whole, leaf)) for leaf in others]
    return tuple(kept)


def _leaves(given: SetFlag) -> list[Path]:
    return [path for path, _ in values.leaves(touched([given]))]
