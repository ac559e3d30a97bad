"""Check K03 on a real API server: quiet about a healthy release, and right about the place of a planted secret."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Bed
from tests.e2e.test_lines import Person
from tests.engine.preflight.test_preflight_e2e import IMAGE, ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]
HOST = {"host": "NAMESPACE.example.org", "tls": "none", "ingress.class": "nginx"}
PRESETS: dict[str, dict[str, str]] = {
    "dev": {},
    "staging": {"preset": "staging", **HOST},
    "prod": {"preset": "prod", **HOST},
}
NAME = "llm-cost-ops"


def checked(person: Person, namespace: str) -> dict[str, Any]:
    """The result of K03."""
    said = person.call("check", "--only", "K03", "-n", namespace, "--answer", f"image={IMAGE}", "-o", "json")
    (one,) = json.loads(said)["checks"]
    return dict(one)


@pytest.mark.parametrize("preset", ["dev", *(pytest.param(one, marks=pytest.mark.full) for one in ("staging", "prod"))])
def test_a_healthy_release_has_no_leak_and_a_planted_one_is_named_with_its_place(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, preset: str
) -> None:
    person = Person(sandbox.kubeconfig, tool("helm4"), tmp_path / "work")
    answers = [f"--answer={question}={answer}" for question, answer in {"image": IMAGE, **PRESETS[preset]}.items()]
    answers = [answer.replace("NAMESPACE", namespace) for answer in answers]
    sure = ("--confirm", NAME) if preset == "prod" else ()
    events = [
        json.loads(line)
        for line in person.call("install", "-n", namespace, "--yes", *sure, *answers, "-o", "jsonl").splitlines()
    ]
    kinds = [one["type"] for one in events]
    (own,) = (at for at, one in enumerate(events) if one["data"].get("id") == "K03" and at > kinds.index("helm.exited"))
    assert (events[own]["data"]["state"], kinds[own + 1 :].count("run.finished")) == ("pass", 1), events[own]
    assert checked(person, namespace)["state"] == "pass"

    secret = base64.b64decode(
        sandbox.get("secret", f"{NAME}-app-credentials", "-n", namespace)["data"]["jwt-secret"]
    ).decode()
    encoded = base64.b64encode(f"jwt:{secret}".encode()).decode()
    values = {
        "podAnnotations": {"acme.test/token": secret}, "extraEnv": [{"name": "AUTH", "value": encoded}],
        "extraObjects": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"a.conf": f"x\njwt={secret}\n"}}],
    }  # fmt: skip
    (tmp_path / "planted.yaml").write_text(yaml.safe_dump(values))
    chart = str(ROOT / "chart" / NAME)
    command = [
        tool("helm4"),
        "upgrade",
        NAME,
        chart,
        "-n",
        namespace,
        "-f",
        str(person.folder / f"{NAME}.{preset}.values.yaml"),
        "-f",
        str(tmp_path / "planted.yaml"),
    ]
    command += ["--kubeconfig", sandbox.kubeconfig]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr

    told = checked(person, namespace)
    said = "\n".join(told["evidence"])
    assert told["state"] == "warn"
    assert (
        f"jwt-secret of Secret {NAME}-app-credentials is in revision 2 of helm's records: values at podAnnotations.acme"
        in said
    )
    assert "values at extraEnv[0].value" in said
    assert "values at extraObjects[0].data.a" in said
    assert "ConfigMap/more at data.a" in said
    assert "revision 1" not in said
    assert secret not in said
    assert "--history-max" in told["next_step"]
