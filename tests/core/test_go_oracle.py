"""What we read as Kubernetes and helm read it, beside the Go packages that they read it with."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

import pytest

from tests.core.oracle import started
from wizard.core.helm import version
from wizard.core.kube import quantity
from wizard.core.text.encoding import of_base64
from wizard.core.text.time import parse_duration

pytestmark = pytest.mark.full
Ask = Callable[[str, Sequence[tuple[str, ...]]], list[str]]
_ROWS = 20_000


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks an oracle of helm 4 for an answer to each row."""
    with started(4, tmp_path_factory.mktemp("oracle")) as oracle:
        yield oracle.answers


def joined(seed: int, *parts: Iterable[str]) -> list[tuple[str, ...]]:
    """Texts of one choice for each part."""
    chosen = random.Random(seed)
    choices = [list(part) for part in parts]
    return [("".join(map(chosen.choice, choices)),) for _ in range(_ROWS)]


def test_quantities(ask: Ask) -> None:
    numbers = (
        "0",
        "1",
        "00",
        "7",
        "1.",
        ".5",
        "0.5",
        "1.25",
        "123456789",
        "9223372036854775807",
        "0.0000000001",
        "1.2.3",
        "1_0",
    )
    ends = (
        "",
        *"numkKMGTPEeib",
        "Ki",
        "Mi",
        "Gi",
        "Ti",
        "Pi",
        "Ei",
        "e3",
        "E3",
        "e-3",
        "e+3",
        "E-12",
        "e99",
        "e1.5",
        "mm",
        " ",
    )
    rows = joined(1, ("", "", "", "+", "-", "--", " "), numbers, ends)
    for (text,), answer in zip(rows, ask("quantity", rows), strict=True):
        assert quantity.parse(text) == (None if answer == "error" else Fraction(answer)), text


_VERSIONS = (
    "1", "1.2", "1.2.3", "v1.2.3", "0", "0.0", "0.0.0", "0.0.3", "0.2.3", "0.2.4", "1.3.0", "2.0.0", "1.10.0", "01.2.3",
    "18446744073709551615.0.0", "18446744073709551616.0.0", "1.2.3.4", "", "x", "1.2.x",
)  # fmt: skip
_EXTRAS = (
    "", "", "", "-0", "-1", "-10", "-01", "-alpha", "-alpha.1", "-alpha.beta", "-rc.1", "-rc.11", "-rc.2", "-eks-ce1d5eb",
    "-gke.1245000", "--", "-a..b", "+k3s1", "+rke2r1", "-1+f67aeb3", "+a_b", "-",
)  # fmt: skip


def test_versions(ask: Ask) -> None:
    left, right = joined(2, _VERSIONS, _EXTRAS), joined(3, _VERSIONS, _EXTRAS)
    rows = [(one, other) for (one,), (other,) in zip(left, right, strict=True)]
    for row, answer in zip(rows, ask("versions", rows), strict=True):
        one, other = map(version.parse, row)
        order = "error" if one is None or other is None else str((one > other) - (one < other))
        assert order == answer, row


def test_constraints(ask: Ask) -> None:
    operators = ("", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "^ ", ">= ", "==")
    patterns = (*_VERSIONS, "*", "X", "1.*", "1.x.x", "0.x", "0.2.x", "0.0.x", "1.X.3", "xx", "1.2.3 - 1.3", "1 - 2.x")
    one = (operators, patterns, _EXTRAS)
    constraints = joined(4, *one, ("", "", " "), (" ", ", ", ",", " || ", "||", "", "  ", " , "), *one)
    constraints = [
        (text,) for (single,), (double,) in zip(joined(5, *one), constraints, strict=True) for text in (single, double)
    ]
    versions = joined(6, _VERSIONS, _EXTRAS) + joined(7, _VERSIONS, _EXTRAS)
    rows = [(constraint, given) for (constraint,), (given,) in zip(constraints, versions, strict=True)]
    for (constraint, given), answer in zip(rows, ask("constraint", rows), strict=True):
        found = version.parse(given)
        allowed = None if found is None else version.allows(constraint, found)
        assert allowed == {"true": True, "false": False, "error": None}[answer], (constraint, given)


def test_durations(ask: Ask) -> None:
    part = (
        (
            "",
            "",
            "0",
            "1",
            "1.",
            ".5",
            "1.5",
            "0.3",
            "100.00100",
            "0.9223372036854775807",
            "9223372036854775807",
            "2540400",
        ),
        ("", "h", "m", "s", "ms", "us", "\u00b5s", "\u03bcs", "ns", "d", " ", "H"),
    )
    rows = joined(8, ("", "", "-", "+", "--"), *part) + joined(9, ("", "-"), *part, *part, *part)
    for (text,), answer in zip(rows, ask("duration", rows), strict=True):
        assert parse_duration(text) == (None if answer == "error" else int(answer) / 10**9), text


def decoded(text: str) -> str:
    try:
        return of_base64(text).hex()
    except ValueError:
        return "error"


def test_base64(ask: Ask) -> None:
    part = ("", "Y", "YW", "YWJ", "YWJj", "YWJjZGVm", "+/", "-_", "\u00e9", " ", "\t")
    ends = ("", "", "=", "==", "===", "\n", "\r\n")
    rows = joined(10, part, ends, part, ends, ends)
    for (text,), answer in zip(rows, ask("base64", rows), strict=True):
        assert decoded(text) == answer, repr(text)
