"""`report`: writes one HTML page of a release, or of a saved observation of one; asks nothing."""

from __future__ import annotations

import asyncio

from wizard.cli.arguments.release import ReportArguments
from wizard.cli.commands.diagnose import events
from wizard.cli.output import Out
from wizard.cli.release import saved_bundle, the_release
from wizard.core.bundle.archive import stem
from wizard.core.errors import Exit, Problem
from wizard.core.run.summary import RunSummary
from wizard.engine.session import Session


async def report(arguments: ReportArguments, session: Session, out: Out) -> int:
    """Write the page; returns 0 once it is written, whatever is wrong with the release."""
    changes = None
    if arguments.bundle and arguments.run:
        raise Problem("A bundle has no runs.", "Leave out --bundle or --run.")
    if arguments.bundle:
        bundle = saved_bundle(arguments, session)
    else:
        run = _run(arguments, session)
        release = session.release(run.target if run else await the_release(arguments, session))
        bundle, changes = await asyncio.gather(release.bundle(), release.changes(run))
    diagnosis, path = bundle.diagnosis(), arguments.file or f"{stem(bundle)}.html"
    session.files.write_report(path, bundle, changes)
    out.line(f"written: {path}")
    out.message(
        "Logs and messages may hold more that is secret than can be recognised: read it before you give it away."
    )
    events(diagnosis, out)
    out.object({"command": "report", "exit": int(Exit.DONE), "path": path, "diagnosis": diagnosis.to_data()})
    return Exit.DONE


def _run(arguments: ReportArguments, session: Session) -> RunSummary | None:
    """The run of `--run`.

    Raises:
        Problem: there is none of that id, or a release or bundle is named too.
    """
    if not arguments.run:
        return None
    if arguments.words or arguments.release or arguments.namespace or arguments.context:
        raise Problem("A run is of one release.", "Leave out the release, -n and --context beside --run ID.")
    return session.runs.find(arguments.run)
