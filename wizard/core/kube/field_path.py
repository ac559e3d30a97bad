"""Paths of an object's fields as people write them: spec.template.spec.containers[api].image, metadata.labels[app.kubernetes.io/name]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_PART: Final = re.compile(r"\[([^\]]*)\]|([^.\[]+)")


def text(parts: Sequence[str]) -> str:
    """The path of keys and of items of lists, which come as [name] or [0]; a key with dots stands in brackets."""
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
    """The keys and the names of items that a path is made of."""
    return tuple(bracketed or plain for bracketed, plain in _PART.findall(path))
