"""The command palette: only what applies on the screen that is open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from wizard.tui.widgets.base import WizardScreen

_TITLES = {
    "home": {
        "install": "Install", "resume": "Resume the draft", "values": "Write a values file only", "check": "Run all checks",
        "upgrade": "Upgrade the release", "diagnose": "Diagnose the release", "attach": "Show the run", "again": "Read everything again",
        "leftovers": "Leftovers of releases that are gone", "other_file": "Use another kubeconfig", "practise": "How to practise",
    },
}  # fmt: skip
_BY_SCREEN: dict[str, tuple[tuple[str, str], ...]] = {
    "HomeScreen": (("leftovers", "Leftovers of releases that are gone"), ("context", "Choose another cluster"), ("namespace", "Look in another namespace")),
    "StepScreen": (("next", "Next step"), ("back", "Back"), ("preview", "Show the values file"), ("review", "Review now")),
    "ReviewScreen": (("plan", "Show the plan"), ("write", "Write the values file only"), ("again", "Check again"), ("fix", "Open the field"), ("back", "Back")),
    "RunScreen": (
        ("pane", "Next pane"), ("filter", "Filter the logs"), ("hold", "Hold or follow the logs"), ("error", "First error in the logs"),
        ("previous", "Logs before the last restart"), ("find", "Find in the logs"), ("fields", "Log lines as fields or as written"),
        ("save", "Save the logs to a file"), ("copy", "Copy the log lines that show, or helm's command"), ("newest", "Follow the logs"), ("stop", "Stop helm"), ("leave", "Leave the run"),
    ),
    "HistoryScreen": (
        ("changes", "What it changed"), ("values", "Its values"), ("manifest", "Its objects"), ("rollback", "Roll back to it"), ("home", "Home"),
    ),
    "PreviewScreen": (("start", "Start it"), ("again", "Look again"), ("back", "Back")),
    "LeftoversScreen": (("mark", "Mark it"), ("start", "Delete what is marked"), ("again", "Look again"), ("home", "Home")),
    "DiagnoseScreen": (("proof", "Show the proof"), ("message", "A message for the chat"), ("again", "Look again"), ("home", "Home")),
    "DoneScreen": (("logs", "Back to objects and logs"), ("home", "Home")),
}  # fmt: skip

Command = tuple[str, Callable[[], Awaitable[Any]]]


class WizardCommands(Provider):
    """Commands of the screen below the palette."""

    def _commands(self) -> Iterator[Command]:
        screen = self.screen
        if not isinstance(screen, WizardScreen):
            return
        offered = getattr(screen, "offered", ())
        for key, action in offered:
            yield _TITLES["home"][action], self._run(screen, f"press('{key}')")
        for action, title in _BY_SCREEN.get(type(screen).__name__, ()):
            yield title, self._run(screen, action)
        yield "Explain what is in hand", self._run(screen, "explain")
        yield "Quit", self._run(screen, "app.leave")

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
