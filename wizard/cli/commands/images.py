"""`images`: every image that would be pulled."""

from __future__ import annotations

from wizard.cli.answers import gather
from wizard.cli.arguments.preview import ImagesArguments
from wizard.cli.commands.plan import ended
from wizard.cli.output import Out, columns
from wizard.core.errors import Exit
from wizard.core.text.words import counted
from wizard.engine.session import Session


async def images(arguments: ImagesArguments, session: Session, out: Out) -> int:
    """List the images, one in each line; returns the exit code, 3 where a digest was asked for and is not known."""
    draft, _ = await gather(arguments, session, out, cluster=False)
    listed = await session.installer.images(session.answers.prepare(draft), digests=arguments.digests)
    rows = [(one.image, *((one.digest or "-",) if arguments.digests else ()), ", ".join(one.owners)) for one in listed]
    for line in columns(rows):
        out.line(line)
    for one in listed:
        if one.why:
            out.message(f"{one.image}: {one.why}", "unknown")
    code = Exit.UNKNOWN if any(one.why for one in listed) else Exit.DONE
    found = [
        {"image": one.image, "workloads": list(one.owners), "digest": one.digest, "why": one.why} for one in listed
    ]
    out.object({"command": "images", "exit": int(code), "images": found})
    out.event(ended(code, f"{counted(len(listed), 'image')}; nothing was changed"))
    return code
