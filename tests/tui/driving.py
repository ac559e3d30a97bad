"""What a person does and sees: press keys, read the screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.events import Key
from textual.pilot import Pilot

from wizard.tui.app import WizardApp

DEADLINE = 5.0


class Driver:
    """Keys in, text out."""

    def __init__(self, app: WizardApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    def text(self) -> str:
        """The screen as lines of text."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, and wait for their effects."""
        await self.pilot.press(*keys)
        await self.handled()

    async def handled(self) -> None:
        """Wait until no key waits, or the app has ended; a key may wait for something that a test holds back."""
        await until(lambda: not self.app.typeahead.busy or self.app.return_code is not None)

    async def type(self, text: str) -> None:
        """Type a text as quickly as a terminal hands it over; the pilot would wait twice for an idle process after each key."""
        names = {" ": "space", "/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", ":": "colon"}
        for character in text:
            self.app.post_message(Key(names.get(character, character), character))
        await self.pilot.pause()
        await self.handled()

    async def sees(self, *texts: str) -> str:
        """Wait until all the texts are on the screen, and the screen was painted."""
        until = time.monotonic() + DEADLINE
        while True:
            shown = self.text()  # once, it draws the whole screen
            missing = [text for text in texts if text not in shown]
            if not missing and self.app.typeahead.painted(self.app.screen):
                return shown
            if time.monotonic() > until:
                raise AssertionError(f"not on the screen: {missing}\n{shown}")
            await asyncio.sleep(0.01)

    async def loses(self, text: str) -> None:
        """Wait until a text is gone, and the screen was painted without it."""
        gone = await until(lambda: text not in self.text() and self.app.typeahead.painted(self.app.screen))
        assert gone, f"still on the screen: {text}\n{self.text()}"


async def until(met: Callable[[], bool]) -> bool:
    """Wait until a condition is met, but no longer than the deadline; returns whether it is met."""
    last = time.monotonic() + DEADLINE
    while not (now := met()):
        if time.monotonic() > last:
            break
        await asyncio.sleep(0.005)
    return now


async def menu(see: Driver, key: str) -> None:
    """Open the menu of the only release and press a key in it."""
    await see.sees("> llm-cost-ops")
    await see.press("enter")
    await see.sees("[u] Upgrade")
    await see.press(key)
