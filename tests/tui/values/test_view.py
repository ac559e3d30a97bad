"""What of the tree shows, and how; no screen is needed for it."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm import value_tree, values
from wizard.core.helm.schema import Schema
from wizard.core.helm.value_tree import Described, Layer, Origin
from wizard.tui.text import Row
from wizard.tui.values import view
from wizard.tui.values.state import ValuesState

DEFAULTS: dict[str, Any] = {
    "a": {"b": {"c": 1}, "d": True}, "requests": {"cpu": "500m"}, "storageClass": "", "env": [{"name": "DB_PASSWORD", "value": "x1y2z3w4"}],
    "auth": {"password": "hunter2"}, "note": "", "multi": "a\nb",
}  # fmt: skip


NOTHING = ClusterSuggestions()


def state(*layers: Layer, whole: dict[str, Any] | None = None, schema: Any = None) -> ValuesState:
    return ValuesState(value_tree.build(Described(Schema(schema), defaults=DEFAULTS), whole or DEFAULTS, layers))


def paths(shown: ValuesState) -> list[str]:
    return [values.dotted(shown.tree.nodes[number].path) for number in shown.shown]


def text(row: Row) -> str:
    return "".join(part for part, _ in row)


def line(shown: ValuesState, path: str, width: int = 79) -> str:
    return text(view.line(shown, shown.line_of(values.path_of(path)), width, chosen=False))


def test_maps_open_and_close_and_a_search_opens_the_way() -> None:
    closed = state()
    assert paths(closed) == ["a", "requests", "storageClass", "env", "auth", "note", "multi"]
    opened = closed.toggled(("a",))
    assert paths(opened)[:3] == ["a", "a.b", "a.d"]
    assert opened.toggled(("a",)).shown == closed.shown
    found = ValuesState(closed.tree, query="b.c")
    assert paths(found) == ["a", "a.b", "a.b.c"]
    assert found.found == {("a", "b", "c")}
    assert paths(found.revealed(("a", "b", "c")))[:4] == ["a", "a.b", "a.b.c", "a.d"]
    assert closed.line_of(("a", "b", "c")) == 0
    assert ValuesState(closed.tree, query="nothing").shown == ()
    assert closed.node(99) is None


@pytest.mark.parametrize("width", [79, 139])
def test_a_line_has_path_value_and_origin_in_columns(width: int) -> None:
    shown = state(Layer(Origin("--set"), {"note": "x"}), whole={**DEFAULTS, "note": "x"})
    assert line(shown, "note", width).split() == ["note", "x", "--set"]
    assert text(view.heads(width)).split() == ["value", "is", "from"]
    assert "▸ a" in line(shown, "a", width)
    assert len(line(shown, "note", width)) <= width


def test_secrets_are_masked_wherever_they_stand() -> None:
    shown = state().toggled(("auth",))
    assert "********" in line(shown, "auth.password")
    assert "x1y2z3w4" not in line(shown, "env")
    assert all(
        "hunter2" not in text(row)
        for row in view.full(shown.tree.nodes[shown.tree.places["auth", "password"]], None, 60)
    )


def test_texts_that_would_not_be_seen_are_quoted() -> None:
    assert line(state(), "note").split()[1] == '""'
    assert line(state(), "multi").split()[1] == '"a\\nb"'


def test_what_is_removed_and_what_is_not_set_is_told_apart() -> None:
    whole = {key: value for key, value in DEFAULTS.items() if key != "note"}
    shown = state(
        Layer(Origin("--set"), {"note": None}), whole=whole, schema={"properties": {"more": {"type": "string"}}}
    )
    assert line(shown, "note").split() == ["note", "removed", "--set"]
    assert line(shown, "more").split() == ["more", "not", "set"]


def picked(path: str, suggestions: ClusterSuggestions = NOTHING, schema: Any = None) -> list[tuple[Any, str]]:
    shown = state(schema=schema)
    node = shown.tree.get(values.path_of(path))
    assert node is not None
    return [(pick.value, pick.note) for pick in view.picks(node, suggestions)]


def test_picks_are_what_the_schema_takes_or_the_cluster_has_or_amounts_near_by() -> None:
    assert picked("a.d") == [(True, "as it is now, the chart's default"), (False, "")]
    assert picked("note", schema={"properties": {"note": {"enum": ["", "x"]}}}) == [
        ("", "as it is now, the chart's default"),
        ("x", ""),
    ]
    assert picked("storageClass", ClusterSuggestions(storage_classes=("fast",))) == [
        ("fast", "on this cluster"),
        ("", "as it is now, the chart's default"),
    ]
    assert [value for value, _ in picked("requests.cpu")] == ["250m", "500m", "1000m", "2000m"]
    assert picked("note") == []


def test_a_value_is_explained_in_full_and_in_few_rows() -> None:
    schema = {
        "properties": {
            "note": {
                "type": "string",
                "title": "Note",
                "description": "What it is for.",
                "maxLength": 9,
                "examples": ["x"],
            }
        }
    }
    node = state(schema=schema).tree.get(("note",))
    assert node is not None
    everything = "\n".join(map(text, view.full(node, None, 60)))
    for part in ("Note", "What it is for.", "string, maxLength 9", "the chart's values.yaml", "Examples"):
        assert part in everything
    few = view.summary(node, None, 79, 6)
    assert len(few) == 6
    assert "What it is for." in "\n".join(map(text, few))


def test_options_are_shown_one_a_line_to_be_copied() -> None:
    assert [text(row).strip() for row in view.flag_rows(["--set a=1", "--set b=2"], 80)] == [
        "--set a=1 \\",
        "--set b=2",
    ]
    assert "Nothing is changed" in text(view.flag_rows([], 80)[0])
