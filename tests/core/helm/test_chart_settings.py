"""A schema becomes a flat list of settings."""

from __future__ import annotations

from typing import Any

from wizard.core.helm.chart_settings import Section, entries, resolve, settings

SCHEMA: dict[str, Any] = {
    "definitions": {
        "name": {"type": "string", "title": "Name", "examples": ["a"]},
        "image": {
            "title": "Image",
            "description": "from where",
            "properties": {
                "tag": {"$ref": "#/definitions/name", "title": "Tag"},
                "policy": {"enum": ["A", "B"], "default": "A"},
            },
        },
        "probe": {
            "$comment": "Kubernetes Probe",
            "type": ["object", "null"],
            "properties": {"path": {"type": "string"}},
        },
    },
    "properties": {
        "count": {"type": "integer", "default": 0, "description": "how many"},
        "db": {
            "title": "Database",
            "properties": {
                "image": {"$ref": "#/definitions/image", "default": {"tag": "16"}},
                "password": {"type": "string", "default": "", "writeOnly": True},
                "a.b": {"type": "boolean"},
            },
        },
        "live": {"$ref": "#/definitions/probe", "default": None},
    },
}


def test_sections_stand_before_their_settings_in_the_order_of_the_schema() -> None:
    assert [".".join(e.path) for e in entries(SCHEMA)] == [
        "count", "db", "db.image", "db.image.tag", "db.image.policy", "db.password", "db.a.b", "live",
    ]  # fmt: skip
    assert [e.title for e in entries(SCHEMA) if isinstance(e, Section)] == ["Database", "Image"]


def test_a_setting_carries_what_a_form_needs() -> None:
    found = {".".join(s.path): s for s in settings(SCHEMA)}
    assert (found["count"].types, found["count"].default, found["count"].description) == (("integer",), 0, "how many")
    assert found["db.password"].secret
    assert not found["count"].secret
    assert found["db.image.policy"].choices == ("A", "B")


def test_what_stands_beside_a_reference_wins_over_what_it_leads_to() -> None:
    tag = next(s for s in settings(SCHEMA) if s.path == ("db", "image", "tag"))
    assert (tag.title, tag.types, tag.examples) == ("Tag", ("string",), ("a",))
    assert resolve(SCHEMA, {"type": "null"}) == {"type": "null"}


def test_the_default_of_a_section_is_the_default_of_what_is_in_it() -> None:
    found = {".".join(s.path): s for s in settings(SCHEMA)}
    assert found["db.image.tag"].default == "16"
    assert found["db.image.policy"].default == "A"


def test_a_default_of_null_is_not_the_same_as_none_at_all() -> None:
    found = {".".join(s.path): s for s in settings(SCHEMA)}
    assert (found["live"].default, found["live"].has_default) == (None, True)
    assert (found["db.a.b"].default, found["db.a.b"].has_default) == (None, False)


def test_what_is_handed_on_to_kubernetes_is_one_setting() -> None:
    assert ("live", "path") not in {s.path for s in settings(SCHEMA)}


def test_a_path_is_written_as_helm_takes_it() -> None:
    assert "db.a\\.b" in {s.dotted for s in settings(SCHEMA)}
