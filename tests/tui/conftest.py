"""One app per test, at the size that must work, with everything visible that a person would see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual import _wait

from tests.tui.driving import Driver
from tests.tui.fakes import ScreenSession
from wizard.tui.app import WizardApp
from wizard.tui.start import Start

Open = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture(autouse=True)
def _same_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def _short_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each key the pilot sleeps twice, for 20 ms, to see whether the process is idle; a fourth of it shows it too."""
    monkeypatch.setattr(_wait, "SLEEP_GRANULARITY", _wait.SLEEP_GRANULARITY / 4)
    monkeypatch.setattr(_wait, "SLEEP_IDLE", _wait.SLEEP_IDLE / 4)


@pytest.fixture
def session() -> ScreenSession:
    return ScreenSession()


@pytest.fixture
def open_app(session: ScreenSession) -> Open:
    return opens(session)


def opens(session: ScreenSession) -> Open:
    """What opens the app over a session."""

    @asynccontextmanager
    async def opened(start: Start | None = None, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
        app = WizardApp(session, start or Start())
        async with app.run_test(size=size, notifications=True, tooltips=True) as pilot:
            yield Driver(app, pilot)

    return opened
