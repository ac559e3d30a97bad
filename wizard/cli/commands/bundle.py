"""`bundle`: lists what a saved observation of a release would hold and what is withheld, asks, and writes it."""

from __future__ import annotations

import io
import shlex
from dataclasses import asdict

from wizard.cli.answers import asks
from wizard.cli.arguments.release import BundleArguments
from wizard.cli.commands.diagnose import events, show
from wizard.cli.output import Out
from wizard.cli.prompts import prompter
from wizard.cli.release import the_release
from wizard.core.answers.questions.question import Choice
from wizard.core.bundle.archive import stem
from wizard.core.bundle.content import Bundle
from wizard.core.errors import Exit, Problem
from wizard.core.rules.diagnosis import Diagnosis
from wizard.engine.session import Session


async def bundle(arguments: BundleArguments, session: Session, out: Out, called: str) -> int:
    """Show, confirm and write the bundle of a release; returns 0 once it is written, whatever is wrong with the release."""
    target = await the_release(arguments, session)
    made = await session.release(target).bundle()
    diagnosis, path = made.diagnosis(), arguments.file or f"{stem(made)}.tar.gz"
    _list(made, diagnosis, out)
    await _confirm(arguments, path)
    text = io.StringIO()
    show(diagnosis, Out(no_color=True, stdout=text))
    session.files.write_bundle(path, made, text.getvalue())
    out.line(f"written: {path}")
    out.line(f"open it again: {called} diagnose --bundle {shlex.quote(path)}")
    events(diagnosis, out)
    out.object({
        "command": "bundle", "exit": int(Exit.DONE), "path": path, "contents": dict(made.contents()),
        "withheld": [asdict(line) for line in made.withheld], "diagnosis": diagnosis.to_data(),
    })  # fmt: skip
    return Exit.DONE


def _list(made: Bundle, diagnosis: Diagnosis, out: Out) -> None:
    contents = made.contents()
    out.line(
        f"{made.target.release} in {made.target.namespace}, {diagnosis.at}: {diagnosis.verdict.reason}",
        diagnosis.verdict.state,
    )
    out.line(f"the bundle holds ({sum(len(names) for _, names in contents)}):")
    for title, names in contents:
        out.line(f"  {title} ({len(names)}): {', '.join(names)}")
    out.line(f"withheld ({sum(line.count for line in made.withheld)}):")
    for line in made.withheld_by_kind():
        out.line(f"  {line}")
    out.line(
        "Logs and messages may hold more that is secret than can be recognised: read the files before you give them away."
    )


async def _confirm(arguments: BundleArguments, path: str) -> None:
    if arguments.yes:
        return
    if not asks():
        raise Problem("Nothing was written: without a terminal to ask on, --yes is needed.", "Add --yes.")
    choices = (Choice("stop", "stop here"), Choice("go", "write it", path))
    if await prompter(color=not arguments.no_color).choose("Write it?", choices, "stop") == "stop":
        raise KeyboardInterrupt
