"""Paths of an object's fields as people write them.

Examples: spec.template.spec.containers[api].image, metadata.labels[app.kubernetes.io/name].
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_PART: Final = re.compile(r"\[([^\]]*)\]|([^.\[]+)")


def text(parts: Sequence[str]) -> str:
    """The path of keys and list items; items are given as [name] or [0], and a key with dots is put in brackets."""
    path = ""
    for part in parts:
        if part.startswith("["):
            path += part
        elif "." in part or "/" in part:
            path += f"[{part}]"
        else:
            path += ("." if path else "") + part
    return path


def names(path: str) -> tuple[str, ...]:
    """The keys and item names of a path."""
    return tuple(bracketed or plain for bracketed, plain in _PART.findall(path))
