"""How a healthy world is broken, in the shapes that the API server, kubelet and controllers give it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.diagnosis import worlds
from tests.diagnosis.worlds import World
from wizard.core.kube.objects import ObjectEvent
from wizard.core.rules.snapshot import HelmError, Revision

APP, DB, CACHE = "app", "postgresql", "redis"
REGISTRY = "failed to pull and unpack image"
Break = Callable[["Bed"], None]


class Bed:
    """A healthy world half an hour later, and the verbs that break it."""

    def __init__(self) -> None:
        self.world: World = worlds.load("healthy")
        self.world.now += timedelta(minutes=30)
        self.settle()

    def settle(self) -> None:
        """What the sandbox has nobody for: an ingress controller and the metrics API."""
        self.one("Ingress")["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
        scaler = self.one("HorizontalPodAutoscaler")["status"]
        for one in scaler["conditions"]:
            one.update(status="True", reason="ValidMetricFound", message="the HPA was able to successfully calculate")

    # Finding things

    def one(self, kind: str, name: str = "") -> dict[str, Any]:
        """The first object of a kind, or the named one."""
        every = (*self.world.objects, *self.world.around)
        return next(one for one in every if one["kind"] == kind and name in ("", one["metadata"]["name"]))

    def every(self, kind: str, component: str = "") -> list[dict[str, Any]]:
        """Objects of a kind, of one component."""
        return [one for one in self.world.objects if one["kind"] == kind and component in ("", _component(one))]

    def pods(self, component: str) -> list[dict[str, Any]]:
        """The pods of one component."""
        return self.every("Pod", component)

    def root(self, component: str) -> dict[str, Any]:
        """The workload of one component."""
        return next(one for one in self.world.objects
                    if one["kind"] in ("Deployment", "StatefulSet") and _component(one) == component)  # fmt: skip

    def ago(self, minutes: float) -> str:
        """A time so long before now."""
        return (self.world.now - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    # Breaking

    def event(
        self,
        about: dict[str, Any],
        reason: str,
        message: str,
        *,
        container: str = "",
        count: int = 5,
        minutes: float = 1,
    ) -> None:
        """A warning about an object, so many minutes ago."""
        meta = about["metadata"]
        self.world.events.append(
            ObjectEvent(
                meta["uid"],
                about["kind"],
                meta["name"],
                "Warning",
                reason,
                message,
                count,
                self.ago(minutes),
                container,
            )
        )

    def log(self, component: str, *lines: str) -> None:
        """What the containers of a component said last."""
        for pod in self.pods(component):
            name = pod["status"]["containerStatuses"][0]["name"]
            self.world.logs[pod["metadata"]["name"], name] = list(lines)

    def unready(self, component: str) -> None:
        """Its workload counts nobody ready."""
        root = self.root(component)
        wanted = int(root["spec"].get("replicas", 1))
        root["status"].update(readyReplicas=0, availableReplicas=0, unavailableReplicas=wanted)
        for one in root["status"].get("conditions") or ():
            if one["type"] == "Available":
                one.update(status="False", reason="MinimumReplicasUnavailable", lastTransitionTime=self.ago(20))
        for one in self.every("ReplicaSet", component):
            one["status"].update(readyReplicas=0, availableReplicas=0)
        for pod in self.pods(component):
            for one in pod["status"]["conditions"]:
                if one["type"] in ("Ready", "ContainersReady"):
                    one.update(status="False", reason="ContainersNotReady", lastTransitionTime=self.ago(20))

    def container(self, component: str, state: dict[str, Any], *, last: dict[str, Any] | None = None, restarts: int = 0,
                  started: bool = False) -> None:  # fmt: skip
        """The state of its containers."""
        self.unready(component)
        for pod in self.pods(component):
            one = pod["status"]["containerStatuses"][0]
            one.update(state=state, ready=False, restartCount=restarts, started=started)
            one.pop("lastState", None)
            if last:
                one["lastState"] = {"terminated": last}
            if "running" not in state and restarts == 0:
                one.pop("containerID", None)
                pod["status"]["phase"] = "Pending"

    def waits(self, component: str, reason: str, message: str) -> None:
        """Its containers do not start."""
        self.container(component, {"waiting": {"reason": reason, "message": message}})

    def crashes(self, component: str, code: int, *log: str, reason: str = "Error", message: str = "") -> None:
        """Its containers end again and again."""
        last = {
            "exitCode": code, "reason": reason, "startedAt": self.ago(3), "finishedAt": self.ago(2.9),
            "containerID": "containerd://4f1f",
        }  # fmt: skip
        last |= {"message": message} if message else {}
        wait = "back-off 5m0s restarting failed container=x pod=y_shop(z)"
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": wait}}
        self.container(component, state, last=last, restarts=7)
        self.log(component, *log)

    def runs_unready(self, component: str, said: str = "HTTP probe failed with statuscode: 503", *log: str) -> None:
        """Its containers run, and the readiness probe fails."""
        self.container(component, {"running": {"startedAt": self.ago(20)}}, started=True)
        for pod in self.pods(component):
            name = pod["status"]["containerStatuses"][0]["name"]
            self.event(pod, "Unhealthy", f"Readiness probe failed: {said}", container=name, count=120)
        self.log(component, *log)

    def app_misses(self, host: str) -> None:
        """What the application shows while a store is away."""
        words = f"connection to {host} failed: Connection refused (os error 111)"
        self.runs_unready(
            APP, "HTTP probe failed with statuscode: 503", _json("ERROR", words), _json("WARN", "retrying in 5 s")
        )

    def unscheduled(self, component: str, message: str) -> None:
        """The scheduler finds no node for its pods."""
        self.unready(component)
        for pod in self.pods(component):
            pod["spec"].pop("nodeName", None)
            refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
            pod["status"] = {"phase": "Pending", "conditions": [{**refused, "lastTransitionTime": self.ago(20)}]}
            self.event(pod, "FailedScheduling", message)

    def evicted(self, minutes: float, message: str) -> None:
        """A pod of the application that the kubelet evicted is left over; its replacement runs."""
        pod = self.pods(APP)[0]
        left = {"kind": "Pod", "apiVersion": "v1", "spec": copy.deepcopy(pod["spec"]),
                "metadata": {**copy.deepcopy(pod["metadata"]), "name": f"{pod['metadata']['name']}-gone", "uid": "uid-gone",
                             "creationTimestamp": self.ago(minutes + 900)},
                "status": {"phase": "Failed", "reason": "Evicted", "message": message, "startTime": self.ago(minutes + 900)}}  # fmt: skip
        told = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": message}
        left["status"]["conditions"] = [{**told, "lastTransitionTime": self.ago(minutes)}]
        self.world.objects.append(left)

    def not_made(self, component: str, message: str) -> None:
        """The API server refuses its pods."""
        self.unready(component)
        gone = {one["metadata"]["uid"] for one in self.pods(component)}
        self.world.objects = [one for one in self.world.objects if one["metadata"]["uid"] not in gone]
        failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
        for one in self.every("ReplicaSet", component):
            one["status"] = {"observedGeneration": one["metadata"].get("generation", 1), "replicas": 0,
                             "conditions": [{**failure, "lastTransitionTime": self.ago(20)}]}  # fmt: skip
            self.event(one, "FailedCreate", f"Error creating: {message}")

    def rollout(self, component: str = APP, *, stalled: bool = True) -> dict[str, Any]:
        """A new version beside the old pods, which go on; returns its one pod, to be broken."""
        root, (old_set, *_) = self.root(component), self.every("ReplicaSet", component)
        new_set, pod = copy.deepcopy(old_set), copy.deepcopy(self.pods(component)[0])
        new_set["metadata"].update(
            name=f"{root['metadata']['name']}-new", uid="uid-new-set", creationTimestamp=self.ago(22)
        )
        new_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
        new_set["spec"]["replicas"], new_set["status"]["readyReplicas"] = 1, 0
        pod["metadata"].update(
            name=f"{root['metadata']['name']}-new-0", uid="uid-new-pod", creationTimestamp=self.ago(22)
        )
        pod["metadata"]["ownerReferences"][0].update(name=new_set["metadata"]["name"], uid="uid-new-set")
        for one in pod["status"]["conditions"]:
            if one["type"] in ("Ready", "ContainersReady"):
                one["status"] = "False"
        self.world.objects += [new_set, pod]
        root["status"].update(updatedReplicas=1, unavailableReplicas=1)
        if stalled:
            for one in root["status"]["conditions"]:
                if one["type"] == "Progressing":
                    one.update(status="False", reason="ProgressDeadlineExceeded", lastTransitionTime=self.ago(12),
                               message='ReplicaSet "llm-cost-ops-new" has timed out progressing.')  # fmt: skip
        return pod

    def claim(self, component: str, phase: str, **spec: Any) -> dict[str, Any]:
        """The claim of a store in another phase."""
        found = next(one for one in self.every("PersistentVolumeClaim") if component in one["metadata"]["name"])
        found["status"] = {"phase": phase}
        found["spec"].update(spec)
        return found

    def record(self, *states: str, age: float = 40, description: str = "", unread: tuple[str, ...] = ()) -> None:
        """Helm's history, oldest first; the last was so many minutes ago."""
        last = len(states)
        self.world.revisions = [
            Revision(number, state, self.ago(age + (last - number) * 60), description if number == last else "",
                     unread if number == last else ())
            for number, state in enumerate(states, 1)
        ]  # fmt: skip

    def helm_said(self, text: str) -> None:
        """Helm's words at the end of our last run."""
        self.world.said = [HelmError(text, "helm, run ab12", self.ago(2))]


def _component(one: dict[str, Any]) -> str:
    labels: dict[str, str] = one["metadata"].get("labels") or {}
    return labels.get("app.kubernetes.io/component", "")


def _json(level: str, message: str) -> str:
    return f'{{"timestamp":"2026-11-24T19:10:01.000000Z","level":"{level}","target":"llm_cost_ops::db","message":"{message}"}}'


def all_of(*steps: Break) -> Break:
    """One after the other."""

    def act(bed: Bed) -> None:
        for step in steps:
            step(bed)

    return act


def pull(words: str) -> Break:
    """The application's image cannot be pulled."""

    def act(bed: Bed) -> None:
        bed.waits(APP, "ImagePullBackOff", f'Back-off pulling image "x": ErrImagePull: {words}')

    return act
