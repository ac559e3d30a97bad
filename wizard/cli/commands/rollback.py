"""`rollback` and `uninstall` in lines: shown first, confirmed, then run like everything else."""

from __future__ import annotations

from typing import Any

from wizard.cli import plan_output
from wizard.cli.answers import asks
from wizard.cli.arguments import Arguments
from wizard.cli.commands.plan import ended
from wizard.cli.follow import as_data, follow
from wizard.cli.output import Out
from wizard.cli.prompts import Prompter, prompter
from wizard.cli.release import the_release
from wizard.core.answers import validate
from wizard.core.answers.questions import Choice
from wizard.core.errors import Exit, Problem
from wizard.core.helm.plan import NOT_ROLLED_BACK, difference, refuse_owned
from wizard.core.kube import rights
from wizard.core.target import Target
from wizard.engine.release.uninstall import Item, Uninstall
from wizard.engine.session import Session


async def rollback(arguments: Arguments, session: Session, out: Out, called: str) -> int:
    """Preview, confirm and run a roll-back; returns the exit code."""
    revision = arguments.one_revision()
    prompt = _prompt(arguments)
    target = await the_release(arguments, session)
    revision = await session.rollback_revision(target, revision)
    plan = await session.plan_rollback(target, revision)
    out.line(f"roll back {target} to revision {revision}")
    plan_output.show(plan, out)
    lost = await _rights(session, target, "rollback", out)
    out.line("this does not roll back:")
    for text in NOT_ROLLED_BACK:
        out.line(f"    {text}")
    code = Exit.REFUSED if plan.refused else Exit.DONE
    if arguments.dry_run:
        data = {"command": "rollback", "dry_run": True, "exit": int(code), "revision": revision, "plan": plan.to_data()}
        out.object({**data, "not_rolled_back": list(NOT_ROLLED_BACK), "rights": lost})
        out.event(ended(code, "dry run: nothing was changed"))
        return code
    refuse_owned(plan)
    if code:
        raise Problem(
            f"Nothing was changed: {', '.join(one.label for one in plan.refused)} would be refused.",
            "See the lines above; put right what they name, then roll back.",
        )
    await _confirmed(arguments, target, prompt, await session.is_production(target), f"roll back {target}")
    if prompt:
        again = await session.plan_rollback(target, revision)
        if changed := difference(plan, again):
            raise Problem(f"Nothing was changed: {'; '.join(changed)}.", "Look at it again: rollback --dry-run.")
    run_id = await session.start_rollback(target, plan, revision, helm_timeout=arguments.timeout)
    return await _followed(arguments, session, run_id, out, prompt, called)


async def uninstall(arguments: Arguments, session: Session, out: Out, called: str) -> int:
    """Show the three lists, confirm and run an uninstall; returns the exit code."""
    if arguments.revisions():
        raise Problem("An uninstall takes no revision.", "Name the release alone: uninstall RELEASE.")
    if arguments.delete:
        raise Problem(
            "--delete names what a release that is gone has left behind. Nothing was changed.",
            "Uninstall first, then use it with --leftovers.",
        )
    prompt = _prompt(arguments)
    target = await the_release(arguments, session)
    lists = await session.uninstall_lists(target, namespace=arguments.delete_namespace)
    _show(lists, arguments, out)
    lost = await _rights(session, target, "uninstall", out)
    if lists.foreign:
        raise Problem(
            f"Namespace {target.namespace} is not deleted, there is more in it: {', '.join(lists.foreign[:8])}. "
            "Nothing was changed.",
            "Leave --delete-namespace out, or move those things first.",
        )
    if arguments.dry_run:
        out.object({"command": "uninstall", "dry_run": True, "exit": 0, **lists.to_data(), "rights": lost})
        out.event(ended(0, "dry run: nothing was changed"))
        return Exit.DONE
    harm = lists.production or bool(lists.lost) or arguments.delete_namespace
    await _confirmed(arguments, target, prompt, harm, f"uninstall {target}")
    run_id = await session.start_uninstall(
        target, lists, keep_history=arguments.keep_history, delete_namespace=arguments.delete_namespace,
        helm_timeout=arguments.timeout,
    )  # fmt: skip
    return await _followed(arguments, session, run_id, out, prompt, called)


async def _rights(session: Session, target: Target, operation: str, out: Out) -> list[dict[str, Any]]:
    """Say what this person may not do, and what that costs; the same as data."""
    missing = await session.missing_rights(target, operation)
    for text in rights.lines(missing):
        out.line(text, "unknown")
    return [one.to_data() for one in missing]


def _show(lists: Uninstall, arguments: Arguments, out: Out) -> None:
    out.line(f"uninstall {lists.release} in {lists.namespace}, revision {lists.revision}, chart {lists.chart}")
    if lists.moved:
        out.line(lists.moved, "warn")
    if lists.owner:
        out.line(f"owned by {lists.owner}: it installs the release again; remove it there", "warn")
    parts = (("deleted", lists.deleted, "-"), ("kept", lists.kept, "="), ("lost for ever", lists.lost, "x"))
    for title, items, sign in parts:
        out.line(f"{title}: {len(items) or 'nothing'}")
        for one in items:
            out.line(f"  {sign} {_item(one)}")
    out.line(
        "the revisions are kept" if arguments.keep_history else "the revisions go: there is no way back by rollback"
    )
    for text in lists.unseen:
        out.line(f"not seen: {text}", "unknown")


def _item(one: Item) -> str:
    return f"{one.label}  ({one.why})" if one.why else one.label


def _prompt(arguments: Arguments) -> Prompter | None:
    if problem := validate.duration(arguments.timeout):
        raise Problem(f"--timeout: {problem}", "Helm waits that long.")
    if not (arguments.dry_run or arguments.yes or asks(arguments)):
        raise Problem(
            "Nothing was changed: without a terminal to ask on, --yes is needed.",
            "Add --yes, or --dry-run to only look.",
        )
    return prompter(color=not arguments.no_color) if asks(arguments) and not arguments.dry_run else None


async def _confirmed(arguments: Arguments, target: Target, prompt: Prompter | None, harm: bool, what: str) -> None:
    if arguments.confirm and arguments.confirm != target.release:
        raise Problem(f'--confirm "{arguments.confirm}" is not the release "{target.release}".', "Nothing was changed.")
    if prompt is None:
        if harm and not arguments.confirm:
            raise Problem(
                "--yes alone is not enough for production, for data that is lost or for a namespace.",
                f"Add --confirm {target.release}.",
            )
        return
    choices = (Choice("stop", "stop here"), Choice("go", what, "this changes the cluster"))
    if await prompt.choose("What now?", choices, "stop") == "stop":
        raise KeyboardInterrupt
    if harm and not arguments.confirm:
        wrong = "That is not the release name."
        await prompt.text(
            f"Type the release name ({target.release}) to go on",
            "",
            lambda text: "" if text == target.release else wrong,
        )


async def _followed(
    arguments: Arguments, session: Session, run_id: str, out: Out, prompt: Prompter | None, called: str
) -> int:
    view, code = await follow(session, run_id, out, prompt, called=called)
    out.object({"command": arguments.command, "exit": code, **as_data(view)})
    return code
