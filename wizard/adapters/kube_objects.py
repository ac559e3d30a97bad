"""What the API served, made safe to hold and to print: sanitised text, no secret values, no bulk nobody reads."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from wizard.core import masking, sanitize
from wizard.core.secrets import MASK

_SUSPECT: Final = re.compile(rb"[\x7f-\xff]|\\(?:[bfrt]|u(?!00(?:3[ce]|26)))", re.IGNORECASE)
"""Bytes of JSON that can decode to something unsafe; Go escapes <, > and & for no reason of ours."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def decode(raw: bytes) -> Any:
    """JSON as plain data with every string (keys too) terminal-safe.

    Raises:
        ValueError: it is not JSON.
    """
    data = json.loads(raw)
    return _clean(data) if _SUSPECT.search(raw) else data


def _clean(node: Any) -> Any:
    if isinstance(node, str):
        return node if node.isascii() and node.isprintable() else sanitize.text(node, len(node) + 1)
    if isinstance(node, dict):
        return {_clean(key): _clean(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_clean(one) for one in node]
    return node


def without_secrets(item: dict[str, Any], *, sealed: bool = False, managers: bool = False) -> dict[str, Any]:
    """The object without managedFields, and, for a Secret, with its values masked ("" stays "", keys stay) or sealed.

    `managers`: who wrote it last and when stays, without the fields.
    """
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
