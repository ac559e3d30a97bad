"""`plan`: what install or upgrade would change; changes nothing."""

from __future__ import annotations

from wizard.cli import plan_output
from wizard.cli import upgrade_values as upgrade_output
from wizard.cli.answers import gather
from wizard.cli.arguments.preview import PlanArguments
from wizard.cli.commands.install import Base
from wizard.cli.output import Out
from wizard.core.errors import Exit
from wizard.core.helm.plan import Plan
from wizard.core.run.events import Event
from wizard.engine.session import Session


async def plan(arguments: PlanArguments, session: Session, out: Out) -> int:
    """Show what install or upgrade would change; returns the exit code."""
    base = Base(arguments, session)
    draft, _ = await gather(arguments, session, out, cluster=True, prepare=base.prepare)
    if base.problem:
        raise base.problem
    prepared = session.answers.prepare(draft)
    planned = await session.installer.planned(prepared)
    upgrade = await session.installer.upgrade_values(prepared) if planned.plan.base else None
    written = []
    if arguments.manifests:
        written = list(session.files.write_manifests(arguments.manifests, planned))
    if upgrade:
        upgrade_output.show(upgrade, out)
    plan_output.show(planned.plan, out)
    for path in written[:1]:
        out.line(f"{path} written (Secrets masked)", "pass")
    code = exit_code(planned.plan, detailed=arguments.detailed_exitcode)
    out.object(
        {
            "command": "plan",
            "exit": int(code),
            "plan": planned.plan.to_data(),
            "values": upgrade and upgrade.to_data(),
            "files": written,
        }
    )
    out.event(ended(code, "planned; nothing was changed"))
    return code


def exit_code(plan: Plan, *, detailed: bool) -> Exit:
    """2 when an object is refused; 4 when `detailed` and something changes; else 0."""
    if plan.refused:
        return Exit.REFUSED
    return Exit.CHANGES if detailed and plan.changes else Exit.DONE


def ended(code: int, reason: str) -> Event:
    """The last event of a command without a record."""
    return Event("run.finished", {"code": int(code), "verdict": "", "reason": reason, "files": [], "commands": []})
