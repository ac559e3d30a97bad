"""Which parts of values and manifests are secret, and views of them in which those are masked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets as _random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from wizard.core import values
from wizard.core.secrets import MASK, Redactor, Secret

SEALED: Final = "sealed:"
"""What stands before the fingerprint of a Secret's value."""
_KEY: Final = _random.token_bytes(32)
"""Fingerprints mean something in this process only, so that one that leaks cannot be guessed at."""
_TELLING: Final = re.compile(
    r"(pass(word|wd|phrase)?|pwd|secret|token|credential|api-?_?key|private-?_?key|access-?_?key|dsn|salt)s?$"
    r"|(^|[-_.])(key|auth|jwt|signature)$|(database|redis|db|amqp|mongo)[-_.]?(url|uri)$",
    re.IGNORECASE,
)
_NAMES: Final = re.compile(r"(existing|name|ref|enabled|keys?name|file|path|class|policy|create|mount)", re.IGNORECASE)
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""The whole object once more, as text."""
_SHORTEST: Final = 8
"""A shorter secret is not looked for inside other text: it would mask half of the words."""


def seal(text: str) -> str:
    """A fingerprint by which two secret texts are compared; "" stays ""."""
    return (
        SEALED + hmac.new(_KEY, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16] if text else ""
    )


def sealed(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret with each value sealed, stringData moved into data; any other object as it is."""
    result = dict(obj)
    if obj.get("kind") != "Secret":
        return result
    data = {str(key): seal(_decoded(value)) for key, value in (obj.get("data") or {}).items()}
    data |= {str(key): seal(str(value)) for key, value in (obj.get("stringData") or {}).items()}
    result.pop("stringData", None)
    if data:
        result["data"] = data
    return result


def masked(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret with each value masked; any other object as it is."""
    result = dict(obj)
    if obj.get("kind") == "Secret":
        for section in ("data", "stringData"):
            if obj.get(section):
                result[section] = {key: MASK if value else "" for key, value in obj[section].items()}
    return result


def kept(obj: Mapping[str, Any]) -> dict[str, Any]:
    """An object as it may lie on a disk: a Secret masked, and variables of containers whose names tell a secret."""
    result: dict[str, Any] = _without_variables(masked(obj))
    if _APPLIED in (notes := (result.get("metadata") or {}).get("annotations") or {}):
        result["metadata"] = {**result["metadata"], "annotations": {**notes, _APPLIED: MASK}}
    return result


def _without_variables(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return [_without_variables(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    if node.get("value") and _is_secret((str(node.get("name", "")),)):
        return {**node, "value": MASK}
    return {key: _without_variables(value) for key, value in node.items()}


def masked_values(tree: Any, redact: Redactor | None = None) -> Any:
    """Values with everything masked whose path or key says that it is a secret, and known secrets wherever they are."""
    known = redact or Redactor()
    return _masked_node(tree, (), known)


def _masked_node(node: Any, path: tuple[str, ...], redact: Redactor) -> Any:
    if isinstance(node, Mapping):
        return {key: _masked_node(value, (*path, str(key)), redact) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_masked_node(value, path, redact) for value in node]
    if isinstance(node, bool) or node in (None, ""):
        return node
    if _is_secret(path):
        return MASK
    return redact(node) if isinstance(node, str) else node


def _is_secret(path: tuple[str, ...]) -> bool:
    if ".".join(path) in values.SECRET_PATHS:
        return True
    last = path[-1] if path else ""
    return bool(_TELLING.search(last)) and not _NAMES.search(last)


def known_secrets(trees: Iterable[Any] = (), objects: Iterable[Mapping[str, Any]] = ()) -> Redactor:
    """A redactor that knows the secrets of values trees and of rendered Secrets, as text and in base64."""
    found: dict[str, None] = {}
    for tree in trees:
        found.update(dict.fromkeys(_secret_leaves(tree, ())))
    for obj in objects:
        found.update(dict.fromkeys(_secret_data(obj)))
    texts = [text for text in found if len(text) >= _SHORTEST]
    return Redactor(tuple(Secret(form) for text in texts for form in (text, base64.b64encode(text.encode()).decode())))


def _secret_leaves(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _secret_leaves(value, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _secret_leaves(value, path)
    elif isinstance(node, str) and _is_secret(path):
        yield node


def _secret_data(obj: Mapping[str, Any]) -> Iterator[str]:
    if obj.get("kind") != "Secret":
        return
    for key, value in (obj.get("data") or {}).items():
        if _TELLING.search(str(key)):
            yield _decoded(value)
    for key, value in (obj.get("stringData") or {}).items():
        if _TELLING.search(str(key)):
            yield str(value)


def _decoded(value: Any) -> str:
    try:
        return base64.b64decode(str(value), validate=True).decode("utf-8", "surrogateescape")
    except (ValueError, binascii.Error):
        return str(value)
