"""`uninstall --leftovers`: lists what uninstalled releases left behind, and deletes the objects that are named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wizard.cli.answers import require_context
from wizard.cli.arguments.release import UninstallArguments
from wizard.cli.commands.plan import ended
from wizard.cli.confirm import confirmed, prompt_or_yes
from wizard.cli.output import Out
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Exit, Problem
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.engine.approval import of_leftovers
from wizard.engine.release.leftovers import Leftovers
from wizard.engine.session import Session

GROUPS: Final = {
    "rest": "objects",
    "data": "data: a new install of that name takes it up again",
    "secret": "passwords",
    "record": "helm's records (kept by --keep-history)",
    "namespace": "the namespace",
}


async def leftovers(arguments: UninstallArguments, session: Session, out: Out) -> int:
    """List the leftovers, delete those named with --delete; returns the exit code."""
    require_context(arguments, session.kubeconfig())
    context = arguments.context or session.suggestions.current_context
    target = Target(context, arguments.namespace, arguments.options().release, arguments.kubeconfig)
    places = await session.release(target).leftovers()
    for place in places:
        _show(place, target.release, out)
    data = {"command": "uninstall", "leftovers": [place.to_data() for place in places], "deleted": []}
    if not arguments.delete:
        hidden = any(place.unseen for place in places) and not any(place.items for place in places)
        code = Exit.UNKNOWN if hidden else Exit.DONE
        out.object({**data, "exit": int(code)})
        out.event(ended(code, "listed; nothing was changed"))
        return code
    return await _delete(arguments, session, target, places, data, out)


async def _delete(
    arguments: UninstallArguments, session: Session, target: Target, places: Sequence[Leftovers], data: Mapping[str, Any], out: Out
) -> int:  # fmt: skip
    if len(places) != 1:
        names = ", ".join(place.namespace for place in places)
        raise Problem(f"There are leftovers in {names}. Nothing was deleted.", "Choose one with -n NAMESPACE.")
    from wizard.engine.release import leftovers as engine

    picked = engine.chosen(places[0], arguments.delete)
    approval = of_leftovers(places[0], picked)
    approval.refuse_blocked()
    out.line(f"these are deleted in namespace {places[0].namespace}:")
    for item in picked:
        out.line(f"  x {item.label}")
    for text in engine.warnings(places[0], picked):
        out.line(text, "warn")
    if arguments.dry_run:
        out.object({**data, "exit": 0, "dry_run": True, "would_delete": [item.label for item in picked]})
        out.event(ended(0, "dry run: nothing was deleted"))
        return Exit.DONE
    choices = (Choice("stop", "stop here"), Choice("go", "delete them", "there is no way back"))
    name = await confirmed(arguments, approval, prompt_or_yes(arguments, name_is_enough=True), choices)
    done = []
    async for went in session.release(target).delete_leftovers(places[0], picked, confirmed=name):
        done.append(went)
        state = {"failed": "fail", "going": "warn"}.get(went.state, "pass")
        out.line(f"{went.item.label}: {went.text or went.state}", state)
        made = {"kind": went.item.kind, "name": went.item.name, "action": "deleted", "keys": []}
        if went.state in ("deleted", "going"):
            out.event(Event("object.made", made))
    code = Exit.FAILED if any(deletion.state == "failed" for deletion in done) else Exit.DONE
    out.object({**data, "exit": int(code), "deleted": [deletion.to_data() for deletion in done]})
    out.event(
        ended(code, "the named objects are deleted" if code == Exit.DONE else "not all named objects could be deleted")
    )
    return code


def _show(place: Leftovers, release: str, out: Out) -> None:
    whose = f" of {release}" if release else ""
    out.line(f"left{whose} in namespace {place.namespace}: {len(place.items) or 'nothing'}")
    for group, title in GROUPS.items():
        items = [item for item in place.items if item.group == group]
        if items:
            out.line(f"{title}:")
        for item in items:
            out.line(
                f"  = {item.label}{f' of {item.release}' if not release else ''}{f'  ({item.note})' if item.note else ''}"
            )
    for text in place.unproven:
        out.line(f"its release is not known, so it stays: {text}")
    if place.items and place.foreign:
        out.line(f"the namespace stays: {len(place.foreign)} other things are in it")
    for text in place.unseen:
        out.line(f"not seen: {text}", "unknown")
    if place.items:
        out.message("Delete by name: uninstall --leftovers --delete KIND/NAME (repeatable). Nothing else is touched.")
