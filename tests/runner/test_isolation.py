"""What lies in the current folder is no part of the wizard: no process of ours imports it, and none works there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from wizard import paths, process
from wizard.adapters.runs import processes
from wizard.adapters.runs.store import RunFiles

from .conftest import FakeHelm, until
from .test_runs import begin, folder_of, followed, pids, spec

ROOT = Path(__file__).resolve().parents[2]
PLANTED = ("urllib3", "yaml", "kubernetes", "ruamel", "textual", "socket", "json", "asyncio", "__future__", "re")
"""Modules of others and of Python that we import; those that Python's own `-m` imports are beyond us."""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with modules that say in a file beside them that they were imported."""
    folder = tmp_path / "work"
    (folder / "wizard").mkdir(parents=True)
    trap = f"open({str(tmp_path / 'imported')!r}, 'a').write(__name__ + ' ')\n"
    for name in PLANTED:
        (folder / f"{name}.py").write_text(trap)
    (folder / "wizard" / "__init__.py").write_text(trap)
    monkeypatch.chdir(folder)
    return folder


def imported(work: Path) -> list[str]:
    file = work.parent / "imported"
    return file.read_text().split() if file.exists() else []


def environment_of(helm: FakeHelm) -> dict[str, str]:
    until(lambda: "GREETING" in (helm.folder / "environment").read_text())
    lines = (helm.folder / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


@pytest.mark.parametrize("path", [":", None])
async def test_a_run_imports_nothing_from_the_current_folder(
    path: str | None, work: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch, started: list[int]
) -> None:
    if path is not None:
        monkeypatch.setenv("PYTHONPATH", path)
    files = RunFiles()
    run_id = begin(files, spec(work.parent, helm), helm)
    started += pids(run_id).values()
    helm.end(0)
    view = await followed(files, run_id)
    assert view.finished
    assert imported(work) == []


def test_runner_and_supervisor_work_in_the_folder_of_the_run(work: Path, helm: FakeHelm, started: list[int]) -> None:
    run_id = begin(RunFiles(), spec(work.parent, helm), helm)
    started += pids(run_id).values()
    where = {name: Path(f"/proc/{pid}/cwd").readlink() for name, pid in pids(run_id).items()}
    assert set(where.values()) == {folder_of(run_id)}
    helm.end(0)


def test_the_command_imports_nothing_from_the_current_folder(work: Path) -> None:
    (work / "wizard" / "__init__.py").unlink()
    (work / "wizard").rmdir()  # `python -m wizard` means that one; the command `llm-cost-ops-wizard` never does
    command = ["values", "--preset", "dev", "--yes", "--context", "none", "--answer", "image=a/b:1", "--write", "-"]
    done = subprocess.run([sys.executable, "-m", "wizard", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert imported(work) == []


def test_the_installed_command_is_not_taken_from_the_current_folder(work: Path) -> None:
    script = Path(sys.executable).with_name("llm-cost-ops-wizard")
    if not script.exists():
        pytest.skip("the wizard is not installed beside this Python")
    done = subprocess.run([script, "runs"], capture_output=True, text=True, check=False)
    assert (done.returncode, imported(work)) == (0, []), done.stderr


def test_the_folder_of_our_own_package_stays_even_when_it_is_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", ["", "/somewhere", "relative"])
    assert process.import_folders() == [str(ROOT), "/somewhere", str(ROOT / "relative")]


def test_a_current_folder_that_was_removed_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "path", ["", "/somewhere"])
    assert process.import_folders() == ["/somewhere"]


def test_paths_that_a_person_gave_from_the_current_folder_still_mean_the_same(
    work: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch, started: list[int]
) -> None:
    monkeypatch.setenv("KUBECONFIG", "one:../two:/three")
    monkeypatch.setenv("HELM_CACHE_HOME", "./cache")
    monkeypatch.setenv("GREETING", "a ./b")
    monkeypatch.setenv("PYTHONPATH", "/of/a/login/plugin")
    what = spec(work.parent, helm)
    what = replace(what, target=replace(what.target, kubeconfig=os.path.relpath(what.target.kubeconfig)))
    run_id = begin(RunFiles(), what, helm)
    started += pids(run_id).values()
    heard = environment_of(helm)
    assert heard["KUBECONFIG"] == f"{work}/one:{work}/../two:/three"
    assert heard["HELM_CACHE_HOME"] == f"{work}/cache"
    assert heard["GREETING"] == "a ./b"
    assert heard["PYTHONPATH"] == "/of/a/login/plugin", "isolated is the runner, not what it starts"
    kept = json.loads((folder_of(run_id) / "run.json").read_text())["target"]["kubeconfig"]
    assert kept == f"{work}/../kubeconfig"
    assert f"--kubeconfig {kept}" in " ".join(helm.heard())
    helm.end(0)


def test_a_start_that_was_killed_before_there_was_a_run_is_removed_by_the_next_start(
    work: Path, helm: FakeHelm, started: list[int]
) -> None:
    folder = paths.state_dir("runs")
    (folder / "dead").mkdir()
    (folder / "dead" / "values.yaml").write_text("a: 1\n")
    (folder / "kept").mkdir()
    (folder / "kept" / "record.jsonl").write_text("")
    code = "import sys, time; from pathlib import Path; from wizard.adapters import scratch\n"
    code += "kept = scratch.make(Path(sys.argv[1])); print('made', flush=True); time.sleep(60)"
    at_work = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "busy")],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert at_work.stdout
    assert at_work.stdout.readline() == "made\n"
    run_id = begin(RunFiles(), spec(work.parent, helm), helm)
    started += pids(run_id).values()
    assert sorted(one.name for one in folder.iterdir()) == sorted(["busy", "kept", run_id])
    at_work.kill()
    at_work.communicate()
    until(lambda: not processes.start_of(at_work.pid))
    helm.end(0)
