"""Finds the secret parts of values and manifests, and returns copies in which they are masked."""

from __future__ import annotations

import hashlib
import hmac
import secrets as _random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.kube import field_path
from wizard.core.text.encoding import of_base64
from wizard.core.text.redaction import harmless, hide, telling
from wizard.core.text.secrets import MASK, Redactor, Secret

SEALED: Final = "sealed:"
"""Prefix of the fingerprint of a Secret's value."""
_KEY: Final = _random.token_bytes(32)
"""The key is random per process, so that a leaked fingerprint cannot be brute-forced."""
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""An annotation that repeats the whole object as text."""
_SHORTEST: Final = 8
"""A shorter secret is not searched for in other text: it would mask half of the words."""


def seal(text: str) -> str:
    """A fingerprint by which two secret texts are compared; "" stays ""."""
    return (
        SEALED + hmac.new(_KEY, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16] if text else ""
    )


def sealed(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret with each value sealed and stringData moved into data; any other object unchanged."""
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
    """A Secret with each value masked; any other object unchanged."""
    result = dict(obj)
    if obj.get("kind") == "Secret":
        for section in ("data", "stringData"):
            if obj.get(section):
                result[section] = {key: MASK if value else "" for key, value in obj[section].items()}
    return result


def kept(obj: Mapping[str, Any], redact: Redactor | None = None) -> dict[str, Any]:
    """An object fit to show or to write to disk: Secrets, and values that look secret by name or shape, are masked."""
    result: dict[str, Any] = masked_values(masked(obj), redact)
    if _APPLIED in (notes := (result.get("metadata") or {}).get("annotations") or {}):
        result["metadata"] = {**result["metadata"], "annotations": {**notes, _APPLIED: MASK}}
    return result


def masked_values(tree: Any, redact: Redactor | None = None, known: dict[str, str] | None = None) -> Any:
    """A tree (values, an object) in which values with secret names, and known secrets anywhere, are masked.

    A name is a key (`password: x`), a `name` in a list (`{name: DB_PASSWORD, value: x}`) or a flag (`--password`, `x`).
    `known` keeps texts as they are shown, for further trees with the same redactor: the pods of a release are much alike.
    """
    return _masked_node(tree, (), redact or Redactor(), {} if known is None else known)


def secret_paths(tree: Any) -> Iterator[tuple[str | int, ...]]:
    """Paths of the values that `masked_values` masks, or a part of them."""
    yield from _changed(tree, masked_values(tree), ())


def _changed(before: Any, after: Any, at: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in before.items():
            yield from _changed(value, after[key], (*at, key))
    elif isinstance(before, list | tuple) and isinstance(after, list):
        for index, value in enumerate(before):
            yield from _changed(value, after[index], (*at, index))
    elif before != after:
        yield at


def unmasked(edited: Any, original: Any) -> Any:
    """A tree of masked values that a person edited, with what is masked in it as the original has it there.

    Raises:
        Problem: the edited tree holds a secret that the original does not have at the same place.
    """
    tree = _unmasked(edited, original, masked_values(original))
    _refuse_new(tree, masked_values(tree), original, ())
    return tree


def _unmasked(edited: Any, original: Any, shown: Any) -> Any:
    if isinstance(edited, Mapping) and isinstance(original, Mapping):
        return {
            key: _unmasked(value, original[key], shown[key]) if key in original else value
            for key, value in edited.items()
        }
    if isinstance(edited, list) and isinstance(original, list):
        kept = zip(edited, original, shown, strict=False)
        return [*(_unmasked(*items) for items in kept), *edited[len(original) :]]
    return original if values.same(edited, shown) else edited


def _refuse_new(tree: Any, shown: Any, original: Any, path: values.Path) -> None:
    """Raise Problem for a value that is masked and not the original's."""
    if values.same(tree, original):
        return
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            _refuse_new(value, shown[key], values.get(original, (key,)), (*path, key))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            _refuse_new(value, shown[number], values.get(original, (number,)), (*path, number))
    elif not values.same(tree, shown) or tree == MASK:
        raise Problem(
            f"{values.dotted(path)} would hold a secret; values end in files and in Helm's history.",
            "Keep it in a Secret of the cluster, and leave what is masked here as it is.",
        )


def masked_field(path: str, value: Any, redact: Redactor) -> Any:
    """One field of an object, masked the same way; the path is as in a plan: containers[api].env[DB_PASSWORD].value."""
    names = field_path.names(path)
    name = names[-2] if names[1:] and names[-1] == "value" else "".join(names[-1:])
    return _masked_node(value, (name,), redact, {})


def _masked_node(node: Any, path: tuple[str, ...], redact: Redactor, known: dict[str, str]) -> Any:
    if isinstance(node, Mapping):
        where = _named(node)
        return {key: _masked_node(value, where(path, str(key)), redact, known) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_masked_node(value, where, redact, known) for where, value in _items(node, path)]
    if isinstance(node, bool) or node in (None, ""):
        return node
    if _is_secret(path) and not harmless(path[-1], node):
        return MASK
    if not isinstance(node, str):
        return node
    if node not in known:
        known[node] = hide(redact(node))
    return known[node]


Path = tuple[str, ...]


def _named(node: Mapping[Any, Any]) -> Callable[[Path, str], Path]:
    """A function from a map's path and a key to the path of the value; a `value` gets the name that its map holds."""
    name = next((str(node[field]) for field in ("name", "key", "header") if isinstance(node.get(field), str)), "")
    if "value" in node and name:
        return lambda path, key: (*path, name if key == "value" else key)
    return lambda path, key: (*path, key)


def _items(node: Sequence[Any], path: Path) -> Iterator[tuple[Path, Any]]:
    """Items of a list with their paths; an argument after a flag has the flag's name."""
    flag = ""
    for item in node:
        yield (*path, flag) if flag and isinstance(item, str) else path, item
        flag = item.lstrip("-") if isinstance(item, str) and item.startswith("-") and "=" not in item else ""


def _is_secret(path: Path) -> bool:
    return bool(path) and (".".join(path) in values.SECRET_PATHS or telling(path[-1]))


def known_secrets(trees: Iterable[Any] = (), objects: Iterable[Mapping[str, Any]] = ()) -> Redactor:
    """A redactor that knows the secrets of values trees and of objects, rendered Secrets included."""
    texts: dict[str, None] = {}
    names = set()
    for tree in trees:
        texts.update(dict.fromkeys(_secret_leaves(tree, ())))
    for obj in objects:
        names.add((obj.get("metadata") or {}).get("name"))
        texts.update(dict.fromkeys(_secret_data(obj) if obj.get("kind") == "Secret" else _secret_leaves(obj, ())))
    return Redactor(tuple(Secret(text) for text in texts if len(text) >= _SHORTEST and text not in names))


def _secret_leaves(node: Any, path: Path) -> Iterator[str]:
    if isinstance(node, Mapping):
        where = _named(node)
        for key, value in node.items():
            yield from _secret_leaves(value, where(path, str(key)))
    elif isinstance(node, list | tuple):
        for where_item, value in _items(node, path):
            yield from _secret_leaves(value, where_item)
    elif isinstance(node, str) and _is_secret(path) and not harmless(path[-1], node):
        yield node


def _secret_data(obj: Mapping[str, Any]) -> Iterator[str]:
    for key, value in (obj.get("data") or {}).items():
        if telling(str(key)):
            yield _decoded(value)
    for key, value in (obj.get("stringData") or {}).items():
        if telling(str(key)):
            yield str(value)


def _decoded(value: Any) -> str:
    try:
        return of_base64(str(value)).decode("utf-8", "surrogateescape")
    except ValueError:
        return str(value)
