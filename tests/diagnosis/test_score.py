"""The labelled set holds its limits, and what is said of every failure is complete and safe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.incidents import TELLING
from tests.diagnosis.breaking import APP, Bed
from tests.diagnosis.cases import Case
from tests.diagnosis.score import (
    EVERY,
    FIRST,
    LOSSES,
    SEEDS,
    SOUND,
    TOP_THREE,
    VARIED_FIRST,
    WRONG_FIRST,
    Scored,
    false_alarms,
    score,
    share,
    table,
    varied,
)  # fmt: skip
from tests.engine.watch.playing import Player
from wizard.core.answers.questions import QUESTIONS
from wizard.core.errors import Exit
from wizard.core.kube.api import LogLine
from wizard.core.kube.objects import ObjectEvent
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Observation
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.verdict import exit_code
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.core.text.redaction import hide

PAGE = Path(__file__).resolve().parents[2] / "docs" / "diagnosis-score.md"
TARGET = Target("prod", "shop", "llm-cost-ops", "")


@pytest.fixture(scope="module")
def scored() -> Sequence[Scored]:
    return score()


def test_the_bench_can_tell_for_every_cause_whether_a_program_names_it() -> None:
    assert {case.cause for case in EVERY} <= set(TELLING)


def test_the_right_cause_is_first_and_in_the_first_three_often_enough(scored: Sequence[Scored]) -> None:
    assert len(scored) >= 50
    assert share(scored, 1) >= FIRST
    assert share(scored, 3) >= TOP_THREE


def test_nothing_is_found_in_a_healthy_release() -> None:
    assert {name: found for name, found in false_alarms().items() if found} == {}


@pytest.mark.parametrize("seeds", [1, pytest.param(SEEDS, marks=pytest.mark.full)])
def test_a_variation_of_the_world_is_diagnosed_as_well(seeds: int) -> None:
    others, alarms = varied(seeds)
    assert share(others, 1) >= VARIED_FIRST
    assert share(others, 3) >= TOP_THREE
    assert sum(one.wrong for one in others) / len(others) <= WRONG_FIRST
    assert alarms == ()


def test_a_finding_that_an_answer_makes_so_names_its_question_and_only_for_our_chart(scored: Sequence[Scored]) -> None:
    asked = {(one.found[0].id, one.found[0].question) for one in scored if one.found and one.found[0].question}
    assert {question for _, question in asked} <= {one.id for one in QUESTIONS}
    assert asked >= {
        ("CO01", "image"), ("CO02", "image"), ("CO09", "memory.limit"), ("SC02", "cpu"),
        ("TR04", "ingress.class"), ("TR05", "host"), ("TR07", "tls"), ("TR08", "tls"),
    }  # fmt: skip
    of_stores = [one.found[0] for one in scored if one.found and one.found[0].object.startswith("StatefulSet/")]
    assert [one.question for one in of_stores if one.question] == []


@pytest.mark.full  # it has all variations and losses
def test_the_page_says_what_was_measured(scored: Sequence[Scored]) -> None:
    assert PAGE.read_text(encoding="utf-8") == table(scored, false_alarms()), "run make score"


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list | tuple):
        for one in node.values() if isinstance(node, dict) else node:
            yield from _texts(one)


def test_no_words_of_a_finding_are_taken_for_a_secret(scored: Sequence[Scored]) -> None:
    texts = [text for one in scored for found in one.found for text in _texts(asdict(found))]
    assert len(texts) > 1000
    assert [text for text in texts if hide(text) != text] == []


_LEAST, *_MORE = LOSSES


@pytest.mark.parametrize("loss", [_LEAST, *(pytest.param(loss, marks=pytest.mark.full) for loss in _MORE)])
def test_it_stays_useful_when_evidence_is_gone(loss: str) -> None:
    """The right cause, or where only its log tells the cause, the right object."""
    useful = [
        0 < one.place <= 3 or one.case.object in {found.object for found in one.found[:3]}
        for one in score(LOSSES[loss])
    ]
    assert sum(useful) / len(useful) >= 0.9


def test_every_signature_of_the_first_catalogue_has_a_failure() -> None:
    wanted = (
        "X01 X02 X03 X04 X05 X09 X10 X12 X18 X19 SC01 SC02 SC03 VO01 VO02 VO06 VO07 CO01 CO02 CO03 CO05 CO06 CO09 CO10 CO11 CO12 "
        "CO13 LG01 LG02 LG03 LG04 LG05 TR01 TR02 TR03 TR04 TR06 TR07 TR11 TR13 CL01 CL06"
    )
    assert set(wanted.split()) <= {one.cause for one in EVERY}


def test_every_finding_has_evidence_a_way_on_and_says_of_what(scored: Sequence[Scored]) -> None:
    for one in scored:
        first = one.found[0]
        assert first.evidence, one.case.name
        assert first.remedy, one.case.name
        assert first.commands, one.case.name
        assert any(proof.text for proof in first.evidence), one.case.name
        assert not re.search(r"\{[a-z]+\}", first.title + "".join(first.remedy)), one.case.name
        assert "  " not in first.title, first.title


def _diagnosed(name: str) -> diagnosis.Diagnosis:
    bed = Bed()
    change = SOUND[name] if name in SOUND else next(one.breaks for one in EVERY if one.name == name)
    change(bed)
    return diagnosis.of(Observation(bed.world.snapshot()), TARGET)


@pytest.mark.parametrize("name", [*SOUND, *(one.name for one in EVERY)])
def test_status_says_what_diagnose_says(name: str) -> None:
    bed = Bed()
    (SOUND[name] if name in SOUND else next(one.breaks for one in EVERY if one.name == name))(bed)
    seen = Observation(bed.world.snapshot())
    found = diagnosis.of(seen, TARGET)
    view = RunView()
    for event in diagnosis.events(seen, found):
        view.apply(event)
    assert [(one.id, one.object) for one in view.ranked_findings()] == [(one.id, one.object) for one in found.findings]
    assert (view.verdict, view.reason) == (found.verdict.state, found.verdict.reason)
    assert exit_code(view.verdict, view.ranked_findings()) == found.code
    if view.waiting and found.urgent:
        assert view.waiting.why == found.urgent[0].title


def _as_sent(one: ObjectEvent) -> dict[str, Any]:
    """An event as the API sends it."""
    about = {"uid": one.uid, "kind": one.kind, "name": one.name, "fieldPath": f"spec.containers{{{one.container}}}"}
    return {
        "kind": "Event", "metadata": {"name": f"e-{id(one)}", "uid": f"e-{id(one)}"}, "involvedObject": about, "type": one.type,
        "reason": one.reason, "message": one.message, "count": one.count, "lastTimestamp": one.time,
    }  # fmt: skip


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.name)
async def test_a_terminal_cause_is_named_by_the_first_look_of_a_watch(case: Case) -> None:
    bed = Bed()
    case.breaks(bed)
    whole = bed.world.snapshot()
    known = Snapshot(
        whole.objects, whole.events, whole.now, whole.logs, namespace=whole.namespace, release=whole.release
    )
    terminal = [(one.id, one.object) for one in diagnose(known) if one.urgent and one.heals == "no"]
    async with Player(Target("prod", whole.namespace, whole.release), whole.now, replaces=False) as player:
        for (pod, container), lines in whole.logs.items():
            player.watch.keep_last_lines(pod, container, [LogLine("", line) for line in lines])
        await player.list(*whole.objects.values(), *map(_as_sent, whole.events))
        named = [(one.id, one.object) for one in player.watch.urgent if one.heals == "no"]
    assert named == terminal
    if case.cause in {one.id for one in diagnose(known)} and named:
        assert player.watch.verdict.state in ("stuck", "failed")


WAITING = [
    # what happened, seconds after the first look, whether network policies are read
    *((one.name, 60, True) for one in EVERY if one.cause == "TR14"),
    ("default deny, the client times out", 9, False),
    ("wrong database password, crash loop", 60, False),
    ("as installed", 60, False),
]


@pytest.mark.parametrize(("name", "seconds", "read"), WAITING)
async def test_a_watch_names_the_policy_that_cuts_off_what_stays_unready_by_one_request(
    name: str, seconds: int, read: bool
) -> None:
    bed = Bed()
    (SOUND[name] if name in SOUND else next(one.breaks for one in EVERY if one.name == name))(bed)
    whole = bed.world.snapshot()
    async with Player(Target("prod", whole.namespace, whole.release), whole.now, replaces=False) as player:
        player.streams.policies = tuple(one for one in bed.world.around if one["kind"] == "NetworkPolicy")
        for (pod, container), lines in whole.logs.items():
            player.watch.keep_last_lines(pod, container, [LogLine("", line) for line in lines])
        await player.list(*whole.objects.values(), *map(_as_sent, whole.events))
        for second in (1, seconds // 2, seconds, seconds):
            await player.look(whole.now + timedelta(seconds=second))
        found = [one.id for one in player.watch.findings]
    assert player.streams.listed == ["NetworkPolicy"] * read
    assert ("TR14" in found[:1]) is read


FEELINGS = [
    # what happened, what users feel, words of it, the exit code
    ("as installed", "fine", "3 of 3 pods answer", Exit.DONE),
    ("a rollout on its way", "fine", "3 old pods still answer", Exit.DONE),
    ("claim waits for its first pod", "fine", "3 of 3 pods answer", Exit.DONE),
    ("new version's image missing, old pods answer", "fine", "3 old pods still answer", Exit.FAILED),
    ("application out of memory", "down", "no pod of Deployment/llm-cost-ops is ready (0 of 3)", Exit.FAILED),
    ("Service selects nobody", "down", "Service/llm-cost-ops", Exit.FAILED),
    ("scaled to zero", "down", "scaled to 0", Exit.FAILED),
    ("Ingress class missing", "outside", "inside the cluster only", Exit.FAILED),
    ("Service's targetPort is a number that no pod has", "down", "none has port 8081", Exit.FAILED),
    ("second port of the Service leads nowhere", "fine", "3 of 3 pods answer", Exit.FAILED),
    ("Ingress names a Service that is not there", "outside", "Service llm-cost-ops-api does not exist", Exit.FAILED),
    ("one of two paths leads to a Service that is not there", "part", "Service admin does not exist", Exit.FAILED),
    ("an older Ingress of another release has the same path", "outside", "it gets the requests", Exit.FAILED),
    ("deployed, and a pod short for hours", "part", "2 of 3 pods answer", Exit.FAILED),
    ("metrics API gone", "fine", "3 of 3 pods answer", Exit.FAILED),
]


@pytest.mark.parametrize(("name", "users", "words", "code"), FEELINGS, ids=[row[0] for row in FEELINGS])
def test_what_users_feel_comes_first_and_the_exit_code_is_of_the_contract(
    name: str, users: str, words: str, code: Exit
) -> None:
    found = _diagnosed(name)
    assert (found.impact.users, found.code) == (users, code)
    assert words in found.impact.text


def test_a_cause_swallows_what_depends_on_it() -> None:
    found = _diagnosed("database out of memory")
    assert [(one.id, one.object) for one in found.urgent] == [("CO09", "StatefulSet/llm-cost-ops-postgresql")]
    assert "Deployment/llm-cost-ops" in found.urgent[0].explains
    found = _diagnosed("new version's image missing, old pods answer")
    assert any("rollout stalled" in text for text in found.urgent[0].explains)


def test_two_causes_that_have_nothing_to_do_with_each_other_are_two_findings() -> None:
    found = _diagnosed("new version's key missing, autoscaler blind as well")
    assert [one.id for one in found.urgent] == ["CO06"]
    assert [one.id for one in found.later] == ["TR11"]


def test_a_fault_that_the_broken_store_cannot_cause_is_a_finding_of_its_own() -> None:
    found = _diagnosed("image of the cache missing, and the application panics (D17)")
    assert [(one.id, one.object) for one in found.urgent] == [
        ("CO01", "StatefulSet/llm-cost-ops-redis"), ("CO11", "Deployment/llm-cost-ops"),
    ]  # fmt: skip
    assert any("missing field `currency`" in proof.text for proof in found.urgent[1].evidence)


def test_pods_are_restarted_only_where_they_hold_an_old_password() -> None:
    new, old = (_diagnosed(name).urgent[0] for name in (
        "Secret changed after the pods started (N08)", "Secret changed before the pods started",
    ))  # fmt: skip
    assert new.remedy[0].startswith("Restart the pods")
    assert not new.avoid
    assert old.remedy[0].startswith("Put the old password back")
    assert old.avoid


def test_an_upgrade_that_failed_long_before_is_a_note() -> None:
    found = _diagnosed("upgrade failed 20 days ago, out of memory now (D08)")
    assert ([one.id for one in found.urgent], [one.id for one in found.later]) == (["CO09"], ["X04"])


CANARY = "c4n4ry-s3cr3t/with:odd@signs"
LEAKS = (
    f"invalid database url postgres://postgres:{CANARY}@llm-cost-ops-postgresql:5432/x",
    f'invalid url "postgres://postgres:{CANARY}"',
    f'password authentication failed for user "x" (password={CANARY})',
    f'connection refused, config: {{"db_password": "{CANARY}", "port": 1}}',
    f"panic: token: {CANARY}",
)


@pytest.mark.parametrize("line", LEAKS)
@pytest.mark.parametrize("way", ["log", "last words", "probe", "helm"])
def test_no_secret_that_an_application_prints_is_in_a_finding(line: str, way: str) -> None:
    bed = Bed()
    if way == "log":
        bed.crashes(APP, 1, line)
    elif way == "last words":
        bed.crashes(APP, 1, message=line)
    elif way == "probe":
        bed.runs_unready(APP, line)
    else:
        bed.record("deployed", "failed", description=f'admission webhook "w" denied the request: {line}')
    found = diagnose(bed.world.snapshot())
    assert found
    said = repr(found) + repr(diagnosis.of(Observation(bed.world.snapshot()), TARGET).to_data())
    assert "c4n4ry" not in said
    assert "odd@signs" not in said


def test_what_was_looked_at_and_is_not_it_is_said() -> None:
    found = _diagnosed("wrong database password, crash loop")
    assert found.ruled_out == (
        "image (every container was started)", "start command (every container was started)", "memory (the last end was Error 1)",
        "quota (the namespace has none)", "room on the nodes (every pod has a node)", "volumes (2 of 2 claims are bound)",
        "nodes (3 of 3 are ready)",
    )  # fmt: skip
    assert found.before
    bed = Bed()
    bed.world.seen = []
    bed.crashes(APP, 1)
    assert (
        "nodes"
        not in " ".join(diagnosis.of(Observation(bed.world.snapshot()), TARGET).ruled_out).split("room on the nodes")[
            -1
        ]
    )


def test_the_owner_of_a_release_is_named() -> None:
    bed = Bed()
    bed.root(APP)["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = "shop-prod:apps/Deployment:shop/x"
    owner = diagnosis.of(Observation(bed.world.snapshot()), TARGET).owner
    assert owner == "Argo CD (application shop-prod), seen on Deployment/llm-cost-ops"
    assert diagnosis.of(Observation(Bed().world.snapshot()), TARGET).owner == ""
