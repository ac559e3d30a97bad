"""Objects of the API, made safe to hold and to print: sanitised text, no secret values, no managedFields."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from wizard.core import limits
from wizard.core.text import masking, sanitize
from wizard.core.text.encoding import of_base64
from wizard.core.text.secrets import MASK, Secret

_SUSPECT: Final = re.compile(rb"[\x7f-\xff]|\\(?:[bfrt]|u(?!00(?:3[ce]|26)))", re.IGNORECASE)
"""Bytes of JSON that can decode to something unsafe; the <, > and & that Go escapes are safe here."""
_HALVES: Final = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)
"""Surrogates; a lone one cannot be encoded."""

_Kind = TypeVar("_Kind", str, dict[str, Any], list[Any])

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def decode(raw: bytes, *, exact: bool = False) -> Any:
    """JSON as plain data with every string (keys too) terminal-safe; `exact`: as it was sent, except for lone surrogates.

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
        return [_each(value, made) for value in node]
    return node


def without_secrets(item: dict[str, Any], *, sealed: bool = False, managers: bool = False) -> dict[str, Any]:
    """The object without managedFields, and, for a Secret, with its values masked ("" stays "", keys stay) or sealed.

    `managers`: managedFields stays, reduced to manager, operation and time.

    Raises:
        TypeError: it is not shaped as every object of Kubernetes is.
    """
    check(item)
    metadata = item.get("metadata") or {}
    managed = metadata.pop("managedFields", None)
    if managers and isinstance(managed, list):
        kept = ("manager", "operation", "time")
        metadata["managedFields"] = [
            {key: manager[key] for key in kept if key in manager} for manager in managed if isinstance(manager, dict)
        ]
    if item.get("kind") == "Secret":
        if sealed:
            item = masking.sealed(item)
        for section in ("data", "stringData"):
            if item.get(section) and not sealed:
                item[section] = {key: MASK if value else "" for key, value in item[section].items()}
        (metadata.get("annotations") or {}).pop(LAST_APPLIED, None)
    return item


def secret_values(item: dict[str, Any]) -> dict[str, Secret]:
    """The values of a Secret by key; bytes that are not UTF-8 are surrogates (surrogateescape).

    Raises:
        TypeError: it is not shaped as every Secret is.
    """
    check(item)
    if item.get("kind") != "Secret":
        raise TypeError("an object that is no Secret")
    try:
        return {
            sanitize.text(key, len(key)): Secret(of_base64(value or "").decode("utf-8", "surrogateescape"))
            for key, value in (item.get("data") or {}).items()
        }
    except ValueError:
        raise TypeError("data that is not base64") from None


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
