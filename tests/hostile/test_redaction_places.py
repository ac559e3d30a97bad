"""A secret that stands where nobody declared it is masked in each view of a release and in each message about a login."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube import errors as kube_errors
from wizard.adapters.kube.kubeconfig import KubeconfigFiles
from wizard.core.errors import Problem
from wizard.core.helm import plan
from wizard.core.helm.plan import Field, ObjectPlan, Plan
from wizard.core.helm.release import ReleaseRecord
from wizard.core.target import Target
from wizard.core.text.masking import known_secrets
from wizard.core.text.secrets import Redactor
from wizard.engine.release import compare

OLD, NEW = "Canary1xold7", "Canary2xnew7"
DOCUMENTS = YamlDocuments()
MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: api, annotations: {{example.com/webhook-token: {0}}}}}
spec:
  template:
    spec:
      containers:
      - name: api
        args: [serve, --api-token, {0}, --client-secret={0}]
        env:
        - {{name: DB_PASSWORD, value: {0}}}
        - {{name: UPSTREAM, value: "https://u:{0}@host/x"}}
        - {{name: MODE, value: fast}}
        - {{name: JWT_SECRET, valueFrom: {{secretKeyRef: {{name: app, key: jwt-secret}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: conf}}
data: {{SMTP_PASSWORD: {0}, level: info}}
"""


def record(revision: int, secret: str) -> ReleaseRecord:
    """A revision whose values and manifest hold a secret in lists, maps, arguments and addresses."""
    config = {
        "extraEnv": [{"name": "DB_PASSWORD", "value": secret}, {"name": "MODE", "value": "fast"}],
        "smtp": {"password": secret},
    }
    return ReleaseRecord(
        "rel", "ns", revision, "deployed", "", "", "c", "1", "1", config, {}, MANIFEST.format(secret),
    )  # fmt: skip


def test_values_manifest_and_comparison_of_revisions_show_no_secret_and_all_else() -> None:
    old, new = record(1, OLD), record(2, NEW)
    shown = [
        compare.values_text(DOCUMENTS, new), compare.values_text(DOCUMENTS, new, every=True), compare.manifest(DOCUMENTS, new),
        str(compare.revisions(DOCUMENTS, old, new).to_data()),
    ]  # fmt: skip
    assert "Canary" not in "".join(shown)
    assert "fast" in shown[0]
    assert "key: jwt-secret" in shown[2]
    assert "https://u:********@host/x" in shown[2]
    assert "changed" in shown[3]


def test_a_difference_in_masked_values_only_is_still_a_difference() -> None:
    found = compare.revisions(DOCUMENTS, record(1, OLD), record(2, NEW))
    assert found.values == ("values changed: extraEnv, smtp.password",)
    assert [one.lines for one in found.objects] == [
        ("values changed: SMTP_PASSWORD",),
        ("values changed: metadata.annotations.example\\.com/webhook-token, spec.template.spec.containers",),
    ]


def test_a_difference_in_masked_values_is_said_beside_one_that_shows() -> None:
    old, new = record(1, OLD), record(2, NEW)
    new = replace(
        new, config={**new.config, "replicaCount": 2}, manifest=new.manifest.replace("level: info", "level: debug")
    )
    found = compare.revisions(DOCUMENTS, old, new)
    assert found.values[-2:] == ("+replicaCount: 2", "values changed: extraEnv, smtp.password")
    lines = next(one.lines for one in found.objects if one.label == "ConfigMap/conf")
    assert "+  level: debug" in lines
    assert lines[-1] == "values changed: SMTP_PASSWORD"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.template.spec.containers[api].env[DB_PASSWORD].value", NEW),
        ("data.SMTP_PASSWORD", NEW),
        ("data[smtp.password]", NEW),
        ("metadata.annotations[example.com/api-key]", NEW),
        ("spec.template.spec.containers[api].env[UPSTREAM].value", f"https://u:{NEW}@host"),
        ("spec.template.spec.containers[api].args", ["--password", NEW]),
        ("spec.template.spec.containers[api].env", [{"name": "DB_PASSWORD", "value": NEW}]),
    ],
)
def test_a_field_of_a_plan_is_masked_by_its_path_though_nobody_knows_the_secret(path: str, value: object) -> None:
    one = ObjectPlan(
        "v1",
        "ConfigMap",
        "ns",
        "x",
        "changed",
        fields=(Field(path, "before", value),),
        drift=(Field(path, value, "live"),),
    )
    made = Plan("upgrade", "c", "ns", "rel", 1, 1, (one,), "c-1", "apply")
    assert "Canary" not in str(plan.redacted(made, Redactor()).to_data())


def test_a_plain_field_of_a_plan_is_shown() -> None:
    path = "spec.template.spec.containers[api].env[MODE].value"
    one = ObjectPlan("v1", "ConfigMap", "ns", "x", "changed", fields=(Field(path, "slow", "fast"),))
    made = Plan("upgrade", "c", "ns", "rel", 1, 1, (one,), "c-1", "apply")
    assert plan.redacted(made, known_secrets([{"password": "Canary12345"}])).objects[0].fields == one.fields


KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://admin:p4ss/Canary@127.0.0.1:1"}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
users:
- name: u
  user: {token: tokenCanaryOfUser1, client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpDYW5hcnkxMjM0NTY3ODk=, username: a, password: passCanaryword}
"""
TWICE = f"{KUBECONFIG}- name: u\n  user: {{token: tokenCanaryOfUser2}}\n"
"""Two users of one name, which helm refuses with all that it knows of them."""


def test_a_password_in_the_address_of_a_server_is_in_no_context_and_no_error(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG.rpartition("- name: u")[0])
    context = KubeconfigFiles().read(str(path)).contexts[0]
    assert context.server == "https://admin:********@127.0.0.1:1"
    server = "https://admin:p4ss/Canary@127.0.0.1:1"
    errors = [
        kube_errors.slow(server), kube_errors.not_kubernetes(server, "a web page"), kube_errors.of_exception(ConnectionRefusedError(), server),
        kube_errors.of_exception(OSError(f"Failed to parse: {server}"), server), kube_errors.of_answer(500, "text/plain", b"x", server),
    ]  # fmt: skip
    assert "Canary" not in "".join(map(str, errors))


def _printed(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=False).stderr


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
async def test_helm_s_error_about_a_kubeconfig_shows_no_key_and_no_token(
    name: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(TWICE.replace("admin:p4ss/Canary@", ""))
    raw = await asyncio.to_thread(_printed, tool(name), "--kubeconfig", str(path), "list")
    assert "tokenCanaryOfUser1" in raw, "helm prints it"
    with pytest.raises(Problem) as caught:
        await HelmCli(tool(name)).list(Target("x", "ns", "rel", str(path)))
    said = str(caught.value)
    assert 'duplicate name "u"' in said
    assert "Canary" not in said
    assert "45 45 45" not in said
