"""A release as it is now, live and without a run: verdict, objects, logs, events, findings. It reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.core.run.log_filter import LogFilter
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import StreamFailed
from wizard.tui.run.live import LiveScreen
from wizard.tui.run.panes import WITHOUT_HELM, RunPanes
from wizard.tui.run.state import RunFeed
from wizard.tui.run.view import object_text
from wizard.tui.widgets.frame import Heading

if TYPE_CHECKING:
    from wizard.core.run.view import ObjectRow
    from wizard.core.target import Target

_WITH_PODS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
ABOUT: Final = (
    "Every object of the release is watched, and the logs of all its containers are followed: 200 older lines of each, then "
    "all that come. Red objects come first; Enter on one shows its description and its YAML. c shows the logs of one "
    "container, / those with a text, v warnings and errors, p those from before a restart. Nothing is changed here."
)


class ReleaseScreen(LiveScreen):
    """Watches a release for as long as the screen is open."""

    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("pane(1)", "tab", "pane", "Next pane"),
        Action("pane(-1)", "shift+tab"),
        *LiveScreen.LOG_ACTIONS,
        Action("findings", "f", "cause", "Findings"),
        Action("open", "enter", "describe", "Describe the selected object"),
        Action("diagnose", "d", "diagnose", "Diagnose the release"),
        Action("leave", "q", "quit"),
        Action("home", "escape", "back"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, target: Target, *, logs_of: str = "", from_diagnosis: bool = False) -> None:
        """`logs_of`: the object ("Kind/name") whose logs are shown first, all of them when it has none of its own."""
        super().__init__(RunFeed(""))
        self.target = target
        self._logs_of = logs_of
        self._from_diagnosis = from_diagnosis

    @override
    def heading(self) -> Heading:
        where = f"{self.target.release} -> {self.target.context} / {self.target.namespace}"
        return Heading(where, "read", "nothing changed", "live")

    @override
    def keys(self) -> Sequence[Key]:
        back = self.key("home", "back" if self._from_diagnosis else "home")
        if self.is_mounted and self.panes.logs.has_focus:
            hold = "hold" if self.panes.logs.following else "follow"
            shown = [self.key("filter"), self.key("container"), self.key("warnings"), self.key("hold", hold)]
        else:
            shown = [self.key("open")] if self.is_mounted and self._object() else []
            shown += [self.key("findings")] if self.feed.view.findings else []
            shown += [self.key("diagnose"), self.key("filter")]
        return (self.key("pane(1)"), *shown, back, self.key("explain", "help"), self.key("leave"))

    @override
    def make_panes(self) -> RunPanes:
        return RunPanes(self.now, WITHOUT_HELM)

    @override
    def last_line(self) -> str:
        return "Live. Nothing is changed here."

    def on_mount(self) -> None:
        """Watch, with the focus on what is asked for."""
        self.feed = self.bridge.watch(self, self.target)
        self.show_feed()
        if self._logs_of.partition("/")[0] in _WITH_PODS:
            self.panes.logs.show_only(LogFilter(source=self._logs_of))
        self.panes.take("logs" if self._from_diagnosis else "objects")

    @override
    def lost(self, problem: Problem) -> None:
        self.tell(problem)

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Watching has ended by an error."""
        self.lost(message.problem)

    @override
    def explanation(self) -> tuple[str, str]:
        return "The release, live", ABOUT

    def _object(self) -> ObjectRow | None:
        return self.panes.objects.object if self.panes.objects.has_focus else None

    # Actions

    def action_findings(self) -> None:
        """Focus the findings."""
        self.panes.take("findings")

    def action_open(self) -> None:
        """Describe the selected object."""
        if row := self._object():
            self.run_worker(self._describe(row), exclusive=True)

    async def _describe(self, row: ObjectRow) -> None:
        from wizard.tui.widgets.modals import Explain

        try:
            text = await self.wizard.session.release(self.target).describe(row.kind, row.name)
        except Problem as problem:
            text = str(problem)
        if self.is_current:
            known = object_text(self.feed.view, row, self.now())
            self.app.push_screen(Explain(f"{row.kind} {row.name}", f"{known}\n\n{text}"))

    def action_diagnose(self) -> None:
        """Diagnose the release, or go back to its diagnosis."""
        self.bridge.stop("watch")
        self.nav.diagnose(self.target)

    def action_home(self) -> None:
        """Back to the diagnosis if it was opened from there, else home."""
        self.bridge.stop("watch")
        if self._from_diagnosis:
            self.nav.diagnose(self.target)
        else:
            self.nav.home()

    async def action_leave(self) -> None:
        """Quit."""
        await self.leave()
