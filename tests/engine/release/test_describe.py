from __future__ import annotations

import base64

import pytest

from tests.engine.fakes import FakeCluster
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target
from wizard.engine.release.describe import describe

TARGET = Target("here", "ns", "rel")
CANARY = "hunter2-canary"


def cluster() -> FakeCluster:
    made = FakeCluster()
    env = [{"name": "DB_PASSWORD", "value": CANARY}]
    made.add(
        "Pod", "api-1", "ns", metadata={"managedFields": [{"manager": "kubelet"}], "labels": {"a": "b"}},
        spec={"containers": [{"name": "app", "env": env}]},
    )  # fmt: skip
    made.add("Secret", "api", "ns", data={"password": base64.b64encode(CANARY.encode()).decode()})
    for number in range(23):
        when = f"2026-01-01T11:{number:02}:00Z"
        made.add(
            "Event",
            f"e{number}",
            "ns",
            type="Warning",
            reason="BackOff",
            message=f"try {number}",
            count=2,
            lastTimestamp=when,
        )
    return made


async def test_an_object_is_described_by_its_newest_events_and_its_yaml_without_secrets() -> None:
    text = await describe(cluster(), YamlDocuments(), TARGET, "Pod", "api-1")
    events, _, yaml = text.partition("\n\n")
    assert events.splitlines()[:3] == ["Events", "  3 older ones", "  01-01 11:03:00 Warning BackOff x2: try 3"]
    assert events.endswith("try 22")
    assert "kind: Pod" in yaml
    assert "managedFields" not in yaml
    secret = await describe(cluster(), YamlDocuments(), TARGET, "Secret", "api")
    assert "password: '********'" in secret
    assert CANARY not in text + secret


@pytest.mark.parametrize(
    ("refused", "says"),
    [("list Event", "Events are not seen: no"), ("get Pod", "Pod api-1 cannot be read: no")],
)
async def test_what_may_not_be_seen_is_said(refused: str, says: str) -> None:
    there = cluster()
    there.refuse[refused] = ClusterError("forbidden", "no", 403, "get it")
    try:
        text = await describe(there, YamlDocuments(), TARGET, "Pod", "api-1")
    except Problem as problem:
        text = str(problem)
    assert says in text
