"""What a check says of a small chart, what the real API server, controllers and scheduler then do, and both once it is cured."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import Bed
from tests.engine.preflight.test_preflight_e2e import checked_draft, reasons, session, until
from wizard.core.helm.strvals import SetFlag

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]

_STORE: Final = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: {{ .Values.class }}, resources: {requests: {storage: {{ .Values.size }}}}}
"""
_SHARED: Final = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
spec: {accessModes: [{{ .Values.mode }}], storageClassName: standard, resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: {{ .Values.replicas }}
  strategy: {type: Recreate}
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers: [{name: api, image: "api:1", volumeMounts: [{name: files, mountPath: /files}]}]
      volumes: [{name: files, persistentVolumeClaim: {claimName: files}}]
"""
_CONFIG: Final = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: b}
"""
_WIDGET: Final = """
apiVersion: NS.example.com/v1
kind: Widget
metadata: {name: w}
"""
_ROLE: Final = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [metrics.k8s.io], resources: [pods], verbs: [{{ .Values.verb }}]}]
"""
_VALUES: Final = {"verb": "get", "replicas": 1, "class": "standard", "size": "1Gi", "mode": "ReadWriteOnce"}


def storage_class(name: str, provisioner: str, **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": provisioner,
        "volumeBindingMode": "WaitForFirstConsumer", **more,
    }  # fmt: skip


def volume(size: str) -> dict[str, Any]:
    spec = {
        "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand-NS", "hostPath": {"path": "/x"},
        "persistentVolumeReclaimPolicy": "Retain",
    }  # fmt: skip
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "pv-NS"}, "spec": spec}


def told(size: str) -> tuple[dict[str, Any], ...]:
    """A driver that tells its capacity, and how much it has in all places."""
    group = "storage.k8s.io/v1"
    driver = {
        "apiVersion": group,
        "kind": "CSIDriver",
        "metadata": {"name": "csi-NS.example.com"},
        "spec": {"storageCapacity": True, "attachRequired": False},
    }
    capacity = {
        "apiVersion": group, "kind": "CSIStorageCapacity", "metadata": {"name": "room", "namespace": "NS"}, "storageClassName": "told-NS",
        "nodeTopology": {}, "capacity": size,
    }  # fmt: skip
    return driver, storage_class("told-NS", "csi-NS.example.com"), capacity


def widgets() -> dict[str, Any]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    spec = {"group": "NS.example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    group = "apiextensions.k8s.io/v1"
    return {
        "apiVersion": group,
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.NS.example.com"},
        "spec": spec,
    }


def webhook(**more: Any) -> dict[str, Any]:
    hook = {
        "name": "deny.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "NS", "name": "gone"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "NS"}}, "timeoutSeconds": 2, **more,
    }  # fmt: skip
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "hook-NS"},
        "webhooks": [hook],
    }


@dataclass(frozen=True)
class Case:
    """A cluster and a chart for which a check says no; NS stands for the namespace."""

    check: str
    template: str
    says: str
    fails: str
    """The words of what happens all the same: of helm, or of an event of the reason."""
    reason: str = ""
    state: str = "fail"
    there: tuple[dict[str, Any], ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    cure: tuple[dict[str, Any], ...] | None = None
    """What is there instead then; None for what was there."""
    cured: Mapping[str, Any] = field(default_factory=dict)


CASES: Final = {
    "no volume of a class that makes none": Case(
        "S05", _STORE, "class by-hand-NS makes no volumes, and none of the 1 that is there is free for claim data-db-0 (5Gi",
        "didn't find available persistent volumes to bind", "FailedScheduling",
        there=(storage_class("by-hand-NS", "kubernetes.io/no-provisioner"), volume("1Gi")),
        values={"class": "by-hand-NS", "size": "5Gi"},
        cure=(storage_class("by-hand-NS", "kubernetes.io/no-provisioner"), volume("6Gi")),
    ),
    "a driver with too little left": Case(
        "S05", _STORE, "claim data-db-0 wants 5Gi, and the most that the driver of class told-NS has in one place is 1Gi",
        "node(s) did not have enough free storage", "FailedScheduling", "warn", told("1Gi"), {"class": "told-NS", "size": "5Gi"}, told("9Gi"),
    ),
    "a class for a zone without nodes": Case(
        "S04", _STORE, "class mars-NS makes no volume for any of the 3 nodes", "didn't find available persistent volumes to bind",
        "FailedScheduling", "warn",
        (storage_class("mars-NS", "rancher.io/local-path", allowedTopologies=[{"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": ["mars"]}]}]),),
        {"class": "mars-NS"}, cured={"class": "standard"},
    ),
    "a claim of one pod that two want": Case(
        "S06", _SHARED, "2 pods want claim files, which one pod alone can have (ReadWriteOncePod)",
        "PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod", "FailedScheduling",
        values={"mode": "ReadWriteOncePod", "replicas": 2}, cured={"mode": "ReadWriteOncePod", "replicas": 1},
    ),
    "a limit of claims": Case(
        "Q03", _STORE, "StatefulSet/db: its claim may use 5Gi storage, the most is 2Gi", "maximum storage usage per PersistentVolumeClaim is 2Gi",
        "FailedCreate",
        there=({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small", "namespace": "NS"}, "spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "2Gi"}}]}},),
        values={"size": "5Gi"}, cured={"size": "2Gi"},
    ),
    "a webhook whose Service is gone": Case(
        "Q05", _CONFIG, "webhook deny.example.com would refuse ConfigMap/conf: its Service NS/gone is not there",
        'failed calling webhook "deny.example.com"', there=(webhook(),), cure=(webhook(failurePolicy="Ignore"),),
    ),
    "a kind that nobody serves": Case(
        "A02", _WIDGET, "Widget of NS.example.com/v1 is not served here", 'no matches for kind "Widget" in version "NS.example.com/v1"',
        cure=(widgets(),),
    ),
    "a webhook of other objects": Case(
        "Q05", _CONFIG, "would refuse ConfigMap/conf", 'failed calling webhook "deny.example.com"', there=(webhook(),),
        cure=(webhook(objectSelector={"matchLabels": {"tier": "other"}}),),
    ),
}  # fmt: skip


def chart_of(folder: Path, template: str, values: Mapping[str, Any] = _VALUES, *, version: str = "1.0.0") -> Path:
    """A chart of one template, in the place of one that was there."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True, exist_ok=True)
    (chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: small\nversion: {version}\n")
    (chart / "values.yaml").write_text(yaml.safe_dump(dict(values)))
    (chart / "templates" / "all.yaml").write_text(template)
    return chart


def applied(sandbox: Bed, folder: Path, namespace: str, objects: tuple[dict[str, Any], ...]) -> None:
    path = folder / "objects.yaml"
    path.write_text(yaml.safe_dump_all(objects).replace("NS", namespace))
    sandbox.kubectl("apply", "-f", str(path))


def gone(sandbox: Bed, folder: Path, namespace: str, objects: tuple[dict[str, Any], ...], *, wait: bool = True) -> None:
    path = folder / "objects.yaml"
    path.write_text(yaml.safe_dump_all(objects).replace("NS", namespace))
    sandbox.kubectl("delete", "-f", str(path), "--ignore-not-found", f"--wait={str(wait).lower()}")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.full] if not name.startswith("a webhook whose") else []) for name in CASES]
)  # fmt: skip
async def test_what_the_check_says_really_happens_and_ends_with_its_cure(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    chart = chart_of(tmp_path, case.template.replace("NS", namespace))
    sandbox.kubectl("create", "namespace", namespace)
    command = [tool("helm4"), "install", "rel", str(chart), "-n", namespace, "--kubeconfig", sandbox.kubeconfig]

    def helm(values: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        sets = [part for key, value in values.items() for part in ("--set", f"{key}={value}".replace("NS", namespace))]
        return subprocess.run([*command, *sets], capture_output=True, text=True, timeout=90, check=False)

    async with session(tool, sandbox.kubeconfig, namespace, chart=str(chart), release="rel") as made:

        async def said(values: Mapping[str, Any]) -> Any:
            sets = tuple(SetFlag("--set", f"{key}={value}".replace("NS", namespace)) for key, value in values.items())
            return (await checked_draft(made, replace(made.answers.new(), sets=sets)))[case.check]

        try:
            applied(sandbox, tmp_path, namespace, case.there) if case.there else None
            found = await said(case.values)
            assert (found.state, found.blocking) == (case.state, case.state == "fail"), found
            assert any(case.says.replace("NS", namespace) in line for line in found.evidence), found.evidence
            done = helm(case.values)
            if case.reason:
                assert done.returncode == 0, done.stderr
                until(lambda: [text for text in reasons(sandbox, namespace, case.reason) if case.fails in text])
            else:
                assert case.fails.replace("NS", namespace) in done.stderr
            helm_away(command, namespace)
            sandbox.kubectl("delete", "pvc", "--all", "-n", namespace, "--wait=true")
            if case.cure is not None:
                gone(sandbox, tmp_path, namespace, case.there)
                applied(sandbox, tmp_path, namespace, case.cure)
                crds = [one["metadata"]["name"] for one in case.cure if one["kind"] == "CustomResourceDefinition"]
                for name in crds:
                    wait = ("wait", "crd", name.replace("NS", namespace), "--for=condition=Established")
                    sandbox.kubectl(*wait, "--timeout=20s")
            values = {**case.values, **case.cured}
            assert (await said(values)).state in ("pass", "skipped")
            assert helm(values).returncode == 0
            if case.reason:
                until(lambda: _all_placed(sandbox, namespace))
        finally:
            gone(sandbox, tmp_path, namespace, (*case.there, *(case.cure or ())), wait=False)


def helm_away(command: list[str], namespace: str) -> None:
    away = [command[0], "uninstall", "rel", "-n", namespace, *command[-2:]]
    subprocess.run(away, check=False, capture_output=True, timeout=90)


def _all_placed(sandbox: Bed, namespace: str) -> bool:
    """Whether every pod has a node, or the scheduler chose one and waits for the driver, which is not there."""
    pods, claims = (sandbox.get(kind, "-n", namespace)["items"] for kind in ("pods", "pvc"))
    chosen = all("volume.kubernetes.io/selected-node" in (one["metadata"].get("annotations") or {}) for one in claims)
    return bool(pods) and (chosen or all(pod["spec"].get("nodeName") for pod in pods))


SHOP: Final = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  {{- if not .Values.scaled }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: "api:1", resources: {requests: {cpu: 10m}}}]}
{{- if .Values.scaled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec:
  maxReplicas: 9
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
{{- end }}
{{- if .Values.widget }}
---
apiVersion: NS.example.com/v1
kind: Widget
metadata: {name: w}
{{- end }}
"""


@pytest.mark.full
async def test_an_upgrade_meets_what_its_checks_say(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    chart = chart_of(
        tmp_path, SHOP.replace("NS", namespace), {"replicas": 3, "scaled": False, "widget": True, "old": 1}
    )
    sandbox.kubectl("create", "namespace", namespace)
    applied(sandbox, tmp_path, namespace, (widgets(),))
    sandbox.kubectl("wait", "crd", f"widgets.{namespace}.example.com", "--for=condition=Established", "--timeout=20s")

    def helm(verb: str, *sets: str) -> subprocess.CompletedProcess[str]:
        command = [tool("helm4"), verb, "rel", str(chart), "-n", namespace, "--kubeconfig", sandbox.kubeconfig]
        return subprocess.run([*command, *sets], capture_output=True, text=True, timeout=90, check=False)

    assert helm("install", "--set", "old=2").returncode == 0
    chart_of(
        tmp_path, SHOP.replace("NS", namespace), {"replicas": 3, "scaled": False, "widget": False}, version="3.0.0"
    )
    until(lambda: len(sandbox.get("pods", "-n", namespace)["items"]) == 3)
    async with session(tool, sandbox.kubeconfig, namespace, chart=str(chart), release="rel") as made:
        draft = made.answers.new()
        scaled = replace(draft, sets=(SetFlag("--set", "scaled=true"),))
        before = await checked_draft(made, scaled)
        gone(sandbox, tmp_path, namespace, (widgets(),))
        without = await checked_draft(made, draft)
        refused = helm("upgrade")
        applied(sandbox, tmp_path, namespace, (widgets(),))
        wait = ("wait", "crd", f"widgets.{namespace}.example.com", "--for=condition=Established", "--timeout=20s")
        sandbox.kubectl(*wait)
        assert helm("upgrade", "--set", "scaled=true").returncode == 0
        asked = sandbox.get("deployment", "api", "-n", namespace)["spec"]["replicas"]
        after = await checked_draft(made, scaled)
    gone(sandbox, tmp_path, namespace, (widgets(),))
    states = {name: before[name].state for name in ("U01", "U02", "U04", "U06", "U08", "U10")}
    assert states == {"U01": "warn", "U02": "warn", "U04": "pass", "U06": "warn", "U08": "pass", "U10": "warn"}
    assert "it skips 2.x" in before["U01"].evidence[0]
    assert "old was set, and chart 3.0.0 has no such value" in before["U02"].evidence[0]
    assert "Deployment/api has 3 pods and would go to 1" in before["U06"].evidence[0]
    assert asked == 1, "helm takes back the number that it asked for"
    assert without["U04"].blocking
    assert "Widget/w is of" in without["U04"].evidence[0]
    assert "unable to build kubernetes objects from current release manifest" in refused.stderr
    assert {after[name].state for name in ("U01", "U02", "U04", "U06")} == {"pass"}


@pytest.mark.full
async def test_a_role_that_this_person_may_not_grant_is_refused_by_the_dry_run(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    chart = chart_of(tmp_path, _ROLE)
    sandbox.kubectl("create", "namespace", namespace)
    kubeconfig = sandbox.user("namespace-only", namespace=namespace)
    async with session(tool, kubeconfig, namespace, chart=str(chart), release="rel") as made:
        results = await checked_draft(made, made.answers.new())
    assert results["R07"].blocking
    assert "is attempting to grant RBAC permissions not currently held" in results["R07"].evidence[0]


_APART: Final = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api, version: {{ .Values.version }}}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: api}}}
      containers: [{name: api, image: "registry.k8s.io/pause:3.10"}]
---
apiVersion: v1
kind: Service
metadata: {name: front}
spec: {type: LoadBalancer, selector: {app: api}, ports: [{port: 80}]}
"""


@pytest.mark.full
async def test_a_rolling_update_without_a_free_node_stalls_and_a_load_balancer_waits_where_the_others_do(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    chart = chart_of(tmp_path, _APART, {"replicas": 3, "version": "one"})
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "service", "loadbalancer", "other", "--tcp=80")
    command = [
        tool("helm4"),
        "upgrade",
        "--install",
        "rel",
        str(chart),
        "-n",
        namespace,
        "--kubeconfig",
        sandbox.kubeconfig,
    ]

    def helm(version: str) -> None:
        subprocess.run([*command, "--set", f"version={version}"], capture_output=True, timeout=90, check=True)

    helm("one")
    until(lambda: _all_placed(sandbox, namespace))
    async with session(tool, sandbox.kubeconfig, namespace, chart=str(chart), release="rel") as made:
        said = await checked_draft(made, replace(made.answers.new(), sets=(SetFlag("--set", "version=two"),)))
    assert said["C03"].state == "warn"
    assert (
        "no node for a new pod beside the 3 that are there: 3 node(s) didn't match pod anti-affinity rules"
        in said["C03"].evidence[0]
    )
    assert said["I11"].state == "warn"
    assert f"{namespace}/other" in said["I11"].evidence[0]
    helm("two")
    until(lambda: reasons(sandbox, namespace, "FailedScheduling"))
    words = reasons(sandbox, namespace, "FailedScheduling")
    assert any("3 node(s) didn't match pod anti-affinity rules" in text for text in words), words
    assert not sandbox.get("service", "front", "-n", namespace)["status"]["loadBalancer"]
