"""Helm outside of a run: found, old enough refused, its words kept, no terminal, no plugins, no hanging."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from wizard.adapters.helm import cli
from wizard.adapters.helm.cli import HelmCli
from wizard.core.errors import Problem
from wizard.core.helm.binary import HelmInfo
from wizard.core.target import Target

CHART = str(Path(__file__).parents[3] / "chart" / "llm-cost-ops")
TARGET = Target("", "ns", "rel")


def script(folder: Path, body: str) -> str:
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def problem(helm: HelmCli) -> Problem:
    with pytest.raises(Problem) as caught:
        await helm.info()
    return caught.value


@pytest.mark.parametrize(("name", "version", "major"), [("helm4", "4.2.4", 4), ("helm3", "3.21.4", 3)])
async def test_both_helms_say_who_they_are(tool: Callable[[str], str], name: str, version: str, major: int) -> None:
    assert await HelmCli(tool(name)).info() == HelmInfo(tool(name), version, major)


async def test_without_a_path_the_helm_on_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no helm on PATH" in (await problem(HelmCli())).what
    path = script(tmp_path, "echo v3.15.0+g1234567")
    assert await HelmCli().info() == HelmInfo(path, "3.15.0+g1234567", 3)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("echo v3.14.4", "helm 3.14.4"),
        ("echo v2.17.0", "is older than 3.15"),
        ("echo hello world", "is not helm"),
        ("echo broken >&2; exit 3", "broken"),
        ("exit 1", "exit code 1"),
    ],
)
async def test_what_is_no_helm_or_too_old_is_one_sentence_with_a_next_step(
    tmp_path: Path, body: str, says: str
) -> None:
    assert says in (await problem(HelmCli(script(tmp_path, body)))).what


async def test_a_path_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    plain = tmp_path / "helm"
    plain.write_text("hello")
    for path in (str(plain), str(tmp_path / "gone"), str(tmp_path)):
        assert "no helm that can be run" in (await problem(HelmCli(path))).what


async def test_a_binary_for_another_machine_is_said(tmp_path: Path) -> None:
    path = tmp_path / "helm"
    path.write_bytes(b"\x7fELF\x02\x01\x01" + b"\0" * 60)
    path.chmod(0o755)
    assert "cannot be started" in (await problem(HelmCli(str(path)))).what


async def test_a_hanging_helm_is_ended_with_everything_it_started(tmp_path: Path) -> None:
    helm = HelmCli(script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait"), quick=0.3)
    assert "did not end within 0.3 s" in (await problem(helm)).what
    child = int((tmp_path / "child").read_text())
    for _ in range(200):  # a signal is sent at once and carried out a moment later
        if _is_alive(child):
            await asyncio.sleep(0.01)
    assert not _is_alive(child)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_helm_gets_the_person_s_environment_no_terminal_and_no_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("HELM_PLUGINS", "/somewhere")
    helm = HelmCli(script(tmp_path, f"env > {tmp_path}/env; tty > {tmp_path}/tty; cat; echo v4.2.4"))
    await helm.info()
    seen = (tmp_path / "env").read_text()
    assert "AWS_PROFILE=mine" in seen
    assert "HELM_NO_PLUGINS=1" in seen
    assert "HELM_PLUGINS=/somewhere" not in seen
    assert "not a tty" in (tmp_path / "tty").read_text()
    monkeypatch.setenv(cli.WITH_PLUGINS, "1")
    assert cli.environment() == dict(os.environ)


async def test_a_helm_that_only_reads_collects_less_garbage_unless_the_person_tunes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GOGC", raising=False)
    monkeypatch.setenv("GOMEMLIMIT", "64MiB")
    await HelmCli(script(tmp_path, f"env > {tmp_path}/env; echo v4.2.4")).info()
    seen = (tmp_path / "env").read_text().splitlines()
    assert {"GOGC=400", "GOMEMLIMIT=64MiB"} <= set(seen)


@pytest.mark.parametrize("name", ["helm4", "helm3"])
async def test_a_chart_is_rendered_from_a_file_or_from_text(
    tool: Callable[[str], str], tmp_path: Path, name: str
) -> None:
    helm = HelmCli(tool(name))
    values = tmp_path / "values.yaml"
    values.write_text("replicaCount: 7\nautoscaling: {enabled: false}\n")
    for text in (
        await helm.template(TARGET, CHART, str(values)),
        await helm.template(TARGET, CHART, "", values_text=values.read_text(), kube_version="v1.30.0"),
    ):
        assert "replicas: 7" in text


@pytest.mark.parametrize("name", ["helm4", "helm3"])
async def test_helm_s_own_words_about_bad_values_are_kept(tool: Callable[[str], str], name: str) -> None:
    with pytest.raises(Problem) as caught:
        await HelmCli(tool(name)).template(TARGET, CHART, "", values_text="replicaCount: many\nreplicaCunt: 3\n")
    assert "at '/replicaCount': got string, want null or integer" in caught.value.what
    assert "'replicaCunt' not allowed" in caught.value.what
    assert not caught.value.what.startswith("Error")


@pytest.mark.parametrize("name", ["helm4", "helm3"])
async def test_a_kubernetes_that_is_too_old_is_helm_s_refusal(tool: Callable[[str], str], name: str) -> None:
    with pytest.raises(Problem, match="kubeVersion"):
        await HelmCli(tool(name)).template(TARGET, CHART, "", values_text="{}", kube_version="v1.20.0")


async def test_escapes_and_passwords_in_helm_s_words_do_not_get_through(tmp_path: Path) -> None:
    body = r"""printf 'WARNING: x\nError: \033]0;t\007get https://me:s3cret@proxy failed\n' >&2; exit 1"""
    what = (await problem(HelmCli(script(tmp_path, body)))).what
    assert "get https://me:********@proxy failed" in what
    assert "\x1b" not in what
    assert "WARNING" not in what


async def test_an_answer_that_is_no_list_is_said(tmp_path: Path) -> None:
    helm = HelmCli(script(tmp_path, 'test "$1" = version && echo v4.2.4 || echo nonsense'))
    with pytest.raises(Problem, match="did not answer with a list"):
        await helm.list(TARGET)


async def test_unreachable_clusters_are_helm_s_words(tool: Callable[[str], str], tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"(?i)cluster unreachable"):
        await HelmCli(tool("helm4")).list(Target("nope", "ns", "rel", str(tmp_path / "none")))
