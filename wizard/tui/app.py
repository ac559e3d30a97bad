"""The app: owns the bridge and the navigator, and knows how to end."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Resize

from wizard.core.errors import Problem
from wizard.tui import crash
from wizard.tui.bridge import Bridge
from wizard.tui.crash import Unexpected
from wizard.tui.navigator import Navigator
from wizard.tui.text import safe_lines
from wizard.tui.theme import WIZARD
from wizard.tui.widgets.base import WizardScreen, fits

if TYPE_CHECKING:
    from textual.screen import Screen

    from wizard.engine.session import Session
    from wizard.tui.start import Start


def _commands() -> type[Provider]:
    from wizard.tui.commands import WizardCommands  # costs the palette only when it is opened

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
        """What lies over everything while the terminal is too small."""
        self.bridge = Bridge(session, self._problem_of)
        self.navigator = Navigator(self, start)
        self.register_theme(WIZARD)
        # Without the watcher, which would parse all styles once more: nothing was styled yet.
        self.set_reactive(App.theme, WIZARD.name)
        self.stylesheet.set_variables(self.get_css_variables())

    def notify(self, message: str, **how: Any) -> None:
        """Say it at the edge; what it quotes is made safe here, and is never markup."""
        super().notify(
            safe_lines(message), **{key: value for key, value in how.items() if key != "markup"}, markup=False
        )

    def get_default_screen(self) -> Screen[None]:
        """What is at the bottom is the first thing painted."""
        screen = self.navigator.base()
        if screen is None:
            return super().get_default_screen()
        for path in screen.css_path:  # Textual does this for screens that are pushed only
            self.stylesheet.read(path)
        return screen

    def on_mount(self) -> None:
        """Any other screen lies on top; the navigator keeps it at one."""
        if screen := self.navigator.first():
            self.push_screen(screen)
        self.run_worker(self.navigator.begin())

    def on_ready(self) -> None:
        """The first paint is out. What was imported for it stays for good: the collector need not look at it again."""
        gc.freeze()
        gc.enable()

    async def on_unmount(self) -> None:
        """End what reads; runs go on."""
        await self.bridge.close()

    def on_resize(self, event: Resize) -> None:
        """Cover the screen while it is too small; it goes on below."""
        covered = self.screen is self._cover
        if covered and fits(event.size):
            self.pop_screen()
        if covered or fits(event.size):
            return
        from wizard.tui.widgets.too_small import TooSmall

        self._cover = TooSmall()
        self.push_screen(self._cover)

    async def action_leave(self) -> None:
        """Ctrl-C and Ctrl-Q: the screen knows what that means now."""
        below = [one for one in self.screen_stack if isinstance(one, WizardScreen)]
        if isinstance(self.screen, WizardScreen):
            await self.screen.leave()
        elif below:
            await self.navigator.quit(interrupted=True)

    def _problem_of(self, error: BaseException) -> Problem:
        return error if isinstance(error, Problem) else self._unexpected(error)

    def _fatal_error(self) -> None:
        """End with one sentence; Textual's own screen would print the values of local variables."""
        error = self._exception
        text = str(self._problem_of(error)) if error else "The wizard made a mistake of its own."
        self._exit_renderables.append(Text(f"{safe_lines(text)} A run that was started goes on."))
        self._close_messages_no_wait()
