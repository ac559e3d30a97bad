"""The settings of a chart as its JSON schema describes them: one flat list for tables and forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wizard.core.helm import values

# A definition whose comment begins with this is passed to Kubernetes unchanged and counts as one setting.
KUBERNETES = "Kubernetes "
_ANNOTATIONS = ("title", "description", "default", "examples", "writeOnly")
_MISSING = object()


@dataclass(frozen=True)
class Setting:
    """One thing a person may set.

    `types` are JSON type names; `choices` are all allowed values, empty when any value of the type is allowed. `secret`
    asks for a masked field. `default` is None for null and for a setting without a default: see `has_default`.
    """

    path: tuple[str, ...]
    title: str
    description: str
    types: tuple[str, ...]
    choices: tuple[Any, ...]
    default: Any
    has_default: bool
    examples: tuple[Any, ...]
    secret: bool

    @property
    def dotted(self) -> str:
        """The path as helm's --set takes it."""
        return values.dotted(self.path)


@dataclass(frozen=True)
class Section:
    """A setting that only holds other settings."""

    path: tuple[str, ...]
    title: str
    description: str


def entries(schema: Mapping[str, Any]) -> tuple[Setting | Section, ...]:
    """Every section and setting of a draft-07 schema, in its order; a section comes before its content.

    References to `#/definitions/...` are followed; keys next to a reference win over those of its definition. The
    default of a section applies to its content.
    """
    return tuple(_walk(schema, schema, (), _MISSING))


def settings(schema: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Every setting of a draft-07 schema, without the sections."""
    return tuple(entry for entry in entries(schema) if isinstance(entry, Setting))


def resolve(schema: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """The node with its reference followed; annotations next to the reference win."""
    if "$ref" not in node:
        return dict(node)
    target = resolve(schema, schema["definitions"][node["$ref"].removeprefix("#/definitions/")])
    return target | {key: node[key] for key in _ANNOTATIONS if key in node}


def _walk(
    schema: Mapping[str, Any], node: Mapping[str, Any], path: tuple[str, ...], default: Any
) -> Iterator[Setting | Section]:
    for name, child in node.get("properties", {}).items():
        resolved = resolve(schema, child)
        child_path = (*path, name)
        given = default.get(name, _MISSING) if isinstance(default, Mapping) else _MISSING
        if given is _MISSING:
            given = resolved.get("default", _MISSING)
        if "properties" in resolved and not resolved.get("$comment", "").startswith(KUBERNETES):
            yield Section(child_path, resolved.get("title", ""), resolved.get("description", ""))
            yield from _walk(schema, resolved, child_path, given)
        else:
            yield _setting(resolved, child_path, given)


def _setting(node: Mapping[str, Any], path: tuple[str, ...], default: Any) -> Setting:
    kinds = node.get("type", ())
    return Setting(
        path=path,
        title=node.get("title", ""),
        description=node.get("description", ""),
        types=(kinds,) if isinstance(kinds, str) else tuple(kinds),
        choices=tuple(node.get("enum", ())),
        default=None if default is _MISSING else default,
        has_default=default is not _MISSING,
        examples=tuple(node.get("examples", ())),
        secret=node.get("writeOnly", False),
    )
