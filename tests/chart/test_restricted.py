"""The API server's own pod security admission takes every pod of the chart as *restricted*, each submitted by itself."""

from __future__ import annotations

import copy
import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest
from tests.chart.shapes import BUNDLED, EXTERNAL, VOLATILE
from tests.conftest import Bed

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]

Submit = Callable[[dict[str, Manifest]], tuple[int, str]]


@pytest.fixture(scope="module")
def restricted(_bed: Bed) -> Iterator[str]:
    """A namespace that enforces restricted; nothing stays in it, so the tests share it."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    _bed.kubectl("create", "namespace", name)
    _bed.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    _bed.kubectl("delete", "namespace", name, "--wait=false")


@pytest.fixture
def submit(_bed: Bed, restricted: str, tool: Callable[[str], str], tmp_path: Path) -> Submit:
    """Offers bare pods to the namespace, without keeping them; exit code and what was said."""

    def call(templates: dict[str, Manifest]) -> tuple[int, str]:
        pods = []
        for number, template in enumerate(templates.values()):
            spec = copy.deepcopy(template["spec"])
            spec.pop("serviceAccountName", None)  # admission looks for it, and it is not what is asked here
            spec.setdefault("restartPolicy", "Always")
            pods.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"bare-{number}"}, "spec": spec})
        file = tmp_path / "pods.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        done = subprocess.run(
            [tool("kubectl"), "--kubeconfig", _bed.kubeconfig, "apply", "-n", restricted, "--dry-run=server",
             "--validate=strict", "-f", str(file)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return call


# On top of what a pod needs to be scheduled, volumes and sidecars of the person's own are theirs to answer for.
CASES: dict[str, dict[str, Any]] = {
    "defaults": {}, "dev": {"preset": "dev"}, "staging": {"preset": "staging"}, "prod": {"preset": "prod"},
    "everything": {"values": BUNDLED}, "external": {"values": EXTERNAL}, "volatile": {"values": VOLATILE},
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_taken_by_a_restricted_namespace(chart: Chart, submit: Submit, case: str) -> None:
    templates = chart.render(**CASES[case]).pod_templates()
    assert len(templates) >= 3
    code, said = submit(templates)
    assert code == 0, said
    assert said.count("created (server dry run)") == len(templates)
    assert "would violate" not in said


def test_a_careless_pod_is_refused_there(chart: Chart, submit: Submit) -> None:
    values = {"securityContext": {"allowPrivilegeEscalation": True}}
    templates = chart.render(values=values).pod_templates()
    code, said = submit({"app": templates["Deployment llm-cost-ops"]})
    assert code != 0
    assert 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in said
