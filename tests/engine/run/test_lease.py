"""The Lease of a run: taken before helm, gone at the end, and never a reason to stop but for another machine."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.engine.objects import TARGET, Clock, deployment
from tests.engine.run.test_run import Bench, spec
from wizard.core.kube import lease
from wizard.core.kube.errors import ClusterError

ME, OTHER = "me@here:1/7f3a", "eve@laptop:2/aaaa"


def bench(holder: str = "") -> Bench:
    made = Bench(replace(spec("upgrade"), holder=ME))
    if holder:
        held = lease.manifest(TARGET, holder, Clock().now())
        made.cluster.put({**held, "metadata": {**held["metadata"], "uid": "uid-lease"}})
    return made


def there(made: Bench) -> list[str]:
    return [one["spec"]["holderIdentity"] for one in made.cluster.stored["Lease"].values()]


async def to_the_end(made: Bench) -> int:
    task = asyncio.create_task(made.run.go())
    await made.helm_started()
    assert there(made) == [ME]
    made.cluster.put(deployment(1))
    made.helm.end(0)
    return await asyncio.wait_for(task, 5)


async def test_a_run_holds_the_lease_while_helm_works_and_removes_it_at_the_end() -> None:
    made = bench()
    assert await to_the_end(made) == 0
    assert there(made) == []


async def test_another_machine_at_work_stops_the_run_before_helm() -> None:
    made = bench(OTHER)
    assert await asyncio.wait_for(made.run.go(), 5) == 2
    assert "A wizard of eve@laptop (run aaaa) is at work on" in made.view.reason
    assert not made.helm.started.is_set()
    assert there(made) == [OTHER], "it is not ours to remove"


@pytest.mark.parametrize("holder", ["me@here:1/old", ""])
async def test_a_lease_that_ran_out_or_is_of_this_machine_is_taken_over(holder: str) -> None:
    made = bench(holder or OTHER)
    if not holder:
        (old,) = made.cluster.stored["Lease"].values()
        long_ago = Clock().now() - timedelta(seconds=lease.SECONDS + 1)
        made.cluster.put({**lease.manifest(TARGET, OTHER, long_ago), "metadata": old["metadata"]})
    assert await to_the_end(made) == 0


async def test_who_accepted_the_check_goes_on() -> None:
    made = bench(OTHER)
    said = {
        "id": "N09",
        "title": "t",
        "state": "warn",
        "evidence": [],
        "next_step": "",
        "blocking": False,
        "question": "",
    }
    made.run.spec = replace(made.run.spec, accepted=(said,))
    assert await to_the_end(made) == 0


async def test_without_rights_it_is_said_once_and_the_run_goes_on() -> None:
    made = bench()
    made.cluster.refuse["create Lease"] = ClusterError("forbidden", "me may not create leases", 403, "create leases")
    task = asyncio.create_task(made.run.go())
    await made.helm_started()
    made.cluster.put(deployment(1))
    made.helm.end(0)
    assert await asyncio.wait_for(task, 5) == 0
    assert [one.permission for one in made.view.blind if "other machines" in one.what] == ["create leases"]
