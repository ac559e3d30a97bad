from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from wizard.adapters.runs import processes

HELM = """#!/bin/sh
# A helm of tests: says what happens to it in the file beside it, and ends when it is told to.
if [ "$1" = list ]; then echo '[{{"name": "test", "revision": "1", "status": "failed"}}]'; exit; fi
say() {{ echo "$1" >> {folder}/heard; }}
trap 'say term; echo "Error: interrupted" >&2; exit 1' TERM
trap 'say hup; exit 129' HUP
trap 'say int; exit 130' INT
say "started $*"
env > {folder}/environment
echo "NAME: test"
while [ ! -e {folder}/end ]; do sleep 0.02; done
printf 'NOTES:\\nopen it'
exit "$(cat {folder}/end)"
"""


class FakeHelm:
    """A program in helm's place, and what it heard."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "helm"
        self.path.write_text(HELM.format(folder=folder))
        self.path.chmod(stat.S_IRWXU)

    def heard(self) -> list[str]:
        with suppress(FileNotFoundError):
            return (self.folder / "heard").read_text().splitlines()
        return []

    def end(self, code: int) -> None:
        """Let it end; after a success the run still waits for a cluster that it cannot see, after a failure it ends at once."""
        (self.folder / "end.new").write_text(str(code))
        (self.folder / "end.new").rename(self.folder / "end")


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    """Wait for a condition with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ends(pid: int) -> bool:
    return processes.start_of(pid) == ""


@pytest.fixture
def helm(tmp_path: Path) -> Iterator[FakeHelm]:
    folder = tmp_path / "fake"
    folder.mkdir()
    made = FakeHelm(folder)
    yield made
    made.end(0)


@pytest.fixture
def started() -> Iterator[list[int]]:
    """Pids that the test started; those still alive are ended afterwards."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
