from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import other_user
from tests.adapters.kube import kubeconfigs
from tests.adapters.kube.kubeconfigs import CASES, SECRET, Case
from wizard.adapters.kube import exec_plugin
from wizard.adapters.kube.connection import Connection
from wizard.adapters.kube.kubeconfig import KubeconfigFiles, load
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target


def write(folder: Path, name: str, context: str, *, current: str = "", server: str = "https://a:6443") -> Path:
    path = folder / name
    path.write_text(
        f"apiVersion: v1\nkind: Config\ncurrent-context: {current!r}\n"
        f"clusters: [{{name: c-{context}, cluster: {{server: '{server}'}}}}]\n"
        f"users: [{{name: u-{context}, user: {{token: t}}}}]\n"
        f"contexts: [{{name: {context!r}, context: {{cluster: c-{context}, user: u-{context}, namespace: ns}}}}]\n"
    )
    return path


def test_a_kubeconfig_gives_contexts_with_server_user_and_namespace(tmp_path: Path) -> None:
    config = KubeconfigFiles().read(str(write(tmp_path, "one", "a", current="a")))
    assert config.problem is None
    assert config.current == "a"
    found = config.context("a")
    assert found is not None
    assert (found.server, found.user, found.namespace) == ("https://a:6443", "u-a", "ns")


def test_the_list_in_the_environment_is_merged_first_file_first_and_missing_files_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path, "one", "a", current="a", server="https://first")
    again = write(tmp_path, "two", "a", current="b", server="https://second")
    other = write(tmp_path, "three", "b")
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (first, tmp_path / "gone", again, other))))
    config = KubeconfigFiles().read()
    assert [one.name for one in config.contexts] == ["a", "b"]
    assert config.current == "a"
    assert config.contexts[0].server == "https://first"
    assert len(config.files) == 3


def test_names_with_spaces_are_names(tmp_path: Path) -> None:
    assert KubeconfigFiles().read(str(write(tmp_path, "one", "my cluster", current="my cluster"))).problem is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: [1\nb: 2\n", "line 2, column 2"),
        ("- a\n- b\n", "is not a kubeconfig"),
        ("clusters: 3\n", "clusters is a number, not a list"),
        ("", "names no context"),
        ("a: \x00", "is not a text file"),
        ("kind: Config\ncontexts: []\n", "names no context"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_with_its_place(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "bad"
    path.write_text(content)
    problem = KubeconfigFiles().read(str(path)).problem
    assert problem is not None
    assert says in problem.what
    assert str(path) in problem.what
    assert problem.next_step


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(b"\xff\xfe\x00\x80")
    problem = KubeconfigFiles().read(str(path)).problem
    assert problem is not None
    assert "kubeconfig" in problem.what


@pytest.mark.parametrize(("current", "says"), [("", "names no current context"), ("gone", '"gone" is not in')])
def test_a_current_context_that_is_no_use_lists_those_that_are(tmp_path: Path, current: str, says: str) -> None:
    config = KubeconfigFiles().read(str(write(tmp_path, "one", "a", current=current)))
    assert config.problem is not None
    assert config.problem.question == "context"
    assert says in config.problem.what
    assert "--context: a" in config.problem.next_step
    assert [one.name for one in config.contexts] == ["a"]


def test_no_file_at_all_offers_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    problem = KubeconfigFiles().read().problem
    assert problem is not None
    assert ".kube/config" in problem.what
    assert "sandbox up" in problem.next_step


def test_a_folder_instead_of_a_file_is_one_sentence(tmp_path: Path) -> None:
    problem = KubeconfigFiles().read(str(tmp_path)).problem
    assert problem is not None
    assert "cannot be read" in problem.what


def test_escape_sequences_in_names_do_not_reach_the_screen(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_text('contexts: [{name: "a\\e]0;owned\\a", context: {}}]\n')
    assert KubeconfigFiles().read(str(path)).contexts[0].name == "a"


def test_relative_paths_start_from_the_folder_of_their_file(tmp_path: Path) -> None:
    assert load(str(write(tmp_path, "one", "a"))).users["u-a"].folder == tmp_path


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can look as another user")
def test_a_file_that_every_user_can_read_is_named() -> None:
    nobody = 65534
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "kube"
        folder.mkdir()
        file = write(folder, "config", "dev")
        answers = set()
        for outer, inner, mode in itertools.product((0o700, 0o755), (0o750, 0o711), (0o600, 0o640, 0o644, 0o604)):
            Path(made).chmod(outer)
            folder.chmod(inner)
            file.chmod(mode)
            read = subprocess.run(["cat", file], user=nobody, group=nobody, extra_groups=[], capture_output=True)

            assert bool(KubeconfigFiles().read(str(file)).open_to_others) == (read.returncode == 0)
            answers.add(read.returncode == 0)

        assert answers == {True, False}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What is in each case's folder."""
    return kubeconfigs.material(tmp_path_factory.mktemp("material"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_kubeconfig_is_taken_or_refused_with_its_place_and_without_its_secrets(
    case: Case, known: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explicit, context, listed, path = kubeconfigs.lay(case, tmp_path, known)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", listed)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr(exec_plugin, "_LAST_FAILURES", {})
    refused = KubeconfigFiles().read(explicit).refusal(context)
    said = ""
    try:
        Connection(Target(context, "", kubeconfig=explicit))._ready()
    except ClusterError as error:
        said = error.message
    assert re.search(case.says, said) if case.says else not said
    assert refused is None or str(refused) == said
    assert SECRET not in said
    assert "\n" not in said


VIEWED = [case for case in CASES if not case.says and any(word in case.name for word in ("file", "list", "field"))]


@pytest.mark.parametrize("case", VIEWED, ids=lambda case: case.name)
def test_entries_are_those_that_kubectl_shows(
    case: Case, known: dict[str, bytes], tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explicit, context, listed, _ = kubeconfigs.lay(case, tmp_path, known)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUBECONFIG", listed)
    argv = [tool("kubectl"), "config", "view", "--minify", "--raw", "-o", "json"]
    argv += [f"--{flag}={value}" for flag, value in (("kubeconfig", explicit), ("context", context)) if value]
    theirs = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=30).stdout)
    merged = load(explicit)
    assert theirs["current-context"] == (context or merged.current)
    chosen = merged.contexts[context or merged.current]
    assert _set(theirs["contexts"][0]["context"]) == _set(chosen.body)
    for section, key in (("clusters", "cluster"), ("users", "user")):
        mine = getattr(merged, section).get(chosen.text(key))
        assert [_set(entry[key]) for entry in theirs[section] or ()] == ([_set(mine.body)] if mine else [])


def _set(value: Any) -> Any:
    """The fields that are there, which kubectl shows for a login plugin empty, too."""
    return {key: _set(part) for key, part in value.items() if part} if isinstance(value, dict) else value


@pytest.mark.skipif(bool(other_user.why_not()), reason=other_user.why_not())
def test_a_file_that_this_user_may_not_read_is_named(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        for name in ("home", "tmp", "state", "cache"):
            (folder / name).mkdir(mode=0o777)
            (folder / name).chmod(0o777)
        path = write(folder, "config", "a", current="a")
        path.chmod(0)
        argv = [sys.executable, "-m", "wizard", "status", "--kubeconfig", str(path)]
        done = other_user.run(61_201, argv, folder)
    assert done.returncode == 2
    assert f"The kubeconfig {path} cannot be read: Permission denied." in done.stderr
