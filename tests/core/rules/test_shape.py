"""The shape of rendered objects: what passes it, no rule of a check stumbles over, wherever a null or a wrong type stands."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.core.rules import placement_table
from tests.core.rules.tables import TABLES
from wizard.core.rules import shape
from wizard.core.rules.check import all_checks
from wizard.core.rules.facts import Rendered

CHECKS = {check.id: check for check in all_checks()}
INSTEAD: tuple[Any, ...] = (None, 7, "x", True, [None], {"a": None})
NAMED = ("kind", "metadata", "metadata.name")
"""What every object has that is read as rendered at all."""


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in an object, as the keys that lead to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, one in inner:
        yield (*above, key)
        yield from places(one, (*above, key))


def changed(obj: Mapping[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """A copy of the object with another value at the place."""
    made: Any = copy.deepcopy(_lists(obj))
    holder = made
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return dict(made)


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _lists(one) for key, one in value.items()}
    return [_lists(one) for one in value] if isinstance(value, list | tuple) else value


def test_no_rule_stumbles_over_what_has_the_shape() -> None:
    stumbled, tried, stopped = set(), 0, 0
    for check_id, facts, *_ in (row for table in TABLES for row in table.ROWS):
        rendered = facts.get("rendered")
        if not isinstance(rendered, Rendered):
            continue
        if shape.wrong(rendered.objects):
            continue  # a row that is as short as its rule allows
        for number, obj in enumerate(rendered.objects):
            for place in places(obj):
                if ".".join(map(str, place)) in NAMED:
                    continue
                for value in INSTEAD:
                    objects = list(rendered.objects)
                    objects[number] = changed(obj, place, value)
                    tried += 1
                    if shape.wrong(objects):
                        stopped += 1
                        continue
                    result = CHECKS[check_id].evaluate({**facts, "rendered": Rendered(tuple(objects))})
                    if any("failed to judge" in line for line in result.evidence):
                        stumbled.add((check_id, place, repr(value), result.evidence))
    assert not stumbled
    assert tried > 6000
    assert stopped > 2000


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("spec", "template", "spec", "containers", 0), None, "spec.template.spec.containers[0] is null and has to be an object"),
        (("spec", "template", "spec"), None, "spec.template.spec is null and has to be an object"),
        (("spec", "replicas"), "3", 'spec.replicas is "3" and has to be a whole number'),
        (("spec", "replicas"), True, 'spec.replicas is "True" and has to be a whole number'),
        (("metadata", "labels"), ["a"], "metadata.labels is a list and has to be an object"),
        (("spec", "template", "spec", "containers"), {}, "spec.template.spec.containers is an object and has to be a list"),
    ],
)  # fmt: skip
def test_the_place_and_what_has_to_be_there_are_named(place: tuple[Any, ...], value: Any, said: str) -> None:
    obj = changed(placement_table.deployment(), place, value)
    assert shape.wrong([obj]) == f"Deployment/api: {said}"


def test_a_null_is_as_good_as_nothing_where_nothing_has_to_be() -> None:
    obj = changed(placement_table.deployment(), ("spec", "replicas"), None)
    assert shape.wrong([obj]) == ""


def test_kinds_of_which_nothing_is_known_may_have_any_spec() -> None:
    assert shape.wrong([{"kind": "Rollout", "metadata": {"name": "a"}, "spec": ["x"]}]) == ""
