"""Pictures of the screens that carry the product, at the smallest size and at a roomy one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from textual.pilot import Pilot

import wizard
from tests.tui.driving import Driver
from tests.tui.fakes import (
    BEGIN,
    CONTEXT,
    DEPLOYED,
    END,
    NAME_MISSING,
    PASSING,
    READY,
    STUCK,
    ScreenSession,
    check,
    event,
    lines,
)  # fmt: skip
from tests.tui.widgets.test_log_history import flood
from wizard.core.answers.draft import Draft
from wizard.core.helm.strvals import SetFlag
from wizard.core.text import sanitize
from wizard.engine import records
from wizard.engine.release.rows import ReleasesView
from wizard.tui.app import WizardApp
from wizard.tui.start import Start

SIZES = [(80, 24), (140, 45)]
RED = check("A03", "host is taken", "fail", "Ingress team-b/web uses it", next_step="Choose another.", question="host")
STAGING = Draft({"preset": "staging", "host": "api.example.org", "tls": "none", "context": CONTEXT})

Compare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture(autouse=True)
def _same_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wizard, "__version__", "1.0.0")


def until(app: WizardApp, *steps: str | tuple[str, ...]) -> Before:
    """Texts to wait for and keys to press, before the picture is taken."""

    async def before(pilot: Pilot[None]) -> None:
        see = Driver(app, pilot)
        for step in steps:
            if isinstance(step, tuple):
                await see.press(*step)
            else:
                await see.sees(step)

    return before


@pytest.mark.parametrize("size", SIZES)
def test_home(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """Releases first, red told by sign and word, the keys below."""
    stuck = replace(DEPLOYED, name="costs", namespace="team-b", verdict="stuck", worst="image", ready=3)
    session.found = ReleasesView((DEPLOYED, stuck), "all namespaces")
    app = WizardApp(session, Start())
    assert snap_compare(app, terminal_size=size, run_before=until(app, "x stuck", "no cert-manager", "[u]"))


@pytest.mark.parametrize("size", SIZES)
def test_a_step(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """The rail at the left, the wrong host in red below its field."""
    app = WizardApp(session, Start("install", draft=STAGING.with_answers({"host": "Not A Host"})))
    before = until(app, "> 1 ", ("enter",), "> 2 ", ("enter",), "> 3 ", "nginx", ("tab",), "is not a host name")
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_all_values(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """The tree with a search in it: path, value, origin; the chosen value in full below or beside it."""
    session.chart.schema = {"properties": {"resources": {"description": "What each pod gets."}}}
    app = WizardApp(session, Start("install", draft=replace(STAGING, sets=(SetFlag("--set", "replicaCount=4"),))))
    before = until(
        app,
        "> 1 ",
        "F6",
        ("f6",),
        "replicaCount",
        ("slash", "c", "p", "u", "enter"),
        "found",
        ("down", "down"),
        "CPU limit",
    )
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_the_review(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """The red check first with its next step; Enter opens its field."""
    session.checks = (*PASSING, RED)
    app = WizardApp(session, Start("install", draft=STAGING))
    before = until(app, "> 1 ", "F9", ("f9",), "all in, 0.0 s", "host is taken")
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
async def test_a_stuck_run(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """The cause in the first lines, red objects first, logs running below."""
    await session.say(*STUCK)
    app = WizardApp(session, Start("runs", run_id="7f3a9c"))
    before = until(app, "STUCK", "Ready to accept")
    assert await asyncio.to_thread(snap_compare, app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
async def test_the_result(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """Installed, working and reachable as three facts."""
    await session.say(*READY, *END)
    session.reached = NAME_MISSING
    app = WizardApp(session, Start("runs", run_id="7f3a9c"))
    assert await asyncio.to_thread(snap_compare, app, terminal_size=size, run_before=until(app, "waiting for you"))


@pytest.mark.parametrize("size", SIZES)
def test_the_logs_held(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """Held still: fields of structured lines, wide and hostile text, last words, a gap."""
    said = [sanitize.line(one) for one in ("\x1b[31mred\x1b[0m [b]x[/b] \x1b]0;t\x07", "a\u202eb\tc", "日本語 " * 40)]
    structured = '{"time":"2026-03-02T14:05:30Z","level":"warn","msg":"slow query","ms":412,"table":"costs"}'
    gap = event("log.gap", pod="api-1", container="api", lost=12, reason="the stream was cut")
    session.record += [
        *STUCK, lines("api-1", "api", "panic: no database", previous=True), lines("api-1", "api", structured, *said), gap,
        lines("redis-0", "redis", "ERROR out of memory"),
    ]  # fmt: skip
    app = WizardApp(session, Start("runs", run_id="7f3a9c"))
    before = until(app, "out of memory", ("tab", "space"), "held")
    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_the_logs_of_the_record(snap_compare: Compare, session: ScreenSession, size: tuple[int, int]) -> None:
    """Above the lines that are kept: those of the record, and the way back; below, that it is not written just now."""
    session.record += [replace(one, seq=number) for number, one in enumerate(BEGIN, 1)]
    session.record_problems.put_nowait(
        records.record_problem_text("the record cannot be written: No space left on device")
    )
    app = WizardApp(session, Start("runs", run_id="7f3a9c"))

    async def before(pilot: Pilot[None]) -> None:
        see = Driver(app, pilot)
        await flood(see, session)
        await see.press("home")
        await see.sees("first line of the record, G follows", "cannot be written")

    assert snap_compare(app, terminal_size=size, run_before=before)
