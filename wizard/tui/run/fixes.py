"""Fix and continue on the full screen: which fix, what it needs, what it would do, and then a word to the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wizard.core.errors import Problem
from wizard.core.rules.fix import FILE, GENERATE
from wizard.tui.widgets.modals import Choose, Confirm, Prompt

if TYPE_CHECKING:
    from wizard.core.rules.finding import Finding
    from wizard.core.run.view import RunView
    from wizard.tui.widgets.base import WizardScreen

_HOW = {GENERATE: "generate one", FILE: "read it from a file"}


async def mend(screen: WizardScreen, run_id: str, view: RunView, tell: Callable[[Problem], None]) -> None:
    """Ask, show, and have the run do it; every step can be left with Esc and then nothing is changed."""
    offered = view.mendable
    chosen = 0
    if len(offered) > 1:
        options = [(str(number), one["title"], row.title) for number, (row, one) in enumerate(offered, 1)]
        answer = await screen.app.push_screen_wait(Choose("What to put right?", options))
        if answer is None:
            return
        chosen = int(answer) - 1
    row, one = offered[chosen]
    if one["refused"]:
        tell(Problem(one["refused"], f"By hand: {one['command']}"))
        return
    answers: dict[str, str] = {}
    for need in one["needs"]:
        said = await _answer(screen, need)
        if said is None:
            return
        answers[need["id"]] = said
    if await screen.app.push_screen_wait(Confirm(one["title"], "\n".join(_preview(row, one, answers)), "do it")):
        try:
            text = await screen.wizard.session.fix(run_id, row.id, row.object, one, answers)
        except Problem as problem:
            tell(problem)
        else:
            screen.app.notify(text, markup=False)


def _preview(row: Finding, one: Mapping[str, Any], answers: Mapping[str, str]) -> list[str]:
    given = [f"{need['title']}: {answers[need['id']]}" for need in one["needs"]]
    return [row.title, "", *one["preview"], *given, "", f"By hand: {one['command']}"]


async def _answer(screen: WizardScreen, need: Mapping[str, Any]) -> str | None:
    """The answer to one need; None when the person leaves."""
    wait = screen.app.push_screen_wait
    if need["kind"] == "choice":
        return await wait(Choose(need["title"], [(one, one, "") for one in need["choices"]], at=need["default"]))
    if need["kind"] == "secret":
        how = need["choices"][0]
        if len(need["choices"]) > 1:
            options = [(one[0], _HOW[one], "") for one in need["choices"]]
            letter = await wait(Choose(need["title"], options, at=need["default"][:1]))
            if letter is None:
                return None
            how = next(one for one in need["choices"] if one[0] == letter)
        if how == GENERATE:
            return GENERATE
        return await wait(Prompt(f"{need['title']}: the file that holds it", "", "file", _said))
    return await wait(Prompt(need["title"], need["default"], "", _said))


def _said(text: str) -> str:
    return "" if text.strip() else "It is needed."
