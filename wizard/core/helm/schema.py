"""A chart's values.schema.json: what it says of each value, and whether a value fits.

Drafts 4 to 2020-12 are read, as far as a chart's values need them. What is not understood says nothing, so that nothing is
refused here which helm would take; helm decides when it plans. Schemas come from outside: references, compositions and
patterns are followed for a bounded number of steps.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final
from urllib.parse import unquote

from wizard.core.helm import values
from wizard.core.text import pattern


class _Missing:
    """No value, where null is one."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
_ANNOTATIONS: Final = ("title", "description", "default", "examples", "writeOnly", "deprecated")
"""What counts beside a reference, too."""
_REFERENCES: Final = 32
_STEPS: Final = 10_000
"""Schemas that are read to judge one value, or to describe one place."""
_LONG: Final = 60
_CONSTRAINTS: Final = (
    "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format",
    "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spec:
    """What a schema says of one place. `types` are JSON's names, none when every type fits."""

    types: tuple[str, ...] = ()
    title: str = ""
    help: str = ""
    default: Any = MISSING
    enum: tuple[Any, ...] = ()
    examples: tuple[Any, ...] = ()
    constraints: tuple[str, ...] = ()
    """In the schema's words: "minimum 1"."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """Key -> its schema, for `Schema.spec`."""
    required: tuple[str, ...] = ()
    closed: bool = False
    """Whether no other keys than these are taken."""
    items: Any = None
    secret: bool = False
    deprecated: bool = False
    definition: str = ""
    """The name of the definition that it refers to."""
    comment: str = ""


class Schema:
    """One document. Places are described when they are asked for, and only once."""

    def __init__(self, document: Any = None) -> None:
        self._document = document if isinstance(document, Mapping | bool) else {}
        self._kept: dict[int, tuple[Any, Spec]] = {}
        """By the identity of the schema, which is kept beside it."""
        dialect = str(self._document.get("$schema", "")) if isinstance(self._document, Mapping) else ""
        self._beside_counts = any(year in dialect for year in ("2019-09", "2020-12"))

    @property
    def root(self) -> Spec:
        """What the document says of the whole tree."""
        return self.spec(self._document)

    def spec(self, raw: Any) -> Spec:
        """What one of its schemas says."""
        kept = self._kept.get(id(raw))
        if kept is None:
            kept = self._kept[id(raw)] = (raw, _spec(self._flat(raw, _Steps(_STEPS // 10))))
        return kept[1]

    def key(self, spec: Spec, name: str) -> Any:
        """The schema of a key: of a property, or of any key that is not one; None when there is none."""
        if name in spec.properties:
            return spec.properties[name]
        return spec.properties.get(ANY)

    def at(self, path: values.Path) -> Any:
        """The schema of a place; None when the document does not say anything of it."""
        raw: Any = self._document
        for part in path:
            spec = self.spec(raw)
            raw = spec.items if isinstance(part, int) else self.key(spec, part)
            if raw is None:
                return None
        return raw

    def problem(self, value: Any, raw: Any = MISSING) -> str:
        """What is wrong with a value in the schema's words, "" when nothing is or that cannot be said."""
        try:
            return self._problem(value, self._document if raw is MISSING else raw, _Steps(_STEPS))
        except (_TooManyError, RecursionError):
            return ""

    # Description

    def _flat(self, raw: Any, steps: _Steps, hops: int = 0) -> dict[str, Any]:
        """A schema with its references followed and its compositions merged, for description only."""
        if not isinstance(raw, Mapping) or hops > _REFERENCES or not steps.left():
            return {}
        if isinstance(reference := raw.get("$ref"), str):
            beside = raw if self._beside_counts else {key: raw[key] for key in _ANNOTATIONS if key in raw}
            below = self._flat(self._target(reference), steps, hops + 1)
            return (
                {"definition": reference.rpartition("/")[2]} | below | {k: v for k, v in beside.items() if k != "$ref"}
            )
        flat = dict(raw)
        for part in _schemas(raw.get("allOf")):
            flat = _both(flat, self._flat(part, steps, hops + 1))
        for key in ("anyOf", "oneOf"):
            if parts := [self._flat(part, steps, hops + 1) for part in _schemas(raw.get(key))]:
                flat = _either(parts) | flat
        return flat

    def _target(self, reference: str) -> Any:
        """The schema that a reference inside the document names; others are not read."""
        if not reference.startswith("#"):
            return None
        node: Any = self._document
        for part in unquote(reference[1:]).split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, Mapping):
                node = node.get(part)
            elif isinstance(node, list) and part.isdecimal() and int(part[:9]) < len(node):
                node = node[int(part[:9])]
            else:
                return None
        return node

    # Judgement

    def _problem(self, value: Any, raw: Any, steps: _Steps, at: values.Path = (), hops: int = 0) -> str:
        if raw is False:
            return _said(at, "the schema takes no value here")
        if not isinstance(raw, Mapping) or hops > _REFERENCES:
            return ""
        steps.take()
        if isinstance(reference := raw.get("$ref"), str):
            problem = self._problem(value, self._target(reference), steps, at, hops + 1)
            if problem or not self._beside_counts:
                return problem
        own = _said(at, _wrong_type(value, raw) or _wrong_content(value, raw))
        return own or self._wrong_parts(value, raw, steps, at, hops) or self._wrong_inside(value, raw, steps, at)

    def _wrong_parts(self, value: Any, raw: Mapping[str, Any], steps: _Steps, at: values.Path, hops: int) -> str:
        for part in _schemas(raw.get("allOf")):
            if problem := self._problem(value, part, steps, at, hops + 1):
                return problem
        for key in ("anyOf", "oneOf"):
            found = [self._problem(value, part, steps, (), hops + 1) for part in _schemas(raw.get(key))]
            if found and all(found):
                return _said(at, f"{key}: {'; or '.join(dict.fromkeys(found))}")
        if "else" in raw and "if" in raw and self._problem(value, raw["if"], steps, at, hops + 1):
            return self._problem(value, raw["else"], steps, at, hops + 1)
        return ""

    def _wrong_inside(self, value: Any, raw: Mapping[str, Any], steps: _Steps, at: values.Path) -> str:
        if isinstance(value, Mapping):
            return self._wrong_keys(value, raw, steps, at)
        if (
            isinstance(value, list)
            and isinstance(items := raw.get("items"), Mapping | bool)
            and "prefixItems" not in raw
        ):
            for number, item in enumerate(value):
                if problem := self._problem(item, items, steps, (*at, number)):
                    return problem
        return ""

    def _wrong_keys(self, value: Mapping[str, Any], raw: Mapping[str, Any], steps: _Steps, at: values.Path) -> str:
        properties, patterns = _map(raw.get("properties")), _map(raw.get("patternProperties"))
        for key in _texts(raw.get("required")):
            if key not in value:
                return _said(at, f"required: {key} is missing")
        for key, item in value.items():
            matches = {expression: pattern.found(expression, key) for expression in patterns}
            fitting = [patterns[expression] for expression, matched in matches.items() if matched]
            fitting += [properties[key]] if key in properties else []
            if not fitting and None not in matches.values():
                fitting = [raw.get("additionalProperties")]
                if fitting == [False]:
                    return _said(at, f"additionalProperties: the schema has no key {_short(key)}")
            for schema in fitting:
                if problem := self._problem(item, schema, steps, (*at, key)):
                    return problem
        return ""


ANY: Final = ""
"""The key below which `Spec.properties` has the schema of keys that it does not name."""


def type_of(value: Any) -> str:
    """JSON's name for the type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case Mapping():
            return "object"
    return "array"


def compact(value: Any) -> str:
    """A value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


class _TooManyError(Exception):
    """A schema takes too many steps."""


class _Steps:
    """The steps that are left."""

    def __init__(self, count: int) -> None:
        self._count = count

    def left(self) -> bool:
        """Take one, if there is one."""
        self._count -= 1
        return self._count >= 0

    def take(self) -> None:
        """Take one.

        Raises:
            _TooManyError: there is none.
        """
        if not self.left():
            raise _TooManyError


def _spec(flat: Mapping[str, Any]) -> Spec:
    enum = flat.get("enum")
    choices = tuple(enum) if isinstance(enum, list) else (flat["const"],) if "const" in flat else ()
    types = _types(flat) or tuple(dict.fromkeys(map(type_of, choices)))
    properties = dict(_map(flat.get("properties")))
    patterns = list(_map(flat.get("patternProperties")).values())
    further = flat.get("additionalProperties")
    others = [schema for schema in (*patterns, further) if isinstance(schema, Mapping)]
    if others:
        properties[ANY] = others[0]
    return Spec(
        types=types,
        title=_text(flat.get("title")),
        help=_text(flat.get("description")),
        default=flat.get("default", MISSING),
        enum=choices,
        examples=tuple(flat["examples"]) if isinstance(flat.get("examples"), list) else (),
        constraints=tuple(f"{key} {compact(flat[key])}" for key in _CONSTRAINTS if key in flat),
        properties=properties,
        required=_texts(flat.get("required")),
        closed=further is False and not patterns,
        items=flat["items"] if isinstance(flat.get("items"), Mapping) else None,
        secret=flat.get("writeOnly") is True,
        deprecated=flat.get("deprecated") is True,
        definition=_text(flat.get("definition")),
        comment=_text(flat.get("$comment")),
    )


def _both(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """One schema for two that both count."""
    merged = {**right, **left}
    if "properties" in left and "properties" in right:
        merged["properties"] = {**_map(right["properties"]), **_map(left["properties"])}
    if "required" in left and "required" in right:
        merged["required"] = [*_texts(left["required"]), *_texts(right["required"])]
    return merged


def _either(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One schema for several of which one counts."""
    merged: dict[str, Any] = {}
    choices = [
        part["enum"] if isinstance(part.get("enum"), list) else [part["const"]] if "const" in part else None
        for part in parts
    ]
    if None not in choices:
        merged["enum"] = [choice for enum in choices for choice in enum or ()]
    types = [_types(part) for part in parts]
    if all(types):
        merged["type"] = list(dict.fromkeys(name for names in types for name in names))
    properties = {key: schema for part in reversed(parts) for key, schema in _map(part.get("properties")).items()}
    if properties:
        merged["properties"] = properties
    if items := next((part["items"] for part in parts if "items" in part), None):
        merged["items"] = items
    return merged


def _wrong_type(value: Any, raw: Mapping[str, Any]) -> str:
    types, found = _types(raw), type_of(value)
    if types and found not in types and not (found == "integer" and "number" in types):
        return f"type: {' or '.join(types)} is wanted, not {found}"
    enum = raw.get("enum")
    if isinstance(enum, list) and not any(values.identical(choice, value) for choice in enum):
        return f"enum: one of {', '.join(map(compact, enum))} is wanted, not {_short(value)}"
    if "const" in raw and not values.identical(raw["const"], value):
        return f"const: {_short(raw['const'])} is wanted, not {_short(value)}"
    return ""


def _wrong_content(value: Any, raw: Mapping[str, Any]) -> str:
    for key, (kind, fits) in _RULES.items():
        if key in raw and isinstance(value, kind) and not isinstance(value, bool) and not fits(value, raw[key], raw):
            return f"{key} {compact(raw[key])}: {_short(value)} does not fit"
    return ""


_Fits = Callable[[Any, Any, Mapping[str, Any]], bool]


def _bound(fits: Callable[[Any, Any], bool]) -> _Fits:
    return lambda value, limit, _: not _is_number(limit) or fits(value, limit)


def _count(fits: Callable[[int, Any], bool]) -> _Fits:
    return lambda value, limit, _: not _is_number(limit) or fits(len(value), limit)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _multiple(value: Any, step: Any, _: Mapping[str, Any]) -> bool:
    if not _is_number(step) or step <= 0 or not math.isfinite(value):
        return True
    return Fraction(str(value)) % Fraction(str(step)) == 0


def _unique(value: list[Any], wanted: Any, _: Mapping[str, Any]) -> bool:
    texts = [json.dumps(item, sort_keys=True, default=str) for item in value]
    return wanted is not True or len(set(texts)) == len(texts)


def _above(value: Any, limit: Any, raw: Mapping[str, Any]) -> bool:
    return not _is_number(limit) or (value > limit if raw.get("exclusiveMinimum") is True else value >= limit)


def _below(value: Any, limit: Any, raw: Mapping[str, Any]) -> bool:
    return not _is_number(limit) or (value < limit if raw.get("exclusiveMaximum") is True else value <= limit)


_NUMBERS: Final = (int, float)
_RULES: Final[Mapping[str, tuple[Any, _Fits]]] = {
    "minimum": (_NUMBERS, _above),
    "exclusiveMinimum": (_NUMBERS, _bound(lambda value, limit: value > limit)),
    "maximum": (_NUMBERS, _below),
    "exclusiveMaximum": (_NUMBERS, _bound(lambda value, limit: value < limit)),
    "multipleOf": (_NUMBERS, _multiple),
    "minLength": (str, _count(lambda length, limit: length >= limit)),
    "maxLength": (str, _count(lambda length, limit: length <= limit)),
    "pattern": (str, lambda value, wanted, _: not isinstance(wanted, str) or pattern.found(wanted, value) is not False),
    "minItems": (list, _count(lambda length, limit: length >= limit)),
    "maxItems": (list, _count(lambda length, limit: length <= limit)),
    "uniqueItems": (list, _unique),
    "minProperties": (Mapping, _count(lambda length, limit: length >= limit)),
    "maxProperties": (Mapping, _count(lambda length, limit: length <= limit)),
}
"""Keyword -> the type of value that it judges, and whether a value fits."""


def _said(at: values.Path, problem: str) -> str:
    return f"{values.dotted(at)}: {problem}" if at and problem else problem


def _short(value: Any) -> str:
    text = compact(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def _types(raw: Mapping[str, Any]) -> tuple[str, ...]:
    named = raw.get("type")
    return (named,) if isinstance(named, str) else _texts(named)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _schemas(value: Any) -> Iterator[Any]:
    return iter(value) if isinstance(value, list) else iter(())
