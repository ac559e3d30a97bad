"""A fix that was offered is carried out, or it is said why not; what is deleted is on the disk before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from .objects import BEGAN, obj
from .test_run import Bench, spec

CLASS = obj(
    "StorageClass", "standard", metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
)


def claim() -> dict[str, Any]:
    wanted = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "gone",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    meta = {"resourceVersion": "7"}
    return obj("PersistentVolumeClaim", "data-db-0", ours=True, spec=wanted, status={"phase": "Pending"}, metadata=meta)


def refusal(of: dict[str, Any]) -> dict[str, Any]:
    about = {"kind": of["kind"], "name": of["metadata"]["name"], "uid": of["metadata"]["uid"]}
    return obj(
        "Event", "data-db-0.1", involvedObject=about, reason="ProvisioningFailed", type="Warning", count=1,
        message='storageclass.storage.k8s.io "gone" not found', firstTimestamp=BEGAN, lastTimestamp=BEGAN,
    )  # fmt: skip


async def blocked() -> tuple[Bench, asyncio.Task[int], dict[str, Any]]:
    """A run in which a claim of a wrong class waits, and what to ask for to mend it."""
    made, broken = Bench(spec("upgrade")), claim()
    task = asyncio.create_task(made.run.go())
    await made.helm_started()
    made.cluster.put(CLASS, broken, refusal(broken))
    await made.until(lambda view: view.fixes)
    ((finding, of),) = made.view.fixes
    return made, task, {"finding": finding, "object": of, "fix": "storage-class", "answers": {"class": "standard"}}


def said(made: Bench) -> Mapping[str, Any]:
    """What the record says of how the fix went."""
    (one,) = [event.data for event in made.record.events if event.type == "fix.applied"]
    return one


async def ended(made: Bench, task: asyncio.Task[int]) -> None:
    made.helm.end(1, "Error: no")
    made.run.after_failure = 0.1
    await asyncio.wait_for(task, 10)


async def test_a_claim_is_made_anew_after_what_it_was_is_kept() -> None:
    made, task, asked = await blocked()

    assert made.run.fix(asked)["ok"]

    await made.until(lambda view: view.fixed)
    assert said(made)["ok"], said(made)["text"]
    assert made.record.kept["before-data-db-0"]["object"]["spec"]["storageClassName"] == "gone"
    (now,) = made.cluster.stored["PersistentVolumeClaim"].values()
    assert now["spec"]["storageClassName"] == "standard"
    await ended(made, task)


async def test_a_claim_that_cannot_be_kept_on_the_disk_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    made, task, asked = await blocked()
    monkeypatch.setattr(made.record, "keep", lambda *_: "")

    made.run.fix(asked)

    await made.until(lambda view: view.fixed)
    assert not said(made)["ok"]
    assert "could not be kept on the disk: it is not deleted" in said(made)["text"]
    (now,) = made.cluster.stored["PersistentVolumeClaim"].values()
    assert now["spec"]["storageClassName"] == "gone"
    await ended(made, task)


async def test_a_fix_that_fails_by_a_fault_of_ours_is_said_to_have_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise KeyError("spec")

    made, task, asked = await blocked()
    monkeypatch.setattr(made.cluster, "delete", broken)

    made.run.fix(asked)

    await made.until(lambda view: view.fixed)
    assert not said(made)["ok"]
    assert "the wizard itself failed: KeyError" in said(made)["text"]
    await ended(made, task)
