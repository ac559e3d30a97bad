"""Finds the releases of a command line, and reports when there is none."""

from __future__ import annotations

from wizard.cli.answers import require_context
from wizard.cli.arguments.release import ReleaseArguments
from wizard.cli.output import Out
from wizard.core.errors import Exit
from wizard.core.target import Target
from wizard.engine.release.rows import ReleaseRow, ReleasesView
from wizard.engine.session import Session


def target(arguments: ReleaseArguments, session: Session, row: ReleaseRow) -> Target:
    """The target of a row."""
    return Target(context(arguments, session), row.namespace, row.name, arguments.kubeconfig)


def context(arguments: ReleaseArguments, session: Session) -> str:
    """The context of --context, else the current one."""
    return arguments.context or session.suggestions.current_context


async def find(arguments: ReleaseArguments, session: Session, *, quick: bool = False) -> ReleasesView:
    """The releases with the given name, else all visible ones; `quick`: without their causes."""
    require_context(arguments, session.kubeconfig())
    release = arguments.options().release
    releases = ReleasesView((), arguments.namespace)
    wanted = Target(context(arguments, session), arguments.namespace, release, arguments.kubeconfig)
    async for view in session.releases(wanted):
        releases = view
        if quick:
            break
    rows = tuple(row for row in releases.rows if release in ("", row.name))
    return ReleasesView(rows, releases.looked_in, releases.hidden)


def nothing(arguments: ReleaseArguments, releases: ReleasesView, out: Out) -> int:
    """Report that no release was found, and where the search was; returns the exit code."""
    wanted = f"No release {name}" if (name := arguments.options().release) else "No release"
    out.line(f"{wanted} found; looked in {releases.looked_in}", "unknown")
    hidden(releases, out)
    if not arguments.namespace:
        out.message("Look elsewhere with -n NAMESPACE or --context NAME.")
    out.object({"command": arguments.command, "exit": int(Exit.UNKNOWN), "releases": [], **searched(releases)})
    return Exit.UNKNOWN


def hidden(releases: ReleasesView, out: Out) -> None:
    """Print what could not be read, if anything."""
    if releases.hidden:
        out.line(releases.hidden, "unknown")


def searched(releases: ReleasesView) -> dict[str, str]:
    """Where the search was, and what was hidden, as data."""
    return {"looked_in": releases.looked_in, "hidden": releases.hidden}
