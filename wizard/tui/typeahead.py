"""Type-ahead: keys and pasted texts are handled one after the other, each after the effects of the one before it.

Textual alone would hand a key to the widget that has the focus while the key before it still waits in that widget's queue:
of `Tab x`, typed fast, the old field would get the x, or the x would be a command. Here a key is done when every widget in
whose hands it was has seen it, its action has ended, and the screen that it opened is there with its focus. The rules:

1. A key waits as long as the screen says so (`WizardScreen.waits`), in order, with at most `LIMIT` characters behind it.
2. A key that was typed before its screen was painted was typed ahead. A screen whose `foreseen` is False never gets such
   a key: it asks something dangerous, or opens by itself, so that nobody could answer it without seeing it.
3. Ctrl-C and Ctrl-Q wait for `PATIENCE` at most. Then they drop the keys before them, as Ctrl-C does on any terminal.
4. Esc and a letter that arrive as one are two keys: terminals send Alt and a letter in the same way, and no key has Alt.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from inspect import isawaitable
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from weakref import WeakKeyDictionary, WeakSet

from textual.command import CommandPalette
from textual.events import Event, Key, Paste
from textual.screen import Screen

from wizard.core.errors import Problem
from wizard.tui.bridge import FRAME
from wizard.tui.widgets.base import WizardScreen

if TYPE_CHECKING:
    from textual.message_pump import MessagePump

    from wizard.tui.app import WizardApp

LIMIT: Final = 65_536
"""Most characters that wait, typed and pasted."""
PATIENCE: Final = 0.3
"""Seconds that Ctrl-C waits for the keys before it."""
_READING: Final = 1.0
"""Most seconds that a key which was typed ahead waits for the data of its screen."""
_ROUNDS: Final = 10
"""Most rounds of waiting for the effects of a key: a run in a flood of log lines is never quiet."""

Work = Callable[[], Awaitable[Any] | None]


class Typeahead:
    """The queue between the terminal and the screens; `take` fills it, `run` empties it."""

    def __init__(self, app: WizardApp) -> None:
        self._app = app
        self._waiting: deque[Key | Paste | Work] = deque()
        self._arrived = asyncio.Event()
        self._size = 0
        self._full = False
        self._current: Event | None = None
        self._unused = False
        self._painted: WeakKeyDictionary[Screen[Any], float] = WeakKeyDictionary()
        self._unseen: WeakSet[Screen[Any]] = WeakSet()
        self.busy = False
        """Whether a key waits or is being handled."""

    # In

    def take(self, event: Event) -> bool:
        """Whether the event belongs here: a new key or pasted text, or the present one when no widget has used it."""
        if not isinstance(event, Key | Paste):
            return False
        if event.is_forwarded:
            self._unused |= event is self._current
            return event is self._current
        if _leaves(event):
            asyncio.get_running_loop().call_later(PATIENCE, self._overtake, event)
        elif self._full or self._size + _size(event) > LIMIT:
            self._refuse(event)
            return True
        for key in _keys(event):
            self._size += _size(key)
            self._waiting.append(key)
        self._wake()
        return True

    def then(self, work: Work) -> None:
        """Do the work before any other key: it follows from an answer in a modal screen."""
        self._waiting.appendleft(work)
        self._wake()

    def _wake(self) -> None:
        self.busy = True
        self._arrived.set()

    def _refuse(self, event: Key | Paste) -> None:
        if isinstance(event, Paste):
            self._tell(f"The pasted text has {len(event.text):,} characters, too many.", "Nothing of it was inserted.")
        elif not self._full:
            self._full = True  # until all that waits is handled: the rest of a text without its middle is worth nothing
            self._tell(f"More than {LIMIT:,} keys wait; those after them are dropped.", "Ctrl-C drops all of them.")

    def _overtake(self, event: Key) -> None:
        if event in self._waiting:
            self._waiting.clear()
            self._size = 0
            over = isinstance(self._app.screen, WizardScreen)
            self._app.call_later(self._app.action_leave if over else partial(self._app.dispatch, event))

    def _tell(self, what: str, next_step: str) -> None:
        self._app.notify(str(Problem(what, next_step)), severity="error", markup=False)

    # Paints

    def opened(self, screen: Screen[Any]) -> None:
        """A screen is on top: remember when it was painted first, with all of its widgets."""
        if screen not in self._painted:
            self._painted[screen] = float("inf")
            screen.call_later(self.changed, screen)  # when it and its widgets are mounted

    def changed(self, screen: Screen[Any]) -> None:
        """What the keys of a screen would start is new: keys that were typed before its next paint were typed ahead."""
        self._painted[screen] = float("inf")
        self._unseen.add(screen)
        screen.refresh(layout=True)  # all of it in one paint, so that the next one shows it

    def displayed(self) -> None:
        """The terminal was sent what has changed on the top screen."""
        screen = self._app.screen
        if screen in self._unseen:
            self._painted[screen] = monotonic()
            # A screen that is laid out anew is sent in two parts, the second at once after the first.
            asyncio.get_running_loop().call_soon(self._unseen.discard, screen)

    def painted(self, screen: Screen[Any]) -> bool:
        """Whether the screen was painted, so that a person can have seen it."""
        return self._painted.get(screen, float("inf")) <= monotonic()

    def _ahead(self, event: Key | Paste, screen: Screen[Any]) -> bool:
        return event.time < self._painted.get(screen, float("inf"))

    # Out

    async def run(self) -> None:
        """Handle what arrives, for as long as the app runs."""
        while True:
            await self._arrived.wait()
            while self._waiting:
                try:
                    await self._handle(self._waiting.popleft())
                except Exception as error:  # noqa: BLE001 - the app ends on it, as on every bug
                    self._app.call_later(partial(_raise, error))
            self._arrived.clear()
            self._full = self.busy = False

    async def _handle(self, item: Key | Paste | Work) -> None:
        if not isinstance(item, Key | Paste):
            result = item()
            if isawaitable(result):
                await result
            await self._settled()
            return
        self._size -= _size(item)
        before = self._app.screen
        if _leaves(item):
            await self._leave(item)
        else:
            await self._until_taken(item)
            screen = self._app.screen
            if self._ahead(item, screen) and not getattr(screen, "foreseen", True):
                return
            await self._dispatch(item)
        await self._settled()
        if self._app.screen is not before:
            # A modal screen that opens now would show the one below as it was painted last.
            with suppress(TimeoutError):  # the screen may be gone by then
                await asyncio.wait_for(self._app.screen.wait_for_refresh(), _READING)

    async def _until_taken(self, event: Key | Paste) -> None:
        patient = monotonic() + _READING
        while self._must_wait(event, patient=monotonic() < patient):  # noqa: ASYNC110 - no event tells all of it
            await asyncio.sleep(FRAME)

    def _must_wait(self, event: Key | Paste, *, patient: bool) -> bool:
        screen = self._app.screen
        if isinstance(screen, WizardScreen):
            return screen.waits(ahead=patient and self._ahead(event, screen))
        if isinstance(screen, CommandPalette) and not (isinstance(event, Key) and event.is_printable):
            # It searches in a worker; Enter would run what the search before has found.
            return patient and any(worker.node is screen and not worker.is_finished for worker in self._app.workers)
        return False

    async def _leave(self, event: Key) -> None:
        if isinstance(self._app.screen, WizardScreen):
            # Not by way of the widgets: a screen that starts a run would see the key only after that.
            await self._app.action_leave()
        else:
            await self._dispatch(event)

    async def _dispatch(self, event: Key | Paste) -> None:
        nodes = list((self._app.focused or self._app.screen).ancestors_with_self)
        self._current, self._unused = event, False
        await self._app.dispatch(event)
        for node in nodes:
            await _passed(node)
        if self._unused and isinstance(event, Paste):
            self._tell("Pasted text goes into a field, and none is selected.", "Nothing was inserted.")
        elif self._unused:
            await self._app.dispatch(event)
        self._current = None

    async def _settled(self) -> None:
        """Wait until the present screen and its widgets are there, and nothing is left in their queues or the app's."""
        before: list[MessagePump] = []
        for _ in range(_ROUNDS):
            nodes: list[MessagePump] = [self._app, *self._app.screen.walk_children(with_self=True)]
            if nodes == before and not any(node.message_queue_size for node in nodes):
                return
            before = nodes
            for node in nodes:
                await _passed(node)


async def _passed(node: MessagePump) -> None:
    """Wait until the node has handled all that it was sent before."""
    reached = asyncio.Event()
    if node.call_later(reached.set):
        await reached.wait()


def _leaves(event: Key | Paste) -> TypeGuard[Key]:
    return isinstance(event, Key) and event.key in ("ctrl+c", "ctrl+q")


def _size(event: Key | Paste) -> int:
    return len(event.text) if isinstance(event, Paste) else 1


def _keys(event: Key | Paste) -> list[Key | Paste]:
    if isinstance(event, Paste) or not (event.key.startswith("alt+") and event.character):
        return [event]
    keys = Key("escape", "\x1b"), Key(event.key.removeprefix("alt+"), event.character)
    for key in keys:
        key.time = event.time
    return list(keys)


def _raise(error: Exception) -> None:
    raise error
