"""A request that fails is a finding, and a symptom where something behind it is broken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.kube.objects import NOW
from tests.core.rules.test_routing import API, NGINX, ingress, ready_pod, secret, service, snapshot
from wizard.core.reach import verdict
from wizard.core.reach.request import Answer
from wizard.core.reach.ways import ways
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Diagnosis, Observation
from wizard.core.rules.snapshot import Snapshot
from wizard.core.target import Target

LED = ingress(("/", "api", {"name": "http"}), tls=[{"hosts": ["x.test"], "secretName": "api-tls"}])
SOUND = (LED, service(), API, ready_pod())
MADE = (NGINX, secret("tls.crt", "tls.key"))
HERE, THERE = "203.0.113.7", "198.51.100.9"


def met(world: Snapshot, *answers: Answer) -> Diagnosis:
    """The diagnosis of a release whose first way in brought these answers."""
    (way, *more) = ways(world)
    assert not more
    reach = verdict.overall([verdict.judged(way, answers, NOW, 2)], 0, None, "", ())
    return diagnosis.of(Observation(replace(world, reach=reach)), Target("c", "ns", "rel"))


def at(address: str = HERE, **more: Any) -> Answer:
    return Answer(resolved=(address,), address=address, **more)


GOOD = at(status=200, ends=NOW + timedelta(days=50))
EXPIRED = at(broken="tls", why="expired", text="its certificate has expired")
MET: list[tuple[str, tuple[Answer, ...], str, bool, str]] = [
    ("answers", (GOOD,), "", False, "fine"),
    ("expired", (EXPIRED,), "TR08", True, "outside"),
    ("of another host", (at(broken="tls", why="other-name", text="is for a.test"),), "TR08", True, "outside"),
    ("not trusted here", (at(broken="tls", why="untrusted", text="nobody signed it"),), "TR08", False, "fine"),
    ("no TLS", (at(broken="tls", why="not-tls", text="the TLS handshake fails"),), "TR16", True, "outside"),
    ("refused", (at(broken="tcp", why="refused", text="refuses the connection"),), "TR16", True, "outside"),
    ("slow: a firewall may be between", (at(broken="tcp", why="slow", text="no answer"),), "", False, "fine"),
    ("not found", (at(status=404),), "TR16", True, "outside"),
    ("no pod behind it", (at(status=503),), "TR16", True, "outside"),
    ("a login is before it", (at(status=401),), "", False, "fine"),
    ("elsewhere, and there it does not answer", (at(THERE, status=404), GOOD), "TR09", True, "outside"),
    ("elsewhere, a proxy that answers", (at(THERE, status=200),), "", False, "fine"),
    ("no name yet", (Answer(broken="dns", why="unresolved", text="not known"), GOOD), "", False, "fine"),
    ("no DNS here", (Answer(broken="dns", why="no-dns", text="no answer"), GOOD), "", False, "fine"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "answers", "rule", "urgent", "users"), MET, ids=[row[0] for row in MET])
def test_what_a_request_met_is_a_finding_of_its_way_in(
    what: str, answers: tuple[Answer, ...], rule: str, urgent: bool, users: str
) -> None:
    result = met(snapshot(*SOUND, around=MADE), *answers)
    assert [(one.id, one.object, one.urgent) for one in result.findings] == [(rule, "Ingress/api", urgent)] * bool(rule)
    assert (result.impact.users, result.verdict.state) == (users, "ready")


def crashing(ready: str = "False") -> dict[str, Any]:
    one = ready_pod(ready=False)
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    end = {"terminated": {"exitCode": 127, "reason": "Error"}}
    one["status"]["containerStatuses"][0].update(state=state, lastState=end, restartCount=7)
    return one


def test_an_error_is_explained_by_what_is_broken_behind_it() -> None:
    result = met(snapshot(LED, service(), API, crashing(), around=MADE), at(status=503))
    (cause,) = result.findings
    assert cause.object == "Pod/api-0"
    assert "Ingress/api" in cause.explains


def test_an_error_is_not_explained_by_what_is_not_behind_it() -> None:
    other = crashing()
    other["metadata"].update(name="job-0", uid="uid-job", labels={"app": "job"})
    result = met(snapshot(*SOUND, other, around=MADE), at(status=404))
    assert [(one.object, one.explains) for one in result.findings] == [("Pod/job-0", ()), ("Ingress/api", ())]


def test_a_certificate_that_is_not_there_is_said_once() -> None:
    result = met(snapshot(*SOUND, absent=frozenset({"Secret/api-tls"})), EXPIRED)
    (cause,) = result.findings
    assert (cause.id, cause.title[:8]) == ("TR08", "its TLS ")
