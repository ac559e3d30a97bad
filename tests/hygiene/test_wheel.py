"""The wheel carries everything a person needs: chart, presets, sandbox sources; and its bill of materials tells of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.validation.json import JsonStrictValidator

from release import sbom, wheel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked into `site`, which lies beside it."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel.build(folder)) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def bill(unpacked: Path) -> dict[str, Any]:
    """The bill of materials beside the wheel."""
    (file,) = unpacked.parent.glob("*.cdx.json")
    found: dict[str, Any] = json.loads(file.read_text())
    return found


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
    assert (sandbox / "go.lock").is_file()
    assert list((sandbox / "agent").glob("*.go"))


def test_the_wheel_packs_the_looks_of_the_app(unpacked: Path) -> None:
    styles = {file.name for file in (ROOT / "wizard" / "tui" / "styles").glob("*.tcss")}
    assert styles
    assert styles == {file.name for file in (unpacked / "wizard" / "tui" / "styles").glob("*.tcss")}
    assert (unpacked / "wizard" / "adapters" / "report" / "page.html").is_file()


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


def test_two_builds_are_the_same_bytes_and_so_are_their_bills_of_materials(unpacked: Path, tmp_path: Path) -> None:
    wheel.build(tmp_path / "dist")
    again = {file.name: file.read_bytes() for file in (tmp_path / "dist").iterdir()}
    assert len(again) == 2
    assert again == {file.name: file.read_bytes() for file in unpacked.parent.glob("llm_cost_ops_wizard-*")}


def test_the_bill_of_materials_keeps_to_the_schema_of_cyclonedx(unpacked: Path) -> None:
    (file,) = unpacked.parent.glob("*.cdx.json")
    validator = JsonStrictValidator(sbom.SCHEMA)
    text = file.read_text()

    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"SHA-256"', '"SHA-255"')) is not None


def test_the_bill_of_materials_names_the_distributions_that_uv_counts_with_hashes_and_licenses(
    bill: dict[str, Any],
) -> None:
    tree = subprocess.run(
        [Path(sys.prefix, "bin", "uv"), "pip", "tree", "--offline", "--package", "llm-cost-ops-wizard"],
        env={**os.environ, "VIRTUAL_ENV": sys.prefix}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    counted = set(re.findall(r"^[│ ├└─]+([\w.-]+) v(\S+)", tree.stdout, re.MULTILINE))

    named = {(one["name"], one["version"]) for one in bill["components"]}
    assert ("textual", "8.2.8") in counted
    assert counted <= named
    assert {name for name, _ in named - counted} == {"linkify-it-py"}, "uv does not count what an extra asks for"
    lock = (ROOT / "requirements.lock").read_text()
    for one in bill["components"]:
        assert one["licenses"], one["name"]
        assert one["hashes"], one["name"]
        assert all(f"--hash=sha256:{entry['content']}" in lock for entry in one["hashes"])


def test_the_bill_of_materials_tells_what_needs_what(bill: dict[str, Any]) -> None:
    needs = {one["ref"]: set(one.get("dependsOn", [])) for one in bill["dependencies"]}
    assert needs["wheel:llm-cost-ops-wizard"] == {
        f"pypi:{name}"
        for name in (
            "textual",
            "rich",
            "pyyaml",
            "ruamel-yaml",
            "questionary",
            "prompt-toolkit",
            "kubernetes",
            "urllib3",
            "cryptography",
            "typing-extensions",
            "shtab",
            "regex",
            "jinja2",
            "wsproto",
        )
    }
    assert "pypi:prompt-toolkit" in needs["pypi:questionary"]
    assert "pypi:linkify-it-py" in needs["pypi:markdown-it-py"], "textual asks for it as an extra"


def test_another_hash_in_the_lock_is_another_bill_of_materials(unpacked: Path, bill: dict[str, Any]) -> None:
    (built,) = unpacked.parent.glob("*.whl")
    lock = (ROOT / "requirements.lock").read_text()
    (textual,) = (one for one in bill["components"] if one["name"] == "textual")
    changed = json.loads(sbom.of_wheel(built, lock.replace(textual["hashes"][0]["content"], "00" * 32)))

    assert json.loads(sbom.of_wheel(built, lock)) == bill
    assert changed["serialNumber"] != bill["serialNumber"]
    assert uuid.UUID(bill["serialNumber"]).version == 5, "a hash of the rest, no chance"
