"""`recover`: a release that is stuck in pending-*: looked at, backed up, repaired after a typed confirmation."""

from __future__ import annotations

from wizard.cli import plan_output
from wizard.cli.answers import asks
from wizard.cli.arguments.release import RecoverArguments
from wizard.cli.commands.plan import ended
from wizard.cli.confirm import confirmed
from wizard.cli.follow import as_data, follow
from wizard.cli.output import Out
from wizard.cli.prompts import Prompter, prompter
from wizard.cli.release import the_release
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Exit, Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.target import Target
from wizard.engine import approval
from wizard.engine.release.recover import Recovery
from wizard.engine.release.undo_recover import AFTER
from wizard.engine.session import Session

_WAYS = ("rollback", "failed")


async def recover(arguments: RecoverArguments, session: Session, out: Out, called: str) -> int:
    """Look at a stuck release and repair it; returns the exit code."""
    if arguments.revisions():
        raise Problem("recover takes no revision.", "It goes back to the last good one; see history.")
    if arguments.to not in ("", *_WAYS):
        raise Problem(f'--to "{arguments.to}" is not a way out.', f"Choose {' or '.join(_WAYS)}.")
    target = await the_release(arguments, session)
    if arguments.undo:
        return await _undo(arguments, session, out, target)
    approval.of_undo_recover(target).refuse_wrong_name(arguments.confirm)
    release = session.release(target)
    if moved := await release.moved():
        out.message(moved, "warn")
    known = await release.recovery()
    _show(target, known, out)
    way = arguments.to or ("rollback" if known.good else "failed")
    if way == "rollback" and not known.good:
        raise Problem(
            f"There is no good revision of {target.release} to go back to.",
            "Use --to failed, then upgrade or uninstall.",
        )
    if arguments.dry_run:
        out.line(f"recover would mark revision {known.revision} as failed" + _then(known, way))
        out.object({"command": "recover", "dry_run": True, "exit": 0, "way": way, **known.to_data()})
        out.event(ended(0, "dry run: nothing was changed"))
        return Exit.DONE
    prompt = prompter(color=not arguments.no_color) if asks(yes=arguments.yes) else None
    approved = approval.of_recovery(target, known, arguments.reason)
    approved.refuse_blocked()
    way = await _way(arguments, known, way, prompt)
    name = await confirmed(arguments, approved, prompt)
    backup = await release.mark_failed(known, arguments.reason, confirmed=name)
    out.line(f"revision {known.revision} is marked as failed; the record as it was is in {backup}", "pass")
    if way == "failed":
        reason = f"{target.release} can be changed again: run upgrade, rollback or uninstall"
        out.line(reason, "pass")
        out.object({"command": "recover", "exit": 0, "way": way, "backup": backup, **known.to_data()})
        out.event(ended(0, reason))
        return Exit.DONE
    back = await release.rollback(known.good)
    plan_output.show(back.plan, out)
    run_id = await release.start_rollback(back, confirmed=name, helm=HelmOptions.of_data(vars(arguments)))
    view, code = await follow(session, run_id, out, prompt, called=called)
    out.object({"command": "recover", "exit": code, "way": way, "backup": backup, **as_data(view)})
    return code


async def _undo(arguments: RecoverArguments, session: Session, out: Out, target: Target) -> int:
    """Put the record back as it was before a recover; returns the exit code."""
    approved = approval.of_undo_recover(target)
    approved.refuse_wrong_name(arguments.confirm)
    known = await session.release(target).undo_recovery()
    back = known.said(target.release)
    if arguments.dry_run:
        out.line(f"recover --undo would put {back}")
    else:
        prompt = prompter(color=not arguments.no_color) if asks(yes=arguments.yes) else None
        out.message(f"This puts {back}; {AFTER}")
        name = await confirmed(arguments, approved, prompt)
        await session.release(target).undo(known, confirmed=name)
        out.line(f"put {back}", "pass")
    out.object({"command": "recover", "undo": True, "dry_run": arguments.dry_run, "exit": 0, **known.to_data()})
    out.event(ended(0, "dry run: nothing was changed" if arguments.dry_run else f"put {back}"))
    return Exit.DONE


def _then(known: Recovery, way: str) -> str:
    return f", then roll back to revision {known.good}" if way == "rollback" else ""


def _show(target: Target, known: Recovery, out: Out) -> None:
    out.line(
        f"{target.release} in {target.namespace}: revision {known.revision} is {known.status} since {known.since}",
        "stuck",
    )
    if known.who:
        out.line(f"made by {known.who}")
    for text in known.looked:
        out.line(text, "unknown" if "hidden" in text else "pass")
    if known.proof:
        out.line(f"so nobody is at work on it: {known.proof}", "pass")
    else:
        out.line("that is not long ago: a helm on another machine may be at work on it; wait if anybody may be", "warn")
    for title, labels in (("changed already", known.reached), ("not reached", known.waiting)):
        out.line(f"{title}: {', '.join(labels) or 'nothing'}")
    for text in known.unseen:
        out.line(f"not seen: {text}", "unknown")
    good = f"the last good revision is {known.good}" if known.good else "there is no good revision before it"
    out.line(good)


async def _way(arguments: RecoverArguments, known: Recovery, way: str, prompt: Prompter | None) -> str:
    """The way out that was asked for, else the one that a person chooses."""
    if prompt is None or arguments.to or not known.good:
        return way
    choices = (
        Choice("rollback", f"roll back to revision {known.good}"),
        Choice("failed", "only mark it as failed", "then upgrade works again"),
        Choice("stop", "stop here"),
    )
    way = await prompt.choose("What now?", choices, "rollback")
    if way == "stop":
        raise KeyboardInterrupt
    return way
