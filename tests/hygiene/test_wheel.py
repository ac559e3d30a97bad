"""The wheel carries everything a person needs: chart, presets, sandbox sources."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_packs_the_chart_with_its_presets_as_real_files(unpacked: Path) -> None:
    chart = unpacked / "wizard" / "_chart" / "llm-cost-ops"
    names = {
        "Chart.yaml",
        "values.yaml",
        "values-dev.yaml",
        "values-staging.yaml",
        "values-prod.yaml",
        "values.schema.json",
    }
    assert names <= {file.name for file in chart.iterdir() if file.is_file() and not file.is_symlink()}
    assert (chart / "templates" / "_helpers.tpl").is_file()


def test_the_wheel_packs_what_the_sandbox_is_built_from(unpacked: Path) -> None:
    sandbox = unpacked / "wizard" / "sandbox"
    assert {"go.mod", "go.sum"} <= {file.name for file in (sandbox / "modules" / "k8s").iterdir()}
    assert list((sandbox / "agent").glob("*.go"))


def test_the_wheel_packs_the_looks_of_the_app(unpacked: Path) -> None:
    styles = {file.name for file in (ROOT / "wizard" / "tui" / "styles").glob("*.tcss")}
    assert styles
    assert styles == {file.name for file in (unpacked / "wizard" / "tui" / "styles").glob("*.tcss")}


def test_the_unpacked_wheel_writes_a_values_file_far_from_any_checkout(unpacked: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "wizard", "values", "--preset", "dev", "--yes", "--answer", "image=ghcr.io/acme/app:v1",
        "--context", "none", "--write", str(tmp_path / "v.yaml"),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((tmp_path / "v.yaml").read_text())["image"]["repository"] == "acme/app"
