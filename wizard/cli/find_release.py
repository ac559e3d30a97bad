"""Which release is meant, and what is said when none is found."""

from __future__ import annotations

from wizard.cli.answers import require_context
from wizard.cli.arguments.release import ReleaseArguments
from wizard.cli.output import Out
from wizard.core.errors import Exit
from wizard.core.target import Target
from wizard.engine.release.listing import ReleaseRow, ReleasesView
from wizard.engine.session import Session


def target(arguments: ReleaseArguments, session: Session, row: ReleaseRow) -> Target:
    """The target that a row stands for."""
    return Target(context(arguments, session), row.namespace, row.name, arguments.kubeconfig)


def context(arguments: ReleaseArguments, session: Session) -> str:
    """The context that was named, else the current one."""
    return arguments.context or session.suggestions.current_context


async def find(arguments: ReleaseArguments, session: Session, *, quick: bool = False) -> ReleasesView:
    """The releases that are meant: by name when one is given, else all in sight; `quick`: without their causes."""
    require_context(arguments, session.kubeconfig())
    release = arguments.options().release
    found = ReleasesView((), arguments.namespace)
    wanted = Target(context(arguments, session), arguments.namespace, release, arguments.kubeconfig)
    async for view in session.releases(wanted):
        found = view
        if quick:
            break
    rows = tuple(one for one in found.rows if release in ("", one.name))
    return ReleasesView(rows, found.looked_in, found.hidden)


def nothing(arguments: ReleaseArguments, found: ReleasesView, out: Out) -> int:
    """Say that none was found, and where; returns the exit code."""
    wanted = f"No release {name}" if (name := arguments.options().release) else "No release"
    out.line(f"{wanted} found; looked in {found.looked_in}", "unknown")
    hidden(found, out)
    if not arguments.namespace:
        out.message("Look elsewhere with -n NAMESPACE or --context NAME.")
    out.object({"command": arguments.command, "exit": int(Exit.UNKNOWN), "releases": [], **sight(found)})
    return Exit.UNKNOWN


def hidden(found: ReleasesView, out: Out) -> None:
    """What could not be seen, if anything."""
    if found.hidden:
        out.line(found.hidden, "unknown")


def sight(found: ReleasesView) -> dict[str, str]:
    """Where was looked, and what was hidden, as data."""
    return {"looked_in": found.looked_in, "hidden": found.hidden}
