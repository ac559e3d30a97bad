"""What each part of a snapshot tells of what happened, and what of it came shortly before a failure."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.rules.test_routing import snapshot
from wizard.core.kube.objects import Object
from wizard.core.kube.status import Verdict
from wizard.core.rules.diagnosis import Diagnosis, UserImpact
from wizard.core.rules.finding import Finding
from wizard.core.rules.ranking import _overtaken
from wizard.core.rules.snapshot import Revision
from wizard.core.rules.timeline import Moment, changes_before, first_failure, timeline
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text.time import parse_time

EARLY, LATER, LATEST = "2025-12-31T10:00:00Z", "2025-12-31T11:00:00Z", "2025-12-31T11:20:00Z"


def obj(kind: str, name: str, made: str = EARLY, **rest: Any) -> Object:
    meta = {"uid": f"{kind}/{name}", "name": name, "creationTimestamp": made, **rest.pop("meta", {})}
    return {"kind": kind, "metadata": meta, **rest}


def pod(**status: Any) -> Object:
    return obj("Pod", "api-1", spec={"nodeName": "n1"}, status={"containerStatuses": [{"name": "app", **status}]})


def written(*managers: tuple[str, str]) -> dict[str, Any]:
    return {"managedFields": [{"manager": who, "time": when} for who, when in managers]}


NODE = obj("Node", "n1", status={"conditions": [
    {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": LATER},
    {"type": "DiskPressure", "status": "False", "reason": "Enough", "lastTransitionTime": EARLY},
]})  # fmt: skip
OTHER = {**NODE, "metadata": {**NODE["metadata"], "name": "n2", "uid": "Node/n2"}}
TOLD: list[tuple[str, dict[str, Any], list[tuple[str, str, str]]]] = [
    # what, the snapshot, (time, words, kind) of the moments
    ("a revision", {"revisions": (Revision(3, "failed", LATER),)}, [(LATER, "revision 3: failed", "change")]),
    (
        "a run of this machine",
        {"runs": (RunSummary("7f3a9c", "upgrade", Target("c", "ns", "rel"), "finished", LATER, who="ann"),)},
        [(LATER, "upgrade from this machine by ann, run 7f3a", "change")],
    ),
    (
        "a rollout",
        {"objects": (obj("ReplicaSet", "api-2", LATER, meta={"annotations": {"deployment.kubernetes.io/revision": "2"}}),)},
        [(LATER, "rollout 2", "change")],
    ),
    (
        "a Secret that somebody wrote after it was made, apart from helm's own writes",
        {"around": (obj("Secret", "db", meta=written(("kubectl-create", EARLY), ("helm", LATER), ("kubectl-edit", LATEST))),)},
        [(LATEST, "Secret/db written by kubectl-edit", "change")],
    ),
    (
        "a node of the release that is lost, and none of others",
        {"objects": (pod(),), "around": (NODE, OTHER)},
        [(EARLY, "Pod/api-1 created", "note"), (LATER, "Node/n1 Ready is Unknown: NodeStatusUnknown", "failure")],
    ),
    (
        "a container that was killed and started again",
        {"objects": (pod(
            state={"running": {"startedAt": LATEST}},
            lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": LATER}},
        ),)},
        [(EARLY, "created", "note"), (LATER, "container app: OOMKilled (exit code 137)", "failure"), (LATEST, "container app started", "note")],
    ),
    (
        "a certificate that was not renewed",
        {"around": (obj("Certificate", "tls", status={"conditions": [{"type": "Ready", "status": "False", "reason": "Expired", "lastTransitionTime": LATER}]}),)},
        [(LATER, "Certificate/tls Ready: Expired", "failure")],
    ),
    ("times that are none", {"revisions": (Revision(3, "failed", "yesterday"),)}, []),
]  # fmt: skip


@pytest.mark.parametrize(("what", "known", "moments"), TOLD, ids=[row[0] for row in TOLD])
def test_a_moment_is_told_by_what_shows_it(
    what: str, known: dict[str, Any], moments: list[tuple[str, str, str]]
) -> None:
    objects = known.pop("objects", ())
    found = timeline(snapshot(*objects, **known))
    assert [(one.time, one.kind) for one in found] == [(time, kind) for time, _, kind in moments]
    assert all(words in one.text for one, (_, words, _) in zip(found, moments, strict=True))


def change(minute: int) -> Moment:
    return Moment(f"2025-12-31T10:{minute:02}:00Z", f"at {minute}")


@pytest.mark.parametrize(
    ("minutes", "failure", "named"),
    [
        ((1, 25, 40, 50), 45, [25, 40]),
        ((1, 2, 3, 4, 5, 50), 45, [2, 3, 4, 5]),
        ((1, 2, 3, 4, 5), None, [2, 3, 4, 5]),
        ((50,), 45, []),
        ((), 45, []),
    ],
    ids=["in the half hour before", "long before", "nothing failed", "only later", "nothing is known"],
)
def test_the_changes_before_a_failure_are_those_of_the_half_hour_before(
    minutes: tuple[int, ...], failure: int | None, named: list[int]
) -> None:
    began = parse_time(change(failure).time) if failure else None
    assert changes_before([*map(change, minutes)], began) == tuple(map(change, named))


def test_the_first_failure_is_the_oldest_urgent_finding() -> None:
    def finding(since: str, *, urgent: bool = True) -> Finding:
        return Finding("X", "x", "Pod/x", (), (), urgent=urgent, since=since)

    assert first_failure((finding(LATEST), finding(LATER), finding(EARLY, urgent=False))) == parse_time(LATER)
    assert first_failure((finding(""),)) is None


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_at_the_end_of_all_times_is_one_like_others(when: str) -> None:
    first = Moment(when, "x", "Secret/a")
    assert first in changes_before((first, Moment(LATER, "y", "Secret/b")), parse_time(when))
    causes = [Finding(name, "x", "Release/rel", (), (), since=time) for name, time in (("X04", when), ("CO11", LATER))]
    assert len(_overtaken(causes)) == 2


@pytest.mark.parametrize(
    ("state", "moments", "said"),
    [
        ("ready", (), "nothing is wrong that can be seen"),
        ("ready", (Moment("2026-01-01T00:00:46Z", "rollout 1"),), "nothing is wrong yet: changed 14 s ago"),
        ("ready", (Moment("2025-12-31T23:59:59Z", "rollout 1"),), "nothing is wrong that can be seen"),
        ("ready", (Moment("2026-01-01T00:00:46Z", "pod ended", kind="note"),), "nothing is wrong that can be seen"),
        ("stuck", (Moment("2026-01-01T00:00:46Z", "rollout 1"),), "no cause was found among what could be seen"),
    ],
)
def test_right_after_a_change_it_is_not_claimed_that_nothing_is_wrong(
    state: Any, moments: tuple[Moment, ...], said: str
) -> None:
    fine = UserImpact("fine", "3 of 3 pods answer")
    found = Diagnosis(Target("c", "ns"), "2026-01-01T00:01:00Z", fine, Verdict(state, ""), timeline=moments)
    assert found.nothing_found.startswith(said)
