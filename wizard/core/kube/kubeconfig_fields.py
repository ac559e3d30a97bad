"""The fields of a kubeconfig with their types, as client-go decodes them (tools/clientcmd/api/v1): what fits none is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.errors import Problem
from wizard.core.text import sanitize
from wizard.core.text.encoding import of_base64


@dataclass(frozen=True)
class _Each:
    """A mapping from any key to values of one type."""

    of: Any


@dataclass(frozen=True)
class _Named:
    """A list of mappings in which a name stands once."""

    of: Mapping[str, Any]


_EXTENSIONS: Final = _Named({"name": str, "extension": object})
_CLUSTER: Final = {
    "server": str, "tls-server-name": str, "insecure-skip-tls-verify": bool, "certificate-authority": str,
    "certificate-authority-data": bytes, "proxy-url": str, "disable-compression": bool, "extensions": _EXTENSIONS,
}  # fmt: skip
_EXEC: Final = {
    "command": str, "args": [str], "env": [{"name": str, "value": str}], "apiVersion": str, "installHint": str,
    "provideClusterInfo": bool, "interactiveMode": str,
}  # fmt: skip
_USER: Final = {
    "client-certificate": str, "client-certificate-data": bytes, "client-key": str, "client-key-data": bytes,
    "token": str, "tokenFile": str, "as": str, "as-uid": str, "as-groups": [str], "as-user-extra": _Each([str]),
    "username": str, "password": str, "auth-provider": {"name": str, "config": _Each(str)}, "exec": _EXEC,
    "extensions": _EXTENSIONS,
}  # fmt: skip
_CONTEXT: Final = {"cluster": str, "user": str, "namespace": str, "extensions": _EXTENSIONS}
_FILE: Final = {
    "kind": str, "apiVersion": str, "preferences": {"colors": bool, "extensions": _EXTENSIONS},
    "clusters": _Named({"name": str, "cluster": _CLUSTER}), "users": _Named({"name": str, "user": _USER}),
    "contexts": _Named({"name": str, "context": _CONTEXT}), "current-context": str, "extensions": _EXTENSIONS,
}  # fmt: skip
_WORDS: Final[Mapping[type, str]] = {
    bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a mapping",
}  # fmt: skip
_NAME: Final = 100
"""Characters of a name that a message shows."""
_OTHER: Final = "Correct it, or give another file with --kubeconfig PATH."


def typed(tree: Any, shown: str) -> dict[str, Any]:
    """The known fields of the document of one file, each of its type; a field that is null or missing is left out.

    Args:
        tree: the document as plain data, None when it is empty.
        shown: what a message calls the file.

    Raises:
        Problem: kubectl and helm do not take the document; names the field and no value but the kind of document.
    """
    if tree is not None and not isinstance(tree, Mapping):
        raise Problem(f"{shown} is not a kubeconfig: it has no lists of clusters, users and contexts.", _OTHER)
    fields = tree or {}
    kind, version = fields.get("kind") or "Config", fields.get("apiVersion") or "v1"
    if isinstance(kind, str) and isinstance(version, str) and (kind, version) != ("Config", "v1"):
        said = sanitize.line(f"{kind} of {version}", _NAME)
        raise Problem(f"{shown} is not a kubeconfig: it is a {said}, not a Config of v1.", _OTHER)
    made: dict[str, Any] = _typed(fields, _FILE, "", shown)
    return made


def _typed(value: Any, wanted: Any, place: str, shown: str) -> Any:
    if wanted is object:
        return value
    if wanted is bytes:
        return _base64(value, place, shown)
    _check_type(value, wanted, place, shown)
    if isinstance(wanted, _Named):
        _check_names(value, place, shown)
        return [_item(item, wanted.of, f"{place}{_index(item, at)}", shown) for at, item in enumerate(value)]
    if isinstance(wanted, list):
        return [_item(item, wanted[0], f"{place}[{at}]", shown) for at, item in enumerate(value)]
    if isinstance(wanted, _Each):
        return {
            key: _item(item, wanted.of, f"{place}.{sanitize.line(key, _NAME)}", shown) for key, item in value.items()
        }
    if isinstance(wanted, dict):
        known = {key: (value[key], part) for key, part in wanted.items() if value.get(key) is not None}
        return {key: _typed(part, of, f"{place}.{key}".lstrip("."), shown) for key, (part, of) in known.items()}
    return value


def _check_type(value: Any, wanted: Any, place: str, shown: str) -> None:
    needed = wanted if isinstance(wanted, type) else list if isinstance(wanted, list | _Named) else dict
    if type(value) is not needed:
        step = "Put quotes around it." if needed is str and isinstance(value, int | float) else _OTHER
        words = f"{place} is {_WORDS[type(value)]}, not {_WORDS[needed]}"
        raise Problem(f"{shown} cannot be used: {words}; kubectl and helm refuse that.", step)


def _item(value: Any, wanted: Any, place: str, shown: str) -> Any:
    """An item of a list or mapping; Go makes an empty one of null."""
    if value is None:
        return "" if wanted is str else [] if isinstance(wanted, list) else {}
    return _typed(value, wanted, place, shown)


def _index(item: Any, at: int) -> str:
    name = item.get("name") if isinstance(item, Mapping) else None
    return f'["{sanitize.line(name, _NAME)}"]' if isinstance(name, str) else f"[{at}]"


def _check_names(items: list[Any], place: str, shown: str) -> None:
    seen: set[str] = set()
    for item in items:
        name = (item.get("name") if isinstance(item, Mapping) else None) or ""
        if isinstance(name, str):
            if name in seen:
                # kubectl and helm print the whole list with its keys and tokens.
                words = f"{shown} names two {place} {sanitize.line(name, _NAME)!r}"
                raise Problem(f"{words}; kubectl and helm refuse that.", "Rename or remove one.")
            seen.add(name)


def _base64(value: Any, place: str, shown: str) -> str:
    try:
        of_base64(value)
    except (TypeError, ValueError):
        words = f"{shown} cannot be used: {place} is not base64"
        raise Problem(f"{words}; kubectl and helm refuse that.", _OTHER) from None
    return str(value)
