"""Actions on the logs of a run or a release: hold, filter, find, show lines from before a restart, save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from wizard.core.errors import Problem
from wizard.tui.actions import Action
from wizard.tui.run.panes import RunPanes
from wizard.tui.run.state import RunFeed
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.log_history import LogHistory


class RunLogs(WizardScreen):
    """The keys of the log pane; they work wherever the focus is."""

    LOG_ACTIONS: ClassVar[Sequence[Action]] = (
        Action("filter", "slash", "filter", "Filter the logs"),
        Action("hold", "space", command="Hold or follow the logs"),
        Action("error", "e", "error", "First error in the logs"),
        Action("container", "c", "container", "Logs of one workload or container"),
        Action("warnings", "v", "warnings", "Warnings and errors in the logs"),
        Action("previous", "p", "previous", "Logs before the last restart"),
        Action("find(-1)", "n", "find", "Find in the logs"),
        Action("find(1)", "N,shift+n"),
        Action("fields", "j", "raw", "Log lines as fields or as written"),
        Action("save", "w", command="Save the logs to a file"),
        Action("copy", "y", "copy", "Copy the log lines that show, or helm's command"),
        Action("newest", "G,shift+g", command="Follow the logs"),
    )

    feed: RunFeed

    @property
    def panes(self) -> RunPanes:
        """The panes of the screen."""
        return self.query_one(RunPanes)

    def make_panes(self) -> RunPanes:
        """New panes, as this screen has them."""
        raise NotImplementedError

    def older_lines(self, wanted: LogHistory.Wanted) -> None:
        """Read lines that the log buffer has no more; without a record there are none."""
        self.panes.logs.give_up()

    def text_to_copy(self) -> tuple[str, str]:
        """What the focused pane has to copy, and what to say when that is nothing yet."""
        return self.panes.logs.showing(), "There are no log lines yet."

    def on_log_pane_held(self) -> None:
        """Update the label of Space; stop reading the record when its lines are no longer wanted."""
        if not self.panes.logs.asked:
            self.bridge.stop("page")
        self.refresh_frame()

    def on_log_history_wanted(self, message: LogHistory.Wanted) -> None:
        """The pane is scrolled above the log buffer."""
        self.older_lines(message)

    def action_newest(self) -> None:
        """Follow the newest line."""
        self.panes.logs.action_follow()

    def action_hold(self) -> None:
        """Hold the logs, or follow them again; no line is lost."""
        self.panes.logs.action_hold_or_follow()

    def action_filter(self) -> None:
        """Show only lines that contain a text, or that a regular expression finds."""
        from wizard.tui.run.expression import SIGN, Expression
        from wizard.tui.widgets.modals import Prompt

        def take(text: str | None) -> None:
            if text is None:
                return
            wanted = None
            if text.startswith(SIGN) and len(text) > len(SIGN):
                try:
                    wanted = Expression(text.removeprefix(SIGN))
                except ValueError as error:
                    self.app.notify(f"That is no regular expression: {error}.", markup=False)
                    return
            self._show_only(text=text, wanted=wanted)
            if wanted and wanted.slow:
                self.app.notify(f"It takes too long on {wanted.slow} lines or more, which are left out.", markup=False)

        title = "Show log lines with this text, or /regular expression; empty: all"
        self.ask(Prompt(title, self.panes.logs.filter.text, "/"), take)

    def action_container(self) -> None:
        """Show only lines of one workload, pod or container."""
        from wizard.tui.widgets.modals import Choose

        pane = self.panes.logs
        sources = pane.buffer.sources(pane.buffer.first)
        workloads = sorted({pane.owner_of(pod) or f"Pod/{pod}" for pod, _ in sources})
        containers = sorted(f"Pod/{pod}/{container}" for pod, container in sources)
        options = [(place, _place_words(place), "") for place in ("", *workloads, *containers)]

        def take(place: str | None) -> None:
            if place is not None:
                self._show_only(source=place)

        self.ask(Choose("Whose logs?", options, at=pane.filter.source), take)

    def action_warnings(self) -> None:
        """Show only warnings and errors, or all lines again."""
        self._show_only(warnings=not self.panes.logs.filter.warnings)

    def _show_only(self, **changes: Any) -> None:
        self.panes.logs.show_only(replace(self.panes.logs.filter, **changes))

    def action_error(self) -> None:
        """Go to the first line that names an error."""
        if not self.panes.logs.first_error():
            self.app.notify("No line names an error.", markup=False)

    def action_previous(self) -> None:
        """Show only lines from before the last restart of their container, or all lines again."""
        self._show_only(previous=not self.panes.logs.filter.previous)

    def action_find(self, step: int = -1) -> None:
        """Go to the next older (-1) or newer (1) line with a text; asks for the text first, and without a match."""
        from wizard.tui.widgets.modals import Prompt

        pane = self.panes.logs

        def take(text: str | None) -> None:
            if text and not pane.find(text, -1):
                pane.wanted = ""
                self.app.notify(f"No line contains {text}.", markup=False)

        if not pane.wanted or not pane.find(pane.wanted, step):
            self.ask(Prompt("Find a line with this text; n older, N newer", pane.wanted, "n"), take)

    def action_fields(self) -> None:
        """Show structured lines as fields, or as written."""
        self.panes.logs.toggle_fields()

    def action_copy(self) -> None:
        """Copy helm's command from its pane, else the visible log lines; show them too: many terminals ignore it."""
        from wizard.tui.widgets.modals import Explain

        text, nothing = self.text_to_copy()
        if not text:
            self.app.notify(nothing, markup=False)
            return
        self.app.copy_to_clipboard(text)
        self.app.push_screen(Explain("Copied, if your terminal allows it; else select it here", text))

    def action_save(self) -> None:
        """Write the lines of the pane to a file, in the format of `kubectl logs`."""
        from wizard.tui.widgets.modals import Prompt

        session, pane = self.wizard.session, self.panes.logs

        def take(path: str | None) -> None:
            if not path:
                return
            try:
                written = session.files.write(path, pane.printed(), "log file")
            except Problem as problem:
                self.tell(problem)
            else:
                dropped = pane.buffer.dropped
                rest = "more" if pane.window else f"{dropped} older lines"
                older = f"; {rest} in the run's record" if dropped else ""
                self.app.notify(f"Written: {', '.join(written)}{older}", markup=False)

        self.ask(Prompt("Save these lines; a new file is readable by you only", "./release.log", "w"), take)


def _place_words(place: str) -> str:
    kind, _, name = place.partition("/")
    if not kind:
        return "all"
    pod, _, container = name.partition("/")
    return f"container {container} of {pod}" if container else place
