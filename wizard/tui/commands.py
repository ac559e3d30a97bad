"""The command palette: the commands of the open screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from typing_extensions import override

from wizard.tui.widgets.base import WizardScreen

Command = tuple[str, Callable[[], Awaitable[Any]]]


class WizardCommands(Provider):
    """Provides the commands of the screen below the palette."""

    def _commands(self) -> Iterator[Command]:
        screen = self.screen
        if not isinstance(screen, WizardScreen):
            return
        for action in screen.commands():
            yield action.command, self._run(screen, action.name)

    def _run(self, screen: WizardScreen, action: str) -> Callable[[], Awaitable[Any]]:
        async def run() -> None:
            screen.wizard.typeahead.then(partial(screen.run_action, action))

        return run

    @override
    async def discover(self) -> Hits:
        for title, run in self._commands():
            yield DiscoveryHit(title, run)

    @override
    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for title, run in self._commands():
            if (score := matcher.match(title)) > 0:
                yield Hit(score, matcher.highlight(title), run)
