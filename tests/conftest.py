"""Every test runs in a world of its own; those that need a cluster share one sandbox for each worker."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fault_table import pytest_sessionfinish as pytest_sessionfinish  # a hook, too
from tests.results import pytest_runtest_logreport as pytest_runtest_logreport  # hooks: pytest finds them by name here
from tests.results import pytest_terminal_summary as pytest_terminal_summary
from tests.spread import pytest_xdist_make_scheduler as pytest_xdist_make_scheduler
from wizard.sandbox import cluster, toolchain, users
from wizard.sandbox.api import Api

_TOOLS = {"tool", "sandbox"}
"""Fixtures that need what `make tools` builds."""
_CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out because it needs a tool; what needs the sandbox comes first (see spread.py)."""
    for item in items:
        if _TOOLS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.tools)
    items.sort(key=lambda item: "_bed" not in getattr(item, "fixturenames", ()))


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test finds the developer's kubeconfig, state or colours, or asks a registry beyond this machine; the tools' cache is shared.

    The umask that a test leaves ends with it.
    """
    for name in ("KUBECONFIG", "NO_COLOR", "TEXTUAL_THEME", "LLM_COST_OPS_HELM", "HELM_DRIVER", "HELM_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", _CACHE)
    monkeypatch.setenv("LLM_COST_OPS_OFFLINE", "1")
    monkeypatch.setenv("HELM_CACHE_HOME", str(tmp_path / "helm-cache"))
    monkeypatch.setenv("GOGC", "400")  # helm and kubectl live for a second: less of it goes into collecting garbage
    (tmp_path / "home").mkdir()
    mask = os.umask(0)
    os.umask(mask)
    yield
    os.umask(mask)


@dataclass(frozen=True)
class Bed:
    """A sandbox that tests use: a real API server, and how to break and heal it."""

    info: cluster.SandboxInfo
    state_home: Path

    @property
    def kubeconfig(self) -> str:
        """Path of the admin's kubeconfig."""
        return str(self.info.kubeconfig)

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """What the pinned kubectl prints, as the admin."""
        command = [str(toolchain.tool_path("kubectl")), "--kubeconfig", self.kubeconfig, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, done.stderr
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """An object or a list, decoded."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def scenario(self, name: str, **options: Any) -> None:
        """Break the cluster in a named way; "none" heals it."""
        with self._state():
            cluster.scenario(self.info.name, name, **options)

    def user(self, kind: str, **options: Any) -> str:
        """Path of the kubeconfig of another user: namespace-only, view, nobody, expired."""
        with self._state():
            return str(users.user_kubeconfig(self.info.name, kind, **options))

    def api(self) -> Api:
        """A client with all rights."""
        with self._state():
            return cluster.admin(self.info.name)

    def _state(self) -> _with_state:
        return _with_state(self.state_home)


class _with_state:  # noqa: N801 - reads as what it does
    """The sandbox's own state folder while one of its functions runs."""

    def __init__(self, state_home: Path) -> None:
        self._patch = pytest.MonkeyPatch()
        self._state_home = state_home

    def __enter__(self) -> None:
        self._patch.setenv("XDG_STATE_HOME", str(self._state_home))

    def __exit__(self, *_: object) -> None:
        self._patch.undo()


@pytest.fixture(scope="session")
def _bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    state_home = tmp_path_factory.mktemp("bed")
    name = f"t{uuid.uuid4().hex[:6]}"
    with _with_state(state_home):
        info = cluster.up(name, audit=True)
    yield Bed(info, state_home)
    with _with_state(state_home):
        cluster.down(name)


@pytest.fixture
def sandbox(_bed: Bed) -> Iterator[Bed]:
    """The worker's sandbox, healed again after the test."""
    yield _bed
    _bed.scenario("none")


@pytest.fixture
def namespace(sandbox: Bed) -> Iterator[str]:
    """A namespace name of the test's own; not made, removed afterwards if it is there."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    yield name
    sandbox.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="session")
def tool() -> Callable[[str], str]:
    """Path of a pinned tool by its name; tests never use tools from PATH."""
    return lambda name: str(toolchain.tool_path(name))
