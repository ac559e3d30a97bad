"""Checks, suggestions, home and releases against a real API server, as an admin and as people with fewer rights."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters import loopback
from tests.conftest import Bed
from wizard import compose
from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.client import KubeCluster
from wizard.core.answers.draft import Draft
from wizard.core.helm.strvals import SetFlag
from wizard.core.kube import quantity
from wizard.core.rules.check import CheckResult, all_checks
from wizard.core.target import Target
from wizard.engine.preflight import checks, overview
from wizard.engine.session import Session
from wizard.engine.state import Options

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]
ROOT = Path(__file__).parents[3]
IMAGE = "llm-cost-ops:1.0.0"


OF_A_WAY_IN = ("I01", "I02", "I03", "I04", "I05", "I06", "I07", "I08", "I09", "I10")
OF_AN_UPGRADE = ("C03", "K03", "N04", "U01", "U02", "U04", "U06", "U07", "U09", "U10")
OF_NOTHING_THERE = ("A03", "D01", "I11", "I13", "K04", "S04", "S10")
OF_A_REGISTRY = ("M01", "M02", "M05")
"""Checks that are skipped without an Ingress, before an install, and where nothing is rendered or there that they are about; and in a sandbox, which pulls no image."""


@contextlib.asynccontextmanager
async def session(
    tool: Callable[[str], str], kubeconfig: str, namespace: str = "", helm: str = "helm4", **options: Any
) -> AsyncIterator[Session]:
    path = tool(helm) if "/" not in helm else helm
    made = compose.session(Options(kubeconfig=kubeconfig, namespace=namespace, **options), helm_path=path)
    made.kubeconfig()
    try:
        yield made
    finally:
        await made.close()


async def checked(of: Session, answers: Mapping[str, str] | None = None) -> dict[str, CheckResult]:
    return await checked_draft(of, of.answers.new().with_answers({"image": IMAGE, **(answers or {})}))


async def checked_draft(of: Session, draft: Draft) -> dict[str, CheckResult]:
    return {one.id: one async for one in of.installer.checks(draft)}


def states(results: dict[str, CheckResult]) -> dict[str, str]:
    return {name: one.state for name, one in results.items() if one.state != "pass"}


@pytest.mark.parametrize("helm", ["helm4", "helm3"])
async def test_a_dev_install_into_a_namespace_that_is_there_passes_everything(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], helm: str
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with session(tool, sandbox.kubeconfig, namespace, helm) as made:
        results = await checked(made)
    assert set(results) == {one.id for one in all_checks()}
    assert set(states(results)) == {
        *OF_A_WAY_IN,
        *OF_AN_UPGRADE,
        *OF_NOTHING_THERE,
        *OF_A_REGISTRY,
        "A01",
        "C04",
        "M04",
        "Q04",
        "Q09",
        "S01",
    }
    assert set(states(results).values()) == {"skipped"}


async def test_a_prod_install_checks_its_classes(sandbox: Bed, namespace: str, tool: Callable[[str], str]) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        good = await checked(made, {"preset": "prod", "host": "api.example.org", "tls": "none"})
        named = {"preset": "prod", "host": "api.example.org", "tls": "none"}
        bad = await checked(made, {**named, "ingress.class": "alb", "database.class": "gone"})
    skipped = dict.fromkeys(
        (*OF_AN_UPGRADE, *OF_NOTHING_THERE, *OF_A_REGISTRY, "I07", "I08", "I09", "I10", "M04"), "skipped"
    )
    sandboxed = {
        "A01": "warn",
        "I02": "warn",
        "I03": "warn",
        "W16": "warn",
    }  # it has no metrics and no ingress controller, its class is of a retired one; no TLS is asked for
    assert states(good) == {**skipped, **sandboxed}
    assert states(bad) == {**skipped, "A01": "warn", "W16": "warn", "I01": "fail", "I02": "skipped", "S01": "fail"}
    assert (bad["I01"].question, bad["S01"].question) == ("ingress.class", "database.class")
    assert "nginx" in bad["I01"].next_step
    assert "fast-ssd, standard" in bad["S01"].next_step


@pytest.mark.parametrize(
    "answers",
    [{}, {"preset": "prod", "host": "api.example.org", "tls": "none", "replicas.max": "90", "database.class": "gone"}],
)
async def test_what_stands_beside_the_questions_is_what_the_review_says(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], answers: Mapping[str, str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        draft = made.answers.new().with_answers({"image": IMAGE, **answers})
        beside = {one.id: one async for one in made.installer.while_asking(draft)}
        review = await checked_draft(made, draft)
    assert set(beside) == {check.id for check in all_checks() if check.about}
    said = {name: (one.state, one.evidence, one.next_step) for name, one in beside.items() if name != "W05"}
    assert said == {name: (review[name].state, review[name].evidence, review[name].next_step) for name in said}
    assert beside["W05"].state == "pass"  # how many milliseconds it took differs


async def test_presets_are_compared_with_what_the_cluster_has_once_for_each_cluster(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    async def compared() -> Mapping[str, str]:
        async with session(tool, sandbox.kubeconfig, namespace) as made:
            draft = made.answers.new().with_answers({"image": IMAGE})
            assert await made.installer.compare_presets(draft)
            assert not await made.installer.compare_presets(draft)
            return made.suggestions.presets

    assert await compared() == {"dev": "", "staging": "", "prod": ""}
    (tmp_path / "class.yaml").write_text(sandbox.kubectl("get", "storageclass", "fast-ssd", "-o", "yaml"))
    sandbox.kubectl("delete", "storageclass", "fast-ssd")
    try:
        without = await compared()
    finally:
        sandbox.kubectl("apply", "-f", str(tmp_path / "class.yaml"))
    sandbox.scenario("unschedulable")
    full = await compared()
    assert without == {"dev": "", "staging": "", "prod": "no disk class fast-ssd here"}
    assert "room for 0 of 3 pods of Deployment/llm-cost-ops" in full["prod"]
    assert "room for 0 of 1 pods of Deployment/llm-cost-ops" in full["dev"]
    assert (await compared())["prod"].startswith("room for")  # and the class is there again


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: NAMEs.NAME.example.com}
spec:
  group: NAME.example.com
  names: {kind: Widget, plural: NAMEs, singular: NAME, listKind: WidgetList}
  scope: Namespaced
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
"""


async def test_a_chart_that_brings_its_kinds_is_installed_before_the_cluster_serves_them(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    group = f"{namespace}.example.com"
    files = {
        "Chart.yaml": "apiVersion: v2\nname: widgets\nversion: 0.1.0\n",
        "crds/widget.yaml": CRD.replace("NAME", namespace),
        "templates/widget.yaml": f"apiVersion: {group}/v1\nkind: Widget\nmetadata: {{name: one}}\n",
    }
    for name, text in files.items():
        (tmp_path / "chart" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "chart" / name).write_text(text)
    async with session(tool, sandbox.kubeconfig, namespace, chart=str(tmp_path / "chart")) as made:
        draft = made.answers.new()
        new = await checked_draft(made, draft)
        plan = await made.installer.plan(made.answers.prepare(draft))
    done = installed(sandbox, tool, namespace, None, str(tmp_path / "chart"))
    async with session(tool, sandbox.kubeconfig, namespace, chart=str(tmp_path / "chart")) as made:
        again = await checked_draft(made, made.answers.new())
    sandbox.kubectl("delete", "crd", f"{namespace}s.{group}", "--wait=false")
    assert done.returncode == 0, done.stderr
    assert {name: (new[name].state, again[name].state) for name in ("A02", "R07", "W12")} == {
        "A02": ("pass", "pass"), "R07": ("pass", "pass"), "W12": ("pass", "pass"),
    }  # fmt: skip
    assert [(obj.change, obj.label) for obj in plan.objects] == [("created", "Widget/one")]


async def test_the_checks_judge_what_helm_installs_on_a_cluster_with_kinds_of_its_own(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    answers = {"image": IMAGE, "monitoring": "mine"}
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        without = await checked_draft(made, made.answers.new().with_answers(answers))
    definition = CRD.replace("NAMEs.NAME.example.com", "servicemonitors.monitoring.coreos.com").replace(
        "NAME.example.com", "monitoring.coreos.com"
    )
    for before, after in (("NAMEs", "servicemonitors"), ("NAME", "servicemonitor"), ("Widget", "ServiceMonitor")):
        definition = definition.replace(before, after)
    (tmp_path / "crd.yaml").write_text(definition)
    sandbox.kubectl("apply", "-f", str(tmp_path / "crd.yaml"))
    try:
        sandbox.kubectl(
            "wait", "crd/servicemonitors.monitoring.coreos.com", "--for=condition=Established", "--timeout=20s"
        )
        async with session(tool, sandbox.kubeconfig, namespace) as made:
            draft = made.answers.new().with_answers(answers)
            found = await checked_draft(made, draft)
            plan = await made.installer.plan(made.answers.prepare(draft))
    finally:
        sandbox.kubectl("delete", "crd", "servicemonitors.monitoring.coreos.com", "--wait=false")
    assert "ServiceMonitor" in {obj.kind for obj in plan.objects}
    assert (without["A03"].state, found["A02"].state, found["R07"].state) == ("skipped", "pass", "pass")
    assert found["A03"].evidence != without["A03"].evidence
    (count,) = {line.partition(" of ")[0] for line in found["R07"].evidence}
    assert int(count) == len(plan.objects) + len(plan.hooks)


async def test_a_host_that_a_release_of_another_namespace_has_is_taken(
    sandbox: Bed, namespace: str, tool: Callable[[str], str]
) -> None:
    answers = {"preset": "prod", "host": f"{namespace}.example.org", "tls": "none"}
    for name in (namespace, f"{namespace}-first"):
        sandbox.kubectl("create", "namespace", name)
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        free = await checked(made, answers)
        rule = f"{answers['host']}/*=web:80"
        sandbox.kubectl("-n", f"{namespace}-first", "create", "ingress", "web", "--class=nginx", f"--rule={rule}")
        taken = await checked(made, answers)
        other = await checked(made, {**answers, "host": f"other.{namespace}.example.org"})
    sandbox.kubectl("delete", "namespace", f"{namespace}-first", "--wait=false")
    assert [free["I05"].state, other["I05"].state, taken["I05"].state] == ["pass", "pass", "fail"]
    assert f"Ingress/web in namespace {namespace}-first has {answers['host']}/ too" in taken["I05"].evidence[0]
    assert (taken["I05"].blocking, taken["I05"].question) == (True, "host")


async def test_a_missing_namespace_skips_the_dry_run_which_is_made_late(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        results = await checked(made)
        values = tmp_path / "values.yaml"
        values.write_text(made.answers.prepare(made.answers.new().with_answers({"image": IMAGE})).text)
        sandbox.kubectl("create", "namespace", namespace)
        target = Target(sandbox.info.context, namespace, "llm-cost-ops", sandbox.kubeconfig)
        chart = str(ROOT / "chart" / "llm-cost-ops")
        helm, documents = HelmCli(tool("helm4")), YamlDocuments()
        passed = await checks.late(made._state.cluster(target), documents, helm, target, chart, str(values))
        sandbox.kubectl("-n", namespace, "create", "quota", "small", "--hard=services=0")
        counted = ("wait", "quota", "small", "--for=jsonpath={.status.hard.services}=0", "--timeout=20s")
        sandbox.kubectl("-n", namespace, *counted)
        refused = await checks.late(made._state.cluster(target), documents, helm, target, chart, str(values))
    assert [results[name].state for name in ("R01", "R07", "R08")] == ["pass", "skipped", "skipped"]
    assert results["R07"].evidence == ("namespace not there yet",)
    assert {one.id: one.state for one in passed} == {"R07": "pass", "R08": "pass"}
    assert {one.id: one.blocking for one in refused} == {"R07": True, "R08": False}
    (server,) = (one for one in refused if one.id == "R07")
    assert "exceeded quota: small" in server.evidence[0]
    assert "quota" in server.next_step


def installed(
    sandbox: Bed, tool: Callable[[str], str], namespace: str, values: Path | None,
    chart: str = str(ROOT / "chart" / "llm-cost-ops"),
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """What helm says when it is told to go on, without waiting."""
    given = ["--values", str(values)] if values else []
    command = [tool("helm4"), "install", "llm-cost-ops", chart, "--namespace", namespace, *given]
    return subprocess.run(
        [*command, "--kubeconfig", sandbox.kubeconfig], capture_output=True, text=True, timeout=120, check=False
    )


def reasons(sandbox: Bed, namespace: str, reason: str) -> list[str]:
    events = sandbox.get("events", "-n", namespace, "--field-selector", f"reason={reason}")["items"]
    return [event["message"] for event in events]


def until(what: Callable[[], Any], seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return found


BROKEN: dict[str, tuple[dict[str, Any], dict[str, str], str, str, str, str]] = {
    "limit range": (
        {"kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": [{"type": "Container", "max": {"memory": "300Mi"}}]}},
        {}, "R08", "maximum memory usage per Container is 300Mi", "FailedCreate", "maximum memory usage per Container is 300Mi",
    ),
    "priority class": (
        {}, {"priorityClassName": "gone"}, "R08", "no PriorityClass with name gone was found", "FailedCreate", "no PriorityClass with name gone",
    ),
    "quota of pods": (
        {"kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "2"}}},
        {}, "Q02", "team: pods needs", "FailedCreate", "exceeded quota: team",
    ),
    "no room": (
        {}, {"cpu": "5", "cpu.limit": "6"}, "C01", "0 of 1 pods fit; no node for the next, of 3: 3 Insufficient cpu", "FailedScheduling", "3 Insufficient cpu",
    ),
    "too little memory": (
        {}, {"memory": "9Gi", "memory.limit": "9Gi"}, "C01", "3 Insufficient memory", "FailedScheduling", "3 Insufficient memory",
    ),
}  # fmt: skip
"""By name: an object of the cluster, answers, the check that says no, its words, the reason and words of what happens all the same."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] if name != "limit range" else []) for name in BROKEN],
)
async def test_what_the_check_refuses_really_fails_and_passes_once_it_is_mended(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, name: str
) -> None:
    obj, answers, check_id, says, reason, words = BROKEN[name]
    if obj.get("kind") != "Namespace":
        sandbox.kubectl("create", "namespace", namespace)
    if obj:
        text = yaml.safe_dump({"apiVersion": "v1", **obj}).replace("NS", namespace)
        (tmp_path / "object.yaml").write_text(text)
        sandbox.kubectl("-n", namespace, "apply", "-f", str(tmp_path / "object.yaml"))
    if obj.get("kind") == "ResourceQuota":
        until(lambda: sandbox.get("quota", "team", "-n", namespace).get("status", {}).get("hard"))
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        given = {key: value for key, value in answers.items() if "Class" not in key}
        sets = tuple(SetFlag("--set", f"{key}={value}") for key, value in answers.items() if key not in given)
        draft = replace(made.answers.new().with_answers({"image": IMAGE, **given}), sets=sets)
        refused = (await checked_draft(made, draft))[check_id]
        values = tmp_path / "values.yaml"
        values.write_text(made.answers.prepare(draft).text)
        assert (refused.state, refused.blocking) == ("fail", True)
        assert any(says in line for line in refused.evidence), refused.evidence
        installed(sandbox, tool, namespace, values)
        assert until(lambda: [text for text in reasons(sandbox, namespace, reason) if words in text])
        sandbox.kubectl("delete", "all,quota,limits,pvc", "--all", "-n", namespace, "--wait=true")
        sandbox.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce-")
        assert (await checked(made))[check_id].state == "pass"


async def test_the_numbers_of_the_quota_are_those_that_the_api_server_counts(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    names = (
        "requests.cpu",
        "requests.memory",
        "limits.cpu",
        "limits.memory",
        "pods",
        "persistentvolumeclaims",
        "requests.storage",
        "services",
        "configmaps",
    )
    sandbox.kubectl(
        "-n",
        namespace,
        "create",
        "quota",
        "team",
        "--hard="
        + ",".join(
            f"{name}=900" if "memory" not in name and "storage" not in name else f"{name}=900Gi" for name in names
        ),
    )
    until(lambda: sandbox.get("quota", "team", "-n", namespace).get("status", {}).get("used"))
    before = sandbox.get("quota", "team", "-n", namespace)["status"]["used"]
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        said = (await checked(made))["Q02"]
        values = tmp_path / "values.yaml"
        values.write_text(made.answers.prepare(made.answers.new().with_answers({"image": IMAGE})).text)
    assert said.state == "pass"
    assert installed(sandbox, tool, namespace, values).returncode == 0
    wanted = {
        name: quantity.parse(line.split(" needs ")[1].split(" more")[0])
        for line in said.evidence
        for name in names
        if f" {name} needs " in line
    }
    assert set(wanted) >= {"requests.cpu", "pods", "requests.memory", "persistentvolumeclaims"}

    def counted() -> bool:
        used = sandbox.get("quota", "team", "-n", namespace)["status"]["used"]
        return {
            name: (quantity.parse(used[name]) or 0) - (quantity.parse(before[name]) or 0) for name in wanted
        } == wanted

    until(counted)


async def test_a_namespace_that_is_going_away_stops_it(
    sandbox: Bed, namespace: str, tool: Callable[[str], str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    held = '{"metadata":{"finalizers":["example.com/hold"]}}'
    sandbox.kubectl("-n", namespace, "create", "configmap", "held")
    sandbox.kubectl("-n", namespace, "patch", "configmap", "held", "-p", held)
    sandbox.kubectl("delete", "namespace", namespace, "--wait=false")
    try:
        async with session(tool, sandbox.kubeconfig, namespace) as made:
            deadline = time.monotonic() + 20
            while True:
                results = await checked(made)
                if "example.com/hold" in " ".join(results["R01"].evidence) or time.monotonic() > deadline:
                    break
    finally:
        none = '{"metadata":{"finalizers":null}}'
        sandbox.kubectl("-n", namespace, "patch", "configmap", "held", "-p", none)
    assert results["R01"].blocking
    assert "example.com/hold" in " ".join(results["R01"].evidence)
    assert results["R01"].question == "namespace"


async def test_named_secrets_must_be_there_with_their_keys(
    sandbox: Bed, namespace: str, tool: Callable[[str], str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "secret", "generic", "full", "--from-literal=password=x")
    sandbox.kubectl("-n", namespace, "create", "secret", "generic", "half", "--from-literal=other=x")
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        answers = {"secret.jwt": "existing", "secret.jwt.name": "gone"}
        gone = (await checked(made, answers))["K02"]
        answers = {"secret.postgres": "existing", "secret.postgres.name": "full"}
        full = (await checked(made, answers))["K02"]
        half = (await checked(made, {**answers, "secret.postgres.name": "half"}))["K02"]
    assert (gone.state, gone.question) == ("fail", "secret.jwt.name")
    assert "Secret gone" in gone.evidence[0]
    assert "kubectl create secret generic gone" in gone.next_step
    assert (full.state, full.evidence) == ("pass", ("full has password",))
    assert (half.state, half.question) == ("fail", "secret.postgres.name")
    assert "Secret half has no key password" in half.evidence[0]


async def test_a_pending_release_is_refused_and_a_running_one_is_an_upgrade(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    values = tmp_path / "values.yaml"
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        draft = made.answers.new().with_answers({"image": IMAGE})
        values.write_text(made.answers.prepare(draft).text)
        await _helm(tool, sandbox, namespace, "install", values)
        assert await made.installer.operation(made.answers.resolve(draft).target) == "upgrade"
        orphaned = await checked(made)
        name = "llm-cost-ops-postgresql-credentials"
        sandbox.kubectl("-n", namespace, "create", "secret", "generic", name, "--from-literal=password=x")
        upgrade = await checked(made)
        changed = await checked(made, {"database.size": "20Gi"})
        record = "sh.helm.release.v1.llm-cost-ops.v1"
        sandbox.kubectl("-n", namespace, "label", "secret", record, "status=pending-install", "--overwrite")
        pending = await checked(made)
        other = await checked(made, {"release": "another"})
    assert orphaned["N07"].blocking, "the database's claim is there, the Secret with its password is not"
    assert {name: state for name, state in states(upgrade).items() if state == "fail"} == {}
    assert "this is an upgrade" in upgrade["N02"].evidence[0]
    assert "apply" in upgrade["R07"].evidence[0]
    assert changed["R07"].state == "fail"
    assert (
        "volumeClaimTemplates" in changed["R07"].evidence[0] or "updates to statefulset" in changed["R07"].evidence[0]
    )
    assert pending["N02"].blocking
    assert f"recover llm-cost-ops -n {namespace}" in pending["N02"].next_step
    assert "also in" in other["N01"].evidence[1]


async def _helm(tool: Callable[[str], str], bed: Bed, namespace: str, operation: str, values: Path) -> None:
    import asyncio

    argv = [tool("helm4"), operation, "llm-cost-ops", str(ROOT / "chart" / "llm-cost-ops"), "-n", namespace]
    process = await asyncio.create_subprocess_exec(
        *argv, "-f", str(values), "--kubeconfig", bed.kubeconfig, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def test_objects_of_others_are_named(sandbox: Bed, namespace: str, tool: Callable[[str], str]) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "service", "clusterip", "llm-cost-ops", "--tcp=80")
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        results = await checked(made)
    assert results["N03"].blocking
    assert "Service/llm-cost-ops" in results["N03"].evidence[0]


# People with fewer rights


async def test_a_person_of_one_namespace_can_install_there_and_is_refused_elsewhere(
    sandbox: Bed, namespace: str, tool: Callable[[str], str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    kubeconfig = sandbox.user("namespace-only", namespace=namespace)
    async with session(tool, kubeconfig, namespace) as made:
        own = await checked(made)
        behind = await checked(made, {"preset": "prod", "host": "a.example.org", "tls": "none"})
        lines = {line.key: line async for line in made.home()}
    assert not any(one.blocking for one in own.values())
    assert (behind["I05"].state, behind["I05"].blocking) == ("unknown", False)
    assert "list ingresses.networking.k8s.io" in behind["I05"].next_step
    assert {"R01", "R02", "R04", "R05", "R07", "W06"} <= {name for name, one in own.items() if one.state == "pass"}
    assert states(own)["S02"] == "unknown"
    assert "list storageclasses.storage.k8s.io" in own["S02"].next_step
    assert f"may create everything needed in namespace {namespace}" in lines["you"].text
    assert "nodes hidden from you" in lines["cluster"].text
    assert lines["room"].state == "unknown"
    async with session(tool, kubeconfig, "default") as made:
        refused = await checked(made)
    assert refused["R02"].blocking
    assert refused["R04"].blocking
    assert "not allowed: Deployment" in "\n".join(refused["R02"].evidence)
    async with session(tool, kubeconfig, f"{namespace}-more") as made:
        missing = await checked(made)
    assert missing["R01"].state in ("fail", "unknown")


async def test_a_viewer_is_told_what_is_missing_and_still_sees_releases(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    values = tmp_path / "values.yaml"
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        values.write_text(made.answers.prepare(made.answers.new().with_answers({"image": IMAGE})).text)
    await _helm(tool, sandbox, namespace, "install", values)
    kubeconfig = sandbox.user("view", cluster_wide=True)
    async with session(tool, kubeconfig, namespace) as made:
        results = await checked(made)
        views = [view async for view in made.releases(Target(sandbox.info.context, namespace, "", kubeconfig))]
        lines = {line.key: line async for line in made.home()}
    assert results["R02"].blocking
    assert results["N02"].state == "unknown"
    assert "list secrets" in results["N02"].next_step
    (row,) = views[-1].rows
    assert (row.name, row.helm_status, row.revision) == ("llm-cost-ops", "", 0)
    meta = yaml.safe_load((Path(__file__).parents[3] / "chart" / "llm-cost-ops" / "Chart.yaml").read_text())
    assert row.chart == f"llm-cost-ops-{meta['version']}"
    assert row.total >= 3
    assert "needs list secrets" in views[-1].hidden
    assert "may create nothing" in lines["you"].text
    assert "llm-cost-ops in" in lines["releases"].text


async def test_an_expired_login_is_one_red_line(sandbox: Bed, tool: Callable[[str], str]) -> None:
    async with session(tool, sandbox.user("expired"), "ns") as made:
        results = await checked(made)
        lines = {line.key: line async for line in made.home()}
        suggestions = await made.refresh_suggestions(made.answers.new())
    assert [name for name, one in results.items() if one.state == "fail"] == ["W04"]
    assert results["R01"].evidence == ("waits for W04",)
    assert set(lines) == {"cluster", "tools"}
    assert ("L", "log in") in lines["cluster"].keys
    assert suggestions.namespaces is None


# Bad days of this machine


async def test_each_bad_start_is_one_red_line_in_its_own_words(tool: Callable[[str], str], tmp_path: Path) -> None:
    page = loopback.Answer(200, "<html>login</html>", "text/html")
    pair = loopback.certificate(tmp_path, "server")
    with loopback.serving(lambda _: page) as web, loopback.serving(lambda _: page, pair) as foreign:
        for server, says in (
            (loopback.closed_port(), "refuses the connection"),
            ("https://no-such-host.invalid", "does not resolve"),
            (web.url, "a web page"),
            (foreign.url, "not from the authority"),
        ):
            async with session(tool, loopback.kubeconfig(tmp_path, server), "ns") as made:
                results = await checked(made)
                lines = {line.key: line async for line in made.home()}
            assert [name for name, one in results.items() if one.state == "fail"] == ["W05"]
            assert says in results["W05"].evidence[0]
            assert results["W05"].next_step
            assert says in lines["cluster"].text
            assert lines["cluster"].next_step


async def test_helm_chart_and_values_that_are_no_use_are_red_lines_too(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    async with session(tool, sandbox.kubeconfig, namespace, helm=str(tmp_path / "nohelm")) as made:
        results = await checked(made)
        lines = {line.key: line async for line in made.home()}
    assert results["W01"].blocking
    assert results["W10"].evidence == ("waits for W01",)
    assert lines["tools"].state == "fail"
    async with session(tool, sandbox.kubeconfig, namespace, chart=str(tmp_path)) as made:
        results = await checked(made)
        lines = {line.key: line async for line in made.home()}
    assert results["W08"].blocking
    assert results["R01"].state == "pass"
    assert lines["tools"].state == "fail"
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        broken = replace(made.answers.new(), sets=(SetFlag("--set", "replicaCount=many"),))
        results = await checked_draft(made, broken.with_answers({"image": IMAGE}))
    assert results["W10"].blocking
    assert "replicaCount" in "\n".join(results["W10"].evidence)
    assert results["W10"].question == "replicas"


async def test_no_kubeconfig_still_shows_tools_and_checks(tool: Callable[[str], str], tmp_path: Path) -> None:
    async with session(tool, str(tmp_path / "none")) as made:
        lines = [line async for line in made.home()]
        results = await checked(made)
    assert [(line.key, line.state) for line in lines] == [("cluster", "fail"), ("tools", "pass")]
    assert "sandbox up" in lines[0].next_step
    assert results["W03"].blocking
    assert results["W05"].evidence == ("waits for W03",)
    assert results["W10"].state == "pass"


# What is offered


async def test_home_says_what_the_cluster_has_as_the_checks_do(sandbox: Bed, tool: Callable[[str], str]) -> None:
    way_in = {"host": "home.example.org", "tls": "none", "ingress.class": "nginx"}
    async with session(tool, sandbox.kubeconfig) as made:
        lines: dict[str, overview.HomeLine] = {line.key: line async for line in made.home()}
        draft = made.answers.new().with_answers({"preset": "prod", "image": "llm-cost-ops:1.0.0", **way_in})
        results = {result.id: result.state async for result in made.installer.checks(draft)}
    assert (lines["wayin"].state, lines["metrics"].state) == (results["I02"], results["A01"])
    assert (lines["disk"].state, results["S02"], results["S03"]) == ("pass", "pass", "pass")
    assert set(lines) == {"cluster", "you", "tools", "releases", "disk", "wayin", "certs", "metrics", "room"}
    count = sandbox.info.nodes.count
    assert f"{count} of {count} nodes ready" in lines["cluster"].text
    assert "standard (default)" in lines["disk"].text
    assert "nginx" in lines["wayin"].text
    assert lines["room"].next_step == "dev, staging, prod fit"
    assert lines["certs"].state == lines["metrics"].state == "warn"


async def test_suggestions_are_what_is_there(sandbox: Bed, namespace: str, tool: Callable[[str], str]) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "secret", "generic", "llm-cost-ops-app-credentials")
    async with session(tool, sandbox.kubeconfig, namespace) as made:
        suggestions = await made.refresh_suggestions(made.answers.new())
        resolved = made.answers.resolve(made.answers.new())
        assert resolved["secret.jwt"] == "keep"
    assert namespace in (suggestions.namespaces or ())
    assert suggestions.ingress_classes == ("nginx",)
    assert suggestions.storage_classes == ("fast-ssd", "standard")
    assert suggestions.default_storage_class == "standard"
    assert suggestions.issuers == ()
    assert suggestions.sandbox


async def test_a_client_is_kept_for_the_whole_session(sandbox: Bed, tool: Callable[[str], str]) -> None:
    async with session(tool, sandbox.kubeconfig) as made:
        target = Target(sandbox.info.context, "a", "b", sandbox.kubeconfig)
        assert isinstance(made._state.cluster(target), KubeCluster)
        assert made._state.cluster(target) is made._state.cluster(
            Target(sandbox.info.context, "c", "d", sandbox.kubeconfig)
        )
