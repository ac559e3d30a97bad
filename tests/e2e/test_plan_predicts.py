"""What the plan says beside what helm then did, for many kinds of change, with helm 3 and helm 4."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from wizard.adapters.helm.charts import ChartFolders
from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.client import KubeCluster
from wizard.core.helm.plan import Plan, fields
from wizard.core.text import masking
from wizard.engine.release import plan as release_plan

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Case:
    """A change, made on a release with all default values, and what has to come of it."""

    name: str
    values: dict[str, Any]
    expect: dict[str, str]
    """Kind/name -> change, for every object that is not unchanged."""
    restart: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    kubectl: tuple[str, ...] = ()
    fails: bool = False
    only: str = ""
    fast: bool = False
    """In the quick tier: one of each kind of outcome, the others make the same one of another field."""
    takes: tuple[str, ...] | None = None
    """With --force-conflicts: what is taken over, "field from manager"; None without it."""


CASES = (
    Case("an image", {"image": "api:2"}, {"Deployment/api": "changed"}, "rolling", fast=True),
    Case("replicas", {"replicas": 2}, {"Deployment/api": "changed"}),
    Case("a variable added", {"env": {"A": "1", "B": "2"}}, {"Deployment/api": "changed"}, "rolling"),
    Case("a variable removed", {"env": {"A": None}}, {"Deployment/api": "changed"}, "rolling"),
    Case("the strategy", {"strategy": "Recreate"}, {"Deployment/api": "changed"}, only="helm3", fast=True),
    Case(
        "the strategy, in which server-side apply leaves the old one's defaults", {"strategy": "Recreate"},
        {"Deployment/api": "refused"}, only="helm4", fails=True, fast=True,
    ),
    Case("the strategy back", {}, {"Deployment/api": "changed"}, before={"strategy": "Recreate"}),
    Case("a limit", {"cpu": "70m"}, {"Deployment/api": "changed"}, "rolling"),
    Case("a limit written otherwise", {"cpu": "0.05"}, {}),
    Case("a config map", {"config": {"level": "debug", "more": "x"}}, {"ConfigMap/conf": "changed"}, fast=True),
    Case("a key removed from a config map", {"config": {"level": None}}, {"ConfigMap/conf": "changed"}),
    Case("a secret", {"secret": "second-canary-secret"}, {"Secret/creds": "changed"}, fast=True),
    Case("a port", {"port": 81}, {"Service/api": "changed"}),
    Case("a target port", {"targetPort": 9090}, {"Service/api": "changed"}),
    Case("a disk, which cannot be changed", {"disk": "2Gi"}, {"StatefulSet/db": "refused"}, fails=True, fast=True),
    Case("a job's template, which cannot be changed", {"command": "two"}, {"Job/once": "refused"}, fails=True),
    Case("a negative number", {"replicas": -1}, {"Deployment/api": "refused"}, fails=True),
    Case("an unknown field", {"unknown": True}, {"Deployment/api": "refused"}, only="helm4", fails=True),
    Case("an unknown field, which the three-way merge passes over", {"unknown": True}, {}, only="helm3"),
    Case("an object more", {"extra": True}, {"ConfigMap/extra": "created"}, fast=True),
    Case("an object less", {}, {"ConfigMap/extra": "removed"}, before={"extra": True}, fast=True),
    Case("an object less that is kept", {"kept": False}, {"ConfigMap/kept": "kept"}, fast=True),
    Case("a label", {"labels": {"team": "x"}}, {"ConfigMap/conf": "changed"}),
    Case("a volume", {"mount": True}, {"Deployment/api": "changed"}, "rolling"),
    Case("a volume less", {}, {"Deployment/api": "changed"}, "rolling", before={"mount": True}),
    Case("a host", {"host": "b.example.com"}, {"Ingress/api": "changed"}),
    Case("a pull secret", {"pull": "reg"}, {"Deployment/api": "changed"}, "rolling"),
    Case("a budget", {"budget": 2}, {"PodDisruptionBudget/api": "changed"}),
    Case("nothing", {}, {}, fast=True),
    Case(
        "an object of somebody else", {"taken": True}, {"ConfigMap/taken": "refused"}, fails=True,
        kubectl=("create", "configmap", "taken"), fast=True,
    ),
    Case(
        "an object that somebody deleted", {}, {"ConfigMap/conf": "created"}, kubectl=("delete", "configmap", "conf"), fast=True
    ),
    Case(
        "a scaled deployment, put back by the three-way merge", {}, {"Deployment/api": "changed"}, only="helm3",
        kubectl=("scale", "deployment", "api", "--replicas=3"), fast=True,
    ),
    Case(
        "a scaled deployment, which is a conflict of server-side apply", {}, {"Deployment/api": "refused"}, only="helm4",
        kubectl=("scale", "deployment", "api", "--replicas=3"), fails=True, fast=True,
    ),
    Case(
        "a field edited by hand, put back by the three-way merge", {"image": "api:3"}, {"Deployment/api": "changed"}, "rolling",
        only="helm3", kubectl=("set", "env", "deployment/api", "A=edited"),
    ),
    Case(
        "a scaled deployment taken over", {"replicas": 2}, {"Deployment/api": "changed"}, only="helm4", fast=True,
        kubectl=("scale", "deployment", "api", "--replicas=3"), takes=("spec.replicas from kubectl",),
    ),
    Case(
        "a variable edited by hand taken over", {}, {"Deployment/api": "changed"}, "rolling", only="helm4",
        kubectl=("set", "env", "deployment/api", "A=edited"),
        takes=("spec.template.spec.containers[api].env[A].value from kubectl-set",),
    ),
    Case(
        "an image edited by hand taken over", {"image": "api:2"}, {"Deployment/api": "changed"}, "rolling", only="helm4",
        kubectl=("set", "image", "deployment/api", "api=api:9"), takes=("spec.template.spec.containers[api].image from kubectl-set",),
    ),
    Case(
        "a label with dots taken over", {"labels": {"example.com/team": "x"}}, {"ConfigMap/conf": "changed"}, only="helm4",
        kubectl=("label", "configmap", "conf", "example.com/team=y"), takes=("metadata.labels[example.com/team] from kubectl-label",),
    ),
    Case(
        "a key with dots of a config map taken over", {"config": {"app.yaml": "a"}}, {"ConfigMap/conf": "changed"}, only="helm4",
        kubectl=("patch", "configmap", "conf", "-p", '{"data":{"app.yaml":"b"}}'), takes=("data[app.yaml] from kubectl-patch",),
    ),
    Case(
        "a port taken over", {}, {"Service/api": "changed"}, only="helm4",
        kubectl=("patch", "service", "api", "-p", '{"spec":{"ports":[{"port":80,"targetPort":9999}]}}'),
        takes=("spec.ports[80].targetPort from kubectl-patch",),
    ),
    Case(
        "a secret, whose stringData nobody else sets", {"secret": "second-canary-secret"}, {"Secret/creds": "changed"}, only="helm4",
        kubectl=("patch", "secret", "creds", "-p", '{"data":{"password":"dGhpcmQtY2FuYXJ5LXNlY3JldA=="}}'),
        takes=(),
    ),
    Case(
        "what is an atomic list taken over", {"host": "b.example.com"}, {"Ingress/api": "changed"}, only="helm4",
        kubectl=("patch", "ingress", "api", "--type=json", "-p", '[{"op":"replace","path":"/spec/rules/0/host","value":"c.example.com"}]'),
        takes=("spec.rules from kubectl-patch",),
    ),
    Case(
        "nothing to take over", {"replicas": 2}, {"Deployment/api": "changed"}, only="helm4", takes=(),
    ),
    Case(
        "a disk, which --force-conflicts cannot change", {"disk": "2Gi"}, {"StatefulSet/db": "refused"}, only="helm4", fails=True, takes=(),
    ),
)  # fmt: skip
"""Each is tried with helm 3 and helm 4, except those that only one of them treats so."""

EACH_HELM = [
    pytest.param(
        case,
        helm,
        id=f"{case.name}-{helm}",
        marks=() if case.fast and helm in ("helm4", case.only) else pytest.mark.full,
    )
    for case in CASES
    for helm in ("helm4", "helm3")
    if case.only in ("", helm)
]
"""The quick tier goes through helm 4, and through helm 3 where only helm 3 treats a change so."""


@pytest.fixture
async def world(sandbox: Bed) -> AsyncIterator[Callable[[Release], Any]]:
    """Makes plans of a release as the wizard does."""
    made: list[KubeCluster] = []

    async def plan(release: Release, force: bool = False, **changes: Any) -> Plan:
        cluster = KubeCluster(release.target)
        made.append(cluster)
        planned = await release_plan.of_values(
            cluster, HelmCli(release.helm), YamlDocuments(), release.target, ChartFolders().open(release.chart),
            release.values(**changes), force_conflicts=force,
        )  # fmt: skip
        return planned.plan

    yield plan
    for cluster in made:
        await cluster.close()


@pytest.mark.parametrize(("case", "helm"), EACH_HELM)
async def test_what_is_planned_is_what_happens(
    case: Case, helm: str, sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], world: Any
) -> None:
    release = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)
    release.upgrade(**case.before)
    if case.kubectl:
        sandbox.kubectl("-n", namespace, *case.kubectl)
    before = release.live()

    force = case.takes is not None
    plan = await world(release, force=force, **case.values)
    said = release.upgrade(check=False, flags=["--force-conflicts"] * force, **case.values)
    after = release.live()

    touched = {one.label: one.change for one in plan.objects if one.change != "unchanged"}
    assert touched == case.expect, plan.to_data()
    taken = tuple(f"{each.path} from {each.manager}" for one in plan.objects for each in one.taken)
    assert taken == (case.takes or ()), plan.to_data()
    assert (release.code != 0) is case.fails, said
    assert (sum(bool(one.restart) for one in plan.objects) > 0) is bool(case.restart)
    for one in plan.objects:
        was, now = before.get(one.label), after.get(one.label)
        if one.change == "changed":
            assert was
            assert now
            real = {found.path: found.new for found in fields(_sealed(was), _sealed(now))}
            assert real == {found.path: found.new for found in one.fields}, one.label
            assert _template(was) != _template(now) if one.restart else _template(was) == _template(now)
        elif one.change in ("unchanged", "kept", "refused"):
            assert was
            assert now
            assert not fields(_sealed(was), _sealed(now)), one.label
        else:
            assert (was is None, now is None) == {"created": (True, False), "removed": (False, True)}[one.change]
    assert {label for label in after.keys() - before.keys() if not _helms(label)} <= touched.keys()
    assert "canary" not in json.dumps(plan.to_data())
    for encoded in (
        base64.b64encode(text.encode()).decode() for text in ("first-canary-secret", "second-canary-secret")
    ):
        assert encoded not in json.dumps(plan.to_data())


def _sealed(obj: Any) -> Any:
    return masking.sealed(obj)


def _template(obj: Any) -> Any:
    return (obj.get("spec") or {}).get("template")


def _helms(label: str) -> bool:
    return label.startswith("Secret/sh.helm.release") or label == "ConfigMap/kube-root-ca.crt"


@pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
async def test_drift_is_told_apart_from_the_change_and_a_stale_reader_is_named(
    helm: str, sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], world: Any
) -> None:
    release = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)
    release.upgrade()
    patch = '{"data":{"level":"by-hand"}}'
    sandbox.kubectl("-n", namespace, "patch", "configmap", "conf", "--type=merge", "-p", patch)

    plan = await world(release, secret="third-canary-secret")

    by_label = {one.label: one for one in plan.objects}
    (drift,) = by_label["ConfigMap/conf"].drift
    assert (drift.path, drift.old, drift.new) == ("data.level", "info", "by-hand")
    assert [one.label for one in plan.drifted] == ["ConfigMap/conf"]
    assert "Deployment/api keeps the old content" in by_label["Secret/creds"].note


@pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
async def test_an_install_into_a_missing_namespace_creates_everything_and_says_what_was_not_checked(
    helm: str, sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], world: Any
) -> None:
    release = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)

    plan = await world(release)

    assert plan.operation == "install"
    assert set(plan.counts()) == {"created"}
    assert "not there yet" in plan.unseen[0]
