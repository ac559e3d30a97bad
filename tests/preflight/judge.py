"""Puts a set-up into a sandbox, has the checks judge it as the wizard does before a run, and takes it away again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from tests.conftest import Bed
from tests.preflight.healthy import Healthy
from tests.preflight.setups import CLASS, IMAGE, Setup, deployment_chart, ingress, obj, tls_pair, tls_secret
from wizard import compose
from wizard.core.answers import secrets
from wizard.core.answers.draft import Draft
from wizard.core.helm.strvals import SetFlag
from wizard.core.rules.check import CheckResult
from wizard.engine.answers import Prepared
from wizard.engine.session import Session
from wizard.engine.state import Options
from wizard.ports.network import Network
from wizard.sandbox import toolchain
from wizard.tui.review.view import ReviewState

CHART: Final = Path(__file__).resolve().parents[2] / "chart" / "llm-cost-ops"
BASE: Final[Mapping[str, str]] = {
    "preset": "staging", "image": IMAGE, "host": "__NS__.example.org", "tls": "secret", "tls.secret": "good-tls",
    "ingress.class": CLASS, "scaling": "fixed", "replicas": "2",
}  # fmt: skip
"""Answers with which nothing is wrong in a sandbox."""
_ADDRESS: Final = "192.0.2.10"
_PATIENCE: Final = 6
"""Seconds that helm waits for what cannot become ready."""


@dataclass(frozen=True)
class GoneOn:
    """An install that went on all the same, and the one after what was wrong was corrected."""

    code: int
    """Exit code of helm."""
    words: str
    """Those of helm, and of the cluster: events, and what holds pods back."""
    blocking: tuple[str, ...] = ()
    """Checks that block the second install."""
    failed: str = ""
    """Why the second install failed; "" when it did not."""


class Names:
    """What DNS answers: what the set-up says, and that it does not know any other name."""

    def __init__(self, names: Mapping[str, tuple[str, ...] | None]) -> None:
        self._names = names

    async def addresses(self, host: str, seconds: float) -> tuple[str, ...] | None:
        return self._names.get(host, ())


class Judge:
    """Judges set-ups, each in a namespace of its own."""

    def __init__(self, bed: Bed, folder: Path) -> None:
        self._bed, self._folder = bed, folder
        self._good = tls_secret(tls_pair("*.example.org"), named="good-tls")

    def prepare(self, *, metrics: bool = False) -> None:
        """Make what all set-ups share: an ingress class that is served, and with `metrics` their API."""
        cls = obj("IngressClass", CLASS, "networking.k8s.io/v1", spec={"controller": "example.com/served"})
        api = {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100}
        served = obj("APIService", "v1beta1.metrics.k8s.io", "apiregistration.k8s.io/v1", spec=api)
        shared = [cls, obj("Namespace", "served"), ingress("web", "served.example.com", namespace="served")]
        self._make([*shared, *([served] if metrics else ())])
        status = {"status": {"loadBalancer": {"ingress": [{"ip": _ADDRESS}]}}}
        patch = (
            "patch",
            "ingress",
            "web",
            "-n",
            "served",
            "--subresource=status",
            "--type=merge",
            "-p",
            json.dumps(status),
        )
        self._bed.kubectl(*patch)

    def healthy(self, one: Healthy) -> list[CheckResult]:
        """What is not fine of a set-up that is healthy, with some nodes as it wants them."""
        names = [node["metadata"]["name"] for node in self._bed.get("nodes")["items"]][: one.nodes]
        for name in names:
            self._bed.kubectl("patch", "node", name, "--type=merge", "-p", json.dumps({"spec": one.spec}))
        try:
            return self.results(one.setup)
        finally:
            undone = {"spec": dict.fromkeys(one.spec or {})}
            for name in names:
                self._bed.kubectl("patch", "node", name, "--type=merge", "-p", json.dumps(undone))

    def results(self, setup: Setup) -> list[CheckResult]:
        """What is not fine of it, in the order in which the review shows it."""
        space = f"s-{uuid.uuid4().hex[:8]}"
        setup = _in(setup, space)
        made = self._put(setup, space)
        try:
            if setup.installed is not None:
                self._install(setup, space)
            for command in setup.since:
                self._bed.kubectl("-n", space, *command)
            time.sleep(setup.wait)
            results = asyncio.run(self._judged(setup, space))
        finally:
            self._take_away(setup, space, made)
        ranked = ReviewState(checks=tuple(results)).ranked
        return [result for result in ranked if result.state in ("fail", "warn")]

    def gone_on(self, setup: Setup) -> GoneOn:
        """What becomes of an install that goes on all the same, and of the next one, after what was wrong was corrected."""
        space = f"s-{uuid.uuid4().hex[:8]}"
        setup = _in(setup, space)
        made = self._put(setup, space)
        try:
            time.sleep(setup.wait)
            done = self._helm(setup, space, "--wait", f"--timeout={_PATIENCE}s")
            seen = self._bed.kubectl("get", "events,pods", "-n", space, "-o", "json", check=False)
            words = f"{done.stdout}{done.stderr}{seen}"
            if setup.deleted:  # there is nothing to correct: it goes
                return GoneOn(done.returncode, words)
            after = self._corrected(setup, space)
            results = asyncio.run(self._judged(after, space))
            again = self._helm(after, space, "--wait", "--timeout=60s")
            blocking = tuple(f"{one.id} {one.evidence}" for one in results if one.blocking)
            return GoneOn(done.returncode, words, blocking, "" if not again.returncode else again.stderr)
        finally:
            self._take_away(setup, space, made)

    def _corrected(self, setup: Setup, space: str) -> Setup:
        """The set-up without what was wrong: its objects are gone, and answers, values, chart and user are the usual ones."""
        kubectl = self._bed.kubectl
        for one in setup.objects:
            where = () if one["kind"] in _OF_THE_CLUSTER else ("-n", one["metadata"].get("namespace", space))
            held = ("--wait=false",) if one["kind"] == "PersistentVolume" else ()  # until its claim is gone
            kubectl("delete", one["kind"], one["metadata"]["name"], *where, "--ignore-not-found", *held)
        for label in setup.labels:
            kubectl("label", "namespace", space, f"{label}-")
        if not setup.namespace:
            self._make([obj("Namespace", space), _placed(self._good, space)])
        # A disk cannot be given another class; what waits for the old one goes with its StatefulSet.
        kubectl("delete", "statefulset,pvc", "--all", "-n", space)
        time.sleep(setup.wait)
        return Setup(chart=deployment_chart(f"image: {IMAGE}") if setup.chart else {})

    def _put(self, setup: Setup, space: str) -> list[dict[str, Any]]:
        labels = {"labels": dict(setup.labels)} if setup.labels else {}
        made = [obj("Namespace", space, metadata=labels)] if setup.namespace else []
        if any(one["metadata"].get("namespace") == f"{space}-other" for one in setup.objects):
            made.append(obj("Namespace", f"{space}-other"))
        made += [_placed(one, space) for one in (*([self._good] if setup.namespace else ()), *setup.objects)]
        self._make(made)
        if setup.deleted:
            self._bed.kubectl("delete", "namespace", space, "--wait=false")
        return made

    def _make(self, objects: Sequence[Mapping[str, Any]]) -> None:
        path = self._folder / f"{uuid.uuid4().hex}.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
        definitions = [one for one in objects if one["kind"] == "CustomResourceDefinition"]
        if definitions:  # what is of a kind can be made once the kind is served
            kinds = self._folder / f"{uuid.uuid4().hex}.json"
            kinds.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": definitions}))
            self._bed.kubectl("apply", "-f", str(kinds))
            self._bed.kubectl("wait", "--for=condition=Established", "--timeout=20s", "-f", str(kinds))
        if objects:
            self._bed.kubectl("apply", "-f", str(path))

    def _take_away(self, setup: Setup, space: str, made: Sequence[Mapping[str, Any]]) -> None:
        for one in made:
            if one["kind"] in _OF_THE_CLUSTER:
                self._bed.kubectl("delete", one["kind"], one["metadata"]["name"], "--wait=false", check=False)
            if one["metadata"].get("finalizers"):
                patch = ("patch", one["kind"], one["metadata"]["name"], "-n", space, "--type=merge")
                self._bed.kubectl(*patch, "-p", '{"metadata": {"finalizers": null}}', check=False)
        for name in (space, f"{space}-other"):
            self._bed.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")
        if setup.scenario:
            self._bed.scenario("none")

    def _install(self, setup: Setup, space: str) -> None:
        """What runs before an upgrade, by helm; waited for until its pods have been looked at."""
        if setup.scenario:
            self._bed.scenario(setup.scenario)
        done = self._helm(replace(setup, values=setup.installed or {}, answers={}), space)
        assert done.returncode == 0, done.stderr
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not self._bed.get("pods", "-n", space)["items"]:
            time.sleep(0.3)

    def _helm(self, setup: Setup, space: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """`helm upgrade --install` of the set-up by its user, without any check before it; the Secrets of a run are made."""
        prepared = asyncio.run(self._prepared(setup, space))
        release, chart = prepared.target.release, prepared.chart.path
        values = self._folder / f"{space}.yaml"
        values.write_text(prepared.text)
        for made in secrets.plan(prepared.resolved):
            texts = {one.key: one.detail if one.how == "constant" else "x" * 24 for one in made.sources}
            path = self._folder / f"{space}-{made.name}.json"
            path.write_text(json.dumps(_placed(obj("Secret", made.name, stringData=texts), space)))
            self._bed.kubectl("create", "-f", str(path), check=False)  # what is there stays
        own = [flag for path in prepared.draft.files for flag in ("-f", path)]
        command = [
            str(toolchain.tool_path("helm4")),
            "upgrade",
            "--install",
            "-n",
            space,
            *own,
            "-f",
            str(values),
            *flags,
        ]
        named = ["--kubeconfig", self._kubeconfig(setup, space), "--", release, chart]
        return subprocess.run([*command, *named], capture_output=True, text=True, timeout=120, check=False)

    async def _prepared(self, setup: Setup, space: str) -> Prepared:
        session = self._session(setup, space)
        try:
            return session.answers.prepare(self._draft(session, setup))
        finally:
            await session.close()

    async def _judged(self, setup: Setup, space: str) -> list[CheckResult]:
        session = self._session(setup, space)
        try:
            return [result async for result in session.installer.checks(self._draft(session, setup))]
        finally:
            await session.close()

    def _session(self, setup: Setup, space: str) -> Session:
        helm = str(toolchain.tool_path("helm4"))
        options = Options(kubeconfig=self._kubeconfig(setup, space), namespace=space)
        session = compose.session(options, helm_path=helm)
        session._state.ports = session._state.ports._replace(network=cast("Network", Names(setup.names)))
        session.kubeconfig()
        return session

    def _kubeconfig(self, setup: Setup, space: str) -> str:
        bed = self._bed
        return bed.user(setup.user, namespace=space, cluster_wide=True) if setup.user else bed.kubeconfig

    def _draft(self, session: Session, setup: Setup) -> Draft:
        sets = tuple(SetFlag("--set-json", f"{path}={json.dumps(value)}") for path, value in setup.values.items())
        files: tuple[str, ...] = ()
        if setup.file:
            own = self._folder / f"own-{uuid.uuid4().hex}.yaml"
            own.write_text(setup.file)
            files = (str(own),)
        if not setup.chart:
            given = {**BASE, **setup.answers}
            space = session.options.namespace
            answers = {key: text and text.replace("__NS__", space) for key, text in given.items()}
            return replace(session.answers.new().with_answers(answers), sets=sets, files=files)
        folder = self._folder / f"chart-{uuid.uuid4().hex}"
        for name, text in setup.chart.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        options = replace(session.options, chart=str(folder))
        session.options = options
        return replace(session.answers.new(), sets=sets, files=files)


_OF_THE_CLUSTER: Final = (
    "StorageClass", "IngressClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
    "CustomResourceDefinition", "PersistentVolume", "PriorityClass", "RuntimeClass", "MutatingWebhookConfiguration", "ClusterRole",
    "CSIDriver", "Node", "GatewayClass", "APIService",
)  # fmt: skip


def _in(setup: Setup, space: str) -> Setup:
    """The set-up with its namespace's name in place of __NS__."""

    def named(value: Any) -> Any:
        return json.loads(json.dumps(value).replace("__NS__", space))

    return replace(
        setup, objects=tuple(named(list(setup.objects))), values=named(dict(setup.values)), chart=named(dict(setup.chart)),
        names={named(host): addresses for host, addresses in setup.names.items()},
        answers={key: named(text) for key, text in setup.answers.items()}, file=named(setup.file),
    )  # fmt: skip


def _placed(one: Mapping[str, Any], space: str) -> dict[str, Any]:
    """The object in the namespace of the set-up, unless it names one or is of the cluster."""
    metadata = one["metadata"]
    own = one["kind"] in (*_OF_THE_CLUSTER, "Namespace") or "namespace" in metadata
    return {**one, "metadata": metadata if own else {**metadata, "namespace": space}}


Found = Callable[[Sequence[CheckResult]], int]


def place(found: Sequence[CheckResult], check: str, says: str) -> int:
    """At which place of the list the check says these words, from 1; 0 when nowhere."""
    for number, result in enumerate(found, 1):
        if result.id == check and any(says in line for line in result.evidence):
            return number
    return 0
