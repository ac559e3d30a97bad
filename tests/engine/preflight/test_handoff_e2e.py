"""The hand-off on a real API server: applied, a person with one namespace passes and runs; one line less, they do not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Bed
from tests.e2e.test_lines import Person
from tests.engine.preflight.test_preflight_e2e import IMAGE, checked_draft, session, until
from wizard.core.rules.check import CheckResult
from wizard.sandbox import cluster, pki

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]
HOST = {"host": "api.example.org", "tls": "none", "ingress.class": "nginx"}
PRESETS = {"dev": {}, "staging": {"preset": "staging", **HOST}, "prod": {"preset": "prod", **HOST}}
"""By preset: the answers."""


def login(bed: Bed, folder: Path, user: str, namespace: str) -> str:
    """Path of a kubeconfig for a user of that name, who has no right but those of everybody."""
    authority = pki.Pair((bed.info.folder / "ca.crt").read_bytes(), (bed.info.folder / "ca.key").read_bytes())
    path = folder / f"kubeconfig-{user}"
    cluster.write_kubeconfig(path, bed.info, pki.issue(authority, user, ()), namespace, user)
    return str(path)


def applied(bed: Bed, folder: Path, *objects: Any) -> None:
    """The objects, applied by the administrator."""
    (folder / "applied.yaml").write_text(yaml.safe_dump_all(objects))
    bed.kubectl("apply", "-f", str(folder / "applied.yaml"))


def said(results: dict[str, CheckResult]) -> dict[str, str]:
    """The checks that do not pass because of a right in the namespace, and their states."""
    rights = {"R01", "R02", "R04", "R05", "R07", "R08", "N09", "W06"}
    return {
        name: one.state
        for name, one in results.items()
        if (name in rights and one.state in ("fail", "warn", "unknown"))
        or (one.state == "unknown" and "in namespace" in f"{one.next_step} {one.evidence}")
    }


def lessened(role: dict[str, Any], *, by_verb: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """(what was taken away, the Role without it): each rule, or each verb and each name of each rule."""
    for number, rule in enumerate(role["rules"]):
        words = [("verbs", verb) for verb in rule["verbs"]] + [
            ("resourceNames", name) for name in rule.get("resourceNames", ())
        ]
        for field, word in words if by_verb else [("", "")]:
            less = copy.deepcopy(role)
            if field and len(rule[field]) > 1:
                less["rules"][number][field].remove(word)
            else:
                del less["rules"][number]
            yield f"{number}: {rule['apiGroups'][0]}/{rule['resources'][0]} {field} {word}".strip(), less


FOREIGN = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: runner}
rules:
  - {apiGroups: [batch], resources: [jobs], verbs: [create, list]}
  - {apiGroups: [""], resources: [endpoints], resourceNames: [leader], verbs: [update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: runner}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: runner}
subjects: [{kind: ServiceAccount, name: runner}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: sees}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: runner}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, serviceAccountName: runner, containers: [{name: a, image: "llm-cost-ops:1.0.0"}]}}}}
"""
"""A chart that gives rights itself, and has no ConfigMap."""


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """That chart."""
    folder = tmp_path / "foreign"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: foreign\nversion: 1.0.0\n")
    (folder / "templates" / "all.yaml").write_text(FOREIGN)
    return str(folder)


@pytest.mark.parametrize(
    ("preset", "by_verb", "step"),
    [
        ("dev", False, 7),
        *(pytest.param(preset, True, 1, marks=pytest.mark.full) for preset in (*PRESETS, "foreign")),
    ],
)
async def test_with_the_file_a_person_passes_and_with_any_line_less_a_check_says_so(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, foreign: str, preset: str, by_verb: bool,
    step: int,
) -> None:  # fmt: skip
    async def asked(kubeconfig: str) -> dict[str, CheckResult]:
        async with session(tool, kubeconfig, namespace, **chart) as made:
            return await checked_draft(made, made.answers.new().with_answers(answers))

    answers = {"image": IMAGE, **PRESETS[preset]} if preset in PRESETS else {}
    chart = {} if preset in PRESETS else {"chart": foreign}
    whole = login(sandbox, tmp_path, f"{namespace}-whole", namespace)
    before = await asked(whole)
    assert {"R02", "R04"} <= {name for name, one in before.items() if one.state == "fail"}
    assert "llm-cost-ops-wizard handoff" in before["R02"].next_step

    async with session(tool, whole, namespace, **chart) as made:
        text = await made.installer.handoff(made.answers.new().with_answers(answers))
    objects = list(yaml.safe_load_all(text))
    assert [one["kind"] for one in objects] == ["Namespace", "Role", "RoleBinding"]
    _, role, binding = objects
    assert binding["subjects"][0]["name"] == f"{namespace}-whole"
    less = dict(list(lessened(role, by_verb=by_verb))[::step])
    people = {what: f"{namespace}-{number}" for number, what in enumerate(less)}
    for what, lesser in less.items():
        lesser["metadata"]["name"] = people[what]
    bound = [
        {
            **binding, "metadata": {**binding["metadata"], "name": user}, "roleRef": {**binding["roleRef"], "name": user},
            "subjects": [{**binding["subjects"][0], "name": user}],
        }
        for user in people.values()
    ]  # fmt: skip
    applied(sandbox, tmp_path, objects[0], *less.values(), *bound, *objects[1:])

    after = await asked(whole)
    assert said(after) == {}, [after[name] for name in said(after)]
    assert [one for one in after.values() if one.blocking] == []
    silent = []
    for what, user in people.items():
        if not said(await asked(login(sandbox, tmp_path, user, namespace))):
            silent.append(what)
    assert silent == [], "\n".join(silent)


LIFE = (
    ("install", "--yes"), ("upgrade", "--yes", "--set", "podAnnotations.second=yes"), ("status",), ("rollback", "1", "--yes"), ("uninstall", "--yes"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "helm"),
    [pytest.param(preset, helm, marks=pytest.mark.full) for preset in PRESETS for helm in ("helm3", "helm4")],
)
def test_with_the_file_a_person_installs_upgrades_rolls_back_and_uninstalls(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, preset: str, helm: str
) -> None:
    answers = [f"--answer={question}={answer}" for question, answer in {"image": IMAGE, **PRESETS[preset]}.items()]
    where = ("-n", namespace, *answers)
    person = Person(login(sandbox, tmp_path, f"{namespace}-jane", namespace), tool(helm), tmp_path / "work")
    person.call("check", *where, code=2)
    person.call("handoff", *where, "--file", "handoff.yaml")
    assert (person.folder / "handoff.yaml").stat().st_mode & 0o077 == 0
    sandbox.kubectl("apply", "-f", str(person.folder / "handoff.yaml"))
    person.call("check", *where, code=(0, 3))
    for command, *more in LIFE:
        asked = where if command in ("install", "upgrade") else ("-n", namespace)
        sure = ("--confirm", "llm-cost-ops") if preset == "prod" and "--yes" in more else ()
        said = person.call(command, *more, *asked, *sure)
        lost = [line for line in (said + person.err).splitlines() if "you may not" in line]
        assert [line for line in lost if "get PersistentVolume:" not in line] == [], command
        until(lambda: _scaled(sandbox, namespace))  # else the plan of the next one changes under it


def _scaled(bed: Bed, namespace: str) -> bool:
    """Whether each autoscaler has given its Deployment the replicas that it wants."""
    return all(
        bed.get("deployment", one["spec"]["scaleTargetRef"]["name"], "-n", namespace)["spec"]["replicas"]
        >= one["spec"]["minReplicas"]
        for one in bed.get("hpa", "-n", namespace)["items"]
    )
