"""What is suggested where a NetworkPolicy cuts a connection lets that connection through, and no more."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from tests.diagnosis.breaking import Bed
from tests.diagnosis.cases import Case
from tests.diagnosis.incidents.network import CASES
from wizard.core.kube.network_policy import End, cutting
from wizard.core.rules.ranking import diagnose

CUT = [case for case in CASES if case.cause == "TR14"]
STRANGER = End("elsewhere", {"app": "stranger"}, {}, {})


def rules(remedies: tuple[str, ...]) -> list[tuple[list[str], dict[str, Any]]]:
    """(policies, part of a spec) of each suggestion."""
    found = []
    for text in remedies:
        if text.startswith("Allow it, in the spec of "):
            names, rule = text.removeprefix("Allow it, in the spec of ").split(": ", 1)
            found.append((names.split(" or "), yaml.safe_load(rule)))
    return found


@pytest.mark.parametrize("case", CUT, ids=lambda case: case.name)
def test_the_suggested_rule_lets_through_what_was_cut_and_no_stranger(case: Case) -> None:
    bed = Bed()
    case.breaks(bed)
    (first, *_) = diagnose(bed.world.snapshot())
    assert first.id == "TR14"
    policies = [one for one in bed.world.around if one["kind"] == "NetworkPolicy"]
    before = copy.deepcopy(policies)
    suggested = rules(first.remedy)
    assert suggested
    for names, part in suggested:
        for one in policies:
            for direction, added in part.items():
                if one["metadata"]["name"] in names:
                    one["spec"][direction] = [*(one["spec"].get(direction) or ()), *added]
    assert [found for found in diagnose(bed.world.snapshot()) if found.id == "TR14"] == []
    for pod in bed.every("Pod"):
        end = End(bed.world.namespace, pod["metadata"]["labels"], pod["spec"])
        for port in (5432, 6379, 8080, 22):
            cut = cutting(before, "Ingress", end, STRANGER, port)
            assert cutting(policies, "Ingress", end, STRANGER, port) == cut


MALFORMED: tuple[Any, ...] = (None, 7, "x", [], [None], {"podSelector": None}, {"podSelector": {}, "policyTypes": "Egress", "egress": [None]},
             {"podSelector": {"matchLabels": None}, "ingress": [{"from": [None], "ports": [{"port": {}}]}]})  # fmt: skip


@pytest.mark.parametrize("spec", MALFORMED, ids=repr)
def test_a_policy_that_makes_no_sense_stops_no_diagnosis(spec: Any) -> None:
    bed = Bed()
    CUT[0].breaks(bed)
    meta = {"name": "odd", "namespace": bed.world.namespace, "uid": "uid-odd"}
    bed.world.around.append({"kind": "NetworkPolicy", "metadata": meta, "spec": spec})
    assert diagnose(bed.world.snapshot())
