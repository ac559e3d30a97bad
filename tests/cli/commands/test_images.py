"""`images`: what has to be mirrored, by the real helm, and digests by a registry of this machine."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.adapters import loopback
from tests.chart.conftest import CHART
from wizard.cli import parser

INDEX = json.dumps({"manifests": [{"platform": {"os": "linux", "architecture": "amd64"}}]})
DIGEST = "sha256:" + hashlib.sha256(INDEX.encode()).hexdigest()
PINNED = "quay.io/acme/tool@sha256:" + "0f" * 32
TEMPLATE = """
apiVersion: v1
kind: Pod
metadata: {name: app}
spec:
  initContainers: [{name: i, image: "HOST/acme/setup:v1"}]
  containers: [{name: a, image: "HOST/acme/app:v1"}, {name: t, image: "PINNED"}]
  volumes: [{name: model, image: {reference: "HOST/acme/model:v1"}}]
---
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: p}
spec: {image: "HOST/acme/app:v1"}
---
apiVersion: v1
kind: Pod
metadata: {name: check, annotations: {helm.sh/hook: test}}
spec: {containers: [{name: c, image: "HOST/acme/gone:v1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {image: "no/image:1"}
"""


def made_chart(folder: Path, host: str) -> str:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (folder / "templates" / "all.yaml").write_text(TEMPLATE.replace("HOST", host).replace("PINNED", PINNED))
    return str(folder)


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = parser.main(["images", *arguments, "--yes"])
    return (code, *capsys.readouterr())


def test_every_image_is_the_first_word_of_a_line_with_what_names_it(
    tool: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = listed(capsys, "--chart", made_chart(tmp_path / "shop", "r.test"), "--helm", tool("helm4"))
    assert code == 0, err
    assert [line.split(maxsplit=1) for line in out.splitlines()] == [
        [PINNED, "Pod/app"],
        ["r.test/acme/app:v1", "Pod/app, Prometheus/p"],
        ["r.test/acme/gone:v1", "Pod/check"],
        ["r.test/acme/model:v1", "Pod/app"],
        ["r.test/acme/setup:v1", "Pod/app"],
    ]


def test_digests_are_asked_for_and_what_has_none_is_said(
    tool: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = loopback.Answer(404, json.dumps({"errors": [{"code": "NAME_UNKNOWN"}]}))
    with loopback.serving(lambda asked: gone if "gone" in asked.path else loopback.Answer(body=INDEX)) as server:
        arguments = (
            "--chart",
            made_chart(tmp_path / "shop", urlsplit(server.url).netloc),
            "--helm",
            tool("helm4"),
            "--digests",
        )
        code, out, err = listed(capsys, *arguments)
        as_json, text, _ = listed(capsys, *arguments, "--output", "json")
    assert code == as_json == 3
    digests = [line.split()[1] for line in out.splitlines()]
    assert sorted(digests) == sorted([PINNED.partition("@")[2], "-", DIGEST, DIGEST, DIGEST])
    assert "acme/gone:v1: its registry has no such repository" in err
    found: dict[str, Any] = json.loads(text)
    assert {one["image"].rpartition("/")[2]: one["digest"] for one in found["images"]}["app:v1"] == DIGEST
    assert not [one for one in server.asked if "quay.io" in one.path]


def test_the_list_of_our_chart_is_what_helm_renders(
    tool: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers = (
        "--preset",
        "prod",
        "--answer",
        "image=r.test/acme/api:v1",
        "--answer",
        "host=a.test",
        "--answer",
        "tls=none",
    )
    code, out, _ = listed(capsys, *answers, "--helm", tool("helm4"))
    assert code == 0
    command = [tool("helm4"), "template", "x", str(CHART), "--values", str(CHART / "values-prod.yaml")]
    rendered = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    named = set(re.findall(r"^ *(?:- )?image: \"?([^\s\"]+)", rendered, re.MULTILINE))
    assert len(named) > 3
    assert {line.split()[0].replace("r.test/acme/api:v1", "") for line in out.splitlines()} == {
        "" if "/llm-cost-ops:" in image else image for image in named
    }
