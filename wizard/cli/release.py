"""Finds the release of a command: by name and namespace, or the only visible one."""

from __future__ import annotations

from wizard.cli.answers import require_context
from wizard.cli.arguments.release import ReleaseArguments, SavedArguments
from wizard.core.bundle.content import Bundle
from wizard.core.errors import Exit, Problem
from wizard.core.target import DEFAULT_RELEASE, Target
from wizard.engine.release.rows import ReleasesView
from wizard.engine.session import Session


async def the_release(arguments: ReleaseArguments, session: Session) -> Target:
    """The target of a command line.

    Raises:
        Problem: no such release is visible (the message says where the search was), or there are several.
    """
    require_context(arguments, session.kubeconfig())
    name = arguments.options().release
    context = arguments.context or session.suggestions.current_context
    target = Target(context, arguments.namespace, name, arguments.kubeconfig)
    if target.namespace and name:
        return target
    nothing = ReleasesView((), arguments.namespace)
    releases = await anext(session.releases(target), nothing)  # the first view has every name
    rows = [row for row in releases.rows if name in ("", row.name)]
    if not name and len(rows) > 1:  # prefer the default release
        rows = [row for row in rows if row.name == DEFAULT_RELEASE] or rows
    if not rows:
        wanted = f"no release {name}" if name else "no release"
        hidden = f" ({releases.hidden})" if releases.hidden else ""
        raise Problem(
            f"There is {wanted} here; looked in {releases.looked_in}{hidden}.",
            "Look elsewhere with -n NAMESPACE or --context NAME.",
            Exit.UNKNOWN,
            "release",
        )
    if len(rows) > 1:
        names = ", ".join(f"{row.name} in {row.namespace}" for row in rows)
        raise Problem(f"There are several releases: {names}.", f"Name one: {arguments.command} RELEASE -n NAMESPACE.")
    return Target(context, rows[0].namespace, rows[0].name, arguments.kubeconfig)


def saved_bundle(arguments: SavedArguments, session: Session) -> Bundle:
    """The bundle of `--bundle`; no cluster is contacted.

    Raises:
        Problem: a release is named too, or it cannot be read.
    """
    if arguments.words or arguments.release or arguments.namespace or arguments.context:
        raise Problem("A bundle is of one release.", "Leave out the release, -n and --context beside --bundle PATH.")
    return session.files.read_bundle(arguments.bundle)
