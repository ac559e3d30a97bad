"""The app: owns bridge and navigator, handles resizing, quitting and crashes."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Event, Resize
from textual.theme import Theme
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.tui import crash
from wizard.tui.bridge import Bridge
from wizard.tui.crash import Unexpected
from wizard.tui.navigator import Navigator
from wizard.tui.text import safe_lines
from wizard.tui.theme import WIZARD
from wizard.tui.typeahead import Typeahead
from wizard.tui.widgets.base import WizardScreen, fits

if TYPE_CHECKING:
    from textual.screen import Screen

    from wizard.engine.session import Session
    from wizard.tui.start import Start


def _commands() -> type[Provider]:
    from wizard.tui.commands import WizardCommands  # imported when the palette is opened first

    return WizardCommands


class WizardApp(App[None]):
    """The full-screen wizard over one session."""

    TITLE = "LLM Cost Ops"
    CSS_PATH = "styles/app.tcss"
    COMMANDS = {_commands}  # noqa: RUF012 - Textual declares it so
    COMMAND_PALETTE_BINDING = "ctrl+p"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "leave", show=False, priority=True),
        Binding("ctrl+c", "leave", show=False),
    ]

    def __init__(self, session: Session, start: Start, unexpected: Unexpected = crash.sentence) -> None:
        super().__init__()
        self.session = session
        self._unexpected = unexpected
        self._cover: Screen[None] | None = None
        """The screen on top of all others while the terminal is too small."""
        self.bridge = Bridge(session, self._problem_of)
        self.navigator = Navigator(self, start)
        self.typeahead = Typeahead(self)
        self.register_theme(WIZARD)
        # Without the watcher, which would parse all styles once more.
        self.set_reactive(App.theme, WIZARD.name)

    @property
    @override
    def current_theme(self) -> Theme:
        # The only one: Textual's own property lists all themes, some hundred times before the first paint.
        return WIZARD

    @override
    def notify(self, message: str, **how: Any) -> None:
        """Makes the message safe; it is never markup."""
        super().notify(
            safe_lines(message), **{key: value for key, value in how.items() if key != "markup"}, markup=False
        )

    @override
    def get_default_screen(self) -> Screen[None]:
        """The base screen of the start, so that it is the first thing painted."""
        screen = self.navigator.base()
        if screen is None:
            return super().get_default_screen()
        for path in screen.css_path:  # Textual does this for screens that are pushed only
            self.stylesheet.read(path)
        return screen

    def on_mount(self) -> None:
        """Open the screen above the base screen, if the start has one."""
        self.screen_change_signal.subscribe(self, self.typeahead.opened, immediate=True)
        self.typeahead.opened(self.screen)
        if screen := self.navigator.first():
            self.push_screen(screen)
        self.run_worker(self.typeahead.run())
        self.run_worker(self.navigator.begin())
        if not self.is_headless:
            # Textual's own handler runs between any two instructions: in the middle of a paint it waits for a lock of
            # the very paint that it has interrupted, for ever.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTSTP, self._stop)

    @override
    async def on_event(self, event: Event) -> None:
        if not self.typeahead.take(event):
            await super().on_event(event)

    async def dispatch(self, event: Event) -> None:
        """Hand a new key to the widget that has the focus; run the binding of a key that no widget has used."""
        await super().on_event(event)

    @override
    def post_display_hook(self) -> None:
        self.typeahead.displayed()

    def on_ready(self) -> None:
        """After the first paint: exclude the imported modules, which stay, from garbage collection."""
        gc.freeze()
        gc.enable()

    def _stop(self) -> None:
        """Stop the process, as a shell's job control asks; when it is continued, the screen returns."""
        with self.suspend():
            os.kill(os.getpid(), signal.SIGSTOP)

    async def on_unmount(self) -> None:
        """Stop all readers; runs go on."""
        await self.bridge.close()

    def on_resize(self, event: Resize) -> None:
        """Cover the screen while the terminal is too small; the screen below keeps running."""
        covered = self.screen is self._cover
        if covered and fits(event.size):
            self.pop_screen()
        if covered or fits(event.size):
            return
        from wizard.tui.widgets.too_small import TooSmall

        self._cover = TooSmall()
        self.push_screen(self._cover)

    async def action_leave(self) -> None:
        """Ctrl-C and Ctrl-Q: the current screen decides what leaving means."""
        below = [screen for screen in self.screen_stack if isinstance(screen, WizardScreen)]
        if isinstance(self.screen, WizardScreen):
            await self.screen.leave()
        elif below:
            await self.navigator.quit(interrupted=True)

    def _problem_of(self, error: BaseException) -> Problem:
        return error if isinstance(error, Problem) else self._unexpected(error)

    @override
    def _fatal_error(self) -> None:
        """End with one sentence; Textual's own screen would print the values of local variables."""
        error = self._exception
        text = str(self._problem_of(error)) if error else "The wizard failed."
        self._exit_renderables.append(Text(f"{safe_lines(text)} A run that was started goes on."))
        self._close_messages_no_wait()
