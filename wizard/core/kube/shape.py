"""What objects of the API of every kind have in common: the types of their fields, and texts that are made safe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from wizard.core.text import sanitize

_Kind = TypeVar("_Kind", str, dict[str, Any], list[Any])


def clean(text: str) -> str:
    """A text of an object, terminal-safe, with its line breaks."""
    return text if text.isascii() and text.isprintable() else sanitize.text(text, len(text) * 4)


def each(node: Any, made: Callable[[str], str]) -> Any:
    """Plain data with every text in it (keys too) replaced by what the function makes of it."""
    if isinstance(node, str):
        return made(node)
    if isinstance(node, dict):
        return {made(key): each(value, made) for key, value in node.items()}
    if isinstance(node, list):
        return [each(value, made) for value in node]
    return node


_TEXTS: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "generateName",
)
_MAPS: Final = ("labels", "annotations")


def check(item: Any) -> None:
    """Raise TypeError unless the fields that all kinds have are of their types."""
    metadata = _part(item, "metadata", dict)
    for key in _TEXTS:
        _part(metadata, key, str)
    for key in _MAPS:
        for value in _part(metadata, key, dict).values():
            if not isinstance(value, str):
                raise TypeError(f"{key} that are no texts")
    for owner in _part(metadata, "ownerReferences", list):
        for key in ("kind", "name", "uid"):
            _part(owner, key, str)
    for key in ("spec", "status", *(("data", "stringData") if item.get("kind") in ("Secret", "ConfigMap") else ())):
        _part(item, key, dict)


def _part(node: Any, key: str, kind: type[_Kind]) -> _Kind:
    if not isinstance(node, dict):
        raise TypeError("an object that is none")
    value = node.get(key)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise TypeError(f"{key} that is {type(value).__name__}")
    return value
