"""What every screen of the wizard has: a header, a body, the keys of the moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.binding import BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from wizard.tui.actions import Action, Key, bindings
from wizard.tui.widgets.frame import Header, Heading, Keys

if TYPE_CHECKING:
    from wizard.core.errors import Problem
    from wizard.tui.app import WizardApp
    from wizard.tui.bridge import Bridge
    from wizard.tui.navigator import Navigator

_EVERYWHERE: Final = (
    Action("explain", "question_mark,f1", "explain", "Explain what is in hand"),
    Action("app.command_palette", "colon", "commands"),
    Action("app.leave", command="Quit"),
)
LEAST = Size(80, 24)
WIDE = 110
"""From this many columns on there is a second column."""


def fits(size: Size) -> bool:
    """Whether the wizard can show itself."""
    return size.width >= LEAST.width and size.height >= LEAST.height


class WizardScreen(Screen[None]):
    """Base of all screens but the modal ones."""

    ACTIONS: ClassVar[Sequence[Action]] = ()
    """What the screen does, in the order of the palette; each screen has its own, and BINDINGS made of them."""
    BINDINGS: ClassVar[list[BindingType]] = bindings(_EVERYWHERE)
    AUTO_FOCUS = ""

    @property
    def wizard(self) -> WizardApp:
        """The app, by its own type."""
        return cast("WizardApp", self.app)

    @property
    def nav(self) -> Navigator:
        """Who decides which screen comes when."""
        return self.wizard.navigator

    @property
    def bridge(self) -> Bridge:
        """Where facts come from."""
        return self.wizard.bridge

    def now(self) -> datetime:
        """The present moment, by the session's clock."""
        return self.wizard.session.now()

    def heading(self) -> Heading:
        """What the header says now."""
        raise NotImplementedError

    def keys(self) -> Sequence[Key]:
        """The keys that do something now."""
        raise NotImplementedError

    def key(self, name: str, label: str | None = None) -> Key:
        """The key of an action, with another label where that depends on the moment."""
        return next(action.key(label) for action in (*self.ACTIONS, *_EVERYWHERE) if action.name == name)

    def commands(self) -> Sequence[Action]:
        """What the palette offers now."""
        return [action for action in (*self.ACTIONS, *_EVERYWHERE) if action.command]

    def body(self) -> Iterable[Widget]:
        """Everything between header and keys."""
        raise NotImplementedError

    def explanation(self) -> tuple[str, str]:
        """Title and text for the focused thing."""
        raise NotImplementedError

    def compose(self) -> Iterable[Widget]:
        """Header, body, keys."""
        yield Header(self.heading())
        yield from self.body()
        yield Keys(self.keys())

    def refresh_frame(self) -> None:
        """Say header and keys again after the state changed."""
        if self.is_mounted:
            self.query_one(Header).set(self.heading())
            self.query_one(Keys).set(self.keys())

    def on_resize(self, event: Resize) -> None:
        """Use the width there is."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self.set_class(event.size.height >= 36, "-tall")

    def action_explain(self) -> None:
        """Explain the focused thing."""
        from wizard.tui.widgets.modals import Explain

        self.app.push_screen(Explain(*self.explanation()))

    def tell(self, problem: Problem) -> None:
        """Say a problem in passing."""
        self.app.notify(str(problem), severity="error", markup=False)

    async def leave(self) -> None:
        """The person wants out (Ctrl-C, Ctrl-Q)."""
        await self.nav.quit(interrupted=True)
