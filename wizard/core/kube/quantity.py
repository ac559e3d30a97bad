"""A quantity as Kubernetes reads it: 500m, 1Gi, 2, 12e6.

The grammar and the bounds are those of resource.Quantity (k8s.io/apimachinery, pkg/api/resource/quantity.go).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

FIELDS: Final = frozenset(
    {"resources", "requests", "limits", "capacity", "storage", "sizeLimit", "hard", "averageValue"}
)
"""Fields of objects whose values, at any depth, are quantities."""
_UNITS: Final[Mapping[str, Fraction]] = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1), "k": Fraction(10**3),
    "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12), "P": Fraction(10**15), "E": Fraction(10**18),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40), "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}  # fmt: skip
_LARGEST_BINARY: Final = Fraction(2**63 - 1)
"""A larger quantity with a binary unit is read as this."""
_LONGEST: Final = 200
"""Characters; no quantity of a resource needs more, and the time to parse digits grows faster than their number."""
_QUANTITY: Final = rf"(?a:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{{1,3}}\Z)?)(?P<unit>{'|'.join(_UNITS)}))"
"""A number has an exponent or a unit, not both."""


def parse(value: Any) -> Fraction | None:
    """The exact amount of a text or number, in cores, bytes or pieces; None when it is not a quantity.

    It is rounded away from zero to a billionth, as in Kubernetes.
    """
    return _parsed(str(value))


@lru_cache(4096)  # a cluster of 5,000 pods has 20,000 quantities, most of them alike
def _parsed(text: str) -> Fraction | None:
    match = re.fullmatch(_QUANTITY, text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    amount = Fraction(match["number"]) * _UNITS[match["unit"]]
    size = Fraction(math.ceil(abs(amount) * 10**9), 10**9)
    if match["unit"].endswith("i"):
        size = min(size, _LARGEST_BINARY)
    return -size if amount < 0 else size


def equal(left: Any, right: Any) -> bool:
    """Whether both are quantities of the same amount, in whatever notation."""
    amount = parse(left)
    return amount is not None and amount == parse(right)
