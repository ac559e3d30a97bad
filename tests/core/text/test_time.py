"""Points in time as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wizard.core.text import time

NOW = datetime(2026, 3, 2, 14, 5, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "age"),
    [
        ("2026-03-02T14:05:00Z", "40 s"),
        ("2026-03-02T14:02:42.123Z", "2 m 57"),
        ("2026-03-02T11:03:40+00:00", "3 h 02"),
        ("2026-02-18T14:05:40Z", "12 d"),
        ("2027-01-01T00:00:00Z", "0 s"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_ages_fit_a_narrow_column(since: str, age: str) -> None:
    assert time.age(since, NOW) == age
