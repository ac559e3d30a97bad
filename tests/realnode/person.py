"""Somebody who uses the wizard on the node: its real commands as subprocesses, with a home of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.realnode import images, layout
from tests.realnode.conftest import FITTING, Release, until


@dataclass(frozen=True)
class Person:
    """Works on one release."""

    release: Release
    folder: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that runs, without a terminal."""
        environment = {
            **os.environ, **layout.python_environment(), "KUBECONFIG": self.release.kubeconfig, "NO_COLOR": "1",
            "LLM_COST_OPS_HELM": self.release.helm_path, "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"), "XDG_CONFIG_HOME": str(self.folder / "config"),
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "wizard", *words, "-n", self.release.namespace], cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def call(self, *words: str, codes: tuple[int, ...] = (0,), limit: float = 240) -> str:
        """What a command prints; fails the test when it ends with another code."""
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=limit)
        finally:
            process.kill()
        assert process.returncode in codes, f"exit {process.returncode}\n{out[-6000:]}\n{err}"
        assert "Traceback" not in out + err
        return out

    def install(self, *words: str, preset: str = "dev", codes: tuple[int, ...] = (0,)) -> list[dict[str, Any]]:
        """The events of an install with --yes."""
        sets = [word for one in FITTING for word in ("--set", one)]
        image = f"image=llm-cost-ops:{images.APP_TAGS[0]}"
        given = ("install", "--preset", preset, "--yes", "--answer", image, "--output", "jsonl", *sets, *words)
        return [json.loads(line) for line in self.call(*given, codes=codes).splitlines()]

    def diagnose(self) -> dict[str, Any]:
        """The one diagnosis of the release, and the exit code under "exit"; empty while nothing is seen of it."""
        said = json.loads(self.call("diagnose", "--output", "json", codes=(0, 1, 3)))
        return {**said["diagnoses"][0], "exit": said["exit"]} if said.get("diagnoses") else {}

    def diagnose_until(self, wanted: Callable[[dict[str, Any]], bool], what: str, limit: float = 120) -> dict[str, Any]:
        """The first diagnosis for which it holds, within that many seconds."""
        found: list[dict[str, Any]] = []

        def holds() -> bool:
            found.append(self.diagnose())
            return bool(found[-1]) and wanted(found[-1])

        try:
            until(holds, what, limit)
        except AssertionError as error:
            raise AssertionError(f"{what}: {json.dumps(found[-1], indent=1)}\n{self.release.warnings()}") from error
        return found[-1]

    def finds(self, cause: str, of: str, code: int = 1, limit: float = 120) -> dict[str, Any]:
        """The first finding of a diagnosis, once that is this cause of this object; `code` is how the command then ends."""

        def is_first(found: dict[str, Any]) -> bool:
            return bool(found["findings"]) and (found["findings"][0]["id"], found["findings"][0]["object"]) == (
                cause,
                of,
            )

        found = self.diagnose_until(is_first, f"{cause} of {of} is first", limit)
        assert found["exit"] == code
        first: dict[str, Any] = found["findings"][0]
        assert first["remedy"]
        assert first["commands"]
        return first

    def finds_nothing(self) -> None:
        """Wait until the release works and is left in peace; fails the test when something is still found."""
        self.diagnose_until(
            lambda found: (found["verdict"], found["exit"], found["findings"], found["users"]["users"])
            == ("ready", 0, [], "fine"),
            "it is ready and nothing is found",
        )
