"""Objects of the API, made safe to hold and to print: sanitised text, no secret values, no managedFields."""

from __future__ import annotations

import re
from typing import Any, Final

from wizard.core import limits
from wizard.core.kube import shape
from wizard.core.text import masking, sanitize
from wizard.core.text.encoding import of_base64
from wizard.core.text.secrets import MASK, Secret

_SUSPECT: Final = re.compile(rb"[\x7f-\xff]|\\(?:[bfrt]|u(?!00(?:3[ce]|26)))", re.IGNORECASE)
"""Bytes of JSON that can decode to something unsafe; the <, > and & that Go escapes are safe here."""
_HALVES: Final = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)
"""Surrogates; a lone one cannot be encoded."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def decode(raw: bytes, *, exact: bool = False) -> Any:
    """JSON as plain data with every string (keys too) terminal-safe; `exact`: as it was sent, except for lone surrogates.

    Raises:
        OverLimitError: it is nested too deep.
        ValueError: it is not JSON.
    """
    data = limits.loads(raw)
    if exact:
        return shape.each(data, _whole) if _HALVES.search(raw) else data
    return shape.each(data, shape.clean) if _SUSPECT.search(raw) else data


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def without_secrets(item: dict[str, Any], *, sealed: bool = False, managers: bool = False) -> dict[str, Any]:
    """The object without managedFields, and, for a Secret, with its values masked ("" stays "", keys stay) or sealed.

    `managers`: managedFields stays, reduced to manager, operation and time.

    Raises:
        TypeError: it is not shaped as every object of Kubernetes is.
    """
    shape.check(item)
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
    shape.check(item)
    if item.get("kind") != "Secret":
        raise TypeError("an object that is no Secret")
    try:
        return {
            sanitize.text(key, len(key)): Secret(of_base64(value or "").decode("utf-8", "surrogateescape"))
            for key, value in (item.get("data") or {}).items()
        }
    except ValueError:
        raise TypeError("data that is not base64") from None
