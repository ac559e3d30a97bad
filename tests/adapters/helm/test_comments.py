"""Comments of values.yaml files in the styles that charts use."""

from __future__ import annotations

import pytest

from wizard.adapters.helm import comments
from wizard.adapters.helm.charts import ChartFolders
from wizard.core.helm import values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1  # one\n", {"a": "one"}),
        ('a: "x # y"  # one\n', {"a": "one"}),
        ("a:  # the map\n  b: 1\n", {"a": "the map"}),
        ("a: {}   # empty\nb: []  # none\n", {"a": "empty", "b": "none"}),
        ('a: ["x # y", {c: 1}]  # list\n', {"a": "list"}),
        ("# Above.\n# Two lines.\na: 1\n", {"a": "Above. Two lines."}),
        ("# far\n\na: 1\n", {}),
        ("a:\n  # in it\n  b: 1\n  c: 2\n", {"a.b": "in it"}),
        ("a:\n  - x: 1  # not a value of its own\n  - y\nb: 1 # b\n", {"b": "b"}),
        ("a: |  # a text\n  x: 1\n  # no comment\nb: 2 # b\n", {"a": "a text", "b": "b"}),
        ("# -- (int) Pods to run\n# @default -- 3\na: 1\n", {"a": "Pods to run"}),
        ("## @param a.b [string] The b of a\na:\n  b: x\n", {"a.b": "The b of a"}),
        ("# a: 2\n# - x\na: 1\n", {}),
        ("x: &x {y: 1}\nz: *x  # again\n", {"z": "again"}),
        ("x: null # nothing\ny:\nz: 1 # z\n", {"x": "nothing", "z": "z"}),
    ],
)
def test_a_comment_is_the_help_of_its_key(text: str, found: dict[str, str]) -> None:
    made = {values.dotted(path): help_ for path, help_ in comments.of(text).items()}
    assert {path: help_ for path, help_ in made.items() if path in found or not found} == found


def test_the_comments_of_our_chart_are_found_at_keys_that_it_has() -> None:
    chart = ChartFolders().open()
    found = ChartFolders().describe(chart).comments
    assert found["replicaCount",] == "ignored while autoscaling is on"
    assert all(values.get(chart.defaults, path, "missing") != "missing" for path in found)
