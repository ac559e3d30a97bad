from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.rules.finding import STAGES, Evidence, Finding, finding_ids, order
from wizard.core.run.events import EVENTS, Event
from wizard.core.run.view import _REDUCERS, RunView
from wizard.core.text.time import parse_time

TIME = "2026-01-01T00:00:01.000Z"
SAMPLES: dict[str, dict[str, Any]] = {
    "run.started": {
        "id": "7f3a",
        "operation": "install",
        "target": {"context": "c", "namespace": "n", "release": "r"},
        "chart": "llm-cost-ops 1.0.0",
        "helm": "4.2.4",
        "preset": "dev",
        "rollback_on_failure": False,
        "cluster_uid": "",
    },
    "run.phase": {"phase": "helm", "text": "helm installs"},
    "check.result": {
        "id": "N01",
        "title": "namespace",
        "state": "fail",
        "evidence": ["terminating"],
        "next_step": "wait",
        "blocking": True,
        "question": "namespace",
    },
    "object.made": {"kind": "Secret", "name": "a", "action": "created", "keys": ["password"]},
    "helm.started": {"pid": 7, "argv": ["helm", "install"]},
    "helm.output": {"stream": "err", "lines": ["one", "two"]},
    "helm.exited": {"code": None, "signal": "SIGKILL"},
    "rollback.started": {"argv": ["helm", "rollback"]},
    "rollback.output": {"stream": "out", "lines": ["three"]},
    "rollback.exited": {"code": 0, "signal": ""},
    "record.gap": {"lost": 3, "reason": "no space"},
    "object.state": {
        "uid": "u1",
        "kind": "Pod",
        "name": "api-0",
        "group": "pod",
        "state": "stuck",
        "summary": "ImagePullBackOff",
        "reason": "no such image",
        "since": "2026-01-01T00:00:00Z",
        "owner": "StatefulSet/api",
        "restarts": 0,
    },
    "cluster.event": {"kind": "Warning", "object": "Pod/api-0", "reason": "Failed", "message": "m", "count": 1},
    "log.lines": {"pod": "api-0", "container": "api", "previous": False, "lines": [["t", "hello"], ["t", "again"]]},
    "log.gap": {"pod": "api-0", "container": "api", "lost": 3, "reason": "rotated"},
    "waiting": {"what": "Pod/api-0", "since": "t", "why": "image", "heals": "no"},
    "finding": {
        "id": "CO01",
        "title": "t",
        "object": "Pod/api-0",
        "terminal": True,
        "evidence": ["e"],
        "remedy": [],
        "urgent": True,
        "waits": False,
        "heals": "no",
        "since": "",
        "rank": 4,
        "commands": [],
        "avoid": [],
        "question": "",
    },
    "finding.healed": {"id": "CO01", "object": "Pod/api-0"},
    "fix.offered": {"finding": "CO01", "object": "Pod/api-0", "fixes": []},
    "decision": {"what": "fix", "who": "me", "text": "create Secret a"},
    "fix.applied": {"finding": "CO01", "object": "Pod/api-0", "fix": "make-secret", "ok": True, "text": "done"},
    "verdict": {"state": "stuck", "reason": "image"},
    "reach": {
        "state": "pass",
        "text": "answers",
        "next_step": "",
        "ways": [{"object": "Ingress/a", "url": "http://a/"}],
    },
    "watch.blind": {"what": "Ingress", "reason": "forbidden", "permission": "list ingresses"},
    "run.notes": {"text": "open it"},
    "run.finished": {"code": 1, "verdict": "failed", "reason": "image", "files": [], "commands": []},
}


def view_of(*events: tuple[str, dict[str, Any]]) -> RunView:
    view = RunView()
    for number, (kind, data) in enumerate(events, 1):
        view.apply(Event(kind, data, number, f"2026-01-01T00:00:{number:02}.000Z"))
    return view


def test_every_public_event_has_a_reducer_and_a_sample_with_exactly_its_keys() -> None:
    assert set(_REDUCERS) == set(EVENTS) == set(SAMPLES)
    for kind, keys in EVENTS.items():
        assert tuple(SAMPLES[kind]) == keys


def test_every_event_says_which_part_changed() -> None:
    for kind, data in SAMPLES.items():
        assert RunView().apply(Event(kind, data, 1, "t")), kind


def test_an_unknown_event_type_and_one_seen_before_change_nothing() -> None:
    view = view_of(("helm.output", SAMPLES["helm.output"]))
    assert view.apply(Event("from.the.future", {}, 2, "t")) == frozenset()
    assert view.apply(Event("helm.output", SAMPLES["helm.output"], 1, "t")) == frozenset()
    assert view.helm_lines == ["one", "two"]


def test_rows_come_red_first_and_gone_objects_leave() -> None:
    def state(uid: str, state: str, kind: str = "Pod", group: str = "pod") -> tuple[str, dict[str, Any]]:
        row = SAMPLES["object.state"] | {"uid": uid, "name": uid, "state": state, "kind": kind, "group": group}
        return "object.state", row

    view = view_of(
        state("a", "ready"), state("b", "progressing"), state("c", "stuck"), state("d", "failed"),
        state("e", "ready", "Deployment", "object"), state("f", "ready"), state("f", "gone"),
    )  # fmt: skip
    assert [row.uid for row in view.rows()] == ["d", "c", "b", "e", "a"]
    assert [row.uid for row in view.rows("object")] == ["e"]
    assert (view.ready_count(), view.total(), view.ready_count("pod"), view.total("pod")) == (2, 5, 1, 4)


def test_a_finding_keeps_when_it_was_first_seen_and_leaves_when_healed() -> None:
    finding = SAMPLES["finding"]
    view = view_of(("finding", finding), ("finding", finding | {"title": "new"}))
    (row,) = view.ranked_findings()
    assert (row.title, row.since) == ("new", "2026-01-01T00:00:01.000Z")
    view.apply(Event("finding.healed", SAMPLES["finding.healed"], 9, "t"))
    assert not view.findings


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_event_passes_the_reader_of_records(kind: str) -> None:
    assert Event.from_line(Event(kind, SAMPLES[kind], 1, TIME).to_line()).checked().data == SAMPLES[kind]


FINDINGS = st.builds(
    Finding,
    id=st.builds("{}{:02}".format, st.sampled_from([*STAGES, "ZZ"]), st.integers(1, 12)),
    title=st.text(max_size=5),
    object=st.sampled_from(["Pod/a", "Deployment/b", "Release/c"]),
    evidence=st.lists(st.builds(Evidence, st.text(max_size=5), st.just("Pod/a"), st.just("status")), max_size=2).map(
        tuple
    ),
    remedy=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    terminal=st.booleans(),
    heals=st.sampled_from(["yes", "no", "unknown"]),
    since=st.sampled_from(["", "2026-01-01T00:00:00Z"]),
    waits=st.booleans(),
    urgent=st.booleans(),
    commands=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    avoid=st.lists(st.text(max_size=5), max_size=2).map(tuple),
)


@given(st.lists(FINDINGS, unique_by=lambda found: (found.id, found.object)), st.randoms(use_true_random=False))
def test_a_run_shows_findings_in_the_order_of_the_diagnosis(found: list[Finding], random: Random) -> None:
    ranked = sorted(found, key=order)
    random.shuffle(found)
    lines = [Event("finding", one.to_data(), 1, TIME).to_line() for one in found]
    shown = view_of(*(("finding", dict(Event.from_line(line).checked().data)) for line in lines)).ranked_findings()
    assert [(one.id, one.object) for one in shown] == [(one.id, one.object) for one in ranked]
    for one, told in zip(shown, ranked, strict=True):
        assert {**one.to_data(), "since": told.since} == told.to_data()


def test_what_keeps_the_release_from_working_comes_before_a_claim_that_waits_for_its_first_pod() -> None:
    registry = Finding("CO03", "the nodes cannot reach the registry", "Deployment/api", (), ("Look at the network.",))
    claim = Finding(
        "VO02", "waits for its first pod", "PersistentVolumeClaim/data", (), ("Nothing to do.",), urgent=False
    )
    view = view_of(("finding", claim.to_data()), ("finding", registry.to_data()))
    assert [one.id for one in view.ranked_findings()] == ["CO03", "VO02"]


def test_findings_of_older_records_are_ranked_by_what_they_tell() -> None:
    finding = {key: SAMPLES["finding"][key] for key in ("id", "title", "object", "terminal", "evidence", "remedy")}
    view = view_of(
        ("finding", finding | {"id": "TR01", "terminal": False}),
        ("finding", finding | {"id": "CO01"}),
        ("finding", finding | {"id": "SC01"}),
    )
    assert [one.id for one in view.ranked_findings()] == ["SC01", "CO01", "TR01"]


def test_every_rule_of_findings_has_a_stage() -> None:
    assert {one.rstrip("0123456789") for one in finding_ids()} == set(STAGES)


def test_a_log_gap_is_a_visible_line_and_counted() -> None:
    view = view_of(("log.lines", SAMPLES["log.lines"]), ("log.gap", SAMPLES["log.gap"]))
    assert [line.text for line in view.logs.slice(0, 9)] == ["hello", "again", "3 lines lost here: rotated"]
    assert (view.log_lost, view.log_gaps) == (3, 1)
    assert view.containers() == [("api-0", "api")]


def test_a_repeated_cluster_event_moves_to_the_end_with_its_count() -> None:
    event = SAMPLES["cluster.event"]
    other = event | {"reason": "Other"}
    view = view_of(("cluster.event", event), ("cluster.event", other), ("cluster.event", event | {"count": 4}))
    assert [(row.reason, row.count) for row in view.events] == [("Other", 1), ("Failed", 4)]


def test_an_empty_waiting_event_ends_the_wait() -> None:
    view = view_of(("waiting", SAMPLES["waiting"]))
    assert view.waiting is not None
    assert view.waiting.heals == "no"
    view.apply(Event("waiting", {"what": "", "since": "", "why": "", "heals": ""}, 9, "t"))
    assert view.waiting is None


@pytest.mark.parametrize(
    ("argv", "left"),
    [
        (["upgrade", "x", "--timeout", "10m", "--wait"], 540), (["upgrade", "--timeout=1.5m"], 30), (["upgrade"], 0),
        (["upgrade", "--timeout"], 0), (["upgrade", "--timeout", "soon"], 0), (["upgrade", "--timeout", "30s"], 0),
    ],
)  # fmt: skip
def test_a_run_knows_how_long_helm_still_waits(argv: list[str], left: float) -> None:
    view = RunView()
    view.apply(Event("helm.started", {"pid": 1, "argv": argv}, time="2026-03-02T14:05:00.000Z"))
    now = parse_time("2026-03-02T14:06:00Z")
    assert now is not None
    assert view.left(now) == left
