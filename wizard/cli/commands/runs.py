"""`runs`: lists past and running operations; with an ID attaches to one or shows it again."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.cli.answers import asks
from wizard.cli.arguments.local import RunsArguments
from wizard.cli.follow import as_data, follow
from wizard.cli.output import Out
from wizard.cli.prompts import prompter
from wizard.core.errors import Exit
from wizard.core.run.summary import RunSummary
from wizard.engine.session import Session


async def runs(arguments: RunsArguments, session: Session, out: Out, called: str) -> int:
    """List the runs, or follow one; returns the exit code, that of the run when one is followed."""
    if not arguments.words:
        for damaged in session.runs.damaged():
            out.message(str(damaged), "warn")
        return _list(session.runs.all(), out, called)
    run = session.runs.find(arguments.words[0])
    if message := session.runs.attach(run):
        out.message(message, "warn")
    going_on = run.state != "finished"
    prompt = prompter(color=not arguments.no_color) if asks() and going_on else None
    view, code = await follow(session, run.id, out, prompt, called=called, reach=going_on)
    out.object({"command": "runs", "exit": code, **as_data(view)})
    return code


def _list(listed: Sequence[RunSummary], out: Out, called: str) -> int:
    out.table(
        [
            (_state(run), run.id, run.started[:19].replace("T", " "), run.operation, str(run.target), _result(run))
            for run in listed
        ]
    )
    if not listed:
        out.message("There are no runs yet.")
    elif out.mode == "text":
        out.message(f"Show one: {called} runs {listed[0].id}")
    out.object({"command": "runs", "exit": 0, "runs": [_data(run) for run in listed]})
    return Exit.DONE


def _state(run: RunSummary) -> str:
    if run.state == "running":
        return "progressing"
    if run.state == "finished":
        return "ready" if run.code == 0 else "failed"
    return "unknown"


def _result(run: RunSummary) -> str:
    return run.state if run.code is None else f"{run.state}, exit {run.code}, {run.verdict}"


def _data(run: RunSummary) -> dict[str, object]:
    target = {"context": run.target.context, "namespace": run.target.namespace, "release": run.target.release}
    return {
        "id": run.id, "operation": run.operation, "target": target, "state": run.state, "started": run.started,
        "verdict": run.verdict, "exit": run.code,
    }  # fmt: skip
