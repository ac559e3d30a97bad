"""YAML goes out as Helm reads it back, and a person's own file keeps what the person wrote."""

from __future__ import annotations

import pytest
import yaml

from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem

DOCUMENTS = YamlDocuments()


def test_words_that_yaml_takes_for_something_else_are_quoted() -> None:
    tree = {
        "a": "yes",
        "b": "on",
        "c": "null",
        "d": "1_000",
        "e": "0x1F",
        "f": "1e3",
        "g": "",
        "h": "1.10",
        "i": True,
        "j": 3,
        "k": "v1",
    }
    text = DOCUMENTS.render([], tree, {})
    assert yaml.safe_load(text) == tree
    assert 'f: "1e3"' in text or "f: '1e3'" in text


def test_header_and_notes_are_comments_and_change_no_value() -> None:
    tree = {"a": {"b": "x", "l": [{"h": 1}]}, "e": []}
    text = DOCUMENTS.render(
        ["made by"], tree, {"a.b": "preset dev", "a.l": "the whole list", "e": "none", "z.z": "absent"}
    )
    assert text.startswith("# made by\n")
    assert "b: x # preset dev" in text
    assert "  # the whole list\n  l:" in text
    assert yaml.safe_load(text) == tree


def test_an_empty_tree_is_still_a_values_file() -> None:
    assert yaml.safe_load(DOCUMENTS.render(["h"], {}, {})) == {}


def test_an_edit_of_what_is_no_values_file_is_refused_with_its_name() -> None:
    with pytest.raises(Problem, match=r"mine.yaml, line 1, column 1 is not taken: it holds no KEY: VALUE lines"):
        DOCUMENTS.edit("- a\n", {"b": 1}, "mine.yaml")


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\ta: 1"])
def test_a_malformed_file_is_refused_with_line_and_column(text: str) -> None:
    with pytest.raises(
        Problem, match=r"mine.yaml, line 1, column \d+ is not YAML|mine.yaml, line 2, column \d+ is not YAML"
    ):
        DOCUMENTS.load(text, "mine.yaml")
