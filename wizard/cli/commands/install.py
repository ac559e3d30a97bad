"""`install`, `upgrade`, `check` and `values` on the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wizard.cli import kubectl, plan_output, upgrade_values
from wizard.cli.answers import change, gather, summary
from wizard.cli.arguments.answers import GUIDE_CHART, ChartArguments
from wizard.cli.arguments.operation import OperationArguments
from wizard.cli.arguments.preview import CheckArguments, ValuesArguments
from wizard.cli.confirm import confirmed, prompt_or_yes
from wizard.cli.follow import as_data, follow
from wizard.cli.output import Out
from wizard.cli.prompts import Prompter
from wizard.cli.render import check_lines
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions.question import Choice
from wizard.core.errors import Exit, Problem
from wizard.core.helm.plan import Plan
from wizard.core.rules.check import SEVERITY_BLOCKS, CheckResult, accept, all_checks
from wizard.core.run.events import Event
from wizard.core.text import words
from wizard.engine.answers import Prepared
from wizard.engine.approval import PlanChanged, of_run, offers_force
from wizard.engine.installer import Operation
from wizard.engine.release.listing import Unfit
from wizard.engine.session import Session


async def operate(arguments: OperationArguments, session: Session, out: Out, called: str) -> int:
    """Ask, check, start the run and follow it; returns the exit code."""
    if GUIDE_CHART in arguments.words and not session.options.chart:
        out.message(f"{GUIDE_CHART} is the name the guide prints; the built-in chart is used.")
    prompt_or_yes(arguments)
    base = Base(arguments, session)
    draft, prompt = await gather(arguments, session, out, cluster=True, prepare=base.prepare, refuse=base.refuse)
    _refuse_unconfirmed(arguments, session, draft, prompt)
    while True:
        prepared = session.answers.prepare(draft)
        if prompt:
            summary(prepared.resolved, out)
        results, plan = await _review(arguments, session, prepared, base, out)
        code = _blocked(arguments, results)
        if base.problem and not code:
            raise base.problem
        code = code or _refused(plan)
        if not code:
            _show_diff(prepared, out)
        if arguments.dry_run:
            return _dry_run(prepared, base.operation, results, code, out, plan)
        planned = plan if isinstance(plan, Plan) else None
        force = prepared.draft.helm.force_conflicts
        approval = of_run(prepared.target.release, prepared.resolved.preset, planned, force_conflicts=force)
        if planned and planned.owner:
            approval.refuse_blocked()
        if prompt is None:
            break
        draft, go = await _decide(session, draft, prompt, base.operation, code, results, planned)
        if go:
            break
        draft = await base.prepare(draft)
    if code:
        session.answers.keep(draft)
        failed = (
            ", ".join(result.id for result in results if result.blocking)
            or ", ".join(_open_ids(results))
            or _names(plan)
        )
        word = "failed" if code == Exit.REFUSED else "could not be decided"
        raise Problem(
            f"Nothing was changed: {failed} {word}.", "See the lines above; the answers are kept as a draft.", code
        )
    name = await confirmed(arguments, approval, prompt)
    while True:
        try:
            run_id = await session.installer.start(
                prepared, base.operation, results, planned, confirmed=name, attended=prompt is not None,
                wait_anyway=arguments.wait_anyway,
            )  # fmt: skip
            break
        except PlanChanged as changed:
            if prompt is None:
                raise
            try:
                planned = await _accept_changed_plan(changed, prompt, out)
            except KeyboardInterrupt:
                session.answers.keep(draft)
                raise
    view, ended = await follow(session, run_id, out, prompt, called=called)
    for result in results:
        view.checks.setdefault(result.id, result)
    out.object({"command": arguments.command, "exit": ended, **as_data(view)})
    return ended


async def _review(
    arguments: OperationArguments, session: Session, prepared: Prepared, base: Base, out: Out
) -> tuple[list[CheckResult], Plan | Problem | None]:
    """Run checks and plan concurrently; an install with --yes needs no plan, unless it may take something over."""
    force = prepared.draft.helm.force_conflicts
    wanted = base.operation == "upgrade" or arguments.dry_run or not arguments.yes or force
    planning = asyncio.ensure_future(plan_output.for_review(session, prepared)) if wanted and not base.problem else None
    try:
        results = await _checks(session, prepared.draft, out, arguments.accepted(), probe=arguments.probe)
        if planning is None or any(result.blocking for result in results):
            return results, None
        plan = await planning
        if isinstance(plan, Problem) and plan.question:  # an answer is wrong: another chart has this name
            raise plan
    finally:
        if planning:
            planning.cancel()
    if isinstance(plan, Plan):
        if plan.base:
            upgrade_values.show(await session.installer.upgrade_values(prepared), out)
        plan_output.show(plan, out)
    else:
        out.line(f"there is no plan: {plan}", "unknown")
    return results, plan


def _refused(plan: Plan | Problem | None) -> Exit:
    return Exit.REFUSED if isinstance(plan, Plan) and plan.refused else Exit.DONE


def _names(plan: Plan | Problem | None) -> str:
    return ", ".join(planned.label for planned in plan.refused) if isinstance(plan, Plan) else ""


async def _accept_changed_plan(changed: PlanChanged, prompt: Prompter, out: Out) -> Plan:
    """The changed plan, after a person has accepted it; raises KeyboardInterrupt when they stop."""
    out.message("The plan is not the one that was shown:", "warn")
    for text in changed.changed:
        out.message(f"  {text}")
    plan_output.show(changed.plan, out)
    choices = (
        Choice("stop", "stop here", "nothing is changed, the answers are kept"),
        Choice("go", "go on with the new plan"),
    )
    if await prompt.choose("Go on?", choices, "stop") == "stop":
        raise KeyboardInterrupt
    return changed.plan


class Base:
    """Decides by the existing release between install and upgrade, and which values the answers start from."""

    def __init__(self, arguments: ChartArguments, session: Session) -> None:
        self.operation: Operation = "install"
        self.problem: Problem | None = None
        """Why the operation is not known; shown after the checks, which say more."""
        self._arguments, self._session = arguments, session

    async def prepare(self, draft: Draft) -> Draft:
        """The draft based on the running release's values, if any; raises Problem when there is none to upgrade."""
        arguments, session = self._arguments, self._session
        if arguments.command in ("upgrade", "plan"):
            draft = await session.answers.located(draft)
        operation, _ = await asyncio.gather(self._operation(draft), session.refresh_suggestions(draft))
        if operation is None:
            return draft
        self.operation = operation
        return await session.answers.on_what_runs(draft) if operation == "upgrade" else draft

    async def refuse(self, draft: Draft) -> None:
        """Raise Problem before anything is asked when the named release is missing, or exists and must not."""
        if "namespace" in draft.answers or (self._arguments.command == "install" and "preset" in draft.answers):
            await self._operation(draft)

    async def _operation(self, draft: Draft) -> Operation | None:
        self.problem = None
        try:
            target = self._session.answers.resolve(draft).target
            return await self._session.installer.operation(target, self._arguments.asked())
        except Unfit:
            raise
        except Problem as problem:
            self.problem = problem
            return None


async def check(arguments: CheckArguments, session: Session, out: Out) -> int:
    """Run all checks and nothing else; returns the exit code."""
    draft, _ = await gather(arguments, session, out, cluster=True)
    results = await _checks(session, draft, out, {}, only=arguments.only, probe=arguments.probe)
    _sum_up(results, out)
    code = (
        Exit.REFUSED
        if any(result.blocking or (arguments.strict and result.state in ("warn", "fail")) for result in results)
        else Exit.UNKNOWN
        if _open_ids(results)
        else Exit.DONE
    )
    out.object({"command": "check", "exit": int(code), "checks": [result.to_data() for result in results]})
    return code


async def values(arguments: ValuesArguments, session: Session, out: Out) -> int:
    """Write the values file, without a cluster; returns the exit code."""
    draft, prompt = await gather(arguments, session, out, cluster=False)
    if prompt:
        summary(session.answers.resolve(draft), out)
        choices = (Choice("go", "write it"), Choice("change", "change an answer"))
        while await prompt.choose("Write the values file?", choices, "go") == "change":
            draft = await change(session, draft, prompt, cluster=False)
            summary(session.answers.resolve(draft), out)
    prepared = session.answers.prepare(draft)
    planned = session.files.secrets_to_make(prepared.resolved)
    commands = list(kubectl.secret_commands(planned, prepared.target))
    if arguments.write == "-":
        text = prepared.text
        out.data(text)
        written: Sequence[str] = ()
    else:
        text = ""
        _show_diff(prepared, out)
        path = prepared.file.path
        written = prepared.write()
        out.line(f"{path} written" if written else f"{path} is up to date", "pass")
        for backup in written[1:]:
            out.line(f"the old file is kept as {backup}")
    say = out.message if arguments.write == "-" else out.line
    if commands:
        say("The file names Secrets and holds none. The install creates them, or these commands do:")
        for command in commands:
            say(f"  {command}")
    session.answers.forget(draft)
    data = {"command": "values", "exit": 0, "files": list(written), "commands": commands}
    out.object({**data, "values": text} if text else data, exact=("values",))
    return Exit.DONE


async def _checks(
    session: Session,
    draft: Draft,
    out: Out,
    accepted: Mapping[str, str],
    *,
    only: Collection[str] = (),
    probe: bool = False,
) -> list[CheckResult]:
    for flag, named in (("--accept", accepted), ("--only", only)):
        if unknown := set(named) - {rule.id for rule in all_checks()}:
            raise Problem(f'{flag}: there is no check "{sorted(unknown)[0]}".', "IDs stand before each line of check.")
    results = []
    out.message("Checking; this reads and dry-runs, it changes nothing.")
    if probe:
        out.message(session.installer.probe_text(draft))
    async for result in session.installer.checks(draft, only, probe=probe):
        judged = accept(result, accepted[result.id]) if result.blocking and result.id in accepted else result
        results.append(judged)
        out.event(Event("check.result", judged.to_data()))
        if judged.state != "skipped":
            first, *rest = check_lines(judged.to_data())
            out.line(first, judged.state)
            for text in rest:
                out.line(text)
    _show_skipped(results, out)
    return results


def _show_skipped(results: Sequence[CheckResult], out: Out) -> None:
    """Print the checks that could not run yet, grouped by reason."""
    by_reason: dict[str, list[str]] = {}
    for result in results:
        if result.state == "skipped":
            by_reason.setdefault("; ".join(result.evidence), []).append(result.id)
    for reason, ids in by_reason.items():
        out.line(f"{', '.join(sorted(ids))}: {reason}", "skipped")


_WORST: Final = ("fail", "unknown", "warn")


def _sum_up(results: Sequence[CheckResult], out: Out) -> None:
    """Print what is not well once more, the worst first, and how many are."""
    by_state = {state: [result for result in results if result.state == state] for state in (*_WORST, "pass")}
    parts = [f"{len(found)} {words.word(state)}" for state, found in by_state.items() if found]
    worst = next((state for state in _WORST if by_state[state]), "pass")
    names = ", ".join(result.id for state in _WORST for result in by_state[state])
    out.line(f"{', '.join(parts) or 'nothing was checked'}{f': {names}' if names else ''}", worst)


def _open_ids(results: Sequence[CheckResult]) -> list[str]:
    """IDs of the checks whose result is unknown and that would block if they failed."""
    blocks = {rule.id for rule in all_checks() if rule.severity == SEVERITY_BLOCKS and rule.decides}
    return [result.id for result in results if result.state == "unknown" and result.id in blocks]


def _blocked(arguments: OperationArguments, results: Sequence[CheckResult]) -> Exit:
    if any(result.blocking for result in results):
        return Exit.REFUSED
    return Exit.UNKNOWN if arguments.strict and _open_ids(results) else Exit.DONE


def _dry_run(
    prepared: Prepared, operation: Operation, results: Sequence[CheckResult], code: Exit, out: Out,
    plan: Plan | Problem | None,
) -> int:  # fmt: skip
    word = {Exit.DONE: "pass", Exit.REFUSED: "fail"}.get(code, "unknown")
    out.line(f"dry run of {operation} {prepared.target}: nothing was changed, nothing was written", word)
    checks = [result.to_data() for result in results]
    out.object(
        {
            "command": operation,
            "dry_run": True,
            "exit": int(code),
            "checks": checks,
            "values": prepared.shown(),
            "plan": plan.to_data() if isinstance(plan, Plan) else None,
        }
    )
    _ended(out, code, "dry run: nothing was changed")
    return code


def _ended(out: Out, code: int, reason: str) -> None:
    data: Mapping[str, Any] = {"code": int(code), "verdict": "", "reason": reason, "files": [], "commands": []}
    out.event(Event("run.finished", data))


def _show_diff(prepared: Prepared, out: Out) -> None:
    if diff := prepared.diff():
        out.message("The values file is there already; this changes in it, and the old text is kept among the backups:")
        for line in diff:
            out.message(f"  {line}")


def _refuse_unconfirmed(arguments: OperationArguments, session: Session, draft: Draft, prompt: Prompter | None) -> None:
    """Refuse, before the cluster is asked, a wrong --confirm, and prod without --confirm when nobody can be asked."""
    resolved = session.answers.resolve(draft)
    approval = of_run(resolved["release"], resolved.preset, None)
    approval.refuse_wrong_name(arguments.confirm)
    if not (arguments.dry_run or prompt):
        approval.require(arguments.confirm)


async def _decide(
    session: Session, draft: Draft, prompt: Prompter, operation: Operation, code: Exit, results: Sequence[CheckResult],
    plan: Plan | None,
) -> tuple[Draft, bool]:  # fmt: skip
    """Ask what to do after the checks; returns the draft, and whether to start."""
    target = session.answers.resolve(draft).target
    go = Choice("go", f"{operation} {target}", "this changes the cluster")
    rest = (Choice("change", "change an answer"), Choice("stop", "stop here", "the answers are kept"))
    force = Choice("force", "take over what others set", "as --force-conflicts; checked and planned again first")
    choices = rest if code else (go, *rest)
    if offers_force(plan, results) and not draft.helm.force_conflicts:
        choices = (force, *choices)
    answer = await prompt.choose("What now?", choices, (rest if code else (go,))[0].value)
    if answer == "force":
        return replace(draft, helm=replace(draft.helm, force_conflicts=True)), False
    if answer == "stop":
        session.answers.keep(draft)
        raise KeyboardInterrupt
    if answer == "change":
        first = next((result.question for result in results if result.blocking and result.question), "")
        draft = await change(session, draft, prompt, cluster=True, first=first)
    return draft, answer == "go"
