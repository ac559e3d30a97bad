"""What comes through the door, broken in every way that a generator finds: documents, kubeconfigs, answers, records."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError

_COMMON: Final[dict[str, Any]] = {
    "derandomize": True, "deadline": None, "database": None, "suppress_health_check": list(HealthCheck),
}  # fmt: skip
QUICK: Final = settings(max_examples=50, **_COMMON)
FULL: Final = settings(max_examples=4000, **_COMMON)


def each(full: int = FULL.max_examples) -> pytest.MarkDecorator:
    """Runs a test with `many`: a fixed sample of its property, and `full` cases of it in the full tier."""
    more = settings(FULL, max_examples=full)
    return pytest.mark.parametrize(
        "many", [pytest.param(QUICK, id="some"), pytest.param(more, id="all", marks=pytest.mark.full)]
    )


@contextlib.contextmanager
def one_sentence(names: str = "", never: str = "\n") -> Iterator[None]:
    """What fails in it fails with a Problem or ClusterError in one line, which holds `names` and not `never`."""
    said = ""
    try:
        yield
    except (Problem, ClusterError) as error:
        said = str(error)
    if said:
        assert names in said
        assert "\n" not in said
        assert never not in said


RAW: Final = {
    "@inf@": "1e400",
    "@nan@": "NaN",
    "@deep@": "[" * 100_000,
    "@long@": "9" * 5000,
    "@twice@": '{"a":1,"a":2}',
}
"""Texts of JSON that no Python value gives, by the text that stands for them."""


def _nested(levels: int) -> Any:
    node: Any = 0
    for number in range(levels):
        node = [node] if number % 2 else {"a": node}
    return node


ODD: Final = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12), st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=4), st.none(), max_size=2),
    st.sampled_from([
        "", "\x1b]0;owned\x07", "a\nb", "\ud800", "x" * 9000, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "-1", "1e9",
        "2026-01-01T00:00:00", *RAW, [[]], [None], {"": None}, [{"name": None}],
    ]),
    st.integers(90, 400).map(_nested),
)  # fmt: skip
"""Values that stand where another kind of value should."""


def _paths(node: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here]
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        found += _paths(value, (*here, key))
    return found


@st.composite
def broken(draw: st.DrawFn, tree: Any) -> Any:
    """The tree with up to three of its parts replaced or taken away."""
    made = {"": copy.deepcopy(tree)}
    for _ in range(draw(st.integers(0, 3))):
        path: list[Any] = ["", *draw(st.sampled_from(_paths(made[""])))]
        node: Any = made
        for key in path[:-1]:
            node = node[key]
        last = path[-1]
        if last != "" and draw(st.booleans()):
            del node[last]
        else:
            node[last] = copy.deepcopy(draw(ODD))
    return made[""]


def raw_json(tree: Any) -> str:
    """The tree as JSON, with what only a text can hold put in."""
    text = json.dumps(tree)
    for mark, said in RAW.items():
        text = text.replace(json.dumps(mark), said)
    return text


@st.composite
def torn(draw: st.DrawFn, text: str) -> bytes:
    """The text in bytes, sometimes cut off or with other bytes in it."""
    raw = text.encode("utf-8", "surrogatepass")
    how = draw(st.integers(0, 9))
    if how == 0:
        return raw[: draw(st.integers(0, min(len(raw), 400)))]
    if how == 1:
        at = draw(st.integers(0, min(len(raw), 400)))
        return raw[:at] + draw(st.binary(max_size=6)) + raw[at:]
    return raw


def answers(tree: Any) -> st.SearchStrategy[bytes]:
    """Bodies of an API server that should have answered with the tree."""
    return broken(tree).map(raw_json).flatmap(torn)


_SCALARS: Final = st.one_of(
    st.sampled_from([
        "x", "1", "~", "yes", "0b_", "0x_", "1_0", "._", ".inf", "-.INF", ".nan", "1e400", "1.0e+400", "2001-99-99", "2001-01-01",
        "2001-01-01T99:00:00Z", "!!int x", "!!float x", "!!bool x", "!!timestamp x", "!!binary '*'", "!!null x", "!!set [1]",
        "!!omap 1", "!!pairs 1", "!!merge x", "!k x", "!!python/object/apply:os.system [x]", "=", "<<", "190:20:30", "'", '"', "|",
        ">", "*a", "*b", "&a x", "&b [1]", "%YAML 1.1", "---", "...", "\t", "- ", "? ", ": ", "#", "{", "}", "[", "]", ",", "@", "`",
        "'a\\\\b'", '"\\e[31m"', '"\\ud800"', "\x00", "\x85", "\ufeff", "9" * 5000,
    ]),
    st.text(max_size=6),
)  # fmt: skip

YAML_TEXTS: Final = st.one_of(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from(["a: ", "b: ", "<<: ", "- ", "? ", ": ", "", "&a ", "&b ", "a: &a ", "- &b "]), _SCALARS),
        max_size=12,
    ).map(lambda rows: "\n".join("  " * indent + mark + value for indent, mark, value in rows)),
    st.lists(_SCALARS, max_size=10).map(" ".join),
    st.recursive(
        _SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]"),
            st.lists(inner, max_size=3).map(lambda parts: "&a {" + ", ".join(f"k{n}: {part}" for n, part in enumerate(parts)) + "}"),
        ),
        max_leaves=20,
    ),
    st.tuples(st.sampled_from(["- ", "[", "{a: ", "? ", "a:\n", "&a [*a, "]), st.integers(1, 3000)).map(lambda one: one[0] * one[1]),
    st.integers(2, 12).flatmap(
        lambda wide: st.integers(2, 12).map(
            lambda levels: "a0: &a0 [x]\n" + "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * wide)}]" for n in range(1, levels))
        )
    ),
)  # fmt: skip
"""Texts that look like YAML to different degrees."""
