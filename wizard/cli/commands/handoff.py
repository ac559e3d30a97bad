"""`handoff`: what an administrator applies so that a person can run the release; changes nothing."""

from __future__ import annotations

from wizard.cli.answers import gather
from wizard.cli.arguments.preview import HandoffArguments
from wizard.cli.output import Out
from wizard.core.errors import Exit
from wizard.engine.session import Session


async def handoff(arguments: HandoffArguments, session: Session, out: Out) -> int:
    """Print the hand-off, or write it to a new file; returns 0 once that is done."""
    draft, _ = await gather(arguments, session, out, cluster=True)
    text = await session.installer.handoff(draft, arguments.whom)
    if arguments.file:
        session.files.write_handoff(arguments.file, text)
        out.line(f"written: {arguments.file}")
        out.message("An administrator reads it and applies it: kubectl apply -f " + arguments.file)
    else:
        out.data(text)
    path = {"path": arguments.file} if arguments.file else {}
    out.object({"command": "handoff", "exit": int(Exit.DONE), **path, "text": text}, exact=("text",))
    return Exit.DONE
