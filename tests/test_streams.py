"""The real program with streams that are closed, full or of another encoding, and without folders of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WIZARD = f"{sys.executable} -m wizard"
VALUES = "values --preset dev --yes --answer image=docker.io/a/b:v1 --write -"


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line in a shell, with a kubeconfig that is not there; what it prints on streams that were not redirected."""
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KUBECONFIG": str(folder / "none"),
        "LC_ALL": "C.UTF-8",
        **environment,
    }
    done = subprocess.run(["/bin/sh", "-c", line], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    assert "unexpected" not in done.stdout + done.stderr
    assert "Exception ignored" not in done.stderr
    return done


COMMANDS = ["--version", "--help", "runs -o json", VALUES, "sandbox status"]
FULL = pytest.mark.full


@pytest.mark.parametrize("command", [COMMANDS[0], *(pytest.param(one, marks=FULL) for one in COMMANDS[1:])])
def test_a_full_standard_output_is_said_and_the_code_is_not_zero(command: str, tmp_path: Path) -> None:
    done = shell(f"{WIZARD} {command} > /dev/full", tmp_path)
    assert done.returncode == 1
    assert "Standard output cannot be written: no space left on device." in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize("command", [pytest.param(one, marks=() if one == VALUES else FULL) for one in COMMANDS])
def test_a_stream_that_is_closed_stops_nothing(command: str, closed: str, tmp_path: Path) -> None:
    done = shell(f"{WIZARD} {command} {closed}", tmp_path)
    assert done.returncode == 0
    assert bool(done.stdout) == (">&-" not in closed.split())


def test_a_file_that_is_opened_never_becomes_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    done = shell(f"{WIZARD} {VALUES.replace('--write -', f'--write {path}')} <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert "written" not in path.read_text()


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    assert shell(f"{WIZARD} --help | true", tmp_path).stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_an_encoding_without_a_letter_shows_its_number_and_json_stays_json(encoding: str, tmp_path: Path) -> None:
    wrong = f"{WIZARD} runs 'grüße\u23ce你好'"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{wrong}; {wrong} -o json"], cwd=tmp_path, capture_output=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert rb"\u4f60" in done.stderr
    assert "grüße\u23ce你好" in json.loads(done.stdout.decode(encoding))["problem"]["what"]


@pytest.mark.parametrize(
    ("variable", "value", "command", "code"),
    [
        ("XDG_STATE_HOME", "{file}", "runs", 2),
        ("XDG_STATE_HOME", "/proc", "runs", 2),
        ("XDG_STATE_HOME", "relative", "runs", 0),
        ("XDG_STATE_HOME", "{file}", VALUES, 0),
        pytest.param("XDG_CACHE_HOME", "{file}", "runs", 0, marks=FULL),
        pytest.param("XDG_CONFIG_HOME", "{file}", "runs", 0, marks=FULL),
    ],
)
def test_a_folder_that_cannot_be_is_said_with_its_variable_where_it_is_needed(
    variable: str, value: str, command: str, code: int, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = shell(f"{WIZARD} {command}", tmp_path, **{variable: value.format(file=tmp_path / "file")})
    assert done.returncode == code, done.stderr
    assert (variable in done.stderr) == (code == 2)
    assert not (tmp_path / "relative").exists(), "a relative path is ignored"


@pytest.mark.parametrize("home", ["", "/proc/none", "{file}"])
def test_a_home_that_cannot_be_used_is_said(home: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = shell(f"unset XDG_STATE_HOME; {WIZARD} runs", tmp_path, HOME=home.format(file=tmp_path / "file"))
    assert done.returncode == 2
    assert "HOME" in done.stderr
