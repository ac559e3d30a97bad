"""Scalars mean what they mean to helm; the oracle asks helm's own packages about many more."""

from __future__ import annotations

import math
from typing import Any

import pytest

from wizard.core.helm import scalars


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("22:30", "22:30"), ("12:30:45", "12:30:45"), ("0o644", 420), ("0644", 420), ("08", 8), ("1e3", 1000), ("1.10", 1.1),
        ("1.0", 1), ("y", True), ("on", True), ("No", False), ("yEs", "yEs"), ("~", None), ("", None), ("NULL", None), ("0x1F", 31),
        ("0b1", 1), ("0b-1", -1), ("1_000", 1000), ("._5", "._5"), (".5", 0.5), ("2001-01-01", "2001-01-01"), ("1e400", "1e400"),
        ("9007199254740993", 9007199254740992.0), ("18446744073709551616", 1.8446744073709552e19), ("<<", "<<"), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_plain_ones(text: str, means: Any) -> None:
    found = scalars.value(scalars.resolve(None, text))
    assert (type(found), found) == (type(means), means)


@pytest.mark.parametrize(
    ("tag", "text", "means"),
    [
        ("str", "1", "1"), ("int", "0x1F", 31), ("float", "1", 1), ("bool", "off", False), ("null", "~", None), ("binary", "YQ==", "a"),
        ("binary", "4oLigqw=", "\ufffd\ufffd\u20ac"), ("timestamp", "2001-2-3", "2001-2-3"), ("python/none", "1", "1"),
    ],
)  # fmt: skip
def test_tagged_ones(tag: str, text: str, means: Any) -> None:
    assert scalars.value(scalars.resolve(scalars.PREFIX + tag, text)) == means


@pytest.mark.parametrize(
    ("tag", "text"),
    [("int", "1.5"), ("int", "x"), ("float", "18446744073709551615"), ("bool", "1"), ("null", "x"), ("binary", "*"), ("timestamp", "2001-02-30")],
)  # fmt: skip
def test_a_text_that_is_not_what_its_tag_says_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match="tag"):
        scalars.resolve(scalars.PREFIX + tag, text)


@pytest.mark.parametrize(
    ("scalar", "key"),
    [(1, "1"), (True, "true"), (1.5, "1.5"), (1e6, "1e+06"), (16777217.5, "1.6777218e+07"), (0.00001, "1e-05"), (math.inf, ".inf"), (1e300, ".inf")],
)  # fmt: skip
def test_keys_are_texts(scalar: scalars.Scalar, key: str) -> None:
    assert scalars.key(scalar) == key


@pytest.mark.parametrize("scalar", [None, 1 << 63])
def test_what_cannot_be_a_key_is_refused(scalar: scalars.Scalar) -> None:
    with pytest.raises(ValueError, match="key"):
        scalars.key(scalar)


@pytest.mark.parametrize("text", ["yes", "n", "~", "", "1_000", "0o7", ".5", "<<", "-0b1"])
def test_words_that_are_read_as_something_else_are_no_text(text: str) -> None:
    assert not scalars.is_text(text)
