"""What a schema says of values, beside the library that knows all of JSON schema."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wizard
from wizard.core.helm.schema import ANY, MISSING, Schema

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, 2.0, "", "a", "ab", "a1", "10Gi"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
        "enum": st.lists(SCALARS, min_size=1, max_size=3),
        "const": SCALARS,
        "minimum": st.integers(-3, 3),
        "exclusiveMinimum": st.integers(-3, 3),
        "maximum": st.integers(-3, 3),
        "exclusiveMaximum": st.integers(-3, 3),
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$", "^[a-z]*$", r"^\d+Gi$"]),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "uniqueItems": st.booleans(),
        "minProperties": st.integers(0, 2),
        "maxProperties": st.integers(0, 2),
        "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    },
)
SCHEMAS = st.recursive(
    LEAVES | st.booleans() | st.just({"$ref": "#/definitions/d"}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b|c"]), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=6,
)


def document(schema: Any, definition: Any) -> Any:
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"d": definition},
        "allOf": [schema],
    }


@pytest.mark.parametrize("examples", [200, pytest.param(10_000, marks=pytest.mark.full)])
def test_a_value_is_refused_where_json_schema_refuses_it(examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(SCHEMAS, LEAVES, VALUES)
    def check(schema: Any, definition: Any, value: Any) -> None:
        whole = document(schema, definition)
        assert bool(Schema(whole).problem(value)) == (not jsonschema.Draft7Validator(whole).is_valid(value))

    check()


MORE = st.dictionaries(
    st.sampled_from(["oneOf", "if", "then", "else", "not", "contains"]),
    SCHEMAS | st.lists(SCHEMAS, min_size=1, max_size=2),
)


@pytest.mark.parametrize("examples", [200, pytest.param(5_000, marks=pytest.mark.full)])
def test_nothing_is_refused_that_json_schema_takes(examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(MORE, VALUES)
    def check(schema: Any, value: Any) -> None:
        whole = document(schema, {})
        try:
            jsonschema.Draft7Validator.check_schema(whole)
        except jsonschema.SchemaError:
            assert isinstance(Schema(whole).problem(value), str)
            return
        assert not jsonschema.Draft7Validator(whole).is_valid(value) or Schema(whole).problem(value) == ""

    check()


JSON = st.recursive(
    SCALARS | st.sampled_from(["#", "#/definitions/a", "object", "^(a+)+$"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["$ref", "type", "properties", "items", "enum", "allOf", "anyOf", "required", "pattern", "definitions", "a"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(JSON, VALUES)
def test_a_schema_that_is_none_breaks_nothing(data: Any, value: Any) -> None:
    schema = Schema(data)
    assert isinstance(schema.problem(value), str)
    spec = schema.root
    for key in spec.properties:
        schema.spec(schema.key(spec, key))


@pytest.mark.parametrize(
    ("schema", "value", "words"),
    [
        ({"type": "integer"}, "x", "type: integer is wanted, not string"),
        ({"type": ["string", "null"]}, 3, "type: string or null is wanted, not integer"),
        ({"enum": ["a", 1, True]}, "b", 'enum: one of "a", 1, true is wanted, not "b"'),
        ({"minimum": 1}, 0, "minimum 1: 0 does not fit"),
        ({"pattern": "^a$"}, "b", 'pattern "^a$": "b" does not fit'),
        ({"properties": {"a": {"items": {"type": "string"}}}}, {"a": ["x", 1]}, "a[1]: type: string is wanted, not integer"),
        ({"required": ["a"]}, {}, "required: a is missing"),
        ({"additionalProperties": False}, {"x": 1}, 'additionalProperties: the schema has no key "x"'),
        ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 2, "anyOf: type: string is wanted, not integer; or minimum 3: 2 does not fit"),
        ({"minimum": 1, "exclusiveMinimum": True}, 1, "minimum 1: 1 does not fit"),
    ],
)  # fmt: skip
def test_a_refusal_uses_the_schemas_words(schema: Any, value: Any, words: str) -> None:
    assert Schema(schema).problem(value) == words


def test_references_are_followed_and_what_stands_beside_them_describes() -> None:
    schema = Schema({
        "properties": {"a": {"$ref": "#/definitions/port", "title": "Port", "minimum": 5}},
        "definitions": {"port": {"title": "Any port", "type": "integer", "minimum": 1, "description": "Where it listens."}},
    })  # fmt: skip
    spec = schema.spec(schema.at(("a",)))
    assert (spec.title, spec.help, spec.types, spec.definition) == ("Port", "Where it listens.", ("integer",), "port")
    assert schema.problem({"a": 3}) == ""
    assert schema.problem({"a": 0}) == "a: minimum 1: 0 does not fit"
    newer = Schema(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": "#/$defs/p",
            "minimum": 5,
            "$defs": {"p": {}},
        }
    )
    assert newer.problem(3) == "minimum 5: 3 does not fit"  # there it counts


def test_alternatives_are_described_together() -> None:
    schema = Schema({"oneOf": [{"const": "auto"}, {"enum": [True, False]}]})
    assert schema.root.enum == ("auto", True, False)
    assert Schema({"anyOf": [{"type": "string"}, {"type": "integer"}]}).root.types == ("string", "integer")
    both = Schema({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {"title": "B"}}, "required": ["b"]}]}).root
    assert list(both.properties) == ["b", "a"]
    assert both.required == ("b",)


def test_keys_without_a_name_have_a_schema_too() -> None:
    schema = Schema({"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False})
    assert schema.spec(schema.at(("xyz",))).types == ("string",)
    assert ANY in schema.root.properties
    assert Schema({}).at(("a", "b")) is None
    assert Schema({}).root.default is MISSING


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}] * 3},
        {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"type": "null"}]},
        {"additionalProperties": {"$ref": "#"}, "anyOf": [{"$ref": "#"}] * 9},
    ],
)
def test_a_schema_that_refers_to_itself_ends(schema: Any) -> None:
    began = time.perf_counter()
    deep: Any = 1
    for _ in range(90):
        deep = {"a": deep}
    assert isinstance(Schema(schema).problem(deep), str)
    assert Schema(schema).root is not None
    assert time.perf_counter() - began < 5


def test_our_charts_own_values_fit_its_schema() -> None:
    chart = Path(wizard.__file__).parents[1] / "chart" / "llm-cost-ops"
    schema = Schema(json.loads((chart / "values.schema.json").read_text()))
    from wizard.adapters.helm.charts import ChartFolders

    assert schema.problem(ChartFolders().open(str(chart)).defaults) == ""
    assert schema.problem({"replicaCount": "3"}) == "replicaCount: type: integer or null is wanted, not string"
