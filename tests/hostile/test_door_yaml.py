"""Documents of YAML, from any hand: plain data or one sentence, at once, by both readers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.hostile.door_strategies import YAML_TEXTS, each, one_sentence
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core import limits
from wizard.core.errors import Problem

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def levels(node: Any) -> int:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list | set | tuple) else ()
    return 1 + max(map(levels, inner), default=0) if isinstance(node, dict | list | set | tuple) else 0


@each(6000)
def test_any_text_is_plain_data_or_one_sentence_that_names_its_source(many: settings) -> None:
    @many
    @given(YAML_TEXTS)
    def holds(text: str) -> None:
        began = time.monotonic()
        with one_sentence("mine.yaml"):
            for found in (YamlDocuments().load(text, "mine.yaml"), *YamlDocuments().load_all(text, "mine.yaml")):
                assert levels(found) <= limits.DEPTH
        assert time.monotonic() - began < 15

    holds()


@each(2000)
def test_any_text_can_be_edited_or_is_refused_in_one_sentence(many: settings) -> None:
    @many
    @given(YAML_TEXTS)
    def holds(text: str) -> None:
        with one_sentence("mine.yaml"):
            YamlDocuments().edit(text, {"new": {"key": "1"}}, "mine.yaml")

    holds()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOMB, "mostly aliases"),
        ("a: &a [*a]", "refers to a collection that contains it"),
        ("a: &a\n  b: {c: *a}", "refers to a collection that contains it"),
        ("x: &x\n  <<: *x", "refers to a collection that contains it"),
        ("[" * 900 + "]" * 900, "nested more than 100 levels deep"),
        ("- " * 900 + "x", "nested more than 100 levels deep"),
        ("\n".join(" " * n + "a:" for n in range(900)), "nested more than 100 levels deep"),
        ("a0: &a0 []\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 300)), "nested more than 100 levels deep"),
        ("a: &a '" + "x" * 100_000 + "'\nb: [" + "*a, " * 20 + "]", "its aliases add more than 1 MiB"),
        ("? " * 40 + "x", "is a key|unhashable key"),
        ("a: .inf", "infinite"),
    ],
    ids=["bomb", "itself", "below", "merge", "flow", "list", "block", "chain", "text", "keys", "number"],
)  # fmt: skip
def test_a_document_that_would_grow_without_measure_is_refused_at_once(text: str, says: str) -> None:
    for read in (YamlDocuments().load, lambda one, source: YamlDocuments().edit(one, {}, source)):
        began = time.monotonic()
        with pytest.raises(Problem, match=says):
            read(text, "mine.yaml")
        assert time.monotonic() - began < 1


def test_aliases_that_add_little_are_followed() -> None:
    text = "base: &b {cpu: 1}\none: *b\ntwo:\n  <<: *b\n  memory: 2\n"
    assert YamlDocuments().load(text, "v")["two"] == {"cpu": 1, "memory": 2}


def test_a_document_as_deep_as_is_taken_can_be_read_and_edited(tmp_path: Path) -> None:
    text = "a: " + "[" * 99 + "]" * 99
    assert levels(YamlDocuments().load(text, "v")) == 100
    wanted = {**YamlDocuments().load(text, "v"), "b": 1}
    assert YamlDocuments().edit(text, wanted, "v") == text + "\nb: 1"
