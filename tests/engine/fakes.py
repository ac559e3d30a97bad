"""A cluster and a helm in memory, at the port, for fast tests of collectors."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wizard.core.errors import Problem
from wizard.core.helm.binary import HelmInfo
from wizard.core.kube.api import LogLine, Resource, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text.secrets import Secret


class DayTwo:
    """What plans and repairs ask of a cluster besides; a test that needs an answer sets it."""

    refuse: dict[str, ClusterError]
    bodies: tuple[Object, ...] = ()
    """Helm's records as the API serves them."""

    forwarded: int | ClusterError = ClusterError("other", "there is no kubelet")
    """What a pod answers by a port-forward."""

    async def ask_pod(self, namespace: str, pod: str, port: int, path: str, seconds: float) -> int:
        if isinstance(self.forwarded, ClusterError):
            raise self.forwarded
        return self.forwarded

    async def try_apply(self, manifest: Object, namespace: str = "", *, manager: str, force: bool = False) -> Object:
        return manifest

    async def try_patch(self, manifest: Object, patch: Object, namespace: str = "", *, manager: str) -> Object:
        return manifest

    async def records(
        self, kind: str, namespace: str, release: str, revision: int = 0, *, status: str = ""
    ) -> tuple[Object, ...]:
        if refused := self.refuse.get(f"list {kind}"):
            raise refused
        labels = [one["metadata"]["labels"] for one in self.bodies]
        return tuple(
            one
            for one, said in zip(self.bodies, labels, strict=True)
            if said["name"] == release and revision in (0, int(said["version"])) and status in ("", said["status"])
        )

    async def replace(self, manifest: Object, namespace: str = "") -> Object:
        raise AssertionError("nothing is to be replaced")

    async def patch(self, manifest: Object, patch: Object, namespace: str = "") -> Object:
        raise AssertionError("nothing is to be patched")

    async def delete(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, uid: str = "", version: str = ""
    ) -> None:
        raise AssertionError("nothing is to be deleted")


@dataclass
class FakeCluster(DayTwo):
    """Objects by (kind, namespace, name); `refuse` maps a call ("get Namespace", "create") to its error."""

    objects: dict[tuple[str, str, str], Object] = field(default_factory=dict)
    refuse: dict[str, ClusterError] = field(default_factory=dict)
    denied: set[tuple[str, str]] = field(default_factory=set)
    slow: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, namespace: str = "", **rest: Any) -> None:
        metadata = {"name": name, "namespace": namespace, **rest.pop("metadata", {})}
        self.objects[kind, namespace, name] = {"kind": kind, "metadata": metadata, **rest}

    async def _asked(self, verb: str, kind: str, name: str = "") -> None:
        self.calls.append(f"{verb} {kind} {name}".strip())
        if {f"{verb} {kind}", verb} & self.slow:
            await asyncio.sleep(60)
        for key in (f"{verb} {kind} {name}".strip(), f"{verb} {kind}", verb):
            if key in self.refuse:
                raise self.refuse[key]

    async def whoami(self) -> tuple[str, tuple[str, ...]]:
        await self._asked("whoami", "")
        return "jane", ("ops",)

    async def version(self, *, timed: bool = False) -> Mapping[str, str]:
        await self._asked("version", "")
        return {"gitVersion": "v1.36.3", "latency_ms": "7"}

    async def connect(self, count: int) -> None:
        return

    async def resources(self) -> tuple[Resource, ...]:
        return ()

    async def get(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, sealed: bool = False
    ) -> Object:
        await self._asked("get", kind, name)
        where = "" if kind in ("Namespace", "APIService") else namespace
        try:
            return self.objects[kind, where, name]
        except KeyError:
            raise ClusterError("not-found", f"{kind} {name} not found", 404) from None

    async def secret(self, name: str, namespace: str) -> Mapping[str, Secret]:
        data = (await self.get("Secret", name, namespace)).get("data") or {}
        return {key: Secret(b64decode(value).decode("utf-8", "surrogateescape")) for key, value in data.items()}

    async def list(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", metadata_only: bool = False,
        api_version: str = "", sealed: bool = False, kept: Callable[[Object], Object] | None = None,
    ) -> tuple[Object, ...]:  # fmt: skip
        await self._asked("list", kind, namespace)
        wanted = dict(pair.split("=", 1) for pair in labels.split(",") if pair)
        return tuple(
            kept(one) if kept else one
            for (of_kind, where, _), one in self.objects.items()
            if of_kind == kind
            and namespace in ("", where)
            and wanted.items() <= (one["metadata"].get("labels") or {}).items()
        )

    async def create(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        assert dry_run, "checks change nothing"
        kind, name = str(manifest["kind"]), str(manifest["metadata"].get("name", ""))
        await self._asked("create", kind, name)
        if (kind, namespace, name) in self.objects:  # the last that the API server looks at
            raise ClusterError("conflict", f"{kind} {name} already exists", 409)
        return manifest

    async def apply(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        assert dry_run, "checks change nothing"
        await self._asked("apply", manifest["kind"], manifest["metadata"].get("name", ""))
        return manifest

    async def may(self, verb: str, kind: str, namespace: str = "", *, subresource: str = "", name: str = "") -> bool:
        await self._asked("may", f"{verb} {kind}")
        return (verb, kind) not in self.denied

    async def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        for found in (await self.list(kind, namespace, labels=labels),):
            yield WatchEvent("LIST", found)

    async def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool = True, previous: bool = False,
        since_time: str = "", tail_lines: int | None = None,
    ) -> AsyncIterator[tuple[LogLine, ...]]:  # fmt: skip
        nothing: tuple[tuple[LogLine, ...], ...] = ()
        for lines in nothing:
            yield lines

    async def close(self) -> None:
        return


@dataclass
class FakeHelm:
    """Renders a given text, or fails with a problem."""

    rendered: str = ""
    rows: Sequence[dict[str, str]] = ()
    problem: Problem | None = None
    missing: Problem | None = None
    asked: list[str] = field(default_factory=list)
    other: tuple[str, ...] = ()
    """HELM_KUBE* variables that differ from the kubeconfig."""
    uid: str = ""
    """Of whatever is asked for."""
    brings: str = ""
    """The CRDs of the chart."""

    async def info(self) -> HelmInfo:
        if self.missing:
            raise self.missing
        return HelmInfo("/helm", "4.2.4", 4)

    async def template(
        self, target: Target, chart: str, values_file: str, *, kube_version: str = "", values_text: str = "",
        api_versions: Sequence[str] = (),
    ) -> str:  # fmt: skip
        self.asked.append(f"template {values_file}{values_text} {kube_version}")
        if self.problem:
            raise self.problem
        return self.rendered

    async def render(
        self, target: Target, chart: str, values_text: str, *, kube_version: str, api_versions: Sequence[str] = (),
        upgrade: bool,
    ) -> str:  # fmt: skip
        self.asked.append(f"render {kube_version} {'upgrade' if upgrade else 'install'}")
        return self.rendered

    async def crds(self, chart: str) -> str:
        self.asked.append("crds")
        return self.brings

    async def read_values(self, target: Target, defaults: str, values: str) -> dict[str, Any]:
        raise AssertionError("nothing that it is given to writes a values file")

    async def list(self, target: Target) -> Sequence[dict[str, str]]:
        self.asked.append("list")
        return self.rows

    def overrides(self, target: Target) -> Sequence[str]:
        return self.other

    async def uid_of(self, target: Target, kind: str, name: str, namespace: str = "") -> str:
        self.asked.append(f"uid of {kind} {name}")
        return self.uid

    async def stored_values(self, target: Target) -> str:
        return ""


class FakeRuns:
    """What a repair asks of the runs of this machine."""

    def __init__(self, *known: RunSummary) -> None:
        self.known = known

    def runs(self) -> Sequence[RunSummary]:
        return self.known

    def machine(self) -> str:
        return "me@here:1"

    def helms(self, target: Target) -> Sequence[int]:
        return ()
