"""Follows a run on the command line and prints its result. Leaving never stops the run."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from wizard.cli.fixes import FixPrompts
from wizard.cli.output import Out
from wizard.cli.prompts import Prompter
from wizard.cli.render import EventPrinter, reach_lines
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Exit, Problem
from wizard.core.run import stopping
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.engine.session import Session


class Interrupts:
    """Lets a coroutine wait for Ctrl-C, as a context manager."""

    def __init__(self) -> None:
        self._pressed = asyncio.Event()

    async def __aenter__(self) -> Interrupts:
        self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)

    def listen(self) -> None:
        """Handle Ctrl-C (again, after a prompt handled it)."""
        self._pressed.clear()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._pressed.set)

    async def wait(self) -> None:
        """Return when Ctrl-C was pressed."""
        await self._pressed.wait()


_T = TypeVar("_T")


async def next_or_interrupt(
    stream: AsyncIterator[_T], pending: asyncio.Task[_T | None] | None, interrupts: Interrupts
) -> tuple[asyncio.Task[_T | None], bool]:
    """The task of the next batch (None at the end), and whether it is done; if not, Ctrl-C was pressed."""
    task = pending or asyncio.ensure_future(anext(stream, None))
    pressed = asyncio.ensure_future(interrupts.wait())
    await asyncio.wait({task, pressed}, return_when=asyncio.FIRST_COMPLETED)
    pressed.cancel()
    return task, task.done()


async def _record(session: Session, run_id: str) -> AsyncIterator[Sequence[Event] | str]:
    """Batches of events as the record grows, and between them why it is not being written ("" when it is again)."""
    record, problems = session.runs.follow(run_id), session.runs.record_problems(run_id)
    batch = asyncio.ensure_future(anext(record, None))
    problem = asyncio.ensure_future(anext(problems, None))
    try:
        while True:
            if problem.done() and (text := problem.result()) is not None:
                problem = asyncio.ensure_future(anext(problems, None))
                yield text
            elif batch.done():
                if (events := batch.result()) is None:
                    return
                batch = asyncio.ensure_future(anext(record, None))
                yield events
            else:
                asked: set[asyncio.Future[Any]] = {batch} if problem.done() else {batch, problem}
                await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _drop(batch)
        await _drop(problem)


_MOST_LOGS: Final = 20
"""Log lines of one container that are printed at once: `logs` prints all."""


async def follow(
    session: Session, run_id: str, out: Out, prompt: Prompter | None, *, called: str, reach: bool = True
) -> tuple[RunView, int]:
    """Show a run until it ends or the person leaves it; returns its state and the exit code.

    `reach`: ask afterwards whether people reach the release; a run that ended long ago is only shown again.
    """
    view, printer = RunView(), EventPrinter(out, most_logs=_MOST_LOGS)
    stream = _record(session, run_id)
    pending: asyncio.Task[Sequence[Event] | str | None] | None = None
    async with Interrupts() as interrupts:
        prompts = FixPrompts(session, run_id, out, prompt, interrupts.listen)
        while True:
            pending, done = await next_or_interrupt(stream, pending, interrupts)
            if not done:
                await prompts.close()
                if await _leave(session, run_id, view, out, prompt, interrupts):
                    await _drop(pending)
                    out.message(f"The run goes on. Come back to it: {called} runs {run_id}")
                    return view, Exit.INTERRUPTED
                continue
            batch, pending = pending.result(), None
            if batch is None:
                break
            if isinstance(batch, str):
                if batch:
                    prompts.after(partial(out.message, batch, "warn"))
                continue
            for event in batch:
                view.apply(event)
                out.event(event)
                prompts.after(partial(printer.show, event))
            prompts.update(view)
        await prompts.close()
    if view.finished is None:
        out.message(_cut_short(session, run_id, called), "unknown")
        return view, Exit.UNKNOWN
    conclude(view, out)
    if reach and view.serves and out.mode != "jsonl":  # its last line is always run.finished
        await _ask_reach(session, view, out)
    return view, int(view.finished["code"])


async def _ask_reach(session: Session, view: RunView, out: Out) -> None:
    """Ask whether people reach the release, and print it; Ctrl-C skips it."""
    where = view.target
    target = Target(where["context"], where["namespace"], where["release"], session.options.kubeconfig)
    async with Interrupts() as interrupts:
        asked = asyncio.ensure_future(session.release(target).reach())
        pressed = asyncio.ensure_future(interrupts.wait())
        await asyncio.wait({asked, pressed}, return_when=asyncio.FIRST_COMPLETED)
        pressed.cancel()
    if not asked.done():
        await _drop(asked)
        return
    view.apply(asked.result())
    if view.reach:
        first, *rest = reach_lines(view.reach)
        out.line(first, view.reach.state)
        out.lines([("", text) for text in rest])


def _cut_short(session: Session, run_id: str, called: str) -> str:
    """Why a record has no end, as far as is known: the run's process died, and its own log has the reason."""
    where = ""
    with contextlib.suppress(Problem):
        where = session.runs.find(run_id).log
    why = f" Its process died and says why in {where}." if where else ""
    return f"The record ends before the run did.{why} See {called} runs."


async def _leave(
    session: Session, run_id: str, view: RunView, out: Out, prompt: Prompter | None, interrupts: Interrupts
) -> bool:
    """Ask what Ctrl-C means; whether to leave the run. Without a person to ask it leaves."""
    if prompt is None:
        return True
    choices = (
        Choice("leave", "leave it running", "helm is not touched; come back with `runs`"),
        Choice("stop", "stop helm", stopping.question(view)),
        Choice("stay", "stay"),
    )
    try:
        answer = await prompt.choose("This run goes on without you. What now?", choices, "leave")
    except KeyboardInterrupt:
        return True
    interrupts.listen()
    if answer == "stop":
        try:
            out.message(str((await session.runs.command(run_id, "cancel")).get("text", "")))
        except Problem as problem:
            out.problem(problem)
    return answer == "leave"


async def _drop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, StopAsyncIteration):
        await task


def conclude(view: RunView, out: Out) -> None:
    """Print the end of a run: the chart's NOTES, verdict, files, and the commands that repeat it."""
    finished = view.finished or {}
    if view.notes and not out.quiet:
        out.line()
        out.block(view.notes)
    if not out.quiet:
        out.line()
    out.line(view.reason, view.verdict or "unknown")
    if out.quiet:
        return
    for title, texts in (("files", finished.get("files", ())), ("the same again", finished.get("commands", ()))):
        if texts:
            out.line(f"{title}:")
            out.lines([("  ", str(text)) for text in texts])


def as_data(view: RunView) -> dict[str, Any]:
    """A run as the object of `--output json`."""
    finished = view.finished or {}
    return {
        "run": view.id,
        "operation": view.operation,
        "target": {key: str(value) for key, value in view.target.items()},
        "verdict": view.verdict,
        "reason": view.reason,
        "checks": [check.to_data() for check in view.checks.values()],
        "made": [
            {"kind": item.kind, "name": item.name, "action": item.action, "keys": list(item.keys)} for item in view.made
        ],
        "objects": objects_data(view),
        "findings": findings_data(view),
        **reach_data(view),
        "notes": view.notes,
        "files": list(finished.get("files", ())),
        "commands": list(finished.get("commands", ())),
    }


def reach_data(view: RunView) -> dict[str, Any]:
    """Whether people reach the release, under "reach"; nothing where it was not asked."""
    return {"reach": view.reach.to_data()} if view.reach else {}


def objects_data(view: RunView) -> list[dict[str, Any]]:
    """The watched objects, the worst first."""
    keys = ("kind", "name", "group", "state", "summary", "reason", "since", "owner", "restarts")
    return [{key: getattr(row, key) for key in keys} for row in view.rows()]


def findings_data(view: RunView) -> list[dict[str, Any]]:
    """The findings, the worst first."""
    return [finding.to_data() for finding in view.ranked_findings()]
