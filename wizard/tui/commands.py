"""The command palette: only what applies on the screen that is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from wizard.tui.widgets.base import WizardScreen

Command = tuple[str, Callable[[], Awaitable[Any]]]


class WizardCommands(Provider):
    """Commands of the screen below the palette."""

    def _commands(self) -> Iterator[Command]:
        screen = self.screen
        if not isinstance(screen, WizardScreen):
            return
        for action in screen.commands():
            yield action.command, self._run(screen, action.name)

    def _run(self, screen: WizardScreen, action: str) -> Callable[[], Awaitable[Any]]:
        async def run() -> None:
            await screen.run_action(action)

        return run

    async def discover(self) -> Hits:
        """Everything that applies."""
        for title, run in self._commands():
            yield DiscoveryHit(title, run)

    async def search(self, query: str) -> Hits:
        """What applies and matches."""
        matcher = self.matcher(query)
        for title, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run)
