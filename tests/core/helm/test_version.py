"""Versions and constraints mean what they mean to helm; test_go_oracle.py asks helm's own library about many more."""

from __future__ import annotations

import itertools

import pytest

from wizard.core.helm.version import Version, allows, of_chart, parse

# The order of https://semver.org/#spec-item-11, and what providers call their Kubernetes.
ORDERED = (
    "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0", "1.30.5-eks-ce1d5eb", "1.30.5-gke.1245000", "1.30.5", "2.0.0",
)  # fmt: skip


def version(text: str) -> Version:
    found = parse(text)
    assert found is not None
    return found


def test_versions_are_ordered_as_semver_says() -> None:
    for older, newer in itertools.combinations(ORDERED, 2):
        assert version(older) < version(newer)


@pytest.mark.parametrize(
    ("text", "same"),
    [("v1.2.3", "1.2.3"), ("1.2", "1.2.0"), ("4", "4.0.0"), ("1.36.3+k3s1", "1.36.3"), ("01.2.3", "1.2.3")],
)
def test_what_says_nothing_of_age_does_not_count(text: str, same: str) -> None:
    assert version(text) == version(same)


@pytest.mark.parametrize(
    "text", ["", "x", "v", "1.2.3.4", "1.x", "1.2.3-01", "1.2.3-", "1..2", " 1", "1\n", "V1", "1" * 300, "١"]
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("llm-cost-ops-1.2.3", "1.2.3"), ("llm-cost-ops-1.2.3-rc.1", "1.2.3-rc.1"), ("redis-7-2.0.0+b1", "2.0.0+b1"),
        ("llm-cost-ops", ""), ("", ""), ("app-7", ""),
    ],
)  # fmt: skip
def test_a_chart_s_label_ends_in_its_version(label: str, found: str) -> None:
    assert of_chart(label) == found


@pytest.mark.parametrize(
    ("constraint", "given", "fits"),
    [
        (">=1.28.0-0", "1.28.0", True), (">=1.28.0-0", "1.27.16", False), (">= 1.28.0-0 < 1.37.0-0", "1.36.3", True),
        (">= 1.28.0, < 1.36.0", "1.36.3", False), ("1.36.x", "1.36.9", True), ("1.36", "1.37.0", False), ("*", "1.36.3", True),
        ("^1.30", "1.99.0", True), ("^1.30", "2.0.0", False), ("^0.2.3", "0.3.0", False), ("^0.0.3", "0.0.4", False),
        ("~1.30.2", "1.30.9", True), ("~1.30.2", "1.31.0", False), ("~1", "1.31.0", True), ("~>1.30", "1.30.4", True),
        ("!=1.30.0", "1.30.0", False), ("!=1.30", "1.30.7", False), (">1.30", "1.30.5", False), (">1.30", "1.31.0", True),
        ("<=1.30", "1.30.5", True), ("=<1.30.0", "1.30.5", False), ("<1.20 || >=1.30", "1.36.0", True),
        ("=1.36.3", "1.36.3", True), ("1.28 - 1.36", "1.36.9", True), ("1.28 - 1.36", "1.37.0", False),
        (">=1.28", "1.30.5-eks-1", False), (">=1.28-0", "1.30.5-eks-1", True), (">=1.28 <2-0", "1.30.5-eks-1", True),
        (">=1.28", "1.30.5+k3s1", True),
        ("whatever", "1.36.3", None), ("", "1.36.3", None), ("whatever || >=1.0", "1.36.3", None), (">=1.0<2.0", "1.36.3", None),
        ("==1.36", "1.36.3", None), (">=1 ||", "1.36.3", None), ("1 " * 300, "1.36.3", None),
    ],
)  # fmt: skip
def test_a_constraint_means_what_it_means_to_helm(constraint: str, given: str, fits: bool | None) -> None:
    assert allows(constraint, version(given)) is fits
