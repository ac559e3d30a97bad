"""Pauses double, end somewhere, and are spread."""

from __future__ import annotations

import pytest

from wizard.core.backoff import Backoff


@pytest.mark.parametrize(("failures", "longest"), [(1, 2), (2, 4), (3, 8), (6, 60), (100_000, 60)])
def test_pauses_double_up_to_the_longest_and_are_spread(failures: int, longest: float) -> None:
    pauses = [Backoff(2, 60).pause(failures) for _ in range(200)]
    assert longest / 2 <= min(pauses) < max(pauses) <= longest
