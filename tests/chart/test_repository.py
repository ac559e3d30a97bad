"""`make chart-repo`: the same bytes from the same sources, and a repository that both helms install from."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from release import chart_repo
from tests.chart.conftest import CHART, HELMS, PRESETS, ROOT
from tests.conftest import Bed
from tests.loopback import served


@pytest.fixture
def address(tmp_path: Path, tool: Callable[[str], str]) -> Iterator[str]:
    """Address of a repository that was just built."""
    chart_repo.build(tmp_path / "repository", Path(tool("helm4")))
    with served(tmp_path / "repository") as url:
        yield url


def call(*command: str) -> str:
    """What the command prints; fails the test when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_builds_from_two_checkouts_and_two_helms_are_the_same_bytes(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    other = tmp_path / "checkout" / "llm-cost-ops"
    shutil.copytree(CHART, other, copy_function=shutil.copyfile)
    for file in other.rglob("*"):
        os.utime(file, (1, 1))
    builds = [
        chart_repo.build(tmp_path / "a", Path(tool("helm4"))),
        chart_repo.build(tmp_path / "b", Path(tool("helm4")), other),
        chart_repo.build(tmp_path / "c", Path(tool("helm3")), other),
    ]
    assert len({build.read_bytes() for build in builds}) == 1
    assert len({(build.parent / "index.yaml").read_bytes() for build in builds}) == 1


def test_a_second_build_replaces_the_first(tmp_path: Path, tool: Callable[[str], str]) -> None:
    (tmp_path / "llm-cost-ops-0.9.0.tgz").touch()
    archive = chart_repo.build(tmp_path, Path(tool("helm4")))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["index.yaml", archive.name]


def test_the_time_in_the_index_is_that_of_the_sources(
    tmp_path: Path, tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    chart_repo.build(tmp_path, Path(tool("helm4")))
    index = yaml.safe_load((tmp_path / "index.yaml").read_text())
    assert index["generated"] == "2023-11-14T22:13:20Z"
    assert index["entries"]["llm-cost-ops"][0]["created"] == index["generated"]


def test_the_archive_is_small(tmp_path: Path, tool: Callable[[str], str]) -> None:
    assert chart_repo.build(tmp_path, Path(tool("helm4"))).stat().st_size < 300_000


def test_the_folder_that_make_fills_is_not_committed() -> None:
    done = subprocess.run(["git", "check-ignore", str(chart_repo.OUTPUT)], cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.returncode == 0


@pytest.mark.parametrize("helm", HELMS)
def test_helm_finds_the_chart_and_fetches_what_was_built(
    helm: str, address: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    call(tool(helm), "repo", "add", "llm-cost-ops", address)
    call(tool(helm), "repo", "update")
    found = json.loads(call(tool(helm), "search", "repo", "llm-cost-ops", "-o", "json"))
    meta = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert [(one["name"], one["version"], one["app_version"]) for one in found] == [
        ("llm-cost-ops/llm-cost-ops", meta["version"], meta["appVersion"])
    ]
    call(tool(helm), "pull", "llm-cost-ops/llm-cost-ops", "--destination", str(tmp_path))
    name = f"llm-cost-ops-{meta['version']}.tgz"
    assert (tmp_path / name).read_bytes() == (tmp_path / "repository" / name).read_bytes()


@pytest.mark.e2e
@pytest.mark.xdist_group("sandbox")
@pytest.mark.parametrize(
    ("helm", "preset"),
    [
        pytest.param(
            helm, preset, marks=() if (helm, preset) in (("helm3", None), ("helm4", "prod")) else pytest.mark.full
        )
        for helm in HELMS
        for preset in (None, *PRESETS)
    ],
)
def test_it_installs_from_the_repository_and_its_record_is_small(
    helm: str, preset: str | None, address: str, sandbox: Bed, namespace: str, tool: Callable[[str], str]
) -> None:
    call(tool(helm), "repo", "add", "llm-cost-ops", address)
    options = ["-f", str(CHART / f"values-{preset}.yaml")] if preset else []
    where = ["-n", namespace, "--kubeconfig", sandbox.kubeconfig]
    call(tool(helm), "install", "llm-cost-ops", "llm-cost-ops/llm-cost-ops", *where, "--create-namespace", *options)

    record = sandbox.get("secret", "sh.helm.release.v1.llm-cost-ops.v1", "-n", namespace)
    assert len(base64.b64decode(record["data"]["release"])) < 500_000
