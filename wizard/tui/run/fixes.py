"""Fixes on the full screen: asks which fix and what it needs, previews it, then sends the fix command to the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wizard.core.errors import Problem
from wizard.core.rules.fix import answered
from wizard.tui.widgets.modals import Choose, Confirm, Prompt

if TYPE_CHECKING:
    from wizard.core.rules.finding import Finding
    from wizard.core.run.view import RunView
    from wizard.tui.widgets.base import WizardScreen


async def fix_now(screen: WizardScreen, run_id: str, view: RunView, tell: Callable[[Problem], None]) -> None:
    """Ask, preview, and send the fix to the run; Esc at any step changes nothing."""
    offered = view.applicable_fixes
    chosen = 0
    if len(offered) > 1:
        options = [(str(number), fix["title"], row.title) for number, (row, fix) in enumerate(offered, 1)]
        answer = await screen.app.push_screen_wait(Choose("What to fix?", options, foreseen=False))
        if answer is None:
            return
        chosen = int(answer) - 1
    row, fix = offered[chosen]
    if fix["refused"]:
        tell(Problem(fix["refused"], f"By hand: {fix['command']}"))
        return
    answers: dict[str, str] = {}
    for need in fix["needs"]:
        answer = await answered(need, _Asker(screen))
        if answer is None:
            return
        answers[need["id"]] = answer
    if await screen.app.push_screen_wait(Confirm(fix["title"], "\n".join(_preview(row, fix, answers)), "do it")):
        try:
            text = await screen.wizard.session.runs.fix(run_id, row.id, row.object, fix, answers)
        except Problem as problem:
            tell(problem)
        else:
            screen.app.notify(text, markup=False)


def _preview(row: Finding, fix: Mapping[str, Any], answers: Mapping[str, str]) -> list[str]:
    given = [f"{need['title']}: {answers[need['id']]}" for need in fix["needs"]]
    return [row.title, "", *fix["preview"], *given, "", f"By hand: {fix['command']}"]


class _Asker:
    """Asks with the app's modal screens."""

    def __init__(self, screen: WizardScreen) -> None:
        self._wait = screen.app.push_screen_wait

    async def choose(self, title: str, options: Sequence[tuple[str, str]], default: str) -> str | None:
        # Options with labels of their own get the first letters of their values as keys.
        letters = {value[:1]: value for value, label in options if label != value}
        keyed = len(letters) == len(options)
        shown = [(value[:1] if keyed else value, label, "") for value, label in options]
        answer = await self._wait(Choose(title, shown, at=default[:1] if keyed else default, foreseen=False))
        return letters.get(answer, answer) if keyed and answer else answer

    async def text(self, title: str, default: str, problem: Callable[[str], str], *, file: bool = False) -> str | None:
        return await self._wait(Prompt(title, default, "file" if file else "", problem, foreseen=False))
