"""Varies a world, broken or healthy, and leaves what is wrong with it as it is.

Other are names, labels, images, ports, times, order, sidecars, formats of logs, and the noise of programs, of the past and of
other releases.
`vary(bed, seed)` changes the bed and returns how an object ("Kind/name") is called now. One seed is one variation, for ever.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

from tests.diagnosis import noise
from tests.diagnosis.breaking import Bed
from tests.diagnosis.worlds import World
from wizard.core import limits
from wizard.core.kube.objects import ObjectEvent
from wizard.core.rules.snapshot import HelmError, Revision
from wizard.core.text import sanitize
from wizard.core.text.time import rfc3339

Rename = Callable[[str], str]
Node = dict[str, Any]


def vary(bed: Bed, seed: str) -> Rename:
    """Another world in which the same is wrong."""
    rng = Random(seed)
    names = _Names(rng)
    bed.world = _rebuilt(bed.world, names)
    bed.world.release = names.release
    for change in (_reorder, _inject, _add_variables, _log, _events, _past, _neighbours):
        change(bed, rng)
    return names.object


# Names

_NAMES: Final = (
    # release, fullname, database, cache
    ("billing-prod", "billing-prod-ledger", "billing-prod-ledger-db", "billing-prod-ledger-kv"),
    ("web", "web", "postgres", "redis"),
    ("api", "api", "db", "cache"),
    ("redis-commander", "redis-commander", "redis-commander-postgresql", "redis-commander-redis-master"),
    ("errors", "errors-error-tracker", "errors-pg-primary", "errors-valkey"),
    ("cert-portal", "cert-portal", "tls-store", "session-store"),
    ("n8n", "n8n-main", "n8n-database", "n8n-queue"),
    ("orders-eu-1", "orders-eu-1-orders-service-with-a-very-long-name-v2", "orders-eu-1-sql", "orders-eu-1-memory"),
)  # fmt: skip
_LABELS: Final[tuple[dict[str, str], ...]] = (
    {},
    {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "release", "app.kubernetes.io/component": "component"},
    {"app.kubernetes.io/name": "k8s-app", "app.kubernetes.io/component": "tier", "app.kubernetes.io/part-of": "team"},
)  # fmt: skip
_VARIABLES: Final[tuple[dict[str, str], ...]] = (
    {},
    {"DATABASE_URL": "DB_DSN", "DATABASE_URL_PASSWORD": "DB_DSN_PASSWORD", "REDIS_URL": "CACHE_ADDRESS", "JWT_SECRET": "SIGNING_KEY"},
    {"DATABASE_URL": "SPRING_DATASOURCE_URL", "REDIS_URL": "QUEUE_URL", "REDIS_URL_PASSWORD": "QUEUE_AUTH", "REDIS_PASSWORD": "QUEUE_PASS"},
)  # fmt: skip
_NODES: Final = ("ip-10-0-{}-17.eu-central-1.compute.internal", "gke-prod-pool-1a2b3c4d-{}x9z", "worker{}.acme.test")
_REGISTRIES: Final = ("docker.io/", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/", "registry.test:5000/mirror/")
_TAGS: Final = (":v1.0.1", ":2026.11.401", ":main-3f9c1d2", "@sha256:" + "4b1d0c4f" * 8)
_HASHES: Final = ("6bcdf8b9bf", "5b94f9cf9", "597dcbd4c6", "9x8jx", "bfjnd", "c9frq", "zrswm", "t6ns4")
_WORD: Final = "bcdfghjklmnpqrstvwxz2456789"


class _Names:
    """New names and times, the same wherever they stand: in one pass, so that no new name is renamed again."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.later = timedelta(seconds=rng.randrange(-(10**7), 10**7))
        self.release, full, store, cache = rng.choice(_NAMES)
        self.keys = rng.choice(_LABELS)
        container, volume = rng.choice(("app", "server", "web", "api")), rng.choice(("data", "pgdata", "storage"))
        node, port, metrics = rng.choice(_NODES), rng.choice((8080, 3000, 8000)), rng.choice((9090, 9464))
        self.numbers = {8080: port, 9090: metrics}
        self._known: dict[str, str] = {
            **self.keys,
            "app": container,
            "data": volume,
            "postgresql": rng.choice(("main", "db")),
        }
        parts = {
            "llm-cost-ops-postgresql": store, "llm-cost-ops-postgres": store[:-1], "llm-cost-ops-redis": cache,
            "llm-cost-ops-postgresql-hl": f"{store}-headless", "llm-cost-ops-redis-hl": f"{cache}-headless",
            "llm-cost-ops-postgresql-credentials": rng.choice((f"{store}-auth", f"{full}-secrets")),
            "llm-cost-ops-new-0": f"{full}-{self._random(9)}-{self._random(5)}", "llm-cost-ops-new": f"{full}-{self._random(9)}",
            "data-llm-cost-ops-postgresql-0": f"{volume}-{store}-0", "data-llm-cost-ops-redis-0": f"{volume}-{cache}-0",
            "llm-cost-ops": full, "llm_cost_ops": full.replace("-", "_"), 'Upgrade "llm-cost-ops"': f'Upgrade "{self.release}"',
            "docker.io/": rng.choice(_REGISTRIES), "ghcr.io/acme/": rng.choice(_REGISTRIES),
            "ontainer app ": f"ontainer {container} ", 'container "app"': f'container "{container}"', "=[data]": f"=[{volume}]",
        }  # fmt: skip
        words = {
            "shop": rng.choice(("shop", "payments", "team-a-prod", "default")), "8080": str(port), "9090": str(metrics),
            "fast-ssd": rng.choice(("fast-ssd", "gp3-csi")), ":v1.0.0": rng.choice(_TAGS), ":v9": rng.choice(_TAGS),
            "/health": rng.choice(("/health", "/healthz", "/actuator/health/readiness", "/lookup/ready")),
            **{word: self._random(len(word)) for word in _HASHES}, **{f"node-{number}": node.format(number) for number in (1, 2, 3)}, **rng.choice(_VARIABLES),
        }  # fmt: skip
        self._parts: dict[str, str] = parts | words
        alternatives = [
            *(re.escape(part) for part in sorted(parts, key=len, reverse=True)),
            *(
                rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])"
                if word[0].isalnum()
                else rf"{re.escape(word)}(?![A-Za-z0-9/])"
                for word in sorted(words, key=len, reverse=True)
            ),
            r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z",
        ]
        self._pattern = re.compile("|".join(alternatives))

    def text(self, text: str) -> str:
        """The text with its names and times of now."""
        if text not in self._known:
            self._known[text] = self._pattern.sub(self._now, text)
        return self._known[text]

    def object(self, name: str) -> str:
        """What the object "Kind/name" is called now."""
        kind = name.partition("/")[0]
        return f"{kind}/{self.release}" if kind in ("Release", "Values") else self.text(name)

    def _random(self, length: int) -> str:
        return "".join(self._rng.choices(_WORD, k=length))

    def _now(self, match: re.Match[str]) -> str:
        old = match[0]
        if old in self._parts:
            return self._parts[old]
        if "T" in old:
            return rfc3339(datetime.fromisoformat(old) + self.later, "microseconds" if "." in old else "seconds")
        self._parts[old] = str(UUID(int=self._rng.getrandbits(128)))
        return self._parts[old]


_OF_RELEASE: Final = ("app.kubernetes.io/instance", "meta.helm.sh/release-name")


def _rebuilt(world: World, names: _Names) -> World:
    """The world with other names and times, no part of it shared with the old one."""

    def part(value: Any) -> Any:
        kind = type(value)
        if kind is str:
            return names.text(value)
        if kind is dict:
            return {
                names.keys.get(key, key) if type(key) is str else part(key): names.release if key in _OF_RELEASE else part(item)
                for key, item in value.items()
            }  # fmt: skip
        if kind in (list, tuple):
            return kind(map(part, value))
        if kind in (ObjectEvent, Revision, HelmError):
            return kind(**part(vars(value)))
        if kind is datetime:
            return value + names.later
        return names.numbers.get(value, value) if kind is int else value

    return World(**{key: part(value) for key, value in vars(world).items()})


# Order and pods


def _reorder(bed: Bed, rng: Random) -> None:
    """What has no order to Kubernetes; the order of variables has a meaning."""
    world = bed.world
    rng.shuffle(world.objects)
    rng.shuffle(world.around)
    for one in world.objects:
        rng.shuffle(one.get("status", {}).get("conditions") or [])
        if one["kind"] == "Pod":
            rng.shuffle(one["spec"].get("volumes") or [])


_SIDECARS: Final = ("", "", "istio-proxy", "linkerd-proxy", "vault-agent", "cloud-sql-proxy")
_NOT_MADE: Final = ("ContainerCreating", "PodInitializing")


def _replicas(world: World) -> Iterator[Node]:
    """Pods of Deployments and StatefulSets that have not ended."""
    for one in world.objects:
        owners = [owner["kind"] for owner in one["metadata"].get("ownerReferences") or ()]
        if one["kind"] == "Pod" and owners != ["Job"] and one["status"].get("phase") not in ("Failed", "Succeeded"):
            yield one


def _inject(bed: Bed, rng: Random) -> None:
    """A healthy sidecar in every pod, before or behind the container, or as an init container that goes on."""
    world = bed.world
    name, place = rng.choice(_SIDECARS), rng.choice(("first", "last", "native"))
    for pod in _replicas(world) if name else ():
        if any(one["name"] == name for key in ("initContainers", "containers") for one in pod["spec"].get(key) or ()):
            continue
        state: Node = pod["status"]
        spec: Node = {"name": name, "image": f"ghcr.io/mesh/{name}:1.29", "ports": [{"containerPort": 15090}]}
        key = "initContainers" if place == "native" else "containers"
        at = 0 if place == "first" else len(pod["spec"].get(key) or ())
        if place == "native":
            spec["restartPolicy"] = "Always"
        pod["spec"].setdefault(key, []).insert(at, spec)
        main = (state.get("containerStatuses") or [None])[0]
        if main is None:
            continue
        reason = (main["state"].get("waiting") or {}).get("reason")
        made = reason not in _NOT_MADE
        running = {"running": {"startedAt": state.get("startTime") or pod["metadata"]["creationTimestamp"]}}
        one = {
            "name": name, "image": spec["image"], "ready": made, "started": made, "restartCount": 0, "lastState": {},
            "state": running if made else {"waiting": {"reason": reason}},
        }  # fmt: skip
        if made:
            one["containerID"] = "containerd://51de"
            world.logs[pod["metadata"]["name"], name] = [
                "2026-11-24T19:10:01.221304Z\twarning\tenvoy config\tStreamAggregatedResources gRPC config stream closed: 14, no healthy upstream",
                "2026-11-24T19:10:01.221304Z\terror\tads\tdial tcp 10.96.0.12:15012: connect: connection refused",
            ]
        state.setdefault("initContainerStatuses" if place == "native" else "containerStatuses", []).insert(at, one)


_VALUES: Final = (
    {"name": "TZ", "value": "Europe/Berlin"},
    {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://otel-collector.observability:4317"},
    {"name": "STATSD_HOST", "value": "statsd"},
    {"name": "RATES_API_URL", "value": "https://rates.example.com/v1"},
    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
)  # fmt: skip


def _add_variables(bed: Bed, rng: Random) -> None:
    """Variables of other things, first or last, in pods and templates alike."""
    world = bed.world
    first, last = rng.sample(_VALUES, 2)
    for one in world.objects:
        spec = one.get("spec", {})
        for container in (spec.get("template", {}).get("spec", spec)).get("containers") or ():
            if container.get("env"):
                container["env"] = [copy.deepcopy(first), *container["env"], copy.deepcopy(last)]


# Logs

_EXITS: Final = (1, 2, 3)
"""Codes with which a program ends itself."""


def _log(bed: Bed, rng: Random) -> None:
    """Every container that ran wrote more than what matters, in the format of its logger."""
    world = bed.world
    style = noise.FORMATS[rng.choice(sorted(noise.FORMATS))]
    for pod in _replicas(world):
        for one in pod["status"].get("containerStatuses") or ():
            key = pod["metadata"]["name"], one["name"]
            if not (one.get("containerID") or one.get("lastState")) or one["name"] in _SIDECARS:
                continue
            before, said, after = _noise(one, style, rng, 9), world.logs.get(key) or [], _noise(one, style, rng, 4)
            code = ((one.get("lastState") or {}).get("terminated") or {}).get("exitCode")
            last = rng.choice(noise.LAST) if code in _EXITS and rng.random() < 0.3 else ()
            lines = [*before, *(_restyled(line, style) for line in said), *after, *last]
            world.logs[key] = [sanitize.line(line) for line in lines[-limits.LOG_LINES :]]


def _noise(container: Node, style: noise.Format, rng: Random, most: int) -> list[str]:
    """Lines of a few messages, no message twice; a store writes those of its program."""
    program = next((program for program in noise.STORES if f"/{program}:" in container["image"]), "")
    blocks = noise.STORES.get(program) or (*noise.RAW, *((style(*one),) for one in noise.LEVELED))
    return [line for block in rng.sample(blocks, min(rng.randrange(most + 1), len(blocks))) for line in block]


def _restyled(line: str, style: noise.Format) -> str:
    """A line that a logger wrote, as another one writes it; any other line stays."""
    try:
        said = json.loads(line)
    except ValueError:
        return line
    known = isinstance(said, dict) and said.get("level") in noise.LEVELS and "message" in said
    return style(said["level"], said["message"]) if known else line


# Events, the past and the neighbours


def _events(bed: Bed, rng: Random) -> None:
    """A warning may have been counted twice, an older event and a newer one; and objects take turns."""
    world = bed.world
    for event in list(world.events):
        if event.type == "Warning" and event.count >= 4 and rng.random() < 0.4:
            older = datetime.fromisoformat(event.time) - timedelta(minutes=rng.randrange(1, 9))
            world.events.append(replace(event, count=event.count // 2, time=rfc3339(older, "seconds")))
    turn = {uid: rng.random() for uid in sorted({one.uid for one in world.events})}
    world.events.sort(key=lambda one: turn[one.uid])  # those about one object stay in their order, as the API has them


_START: Final = (
    ("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found.", False),
    ("FailedMount", 'MountVolume.SetUp failed for volume "config" : failed to sync configmap cache: timed out waiting for the condition', True),
    ("FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded", True),
    ("Unhealthy", 'Startup probe failed: Get "http://10.244.0.9:8080/health": dial tcp 10.244.0.9:8080: connect: connection refused', True),
)  # fmt: skip
"""What was amiss for a moment when a pod began, and whether its container has run since."""


def _past(bed: Bed, rng: Random) -> None:
    """Warnings of the first seconds, a ReplicaSet of before, a Job that is done."""
    world = bed.world
    for pod in _replicas(world):
        statuses = pod["status"].get("containerStatuses") or ()
        ran = bool(statuses) and all("containerID" in one for one in statuses)
        begun = datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) + timedelta(seconds=1)
        bound = pod["spec"].get("nodeName") and begun < world.now - timedelta(minutes=5)
        for reason, words, needed in _START:
            if bound and (ran or not needed) and rng.random() < 0.3:
                meta, time = pod["metadata"], rfc3339(begun)
                world.events.append(ObjectEvent(meta["uid"], "Pod", meta["name"], "Warning", reason, words, 1, time))
    for one in [one for one in world.objects if one["kind"] == "ReplicaSet" and rng.random() < 0.5]:
        old = copy.deepcopy(one)
        old["metadata"].update(name=f"{one['metadata']['name']}-old", uid=f"{one['metadata']['uid']}-old")
        old["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "0"
        old["spec"]["replicas"] = 0
        old["status"] = {"replicas": 0, "observedGeneration": old["metadata"].get("generation", 1)}
        world.objects.append(old)
    if rng.random() < 0.5:
        done = {"type": "Complete", "status": "True", "lastTransitionTime": bed.ago(200)}
        meta = {"name": "seed", "uid": "uid-seed", "creationTimestamp": bed.ago(201), "namespace": world.namespace}
        state = {"conditions": [done], "succeeded": 1}
        world.objects.append({"kind": "Job", "apiVersion": "batch/v1", "metadata": meta, "spec": {}, "status": state})


def _neighbours(bed: Bed, rng: Random) -> None:
    """Another release in the namespace: its Services, its Ingress of another host, warnings about its pods."""
    world = bed.world
    meta = {"namespace": world.namespace, "creationTimestamp": bed.ago(9000), "labels": {"app": "other"}}
    for name in rng.sample(("statsd", "other-gateway", "mailer", "search"), 2):
        mine = {**meta, "name": name, "uid": f"uid-{name}"}
        spec: Node = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 80}], "type": "ClusterIP"}
        world.around.append({"kind": "Service", "metadata": mine, "spec": spec, "status": {}})
        words = rng.choice(("Back-off restarting failed container", "Readiness probe failed: connection refused"))
        event = ObjectEvent(f"uid-{name}-0", "Pod", f"{name}-0", "Warning", "BackOff", words, 90, bed.ago(1))
        world.events.append(event)
    backend = {"service": {"name": "other-gateway", "port": {"number": 80}}}
    rule = {"host": "other.acme.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    mine = {**meta, "name": "other", "uid": "uid-other"}
    world.around.append({"kind": "Ingress", "metadata": mine, "spec": {"rules": [rule]}, "status": {}})
