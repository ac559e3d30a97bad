"""The agent's own tests and checks, run with the Go that builds it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from wizard.sandbox import toolchain

pytestmark = pytest.mark.tools  # Go is one of them where the machine has none


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, str]]:
    """Go, a copy of the agent's sources, and the environment to run it in."""
    folder = tmp_path_factory.mktemp("agent")
    for path in toolchain.PINS["agent"].folder.iterdir():
        shutil.copy(path, folder)
    go, environment = toolchain._go(lambda _: None)
    return go, folder, environment


@pytest.mark.parametrize("words", [("vet", "."), ("test", ".")])
def test_go_has_nothing_to_say_against_it(words: tuple[str, ...], module: tuple[Path, Path, dict[str, str]]) -> None:
    go, folder, environment = module
    done = subprocess.run(
        [str(go), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_formatted_as_go_wants_it(module: tuple[Path, Path, dict[str, str]]) -> None:
    go, folder, environment = module
    root = subprocess.run(
        [str(go), "env", "GOROOT"], env=environment, capture_output=True, text=True, check=True
    ).stdout
    gofmt = Path(root.strip()) / "bin" / "gofmt"
    done = subprocess.run(
        [str(gofmt), "-l", "."], cwd=folder, env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
