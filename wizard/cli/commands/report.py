"""`report`: writes one HTML page of a release, or of a saved observation of one; asks nothing."""

from __future__ import annotations

from wizard.cli.arguments.release import ReportArguments
from wizard.cli.commands.diagnose import events
from wizard.cli.output import Out
from wizard.cli.release import saved_bundle, the_release
from wizard.core.bundle.archive import stem
from wizard.core.errors import Exit
from wizard.engine.session import Session


async def report(arguments: ReportArguments, session: Session, out: Out) -> int:
    """Write the page; returns 0 once it is written, whatever is wrong with the release."""
    if arguments.bundle:
        bundle = saved_bundle(arguments, session)
    else:
        bundle = await session.release(await the_release(arguments, session)).bundle()
    diagnosis, path = bundle.diagnosis(), arguments.file or f"{stem(bundle)}.html"
    session.files.write_report(path, bundle)
    out.line(f"written: {path}")
    out.message(
        "Logs and messages may hold more that is secret than can be recognised: read it before you give it away."
    )
    events(diagnosis, out)
    out.object({"command": "report", "exit": int(Exit.DONE), "path": path, "diagnosis": diagnosis.to_data()})
    return Exit.DONE
