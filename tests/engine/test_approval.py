"""The safety rules of every front end: each is decided by the session again, whatever a front end asked before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.cli.stub import check
from tests.stub_session import StubSession
from wizard.core.errors import Exit, Problem
from wizard.core.helm.plan import ObjectPlan, Plan, Refusal, Takeover
from wizard.core.target import Target
from wizard.engine import approval
from wizard.engine.approval import Approval, PlanChanged
from wizard.engine.release.leftovers import Leftover, Leftovers
from wizard.engine.release.uninstall import Item, Uninstall

PLAN = Plan("upgrade", "here", "ns", "rel", 2, 2, ())
TARGET = Target("here", "ns", "rel")
LISTS = Uninstall("rel", "ns", 2, "llm-cost-ops-1.0.0", False, (), (), ())


def taking(plan: Plan, *managers: str) -> Plan:
    taken = tuple(Takeover(f"spec.field{number}", manager) for number, manager in enumerate(managers))
    return replace(plan, objects=(ObjectPlan("Deployment", "api", "ns", "apps/v1", "changed", taken=taken),))


def refused(plan: Plan) -> Plan:
    return replace(plan, objects=(ObjectPlan("Deployment", "api", "ns", "apps/v1", "refused"),))


RUNS = [
    # what is known, what blocks it, why the name has to be typed
    ({}, "", ""),
    ({"preset": "prod"}, "", "This is production"),
    ({"plan": replace(PLAN, downgrade="the chart is older")}, "", "The chart is older"),
    ({"plan": replace(PLAN, downgrade="the chart is older"), "preset": "prod"}, "", "This is production"),
    ({"plan": replace(PLAN, owner="Flux")}, "rel is owned by Flux", ""),
    ({"plan": refused(PLAN)}, "Deployment/api would be refused", ""),
    ({"plan": taking(PLAN, "kubectl")}, "", "This takes over 1 field from kubectl"),
    (
        {"plan": taking(PLAN, "kubectl", "helm", "kubectl"), "preset": "prod"},
        "",
        "This is production, and it takes over 3 fields from kubectl, helm",
    ),
    ({"plan": taking(PLAN, "kubectl"), "force": True}, "", "This takes over 1 field from kubectl"),
    ({"plan": PLAN, "force": True}, "", ""),
    ({"force": True}, "--force-conflicts needs a plan", ""),
    ({"checks": [check("C01", "room", "fail", blocking=True)]}, "C01 failed", ""),
    ({"checks": [check("C01", "room", "warn")]}, "", ""),
]


@pytest.mark.parametrize(("known", "blocked", "because"), RUNS)
def test_what_a_run_needs(known: dict[str, Any], blocked: str, because: str) -> None:
    force = known.get("force", False)
    agreed = approval.of_run(
        "rel", known.get("preset", "dev"), known.get("plan"), known.get("checks", ()), force_conflicts=force
    )
    assert blocked in str(agreed.blocked or "")
    assert bool(agreed.blocked) is bool(blocked)
    assert agreed.type_the_name_because == because


def test_force_is_offered_for_conflicts_alone_and_given_to_helm_where_it_writes_by_server_side_apply() -> None:
    conflict = Refusal(".spec.replicas", 'conflict with "kubectl" using apps/v1')
    conflicting = replace(PLAN, objects=(replace(refused(PLAN).objects[0], refusals=(conflict,)),))
    assert approval.offers_force(conflicting)
    assert approval.offers_force(None, [replace(check("R07", "dry run", "fail"), conflict=True)])
    assert not approval.offers_force(refused(PLAN), [check("R07", "dry run", "fail")])
    methods = [approval.may_force(replace(PLAN, method=method), asked=True) for method in ("apply", "patch")]
    assert (methods, approval.may_force(replace(PLAN, method="apply"), asked=False)) == ([True, False], False)


UNINSTALLS = [
    (LISTS, False, "", ""),
    (replace(LISTS, production=True), False, "", "This is production"),
    (replace(LISTS, lost=(Item("PersistentVolumeClaim/data"),)), False, "", "Data is lost for ever"),
    (LISTS, True, "", "The namespace goes too"),
    (replace(LISTS, foreign=("Pod/other",)), True, "there is more in it: Pod/other", "The namespace goes too"),
]


@pytest.mark.parametrize(("lists", "namespace", "blocked", "because"), UNINSTALLS)
def test_what_an_uninstall_needs(lists: Uninstall, namespace: bool, blocked: str, because: str) -> None:
    agreed = approval.of_uninstall(lists, delete_namespace=namespace)
    assert (blocked in str(agreed.blocked or ""), bool(agreed.blocked)) == (True, bool(blocked))
    assert agreed.type_the_name_because == because


def leftover(uid: str, release: str = "rel", *, matters: bool = False) -> Leftover:
    return Leftover("ConfigMap", uid, "v1", uid, release, "data" if matters else "rest", "it bears its name")


def test_what_the_removal_of_leftovers_needs() -> None:
    found = Leftovers("ns", ())
    assert approval.of_leftovers(found, [leftover("a")]) == Approval("rel")
    assert approval.of_leftovers(found, [leftover("a", matters=True)]).type_the_name_because
    assert "of several releases" in str(approval.of_leftovers(found, [leftover("a"), leftover("b", "other")]).blocked)


NAMES = [("", False), ("rel", True), ("other", False), ("REL", False), (" rel", False)]


@pytest.mark.parametrize(("name", "enough"), NAMES)
def test_only_the_release_s_own_name_is_enough(name: str, enough: bool) -> None:
    agreed = Approval("rel", None, "This is production")
    assert (agreed.wrong_name(name) == "") is enough
    if enough:
        agreed.require(name)
        return
    with pytest.raises(Problem, match="rel") as said:
        agreed.require(name)
    assert said.value.code == Exit.REFUSED


def test_a_wrong_name_is_refused_where_none_is_needed_and_what_is_blocked_is_refused_with_the_right_one() -> None:
    with pytest.raises(Problem, match='"other" is not the release "rel"'):
        Approval("rel").require("other")
    Approval("rel").require("")
    with pytest.raises(Problem, match="no way"):
        Approval("rel", Problem("There is no way.")).require("rel")


@pytest.mark.parametrize("attended", [True, False])
async def test_a_run_is_not_started_on_another_plan_than_the_one_that_was_shown(attended: bool) -> None:
    session = StubSession()
    prepared = session.answers.prepare(session.answers.new().with_answers({"preset": "dev", "image": "a/b:1"}))
    shown = await session.installer.plan(prepared)
    session.next_plan = replace(shown, last=7)
    with pytest.raises(PlanChanged, match="revision 7 now") as said:
        await session.installer.start(prepared, "upgrade", (), shown, attended=attended)
    assert said.value.plan.last == 7
    assert session.specs == []


REFUSALS = [
    ({"preset": "prod", "host": "api.acme.test"}, (), "--yes alone is not enough here"),
    ({"preset": "dev"}, (check("C01", "room", "fail", blocking=True),), "C01 failed"),
]


@pytest.mark.parametrize(("answers", "checks", "said"), REFUSALS)
async def test_a_run_is_not_started_by_a_front_end_that_asked_nobody(
    answers: dict[str, str], checks: tuple[Any, ...], said: str
) -> None:
    session = StubSession()
    prepared = session.answers.prepare(session.answers.new().with_answers({"image": "a/b:1", **answers}))
    with pytest.raises(Problem, match=said):
        await session.installer.start(prepared, "upgrade", checks, None)
    assert session.specs == []


async def test_a_run_is_not_started_when_helm_reads_other_values_than_are_meant() -> None:
    session = StubSession()
    prepared = session.answers.prepare(session.answers.new().with_answers({"preset": "dev", "image": "a/b:1"}))
    session.misread = {"image": {"repository": "b", "tag": 1.1}, "replicaCount": 7}
    with pytest.raises(
        Problem, match=r"helm reads another value at replicaCount, .* and \d+ more in the values file"
    ) as said:
        await session.installer.start(prepared, "install")
    assert "1.1" not in str(said.value), "a value may be a secret"
    assert session.specs == []
