"""`recover`: examines a release that is stuck in pending-*; after a typed confirmation backs it up and repairs it."""

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
from wizard.engine.release.handle import Release
from wizard.engine.release.recover import Recovery
from wizard.engine.release.rollback import Rollback
from wizard.engine.release.undo_recover import AFTER
from wizard.engine.session import Session

_REPAIRS = ("rollback", "failed")


async def recover(arguments: RecoverArguments, session: Session, out: Out, called: str) -> int:
    """Examine a stuck release and repair it; returns the exit code."""
    if arguments.revisions():
        raise Problem("recover takes no revision.", "It goes back to the last good one; see history.")
    if arguments.to not in ("", *_REPAIRS):
        raise Problem(f'--to "{arguments.to}" is not a known repair.', f"Choose {' or '.join(_REPAIRS)}.")
    target = await the_release(arguments, session)
    if arguments.undo:
        return await _undo(arguments, session, out, target)
    approval.of_undo_recover(target).refuse_wrong_name(arguments.confirm)
    release = session.release(target)
    if moved := await release.moved():
        out.message(moved, "warn")
    recovery = await release.recovery()
    _show(target, recovery, out)
    way = arguments.to or ("rollback" if recovery.good else "failed")
    if way == "rollback" and not recovery.good:
        raise Problem(
            f"There is no good revision of {target.release} to go back to.",
            "Use --to failed, then upgrade or uninstall.",
        )
    if arguments.dry_run:
        out.line(f"recover would mark revision {recovery.revision} as failed" + _then(recovery, way))
        back = await _rollback(arguments, release, recovery, way, out)
        plan = {"plan": back.plan.to_data()} if back else {}
        out.object({"command": "recover", "dry_run": True, "exit": 0, "way": way, **recovery.to_data(), **plan})
        out.event(ended(0, "dry run: nothing was changed"))
        return Exit.DONE
    prompt = prompter(color=not arguments.no_color) if asks(yes=arguments.yes) else None
    approved = approval.of_recovery(target, recovery, arguments.reason)
    approved.refuse_blocked()
    way = await _way(arguments, recovery, way, prompt)
    back = await _rollback(arguments, release, recovery, way, out)
    name = await confirmed(arguments, approved, prompt)
    backup = await release.mark_failed(recovery, arguments.reason, confirmed=name)
    out.line(f"revision {recovery.revision} is marked as failed; the record as it was is in {backup}", "pass")
    if back is None:
        reason = f"{target.release} can be changed again: run upgrade, rollback or uninstall"
        out.line(reason, "pass")
        out.object({"command": "recover", "exit": 0, "way": way, "backup": backup, **recovery.to_data()})
        out.event(ended(0, reason))
        return Exit.DONE
    run_id = await release.start_rollback(back, confirmed=name, helm=HelmOptions.of_data(vars(arguments)))
    view, code = await follow(session, run_id, out, prompt, called=called)
    out.object({"command": "recover", "exit": code, "way": way, "backup": backup, **as_data(view)})
    return code


async def _rollback(
    arguments: RecoverArguments, release: Release, recovery: Recovery, way: str, out: Out
) -> Rollback | None:
    """The rollback that follows, shown before anything is changed; None for the other repair."""
    if way != "rollback":
        return None
    back = await release.rollback_after(recovery, force_conflicts=arguments.force_conflicts)
    plan_output.show(back.plan, out)
    return back


async def _undo(arguments: RecoverArguments, session: Session, out: Out, target: Target) -> int:
    """Restore the release record from before a recover; returns the exit code."""
    approved = approval.of_undo_recover(target)
    approved.refuse_wrong_name(arguments.confirm)
    undoing = await session.release(target).undo_recovery()
    back = undoing.said(target.release)
    if arguments.dry_run:
        out.line(f"recover --undo would put {back}")
    else:
        prompt = prompter(color=not arguments.no_color) if asks(yes=arguments.yes) else None
        out.message(f"This puts {back}; {AFTER}")
        name = await confirmed(arguments, approved, prompt)
        await session.release(target).undo(undoing, confirmed=name)
        out.line(f"put {back}", "pass")
    out.object({"command": "recover", "undo": True, "dry_run": arguments.dry_run, "exit": 0, **undoing.to_data()})
    out.event(ended(0, "dry run: nothing was changed" if arguments.dry_run else f"put {back}"))
    return Exit.DONE


def _then(recovery: Recovery, way: str) -> str:
    return f", then roll back to revision {recovery.good}" if way == "rollback" else ""


def _show(target: Target, recovery: Recovery, out: Out) -> None:
    out.line(
        f"{target.release} in {target.namespace}: revision {recovery.revision} is {recovery.status} since {recovery.since}",
        "stuck",
    )
    if recovery.who:
        out.line(f"made by {recovery.who}")
    for text in recovery.looked:
        out.line(text, "unknown" if "hidden" in text else "pass")
    if recovery.proof:
        out.line(f"so nobody is at work on it: {recovery.proof}", "pass")
    else:
        out.line(
            "that is not long ago: a helm on another machine may be at work on it; wait if that is possible", "warn"
        )
    for title, labels in (("changed already", recovery.reached), ("not reached", recovery.waiting)):
        out.line(f"{title}: {', '.join(labels) or 'nothing'}")
    for text in recovery.unseen:
        out.line(f"not seen: {text}", "unknown")
    good = f"the last good revision is {recovery.good}" if recovery.good else "there is no good revision before it"
    out.line(good)


async def _way(arguments: RecoverArguments, recovery: Recovery, way: str, prompt: Prompter | None) -> str:
    """The repair of --to, else the one that a person chooses."""
    if prompt is None or arguments.to or not recovery.good:
        return way
    choices = (
        Choice("rollback", f"roll back to revision {recovery.good}"),
        Choice("failed", "only mark it as failed", "then upgrade works again"),
        Choice("stop", "stop here"),
    )
    way = await prompt.choose("What now?", choices, "rollback")
    if way == "stop":
        raise KeyboardInterrupt
    return way
