"""Which release a command means: by name and namespace, or the only one in sight."""

from __future__ import annotations

from wizard.cli.answers import require_context
from wizard.cli.arguments.release import ReleaseArguments
from wizard.core.errors import Exit, Problem
from wizard.core.target import DEFAULT_RELEASE, Target
from wizard.engine.release.listing import ReleasesView
from wizard.engine.session import Session


async def the_release(arguments: ReleaseArguments, session: Session) -> Target:
    """The target that is meant.

    Raises:
        Problem: no such release is in sight (where was looked is said), or there are several.
    """
    require_context(arguments, session.kubeconfig())
    name = arguments.options().release
    context = arguments.context or session.suggestions.current_context
    target = Target(context, arguments.namespace, name, arguments.kubeconfig)
    if target.namespace and name:
        return target
    nothing = ReleasesView((), arguments.namespace)
    found = await anext(session.releases(target), nothing)  # the first view has every name
    rows = [one for one in found.rows if name in ("", one.name)]
    if not name and len(rows) > 1:  # ours, when there are others around
        rows = [one for one in rows if one.name == DEFAULT_RELEASE] or rows
    if not rows:
        wanted = f"no release {name}" if name else "no release"
        hidden = f" ({found.hidden})" if found.hidden else ""
        raise Problem(
            f"There is {wanted} here; looked in {found.looked_in}{hidden}.",
            "Look elsewhere with -n NAMESPACE or --context NAME.",
            Exit.UNKNOWN,
            "release",
        )
    if len(rows) > 1:
        names = ", ".join(f"{one.name} in {one.namespace}" for one in rows)
        raise Problem(f"There are several releases: {names}.", f"Name one: {arguments.command} RELEASE -n NAMESPACE.")
    return Target(context, rows[0].namespace, rows[0].name, arguments.kubeconfig)
