"""Documents are read as both helms read them, or refused with the place and without their content."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.adapters.helm.documents import YamlDocuments
from wizard.core import limits
from wizard.core.errors import Problem

DOCUMENTS = YamlDocuments()


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("# c\n---\n", None),
        ("---\na: 1\n---\n# c\n", {"a": 1}),
        ("\ufeffa: 1\r\nb: |\r\n  x\r\n  y\r\n", {"a": 1, "b": "x\ny\n"}),
        ("a: 'x\ty'\nb: |\n  x\t\U0001f600\n", {"a": "x\ty", "b": "x\t\U0001f600\n"}),
        ("a: |\n  x", {"a": "x\n"}),
        ("1: a\n1.50: b\nyes: c\n0x10: d\n2001-01-01: e\n", {"1": "a", "1.5": "b", "true": "c", "16": "d", "2001-01-01": "e"}),
        ("a: '1'\nb: ! 1\nc: !own 1\nd: !!str 1\n", {"a": "1", "b": "1", "c": "1", "d": "1"}),
        ("x: &x {a: 1, b: 2}\nz:\n  b: 3\n  <<: *x\n  a: 4\n", {"x": {"a": 1, "b": 2}, "z": {"b": 2, "a": 4}}),
        ("a:\n  <<: [{p: 1}, {p: 2, q: 3}]\n", {"a": {"p": 1, "q": 3}}),
        ("a: &a 1\nb: &a 2\nc: *a\n", {"a": 1, "b": 2, "c": 2}),
        ("a: &a\n  b: &a 1\nc: *a\n", {"a": {"b": 1}, "c": 1}),
        ('"<<": 1\n', {"<<": 1}),
        ("? a\n: b\n", {"a": "b"}),
        ("a: !!set {b, c}\n", {"a": {"b": None, "c": None}}),
    ],
)  # fmt: skip
def test_documents(text: str, tree: Any) -> None:
    assert DOCUMENTS.load(text, "v") == tree


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("secret: 1\nb:\n  c: 1\nsecret: 2\n", "line 4, column 1", "that line 1 names"),
        ("b:\n- x: 1\n  'x': 2\n", "line 3, column 3", "that line 2 names"),
        ("1: a\n0x1: b\n", "line 2, column 1", "that line 1 names"),
        ("a: 1\n---\nb: 1\n", "line 2, column 1", "a second document"),
        ("a: 1\n--- {b: 1}\n", "line 2, column 1", "begins with ---"),
        ("%YAML 1.1\n---\na: 1\n", "line 1, column 1", "no directives"),
        ("a: 1\n\ufeffb: 1\n", "line 2, column 1", "byte order mark"),
        ("a: -.inf\n", "line 1, column 4", "infinite"),
        ("a:\n  b: !!int secret\n", "line 2, column 6", "not what its tag says"),
        ("a: 1\n~: 2\n", "line 2, column 1", "a key that is null"),
        ("a:\n  <<: secret\n", "line 2, column 7", "a merge key with something else"),
        ("b: &b [{}]\na: {<<: *b}\n", "line 2, column 9", "a merge key with something else"),
        ("a: *secret\n", "line 1, column 4", "an alias without its anchor"),
        ("a: &a {}\n*a : 1\n", "line 2, column 1", "a mapping or list that is a key"),
        ("a: [se?cret]\n", "line 1, column 5", "no ? in a text without quotes"),
        ('a: "se\\/cret"\n', "line 1, column 4", "no escape \\/"),
        ("a: [!!str, secret]\n", "line 1, column 5", "the comma for a part of the tag"),
    ],
)  # fmt: skip
def test_what_helm_refuses_or_loses_is_refused_with_its_place(text: str, place: str, says: str) -> None:
    with pytest.raises(Problem) as caught:
        DOCUMENTS.load(text, "mine.yaml")
    assert str(caught.value).startswith(f"mine.yaml, {place} is not taken: ")
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)


def test_of_a_repeated_key_the_last_value_counts_where_helm_and_kubectl_say_nothing() -> None:
    text = "a: {b: 1}\na: {c: 2}\n"
    assert DOCUMENTS.load(text, "v", repeats=True) == {"a": {"c": 2}}
    assert DOCUMENTS.load_all(f"{text}---\n# none\n---\nd: 1\n", "v") == [{"a": {"c": 2}}, {"d": 1}]


def test_more_than_helm_could_store_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "YAML", 10)
    with pytest.raises(Problem, match="v is not read: it holds more than 10 bytes"):
        DOCUMENTS.load("a: 1234567\n", "v")


def test_a_document_that_is_mostly_aliases_is_refused_as_by_helm() -> None:
    few = "a: &a [" + "x, " * 150 + "]\nb: &b [" + "*a, " * 30 + "]\n"
    assert DOCUMENTS.load(few, "v")
    with pytest.raises(Problem, match="mostly aliases"):
        DOCUMENTS.load(few + "c: [" + "*b, " * 20 + "]\n", "v")
