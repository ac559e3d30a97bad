"""A person's file holds what is wanted after an edit, and every line that did not have to change is as it was."""

from __future__ import annotations

import copy
import difflib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.helm.styled_values import styled
from tests.adapters.helm.yaml_texts import TREES, documents
from wizard.adapters.helm import yaml_editor, yaml_reader
from wizard.core import limits
from wizard.core.helm.values import identical

FILES: Final = sorted((Path(__file__).parent / "values").glob("*.yaml"))
"""30 files written like those of real charts: other indentations, quotes, comments, anchors, blocks of text."""


def read(text: str) -> Any:
    """The tree of a text, without the parts that aliases share."""
    return json.loads(json.dumps(yaml_reader.only(text, repeats=False)))


def hunks(before: str, after: str) -> int:
    """How many places differ."""
    lines = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False).get_opcodes()
    return sum(kind != "equal" for kind, *_ in lines)


def leaves(tree: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    below = [leaf for key, value in pairs for leaf in leaves(value, (*at, key))]
    return below or ([at] if at else [])


def changed(tree: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the tree with another value at the path."""
    made = node = copy.deepcopy(tree)
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return made


def one_leaf_is_one_hunk(text: str, tree: Any, choose: random.Random) -> None:
    path = choose.choice(leaves(tree))
    wanted = changed(tree, path, choose.choice(["v2.0.1", "1.10", 7, True, "with: colon", "two\nlines", "#x", ""]))
    after = yaml_editor.edited(text, wanted)
    assert identical(read(after), wanted)
    most = 3 if ": &" in text else 1  # aliases of what changes keep what they meant
    assert hunks(text, after) <= most, (path, "".join(difflib.unified_diff(text.splitlines(), after.splitlines())))


@pytest.mark.parametrize("seed", range(25))
def test_a_person_s_file_stays_byte_for_byte_and_one_answer_is_one_hunk(seed: int) -> None:
    for number in range(20):
        choose = random.Random(seed * 1000 + number)
        text = styled(choose)
        tree = read(text)
        assert yaml_editor.edited(text, tree) == text
        one_leaf_is_one_hunk(text, tree, choose)


@pytest.mark.parametrize("seed", range(10))
def test_entries_come_and_go_and_the_other_lines_stay(seed: int) -> None:
    for number in range(20):
        choose = random.Random(seed * 1000 + number)
        text = styled(choose)
        tree = read(text)
        gone = choose.choice(sorted(tree))
        wanted: dict[str, Any] = {key: value for key, value in tree.items() if key != gone}
        wanted["added"] = {"list": [{"name": "x", "value": "y"}], "on": "on"}
        after = yaml_editor.edited(text, wanted)
        assert identical(read(after), wanted)
        assert hunks(text, after) <= 2


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_files_like_those_of_real_charts_stay_and_each_leaf_is_one_hunk(file: Path) -> None:
    text = file.read_bytes().decode()
    tree = read(text)
    assert yaml_editor.edited(text, tree) == text
    for seed in range(40):
        one_leaf_is_one_hunk(text, tree, random.Random(seed))


def test_there_are_thirty_of_them() -> None:
    assert len(FILES) >= 30


def check_any(text: str, wanted: dict[str, Any]) -> None:
    try:
        before = read(text)
    except (yaml_reader.ReadError, limits.OverLimitError, ValueError, yaml.YAMLError):
        return
    if isinstance(before, dict | None):
        assert identical(read(yaml_editor.edited(text, wanted)) or {}, wanted)


@pytest.mark.parametrize("many", [pytest.param(5000, marks=pytest.mark.full), 200])
def test_whatever_a_text_is_it_holds_what_is_wanted_afterwards(many: int) -> None:
    @settings(max_examples=many, deadline=None)
    @given(documents(), st.dictionaries(st.text(max_size=8), TREES, max_size=4))
    def holds(text: str, wanted: dict[str, Any]) -> None:
        check_any(text, wanted)

    holds()


Change = Callable[[Any], object]


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("# mine\nz: 1 # one\nu: {x: 1}\n", lambda v: v.update(z=2), "# mine\nz: 2 # one\nu: {x: 1}\n"),
        ("a: '1.10'\n", lambda v: v.update(a="1.11"), "a: '1.11'\n"),
        ('a: "x"  # why\n', lambda v: v.update(a="y"), 'a: "y"  # why\n'),
        ("a:\n- p\n- q # second\n", lambda v: v["a"].pop(0), "a:\n- q # second\n"),
        ("a:\n    - p\n", lambda v: v["a"].append({"k": 1, "l": [1]}), "a:\n    - p\n    - k: 1\n      l:\n          - 1\n"),
        ("a:\n    b: 1\n", lambda v: v.update(c={"d": 1}), "a:\n    b: 1\nc:\n    d: 1\n"),
        ("a:\n", lambda v: v.update(a="yes"), 'a: "yes"\n'),
        ("a: |\n  x\n  y\nb: 1\n", lambda v: v.update(a="z"), "a: z\nb: 1\n"),
        ("a: &x 1\nb: *x\n", lambda v: v.update(a=2), "a: &x 2\nb: 1\n"),
        ("a: &x {k: 1}\nb: *x\n", lambda v: v["b"].update(k=2), "a: &x {k: 1}\nb:\n  k: 2\n"),
        ("m: &m\n  k: 1\nb:\n  <<: *m\n  l: 2\n", lambda v: v["b"].update(k=3), "m: &m\n  k: 1\nb:\n  <<: *m\n  l: 2\n  k: 3\n"),
        ("m: &m\n  k: 1\nb:\n  <<: *m\n", lambda v: v["m"].update(k=3), "m: &m\n  k: 3\nb:\n  <<: *m\n  k: 1\n"),
        ("- # list item\n", None, ""),
        ("a: 1\r\nb:\r\n  c: 1\r\n", lambda v: v["b"].update(d=2), "a: 1\r\nb:\r\n  c: 1\r\n  d: 2\r\n"),
        ("\ufeffa: 1\n", lambda v: v.update(a=2), "\ufeffa: 2\n"),
        ("\ufeff--- &x\na: 1\n", lambda v: v.update(a=2), "\ufeff--- &x\na: 2\n"),
        ("\ufeff---\na: 1\n", lambda v: v.update(a=2), "\ufeff---\na: 2\n"),
        ("# nothing yet\n", lambda v: v.update(a=2), "# nothing yet\na: 2\n"),
        ("a: 1", lambda v: v.update(b=2), "a: 1\nb: 2"),
        ("a: 1\n# end\n", lambda v: v.clear(), "{}\n# end\n"),
        ("{a: 1, b: [x]}\n", lambda v: v.update(c="d"), '{a: 1, b: [x], "c": d}\n'),
        ("a:\n  b: 1 # only\n", lambda v: v["a"].clear(), "a: {} # only\n"),
    ],
)  # fmt: skip
def test_each_kind_of_edit(text: str, change: Change | None, expected: str) -> None:
    if change is None:
        with pytest.raises(yaml_reader.ReadError, match="no KEY: VALUE lines"):
            yaml_editor.edited(text, {})
        return
    wanted = read(text) or {}
    change(wanted)
    assert yaml_editor.edited(text, wanted) == expected
