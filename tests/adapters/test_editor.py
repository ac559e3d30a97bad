"""The person's editor gets a private file, and what it leaves is taken or refused."""

from __future__ import annotations

import signal
import stat
from pathlib import Path

import pytest

from wizard.adapters import editor
from wizard.core.errors import Problem


def an_editor(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str, *, variable: str = "EDITOR") -> None:
    script = folder / "my editor"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    monkeypatch.setenv(variable, f"'{script}' --wait")


@pytest.fixture(autouse=True)
def _own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "run").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


def test_the_changed_text_comes_back_and_nothing_stays_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    an_editor(
        tmp_path, monkeypatch, f'stat -c %a "$2" > {tmp_path}/mode; echo "$2" > {tmp_path}/path; echo b: 2 >> "$2"'
    )
    assert editor.edited("a: 1\n", "values.yaml") == "a: 1\nb: 2\n"
    assert (tmp_path / "mode").read_text().strip() == "600"
    path = Path((tmp_path / "path").read_text().strip())
    assert path.name == "values.yaml"
    assert list((tmp_path / "run").iterdir()) == []


def test_visual_comes_before_editor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    an_editor(tmp_path, monkeypatch, 'echo seen > "$2"', variable="VISUAL")
    monkeypatch.setenv("EDITOR", "false")
    assert editor.edited("", "x") == "seen\n"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("exit 3", "ended with 3; nothing was taken"),
        ('printf "\\377" > "$2"', "not UTF-8 text"),
        ('rm "$2"', "cannot be read"),
        ('head -c 2000000 /dev/zero > "$2"', "cannot be read"),
    ],
)
def test_what_cannot_be_taken_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str, what: str
) -> None:
    an_editor(tmp_path, monkeypatch, body)
    with pytest.raises(Problem, match=what):
        editor.edited("a: 1\n", "x")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("named", ["/no/such/editor", "'unclosed"])
def test_an_editor_that_is_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("EDITOR", named)
    with pytest.raises(Problem, match="cannot be started") as caught:
        editor.edited("", "x")
    assert "export EDITOR=nano" in caught.value.next_step


def test_ctrl_c_in_the_editor_is_the_editors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    an_editor(tmp_path, monkeypatch, 'kill -INT $PPID; trap "echo trapped > \\"$2\\"" INT; kill -INT $$')
    assert editor.edited("", "x") == "trapped\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_the_file_is_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    an_editor(tmp_path, monkeypatch, f'stat -c %a "$(dirname "$2")" > {tmp_path}/mode')
    editor.edited("", "x")
    assert (tmp_path / "mode").read_text().strip() == f"{stat.S_IRWXU:o}"
