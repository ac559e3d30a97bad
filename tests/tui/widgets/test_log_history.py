"""Scrolling above the ring: the rest of the logs is read from the record, some screens at a time."""

from __future__ import annotations

import re

from tests.tui.conftest import Open
from tests.tui.driving import Driver
from tests.tui.fakes import BEGIN, ScreenSession, lines
from wizard.core.run.log_buffer import LogBuffer
from wizard.core.run.log_filter import LogFilter
from wizard.core.run.log_window import Page
from wizard.tui.messages import PageRead
from wizard.tui.run.screen import RunScreen
from wizard.tui.start import Start
from wizard.tui.widgets.log_pane import LogPane

RUN = Start("runs", run_id="7f3a9c")
BATCH = 200
TALL = (80, 80)
"""Fewer presses to the same place."""


async def flood(see: Driver, session: ScreenSession, *, batches: int = 20) -> LogPane:
    """A run that said more than its small ring keeps; the logs have the focus."""
    await see.sees("following")
    screen = see.app.screen
    assert isinstance(screen, RunScreen)
    screen.feed.view.logs = LogBuffer(max_bytes=20_000)
    for batch in range(batches):
        said = (f"line {number:05}" for number in range(batch * BATCH, (batch + 1) * BATCH))
        await session.say(lines("api-1", "api", *said))
    await see.sees(f"line {batches * BATCH - 1:05}", "older in the record")
    await see.press("tab")
    pane = screen.query_one(LogPane)
    assert pane.buffer.first > BATCH
    return pane


def numbers(see: Driver) -> list[int]:
    return [int(one) for one in re.findall(r"line (\d{5})", see.text())]


async def to_top_of_ring(see: Driver, pane: LogPane) -> int:
    """Hold at the oldest line that is kept; its number."""
    pane.hold(pane.buffer.first)
    await see.sees(f"line {pane.buffer.first:05}", "held, PgUp older")
    return pane.buffer.first


async def test_page_up_above_the_ring_shows_the_lines_before_it_without_a_gap(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        pane = await flood(see, session)
        first = await to_top_of_ring(see, pane)
        await see.press("pageup")
        await see.sees("in the record, G follows")
        shown = numbers(see)
        assert shown == list(range(shown[0], shown[0] + len(shown)))
        assert shown[0] < first <= shown[-1] + 1
        await see.press("pagedown")
        await see.sees(f"line {first:05}", "held")
        assert pane.window is None
        assert numbers(see)[0] == first


async def test_scrolling_up_for_long_reaches_the_first_line_of_the_record(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN, size=TALL) as see:
        pane = await flood(see, session, batches=6)
        await to_top_of_ring(see, pane)
        seen: list[int] = []
        for _ in range(400):
            await see.press("pageup")
            await see.loses("reading the record")
            seen += numbers(see)
            if 0 in seen:
                break
        await see.sees("line 00000", "first line of the record")
        assert set(seen) >= set(range(pane.buffer.first)), "no line was passed over"


async def test_home_goes_to_the_first_line_of_the_record_and_g_follows_again(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        pane = await flood(see, session)
        await see.press("home")
        await see.sees("line 00000", "first line of the record, G follows")
        await see.press("pagedown")
        assert numbers(see)[0] > 0
        await session.say(lines("api-1", "api", "the newest"))
        await see.press("G")
        await see.sees("the newest", "following")
        assert pane.window is None


async def test_from_the_first_line_one_comes_down_to_the_ring_and_follows_without_missing_a_line(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN, size=TALL) as see:
        await flood(see, session, batches=6)
        await see.press("home")
        await see.sees("line 00000")
        seen = set(numbers(see))
        for _ in range(400):
            await see.press("pagedown")
            await see.loses("reading the record")
            seen |= set(numbers(see))
            if "following" in see.text():
                break
        assert seen == set(range(6 * BATCH))


async def test_a_filter_holds_for_the_record_too(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        pane = await flood(see, session)
        pane.show_only(LogFilter("77"))
        await see.sees('with "77"')
        pane.hold(pane._first)
        await see.press("pageup")
        await see.sees("in the record")
        shown = numbers(see)
        assert shown
        assert all("77" in f"{one:05}" for one in shown)
        assert shown[0] < pane.buffer.first
        await see.press("home")
        await see.sees("line 00077", "first line of the record")


async def test_the_screen_goes_on_while_the_record_is_read_and_follow_forgets_the_answer(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        pane = await flood(see, session)
        session.page_gate.clear()
        await see.press("home")
        await see.sees("reading the record ...")
        ticket = pane._ticket
        await session.say(lines("api-1", "api", "said meanwhile"))
        await see.press("end")
        await see.sees("said meanwhile", "following")
        session.page_gate.set()
        see.app.screen.post_message(PageRead(ticket, Page((), None), newer=True))  # it was on its way already
        await see.press("space")
        await see.sees("held")
        assert pane.window is None


async def test_what_is_kept_of_the_record_stays_small(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        pane = await flood(see, session, batches=60)
        await see.press("home")
        await see.sees("line 00000")
        assert pane.window is not None
        assert len(pane.window.entries) < 60 * BATCH / 4
