"""Fixes of a blocked run on the command line: asks once what to do while helm waits; does nothing unasked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from wizard.cli.output import Out
from wizard.cli.prompts import Prompter
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Problem
from wizard.core.rules.finding import Finding
from wizard.core.rules.fix import answered
from wizard.core.run import stopping
from wizard.core.run.view import RunView
from wizard.core.text.time import span
from wizard.engine.session import Session


class FixPrompts:
    """Asks about each blocked state once. Lines that arrive while a question is open are shown after it."""

    def __init__(
        self, session: Session, run_id: str, out: Out, prompt: Prompter | None, done: Callable[[], None]
    ) -> None:
        self._session, self._run_id, self._out, self._prompt, self._done = session, run_id, out, prompt, done
        self._asked: set[tuple[str, ...]] = set()
        self._key: tuple[str, ...] = ()
        self._task: asyncio.Task[None] | None = None
        self._held: list[Callable[[], None]] = []

    def after(self, say: Callable[[], None]) -> None:
        """Call `say` now, or after the question that is open."""
        self._held.append(say)
        if not self._open:
            self._say()

    def _say(self) -> None:
        held, self._held = self._held, []
        for say in held:
            say()

    @property
    def _open(self) -> bool:
        return self._task is not None and not self._task.done()

    def update(self, view: RunView) -> None:
        """Ask about a new blocked state; cancel a question whose state has changed."""
        key = _key(view)
        if self._open:
            if key != self._key and self._task:
                self._task.cancel()
            return
        if not key or key in self._asked:
            return
        self._asked.add(key)
        self._key = key
        if self._prompt is None:
            if view.hopeless:
                self._out.message(_hopeless(view))
            return
        self._task = asyncio.create_task(self._ask(view, self._prompt))

    async def close(self) -> None:
        """Cancel the open question and show the lines that were held back."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._say()

    async def _ask(self, view: RunView, prompt: Prompter) -> None:
        offered = [(row, fix) for row, fix in view.applicable_fixes if not fix["refused"]]
        choices = [Choice(str(number), fix["title"], row.title) for number, (row, fix) in enumerate(offered, 1)]
        if view.hopeless and view.operation in ("install", "upgrade"):
            choices.append(
                Choice("stop", "stop early", f"helm would wait {_left(view)} more for nothing; {stopping.early(view)}")
            )
        choices.append(Choice("wait", "wait on"))
        what = view.waiting.what if view.waiting else "it"
        try:
            answer = await prompt.choose(f"{what} cannot go on. What now?", choices, choices[0].value)
            if answer == "stop":
                self._out.message(str((await self._session.runs.command(self._run_id, "cancel")).get("text", "")))
            elif answer != "wait":
                await self._apply(*offered[int(answer) - 1], prompt)
        except Problem as problem:
            self._out.problem(problem)
        except KeyboardInterrupt:
            self._out.message("Nothing was decided; the run goes on.")
        finally:
            self._done()

    async def _apply(self, row: Finding, fix: Mapping[str, Any], prompt: Prompter) -> None:
        given = {need["id"]: await answered(need, _Asker(prompt)) for need in fix["needs"]}
        answers = {key: text for key, text in given.items() if text is not None}
        for line in fix["preview"]:
            self._out.message(f"  {line}")
        go = (Choice("do", "do it", "this changes the cluster"), Choice("no", "no"))
        if await prompt.choose(f"{fix['title']}?", go, "do") == "do":
            self._out.message(await self._session.runs.fix(self._run_id, row.id, row.object, fix, answers))


class _Asker:
    """Asks with the prompts of the command line; Ctrl-C raises KeyboardInterrupt."""

    def __init__(self, prompt: Prompter) -> None:
        self._prompt = prompt

    async def choose(self, title: str, options: Sequence[tuple[str, str]], default: str) -> str:
        return await self._prompt.choose(title, [Choice(value, label) for value, label in options], default)

    async def text(self, title: str, default: str, problem: Callable[[str], str], *, file: bool = False) -> str:
        return await self._prompt.text(title, default, problem)


def _key(view: RunView) -> tuple[str, ...]:
    """Identifies what there is to ask about; empty for nothing."""
    if offered := [(row, fix) for row, fix in view.applicable_fixes if not fix["refused"]]:
        return tuple(part for row, fix in offered for part in (row.id, row.object, fix["title"]))
    return ("stop", view.waiting.what, view.waiting.why) if view.hopeless and view.waiting else ()


def _left(view: RunView) -> str:
    return span(view.left(datetime.now(UTC)))


def _hopeless(view: RunView) -> str:
    return (
        f"This will not heal by itself: helm would wait {_left(view)} more for nothing. "
        f"Stop it early, or fix it, from a terminal: llm-cost-ops-wizard runs {view.id}"
    )
