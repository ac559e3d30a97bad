"""Points and lengths of time, as a person reads them and as Go writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wizard.core.text import time

NOW = datetime(2026, 3, 2, 14, 5, 40, tzinfo=UTC)
_HOURS = 3600.0


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


# From time_test.go of Go's own library.
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("5s", 5), ("30s", 30), ("1478s", 1478), ("-5s", -5), ("+5s", 5), ("-0", 0), ("+0", 0), ("5.0s", 5), ("5.6s", 5.6),
        ("5.s", 5), (".5s", 0.5), ("1.0s", 1), ("1.004s", 1.004), ("100.00100s", 100.001), ("10ns", 1e-8), ("11us", 11e-6),
        ("12\u00b5s", 12e-6), ("12\u03bcs", 12e-6), ("13ms", 0.013), ("14s", 14), ("15m", 900), ("16h", 16 * _HOURS),
        ("3h30m", 3.5 * _HOURS), ("10.5s4m", 250.5), ("-2m3.4s", -123.4), ("39h9m14.425s", 39 * _HOURS + 554.425),
        ("10m", 600), ("1h30m", 5400), ("90s", 90), ("1.5h", 5400), ("0.3333333333333333333h", 1200),
    ],
)  # fmt: skip
def test_a_duration_of_go_is_seconds(text: str, seconds: float) -> None:
    assert time.parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "--1s", "10 m", " 10m", "10m\n", "1_0s", "\u0661s", "m10", "1e3s",
        "9223372036854775808ns", "-9223372036854775809ns", "3000000h", "1" * 5000 + "s",
    ],
)  # fmt: skip
def test_what_is_no_duration_is_none(text: str) -> None:
    assert time.parse_duration(text) is None
