"""The step of a foreign chart that shows its values as they will be written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from typing_extensions import override

from wizard.core.answers.draft import Draft
from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Problem
from wizard.tui import flow
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.review.view import FileRows
from wizard.tui.step import view
from wizard.tui.step.rail import Rail
from wizard.tui.text import Row, wrap
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList, Rows


class ValuesStep(WizardScreen):
    """Shows the values file: what -f, --set and the running release give, the chart's defaults left out."""

    CSS_PATH = "../styles/step.tcss"
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("next", "enter", "review", command="Next step"),
        Action("back", "escape", "back", "Back"),
        Action("values", "f6", "all", "All values"),
        Action("next", "f9", "review now"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft

    @property
    def resolved(self) -> Resolved:
        """The answers; the step before has read everything that they need."""
        return self.wizard.session.answers.resolve(self.draft)

    @override
    def heading(self) -> Heading:
        what = "values file" if self.nav.goal == "values" else self.nav.doing
        steps = flow.steps(self.resolved, self.nav.goal)
        safe = "no cluster needed" if self.nav.goal == "values" else "cluster is only read"
        place = f"step {steps.index(flow.VALUES) + 1} of {len(steps)}"
        return Heading(f"{what} {self.resolved.target}", "ask", safe, place)

    @override
    def keys(self) -> Sequence[Key]:
        return (self.key("next"), self.key("back"), self.key("values"), ("F1", "explain"))

    @override
    def body(self) -> Iterable[Widget]:
        layers = self.resolved.layers
        title: Row = (("Values: ", "accent"), (f"{layers.chart_name} {layers.chart_version}", "strong"))
        yield Horizontal(
            Rail(id="rail"), Vertical(Rows([title], id="title"), RowList(id="file"), id="middle"), id="step"
        )
        yield Rows(
            [((" What is not here is the chart's default. F6 shows all values and changes them.", "dim"),)], id="hint"
        )

    async def on_mount(self) -> None:
        """Show the values file."""
        self.query_one(Rail).show(view.rail(self.resolved, self.nav.goal, flow.VALUES, self.nav.visited))
        self.query_one(RowList).focus()
        try:
            text = await asyncio.to_thread(self.wizard.session.answers.prepare(self.draft).shown)
        except Problem as problem:
            self.query_one(RowList).show([((line, "error"),) for line in wrap(str(problem), 60)])
        else:
            self.query_one(RowList).show(FileRows(text.splitlines(), diff=False))

    async def action_next(self) -> None:
        """Go to the review."""
        self.nav.visited.add(flow.VALUES)
        await self.bridge.save(self.draft)
        if self.nav.answered(self.draft, flow.VALUES) != flow.REVIEW:
            self.nav.back(self.draft, flow.VALUES)  # an answer became wrong

    async def action_back(self) -> None:
        """Go to where it goes."""
        await self.bridge.save(self.draft)
        self.nav.back(self.draft, flow.VALUES)

    async def action_values(self) -> None:
        """Show all values of the chart, to change them."""
        await self.bridge.save(self.draft)
        self.nav.values(self.draft, flow.VALUES)

    @override
    def explanation(self) -> tuple[str, str]:
        return (
            "Values",
            "The values of this chart: what you gave with -f and --set or changed with F6, and in an upgrade what the release has. "
            "They are written into one file, from which helm installs. Secrets are masked here and written as they are.",
        )

    @override
    async def leave(self) -> None:
        await self.bridge.save(self.draft)
        await super().leave()
