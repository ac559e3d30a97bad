from __future__ import annotations

import pytest

from wizard.core.helm.version import allows


@pytest.mark.parametrize(
    ("constraint", "version", "fits"),
    [
        (">=1.28.0-0", (1, 28, 0), True),
        (">=1.28.0-0", (1, 27, 16), False),
        (">= 1.28.0-0 < 1.37.0-0", (1, 36, 3), True),
        (">= 1.28.0, < 1.36.0", (1, 36, 3), False),
        ("1.36.x", (1, 36, 9), True),
        ("1.36", (1, 37, 0), False),
        ("^1.30", (1, 99, 0), True),
        ("^1.30", (2, 0, 0), False),
        ("~1.30.2", (1, 30, 9), True),
        ("~1.30.2", (1, 31, 0), False),
        ("~1", (1, 31, 0), True),
        ("!=1.30.0", (1, 30, 0), False),
        (">1.30", (1, 30, 5), False),
        (">1.30", (1, 31, 0), True),
        ("<=1.30", (1, 30, 5), True),
        ("<1.20 || >=1.30", (1, 36, 0), True),
        ("=1.36.3", (1, 36, 3), True),
        ("whatever", (1, 36, 3), None),
        ("", (1, 36, 3), None),
        ("whatever || >=1.0", (1, 36, 3), True),
    ],
)
def test_a_constraint_means_what_it_means_to_helm(
    constraint: str, version: tuple[int, int, int], fits: bool | None
) -> None:
    assert allows(constraint, version) is fits
