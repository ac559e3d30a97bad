"""Go programs, built with the modules of a pinned tool: answers as Kubernetes' and helm's own Go packages give them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tests.core
from wizard.sandbox import toolchain

_SOURCE = Path(tests.core.__path__[0]) / "go_oracle" / "main.go"


class Oracle:
    """A running oracle; its working folder is `folder`."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self.folder = process, folder

    def ask(self, what: str, *words: str) -> str:
        """The answer to one question, a line."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, *words]) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().removesuffix("\n")

    def answers(self, what: str, rows: Sequence[tuple[str, ...]]) -> list[str]:
        """The answer to each row."""
        return [self.ask(what, *row) for row in rows]


@contextmanager
def started(helm: int, folder: Path) -> Iterator[Oracle]:
    """The oracle of helm 3 or 4 in an empty folder."""
    source = _SOURCE.read_text().replace("helm.sh/helm/v4/", f"helm.sh/helm/v{helm}/")
    with running(f"helm{helm}", source, folder) as oracle:
        yield oracle


@contextmanager
def running(tool: str, source: str, folder: Path) -> Iterator[Oracle]:
    """A Go program with the modules of a pinned tool, in an empty folder."""
    for path in toolchain.PINS[tool].sources:
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "main.go").write_text(source)
    go, environment = toolchain._go(lambda _: None)
    # Trimmed paths, as in `make tools`: what was compiled there is found again.
    command = [str(go), "build", "-trimpath", "-o", "oracle", "."]
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=600)
    with subprocess.Popen(
        [str(folder / "oracle")], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Oracle(process, folder)
