"""A quantity means what it means to Kubernetes; most rows are from apimachinery's quantity_test.go."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from wizard.core.kube import quantity

_LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0", 0), ("0n", 0), ("0Ki", 0), ("-0", 0), ("0e5", 0), ("00012", 12),
        ("1n", Fraction(1, 10**9)), ("1u", Fraction(1, 10**6)), ("5m", Fraction(5, 1000)), ("1", 1), ("1k", 10**3),
        ("1M", 10**6), ("1G", 10**9), ("1T", 10**12), ("1P", 10**15), ("1E", 10**18),
        ("1Ki", 2**10), ("8Ki", 2**13), ("7Mi", 7 * 2**20), ("6Gi", 6 * 2**30), ("5Ti", 5 * 2**40), ("4Pi", 2**52),
        ("3Ei", 3 * 2**60),
        ("10e3", 10**4), ("5E6", 5 * 10**6), ("1E3", 1000), ("2E10", 2 * 10**10), ("12E-1", Fraction(6, 5)),
        ("1e+3", 1000), ("1.01E", 1010 * 10**15), ("1.25Ti", 5 * 2**38),
        (".5", Fraction(1, 2)), ("1.", 1), ("1.G", 10**9), ("+2.5", Fraction(5, 2)), ("-1Ki", -1024), ("-.5m", Fraction(-1, 2000)),
        ("0.1n", Fraction(1, 10**9)), ("1.1n", Fraction(2, 10**9)), ("-0.1n", Fraction(-1, 10**9)),
        ("9Ei", _LARGEST), ("-9Ei", -_LARGEST), ("9223372036854775808", 2**63),
        (2, 2), (0.5, Fraction(1, 2)), (1e-05, Fraction(1, 10**5)), (1e22, 10**22),
        ("1e999", 10**999),
    ],
)  # fmt: skip
def test_a_quantity_is_an_exact_amount(written: Any, amount: Fraction) -> None:
    assert quantity.parse(written) == amount


@pytest.mark.parametrize(
    "written",
    [
        "", "lots", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01i", "-3.01e-", "1e", "1e3m", "1m3",
        "2 Gi", " 1", "1 ", "1\n", "2GB", "1K", "1ki", "1KI", "--1", "0x10", "inf", "nan", "1_000", "١", "1e3.5",
        "1/2", "Ki", "m", "e3", ".", "+", True, None, [], {},
        "1e99999", "1" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_none(written: Any) -> None:
    assert quantity.parse(written) is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [("1000m", "1", True), (1, "1", True), ("1Gi", "1024Mi", True), ("1Gi", "1G", False), ("x", "x", False)],
)
def test_quantities_are_compared_as_amounts(left: Any, right: Any, same: bool) -> None:
    assert quantity.equal(left, right) is same
