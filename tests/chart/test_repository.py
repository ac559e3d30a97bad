"""`make chart-repo`: the same bytes from the same sources, a repository that both helms install from, and a signature."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from cyclonedx.validation.json import JsonStrictValidator

from release import chart_repo, sbom
from release.chart_repo import Signer
from tests.chart.conftest import CHART, HELMS, PRESETS, ROOT, Chart
from tests.chart.test_images import images
from tests.conftest import Bed
from tests.loopback import served
from tests.signing import Keys, made_keys
from wizard.core.errors import Problem


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


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a folder by its name."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_builds_from_two_checkouts_are_the_same_bytes(tmp_path: Path, tool: Callable[[str], str]) -> None:
    other = tmp_path / "checkout" / "llm-cost-ops"
    shutil.copytree(CHART, other, copy_function=shutil.copyfile)
    for file in other.rglob("*"):
        os.utime(file, (1, 1))
    chart_repo.build(tmp_path / "a", Path(tool("helm4")))
    chart_repo.build(tmp_path / "b", Path(tool("helm4")), other)
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_subcharts_are_packed_in_order_of_their_names(tmp_path: Path, tool: Callable[[str], str]) -> None:
    """Left alone, helm packs six of them in another order five times in eight."""
    names = ["a", "b", "c", "d", "grafana", "prometheus"]
    shutil.copytree(CHART, tmp_path / "chart")
    for name in names[:4]:
        shutil.copytree(CHART / "charts" / "grafana", tmp_path / "chart" / "charts" / name)
        meta = tmp_path / "chart" / "charts" / name / "Chart.yaml"
        meta.write_text(meta.read_text().replace("name: grafana", f"name: {name}"))
    for _ in range(4):
        archive = chart_repo.build(tmp_path / "repository", Path(tool("helm4")), tmp_path / "chart")
        with tarfile.open(archive) as packed:
            found = [
                name.split("/")[2] for name in packed.getnames() if name.endswith("/Chart.yaml") and "/charts/" in name
            ]
        assert found == names


def test_a_second_build_replaces_the_first(tmp_path: Path, tool: Callable[[str], str]) -> None:
    (tmp_path / "llm-cost-ops-0.9.0.tgz").touch()
    archive = chart_repo.build(tmp_path, Path(tool("helm4")))
    assert sorted(content(tmp_path)) == ["index.yaml", f"{archive.stem}.cdx.json", archive.name]


def test_a_chart_that_helm_refuses_leaves_the_last_build_in_place(tmp_path: Path, tool: Callable[[str], str]) -> None:
    (tmp_path / "chart").mkdir()
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "index.yaml").touch()
    with pytest.raises(Problem, match=r"helm package failed: .*Chart.yaml"):
        chart_repo.build(tmp_path / "repository", Path(tool("helm4")), tmp_path / "chart")
    assert list(content(tmp_path / "repository")) == ["index.yaml"]


def test_the_bill_of_materials_names_the_archive_and_every_image_that_helm_renders(
    tmp_path: Path, tool: Callable[[str], str], chart: Chart
) -> None:
    archive = chart_repo.build(tmp_path, Path(tool("helm4")))
    text = (tmp_path / f"{archive.stem}.cdx.json").read_text()
    bill = json.loads(text)

    assert JsonStrictValidator(sbom.SCHEMA).validate_str(text) is None
    (index,) = yaml.safe_load((tmp_path / "index.yaml").read_text())["entries"]["llm-cost-ops"]
    assert bill["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": index["digest"]}]
    assert bill["metadata"]["component"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    named = {f"{one['name']}:{one['version']}" for one in bill["components"] if one["type"] == "container"}
    assert named == images(chart.render())
    subcharts = {one["name"] for one in bill["components"] if one["type"] == "application"}
    assert subcharts == {folder.name for folder in (CHART / "charts").iterdir()}


def test_an_image_that_is_pinned_by_digest_has_it_in_the_bill_of_materials(
    tmp_path: Path, tool: Callable[[str], str]
) -> None:
    pinned = tmp_path / "chart"
    shutil.copytree(CHART, pinned)
    meta, digest = pinned / "Chart.yaml", "5a" * 32
    meta.write_text(meta.read_text().replace("docker.io/library/postgres:16.15", f"r.example/a/pg:1@sha256:{digest}"))
    archive = chart_repo.build(tmp_path / "repository", Path(tool("helm4")), pinned)

    bill = json.loads(sbom.of_chart(archive))
    (image,) = (one for one in bill["components"] if one["name"] == "r.example/a/pg")
    assert image["version"] == "1"
    assert image["hashes"] == [{"alg": "SHA-256", "content": digest}]
    assert image["purl"] == f"pkg:docker/a/pg@sha256:{digest}?repository_url=r.example"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with made_keys(tmp_path_factory.mktemp("g")) as made:  # the agent's socket lies in it
        yield made


@pytest.fixture(scope="module")
def signed(keys: Keys, tmp_path_factory: pytest.TempPathFactory, tool: Callable[[str], str]) -> Path:
    """A repository with a signed chart."""
    folder = tmp_path_factory.mktemp("signed")
    chart_repo.build(folder, Path(tool("helm4")), signer=keys.signer())
    return folder


def test_a_signature_is_one_more_file_and_changes_no_other(
    signed: Path, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    archive = chart_repo.build(tmp_path, Path(tool("helm4")))
    files = content(signed)
    del files[f"{archive.name}.prov"]
    assert files == content(tmp_path)


@pytest.mark.parametrize("helm", HELMS)
def test_helm_accepts_the_signature_on_disk_and_from_the_repository(
    helm: str, signed: Path, keys: Keys, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    (archive,) = signed.glob("*.tgz")
    assert "Release Key" in call(tool(helm), "verify", str(archive), "--keyring", str(keys.public))
    with served(signed) as url:
        call(tool(helm), "repo", "add", "llm-cost-ops", url)
        fetch = ("pull", "llm-cost-ops/llm-cost-ops", "--verify", "--keyring", str(keys.public))
        call(tool(helm), *fetch, "--destination", str(tmp_path))
    assert (tmp_path / archive.name).read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("suffix", [".tgz", ".prov"])
def test_helm_refuses_a_chart_or_a_signature_of_which_one_byte_was_changed(
    helm: str, suffix: str, signed: Path, keys: Keys, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    for file in signed.glob("*.tgz*"):
        text = bytearray(file.read_bytes())
        if file.suffix == suffix:
            place = (
                text.index(b"apiVersion: v2") if suffix == ".prov" else 4
            )  # in a chart: gzip's time, which nobody reads
            text[place] ^= 1
        (tmp_path / file.name).write_bytes(text)
    (archive,) = tmp_path.glob("*.tgz")
    command = [tool(helm), "verify", str(archive), "--keyring", str(keys.public)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode != 0


def test_the_passphrase_is_in_no_command_line(keys: Keys, tmp_path: Path, tool: Callable[[str], str]) -> None:
    spy = tmp_path / "helm"
    spy.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {tmp_path}/words\nexec {tool("helm4")} "$@"\n')
    spy.chmod(0o755)
    chart_repo.build(tmp_path / "repository", spy, signer=keys.signer())
    words = (tmp_path / "words").read_text().splitlines()
    assert "--sign" in words
    assert str(keys.passphrase) in words
    assert not [word for word in words if "correct" in word or "horse" in word]


@pytest.mark.parametrize(
    ("name", "keyring", "passphrase", "reason"),
    [
        ("Nobody", "secret.gpg", "passphrase", "private key not found"),
        ("Release Key", "missing.gpg", "passphrase", "KEYRING names no file"),
        ("Release Key", "secret.gpg", "public.gpg", "helm package failed"),
        ("Certify Key", "secret.gpg", "passphrase", "helm verify failed: .*unknown entity"),
    ],
    ids=["no such key", "no keyring", "wrong passphrase", "a key that only certifies"],
)
def test_what_cannot_sign_is_named_and_the_last_build_stays(
    name: str, keyring: str, passphrase: str, reason: str, keys: Keys, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "index.yaml").touch()
    signer = Signer(name, keys.secret.with_name(keyring), keys.secret.with_name(passphrase))
    with pytest.raises(Problem, match=reason) as caught:
        chart_repo.build(tmp_path / "repository", Path(tool("helm4")), signer=signer)
    assert "gpg --export-secret-keys" in caught.value.next_step
    assert list(content(tmp_path / "repository")) == ["index.yaml"]


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
