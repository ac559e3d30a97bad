"""diagnose on a real API server: faults of the sandbox, helm 3 and 4, and somebody who may only look."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import audit
from tests.conftest import Bed
from tests.e2e.faults import until
from tests.e2e.test_lines import Person

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("diagnose")]

API = "Deployment/llm-cost-ops"
CANARY = "c4n4ryDiagnose5ecretOfThirtyTwoSigns"
FAULTS = {
    "image-missing": ("CO01", API),
    "image-pull": ("CO02", API),
    "registry-down": ("CO03", API),
    "missing-key": ("CO06", API),
    "runs-as-root": ("CO07", API),
    "oom-kill": ("CO09", API),
    "liveness": ("CO10", API),
    "crash-loop": ("CO11", API),
    "exits": ("CO12", API),
    "usage": ("CO12", API),
    "wrong-password": ("LG01", API),
    "bad-address": ("LG02", API),
    "no-such-host": ("LG03", API),
    "refused": ("LG04", API),
    "no-tls": ("LG05", API),
    "unschedulable": ("SC02", API),
    "never-ready": ("LG21", API),
    "wrong-path": ("TR01", API),
    "node-lost": ("CL01", "Node/node-1"),
}
MOST = 20
"""Requests of one diagnosis of a named release, besides those for logs."""
SAMPLE = {"missing-key", "wrong-password", "node-lost"}


class Release:
    """Our release in a namespace of its own, and a person who diagnoses it."""

    def __init__(self, bed: Bed, person: Person, namespace: str) -> None:
        self.bed, self.person, self.namespace = bed, person, namespace

    def renew(self) -> None:
        """New pods for the application."""
        self.bed.kubectl("delete", "pod", "-n", self.namespace, "-l", "app.kubernetes.io/component=app", "--wait=false")

    def to_node(self, wanted: str) -> None:
        """Bring the application to a node: the scheduler may have chosen another."""
        others = [node for node in self.bed.kubectl("get", "nodes", "-o", "name").split() if node != f"node/{wanted}"]
        for node in others:
            self.bed.kubectl("cordon", node)
        self.renew()
        self.until(well, "health on the node")
        for node in others:
            self.bed.kubectl("uncordon", node)

    def ask(self, person: Person | None = None, code: int | tuple[int, ...] = (0, 1, 3)) -> dict[str, Any]:
        """One diagnosis as data; exits with one of the codes."""
        said = (person or self.person).call("diagnose", "-n", self.namespace, "-o", "json", code=code)
        whole: dict[str, Any] = json.loads(said)
        assert CANARY not in said
        return whole

    def until(
        self, wanted: Callable[[dict[str, Any]], bool], what: str, person: Person | None = None
    ) -> dict[str, Any]:
        """The first diagnosis for which it holds."""
        deadline, found = time.monotonic() + 60, {}
        while time.monotonic() < deadline:
            found = self.ask(person)
            if found.get("diagnoses") and wanted(found):
                return found
        raise AssertionError(f"{what} did not come: {found}")


def requests(release: Release) -> tuple[list[audit.Asked], list[audit.Asked]]:
    """What one diagnosis asks the API server, and which logs it reads."""
    began = time.time()
    release.ask()
    ended = time.time()
    assert release.bed.info.audit_log is not None
    ours = audit.of_agent(audit.asked(release.bed.info.audit_log), audit.OURS, began, ended)
    assert ours
    return [one for one in ours if not one.opens_log], [one for one in ours if one.opens_log]


def first(found: dict[str, Any]) -> tuple[str, str]:
    """ID and object of the first cause."""
    findings = found["diagnoses"][0]["findings"]
    return (findings[0]["id"], findings[0]["object"]) if findings else ("", "")


def well(found: dict[str, Any]) -> bool:
    return bool(found["exit"] == 0 and found["diagnoses"][0]["verdict"] == "ready")


@pytest.fixture(scope="module")
def installed(_bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """A dev release whose Secrets hold the canary; the module's faults hit it one after the other."""
    from wizard.sandbox import toolchain

    folder, namespace = tmp_path_factory.mktemp("diagnose"), "t-diagnose"
    (folder / "secret").write_text(CANARY)
    person = Person(_bed.kubeconfig, str(toolchain.tool_path("helm4")), folder / "work")
    person.env |= {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
    secrets = [
        word for name in ("postgres", "jwt", "redis") for word in ("--secret-file", f"{name}={folder / 'secret'}")
    ]
    person.call("install", "--preset", "dev", "-n", namespace, "--yes", *secrets)
    yield Release(_bed, person, namespace)
    _bed.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")


@pytest.fixture
def release(installed: Release) -> Iterator[Release]:
    """The release, healed afterwards."""
    yield installed
    installed.bed.scenario("none")


@pytest.mark.parametrize(
    "fault", [name if name in SAMPLE else pytest.param(name, marks=pytest.mark.full) for name in FAULTS]
)
def test_a_fault_of_the_sandbox_is_named_first_and_is_over_when_it_heals(release: Release, fault: str) -> None:
    if fault == "node-lost":
        release.to_node("node-1")
    release.bed.scenario(fault, namespace=release.namespace)
    if fault != "node-lost":
        release.renew()

    # While old pods are still going, a pod without a node is on its way.
    found = release.until(
        lambda found: first(found) == FAULTS[fault] and found["exit"] == 1, f"{FAULTS[fault]} for {fault}"
    )

    counted, logs = requests(release)
    assert len(counted) <= MOST, audit.counted(counted)
    assert max(Counter(map(str, logs)).values(), default=0) <= 2, audit.counted(logs)  # of before a restart, and of now

    told = found["diagnoses"][0]["findings"][0]
    assert told["evidence"]
    assert told["remedy"]
    assert told["commands"]
    if fault != "node-lost":
        assert found["diagnoses"][0]["users"]["users"] == "down"
    release.bed.scenario("none")
    if fault == "unschedulable":
        release.renew()
    release.until(well, f"health after {fault}")


def test_a_bundle_says_the_same_without_the_cluster_and_holds_no_secret(release: Release, tmp_path: Path) -> None:
    release.bed.scenario("image-pull", namespace=release.namespace)
    release.renew()
    live = release.until(lambda found: first(found) == ("CO02", API) and found["exit"] == 1, "the image")
    path = tmp_path / "b.tar.gz"

    said = release.person.call("bundle", "-n", release.namespace, "--yes", "--file", str(path))
    nowhere = Person(str(tmp_path / "nowhere"), "", tmp_path / "elsewhere")
    again = json.loads(nowhere.call("diagnose", "--bundle", str(path), "-o", "json", code=1))

    assert f"diagnose --bundle {path}" in said
    assert first(again) == first(live)
    assert again["diagnoses"][0]["findings"][0]["title"] == live["diagnoses"][0]["findings"][0]["title"]
    raw = gzip.decompress(path.read_bytes())
    coded = [base64.b64encode(b"x" * before + CANARY.encode())[4:-4] for before in range(3)]
    assert [form for form in (CANARY.encode(), *coded) if form in raw] == []


def test_somebody_with_the_view_role_gets_the_cause_and_is_told_what_is_hidden(release: Release) -> None:
    viewer = Person(release.bed.user("view"), "", release.person.folder)
    release.bed.scenario("wrong-password", namespace=release.namespace)
    release.renew()
    whole = release.until(lambda found: first(found) == ("LG01", API), "the refused password", viewer)

    told = whole["diagnoses"][0]

    assert told["findings"][0]["id"] == "LG01"
    assert told["findings"][0]["unseen"], "who may not get Secrets cannot prove when they were written"
    hidden = {one["what"]: one["permission"] for one in told["unseen"]}
    assert "list secrets" in hidden["helm's status and history"]
    assert hidden["Node"] == "list nodes"

    def words() -> str:
        # Between two crashes it may look well for a moment.
        said = viewer.call("diagnose", "-n", release.namespace, code=(0, 1))
        return said if "1. LG01" in said else ""

    said = until("the same is said in words", words)
    assert said.index("users: nobody gets an answer") < said.index("1. LG01")
    assert "proof missing: when Secret llm-cost-ops-postgresql-credentials was written" in said


def test_nothing_to_look_at_is_exit_3(release: Release) -> None:
    said = release.person.call("diagnose", "-n", "t-nobody-is-here", code=3)
    assert "No release found; looked in namespace t-nobody-is-here" in said


def test_a_service_whose_selector_was_edited_keeps_everybody_out(release: Release) -> None:
    release.until(well, "health")
    path = "/spec/selector/app.kubernetes.io~1name"
    change = json.dumps([{"op": "replace", "path": path, "value": "llm-costops"}])
    release.bed.kubectl("patch", "service", "llm-cost-ops", "-n", release.namespace, "--type=json", "-p", change)
    try:
        found = release.until(lambda found: first(found) == ("TR03", "Service/llm-cost-ops"), "the Service")
        assert found["diagnoses"][0]["users"]["users"] == "down"
        assert found["diagnoses"][0]["verdict"] == "stuck"
    finally:
        back = change.replace("llm-costops", "llm-cost-ops")
        release.bed.kubectl("patch", "service", "llm-cost-ops", "-n", release.namespace, "--type=json", "-p", back)


def test_a_quota_that_refuses_pods_is_shown_with_what_is_used_of_it(release: Release) -> None:
    release.bed.kubectl("create", "quota", "small", "-n", release.namespace, "--hard=pods=0")
    try:
        release.renew()
        found = release.until(lambda found: first(found) == ("SC01", API), "the quota")
        lines = found["diagnoses"][0]["findings"][0]["evidence"]
        assert any(one["object"] == "ResourceQuota/small" and "of 0" in one["text"] for one in lines)
    finally:
        release.bed.kubectl("delete", "quota", "small", "-n", release.namespace)
        release.bed.kubectl("rollout", "restart", "-n", release.namespace, "deployment/llm-cost-ops")
    release.until(well, "health")


CHART = {
    "Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 1.0.0\n",
    "values.yaml": "image: nginx:1.27\nkey: one\nclass: ''\n",
    "templates/all.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: tiny, labels: {app.kubernetes.io/instance: "{{ .Release.Name }}", helm.sh/chart: tiny-1.0.0}}
spec:
  selector: {matchLabels: {app: "{{ .Values.key }}"}}
  template:
    metadata: {labels: {app: "{{ .Values.key }}", app.kubernetes.io/instance: "{{ .Release.Name }}"}}
    spec:
      containers: [{name: web, image: "{{ .Values.image }}"}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: tiny}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: tiny}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
  {{- with .Values.class }}
  storageClassName: {{ . }}
  {{- end }}
""",
}


class Helm:
    """Plain helm, as somebody used it before we came."""

    def __init__(self, path: str, bed: Bed, folder: Path, namespace: str) -> None:
        self.path, self.bed, self.namespace = path, bed, namespace
        self.chart = folder / "tiny"
        for name, text in CHART.items():
            file = self.chart / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def __call__(self, *words: str, fails: bool = False) -> str:
        command = [self.path, *words, "-n", self.namespace, "--kubeconfig", self.bed.kubeconfig]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert bool(done.returncode) == fails, done.stderr
        return done.stderr


@pytest.fixture(params=["helm3", "helm4"])
def foreign(
    request: pytest.FixtureRequest, sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]
) -> tuple[Helm, Release]:
    """A release of a chart that is not ours, made by plain helm; and somebody who looks at it."""
    helm = Helm(tool(request.param), sandbox, tmp_path, namespace)
    return helm, Release(sandbox, Person(sandbox.kubeconfig, helm.path, tmp_path / "work"), namespace)


def test_an_upgrade_that_helm_was_refused_is_explained_by_its_record(foreign: tuple[Helm, Release]) -> None:
    helm, release = foreign
    helm("install", "mine", str(helm.chart), "--create-namespace")
    release.until(well, "health")

    helm("upgrade", "mine", str(helm.chart), "--set", "key=two", fails=True)

    found = release.ask(code=1)["diagnoses"][0]
    assert (found["findings"][0]["id"], found["helm_status"], found["revision"]) == ("X04", "failed", 2)
    assert found["findings"][0]["terminal"]
    assert found["users"]["users"] == "fine"
    assert any("do not apply" in text for text in found["findings"][0]["explains"])


def test_a_class_that_is_not_there_and_values_that_nobody_reads(foreign: tuple[Helm, Release]) -> None:
    helm, release = foreign
    helm("install", "mine", str(helm.chart), "--create-namespace", "--set", "class=gp9", "--set", "imagee=x")

    found = release.until(lambda found: first(found)[0] == "VO01", "the class")["diagnoses"][0]

    assert found["findings"][0]["title"] == "StorageClass gp9 is not there"
    later = [one for one in found["findings"] if not one["urgent"]]
    assert [(one["id"], one["evidence"][0]["text"]) for one in later] == [("X18", "imagee")]
    assert "Release/mine" not in [one["object"] for one in found["findings"]], "what helm says is only a symptom"
