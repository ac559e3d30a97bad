"""A state has one symbol and one word, and so has a planned change."""

from __future__ import annotations

from typing import get_args

import pytest

from wizard.core.helm.plan import Change
from wizard.core.kube.status import State as ObjectState
from wizard.core.rules.check import State as CheckState
from wizard.core.text import words


@pytest.mark.parametrize("state", [*get_args(CheckState), *get_args(ObjectState)])
def test_every_state_has_its_symbol(state: str) -> None:
    assert (words.symbol(state) == "?") is (state == "unknown")


def test_what_is_no_state_of_ours_is_shown_as_it_is_and_as_unknown() -> None:
    assert (words.symbol("rotten"), words.word("rotten")) == ("?", "rotten")


@pytest.mark.parametrize("change", get_args(Change))
def test_every_change_has_symbol_and_word(change: str) -> None:
    assert words.change(change)[1:] == f" {change}"


@pytest.mark.parametrize(
    ("number", "noun", "nouns", "said"),
    [
        (1, "try", "tries", "1 try"),
        (0, "try", "tries", "0 tries"),
        (2, "pod", "", "2 pods"),
        (1204, "line", "", "1,204 lines"),
    ],
)
def test_a_number_has_its_noun(number: int, noun: str, nouns: str, said: str) -> None:
    assert words.counted(number, noun, nouns) == said
