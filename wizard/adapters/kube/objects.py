"""What the API served, made safe to hold and to print: sanitised text, no secret values, no bulk nobody reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from wizard.core import limits
from wizard.core.text import masking, sanitize
from wizard.core.text.secrets import MASK

_SUSPECT: Final = re.compile(rb"[\x7f-\xff]|\\(?:[bfrt]|u(?!00(?:3[ce]|26)))", re.IGNORECASE)
"""Bytes of JSON that can decode to something unsafe; Go escapes <, > and & for no reason of ours."""
_HALVES: Final = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)
"""Halves of characters; one that stands alone cannot be written in any encoding."""

_Kind = TypeVar("_Kind", str, dict[str, Any], list[Any])

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def decode(raw: bytes, *, exact: bool = False) -> Any:
    """JSON as plain data with every string (keys too) terminal-safe; `exact`: as it was sent, but for halves of characters.

    Raises:
        OverLimitError: it is nested too deep.
        ValueError: it is not JSON.
    """
    data = limits.loads(raw)
    if exact:
        return _each(data, _whole) if _HALVES.search(raw) else data
    return _each(data, _clean) if _SUSPECT.search(raw) else data


def _clean(text: str) -> str:
    return text if text.isascii() and text.isprintable() else sanitize.text(text, len(text) * 4)


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _each(node: Any, made: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return made(node)
    if isinstance(node, dict):
        return {made(key): _each(value, made) for key, value in node.items()}
    if isinstance(node, list):
        return [_each(one, made) for one in node]
    return node


def without_secrets(item: dict[str, Any], *, sealed: bool = False, managers: bool = False) -> dict[str, Any]:
    """The object without managedFields, and, for a Secret, with its values masked ("" stays "", keys stay) or sealed.

    `managers`: who wrote it last and when stays, without the fields.

    Raises:
        TypeError: it is not shaped as every object of Kubernetes is.
    """
    check(item)
    metadata = item.get("metadata") or {}
    managed = metadata.pop("managedFields", None)
    if managers and isinstance(managed, list):
        kept = ("manager", "operation", "time")
        said = [{key: one[key] for key in kept if key in one} for one in managed if isinstance(one, dict)]
        metadata["managedFields"] = said
    if item.get("kind") == "Secret":
        if sealed:
            item = masking.sealed(item)
        for section in ("data", "stringData"):
            if item.get(section) and not sealed:
                item[section] = {key: MASK if value else "" for key, value in item[section].items()}
        (metadata.get("annotations") or {}).pop(LAST_APPLIED, None)
    return item


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
    """Raise TypeError unless the parts that all kinds have are what they are in every one of them."""
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
    found = node.get(key)
    if found is None:
        return kind()
    if not isinstance(found, kind):
        raise TypeError(f"{key} that is {type(found).__name__}")
    return found
