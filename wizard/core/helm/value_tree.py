"""Every value that a chart takes, as one tree in its order: what its schema and its values.yaml say, and what is set.

A list is one value, as in helm's merge. Maps hold the keys of their schema, of the chart and those that are set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

from wizard.core.helm import values
from wizard.core.helm.chart_settings import KUBERNETES
from wizard.core.helm.schema import ANY, MISSING, Schema, Spec, compact, type_of
from wizard.core.helm.values import Path, Tree
from wizard.core.kube import quantity
from wizard.core.text.redaction import telling

MOST: Final = 20_000
"""Values of one tree; the rest is left out."""
_DEEPEST: Final = 8
"""Levels of keys that only a schema has: schemas may refer to themselves."""
_QUANTITIES: Final = frozenset({"requests", "limits"})
_AMOUNTS: Final = re.compile(r"(?:size|storage|memory|sizeLimit)$", re.IGNORECASE)
_UNIT: Final = re.compile(r"\d(?:[kMGTPE]i?|m)$")

Kind = Literal["map", "list", "string", "number", "integer", "boolean", "choice", "quantity", "any"]


class Origin(NamedTuple):
    """Where a value comes from: "chart", "release", "preset", "file", "answer" or "--set"; and which of them, "" for none."""

    kind: str
    name: str = ""


CHART: Final = Origin("chart")
UNSET: Final = Origin("")
"""Nothing gives the value."""


class Layer(NamedTuple):
    """Values that one origin gives over those below it."""

    origin: Origin
    tree: Any


@dataclass(frozen=True)
class Described:
    """What a chart says of its values, besides the values themselves.

    `comments` are those of its values.yaml by path; `below` holds the charts inside it by the key of their values.
    """

    schema: Schema = field(default_factory=Schema)
    comments: Mapping[Path, str] = field(default_factory=dict)
    defaults: Tree = field(default_factory=dict)
    below: Mapping[str, Described] = field(default_factory=dict)

    @cached_property
    def all_defaults(self) -> Tree:
        """The chart's values over those of the charts inside it."""
        below = {key: chart.all_defaults for key, chart in self.below.items() if chart.all_defaults}
        return values.ordered(values.overlay(below, self.defaults), self.defaults) if below else self.defaults


@dataclass(frozen=True, slots=True)
class ValueNode:
    """One value. `value` is what is meant now and `default` what the chart gives; each is MISSING where there is none."""

    path: Path
    kind: Kind
    value: Any
    default: Any
    origin: Origin
    spec: Spec
    schema: Schema
    raw: Any
    """Its part of the schema, for `Schema.problem`."""
    help: str
    secret: bool
    """Whether it holds a secret itself: it is given elsewhere, and not shown."""
    required: bool

    @property
    def key(self) -> str:
        """The last part of its path."""
        return str(self.path[-1])

    @property
    def type_text(self) -> str:
        """Its type in words."""
        if self.kind == "choice":
            return f"one of {', '.join(map(compact, self.spec.enum))}"
        if self.kind == "quantity":
            return "quantity"
        names = ["map" if name == "object" else "list" if name == "array" else name for name in self.spec.types]
        return " or ".join(names) or {"any": "any"}.get(self.kind, self.kind)

    @property
    def choices(self) -> tuple[Any, ...]:
        """Every value that may be chosen; none where any of its type may be given."""
        if self.spec.enum:
            return self.spec.enum
        return (True, False) if self.kind == "boolean" else ()

    def problem(self, value: Any) -> str:
        """What is wrong with a value in the schema's words; "" when nothing is, as far as can be said here."""
        if problem := self.schema.problem(value, self.raw):
            return problem
        if self.kind == "quantity" and value not in (None, "") and quantity.parse(value) is None:
            return f"{compact(value)} is not a quantity; it looks like 500m, 2Gi or 2"
        return ""


@dataclass(frozen=True)
class ValueTree:
    """The values in order, each before those inside it."""

    nodes: tuple[ValueNode, ...]
    is_whole: bool = True
    """Whether all values are in it."""

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Of each node the number of the first one behind it that is not inside it."""
        ends = [len(self.nodes)] * len(self.nodes)
        open_: list[int] = []
        for number, node in enumerate(self.nodes):
            while open_ and len(self.nodes[open_[-1]].path) >= len(node.path):
                ends[open_.pop()] = number
            open_.append(number)
        return tuple(ends)

    @cached_property
    def places(self) -> Mapping[Path, int]:
        """The number of each path's node."""
        return {node.path: number for number, node in enumerate(self.nodes)}

    def get(self, path: Path) -> ValueNode | None:
        """The node of a path."""
        number = self.places.get(path)
        return None if number is None else self.nodes[number]

    def found(self, query: str) -> frozenset[Path]:
        """The paths of the nodes whose path, help or value holds every word of the query, whatever its case."""
        words = query.lower().split()
        return frozenset(
            node.path
            for node, text in zip(self.nodes, self._searched, strict=True)
            if all(word in text for word in words)
        )

    @cached_property
    def _searched(self) -> tuple[str, ...]:
        return tuple(_searched(node) for node in self.nodes)


def _searched(node: ValueNode) -> str:
    leaf = node.value is not MISSING and node.kind != "map" and not node.secret
    value = "" if not leaf else node.value if isinstance(node.value, str) else compact(node.value)
    return f"{values.dotted(node.path)}\n{node.spec.title}\n{node.help}\n{value}".lower()


def build(chart: Described, whole: Tree, layers: Sequence[Layer]) -> ValueTree:
    """The tree of a chart.

    Args:
        chart: what it says of its values.
        whole: all values that are meant.
        layers: what gives them over the chart's own values, the one that counts most first.
    """
    maker = _Maker()
    scope = _Scope(chart.schema, chart.comments, 0)
    maker.children((), chart.schema.root, scope, chart.all_defaults, whole, tuple(layers), chart.below)
    return ValueTree(tuple(maker.nodes), is_whole=len(maker.nodes) < MOST)


class _Scope(NamedTuple):
    """The chart that describes a part of the tree."""

    schema: Schema
    comments: Mapping[Path, str]
    above: int
    """Keys above its own values."""


class _Maker:
    """Makes the nodes in order. Where trees are walked together, the layers are those that have something there."""

    def __init__(self) -> None:
        self.nodes: list[ValueNode] = []

    def children(
        self, path: Path, spec: Spec, scope: _Scope, default: Any, value: Any, layers: tuple[Layer, ...],
        below: Mapping[str, Described],
    ) -> None:  # fmt: skip
        for key in _keys(path, spec, default, value):
            if len(self.nodes) >= MOST:
                return
            given = tuple(
                Layer(origin, tree) for origin, above in layers if (tree := _inside(above, key)) is not MISSING
            )
            self._node((*path, key), spec, scope, _inside(default, key), _inside(value, key), given, below.get(key))

    def _node(
        self, path: Path, above: Spec, scope: _Scope, default: Any, value: Any, layers: tuple[Layer, ...],
        chart: Described | None,
    ) -> None:  # fmt: skip
        key, schema = str(path[-1]), scope.schema
        raw = schema.key(above, key)
        spec = schema.spec(raw)
        help_ = spec.help or scope.comments.get(path[scope.above :], "")
        required = key in above.required
        if chart is not None:
            scope = _Scope(chart.schema, chart.comments, len(path))
            if not spec.properties:
                schema, raw, spec = chart.schema, True, chart.schema.root
        if layers:
            origin = layers[0].origin
        else:
            value = default if value is MISSING else value
            origin = UNSET if value is MISSING else CHART
        shown_default = spec.default if default is MISSING else default
        kind = _kind(path, spec, shown_default, value)
        secret = _is_secret(path, kind, spec)
        self.nodes.append(
            ValueNode(path, kind, value, shown_default, origin, spec, schema, raw, help_, secret, required)
        )
        if kind == "map":
            self.children(path, spec, scope, default, value, layers, {})


def _keys(path: Path, spec: Spec, default: Any, value: Any) -> Iterator[str]:
    found: dict[str, None] = {}
    for tree in (default, value):
        if isinstance(tree, Mapping):
            found.update(dict.fromkeys(tree))
    if len(path) < _DEEPEST and not spec.comment.startswith(KUBERNETES):
        found.update(dict.fromkeys(key for key in spec.properties if key != ANY))
    return iter(found)


def _inside(tree: Any, key: str) -> Any:
    """What a tree has at a key; what is removed there is removed inside, too."""
    if type(tree) is dict or isinstance(tree, Mapping):  # the second takes ten times as long
        return tree.get(key, MISSING)
    return None if tree is None else MISSING


def _kind(path: Path, spec: Spec, default: Any, value: Any) -> Kind:
    if spec.enum:
        return "choice"
    found = value if value not in (MISSING, None) else default
    if isinstance(found, Mapping) or spec.properties:
        return "map"
    types = [name for name in spec.types if name != "null"]
    if _is_quantity(path, spec, types, default):
        return "quantity"
    if types == ["object"]:
        return "map"
    if types == ["array"] or isinstance(found, list):
        return "list"
    if len(types) == 1 and types[0] in _SCALARS:
        return _SCALARS[types[0]]
    if not spec.types and found not in (MISSING, None):
        return _SCALARS.get(type_of(found), "any")
    return "any"


_SCALARS: Final[Mapping[str, Kind]] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean",
}  # fmt: skip


def _is_quantity(path: Path, spec: Spec, types: Sequence[str], default: Any) -> bool:
    if spec.definition.lower() == "quantity":
        return True
    if types and not {*types} <= {"string", "number", "integer"}:
        return False
    if len(path) > 1 and path[-2] in _QUANTITIES:
        return default in (MISSING, None, "") or quantity.parse(default) is not None
    return isinstance(default, str) and bool(
        _AMOUNTS.search(str(path[-1])) and _UNIT.search(default) and quantity.parse(default)
    )


def _is_secret(path: Path, kind: Kind, spec: Spec) -> bool:
    if kind in ("map", "list", "boolean", "number", "integer", "choice"):
        return False
    return spec.secret or values.dotted(path) in values.SECRET_PATHS or telling(str(path[-1]))
