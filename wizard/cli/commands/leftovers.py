"""`uninstall --leftovers`: what releases that are gone have left behind, and the removal of what is named."""

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
    """List what is left, delete what is named with --delete; returns the exit code."""
    require_context(arguments, session.kubeconfig())
    context = arguments.context or session.suggestions.current_context
    target = Target(context, arguments.namespace, arguments.options().release, arguments.kubeconfig)
    found = await session.release(target).leftovers()
    for one in found:
        _show(one, target.release, out)
    data = {"command": "uninstall", "leftovers": [one.to_data() for one in found], "deleted": []}
    if not arguments.delete:
        blind = any(one.unseen for one in found) and not any(one.items for one in found)
        code = Exit.UNKNOWN if blind else Exit.DONE
        out.object({**data, "exit": int(code)})
        out.event(ended(code, "listed; nothing was changed"))
        return code
    return await _delete(arguments, session, target, found, data, out)


async def _delete(
    arguments: UninstallArguments, session: Session, target: Target, found: Sequence[Leftovers], data: Mapping[str, Any], out: Out
) -> int:  # fmt: skip
    if len(found) != 1:
        places = ", ".join(one.namespace for one in found)
        raise Problem(f"There are leftovers in {places}. Nothing was deleted.", "Choose one with -n NAMESPACE.")
    from wizard.engine.release import leftovers as engine

    picked = engine.chosen(found[0], arguments.delete)
    approval = of_leftovers(found[0], picked)
    approval.refuse_blocked()
    out.line(f"these go, of namespace {found[0].namespace}:")
    for one in picked:
        out.line(f"  x {one.label}")
    for text in engine.warnings(found[0], picked):
        out.line(text, "warn")
    if arguments.dry_run:
        out.object({**data, "exit": 0, "dry_run": True, "would_delete": [one.label for one in picked]})
        out.event(ended(0, "dry run: nothing was deleted"))
        return Exit.DONE
    choices = (Choice("stop", "stop here"), Choice("go", "delete them", "there is no way back"))
    name = await confirmed(arguments, approval, prompt_or_yes(arguments, name_is_enough=True), choices)
    done = []
    async for went in session.release(target).delete_leftovers(found[0], picked, confirmed=name):
        done.append(went)
        state = {"failed": "fail", "going": "warn"}.get(went.state, "pass")
        out.line(f"{went.item.label}: {went.text or went.state}", state)
        made = {"kind": went.item.kind, "name": went.item.name, "action": "deleted", "keys": []}
        if went.state in ("deleted", "going"):
            out.event(Event("object.made", made))
    code = Exit.FAILED if any(one.state == "failed" for one in done) else Exit.DONE
    out.object({**data, "exit": int(code), "deleted": [one.to_data() for one in done]})
    out.event(ended(code, "what was named is deleted" if code == Exit.DONE else "not all of it could be deleted"))
    return code


def _show(found: Leftovers, release: str, out: Out) -> None:
    whose = f" of {release}" if release else ""
    out.line(f"left{whose} in namespace {found.namespace}: {len(found.items) or 'nothing'}")
    for group, title in GROUPS.items():
        items = [one for one in found.items if one.group == group]
        if items:
            out.line(f"{title}:")
        for one in items:
            out.line(
                f"  = {one.label}{f' of {one.release}' if not release else ''}{f'  ({one.note})' if one.note else ''}"
            )
    for text in found.unproven:
        out.line(f"whose it was is not known, so it stays: {text}")
    if found.items and found.foreign:
        out.line(f"the namespace stays: {len(found.foreign)} other things are in it")
    for text in found.unseen:
        out.line(f"not seen: {text}", "unknown")
    if found.items:
        out.message("Delete by name: uninstall --leftovers --delete KIND/NAME (repeatable). Nothing else is touched.")
