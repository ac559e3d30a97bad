"""No verdict is false where it can hurt: healthy rollouts of any order, speed and age are on their way at every moment."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.e2e.old import alarms
from tests.engine.watch.playing import Player
from wizard.core.kube.api import WatchEvent
from wizard.core.target import Target

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
TARGET: Final = Target("here", "ns", "rel")
QUICK, MANY = 12, 5000
PHASES: Final = (Phase.explicit, Phase.generate)
"""A failing rollout is readable as it is; making it smaller takes minutes."""

Object = dict[str, Any]


@dataclass(frozen=True)
class Rollout:
    """A healthy upgrade. Ages in seconds before it, everything else in seconds of it."""

    ages: tuple[int, ...]
    replicas: int
    store: bool
    """Whether the database's only pod is replaced; the application may lose its readiness for that long."""
    app: bool
    recreate: bool
    broken: bool
    """Whether the application's revision before cannot be pulled; the upgrade mends it."""
    loses: bool
    known: bool
    """Whether the watch knows that helm replaces what is there."""
    seen: float
    """Until a controller has seen a change."""
    grace: int
    leaves: float
    """Until a pod that is told to end has ended, as a share of its time."""
    gap: float
    """Until a pod that went is made anew."""
    pulls: float
    ready: float
    """From running to ready, as a share of what the probes allow."""
    period: int
    failures: int
    startup: int


ROLLOUTS: Final = st.builds(
    Rollout,
    ages=st.tuples(*[st.integers(60, 10**8)] * 6),
    replicas=st.integers(1, 3),
    store=st.booleans(),
    app=st.booleans(),
    recreate=st.booleans(),
    broken=st.booleans(),
    loses=st.booleans(),
    known=st.booleans(),
    seen=st.floats(0, 3),
    grace=st.integers(0, 60),
    leaves=st.floats(0, 1),
    gap=st.floats(0, 25),
    pulls=st.floats(0, 600),
    ready=st.floats(0, 0.95),
    period=st.integers(1, 20),
    failures=st.integers(1, 10),
    startup=st.integers(0, 30),
)


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Play:
    """One rollout, object by object."""

    def __init__(self, how: Rollout) -> None:
        self.how, self.time, self.objects = how, NOW, dict[str, Object]()
        self.player = Player(TARGET, NOW, replaces=how.broken or how.known)
        old = [NOW - timedelta(seconds=age) for age in how.ages]
        self.add(
            "Service", "db", old[0], spec={"selector": {"app": "db"}, "ports": [{"port": 5432, "targetPort": "sql"}]}
        )
        self.add(
            "Service", "api", old[1], spec={"selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": "http"}]}
        )
        self.store = self.add("StatefulSet", "db", old[2], spec={"replicas": 1, "template": self.template("db", 1)})
        self.store["status"] = {
            "observedGeneration": 1, "readyReplicas": 1, "currentRevision": "db-1", "updateRevision": "db-1",
            "updatedReplicas": 1,
        }  # fmt: skip
        self.app = self.add(
            "Deployment", "api", old[3], spec={"replicas": how.replicas, "template": self.template("api", 1)}
        )
        self.old_set = self.add("ReplicaSet", "api-1", old[4], owner=self.app, spec=copy.deepcopy(self.app["spec"]))
        self.old_set["status"] = {"observedGeneration": 1, "readyReplicas": 0 if how.broken else how.replicas}
        self.pods = [self.pod(f"api-1-{n}", self.old_set, "api", 1, old[4]) for n in range(how.replicas)]
        for pod in self.pods:
            self.breaks(pod, old[4]) if how.broken else self.is_ready(pod, old[4], old[4])
        self.db = self.pod("db-0", self.store, "db", 1, old[5])
        self.is_ready(self.db, old[5], old[5])
        self.count()
        self.event(
            self.store, "FailedCreate", "create Pod db-0 failed: exceeded quota: team", old[5] - timedelta(seconds=5)
        )
        if how.broken:
            progress = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
            self.app["status"]["conditions"].append({**progress, "lastTransitionTime": stamp(old[4])})

    # Objects

    def template(self, app: str, version: int) -> Object:
        probes: Object = {"readinessProbe": {"periodSeconds": self.how.period, "failureThreshold": self.how.failures}}
        if self.how.startup:
            probes["startupProbe"] = {"periodSeconds": self.how.startup, "failureThreshold": 30}
        port = {"name": "sql" if app == "db" else "http", "containerPort": 1}
        container = {"name": app, "image": f"{app}:{version}", "ports": [port], **probes}
        return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}}

    def add(self, kind: str, name: str, made: datetime, *, owner: Object | None = None, **rest: Any) -> Object:
        meta: Object = {
            "name": name, "uid": f"{kind}-{name}-{stamp(made)}", "creationTimestamp": stamp(made), "generation": 1,
            "annotations": {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"},
        }  # fmt: skip
        if owner:
            known = {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
            meta["ownerReferences"] = [{**known, "controller": True}]
        made_object = {"kind": kind, "metadata": meta, **rest}
        self.objects[meta["uid"]] = made_object
        return made_object

    def pod(self, name: str, owner: Object, app: str, version: int, made: datetime) -> Object:
        made_pod = self.add("Pod", name, made, owner=owner, spec=self.template(app, version)["spec"])
        made_pod["metadata"]["labels"] = {"app": app, "controller-revision-hash": f"{app}-{version}"}
        made_pod["status"] = {"phase": "Pending", "conditions": []}
        return made_pod

    def event(self, about: Object, reason: str, message: str, when: datetime) -> None:
        meta = about["metadata"]
        involved = {"kind": about["kind"], "name": meta["name"], "uid": meta["uid"]}
        self.add("Event", f"{meta['name']}.{reason}", when, involvedObject=involved, type="Warning", reason=reason,
                 message=message, count=4, lastTimestamp=stamp(when))  # fmt: skip

    def is_ready(self, pod: Object, started: datetime, since: datetime) -> None:
        one = {"name": self.name(pod), "ready": True, "started": True, "restartCount": 0, "containerID": "c"}
        one["state"] = {"running": {"startedAt": stamp(started)}}
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": stamp(since)} for kind in ("PodScheduled", "Ready")
        ]
        pod["status"] = {"phase": "Running", "conditions": conditions, "containerStatuses": [one]}

    def breaks(self, pod: Object, since: datetime) -> None:
        self.waits(pod, since, "ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: x: not found')

    def waits(self, pod: Object, since: datetime, reason: str, message: str = "") -> None:
        one = {"name": self.name(pod), "ready": False, "started": False, "restartCount": 0}
        one["state"] = {"waiting": {"reason": reason, "message": message}}
        conditions = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "False"}]
        stamped = [{**each, "lastTransitionTime": stamp(since)} for each in conditions]
        pod["status"] = {"phase": "Pending", "conditions": stamped, "containerStatuses": [one]}

    def unready(self, pod: Object, *, started: bool) -> None:
        """It runs and is not ready from now on."""
        one = pod["status"]["containerStatuses"][0]
        one.update(ready=False, started=started)
        if "running" not in one["state"]:
            one["state"] = {"running": {"startedAt": stamp(self.time)}}
        pod["status"]["phase"] = "Running"
        for each in pod["status"]["conditions"]:
            if each["type"] == "Ready" and each["status"] == "True":
                each.update(status="False", lastTransitionTime=stamp(self.time))

    def name(self, pod: Object) -> str:
        return str(pod["spec"]["containers"][0]["name"])

    def count(self) -> None:
        """The application's counts, as its controller writes them."""
        mine = [pod for pod in self.objects.values() if pod["kind"] == "Pod" and self.name(pod) == "api"]
        ready = sum(self.ready(pod) for pod in mine)
        new = sum(pod["spec"] == self.app["spec"]["template"]["spec"] for pod in mine)
        self.app["status"] = {
            **self.app.get("status", {"conditions": []}), "observedGeneration": self.app["metadata"]["generation"],
            "replicas": len(mine), "updatedReplicas": new, "readyReplicas": ready, "availableReplicas": ready,
        }  # fmt: skip

    def ready(self, pod: Object) -> bool:
        return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"]["conditions"])

    # What happens

    async def after(self, seconds: float, *objects: Object) -> None:
        """Time passes, and the watch looks half-way too; then these objects changed."""
        for part in (0.5, 1.0):
            await self.player.look(self.time + timedelta(seconds=seconds * part))
        self.time += timedelta(seconds=seconds)
        for one in objects:
            new = one["metadata"]["uid"] not in self.known
            self.known.add(one["metadata"]["uid"])
            change = WatchEvent("ADDED" if new else "MODIFIED", (copy.deepcopy(one),))
            await self.player.send(self.time, one["kind"], change)

    async def goes(self, pod: Object) -> None:
        """It is told to end, and ends."""
        pod["metadata"].update(
            deletionTimestamp=stamp(self.time + timedelta(seconds=self.how.grace)),
            deletionGracePeriodSeconds=self.how.grace,
        )
        await self.after(0, pod)
        await self.after(self.how.grace * self.how.leaves)
        del self.objects[pod["metadata"]["uid"]]
        await self.player.send(self.time, "Pod", WatchEvent("DELETED", (pod,)))

    async def comes(self, pod: Object) -> None:
        """It is pulled, starts and becomes ready within what its probes allow."""
        self.waits(pod, self.time, "ContainerCreating")
        await self.after(0.1, pod)
        await self.after(self.how.pulls)
        self.unready(pod, started=not self.how.startup)
        await self.after(0, pod)
        budget = 30 * self.how.startup if self.how.startup else max(20, self.how.period * self.how.failures)
        await self.after(budget * self.how.ready)
        self.is_ready(pod, self.time - timedelta(seconds=budget * self.how.ready), self.time)
        await self.after(0, pod)

    async def upgrade(self) -> None:
        async with self.player:
            self.known = set(self.objects)
            await self.player.list(*copy.deepcopy(list(self.objects.values())))
            changed = []
            if self.how.store:
                self.store["spec"]["template"] = self.template("db", 2)
                self.store["metadata"]["generation"] += 1
                changed.append(self.store)
            if self.how.app or self.how.broken:
                self.app["spec"] = {**self.app["spec"], "template": self.template("api", 2)}
                self.app["metadata"]["generation"] += 1
                changed.append(self.app)
            await self.after(1, *changed)
            if self.how.store:
                await self.replace_the_store()
            if self.how.app or self.how.broken:
                await self.replace_the_app()
            await self.after(1)

    async def replace_the_store(self) -> None:
        self.store["status"].update(observedGeneration=2, updateRevision="db-2", updatedReplicas=0)
        await self.after(self.how.seen, self.store)
        await self.goes(self.db)
        self.store["status"].update(readyReplicas=0)
        await self.after(0, self.store)
        losers = [pod for pod in self.pods if self.how.loses and self.ready(pod)]
        for pod in losers:
            self.unready(pod, started=True)
        self.count()
        await self.after(0, *losers, self.app)
        await self.after(self.how.gap)
        new = self.pod("db-0", self.store, "db", 2, self.time)
        await self.comes(new)
        self.store["status"].update(readyReplicas=1, updatedReplicas=1, currentRevision="db-2")
        await self.after(0, self.store)
        await self.after(max(20, self.how.period * self.how.failures) * self.how.ready)
        for pod in losers:
            self.is_ready(pod, NOW - timedelta(days=1), self.time)
        self.count()
        await self.after(0, *losers, self.app)

    async def replace_the_app(self) -> None:
        await self.after(self.how.seen)
        made = self.add("ReplicaSet", "api-2", self.time, owner=self.app, spec=copy.deepcopy(self.app["spec"]))
        made["status"] = {"observedGeneration": 1, "readyReplicas": 0}
        await self.after(0, made)
        self.count()  # its controller tells of the change, and the old condition stands until there is progress
        await self.after(0, self.app)
        if self.how.recreate:
            for pod in self.pods:
                await self.goes(pod)
            await self.after(self.how.gap)
        for number in range(self.how.replicas):
            pod = self.pod(f"api-2-{number}", made, "api", 2, self.time)
            self.app["status"]["conditions"] = []
            self.count()
            await self.after(0, pod, self.app)
            await self.comes(pod)
            self.count()
            await self.after(0, self.app)
            if not self.how.recreate:
                await self.goes(self.pods[number])
                self.count()
                await self.after(0, self.app)


def check(how: Rollout) -> None:
    play = Play(how)
    asyncio.run(play.upgrade())
    said = (one for one in play.player.events if not (how.broken and one.type == "finding"))
    assert alarms(said) == []  # what is found in the version before is told; it decides nothing
    assert [one for one in play.player.urgent if one.terminal or one.heals == "no"] == []
    play.player.watch.hold = ""
    play.player.watch.flush()
    assert play.player.watch.verdict.state == "ready"


@settings(max_examples=QUICK, derandomize=True, deadline=None, phases=PHASES)
@given(ROLLOUTS)
def test_a_healthy_rollout_is_never_stuck_and_never_called_hopeless(how: Rollout) -> None:
    check(how)


@pytest.mark.full
@settings(max_examples=MANY, deadline=None, phases=PHASES)
@given(ROLLOUTS)
def test_thousands_of_healthy_rollouts_are_never_stuck(how: Rollout) -> None:
    check(how)
