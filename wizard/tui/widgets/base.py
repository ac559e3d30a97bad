"""The base class of the wizard's screens: a header, a body, and the keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar, cast

from textual.binding import BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from typing_extensions import override

from wizard.tui.actions import Action, Key, bindings
from wizard.tui.widgets.frame import Header, Heading, Keys

if TYPE_CHECKING:
    from wizard.core.errors import Problem
    from wizard.tui.app import WizardApp
    from wizard.tui.bridge import Bridge
    from wizard.tui.navigator import Navigator

_EVERYWHERE: Final = (
    Action("explain", "question_mark,f1", "explain", "Explain the selection"),
    Action("app.command_palette", "colon", "commands"),
    Action("app.leave", command="Quit"),
)
_Answer = TypeVar("_Answer")
LEAST = Size(80, 24)
WIDE = 110
"""From this width in columns on there is a second column."""


def fits(size: Size) -> bool:
    """Whether the terminal is large enough."""
    return size.width >= LEAST.width and size.height >= LEAST.height


class WizardScreen(Screen[None]):
    """Base of all screens but the modal ones."""

    ACTIONS: ClassVar[Sequence[Action]] = ()
    """The actions of the screen, in the order of the palette; each screen makes its BINDINGS of them."""
    BINDINGS: ClassVar[list[BindingType]] = bindings(_EVERYWHERE)
    AUTO_FOCUS = ""
    foreseen = True
    """Whether a key that is typed before the screen is painted may be meant for it; see typeahead."""

    @property
    def wizard(self) -> WizardApp:
        """The app, by its own type."""
        return cast("WizardApp", self.app)

    @property
    def nav(self) -> Navigator:
        """The navigator, which opens screens."""
        return self.wizard.navigator

    @property
    def bridge(self) -> Bridge:
        """The bridge, which reads from the session."""
        return self.wizard.bridge

    def now(self) -> datetime:
        """The present time, by the session's clock."""
        return self.wizard.session.now()

    def heading(self) -> Heading:
        """The content of the header now."""
        raise NotImplementedError

    def keys(self) -> Sequence[Key]:
        """The keys that have an effect now, for the last line."""
        raise NotImplementedError

    def key(self, name: str, label: str | None = None) -> Key:
        """The key of an action; `label` replaces its own label."""
        return next(action.key(label) for action in (*self.ACTIONS, *_EVERYWHERE) if action.name == name)

    def commands(self) -> Sequence[Action]:
        """The actions that the palette offers now."""
        return [action for action in (*self.ACTIONS, *_EVERYWHERE) if action.command]

    def body(self) -> Iterable[Widget]:
        """The widgets between header and keys."""
        raise NotImplementedError

    def explanation(self) -> tuple[str, str]:
        """Title and text that explain the selection."""
        raise NotImplementedError

    @override
    def compose(self) -> Iterable[Widget]:
        yield Header(self.heading())
        yield from self.body()
        yield Keys(self.keys())

    def refresh_frame(self) -> None:
        """Update header and keys after the state has changed."""
        if self.is_mounted:
            self.query_one(Header).set(self.heading())
            self.query_one(Keys).set(self.keys())

    def on_resize(self, event: Resize) -> None:
        """Set the style classes of the terminal's size."""
        self.set_class(event.size.width >= WIDE, "-wide")
        self.set_class(event.size.height >= 36, "-tall")

    def waits(self, *, ahead: bool) -> bool:
        """Whether keys have to wait, because what they act on is not there yet; `ahead`: they were typed ahead of it."""
        return False

    def ask(self, modal: Screen[_Answer], then: Callable[[_Answer | None], Awaitable[object] | None]) -> None:
        """Open a modal screen; `then` is called with its result, and later keys wait for it."""
        typeahead = self.wizard.typeahead
        self.app.push_screen(modal, lambda answer: typeahead.then(partial(then, answer)))

    def action_explain(self) -> None:
        """Show the explanation of the selection."""
        from wizard.tui.widgets.modals import Explain

        self.app.push_screen(Explain(*self.explanation()))

    def tell(self, problem: Problem) -> None:
        """Show a problem as a notification."""
        self.app.notify(str(problem), severity="error", markup=False)

    async def leave(self) -> None:
        """Quit (Ctrl-C, Ctrl-Q)."""
        await self.nav.quit(interrupted=True)
