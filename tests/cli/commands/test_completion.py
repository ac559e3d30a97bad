"""The completion scripts, each in the shell that it is for."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.terminal import Terminal
from wizard.cli import parser
from wizard.cli.commands.completion import PROGRAM, SHELLS, script
from wizard.cli.table import COMMANDS

OFFERS = [
    ("", set(COMMANDS)),
    ("in", {"install"}),
    ("--context x st", {"status"}),
    ("install --preset ", {"dev", "staging", "prod"}),
    ("status --output j", {"json", "jsonl"}),
    ("uninstall --l", {"--leftovers"}),
    ("recover --to ", {"rollback", "failed"}),
    ("completion ", set(SHELLS)),
    ("sandbox s", {"scenario", "status"}),
    ("sandbox scenario image-", {"image-pull", "image-missing"}),
    ("install -f mine", {"mine-a.yaml", "mine-b.yaml"}),
    ("runs mine-a", {"mine-a.yaml"}),
]
"""What is typed after the program, and what Tab offers."""


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(shell), reason=f"{shell} is not on this machine")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a script for each shell and two files to offer."""
    monkeypatch.chdir(tmp_path)
    for shell in SHELLS:
        (tmp_path / f"script.{shell}").write_text(script(shell))
    for name in ("mine-a.yaml", "mine-b.yaml"):
        (tmp_path / name).touch()
    return tmp_path


def lines_of(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()


BASH = """
source script.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(("typed", "offered"), OFFERS)
def test_bash_offers(typed: str, offered: set[str], folder: Path) -> None:
    assert set(lines_of("bash", "-c", BASH, "bash", PROGRAM, *typed.split(" "))) == offered


@needs("fish")
@pytest.mark.parametrize(("typed", "offered"), OFFERS)
def test_fish_offers(typed: str, offered: set[str], folder: Path) -> None:
    said = lines_of("fish", "--no-config", "-c", f"source script.fish; complete -C '{PROGRAM} {typed}'")

    assert {line.split("\t")[0] for line in said} == offered


ZSH = """
PS1='%% '
autoload -Uz compinit && compinit -u
eval "$(cat script.zsh)"
bindkey '^I' list-choices
"""


@needs("zsh")
def test_zsh_offers(folder: Path) -> None:
    (folder / ".zshrc").write_text(ZSH)
    environment = {**os.environ, "ZDOTDIR": str(folder)}
    with Terminal(["zsh", "-d", "-i"], environment, folder, (200, 50)) as terminal:
        for typed, offered in OFFERS:
            terminal.wait_for(r"^%\s*$")
            terminal.press(f"{PROGRAM} {typed}", "tab")
            for word in offered:
                terminal.wait_for(rf"(?m)\n(.* )?{re.escape(word)}( |$)")
            terminal.press("ctrl+u", "clear", "enter")


def test_the_script_is_data_and_in_json_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert parser.main(["completion", "bash"]) == 0
    text = capsys.readouterr().out
    assert parser.main(["completion", "bash", "--output", "json"]) == 0

    assert json.loads(capsys.readouterr().out) == {
        "v": 1, "command": "completion", "exit": 0, "shell": "bash", "script": text,
    }  # fmt: skip
    assert text == script("bash")


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_every_option_is_in_the_script(shell: str) -> None:
    text = script(shell)

    for command in COMMANDS.values():
        assert command.name in text
    for name in ("--set-file", "--rollback-on-failure", "--detailed-exitcode", "--tail", "--undo", "--nodes"):
        assert (name if shell != "fish" else f"-l {name[2:]}") in text
