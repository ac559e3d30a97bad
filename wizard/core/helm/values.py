"""Helm values as plain trees: merge, minus, paths, edits.

The rules are Helm's: maps merge, lists and scalars replace, null deletes a default
(reference/chart.md D.4; helm pkg/cli/values/options.go).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from wizard.core.errors import Problem

Path = tuple[str | int, ...]
Tree = Mapping[str, Any]


class _Delete:
    """The value that removes a path."""

    def __repr__(self) -> str:
        return "DELETE"


DELETE: Final = _Delete()

SECRET_PATHS: Final[Mapping[str, str]] = {
    "postgresql.auth.password": "postgres",
    "postgresql.auth.postgresPassword": "postgres",
    "externalDatabase.password": "postgres",
    "redis.auth.password": "redis",
    "externalRedis.password": "redis",
    "jwt.secret": "jwt",
    "secrets.jwtSecret": "jwt",
    "secrets.smtpPassword": "smtp",
    "smtp.password": "smtp",
    "grafana.adminPassword": "grafana",
}
"""Values that hold a secret, and the name it has in --secret-file."""


class ValueEdit(NamedTuple):
    """One ordered edit: a path gets a value, or DELETE removes it. `why` becomes the comment of its line."""

    path: Path
    value: Any
    why: str = ""


_KEY: Final = r"(?:[^.\[\]\\]|\\.)+"
_PATH: Final = re.compile(rf"{_KEY}(?:\[[0-9]+\])*(?:\.{_KEY}(?:\[[0-9]+\])*)*")
_PART: Final = re.compile(rf"({_KEY})|\[([0-9]+)\]")


def dotted(path: Path) -> str:
    """A path as a person writes it, ingress.hosts[0].host; `path_of` reads it back, dots inside keys included."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + re.sub(r"[.\\\[\]]", r"\\\g<0>", part)
    return text


def path_of(text: str) -> Path:
    """The path of its dotted form; a backslash keeps a dot or bracket that belongs to a key.

    Raises:
        Problem: the text is not a path.
    """
    if not _PATH.fullmatch(text):
        raise Problem(f'"{text}" is not a value path.', "Write it as in ingress.hosts[0].host.")
    return tuple(int(index) if index else re.sub(r"\\(.)", r"\1", key) for key, index in _PART.findall(text))


def starts(path: Path, above: Path) -> bool:
    """Whether a path is another one or lies below it."""
    return path[: len(above)] == above


def get(tree: Any, path: Path, default: Any = None) -> Any:
    """The value at a path, or the default."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(tree, Sequence) or isinstance(tree, str) or part >= len(tree):
                return default
        elif not isinstance(tree, Mapping) or part not in tree:
            return default
        tree = tree[part]
    return tree


def merge(base: Tree, over: Tree) -> dict[str, Any]:
    """Helm's merge: maps recursively, everything else replaced, null in `over` deletes what is there."""
    merged: dict[str, Any] = dict(base)
    for key, value in over.items():
        if value is None and merged.get(key) is not None:
            del merged[key]
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = merge({}, value) if isinstance(value, Mapping) else value
    return merged


def overlay(below: Tree, above: Tree) -> dict[str, Any]:
    """Two values files as helm merges -f files: maps recursively, everything else replaced, null stays for `merge`."""
    merged: dict[str, Any] = dict(below)
    for key, value in above.items():
        there = merged.get(key)
        merged[key] = overlay(there, value) if isinstance(value, Mapping) and isinstance(there, Mapping) else value
    return merged


def minus(tree: Tree, defaults: Tree, keep: Tree | None = None) -> dict[str, Any]:
    """The tree that gives `tree` when merged over the defaults: without equal leaves, missing defaults as null.

    Equal leaves stay where `keep` has them, and so do its nulls.
    """
    keep = keep or {}
    rest: dict[str, Any] = {}
    for key, value in tree.items():
        if key in defaults and isinstance(value, Mapping) and isinstance(defaults[key], Mapping):
            kept = keep.get(key)
            inner = minus(value, defaults[key], kept if isinstance(kept, Mapping) else None)
            if inner or key in keep:
                rest[key] = inner
        elif key in keep or key not in defaults or not same(defaults[key], value):
            rest[key] = value
    rest.update({key: None for key in defaults if key not in tree})
    rest.update({key: None for key, value in keep.items() if key not in tree and value is None})
    return rest


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal; true is not 1."""
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


def identical(left: Any, right: Any) -> bool:
    """Whether two trees are equal down to their leaves; true is not 1, and keys may stand in another order."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(identical(value, right[key]) for key, value in left.items())
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(identical, left, right))
    return same(left, right)


def ordered(tree: Tree, like: Tree) -> dict[str, Any]:
    """The same tree with its keys in the order of another, so that a diff shows only changed values."""
    keys = [key for key in like if key in tree] + [key for key in tree if key not in like]
    return {
        key: ordered(value, like.get(key) or {})
        if isinstance(value := tree[key], Mapping) and isinstance(like.get(key) or {}, Mapping)
        else value
        for key in keys
    }


def apply_edits(tree: Tree, lines: Sequence[ValueEdit]) -> dict[str, Any]:
    """A new tree with the edits applied in order; missing maps and list items are created.

    What no edit touches is shared with the old tree, which may be large; neither may be changed in place.
    """
    result = dict(tree)
    own = {id(result)}
    for line in lines:
        _put(result, line.path, line.value, own)
    return result


def _put(node: Any, path: Path, value: Any, own: set[int]) -> None:
    """Set a path of a tree whose root is ours; `own` holds the identities of the parts that are not shared."""
    for part, following in itertools.pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(part, int):
            node.extend({} for _ in range(part + 1 - len(node)))
            below = node[part]
        else:
            below = node.get(part)
        if not isinstance(below, type(empty)):
            if value is DELETE and not isinstance(part, int):
                return
            below = empty
        elif id(below) not in own:
            below = list(below) if isinstance(below, list) else dict(below)
        own.add(id(below))
        node[part] = below
        node = below
    last = path[-1]
    if value is DELETE:
        if isinstance(last, int):
            del node[last : last + 1]
        else:
            node.pop(last, None)
    elif isinstance(last, int):
        node.extend(None for _ in range(last + 1 - len(node)))
        node[last] = _copy(value)
    else:
        node[last] = _copy(value)


def _copy(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _copy(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_copy(value) for value in node]
    return node


def leaves(tree: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every path whose value is not a map, in order; a list is one leaf, as in Helm's merge."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from leaves(value, (*at, key))
    elif at:
        yield at, tree


def differences(meant: Any, read: Any, at: Path = ()) -> Iterator[Path]:
    """Paths at which two trees differ as values of a release: null is nothing, and numbers are those of JSON."""
    if isinstance(meant, Mapping) and isinstance(read, Mapping):
        for key in {**meant, **read}:
            yield from differences(meant.get(key), read.get(key), (*at, key))
    elif isinstance(meant, list | tuple) and isinstance(read, list | tuple) and len(meant) == len(read):
        for index, pair in enumerate(zip(meant, read, strict=True)):
            yield from differences(*pair, (*at, index))
    elif not same(_of_json(meant), _of_json(read)):
        yield at


def _of_json(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def secrets_in(tree: Tree) -> tuple[str, ...]:
    """Dotted paths in the tree that hold a secret; the guide's "changeme" means "generate" and does not count."""
    return tuple(path for path in SECRET_PATHS if get(tree, path_of(path)) not in (None, "", "changeme"))


def without_secrets(tree: Tree) -> dict[str, Any]:
    """The tree without its secret values."""
    return apply_edits(tree, [ValueEdit(path_of(path), DELETE) for path in SECRET_PATHS])
