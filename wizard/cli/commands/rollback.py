"""`rollback` and `uninstall` on the command line: previewed, confirmed, then run like an install."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from wizard.cli import plan_output
from wizard.cli.arguments.release import ChangeArguments, RollbackArguments, UninstallArguments
from wizard.cli.commands.leftovers import leftovers
from wizard.cli.commands.plan import ended
from wizard.cli.confirm import confirmed, prompt_or_yes
from wizard.cli.follow import as_data, follow
from wizard.cli.output import Out
from wizard.cli.prompts import Prompter
from wizard.cli.release import the_release
from wizard.core.answers import validate
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Exit, Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.plan import NOT_ROLLED_BACK
from wizard.core.kube import rights
from wizard.core.kube.rights import Right
from wizard.engine.approval import of_uninstall
from wizard.engine.release.uninstall import Item, Uninstall
from wizard.engine.session import Session


async def rollback(arguments: RollbackArguments, session: Session, out: Out, called: str) -> int:
    """Preview, confirm and run a rollback; returns the exit code."""
    revision = arguments.one_revision()
    prompt = _prompt(arguments)
    target = await the_release(arguments, session)
    release = session.release(target)
    shown = await release.rollback(revision, force_conflicts=arguments.force_conflicts)
    plan = shown.plan
    out.line(f"roll back {target} to revision {shown.revision}")
    plan_output.show(plan, out)
    lost = _rights(shown.missing, out)
    out.line("this does not roll back:")
    for text in NOT_ROLLED_BACK:
        out.line(f"    {text}")
    if arguments.dry_run:
        code = Exit.REFUSED if plan.refused else Exit.DONE
        data = {
            "command": "rollback",
            "dry_run": True,
            "exit": int(code),
            "revision": shown.revision,
            "plan": plan.to_data(),
        }
        out.object({**data, "not_rolled_back": list(NOT_ROLLED_BACK), "rights": lost})
        out.event(ended(code, "dry run: nothing was changed"))
        return code
    name = await confirmed(arguments, shown.approval, prompt, _choices(f"roll back {target}"))
    run_id = await release.start_rollback(shown, confirmed=name, helm=HelmOptions.of_data(vars(arguments)))
    return await _followed(arguments, session, run_id, out, prompt, called)


async def uninstall(arguments: UninstallArguments, session: Session, out: Out, called: str) -> int:
    """Show the lists of deleted, kept and lost objects, confirm and run an uninstall; returns the exit code."""
    if arguments.leftovers:
        return await leftovers(arguments, session, out)
    if arguments.revisions():
        raise Problem("An uninstall takes no revision.", "Name the release alone: uninstall RELEASE.")
    if arguments.delete:
        raise Problem(
            "--delete names what an uninstalled release left behind. Nothing was changed.",
            "Uninstall first, then use it with --leftovers.",
        )
    prompt = _prompt(arguments)
    target = await the_release(arguments, session)
    release = session.release(target)
    lists, missing = await asyncio.gather(
        release.uninstall_lists(namespace=arguments.delete_namespace), release.missing_rights("uninstall")
    )
    _show(lists, arguments, out)
    lost = _rights(missing, out)
    approval = of_uninstall(lists, delete_namespace=arguments.delete_namespace)
    approval.refuse_blocked()
    if arguments.dry_run:
        out.object({"command": "uninstall", "dry_run": True, "exit": 0, **lists.to_data(), "rights": lost})
        out.event(ended(0, "dry run: nothing was changed"))
        return Exit.DONE
    name = await confirmed(arguments, approval, prompt, _choices(f"uninstall {target}"))
    helm = HelmOptions.of_data(vars(arguments))
    run_id = await release.start_uninstall(
        lists, confirmed=name, delete_namespace=arguments.delete_namespace, helm=helm
    )
    return await _followed(arguments, session, run_id, out, prompt, called)


def _choices(what: str) -> tuple[Choice, ...]:
    return Choice("stop", "stop here"), Choice("go", what, "this changes the cluster")


def _rights(missing: Sequence[Right], out: Out) -> list[dict[str, Any]]:
    """Print the missing rights and their consequences; returns them as data."""
    for text in rights.lines(missing):
        out.line(text, "unknown")
    return [right.to_data() for right in missing]


def _show(lists: Uninstall, arguments: UninstallArguments, out: Out) -> None:
    out.line(f"uninstall {lists.release} in {lists.namespace}, revision {lists.revision}, chart {lists.chart}")
    if lists.moved:
        out.line(lists.moved, "warn")
    if lists.owner:
        out.line(f"owned by {lists.owner}: it installs the release again; remove it there", "warn")
    parts = (("deleted", lists.deleted, "-"), ("kept", lists.kept, "="), ("lost for ever", lists.lost, "x"))
    for title, items, sign in parts:
        out.line(f"{title}: {len(items) or 'nothing'}")
        for item in items:
            out.line(f"  {sign} {_item(item)}")
    out.line(
        "the revisions are kept" if arguments.keep_history else "the revisions go: there is no way back by rollback"
    )
    for text in lists.unseen:
        out.line(f"not seen: {text}", "unknown")


def _item(item: Item) -> str:
    return f"{item.label}  ({item.why})" if item.why else item.label


def _prompt(arguments: ChangeArguments) -> Prompter | None:
    if problem := validate.duration(arguments.timeout):
        raise Problem(f"--timeout: {problem}", "Helm waits that long.")
    return prompt_or_yes(arguments)


async def _followed(
    arguments: ChangeArguments, session: Session, run_id: str, out: Out, prompt: Prompter | None, called: str
) -> int:
    view, code = await follow(session, run_id, out, prompt, called=called)
    out.object({"command": arguments.command, "exit": code, **as_data(view)})
    return code
