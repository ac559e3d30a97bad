"""diagnose in lines, over a scripted session: order of what is said, exit codes, JSON."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cli.commands.test_install import call
from tests.cli.stub import objects, stub_session
from tests.stub_session import StubSession
from wizard.core.kube.status import Verdict
from wizard.core.rules.diagnosis import Diagnosis, Hidden, Step, UserImpact
from wizard.core.rules.finding import Evidence, Finding
from wizard.core.rules.timeline import Moment
from wizard.core.target import Target
from wizard.engine.release.rows import ReleaseRow, ReleasesView

TARGET = Target("here", "shop", "llm-cost-ops", "")
CAUSE = Finding(
    "CO06", "Secret a is not there", "Deployment/api", (Evidence("not found", "Pod/p", "waiting", "2026-01-01T00:00:00Z"),),
    ("Create it.",), heals="no", since="2026-01-01T00:00:00Z", commands=("kubectl get secrets -n shop",),
    avoid=("Don't reinstall.",), explains=("the rollout stalled",), unseen=("when it was written: get secrets",),
)  # fmt: skip
LATER = Finding(
    "TR11", "the autoscaler cannot scale", "HorizontalPodAutoscaler/api", (), ("Look.",), heals="no", urgent=False
)
SICK = Diagnosis(
    TARGET, "2026-01-01T00:10:00Z", UserImpact("fine", "2 old pods still answer; the new version does not come up"),
    Verdict("stuck", "Deployment/api: Secret a is not there"), (CAUSE, LATER), (Step("Service/api", "pass", "endpoints 2 of 3"),),
    (Moment("2026-01-01T00:00:00Z", "revision 2: deployed"),), (), ("image", "disk"),
    (Hidden("helm's status and history", "v may not list secrets", "list secrets in namespace shop"),), 2, "deployed", "api-1.0.0",
    "Flux HelmRelease api",
)  # fmt: skip
WELL = Diagnosis(TARGET, "", UserImpact("fine", "3 of 3 pods answer"), Verdict("ready", "all ready"), chart="api-1.0.0")
ROW = ReleaseRow("llm-cost-ops", "shop", "llm-cost-ops-1.0.0")


def session(found: Diagnosis = SICK) -> StubSession:
    made = stub_session()
    made.found = ReleasesView((ROW,), "namespace shop")
    made.diagnoses["llm-cost-ops"] = [replace(found, findings=found.findings[:1], complete=False), found]
    return made


async def test_it_says_what_users_feel_before_the_causes_and_everything_about_each() -> None:
    code, said = await call("diagnose", session())

    assert code == 1
    lines = said.splitlines()
    assert lines[0] == "x stuck llm-cost-ops in shop: Deployment/api: Secret a is not there"
    assert "managed by Flux HelmRelease api" in lines[1]
    assert lines[2].startswith("+ ok users: 2 old pods still answer")
    order = [
        "way in: Service/api + endpoints 2 of 3", "1. CO06 Deployment/api: Secret a is not there (will not heal by itself, for",
        "Pod/p waiting: not found  [2026-01-01T00:00:00Z]", "explains: the rollout stalled", "next: Create it.",
        "$ kubectl get secrets -n shop", "do not: Don't reinstall.", "proof missing: when it was written: get secrets",
        "2. TR11", "separate, not urgent", "ruled out: image, disk", "revision 2: deployed",
        "helm's status and history not seen: v may not list secrets; needs: list secrets in namespace shop",
    ]  # fmt: skip
    places = [said.index(text) for text in order]
    assert places == sorted(places)


async def test_a_healthy_release_has_nothing_to_say_and_exits_with_0() -> None:
    code, said = await call("diagnose", session(WELL))
    assert code == 0
    assert "nothing is wrong that can be seen" in said


EXITS = [
    (replace(WELL, verdict=Verdict("progressing", "x")), 0),
    (replace(WELL, verdict=Verdict("unknown", "cannot see Pod")), 3),
    (replace(WELL, verdict=Verdict("failed", "Job/x: failed")), 1),
    (replace(WELL, findings=(replace(CAUSE, heals="yes"),)), 0),
    (replace(WELL, findings=(LATER,)), 1),
]


@pytest.mark.parametrize(("found", "code"), EXITS)
async def test_exit_codes_are_those_of_the_contract(found: Diagnosis, code: int) -> None:
    assert (await call("diagnose", session(found)))[0] == code


async def test_nothing_found_is_unknown_and_says_where_it_looked() -> None:
    empty = stub_session()
    empty.found = ReleasesView((), "namespaces a, b", "needs list secrets")
    code, said = await call("diagnose", empty)
    assert code == 3
    assert "No release found; looked in namespaces a, b" in said
    (one,) = objects((await call("diagnose --output json", empty))[1])
    assert (one["exit"], one["looked_in"]) == (3, "namespaces a, b")


async def test_a_named_release_that_the_cluster_does_not_have_may_still_have_failed_here() -> None:
    gone = session(replace(SICK, findings=(replace(CAUSE, id="X03"),)))
    gone.found = ReleasesView((), "namespace shop")
    code, said = await call("diagnose llm-cost-ops -n shop", gone)
    assert code == 1
    assert "X03" in said


async def test_several_releases_are_diagnosed_and_the_worst_decides() -> None:
    many = session()
    many.found = ReleasesView((ROW, ReleaseRow("other", "b")), "all namespaces")
    many.diagnoses["other"] = [WELL]
    code, said = await call("diagnose --output json", many)
    assert code == 1
    (one,) = objects(said)
    assert [each["verdict"] for each in one["diagnoses"]] == ["stuck", "ready"]


async def test_json_has_every_part_of_a_finding() -> None:
    code, said = await call("diagnose --output json", session())
    (one,) = objects(said)
    assert (one["command"], one["exit"], code) == ("diagnose", 1, 1)
    (told,) = one["diagnoses"]
    assert told["users"] == {"users": "fine", "text": SICK.impact.text, "since": ""}
    first = told["findings"][0]
    assert first["evidence"] == [
        {"text": "not found", "object": "Pod/p", "field": "waiting", "time": "2026-01-01T00:00:00Z"}
    ]
    assert (first["heals"], first["terminal"], first["urgent"]) == ("no", False, True)
    assert first["commands"] == ["kubectl get secrets -n shop"]
    assert told["unseen"][0]["permission"] == "list secrets in namespace shop"


async def test_jsonl_gives_each_finding_once_and_then_the_verdict() -> None:
    lines = objects((await call("diagnose --output jsonl", session()))[1])
    assert [one["type"] for one in lines] == ["finding", "finding", "verdict"]


@pytest.mark.parametrize(
    ("line", "seconds"), [("diagnose", 2.0), ("diagnose --reach 5", 5.0), ("diagnose --reach 0", 0.0)]
)
async def test_it_asks_whether_people_reach_it_for_as_long_as_it_may(line: str, seconds: float) -> None:
    made = session()
    await call(line, made)
    assert made.reach_seconds == [seconds]
