"""The tree of all values: what schema and values say of each, what it is now, and where that comes from."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.core.helm import value_tree, values
from wizard.core.helm.schema import MISSING, Schema
from wizard.core.helm.value_tree import CHART, UNSET, Described, Layer, Origin, ValueNode, ValueTree

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["replicas"],
    "properties": {
        "replicas": {"type": "integer", "minimum": 1, "title": "Replicas", "description": "How many pods."},
        "policy": {"enum": ["Always", "Never"]},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "resources": {"type": "object", "properties": {"requests": {"type": "object", "properties": {"cpu": {"type": ["string", "number"]}}}}},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "auth": {"type": "object", "properties": {"password": {"type": "string"}, "existingSecret": {"type": "string"}}},
        "later": {"type": ["string", "null"], "default": "x"},
    },
}  # fmt: skip
DEFAULTS = {
    "replicas": 1, "policy": "Always", "labels": {"team": "a"}, "resources": {"requests": {"cpu": "500m"}}, "hosts": ["a"],
    "auth": {"password": "", "existingSecret": ""},
}  # fmt: skip


def tree_of(whole: dict[str, Any] | None = None, *layers: Layer, schema: Any = SCHEMA, **more: Any) -> ValueTree:
    return value_tree.build(
        Described(Schema(schema), defaults=DEFAULTS, **more), DEFAULTS if whole is None else whole, layers
    )


def node(tree: ValueTree, path: str) -> ValueNode:
    found = tree.get(values.path_of(path))
    assert found is not None
    return found


def test_kinds_types_and_help_come_from_the_schema() -> None:
    tree = tree_of()
    kinds = {values.dotted(node.path): node.kind for node in tree.nodes}
    assert kinds == {
        "replicas": "integer", "policy": "choice", "labels": "map", "labels.team": "string", "resources": "map",
        "resources.requests": "map", "resources.requests.cpu": "quantity", "hosts": "list", "auth": "map", "auth.password": "string",
        "auth.existingSecret": "string", "later": "string",
    }  # fmt: skip
    replicas = node(tree, "replicas")
    assert (replicas.spec.title, replicas.help, replicas.required) == ("Replicas", "How many pods.", True)
    assert replicas.problem(0) == "minimum 1: 0 does not fit"
    assert node(tree, "policy").choices == ("Always", "Never")
    assert node(tree, "later").default == "x"
    assert (node(tree, "later").value, node(tree, "later").origin) == (
        MISSING,
        UNSET,
    )  # helm takes no default of a schema
    assert (
        node(tree, "resources.requests.cpu").problem("lots") == '"lots" is not a quantity; it looks like 500m, 2Gi or 2'
    )
    assert node(tree, "auth.password").secret
    assert not node(tree, "auth.existingSecret").secret


def test_without_a_schema_the_values_say_what_they_are() -> None:
    tree = tree_of(schema=None, comments={("labels", "team"): "Who owns it."})
    assert node(tree, "replicas").kind == "integer"
    assert node(tree, "hosts").kind == "list"
    assert node(tree, "policy").kind == "string"
    assert node(tree, "labels.team").help == "Who owns it."
    assert node(tree, "policy").problem("anything") == ""


def test_a_value_comes_from_the_layer_that_counts_most() -> None:
    whole = {**DEFAULTS, "replicas": 5, "labels": {"team": "b", "x": "y"}, "hosts": ["b"]}
    del whole["policy"]
    tree = tree_of(
        whole,
        Layer(Origin("--set"), {"replicas": 5, "policy": None}),
        Layer(Origin("file", "f.yaml"), {"replicas": 4, "labels": {"x": "y"}}),
        Layer(Origin("preset", "dev"), {"labels": {"team": "b", "x": "z"}, "hosts": ["b"]}),
    )
    origins = {values.dotted(node.path): node.origin for node in tree.nodes if node.kind != "map"}
    assert origins["replicas"] == Origin("--set")
    assert origins["labels.x"] == Origin("file", "f.yaml")
    assert origins["labels.team"] == origins["hosts"] == Origin("preset", "dev")
    assert origins["resources.requests.cpu"] == CHART
    assert (node(tree, "policy").value, node(tree, "policy").origin) == (MISSING, Origin("--set"))
    assert node(tree, "labels.x").spec.types == ("string",)


def test_charts_inside_the_chart_describe_their_part() -> None:
    inside = Described(
        Schema({"properties": {"port": {"type": "integer", "title": "Port"}}}),
        {("name",): "Its name."},
        {"port": 1, "name": "db"},
    )
    tree = tree_of(below={"db": inside})
    assert (node(tree, "db.port").value, node(tree, "db.port").spec.title, node(tree, "db.port").origin) == (
        1,
        "Port",
        CHART,
    )
    assert node(tree, "db.name").help == "Its name."
    assert node(tree, "db.port").problem("x") == "type: integer is wanted, not string"


def test_a_search_finds_words_in_paths_help_and_values_but_not_in_secrets() -> None:
    tree = tree_of({**DEFAULTS, "auth": {"password": "hunter2", "existingSecret": "mine"}})
    assert tree.found("how MANY") == {("replicas",)}
    assert tree.found("requests cpu") == {("resources", "requests", "cpu")}
    assert tree.found("mine") == {("auth", "existingSecret")}
    assert tree.found("hunter2") == frozenset()


def test_a_schema_that_refers_to_itself_ends() -> None:
    tree = value_tree.build(Described(Schema({"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}})), {}, ())
    assert len(tree.nodes) <= value_tree.MOST
    assert max(len(node.path) for node in tree.nodes) <= 9


def test_a_tree_of_too_many_values_is_cut_and_says_so() -> None:
    many = {f"key{number}": number for number in range(value_tree.MOST + 5)}
    tree = value_tree.build(Described(defaults=many), many, ())
    assert len(tree.nodes) == value_tree.MOST
    assert not tree.is_whole


TREES = st.dictionaries(
    st.sampled_from("abcd") | st.text(max_size=3).filter(bool),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
        lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)
SCHEMAS = st.recursive(
    st.sampled_from([True, {}, {"type": "string"}, {"type": "integer"}, {"enum": ["x", None]}, {"type": "array"}, {"$ref": "#"}]),
    lambda inner: st.fixed_dictionaries(
        {}, optional={"properties": st.dictionaries(st.sampled_from("abcd"), inner, max_size=3), "additionalProperties": inner, "anyOf": st.lists(inner, max_size=2)}
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(SCHEMAS, TREES, TREES)
def test_every_leaf_of_the_values_is_in_the_tree_with_its_value(
    schema: Any, defaults: dict[str, Any], over: dict[str, Any]
) -> None:
    whole = values.merge(defaults, over)
    tree = value_tree.build(Described(Schema(schema), defaults=defaults), whole, (Layer(Origin("file", "f"), over),))
    if not tree.is_whole:
        return
    for path, value in values.leaves(whole):
        found = tree.get(path)
        around = [tree.get(path[:length]) for length in range(1, len(path))]
        assert found is not None or any(node is not None and node.kind == "choice" for node in around)
        if found is not None:
            assert values.same(found.value, value)
    paths = [node.path for node in tree.nodes]
    assert len(paths) == len(set(paths))
    for number, end in enumerate(tree.ends):
        assert all(values.starts(path, paths[number]) for path in paths[number:end])
        assert end == len(paths) or not values.starts(paths[end], paths[number])
